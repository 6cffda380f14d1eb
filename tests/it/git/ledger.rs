//! The ledger ref: appended from many sides, read back by stock git, joined between clones.

use std::io::{BufRead as _, BufReader, Read as _};
use std::ops::ControlFlow;

use git_orc::domain::id::RepoPath;
use git_orc::io::fs::Durability;
use git_orc::io::git::env::GitEnv;
use git_orc::io::git::ledger_ref::{FileUpdate, LEDGER_REF, LedgerRef, NewEntry};
use git_orc::io::git::objects::Objects;
use git_orc::io::git::refs::Refs;
use git_orc::io::git::repo::Repo;

use super::{ada, discover, id, signed};
use crate::harness::{TestEnvironment, rounds};

fn entry(text: &str) -> NewEntry {
    let author = git_orc::io::git::signature::Identity { name: "aider".to_owned(), email: "aider@orc".to_owned() };
    NewEntry {
        message: format!("{text}\n\nOrc-Entry: {{\"n\":\"{text}\"}}\n").into_bytes(),
        author,
        time: signed().time,
        files: Vec::new(),
    }
}

fn with_file(text: &str, path: &str, content: Option<&str>) -> NewEntry {
    let file = FileUpdate { path: RepoPath::from(path), content: content.map(|content| content.as_bytes().to_vec()) };
    NewEntry { files: vec![file], ..entry(text) }
}

fn ledger(repo: &Repo) -> LedgerRef {
    LedgerRef::new(repo, ada(), Durability::Full)
}

#[test]
fn entries_are_commits_that_stock_git_reads() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("r");
    let ledger = ledger(&discover(&environment, &repo));
    assert_eq!(ledger.tip().unwrap(), None);
    assert_eq!(ledger.append(&[]).unwrap(), []);
    let first = ledger.append(&[with_file("one", "runs/r/checkpoint.json", Some("{}")), entry("two")]).unwrap();
    let second = ledger.append(&[with_file("three", "runs/r/plan.yaml", Some("p"))]).unwrap();
    assert_eq!(ledger.tip().unwrap(), second.last().copied());
    let log = repo.git(&["log", "--reverse", "--format=%(trailers:key=Orc-Entry,valueonly,separator=)|%an|%cn|%ct", LEDGER_REF]);
    let line = |n: &str| format!("{{\"n\":\"{n}\"}}|aider|Ada Example|1767323045");
    assert_eq!(log, [line("one"), line("two"), line("three")].join("\n"));
    assert_eq!(repo.git(&["ls-tree", "-r", "--name-only", LEDGER_REF]), "format\nruns/r/checkpoint.json\nruns/r/plan.yaml");
    assert_eq!(repo.git(&["cat-file", "blob", "refs/orc/ledger:format"]), "1");
    let read = |at, path: &str| ledger.read_tree_file(at, &RepoPath::from(path)).unwrap();
    assert_eq!(read(first[0], "runs/r/checkpoint.json").as_deref(), Some(&b"{}"[..]));
    assert_eq!(read(first[1], "runs/r/plan.yaml"), None);
    assert_eq!(read(second[0], "runs/r"), None);
    repo.assert_sound();
}

