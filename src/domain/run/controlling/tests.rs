//! Every verb where everything can stand; what each one changes; that nothing ever makes a ledger unreadable.

use std::collections::HashSet;

use jiff::Timestamp;
use ulid::Ulid;

use super::{controlled, parting, possible, require};
use crate::domain::id::{ObjectId, RunId, StepId, WorkstreamId};
use crate::domain::run::control::{Controlled, Verb};
use crate::domain::run::event::Event;
use crate::domain::run::fact::{StepOutcome, StepRole};
use crate::domain::run::state::{LastStep, RunState, RunStatus, WavePhase, WorkstreamState, WorkstreamStatus};

fn a() -> WorkstreamId {
    WorkstreamId::parse("a").unwrap()
}

fn commit(byte: u8) -> ObjectId {
    ObjectId::from_bytes([byte; 20])
}

/// A run in its only wave, whose workstream stands so.
fn run(status: WorkstreamStatus) -> RunState {
    let mut state = RunState::new(RunId::new(Ulid::from(7)));
    state.status = RunStatus::Running;
    state.tip = commit(1);
    state.waves = vec![vec![a()]];
    state.phase = WavePhase::Running;
    state.workstreams.insert(a(), WorkstreamState { status, start: Some(commit(1)), tip: Some(commit(2)), ..WorkstreamState::planned(1) });
    state
}

/// A run whose workstream failed at a check.
fn failed_at_check(role: StepRole, outcome: StepOutcome) -> RunState {
    let mut state = run(WorkstreamStatus::Paused { reason: "static fails".to_owned() });
    let one = state.workstreams.get_mut(&a()).unwrap();
    one.next = 1;
    let (step, message, findings) = (StepId::parse("static").unwrap(), String::new(), Vec::new());
    one.last = Some(LastStep { step, role, attempt: 1, outcome, message, findings, output: None, failure: None });
    state
}

fn control(state: &RunState, verb: Verb, workstream: Option<WorkstreamId>) -> Controlled {
    let (reason, who) = ("why".to_owned(), "me <me@here>".to_owned());
    let round = state.control.count;
    Controlled { round, verb, workstream, reason, who, waves: Vec::new(), retry_of: None, step: None, on: None }
}

fn statuses() -> Vec<WorkstreamStatus> {
    use WorkstreamStatus as S;
    let reason = || "no".to_owned();
    vec![
        S::Planned,
        S::Ready,
        S::Blocked { on: vec![a()] },
        S::Skipped { reason: reason() },
        S::InProgress,
        S::Validating,
        S::Paused { reason: reason() },
        S::Failed { reason: reason() },
        S::TimedOut { reason: reason() },
        S::Aborted { reason: reason() },
        S::Quarantined { reason: reason() },
        S::Retrying { at: Timestamp::UNIX_EPOCH },
        S::Verified { commit: commit(2) },
        S::Conflicted { commit: commit(2), tip: commit(1), paths: Vec::new() },
        S::Merged { merge: commit(3) },
    ]
}

#[test]
fn what_can_be_told_to_a_workstream_depends_on_where_it_stands() {
    use Verb::{Halt, Override, Pause, Resume, Retry, Skip};
    let expect = |word: &str| -> Vec<Verb> {
        match word {
            "planned" | "ready" => vec![Pause, Halt, Skip],
            "in_progress" | "validating" | "retrying" | "conflicted" => vec![Pause, Halt],
            "blocked" => vec![Skip, Override],
            "paused" => vec![Resume, Retry, Skip],
            "failed" | "timed_out" | "aborted" | "quarantined" => vec![Retry, Skip],
            _ => Vec::new(),
        }
    };
    for status in statuses() {
        let word = status.word();
        assert_eq!(possible(&run(status), Some(&a())), expect(word), "{word}");
    }
}

#[test]
fn what_can_be_told_to_a_run_depends_on_where_it_stands() {
    use Verb::{Halt, Pause, Resume};
    let check = |status: RunStatus, wish: Option<Verb>, expect: &[Verb]| {
        let mut state = run(WorkstreamStatus::Ready);
        if let Some(verb) = wish {
            controlled(&mut state, &control(&run(WorkstreamStatus::Ready), verb, None), Timestamp::UNIX_EPOCH);
        }
        state.status = status;
        assert_eq!(possible(&state, None), expect, "{status:?} {wish:?}");
    };
    check(RunStatus::Running, None, &[Pause, Halt, Resume]);
    check(RunStatus::Running, Some(Pause), &[Halt, Resume]);
    check(RunStatus::Running, Some(Halt), &[Resume]);
    for status in [RunStatus::Planned, RunStatus::Paused, RunStatus::Halted] {
        check(status, None, &[Resume]);
    }
    for status in [RunStatus::Completed, RunStatus::Failed, RunStatus::Aborted] {
        check(status, None, &[]);
    }
}

