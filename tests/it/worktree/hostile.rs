//! A tool that rewrites what git reads leads nobody astray.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use git_orc::io::git::admin::Tampering;
use git_orc::io::git::worktree::{Worktree, Worktrees};

use super::{Lab, write};

/// A change that a tool makes, given the worktree and a repository of the attacker.
type Attack = fn(&Worktree, &Path);

fn attacked(attack: Attack, check: impl Fn(&Lab, &Worktrees, &mut Worktree, Vec<(String, Tampering)>)) {
    let lab = Lab::with(&[("a", "a\n"), ("dir/b", "b\n")]);
    let evil = lab.repo_dir().with_file_name("evil");
    fs::create_dir(&evil).unwrap();
    lab.git_in(&evil, ["init", "-q"]);
    let worktrees = lab.worktrees();
    let mut worktree = lab.make(&worktrees, "ws");
    write(worktree.path(), "a", "changed\n");
    attack(&worktree, &evil);
    let base = worktree.tree();
    let snapshot = worktrees.capture(&mut worktree, base).unwrap();
    assert_eq!(snapshot.changes.len(), 1, "{snapshot:?}");
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    let tampered = snapshot.tampered.iter().map(|t| (name(&t.path), t.what)).collect();
    assert_eq!(lab.git_in(worktree.path(), ["status", "--porcelain"]), " M a");
    assert!(worktrees.capture(&mut worktree, base).unwrap().tampered.is_empty());
    check(&lab, &worktrees, &mut worktree, tampered);
}

fn check(attack: Attack, file: &str, what: Tampering) {
    attacked(attack, |_, _, _, tampered| assert_eq!(tampered, [(file.to_owned(), what)]));
}

#[test]
fn redirections_are_undone_and_reported() {
    check(|w, evil| fs::write(w.path().join(".git"), format!("gitdir: {}/.git\n", evil.display())).unwrap(), ".git", Tampering::Changed);
    check(|w, _| fs::remove_file(w.path().join(".git")).unwrap(), ".git", Tampering::Missing);
    check(
        |w, evil| {
            fs::remove_file(w.path().join(".git")).unwrap();
            symlink(evil.join(".git"), w.path().join(".git")).unwrap();
        },
        ".git",
        Tampering::Replaced,
    );
    check(
        |w, evil| fs::write(w.admin_dir().join("commondir"), evil.join(".git").as_os_str().as_encoded_bytes()).unwrap(),
        "commondir",
        Tampering::Changed,
    );
    check(
        |w, evil| fs::write(w.admin_dir().join("gitdir"), evil.join(".git").as_os_str().as_encoded_bytes()).unwrap(),
        "gitdir",
        Tampering::Changed,
    );
    check(
        |w, _| fs::write(w.admin_dir().join("config.worktree"), "[core]\n\tfsmonitor = evil\n").unwrap(),
        "config.worktree",
        Tampering::Added,
    );
}

#[test]
fn a_repository_in_place_of_the_git_file_is_kept() {
    attacked(
        |w, evil| {
            fs::remove_file(w.path().join(".git")).unwrap();
            fs::rename(evil.join(".git"), w.path().join(".git")).unwrap();
        },
        |lab, _, worktree, tampered| {
            assert_eq!(tampered, [(".git".to_owned(), Tampering::Replaced)]);
            assert!(worktree.path().with_file_name("ws.found-1").join("HEAD").exists());
            assert_eq!(lab.git(["fsck", "--no-dangling"]), "");
        },
    );
}

#[test]
fn a_pruned_administration_is_made_again() {
    let lab = Lab::with(&[("a", "a\n")]);
    let worktrees = lab.worktrees();
    let mut worktree = lab.make(&worktrees, "ws");
    write(worktree.path(), "a", "changed\n");
    fs::remove_dir_all(worktree.admin_dir()).unwrap();
    let base = worktree.tree();
    let snapshot = worktrees.capture(&mut worktree, base).unwrap();
    assert_eq!((snapshot.changes.len(), snapshot.tampered.len()), (1, 1));
    assert_eq!(lab.git_in(worktree.path(), ["rev-parse", "HEAD"]), worktree.commit().to_string());
}

#[test]
fn links_in_place_of_directories_are_not_followed() {
    let lab = Lab::with(&[("dir/b", "b\n"), ("dir/c", "c\n")]);
    let outside = lab.repo_dir().with_file_name("outside");
    write(&outside, "b", "secret\n");
    let worktrees = lab.worktrees();
    let mut worktree = lab.make(&worktrees, "ws");
    fs::remove_dir_all(worktree.path().join("dir")).unwrap();
    symlink(&outside, worktree.path().join("dir")).unwrap();
    let base = worktree.tree();
    let snapshot = worktrees.capture(&mut worktree, base).unwrap();
    assert_eq!(snapshot.tree, lab.tree_by_git(worktree.path()));
    let paths: Vec<_> = snapshot.changes.iter().map(|c| (c.path.to_string(), c.new.is_some())).collect();
    assert_eq!(paths, [("dir".to_owned(), true), ("dir/b".to_owned(), false), ("dir/c".to_owned(), false)]);
}
