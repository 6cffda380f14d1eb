//! A tool at work in a worktree, and what it left behind.

use std::borrow::Cow;
use std::path::Path;
use std::time::Duration;

use super::ask::{self, Asked, Errand};
use super::bench::{self, Command, Ended};
use super::capture::Found;
use super::commits;
use super::context::{Live, RunContext, Since};
use super::failure::{ExecuteError, blocking};
use super::hearing::{self, Settled};
use super::place::{self, Stand};
use super::watch;
use crate::domain::id::ObjectId;
use crate::domain::plan::model::{ToolChoice, Workstream};
use crate::domain::policy::budget::Budget;
use crate::domain::policy::path::PathRules;
use crate::domain::run::effect::StepOrder;
use crate::domain::run::fact::{OutputRef, PatchOrigin, StepOutcome, StepRole};
use crate::domain::run::recovery::begins_anew;
use crate::domain::run::spending::of_attempt;
use crate::domain::run::state::RunState;
use crate::domain::tool::diff::extract;
use crate::domain::tool::failure::{Failure, FailureClass};
use crate::domain::tool::invocation::{Invocation, Task, invocation};
use crate::domain::tool::outcome::Ending;
use crate::domain::tool::profile::{OutputMode, ToolProfile};
use crate::domain::tool::reading::{Changed, wants_stdout};
use crate::domain::tool::usage::Usage;
use crate::io::fs::{self, Durability};
use crate::io::git::admin::{Tampered, Tampering};
use crate::io::git::apply::{ApplyError, ApplyOutcome, apply_diff};
use crate::io::git::hold::wait_for_collection;
use crate::io::git::objects::Objects;
use crate::io::git::worktree::Worktree;

/// What came of a tool's work.
#[derive(Debug)]
pub struct Worked {
    /// How it ended.
    pub outcome: StepOutcome,
    /// One sentence about it.
    pub message: String,
    /// The exit code, when the program ended by itself.
    pub exit_code: Option<i32>,
    /// The kept output.
    pub output: Option<OutputRef>,
    /// What else is worth telling.
    pub notes: Vec<String>,
    /// Why a person must look at it before it lands; nothing when nothing was judged.
    pub review: Option<Vec<String>>,
    /// How the tool failed.
    pub failure: Option<Failure>,
    /// What the tool used.
    pub usage: Option<Usage>,
    /// What it left behind, in the order of its making.
    pub found: Vec<Found>,
    /// Whether it is the recorded result of an earlier attempt.
    pub cached: bool,
}

impl Worked {
    /// Returns work that ended before anything was changed.
    #[must_use]
    pub fn ended(outcome: StepOutcome, message: impl Into<String>) -> Self {
        Self {
            outcome,
            message: message.into(),
            exit_code: None,
            output: None,
            notes: Vec::new(),
            review: None,
            failure: None,
            usage: None,
            found: Vec::new(),
            cached: false,
        }
    }

    /// Returns the end of a step whose tool was never asked, since what it is to be told does not fit.
    #[must_use]
    pub fn unasked(message: impl Into<String>) -> Self {
        Self::unusable(FailureClass::ContextTooLong, message)
    }

    /// Returns work that did not begin, since the tool can not be used like this.
    #[must_use]
    pub fn unusable(class: FailureClass, message: impl Into<String>) -> Self {
        Self { failure: Some(Failure::of(class)), ..Self::ended(StepOutcome::NotStarted, message) }
    }

    fn take(&mut self, settled: Settled) {
        let Settled { outcome, message, note, failure, usage } = settled;
        self.message = message.unwrap_or_else(|| std::mem::take(&mut self.message));
        self.notes.extend(note);
        (self.outcome, self.failure, self.usage) = (outcome, failure, usage);
    }
}

