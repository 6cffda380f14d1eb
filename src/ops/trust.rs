//! `git orc trust`: whether what came with a commit may run programs here.
//!
//! A plan runs commands, that is what it is for, and so do a profile of a tool and the commands in the profile of a repository. A template of a
//! prompt tells a program what to do, which is as good as running it. What the user wrote needs nobody's word. A file that stands
//! in the work tree just as the checked-out commit has it may have come with a branch of somebody else's, so its content is trusted once.
//! A ledger that was fetched brings plans along as well: a run that was started in another clone is asked about before it goes on here.
//! What was trusted is kept by digest in the git directory, in no tree and in no ref, so that no commit can bring its own trust along.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::context::{Context, REPOSITORY_PROFILES};
use super::frozen::Thawed;
use super::plan_source::{PlanSource, PlanSourceError};
use super::plugins::Plugin;
use super::{pipelines, prompts};
use crate::domain::id::RunId;
use crate::io::fs::{self, FsError};
use crate::io::git::inspect::InspectError;
use crate::io::git::ledger_ref::LEDGER_REF;

/// The file of what is trusted, below the folder for local files.
const FILE: &str = "trusted";
/// Longer files are no plans and no profiles; whoever reads them for what they are refuses them.
const MAX_BYTES: u64 = 4 << 20;

/// A file that runs programs when it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Its path, as it is shown to the user.
    pub name: String,
    /// The SHA-256 of its content, in hexadecimal digits.
    pub digest: String,
}

