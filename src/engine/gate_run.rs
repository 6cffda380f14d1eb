//! Running the command of a gate on a tree, in the one worktree that the gates of a context share.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::bench::{self, Command};
use super::checked::{self, Checked, Printed, Reads};
use super::context::RunContext;
use super::failure::{ExecuteError, blocking};
use super::gate_ground;
use super::watch::{self, Told};
use crate::domain::id::ObjectId;
use crate::domain::run::limits::LoopLimits;
use crate::domain::tool::resources::ResourceLimits;
use crate::io::clock::Stopwatch;
use crate::io::fs;
use crate::io::git::remove::RemovalProof;
use crate::io::git::reset::IgnoredFiles;
use crate::io::git::worktree::{CreateWorktree, Submodules, Worktree};

/// The most of a report that is read, in bytes.
const MOST_REPORT: u64 = 16 << 20;

/// What a gate runs.
#[derive(Debug, Clone, Copy)]
pub struct GateTask<'a> {
    /// The gate.
    pub id: &'a str,
    /// Its command.
    pub argv: &'a [String],
    /// Seconds until it is ended; the default of gates when absent.
    pub timeout_sec: Option<u64>,
    /// Variables that it gets besides the usual ones.
    pub env: &'a BTreeMap<String, String>,
    /// Globs of the files that it takes from the base commit.
    pub config: Option<&'a [String]>,
    /// The only reader that reads its output.
    pub reader: Option<&'a str>,
    /// When its output is read.
    pub reads: Reads,
    /// The most findings that are told.
    pub most: usize,
    /// A report that it writes, relative to the top of the worktree.
    pub report: Option<&'a str>,
}

/// On what a gate runs.
#[derive(Debug, Clone, Copy)]
pub struct GatePlace {
    /// The commit.
    pub commit: ObjectId,
    /// Its tree.
    pub tree: ObjectId,
    /// The commit from which the gate's own files are taken; the same one where they are its own.
    pub base: ObjectId,
    /// How many drivers there were by then.
    pub round: u32,
}

/// What came of it.
#[derive(Debug)]
pub struct Ran {
    /// How the command ended, and what it found.
    pub checked: Checked,
    /// Files that were taken from the base.
    pub from_base: Vec<String>,
    /// What it wrote as its report.
    pub report: Option<String>,
    /// What is to be told, and what follows from it.
    pub told: Told,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

/// Runs the command of a gate.
///
/// # Errors
/// Returns an error when the machine or the repository does not let it.
pub async fn run_gate(cx: &RunContext, task: GateTask<'_>, place: GatePlace) -> Result<Ran, ExecuteError> {
    let watch = Stopwatch::start();
    let mut slot = cx.gate.lock().await;
    let (own, argv, config) = (cx.clone(), task.argv.to_vec(), task.config.map(<[String]>::to_vec));
    let ground = blocking(move || gate_ground::ground(&own, (&argv, config.as_deref()), (place.commit, place.tree, place.base))).await?;
    let worktree = stand(cx, slot.take(), ground.commit).await?;
    let log = cx.folder.gate_file(task.id, &place.tree.to_string())?;
    let seconds = task.timeout_sec.unwrap_or(LoopLimits::default().timeouts.gate);
    let mut env = bench::gate_environment(cx, worktree.path());
    env.extend(task.env.iter().map(|(name, value)| (name.into(), value.into())));
    let command = Command {
        argv: task.argv.iter().map(Into::into).collect(),
        cwd: worktree.path().to_owned(),
        env,
        stdin: None,
        wall: Some(Duration::from_secs(bench::capped(cx, seconds))),
        idle: None,
        log: log.clone(),
        stdout: None,
        resources: ResourceLimits::default(),
    };
    watch::enter(cx, &watch::gate_name(task.id), None).await?;
    let ended = bench::run(cx, command).await;
    watch::leave(cx, &watch::gate_name(task.id)).await?;
    let ended = ended?;
    gate_ground::tell(&log, place.base, &ground.from_base)?;
    let printed = Printed { reader: task.reader, reads: task.reads, most: task.most, ..Printed::by(task.argv, (worktree.path(), &log)) };
    let checked = checked::judge(cx, printed, ended).await?;
    let told = watch::told_of_gate(cx, task.id, (place.tree, place.round));
    let report = task.report.and_then(|path| report(&worktree.path().join(path)));
    *slot = Some(worktree);
    let duration_ms = u64::try_from(watch.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(Ran { checked, from_base: ground.from_base, report, told, duration_ms })
}

/// Reads a report, if it is a file of its own and no link to somewhere else.
pub(super) fn report(path: &Path) -> Option<String> {
    let is_file = std::fs::symlink_metadata(path).is_ok_and(|found| found.is_file());
    let bytes = is_file.then(|| fs::read_at_most(path, MOST_REPORT).ok()).flatten()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Makes the worktree of the gates stand at a commit.
///
/// # Errors
/// Returns an error when the worktree can not be made.
pub async fn stand(cx: &RunContext, known: Option<Worktree>, commit: ObjectId) -> Result<Worktree, ExecuteError> {
    let worktrees = Arc::clone(&cx.worktrees);
    let request = CreateWorktree { name: cx.worktree_name("_gate"), path: cx.gate_path(), commit, submodules: Submodules::Uninitialised };
    blocking(move || match known {
        // What a gate leaves lying about is nobody's work; ignored files stay, so that the next build is a small one.
        Some(mut worktree) => {
            let tree = worktree.tree();
            let given_up = worktrees.unrecorded(&mut worktree, tree)?.into_iter().collect();
            Ok(worktrees.recycle(worktree, &request, &RemovalProof { tree, given_up }, IgnoredFiles::Keep)?)
        }
        None => Ok(worktrees.create(&request)?),
    })
    .await
}
