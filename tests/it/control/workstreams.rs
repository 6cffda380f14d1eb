//! One workstream of a run that goes on: it waits, is stopped, goes on, begins anew, is left out, or somebody answers for it.

use std::time::Duration;

use super::{assert_sound, let_go, plan, project, shell, start, state_of, wait_for_entry, waiting};
use crate::harness::TestEnvironment;

const LIMIT: Duration = Duration::from_secs(40);

#[test]
fn one_waits_after_its_step_and_goes_on_where_it_stood() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let checks = "    static: [[sh, -c, 'grep -q done a/x.txt']]\n";
    let plan = plan(&environment, "", &[waiting("a", checks), waiting("b", "")]);
    let running = start(&environment, &repo, (&plan, &["a", "b"]));
    repo.orc(&["pause", "-w", "a", "--reason", "look first"]).expect_code(0);
    let_go(&environment, "a");
    wait_for_entry(&repo, |entry| entry["kind"] == "workstream_paused" && entry["workstream"] == "a");
    let shown = repo.orc(&["status"]).stdout;
    assert!(shown.contains("look first"), "{shown}");
    repo.orc(&["resume", "-w", "a", "--reason", "looks well"]).expect_code(0);
    wait_for_entry(&repo, |entry| entry["kind"] == "workstream_verified" && entry["workstream"] == "a");
    let_go(&environment, "b");
    let ended = running.finish_within(LIMIT).expect_code(0).json();
    assert_eq!(ended["state"], "completed");
    let edits = repo.ledger().of_kind("step_started").iter().filter(|step| step["workstream"] == "a" && step["step"] == "edit").count();
    assert_eq!(edits, 1, "its work was kept");
    assert_sound(&repo);
}

#[test]
fn one_that_waits_when_the_run_does_goes_on_where_it_stood_with_the_run() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let checks = "    static: [[sh, -c, 'grep -q done a/x.txt']]\n";
    let plan = plan(&environment, "", &[waiting("a", checks), waiting("b", "")]);
    let running = start(&environment, &repo, (&plan, &["a", "b"]));
    repo.orc(&["pause", "-w", "a", "--reason", "until tomorrow"]).expect_code(0);
    let_go(&environment, "a");
    let_go(&environment, "b");
    let ended = running.finish_within(LIMIT).expect_code(3).json();
    assert_eq!((state_of(&ended, "a"), state_of(&ended, "b")), ("paused".to_owned(), "merged".to_owned()));
    assert_eq!(repo.orc(&["resume", "--json"]).expect_code(0).json()["state"], "completed");
    let edits = repo.ledger().of_kind("step_started").iter().filter(|step| step["workstream"] == "a" && step["step"] == "edit").count();
    assert_eq!(edits, 1, "its work was kept");
    assert_sound(&repo);
}

#[test]
fn one_is_stopped_at_once_and_the_others_go_on() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let plan = plan(&environment, "", &[waiting("a", ""), waiting("b", "")]);
    let running = start(&environment, &repo, (&plan, &["a", "b"]));
    repo.orc(&["halt", "-w", "a", "--reason", "wrong direction"]).expect_code(0);
    wait_for_entry(&repo, |entry| entry["kind"] == "workstream_paused" && entry["workstream"] == "a");
    let cancelled = |entry: &serde_json::Value| entry["kind"] == "step_finished" && entry["outcome"] == "cancelled";
    assert_eq!(repo.ledger().entries().iter().filter(|entry| cancelled(entry)).count(), 1);
    assert_eq!(repo.ledger().of_kind("patch_created").len(), 1, "what it had done is kept");
    let_go(&environment, "b");
    let ended = running.finish_within(LIMIT).expect_code(3).json();
    assert_eq!((state_of(&ended, "a"), state_of(&ended, "b")), ("paused".to_owned(), "merged".to_owned()));
    // Without a driver it is recorded, and then the run is driven.
    let_go(&environment, "a");
    let resumed = repo.orc(&["resume", "-w", "a", "--reason", "as you were", "--json"]).expect_code(0).json();
    assert_eq!(resumed["state"], "completed");
    assert_sound(&repo);
}

