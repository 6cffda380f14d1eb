//! From a task to an argument vector. Never a shell.
//!
//! Rules:
//! - A template argument becomes exactly one argument, whatever is put into it; only `{files}`,
//!   `{model_args}` and `{budget_args}` become any number of them.
//! - Nothing that is put in can become an option. A file whose name starts with `-` gets `./` in front; a prompt that starts with `-` at the
//!   start of an argument (a list, say) gets a line feed in front; the other values are absolute paths and ids, which cannot start with `-`.
//! - The embedded tool `command` runs the workstream's own argument vector as it is written: braces in it mean nothing, and what it needs to
//!   know about its task is in the environment (`ORC_WORKSTREAM`, `ORC_PROMPT_FILE`, ...).

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use super::bridge::{BRIDGE, ORDER_FILE, Order, ScopeGlobs};
use super::profile::{StdinMode, ToolKind, ToolProfile};
use super::template::{self, Piece, Placeholder, TemplateError};
use super::usage::MicroUsd;
use crate::domain::id::{RepoPath, RunId, WorkstreamId};
use crate::domain::policy::sandbox::SandboxLevel;
use crate::domain::policy::scope::Scope;

/// The longest argument that Linux takes (`MAX_ARG_STRLEN`), without the final NUL.
pub const LONGEST_ARGUMENT: usize = 128 * 1024 - 1;

/// What a tool is to do.
#[derive(Debug, Clone, Copy)]
pub struct Task<'a> {
    /// The text of the prompt.
    pub prompt: &'a str,
    /// The absolute path of a file with the same text, outside the worktree.
    pub prompt_file: &'a Path,
    /// The files to work on, relative to the top of the worktree.
    pub files: &'a [RepoPath],
    /// The absolute path of the worktree.
    pub worktree_path: &'a Path,
    /// The absolute path of a folder for the tool's own files, outside the worktree.
    pub run_dir: &'a Path,
    /// The workstream.
    pub workstream: &'a WorkstreamId,
    /// The run.
    pub run: RunId,
    /// What the embedded tool `command` runs.
    pub command: Option<&'a [String]>,
    /// The model; `None` leaves it to the profile.
    pub model: Option<&'a str>,
    /// What the attempt may cost.
    pub budget: Option<MicroUsd>,
    /// Seconds until it is ended.
    pub timeout_sec: u64,
    /// How tightly git-orc's own sandbox holds it.
    pub sandbox: SandboxLevel,
    /// What it may change.
    pub scope: &'a Scope,
    /// The path of git-orc's own program, which does the part of tools that are none.
    pub own_program: &'a Path,
}

/// How a tool is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// The program and its arguments.
    pub argv: Vec<OsString>,
    /// Variables to set on top of the allowed environment.
    pub env: BTreeMap<String, OsString>,
    /// What it reads from standard input; `None` closes it.
    pub stdin: Option<Vec<u8>>,
    /// Files to write below the folder of the step before it starts: path and content.
    pub files: Vec<(String, Vec<u8>)>,
}

/// Why no argument vector could be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvocationError {
    /// A template of the profile is wrong.
    #[error("argument `{argument}` of the tool profile: {source}")]
    Template {
        /// The template.
        argument: String,
        /// What is wrong.
        #[source]
        source: TemplateError,
    },
    /// The workstream uses the tool `command` and gives no command.
    #[error("the tool `command` needs a command in the workstream")]
    NoCommand,
    /// The tool starts no program.
    #[error("the tool `{0}` starts no program")]
    NoProgram(String),
    /// A value holds a NUL byte, which no argument can hold.
    #[error("the value of `{0}` holds a NUL byte")]
    Nul(String),
    /// An argument is longer than the system takes.
    #[error(
        "argument `{argument}` is {length} bytes long and the system takes {LONGEST_ARGUMENT}; use `{{prompt_file}}` or `\"stdin\": \"prompt\"`"
    )]
    TooLong {
        /// The template.
        argument: String,
        /// Its length with the values put in.
        length: usize,
    },
    /// The profile asks for a value that nobody gives.
    #[error("the profile needs a value for `{0}` and there is none; name it in the plan or in the profile")]
    NoValue(Placeholder),
    /// A path that must be absolute is not.
    #[error("the path for `{0}` is not absolute")]
    Relative(Placeholder),
}

