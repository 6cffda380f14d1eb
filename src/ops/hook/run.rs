//! What a hook does when git runs it: first the hook that was there before, with the same input; then the gates.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::Hook;
use super::verify::VERIFYING;
use crate::domain::gate::model::Moment;
use crate::domain::gate::push::{RefUpdate, pre_push, pre_receive};
use crate::engine::signals::StopSignal;
use crate::io::fs::{self, FsError};
use crate::io::process::passthrough::{self, ForeignHook};
use crate::ops::context::Context;
use crate::ops::gating::error::GatingError;
use crate::ops::gating::report::GateReport;
use crate::ops::gating::request::{GateRequest, Keeping, Known, News};
use crate::ops::gating::{self, range};

/// Set while hooks of others run that may call ours once more.
const RUNNING: &str = "ORC_HOOK_RUNNING";
/// The most of the input that is read, in bytes: some hundred thousand refs.
const MOST_INPUT: u64 = 64 << 20;

/// What git runs a hook with.
#[derive(Debug)]
pub struct HookRequest {
    /// The hook.
    pub hook: Hook,
    /// What git gives it as arguments: for `pre-push` the name of the remote and its address.
    pub args: Vec<OsString>,
    /// Where the hook is that was there before.
    pub previous: Option<PathBuf>,
    /// How urgently the user wants it to end.
    pub stop: Option<StopSignal>,
}

/// What came of it.
#[derive(Debug)]
pub enum Hooked {
    /// There was nothing to look at: nothing is pushed, or only refs go.
    Nothing,
    /// It is run by itself, and the first one looks.
    Inner,
    /// The hook that was there before refuses; it has said why itself.
    RefusedBefore {
        /// Where it is.
        path: PathBuf,
        /// How it ended.
        code: Option<i32>,
    },
    /// The gates have spoken.
    Gated(GateReport),
}

/// The error of running a hook.
#[derive(Debug, thiserror::Error)]
pub enum HookRunError {
    /// The input can not be read.
    #[error(transparent)]
    Input(#[from] FsError),
    /// The input is too long.
    #[error("more than {} MiB of refs", MOST_INPUT >> 20)]
    TooLong,
    /// The hook that was there before can not be run.
    #[error("the former hook `{}` can not be run", path.display())]
    Previous {
        /// Where it is.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The gates can not be asked.
    #[error(transparent)]
    Gating(#[from] GatingError),
}

/// Does what a hook does.
///
/// # Errors
/// Returns [`HookRunError`] when the former hook can not be run or the gates can not be asked; git then pushes nothing.
pub async fn run(cx: &Context, request: HookRequest, tell: &mut dyn FnMut(News<'_>)) -> Result<Hooked, HookRunError> {
    let input = fs::read_stdin_at_most(MOST_INPUT + 1)?;
    if input.len() as u64 > MOST_INPUT {
        return Err(HookRunError::TooLong);
    }
    if cx.environment.var(RUNNING).is_some_and(|running| running == request.hook.name()) {
        return Ok(Hooked::Inner);
    }
    if let Some(path) = request.previous.as_deref().filter(|path| is_hook(path)) {
        let name = path.with_file_name(request.hook.name());
        let foreign = ForeignHook { path, name: &name, args: &request.args, input: &input };
        let ended = passthrough::run(foreign, &cx.environment, (RUNNING, request.hook.name()))
            .map_err(|source| HookRunError::Previous { path: path.to_owned(), source })?;
        if !ended.success() {
            return Ok(Hooked::RefusedBefore { path: path.to_owned(), code: ended.code() });
        }
    }
    let (updates, remote) = match request.hook {
        Hook::PrePush => (pre_push(&input).map_err(GatingError::from)?, request.args.first().and_then(|name| name.to_str())),
        Hook::PreReceive => (pre_receive(&input).map_err(GatingError::from)?, None),
    };
    let targets = range::of_updates(cx, &own(updates), remote)?;
    if targets.is_empty() {
        return Ok(Hooked::Nothing);
    }
    let keeping = match request.hook {
        Hook::PrePush if cx.environment.var(VERIFYING).is_some() => Keeping::Nothing,
        Hook::PrePush => Keeping::Ledger,
        // What is not taken yet must not be led to by any ref.
        Hook::PreReceive => Keeping::Nothing,
    };
    let asked = GateRequest { moment: Moment::Push, targets, only: Vec::new(), known: Known::Taken, keeping, stop: request.stop };
    Ok(Hooked::Gated(gating::gate(cx, asked, tell).await?))
}

/// The refs of git-orc itself carry no work of their own: the ledger, notes, and what keeps patches alive.
fn own(updates: Vec<RefUpdate>) -> Vec<RefUpdate> {
    updates.into_iter().filter(|update| !update.name.starts_with("refs/orc/") && !update.name.starts_with("refs/notes/")).collect()
}

/// Git passes over hooks that are not executable.
fn is_hook(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}
