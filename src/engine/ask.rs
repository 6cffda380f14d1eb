//! What a tool is asked: the prompt of a step and the files that go with it, measured against what the tool can take in.
//!
//! [`Asker`] knows nothing of a run, so that a prompt can be shown before there is one, byte for byte as it will be sent. [`work`] and
//! [`resolve`] take the rest from the state of a run. Everything is read from commits, never from a worktree that a tool was in.

use super::context::{Inputs, RunContext};
use super::failure::ExecuteError;
use super::place;
use super::surroundings::{Ground, TextFile, literal};
use crate::domain::context::fit::{Fit, Level, Priority, Weighed, Window, fit, proposal};
use crate::domain::context::named::named;
use crate::domain::context::outline::outline;
use crate::domain::context::tokens;
use crate::domain::finding::model::Finding;
use crate::domain::id::{ObjectId, RepoPath, StepId};
use crate::domain::plan::model::{PromptSource, Workstream};
use crate::domain::policy::budget::Budget;
use crate::domain::prompt::quote::{QUOTE_LIMIT, tail};
use crate::domain::prompt::request::{AgentsMd, BudgetLine, Manner, Request, Subject, Surroundings};
use crate::domain::prompt::section::EmptySections;
use crate::domain::prompt::template::{Prompt, Templates};
use crate::domain::run::effect::StepOrder;
use crate::domain::run::fact::{Rung, StepRole};
use crate::domain::run::state::{Conflict, LastStep, WorkstreamState};
use crate::domain::text::one_line;
use crate::domain::tool::profile::ToolProfile;
use crate::domain::tool::usage::MicroUsd;
use crate::io::fs;
use crate::io::git::objects::{ObjectError, Objects};
use crate::io::git::repo::Repo;

/// What prompts are made with.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'a> {
    /// The repository.
    pub repo: &'a Repo,
    /// The templates.
    pub templates: &'a Templates,
    /// The files that the plan names.
    pub inputs: &'a Inputs,
    /// The most seconds that any step may take.
    pub most_seconds: Option<u64>,
}

/// A step that a tool is to be asked to do.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The workstream.
    pub plan: &'a Workstream,
    /// The name of the step.
    pub step: &'a StepId,
    /// What it is for.
    pub role: StepRole,
    /// The step of the plan, counted from 0; for a FIX step the check that it mends.
    pub index: usize,
    /// The tool.
    pub profile: &'a ToolProfile,
    /// How many tokens the tool can take in; `None` when that is not known.
    pub window: Option<u64>,
    /// The commit that the worktree stands at.
    pub commit: ObjectId,
    /// What is asked.
    pub request: Request<'a>,
    /// How much is told.
    pub rung: Rung,
    /// What the attempt may cost.
    pub budget: Budget,
}

/// An attempt that a tool is sent on.
#[derive(Debug, Clone)]
pub struct Errand {
    /// The order.
    pub order: StepOrder,
    /// The tool.
    pub profile: ToolProfile,
    /// What it may cost.
    pub budget: Budget,
}

/// What a tool is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The prompt.
    pub text: String,
    /// The files that it is given by name.
    pub files: Vec<RepoPath>,
    /// What was done to make it fit, and what else is worth telling.
    pub notes: Vec<String>,
}

/// Why a tool is not asked: a sentence for people.
pub type Unasked = String;

/// Returns how many seconds a tool has for a step, before the limit of the run is looked at.
#[must_use]
pub fn seconds(plan: &Workstream, profile: &ToolProfile, (role, index): (StepRole, usize)) -> u64 {
    let limit = match role {
        StepRole::Edit => plan.limits.timeouts.edit,
        StepRole::Static | StepRole::Runtime | StepRole::Fix | StepRole::Resolve => plan.limits.timeouts.fix,
    };
    let planned = plan.steps.get(index).and_then(|step| step.timeout_sec).filter(|_| role == StepRole::Edit);
    planned.or(profile.timeout_sec).unwrap_or(limit)
}

