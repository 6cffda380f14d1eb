//! What a tool says of its own work: how it failed, what it used; and the files that it left for itself, put aside.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::bench::{self, Ended};
use super::capture::Found;
use super::context::RunContext;
use super::failure::{ExecuteError, blocking};
use crate::domain::chat::redact::Redactor;
use crate::domain::context::tokens;
use crate::domain::id::{Attempt, ObjectId, StepId, ToolId, WorkstreamId};
use crate::domain::policy::governance::change::Added;
use crate::domain::run::fact::StepOutcome;
use crate::domain::text::one_line;
use crate::domain::tool::failure::{Failure, FailureClass};
use crate::domain::tool::profile::{OutputMode, ToolProfile};
use crate::domain::tool::reading::{Changed, Read, Said, files, read, sentence};
use crate::domain::tool::usage::{Tokens, Usage};
use crate::domain::tool::variable;
use crate::io::fs;
use crate::io::git::added::MostRead;
use crate::io::git::leftovers::{Leftover, put_aside};
use crate::io::git::objects::Objects;
use crate::io::git::worktree::Worktree;

/// The most of a file that a tool wrote about its work that is read, in bytes.
const MOST_READ: u64 = 8 << 20;

/// Where the name of a file below the folder of a step begins in a profile.
const RUN_DIR: &str = "{run_dir}/";

/// Takes the keys that a tool was given out of what it printed, before anything of that is told. A diff stays as it is: the policies judge it.
pub fn keep_secrets(cx: &RunContext, profile: &ToolProfile, ended: &mut Ended) {
    let is_given = |name: &str| profile.env_allow.iter().any(|pattern| variable::matches(pattern, name)) && variable::holds_secret(name);
    let given = cx.environment.vars().filter(|(name, _)| name.to_str().is_some_and(is_given));
    for (_, secret) in given {
        let redactor = Redactor::new(secret.to_str());
        ended.text = redactor.text(&ended.text);
        ended.stderr = redactor.bytes(&ended.stderr);
        if profile.output != OutputMode::Patch {
            ended.stdout = redactor.bytes(&ended.stdout);
        }
    }
}

/// Reads what the tool said. A file that can not be read is no reason to lose its work: then it said nothing there.
#[must_use]
pub fn hear(cx: &RunContext, profile: &ToolProfile, (ended, run_dir): (&Ended, &Path), changed: Changed) -> Read {
    let mut written = BTreeMap::new();
    for name in files(profile) {
        let path = run_dir.join(name.strip_prefix(RUN_DIR).unwrap_or(name));
        match fs::read_foreign_tail(&path, MOST_READ) {
            Ok(content) => drop(written.insert(name.to_owned(), content.unwrap_or_default())),
            Err(error) => tracing::warn!(error = bench::with_sources(&error), "what a tool wrote about its work is not read"),
        }
    }
    // Of output that was too long to be kept, and of a tool whose output is not kept apart, the two ends are better than nothing.
    let stdout = if ended.stdout.is_empty() { ended.text.as_bytes() } else { &ended.stdout };
    let (ending, stderr, files) = (ended.ending, ended.stderr.as_slice(), &written);
    read(profile, &Said { ending, stdout, stderr, files, now: cx.clock.now(), changed })
}

/// What came of a tool's work, with what it said of it.
#[derive(Debug)]
pub struct Settled {
    /// How it ended.
    pub outcome: StepOutcome,
    /// One sentence about it, where there is a better one than before.
    pub message: Option<String>,
    /// What else is worth telling.
    pub note: Option<String>,
    /// How it failed.
    pub failure: Option<Failure>,
    /// What it used.
    pub usage: Option<Usage>,
}

impl Settled {
    /// Notes the model that the tool was asked to use, where it did not tell which one it used.
    #[must_use]
    pub fn with_model(mut self, asked: Option<&str>) -> Self {
        if let Some(usage) = &mut self.usage {
            usage.model = usage.model.take().or_else(|| asked.map(str::to_owned));
        }
        self
    }
}