/// Lets a tool do an EDIT, a FIX or an IMPROVE step.
///
/// # Errors
/// Returns an error when the machine or the repository does not let it.
pub async fn run(cx: &RunContext, order: &StepOrder, profile: &ToolProfile, state: &RunState) -> Result<Worked, ExecuteError> {
    let from = if begins_anew(order.role, order.index) { Stand::Start } else { Stand::Tip };
    let parent = place::commit(state, &order.workstream, from)?;
    let one = place::one(state, &order.workstream)?.clone();
    let budget = of_attempt(cx.brief(), state, (&order.workstream, &one));
    let (own, errand) = (cx.clone(), Errand { order: order.clone(), profile: profile.clone(), budget });
    let asked = match blocking(move || ask::work(&own, &errand, (&one, parent))).await? {
        Ok(asked) => asked,
        Err(message) => return Ok(Worked::unasked(message)),
    };
    let live = match place::stand(cx, order, state, from).await? {
        Ok(live) => live,
        Err(message) => return Ok(Worked::ended(StepOutcome::NotStarted, message)),
    };
    let plan = place::workstream(cx, order)?;
    let command = place::command(plan, (order.role, order.index));
    let set = Assignment { plan, asked: &asked, command: command.map(Vec::as_slice), parents: vec![parent], budget };
    assign(cx, order, profile, (live, set)).await
}

/// What a tool is set to do.
#[derive(Debug)]
pub struct Assignment<'a> {
    /// The workstream.
    pub plan: &'a Workstream,
    /// What the tool is asked.
    pub asked: &'a Asked,
    /// What the embedded tool `command` runs.
    pub command: Option<&'a [String]>,
    /// The parents of the patch to be; the first one is what the worktree stands at.
    pub parents: Vec<ObjectId>,
    /// What the attempt may cost.
    pub budget: Budget,
}

/// Runs the tool in the worktree, then captures what is there, whatever the tool said.
///
/// # Errors
/// Returns an error when the machine or the repository does not let it.
pub async fn assign(
    cx: &RunContext,
    order: &StepOrder,
    profile: &ToolProfile,
    (live, set): (Live, Assignment<'_>),
) -> Result<Worked, ExecuteError> {
    let place = (&order.step, order.attempt);
    let log = cx.folder.step_file(&order.workstream, place, "log")?;
    let run_dir = cx.folder.step_dir(&order.workstream, place)?;
    let (started, class) = match start(cx, order, profile, (&live.worktree, &set, &log)) {
        Ok(command) => {
            let command = command?;
            let mut folders = vec![live.worktree.path().to_owned(), run_dir.clone()];
            folders.extend(commits::lend(cx, order, profile, &live.worktree)?);
            (bench::run_tool(cx, command, (&reaching_own_program(cx, profile), &folders)).await, FailureClass::Missing)
        }
        Err(message) => (Ok(Err(message)), FailureClass::Config),
    };
    // Before anything reads the repository again, so that it reads what was there before.
    watch::leave(cx, &watch::name(order)).await?;
    let ended = match started? {
        Ok(mut ended) => {
            hearing::keep_secrets(cx, profile, &mut ended);
            ended
        }
        Err(message) => {
            cx.keep_worktree(&order.workstream, live);
            return Ok(Worked::unusable(class, message));
        }
    };
    let mut worked =
        Worked { output: cx.folder.output(&log), notes: [&set.asked.notes[..], &ended.notes].concat(), ..said(profile, &ended) };
    // A person who is done says so, and who they are.
    worked.notes.extend((profile.is_by_hand() && worked.outcome == StepOutcome::Passed).then(|| bench::last_line(&ended.text)));
    let is_loose = worked.outcome == StepOutcome::Cancelled || profile.output == OutputMode::Patch;
    let (own, order_own, parents) = (cx.clone(), order.clone(), set.parents.clone());
    let tool = profile.id.clone();
    let left = blocking(move || {
        let notes = hearing::clear_away(&own, &tool, (&order_own.workstream, (&order_own.step, order_own.attempt)), &live.worktree)?;
        let mut left = snapshot(&own, &order_own, live, (parents, is_loose.then_some(PatchOrigin::Salvage)))?;
        left.notes.extend(notes);
        Ok(left)
    })
    .await?;
    let is_empty = left.found.is_none();
    cx.keep_worktree(&order.workstream, left.live);
    worked.found.extend(left.found);
    worked.notes.extend(left.notes);
    if let Some(gone) = left.gone.filter(|_| worked.outcome == StepOutcome::Passed) {
        (worked.outcome, worked.message) = (StepOutcome::Failed, gone);
    }
    let mut changed = if is_empty { Changed::Nothing } else { Changed::Something };
    if profile.output == OutputMode::Patch && worked.outcome == StepOutcome::Passed {
        printed_patch(cx, &set, &ended, &mut worked).await?;
        changed = if worked.outcome == StepOutcome::Passed { Changed::Something } else { Changed::Nothing };
    }
    let told = hearing::hear(cx, profile, (&ended, &run_dir), changed);
    let mut settled = hearing::settle(profile, told, worked.outcome);
    hearing::estimate(cx, profile, (&set.asked.text, set.parents.first().copied(), worked.found.first().cloned()), &mut settled).await?;
    worked.take(settled.with_model(model(set.plan, order.index, profile).or(profile.model.as_deref())));
    if profile.output == OutputMode::Worktree && worked.outcome == StepOutcome::Passed && is_empty {
        no_change(cx, &set, &mut worked)?;
    }
    Ok(worked)
}

/// Returns the profile of a tool whose program is git-orc itself, with leave to read that program.
fn reaching_own_program<'a>(cx: &RunContext, profile: &'a ToolProfile) -> Cow<'a, ToolProfile> {
    let mut profile = Cow::Borrowed(profile);
    if profile.is_bridged() {
        profile.to_mut().sandbox.read.extend(cx.supervisor.lasting_path().into_os_string().into_string());
    }
    profile
}

