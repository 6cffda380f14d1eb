//! A run as a whole: it waits, stops at once, and goes on.

use std::time::{Duration, Instant};

use git_orc::domain::ledger::codec::from_json;
use git_orc::domain::ledger::fold::fold;
use git_orc::domain::run::state::RunState;

use super::{assert_sound, let_go, plan, project, shell, start, state_of, wait_for_entry, waiting};
use crate::harness::{Running, TestEnvironment, TestRepo};

#[test]
fn a_run_that_is_paused_lets_what_is_under_way_end_and_starts_nothing_more() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let before = repo.fingerprint("orc/tour");
    let plan = plan(&environment, "", &[waiting("a", ""), waiting("b", "    depends_on: [a]\n")]);
    let running = start(&environment, &repo, (&plan, &["a"]));
    let told = repo.orc(&["pause", "--reason", "the server is down", "--json"]).expect_code(0).json();
    assert_eq!((told["verb"].as_str(), told["reason"].as_str()), (Some("pause"), Some("the server is down")));
    assert!(told["driver"].is_number(), "{told}");
    let status = repo.orc(&["status"]).stdout;
    assert!(status.contains("the server is down"), "{status}");
    let_go(&environment, "a");
    let ended = running.finish_within(Duration::from_secs(30)).expect_code(3).json();
    assert_eq!(ended["state"], "paused");
    assert!(ended["reason"].as_str().unwrap().contains("the server is down"), "{ended}");
    assert!(!environment.home().join("b.up").exists(), "b was started");
    let ledger = repo.ledger();
    assert!(ledger.of_kind("step_finished").iter().all(|step| step["outcome"] == "passed"), "what was under way came to its end");
    let control = ledger.of_kind("controlled");
    assert_eq!((control.len(), control[0]["verb"].as_str()), (1, Some("pause")));
    let log = repo.git(&["log", "--format=%an|%s", "refs/orc/ledger"]);
    let me = repo.git(&["config", "user.name"]);
    assert!(log.lines().any(|line| line == format!("{me}|controlled: pause the run: the server is down")), "{log}");
    assert!(repo.orc(&["status"]).stdout.contains("the server is down"));
    let_go(&environment, "b");
    let resumed = repo.orc(&["resume", "--json"]).expect_code(0).json();
    assert_eq!(resumed["state"], "completed");
    repo.assert_untouched(&before);
    assert_sound(&repo);
}

#[test]
fn a_run_that_is_halted_stops_at_once_and_keeps_what_was_done() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let plan = plan(&environment, "", &[waiting("a", ""), waiting("b", "")]);
    let running = start(&environment, &repo, (&plan, &["a", "b"]));
    let asked = Instant::now();
    repo.orc(&["halt", "tour", "--reason", "it spends too much"]).expect_code(0);
    let ended = running.finish_within(Duration::from_secs(30)).expect_code(3).json();
    assert!(asked.elapsed() < Duration::from_secs(20), "{:?}", asked.elapsed());
    assert_eq!(ended["state"], "halted");
    assert!(ended["reason"].as_str().unwrap().contains("it spends too much"), "{ended}");
    let ledger = repo.ledger();
    assert_eq!(ledger.of_kind("step_finished").iter().filter(|step| step["outcome"] == "cancelled").count(), 2);
    assert_eq!(ledger.of_kind("patch_created").len(), 2, "what the tools had done is kept");
    assert_eq!(ledger.of_kind("run_halted").len(), 1);
    let_go(&environment, "a");
    let_go(&environment, "b");
    let resumed = repo.orc(&["resume", "--json"]).expect_code(0).json();
    assert_eq!((state_of(&resumed, "a"), state_of(&resumed, "b")), ("merged".to_owned(), "merged".to_owned()));
    assert_sound(&repo);
}

#[test]
fn what_was_told_is_taken_back_by_a_resume_with_a_reason() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let plan = plan(&environment, "", &[waiting("a", "")]);
    let running = start(&environment, &repo, (&plan, &["a"]));
    repo.orc(&["pause", "--reason", "wait"]).expect_code(0);
    repo.orc(&["resume", "--reason", "no need to"]).expect_code(0);
    let_go(&environment, "a");
    assert_eq!(running.finish_within(Duration::from_secs(30)).expect_code(0).json()["state"], "completed");
    assert_sound(&repo);
}