#[test]
fn a_control_that_does_not_fit_changes_nothing_but_the_count() {
    for run_status in [RunStatus::Running, RunStatus::Paused, RunStatus::Halted, RunStatus::Completed, RunStatus::Failed] {
        for status in statuses() {
            for verb in Verb::ALL {
                for workstream in [None, Some(a()), Some(WorkstreamId::parse("nobody").unwrap())] {
                    let mut state = run(status.clone());
                    state.status = run_status;
                    let told = control(&state, verb, workstream);
                    let (before, fits) = (state.clone(), require(&state, verb, told.workstream.as_ref()).is_ok());
                    controlled(&mut state, &told, Timestamp::UNIX_EPOCH);
                    assert_eq!(state.control.count, 1);
                    if !fits {
                        assert_eq!(state.control.ignored.len(), 1);
                        state.control = before.control.clone();
                        assert_eq!(state, before, "{verb:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_check_is_answered_for_on_exactly_the_commit_that_was_looked_at() {
    let check = |role, outcome, on: Option<ObjectId>, expect: &str| {
        let mut state = failed_at_check(role, outcome);
        let step = Some(StepId::parse("static").unwrap());
        let told = Controlled { step, on, ..control(&state, Verb::Override, Some(a())) };
        controlled(&mut state, &told, Timestamp::UNIX_EPOCH);
        let one = &state.workstreams[&a()];
        let answered = one.control.overridden.len();
        assert_eq!(format!("{} {} {answered} {}", one.status.word(), one.next, state.control.ignored.len()), expect, "{state:#?}");
    };
    check(StepRole::Static, StepOutcome::Failed, Some(commit(2)), "ready 2 1 0");
    check(StepRole::Runtime, StepOutcome::TimedOut, Some(commit(2)), "ready 2 1 0");
    check(StepRole::Static, StepOutcome::Failed, Some(commit(9)), "paused 1 0 1");
    check(StepRole::Static, StepOutcome::Failed, None, "paused 1 0 1");
    check(StepRole::Static, StepOutcome::Passed, Some(commit(2)), "paused 1 0 1");
    check(StepRole::Static, StepOutcome::Rejected, Some(commit(2)), "paused 1 0 1");
    check(StepRole::Edit, StepOutcome::Failed, Some(commit(2)), "paused 1 0 1");
}

#[test]
fn what_was_changed_by_somebody_else_is_nothing_to_answer_for() {
    let mut state = failed_at_check(StepRole::Static, StepOutcome::Failed);
    state.workstreams.get_mut(&a()).unwrap().breach = Some("the gate was changed".to_owned());
    assert_eq!(possible(&state, Some(&a())), [Verb::Resume, Verb::Retry, Verb::Skip]);
}

#[test]
fn work_goes_on_in_its_wave_while_that_runs_and_else_behind_the_others() {
    let paused = || run(WorkstreamStatus::Paused { reason: "no".to_owned() });
    let mut here = paused();
    controlled(&mut here, &control(&paused(), Verb::Resume, Some(a())), Timestamp::UNIX_EPOCH);
    assert_eq!((here.waves.len(), here.workstreams[&a()].status.word()), (1, "ready"));
    let mut behind = RunState { phase: WavePhase::Waiting, wave: 1, ..paused() };
    controlled(&mut behind, &control(&paused(), Verb::Resume, Some(a())), Timestamp::UNIX_EPOCH);
    let one = &behind.workstreams[&a()];
    assert_eq!((behind.waves.len(), one.wave, one.status.word(), one.tip), (2, 2, "planned", Some(commit(2))));
    let mut anew = paused();
    controlled(&mut anew, &control(&paused(), Verb::Retry, Some(a())), Timestamp::UNIX_EPOCH);
    let one = &anew.workstreams[&a()];
    assert_eq!((anew.waves.len(), one.wave, one.status.word(), one.tip), (2, 2, "planned", None));
}

#[test]
fn a_run_that_was_told_to_wait_parts_when_nothing_is_under_way() {
    let check = |verb: Verb, flying: &[&str], expect: Option<&str>| {
        let mut state = run(WorkstreamStatus::InProgress);
        let told = control(&state, verb, None);
        controlled(&mut state, &told, Timestamp::UNIX_EPOCH);
        let flying: HashSet<String> = flying.iter().map(ToString::to_string).collect();
        assert_eq!(parting(&state, &flying).as_ref().map(Event::kind), expect, "{verb:?}");
    };
    check(Verb::Pause, &[], Some("run_paused"));
    check(Verb::Halt, &[], Some("run_halted"));
    check(Verb::Halt, &["step/a/edit/1"], None);
    check(Verb::Resume, &[], None);
}