impl Asker<'_> {
    /// Returns what the tool is asked; the inner error is a sentence about why it can not be.
    ///
    /// # Errors
    /// Returns an error when the repository can not be read.
    pub fn ask(&self, question: &Question<'_>) -> Result<Result<Asked, Unasked>, ObjectError> {
        let ground = Ground::open(self.repo, question.commit, &question.plan.scope)?;
        let agents = if question.profile.reads_agents_md { None } else { ground.agents_md()? };
        let own = self.own_text(question);
        let candidates = Candidates { ground: &ground, question, own: own.as_deref() };
        let only = candidates.only()?;
        let agents_md = agents.as_ref().map(|(path, text)| AgentsMd { path, text });
        let shown: &[RepoPath] = if question.role == StepRole::Fix { &only } else { &[] };
        let around = Surroundings { agents_md, outline: None, only: shown };
        let prompt = match self.prompt(question, own.as_deref(), around) {
            Ok(prompt) => prompt,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let mut notes: Vec<String> = prompt.note.into_iter().collect();
        let Some(window) = question.window.filter(|_| question.profile.is_prompted()).map(Window::new) else {
            return Ok(Ok(Asked { text: prompt.text, files: candidates.unmeasured(&only)?, notes }));
        };
        let measured = measure(window, &prompt.text, &candidates.texts(&only)?);
        notes.extend(measured.fit.note());
        let text = match measured.fit.level {
            Level::Whole | Level::PriorityFiles => prompt.text,
            Level::Split => return Ok(Err(measured.proposal)),
            Level::SummarisedScope => {
                let around = Surroundings { outline: Some(&measured.outlines), ..around };
                match self.prompt(question, own.as_deref(), around) {
                    Ok(prompt) => prompt.text,
                    Err(error) => return Ok(Err(error.to_string())),
                }
            }
        };
        Ok(Ok(Asked { text, files: measured.fit.given, notes }))
    }

    /// Checks that there is something to ask, without looking at any commit.
    ///
    /// # Errors
    /// Returns [`EmptySections`] when a section is empty that no prompt goes without.
    pub fn check(&self, question: &Question<'_>) -> Result<(), EmptySections> {
        self.prompt(question, self.own_text(question).as_deref(), Surroundings::default()).map(|_| ())
    }

    fn prompt(&self, question: &Question<'_>, own: Option<&str>, around: Surroundings<'_>) -> Result<Prompt, EmptySections> {
        let seconds = seconds(question.plan, question.profile, (question.role, question.index));
        let seconds = self.most_seconds.map_or(seconds, |most| seconds.min(most)).max(1);
        self.templates.prompt(&Subject {
            plan: question.plan,
            step: question.step,
            edit: place::edit_step(question.plan, question.index),
            own,
            request: question.request,
            manner: Manner {
                tool: &question.profile.id,
                is_prompted: question.profile.is_prompted(),
                output: question.profile.output,
                reads_agents_md: question.profile.reads_agents_md,
            },
            around,
            budget: Some(BudgetLine {
                usd: question.budget.usd.map(MicroUsd::usd),
                tokens: question.budget.tokens,
                seconds: Some(question.budget.seconds.map_or(seconds, |most| seconds.min(most.max(1)))),
            }),
        })
    }

    /// Returns the text of the prompt that the plan gives. A conflict has nothing to do with it.
    #[must_use]
    pub fn own_text(&self, question: &Question<'_>) -> Option<String> {
        match question.plan.prompt.as_ref().filter(|_| question.role != StepRole::Resolve)? {
            PromptSource::Text(text) => Some(text.clone()),
            PromptSource::File(name) => self.inputs.get(name).map(|bytes| String::from_utf8_lossy(bytes).into_owned()),
        }
    }
}

/// The files that a tool may be given.
struct Candidates<'a> {
    ground: &'a Ground<'a>,
    question: &'a Question<'a>,
    own: Option<&'a str>,
}

