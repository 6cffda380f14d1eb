//! Worktrees made by hand are those that git would make.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;

use git_orc::domain::id::RepoPath;
use git_orc::io::git::host::Maker;
use git_orc::io::git::worktree::{CreateWorktree, Submodules, WorktreeError, Worktrees};

use super::{Lab, contents, set_mode, write};

/// A tree with everything that can be in one.
fn odd_lab() -> Lab {
    let lab = Lab::new();
    let dir = lab.repo_dir();
    for i in 0..60 {
        lab.write(&format!("src/part-{}/file {i}.rs", i % 7), &format!("content {i}\n").repeat(i));
    }
    for name in
        ["a b", " lead", "-rf", "tab\there", "new\nline", "back\\slash", "quote\"d", "ünï", ".hidden", "a.b", "a-b", "a/deep/er/still"]
    {
        lab.write(&format!("odd/{name}"), name);
    }
    fs::write(dir.join(OsStr::from_bytes(b"odd/\xff\xfe")), b"\0\xff").unwrap();
    lab.write("empty", "");
    lab.write("crlf.txt", "a\r\nb\r\n");
    lab.write("run.sh", "#!/bin/sh\n");
    set_mode(&dir.join("run.sh"), 0o755);
    symlink("run.sh", dir.join("link")).unwrap();
    symlink("../nowhere/at all", dir.join("odd/dangling")).unwrap();
    symlink("src", dir.join("link-to-folder")).unwrap();
    lab.write(".gitattributes", "* text=auto\n*.sh eol=lf\n*.png binary\n");
    lab.git(["add", "-A"]);
    let link = format!("160000,{},sub/module", "1".repeat(40));
    lab.git(["update-index", "--add", "--cacheinfo", &link]);
    lab.git(["commit", "-qm", "odd"]);
    lab
}

#[test]
fn by_hand_and_by_git_are_the_same() {
    let lab = odd_lab();
    let worktrees = lab.worktrees();
    let ours = lab.make(&worktrees, "ours");
    assert_eq!(ours.maker(), Maker::Own);
    let theirs = lab.root().join("theirs");
    lab.git([OsStr::new("worktree"), "add".as_ref(), "-q".as_ref(), "--detach".as_ref(), theirs.as_os_str()]);
    assert_eq!(contents(ours.path()), contents(&theirs));
    assert!(fs::read_dir(ours.path().join("sub/module")).unwrap().next().is_none());
    for args in
        [&["ls-files", "-s", "-t"][..], &["status", "--porcelain=v2", "--ignored"], &["rev-parse", "HEAD", "ORIG_HEAD"], &["diff", "HEAD"]]
    {
        assert_eq!(lab.git_in(ours.path(), args), lab.git_in(&theirs, args), "{args:?}");
    }
    for file in ["HEAD", "ORIG_HEAD", "commondir"] {
        let read = |name: &str| fs::read(lab.repo_dir().join(".git/worktrees").join(name).join(file)).unwrap();
        assert_eq!(read("ours"), read("theirs"), "{file}");
    }
    assert_eq!(lab.git_in(ours.path(), ["fsck", "--no-dangling"]), "");
    assert_eq!(lab.git_in(ours.path(), ["status", "--porcelain"]), "");
    assert!(lab.git(["worktree", "list"]).contains("repo.orc/run/ours"));
}

#[test]
fn the_index_knows_the_files_without_reading_them() {
    let lab = odd_lab();
    let ours = lab.make(&lab.worktrees(), "ours");
    // `diff-files` compares nothing but what lstat says; a file that it would have to read is listed.
    assert_eq!(lab.git_in(ours.path(), ["diff-files", "--name-only"]), "");
}

#[test]
fn work_in_it_goes_as_in_any_worktree() {
    let lab = odd_lab();
    let worktrees = lab.worktrees();
    let ours = lab.make(&worktrees, "ours");
    write(ours.path(), "src/part-0/file 0.rs", "changed\n");
    lab.git_in(ours.path(), ["commit", "-qam", "mine"]);
    lab.git_in(ours.path(), ["switch", "-q", "-c", "topic"]);
    assert_eq!(lab.git(["rev-parse", "topic^"]), lab.git(["rev-parse", "HEAD"]));
    assert_eq!(lab.git_in(ours.path(), ["status", "--porcelain"]), "");
}

