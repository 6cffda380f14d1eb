//! `git orc run`: from a plan to an integration branch.

use std::collections::HashSet;
use std::path::PathBuf;

use super::begin::{self, BeginError, Begun};
use super::context::Context;
use super::finish;
use super::frozen::{self, FrozenError, Overrides, Rules};
use super::gating::error::GatingError;
use super::gating::file;
use super::goals;
use super::history;
use super::pipelines::{self, PipelinesError};
pub use super::plan_settings::settings;
use super::plan_source::{PlanSource, PlanSourceError, defaults};
use super::policies::{self, Policies, PoliciesError};
use super::prompts::{self, PromptsError};
use super::quality;
use super::reread;
use super::trust::{self, TrustError};
use crate::domain::document::diagnostic::{Code, Diagnostic, Severity};
use crate::domain::document::source::SourceFile;
use crate::domain::id::{ObjectId, RunId};
use crate::domain::plan::model::CheckedPlan;
use crate::domain::prompt::template::Templates;
use crate::domain::run::config::{GivenUp, RunConfig};
use crate::domain::run::event::Event;
use crate::domain::run::fact::{RunDriven, RunPlanned};
use crate::domain::run::state::RunState;
use crate::domain::schedule::waves::{Schedule, schedule};
use crate::engine::advance::branch_ref;
use crate::engine::dispatcher::{DispatchError, Dispatcher, Ending};
use crate::engine::folder::RunFolder;
use crate::engine::journal::Journal;
use crate::engine::recover;
use crate::engine::signals::StopSignal;
use crate::engine::sink::Sink;
use crate::io::fs::FsError;
use crate::io::git::inspect::InspectError;
use crate::io::git::ledger_ref::LedgerError;
use crate::io::git::lock::{LockError, RunLock};
use crate::io::git::objects::{ObjectError, Objects};
use crate::io::git::refs::{RefError, Refs};
use crate::io::git::repo::RepoError;

/// The version that entries name.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What to run.
pub struct RunRequest {
    /// The plan: a file, or a folder of bundles.
    pub plan: PathBuf,
    /// What the command line sets in place of the plan.
    pub overrides: Overrides,
    /// Who is told of every entry.
    pub sinks: Vec<Box<dyn Sink>>,
    /// How urgently the user wants it to end.
    pub stop: StopSignal,
}

