//! What running and resuming have in common: from a checked plan to something that can be driven.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;

use super::context::Context;
use crate::domain::id::{RunId, ToolId};
use crate::domain::plan::model::{CheckedPlan, EditStep, StepKind, ToolChoice};
use crate::domain::policy::governance::model::Governance;
use crate::domain::policy::sandbox::{Network, OwnRules, SandboxLevel, SandboxRules};
use crate::domain::prompt::template::Templates;
use crate::domain::run::config::{Routes, RunConfig, ToolTraits};
use crate::domain::run::purse::Elsewhere;
use crate::domain::tool::profile::{ToolKind, ToolProfile};
use crate::domain::tool::registry::{self, Candidate};
use crate::domain::tool::routing::{RoutingError, candidates};
use crate::domain::tool::strategy::Strategy;
use crate::engine::advance::branch_ref;
use crate::engine::context::{GateSlot, Inputs, Parts, RunContext, Unsynced};
use crate::engine::folder::RunFolder;
use crate::engine::hold::Hold;
use crate::engine::reader::Reader;
use crate::io::fs::{self, FsError};
use crate::io::git::guard::{Guard, GuardError, GuardSettings};
use crate::io::git::inspect::InspectError;
use crate::io::git::merge::{MergeCommandError, MergeSettings};
use crate::io::git::worktree::{WorktreeError, Worktrees};
use crate::io::process::request::cancel_channel;
use crate::io::sandbox::grants::{Extra, Grounds, Protected};
use crate::io::sandbox::probe::{Probe, probe, probe_kernel};
use crate::io::settings::resolve::Settings;

