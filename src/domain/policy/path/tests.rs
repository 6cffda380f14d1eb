//! The corpus of names: what must be refused, what must pass, and what is only warned about.

use super::*;
use PathProblem::{Absolute, Backslash, Control, Dots, Empty, EmptyComponent, Nul, TooLong};

const DEFAULT: PathRules = PathRules { encoding: PathEncoding::AnyBytes, submodules: SubmoduleRule::Refuse };

fn problem(bytes: &[u8]) -> Option<PathProblem> {
    judge_path(&RepoPath::new(bytes), &DEFAULT).err().map(|v| v.problem)
}

const GIT_DIRECTORIES: &[&str] = &[
    ".git",
    ".git/config",
    ".git/hooks/pre-commit",
    "a/.git",
    "a/.git/HEAD",
    "a/b/c/.git/x", // plain
    ".GIT",
    ".Git",
    ".gIt",
    ".giT",
    "A/.GIT/config",
    ".GIT/hooks/post-checkout", // case
    ".gıt",
    ".Gıt",
    ".GıT/x", // a letter whose upper case is I
    ".g\u{200c}it",
    ".\u{200d}git",
    ".gi\u{200e}t",
    ".git\u{200f}",
    "\u{202a}.git",
    ".g\u{202b}it",
    ".gi\u{202c}t",
    ".git\u{202d}", // HFS+ ignores these
    ".g\u{202e}it/x",
    ".g\u{206a}it",
    ".g\u{206b}it",
    ".g\u{206c}it",
    ".g\u{206d}it",
    ".g\u{206e}it",
    ".gi\u{206f}t",
    "\u{feff}.git",
    ".GI\u{200c}T/config", // and these
    ".g\u{200b}it",
    ".g\u{2060}it",
    ".g\u{ad}it",
    ".g\u{180e}it",
    ".git\u{fe0f}",
    ".g\u{34f}it", // invisible by default
    "\u{ff0e}git",
    ".\u{ff47}it",
    ".g\u{ff49}t",
    ".gi\u{ff54}",
    ".\u{ff27}\u{ff29}\u{ff34}",
    "\u{2024}git",
    ".\u{1d420}it",
    ".g\u{2170}t", // compatibility forms
    ".git.",
    ".git..",
    ".git ",
    ".git  ",
    ".git. .",
    ".git .",
    ".GIT. ",
    "a/.git./config",
    ".git /x", // Windows drops dots and blanks
    "git~1",
    "GIT~1",
    "Git~2",
    "git~9",
    "git~10",
    "a/git~1/config",
    "git~1.",
    "git~1 ",
    "g\u{200c}it~1", // short names
    ".git:",
    ".git::$INDEX_ALLOCATION",
    ".git::$index_allocation/config",
    ".git:stream",
    ".git :x",
    "git~1:$I30",
    ".git.:x",
    "a/.GIT::$INDEX_ALLOCATION/x", // streams
    "a\u{ff0f}.git",
    "a\u{ff0f}.git\u{ff0f}config",
    "a\u{ff3c}.git", // separators in compatibility form
];

#[test]
fn names_that_mean_the_git_directory_are_refused() {
    for name in GIT_DIRECTORIES {
        assert_eq!(problem(name.as_bytes()), Some(PathProblem::GitDirectory), "{name:?}");
    }
    assert!(GIT_DIRECTORIES.len() >= 70, "{}", GIT_DIRECTORIES.len());
}

