//! What a run asks of people, whether they answered, and what is known of its wave.

use super::escalation::{Escalated, Trigger};
use super::fact::Verdict;
use super::state::{RunState, RunStatus, WorkstreamStatus};
use super::tending::{Decided, Waiting};
use crate::domain::id::{ObjectId, WorkstreamId};

impl RunState {
    /// Returns what waits for a person: work that needs a review, and what a gate asks.
    #[must_use]
    pub fn waiting(&self) -> Vec<Waiting> {
        let is_open = |one: &Waiting| self.decision(&one.about, one.on).is_none();
        // What a rollback asks is asked of a run that is over as well; it comes first, being the newer question of a gate that asks two.
        let of_rollback = self.rollbacks.asked.iter().cloned();
        if self.status.is_terminal() {
            return of_rollback.filter(is_open).collect();
        }
        let reviewed = self.workstreams.iter().filter_map(|(id, one)| {
            let WorkstreamStatus::Verified { commit } = one.status else { return None };
            (!one.review.is_empty()).then(|| Waiting { about: id.to_string(), on: commit, reasons: one.review.clone() })
        });
        of_rollback.chain(reviewed).chain(self.asked.clone()).filter(is_open).collect()
    }

    /// Returns what the run was held for though nothing is wrong with its work: a budget, or tools that can not be used.
    #[must_use]
    pub fn held(&self) -> Option<Trigger> {
        let is_waiting = matches!(self.status, RunStatus::Paused | RunStatus::Halted);
        let of_this_driver = |trigger| Escalated { trigger, round: self.drivers, tool: None, held: None, message: String::new() }.name();
        let is_told = |trigger: &Trigger| is_waiting && self.escalated.contains(&of_this_driver(*trigger));
        [Trigger::BudgetSpent, Trigger::SafeMode].into_iter().find(is_told)
    }

    /// Returns the newest decision about a workstream at a commit, or about a gate on a tree.
    #[must_use]
    pub fn decision(&self, about: &str, on: ObjectId) -> Option<&Decided> {
        self.decisions.iter().rev().find(|decided| decided.about == about && decided.on == on)
    }

    /// Returns the verdict of a gate on a tree, when it was found before.
    #[must_use]
    pub fn verdict(&self, gate: &str, tree: ObjectId) -> Option<Verdict> {
        self.gates.iter().rev().find(|g| g.gate == gate && g.tree == tree).map(|g| g.verdict)
    }

    /// Returns the workstreams of the current wave.
    #[must_use]
    pub fn current_wave(&self) -> &[WorkstreamId] {
        self.waves.get(self.wave).map_or(&[], Vec::as_slice)
    }
}
