//! How what is told of a rollback folds.

use super::event::Event;
use super::machine_error::IllegalTransition;
use super::rollback::{ActionRecord, ActionStand, Compensation, RevertKind, Rollback, Rollbacks};
use super::state::{RunState, WorkstreamState, WorkstreamStatus};
use super::tending::{Collected, Decided, Mended};
use crate::domain::id::WorkstreamId;

impl Event {
    /// Returns the facts of an event that tells of a rollback.
    #[must_use]
    pub fn rollback(&self) -> Option<&Rollback> {
        if let Self::RollbackStarted(m) | Self::RollbackPrepared(m) | Self::RolledBack(m) | Self::RollbackDropped(m) = self {
            return Some(m);
        }
        None
    }

    /// Returns the name in the ledger of an event that tells of a rollback or of an action.
    pub(super) const fn rollback_kind(&self) -> &'static str {
        if matches!(self, Self::RollbackStarted(_)) {
            "rollback_started"
        } else if matches!(self, Self::RollbackPrepared(_)) {
            "rollback_prepared"
        } else if matches!(self, Self::RolledBack(_)) {
            "rolled_back"
        } else if matches!(self, Self::RollbackDropped(_)) {
            "rollback_dropped"
        } else if matches!(self, Self::CompensationStarted(_)) {
            "compensation_started"
        } else {
            "compensation_finished"
        }
    }

    /// Returns the facts of an event that tells of an action.
    #[must_use]
    pub fn compensation(&self) -> Option<&Compensation> {
        if let Self::CompensationStarted(m) | Self::CompensationFinished(m) = self {
            return Some(m);
        }
        None
    }

    /// Returns the event with the number of the next tending, where it tells of one.
    #[must_use]
    pub fn numbered(mut self, next: u32) -> Self {
        if let Self::GarbageCollected(Collected { round, .. })
        | Self::RunMended(Mended { round, .. })
        | Self::DecisionMade(Decided { round, .. }) = &mut self
        {
            *round = next;
        }
        if let Self::RollbackStarted(m) | Self::RollbackPrepared(m) | Self::RolledBack(m) | Self::RollbackDropped(m) = &mut self {
            m.round = next;
        }
        if let Self::CompensationStarted(m) | Self::CompensationFinished(m) = &mut self {
            m.round = next;
        }
        self
    }
}

impl RunState {
    /// Returns a workstream, however the run stands: to undo what was merged is no driving of it.
    ///
    /// # Errors
    /// Returns [`IllegalTransition`] when there is none of that name.
    pub fn undone(&mut self, id: &WorkstreamId) -> Result<&mut WorkstreamState, IllegalTransition> {
        self.workstreams.get_mut(id).ok_or_else(|| IllegalTransition::new(format!("workstream {id}"), "unknown", "a rollback"))
    }
}

/// Folds what is told of rollbacks.
///
/// # Errors
/// Returns [`IllegalTransition`] when something is prepared twice, lands without that, or undoes what is not merged.
pub fn told(state: &mut RunState, event: &Event) -> Result<(), IllegalTransition> {
    let illegal = |from: &str| Err(IllegalTransition::new("a rollback".to_owned(), from, event.kind()));
    if let Event::RollbackStarted(_) | Event::RolledBack(_) = event {
        state.rollbacks.asked = None;
    }
    if let Event::RollbackPrepared(rollback) = event {
        if state.rollbacks.prepared.is_some() {
            return illegal("prepared");
        }
        state.rollbacks.prepared = Some(rollback.clone());
    }
    if let Event::RollbackDropped(rollback) = event {
        state.rollbacks.prepared.take_if(|prepared| prepared.new == rollback.new);
    }
    if let Event::RolledBack(rollback) = event {
        if state.rollbacks.prepared.as_ref().map(|prepared| prepared.new) != Some(rollback.new) {
            return illegal("not prepared");
        }
        for revert in rollback.reverts.iter().filter(|revert| revert.kind == RevertKind::Workstream) {
            let one = state.undone(&revert.workstream)?;
            let WorkstreamStatus::Merged { merge } = one.status else { return illegal(one.status.word()) };
            one.status = WorkstreamStatus::Reverted { merge, commit: revert.commit };
        }
        state.rollbacks.prepared = None;
        state.rollbacks.done.push(rollback.clone());
        state.tip = rollback.new;
    }
    if let Some(compensation) = event.compensation() {
        acted(&mut state.rollbacks, compensation, matches!(event, Event::CompensationFinished(_)).then_some(()));
    }
    Ok(())
}

