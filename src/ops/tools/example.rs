//! How a tool would be started: its templates with example values in them.

use std::ffi::OsStr;
use std::path::Path;

use crate::domain::id::{RepoPath, RunId, WorkstreamId};
use crate::domain::policy::sandbox::SandboxLevel;
use crate::domain::policy::scope::Scope;
use crate::domain::tool::invocation::{Invocation, InvocationError, Task, invocation};
use crate::domain::tool::profile::{ToolKind, ToolProfile};
use crate::domain::tool::toolbox::COMMAND;
use crate::domain::tool::usage::MicroUsd;

/// What stands for what is not known before a run.
const PROMPT: &str = "PROMPT";
/// The files of the example.
const FILES: [&str; 2] = ["src/one.rs", "src/two.rs"];
/// Seconds, where the profile says nothing.
const TIMEOUT: u64 = 1800;

/// Returns how a tool would be started for an example, held as tightly as this.
///
/// # Errors
/// Returns [`InvocationError`] when a template can not be filled, or the tool starts no program.
pub fn example(profile: &ToolProfile, sandbox: SandboxLevel) -> Result<Invocation, InvocationError> {
    let started = match &profile.kind {
        // Started like any other program; what follows is talk.
        ToolKind::Acp { binary, args } => {
            ToolProfile { kind: ToolKind::External { binary: binary.clone(), args: args.clone() }, ..profile.clone() }
        }
        ToolKind::Command | ToolKind::Replay | ToolKind::Fixers | ToolKind::External { .. } | ToolKind::Api { .. } | ToolKind::Manual => {
            profile.clone()
        }
    };
    let none = || InvocationError::NoProgram(profile.id.to_string());
    let workstream = WorkstreamId::parse("example").map_err(|_| none())?;
    let files: Vec<RepoPath> = FILES.map(RepoPath::new).to_vec();
    let scope = Scope::new(&FILES.map(str::to_owned), &[], &[]).map_err(|_| none())?;
    let words = [COMMAND.to_owned()];
    let task = Task {
        prompt: PROMPT,
        prompt_file: Path::new("/RUN_DIR/prompt.md"),
        files: &files,
        worktree_path: Path::new("/WORKTREE"),
        run_dir: Path::new("/RUN_DIR"),
        workstream: &workstream,
        run: RunId::NONE,
        command: Some(&words),
        model: Some(profile.model.as_deref().unwrap_or("MODEL")),
        budget: Some(MicroUsd(1_000_000)),
        timeout_sec: profile.timeout_sec.unwrap_or(TIMEOUT),
        sandbox,
        scope: &scope,
        own_program: Path::new("/usr/bin/git-orc"),
    };
    invocation(&started, &task)
}

/// Returns the command line of an example, to be typed into a shell; `None` when no program is started.
#[must_use]
pub fn command_line(profile: &ToolProfile, sandbox: SandboxLevel) -> Option<String> {
    match profile.kind {
        ToolKind::External { .. } | ToolKind::Acp { .. } => {}
        ToolKind::Command | ToolKind::Replay | ToolKind::Fixers | ToolKind::Api { .. } | ToolKind::Manual => return None,
    }
    let argv = example(profile, sandbox).ok()?.argv;
    Some(shell_words::join(argv.iter().map(|word| OsStr::to_string_lossy(word))))
}
