//! What a run is decided by besides its plan: frozen at its start, so that a resume decides alike.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::limits::BreakerLimits;
use crate::domain::id::{StepId, ToolId, WorkstreamId};
use crate::domain::policy::sandbox::SandboxRules;
use crate::domain::tool::profile::ResolveMode;

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
    pub routes: BTreeMap<WorkstreamId, BTreeMap<StepId, Vec<ToolId>>>,
    /// The longest time for any step, in seconds.
    pub timeout_sec: Option<u64>,
    /// What holds programs; where programs get to is found anew by each driver.
    #[serde(default)]
    pub sandbox: SandboxRules,
}

impl RunConfig {
    /// Returns the tools of an EDIT step, the first choice first.
    #[must_use]
    pub fn route(&self, workstream: &WorkstreamId, step: &StepId) -> &[ToolId] {
        self.routes.get(workstream).and_then(|steps| steps.get(step)).map_or(&[], Vec::as_slice)
    }
}
