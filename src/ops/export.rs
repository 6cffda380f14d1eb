//! `export`: views of a run as files, for programs that read the formats of the original systems.

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use serde::Serialize;

use crate::domain::id::{ObjectId, RunId};
use crate::domain::ledger::entry::Entry;
use crate::domain::plan::model::CheckedPlan;
use crate::domain::report::cost::{CostQuestion, Grouping, cost_report};
use crate::domain::report::execution_results::execution_results;
use crate::domain::report::export::{RoutingCandidate, RoutingFact, execution_lines, routing_decisions};
use crate::domain::report::gate_results::gate_results;
use crate::domain::report::handoff::{handoff_log, handoffs_of_roles};
use crate::domain::report::patch_ledger::{PatchFiles, created, patch_lines};
use crate::domain::report::stream::{executor_lines, resilience_lines};
use crate::domain::report::task_queue::task_queue;
use crate::domain::report::views::View;
use crate::domain::report::workflow::workflow_state;
use crate::domain::run::event::Event;
use crate::domain::run::routed::{Candidate, ToolRouted};
use crate::domain::run::state::RunState;
use crate::domain::text::json;
use crate::domain::workflow::view::{WorkflowView, views};
use crate::io::fs::{self, Durability, FsError};
use crate::io::git::objects::{ObjectError, Objects};
use crate::ops::context::Context;
use crate::ops::cost::{Costs, reverted};
use crate::ops::find::{FindError, find_run};
use crate::ops::frozen::{FrozenError, thaw};
use crate::ops::load::{LoadError, entries_at, state_at};

/// A file that is larger is none of ours.
const MAX_KNOWN: u64 = 256 << 20;

