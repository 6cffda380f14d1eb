//! What was found to have changed while a step ran. Stored in the ledger: fields are only ever added, with a default.

use serde::{Deserialize, Serialize};

use crate::domain::id::{Attempt, ObjectId, StepId, WorkstreamId};

/// How many changes one report lists; the rest is counted.
pub const CHANGES_KEPT: usize = 20;

/// What something is a part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Thing {
    /// A configuration that worktrees share.
    Config,
    /// A hook.
    Hook,
    /// Another file of the git directory that says how git works: attributes, exclusions, alternates and the like.
    Info,
    /// A file that says to which repository a worktree belongs.
    Admin,
    /// The ledger.
    Ledger,
    /// A ref of the run.
    RunRef,
    /// The notes.
    Notes,
    /// The integration branch.
    Target,
    /// A ref of the user's: a branch, a tag, the stash, a remote's branch.
    UserRef,
    /// Where a work tree of the user's stands.
    Head,
    /// A file of the user's checkout.
    Checkout,
    /// The index of the user's checkout.
    Index,
}

impl Thing {
    /// Returns whether nobody but git-orc, or the user when no tool is at work, has a reason to change it.
    #[must_use]
    pub const fn is_guarded(self) -> bool {
        match self {
            Self::Config | Self::Hook | Self::Info | Self::Admin | Self::Ledger | Self::RunRef | Self::Notes | Self::Target => true,
            Self::UserRef | Self::Head | Self::Checkout | Self::Index => false,
        }
    }
}

/// How something changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// It was not there before.
    Added,
    /// It is another one.
    Changed,
    /// It is gone.
    Removed,
    /// It is another kind of file.
    Replaced,
    /// It is on an older commit.
    Rewound,
    /// It is on a commit that does not contain the former one.
    Forked,
    /// It holds what only this run may write, and this run did not.
    Forged,
    /// It is on a newer commit.
    Advanced,
}

impl How {
    /// Returns the words for it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Added => "was added",
            Self::Changed => "was changed",
            Self::Removed => "was removed",
            Self::Replaced => "was replaced by something else",
            Self::Rewound => "was moved back",
            Self::Forked => "was moved elsewhere",
            Self::Forged => "got entries that this run did not write",
            Self::Advanced => "was moved on",
        }
    }
}

/// One thing that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What it is a part of.
    pub thing: Thing,
    /// Its name: a ref, or a path below the git directory or the checkout.
    pub name: String,
    /// How it changed.
    pub how: How,
    /// The keys that changed, for a configuration. Their values may be secrets and are never told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<String>,
    /// Whether it is as it was again.
    #[serde(default)]
    pub restored: bool,
    /// Where what stood there is kept: a path below the run's folder, or a ref.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<String>,
    /// The value of a ref before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<ObjectId>,
    /// The command that puts it back, when that was left to the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<String>,
}

impl Change {
    /// Returns a change of which nothing else is known.
    #[must_use]
    pub fn new(thing: Thing, name: impl Into<String>, how: How) -> Self {
        Self { thing, name: name.into(), how, keys: Vec::new(), restored: false, kept: None, was: None, undo: None }
    }
}

/// What follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consequence {
    /// The work of the attempt must not be merged.
    Stopped,
    /// It was put back, and the work goes on: the tool is known to do such things and to mean well.
    Restored,
    /// It is told: nobody can know whether the user or the tool did it.
    Noted,
}

/// What changed while an attempt of a step, or a gate, was at work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntegrityReport {
    /// The workstream at work; none for a gate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workstream: Option<WorkstreamId>,
    /// The step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<StepId>,
    /// The attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<Attempt>,
    /// The gate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<String>,
    /// The tree that the gate ran on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tree: Option<ObjectId>,
    /// How many drivers the run had by then, for a gate.
    #[serde(default)]
    pub round: u32,
    /// Who else was at work when it happened; who of them did it can not be known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<String>,
    /// What changed.
    pub changes: Vec<Change>,
    /// How many more changes there were.
    #[serde(default)]
    pub more: u32,
    /// What follows from it.
    pub consequence: Consequence,
}

impl IntegrityReport {
    /// Returns who was at work: `ws-auth edit #1`, or `gate unit`.
    #[must_use]
    pub fn who(&self) -> String {
        match (&self.gate, &self.workstream) {
            (Some(gate), _) => format!("gate {gate}"),
            (None, Some(workstream)) => {
                let step = self.step.as_ref().map(|step| format!(" {step}")).unwrap_or_default();
                let attempt = self.attempt.map(|attempt| format!(" #{attempt}")).unwrap_or_default();
                format!("{workstream}{step}{attempt}")
            }
            (None, None) => "nobody".to_owned(),
        }
    }

    /// Returns the idempotency key, less the kind.
    #[must_use]
    pub fn key(&self, kind: &str) -> String {
        match (&self.gate, &self.workstream, &self.step, self.attempt) {
            (None, Some(workstream), Some(step), Some(attempt)) => format!("{workstream}/{step}/{attempt}/{kind}"),
            _ => {
                let tree = self.tree.map(|tree| tree.to_string()).unwrap_or_default();
                format!("{kind}/{}/{tree}/{}", self.gate.as_deref().unwrap_or_default(), self.round)
            }
        }
    }
}
