//! The doctor names what is broken, mends what is git-orc's own, and touches nothing of the user's.

use std::path::Path;
use std::time::{Duration, SystemTime};

use super::surgery::Chain;
use super::{copy, toured};
use crate::harness::{Running, TestEnvironment, TestRepo};

/// Returns the health of a check, `-` when it was not made.
fn health(repo: &TestRepo<'_>, arguments: &[&str], check: &str) -> String {
    let document = repo.orc(&[&["doctor", "--json"], arguments].concat()).json();
    let found = document["checks"].as_array().unwrap().iter().find(|one| one["check"] == check);
    found.map_or_else(|| "-".to_owned(), |one| one["health"].as_str().unwrap().to_owned())
}

/// Everything in the git directory and below the worktrees' root: paths, sizes, times.
fn everything(environment: &TestEnvironment) -> String {
    let list = ["project", "project.orc", "-printf", "%p %s %T@ %y\\n"];
    environment
        .run("find", &list)
        .stdout
        .lines()
        .map(str::to_owned)
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect::<Vec<_>>()
        .join("\n")
}

fn make_old(path: &Path) {
    let file = std::fs::File::options().append(true).open(path).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(3600)).unwrap();
}

#[test]
fn a_healthy_repository_is_well_and_nothing_is_touched() {
    let environment = TestEnvironment::new();
    let repo = toured(&environment);
    let before = everything(&environment);
    let outcome = repo.orc(&["doctor"]).expect_code(0);
    assert!(outcome.stderr.is_empty() && outcome.stdout.starts_with("check"), "{outcome:#?}");
    assert_eq!(everything(&environment), before, "looking changes nothing");
    for check in
        ["git", "repository", "identity", "durability", "hooks", "tools", "refs", "locks", "ledger", "runs", "worktrees", "processes"]
    {
        assert_eq!(health(&repo, &[], check), "ok", "{check}: {}", outcome.stdout);
    }
    for check in ["disk", "file system", "sandbox"] {
        assert_ne!(health(&repo, &[], check), "-", "{check}");
    }
    let refs = repo.git(&["for-each-ref"]);
    let document = repo.orc(&["doctor", "--repair", "--json"]).expect_code(0).json();
    assert_eq!((&document["schema_version"], document["done"].as_array().unwrap().len()), (&1.into(), 0), "{document}");
    assert_eq!(repo.git(&["for-each-ref"]), refs);
}

#[test]
#[ignore = "mends fifteen repositories, with a garbage collection in each"]
fn empty_and_torn_refs_of_ours_are_mended_and_git_works_again() {
    let environment = TestEnvironment::new();
    let original = toured(&environment);
    environment.run("git", &["clone", "--quiet", "--bare", "project", "other.git"]).expect_code(0);
    let run = original.git(&["ls-tree", "--name-only", "refs/orc/ledger:runs"]);
    let refs = original.git(&["for-each-ref", "--format=%(refname) %(objectname)", "refs/orc", "refs/heads"]);
    let quarantined = original.git(&["for-each-ref", "--format=%(refname)", "refs/orc/quarantine"]);
    let own = format!("refs/orc/ws/{run}/ws-a");
    for name in ["refs/orc/ledger", "refs/notes/orc", &own, quarantined.lines().next().unwrap(), "refs/orc/unknown"] {
        for content in ["", "0123456789abcdef", "0123456789abcdef0123456789abcdef01234567\n"] {
            let repo = copy(&environment, &original, "copy");
            repo.git(&["pack-refs", "--all"]);
            repo.write(&format!(".git/{name}"), content);
            if content.len() < 40 {
                assert!(!repo.try_git(&["gc", "--quiet"]).status.success(), "{name} with {content:?} does not disturb git");
            }
            let before = repo.fingerprint("orc/tour");
            assert_eq!(health(&repo, &[], "refs"), "problem", "{name} {content:?}");
            let outcome = repo.orc(&["doctor", "--repair"]).expect_code(0);
            assert!(outcome.stdout.contains(name), "{name} {content:?}: {}", outcome.stdout);
            repo.assert_untouched(&before);
            // What was recorded is back as it was; the ledger itself has an entry more.
            let after = repo.git(&["for-each-ref", "--format=%(refname) %(objectname)", "refs/orc", "refs/heads"]);
            let steady =
                |text: &str| text.lines().filter(|line| !line.starts_with("refs/orc/ledger")).map(str::to_owned).collect::<Vec<_>>();
            assert_eq!(steady(&after), steady(&refs), "{name} {content:?}");
            repo.assert_sound();
            for command in [&["gc", "--quiet", "--prune=now"][..], &["fetch", "--quiet", "../other.git"], &["fsck", "--strict"]] {
                let outcome = repo.try_git(command);
                assert!(outcome.status.success(), "{name} {content:?}: {outcome:#?}");
            }
            repo.orc(&["verify", "--strict"]).expect_code(0);
            let again = repo.orc(&["doctor", "--repair", "--json"]).expect_code(0).json();
            assert_eq!(again["done"].as_array().unwrap().len(), 0, "{name} {content:?}: {again}");
        }
    }
}

