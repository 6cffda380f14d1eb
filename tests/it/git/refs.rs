//! Refs: compare-and-swap against itself, against stock git, and across the death of a process.

use std::sync::Barrier;
use std::time::Duration;

use git_orc::domain::id::ObjectId;
use git_orc::io::fs::Durability;
use git_orc::io::git::objects::Objects;
use git_orc::io::git::refs::{LogLine, RefError, Refs};
use git_orc::io::git::repo::Repo;

use super::{discover, id, signed};
use crate::harness::{TestEnvironment, TestRepo};

/// Returns three commits to point at.
fn commits(repo: &TestRepo<'_>) -> [ObjectId; 3] {
    [1, 2, 3].map(|i| {
        repo.write("f", format!("{i}"));
        id(&repo.commit("c"))
    })
}

fn refs(repo: &Repo) -> Refs {
    Refs::new(repo, Durability::Full).patience(Duration::from_millis(50))
}

#[test]
fn refs_move_only_from_what_is_expected() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("r");
    let [a, b, c] = commits(&repo);
    let refs = refs(&discover(&environment, &repo));
    let name = "refs/orc/ws/run/one";
    assert_eq!(refs.read(name).unwrap(), None);
    refs.create(name, a).unwrap();
    assert!(matches!(refs.create(name, b), Err(RefError::Changed { found: Some(found), expected: None, .. }) if found == a));
    assert!(matches!(refs.update(name, Some(b), c, None), Err(RefError::Changed { .. })));
    refs.update(name, Some(a), b, None).unwrap();
    assert_eq!(repo.git(&["rev-parse", name]), b.to_string());
    repo.git(&["pack-refs", "--all"]);
    assert!(!repo.git_dir().join(name).exists());
    assert_eq!(refs.read(name).unwrap(), Some(b));
    refs.update(name, Some(b), c, None).unwrap();
    assert_eq!(repo.git(&["rev-parse", name]), c.to_string());
    assert!(matches!(refs.delete(name, b), Err(RefError::Changed { .. })));
    refs.delete(name, c).unwrap();
    assert!(!repo.try_git(&["rev-parse", "--verify", "-q", name]).code().eq(&0), "the packed value is gone too");
    assert!(!repo.git_dir().join("refs/orc/ws").exists() && repo.git_dir().join("refs/orc").exists());
    let left = std::fs::read_dir(repo.git_dir().join("orc/ref-locks")).unwrap().count();
    assert_eq!(left, 0);
    repo.assert_sound();
}

#[test]
fn names_that_exclude_each_other_are_conflicts() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("r");
    let [a, b, _] = commits(&repo);
    let refs = refs(&discover(&environment, &repo));
    let check = |name: &str, other: &str| {
        let error = refs.create(name, b).unwrap_err();
        assert!(matches!(&error, RefError::NameConflict { other: found, .. } if found == other), "{error}");
    };
    refs.create("refs/orc/x/y", a).unwrap();
    for _ in 0..2 {
        check("refs/orc/x", "refs/orc/x/y");
        check("refs/orc/x/y/z", "refs/orc/x/y");
        repo.git(&["pack-refs", "--all"]);
    }
    refs.delete("refs/orc/x/y", a).unwrap();
    std::fs::create_dir_all(repo.git_dir().join("refs/orc/x/empty/folders")).unwrap();
    refs.create("refs/orc/x", b).unwrap();
    for bad in ["refs/orc/a..b", "refs/orc/a.lock", "HEAD", "refs/orc/a b", "refs/../x"] {
        assert!(matches!(refs.create(bad, a), Err(RefError::BadName { .. })), "{bad}");
    }
}

