//! `git orc tools check --try`: gives a tool a tiny task in a scratch repository, through the ordinary engine, and tells what came of it.

use std::ffi::OsStr;
use std::path::PathBuf;

use serde::Serialize;

use super::ground::Ground;
use crate::domain::ledger::entry::Entry;
use crate::domain::run::event::Event;
use crate::domain::run::fact::{StepFinished, StepOutcome};
use crate::domain::run::state::RunState;
use crate::domain::tool::failure::FailureClass;
use crate::domain::tool::profile::{ToolKind, ToolProfile};
use crate::domain::tool::usage::Usage;
use crate::engine::dispatcher::Ending;
use crate::engine::signals::StopSignal;
use crate::engine::sink::Sink;
use crate::io::fs::{self, FsError};
use crate::io::git::command::{GitCommand, GitCommandError};
use crate::io::git::env::{GitEnv, GitMissing};
use crate::io::settings::environment::Environment;
use crate::io::settings::overlay::Overlay;
use crate::ops::context::{Context, ContextError, Desk, REPOSITORY_PROFILES};
use crate::ops::frozen::Overrides;
use crate::ops::load::{LoadError, run_entries};
use crate::ops::run::{RunError, RunRequest, run};

/// What the tool is told.
const TASK: &str = "Create the file hello.txt that holds the one word hello. Change nothing else.";
/// The file that it is to make.
const FILE: &str = "hello.txt";
/// The branch that is built.
const TARGET: &str = "orc/try";
/// The longest time that it may take, in seconds.
const PATIENCE: u32 = 600;
/// The settings of runs that mean nothing in a trial.
const LEFT_OUT: [&str; 4] = ["ORC_WORKTREE_DIR", "ORC_DRY_RUN", "PIPELINE_DRY_RUN", "AIM_REGISTRY_PATH"];

/// What came of a trial.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trial {
    /// The scratch repository; it is kept.
    pub folder: PathBuf,
    /// Whether the file is there and holds the word.
    pub is_done: bool,
    /// How the tool ended; `None` when it was never started.
    pub outcome: Option<StepOutcome>,
    /// One sentence about that.
    pub message: String,
    /// How it failed, where it did.
    pub failure: Option<FailureClass>,
    /// What it changed: a letter as in `git diff --name-status`, and the path.
    pub changes: Vec<String>,
    /// What it used, where it told.
    pub usage: Option<Usage>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