fn acted(rollbacks: &mut Rollbacks, compensation: &Compensation, ended: Option<()>) {
    let Compensation { rollback, action, exit_code, message, .. } = compensation;
    let failed = || ActionStand::Failed { message: message.clone().unwrap_or_default() };
    let stand = match ended {
        None => ActionStand::Begun,
        Some(()) if *exit_code == Some(0) => ActionStand::Passed,
        Some(()) => failed(),
    };
    rollbacks.actions.retain(|one| (one.rollback, &one.workstream, one.index) != (*rollback, &action.workstream, action.index));
    rollbacks.actions.push(ActionRecord { rollback: *rollback, workstream: action.workstream.clone(), index: action.index, stand });
}

#[cfg(test)]
mod tests {
    use ulid::Ulid;

    use super::*;
    use crate::domain::id::{ObjectId, RunId};
    use crate::domain::run::rollback::{Action, Revert};
    use crate::domain::run::state::RunStatus;

    fn object(byte: u8) -> ObjectId {
        ObjectId::from_bytes([byte; 20])
    }

    fn ws() -> WorkstreamId {
        WorkstreamId::parse("ws-a").unwrap()
    }

    /// Returns a run that is over, with a workstream that it merged.
    fn over() -> RunState {
        let one = WorkstreamState { status: WorkstreamStatus::Merged { merge: object(1) }, ..WorkstreamState::planned(1) };
        let workstreams = [(ws(), one)].into_iter().collect();
        RunState { status: RunStatus::Completed, tip: object(1), workstreams, ..RunState::new(RunId::new(Ulid::from(7))) }
    }

    fn rollback(kind: RevertKind) -> Rollback {
        let revert = Revert { workstream: ws(), kind, of: object(1), mainline: object(2), commit: object(3), patches: Vec::new() };
        Rollback {
            round: 0,
            old: object(1),
            new: object(3),
            tree: object(4),
            reverts: vec![revert],
            reason: "no".to_owned(),
            who: "Ada".to_owned(),
            cascade: false,
            gates: Vec::new(),
            compensations: Vec::new(),
            dropped: None,
        }
    }

    #[test]
    fn a_run_that_is_over_stays_over_and_says_what_was_undone() {
        let check = |kind, expect: &WorkstreamStatus| {
            let mut state = over();
            told(&mut state, &Event::RollbackPrepared(rollback(kind))).unwrap();
            assert_eq!(state.tip, object(1), "nothing has moved yet");
            told(&mut state, &Event::RolledBack(rollback(kind))).unwrap();
            assert_eq!((state.status, state.tip, &state.workstreams[&ws()].status), (RunStatus::Completed, object(3), expect));
            assert_eq!((state.rollbacks.prepared.is_none(), state.rollbacks.done.len()), (true, 1));
            assert!(told(&mut state, &Event::RolledBack(rollback(kind))).is_err(), "never twice");
        };
        check(RevertKind::Workstream, &WorkstreamStatus::Reverted { merge: object(1), commit: object(3) });
        check(RevertKind::Patch, &WorkstreamStatus::Merged { merge: object(1) });
    }

    #[test]
    fn nothing_lands_that_was_not_prepared_or_not_merged() {
        let whole = || rollback(RevertKind::Workstream);
        assert!(told(&mut over(), &Event::RolledBack(whole())).is_err());
        let mut state = over();
        told(&mut state, &Event::RollbackPrepared(whole())).unwrap();
        assert!(told(&mut state, &Event::RollbackPrepared(whole())).is_err());
        told(&mut state, &Event::RollbackDropped(whole())).unwrap();
        assert!(told(&mut state, &Event::RolledBack(whole())).is_err(), "it was dropped");
        told(&mut state, &Event::RollbackPrepared(whole())).unwrap();
        state.undone(&ws()).unwrap().status = WorkstreamStatus::Failed { reason: "it did".to_owned() };
        assert!(told(&mut state, &Event::RolledBack(whole())).is_err());
    }

    #[test]
    fn an_action_is_as_its_newest_entry_says() {
        let action = Action { workstream: ws(), index: 0, argv: vec!["true".to_owned()], text: "true".to_owned() };
        let of = |exit_code, message: Option<&str>| Compensation {
            round: 0,
            rollback: object(3),
            action: action.clone(),
            exit_code,
            message: message.map(str::to_owned),
            duration_ms: 0,
            output: None,
        };
        let mut state = over();
        let mut check = |event: Event, expect: ActionStand| {
            told(&mut state, &event).unwrap();
            assert_eq!(state.rollbacks.stand(object(3), &action), Some(&expect));
            assert_eq!(state.rollbacks.stand(object(4), &action), None, "that of another rollback is another one");
        };
        check(Event::CompensationStarted(of(None, None)), ActionStand::Begun);
        check(Event::CompensationFinished(of(Some(3), Some("it broke"))), ActionStand::Failed { message: "it broke".to_owned() });
        check(Event::CompensationStarted(of(None, None)), ActionStand::Begun);
        check(Event::CompensationFinished(of(Some(0), Some("fine"))), ActionStand::Passed);
    }
}
