//! Others in the same repository: a second run, a second driver, and a user who goes on working.

use std::time::{Duration, Instant};

use super::{assert_sound, plan, project};
use crate::harness::{TestEnvironment, TestRepo};

/// A plan with four slow workstreams in two waves; `{name}` is the plan's name and the name of the files it makes.
fn slow(name: &str, target: &str) -> String {
    let workstream = |id: &str, folder: &str, more: &str| {
        format!(
            "  - id: {id}\n    files_scope: [{folder}/**]\n    tool: command\n    command: [sh, -c, 'sleep 0.3; echo {name} >{folder}/{name}.txt']\n{more}"
        )
    };
    let all = [
        workstream("one", "a", ""),
        workstream("two", "b", ""),
        workstream("three", "c", "    depends_on: [one]\n"),
        workstream("four", "d", "    depends_on: [two]\n"),
    ];
    format!("version: 1\nname: {name}\ntarget: {target}\nmax_workers: 2\nworkstreams:\n{}", all.concat())
}

fn assert_holds(repo: &TestRepo<'_>, target: &str, name: &str) {
    for folder in ["a", "b", "c", "d"] {
        assert_eq!(repo.git(&["show", &format!("{target}:{folder}/{name}.txt")]), name);
    }
}

#[test]
fn two_runs_at_once_do_not_disturb_each_other() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let plans = ["left", "right"].map(|name| plan(&environment, &format!("{name}.yaml"), &slow(name, &format!("orc/{name}"))));
    let running: Vec<_> = plans.iter().map(|plan| repo.start_orc(&["run", plan, "--json"])).collect();
    for one in running {
        let outcome = one.finish().expect_code(0);
        assert_eq!(outcome.json()["state"], "completed");
        assert!(!outcome.stderr.contains("error"), "{}", outcome.stderr);
    }
    for name in ["left", "right"] {
        assert_holds(&repo, &format!("orc/{name}"), name);
    }
    assert_sound(&environment, &repo);
}

#[test]
fn two_runs_onto_one_branch_lose_nothing() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let plans = ["left", "right"].map(|name| plan(&environment, &format!("{name}.yaml"), &slow(name, "orc/both")));
    let running: Vec<_> = plans.iter().map(|plan| repo.start_orc(&["run", plan, "--json"])).collect();
    for one in running {
        assert_eq!(one.finish().expect_code(0).json()["state"], "completed");
    }
    for name in ["left", "right"] {
        assert_holds(&repo, "orc/both", name);
    }
    let merges = repo.git(&["log", "--first-parent", "--merges", "--format=%s", "orc/both"]);
    assert_eq!(merges.lines().count(), 8, "{merges}");
    assert_sound(&environment, &repo);
}

#[test]
fn a_second_driver_of_one_run_is_refused() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let plan = plan(&environment, "left.yaml", &slow("left", "orc/left"));
    let running = repo.start_orc(&["run", &plan]);
    let start = Instant::now();
    while repo.try_git(&["rev-parse", "--verify", "--quiet", "refs/orc/ledger"]).code() != 0 {
        assert!(start.elapsed() < Duration::from_secs(30));
        std::thread::sleep(Duration::from_millis(10));
    }
    let refused = repo.orc(&["resume"]).expect_code(4);
    assert!(refused.stderr.contains("left") || refused.stderr.contains("run"), "{refused:#?}");
    let entries = repo.ledger().entries().len();
    running.finish().expect_code(0);
    assert!(repo.ledger().entries().len() > entries && repo.ledger().of_kind("run_resumed").is_empty());
    assert_holds(&repo, "orc/left", "left");
    assert_sound(&environment, &repo);
}

#[test]
fn a_user_works_on_while_a_run_goes_on() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    environment.run("git", &["clone", "--quiet", "project", "upstream"]).expect_code(0);
    let upstream = environment.open("upstream");
    repo.git(&["remote", "add", "upstream", upstream.path().to_str().unwrap()]);
    let plan = plan(&environment, "left.yaml", &slow("left", "orc/left").replace("sleep 0.3", "sleep 1.5"));
    let mut running = repo.start_orc(&["run", &plan, "--json"]);
    let mut commits = Vec::new();
    let mut rounds = 0;
    while running.is_running() {
        let n = rounds;
        rounds += 1;
        repo.write("mine.txt", format!("mine {n}\n"));
        commits.push(repo.commit(&format!("mine {n}")));
        upstream.write("theirs.txt", format!("theirs {n}\n"));
        commits.push(upstream.commit(&format!("theirs {n}")));
        // Not `--prune=now`: git itself warns that it may take what others are just writing.
        for command in [
            &["fetch", "--quiet", "upstream"][..],
            &["gc", "--quiet"],
            &["switch", "--quiet", "--create"],
            &["stash", "push", "--quiet", "--include-untracked"],
            &["switch", "--quiet", "main"],
            &["stash", "pop", "--quiet"],
            &["pack-refs", "--all"],
            &["repack", "-adq"],
            &["worktree", "prune"],
        ] {
            let branch = format!("topic-{n}");
            match command {
                ["switch", "--quiet", "--create"] => {
                    repo.git(&["switch", "--quiet", "--create", &branch]);
                    repo.write("loose.txt", "loose\n");
                }
                _ => drop(repo.git(command)),
            }
        }
        assert_eq!(repo.read("loose.txt"), "loose\n");
        std::fs::remove_file(repo.path().join("loose.txt")).unwrap();
    }
    assert!(rounds > 2, "the user did next to nothing meanwhile");
    let outcome = running.finish().expect_code(0);
    assert_eq!(outcome.json()["state"], "completed");
    assert!(!outcome.stderr.contains("error") && !outcome.stderr.contains("warning"), "{}", outcome.stderr);
    for commit in commits {
        repo.git(&["cat-file", "-e", &commit]);
    }
    assert_eq!(repo.git(&["log", "--format=%s", "main"]).lines().filter(|line| line.starts_with("mine ")).count(), rounds);
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
    assert_holds(&repo, "orc/left", "left");
    repo.git(&["gc", "--quiet", "--prune=now"]);
    for entry in repo.ledger().entries().iter().filter(|e| e["commit"].is_string()) {
        repo.git(&["cat-file", "-e", entry["commit"].as_str().unwrap()]);
    }
    assert_sound(&environment, &repo);
}