#[test]
fn what_only_git_can_do_is_left_to_git() {
    let check = |config: &[(&str, &str)], attributes: &str, expect: Maker, content: &[u8]| {
        let lab = Lab::with(&[("a.txt", "one\ntwo\n"), (".gitattributes", attributes)]);
        for (key, value) in config {
            lab.git(["config", key, value]);
        }
        let worktree = lab.make(&lab.worktrees(), "ws");
        assert_eq!(worktree.maker(), expect, "{config:?} {attributes:?}");
        assert_eq!(fs::read(worktree.path().join("a.txt")).unwrap(), content, "{config:?} {attributes:?}");
        assert_eq!(lab.git_in(worktree.path(), ["status", "--porcelain"]), "");
    };
    check(&[], "* text=auto\n", Maker::Own, b"one\ntwo\n");
    check(&[], "*.txt eol=crlf\n", Maker::Git, b"one\r\ntwo\r\n");
    check(&[("core.autocrlf", "true")], "", Maker::Git, b"one\r\ntwo\r\n");
    check(&[("core.autocrlf", "input")], "", Maker::Own, b"one\ntwo\n");
    check(&[], "*.txt filter=up\n", Maker::Own, b"one\ntwo\n");
    check(&[("filter.up.smudge", "tr a-z A-Z"), ("filter.up.clean", "tr A-Z a-z")], "*.txt filter=up\n", Maker::Git, b"ONE\nTWO\n");
}

#[test]
fn a_sparse_checkout_stays_sparse() {
    let lab = Lab::with(&[("in/a", "a\n"), ("out/b", "b\n"), ("top", "t\n")]);
    lab.git(["sparse-checkout", "set", "in"]);
    let worktrees = lab.worktrees();
    let mut worktree = lab.make(&worktrees, "ws");
    assert_eq!(worktree.maker(), Maker::Git);
    assert!(worktree.path().join("in/a").exists() && !worktree.path().join("out").exists());
    let base = worktree.tree();
    let snapshot = worktrees.capture(&mut worktree, base).unwrap();
    assert_eq!((snapshot.tree, snapshot.changes.len()), (base, 0), "files outside the cone are not deleted");
    assert!(snapshot.tampered.is_empty(), "{:?}", snapshot.tampered);
    write(worktree.path(), "in/new", "n\n");
    let mut adopted = worktrees.adopt(&lab.request("ws")).unwrap();
    let snapshot = worktrees.capture(&mut adopted, base).unwrap();
    let paths: Vec<_> = snapshot.changes.iter().map(|c| c.path.to_string()).collect();
    assert_eq!(paths, ["in/new"]);
    assert!(snapshot.tampered.is_empty(), "{:?}", snapshot.tampered);
}

#[test]
fn ignored_files_that_are_asked_for_are_copied() {
    let lab = Lab::with(&[
        (".gitignore", "*.env\n/secrets/\ntarget/\n"),
        (".worktreeinclude", "*.env\nsecrets/key\ntracked.env\nplain\n!other.env\n"),
        ("plain", "tracked\n"),
    ]);
    lab.write("tracked.env", "v1\n");
    lab.git(["add", "-f", "tracked.env"]);
    lab.commit();
    lab.write("tracked.env", "changed by the user\n");
    for (path, content) in
        [(".env", "A=1\n"), ("deep/er/.env", "B=2\n"), ("secrets/key", "k\n"), ("secrets/other", "o\n"), ("other.env", "no\n")]
    {
        lab.write(path, content);
    }
    set_mode(&lab.repo_dir().join("secrets/key"), 0o600);
    symlink("/etc/passwd", lab.repo_dir().join("link.env")).unwrap();
    let worktrees = lab.worktrees();
    let mut worktree = lab.make(&worktrees, "ws");
    let included: Vec<_> = worktree.included().iter().map(ToString::to_string).collect();
    assert_eq!(included, [".env", "deep/er/.env", "secrets/key"]);
    assert_eq!(fs::read(worktree.path().join("secrets/key")).unwrap(), b"k\n");
    assert_eq!(fs::read(worktree.path().join("tracked.env")).unwrap(), b"v1\n");
    assert!(!worktree.path().join("link.env").exists());
    let base = worktree.tree();
    assert!(worktrees.capture(&mut worktree, base).unwrap().changes.is_empty());
}

