//! People who tell a run something at any time: it still ends legally, and the entries alone give the same state again.

use std::collections::HashSet;

use proptest::prelude::*;

use super::{Dice, FailFast, refold};
use crate::domain::id::WorkstreamId;
use crate::domain::run::behind::waves_behind;
use crate::domain::run::control::{Controlled, Verb};
use crate::domain::run::controlling::{failed_check, parting, require};
use crate::domain::run::effect::StepOrder;
use crate::domain::run::event::Event;
use crate::domain::run::fact::{RunDriven, Rung};
use crate::domain::run::state::{RunState, RunStatus, WorkstreamStatus};

/// How often somebody says something.
const SAID: u32 = 12;

/// Tells the run, or a workstream, something; what does not fit is refused by the verb, and now and then slips through as a race would
/// let it.
fn tell(dice: &mut Dice) {
    let verb = Verb::ALL[usize::from(dice.roll()) % Verb::ALL.len()];
    let ids: Vec<WorkstreamId> = dice.state.workstreams.keys().cloned().collect();
    let which = usize::from(dice.roll()) % (ids.len() + 1);
    let workstream = ids.get(which).cloned();
    let fits = require(&dice.state, verb, workstream.as_ref()).is_ok();
    if !fits && !dice.roll().is_multiple_of(4) {
        return;
    }
    let check = workstream.as_ref().and_then(|id| failed_check(&dice.state.workstreams[id]));
    let (step, on) = check.map_or((None, None), |(step, on)| (Some(step), Some(on)));
    let waves = workstream.as_ref().map(|id| waves_behind(&dice.plan, &dice.state, [id].into())).unwrap_or_default();
    let (round, reason, who) = (dice.state.control.count, "why".to_owned(), "me".to_owned());
    dice.record(Event::Controlled(Controlled { round, verb, workstream, reason, who, waves, retry_of: None, step, on }));
}

/// Lets what is under way come to its end, as a driver does that was told to wait, and says so.
fn part(dice: &mut Dice) {
    let open: Vec<StepOrder> = dice.state.workstreams.iter().filter_map(|(id, one)| order(id, one.next, one.open.as_ref()?)).collect();
    for order in open {
        dice.step(&order);
    }
    let event = parting(&dice.state, &HashSet::new()).unwrap();
    dice.record(event);
}

fn order(id: &WorkstreamId, index: usize, open: &crate::domain::run::state::OpenStep) -> Option<StepOrder> {
    Some(StepOrder {
        workstream: id.clone(),
        step: open.step.clone(),
        role: open.role,
        index,
        attempt: open.attempt,
        tool: open.tool.clone(),
        rung: Rung::SameTool,
        of: open.of.clone(),
        routing: None,
    })
}

fn resume(dice: &mut Dice) {
    let (found, sandbox_notes, waves) = (Vec::new(), Vec::new(), Vec::new());
    let (round, version) = (dice.state.drivers, "0".to_owned());
    dice.record(Event::RunResumed(RunDriven { round, pid: 1, version, found, waves, sandbox: None, sandbox_notes }));
}

/// Drives the run to its end while people talk.
fn drive(dice: &mut Dice) {
    let mut said = 0;
    for _ in 0..6000 {
        if said < SAID && dice.roll().is_multiple_of(9) && !dice.state.status.is_terminal() {
            said += 1;
            tell(dice);
        }
        match dice.state.status {
            RunStatus::Running if dice.state.control.wish.is_some() => part(dice),
            RunStatus::Running => dice.turn(),
            RunStatus::Paused | RunStatus::Halted if said < SAID => resume(dice),
            RunStatus::Planned | RunStatus::Paused | RunStatus::Halted | RunStatus::Completed | RunStatus::Failed | RunStatus::Aborted => {
                return;
            }
        }
    }
    panic!("the run does not end: {:#?}", dice.state);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn whatever_people_say_a_run_ends_legally_and_refolds(rolls in prop::collection::vec(any::<u8>(), 1..200), fast in any::<bool>()) {
        let mut dice = Dice::new(rolls, if fast { FailFast::Yes } else { FailFast::No });
        drive(&mut dice);
        prop_assert_eq!(&refold(dice.state.run, &dice.entries), &dice.state);
        let stored = serde_json::to_string(&dice.state).unwrap();
        prop_assert_eq!(&serde_json::from_str::<RunState>(&stored).unwrap(), &dice.state);
        let merged = |id: &WorkstreamId| matches!(dice.state.workstreams[id].status, WorkstreamStatus::Merged { .. });
        for (id, one) in dice.state.workstreams.iter().filter(|(id, _)| merged(id)) {
            let without = |dep: &WorkstreamId| one.control.without.iter().any(|missing| missing.workstream == *dep);
            let needs = &dice.plan.workstream(id).unwrap().depends_on;
            prop_assert!(needs.iter().all(|dep| merged(dep) || without(dep)), "{} was merged before what it needs", id);
        }
        let is_well = dice.state.workstreams.iter().all(|(id, one)| merged(id) || one.control.is_left_out);
        if dice.state.status.is_terminal() {
            prop_assert_eq!(is_well, dice.state.status == RunStatus::Completed);
        }
    }
}
