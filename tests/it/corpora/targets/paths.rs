//! Paths: what git or libgit2 refuses is refused, what some file system takes for `.git` is refused, and a link that may land stays inside.

use git_orc::domain::id::RepoPath;
use git_orc::domain::policy::path::{PathRules, SubmoduleRule, Written, judge_path, judge_symlink, judge_written};

use super::fodder::Fodder;

/// A path.
pub fn paths(data: &[u8]) {
    let path = RepoPath::new(data);
    let rules = PathRules { submodules: SubmoduleRule::Allow, ..PathRules::default() };
    let is_refused = judge_path(&path, &rules).is_err();
    let strict = judge_written(&path, Written::File, &PathRules::default());
    assert!(strict.is_err() || !is_refused, "{path:?} may be written, though it is refused");
    if !is_refused {
        assert!(!git_refuses(data), "git refuses {path:?}");
        assert!(!libgit2_refuses(data), "libgit2 refuses {path:?}");
    }
    disguised(data);
}

/// Writes `.git` as the bytes say: in another case, with what HFS+ ignores, with what NTFS drops, with a stream, as a short name.
fn disguised(data: &[u8]) {
    const IGNORED: [char; 8] = ['\u{200b}', '\u{200c}', '\u{200e}', '\u{202a}', '\u{206f}', '\u{feff}', '\u{ad}', '\u{fe0f}'];
    const WIDE: [char; 4] = ['\u{ff0e}', '\u{ff47}', '\u{ff49}', '\u{ff54}'];
    const TAILS: [&str; 8] = ["", ".", " ", "..", ". .", ":", "::$INDEX_ALLOCATION", " :x"];
    let mut fodder = Fodder(data);
    let mut name = String::new();
    let plain = if fodder.byte() % 4 == 0 { "git~1" } else { ".git" };
    for (at, c) in plain.chars().enumerate() {
        let dice = fodder.byte();
        match dice % 8 {
            0 => name.push(IGNORED[usize::from(dice >> 3) % IGNORED.len()]),
            1 if plain == ".git" => {
                name.push(WIDE[at]);
                continue;
            }
            _ => {}
        }
        name.push(if dice & 0x80 == 0 { c } else { c.to_ascii_uppercase() });
    }
    name.push_str(TAILS[usize::from(fodder.byte()) % TAILS.len()]);
    let places = [name.clone(), format!("{name}/config"), format!("a/{name}"), format!("a/b/{name}/hooks/x")];
    let path = &places[usize::from(fodder.byte()) % places.len()];
    assert!(judge_path(&RepoPath::from(path.as_str()), &PathRules::default()).is_err(), "{path:?} is `.git` somewhere");
}

/// What `verify_path` of git refuses with `core.protectHFS` and `core.protectNTFS`.
fn git_refuses(path: &[u8]) -> bool {
    path.contains(&0)
        || path.split(|b| *b == b'/').any(|part| {
            let hfs: String = String::from_utf8_lossy(part).chars().filter(|c| !hfs_ignores(*c)).collect();
            part.is_empty()
                || part == b"."
                || part == b".."
                || hfs.eq_ignore_ascii_case(".git")
                || part.split(|b| *b == b'\\').any(is_ntfs_dotgit)
        })
}

const fn hfs_ignores(c: char) -> bool {
    matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}')
}

fn is_ntfs_dotgit(part: &[u8]) -> bool {
    let begins = |name: &[u8]| part.get(..name.len()).filter(|start| start.eq_ignore_ascii_case(name)).map(|start| &part[start.len()..]);
    let Some(rest) = begins(b".git").or_else(|| begins(b"git~1")) else { return false };
    let rest = rest.split(|b| *b == b':').next().unwrap_or_default();
    rest.iter().all(|b| matches!(b, b'.' | b' '))
}

fn libgit2_refuses(path: &[u8]) -> bool {
    let zero = git2::IndexTime::new(0, 0);
    let entry = git2::IndexEntry {
        ctime: zero,
        mtime: zero,
        dev: 0,
        ino: 0,
        mode: 0o100_644,
        uid: 0,
        gid: 0,
        file_size: 0,
        id: git2::Oid::from_bytes(&[1; 20]).unwrap(),
        flags: 0,
        flags_extended: 0,
        path: path.to_vec(),
    };
    git2::Index::new().unwrap().add(&entry).is_err()
}

/// The place of a symbolic link and its target, separated by a NUL byte.
pub fn links(data: &[u8]) {
    let mut fodder = Fodder(data);
    let (place, target) = (fodder.field(), fodder.0);
    let path = RepoPath::new(place);
    if judge_path(&path, &PathRules::default()).is_err() || judge_symlink(&path, target).is_err() {
        return;
    }
    assert!(!target.is_empty() && !target.contains(&0));
    // On Windows a backslash separates as well.
    for separators in [&b"/"[..], b"/\\"] {
        let mut inside: Vec<&[u8]> = place.split(|b| *b == b'/').collect();
        inside.pop();
        let is_separator = |b: &u8| separators.contains(b);
        assert!(!target.first().is_some_and(is_separator), "{target:?} is absolute");
        for part in target.split(is_separator) {
            match part {
                b"" | b"." => {}
                b".." => assert!(inside.pop().is_some(), "{path:?} -> {:?} leaves the tree", target.escape_ascii().to_string()),
                part => inside.push(part),
            }
        }
        assert!(!inside.iter().any(|part| part.eq_ignore_ascii_case(b".git")), "{path:?} -> {:?}", target.escape_ascii().to_string());
    }
}