impl Candidates<'_> {
    fn findings(&self) -> &[Finding] {
        match self.question.request {
            Request::Fix { findings, .. } => findings,
            Request::Edit { .. } | Request::Resolve { .. } => &[],
        }
    }

    /// Returns the files that the tool is to keep to: on the rung of reduced context those that the findings name, in a conflict those that
    /// conflict.
    fn only(&self) -> Result<Vec<RepoPath>, ObjectError> {
        let paths: Vec<RepoPath> = match self.question.request {
            Request::Resolve { paths, .. } => paths.iter().map(|path| path.as_str().into()).collect(),
            Request::Fix { findings, .. } if self.question.rung == Rung::ReducedContext => {
                findings.iter().filter_map(|finding| Some(finding.location.as_ref()?.path.as_str().into())).collect()
            }
            Request::Fix { .. } | Request::Edit { .. } => Vec::new(),
        };
        self.ground.existing(paths)
    }

    /// Returns the files to give when nobody knows what fits: those that the plan names, without wildcards.
    fn unmeasured(&self, only: &[RepoPath]) -> Result<Vec<RepoPath>, ObjectError> {
        if only.is_empty() { self.ground.existing(literal(&self.question.plan.scope)) } else { Ok(only.to_vec()) }
    }

    fn texts(&self, only: &[RepoPath]) -> Result<Vec<(TextFile, Priority)>, ObjectError> {
        let files = self.ground.in_scope()?;
        let files: Vec<_> = files.into_iter().filter(|(path, _)| only.is_empty() || only.contains(path)).collect();
        let step = place::edit_step(self.question.plan, self.question.index);
        let tasks = self.question.plan.tasks.iter().chain(step.into_iter().flat_map(|step| &step.tasks));
        let described = self.question.plan.title.iter().chain(step.and_then(|step| step.description.as_ref()));
        let found = self.findings().iter().flat_map(|one| [Some(&one.message), one.location.as_ref().map(|at| &at.path)]).flatten();
        let words = tasks.chain(described).chain(found).map(String::as_str).chain(self.own);
        let named = named(words, files.iter().map(|(path, _)| path));
        let is_narrow = self.question.rung == Rung::ReducedContext && !named.is_empty();
        let priority = |path: &RepoPath| match () {
            () if only.contains(path) || named.contains(path) => Priority::Named,
            () if self.question.plan.scope.names(path) => Priority::Listed,
            () => Priority::Covered,
        };
        let files = files.into_iter().map(|(path, entry)| (priority(&path), (path, entry)));
        let files = files.filter(|(priority, _)| !is_narrow || *priority == Priority::Named);
        let (priorities, files): (Vec<_>, Vec<_>) = files.unzip();
        let texts = self.ground.read(files)?;
        Ok(texts.into_iter().zip(priorities).filter(|(text, _)| !text.is_binary).collect())
    }
}

/// Prompt and files against a window.
struct Measured {
    fit: Fit,
    outlines: String,
    proposal: String,
}

/// What a file takes besides its text and its name.
const FRAME: u64 = 16;

/// Measures prompt and files. Nothing is tokenised when the bytes alone are few enough.
fn measure(window: Window, prompt: &str, files: &[(TextFile, Priority)]) -> Measured {
    let length = |text: &str| tokens::at_most(text.len() as u64);
    let by_bytes = weighed(files, length);
    let bound = fit(window, length(prompt), &by_bytes);
    if bound.level == Level::Whole {
        return Measured { fit: bound, outlines: String::new(), proposal: String::new() };
    }
    let (prompt, files_weighed) = (tokens::count(prompt), weighed(files, tokens::count));
    let outlines = files.iter().map(|(file, _)| line(file)).collect();
    Measured { fit: fit(window, prompt, &files_weighed), outlines, proposal: proposal(window, prompt, &files_weighed) }
}

fn weighed(files: &[(TextFile, Priority)], count: fn(&str) -> u64) -> Vec<Weighed> {
    let weigh = |(file, priority): &(TextFile, Priority)| {
        let own = file.text.as_deref().map_or_else(|| tokens::about(file.size), count);
        let tokens = own.saturating_add(count(&file.path.to_string())).saturating_add(FRAME);
        Weighed { path: file.path.clone(), tokens, outline: count(&line(file)), priority: *priority }
    };
    files.iter().map(weigh).collect()
}

