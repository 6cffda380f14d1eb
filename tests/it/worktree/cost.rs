//! What worktrees cost, measured against git in the same run: `cargo test --release --test it worktree::cost -- --ignored --nocapture`.

use std::ffi::OsStr;
use std::path::Path;
use std::time::{Duration, Instant};

use git_orc::io::git::remove::RemovalProof;
use git_orc::io::git::reset::IgnoredFiles;

use super::{Lab, write};

const ROUNDS: usize = 15;

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1000.0
}

fn timed<T>(times: &mut Vec<Duration>, act: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = act();
    times.push(start.elapsed());
    result
}

fn edit(dir: &Path, round: usize) {
    for i in 0..3 {
        write(dir, &format!("src/part-{i}/file-{i}.rs"), &format!("edit {round}\n"));
    }
    write(dir, "src/new.rs", &format!("new {round}\n"));
}

#[test]
#[ignore = "a measurement, not a proof; it takes seconds"]
fn medians_against_git() {
    let lab = Lab::new();
    for i in 0..237 {
        lab.write(&format!("src/part-{}/file-{i}.rs", i % 30), &format!("fn f{i}() {{ todo({i}) }}\n").repeat(120));
    }
    lab.commit();
    let worktrees = lab.worktrees();
    let git = |args: &[&OsStr]| assert!(lab.run("git", &lab.repo_dir(), args).status.success());
    let [mut add, mut create, mut recycle, mut capture, mut commit, mut status, mut remove_git, mut remove] = [const { Vec::new() }; 8];
    for round in 0..ROUNDS {
        let theirs = lab.root().join("theirs");
        timed(&mut add, || git(&["worktree".as_ref(), "add".as_ref(), "-q".as_ref(), "--detach".as_ref(), theirs.as_os_str()]));
        edit(&theirs, round);
        timed(&mut commit, || {
            lab.git_in(&theirs, ["add", "-A"]);
            lab.git_in(&theirs, ["commit", "-qm", "x"])
        });
        timed(&mut remove_git, || git(&["worktree".as_ref(), "remove".as_ref(), "--force".as_ref(), theirs.as_os_str()]));
        let mut worktree = timed(&mut create, || lab.make(&worktrees, "ws"));
        timed(&mut status, || assert_eq!(lab.git_in(worktree.path(), ["status", "--porcelain"]), ""));
        edit(worktree.path(), round);
        let base = worktree.tree();
        let snapshot = timed(&mut capture, || worktrees.capture(&mut worktree, base).unwrap());
        assert_eq!(snapshot.changes.len(), 4);
        let proof = RemovalProof::captured(snapshot.tree);
        let worktree = timed(&mut recycle, || worktrees.recycle(worktree, &lab.request("next"), &proof, IgnoredFiles::Remove).unwrap());
        timed(&mut remove, || worktrees.remove(worktree, &RemovalProof::captured(base)).unwrap());
    }
    let (add, commit, remove_git) = (median(add), median(commit), median(remove_git));
    println!("git worktree add        {add:8.2} ms");
    println!("create                  {:8.2} ms  {:.3}", median(create.clone()), median(create) / add);
    println!("recycle                 {:8.2} ms  {:.3}", median(recycle.clone()), median(recycle) / add);
    println!("git add + commit        {commit:8.2} ms");
    println!("capture                 {:8.2} ms  {:.3}", median(capture.clone()), median(capture) / commit);
    println!("git status, new worktree{:8.2} ms", median(status));
    println!("git worktree remove     {remove_git:8.2} ms");
    println!("remove                  {:8.2} ms  {:.3}", median(remove.clone()), median(remove) / remove_git);
}