#[test]
fn large_batches_are_packs_and_read_back_in_order() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("r");
    let ledger = ledger(&discover(&environment, &repo));
    let mut ids = Vec::new();
    for batch in 0..3 {
        let mut entries: Vec<_> = (0..100).map(|i| entry(&format!("{batch}-{i}"))).collect();
        entries.push(with_file("checkpoint", "runs/r/checkpoint.json", Some(&batch.to_string())));
        ids.extend(ledger.append(&entries).unwrap());
    }
    assert_eq!(repo.git(&["rev-list", "--count", LEDGER_REF]), "303");
    let counted = repo.git(&["count-objects", "-v"]);
    assert!(counted.contains("packs: 3"), "{counted}");
    let tip = ledger.tip().unwrap().unwrap();
    let all: Vec<_> = ledger.entries_since(tip, None).unwrap().into_iter().map(|commit| commit.id).collect();
    assert_eq!(all, ids);
    let some: Vec<_> = ledger.entries_since(tip, Some(ids[299])).unwrap().into_iter().map(|commit| commit.id).collect();
    assert_eq!(some, ids[300..]);
    assert!(ledger.entries_since(tip, Some(tip)).unwrap().is_empty());
    let mut seen = Vec::new();
    ledger
        .walk_back(tip, |commit| {
            seen.push(commit.id);
            if seen.len() == 5 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .unwrap();
    assert_eq!(seen, ids.iter().rev().take(5).copied().collect::<Vec<_>>());
    repo.assert_sound();
}

#[test]
fn writers_side_by_side_lose_nothing() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("r");
    let opened = discover(&environment, &repo);
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let ledger = LedgerRef::new(&opened, ada(), Durability::Relaxed);
            scope.spawn(move || {
                for i in 0..10 {
                    ledger.append(&[entry(&format!("{writer}-{i}"))]).unwrap();
                }
            });
        }
        // Somebody who knows nothing of our lock, as a fetch of the user would.
        scope.spawn(|| {
            let (refs, objects) = (Refs::new(&opened, Durability::Relaxed), Objects::open(&opened).unwrap());
            let mut done = 0;
            while done < 5 {
                let Some(tip) = refs.read(LEDGER_REF).unwrap() else { continue };
                let tree = objects.tree_of(tip).unwrap();
                let by = signed();
                let commit =
                    git_orc::io::git::objects::NewCommit { tree, parents: &[tip], author: &by, committer: &by, message: b"foreign\n" };
                let new = objects.write_commit(&commit).unwrap();
                done += usize::from(refs.update(LEDGER_REF, Some(tip), new, None).is_ok());
            }
        });
    });
    let subjects = repo.git(&["log", "--format=%s", LEDGER_REF]);
    let mut lines: Vec<_> = subjects.lines().filter(|line| *line != "foreign").collect();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines.len(), 40);
    assert_eq!(subjects.lines().count(), 45);
    assert_eq!(repo.git(&["rev-list", "--count", "--merges", LEDGER_REF]), "0");
}

#[test]
fn the_ledgers_of_two_clones_are_joined() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("r");
    let ours = ledger(&discover(&environment, &repo));
    ours.append(&[with_file("start", "runs/both/checkpoint.json", Some("0"))]).unwrap();
    repo.git(&["clone", "-q", ".", "../clone"]);
    let other = environment.open("clone");
    other.git(&["fetch", "-q", "origin", "refs/orc/ledger:refs/orc/ledger"]);
    let theirs = ledger(&discover(&environment, &other));
    theirs.append(&[with_file("t1", "runs/theirs/plan.yaml", Some("t")), with_file("t2", "runs/both/checkpoint.json", Some("2"))]).unwrap();

    let fetch = || {
        repo.git(&["fetch", "-q", "../clone", "+refs/orc/ledger:refs/orc/remote"]);
        id(&repo.git(&["rev-parse", "refs/orc/remote"]))
    };
    let remote = fetch();
    assert_eq!(ours.join(remote, &entry("join")).unwrap(), remote, "behind: nothing to write");
    ours.append(&[with_file("o1", "runs/ours/plan.yaml", Some("o")), with_file("o2", "runs/both/checkpoint.json", Some("1"))]).unwrap();
    assert_ne!(ours.join(remote, &entry("join")).unwrap(), remote, "ahead: nothing to write");
    theirs.append(&[with_file("t3", "runs/both/checkpoint.json", Some("3"))]).unwrap();
    let joined = ours.join(fetch(), &with_file("join", "runs/joined", Some("j"))).unwrap();

    assert_eq!(ours.tip().unwrap(), Some(joined));
    assert_eq!(repo.git(&["ls-tree", "-r", "--name-only", LEDGER_REF]), "format\nruns/joined\nruns/ours/plan.yaml\nruns/theirs/plan.yaml");
    let order: Vec<_> = ours.entries_since(joined, None).unwrap().into_iter().map(|c| String::from_utf8(c.message).unwrap()).collect();
    let order: Vec<_> = order.iter().map(|message| message.lines().next().unwrap()).collect();
    assert_eq!((order.len(), order[0], order[6]), (7, "start", "join"));
    let at = |text| order.iter().position(|found| *found == text).unwrap();
    assert!(at("t1") < at("t2") && at("t2") < at("t3") && at("o1") < at("o2"));
    let mut back = Vec::new();
    ours.walk_back(joined, |commit| {
        back.push(commit.id);
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(back.len(), 7);
    repo.assert_sound();
}

#[test]
fn a_full_history_survives_packing_and_collection() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("r");
    let ledger = ledger(&discover(&environment, &repo));
    for i in 0..5 {
        ledger.append(&[entry(&i.to_string())]).unwrap();
        repo.git(&["gc", "-q", "--prune=now"]);
    }
    assert_eq!(repo.git(&["rev-list", "--count", LEDGER_REF]), "5");
    repo.assert_sound();
}