#[test]
fn loose_and_packed_refs_are_listed_once() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("r");
    let [a, b, c] = commits(&repo);
    let refs = refs(&discover(&environment, &repo));
    refs.create("refs/orc/ws/r/one", a).unwrap();
    refs.create("refs/orc/ws/r/two", a).unwrap();
    repo.git(&["tag", "-a", "-m", "x", "peeled"]);
    repo.git(&["pack-refs", "--all"]);
    refs.update("refs/orc/ws/r/two", Some(a), b, None).unwrap();
    refs.create("refs/orc/ws/r/z/three", c).unwrap();
    let listed: Vec<_> = refs.list("refs/orc/ws/").unwrap();
    let expect = [("refs/orc/ws/r/one", a), ("refs/orc/ws/r/two", b), ("refs/orc/ws/r/z/three", c)];
    assert_eq!(listed, expect.map(|(name, id)| (name.to_owned(), id)));
    assert!(refs.list("refs/orc/none/").unwrap().is_empty());
    refs.delete("refs/orc/ws/r/one", a).unwrap();
    assert_eq!(repo.git(&["rev-parse", "peeled^{}"]), c.to_string());
}

#[test]
fn damaged_and_symbolic_refs_are_not_written_through() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("r");
    let [a, ..] = commits(&repo);
    let refs = refs(&discover(&environment, &repo));
    repo.write(".git/refs/orc/empty", "");
    assert!(matches!(refs.read("refs/orc/empty"), Err(RefError::Damaged { .. })));
    assert!(matches!(refs.create("refs/orc/empty", a), Err(RefError::Damaged { .. })));
    repo.git(&["symbolic-ref", "refs/orc/link", "refs/heads/main"]);
    assert_eq!(refs.read("refs/orc/link").unwrap(), refs.read("refs/heads/main").unwrap());
    assert!(matches!(refs.update("refs/orc/link", None, a, None), Err(RefError::Symbolic { .. })));
}

#[test]
fn reflogs_are_written_where_git_would() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("r");
    let [a, b, _] = commits(&repo);
    let refs = refs(&discover(&environment, &repo));
    let by = signed();
    let line = LogLine { signature: &by, message: "orc: wave 1\nmerged" };
    refs.update("refs/heads/orc/tour", None, a, Some(&line)).unwrap();
    refs.update("refs/heads/orc/tour", Some(a), b, Some(&line)).unwrap();
    assert_eq!(repo.git(&["reflog", "--format=%H %gs", "orc/tour"]), format!("{b} orc: wave 1 merged\n{a} orc: wave 1 merged"));
    assert_eq!(repo.git(&["rev-parse", "orc/tour@{1}"]), a.to_string());
    refs.update("refs/orc/plain", None, a, Some(&line)).unwrap();
    assert!(!repo.git_dir().join("logs/refs/orc").exists());
    repo.git(&["config", "core.logAllRefUpdates", "false"]);
    refs.update("refs/heads/orc/quiet", None, a, Some(&line)).unwrap();
    assert!(!repo.git_dir().join("logs/refs/heads/orc/quiet").exists());
}

#[test]
fn somebody_elses_lock_is_waited_for_and_never_removed() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("r");
    let [a, b, _] = commits(&repo);
    let refs = refs(&discover(&environment, &repo));
    refs.create("refs/orc/x", a).unwrap();
    repo.write(".git/refs/orc/x.lock", "");
    assert!(matches!(refs.update("refs/orc/x", Some(a), b, None), Err(RefError::Locked { .. })));
    assert_eq!(refs.remove_stale_locks().unwrap(), Vec::<std::path::PathBuf>::new());
    let lock = repo.git_dir().join("refs/orc/x.lock");
    std::thread::scope(|scope| {
        let patient = refs.clone().patience(Duration::from_secs(20));
        let writer = scope.spawn(move || patient.update("refs/orc/x", Some(a), b, None));
        std::thread::sleep(Duration::from_millis(20));
        std::fs::remove_file(&lock).unwrap();
        writer.join().unwrap().unwrap();
    });
}

