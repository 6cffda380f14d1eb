//! The files of a worktree that a scope covers, with what is in them, for a model that can not look for itself.

use std::fs::OpenOptions;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use ignore::WalkBuilder;
use rustix::fs::OFlags;

use crate::domain::chat::request::ShownFile;
use crate::domain::id::RepoPath;
use crate::domain::policy::scope::{ChangeKind, Scope};
use crate::domain::text::one_line;

/// The largest file whose content is shown, in bytes.
pub const LARGEST_SHOWN: u64 = 256 << 10;
/// The most files that are named.
const MOST_NAMED: usize = 2000;

/// Returns the files below a folder that may be changed, by path. Links are not followed, ignored files are left out, and at most `most`
/// bytes of content are shown: what does not fit, is too large or is no text is only named.
#[must_use]
pub fn files(top: &Path, scope: &Scope, most: u64) -> Vec<ShownFile> {
    let mut walk = WalkBuilder::new(top);
    walk.hidden(false).parents(false).git_global(false).git_exclude(false).require_git(false);
    walk.sort_by_file_name(Ord::cmp).filter_entry(|entry| entry.file_name() != ".git");
    let mut left = most;
    let mut shown = Vec::new();
    for entry in walk.build().flatten().filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file())) {
        let Ok(path) = entry.path().strip_prefix(top) else { continue };
        let path = RepoPath::new(path.as_os_str().as_bytes());
        let may_change = [ChangeKind::Modified, ChangeKind::Added].into_iter().any(|kind| scope.judge(&path, kind).is_ok());
        if !may_change {
            continue;
        }
        let size = entry.metadata().map_or(0, |meta| meta.len());
        let content = (size <= LARGEST_SHOWN.min(left)).then(|| text(entry.path())).flatten();
        left -= content.as_ref().map_or(0, |text| text.len() as u64).min(left);
        shown.push(ShownFile { path: one_line(&path.to_string()), size, content });
        if shown.len() == MOST_NAMED {
            break;
        }
    }
    shown
}

/// Returns what is in a file, unless it is no text. A link that stands there by now is not followed.
fn text(path: &Path) -> Option<String> {
    let flags = i32::try_from(OFlags::NOFOLLOW.bits() | OFlags::NONBLOCK.bits()).ok()?;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).ok()?;
    let mut bytes = Vec::new();
    file.take(LARGEST_SHOWN + 1).read_to_end(&mut bytes).ok()?;
    let is_text = bytes.len() as u64 <= LARGEST_SHOWN && !bytes.contains(&0);
    String::from_utf8(bytes).ok().filter(|_| is_text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::fs::write_scratch;

    fn write(path: &Path, bytes: impl AsRef<[u8]>) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        write_scratch(path, bytes.as_ref()).unwrap();
    }

    #[test]
    fn what_may_be_changed_is_shown_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path();
        for (path, bytes) in [
            ("src/a.rs", "a\n"),
            ("src/b.rs", "b"),
            ("src/secret.rs", "s"),
            ("other", "o"),
            ("src/.hidden", "h"),
            ("src/bin", "\0"),
            ("src/target/x", "t"),
            (".gitignore", "target\n"),
            (".git/config", "g"),
        ] {
            write(&top.join(path), bytes);
        }
        write(&top.join("src/large"), vec![b'x'; usize::try_from(LARGEST_SHOWN).unwrap() + 1]);
        write(&top.join("src/latin"), b"\xe9");
        std::os::unix::fs::symlink("/etc/passwd", top.join("src/link")).unwrap();
        let globs = |globs: &[&str]| globs.iter().map(|glob| (*glob).to_owned()).collect::<Vec<_>>();
        let scope = Scope::new(&globs(&["src/**", ".git/**"]), &[], &globs(&["src/secret.rs"])).unwrap();
        let told = |most| {
            let all = files(top, &scope, most);
            all.into_iter().map(|file| (file.path, file.content)).collect::<Vec<_>>()
        };
        let named = |path: &str, content: Option<&str>| (path.to_owned(), content.map(str::to_owned));
        let expect = [
            named("src/.hidden", Some("h")),
            named("src/a.rs", Some("a\n")),
            named("src/b.rs", Some("b")),
            named("src/bin", None),
            named("src/large", None),
            named("src/latin", None),
        ];
        assert_eq!(told(1000), expect);
        assert_eq!(told(3)[..3], [named("src/.hidden", Some("h")), named("src/a.rs", Some("a\n")), named("src/b.rs", None)]);
    }
}