const NO_RELATIVE_PATHS: &[(&[u8], PathProblem)] = &[
    (b"", Empty),
    (b"/", Absolute),
    (b"/etc/passwd", Absolute),
    (b"//server/share", Absolute),
    (b"C:", Absolute),
    (b"C:/Windows", Absolute),
    (b"c:evil", Absolute),
    (b"z:\\evil", Absolute),
    (b"a/", EmptyComponent),
    (b"a//b", EmptyComponent),
    (b"a/b//", EmptyComponent),
    (b".", Dots),
    (b"..", Dots),
    (b"./a", Dots),
    (b"../a", Dots),
    (b"a/.", Dots),
    (b"a/..", Dots),
    (b"a/../b", Dots),
    (b"a/./b", Dots),
    (b"a/../../b", Dots),
    (b"../../../../etc/passwd", Dots),
    (b"...", Dots),
    (b".. ", Dots),
    (b". ", Dots),
    (b". .", Dots),
    (b"a/.. /b", Dots),
    (b"a/.../b", Dots),
    (".\u{200c}.".as_bytes(), Dots),
    ("\u{ff0e}\u{ff0e}/x".as_bytes(), Dots),
    ("\u{2025}/x".as_bytes(), Dots),
    ("..\u{ff0f}x".as_bytes(), Dots),
    ("a\u{ff0f}..\u{ff0f}x".as_bytes(), Dots),
    (b"a\0b", Nul),
    (b"\0", Nul),
    (b".git\0", Nul),
    (b"a\nb", Control(0x0a)),
    (b"a\r", Control(0x0d)),
    (b"a\r\nb", Control(0x0d)),
    (b"sub\r/x", Control(0x0d)),
    (b"a\tb", Control(0x09)),
    (b"\x1b[31mred", Control(0x1b)),
    (b"\x07", Control(0x07)),
    (b"a\x7fb", Control(0x7f)),
    (b".git\r", Control(0x0d)),
    ("a\u{85}b".as_bytes(), Control(0x85)),
    ("a\u{9b}b".as_bytes(), Control(0x9b)),
    (b"\xff\x01", Control(0x01)),
    (b"a\\b", Backslash),
    (b"..\\evil", Backslash),
    (b"\\evil", Backslash),
    (b".git\\config", Backslash),
    (b"a/b\\..\\c", Backslash),
    (b"\\\\server\\share", Backslash),
];

#[test]
fn names_that_are_no_relative_path_are_refused() {
    for (name, expect) in NO_RELATIVE_PATHS {
        assert_eq!(problem(name).as_ref(), Some(expect), "{:?}", String::from_utf8_lossy(name));
    }
}

const HONEST: &[&[u8]] = &[
    b"a",
    b"README.md",
    b"src/main.rs",
    b"a b",
    b" leading",
    b"-rf",
    b"--output=x",
    b".gitignore",
    b".gitattributes",
    b".github/workflows/ci.yml",
    b".gitkeep",
    b"git",
    b"gitdir",
    b"a.git",
    b"x.git/config",
    b"git~",
    b"git~x",
    b"gitx~1",
    b".gi",
    b".gitt",
    b"..a",
    b"a..",
    b"a...b",
    b"..git",
    b"CON",
    b"nul.txt",
    b"ab:c",
    b"what?",
    b"star*",
    b"quote\"d",
    b"$(touch x)",
    b"`id`",
    b"a;b",
    b"a|b",
    b"a'b",
    b"100%",
    b"#x#",
    b"~",
    b"~root",
    b"@{u}",
    "\u{e9}t\u{e9}".as_bytes(),
    "\u{65e5}\u{672c}\u{8a9e}/\u{6587}.txt".as_bytes(),
    "\u{1f980}.rs".as_bytes(),
    b"\xff\xfe",
    b"caf\xe9.txt",
    b" ",
    b".gitmodules",
];

#[test]
fn honest_names_pass() {
    for name in HONEST {
        assert_eq!(problem(name), None, "{:?}", String::from_utf8_lossy(name));
    }
    assert_eq!(problem("x".repeat(255).as_bytes()), None);
    assert_eq!(problem("x".repeat(256).as_bytes()), Some(TooLong));
    assert_eq!(problem(("abcdefg/".repeat(511) + "1234567").as_bytes()), None);
    assert_eq!(problem(("abcdefg/".repeat(511) + "12345678").as_bytes()), Some(TooLong));
}

#[test]
fn encoding_is_a_rule() {
    let rules = PathRules { encoding: PathEncoding::Utf8, ..DEFAULT };
    let check = |bytes: &[u8]| judge_path(&RepoPath::new(bytes), &rules).err().map(|v| v.problem);
    assert_eq!(check(b"caf\xe9"), Some(PathProblem::NotUtf8));
    assert_eq!(check("café".as_bytes()), None);
}

