//! Quality gates as the rest of the program sees them: every default filled in, every reference known to exist, every glob compiled.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use sha2::{Digest, Sha256};

use super::metric::Condition;
use crate::domain::document::command::Argv;
use crate::domain::document::node::Node;
use crate::domain::document::read::Read;
use crate::domain::document::sink::Sink;
use crate::domain::document::word::words;
use crate::domain::id::GateId;
use crate::domain::policy::pattern::Pattern;

/// The rule that commits of runs have passed a gate where there is one.
pub const RUN_VERDICT: &str = "run-verdict";
/// The rule that runs leave the file of gates alone.
pub const GATE_FILE: &str = "gate-file";
/// The ids of rules that hold without a file of gates; no gate can have one.
pub const RESERVED: [&str; 2] = [RUN_VERDICT, GATE_FILE];

words! {
    /// When a gate runs.
    Moment {
        /// After every step of a workstream that changes files.
        Step = "step",
        /// After the last step of a workstream.
        Workstream = "workstream",
        /// After the merge of a wave.
        Wave = "wave",
        /// When commits are pushed.
        Push = "push",
        /// When a pull request is checked.
        Ci = "ci",
    }
    /// What it means when a gate does not pass.
    FailureAction {
        /// It is noted.
        Info = "info",
        /// It is said, and everything goes on.
        Warn = "warn",
        /// Nothing goes on.
        Block = "block",
    }
    /// What findings are compared with.
    Baseline {
        /// Those of the commit that the change starts from: only new ones count.
        Base = "base",
        /// Nothing: every one counts.
        Nothing = "none",
    }
}

/// What a gate consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GateCheck {
    /// A command.
    Command(Argv),
    /// Only what added lines must not hold.
    Lines,
    /// A question to a person.
    Manual(String),
}

/// What added lines must not hold.
#[derive(Debug, Clone)]
pub struct Forbidden {
    /// What is looked for.
    pub pattern: regex::Regex,
    /// What to write instead.
    pub replacement: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// The files in which it counts; empty: all.
    pub paths: Vec<Pattern>,
}

/// One gate.
#[derive(Debug, Clone)]
pub struct Gate {
    /// The id.
    pub id: GateId,
    /// A name for people.
    pub name: Option<String>,
    /// What kind of gate it is, for people.
    pub category: Option<String>,
    /// What it is for, for people.
    pub description: Option<String>,
    /// What it consists of.
    pub check: GateCheck,
    /// Seconds until it is ended.
    pub timeout_sec: Option<u64>,
    /// The gates that must have passed before it runs.
    pub prerequisites: Vec<GateId>,
    /// What it means when it does not pass.
    pub on_failure: FailureAction,
    /// Variables that it gets besides the usual ones.
    pub env: BTreeMap<String, String>,
    /// What added lines must not hold.
    pub forbidden: Vec<Forbidden>,
    /// When it runs.
    pub moments: BTreeSet<Moment>,
    /// The refs that it is for; empty: those of the file.
    pub refs: Vec<Pattern>,
    /// It runs only when one of these files has changed; empty: always.
    pub paths: Vec<Pattern>,
    /// What its findings are compared with.
    pub baseline: Baseline,
    /// What must hold of what it measured.
    pub conditions: Vec<Condition>,
    /// The only reader that reads its output.
    pub reader: Option<String>,
    /// Where its report of coverage lies.
    pub coverage_report: Option<String>,
    /// Whose first group is the number that it measures.
    pub value_pattern: Option<regex::Regex>,
    /// Commands whose output tells what it depends on besides the tree.
    pub toolchain: Vec<Argv>,
    /// Globs of the files that it takes from the base commit on a wave.
    pub config: Option<Vec<String>>,
    /// The stage that it belongs to, from 0.
    pub stage: usize,
}

impl Gate {
    /// Returns a gate on waves that runs a command and asks for nothing else.
    #[must_use]
    pub fn command(id: GateId, argv: Argv) -> Self {
        Self {
            id,
            name: None,
            category: None,
            description: None,
            check: GateCheck::Command(argv),
            timeout_sec: None,
            prerequisites: Vec::new(),
            on_failure: FailureAction::Block,
            env: BTreeMap::new(),
            forbidden: Vec::new(),
            moments: BTreeSet::from([Moment::Wave]),
            refs: Vec::new(),
            paths: Vec::new(),
            baseline: Baseline::Base,
            conditions: Vec::new(),
            reader: None,
            coverage_report: None,
            value_pattern: None,
            toolchain: Vec::new(),
            config: None,
            stage: 0,
        }
    }

    /// Returns the command that it runs, if it runs one.
    #[must_use]
    pub const fn argv(&self) -> Option<&Argv> {
        match &self.check {
            GateCheck::Command(argv) => Some(argv),
            GateCheck::Lines | GateCheck::Manual(_) => None,
        }
    }

    /// Returns the name for people: its own, or the id.
    #[must_use]
    pub fn title(&self) -> &str {
        self.name.as_deref().unwrap_or(self.id.as_str())
    }

    /// Returns the SHA-256 of everything that its verdict on a tree depends on besides the tree and the programs, 64 hexadecimal digits.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        let mut put = |text: &str| {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        };
        put(self.id.as_str());
        match &self.check {
            GateCheck::Command(argv) => argv.iter().for_each(|word| put(word)),
            GateCheck::Lines => put("lines"),
            GateCheck::Manual(question) => put(question),
        }
        self.env.iter().for_each(|(name, value)| put(&format!("{name}={value}")));
        for forbidden in &self.forbidden {
            put(forbidden.pattern.as_str());
            forbidden.paths.iter().for_each(|pattern| put(pattern.text()));
        }
        self.conditions.iter().for_each(|condition| put(&condition.to_string()));
        put(&format!("{:?}", self.baseline));
        for text in [&self.reader, &self.coverage_report] {
            put(text.as_deref().unwrap_or("-"));
        }
        put(self.value_pattern.as_ref().map_or("-", regex::Regex::as_str));
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Returns whether it is for a ref of this full name; `all` are the refs of the file.
    #[must_use]
    pub fn is_for(&self, name: &str, all: &[Pattern]) -> bool {
        let own = if self.refs.is_empty() { all } else { &self.refs };
        if own.is_empty() { name.starts_with("refs/heads/") } else { own.iter().any(|pattern| pattern.matches(name.as_bytes())) }
    }
}

/// A stage: gates that run before those of the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// A name for people.
    pub name: String,
    /// Whether the next stage runs only when every gate of this one that blocks has passed.
    pub required: bool,
}

/// A file of quality gates.
#[derive(Debug, Clone, Default)]
pub struct QualityGate {
    /// The gates, in the order in which they run.
    pub gates: Vec<Gate>,
    /// The stages; the last one holds the gates that no stage names.
    pub stages: Vec<Stage>,
    /// The refs whose pushes are gated; empty: all branches.
    pub refs: Vec<Pattern>,
}

impl QualityGate {
    /// Returns the gates that run at a moment, in their order.
    pub fn at(&self, moment: Moment) -> impl Iterator<Item = &Gate> {
        self.gates.iter().filter(move |gate| gate.moments.contains(&moment))
    }

    /// Returns the gate with this id.
    #[must_use]
    pub fn gate(&self, id: &str) -> Option<&Gate> {
        self.gates.iter().find(|gate| gate.id.as_str() == id)
    }
}
