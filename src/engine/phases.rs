//! What the rules of a phase say about a step: whether it is due and may begin, and what its result lacks. Judged on commits, never on a
//! worktree, so that the answer is the same after a restart.

use std::collections::BTreeMap;

use super::advance;
use super::context::RunContext;
use super::failure::{ExecuteError, blocking};
use super::place::{self, Stand};
use crate::domain::finding::model::Finding;
use crate::domain::id::{ObjectId, RepoPath};
use crate::domain::phase::due::{Facts, due};
use crate::domain::phase::issue::{Issue, IssueSeverity};
use crate::domain::phase::judge::{finding, judge};
use crate::domain::phase::view::{Content, MOST_OF_A_FILE, TreeView};
use crate::domain::plan::model::{PromptSource, Step, Workstream};
use crate::domain::run::effect::StepOrder;
use crate::domain::run::event::Event;
use crate::domain::run::fact::{StepFinished, StepOutcome, StepRole};
use crate::domain::run::start_move::{StartMoved, may_move_start};
use crate::domain::run::state::{RunState, WorkstreamState};
use crate::domain::text::count;
use crate::io::git::objects::{ObjectError, Objects};

/// Larger files are not read at all, in bytes.
const LARGEST: u64 = 64 << 20;
/// How many issues an entry carries.
const ISSUES_KEPT: usize = 20;

/// What the rules of a phase say before its step begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opening {
    /// It begins.
    Begins,
    /// It begins, on what landed on the branch since the workstream was started.
    Moved(StartMoved),
    /// It does not begin: it is not due, or what it needs is not there. This is how it ends.
    Ended(Box<Event>),
}

/// Returns what the rules of a phase say before its step begins.
///
/// # Errors
/// Returns an error when the repository can not be read.
pub async fn before(cx: &RunContext, order: &StepOrder, state: &RunState) -> Result<Opening, ExecuteError> {
    if matches!(order.role, StepRole::Fix | StepRole::Resolve | StepRole::Measure | StepRole::Improve) {
        return Ok(Opening::Begins);
    }
    let (plan, step) = place::planned(cx, order)?;
    let one = place::one(state, &order.workstream)?;
    // What was due when it failed stays due until it is mended.
    let is_mended = one.fix.of.as_ref() == Some(&order.step);
    let asks = !step.rules.when.is_empty() && !is_mended;
    if !asks && step.rules.needs.is_empty() {
        return Ok(Opening::Begins);
    }
    let (request, phased, rules) = (request(cx, plan), one.phased.clone(), step.rules.clone());
    let (not_due, lacks) = look(cx, order, state, move |view| {
        let facts = Facts { request: &request, view, ended: &phased.ended, issues: &phased.issues };
        let not_due = if asks { due(&rules.when, &facts).err() } else { None };
        let lacks = if not_due.is_none() { judge(&rules.needs, view) } else { Vec::new() };
        (not_due, lacks)
    })
    .await?;
    if let Some(why) = not_due {
        return Ok(Opening::Ended(Box::new(skipped(order, format!("not due: {why}")))));
    }
    let Some(lacking) = lacking(order, &lacks) else { return Ok(Opening::Begins) };
    Ok(landed_since(cx, order, (state, one), step).await?.map_or_else(|| Opening::Ended(Box::new(lacking)), Opening::Moved))
}

/// Returns the move of a workstream without any work to where the branch stands now, when everything that its first step needs is there.
async fn landed_since(
    cx: &RunContext,
    order: &StepOrder,
    (state, one): (&RunState, &WorkstreamState),
    step: &Step,
) -> Result<Option<StartMoved>, ExecuteError> {
    if !may_move_start(one, order.index) {
        return Ok(None);
    }
    let from = place::commit(state, &order.workstream, Stand::Start)?;
    let Some(tip) = advance::ahead_of(cx, state, from).await? else { return Ok(None) };
    let (own, needs) = (cx.clone(), step.rules.needs.clone());
    let lacks = blocking(move || Ok(look_at(&Objects::open(&own.repo)?, (tip, tip), |view| judge(&needs, view))?)).await?;
    let moved = || StartMoved { workstream: order.workstream.clone(), step: order.step.clone(), attempt: order.attempt, from, tip };
    Ok(lacking(order, &lacks).is_none().then(moved))
}

/// Returns what the tree of a check lacks of what is expected of it.
///
/// # Errors
/// Returns an error when the repository can not be read.
pub async fn lacks(cx: &RunContext, order: &StepOrder, state: &RunState, step: &Step) -> Result<Vec<Issue>, ExecuteError> {
    if step.rules.expects.is_empty() {
        return Ok(Vec::new());
    }
    let expects = step.rules.expects.clone();
    look(cx, order, state, move |view| judge(&expects, view)).await
}