#[test]
fn symbolic_links_stay_inside() {
    use PathProblem::{LinkAbsolute, LinkControl, LinkEmpty, LinkIntoGit, LinkLeaves, LinkWinds, LinkedSettings};
    let cases: &[(&str, &str, Option<PathProblem>)] = &[
        ("link", "target", None),
        ("link", "./target", None),
        ("link", "dir/file", None),
        ("link", "dir//file/", None),
        ("link", ".", None),
        ("a/link", "../target", None),
        ("a/link", "..", None),
        ("a/b/link", "../../target", None),
        ("a/b/link", "./../../c/d", None),
        ("link", "name with space", None),
        ("link", "", Some(LinkEmpty)),
        ("link", "/etc/passwd", Some(LinkAbsolute)),
        ("link", "\\\\server\\share", Some(LinkAbsolute)),
        ("link", "C:\\Windows", Some(LinkAbsolute)),
        ("link", "c:x", Some(LinkAbsolute)),
        ("link", "..", Some(LinkLeaves)),
        ("link", "../x", Some(LinkLeaves)),
        ("link", "..\\x", Some(LinkLeaves)),
        ("link", ".. /x", Some(LinkLeaves)),
        ("a/link", "../../x", Some(LinkLeaves)),
        ("a/b/link", "../../../x", Some(LinkLeaves)),
        ("a/link", "./.././../x", Some(LinkLeaves)),
        ("link", "a/../b", Some(LinkWinds)),
        ("p/q/link", "other/../x", Some(LinkWinds)),
        ("p/q/link", "../other/../../x", Some(LinkWinds)),
        ("link", ".git", Some(LinkIntoGit)),
        ("link", ".git/hooks", Some(LinkIntoGit)),
        ("a/link", "../.GIT/config", Some(LinkIntoGit)),
        ("link", "sub/git~1/x", Some(LinkIntoGit)),
        ("link", ".g\u{200c}it", Some(LinkIntoGit)),
        ("link", "a\nb", Some(LinkControl)),
        ("link", "a\0b", Some(LinkControl)),
        (".gitattributes", "x", Some(LinkedSettings)),
        ("a/.gitignore", "x", Some(LinkedSettings)),
        ("a/.GITIGNORE", "x", Some(LinkedSettings)),
        ("GI7EBA~1", "x", Some(LinkedSettings)),
        (".gitmodules", "x", Some(LinkedSettings)),
    ];
    for (path, target, expect) in cases {
        let got = judge_symlink(&RepoPath::from(*path), target.as_bytes()).err().map(|v| v.problem);
        assert_eq!(got, *expect, "{path:?} -> {target:?}");
    }
    let of_length = |n: usize| judge_symlink(&RepoPath::from("link"), "x".repeat(n).as_bytes()).err().map(|v| v.problem);
    assert_eq!((of_length(4095), of_length(4096)), (None, Some(PathProblem::LinkTooLong)));
}

