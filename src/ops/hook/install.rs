//! Installing the hooks, taking them away, and telling which there are.

use std::path::PathBuf;

use super::Hook;
use crate::io::git::hooks::{self, HookFile, HooksError, Owner, Written};
use crate::ops::context::Context;

/// How a hook gets there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// By the configuration where git reads hooks from there, else by a file.
    #[default]
    Auto,
    /// By the repository's configuration.
    Config,
    /// By a file where git looks for hooks.
    File,
}

/// Whether a folder of hooks is used that other repositories use as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shared {
    /// It is refused.
    Refused,
    /// It is used.
    Used,
}

/// The error of installing hooks.
#[derive(Debug, thiserror::Error)]
pub enum HookError {
    /// The folder of hooks belongs to more than this repository.
    #[error("`core.hooksPath` is set to `{path}` for more than this repository ({scope})")]
    SharedFolder {
        /// The value.
        path: String,
        /// Where it is set: `global` or `system`.
        scope: String,
    },
    /// This git does not read hooks from its configuration.
    #[error("git {0} does not read hooks from its configuration")]
    NotConfigurable(String),
    /// A file can not be looked after.
    #[error(transparent)]
    Hooks(#[from] HooksError),
}

/// What there is of a hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The hook.
    pub hook: Hook,
    /// The file, and those beside it.
    pub file: HookFile,
    /// Whether the configuration names ours.
    pub configured: bool,
    /// What is wrong with it, or worth knowing; a sentence each.
    pub notes: Vec<String>,
}

impl Status {
    /// Returns whether git runs ours.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.configured || (matches!(self.file.owner, Owner::Ours(_)) && self.file.is_executable) || !self.file.moved.is_empty()
    }
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// A sentence each.
    pub done: Vec<String>,
    /// What is worth knowing besides.
    pub notes: Vec<String>,
}

/// Returns where git looks for hooks, and the setting that says so with its scope.
fn folder(cx: &Context) -> (PathBuf, Option<(String, String)>) {
    let entry = cx.git_entry("core.hookspath");
    let set = entry.map(|entry| (entry.value.clone().unwrap_or_default(), entry.scope.clone()));
    let home = cx.environment.home();
    (hooks::folder(&cx.repo, set.as_ref().map(|(path, _)| path.as_str()), home.as_deref()), set)
}

/// Installs a hook; a former one stays and is run first.
///
/// # Errors
/// Returns [`HookError`] when the folder is not this repository's alone, or files can not be written.
pub fn install(cx: &Context, hook: Hook, (mode, shared): (Mode, Shared)) -> Result<Done, HookError> {
    let can_configure = cx.repo.version() >= hooks::CONFIGURED;
    let by_config = match mode {
        Mode::Config if !can_configure => return Err(HookError::NotConfigurable(cx.repo.version().to_string())),
        Mode::Config => true,
        Mode::Auto => can_configure && hook == Hook::PrePush,
        Mode::File => false,
    };
    if by_config {
        hooks::configure(&cx.repo, hook.name())?;
        return Ok(Done {
            done: vec![format!("wrote `hook.{}` into the repository's configuration", hooks::CONFIG_NAME)],
            notes: Vec::new(),
        });
    }
    let (folder, set) = folder(cx);
    if let Some((path, scope)) = set.filter(|(_, scope)| matches!(scope.as_str(), "global" | "system") && shared == Shared::Refused) {
        return Err(HookError::SharedFolder { path, scope });
    }
    let file = hooks::look(&folder, hook.name(), hook.text())?;
    if let (Owner::Other(who), Some(moved)) = (&file.owner, file.moved.first()) {
        let done = vec![format!("`{}` is there already, and {who} runs it", moved.display())];
        return Ok(Done { done, notes: notes(cx, &file) });
    }
    hooks::put(&file, hook.text())?;
    let mut done = vec![match &file.owner {
        Owner::Nobody => format!("wrote `{}`", file.path.display()),
        Owner::Ours(Written::ByThis) => format!("`{}` is there already", file.path.display()),
        Owner::Ours(Written::ByAnother) => format!("renewed `{}`", file.path.display()),
        Owner::Other(who) => format!("wrote `{}`; the hook of {who} is kept beside it and runs first", file.path.display()),
    }];
    let found = hooks::look(&folder, hook.name(), hook.text())?;
    done.retain(|sentence| !sentence.is_empty());
    Ok(Done { done, notes: notes(cx, &found) })
}

/// Takes a hook away, wherever it is.
///
/// # Errors
/// Returns [`HookError`] when files can not be removed or moved.
pub fn uninstall(cx: &Context, hook: Hook) -> Result<Done, HookError> {
    let (folder, _) = folder(cx);
    let mut done = Vec::new();
    if is_configured(cx, hook) && hooks::deconfigure(&cx.repo)? {
        done.push(format!("took `hook.{}` out of the repository's configuration", hooks::CONFIG_NAME));
    }
    done.extend(hooks::take_away(&hooks::look(&folder, hook.name(), hook.text())?)?);
    Ok(Done { done, notes: Vec::new() })
}

/// Tells what there is of a hook.
///
/// # Errors
/// Returns [`HookError`] when files can not be looked at.
pub fn status(cx: &Context, hook: Hook) -> Result<Status, HookError> {
    let (folder, _) = folder(cx);
    let file = hooks::look(&folder, hook.name(), hook.text())?;
    let configured = is_configured(cx, hook);
    let mut notes = notes(cx, &file);
    if configured && matches!(file.owner, Owner::Ours(_)) {
        notes.push("it is installed twice, by the configuration and by a file; the second one to run finds every verdict known".to_owned());
    }
    Ok(Status { hook, file, configured, notes })
}

fn is_configured(cx: &Context, hook: Hook) -> bool {
    let key = |name: &str| format!("hook.{}.{name}", hooks::CONFIG_NAME);
    let is_event = cx.git_setting(&key("event")) == Some(hook.name());
    is_event && cx.git_setting(&key("command")).is_some() && cx.repo.version() >= hooks::CONFIGURED
}

fn notes(cx: &Context, file: &HookFile) -> Vec<String> {
    let mut notes = Vec::new();
    if matches!(file.owner, Owner::Ours(_)) && !file.is_executable {
        notes.push(format!("`{}` is not executable, so git does not run it", file.path.display()));
    }
    if let Some((kept, who)) = &file.previous
        && who == "somebody"
        && std::fs::metadata(kept).is_err()
    {
        notes.push(format!("`{}` leads nowhere", kept.display()));
    }
    if !cx.environment.finds("git-orc") {
        notes.push("`git-orc` is not in PATH; pushes are refused until it is".to_owned());
    }
    let parts: Vec<String> = file.path.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    if parts.iter().any(|part| part == ".husky") {
        notes.push(
            "husky writes its folder anew with every installation; to stay, add `git orc hook run pre-push -- \"$@\"` to `.husky/pre-push`"
                .to_owned(),
        );
    }
    if matches!(&file.previous, Some((_, who)) if who == "lefthook") {
        notes.push("`lefthook install` puts its own hook over this one; run `git orc hook install` after it".to_owned());
    }
    notes
}
