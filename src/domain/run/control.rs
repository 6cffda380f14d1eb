//! What people tell a run to do while it goes on or waits: facts, and what the state keeps of them. Carried out by [`super::controlling`].

use serde::{Deserialize, Serialize};

use crate::domain::id::{ObjectId, PatchId, StepId, WorkstreamId};

/// How many of the newest controls that came too late a state holds; the ledger has them all.
pub const IGNORED_KEPT: usize = 20;

/// What a person tells a run, or one of its workstreams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// To wait when what is under way has come to its end.
    Pause,
    /// To stop at once, gently.
    Halt,
    /// To go on.
    Resume,
    /// To begin anew.
    Retry,
    /// To leave it out.
    Skip,
    /// To go on as if a check had passed, or without what is waited for.
    Override,
}

impl Verb {
    /// Every verb.
    pub const ALL: [Self; 6] = [Self::Pause, Self::Halt, Self::Resume, Self::Retry, Self::Skip, Self::Override];

    /// Returns its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Halt => "halt",
            Self::Resume => "resume",
            Self::Retry => "retry",
            Self::Skip => "skip",
            Self::Override => "override",
        }
    }

    /// Returns what was done to something, in one word.
    #[must_use]
    pub const fn done(self) -> &'static str {
        match self {
            Self::Pause => "paused",
            Self::Halt => "halted",
            Self::Resume => "resumed",
            Self::Retry => "retried",
            Self::Skip => "skipped",
            Self::Override => "overridden",
        }
    }
}

/// Somebody told a run or a workstream to do something. A stored format: fields are only ever added, with a default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Controlled {
    /// How often the run was controlled before.
    pub round: u32,
    /// What it was told.
    pub verb: Verb,
    /// The workstream; `None` is the run as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workstream: Option<WorkstreamId>,
    /// Why.
    pub reason: String,
    /// By whom, as git knows them.
    pub who: String,
    /// The waves that are put behind the others when the workstream can not go on where it stands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waves: Vec<Vec<WorkstreamId>>,
    /// The patch that a new chain of attempts takes the place of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_of: Option<PatchId>,
    /// The check that a person answers for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<StepId>,
    /// The commit for which a person answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<ObjectId>,
}

impl Controlled {
    /// Returns who did it and why, as the reason of what follows from it.
    #[must_use]
    pub fn because(&self) -> String {
        format!("{} by {}: {}", self.verb.done(), self.who, self.reason)
    }

    /// Returns what was told to what: `pause ws-a`, `halt the run`.
    #[must_use]
    pub fn what(&self) -> String {
        format!("{} {}", self.verb.name(), self.workstream.as_ref().map_or("the run", WorkstreamId::as_str))
    }
}

/// A wish that was not carried out yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// To pause or to halt.
    pub verb: Verb,
    /// Who and why.
    pub because: String,
}

/// What people told a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunControl {
    /// How often the run or a workstream of it was told something.
    pub count: u32,
    /// What is still to be carried out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wish: Option<Wish>,
    /// What came too late and changed nothing, a sentence each, the newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<String>,
}

impl RunControl {
    /// Returns whether nobody told the run anything.
    #[must_use]
    pub fn is_untouched(&self) -> bool {
        *self == Self::default()
    }
}

/// A check for which a person answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overridden {
    /// The check.
    pub step: StepId,
    /// The commit on which it had failed.
    pub on: ObjectId,
    /// Who and why.
    pub because: String,
}

/// A dependency without which a workstream goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// The dependency.
    pub workstream: WorkstreamId,
    /// Who and why.
    pub because: String,
}

/// What people told about a workstream.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkstreamControl {
    /// What is still to be carried out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wish: Option<Wish>,
    /// Whether it goes on with the work that it has, instead of beginning.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub keeps_work: bool,
    /// Whether it is a person who made it wait.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_held: bool,
    /// Whether a person left it out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_left_out: bool,
    /// The checks for which a person answers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overridden: Vec<Overridden>,
    /// The dependencies without which it goes on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<Missing>,
    /// The patch that its newest chain of attempts takes the place of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_of: Option<PatchId>,
}

impl WorkstreamControl {
    /// Returns whether nobody told anything about it.
    #[must_use]
    pub fn is_untouched(&self) -> bool {
        *self == Self::default()
    }

    /// Forgets what was said about work that is begun anew. Without what it goes on stays as it is.
    pub fn begin_anew(&mut self) {
        self.wish = None;
        self.keeps_work = false;
        self.is_held = false;
        self.is_left_out = false;
        self.overridden.clear();
    }

    /// Returns what a person took upon themselves, one sentence each.
    #[must_use]
    pub fn answered_for(&self) -> Vec<String> {
        let checks = self.overridden.iter().map(|one| format!("{} on {} {}", one.step, one.on.short(), one.because));
        let missing = self.without.iter().map(|one| format!("without {} {}", one.workstream, one.because));
        checks.chain(missing).collect()
    }
}
