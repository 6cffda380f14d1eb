//! What the reading of a plan depends on.

use crate::domain::document::source::{Shape, SourceFile};
use crate::domain::id::ToolId;
use crate::domain::run::limits::LoopLimits;

/// What a plan that says nothing gets: the settings' values.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PlanDefaults {
    /// The bounds of the loops.
    pub limits: LoopLimits,
    /// The tool.
    pub tool: Option<ToolId>,
}

/// The names that the settings know; an empty list switches the check off.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'a> {
    /// The ids of the tool profiles.
    pub tools: &'a [ToolId],
    /// The capabilities that some tool has.
    pub capabilities: &'a [String],
}

/// Everything that the reading of a plan depends on.
#[derive(Debug, Clone, Copy)]
pub struct PlanInput<'a> {
    /// The files; bundles are taken in the order of their paths.
    pub files: &'a [SourceFile],
    /// What the files are.
    pub shape: Shape<'a>,
    /// The settings' values.
    pub defaults: &'a PlanDefaults,
    /// The names that the settings know.
    pub known: Known<'a>,
}
