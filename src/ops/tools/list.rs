//! `git orc tools list` and `routes`.

use std::collections::BTreeSet;

use serde::Serialize;

use super::ground::{Author, Ground, kind_word};
use super::version::{Asking, Presence, ask};
use crate::domain::tool::registry::{Candidate, chain};
use crate::domain::tool::strategy::Strategy;
use crate::domain::tool::toolbox::Tool;

/// A tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// Its id.
    pub id: String,
    /// How it is talked to.
    pub kind: &'static str,
    /// What it starts.
    pub program: Option<String>,
    /// What is known of that.
    pub installation: Presence,
    /// What it can do.
    pub capabilities: Vec<String>,
    /// Who had the last word about it.
    pub author: Author,
    /// The files that say something about it, the strongest first.
    pub files: Vec<String>,
}

/// Returns the tools, the most preferred first; with a capability, those that have it or are in its chain, in the order of the chain.
pub async fn list(ground: &Ground, capability: Option<&str>, asking: Asking) -> Vec<Listed> {
    let tools: Vec<&Tool> = match capability {
        None => ground.tools.tools().collect(),
        Some(capability) => {
            let route = chain(&ground.registry, &ground.tools, capability);
            let able = ground.tools.tools().filter(|tool| tool.profile.capabilities.iter().any(|own| own == capability));
            let mut tools: Vec<&Tool> = route.iter().filter_map(|one| ground.tools.tool(one.tool.as_ref()?)).collect();
            for tool in able {
                if tools.iter().all(|known| known.profile.id != tool.profile.id) {
                    tools.push(tool);
                }
            }
            tools
        }
    };
    let presences = ask(ground, &tools, asking).await;
    let listed = |(tool, installation): (&&Tool, Presence)| Listed {
        id: tool.profile.id.to_string(),
        kind: kind_word(&tool.profile.kind),
        program: tool.profile.binary().map(str::to_owned),
        installation,
        capabilities: tool.profile.capabilities.clone(),
        author: ground.author(tool),
        files: tool.origins.clone(),
    };
    tools.iter().zip(presences).map(listed).collect()
}

/// Who says which tools do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RouteSource {
    /// The registry.
    Registry,
    /// The profiles, by what they can do.
    Profiles,
}

/// Whether a tool of a chain can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// It can.
    Installed,
    /// Its program is not there.
    Missing,
    /// It means no tool profile.
    NoProfile,
}

/// A tool of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Link {
    /// Its name in the registry.
    pub name: String,
    /// The tool profile that it means.
    pub tool: Option<String>,
    /// Whether it can be used.
    pub state: LinkState,
    /// Why it means no profile.
    pub lack: Option<String>,
}

/// The tools that do something, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Route {
    /// What they do.
    pub capability: String,
    /// Who says so.
    pub source: RouteSource,
    /// In which order they are tried.
    pub strategy: Strategy,
    /// The tools, the primary first.
    pub chain: Vec<Link>,
    /// Seconds until an attempt is ended, where the registry says so.
    pub timeout_sec: Option<u64>,
    /// How often a tool is tried again, where the registry says so.
    pub retries: Option<u32>,
}

/// Returns the chain of every capability that the registry or a profile has.
#[must_use]
pub fn routes(ground: &Ground) -> Vec<Route> {
    let of_profiles = ground.tools.tools().flat_map(|tool| tool.profile.capabilities.iter().map(String::as_str));
    let all: BTreeSet<&str> = ground.registry.capabilities.keys().map(String::as_str).chain(of_profiles).collect();
    all.into_iter().map(|capability| route(ground, capability)).collect()
}

fn route(ground: &Ground, capability: &str) -> Route {
    let rule = ground.registry.capabilities.get(capability);
    Route {
        capability: capability.to_owned(),
        source: if rule.is_some() { RouteSource::Registry } else { RouteSource::Profiles },
        strategy: rule.map(|rule| rule.strategy).unwrap_or_default(),
        chain: chain(&ground.registry, &ground.tools, capability).into_iter().map(|one| link(ground, one)).collect(),
        timeout_sec: rule.and_then(|rule| rule.timeout_sec),
        retries: rule.and_then(|rule| rule.retries),
    }
}

fn link(ground: &Ground, candidate: Candidate) -> Link {
    let profile = candidate.tool.as_ref().and_then(|tool| ground.tools.profile(tool));
    let state = match profile {
        None => LinkState::NoProfile,
        Some(profile) if ground.is_installed(profile) => LinkState::Installed,
        Some(_) => LinkState::Missing,
    };
    Link { name: candidate.name, tool: candidate.tool.map(|tool| tool.to_string()), state, lack: candidate.lack }
}
