//! What gates have said.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::domain::finding::model::Finding;
use crate::domain::gate::judge::GateOutcome;
use crate::domain::gate::metric::Measured;
use crate::domain::gate::model::{FailureAction, Moment};
use crate::domain::id::{EntryId, ObjectId};

/// Where a verdict comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The gate was run.
    Ran,
    /// The ledger has it of exactly this tree.
    Known {
        /// The entry.
        entry: EntryId,
        /// The run on whose wave it was found.
        run: Option<String>,
    },
    /// Somebody lets the tree pass.
    Waived {
        /// Who.
        who: String,
        /// The entry.
        entry: EntryId,
    },
    /// The gate was not asked.
    NotAsked,
}

/// What one gate says about one commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The gate.
    pub gate: String,
    /// Its name for people.
    pub title: String,
    /// The commit.
    pub commit: ObjectId,
    /// The verdict.
    pub outcome: GateOutcome,
    /// One sentence about it.
    pub reason: String,
    /// What it means when it does not pass.
    pub action: FailureAction,
    /// Where the verdict comes from.
    pub source: Source,
    /// The findings that count; all of them.
    pub findings: Vec<Finding>,
    /// How many findings the base does not have.
    pub new: u32,
    /// How many the base has as well.
    pub known: u32,
    /// How many only the base has.
    pub fixed: u32,
    /// What came of its conditions.
    pub measured: Vec<Measured>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// Whether it passed only when it ran a second time.
    pub flaky: bool,
    /// Where its output is kept.
    pub output: Option<PathBuf>,
    /// What to type to see it again.
    pub again: Option<String>,
}

impl Said {
    /// Returns a verdict about which nothing is known but why.
    #[must_use]
    pub fn plain(
        (gate, title): (String, String),
        commit: ObjectId,
        (outcome, reason): (GateOutcome, String),
        (action, source): (FailureAction, Source),
    ) -> Self {
        Self {
            gate,
            title,
            commit,
            outcome,
            reason,
            action,
            source,
            findings: Vec::new(),
            new: 0,
            known: 0,
            fixed: 0,
            measured: Vec::new(),
            duration_ms: 0,
            flaky: false,
            output: None,
            again: None,
        }
    }

    /// Returns whether everything goes on as far as this gate is concerned.
    #[must_use]
    pub const fn lets_pass(&self) -> bool {
        matches!(self.outcome, GateOutcome::Passed) || matches!(self.source, Source::Waived { .. })
    }

    /// Returns whether nothing goes on because of it.
    #[must_use]
    pub fn refuses(&self) -> bool {
        !self.lets_pass() && self.action == FailureAction::Block
    }
}

/// What all of them say.
#[derive(Debug, Clone)]
pub struct GateReport {
    /// The session: a ULID.
    pub session: String,
    /// When they were asked.
    pub moment: Moment,
    /// Where the gates of each commit are described.
    pub files: BTreeMap<ObjectId, String>,
    /// What they said, in the order in which they were asked.
    pub said: Vec<Said>,
    /// What is worth knowing besides.
    pub warnings: Vec<String>,
    /// Whether somebody stopped it.
    pub stopped: bool,
}

impl GateReport {
    /// Returns a report in which nobody has said anything.
    #[must_use]
    pub fn new(session: String, moment: Moment) -> Self {
        Self { session, moment, files: BTreeMap::new(), said: Vec::new(), warnings: Vec::new(), stopped: false }
    }

    /// Returns whether nothing goes on.
    #[must_use]
    pub fn refuses(&self) -> bool {
        self.stopped || self.said.iter().any(Said::refuses)
    }

    /// Returns the findings of everything that does not pass, the worst gates first.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        self.said.iter().filter(|said| !said.lets_pass()).flat_map(|said| said.findings.iter().cloned()).collect()
    }
}
