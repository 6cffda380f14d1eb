//! A garbage collection takes what is kept elsewhere, records it, and leaves every patch that was not merged.

use std::time::Duration;

use super::toured;
use crate::harness::{TestEnvironment, TestRepo};

fn refs(repo: &TestRepo<'_>, below: &str) -> Vec<String> {
    repo.git(&["for-each-ref", "--format=%(refname)", below]).lines().map(str::to_owned).collect()
}

fn run_of(repo: &TestRepo<'_>) -> String {
    repo.git(&["ls-tree", "--name-only", "refs/orc/ledger:runs"])
}

#[test]
fn what_is_kept_elsewhere_goes_and_every_patch_stays() {
    let environment = TestEnvironment::new();
    let repo = toured(&environment);
    let (run, before) = (run_of(&repo), repo.fingerprint("orc/tour"));
    let folder = repo.git_dir().join("orc/runs").join(&run);
    let patches: Vec<String> = repo.ledger().of_kind("patch_created").iter().map(|e| e["commit"].as_str().unwrap().to_owned()).collect();
    let all = repo.git(&["for-each-ref"]);
    let told = repo.orc(&["gc", "--keep", "0", "--dry-run", "--json"]).expect_code(0).json();
    assert_eq!((&told["dry_run"], told["taken"].as_array().unwrap().len()), (&true.into(), 1), "{told:#}");
    assert_eq!((repo.git(&["for-each-ref"]), folder.join("execution.jsonl").exists()), (all, true), "a dry run touches nothing");
    for spared in [&["gc"][..], &["gc", "--older-than", "1h"], &["gc", "--keep", "1"]] {
        let outcome = repo.orc(spared).expect_code(0);
        assert!(folder.exists() && outcome.stdout.contains(&format!("run {} (tour)", run.to_uppercase())), "{outcome:#?}");
    }
    let outcome = repo.orc(&["gc", "--keep", "0"]).expect_code(0);
    assert!(outcome.stdout.contains("taken away") && outcome.stdout.contains("refs/orc/quarantine/"), "{}", outcome.stdout);
    assert!(!folder.exists() && repo.git_dir().join("orc").exists());
    assert_eq!(refs(&repo, "refs/orc/merged"), [format!("refs/orc/merged/{run}")]);
    assert!(refs(&repo, &format!("refs/orc/ws/{run}/ws-a")).is_empty());
    let told = repo.ledger();
    let collected = told.of_kind("garbage_collected");
    assert!(
        collected.len() == 1 && collected[0]["bytes"].as_u64().unwrap() > 0 && !collected[0]["refs"].as_array().unwrap().is_empty(),
        "{collected:?}"
    );
    repo.orc(&["verify", "--strict"]).expect_code(0);
    repo.assert_untouched(&before);
    // Not even without the branch does a patch go.
    repo.git(&["branch", "-D", "orc/tour"]);
    repo.git(&["gc", "--quiet", "--prune=now"]);
    for patch in &patches {
        repo.git(&["cat-file", "-e", &format!("{patch}^{{tree}}")]);
    }
    repo.assert_sound();
    repo.orc(&["verify"]).expect_code(0);
    let again = repo.orc(&["gc", "--keep", "0", "--json"]).expect_code(0).json();
    assert!(again["taken"].as_array().unwrap().is_empty(), "{again:#}");
    assert_eq!(repo.ledger().of_kind("garbage_collected").len(), 1);
    for reader in [&["log"][..], &["show", "ws-a"], &["status"], &["list"]] {
        repo.orc(reader).expect_code(0);
    }
    repo.orc(&["doctor"]).expect_code(0);
}

