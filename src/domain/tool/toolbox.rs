//! All tools that a plan can name: the two embedded ones and those of the profile files, with where each came from. The fixers of a workstream
//! act like a tool and have no place among them.

use super::profile::{ToolKind, ToolProfile};
use super::suggest::closest;
use crate::domain::id::ToolId;

/// The embedded tool that runs the workstream's own command.
pub const COMMAND: &str = "command";
/// The embedded tool that applies patch files.
pub const REPLAY: &str = "replay";
/// The embedded tool that runs the fixers of a workstream. No plan names it; a run sets it to work by itself.
pub const FIXERS: &str = "fixers";

/// Returns whether a tool is embedded: it needs no profile, and none can replace it.
#[must_use]
pub fn is_embedded(id: &str) -> bool {
    id == COMMAND || id == REPLAY || id == FIXERS
}

/// A tool and the sources that shaped it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tool {
    /// How it is started and read.
    pub profile: ToolProfile,
    /// The names of the sources that say something about it, the strongest first; empty for the embedded tools.
    pub origins: Vec<String>,
}

/// The known tools, the most preferred first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toolbox {
    tools: Vec<Tool>,
    fixers: ToolProfile,
}

impl Toolbox {
    /// Returns a toolbox of these tools in this order of preference, and the embedded ones after them.
    #[must_use]
    pub fn new(mut tools: Vec<Tool>) -> Self {
        for (name, kind) in [(COMMAND, ToolKind::Command), (REPLAY, ToolKind::Replay)] {
            if let Ok(id) = ToolId::parse(name) {
                tools.push(Tool { profile: ToolProfile::new(id, kind), origins: Vec::new() });
            }
        }
        Self { tools, fixers: ToolProfile::new(ToolId::fixers(), ToolKind::Fixers) }
    }

    /// Returns the toolbox with nothing granted to the tools that this source has a say in: it comes with a repository, and what a
    /// repository says may only tighten.
    #[must_use]
    pub fn granting_nothing_to(mut self, origin: &str) -> Self {
        for tool in self.tools.iter_mut().filter(|tool| tool.origins.iter().any(|own| own == origin)) {
            tool.profile.sandbox = std::mem::take(&mut tool.profile.sandbox).of_repository();
        }
        self
    }

    /// Returns the tool with this id.
    #[must_use]
    pub fn tool(&self, id: &ToolId) -> Option<&Tool> {
        self.tools.iter().find(|tool| tool.profile.id == *id)
    }

    /// Returns the profile with this id.
    #[must_use]
    pub fn profile(&self, id: &ToolId) -> Option<&ToolProfile> {
        self.tool(id).map(|tool| &tool.profile)
    }

    /// Returns the profile of whoever does a step under this id: a tool, or the fixers.
    #[must_use]
    pub fn acting(&self, id: &ToolId) -> Option<&ToolProfile> {
        if id.is_fixers() { Some(&self.fixers) } else { self.profile(id) }
    }

    /// Returns all tools, the most preferred first.
    pub fn tools(&self) -> impl Iterator<Item = &Tool> {
        self.tools.iter()
    }

    /// Returns the id that may be meant by a mistyped one.
    #[must_use]
    pub fn suggestion(&self, id: &str) -> Option<&str> {
        closest(id, self.tools.iter().map(|tool| tool.profile.id.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_tools_are_always_there() {
        let toolbox = Toolbox::new(Vec::new());
        let kind = |id: &str| toolbox.profile(&ToolId::parse(id).unwrap()).map(|profile| profile.kind.clone());
        assert_eq!(kind("command"), Some(ToolKind::Command));
        assert_eq!(kind("replay"), Some(ToolKind::Replay));
        assert_eq!(kind("aider"), None);
        assert_eq!(toolbox.suggestion("comand"), Some("command"));
    }
}