/// The error of asking whether something is trusted.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// A file can not be read or written.
    #[error(transparent)]
    File(#[from] FsError),
    /// The plan can not be read.
    #[error(transparent)]
    Source(#[from] PlanSourceError),
    /// Git can not be asked where a file comes from.
    #[error(transparent)]
    Git(#[from] InspectError),
    /// There is content that nobody has trusted.
    #[error("{} came with a commit, and nobody has trusted what is in it", names(.0))]
    Untrusted(Vec<Content>),
    /// A run was started in another clone, with a plan that nobody here has trusted.
    #[error("run {run} was started in another clone, and nobody here has trusted its plan")]
    Elsewhere {
        /// The run.
        run: RunId,
        /// Where the plan is kept, as an argument of `git show`.
        place: String,
    },
}

fn names(contents: &[Content]) -> String {
    let quoted: Vec<String> = contents.iter().map(|content| format!("`{}`", content.name)).collect();
    quoted.join(" and ")
}

/// What is to become of content that nobody has trusted yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It is named, and nothing runs.
    Refuse,
    /// It is trusted from now on.
    Trust,
}

/// Decides whether a plan and the profiles of the repository may be used. What the user has written or changed is noted as trusted, so that
/// it stays so when it is committed. Returns what was newly trusted on the way.
///
/// # Errors
/// Returns [`TrustError::Untrusted`] when there is content that nobody has trusted, and it is to be refused.
pub fn decide(cx: &Context, plan: Option<&Path>, decision: Decision) -> Result<Vec<Content>, TrustError> {
    let known = known(cx)?;
    let (mut untrusted, mut own) = (Vec::new(), Vec::new());
    for (path, name) in files(cx, plan)? {
        let Some(inside) = inside(cx, &path) else { continue };
        let content = Content { name, digest: digest(&fs::read_at_most(&path, MAX_BYTES)?) };
        if known.contains(&content.digest) {
            continue;
        }
        let list = if cx.repo.comes_from_commit(&inside)? { &mut untrusted } else { &mut own };
        list.push(content);
    }
    if decision == Decision::Refuse && !untrusted.is_empty() {
        return Err(TrustError::Untrusted(untrusted));
    }
    remember(cx, own.iter().chain(&untrusted))?;
    Ok(untrusted)
}

/// Notes the frozen plan of a run that is started here as trusted, so that it can be resumed here.
///
/// # Errors
/// Returns an error when the note can not be written.
pub fn own_run(cx: &Context, run: RunId, seal: &str) -> Result<(), TrustError> {
    remember(cx, [&of_run(run, seal)].into_iter())
}

/// Decides whether a run may go on here by its frozen plan. Whoever asks is asked only where nobody has trusted that plan yet.
///
/// # Errors
/// Returns [`TrustError::Elsewhere`] when it was started in another clone, nobody has trusted its plan, and it is to be refused.
pub fn decide_run(cx: &Context, (run, thawed): (RunId, &Thawed), decide: impl FnOnce(&TrustError) -> Decision) -> Result<(), TrustError> {
    if known(cx)?.contains(&thawed.seal) {
        return Ok(());
    }
    let untrusted = TrustError::Elsewhere { run, place: format!("{LEDGER_REF}:runs/{}/{}", run.lower(), thawed.frozen.place_to_look_at()) };
    match decide(&untrusted) {
        Decision::Refuse => Err(untrusted),
        Decision::Trust => remember(cx, [&of_run(run, &thawed.seal)].into_iter()),
    }
}

fn of_run(run: RunId, seal: &str) -> Content {
    Content { name: format!("run {run}"), digest: seal.to_owned() }
}

/// Returns the files that run programs when a plan is used, each with the name to show.
fn files(cx: &Context, plan: Option<&Path>) -> Result<Vec<(PathBuf, String)>, TrustError> {
    let mut files = Vec::new();
    if let Some(plan) = plan {
        let source = PlanSource::read(&cx.cwd, plan)?;
        files.extend(source.files.into_iter().map(|file| (cx.cwd.join(&file.path), file.path)));
    }
    if let Some(profiles) = cx.repo.work_dir().map(|top| top.join(REPOSITORY_PROFILES)).filter(|path| path.exists()) {
        files.push((profiles, REPOSITORY_PROFILES.to_owned()));
    }
    if let Some(top) = cx.repo.work_dir() {
        let templates = prompts::of_repository(top)?.into_iter().filter(|found| found.name.is_some());
        files.extend(templates.chain(prompts::strategies_of_repository(top)?).map(|found| (found.path, found.shown)));
    }
    if let Some(top) = cx.repo.work_dir() {
        files.extend(pipelines::of_repository(top)?);
    }
    // A plugin outside of the work tree is asked about no more than the plan of another folder.
    let plugins = cx.plugins().unwrap_or_default();
    files.extend(plugins.iter().flat_map(Plugin::files).map(|path| (path.clone(), path.display().to_string())));
    // The profile of the repository is asked about only where it brings commands.
    if let Some(profile) = cx.settings.profile.as_ref().filter(|profile| !profile.commands.is_empty())
        && let Some(top) = cx.repo.work_dir()
    {
        files.push((top.join(&profile.file), profile.file.clone()));
    }
    Ok(files)
}

/// Returns the path below the top of the work tree of a file that is in it, wherever links lead.
fn inside(cx: &Context, path: &Path) -> Option<PathBuf> {
    let top = cx.repo.work_dir()?.canonicalize().ok()?;
    let path = path.canonicalize().ok()?;
    // No commit brings a file into the git directory; what is kept there is the user's own.
    if cx.repo.orc_dir().canonicalize().is_ok_and(|own| path.starts_with(own)) {
        return None;
    }
    Some(path.strip_prefix(&top).ok()?.to_owned())
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn known(cx: &Context) -> Result<BTreeSet<String>, TrustError> {
    let bytes = fs::read_if_exists(&cx.repo.orc_dir().join(FILE))?.unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect())
}

fn remember<'c>(cx: &Context, contents: impl Iterator<Item = &'c Content>) -> Result<(), TrustError> {
    for content in contents {
        fs::create_dir_all(&cx.repo.orc_dir())?;
        let name = crate::domain::text::one_line(&content.name);
        fs::append_line(&cx.repo.orc_dir().join(FILE), format!("{} {name}", content.digest).as_bytes(), cx.durability())?;
    }
    Ok(())
}
