//! `git orc prompt`: what a tool would be told, and what it was told.

use std::path::PathBuf;

use super::begin;
use super::context::Context;
use super::find::{FindError, find_run};
use super::frozen::{FrozenError, Overrides, read_inputs};
use super::history;
use super::prompts::{self, PromptsError};
use super::run::{Prepared, RunError, prepare, settings};
use crate::domain::context::tokens;
use crate::domain::id::{RepoPath, RunId, StepId, ToolId, WorkstreamId};
use crate::domain::plan::model::{CheckedPlan, EditStep, StepKind, Workstream};
use crate::domain::policy::budget::{Budget, Budgets};
use crate::domain::prompt::classification::{Classification, classify};
use crate::domain::prompt::request::Request;
use crate::domain::prompt::template::Templates;
use crate::domain::run::brief::Brief;
use crate::domain::run::config::RunConfig;
use crate::domain::run::fact::{Rung, StepRole};
use crate::domain::run::spending::of_attempt;
use crate::domain::run::state::{RunState, WorkstreamState};
use crate::domain::tool::profile::ToolProfile;
use crate::domain::tool::routing::RoutingError;
use crate::domain::tool::suggest::closest;
use crate::engine::ask::{Asker, Question};
use crate::engine::folder::RunFolder;
use crate::engine::place;
use crate::io::fs::{self, FsError};
use crate::io::git::ledger_ref::LedgerError;
use crate::io::git::objects::ObjectError;

/// The error of showing a prompt.
#[derive(Debug, thiserror::Error)]
pub enum PromptError {
    /// The plan can not be used.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The templates can not be used.
    #[error(transparent)]
    Prompts(#[from] PromptsError),
    /// A file that the plan names can not be read.
    #[error(transparent)]
    Frozen(#[from] FrozenError),
    /// What earlier runs spent can not be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A file can not be read.
    #[error(transparent)]
    File(#[from] FsError),
    /// The base can not be read.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// The run can not be found.
    #[error(transparent)]
    Find(#[from] FindError),
    /// No tool can do the step.
    #[error(transparent)]
    Routing(#[from] RoutingError),
    /// The plan has no such workstream, tool or step.
    #[error("there is no {what} `{name}`")]
    Unknown {
        /// What was looked for.
        what: &'static str,
        /// What the user wrote.
        name: String,
        /// What may be meant.
        suggestion: Option<String>,
    },
    /// Nothing is checked, so nothing can fail.
    #[error("workstream {0} has no check that could fail")]
    NoCheck(WorkstreamId),
    /// The tool would not be started.
    #[error("the step would not be started: {0}")]
    Unasked(String),
    /// No prompt of that step is kept.
    #[error("no prompt of workstream {workstream} is kept in run {run}")]
    NotKept {
        /// The workstream.
        workstream: String,
        /// The run.
        run: RunId,
    },
}

/// Which prompt is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// That of an EDIT step.
    Edit,
    /// That of a FIX step, with nothing found yet.
    Fix,
}

/// What to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptRequest {
    /// The workstream.
    pub workstream: String,
    /// The step; the first one that fits when absent.
    pub step: Option<String>,
    /// Which prompt.
    pub which: Which,
    /// The tool, in place of the plan's.
    pub tool: Option<String>,
}

/// A prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownPrompt {
    /// The text, as it is sent.
    pub text: String,
    /// How many tokens it is about.
    pub tokens: u64,
    /// The workstream.
    pub workstream: String,
    /// The step, with the number of the attempt when it was sent.
    pub step: String,
    /// What it would be; nothing when it was sent already.
    pub coming: Option<Coming>,
}

/// What is known of a prompt before it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coming {
    /// The tool.
    pub tool: ToolId,
    /// How many tokens it can take in.
    pub window: Option<u64>,
    /// What kind of work it is.
    pub classification: Classification,
    /// The template.
    pub template: String,
    /// The files that the tool is given by name.
    pub files: Vec<RepoPath>,
    /// What else is worth telling.
    pub notes: Vec<String>,
}

/// Returns the templates that hold.
///
/// # Errors
/// Returns [`PromptsError`] with every mistake of every template.
pub fn templates(cx: &Context) -> Result<Templates, PromptsError> {
    let plugins = cx.plugins()?;
    prompts::load(&cx.environment, cx.repo.work_dir(), &plugins)
}

/// Returns the prompt that a step of a plan would be sent.
///
/// # Errors
/// Returns [`PromptError`] when the plan can not be used, or has no such step.
pub fn show(cx: &Context, plan: &std::path::Path, request: &PromptRequest) -> Result<ShownPrompt, PromptError> {
    let Prepared { plan, source, tip, templates, .. } = prepare(cx, plan, &Overrides::default())?;
    let inputs = read_inputs(&plan, &source.folder)?;
    let settings = settings(cx, &plan);
    let names = || plan.workstreams.iter().map(|one| one.id.as_str());
    let found = plan.workstreams.iter().find(|one| one.id.as_str() == request.workstream);
    let workstream = found.ok_or_else(|| unknown("workstream", &request.workstream, names()))?;
    let index = index(workstream, request)?;
    let checked = workstream.steps[index].id.to_string();
    let fix = StepId::fix();
    let (step, role, asked) = match request.which {
        Which::Edit => (&workstream.steps[index].id, StepRole::Edit, Request::Edit { feedback: None }),
        Which::Fix => (&fix, StepRole::Fix, Request::Fix { check: &checked, findings: &[], output: "", changes: "" }),
    };
    let profile = tool(cx, place::edit_step(workstream, index), request.tool.as_deref())?;
    let window = profile.context_window;
    let asker = Asker { repo: &cx.repo, templates: &templates, inputs: &inputs, most_seconds: settings.timeout_sec.value };
    let budget = budget(cx, (&plan, settings.budgets), workstream)?;
    let rung = Rung::SameTool;
    let question = Question { plan: workstream, step, role, index, profile, window, commit: tip, request: asked, rung, budget };
    let asked = asker.ask(&question)?.map_err(PromptError::Unasked)?;
    let coming = Coming {
        tool: profile.id.clone(),
        window,
        classification: classify(workstream, asker.own_text(&question).as_deref()),
        template: templates.origin(&question.request, workstream.steps[index].rules.template.as_deref()).to_owned(),
        files: asked.files,
        notes: asked.notes,
    };
    let (workstream, step) = (workstream.id.to_string(), step.to_string());
    Ok(ShownPrompt { tokens: tokens::count(&asked.text), text: asked.text, workstream, step, coming: Some(coming) })
}

/// Returns what the first attempt of a workstream may cost, in a run that begins now.
fn budget(cx: &Context, (plan, budgets): (&CheckedPlan, Budgets), workstream: &Workstream) -> Result<Budget, PromptError> {
    let config = RunConfig { budgets, ..RunConfig::of_workers(1) };
    let run = RunState::new(RunId::NONE);
    let elsewhere = history::spent_today(cx, run.run, &budgets)?;
    let now = cx.clock.now();
    let brief = Brief { plan, config: &config, now, elsewhere: elsewhere.at(now) };
    Ok(of_attempt(brief, &run, (&workstream.id, &WorkstreamState::planned(1))))
}

fn unknown<'a>(what: &'static str, name: &str, known: impl Iterator<Item = &'a str>) -> PromptError {
    PromptError::Unknown { what, name: name.to_owned(), suggestion: closest(name, known).map(str::to_owned) }
}

