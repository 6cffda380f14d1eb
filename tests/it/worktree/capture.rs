//! What a capture holds of the things that tools leave behind.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::process::Command;

use git_orc::io::git::disk::SkipReason;
use git_orc::io::git::snapshot::{Snapshot, ToolCommits};
use git_orc::io::git::worktree::{Worktree, Worktrees};

use super::{Lab, set_mode, write};

fn capture(worktrees: &Worktrees, worktree: &mut Worktree) -> Snapshot {
    let base = worktree.tree();
    worktrees.capture(worktree, base).unwrap()
}

fn changed(snapshot: &Snapshot) -> Vec<String> {
    snapshot.changes.iter().map(|change| change.path.to_string()).collect()
}

fn some_lab() -> Lab {
    let lab = Lab::with(&[
        ("keep", "keep\n"),
        ("edit", "one\n"),
        ("gone", "gone\n"),
        ("dir/inner", "inner\n"),
        ("dir/deep/file", "file\n"),
        ("mode.sh", "#!/bin/sh\n"),
        ("becomes-link", "x\n"),
        ("becomes-folder", "x\n"),
        ("folder-becomes-file/x", "x\n"),
        (".gitignore", "*.log\nbuild/\n"),
        ("tracked.log", ""),
    ]);
    lab.git(["add", "-f", "tracked.log"]);
    lab.commit();
    lab
}

#[test]
fn everything_that_git_would_add_is_captured() {
    let lab = some_lab();
    let worktrees = lab.worktrees();
    let mut worktree = lab.make(&worktrees, "ws");
    let dir = worktree.path().to_owned();
    assert!(capture(&worktrees, &mut worktree).changes.is_empty());
    write(&dir, "edit", "two\n");
    write(&dir, "staged", "staged\n");
    lab.git_in(&dir, ["add", "staged"]);
    write(&dir, "new/deep/untracked", "u\n");
    fs::write(dir.join("binary"), [0, 159, 146, 150, 255]).unwrap();
    fs::remove_file(dir.join("gone")).unwrap();
    fs::remove_dir_all(dir.join("dir/deep")).unwrap();
    set_mode(&dir.join("mode.sh"), 0o755);
    fs::remove_file(dir.join("becomes-link")).unwrap();
    symlink("keep", dir.join("becomes-link")).unwrap();
    fs::remove_file(dir.join("becomes-folder")).unwrap();
    write(&dir, "becomes-folder/inner", "i\n");
    fs::remove_dir_all(dir.join("folder-becomes-file")).unwrap();
    write(&dir, "folder-becomes-file", "f\n");
    write(&dir, "empty", "");
    write(&dir, "new\nline", "n\n");
    fs::write(dir.join(OsStr::from_bytes(b"\xff\xfe")), b"bytes").unwrap();
    write(&dir, "tracked.log", "changed although ignored\n");
    write(&dir, "ignored.log", "left out\n");
    write(&dir, "build/output", "left out\n");
    let snapshot = capture(&worktrees, &mut worktree);
    assert_eq!(snapshot.tree, lab.tree_by_git(&dir));
    assert_eq!(snapshot.changes.len(), 16, "{:?}", changed(&snapshot));
    assert!(snapshot.skipped.is_empty() && snapshot.tampered.is_empty());
    assert_eq!(snapshot.ignored.iter().map(ToString::to_string).collect::<Vec<_>>(), ["build", "ignored.log"]);
    for id in &snapshot.objects {
        lab.git(["cat-file", "-e", &id.to_string()]);
    }
    assert_eq!(lab.git(["fsck", "--strict", "--no-dangling"]), "");
    let again = capture(&worktrees, &mut worktree);
    assert_eq!((again.tree, again.changes.len()), (snapshot.tree, 16));
}

#[test]
fn the_next_capture_starts_from_the_last() {
    let lab = some_lab();
    let worktrees = lab.worktrees();
    let mut worktree = lab.make(&worktrees, "ws");
    let dir = worktree.path().to_owned();
    write(&dir, "edit", "two\n");
    let first = capture(&worktrees, &mut worktree);
    write(&dir, "edit", "new\n");
    write(&dir, "keep", "kept\n");
    let second = worktrees.capture(&mut worktree, first.tree).unwrap();
    assert_eq!(changed(&second), ["edit", "keep"]);
    write(&dir, "edit", "one\n");
    write(&dir, "keep", "keep\n");
    let third = worktrees.capture(&mut worktree, second.tree).unwrap();
    assert_eq!(third.tree, worktree.tree(), "all taken back");
}