#[test]
fn a_ledger_that_is_gone_set_back_or_unremembered_is_brought_back() {
    let environment = TestEnvironment::new();
    let original = toured(&environment);
    let tip = original.git(&["rev-parse", "refs/orc/ledger"]);
    let check = |name: &str, deed: &dyn Fn(&TestRepo<'_>)| {
        let repo = copy(&environment, &original, "copy");
        deed(&repo);
        assert_eq!(health(&repo, &[], "ledger"), "problem", "{name}");
        repo.orc(&["doctor", "--repair"]).expect_code(0);
        repo.git(&["merge-base", "--is-ancestor", &tip, "refs/orc/ledger"]);
        repo.orc(&["verify", "--strict"]).expect_code(0);
    };
    check("deleted", &|repo| drop(repo.git(&["update-ref", "-d", "refs/orc/ledger"])));
    check("set back", &|repo| drop(repo.git(&["update-ref", "refs/orc/ledger", "refs/orc/ledger~7"])));
    // The remembered tip is behind, as after a loss of power: the newest entry is found among the objects.
    check("empty, and the remembered tip is old", &|repo| {
        repo.write(".git/orc/ledger-tip", repo.git(&["rev-parse", "refs/orc/ledger~4"]) + "\n");
        repo.write(".git/refs/orc/ledger", "");
    });
    check("empty, and nothing is remembered", &|repo| {
        repo.write(".git/orc/ledger-tip", "");
        repo.write(".git/refs/orc/ledger", "");
    });
    // Another history in its place is named and left as it is: nobody but its owner can say which one is meant.
    let repo = copy(&environment, &original, "copy");
    let mut chain = Chain::read(&repo);
    let last = chain.0.pop().unwrap();
    chain.0.push(last.replace("\nauthor ", "\nauthor X"));
    chain.install(&repo);
    let other = repo.git(&["rev-parse", "refs/orc/ledger"]);
    let outcome = repo.orc(&["doctor", "--repair"]).expect_code(1);
    assert!(outcome.stdout.contains("does not hold"), "{}", outcome.stdout);
    assert_eq!(repo.git(&["rev-parse", "refs/orc/ledger"]), other);
}

#[test]
fn locks_and_refs_of_the_user_are_named_and_never_touched() {
    let environment = TestEnvironment::new();
    let repo = toured(&environment);
    let run = repo.git(&["ls-tree", "--name-only", "refs/orc/ledger:runs"]);
    let theirs = ["index.lock", "HEAD.lock", "packed-refs.lock", "config.lock", "refs/heads/main.lock"];
    let ours = ["refs/orc/ledger.lock", &format!("refs/orc/ws/{run}/ws-a.lock")];
    for name in theirs.iter().chain(&ours) {
        repo.write(&format!(".git/{name}"), "");
    }
    repo.write(".git/refs/heads/torn", "");
    let outcome = repo.orc(&["doctor"]).expect_code(1);
    for name in theirs.iter().take(4).chain(&ours) {
        assert!(outcome.stdout.contains(name), "{name} is not named: {}", outcome.stdout);
    }
    assert!(outcome.stdout.contains("refs/heads/torn is empty") && outcome.stdout.contains("rm "), "{}", outcome.stdout);
    // Too young to be forgotten.
    repo.orc(&["doctor", "--repair"]).expect_code(1);
    for name in &ours {
        make_old(&repo.git_dir().join(name));
    }
    repo.orc(&["doctor", "--repair"]).expect_code(1);
    for name in &ours {
        assert!(!repo.git_dir().join(name).exists(), "{name}");
    }
    for name in theirs.iter().chain(&["refs/heads/torn"]) {
        assert!(repo.git_dir().join(name).exists(), "{name} was taken");
        std::fs::remove_file(repo.git_dir().join(name)).unwrap();
    }
    repo.orc(&["doctor"]).expect_code(0);
    repo.assert_sound();
}