/// Puts together what the tool said and what its end and its work already told.
#[must_use]
pub fn settle(profile: &ToolProfile, told: Read, outcome: StepOutcome) -> Settled {
    let words = told.message.as_deref();
    let mut settled = Settled { outcome, message: None, note: None, failure: None, usage: told.usage };
    match (outcome, told.failure) {
        // What it means that nothing was changed is for the plan to say.
        (StepOutcome::Cancelled | StepOutcome::NotStarted | StepOutcome::Rejected | StepOutcome::Interrupted | StepOutcome::Skipped, _)
        | (StepOutcome::Passed | StepOutcome::NoChange, Some(Failure { class: FailureClass::NoChange, .. })) => {}
        (StepOutcome::Passed | StepOutcome::NoChange, None) => {
            settled.note = words.map(|words| format!("{} got over an error: {words}", profile.id));
        }
        (StepOutcome::Passed | StepOutcome::NoChange, Some(failure)) => {
            settled.outcome = StepOutcome::Failed;
            settled.message = Some(sentence(&profile.id, &failure, words));
            settled.failure = Some(failure);
        }
        (StepOutcome::Failed | StepOutcome::TimedOut, None | Some(Failure { class: FailureClass::NoChange, .. })) => {
            let is_patch = profile.output == OutputMode::Patch;
            settled.failure = Some(Failure::of(if is_patch { FailureClass::BadPatch } else { FailureClass::Failed }));
        }
        (StepOutcome::Failed | StepOutcome::TimedOut, Some(failure)) => {
            // These say no more than what was said about the end itself.
            let is_said = matches!(failure.class, FailureClass::Failed | FailureClass::Crashed);
            settled.message = (!is_said).then(|| sentence(&profile.id, &failure, words));
            settled.failure = Some(failure);
        }
    }
    settled
}

/// Estimates the tokens of a tool that works from a prompt and told none.
///
/// # Errors
/// Returns an error when an object can not be read.
pub async fn estimate(
    cx: &RunContext,
    profile: &ToolProfile,
    (prompt, parent, found): (&str, Option<ObjectId>, Option<Found>),
    settled: &mut Settled,
) -> Result<(), ExecuteError> {
    let is_unanswered = settled.failure.as_ref().is_some_and(|failure| failure.class.is_unanswered());
    let is_told = settled.usage.as_ref().is_some_and(|usage| usage.tokens != Tokens::default());
    if !profile.is_prompted() || profile.is_by_hand() || is_told || is_unanswered {
        return Ok(());
    }
    let own = cx.clone();
    let output = blocking(move || found.map_or(Ok(0), |found| written(&own, parent, &found))).await?;
    let sum = Tokens { input: tokens::count(prompt), output, ..Tokens::default() };
    settled.usage = Some(Usage { tokens: sum, estimated: true, ..settled.usage.take().unwrap_or_default() });
    Ok(())
}

/// Estimates the tokens of the lines that a tool wrote.
fn written(cx: &RunContext, parent: Option<ObjectId>, found: &Found) -> Result<u64, ExecuteError> {
    let objects = Objects::open(&cx.repo)?;
    let before = parent.map(|parent| objects.tree_of(parent)).transpose()?;
    let changes = objects.with_lines(&objects.diff_trees(before, Some(found.tree))?, MostRead::default())?;
    let of_lines = |added: &Added| match added {
        Added::Lines(blocks) => {
            blocks.iter().map(|block| tokens::count(&String::from_utf8_lossy(&block.text))).fold(0, u64::saturating_add)
        }
        Added::Binary | Added::Unread => 0,
    };
    Ok(changes.iter().map(|change| of_lines(&change.added)).fold(0, u64::saturating_add))
}

/// Moves what the tool left for itself at the top of the worktree into the folder of the step. Returns what is worth telling.
///
/// # Errors
/// Returns an error when the worktree can not be read or the folder can not be made.
pub fn clear_away(
    cx: &RunContext,
    tool: &ToolId,
    (workstream, place): (&WorkstreamId, (&StepId, Attempt)),
    worktree: &Worktree,
) -> Result<Vec<String>, ExecuteError> {
    let patterns = cx.tools.profile(tool).map(|profile| profile.leftovers.as_slice()).unwrap_or_default();
    if patterns.is_empty() {
        return Ok(Vec::new());
    }
    let known: BTreeSet<Vec<u8>> = Objects::open(&cx.repo)?.read_tree(worktree.tree())?.into_iter().map(|entry| entry.name).collect();
    let shelf = cx.folder.step_dir(workstream, place)?.join("left");
    let left = put_aside(worktree, patterns, &known, &shelf)?;
    let note = |left: &Leftover| {
        let name = one_line(&String::from_utf8_lossy(&left.name));
        match &left.place {
            Ok(to) => format!("`{name}`, which {tool} keeps for itself, was put aside as `{}`", shown(cx, to)),
            Err(error) => format!("`{name}`, which {tool} keeps for itself, could not be put aside: {error}"),
        }
    };
    Ok(left.iter().map(note).collect())
}

/// Returns a path as the folder of the run sees it.
fn shown(cx: &RunContext, path: &Path) -> String {
    one_line(&path.strip_prefix(cx.folder.path()).unwrap_or(path).to_string_lossy())
}
