//! Compensation: the commands of a plan that undo effects outside of the repository. They run when it is certain that the work is undone, and
//! nothing is undone by their failure.

use super::error::RollbackError;
use crate::domain::document::command::Argv;
use crate::domain::id::WorkstreamId;
use crate::domain::run::event::Event;
use crate::domain::run::rollback::{Action, ActionStand, Revert, RevertKind, Rollback};
use crate::domain::run::state::RunState;
use crate::engine::compensate;
use crate::engine::context::RunContext;
use crate::io::git::lock::RunLock;
use crate::io::settings::environment::Environment;
use crate::ops::context::Context;
use crate::ops::frozen::Thawed;
use crate::ops::tend::record_all;

/// How an action has ended, or why it has not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActionEnd {
    /// It did what it is for.
    Passed,
    /// It had done so before.
    PassedBefore,
    /// It failed.
    Failed(String),
    /// It was begun once, and nothing is known of its end.
    Interrupted,
    /// It was not run, since one before it failed.
    NotRun,
    /// It was not to be run now.
    Skipped,
    /// It is prose: a person does it.
    ForPerson,
}

/// An action, and how it has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionReport {
    /// The action.
    pub action: Action,
    /// How it has ended.
    pub end: ActionEnd,
}

/// Returns the actions of what is undone as a whole, in the order in which they are run.
#[must_use]
pub fn of_reverts(environment: &Environment, thawed: &Thawed, reverts: &[Revert]) -> Vec<Action> {
    let mut actions = Vec::new();
    for revert in reverts.iter().filter(|revert| revert.kind == RevertKind::Workstream) {
        let Some(plan) = thawed.plan.workstream(&revert.workstream) else { continue };
        for (index, text) in (0_u32..).zip(&plan.compensation_actions) {
            // The bundles of the original format say in prose what is to be done.
            let argv = if thawed.frozen.folder { Argv::new() } else { words(environment, text) };
            actions.push(Action { workstream: revert.workstream.clone(), index, argv, text: text.clone() });
        }
    }
    actions
}

/// Returns the words of a command; none for a text that is no command here, because it names no program.
fn words(environment: &Environment, text: &str) -> Argv {
    let words = shell_words::split(text).unwrap_or_default();
    let is_command = words.first().is_some_and(|program| {
        let is_name = !program.is_empty() && !program.starts_with('-');
        // A path is one from the top of the worktree.
        is_name && (program.contains('/') || environment.finds(program))
    });
    if is_command && !text.contains('\0') { words } else { Argv::new() }
}

/// Which actions are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those that were never begun.
    New,
    /// Those that have not passed.
    NotPassed,
}

/// Returns whether something is to be run.
#[must_use]
pub fn any(state: &RunState, rollback: &Rollback, (which, about): (Which, &dyn Fn(&WorkstreamId) -> bool)) -> bool {
    rollback.compensations.iter().any(|action| {
        let stand = state.rollbacks.stand(rollback.new, action);
        !action.argv.is_empty() && about(&action.workstream) && is_due(stand, which)
    })
}

const fn is_due(stand: Option<&ActionStand>, which: Which) -> bool {
    match (stand, which) {
        (None, _) | (Some(ActionStand::Begun | ActionStand::Failed { .. }), Which::NotPassed) => true,
        (Some(ActionStand::Passed), _) | (Some(ActionStand::Begun | ActionStand::Failed { .. }), Which::New) => false,
    }
}

/// Tells how the actions stand without running any.
#[must_use]
pub fn standing(state: &RunState, rollback: &Rollback, about: &dyn Fn(&WorkstreamId) -> bool) -> Vec<ActionReport> {
    let of = |action: &Action| {
        let end = match state.rollbacks.stand(rollback.new, action) {
            _ if action.argv.is_empty() => ActionEnd::ForPerson,
            None => ActionEnd::Skipped,
            Some(ActionStand::Passed) => ActionEnd::PassedBefore,
            Some(ActionStand::Begun) => ActionEnd::Interrupted,
            Some(ActionStand::Failed { message }) => ActionEnd::Failed(message.clone()),
        };
        ActionReport { action: action.clone(), end }
    };
    rollback.compensations.iter().filter(|action| about(&action.workstream)).map(of).collect()
}

/// What actions stand on.
pub struct Stand<'a> {
    /// The repository.
    pub cx: &'a Context,
    /// The right to tend the run.
    pub held: &'a RunLock,
    /// What a program can reach.
    pub run_cx: &'a RunContext,
}

impl Stand<'_> {
    /// Runs the actions of a rollback in order. After one that fails the rest of its workstream is left for another time; the others are run.
    ///
    /// # Errors
    /// Returns [`RollbackError`] when the machine does not let it or it can not be recorded.
    pub async fn run(
        &self,
        (state, rollback): (&mut RunState, &Rollback),
        (which, about): (Which, &dyn Fn(&WorkstreamId) -> bool),
    ) -> Result<Vec<ActionReport>, RollbackError> {
        let mut reports: Vec<ActionReport> = Vec::new();
        for report in standing(state, rollback, about) {
            let ActionReport { action, end } = report;
            let stand = state.rollbacks.stand(rollback.new, &action);
            let is_bad = |end: &ActionEnd| matches!(end, ActionEnd::Failed(_) | ActionEnd::Interrupted | ActionEnd::NotRun);
            let after_failure = reports.iter().any(|one| one.action.workstream == action.workstream && is_bad(&one.end));
            let end = if end == ActionEnd::ForPerson || !is_due(stand, which) {
                end
            } else if after_failure {
                ActionEnd::NotRun
            } else {
                self.run_one(state, rollback, &action).await?
            };
            reports.push(ActionReport { action, end });
        }
        Ok(reports)
    }

    async fn run_one(&self, state: &mut RunState, rollback: &Rollback, action: &Action) -> Result<ActionEnd, RollbackError> {
        // What was begun is never begun again unasked, whatever happens from here on.
        let begun = Event::CompensationStarted(compensate::begun(rollback, action));
        *state = record_all(self.cx, self.held, state.run, &[begun])?;
        let compensated = compensate::run(self.run_cx, rollback, action).await?;
        let (exit_code, message) = (compensated.compensation.exit_code, compensated.compensation.message.clone());
        let mut events = vec![Event::CompensationFinished(compensated.compensation)];
        events.extend(compensated.events);
        *state = record_all(self.cx, self.held, state.run, &events)?;
        Ok(if exit_code == Some(0) { ActionEnd::Passed } else { ActionEnd::Failed(message.unwrap_or_default()) })
    }
}