#[test]
fn many_who_speak_at_once_are_all_heard() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let all: Vec<String> = ["a", "b", "c"].iter().map(|id| waiting(id, "")).collect();
    let plan = plan(&environment, "max_workers: 3", &all);
    let running = start(&environment, &repo, (&plan, &["a", "b", "c"]));
    let told: Vec<_> = ["a", "b", "c"].iter().map(|id| repo.start_orc(&["pause", "-w", id, "--reason", "look"])).collect();
    for one in told {
        one.finish().expect_code(0);
    }
    ["a", "b", "c"].iter().for_each(|id| let_go(&environment, id));
    let ended = running.finish_within(Duration::from_secs(30)).expect_code(3).json();
    for id in ["a", "b", "c"] {
        assert_eq!(state_of(&ended, id), "paused");
    }
    // What the driver believed in the end is what the entries say, in their order.
    let run = ended["run"].as_str().unwrap().to_lowercase();
    let checkpoint = repo.git(&["show", &format!("refs/orc/ledger:runs/{run}/checkpoint.json")]);
    let believed: RunState = serde_json::from_str(&checkpoint).unwrap();
    let ledger = repo.ledger();
    let entries: Vec<_> = ledger.entries().iter().map(|entry| from_json(&entry.to_string()).unwrap()).collect();
    let known = entries.iter().position(|entry| Some(entry.id) == believed.last).unwrap();
    assert_eq!(fold(RunState::new(believed.run), &entries[..=known]).unwrap(), believed);
    assert_eq!(believed.control.count, 3);
    let rounds: Vec<u64> = repo.ledger().of_kind("controlled").iter().map(|one| one["round"].as_u64().unwrap()).collect();
    assert_eq!(rounds, [0, 1, 2]);
    assert_sound(&repo);
}

/// A workstream whose tool fails until a person has mended what it needs.
fn broken(id: &str, more: &str) -> String {
    let line = format!("test -e $HOME/{id}.mended && echo done >{id}/x.txt");
    shell(id, &format!("    retry: {{max_attempts: 1}}\n{more}"), &line)
}

fn mend(environment: &TestEnvironment, id: &str) {
    std::fs::write(environment.home().join(format!("{id}.mended")), "").unwrap();
}

/// Starts a run in which `a` waits for a person while `c` is at work, and the turn of `b`, which depends on `a`, has not come.
fn until_a_person_is_needed(environment: &TestEnvironment, repo: &TestRepo<'_>) -> Running {
    let all = [broken("a", "    circuit_breaker: {on_exhausted: pause}\n"), waiting("c", ""), waiting("b", "    depends_on: [a]\n")];
    let plan = plan(environment, "max_workers: 2", &all);
    let running = start(environment, repo, (&plan, &["c"]));
    wait_for_entry(repo, |entry| entry["kind"] == "workstream_paused");
    running
}

#[test]
fn what_depends_on_work_that_waited_for_a_person_does_not_come_before_it() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let running = until_a_person_is_needed(&environment, &repo);
    repo.orc(&["pause", "--reason", "mending it"]).expect_code(0);
    let_go(&environment, "c");
    assert_eq!(running.finish_within(Duration::from_secs(30)).expect_code(3).json()["state"], "paused");
    mend(&environment, "a");
    let_go(&environment, "b");
    let resumed = repo.orc(&["resume", "--json"]).expect_code(0).json();
    for id in ["a", "b", "c"] {
        assert_eq!(state_of(&resumed, id), "merged");
    }
    assert_sound(&repo);
}

#[test]
fn what_was_said_about_work_whose_turn_has_not_come_holds_when_its_turn_is_later() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let running = until_a_person_is_needed(&environment, &repo);
    repo.orc(&["pause", "-w", "b", "--reason", "not before Monday"]).expect_code(0);
    mend(&environment, "a");
    repo.orc(&["retry", "-w", "a", "--reason", "mended"]).expect_code(0);
    let_go(&environment, "c");
    let ended = running.finish_within(Duration::from_secs(30)).expect_code(3).json();
    let states = ["a", "b", "c"].map(|id| state_of(&ended, id));
    assert_eq!(states, ["merged", "paused", "merged"].map(str::to_owned), "{ended}");
    assert!(ended["reason"].as_str().unwrap().contains("not before Monday"), "{ended}");
    assert!(!environment.home().join("b.up").exists(), "it was started");
    assert_sound(&repo);
}

#[test]
fn what_is_critical_halts_the_run_as_soon_as_what_is_under_way_has_ended() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let critical = "    policies: [{cause: unmended, action: halt, notify: [all]}]\n";
    let after = "    depends_on: [c]\n";
    let plan = plan(&environment, "max_workers: 2", &[broken("a", critical), waiting("c", ""), waiting("b", after)]);
    let running = start(&environment, &repo, (&plan, &["c"]));
    wait_for_entry(&repo, |entry| entry["kind"] == "workstream_paused");
    let_go(&environment, "c");
    let_go(&environment, "b");
    let ended = running.finish_within(Duration::from_secs(30)).expect_code(3).json();
    assert_eq!(ended["state"], "halted");
    assert!(ended["reason"].as_str().unwrap().starts_with("a: "), "{ended}");
    assert!(!environment.home().join("b.up").exists(), "nothing more is started");
    assert_eq!(repo.ledger().of_kind("workstream_merged").len(), 0);
    mend(&environment, "a");
    let resumed = repo.orc(&["resume", "--json"]).expect_code(0).json();
    for id in ["a", "b", "c"] {
        assert_eq!(state_of(&resumed, id), "merged");
    }
    assert_eq!(repo.ledger().of_kind("step_started").iter().filter(|step| step["workstream"] == "c").count(), 1, "its work is kept");
    assert_sound(&repo);
}