#[test]
fn one_that_failed_begins_anew_behind_the_others_with_those_that_wait_for_it() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let fails = "test -e $HOME/a.ok || exit 1; echo done >a/x.txt";
    let head = "defaults: {retry: {max_attempts: 1}}";
    let after = shell("c", "    depends_on: [a]\n", "echo c >c/x.txt");
    let plan = plan(&environment, head, &[shell("a", "", fails), waiting("b", ""), after]);
    let running = start(&environment, &repo, (&plan, &["b"]));
    let failed = |entry: &serde_json::Value| matches!(entry["kind"].as_str(), Some("workstream_failed" | "workstream_paused"));
    wait_for_entry(&repo, failed);
    std::fs::write(environment.home().join("a.ok"), "").unwrap();
    repo.orc(&["retry", "-w", "a", "--reason", "the server is up again"]).expect_code(0);
    let_go(&environment, "b");
    let ended = running.finish_within(LIMIT).expect_code(0).json();
    assert_eq!(ended["state"], "completed");
    let attempts: Vec<u64> = repo
        .ledger()
        .of_kind("step_started")
        .iter()
        .filter(|step| step["workstream"] == "a" && step["step"] == "edit")
        .map(|step| step["attempt"].as_u64().unwrap())
        .collect();
    assert_eq!(attempts, (1..=u64::try_from(attempts.len()).unwrap()).collect::<Vec<_>>(), "attempts are numbered on");
    assert!(attempts.len() > 1);
    assert_sound(&repo);
}

#[test]
fn one_that_is_left_out_keeps_the_run_from_nothing_but_what_depends_on_it() {
    for (more, code, state) in [("", 0, "completed"), ("    depends_on: [b]\n", 1, "failed")] {
        let environment = TestEnvironment::new();
        let repo = project(&environment);
        let second = shell("b", "    depends_on: [a]\n", "echo b >b/x.txt");
        let plan = plan(&environment, "", &[waiting("a", ""), second, shell("c", more, "echo c >c/x.txt")]);
        let running = start(&environment, &repo, (&plan, &["a"]));
        repo.orc(&["skip", "-w", "b", "--reason", "not needed"]).expect_code(0);
        let_go(&environment, "a");
        let ended = running.finish_within(LIMIT).expect_code(code).json();
        assert_eq!((ended["state"].as_str(), state_of(&ended, "b").as_str()), (Some(state), "skipped"), "{ended:#}");
        assert_eq!(state_of(&ended, "c"), if code == 0 { "merged" } else { "blocked" });
        assert_sound(&repo);
    }
}

#[test]
fn a_person_answers_for_a_check_that_failed_and_it_is_told_everywhere() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let checks = "    static: [[sh, -c, 'echo no; exit 1']]\n    runtime: [[sh, -c, 'touch $HOME/ran']]\n";
    let head = "defaults: {circuit_breaker: {max_fix_iterations: {static: 0, runtime: 0}, on_exhausted: pause}}";
    let plan = plan(&environment, head, &[shell("a", checks, "echo a >a/x.txt"), waiting("b", "")]);
    let running = start(&environment, &repo, (&plan, &["b"]));
    wait_for_entry(&repo, |entry| entry["kind"] == "workstream_paused");
    let told = repo.orc(&["override", "-w", "a", "--reason", "the check is wrong", "--json"]).expect_code(0);
    assert!(told.stderr.contains("answers for"), "{}", told.stderr);
    let tip = told.json()["commit"].as_str().unwrap().to_owned();
    assert_eq!(told.json()["step"], "static");
    let_go(&environment, "b");
    let ended = running.finish_within(LIMIT).expect_code(0).json();
    assert_eq!(ended["state"], "completed");
    assert!(environment.home().join("ran").exists(), "the next check was made");
    assert!(ended["workstreams"].to_string().contains("the check is wrong"), "{ended:#}");
    assert!(repo.orc(&["show", "a"]).stdout.contains("the check is wrong"));
    assert!(repo.orc(&["log"]).stdout.contains("override a"));
    let notes = repo.git(&["log", "--notes=orc", "--format=%N", "orc/tour"]);
    assert!(notes.contains(&format!("Orc-Override: static on {} overridden by", &tip[..10])), "{notes}");
    assert_sound(&repo);
}

#[test]
fn one_that_is_blocked_goes_on_without_what_it_waits_for() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let head = "defaults: {retry: {max_attempts: 1}, circuit_breaker: {on_exhausted: pause}}";
    let after = shell("c", "    depends_on: [a]\n", "echo c >c/x.txt");
    let plan = plan(&environment, head, &[shell("a", "", "exit 1"), after]);
    repo.orc(&["run", &plan]).expect_code(3);
    repo.orc(&["override", "-w", "c", "--reason", "it needs nothing of it"]).expect_code(0);
    repo.orc(&["skip", "-w", "a", "--reason", "done by hand"]).expect_code(0);
    let resumed = repo.orc(&["resume", "--json"]).expect_code(0).json();
    assert_eq!((state_of(&resumed, "a"), state_of(&resumed, "c")), ("skipped".to_owned(), "merged".to_owned()));
    assert_sound(&repo);
}
