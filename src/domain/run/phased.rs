//! What a workstream remembers of the steps that ended, for the conditions of those that follow.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::fact::{StepFinished, StepOutcome, StepRole};
use crate::domain::id::StepId;
use crate::domain::phase::condition::Ended;
use crate::domain::phase::issue::IssueKind;
use crate::domain::phase::judge::{SOURCE, kind_of};

/// What a workstream remembers of the steps that ended. A stored format: fields are only ever added, with a default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phased {
    /// How the steps of the plan ended that let the next one follow.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ended: BTreeMap<StepId, Ended>,
    /// The kinds of issues that checks told of in this run, mended or not.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub issues: BTreeSet<IssueKind>,
    /// The needs of the last step that were not met, in one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lacks: Option<String>,
}

impl Phased {
    /// Returns whether there is nothing to remember.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Takes in the end of a step; `failed_before` says of a check whether it had failed.
    pub fn take(&mut self, role: StepRole, finished: &StepFinished, failed_before: FailedBefore) {
        self.lacks = lacks(finished).then(|| finished.message.clone());
        self.issues.extend(finished.findings.iter().filter_map(kind_of));
        let is_check = match role {
            StepRole::Static | StepRole::Runtime => true,
            StepRole::Edit => false,
            StepRole::Fix | StepRole::Resolve => return,
        };
        let is_of_command = finished.findings.iter().all(|finding| finding.source != SOURCE);
        if is_check && is_of_command && matches!(finished.outcome, StepOutcome::Failed | StepOutcome::TimedOut | StepOutcome::NotStarted) {
            self.issues.insert(IssueKind::ExecutionError);
        }
        let ended = match finished.outcome {
            StepOutcome::Passed if failed_before == FailedBefore::Yes => Ended::Mended,
            StepOutcome::Passed => Ended::Passed,
            StepOutcome::Skipped => Ended::Skipped,
            StepOutcome::Failed
            | StepOutcome::TimedOut
            | StepOutcome::NoChange
            | StepOutcome::Rejected
            | StepOutcome::NotStarted
            | StepOutcome::Cancelled
            | StepOutcome::Interrupted => return,
        };
        self.ended.insert(finished.step.clone(), ended);
    }

    /// Forgets how steps ended: the work begins again. What was found stays found.
    pub fn start_over(&mut self) {
        self.ended.clear();
        self.lacks = None;
    }
}

/// Whether a check had failed before it passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailedBefore {
    /// It had.
    Yes,
    /// It passed at once.
    No,
}

/// Returns whether a step did not begin because what it needs is not there; a step that a tool could not begin tells of no such finding.
fn lacks(finished: &StepFinished) -> bool {
    finished.outcome == StepOutcome::NotStarted && finished.findings.iter().any(|finding| finding.source == SOURCE)
}