/// The variable that tells a started writer where to write.
const WRITE_TO: &str = "GIT_ORC_TEST_WRITE_TO";

#[test]
#[ignore = "the process that `killed_writers_lose_nothing` starts and kills"]
fn a_writer_that_will_be_killed() {
    let Some(path) = std::env::var_os(WRITE_TO) else { return };
    let vars = std::env::vars_os().collect::<Vec<_>>();
    let repo = Repo::discover(path.as_ref(), &GitEnv::new(vars).unwrap()).unwrap();
    Refs::new(&repo, Durability::Full).remove_stale_locks().unwrap();
    let ledger = ledger(&repo);
    for i in 0.. {
        let name = format!("{}-{i}", std::process::id());
        ledger.append(&[entry(&name), with_file(&format!("{name}+"), "runs/r/checkpoint.json", Some(&name))]).unwrap();
        println!("\nacknowledged {name}");
    }
}

#[test]
fn killed_writers_lose_nothing() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("r");
    let program = std::env::current_exe().unwrap();
    let mut acknowledged = Vec::new();
    for round in 0..u64::from(rounds(12)) {
        let mut command = environment.command(program.to_str().unwrap());
        command.args(["--ignored", "--exact", "git::ledger::a_writer_that_will_be_killed", "--nocapture"]).env(WRITE_TO, repo.path());
        let mut writer = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(writer.stdout.take().unwrap());
        let mut output = String::new();
        while !output.contains("acknowledged ") && stdout.read_line(&mut output).unwrap() > 0 {}
        std::thread::sleep(std::time::Duration::from_micros(round * 7_919 % 37_000));
        writer.kill().unwrap();
        stdout.read_to_string(&mut output).unwrap();
        writer.wait().unwrap();
        acknowledged.extend(output.lines().filter_map(|line| Some(line.strip_prefix("acknowledged ")?.to_owned())));
    }
    let opened = discover(&environment, &repo);
    Refs::new(&opened, Durability::Full).remove_stale_locks().unwrap();
    ledger(&opened).append(&[entry("last")]).unwrap();
    let log = repo.git(&["log", "--format=%s", LEDGER_REF]);
    let mut written: Vec<_> = log.lines().collect();
    let all = written.len();
    written.sort_unstable();
    written.dedup();
    assert_eq!(written.len(), all, "an entry is there twice");
    assert_eq!(all % 2, 1, "half of a batch is there");
    assert!(acknowledged.len() > 3, "the writers did not get far enough to test anything");
    for name in &acknowledged {
        assert!(written.binary_search(&name.as_str()).is_ok(), "{name} is lost");
    }
    repo.assert_sound();
}

#[test]
#[ignore = "measures: 1,000 durable entries in batches of 1, 10, 100 and 1,000, and reads them back"]
fn a_thousand_entries_timed() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("r");
    let opened = discover(&environment, &repo);
    let ledger = ledger(&opened);
    for size in [1, 10, 100, 1000] {
        let started = std::time::Instant::now();
        for batch in 0..1000 / size {
            let entries: Vec<_> = (0..size).map(|i| entry(&format!("entry {size} {batch} {i} {}", "x".repeat(300)))).collect();
            ledger.append(&entries).unwrap();
        }
        let took = started.elapsed();
        println!("batches of {size}: {:.3} ms an entry, {:.2} ms a batch", took.as_secs_f64(), took.as_secs_f64() * size as f64);
    }
    let started = std::time::Instant::now();
    let read = ledger.entries_since(ledger.tip().unwrap().unwrap(), None).unwrap().len();
    println!("read back {read}: {:.1} us an entry", started.elapsed().as_secs_f64() * 1e6 / read as f64);
    repo.assert_sound();
}