#[test]
fn submodules_are_left_alone_unless_allowed() {
    use PathProblem::{Gitlink, Gitmodules, LinkLeaves, LinkedSettings};
    let allow = PathRules { submodules: SubmoduleRule::Allow, ..DEFAULT };
    let cases: &[(&str, Written<'_>, Option<PathProblem>, Option<PathProblem>)] = &[
        ("sub", Written::Gitlink, Some(Gitlink), None),
        ("sub", Written::RemovedGitlink, Some(Gitlink), None),
        (".gitmodules", Written::File, Some(Gitmodules), None),
        (".gitmodules", Written::Removed, Some(Gitmodules), None),
        (".GitModules", Written::File, Some(Gitmodules), None),
        ("vendor/.gitmodules", Written::File, Some(Gitmodules), None),
        (".gitmodules .", Written::File, Some(Gitmodules), None),
        ("gitmod~1", Written::File, Some(Gitmodules), None),
        ("GI7EBA~1", Written::File, Some(Gitmodules), None),
        (".git\u{200c}modules", Written::File, Some(Gitmodules), None),
        (".gitmodules:x", Written::File, Some(Gitmodules), None),
        (".gitmodules", Written::Symlink(b"x"), Some(Gitmodules), Some(LinkedSettings)),
        ("gitmodules", Written::File, None, None),
        ("link", Written::Symlink(b"../x"), Some(LinkLeaves), Some(LinkLeaves)),
        ("a/..", Written::Removed, None, None),
    ];
    for (path, written, refused, allowed) in cases {
        let judge = |rules| judge_written(&RepoPath::from(*path), *written, rules).err().map(|v| v.problem);
        assert_eq!(judge(&DEFAULT), *refused, "{path:?}");
        assert_eq!(judge(&allow), *allowed, "{path:?} where submodules may change");
    }
}

#[test]
fn problems_have_codes_that_never_change() {
    let link = RepoPath::from("link");
    let codes = [
        (Empty, "empty"),
        (Absolute, "absolute"),
        (EmptyComponent, "empty_component"),
        (Dots, "dots"),
        (Nul, "nul"),
        (Control(7), "control"),
        (Backslash, "backslash"),
        (PathProblem::GitDirectory, "git_directory"),
        (PathProblem::NotUtf8, "not_utf8"),
        (TooLong, "too_long"),
        (PathProblem::Gitlink, "gitlink"),
        (PathProblem::Gitmodules, "gitmodules"),
        (PathProblem::LinkedSettings, "linked_settings"),
        (PathProblem::LinkEmpty, "link_empty"),
        (PathProblem::LinkAbsolute, "link_absolute"),
        (PathProblem::LinkLeaves, "link_leaves"),
        (PathProblem::LinkWinds, "link_winds"),
        (PathProblem::LinkIntoGit, "link_into_git"),
        (PathProblem::LinkControl, "link_control"),
        (PathProblem::LinkTooLong, "link_too_long"),
        (PathProblem::BeyondLink(link.clone()), "beyond_link"),
        (PathProblem::SameButCase(link), "same_but_case"),
    ];
    for (problem, code) in codes {
        assert_eq!(problem.code(), code);
    }
}

#[test]
fn paths_beyond_links_are_found() {
    let links = BTreeSet::from([RepoPath::from("link"), RepoPath::from("a/b")]);
    let paths = ["link", "link/x", "a/b/c/d", "a/bc", "linkx/y", "a"].map(RepoPath::from);
    let found: Vec<_> = find_beyond_links(&paths, &links).into_iter().map(|v| v.to_string()).collect();
    assert_eq!(found, ["path `link/x` lies beyond the symbolic link `link`", "path `a/b/c/d` lies beyond the symbolic link `a/b`"]);
}

#[test]
fn names_that_differ_in_case_alone_are_twins() {
    let check = |added: &[&str], existing: &[&str], expect: &[(&str, &str)]| {
        let (added, existing) = (paths(added), paths(existing));
        let got: Vec<_> = find_case_twins(&added, &existing).into_iter().map(|v| (v.path, v.problem)).collect();
        let expect: Vec<_> = expect.iter().map(|(a, b)| (RepoPath::from(*a), PathProblem::SameButCase(RepoPath::from(*b)))).collect();
        assert_eq!(got, expect);
    };
    check(&["a", "b"], &["c"], &[]);
    check(&["readme", "README"], &[], &[("README", "readme")]);
    check(&["readme"], &["README", "x"], &[("readme", "README")]);
    check(&["Doc/a", "doc/b"], &[], &[("doc/b", "Doc")]);
    check(&["src/x"], &["SRC/y"], &[("src/x", "SRC")]);
    check(&["a/x", "b/X"], &[], &[]);
    check(&["e\u{301}"], &["\u{e9}"], &[("e\u{301}", "\u{e9}")]);
    check(&["STRASSE"], &["straße"], &[("STRASSE", "straße")]);
    check(&["new"], &["Twin", "twin"], &[]);
    // The added path sorts before its twin, and stands among the existing ones.
    check(&["README"], &["README", "readme"], &[("README", "readme")]);
    check(&["SRC/x"], &["SRC", "SRC/x", "src"], &[("SRC/x", "src")]);
    let bytes = [RepoPath::new(*b"\xe9"), RepoPath::new(*b"\xe8")];
    assert_eq!(find_case_twins(&bytes, &[]), []);
}

fn paths(names: &[&str]) -> Vec<RepoPath> {
    names.iter().map(|n| RepoPath::from(*n)).collect()
}

#[test]
fn awkward_names_are_warned_about() {
    use PathWarning::{DosDevice, Invisible, TrailingDotOrSpace, WindowsCharacter};
    let cases: &[(&str, &[PathWarning])] = &[
        ("src/main.rs", &[]),
        ("CON", &[DosDevice]),
        ("a/nul.txt", &[DosDevice]),
        ("com1", &[DosDevice]),
        ("LPT9.log", &[DosDevice]),
        ("com0", &[]),
        ("console", &[]),
        ("aux .c", &[DosDevice]),
        ("a./b", &[TrailingDotOrSpace]),
        ("a ", &[TrailingDotOrSpace]),
        ("a:b", &[WindowsCharacter]),
        ("what?", &[WindowsCharacter]),
        ("a\u{202e}b", &[Invisible]),
    ];
    for (path, expect) in cases {
        assert_eq!(path_warnings(&RepoPath::from(*path)), *expect, "{path:?}");
    }
}

#[test]
fn any_bytes_are_judged_without_panic_and_never_wrongly_passed() {
    proptest::proptest!(|(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..40))| {
        let path = RepoPath::new(bytes.clone());
        if judge_path(&path, &DEFAULT).is_ok() {
            proptest::prop_assert!(!bytes.iter().any(|b| *b < 0x20 || *b == b'\\'));
            proptest::prop_assert!(path.components().all(|c| !c.is_empty() && c != b".." && !c.eq_ignore_ascii_case(b".git")));
        }
        let _ = path_warnings(&path);
        let _ = judge_symlink(&path, &bytes);
    });
}