/// Returns what the end of the program says; nothing about what it changed.
fn said(profile: &ToolProfile, ended: &Ended) -> Worked {
    let last = || bench::last_line(&ended.text);
    match ended.ending {
        Ending::Exited { code } if profile.success_exit_codes.contains(&code) => {
            Worked { exit_code: Some(code), ..Worked::ended(StepOutcome::Passed, "done") }
        }
        Ending::Exited { code } => Worked {
            exit_code: Some(code),
            ..Worked::ended(StepOutcome::Failed, format!("{} failed with exit code {code}: {}", profile.id, last()))
        },
        Ending::Signaled { signal } => {
            Worked::ended(StepOutcome::Failed, format!("{} was ended by signal {signal}: {}", profile.id, last()))
        }
        Ending::TimedOut { .. } => Worked::ended(StepOutcome::TimedOut, format!("{} ran out of time: {}", profile.id, last())),
        Ending::Cancelled => Worked::ended(StepOutcome::Cancelled, format!("{} was stopped together with the run", profile.id)),
    }
}

/// What a tool left in its worktree.
#[derive(Debug)]
pub struct Left {
    /// The worktree.
    pub live: Live,
    /// What is to be captured; nothing when nothing was changed.
    pub found: Option<Found>,
    /// What else is worth telling.
    pub notes: Vec<String>,
    /// A sentence about the folder that the tool worked in, when it is not the one any more.
    pub gone: Option<String>,
}

