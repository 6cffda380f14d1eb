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
use crate::domain::run::fact::StepRole;
use crate::domain::tool::profile::{ToolKind, ToolProfile};
use crate::domain::tool::resources::ResourceLimits;
use crate::domain::tool::variable::holds_secret;
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
        let mut programs: Vec<&[String]> = plan.setup.iter().map(Vec::as_slice).collect();
        let own: Vec<String>;
        match &profile.kind {
            ToolKind::Replay => {
                let names = edit.map_or(&[][..], |edit| edit.patches.as_slice());
                told = names.iter().map(|name| digest([self.inputs.get(name).map_or(&[][..], Vec::as_slice)])).collect();
            }
            ToolKind::Fixers => {
                told.extend(plan.fixers.iter().map(argv));
                programs.extend(plan.fixers.iter().map(Vec::as_slice));
            }
            ToolKind::Command => {
                let command = place::command(plan, (role, index));
                told.extend(command.map(argv));
                told.push(prompt.to_owned());
                programs.extend(command.map(Vec::as_slice));
            }
            ToolKind::External { binary, args } | ToolKind::Acp { binary, args } => {
                told.push(prompt.to_owned());
                own = [binary].into_iter().chain(args).chain(profile.held_args.iter().flatten()).cloned().collect();
                programs.push(&own);
            }
            ToolKind::Api { .. } | ToolKind::Manual => told.push(prompt.to_owned()),
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
        let programs = plan.setup.iter().chain(commands).map(Vec::as_slice);
        Components {
            what: format!("{role} {} {}", plan.id, step.id),
            prompt: digest(told),
            profile: self.programs(programs),
            model: digest([""]),
            settings: self.settings(None),
            inputs,
        }
    }

    /// Returns what is known of the programs of commands, and of the files outside of the repository that these name, such as scripts: where
    /// each lies, how large it is and since when. One with a relative path is a file of the tree.
    pub(super) fn programs<'p>(&self, commands: impl IntoIterator<Item = &'p [String]>) -> String {
        let of_word = |(number, word): (usize, &String)| match word.as_str() {
            word if word.starts_with('/') => self.environment.identity_at(word.as_ref()),
            word if number == 0 && !word.contains('/') => self.environment.identity(word),
            _ => None,
        };
        let of_command = |argv: &'p [String]| argv.iter().enumerate().map(of_word).map(Option::unwrap_or_default).collect::<Vec<_>>();
        digest(commands.into_iter().flat_map(of_command))
    }

    /// Returns what else holds for a program. Of the variables that only a tool's profile lets through, those that hold a key count by their
    /// names alone: a new key is no other question.
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
        parts.extend(self.hold.extra().map(|path| path.as_os_str().as_encoded_bytes().to_vec()));
        let nothing = BTreeMap::new();
        let of_all = self.environment.for_task(&task, &[], &nothing);
        let allowed = profile.map_or(&[][..], |profile| profile.env_allow.as_slice());
        for (name, value) in self.environment.for_task(&task, allowed, &nothing) {
            let Some(text) = name.to_str().filter(|name| !name.starts_with("ORC_") && !OF_SESSION.contains(name)) else { continue };
            if !of_all.contains_key(&name) && holds_secret(text) {
                continue;
            }
            let value = if text == "PATH" { without_git(&value) } else { value };
            parts.extend([name.into_encoded_bytes(), value.into_encoded_bytes()]);
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

/// Returns a profile without what says only how long, how many and how much: the rest of it decides what comes out.
fn plain(profile: &ToolProfile) -> String {
    let plain = ToolProfile {
        timeout_sec: None,
        idle_timeout_sec: None,
        max_parallel: None,
        starts_per_minute: None,
        budget_args: Vec::new(),
        resources: ResourceLimits::default(),
        install: None,
        ..profile.clone()
    };
    format!("{plain:?}")
}