/// The error of writing views.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// There is no such run.
    #[error(transparent)]
    Find(#[from] FindError),
    /// A name is neither a view nor the run.
    #[error("`{0}` is no view, and the run is named already")]
    NoView(String),
    /// Several views, or none, can not be printed.
    #[error("one view is printed, several are written into a folder")]
    NoFolder,
    /// The run can not be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The frozen plan can not be read.
    #[error(transparent)]
    Frozen(#[from] Box<FrozenError>),
    /// A file is there already, and git-orc did not write it.
    #[error("`{}` is there already, and is no export of git-orc", .0.display())]
    Exists(PathBuf),
    /// The objects of the repository can not be read.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// A file can not be written.
    #[error(transparent)]
    File(#[from] FsError),
    /// A view has no JSON form.
    #[error("a view could not be written as JSON")]
    Json(#[from] serde_json::Error),
}

/// What becomes of a file that is there and that git-orc did not write. One of ours is replaced in any case, and a folder in none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and nothing is written.
    Keep,
    /// It is replaced.
    Replace,
}

/// A run as views see it, at one entry of the ledger: it may go on while it is exported, and views must not contradict each other. State and
/// plan are brought back by the views that need them, so that the others can be had of a run that is damaged.
struct Facts<'a> {
    cx: &'a Context,
    run: RunId,
    tip: ObjectId,
    entries: Vec<Entry>,
}

impl<'a> Facts<'a> {
    fn of(cx: &'a Context, run: Option<&str>) -> Result<Self, ExportError> {
        let ledger = cx.ledger();
        let run = find_run(&ledger, run)?;
        let tip = ledger.tip().map_err(LoadError::from)?.ok_or(LoadError::UnknownRun(run))?;
        Ok(Self { cx, run, tip, entries: entries_at(&ledger, tip, run)? })
    }

    fn state(&self) -> Result<RunState, ExportError> {
        Ok(state_at(&self.cx.ledger(), self.tip, self.run)?)
    }

    /// Returns where its pipelines of roles stand; nothing when it has none.
    fn workflows(&self) -> Result<Vec<WorkflowView>, ExportError> {
        let plan = self.plan()?;
        Ok(if plan.workflows.is_empty() { Vec::new() } else { views(&plan, self.run, &self.entries) })
    }

    fn plan(&self) -> Result<CheckedPlan, ExportError> {
        Ok(thaw(&self.cx.ledger(), self.tip, self.run).map_err(Box::new)?.plan)
    }
}

/// Writes views of a run into a folder, which is made when it is not there; without a name of a run, of the newest one. Returns the files.
/// Nothing is written when one of them is there already and must stay.
///
/// # Errors
/// Returns [`ExportError`] when there is no such run, it can not be read, or a file can not be written.
pub fn export(cx: &Context, run: Option<&str>, views: &[View], (folder, existing): (&Path, Existing)) -> Result<Vec<PathBuf>, ExportError> {
    let facts = Facts::of(cx, run)?;
    let folder = cx.cwd.join(folder);
    let mut files = Vec::with_capacity(views.len());
    for view in views {
        let path = folder.join(view.file());
        let may_be_written = match existing {
            Existing::Keep => may_be_replaced(*view, &path)?,
            Existing::Replace => !path.symlink_metadata().is_ok_and(|found| found.is_dir()),
        };
        if !may_be_written {
            return Err(ExportError::Exists(path));
        }
        if files.iter().all(|(known, _)| *known != path) {
            files.push((path, content(*view, &facts)?));
        }
    }
    fs::create_dir_all(&folder)?;
    for (path, text) in &files {
        // A link in the place of a file is replaced and never followed.
        fs::write_atomic(path, text.as_bytes(), Durability::Relaxed)?;
    }
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

/// Returns one view of a run as text, safe to show.
///
/// # Errors
/// Returns [`ExportError`] when there is no such run or it can not be read.
pub fn view(cx: &Context, run: Option<&str>, view: View) -> Result<String, ExportError> {
    content(view, &Facts::of(cx, run)?)
}

/// Returns whether nothing stands there, or a view that git-orc wrote. What is no regular file is none.
fn may_be_replaced(view: View, path: &Path) -> Result<bool, ExportError> {
    let Ok(found) = path.symlink_metadata() else { return Ok(true) };
    Ok(found.is_file() && found.len() <= MAX_KNOWN && view.is_ours(&fs::read(path)?))
}

fn content(view: View, facts: &Facts<'_>) -> Result<String, ExportError> {
    let Facts { cx, run, tip: _, entries } = facts;
    match view {
        View::ExecutionResults => pretty(&execution_results(&facts.state()?, entries)),
        View::PatchLedger => lines(&patch_lines(entries, &patch_files(cx, entries)?)),
        View::Execution => lines(&execution_lines(entries)),
        View::Executor => lines(&executor_lines(entries)),
        View::Resilience => lines(&resilience_lines(entries)),
        View::RoutingDecisions => pretty(&routing_decisions(*run, entries.iter().filter_map(routed).collect())),
        View::TaskQueue => pretty(&task_queue(&facts.state()?, &facts.plan()?)),
        View::GateResults => pretty(&gate_results(*run, entries)),
        View::HandoffLog => match &facts.workflows()?[..] {
            [] => pretty(&handoff_log(&facts.state()?, &facts.plan()?, entries)),
            roles => pretty(&handoffs_of_roles(*run, roles)),
        },
        // The document is about one whole; of several pipelines of roles in one plan, the first one is told.
        View::WorkflowState => match facts.workflows()?.first() {
            None => pretty(&workflow_state(*run, entries)),
            Some(roles) => pretty(roles),
        },
        View::Cost => {
            let question = CostQuestion { by: Grouping::Workstream, zone: &TimeZone::UTC, since: None, own: &cx.settings.prices.value };
            let state = facts.state().ok();
            pretty(&Costs { run: Some(*run), report: cost_report(entries, &question), reverted: reverted(state.as_ref()) }.document())
        }
    }
}

/// Returns the files that patches change; a patch whose commit was collected is left out.
fn patch_files(cx: &Context, entries: &[Entry]) -> Result<PatchFiles, ExportError> {
    let objects = Objects::open(&cx.repo)?;
    let mut files = PatchFiles::new();
    for patch in entries.iter().filter_map(created) {
        let Ok(parent) = objects.tree_of(patch.parent) else { continue };
        if let Ok(changes) = objects.diff_trees(Some(parent), Some(patch.tree)) {
            files.insert(patch.patch, changes.iter().map(|change| change.path.to_string()).collect());
        }
    }
    Ok(files)
}

/// Returns how a tool was chosen, when that is what an entry says.
fn routed(entry: &Entry) -> Option<RoutingFact> {
    let Event::ToolRouted(ToolRouted { workstream, step, attempt, tool, routing }) = entry.event()?.clone() else { return None };
    let candidate = |one: Candidate| RoutingCandidate {
        tool: one.tool,
        verdict: one.verdict.name().to_owned(),
        reason: one.reason,
        score: one.score.map(|score| f64::from(score) / 1000.0),
    };
    Some(RoutingFact {
        ts: entry.ts,
        workstream,
        step,
        attempt,
        tool,
        capability: routing.capability,
        strategy: routing.strategy.word().to_owned(),
        candidates: routing.candidates.into_iter().map(candidate).collect(),
        reason: routing.reason,
    })
}

fn lines(all: &[impl Serialize]) -> Result<String, ExportError> {
    let mut text = String::new();
    for line in all {
        text.push_str(&json(&serde_json::to_string(line)?));
        text.push('\n');
    }
    Ok(text)
}

fn pretty(document: &impl Serialize) -> Result<String, ExportError> {
    Ok(json(&serde_json::to_string_pretty(document)?) + "\n")
}
