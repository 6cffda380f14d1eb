//! What a tool may reach here.

use serde::Serialize;

use super::ground::Ground;
use crate::domain::policy::sandbox::{Network, Reads, SandboxLevel};
use crate::domain::tool::profile::ToolProfile;
use crate::io::sandbox::probe::probe;
use crate::ops::begin::rules;

/// What a tool may reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reach {
    /// How tightly it is held.
    pub level: SandboxLevel,
    /// Why it can not be held so tightly on this machine.
    pub lack: Option<String>,
    /// What it may reach over the network.
    pub network: Network,
    /// What it may read.
    pub reads: Reads,
    /// What it may write besides the worktree, a temporary folder of its own and the caches of build tools.
    pub write: Vec<String>,
    /// What it may read although it is hidden or not listed.
    pub read: Vec<String>,
}

/// Returns what a tool may reach here, by its profile and the settings.
pub async fn reach(ground: &Ground, profile: &ToolProfile) -> Reach {
    let probe = probe(&ground.desk.supervisor, ground.desk.environment.var("PATH")).await;
    let held = rules(&ground.settings).held(&profile.sandbox, probe.best());
    let both = |of_all: &[String], own: &[String]| of_all.iter().chain(own).cloned().collect();
    Reach {
        level: held.level,
        lack: probe.lack(held.level),
        network: held.network,
        reads: held.reads,
        write: both(&ground.settings.sandbox_write.value, &profile.sandbox.write),
        read: both(&ground.settings.sandbox_read.value, &profile.sandbox.read),
    }
}