/// Returns how the tool is started for this task.
///
/// # Errors
/// Returns an [`InvocationError`] when the profile's templates are wrong, or a value does not fit into an argument.
pub fn invocation(profile: &ToolProfile, task: &Task<'_>) -> Result<Invocation, InvocationError> {
    check_paths(task)?;
    let task = &Task { model: task.model.or(profile.model.as_deref()), ..*task };
    let argv = match &profile.kind {
        ToolKind::Command => plain_argv(task.command)?,
        ToolKind::Replay | ToolKind::Fixers => return Err(InvocationError::NoProgram(profile.id.to_string())),
        ToolKind::External { binary, args } => expanded(binary, chosen(args, profile, task.sandbox), (profile, task))?,
        ToolKind::Acp { binary, args } => {
            [bridge_argv("acp", task), expanded(binary, chosen(args, profile, task.sandbox), (profile, task))?].concat()
        }
        ToolKind::Api { .. } => bridge_argv("api", task),
        ToolKind::Manual => bridge_argv("manual", task),
    };
    let mut env = BTreeMap::new();
    for (name, value) in &profile.env {
        env.insert(name.clone(), checked(name, join(&read(value)?, task, Place::Anywhere)?)?);
    }
    let mut files = Vec::new();
    for (path, content) in &profile.run_files {
        files.push((path.clone(), join(&read(content)?, task, Place::Anywhere)?));
    }
    let order = order(profile, task);
    // A bridge reads the file of the prompt.
    let stdin = match profile.stdin {
        StdinMode::Prompt if order.is_none() => Some(task.prompt.as_bytes().to_vec()),
        StdinMode::Prompt | StdinMode::Null => None,
    };
    files.extend(order.and_then(|order| Some((ORDER_FILE.to_owned(), serde_json::to_vec_pretty(&order).ok()?))));
    Ok(Invocation { argv, env, stdin, files })
}

/// Returns the arguments for how tightly the tool is held.
fn chosen<'a>(args: &'a [String], profile: &'a ToolProfile, sandbox: SandboxLevel) -> &'a [String] {
    match (sandbox, &profile.held_args) {
        (SandboxLevel::Landlock | SandboxLevel::Bubblewrap, Some(held)) => held,
        (SandboxLevel::None, _) | (_, None) => args,
    }
}

/// Returns the beginning of the command line of a bridge.
fn bridge_argv(kind: &str, task: &Task<'_>) -> Vec<OsString> {
    vec![task.own_program.into(), BRIDGE.into(), kind.into(), task.run_dir.into(), task.prompt_file.into()]
}

/// Returns what a bridge is told; `None` for tools that are started themselves.
fn order(profile: &ToolProfile, task: &Task<'_>) -> Option<Order> {
    let scope = || ScopeGlobs::of(task.scope);
    match &profile.kind {
        ToolKind::Command | ToolKind::Replay | ToolKind::Fixers | ToolKind::External { .. } => None,
        ToolKind::Acp { .. } => Some(Order::Acp { scope: scope() }),
        ToolKind::Api { base_url } => Some(Order::Api {
            base_url: base_url.clone(),
            model: task.model.map(str::to_owned),
            key_env: profile.key_env.clone(),
            context_window: profile.context_window,
            scope: scope(),
        }),
        ToolKind::Manual => Some(Order::Manual { workstream: task.workstream.to_string(), run: task.run.to_string() }),
    }
}

