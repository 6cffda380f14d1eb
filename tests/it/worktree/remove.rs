//! Nothing is removed that was not captured, and what is removed leaves no trace.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;

use git_orc::domain::id::RepoPath;
use git_orc::io::git::remove::RemovalProof;
use git_orc::io::git::reset::IgnoredFiles;
use git_orc::io::git::worktree::{CreateWorktree, Worktree, WorktreeError, Worktrees};

use super::{Lab, contents, set_mode, write};

fn refused(result: Result<impl std::fmt::Debug, WorktreeError>) -> Vec<String> {
    match result {
        Err(WorktreeError::NotCaptured { paths, .. }) => paths.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

fn adopt(lab: &Lab, worktrees: &Worktrees) -> Worktree {
    worktrees.adopt(&lab.request("ws")).unwrap()
}

#[test]
fn what_was_not_captured_stays() {
    let lab = Lab::with(&[("a", "a\n"), ("b", "b\n"), (".gitignore", "*.log\n")]);
    let worktrees = lab.worktrees();
    let mut worktree = lab.make(&worktrees, "ws");
    let (dir, base) = (worktree.path().to_owned(), worktree.tree());
    write(&dir, "a", "changed\n");
    write(&dir, "new/file", "n\n");
    write(&dir, "x.log", "ignored\n");
    fs::remove_file(dir.join("b")).unwrap();
    let before = contents(&dir);
    assert_eq!(refused(worktrees.remove(worktree, &RemovalProof::captured(base))), ["a", "b", "new/file"]);
    assert_eq!(contents(&dir), before);
    worktree = adopt(&lab, &worktrees);
    let snapshot = worktrees.capture(&mut worktree, base).unwrap();
    let proof = RemovalProof::captured(snapshot.tree);
    write(&dir, "late", "written after the capture\n");
    assert_eq!(refused(worktrees.remove(worktree, &proof)), ["late"]);
    fs::remove_file(dir.join("late")).unwrap();
    let removed = worktrees.remove(adopt(&lab, &worktrees), &proof).unwrap();
    assert_eq!(removed.ignored, [RepoPath::from("x.log")]);
    assert!(!lab.root().exists(), "not even an empty directory stays");
    assert_eq!(lab.git(["worktree", "list", "--porcelain"]).matches("worktree ").count(), 1);
    assert!(fs::read_dir(lab.repo_dir().join(".git/orc/worktrees")).unwrap().next().is_none());
}

#[test]
fn what_can_not_be_captured_must_be_given_up_by_name() {
    let lab = Lab::with(&[("a", "a\n")]);
    let worktrees = lab.worktrees();
    let worktree = lab.make(&worktrees, "ws");
    let (dir, base) = (worktree.path().to_owned(), worktree.tree());
    fs::create_dir(dir.join("nested")).unwrap();
    lab.git_in(&dir.join("nested"), ["init", "-q"]);
    assert_eq!(refused(worktrees.remove(worktree, &RemovalProof::captured(base))), ["nested/.git"]);
    let proof = RemovalProof { tree: base, given_up: BTreeSet::from([RepoPath::from("nested/.git")]) };
    worktrees.remove(adopt(&lab, &worktrees), &proof).unwrap();
    assert!(!dir.exists());
}

#[test]
fn links_are_removed_and_not_what_they_name() {
    let lab = Lab::with(&[("a", "a\n"), (".gitignore", "ignored\n")]);
    let outside = lab.repo_dir().with_file_name("outside");
    write(&outside, "kept", "k\n");
    let worktrees = lab.worktrees();
    let worktree = lab.make(&worktrees, "ws");
    symlink(&outside, worktree.path().join("ignored")).unwrap();
    let base = worktree.tree();
    worktrees.remove(worktree, &RemovalProof::captured(base)).unwrap();
    assert!(outside.join("kept").exists());
}

#[test]
fn half_made_ones_are_cleared_away() {
    let lab = Lab::with(&[("a", "a\n"), ("dir/b", "b\n")]);
    let worktrees = lab.worktrees();
    let request = lab.request("ws");
    assert!(!worktrees.remove_half_made(&request).unwrap());
    let mark = lab.repo_dir().join(".git/orc/worktrees/ws.making");
    // Killed at different moments: with the mark alone, without the administration, without files, with a torn file.
    for moment in 0..5 {
        let worktree = lab.make(&worktrees, "ws");
        let (dir, admin) = (worktree.path().to_owned(), worktree.admin_dir().to_owned());
        fs::write(&mark, "making\n").unwrap();
        match moment {
            0 => {
                fs::remove_dir_all(&dir).unwrap();
                fs::remove_dir_all(&admin).unwrap();
            }
            1 => fs::remove_dir_all(&admin).unwrap(),
            2 => fs::remove_file(admin.join("gitdir")).unwrap(),
            3 => fs::write(dir.join("a"), "").unwrap(),
            _ => fs::remove_dir_all(dir.join("dir")).unwrap(),
        }
        assert!(worktrees.remove_half_made(&request).unwrap(), "{moment}");
        assert!(!dir.exists() && !admin.exists() && !mark.exists(), "{moment}");
    }
    let worktree = lab.make(&worktrees, "ws");
    write(worktree.path(), "a", "work\n");
    assert_eq!(refused(worktrees.remove_half_made(&request)), ["a"], "without the mark it may have been used");
    fs::write(worktree.path().join("a"), "a\n").unwrap();
    fs::remove_file(worktree.path().join("dir/b")).unwrap();
    assert_eq!(refused(worktrees.remove_half_made(&request)), ["dir/b"], "that a file is gone is work as well");
    fs::write(&mark, "making\n").unwrap();
    write(worktree.path(), "new", "work\n");
    assert_eq!(refused(worktrees.remove_half_made(&request)), ["new"]);
}

#[test]
fn a_killed_git_leaves_nothing_that_is_in_the_way() {
    let lab = Lab::with(&[("a.txt", "a\n"), (".gitattributes", "*.txt eol=crlf\n")]);
    let worktrees = lab.worktrees();
    let request = lab.request("ws");
    let admin = lab.repo_dir().join(".git/worktrees/ws");
    drop(lab.make(&worktrees, "ws"));
    fs::write(lab.repo_dir().join(".git/orc/worktrees/ws.making"), "making\n").unwrap();
    fs::write(admin.join("locked"), "initializing").unwrap();
    fs::write(admin.join("index.lock"), "").unwrap();
    fs::write(request.path.join("a.txt"), "").unwrap();
    assert!(worktrees.remove_half_made(&request).unwrap());
    drop(worktrees.create(&request).unwrap());
}

#[test]
fn worktrees_of_the_user_are_left_alone() {
    let lab = Lab::with(&[("a", "a\n")]);
    let worktrees = lab.worktrees();
    let theirs = lab.repo_dir().with_file_name("ws");
    lab.git(["worktree", "add", "-q", "--detach", theirs.to_str().unwrap()]);
    assert!(worktrees.list_ours().unwrap().is_empty());
    assert!(matches!(worktrees.create(&lab.request("ws")), Err(WorktreeError::Exists(_))));
    assert!(matches!(worktrees.remove_half_made(&lab.request("ws")), Err(WorktreeError::OutsideRoot { .. })));
    let pretended = adopt(&lab, &worktrees);
    let base = pretended.tree();
    assert!(matches!(worktrees.remove(pretended, &RemovalProof::captured(base)), Err(WorktreeError::OutsideRoot { .. })));
    assert!(theirs.join("a").exists() && lab.repo_dir().join(".git/worktrees/ws/HEAD").exists());
}

#[test]
fn a_recycled_worktree_is_like_a_new_one() {
    let lab = Lab::with(&[("a", "a\n"), ("dir/b", "b\n"), ("run.sh", "x\n"), ("gone/in/next", "g\n"), (".gitignore", "*.log\nbuild/\n")]);
    let worktrees = lab.worktrees();
    for same_place in [true, false] {
        let mut worktree = lab.make(&worktrees, "ws");
        let (dir, base) = (worktree.path().to_owned(), worktree.tree());
        lab.write("dir/b", "next\n");
        lab.write("added/in/next", "n\n");
        let _ = fs::remove_dir_all(lab.repo_dir().join("gone"));
        symlink("a", lab.repo_dir().join("link")).ok();
        lab.commit();
        write(&dir, "a", "work\n");
        write(&dir, "new/deep/file", "n\n");
        write(&dir, "build/out", "o\n");
        write(&dir, "dir/x.log", "l\n");
        fs::create_dir_all(dir.join("empty/folders")).unwrap();
        set_mode(&dir.join("run.sh"), 0o600);
        set_mode(&dir.join("dir"), 0o700);
        fs::hard_link(dir.join(".gitignore"), lab.repo_dir().with_file_name(format!("second-name-{same_place}"))).unwrap();
        lab.git_in(&dir, ["add", "a"]);
        fs::write(worktree.admin_dir().join("MERGE_HEAD"), "x").unwrap();
        assert_eq!(
            refused(worktrees.recycle(adopt(&lab, &worktrees), &lab.request("ws"), &RemovalProof::captured(base), IgnoredFiles::Remove)),
            ["a", "new/deep/file"]
        );
        let proof = RemovalProof::captured(worktrees.capture(&mut worktree, base).unwrap().tree);
        let request =
            if same_place { lab.request("ws") } else { CreateWorktree { path: lab.root().join("run-2/other"), ..lab.request("other") } };
        let mut recycled = worktrees.recycle(worktree, &request, &proof, IgnoredFiles::Remove).unwrap();
        let fresh = worktrees.create(&lab.request("fresh")).unwrap();
        assert_eq!(contents(recycled.path()), contents(fresh.path()));
        assert_eq!(recycled.path(), request.path);
        for args in [&["ls-files", "-s"][..], &["status", "--porcelain", "--ignored"], &["rev-parse", "HEAD"]] {
            assert_eq!(lab.git_in(recycled.path(), args), lab.git_in(fresh.path(), args));
        }
        let names = |w: &Worktree| fs::read_dir(w.admin_dir()).unwrap().map(|e| e.unwrap().file_name()).collect::<BTreeSet<_>>();
        assert_eq!(names(&recycled), names(&fresh));
        let tree = recycled.tree();
        assert!(worktrees.capture(&mut recycled, tree).unwrap().changes.is_empty());
        write(recycled.path(), "a", "more work\n");
        assert_eq!(worktrees.capture(&mut recycled, tree).unwrap().changes.len(), 1);
        fs::write(recycled.path().join("a"), "a\n").unwrap();
        worktrees.remove(recycled, &RemovalProof::captured(tree)).unwrap();
        worktrees.remove(fresh, &RemovalProof::captured(tree)).unwrap();
    }
}

#[test]
fn build_directories_can_stay() {
    let lab = Lab::with(&[("a", "a\n"), (".gitignore", "build/\n")]);
    let worktrees = lab.worktrees();
    let worktree = lab.make(&worktrees, "ws");
    let base = worktree.tree();
    write(worktree.path(), "build/out", "o\n");
    let recycled = worktrees.recycle(worktree, &lab.request("next"), &RemovalProof::captured(base), IgnoredFiles::Keep).unwrap();
    assert!(recycled.path().join("build/out").exists());
    assert_eq!(worktrees.list_ours().unwrap().len(), 1);
}

#[test]
fn many_come_and_go_at_once() {
    let lab = Lab::with(&[("a", "a\n"), ("dir/b", "b\n")]);
    let worktrees = lab.worktrees();
    std::thread::scope(|scope| {
        for i in 0..6 {
            let (lab, worktrees) = (&lab, &worktrees);
            scope.spawn(move || {
                for round in 0..6 {
                    let request =
                        CreateWorktree { path: lab.root().join(format!("run-{}/ws-{i}", round % 2)), ..lab.request(&format!("ws-{i}")) };
                    let mut worktree = worktrees.create(&request).unwrap();
                    let tree = worktree.tree();
                    if round % 3 == 0 {
                        let next = CreateWorktree { path: lab.root().join(format!("next/ws-{i}")), ..request };
                        worktree = worktrees.recycle(worktree, &next, &RemovalProof::captured(tree), IgnoredFiles::Remove).unwrap();
                    }
                    worktrees.remove(worktree, &RemovalProof::captured(tree)).unwrap();
                }
            });
        }
    });
    assert!(!lab.root().exists() && worktrees.list_ours().unwrap().is_empty());
}

#[test]
fn what_a_killed_process_left_on_its_way_out_is_swept_away() {
    let lab = Lab::with(&[("a", "a\n")]);
    let worktrees = lab.worktrees();
    write(&lab.root(), ".trash/orc-ws.0/file", "captured before\n");
    fs::create_dir_all(lab.root().join("run-that-ended")).unwrap();
    let other = lab.make(&worktrees, "ws");
    assert_eq!(worktrees.empty_trash().unwrap(), 1);
    let (top, dir) = (lab.root(), other.path().to_owned());
    let left: Vec<_> = fs::read_dir(&top).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(dir.starts_with(&left[0]) && dir.join("a").exists(), "a worktree in use stays");
    let proof = RemovalProof::captured(other.tree());
    worktrees.remove(other, &proof).unwrap();
    fs::create_dir_all(top.join("run-that-ended")).unwrap();
    write(&top, "a file of the user's", "x\n");
    assert_eq!(worktrees.empty_trash().unwrap(), 0);
    assert!(top.join("a file of the user's").exists() && !top.join("run-that-ended").exists());
}
