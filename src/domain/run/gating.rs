//! What is recorded of gates outside of any run: verdicts on commits that are pushed or proposed, and what somebody lets pass all the same.

use serde::{Deserialize, Serialize};

use super::fact::OutputRef;
use crate::domain::finding::model::Finding;
use crate::domain::gate::judge::GateOutcome;
use crate::domain::gate::metric::Measured;
use crate::domain::id::{EntryId, ObjectId};

/// A gate was run on a tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateChecked {
    /// The gate.
    pub gate: String,
    /// The session in which it ran, a ULID: one command, or one push.
    pub session: String,
    /// The commit whose tree was checked.
    pub commit: ObjectId,
    /// Its tree.
    pub tree: ObjectId,
    /// What the verdict depends on: the tree, what the gate is, and the programs; 64 hexadecimal digits.
    pub digest: String,
    /// When it ran: `push`, `ci`.
    pub moment: String,
    /// The verdict.
    pub outcome: GateOutcome,
    /// One sentence about it.
    pub reason: String,
    /// What it means when it does not pass: `block`, `warn`, `info`.
    pub action: String,
    /// The commit with which findings were compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<ObjectId>,
    /// The exit code, when the command ended by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// How many findings the base does not have; all of them where nothing was compared.
    #[serde(default)]
    pub new: u32,
    /// How many findings the base has as well.
    #[serde(default)]
    pub known: u32,
    /// How many findings only the base has.
    #[serde(default)]
    pub fixed: u32,
    /// What came of its conditions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measured: Vec<Measured>,
    /// The first findings that count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// Whether it passed only when it ran a second time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub flaky: bool,
    /// Its kept output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<OutputRef>,
}

/// Somebody lets a tree pass a gate that it does not pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateWaived {
    /// The gate.
    pub gate: String,
    /// The commit that was named.
    pub commit: ObjectId,
    /// Its tree; no other tree is let pass.
    pub tree: ObjectId,
    /// Which waiver of this gate on this tree it is, a ULID.
    pub session: String,
    /// Who, as git knows them.
    pub who: String,
    /// Why.
    pub reason: String,
}

/// What the ledger's tree holds of a verdict, so that it is found at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The entry that tells it.
    pub entry: EntryId,
    /// The gate.
    pub gate: String,
    /// The tree.
    pub tree: ObjectId,
    /// The verdict.
    pub outcome: GateOutcome,
    /// One sentence about it.
    pub reason: String,
    /// The run on whose wave it ran, when it ran on one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// How many findings were new.
    #[serde(default)]
    pub new: u32,
    /// How many were there before.
    #[serde(default)]
    pub known: u32,
    /// How many are gone.
    #[serde(default)]
    pub fixed: u32,
}

/// What the ledger's tree holds of a waiver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiver {
    /// The entry that tells it.
    pub entry: EntryId,
    /// The gate.
    pub gate: String,
    /// The tree.
    pub tree: ObjectId,
    /// Who.
    pub who: String,
    /// Why.
    pub reason: String,
}
