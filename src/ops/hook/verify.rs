//! Proving that the hook blocks: two real pushes into a scratch repository, one that must be refused and one that must not.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::domain::id::ObjectId;
use crate::domain::tool::outcome::Ending;
use crate::io::fs::{self, FsError};
use crate::io::git::command::{GitCommand, GitCommandError};
use crate::io::git::inspect::InspectError;
use crate::io::git::objects::{NewCommit, ObjectError, Objects};
use crate::io::git::signature::Signature;
use crate::io::git::tree::{Entry, FileMode};
use crate::io::git::tree_edit::TreeEdit;
use crate::io::process::request::{ProcessRequest, SpawnError, TimeLimits, never_cancelled};
use crate::io::process::spawn;
use crate::ops::context::Context;
use crate::ops::gating::file::NAME;

/// The branch that is pushed, and the gate that decides.
const PROBE: &str = "orc-hook-verify";
/// Set for the pushes, whose verdicts are not worth an entry.
pub const VERIFYING: &str = "ORC_HOOK_VERIFY";
/// How long a push may take; hooks of others run as well.
const PATIENCE: Duration = Duration::from_secs(300);

/// What one push came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Whether the gate lets it pass.
    pub is_green: bool,
    /// Whether the ref was moved.
    pub arrived: bool,
    /// Whether our gate is named in what git printed.
    pub named: bool,
    /// What git printed.
    pub output: String,
}

impl Attempt {
    /// Returns whether it went as it must.
    #[must_use]
    pub const fn is_right(&self) -> bool {
        if self.is_green { self.arrived && self.named } else { !self.arrived && self.named }
    }
}

/// The error when nothing could be tried.
#[derive(Debug, thiserror::Error)]
pub enum VerifyHookError {
    /// A file can not be made.
    #[error(transparent)]
    File(#[from] FsError),
    /// Git can not make a repository.
    #[error(transparent)]
    Git(#[from] GitCommandError),
    /// An object can not be written.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// Git does not know who the user is.
    #[error(transparent)]
    Identity(#[from] InspectError),
    /// Git can not be run.
    #[error(transparent)]
    Start(#[from] SpawnError),
}

/// Pushes a commit that a gate refuses and one that it lets pass, and tells what became of them.
///
/// # Errors
/// Returns [`VerifyHookError`] when nothing could be tried.
pub async fn verify(cx: &Context) -> Result<Vec<Attempt>, VerifyHookError> {
    let temporary = cx.environment.var("TMPDIR").map_or_else(|| PathBuf::from("/tmp"), PathBuf::from);
    let scratch = fs::create_fresh_dir(&temporary, "git-orc-verify-")?;
    let bare = scratch.join("remote.git");
    GitCommand::outside(cx.repo.env(), &scratch).args(["init", "--quiet", "--bare"]).arg(&bare).run()?;
    let mut attempts = Vec::new();
    for (is_green, program) in [(false, "false"), (true, "true")] {
        let commit = commit(cx, program)?;
        attempts.push(attempt(cx, &bare, (is_green, commit)).await?);
    }
    fs::remove_dir_all(&scratch)?;
    Ok(attempts)
}

/// Writes a commit whose tree has one gate, which runs this program. No ref leads to it.
fn commit(cx: &Context, program: &str) -> Result<ObjectId, VerifyHookError> {
    let objects = Objects::open(&cx.repo)?;
    let text = format!("gates:\n  - {{id: {PROBE}, on: push, command: [\"{program}\"]}}\n");
    let id = objects.write_blob(text.as_bytes())?;
    let tree = objects.edit_tree(None, &[TreeEdit { path: NAME.into(), entry: Some(Entry { mode: FileMode::Regular, id }) }])?;
    let signature = Signature::new(cx.repo.identity()?, cx.clock.now());
    let message = b"A commit that proves whether the pre-push hook blocks\n";
    Ok(objects.write_commit(&NewCommit { tree, parents: &[], author: &signature, committer: &signature, message })?)
}

async fn attempt(cx: &Context, bare: &Path, (is_green, commit): (bool, ObjectId)) -> Result<Attempt, VerifyHookError> {
    let git = |words: &[&str]| -> Vec<OsString> {
        let program = cx.repo.env().program().as_os_str().to_owned();
        std::iter::once(program).chain(words.iter().map(Into::into)).collect()
    };
    let mut argv = git(&["push"]);
    argv.extend([bare.as_os_str().to_owned(), format!("{commit}:refs/heads/{PROBE}").into()]);
    let environment = cx.environment.vars().map(|(name, value)| (name.to_owned(), value.to_owned()));
    let environment = environment.chain([(VERIFYING.into(), "1".into())]).collect();
    let place = cx.repo.work_dir().unwrap_or_else(|| cx.repo.common_dir());
    let mut request = ProcessRequest::new(argv, place, environment);
    request.limits = TimeLimits { wall: Some(PATIENCE), idle: None, ..TimeLimits::default() };
    let ended = spawn::run(&cx.supervisor, request, never_cancelled()).await?;
    let at = GitCommand::outside(cx.repo.env(), bare).env("GIT_DIR", bare).args(["rev-parse", "--verify", "--quiet"]);
    let found = at.arg(format!("refs/heads/{PROBE}")).output()?;
    let arrived = found.status.success() && found.text() == commit.to_string() && matches!(ended.ending, Ending::Exited { code: 0 });
    let output = ended.output.text();
    Ok(Attempt { is_green, arrived, named: output.contains(PROBE), output })
}
