//! What is told to a run at the very moment at which somebody else records something about it.

use std::fs::File;
use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use git_orc::domain::id::{EntryId, RunId, WorkstreamId};
use git_orc::domain::ledger::codec;
use git_orc::domain::run::control::{Controlled, Verb};
use git_orc::domain::run::event::Event;
use git_orc::domain::run::state::RunState;

use super::{assert_sound, let_go, plan, project, shell, start, state_of, wait_for_entry, waiting};
use crate::harness::{Running, TestEnvironment, TestRepo};

/// Lets a run with two waves wait in the second: `a` is merged, `b` can not be made.
fn waits(environment: &TestEnvironment, repo: &TestRepo<'_>, head: &str) -> RunId {
    let head = format!("{head}defaults: {{retry: {{max_attempts: 1}}, circuit_breaker: {{on_exhausted: pause}}}}");
    let fails = shell("b", "    depends_on: [c]\n", "exit 1");
    let plan = plan(environment, &head, &[shell("a", "", "echo a >a/new.txt"), shell("c", "", "echo c >c/new.txt"), fails]);
    repo.orc(&["run", &plan]).expect_code(3);
    run_of(repo)
}

fn run_of(repo: &TestRepo<'_>) -> RunId {
    RunId::parse(repo.ledger().of_kind("run_planned")[0]["run"].as_str().unwrap()).unwrap()
}

/// Appends that a workstream was left out, as another process does that was a little faster.
fn skip_by_another(repo: &TestRepo<'_>, run: RunId, workstream: &str) {
    let control = Controlled {
        round: u32::try_from(repo.ledger().of_kind("controlled").len()).unwrap(),
        verb: Verb::Skip,
        workstream: Some(WorkstreamId::parse(workstream).unwrap()),
        reason: "not needed".to_owned(),
        who: "Ada Example <ada@example.org>".to_owned(),
        waves: Vec::new(),
        retry_of: None,
        step: None,
        on: None,
    };
    let entry = codec::entry(EntryId::new(ulid::Ulid::generate()), jiff::Timestamp::now(), run, Event::Controlled(control));
    let tip = repo.git(&["rev-parse", "refs/orc/ledger"]);
    let mut command = repo.command("git");
    let date = format!("@{} +0000", entry.ts.as_second());
    command.envs([("GIT_COMMITTER_NAME", "git-orc"), ("GIT_COMMITTER_DATE", &date), ("GIT_AUTHOR_DATE", &date)]);
    command.args(["commit-tree", "-p", &tip, &format!("{tip}^{{tree}}")]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(codec::to_message(&entry).unwrap().as_bytes()).unwrap();
    let made = child.wait_with_output().unwrap();
    let commit = String::from_utf8(made.stdout).unwrap();
    repo.git(&["update-ref", "refs/orc/ledger", commit.trim(), &tip]);
}

/// Starts something that has read the ledger and waits for its lock when the other process was faster; returns it.
fn overtaken(repo: &TestRepo<'_>, run: RunId, (arguments, is_there): (&[&str], &dyn Fn() -> bool)) -> Running {
    let lock = File::options().read(true).write(true).create(true).truncate(false).open(repo.git_dir().join("orc/ledger.lock")).unwrap();
    lock.lock().unwrap();
    let mut running = repo.start_orc(arguments);
    while !is_there() {
        assert!(running.is_running());
        std::thread::sleep(Duration::from_millis(20));
    }
    // It has no more to do than to look at the ledger.
    std::thread::sleep(Duration::from_millis(700));
    skip_by_another(repo, run, "b");
    lock.unlock().unwrap();
    running
}

/// Asserts that the newest checkpoint of a run holds what was told, and that more can be told.
fn assert_heard(repo: &TestRepo<'_>, run: RunId) {
    let checkpoint = repo.git(&["show", &format!("refs/orc/ledger:runs/{}/checkpoint.json", run.lower())]);
    let state: RunState = serde_json::from_str(&checkpoint).unwrap();
    assert_eq!((state.control.count, state.control.ignored.len()), (1, 0), "the checkpoint lacks what was told");
    assert_eq!(state_of(&repo.orc(&["status", "--json"]).json(), "b"), "skipped");
}

#[test]
fn a_rollback_that_is_overtaken_forgets_nothing() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let run = waits(&environment, &repo, "");
    // It dies before the branch moves, so that its heir has one batch to write.
    let old = repo.git(&["rev-parse", "orc/tour"]);
    repo.orc(&["rollback", "tour/a", "--reason", "no"]).expect_code(0);
    let new = repo.git(&["rev-parse", "orc/tour"]);
    crate::rollback::cut(&repo, (&repo.git(&["log", "-1", "--format=%H", "--grep=^rollback prepared", "refs/orc/ledger"]), &old));
    let is_there = || repo.git(&["rev-parse", "orc/tour"]) == new;
    overtaken(&repo, run, (&["rollback", "tour/a", "--reason", "no"], &is_there)).finish().expect_code(0);
    assert_heard(&repo, run);
    assert_eq!(repo.ledger().of_kind("rolled_back").len(), 1);
    repo.orc(&["verify", "--repair-notes"]);
    assert_sound(&repo);
}

