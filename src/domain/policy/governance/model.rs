//! The policies of a run: what all layers together say.

use std::sync::Arc;

use regex::bytes::Regex;

use crate::domain::document::source::At;
use crate::domain::policy::governance::globs::{Glob, Globs};
use crate::domain::policy::governance::limit::{Limits, Section};
use crate::domain::policy::governance::raw::RawLimits;
use crate::domain::policy::governance::secrets::rules::SecretRules;
use crate::domain::policy::governance::word::Enforcement;

/// Paths for which the same holds, and why.
#[derive(Debug, Clone, Default)]
pub struct Zone {
    /// The paths.
    pub globs: Globs,
    /// Why.
    pub rationale: Option<String>,
    /// The commands that check a change in it, for who reviews.
    pub validation: Vec<String>,
}

/// What must stay true.
#[derive(Debug, Clone)]
pub struct Invariant {
    /// The id.
    pub id: String,
    /// What must stay true.
    pub description: Option<String>,
    /// Who sees to it.
    pub enforcement: Option<Enforcement>,
    /// The paths that it concerns.
    pub paths: Globs,
}

/// What no added line may hold.
#[derive(Debug, Clone)]
pub struct Forbidden {
    /// The id.
    pub id: String,
    /// What is searched for.
    pub pattern: Regex,
    /// The files in which it is searched for; all of them when there are no globs.
    pub paths: Globs,
    /// Why.
    pub reason: String,
    /// What to write in its place.
    pub alternative: Option<String>,
}

/// A find that is no secret: all of what is given must fit.
#[derive(Debug, Clone)]
pub struct Allowance {
    /// The rule.
    pub rule: Option<String>,
    /// The file.
    pub path: Option<Glob>,
    /// The fingerprint.
    pub fingerprint: Option<String>,
}

/// What one file says, checked by itself.
#[derive(Debug, Clone, Default)]
pub struct Layer {
    /// The zone of what may be changed freely.
    pub safe: PlacedZone,
    /// The zone of what waits for a person.
    pub review: PlacedZone,
    /// The zone of what is refused.
    pub read_only: PlacedZone,
    /// The invariants.
    pub invariants: Vec<At<Invariant>>,
    /// What no added line may hold.
    pub forbidden: Vec<At<Forbidden>>,
    /// The limits.
    pub limits: RawLimits,
    /// The part of the file that says them.
    pub section: Section,
    /// What a profile asks besides.
    pub asks: Asks,
    /// The protected paths.
    pub protected: PlacedZone,
    /// The files that come along.
    pub overflow: Option<Vec<At<Glob>>>,
    /// Whether secrets are searched for.
    pub scan: Option<At<bool>>,
    /// Finds that are none.
    pub allow: Vec<At<Allowance>>,
}

/// What the profile of a repository asks of every change, and of every plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asks {
    /// That added lines are ASCII.
    pub ascii: bool,
    /// That every workstream names an issue.
    pub issue: bool,
    /// That something runs the tests.
    pub tests: bool,
}

impl Asks {
    /// Adds what another layer asks.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self { ascii: self.ascii | other.ascii, issue: self.issue | other.issue, tests: self.tests | other.tests }
    }
}

/// A zone whose globs know where they were written.
#[derive(Debug, Clone, Default)]
pub struct PlacedZone {
    /// The paths.
    pub globs: Vec<At<Glob>>,
    /// Why.
    pub rationale: Option<String>,
    /// The commands that check a change in it.
    pub validation: Vec<String>,
}

impl PlacedZone {
    /// Returns the zone without places.
    #[must_use]
    pub fn zone(&self) -> Zone {
        let globs = Globs::new(self.globs.iter().map(|glob| glob.value.clone()).collect());
        Zone { globs, rationale: self.rationale.clone(), validation: self.validation.clone() }
    }
}

/// The policies of a run. With nothing in it, everything may land.
#[derive(Debug, Clone, Default)]
pub struct Governance {
    /// What may not be changed.
    pub read_only: Vec<Zone>,
    /// What waits for a person.
    pub review: Vec<Zone>,
    /// What must stay true.
    pub invariants: Vec<Invariant>,
    /// What no added line may hold.
    pub forbidden: Vec<Forbidden>,
    /// How large a change may be, and of which kinds.
    pub limits: Limits,
    /// What a workstream changes only when its own scope names it without wildcards.
    pub protected: Vec<Zone>,
    /// What comes along with other changes.
    pub overflow: Globs,
    /// The rules by which secrets are found; `None` when nobody looks for them.
    pub secrets: Option<Arc<SecretRules>>,
    /// Finds that are none.
    pub allow: Vec<Allowance>,
    /// What the profile of the repository asks.
    pub asks: Asks,
}