fn expanded(binary: &str, args: &[String], whose: (&ToolProfile, &Task<'_>)) -> Result<Vec<OsString>, InvocationError> {
    let mut argv = vec![OsString::from(binary)];
    for argument in args {
        expand(argument, whose, &mut argv)?;
    }
    Ok(argv)
}

fn check_paths(task: &Task<'_>) -> Result<(), InvocationError> {
    let paths =
        [(Placeholder::PromptFile, task.prompt_file), (Placeholder::WorktreePath, task.worktree_path), (Placeholder::RunDir, task.run_dir)];
    match paths.iter().find(|(_, path)| !path.is_absolute()) {
        Some((placeholder, _)) => Err(InvocationError::Relative(*placeholder)),
        None => Ok(()),
    }
}

fn plain_argv(command: Option<&[String]>) -> Result<Vec<OsString>, InvocationError> {
    let command = command.filter(|argv| argv.first().is_some_and(|program| !program.is_empty())).ok_or(InvocationError::NoCommand)?;
    command.iter().map(|argument| checked(argument, argument.as_bytes().to_vec())).collect()
}

fn read(argument: &str) -> Result<Vec<Piece>, InvocationError> {
    template::parse(argument).map_err(|source| InvocationError::Template { argument: argument.to_owned(), source })
}

fn expand(argument: &str, (profile, task): (&ToolProfile, &Task<'_>), argv: &mut Vec<OsString>) -> Result<(), InvocationError> {
    let pieces = read(argument)?;
    let more: &[String] = match pieces.as_slice() {
        [Piece::Value(Placeholder::Files)] => {
            for path in task.files {
                argv.push(checked(argument, file_argument(path))?);
            }
            return Ok(());
        }
        [Piece::Value(Placeholder::ModelArgs)] if task.model.is_none() => return Ok(()),
        [Piece::Value(Placeholder::BudgetArgs)] if task.budget.is_none() => return Ok(()),
        [Piece::Value(Placeholder::ModelArgs)] => &profile.model_args,
        [Piece::Value(Placeholder::BudgetArgs)] => &profile.budget_args,
        pieces => {
            argv.push(checked(argument, join(pieces, task, Place::Argument)?)?);
            return Ok(());
        }
    };
    for argument in more {
        argv.push(checked(argument, join(&read(argument)?, task, Place::Argument)?)?);
    }
    Ok(())
}

fn file_argument(path: &RepoPath) -> Vec<u8> {
    let bytes = path.as_bytes();
    if bytes.starts_with(b"-") { [b"./", bytes].concat() } else { bytes.to_vec() }
}

fn checked(argument: &str, bytes: Vec<u8>) -> Result<OsString, InvocationError> {
    if bytes.contains(&0) {
        return Err(InvocationError::Nul(argument.to_owned()));
    }
    if bytes.len() > LONGEST_ARGUMENT {
        let start: String = argument.chars().take(80).collect();
        return Err(InvocationError::TooLong { argument: start, length: bytes.len() });
    }
    Ok(OsString::from_vec(bytes))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Argument,
    Anywhere,
}

fn join(pieces: &[Piece], task: &Task<'_>, place: Place) -> Result<Vec<u8>, InvocationError> {
    let mut bytes = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => bytes.extend_from_slice(text.as_bytes()),
            Piece::Value(placeholder) => {
                let value = value(*placeholder, task).ok_or(InvocationError::NoValue(*placeholder))?;
                if place == Place::Argument && bytes.is_empty() && value.as_bytes().starts_with(b"-") {
                    bytes.push(b'\n');
                }
                bytes.extend_from_slice(value.as_bytes());
            }
        }
    }
    Ok(bytes)
}

/// Returns a value; `None` when nobody gives it, or when it is a list of arguments.
fn value(placeholder: Placeholder, task: &Task<'_>) -> Option<OsString> {
    Some(match placeholder {
        Placeholder::Prompt => task.prompt.into(),
        Placeholder::PromptFile => task.prompt_file.into(),
        Placeholder::WorktreePath => task.worktree_path.into(),
        Placeholder::RunDir => task.run_dir.into(),
        Placeholder::Workstream => task.workstream.as_str().into(),
        Placeholder::Run => task.run.to_string().into(),
        Placeholder::Model => task.model?.into(),
        Placeholder::BudgetUsd => format!("{:.6}", task.budget?.usd()).into(),
        Placeholder::TimeoutSec => task.timeout_sec.to_string().into(),
        Placeholder::ModelArgs | Placeholder::BudgetArgs => return None,
        // In a variable the files are one text, a path per line.
        Placeholder::Files => {
            let lines: Vec<&[u8]> = task.files.iter().map(RepoPath::as_bytes).collect();
            OsStr::from_bytes(&lines.join(&b'\n')).to_owned()
        }
    })
}

#[cfg(test)]
mod tests;
