//! What a run is decided by besides its plan: frozen at its start, so that a resume decides alike.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::adapt::Fluid;
use super::limits::BreakerLimits;
use crate::domain::goal::strategy::Effects;
use crate::domain::id::{RunId, StepId, ToolId, WorkstreamId};
use crate::domain::policy::budget::Budgets;
use crate::domain::policy::sandbox::SandboxRules;
use crate::domain::tool::profile::ResolveMode;
use crate::domain::tool::strategy::Strategy;

/// What deciding needs to know of a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolTraits {
    /// Whether it works from a prompt, so that another context may change what it does.
    pub prompted: bool,
    /// Whether it does the same again whatever happens, so that no attempt after the first one can go better.
    #[serde(default)]
    pub fixed: bool,
    /// What it does about a merge conflict.
    pub resolve: ResolveMode,
    /// How many of it may run at once; `None` for any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_parallel: Option<u32>,
    /// How many of it may be started in a minute; `None` for any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_per_minute: Option<u32>,
}

/// The tools of every EDIT step, the first choice first.
pub type Routes = BTreeMap<WorkstreamId, BTreeMap<StepId, Vec<ToolId>>>;

/// What a tool did in runs before this one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// How many attempts it made.
    pub attempts: u32,
    /// How many of them passed.
    pub passed: u32,
    /// How long they took, in milliseconds.
    pub took_ms: u64,
}

/// The frozen settings of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunConfig {
    /// How many workstreams may run at once; at least 1.
    pub max_workers: u32,
    /// When a tool is left alone for a while.
    pub breaker: BreakerLimits,
    /// The tools that the plan may use.
    pub tools: BTreeMap<ToolId, ToolTraits>,
    /// The tools of every EDIT step, the first choice first.
    pub routes: Routes,
    /// The longest time for any step, in seconds.
    pub timeout_sec: Option<u64>,
    /// What holds programs; where programs get to is found anew by each driver.
    #[serde(default)]
    pub sandbox: SandboxRules,
    /// Why tools of the routes are not there, one sentence fragment each.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub absent: BTreeMap<ToolId, String>,
    /// In which order the tools of a capability are tried, where that is not as written.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub strategies: BTreeMap<String, Strategy>,
    /// What tools did before, where they are chosen by that.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub records: BTreeMap<ToolId, Record>,
    /// What may be spent.
    #[serde(default)]
    pub budgets: Budgets,
    /// How long results of steps may be used again, in seconds; `None` when the cache is not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_ttl_sec: Option<u64>,
    /// Why so many workstreams run at once, where that was found out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workers_why: Option<String>,
    /// What makes it a fluid run; `None` for any other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fluid: Option<Fluid>,
    /// What strategies for goals came to before, where there are goals.
    #[serde(default, skip_serializing_if = "Effects::is_empty")]
    pub effects: Effects,
    /// What came to nothing in the run that this one does again; `None` for any other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_up: Option<GivenUp>,
}

/// The workstreams that came to nothing in a run. Whoever does them again wants other answers than the ones that led there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenUp {
    /// The run.
    pub run: RunId,
    /// The workstreams.
    pub workstreams: Vec<WorkstreamId>,
}

impl GivenUp {
    /// Returns whether what a workstream left in a run led to nothing.
    #[must_use]
    pub fn holds(&self, run: RunId, workstream: &WorkstreamId) -> bool {
        self.run == run && self.workstreams.contains(workstream)
    }
}

impl ToolTraits {
    /// Returns the traits of a tool that does this about a conflict, takes no prompt, and may do better in another attempt.
    #[must_use]
    pub const fn of(resolve: ResolveMode) -> Self {
        Self { prompted: false, fixed: false, resolve, max_parallel: None, starts_per_minute: None }
    }
}

impl RunConfig {
    /// Returns the settings of a run of so many workers without any tool, and with nothing else said.
    #[must_use]
    pub fn of_workers(max_workers: u32) -> Self {
        Self {
            max_workers,
            breaker: BreakerLimits::default(),
            tools: BTreeMap::new(),
            routes: BTreeMap::new(),
            timeout_sec: None,
            sandbox: SandboxRules::default(),
            absent: BTreeMap::new(),
            strategies: BTreeMap::new(),
            records: BTreeMap::new(),
            budgets: Budgets::default(),
            cache_ttl_sec: None,
            workers_why: None,
            fluid: None,
            effects: Effects::default(),
            given_up: None,
        }
    }

    /// Returns the tools of an EDIT step, the first choice first.
    #[must_use]
    pub fn route(&self, workstream: &WorkstreamId, step: &StepId) -> &[ToolId] {
        self.routes.get(workstream).and_then(|steps| steps.get(step)).map_or(&[], Vec::as_slice)
    }
}