/// Returns the place of the step that is meant.
fn index(workstream: &Workstream, request: &PromptRequest) -> Result<usize, PromptError> {
    let fits = |kind: &StepKind| matches!(kind, StepKind::Edit(_)) == (request.which == Which::Edit);
    let mut fitting = workstream.steps.iter().enumerate().filter(|(_, step)| fits(&step.kind));
    let Some(name) = &request.step else {
        return fitting.next().map(|(index, _)| index).ok_or_else(|| PromptError::NoCheck(workstream.id.clone()));
    };
    let names = workstream.steps.iter().filter(|step| fits(&step.kind)).map(|step| step.id.as_str());
    fitting.find(|(_, step)| step.id.as_str() == name).map(|(index, _)| index).ok_or_else(|| unknown("such step", name, names))
}

fn tool<'a>(cx: &'a Context, edit: Option<&EditStep>, wished: Option<&str>) -> Result<&'a ToolProfile, PromptError> {
    let names = || cx.tools.tools().map(|tool| tool.profile.id.as_str());
    match (wished, edit) {
        (Some(name), _) => {
            let found = ToolId::parse(name).ok().and_then(|id| cx.tools.profile(&id));
            found.ok_or_else(|| unknown("tool", name, names()))
        }
        (None, Some(edit)) => Ok(begin::first_tool(cx, edit)?),
        (None, None) => Err(unknown("such step", "edit", std::iter::empty())),
    }
}

/// Returns the prompt that a step of a run was sent: that of its newest attempt.
///
/// # Errors
/// Returns [`PromptError`] when there is no such run, or nothing is kept of it.
pub fn sent(cx: &Context, run: &str, request: &PromptRequest) -> Result<ShownPrompt, PromptError> {
    let run = find_run(&cx.ledger(), Some(run))?;
    let missing = || PromptError::NotKept { workstream: request.workstream.clone(), run };
    let workstream = WorkstreamId::parse(&request.workstream).map_err(|_| missing())?;
    let folder = RunFolder::new(&cx.repo.orc_dir(), run).path().join(workstream.as_str());
    let files = if folder.is_dir() { fs::list(&folder)? } else { Vec::new() };
    let fix = StepId::fix().to_string();
    let wished = request.step.as_deref().or_else(|| (request.which == Which::Fix).then_some(fix.as_str()));
    let kept = files.iter().filter_map(|path| kept(path)).filter(|kept| match wished {
        Some(step) => kept.0 == step,
        None => kept.0 != fix && kept.0 != StepId::resolve().as_str(),
    });
    let (step, attempt, path) = kept.max_by_key(|(step, attempt, _)| (wished.is_some() || step == "edit", *attempt)).ok_or_else(missing)?;
    let text = String::from_utf8_lossy(&fs::read_if_exists(&path)?.ok_or_else(missing)?).into_owned();
    Ok(ShownPrompt {
        tokens: tokens::count(&text),
        text,
        workstream: request.workstream.clone(),
        step: format!("{step} #{attempt}"),
        coming: None,
    })
}

/// Reads the name of a kept prompt: the step and the number of the attempt.
fn kept(path: &std::path::Path) -> Option<(String, u32, PathBuf)> {
    let name = path.file_name()?.to_str()?.strip_suffix(".prompt.md")?;
    let (step, attempt) = name.rsplit_once('-')?;
    Some((step.to_owned(), attempt.parse().ok()?, path.to_owned()))
}