#[test]
fn a_resume_that_is_overtaken_goes_on_as_the_control_says() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let run = waits(&environment, &repo, "");
    let running = overtaken(&repo, run, (&["resume", "--json"], &|| true));
    let ended = running.finish_within(Duration::from_secs(30)).expect_code(0).json();
    assert_eq!((ended["state"].as_str(), state_of(&ended, "b").as_str()), (Some("completed"), "skipped"));
    assert_heard(&repo, run);
    assert_sound(&repo);
}

#[test]
fn whoever_only_tends_a_run_is_no_driver_that_takes_notice() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let gate = "gates: {wave: [[sh, -c, 'test -e a/new.txt || { touch $HOME/a.up; while ! test -e $HOME/a.go; do sleep 0.05; done; }']]}\n";
    waits(&environment, &repo, gate);
    let running = repo.start_orc(&["rollback", "tour/a", "--reason", "no"]);
    super::wait_until_up(&environment, "a");
    let told = repo.orc(&["skip", "-w", "b", "--reason", "not needed", "--json"]).expect_code(0).json();
    assert!(told["driver"].is_null(), "{told}");
    let_go(&environment, "a");
    running.finish().expect_code(0);
    assert_eq!(state_of(&repo.orc(&["status", "--json"]).json(), "b"), "skipped");
    assert_sound(&repo);
}

#[test]
fn what_was_undone_meanwhile_is_no_ground_to_go_on_from() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let link = waiting("b", "    depends_on: [form]\n    static: [[sh, -c, 'exit 0']]\n");
    let other = waiting("c", "    depends_on: [third]\n");
    let form = shell("form", "", "mkdir -p form; echo made >form/x.txt");
    let third = shell("third", "", "mkdir -p third; echo made >third/x.txt");
    let plan = plan(&environment, "", &[form, third, link, other]);
    let running = start(&environment, &repo, (&plan, &["b", "c"]));
    repo.orc(&["pause", "-w", "b", "--reason", "look first"]).expect_code(0);
    let_go(&environment, "b");
    wait_for_entry(&repo, |entry| entry["kind"] == "workstream_paused" && entry["workstream"] == "b");
    repo.orc(&["pause", "--reason", "later"]).expect_code(0);
    let_go(&environment, "c");
    running.finish_within(Duration::from_secs(30)).expect_code(3);
    repo.orc(&["rollback", "tour/form", "--reason", "it was wrong"]).expect_code(0);
    let ended = repo.orc(&["resume", "-w", "b", "--reason", "looks well", "--json"]).expect_code(1).json();
    assert_eq!((state_of(&ended, "b"), state_of(&ended, "c")), ("blocked".to_owned(), "merged".to_owned()), "{ended:#}");
    assert_sound(&repo);
}