/// Returns the end of a check that needs no command: its files are not what is expected of them, or nothing else is to be checked. `None`
/// when its commands decide.
#[must_use]
pub fn verdict(order: &StepOrder, issues: &[Issue], commands: usize) -> Option<Event> {
    let serious = issues.iter().filter(|issue| issue.severity != IssueSeverity::Minor).count();
    if serious > 0 {
        let first = issues.iter().find(|issue| issue.severity != IssueSeverity::Minor).map_or("", |issue| issue.message.as_str());
        return Some(finished(order, StepOutcome::Failed, (format!("{first}{}", more(serious)), findings(issues))));
    }
    (commands == 0).then(|| finished(order, StepOutcome::Passed, ("everything that is expected is there".to_owned(), findings(issues))))
}

/// Returns issues as findings, the serious ones first.
#[must_use]
pub fn findings(issues: &[Issue]) -> Vec<Finding> {
    let (minor, serious): (Vec<&Issue>, Vec<&Issue>) = issues.iter().partition(|issue| issue.severity == IssueSeverity::Minor);
    serious.into_iter().chain(minor).take(ISSUES_KEPT).map(finding).collect()
}

fn more(serious: usize) -> String {
    if serious > 1 { format!(", and {} more", count(serious - 1, "issue")) } else { String::new() }
}

fn skipped(order: &StepOrder, why: String) -> Event {
    finished(order, StepOutcome::Skipped, (why, Vec::new()))
}

fn lacking(order: &StepOrder, issues: &[Issue]) -> Option<Event> {
    let serious: Vec<&Issue> = issues.iter().filter(|issue| issue.severity != IssueSeverity::Minor).collect();
    let first = serious.first()?;
    let message = format!("what it needs is not there: {}{}", first.message, more(serious.len()));
    Some(finished(order, StepOutcome::NotStarted, (message, findings(issues))))
}

/// Returns the end of a step in which no program ran; no tool is named, since none did anything.
fn finished(order: &StepOrder, outcome: StepOutcome, (message, findings): (String, Vec<Finding>)) -> Event {
    Event::StepFinished(StepFinished {
        workstream: order.workstream.clone(),
        step: order.step.clone(),
        attempt: order.attempt,
        tool: None,
        outcome,
        message,
        notes: Vec::new(),
        tool_fault: false,
        exit_code: None,
        duration_ms: 0,
        output: None,
        findings,
        review: None,
        failure: None,
        usage: None,
        cached: false,
    })
}

/// Returns what was asked: prompt, title and tasks of a workstream.
fn request(cx: &RunContext, plan: &Workstream) -> String {
    let prompt = match &plan.prompt {
        Some(PromptSource::Text(text)) => Some(text.clone()),
        Some(PromptSource::File(name)) => cx.inputs.get(name).map(|bytes| String::from_utf8_lossy(bytes).into_owned()),
        None => None,
    };
    prompt.into_iter().chain(plan.title.clone()).chain(plan.tasks.iter().cloned()).collect::<Vec<_>>().join("\n")
}

/// Looks at the tree that a workstream has come to.
async fn look<T: Send + 'static>(
    cx: &RunContext,
    order: &StepOrder,
    state: &RunState,
    take: impl FnOnce(&TreeView<'_>) -> T + Send + 'static,
) -> Result<T, ExecuteError> {
    let (start, tip) = (place::commit(state, &order.workstream, Stand::Start)?, place::commit(state, &order.workstream, Stand::Tip)?);
    let own = cx.clone();
    blocking(move || Ok(look_at(&Objects::open(&own.repo)?, (start, tip), take)?)).await
}

fn look_at<T>(objects: &Objects, (start, tip): (ObjectId, ObjectId), take: impl FnOnce(&TreeView<'_>) -> T) -> Result<T, ObjectError> {
    let tree = objects.tree_of(tip)?;
    let entries: BTreeMap<RepoPath, _> = objects.files_of(tree, &|_| true)?.into_iter().collect();
    let paths: Vec<RepoPath> = entries.keys().cloned().collect();
    let changes = if start == tip { Vec::new() } else { objects.diff_trees(Some(objects.tree_of(start)?), Some(tree))? };
    let changed: Vec<RepoPath> = changes.into_iter().map(|change| change.path).collect();
    // A view can not fail; what could not be read is told when it was looked at.
    let failed = std::cell::RefCell::new(None);
    let note = |error: ObjectError| {
        failed.borrow_mut().get_or_insert(error);
    };
    let size = |path: &RepoPath| {
        let found = entries.get(path).map(|entry| objects.size(entry.id));
        found
            .transpose()
            .unwrap_or_else(|error| {
                note(error);
                None
            })
            .unwrap_or_default() as u64
    };
    let read = |path: &RepoPath| {
        let Some(entry) = entries.get(path) else { return Content::Binary };
        if size(path) > LARGEST {
            return Content::Beginning(String::new());
        }
        let bytes = objects.look(entry.id, |_, bytes| (bytes[..bytes.len().min(MOST_OF_A_FILE)].to_vec(), bytes.len() as u64));
        match bytes {
            Ok((bytes, size)) => Content::of(&bytes, size),
            Err(error) => {
                note(error);
                Content::Binary
            }
        }
    };
    let taken = take(&TreeView { paths: &paths, changed: &changed, size: &size, read: &read });
    failed.into_inner().map_or(Ok(taken), Err)
}