/// Takes what is in a worktree as it is now.
///
/// # Errors
/// Returns an error when the worktree can not be read or an object can not be written.
pub fn snapshot(
    cx: &RunContext,
    order: &StepOrder,
    mut live: Live,
    (parents, origin): (Vec<ObjectId>, Option<PatchOrigin>),
) -> Result<Left, ExecuteError> {
    let _span = tracing::trace_span!("capture").entered();
    wait_for_collection(&cx.repo);
    let mut notes = commits::keep(cx, order, &live.worktree)?;
    let base = live.worktree.tree();
    let taken = cx.worktrees.capture(&mut live.worktree, base)?;
    live.captured = taken.tree;
    live.since = Since::Nobody;
    notes.extend(taken.tampered.iter().map(restored));
    let is_gone = |t: &&Tampered| t.path == live.worktree.path() && matches!(t.what, Tampering::Missing | Tampering::Replaced);
    let gone = taken.tampered.iter().find(is_gone).map(|t| format!("the folder that the tool worked in {}", t.what));
    let oddities: Vec<String> = taken.skipped.iter().map(|skipped| format!("`{}` {}", skipped.path, skipped.reason)).collect();
    let found = (!taken.changes.is_empty() || !oddities.is_empty()).then_some(Found {
        tree: taken.tree,
        parents,
        origin: origin.unwrap_or(PatchOrigin::Worktree),
        objects: taken.objects,
        oddities,
    });
    Ok(Left { live, found, notes, gone })
}

fn restored(tampered: &Tampered) -> String {
    let kept = tampered.moved_to.as_ref().map(|to| format!("; what stood there is now `{}`", to.display()));
    format!("{tampered} and was restored{}", kept.unwrap_or_default())
}

/// Takes the diff that the tool printed as its patch.
async fn printed_patch(cx: &RunContext, set: &Assignment<'_>, ended: &Ended, worked: &mut Worked) -> Result<(), ExecuteError> {
    if ended.is_cut {
        worked.outcome = StepOutcome::Failed;
        worked.message = "the printed diff is too long".to_owned();
        return Ok(());
    }
    match extract(&ended.stdout) {
        Err(error) => {
            worked.outcome = StepOutcome::Failed;
            worked.message = format!("no usable diff was printed: {error}");
        }
        Ok(diff) => {
            let (own, parent) = (cx.clone(), set.parents.first().copied().unwrap_or(ObjectId::ZERO));
            let applied = blocking(move || apply(&own, Objects::open(&own.repo)?.tree_of(parent)?, &diff.bytes)).await?;
            match applied {
                Ok(ApplyOutcome { tree, objects, .. }) => {
                    let parents = set.parents.clone();
                    worked.found.push(Found { tree, parents, origin: PatchOrigin::Diff, objects, oddities: Vec::new() });
                }
                Err(message) => {
                    worked.outcome = StepOutcome::Failed;
                    worked.message = message;
                }
            }
        }
    }
    Ok(())
}

/// Applies a diff to a tree; the inner error is a sentence about a diff that does not apply.
///
/// # Errors
/// Returns an error when the repository does not let it.
pub fn apply(cx: &RunContext, tree: ObjectId, diff: &[u8]) -> Result<Result<ApplyOutcome, String>, ExecuteError> {
    match apply_diff(&cx.repo, tree, diff, &PathRules::default()) {
        Ok(applied) => Ok(Ok(applied)),
        Err(error @ (ApplyError::BadPaths(_) | ApplyError::Rejected { .. } | ApplyError::Conflict { .. })) => {
            Ok(Err(bench::with_sources(&error)))
        }
        Err(error) => Err(error.into()),
    }
}

fn no_change(cx: &RunContext, set: &Assignment<'_>, worked: &mut Worked) -> Result<(), ExecuteError> {
    let parent = set.parents.first().copied().unwrap_or(ObjectId::ZERO);
    if !set.plan.allow_empty {
        worked.outcome = StepOutcome::NoChange;
        worked.message = "nothing was changed".to_owned();
        worked.failure = Some(Failure::of(FailureClass::NoChange));
        return Ok(());
    }
    let tree = Objects::open(&cx.repo)?.tree_of(parent)?;
    worked.found.push(Found {
        tree,
        parents: set.parents.clone(),
        origin: PatchOrigin::Worktree,
        objects: Vec::new(),
        oddities: Vec::new(),
    });
    Ok(())
}

