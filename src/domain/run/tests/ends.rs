//! How runs and waves end, and what may still follow.

use jiff::{SignedDuration, Timestamp};
use ulid::Ulid;

use super::{Dice, FailFast};
use crate::domain::id::EntryId;
use crate::domain::ledger::codec;
use crate::domain::run::event::Event;
use crate::domain::run::fact::{RunMoved, WorktreeMoved};
use crate::domain::run::machine::apply;
use crate::domain::run::state::RunStatus;

#[test]
fn terminal_runs_do_not_move() {
    let mut dice = Dice::new(vec![9], FailFast::No);
    dice.run();
    assert!(dice.state.status.is_terminal());
    let before = dice.state.clone();
    let moved = RunMoved { round: 9, tip: before.tip, reason: None };
    for event in [Event::RunPaused(moved.clone()), Event::RunFailed(moved.clone()), Event::RunAborted(moved)] {
        let entry = codec::entry(EntryId::new(Ulid::from(1)), dice.now, before.run, event);
        assert!(apply(&mut dice.state, &entry).is_err());
        assert_eq!(dice.state, before);
    }
}

#[test]
fn a_removal_that_was_under_way_ends_after_the_run_began_to_wait() {
    let mut dice = Dice::new(vec![9], FailFast::No);
    let moved = RunMoved { round: 0, tip: dice.state.tip, reason: Some("the branch is checked out".to_owned()) };
    dice.record(Event::RunPaused(moved));
    let (workstream, round) = (dice.plan.workstreams[0].id.clone(), 0);
    let removed = WorktreeMoved { workstream, round, path: "/w".to_owned(), reason: None };
    dice.record(Event::WorktreeRemoved(removed.clone()));
    assert_eq!(dice.state.status, RunStatus::Paused);
    dice.record(Event::RunAborted(RunMoved { round: 1, tip: dice.state.tip, reason: None }));
    let entry = codec::entry(EntryId::new(Ulid::from(1)), dice.now, dice.state.run, Event::WorktreeRemoved(removed));
    assert!(apply(&mut dice.state, &entry).is_err(), "what is over does not change");
}

#[test]
fn the_wait_between_waves_is_kept() {
    let mut dice = Dice::new(vec![9], FailFast::No);
    dice.run();
    let time = |kind: fn(&Event) -> bool| -> Vec<Timestamp> {
        dice.entries.iter().filter(|e| e.event().is_some_and(kind)).map(|e| e.ts).collect()
    };
    let started = time(|e| matches!(e, Event::WaveStarted(_)));
    let finished = time(|e| matches!(e, Event::WaveFinished(_)));
    assert_eq!(started.len(), 3);
    for (finished, started) in finished.iter().zip(&started[1..]) {
        assert!(started.duration_since(*finished) >= SignedDuration::from_secs(3));
    }
}
