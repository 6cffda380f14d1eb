//! What the result of a step is known by: everything that its program is told, the program itself, and what holds for it.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use super::hold::Hold;
use super::place;
use super::work;
use crate::domain::cache::key::{Components, digest};
use crate::domain::document::command::Argv;
use crate::domain::id::{RunId, StepId};
use crate::domain::plan::model::{Step, StepKind, Workstream};
use crate::domain::policy::sandbox::OwnRules;
use crate::domain::run::fact::StepRole;
use crate::domain::tool::profile::{ToolKind, ToolProfile};
use crate::domain::tool::resources::ResourceLimits;
use crate::engine::context::Inputs;
use crate::io::settings::environment::{Environment, TaskVariables};

/// Variables that are other ones in every session and say nothing about the work.
const OF_SESSION: [&str; 2] = ["TMPDIR", "XDG_RUNTIME_DIR"];

/// What makes keys.
#[derive(Debug, Clone, Copy)]
pub struct Keyer<'a> {
    /// The environment.
    pub environment: &'a Environment,
    /// What holds programs.
    pub hold: &'a Hold,
    /// The files that the plan names.
    pub inputs: &'a Inputs,
}

/// A step that changes files, as far as its key goes.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// The workstream.
    pub plan: &'a Workstream,
    /// The name of the step.
    pub step: &'a StepId,
    /// What it is for.
    pub role: StepRole,
    /// The step of the plan, counted from 0.
    pub index: usize,
    /// The tool.
    pub profile: &'a ToolProfile,
    /// What it is asked, if it is asked anything.
    pub prompt: &'a str,
}

impl Keyer<'_> {
    /// Returns what the result of a step that changes files is known by; `inputs` is the digest of the files that it starts from.
    #[must_use]
    pub fn change(&self, change: Change<'_>, inputs: String) -> Components {
        let Change { plan, step, role, index, profile, prompt } = change;
        let edit = place::edit_step(plan, index);
        let mut told = prepared(plan);
        let mut programs: Vec<&str> = Vec::new();
        match &profile.kind {
            ToolKind::Replay => {
                let names = edit.map_or(&[][..], |edit| edit.patches.as_slice());
                told = names.iter().map(|name| digest([self.inputs.get(name).map_or(&[][..], Vec::as_slice)])).collect();
            }
            ToolKind::Fixers => {
                told.extend(plan.fixers.iter().map(argv));
                programs.extend(plan.fixers.iter().filter_map(|argv| argv.first()).map(String::as_str));
            }
            ToolKind::Command => {
                let command = edit.and_then(|edit| match role {
                    StepRole::Fix => edit.fix.as_ref().or(edit.command.as_ref()),
                    StepRole::Resolve => plan.resolve.as_ref().or(edit.command.as_ref()),
                    StepRole::Edit | StepRole::Static | StepRole::Runtime | StepRole::Measure | StepRole::Improve => edit.command.as_ref(),
                });
                told.extend(command.map(argv));
                told.push(prompt.to_owned());
                programs.extend(command.and_then(|argv| argv.first()).map(String::as_str));
            }
            ToolKind::External { .. } | ToolKind::Acp { .. } | ToolKind::Api { .. } | ToolKind::Manual => {
                told.push(prompt.to_owned());
                programs.extend(profile.binary());
            }
        }
        let model = work::model(plan, index, profile).or(profile.model.as_deref()).unwrap_or_default();
        Components {
            what: format!("{} {} {step}", word(role), plan.id),
            prompt: digest(told),
            profile: digest([plain(profile), self.programs(programs)]),
            model: digest([model]),
            settings: self.settings(Some(profile)),
            inputs,
        }
    }

    /// Returns what the verdict of a check is known by.
    #[must_use]
    pub fn check(&self, (plan, step): (&Workstream, &Step), inputs: String) -> Components {
        let (role, commands) = match &step.kind {
            StepKind::Static(commands) => ("static", commands.as_slice()),
            StepKind::Runtime(commands) => ("runtime", commands.as_slice()),
            StepKind::Edit(_) => ("edit", &[][..]),
        };
        let mut told = prepared(plan);
        told.extend(commands.iter().map(argv));
        told.push(format!("{:?}", step.baseline));
        Components {
            what: format!("{role} {} {}", plan.id, step.id),
            prompt: digest(told),
            profile: self.programs(commands.iter().filter_map(|argv| argv.first()).map(String::as_str)),
            model: digest([""]),
            settings: self.settings(None),
            inputs,
        }
    }

    /// Returns what is known of programs: where each lies, how large it is and since when. One with a relative path is a file of the tree.
    fn programs<'p>(&self, programs: impl IntoIterator<Item = &'p str>) -> String {
        let outside = programs.into_iter().filter(|program| !program.contains('/') || program.starts_with('/'));
        digest(outside.map(|program| self.environment.identity(program).unwrap_or_default()))
    }

    /// Returns what else holds for a program. Of the variables that a tool's profile lets through only the names count: those are keys.
    #[must_use]
    pub fn settings(&self, profile: Option<&ToolProfile>) -> String {
        let held = self.hold.held(profile);
        let task = TaskVariables {
            run: RunId::NONE,
            workstream: None,
            step: None,
            attempt: None,
            worktree: PathBuf::new(),
            prompt_file: None,
            index: 0,
        };
        let mut parts: Vec<Vec<u8>> = [env!("CARGO_PKG_VERSION"), held.level.name(), held.network.name(), held.reads.name()]
            .map(|text| text.as_bytes().to_vec())
            .into();
        for (name, value) in self.environment.for_task(&task, &[], &BTreeMap::new()) {
            if name.to_str().is_some_and(|name| !name.starts_with("ORC_") && !OF_SESSION.contains(&name)) {
                let value = if name == "PATH" { without_git(&value) } else { value };
                parts.extend([name.into_encoded_bytes(), value.into_encoded_bytes()]);
            }
        }
        digest(parts)
    }
}

/// Returns the folders of `PATH` without git's own, which git puts in front when it starts the program as `git orc`.
fn without_git(path: &OsStr) -> OsString {
    let folders = std::env::split_paths(path).filter(|folder| folder.file_name().is_none_or(|name| name != "git-core"));
    std::env::join_paths(folders).unwrap_or_else(|_| path.to_owned())
}

/// Returns what prepares a worktree before anything else happens in it.
fn prepared(plan: &Workstream) -> Vec<String> {
    let submodules = if plan.submodules { "submodules" } else { "" };
    plan.setup.iter().map(argv).chain([submodules.to_owned()]).collect()
}

fn argv(argv: &Argv) -> String {
    digest(argv)
}

const fn word(role: StepRole) -> &'static str {
    match role {
        StepRole::Edit => "edit",
        StepRole::Static => "static",
        StepRole::Runtime => "runtime",
        StepRole::Fix => "fix",
        StepRole::Resolve => "resolve",
        StepRole::Measure => "measure",
        StepRole::Improve => "improve",
    }
}

/// Returns a profile without what says only how long, how many and how tightly: the rest of it decides what comes out.
fn plain(profile: &ToolProfile) -> String {
    let plain = ToolProfile {
        timeout_sec: None,
        idle_timeout_sec: None,
        max_parallel: None,
        starts_per_minute: None,
        budget_args: Vec::new(),
        resources: ResourceLimits::default(),
        sandbox: OwnRules::default(),
        install: None,
        ..profile.clone()
    };
    format!("{plain:?}")
}