/// The error of getting ready to drive a run.
#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    /// No tool can do a step.
    #[error("workstream {workstream}, step {step}: {source}")]
    Routing {
        /// The workstream.
        workstream: String,
        /// The step.
        step: String,
        /// Why.
        #[source]
        source: RoutingError,
    },
    /// The tools that a step asks for are not installed.
    #[error("workstream {workstream}, step {step}: none of its tools is installed: {}", tools.join(", "))]
    NotInstalled {
        /// The workstream.
        workstream: String,
        /// The step.
        step: String,
        /// The programs that were looked for.
        tools: Vec<String>,
    },
    /// A sandbox was asked for by name and can not be had.
    #[error("the sandbox `{level}` can not be had: {reason}")]
    Sandbox {
        /// The level.
        level: SandboxLevel,
        /// Why.
        reason: String,
    },
    /// Nobody is named as the committer.
    #[error(transparent)]
    Identity(#[from] InspectError),
    /// The user's configuration of worktrees can not be read.
    #[error("the configuration of worktrees can not be read")]
    Worktrees(#[source] Box<WorktreeError>),
    /// What is guarded can not be read.
    #[error("the git directory can not be guarded")]
    Guard(#[source] Box<GuardError>),
    /// The user's configuration of merges can not be read.
    #[error(transparent)]
    Merging(#[from] MergeCommandError),
    /// The run's folder can not be made.
    #[error(transparent)]
    File(#[from] FsError),
}

/// Returns what deciding needs besides the plan: the tools of every step, and the limits that are not in the plan.
///
/// # Errors
/// Returns an error when a step has no tool, or none of its tools is installed.
pub fn config(cx: &Context, settings: &Settings, plan: &CheckedPlan) -> Result<RunConfig, BeginError> {
    let (mut tools, mut routes, mut strategies) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for workstream in &plan.workstreams {
        let mut steps = BTreeMap::new();
        for step in &workstream.steps {
            let StepKind::Edit(edit) = &step.kind else { continue };
            let (name, id) = (workstream.id.to_string(), step.id.to_string());
            let route = route(cx, edit).map_err(|source| BeginError::Routing { workstream: name.clone(), step: id.clone(), source })?;
            if !route.iter().any(|tool| lack(cx, tool).is_none()) {
                let program = |tool: &ToolId| cx.tools.profile(tool).and_then(ToolProfile::binary).unwrap_or(tool.as_str()).to_owned();
                return Err(BeginError::NotInstalled { workstream: name, step: id, tools: route.iter().map(program).collect() });
            }
            tools.extend(route.iter().filter_map(|tool| Some((tool.clone(), traits(cx, cx.tools.profile(tool)?)))));
            strategies.extend(strategy(cx, edit));
            steps.insert(step.id.clone(), route);
        }
        routes.insert(workstream.id.clone(), steps);
    }
    Ok(RunConfig {
        breaker: settings.limits.breaker,
        tools,
        absent: absent(cx, &routes),
        routes,
        timeout_sec: settings.timeout_sec.value,
        sandbox: rules(settings),
        strategies,
        budgets: settings.budgets,
        ..RunConfig::of_workers(settings.max_workers.value.max(1))
    })
}

/// Returns which of the tools of a run are not there, and why.
#[must_use]
pub fn absent(cx: &Context, routes: &Routes) -> BTreeMap<ToolId, String> {
    let all = routes.values().flat_map(BTreeMap::values).flatten();
    all.filter_map(|tool| Some((tool.clone(), lack(cx, tool)?))).collect()
}

/// Returns why a tool is not there.
fn lack(cx: &Context, tool: &ToolId) -> Option<String> {
    match cx.tools.acting(tool) {
        None => Some("it has no profile".to_owned()),
        Some(profile) if is_installed(cx, profile) => None,
        Some(profile) => Some(format!("`{}` is not installed", profile.binary().unwrap_or(profile.id.as_str()))),
    }
}

/// Returns the order in which the tools of a step are tried, where the registry has one of its own for what the step asks for.
fn strategy(cx: &Context, edit: &EditStep) -> Option<(String, Strategy)> {
    let capability = match &edit.tool {
        ToolChoice::Capability(capability) => capability,
        ToolChoice::Tool(_) => return None,
    };
    let strategy = cx.registry.capabilities.get(capability)?.strategy;
    (strategy != Strategy::Fixed).then(|| (capability.clone(), strategy))
}

/// Returns what the settings say about holding programs: the user's wish, which the repository may only tighten.
#[must_use]
pub fn rules(settings: &Settings) -> SandboxRules {
    SandboxRules {
        wish: settings.sandbox.value,
        at_least: settings.at_least.value,
        network: settings.network.value,
        reads: settings.reads.value,
    }
}

/// Finds out what this machine can hold programs with, and makes ready to do so. Returns also what is worth saying about it.
///
/// # Errors
/// Returns [`BeginError::Sandbox`] when a level was asked for by name that can not be had.
pub async fn hold(
    cx: &Context,
    settings: &Settings,
    (run, rules, config): (RunId, SandboxRules, &RunConfig),
) -> Result<(Hold, Vec<String>), BeginError> {
    let own: Vec<&OwnRules> = config.tools.keys().filter_map(|tool| cx.tools.profile(tool)).map(|profile| &profile.sandbox).collect();
    let free = OwnRules::default();
    let levels = |best| own.iter().copied().chain([&free]).map(|own| rules.held(own, best).level).collect::<Vec<_>>();
    // What the machine can do decides only where nobody did.
    let is_needed = levels(SandboxLevel::Bubblewrap).contains(&SandboxLevel::Bubblewrap);
    let probe = if is_needed { probe(&cx.supervisor, cx.environment.var("PATH")).await } else { probe_kernel() };
    for level in levels(probe.best()) {
        if let Some(reason) = probe.lack(level) {
            return Err(BeginError::Sandbox { level, reason });
        }
    }
    let notes = notes(rules, &probe, is_needed.then_some(SandboxLevel::Bubblewrap));
    let root = worktree_root(cx, settings);
    let protected = Protected { common_dir: cx.repo.common_dir(), work_dir: cx.repo.work_dir(), worktrees: &root };
    let extra = Extra { write: &settings.sandbox_write.value, read: &settings.sandbox_read.value };
    let grounds = Grounds::new(probe, &cx.environment, protected, extra);
    let temporary =
        cx.environment.var("TMPDIR").map(PathBuf::from).filter(|folder| folder.is_dir()).unwrap_or_else(|| PathBuf::from("/tmp"));
    Ok((Hold::new(rules, grounds, (&temporary, run)), notes))
}

/// Returns why programs are held less tightly than could be wished for.
fn notes(rules: SandboxRules, probe: &Probe, wished: Option<SandboxLevel>) -> Vec<String> {
    let mut notes = Vec::new();
    let level = rules.held(&OwnRules::default(), probe.best()).level;
    if let Some(reason) = wished.and_then(|wished| probe.lack(wished)) {
        notes.push(format!("programs run with the sandbox `{level}`: {reason}"));
    }
    if rules.network == Network::None && level != SandboxLevel::Bubblewrap {
        notes.push(match level {
            SandboxLevel::Landlock if probe.landlock >= 4 => "without network: only TCP is cut off by landlock".to_owned(),
            SandboxLevel::None | SandboxLevel::Landlock | SandboxLevel::Bubblewrap => {
                format!("without network: the sandbox `{level}` of this machine cuts nothing off")
            }
        });
    }
    notes
}

/// Returns the tools that may do something: the chain of the registry where it has the capability, else every profile that has it, in the
/// order of preference. Empty when nobody has it.
#[must_use]
pub fn chain(cx: &Context, capability: &str) -> Vec<Candidate> {
    registry::chain(&cx.registry, &cx.tools, capability)
}

/// Returns the tools of a step: the named one, then those of its capability, also those that are only a name in the registry.
fn route(cx: &Context, edit: &EditStep) -> Result<Vec<ToolId>, RoutingError> {
    let mut route: Vec<ToolId> = Vec::new();
    let asked = match &edit.tool {
        ToolChoice::Tool(_) => {
            route.extend(candidates(&cx.tools, &edit.tool)?.into_iter().map(|profile| profile.id.clone()));
            edit.capability.as_ref()
        }
        ToolChoice::Capability(capability) => Some(capability),
    };
    let Some(capability) = asked else { return Ok(route) };
    let chain = chain(cx, capability);
    for candidate in &chain {
        let id = candidate.tool.clone().or_else(|| ToolId::parse(&candidate.name).ok());
        route.extend(id.filter(|id| !route.contains(id)));
    }
    if route.iter().any(|tool| cx.tools.profile(tool).is_some()) {
        return Ok(route);
    }
    Err(match chain.into_iter().filter_map(|candidate| candidate.lack).collect::<Vec<_>>() {
        lacks if lacks.is_empty() => RoutingError::NoCapability(capability.clone()),
        lacks => RoutingError::NoProfile { capability: capability.clone(), lacks },
    })
}

/// Returns the tool that does a step first: the first installed one, or the first one when none is.
///
/// # Errors
/// Returns [`RoutingError`] when no tool can do it.
pub(super) fn first_tool<'a>(cx: &'a Context, edit: &EditStep) -> Result<&'a ToolProfile, RoutingError> {
    let route = route(cx, edit)?;
    let known = || route.iter().filter_map(|tool| cx.tools.profile(tool));
    known().find(|profile| is_installed(cx, profile)).or_else(|| known().next()).ok_or_else(|| RoutingError::NoneUsable(Vec::new()))
}

fn is_installed(cx: &Context, profile: &ToolProfile) -> bool {
    profile.binary().is_none_or(|binary| cx.environment.finds(binary))
}

/// Returns what deciding needs to know of a tool.
#[must_use]
pub fn traits(cx: &Context, profile: &ToolProfile) -> ToolTraits {
    let registered = cx.registry.tools.get(profile.id.as_str()).and_then(|tool| tool.max_parallel);
    ToolTraits {
        // A person who gives up does not do it with less to read.
        prompted: profile.is_prompted() && !profile.is_by_hand(),
        fixed: matches!(profile.kind, ToolKind::Replay),
        resolve: profile.resolve,
        max_parallel: registered.into_iter().chain(profile.max_parallel).min(),
        starts_per_minute: profile.starts_per_minute,
    }
}

/// A run before it is driven.
#[derive(Debug)]
pub struct Begun {
    /// The run.
    pub run: RunId,
    /// Its plan.
    pub plan: CheckedPlan,
    /// The files that the plan names.
    pub inputs: Inputs,
    /// The templates of prompts.
    pub templates: Templates,
    /// What deciding needs.
    pub config: RunConfig,
    /// Where its prompts and outputs are kept.
    pub folder: RunFolder,
    /// The policies.
    pub governance: Governance,
    /// What other runs have spent today.
    pub elsewhere: Elsewhere,
    /// Reads the settings as they are now.
    pub reader: Reader,
}

/// Returns where worktrees are made.
#[must_use]
pub fn worktree_root(cx: &Context, settings: &Settings) -> PathBuf {
    let top = cx.repo.work_dir().unwrap_or_else(|| cx.repo.common_dir());
    settings.worktree_dir.value.as_ref().map_or_else(|| Worktrees::default_root(&cx.repo), |folder| top.join(folder))
}

/// Returns everything that the steps of a run can reach. The user's configuration is read here, before any tool runs.
///
/// # Errors
/// Returns an error when the configuration can not be read or the run's folder can not be made.
pub fn run_context(cx: &Context, settings: &Settings, (begun, hold): (Begun, Hold)) -> Result<RunContext, BeginError> {
    let folder = begun.folder;
    fs::create_dir_all(folder.path())?;
    if let Some(rules) = begun.governance.secrets.clone() {
        // While tools are at work. Nobody waits for it: whoever needs a rule earlier makes it.
        thread::spawn(move || rules.warm());
    }
    // Each of the three asks git: at once, because starting processes is a good part of a small run.
    let root = worktree_root(cx, settings);
    let (merging, worktrees, identity) = thread::scope(|scope| {
        let merging = scope.spawn(|| MergeSettings::read(&cx.repo));
        let worktrees = scope.spawn(|| Worktrees::new(&cx.repo, &root));
        let identity = cx.repo.identity();
        (joined(merging), joined(worktrees), identity)
    });
    let worktrees = worktrees.map_err(|e| BeginError::Worktrees(Box::new(e)))?;
    let guarded = GuardSettings {
        run: begun.run,
        target: branch_ref(&begun.plan.target),
        folder: folder.path().to_owned(),
        durability: cx.durability(),
    };
    let guard = Guard::new(&cx.repo, &worktrees, cx.ledger(), guarded).map_err(|e| BeginError::Guard(Box::new(e)))?;
    Ok(RunContext::new(Parts {
        run: begun.run,
        plan: begun.plan,
        config: begun.config,
        elsewhere: begun.elsewhere,
        prices: settings.prices.value.clone(),
        inputs: begun.inputs,
        templates: begun.templates,
        governance: begun.governance,
        tools: cx.tools.clone(),
        plugins: cx.plugins.clone(),
        repo: cx.repo.clone(),
        merging: merging?,
        worktrees: Arc::new(worktrees),
        guard: Arc::new(guard),
        identity: identity?,
        clock: cx.clock.clone(),
        hold,
        environment: cx.environment.clone(),
        folder,
        durability: cx.durability(),
        notes: settings.notes.value,
        cancel: cancel_channel().0,
        supervisor: cx.supervisor.clone(),
        live: Mutex::new(BTreeMap::new()),
        unsynced: Unsynced::default(),
        spares: Mutex::new(Vec::new()),
        gate: GateSlot::default(),
        resources: settings.resources.value,
        min_free: settings.min_free_mib.value.saturating_mul(1 << 20),
        reader: begun.reader,
    }))
}

fn joined<T>(thread: thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