fn line(file: &TextFile) -> String {
    let about = file.text.as_deref().map(outline).filter(|about| !about.is_empty()).map(|about| format!(": {about}")).unwrap_or_default();
    format!("- `{}` ({} bytes){about}\n", one_line(&file.path.to_string()), file.size)
}

/// Returns what the tool of an EDIT or a FIX step is asked; the inner error is a sentence about why it can not be.
///
/// # Errors
/// Returns an error when the repository can not be read.
pub fn work(cx: &RunContext, errand: &Errand, (one, commit): (&WorkstreamState, ObjectId)) -> Result<Result<Asked, Unasked>, ExecuteError> {
    let order = &errand.order;
    if order.role != StepRole::Fix {
        let bad = |last: &&LastStep| last.role == StepRole::Edit && !last.outcome.lets_go_on();
        let feedback = one.last.as_ref().filter(bad).map(|last| last.message.as_str());
        return asked(cx, errand, commit, Request::Edit { feedback });
    }
    let check = order.of.as_ref().map(ToString::to_string).unwrap_or_default();
    let is_small = order.rung == Rung::ReducedContext;
    let kept = one.fix.output.as_ref().filter(|_| !is_small);
    let bytes = kept.and_then(|path| fs::read_tail(&cx.folder.path().join(path), 2 * QUOTE_LIMIT as u64).ok()).unwrap_or_default();
    let output = String::from_utf8_lossy(&bytes);
    let changes = match (one.start, one.tip) {
        (Some(start), Some(tip)) if !is_small => {
            let objects = Objects::open(&cx.repo)?;
            objects.unified(&objects.diff_trees(Some(objects.tree_of(start)?), Some(objects.tree_of(tip)?))?, QUOTE_LIMIT)?
        }
        (Some(_) | None, Some(_) | None) => String::new(),
    };
    let request = Request::Fix { check: &check, findings: &one.fix.findings, output: tail(&output, QUOTE_LIMIT), changes: &changes };
    asked(cx, errand, commit, request)
}

/// Returns what the tool of a RESOLVE step is asked, whose worktree stands at `marked`; the inner error is a sentence about why it can not be.
///
/// # Errors
/// Returns an error when the repository can not be read.
pub fn resolve(
    cx: &RunContext,
    errand: &Errand,
    (conflict, messages, marked): (&Conflict, &str, ObjectId),
) -> Result<Result<Asked, Unasked>, ExecuteError> {
    let objects = Objects::open(&cx.repo)?;
    let base = objects.merge_bases(conflict.tip, conflict.commit)?.into_iter().next();
    let before = base.map(|base| objects.tree_of(base)).transpose()?;
    let side = |commit| {
        let mut changes = objects.diff_trees(before, Some(objects.tree_of(commit)?))?;
        changes.retain(|change| conflict.paths.contains(&change.path.to_string()));
        objects.unified(&changes, QUOTE_LIMIT)
    };
    let (theirs, ours) = (side(conflict.tip)?, side(conflict.commit)?);
    asked(cx, errand, marked, Request::Resolve { paths: &conflict.paths, messages, theirs: &theirs, ours: &ours })
}

fn asked(
    cx: &RunContext,
    Errand { order, profile, budget }: &Errand,
    commit: ObjectId,
    request: Request<'_>,
) -> Result<Result<Asked, Unasked>, ExecuteError> {
    let (plan, _) = place::planned(cx, order)?;
    let asker = Asker { repo: &cx.repo, templates: &cx.templates, inputs: &cx.inputs, most_seconds: cx.config.timeout_sec };
    let (step, role, index, window) = (&order.step, order.role, order.index, profile.context_window);
    Ok(asker.ask(&Question { plan, step, role, index, profile, window, commit, request, rung: order.rung, budget: *budget })?)
}