#[test]
fn a_change_of_the_same_size_in_the_same_instant_is_seen() {
    let lab = some_lab();
    let worktrees = lab.worktrees();
    let mut worktree = lab.make(&worktrees, "ws");
    let path = worktree.path().join("edit");
    for content in ["two\n", "six\n", "ten\n", "two\n"] {
        fs::write(&path, content).unwrap();
        let snapshot = capture(&worktrees, &mut worktree);
        let entry = snapshot.changes[0].new.unwrap();
        assert_eq!(lab.git(["cat-file", "blob", &entry.id.to_string()]), content.trim_end());
    }
    let time = fs::metadata(worktree.path().join("keep")).unwrap().modified().unwrap();
    fs::write(worktree.path().join("keep"), "kept\n").unwrap();
    fs::File::options().write(true).open(worktree.path().join("keep")).unwrap().set_modified(time).unwrap();
    assert_eq!(changed(&capture(&worktrees, &mut worktree)), ["edit", "keep"], "a date that was set back hides nothing");
}

#[test]
fn a_tool_can_not_hide_its_work() {
    let lab = some_lab();
    let worktrees = lab.worktrees();
    let mut worktree = lab.make(&worktrees, "ws");
    let dir = worktree.path().to_owned();
    write(&dir, "hidden/.gitignore", "*\n");
    write(&dir, "hidden/work", "w\n");
    write(&dir, "more.txt", "m\n");
    write(&dir, ".gitignore", "*.log\nbuild/\n*.txt\n");
    let snapshot = capture(&worktrees, &mut worktree);
    assert_eq!(changed(&snapshot), [".gitignore", "hidden/.gitignore", "hidden/work", "more.txt"]);
    // What it takes off the list is its work as well.
    write(&dir, ".gitignore", "*.log\n");
    write(&dir, "build/output", "o\n");
    write(&dir, "x.log", "l\n");
    let snapshot = capture(&worktrees, &mut worktree);
    assert_eq!(changed(&snapshot), [".gitignore", "build/output", "hidden/.gitignore", "hidden/work", "more.txt"]);
    // A list that is merely gone is not taken back.
    fs::remove_file(dir.join(".gitignore")).unwrap();
    let snapshot = capture(&worktrees, &mut worktree);
    assert!(!changed(&snapshot).contains(&"build/output".to_owned()));
}

#[test]
fn caches_that_say_so_are_left_out() {
    let lab = some_lab();
    let worktrees = lab.worktrees();
    let mut worktree = lab.make(&worktrees, "ws");
    let dir = worktree.path().to_owned();
    write(&dir, ".cache/.gitignore", "# made by a tool\n*\n");
    write(&dir, ".cache/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n");
    write(&dir, ".cache/x", "x\n");
    write(&dir, ".venv/.gitignore", "*\n");
    write(&dir, ".venv/pyvenv.cfg", "home = /usr/bin\n");
    write(&dir, "sly/.gitignore", "*\n");
    write(&dir, "sly/CACHEDIR.TAG", "not the signature\n");
    let snapshot = capture(&worktrees, &mut worktree);
    assert_eq!(changed(&snapshot), ["sly/.gitignore", "sly/CACHEDIR.TAG"]);
    assert_eq!(snapshot.ignored.iter().map(ToString::to_string).collect::<Vec<_>>(), [".cache", ".venv"]);
}

