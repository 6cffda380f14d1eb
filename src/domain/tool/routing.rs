//! Which tools may do a step, in which order.

use super::profile::ToolProfile;
use super::suggest::did_you_mean;
use super::toolbox::Toolbox;
use crate::domain::id::ToolId;
use crate::domain::plan::model::ToolChoice;

/// Why no tool can do a step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RoutingError {
    /// No tool has this id.
    #[error("unknown tool `{id}`{}", did_you_mean(suggestion.as_deref()))]
    UnknownTool {
        /// The id.
        id: ToolId,
        /// An id that may be meant.
        suggestion: Option<String>,
    },
    /// No tool has this capability.
    #[error("no tool has the capability `{0}`")]
    NoCapability(String),
    /// The registry names tools for this capability, and none of them has a profile.
    #[error("the registry names no tool with a profile for the capability `{capability}`: {}", lacks.join("; "))]
    NoProfile {
        /// The capability.
        capability: String,
        /// What is missing.
        lacks: Vec<String>,
    },
    /// There are such tools, and none can be used now.
    #[error("none of these tools can be used now: {}", .0.join(", "))]
    NoneUsable(Vec<String>),
}

/// Returns the tools that may do a step, the first choice first. A step that names its tool gets that tool and no other: another one
/// might cost what nobody agreed to. A step that asks for a capability gets every tool that has it, in the order of preference.
///
/// # Errors
/// Returns [`RoutingError::UnknownTool`] or [`RoutingError::NoCapability`] when the choice means no tool.
pub fn candidates<'a>(toolbox: &'a Toolbox, choice: &ToolChoice) -> Result<Vec<&'a ToolProfile>, RoutingError> {
    match choice {
        ToolChoice::Tool(id) => toolbox
            .profile(id)
            .map(|profile| vec![profile])
            .ok_or_else(|| RoutingError::UnknownTool { id: id.clone(), suggestion: toolbox.suggestion(id.as_str()).map(str::to_owned) }),
        ToolChoice::Capability(wanted) => {
            let able: Vec<_> = toolbox.tools().map(|tool| &tool.profile).filter(|profile| profile.capabilities.contains(wanted)).collect();
            if able.is_empty() { Err(RoutingError::NoCapability(wanted.clone())) } else { Ok(able) }
        }
    }
}

/// Returns the first candidate that can be used: installed, and its circuit breaker closed.
///
/// # Errors
/// Returns what [`candidates`] returns, and [`RoutingError::NoneUsable`] with the names of those that were looked at.
pub fn first_usable<'a>(
    toolbox: &'a Toolbox,
    choice: &ToolChoice,
    is_usable: impl Fn(&ToolProfile) -> bool,
) -> Result<&'a ToolProfile, RoutingError> {
    let candidates = candidates(toolbox, choice)?;
    let names = || candidates.iter().map(|profile| profile.id.to_string()).collect();
    candidates.iter().copied().find(|profile| is_usable(profile)).ok_or_else(|| RoutingError::NoneUsable(names()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tool::profile::ToolKind;
    use crate::domain::tool::toolbox::Tool;

    fn toolbox() -> Toolbox {
        let tool = |id: &str, capabilities: &[&str]| {
            let mut profile = ToolProfile::new(ToolId::parse(id).unwrap(), ToolKind::External { binary: id.to_owned(), args: vec![] });
            profile.capabilities = capabilities.iter().map(|name| (*name).to_owned()).collect();
            Tool { profile, origins: vec!["user".to_owned()] }
        };
        Toolbox::new(vec![tool("zeta", &["edit"]), tool("beta", &["edit", "review"])])
    }

    fn named(id: &str) -> ToolChoice {
        ToolChoice::Tool(ToolId::parse(id).unwrap())
    }

    #[test]
    fn the_order_of_preference_is_kept() {
        let toolbox = toolbox();
        let check = |choice: &ToolChoice, expect: &[&str]| {
            let ids: Vec<_> = candidates(&toolbox, choice).unwrap().iter().map(|profile| profile.id.as_str()).collect();
            assert_eq!(ids, expect, "{choice:?}");
        };
        check(&ToolChoice::Capability("edit".to_owned()), &["zeta", "beta"]);
        check(&ToolChoice::Capability("review".to_owned()), &["beta"]);
        check(&named("beta"), &["beta"]);
        check(&named("command"), &["command"]);
    }

    #[test]
    fn an_unusable_tool_is_passed_over_unless_it_was_named() {
        let toolbox = toolbox();
        let usable = |profile: &ToolProfile| profile.id.as_str() != "zeta";
        let edit = ToolChoice::Capability("edit".to_owned());
        assert_eq!(first_usable(&toolbox, &edit, usable).unwrap().id.as_str(), "beta");
        assert_eq!(first_usable(&toolbox, &named("zeta"), usable), Err(RoutingError::NoneUsable(vec!["zeta".to_owned()])));
    }

    #[test]
    fn what_means_no_tool_is_named() {
        let error = |choice: &ToolChoice| candidates(&toolbox(), choice).unwrap_err().to_string();
        assert_eq!(error(&named("zetta")), "unknown tool `zetta` (did you mean `zeta`?)");
        assert_eq!(error(&ToolChoice::Capability("fly".to_owned())), "no tool has the capability `fly`");
    }
}