#[test]
fn submodules_are_checked_out_only_if_asked() {
    let lab = Lab::with(&[("a", "a\n")]);
    let library = lab.repo_dir().with_file_name("library");
    fs::create_dir(&library).unwrap();
    lab.git_in(&library, ["init", "-q"]);
    write(&library, "lib.c", "int x;\n");
    lab.git_in(&library, ["add", "."]);
    lab.git_in(&library, ["commit", "-qm", "lib"]);
    lab.git(["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", library.to_str().unwrap(), "vendor/library"]);
    lab.commit();
    lab.git(["config", "protocol.file.allow", "always"]);
    let config = fs::read(lab.repo_dir().join(".git/config")).unwrap();
    let worktrees = lab.worktrees();
    let empty = lab.make(&worktrees, "empty");
    assert!(fs::read_dir(empty.path().join("vendor/library")).unwrap().next().is_none());
    let request = CreateWorktree { submodules: Submodules::Initialised, ..lab.request("full") };
    let mut full = worktrees.create(&request).unwrap();
    assert_eq!(fs::read(full.path().join("vendor/library/lib.c")).unwrap(), b"int x;\n");
    let base = full.tree();
    let snapshot = worktrees.capture(&mut full, base).unwrap();
    assert!(snapshot.changes.is_empty() && snapshot.skipped.is_empty(), "{snapshot:?}");
    write(full.path(), "vendor/library/lib.c", "int y;\n");
    let snapshot = worktrees.capture(&mut full, base).unwrap();
    assert_eq!(snapshot.skipped.iter().map(|s| s.path.clone()).collect::<Vec<_>>(), [RepoPath::from("vendor/library")]);
    assert_eq!(fs::read(lab.repo_dir().join(".git/config")).unwrap(), config, "the user's configuration is not written to");
}

#[test]
fn names_and_places_that_are_not_ours_are_refused() {
    let lab = Lab::with(&[("a", "a\n")]);
    let worktrees = lab.worktrees();
    for name in ["", "A", "../x", "a/b", ".x", "-x", "x.lock", "a b", &"a".repeat(129)] {
        let request = CreateWorktree { name: name.to_owned(), ..lab.request("ws") };
        assert!(matches!(worktrees.create(&request), Err(WorktreeError::BadName(_))), "{name:?}");
    }
    for path in [lab.repo_dir().join("inner"), lab.root(), lab.root().join("../elsewhere"), "/tmp".into()] {
        let request = CreateWorktree { path: path.clone(), ..lab.request("ws") };
        assert!(matches!(worktrees.create(&request), Err(WorktreeError::OutsideRoot { .. })), "{path:?}");
    }
    let _kept = lab.make(&worktrees, "ws");
    assert!(matches!(worktrees.create(&lab.request("ws")), Err(WorktreeError::Exists(_))));
    assert_eq!(worktrees.list_ours().unwrap().len(), 1);
}

#[test]
fn many_are_made_at_once() {
    let lab = odd_lab();
    let worktrees = lab.worktrees();
    std::thread::scope(|scope| {
        for i in 0..8 {
            let (lab, worktrees) = (&lab, &worktrees);
            scope.spawn(move || lab.make(worktrees, &format!("ws-{i}")));
        }
    });
    assert_eq!(worktrees.list_ours().unwrap().len(), 8);
    for found in worktrees.list_ours().unwrap() {
        assert_eq!(lab.git_in(&found.path, ["status", "--porcelain"]), "");
    }
}

#[test]
fn the_default_root_stands_beside_the_repository() {
    let lab = Lab::with(&[("a", "a\n")]);
    assert_eq!(Worktrees::default_root(&lab.repo()), lab.root());
}