#[test]
fn the_lock_of_a_dead_process_is_known_as_ours_and_removed() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("r");
    let [a, b, _] = commits(&repo);
    let refs = refs(&discover(&environment, &repo));
    refs.create("refs/orc/x", a).unwrap();
    // What a process leaves that dies between taking the lock and the rename: its own file, no longer locked, and the link to it.
    repo.write(".git/orc/ref-locks/1-dead", format!("{b}\n"));
    std::fs::hard_link(repo.git_dir().join("orc/ref-locks/1-dead"), repo.git_dir().join("refs/orc/x.lock")).unwrap();
    repo.write(".git/refs/heads/user.lock", "");
    assert_eq!(refs.remove_stale_locks().unwrap(), [repo.git_dir().join("refs/orc/x.lock")]);
    refs.update("refs/orc/x", Some(a), b, None).unwrap();
    // Whoever meets such a lock does not wait for it: nobody will free it.
    repo.write(".git/orc/ref-locks/1-dead", format!("{a}\n"));
    std::fs::hard_link(repo.git_dir().join("orc/ref-locks/1-dead"), repo.git_dir().join("refs/orc/x.lock")).unwrap();
    refs.update("refs/orc/x", Some(b), a, None).unwrap();
    assert!(repo.git_dir().join("refs/heads/user.lock").exists());
}

#[test]
fn of_many_creators_one_wins() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("r");
    let [a, b, c] = commits(&repo);
    let refs = Refs::new(&discover(&environment, &repo), Durability::Relaxed);
    for round in 0..20 {
        let name = format!("refs/orc/race/{round}/x");
        let barrier = Barrier::new(3);
        let wins = std::thread::scope(|scope| {
            let threads = [a, b, c].map(|new| {
                let (refs, name, barrier) = (&refs, &name, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    refs.create(name, new).is_ok()
                })
            });
            threads.into_iter().filter(|_| true).map(|thread| thread.join().unwrap()).filter(|won| *won).count()
        });
        assert_eq!(wins, 1, "{name}");
    }
}

#[test]
fn no_move_is_lost_between_writers_and_packing() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("r");
    let opened = discover(&environment, &repo);
    let refs = Refs::new(&opened, Durability::Relaxed);
    let name = "refs/orc/counter";
    const WRITERS: usize = 4;
    const EACH: usize = 15;
    std::thread::scope(|scope| {
        for _ in 0..WRITERS {
            let (refs, opened) = (&refs, &opened);
            scope.spawn(move || {
                let objects = Objects::open(opened).unwrap();
                for _ in 0..EACH {
                    loop {
                        let old = refs.read(name).unwrap();
                        let count =
                            old.map_or(0, |id| String::from_utf8(objects.read_blob(id).unwrap()).unwrap().parse::<usize>().unwrap());
                        let new = objects.write_blob((count + 1).to_string().as_bytes()).unwrap();
                        match refs.update(name, old, new, None) {
                            Ok(()) => break,
                            Err(RefError::Changed { .. }) => {}
                            Err(error) => panic!("{error}"),
                        }
                    }
                }
            });
        }
        for _ in 0..10 {
            repo.try_git(&["pack-refs", "--all"]);
        }
    });
    let last = refs.read(name).unwrap().unwrap();
    assert_eq!(repo.git(&["cat-file", "blob", &last.to_string()]), (WRITERS * EACH).to_string());
}

#[test]
fn what_is_rescued_outlives_a_repack_that_had_begun_before() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("r");
    repo.write("f", "stashed\n");
    repo.git(&["stash", "push", "--quiet", "--include-untracked"]);
    let stashed = id(&repo.git(&["rev-parse", "refs/stash"]));
    repo.git(&["repack", "-adq"]);
    let packs = repo.git_dir().join("objects/pack");
    let before: Vec<_> = std::fs::read_dir(&packs).unwrap().map(|entry| entry.unwrap().path()).collect();
    repo.git(&["stash", "drop", "--quiet"]);
    // A repack looks at the refs and writes the new pack; the old ones go only after the ref was made.
    repo.git(&["repack", "-aq"]);
    let refs = refs(&discover(&environment, &repo));
    assert!(refs.rescue("refs/orc/kept/run/found-1", stashed).unwrap());
    before.iter().for_each(|path| std::fs::remove_file(path).unwrap());
    repo.git(&["cat-file", "-e", &format!("{stashed}^{{tree}}")]);
    repo.assert_sound();
    let gone = id("1234567890123456789012345678901234567890");
    assert!(!refs.rescue("refs/orc/kept/run/found-2", gone).unwrap());
    assert_eq!(refs.read("refs/orc/kept/run/found-2").unwrap(), None);
}