/// The error of a trial.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// The tool does no work from a prompt, or a person does it.
    #[error("`{0}` is no tool that can be tried without a person or a plan")]
    NotForTrials(String),
    /// A file can not be read or written.
    #[error(transparent)]
    File(#[from] FsError),
    /// There is no git program.
    #[error(transparent)]
    NoGit(#[from] GitMissing),
    /// Git failed.
    #[error(transparent)]
    Git(#[from] GitCommandError),
    /// The scratch repository can not be used.
    #[error(transparent)]
    Context(#[from] ContextError),
    /// The run could not be started, or could not go on.
    #[error(transparent)]
    Run(#[from] Box<RunError>),
    /// The run can not be read back from the ledger.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The user stopped it.
    #[error("the trial in `{}` was stopped", .0.display())]
    Stopped(PathBuf),
}

/// Returns whether a tool can be tried: it works from a prompt, and without a person.
#[must_use]
pub const fn can_be_tried(profile: &ToolProfile) -> bool {
    match profile.kind {
        ToolKind::External { .. } | ToolKind::Acp { .. } | ToolKind::Api { .. } => true,
        ToolKind::Command | ToolKind::Replay | ToolKind::Fixers | ToolKind::Manual => false,
    }
}

/// Tries a tool.
///
/// # Errors
/// Returns [`TrialError`] when the scratch repository can not be made, the run can not go on, or it is stopped. That the tool fails is an answer.
pub async fn trial(ground: &Ground, profile: &ToolProfile, (sinks, stop): (Vec<Box<dyn Sink>>, StopSignal)) -> Result<Trial, TrialError> {
    if !can_be_tried(profile) {
        return Err(TrialError::NotForTrials(profile.id.to_string()));
    }
    let environment = environment(&ground.desk.environment);
    let scratch = Scratch::create(ground, &environment)?;
    let plan = scratch.folder.join("plan.json");
    fs::write_scratch(&plan, plan_text(profile).as_bytes())?;
    let own = Desk {
        cwd: scratch.repository(),
        environment,
        clock: ground.desk.clock.clone(),
        flags: Overlay::default(),
        supervisor: ground.desk.supervisor.clone(),
    };
    let cx = Context::open(&own)?;
    let state = match run(&cx, RunRequest { plan, overrides: Overrides::default(), sinks, stop }).await.map_err(Box::new)? {
        Ending::Settled(state) => state,
        Ending::Stopped(_) | Ending::Killed(_) => return Err(TrialError::Stopped(scratch.folder)),
    };
    let entries = run_entries(&cx.ledger(), state.run)?;
    scratch.report(&state, &entries)
}

/// Returns the part of an environment that a trial goes by: everything that the tool may need, and nothing that ties git to one repository or
/// to the user's hooks and signatures.
fn environment(of: &Environment) -> Environment {
    let is_left_out = |name: &OsStr| name.to_str().is_some_and(|name| name.starts_with("GIT_") || LEFT_OUT.contains(&name));
    let kept = of.vars().filter(|(name, _)| !is_left_out(name)).map(|(name, value)| (name.to_owned(), value.to_owned()));
    let fixed = [("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1")].map(|(name, value)| (name.into(), value.into()));
    Environment::of(kept.chain(fixed))
}

/// One attempt and no more: what a trial costs is what one task costs.
fn plan_text(profile: &ToolProfile) -> String {
    serde_json::json!({
        "version": 1,
        "name": "try",
        "base": "HEAD",
        "target": TARGET,
        "workstreams": [{
            "id": "try",
            "title": "Say hello",
            "tool": profile.id.as_str(),
            "files_scope": [FILE],
            "prompt": TASK,
            "retry": {"max_attempts": 1},
            "timeout_sec": PATIENCE,
        }],
    })
    .to_string()
}

struct Scratch {
    folder: PathBuf,
    git: GitEnv,
}

impl Scratch {
    fn create(ground: &Ground, environment: &Environment) -> Result<Self, TrialError> {
        let vars = environment.vars().map(|(name, value)| (name.to_owned(), value.to_owned()));
        let git = GitEnv::new(vars)?;
        let temporary = environment.var("TMPDIR").map(PathBuf::from).filter(|path| path.is_absolute());
        let folder = fs::create_fresh_dir(&temporary.unwrap_or_else(|| PathBuf::from("/tmp")), "git-orc-try-")?;
        let scratch = Self { folder, git };
        let repository = scratch.repository();
        fs::create_dir_all(&repository)?;
        fs::write_scratch(&repository.join("README.md"), b"# Scratch\n\nMade to try a tool.\n")?;
        scratch.git(&["init", "--quiet", "--template=", "--initial-branch=main"])?;
        for (key, value) in [("user.name", "Trial"), ("user.email", "trial@git-orc.invalid"), ("core.autocrlf", "false")] {
            scratch.git(&["config", key, value])?;
        }
        scratch.git(&["add", "--all"])?;
        scratch.git(&["commit", "--quiet", "--message=Start"])?;
        // The repository's own profiles hold in its place, and are no part of what the tool is to change.
        if let Some(profiles) = ground.repositorys_file().map_or(Ok(None), |file| fs::read_if_exists(&file))? {
            let copy = repository.join(REPOSITORY_PROFILES);
            copy.parent().map_or(Ok(()), fs::create_dir_all)?;
            fs::write_scratch(&copy, &profiles)?;
        }
        Ok(scratch)
    }

    fn repository(&self) -> PathBuf {
        self.folder.join("repository")
    }

    fn git(&self, arguments: &[&str]) -> Result<String, TrialError> {
        Ok(GitCommand::outside(&self.git, &self.repository()).args(arguments.iter().map(OsStr::new)).run()?.text())
    }

    fn report(self, state: &RunState, entries: &[Entry]) -> Result<Trial, TrialError> {
        let finished = |entry: &Entry| -> Option<StepFinished> {
            match entry.event() {
                Some(Event::StepFinished(step)) => Some(step.clone()),
                Some(_) | None => None,
            }
        };
        let step = entries.iter().find_map(finished);
        let patch = state.workstreams.values().flat_map(|one| &one.patches).next_back().map(|patch| patch.commit.to_string());
        let (mut changes, mut is_done) = (Vec::new(), false);
        if let Some(patch) = patch {
            let told = self.git(&["diff", "--name-status", "main", &patch])?;
            changes = told.lines().map(|line| line.replace('\t', " ")).collect();
            let content = if changes.iter().any(|change| change.ends_with(FILE)) {
                self.git(&["show", &format!("{patch}:{FILE}")])
            } else {
                Ok(String::new())
            };
            is_done = content.is_ok_and(|content| content.trim() == "hello");
        }
        let reason = state.workstreams.values().find_map(|one| one.status.reason().map(str::to_owned));
        let message = step.as_ref().map(|step| step.message.clone()).or(reason).unwrap_or_else(|| "it was not started".to_owned());
        Ok(Trial {
            folder: self.folder,
            is_done,
            outcome: step.as_ref().map(|step| step.outcome),
            message,
            failure: step.as_ref().and_then(|step| step.failure.as_ref().map(|failure| failure.class)),
            changes,
            duration_ms: step.as_ref().map_or(0, |step| step.duration_ms),
            usage: step.and_then(|step| step.usage),
        })
    }
}