/// The error of a run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The plan can not be read.
    #[error(transparent)]
    Source(#[from] PlanSourceError),
    /// The plan is not valid.
    #[error("the plan is not valid")]
    Plan {
        /// Everything that was found.
        diagnostics: Vec<Diagnostic>,
        /// The files, for showing the places.
        files: Vec<SourceFile>,
    },
    /// The policies can not be read or followed.
    #[error(transparent)]
    Policies(#[from] PoliciesError),
    /// The pipelines can not be used.
    #[error(transparent)]
    Pipelines(#[from] PipelinesError),
    /// What tools are told can not be used.
    #[error(transparent)]
    Prompts(#[from] PromptsError),
    /// The run can not be prepared.
    #[error(transparent)]
    Begin(#[from] BeginError),
    /// The quality gates of the base commit can not be used.
    #[error(transparent)]
    Gates(#[from] GatingError),
    /// The plan can not be frozen.
    #[error(transparent)]
    Frozen(#[from] FrozenError),
    /// That the plan is the user's own can not be noted.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// What earlier runs did can not be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The base is no commit.
    #[error(transparent)]
    Base(#[from] RepoError),
    /// The objects could not be looked at.
    #[error(transparent)]
    File(#[from] FsError),
    /// The repository can not be asked.
    #[error(transparent)]
    Inspect(#[from] InspectError),
    /// A ref can not be read.
    #[error(transparent)]
    Ref(#[from] RefError),
    /// An object can not be read.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// The integration branch is checked out somewhere.
    #[error("branch {branch} is checked out in {path}")]
    CheckedOut {
        /// The branch.
        branch: String,
        /// Where.
        path: String,
    },
    /// The integration branch exists and does not contain the base.
    #[error("branch {branch} exists at {at} and does not contain {base}")]
    Unrelated {
        /// The branch.
        branch: String,
        /// Where it points.
        at: String,
        /// The base.
        base: String,
    },
    /// Another driver has the run.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The run could not go on; it can be resumed.
    #[error("run {run} could not go on")]
    Dispatch {
        /// The run.
        run: RunId,
        /// Why.
        #[source]
        source: Box<DispatchError>,
    },
}

/// A plan with everything that running it would do, and nothing done.
#[derive(Debug)]
pub struct Prepared {
    /// The plan.
    pub plan: CheckedPlan,
    /// Its waves.
    pub schedule: Schedule,
    /// Warnings and notes about it.
    pub diagnostics: Vec<Diagnostic>,
    /// Where it came from.
    pub source: PlanSource,
    /// The quality gates of the base commit.
    pub quality: Option<SourceFile>,
    /// The pinned base.
    pub base: ObjectId,
    /// The commit on which the first wave would start.
    pub tip: ObjectId,
    /// The policies.
    pub policies: Policies,
    /// The templates of prompts.
    pub templates: Templates,
}

/// Checks a plan against the repository; touches nothing.
///
/// # Errors
/// Returns an error when the plan is not valid, its tools are missing, or its base or target can not be used.
pub fn prepare(cx: &Context, plan: &std::path::Path, overrides: &Overrides) -> Result<Prepared, RunError> {
    let _span = tracing::trace_span!("plan").entered();
    let shelf = cx.pipelines()?;
    let templates = prompts::load(&cx.environment, cx.repo.work_dir(), &shelf.plugins)?;
    let source = PlanSource::read(&cx.cwd, plan)?.with(shelf.input(overrides.pipeline.clone(), Some(&templates)));
    let (mut plan, mut diagnostics) = match source.check(&cx.settings, (&cx.tools, &cx.registry)) {
        Ok(checked) => checked,
        Err(diagnostics) => return Err(RunError::Plan { diagnostics, files: source.shown() }),
    };
    overrides.apply(&mut plan);
    if plan.workstreams.iter().any(|one| frozen::looks_for_goals(overrides, &one.goals)) {
        let inputs = frozen::read_inputs(&plan, &source.folder)?;
        frozen::goals_of_requests(&mut plan, overrides, &inputs);
    }
    let base = cx.repo.resolve(&plan.base)?;
    let quality = file::source(&cx.repo, base)?;
    if let Some(file) = &quality {
        let notes = quality::join(&mut plan, file).map_err(|diagnostics| GatingError::File { diagnostics, file: file.clone() })?;
        notes.iter().for_each(|note| tracing::warn!("{note}"));
    }
    let tip = first_tip(cx, &plan.target, base)?;
    let schedule = schedule(&plan);
    let policies = policies::read(&cx.environment, &cx.repo, base)?;
    diagnostics.extend(source.lacks(&plan, policies.governance.asks));
    if diagnostics.iter().any(|one| one.severity == Severity::Error) {
        return Err(RunError::Plan { diagnostics, files: source.shown() });
    }
    Ok(Prepared { plan, schedule, diagnostics, source, quality, base, tip, policies, templates })
}

/// Checks that every tool of a prepared plan would be told enough to do something; touches nothing.
///
/// # Errors
/// Returns an error with everything that is missing, or for a file of the plan that can not be read.
pub fn check_prompts(cx: &Context, prepared: &Prepared, config: &RunConfig) -> Result<(), RunError> {
    let inputs = frozen::read_inputs(&prepared.plan, &prepared.source.folder)?;
    Ok(prompts::check(cx, &prepared.plan, (&prepared.templates, &inputs, config))?)
}

/// Returns the commit on which the first wave starts: the base, or the target's tip when it already contains the base.
fn first_tip(cx: &Context, target: &str, base: ObjectId) -> Result<ObjectId, RunError> {
    let name = branch_ref(target);
    if let Some(holder) = cx.repo.holder(&name)? {
        return Err(RunError::CheckedOut { branch: target.to_owned(), path: holder.display().to_string() });
    }
    let Some(at) = Refs::new(&cx.repo, cx.durability()).read(&name)? else { return Ok(base) };
    let objects = Objects::open(&cx.repo)?;
    if objects.is_ancestor(base, at)? {
        return Ok(at);
    }
    if objects.is_ancestor(at, base)? {
        return Ok(base);
    }
    Err(RunError::Unrelated { branch: target.to_owned(), at: at.short(), base: base.short() })
}

/// Takes from the ledger what former runs teach this one, and returns what is worth telling of it.
fn recall(cx: &Context, plan: &CheckedPlan, config: &mut RunConfig) -> Result<Vec<String>, RunError> {
    history::remember(cx, config)?;
    let lessons = history::learn(cx, plan, config)?;
    if plan.workstreams.iter().any(|one| !one.goals.list.is_empty()) {
        config.effects = goals::effects(cx)?;
    }
    Ok(lessons)
}

/// Runs a plan until it is settled or stopped.
///
/// # Errors
/// Returns an error when it can not be started, or can not go on.
pub async fn run(cx: &Context, request: RunRequest) -> Result<Ending, RunError> {
    let prepared = prepare(cx, &request.plan, &request.overrides)?;
    let Prepared { plan, schedule, diagnostics, source, quality, base, tip, policies, templates } = prepared;
    diagnostics.iter().filter(|one| one.code == Code::Untested).for_each(|one| tracing::warn!("{one}"));
    let settings = settings(cx, &plan);
    let run = RunId::new(cx.clock.ulid());
    let inputs = frozen::read_inputs(&plan, &source.folder)?;
    let mut config = begin::config(cx, &settings, &plan)?;
    let lessons = recall(cx, &plan, &mut config)?;
    prompts::check(cx, &plan, (&templates, &inputs, &config))?;
    let pipelines = pipelines::used(&plan, &source.phases);
    let retry_of = request.overrides.retry_of.clone();
    config.given_up = retry_of.as_ref().map(|again| GivenUp { run: again.run, workstreams: again.given_up.clone() });
    let rules = Rules { quality: quality.as_ref(), policies: &policies.files, pipelines: &pipelines };
    let frozen = frozen::frozen(&source, &inputs, rules, (request.overrides, defaults(&settings), config.clone()));
    let files = frozen::to_files(run, &frozen, &source, &inputs, rules)?;
    let seal = frozen::seal(&files);
    let planned = RunPlanned {
        name: plan.name.clone(),
        base,
        target: plan.target.clone(),
        tip,
        waves: schedule.waves,
        plan_digest: frozen::digest(&source),
        version: VERSION.to_owned(),
        retry_of: retry_of.as_ref().map(|again| again.run),
        reason: retry_of.map(|again| again.reason),
    };
    let (hold, mut sandbox_notes) = begin::hold(cx, &settings, (run, config.sandbox, &config)).await?;
    sandbox_notes.extend(config.workers_why.clone());
    let sandbox = Some(hold.held(None).level);
    let driven = RunDriven {
        round: 0,
        pid: std::process::id(),
        version: VERSION.to_owned(),
        found: lessons,
        waves: Vec::new(),
        sandbox,
        sandbox_notes,
    };
    if let Some(last) = RunFolder::newest(&cx.repo.orc_dir()) {
        recover::set_torn_aside(&cx.repo, &last)?.iter().for_each(|sentence| tracing::warn!("{sentence}"));
    }
    let folder = RunFolder::new(&cx.repo.orc_dir(), run);
    let elsewhere = history::spent_today(cx, run, &config.budgets)?;
    let reader = reread::reader(cx, &plan, &config);
    let begun = Begun { run, plan, inputs, templates, config, governance: policies.governance, elsewhere, folder, reader };
    let run_cx = begin::run_context(cx, &settings, (begun, hold))?;
    let _lock = RunLock::take(&cx.repo, run)?;
    // A driver that died before its first entry leaves no run that a resume could tidy up after.
    Refs::new(&cx.repo, cx.durability()).remove_stale_locks()?;
    trust::own_run(cx, run, &seal)?;
    let journal = Journal::new(&run_cx, HashSet::new(), files);
    let dispatcher = Dispatcher::new(run_cx.clone(), RunState::new(run), journal, finish::sinks(&run_cx, request.sinks));
    let first = vec![Event::RunPlanned(planned), Event::RunStarted(driven)];
    let ending = dispatcher.drive(first, request.stop).await.map_err(|source| RunError::Dispatch { run, source: Box::new(source) });
    finish::tidy(&run_cx, ending.as_ref().ok()).await;
    ending
}