/// Returns the model that the plan names for this tool. Another tool that takes its place knows nothing of it.
#[must_use]
pub fn model<'a>(plan: &'a Workstream, index: usize, profile: &ToolProfile) -> Option<&'a str> {
    let step = place::edit_step(plan, index)?;
    let is_meant = match &step.tool {
        ToolChoice::Tool(id) => *id == profile.id,
        ToolChoice::Capability(_) => true,
    };
    step.model.as_deref().filter(|_| is_meant)
}

type Started = Result<Result<Command, ExecuteError>, String>;

/// Makes the command line of the tool; the outer error is a sentence about a profile or a task that gives none.
fn start(cx: &RunContext, order: &StepOrder, profile: &ToolProfile, (worktree, set, log): (&Worktree, &Assignment<'_>, &Path)) -> Started {
    let place = (&order.step, order.attempt);
    let files = (|| {
        let prompt_file = cx.folder.step_file(&order.workstream, place, "prompt.md")?;
        fs::write_atomic(&prompt_file, set.asked.text.as_bytes(), Durability::Relaxed)?;
        Ok::<_, ExecuteError>((prompt_file, cx.folder.step_dir(&order.workstream, place)?))
    })();
    let (prompt_file, run_dir) = match files {
        Ok(files) => files,
        Err(error) => return Ok(Err(error)),
    };
    let limit = limit(cx, order, profile, set);
    let own_program = cx.supervisor.lasting_path();
    let task = Task {
        prompt: &set.asked.text,
        prompt_file: &prompt_file,
        files: &set.asked.files,
        worktree_path: worktree.path(),
        run_dir: &run_dir,
        workstream: &order.workstream,
        run: cx.run,
        command: set.command,
        model: model(set.plan, order.index, profile),
        budget: set.budget.usd,
        timeout_sec: limit.unwrap_or(u64::MAX),
        sandbox: cx.hold.held(Some(profile)).level,
        scope: &set.plan.scope,
        own_program: &own_program,
    };
    let Invocation { argv, env, stdin, files } = invocation(profile, &task).map_err(|e| bench::with_sources(&e))?;
    for (path, content) in files {
        let path = run_dir.join(path);
        let made = path.parent().map_or(Ok(()), fs::create_dir_all);
        if let Err(error) = made.and_then(|()| fs::write_scratch(&path, &content)) {
            return Ok(Err(error.into()));
        }
    }
    let variables = bench::variables(cx, order, worktree.path(), Some(&prompt_file));
    let idle = profile.idle_timeout_sec.unwrap_or(set.plan.limits.timeouts.idle);
    Ok(Ok(Command {
        argv,
        cwd: worktree.path().to_owned(),
        env: cx.environment.for_task(&variables, &profile.env_allow, &env),
        stdin,
        wall: limit.map(Duration::from_secs),
        idle: (idle > 0).then(|| Duration::from_secs(idle)),
        log: log.to_owned(),
        stdout: wants_stdout(profile).then(|| log.with_extension("stdout")),
        resources: profile.resources,
    }))
}

/// Returns how long the tool may take, in seconds; a person has any time where nobody says otherwise for this step, this tool or this run.
fn limit(cx: &RunContext, order: &StepOrder, profile: &ToolProfile, set: &Assignment<'_>) -> Option<u64> {
    let planned = set.plan.steps.get(order.index).and_then(|step| step.timeout_sec).filter(|_| order.role == StepRole::Edit);
    let limit = match planned.or(profile.timeout_sec) {
        None if profile.is_by_hand() => cx.config.timeout_sec,
        Some(_) | None => Some(bench::capped(cx, ask::seconds(set.plan, profile, (order.role, order.index)))),
    };
    let paid = set.budget.seconds.map(|most| most.max(1));
    limit.into_iter().chain(paid).min()
}
