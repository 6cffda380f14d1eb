//! Conditions: when a step is due, judged by the request and by what came before it.

use serde::{Deserialize, Serialize};

use super::expectation::Predicate;
use super::issue::IssueKind;
use crate::domain::id::StepId;

/// Something that must hold for a step to be due. A step with several is due when all of them hold.
#[derive(Debug, Clone)]
pub enum Condition {
    /// The request (prompt, title and tasks of the workstream) has one of these words, whatever the case.
    Request(Vec<String>),
    /// This holds of the files as they are before the step.
    Files(Predicate),
    /// An earlier step ended like this.
    Step {
        /// Which step.
        step: StepId,
        /// How.
        ended: Ended,
    },
    /// An earlier check of the workstream reported an issue of this kind in this run, mended or not.
    Issue(IssueKind),
    /// Nothing of this holds.
    Not(Vec<Condition>),
    /// At least one of these holds.
    Any(Vec<Condition>),
}

/// How an earlier step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// It passed.
    Passed,
    /// It passed only after FIX steps.
    Mended,
    /// It was not due.
    Skipped,
}