#[test]
fn what_a_run_left_behind_goes_when_it_is_recorded_and_stays_when_it_is_not() {
    let environment = TestEnvironment::new();
    let repo = toured(&environment);
    let document = repo.orc(&["status", "--json"]).json();
    let run = document["run"].as_str().unwrap().to_lowercase();
    let root = environment.root().join("project.orc");
    let tip = repo.git(&["rev-parse", &format!("refs/orc/ws/{run}/ws-a")]);
    for name in ["ws-a", "ws-b"] {
        let path = root.join(&run).join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        repo.git(&[
            "worktree",
            "add",
            "--quiet",
            "--detach",
            path.to_str().unwrap(),
            &repo.git(&["rev-parse", &format!("refs/orc/ws/{run}/{name}")]),
        ]);
    }
    std::fs::write(root.join(&run).join("ws-b/b/precious.txt"), "not recorded\n").unwrap();
    std::fs::create_dir_all(root.join(".trash/orc-old.0")).unwrap();
    let mut sleeper = repo.command("sleep");
    sleeper.arg("120").env("ORC_RUN", document["run"].as_str().unwrap());
    let mut sleeper = Running::start(&mut sleeper);
    let before = everything(&environment);
    assert_eq!((health(&repo, &[], "worktrees"), health(&repo, &[], "processes")), ("warning".to_owned(), "problem".to_owned()));
    assert_eq!(everything(&environment), before);
    let outcome = repo.orc(&["doctor", "--repair"]).expect_code(0);
    assert!(outcome.stdout.contains("kept the worktree") && outcome.stdout.contains("precious.txt"), "{}", outcome.stdout);
    assert!(!sleeper.is_running() && !root.join(&run).join("ws-a").exists() && !root.join(".trash").exists());
    assert!(root.join(&run).join("ws-b/b/precious.txt").exists());
    assert_eq!(repo.git(&["rev-parse", &format!("refs/orc/ws/{run}/ws-a")]), tip);
    let told = repo.ledger();
    let mended = told.of_kind("run_mended");
    assert!(
        mended.len() == 1 && mended[0]["done"].to_string().contains("ws-a") && mended[0]["done"].to_string().contains("process"),
        "{mended:?}"
    );
    repo.orc(&["verify", "--strict"]).expect_code(0);
    repo.orc(&["log"]).expect_code(0);
}

#[test]
fn a_run_that_nobody_drives_and_places_that_can_not_be_served_are_named() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("project");
    let plan = environment.root().join("slow.yaml");
    std::fs::write(&plan, "version: 1\nname: slow\nworkstreams:\n  - {id: a, files_scope: [a], tool: command, command: [sh, -c, 'echo $$ >$HOME/up; sleep 60']}\n").unwrap();
    let driver = repo.start_orc(&["run", plan.to_str().unwrap()]);
    while !environment.home().join("up").exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(health(&repo, &[], "runs"), "ok");
    let meanwhile = repo.orc(&["doctor", "--repair"]);
    assert!(meanwhile.stdout.contains("drives a run"), "{meanwhile:#?}");
    driver.kill();
    let outcome = repo.orc(&["doctor"]);
    assert!(outcome.stdout.contains("git orc resume "), "{}", outcome.stdout);
    repo.orc(&["doctor", "--repair"]).expect_code(0);
    for (name, options) in [("tables", &["--ref-format=reftable"][..]), ("long", &["--object-format=sha256"])] {
        if environment.run("git", &[&["init", "--quiet"], options, &[name]].concat()).status.success() {
            let outcome = environment.open(name).orc(&["doctor"]).expect_code(1);
            assert!(outcome.stdout.contains("not supported yet"), "{}", outcome.stdout);
        }
    }
    let nowhere = environment.run("git-orc", &["doctor"]).expect_code(1);
    assert!(nowhere.stdout.contains("is not inside a git repository"), "{}", nowhere.stdout);
}
