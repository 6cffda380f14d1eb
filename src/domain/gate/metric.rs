//! What a gate measures, and what may be asked of it.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::domain::document::node::Node;
use crate::domain::document::read::Read;
use crate::domain::document::sink::Sink;
use crate::domain::document::word::words;

words! {
    /// Something that a gate measures.
    Metric {
        /// All findings.
        Findings = "findings",
        /// Findings of the level error.
        Errors = "findings.error",
        /// Findings of the level warning.
        Warnings = "findings.warning",
        /// Findings that the base does not have.
        New = "findings.new",
        /// Such findings of the level error.
        NewErrors = "findings.new.error",
        /// Such findings of the level warning.
        NewWarnings = "findings.new.warning",
        /// Findings that only the base has.
        Fixed = "findings.fixed",
        /// The exit code.
        ExitCode = "exit_code",
        /// How long it took, in seconds.
        Duration = "duration_sec",
        /// The share of lines that tests ran, in percent.
        Coverage = "coverage",
        /// That of the base.
        CoverageGain = "coverage.gain",
        /// The number that `value_pattern` finds in the output.
        Value = "value",
        /// Commits of runs in the range whose last tree has no passing verdict.
        Ungated = "ledger.ungated",
    }
    /// How a number is compared with another.
    Comparator {
        /// Less.
        Less = "<",
        /// Less, or equal.
        AtMost = "<=",
        /// Equal.
        Equal = "==",
        /// Not equal.
        Other = "!=",
        /// Greater, or equal.
        AtLeast = ">=",
        /// Greater.
        Greater = ">",
    }
}

impl Comparator {
    /// Returns whether it holds.
    #[must_use]
    #[expect(clippy::float_cmp, reason = "both are what somebody wrote or counted")]
    pub fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::Equal => left == right,
            Self::Other => left != right,
            Self::AtLeast => left >= right,
            Self::Greater => left > right,
        }
    }
}

/// What must hold of something measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Condition {
    /// What is measured.
    pub metric: Metric,
    /// How it is compared.
    pub op: Comparator,
    /// With what.
    pub value: f64,
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.metric.as_str(), self.op.as_str(), self.value)
    }
}

/// What came of a condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measured {
    /// The condition, as it was written.
    pub condition: String,
    /// What was measured, a number; `None` when it could not be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Whether it holds; `None` when it could not be measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holds: Option<bool>,
}

impl Metric {
    /// Returns whether it can be measured only with a base to compare with.
    #[must_use]
    pub const fn needs_base(self) -> bool {
        matches!(self, Self::New | Self::NewErrors | Self::NewWarnings | Self::Fixed | Self::CoverageGain)
    }
}
