//! What the reading of a plan depends on.

use serde::{Deserialize, Serialize};

use crate::domain::document::command::Argv;
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
    /// The commands.
    pub commands: CommandDefaults,
    /// The commit to start from; `HEAD` when absent.
    pub base: Option<String>,
    /// What there is for phases.
    pub phases: PhaseInput,
}

/// What there is for the phases of pipelines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PhaseInput {
    /// The pipelines, by name; those that git-orc ships come behind them.
    pub pipelines: Vec<PipelineFile>,
    /// The pipeline of workstreams that name none and have no steps or commands of their own.
    pub pipeline: Option<String>,
    /// The names of the templates that prompts can be made with; `None` switches the check off.
    pub templates: Option<Vec<String>>,
}

/// A pipeline as it lies somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipelineFile {
    /// The name by which plans know it.
    pub name: String,
    /// Its text.
    pub file: SourceFile,
}

/// Commands of workstreams that give none of their own, and whose plan gives none either.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CommandDefaults {
    /// They prepare the worktree.
    #[serde(default)]
    pub setup: Vec<Argv>,
    /// They build; they come before the static ones, and only with them.
    #[serde(default)]
    pub build: Vec<Argv>,
    /// They look at the files.
    #[serde(default, rename = "static")]
    pub statics: Vec<Argv>,
    /// They run the program.
    #[serde(default)]
    pub runtime: Vec<Argv>,
}

impl CommandDefaults {
    /// Returns whether there is no command.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.setup.is_empty() && self.build.is_empty() && self.statics.is_empty() && self.runtime.is_empty()
    }
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