#[test]
fn what_no_tree_can_hold_is_named() {
    let lab = some_lab();
    let worktrees = lab.worktrees();
    let mut worktree = lab.make(&worktrees, "ws");
    let dir = worktree.path().to_owned();
    assert!(Command::new("mkfifo").arg(dir.join("pipe")).status().unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(dir.join("socket")).unwrap();
    fs::create_dir_all(dir.join("nested/sub")).unwrap();
    lab.git_in(&dir.join("nested"), ["init", "-q"]);
    write(&dir, "nested/work", "w\n");
    write(&dir, "nested/sub/more", "m\n");
    write(&dir, "zzz", "sorts after the nested repository\n");
    write(&dir, ".GIT/config", "[core]\n");
    write(&dir, "git~1", "x\n");
    let deep = "d/".repeat(230);
    fs::create_dir_all(dir.join(&deep)).unwrap();
    write(&dir, &format!("{deep}file"), "too deep\n");
    let snapshot = capture(&worktrees, &mut worktree);
    assert_eq!(changed(&snapshot), ["nested/sub/more", "nested/work", "zzz"]);
    let skipped: Vec<_> = snapshot.skipped.iter().map(|s| (s.path.to_string(), s.reason.clone())).collect();
    let expected = [
        (".GIT".to_owned(), SkipReason::GitDirectory),
        (vec!["d"; 201].join("/"), SkipReason::TooDeep),
        ("git~1".to_owned(), SkipReason::GitDirectory),
        ("nested/.git".to_owned(), SkipReason::EmbeddedRepository),
        ("pipe".to_owned(), SkipReason::Special),
        ("socket".to_owned(), SkipReason::Special),
    ];
    assert_eq!(skipped, expected);
    assert_eq!(lab.git(["fsck", "--strict", "--no-dangling"]), "");
}

#[test]
fn a_large_file_is_streamed() {
    let lab = some_lab();
    let worktrees = lab.worktrees();
    let mut worktree = lab.make(&worktrees, "ws");
    let file = fs::File::create(worktree.path().join("large")).unwrap();
    file.set_len(33 << 20).unwrap();
    let snapshot = capture(&worktrees, &mut worktree);
    assert_eq!(snapshot.tree, lab.tree_by_git(worktree.path()));
}

#[test]
fn content_passes_through_the_filters_of_the_base_tree() {
    let attributes = "* text=auto\n*.up filter=up\n*.bad filter=bad\n";
    let lab = Lab::with(&[(".gitattributes", attributes), ("b.txt", "b\n"), ("c.bad", "c\n")]);
    lab.git(["config", "filter.up.clean", "tr a-z A-Z"]);
    lab.git(["config", "filter.up.smudge", "tr A-Z a-z"]);
    lab.write("a.up", "changed\n");
    lab.commit();
    lab.git(["config", "filter.bad.clean", "false"]);
    lab.git(["config", "filter.bad.smudge", "cat"]);
    lab.git(["config", "filter.bad.required", "true"]);
    let worktrees = lab.worktrees();
    let mut worktree = lab.make(&worktrees, "ws");
    let dir = worktree.path().to_owned();
    assert_eq!(fs::read(dir.join("a.up")).unwrap(), b"changed\n");
    assert!(capture(&worktrees, &mut worktree).changes.is_empty());
    write(&dir, "a.up", "again\n");
    write(&dir, "new.up", "new\n");
    write(&dir, "b.txt", "one\r\ntwo\r\n");
    write(&dir, "c.bad", "secret\n");
    // The tool's own attributes do not count.
    write(&dir, ".gitattributes", "");
    let snapshot = capture(&worktrees, &mut worktree);
    assert_eq!(changed(&snapshot), [".gitattributes", "a.up", "b.txt", "new.up"]);
    let show = |path: &str| lab.git(["cat-file", "blob", &format!("{}:{path}", snapshot.tree)]);
    assert_eq!((show("a.up"), show("new.up"), show("b.txt")), ("AGAIN".to_owned(), "NEW".to_owned(), "one\ntwo".to_owned()));
    assert!(
        matches!(&snapshot.skipped[..], [s] if s.path.as_bytes() == b"c.bad" && matches!(s.reason, SkipReason::Filter(_))),
        "{:?}",
        snapshot.skipped
    );
}

#[test]
fn modes_that_the_settings_distrust_do_not_count() {
    let lab = some_lab();
    lab.git(["config", "core.fileMode", "false"]);
    let worktrees = lab.worktrees();
    let mut worktree = lab.make(&worktrees, "ws");
    set_mode(&worktree.path().join("keep"), 0o755);
    assert!(capture(&worktrees, &mut worktree).changes.is_empty());
}

#[test]
fn commits_of_the_tool_are_found() {
    let lab = some_lab();
    let worktrees = lab.worktrees();
    let worktree = lab.make(&worktrees, "ws");
    let dir = worktree.path().to_owned();
    let commits = || worktrees.tool_commits(&worktree).unwrap();
    assert_eq!(commits(), ToolCommits::None);
    write(&dir, "edit", "two\n");
    lab.git_in(&dir, ["commit", "-qam", "one"]);
    lab.git_in(&dir, ["switch", "-q", "-c", "topic"]);
    lab.git_in(&dir, ["commit", "-q", "--allow-empty", "-m", "two"]);
    let listed = lab.git_in(&dir, ["rev-list", "--reverse", "main..topic"]);
    let ToolCommits::OnTop(found) = commits() else { panic!("{:?}", commits()) };
    assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), listed.lines().collect::<Vec<_>>());
    lab.git_in(&dir, ["switch", "-q", "--orphan", "other"]);
    assert_eq!(commits(), ToolCommits::Unreadable);
    lab.git_in(&dir, ["commit", "-q", "--allow-empty", "-m", "three"]);
    assert!(matches!(commits(), ToolCommits::Elsewhere(_)));
    fs::write(worktree.admin_dir().join("HEAD"), "nonsense").unwrap();
    assert_eq!(commits(), ToolCommits::Unreadable);
}