#[test]
fn a_patch_goes_only_by_name_and_with_a_reason() {
    let environment = TestEnvironment::new();
    let repo = toured(&environment);
    let told = repo.ledger();
    let aside = told.of_kind("patch_quarantined")[0];
    let (patch, commit) = (aside["patch"].as_str().unwrap(), aside["commit"].as_str().unwrap());
    let merged = told.of_kind("patch_merged")[0]["patch"].as_str().unwrap();
    repo.orc(&["gc", "--drop", patch]).expect_code(129);
    repo.orc(&["gc", "--drop", patch, "--reason", "x", "--keep", "1"]).expect_code(129);
    let refused = repo.orc(&["gc", "--drop", merged, "--reason", "x"]).expect_code(128);
    assert!(refused.stderr.contains("is merged") && refused.stderr.contains("hint: "), "{}", refused.stderr);
    assert!(repo.orc(&["gc", "--drop", "ws-a", "--reason", "x"]).expect_code(128).stderr.contains("is no patch"));
    let all = repo.git(&["for-each-ref"]);
    repo.orc(&["gc", "--drop", patch, "--reason", "not wanted", "--dry-run"]).expect_code(0);
    assert_eq!(repo.git(&["for-each-ref"]), all);
    let outcome = repo.orc(&["gc", "--drop", patch, "--reason", "not wanted"]).expect_code(0);
    assert!(outcome.stdout.contains("given up: not wanted"), "{}", outcome.stdout);
    repo.git(&["gc", "--quiet", "--prune=now"]);
    assert!(!repo.try_git(&["cat-file", "-e", commit]).status.success(), "nothing keeps it any more");
    repo.assert_sound();
    repo.orc(&["verify", "--strict"]).expect_code(0);
    let entry = repo.ledger();
    assert_eq!(entry.of_kind("garbage_collected")[0]["dropped"][0]["reason"], "not wanted");
}

#[test]
fn runs_with_a_driver_open_runs_and_unrecorded_work_are_left() {
    let environment = TestEnvironment::new();
    let repo = toured(&environment);
    let run = run_of(&repo);
    let path = environment.root().join("project.orc").join(&run).join("ws-a");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    repo.git(&["worktree", "add", "--quiet", "--detach", path.to_str().unwrap(), &format!("refs/orc/ws/{run}/ws-a")]);
    std::fs::write(path.join("a/precious.txt"), "not recorded\n").unwrap();
    repo.write(".git/orc/runs/somebody/notes.txt", "not ours\n");
    let plan = environment.root().join("slow.yaml");
    std::fs::write(&plan, "version: 1\nname: slow\nworkstreams:\n  - {id: a, files_scope: [a], tool: command, command: [sh, -c, 'echo >$HOME/up; sleep 60']}\n").unwrap();
    let driver = repo.start_orc(&["run", plan.to_str().unwrap()]);
    while !environment.home().join("up").exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let outcome = repo.orc(&["gc", "--keep", "0"]).expect_code(0);
    for text in ["precious.txt", "it is running", "somebody", "(slow)"] {
        assert!(outcome.stdout.contains(text), "no `{text}` in {}", outcome.stdout);
    }
    assert!(path.join("a/precious.txt").exists() && repo.git_dir().join("orc/runs/somebody/notes.txt").exists());
    driver.kill();
    repo.orc(&["gc", "--keep", "0"]).expect_code(0);
    let status = repo.orc(&["status", "slow", "--json"]).expect_code(0).json();
    let slow = status["run"].as_str().unwrap().to_lowercase();
    assert!(repo.git_dir().join("orc/runs").join(slow).exists(), "a run that can be resumed keeps everything");
}

#[test]
fn loose_objects_of_the_ledger_become_a_pack_and_the_users_settings_stay() {
    let environment = TestEnvironment::new();
    let repo = toured(&environment);
    let before = repo.fingerprint("orc/tour");
    let loose =
        |repo: &TestRepo<'_>| repo.git(&["rev-list", "--objects", "--no-object-names", "--unpacked", "refs/orc/ledger"]).lines().count();
    assert!(loose(&repo) > 50);
    assert_eq!(repo.orc(&["gc", "--json"]).expect_code(0).json()["packed_objects"], 0, "so few are left as they are");
    let document = repo.orc(&["gc", "--pack", "--json"]).expect_code(0).json();
    assert!(document["packed_objects"].as_u64().unwrap() > 50, "{document}");
    assert_eq!(loose(&repo), 0);
    repo.assert_sound();
    repo.assert_untouched(&before);
    repo.orc(&["verify", "--strict"]).expect_code(0);
}
