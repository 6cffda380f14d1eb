//! The registry: which tools do what. It stands above the order of the tool profiles, and starts nothing by itself: a tool of the registry
//! means a tool profile, and one without a profile is passed over.

use std::collections::BTreeMap;
use std::path::Path;

use super::strategy::Strategy;
use super::toolbox::Toolbox;
use crate::domain::id::ToolId;

/// What a registry says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Registry {
    /// Which tools do what.
    pub capabilities: BTreeMap<String, CapabilityRule>,
    /// The tools, by their names in the registry.
    pub tools: BTreeMap<String, RegistryTool>,
}

/// Which tools do something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapabilityRule {
    /// The tool that is tried first.
    pub primary: String,
    /// The tools after it.
    pub fallbacks: Vec<String>,
    /// In which order they are tried.
    pub strategy: Strategy,
    /// Seconds until an attempt is ended; `None` leaves it to the profile and the step.
    pub timeout_sec: Option<u64>,
    /// How often a tool is tried again; `None` leaves it to the limits.
    pub retries: Option<u32>,
    /// What a step must give.
    pub requires: Requires,
}

/// What a step must give.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Requires {
    /// Instructions.
    pub prompt: bool,
    /// Files to work on.
    pub files: bool,
    /// What is to be tested.
    pub test_path: bool,
}

/// A tool of a registry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RegistryTool {
    /// Its name for people.
    pub title: Option<String>,
    /// How its program is found; the first one is compared with the programs of the profiles.
    pub detect: Vec<String>,
    /// How it is asked for its version.
    pub version: Vec<String>,
    /// What it can do.
    pub capabilities: Vec<String>,
    /// The version that is meant to be used.
    pub pinned_version: Option<String>,
    /// How many of it may run at once; `None` leaves it to the profile.
    pub max_parallel: Option<u32>,
}

/// A tool that may do something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The tool profile that it means; `None` when it means none.
    pub tool: Option<ToolId>,
    /// Its name in the registry.
    pub name: String,
    /// Why it can not be used; `None` when it can.
    pub lack: Option<String>,
}

impl CapabilityRule {
    /// Returns the names of its tools, the primary first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.primary).chain(&self.fallbacks).map(String::as_str)
    }
}

impl Registry {
    /// Returns the tool profile that a name means: the one with this id, else the first one that starts the program of the tool with this name.
    #[must_use]
    pub fn profile_of(&self, toolbox: &Toolbox, name: &str) -> Option<ToolId> {
        let named = toolbox.tools().find(|tool| tool.profile.id.as_str() == name);
        let started = || {
            let program = self.tools.get(name)?.program()?;
            toolbox.tools().find(|tool| tool.profile.binary() == Some(program))
        };
        named.or_else(started).map(|tool| tool.profile.id.clone())
    }
}

impl RegistryTool {
    /// Returns its program: the name of the file in the first word of the first command that finds it.
    #[must_use]
    pub fn program(&self) -> Option<&str> {
        let word = self.detect.first()?.split_whitespace().next()?;
        Path::new(word).file_name()?.to_str()
    }
}

/// Returns the tools that may do something, the primary first; empty when the registry says nothing about it. Two names of one profile are one
/// tool. Whether a program is installed is no question for here.
#[must_use]
pub fn route(registry: &Registry, toolbox: &Toolbox, capability: &str) -> Vec<Candidate> {
    let mut route: Vec<Candidate> = Vec::new();
    for name in registry.capabilities.get(capability).into_iter().flat_map(CapabilityRule::names) {
        let tool = registry.profile_of(toolbox, name);
        if tool.is_some() && route.iter().any(|earlier| earlier.tool == tool) {
            continue;
        }
        let lack = tool.is_none().then(|| lack(registry, name));
        route.push(Candidate { tool, name: name.to_owned(), lack });
    }
    route
}

/// Returns the tools that may do something: the chain of the registry where it has the capability, else every profile that has it, in the order
/// of preference. Empty when nobody has it.
#[must_use]
pub fn chain(registry: &Registry, toolbox: &Toolbox, capability: &str) -> Vec<Candidate> {
    let chain = route(registry, toolbox, capability);
    if !chain.is_empty() {
        return chain;
    }
    let able = toolbox.tools().filter(|tool| tool.profile.capabilities.iter().any(|own| own == capability));
    able.map(|tool| Candidate { tool: Some(tool.profile.id.clone()), name: tool.profile.id.to_string(), lack: None }).collect()
}

fn lack(registry: &Registry, name: &str) -> String {
    match registry.tools.get(name).and_then(RegistryTool::program) {
        Some(program) if program != name => format!("no tool profile has the id `{name}` or starts `{program}`"),
        Some(_) | None => format!("no tool profile has the id `{name}`"),
    }
}

#[cfg(test)]
mod tests;
