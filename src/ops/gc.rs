//! `gc`: takes away what runs that are over no longer need: local files, worktrees, refs whose commits something else keeps. Never a patch,
//! unless it is named.

pub mod plan;

use std::path::Path;
use std::time::Duration;

use jiff::SignedDuration;

use crate::domain::id::{ObjectId, RunId};
use crate::domain::run::event::Event;
use crate::domain::run::keeping::merged_ref;
use crate::domain::run::tending::Collected;
use crate::io::fs::{self, FsError};
use crate::io::git::command::{GitCommand, GitCommandError};
use crate::io::git::ledger_ref::LEDGER_REF;
use crate::io::git::lock::{LockError, RunLock, SessionState};
use crate::io::git::objects::{ObjectError, Objects};
use crate::io::git::refs::{RefError, Refs};
use crate::io::git::worktree::{WorktreeError, Worktrees};
use crate::ops::cache::{Sweep, sweep};
use crate::ops::context::Context;
use crate::ops::leftover::{Fate, Leftover, leftovers, remove, session, sweep_sessions, worktrees};
use crate::ops::load::{LoadError, RunHead, load_state, run_entries, runs};
use crate::ops::tend::{TendError, record};

use self::plan::{Keeping, Kept, PlanError, of_run};

/// From how many loose objects of the ledger up they become a pack.
const MANY: usize = 2000;
/// How large the answer of git may be that lists the ledger's loose objects.
const MAX_LIST: usize = 256 << 20;

/// The error of a garbage collection.
#[derive(Debug, thiserror::Error)]
pub enum GcError {
    /// A run can not be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// Somebody drives the run.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// What was taken away could not be recorded.
    #[error("nothing was taken away, since it could not be recorded")]
    Tend(#[from] TendError),
    /// A ref can not be read or removed.
    #[error(transparent)]
    Ref(#[from] RefError),
    /// An object can not be read.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// What keeps the commits of a run alive can not be found out.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The worktrees can not be listed.
    #[error(transparent)]
    Worktrees(#[from] Box<WorktreeError>),
    /// A local file can not be removed.
    #[error(transparent)]
    File(#[from] FsError),
    /// The ledger's objects can not be packed.
    #[error(transparent)]
    Git(#[from] GitCommandError),
}

/// Whether something is taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It is told what would be.
    Tell,
    /// It is.
    Take,
}

/// Which runs keep everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spared {
    /// So many of the newest.
    Newest(usize),
    /// Those that were written to within this time.
    Within(Duration),
}

/// Which objects of the ledger are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// When there are many loose ones.
    WhenMany,
    /// Always.
    Always,
}

/// What to collect.
#[derive(Debug, Clone)]
pub struct GcRequest {
    /// Whether something is taken away.
    pub effect: Effect,
    /// Which runs keep everything.
    pub spared: Spared,
    /// Which objects are packed.
    pub packing: Packing,
}

/// What was taken of one run, or would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The run.
    pub run: RunId,
    /// The plan's name.
    pub name: String,
    /// What was taken.
    pub what: Collected,
}

/// What a garbage collection came to.
#[derive(Debug, Clone, Default)]
pub struct Garbage {
    /// What was taken, the newest run first.
    pub taken: Vec<Taken>,
    /// What is kept and why.
    pub kept: Vec<Kept>,
    /// How many objects of the ledger became a pack.
    pub packed: usize,
    /// How many results of steps went that may no longer be used.
    pub cached: usize,
}

impl Garbage {
    fn keep(&mut self, what: impl Into<String>, why: impl Into<String>) {
        self.kept.push(Kept { what: what.into(), why: why.into() });
    }
}

/// Collects the garbage of runs that are over.
///
/// # Errors
/// Returns [`GcError`] when the ledger can not be read or something can not be removed; what was recorded until then is true.
pub fn gc(cx: &Context, request: &GcRequest) -> Result<Garbage, GcError> {
    let heads = runs(&cx.ledger())?;
    let mut garbage = Garbage::default();
    let worktrees = worktrees(cx).map_err(Box::new)?;
    if request.effect == Effect::Take {
        sweep_sessions(cx, &worktrees).map_err(Box::new)?;
    }
    let standing = leftovers(&worktrees).map_err(Box::new)?;
    for (age, head) in heads.iter().enumerate() {
        let own: Vec<&Leftover> = standing.iter().filter(|leftover| leftover.run == Some(head.run)).collect();
        if let Some(why) = spared(cx, request.spared, (age, head)) {
            if has_something(cx, head, &own) {
                garbage.keep(format!("run {} ({})", head.run, head.name), why);
            }
            continue;
        }
        match RunLock::take(&cx.repo, head.run) {
            Ok(held) => collect(cx, (request.effect, head), (&worktrees, &own, &held), &mut garbage)?,
            Err(error @ LockError::Held { .. }) => garbage.keep(format!("run {} ({})", head.run, head.name), error.to_string()),
            Err(error) => return Err(error.into()),
        }
    }
    name_strangers(cx, &heads, &standing, &mut garbage);
    garbage.packed = pack(cx, request)?;
    garbage.cached = sweep(cx, if request.effect == Effect::Take { Sweep::Take } else { Sweep::Tell });
    Ok(garbage)
}

/// Returns why a run keeps everything, if it does.
fn spared(cx: &Context, spared: Spared, (age, head): (usize, &RunHead)) -> Option<String> {
    if !head.status.is_terminal() {
        return Some(format!("it is {}", head.status.word()));
    }
    match spared {
        Spared::Newest(n) if age < n => Some(format!("it is one of the newest {n}")),
        Spared::Newest(_) => None,
        Spared::Within(time) => {
            let time = SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX);
            let is_young = head.updated.is_some_and(|updated| cx.clock.now().duration_since(updated) < time);
            is_young.then(|| "it is not old enough".to_owned())
        }
    }
}

fn has_something(cx: &Context, head: &RunHead, own: &[&Leftover]) -> bool {
    !own.is_empty() || weigh(&folder(cx, head.run)).is_ok_and(|(files, _)| files > 0)
}

fn folder(cx: &Context, run: RunId) -> std::path::PathBuf {
    cx.repo.orc_dir().join("runs").join(run.lower())
}

/// Collects one run, whose lock is held: worktrees go when everything in them is recorded, then the entry is written, then the rest goes.
fn collect(
    cx: &Context,
    (effect, head): (Effect, &RunHead),
    (worktrees, own, held): (&Worktrees, &[&Leftover], &RunLock),
    garbage: &mut Garbage,
) -> Result<(), GcError> {
    let ledger = cx.ledger();
    let state = load_state(&ledger, head.run)?;
    let entries = run_entries(&ledger, head.run)?;
    let objects = Objects::open(&cx.repo)?;
    let refs = Refs::new(&cx.repo, cx.durability());
    let Keeping { gone, kept, merged } = of_run(&objects, &refs, (&state, &entries))?;
    garbage.kept.extend(kept);
    let folder = folder(cx, head.run);
    let (files, bytes) = weigh(&folder)?;
    let mut what = Collected { round: 0, files, bytes, refs: gone, worktrees: Vec::new(), dropped: Vec::new() };
    for leftover in own {
        let path = leftover.found.path.display().to_string();
        match effect {
            Effect::Tell => what.worktrees.push(path),
            Effect::Take => match remove(worktrees, leftover, &state) {
                Fate::Removed => what.worktrees.push(path),
                Fate::Kept(reason) => garbage.keep(format!("worktree {path}"), reason),
            },
        }
    }
    if files == 0 && what.refs.is_empty() && what.worktrees.is_empty() {
        return Ok(());
    }
    if effect == Effect::Take {
        take(cx, held, head.run, (&what, merged))?;
        if files > 0 {
            fs::remove_dir_all(&folder)?;
        }
    }
    garbage.taken.push(Taken { run: head.run, name: head.name.clone(), what });
    Ok(())
}

/// Makes the one ref that keeps what the others kept, records, and removes the others.
fn take(cx: &Context, held: &RunLock, run: RunId, (what, merged): (&Collected, Option<ObjectId>)) -> Result<(), GcError> {
    let refs = Refs::new(&cx.repo, cx.durability());
    if let Some(merged) = merged.filter(|_| !what.refs.is_empty()) {
        let name = merged_ref(run);
        let old = refs.read(&name)?;
        if old != Some(merged) {
            refs.update(&name, old, merged, None)?;
        }
    }
    record(cx, held, run, |round| Event::GarbageCollected(Collected { round, ..what.clone() }))?;
    for gone in &what.refs {
        match refs.delete(&gone.name, gone.commit) {
            // Somebody took it, or moved it on: it is not ours to remove.
            Ok(()) | Err(RefError::Changed { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Counts the files below a folder, the lock apart, and their bytes.
fn weigh(folder: &Path) -> Result<(u64, u64), FsError> {
    let (mut files, mut bytes) = (0, 0);
    let listed = match fs::list(folder) {
        Err(error) if error.is_not_found() => return Ok((0, 0)),
        other => other?,
    };
    for path in listed {
        match std::fs::symlink_metadata(&path) {
            Ok(meta) if meta.is_dir() => {
                let (more, larger) = weigh(&path)?;
                files += more;
                bytes += larger;
            }
            Ok(meta) if path.file_name().is_some_and(|name| name != "lock") => {
                files += 1;
                bytes += meta.len();
            }
            Ok(_) | Err(_) => {}
        }
    }
    Ok((files, bytes))
}

/// Names what belongs to no run that the ledger has.
fn name_strangers(cx: &Context, heads: &[RunHead], standing: &[Leftover], garbage: &mut Garbage) {
    let is_known = |run: Option<RunId>| heads.iter().any(|head| Some(head.run) == run);
    for leftover in standing.iter().filter(|leftover| !is_known(leftover.run)) {
        let why = match session(cx, leftover) {
            SessionState::AtWork => "gates are at work in it",
            SessionState::Over => "gates were cut short in it; it goes without --dry-run",
            SessionState::Unknown => "the ledger has no run of that name",
        };
        garbage.keep(format!("worktree {}", leftover.found.path.display()), why);
    }
    for path in fs::list(&cx.repo.orc_dir().join("runs")).unwrap_or_default() {
        let run = path.file_name().and_then(|name| RunId::parse(name.to_str()?).ok());
        if !is_known(run) {
            garbage.keep(format!("folder {}", path.display()), "the ledger has no run of that name");
        }
    }
}

/// Packs the loose objects of the ledger; returns how many there were.
fn pack(cx: &Context, request: &GcRequest) -> Result<usize, GcError> {
    if cx.ledger().tip().ok().flatten().is_none() {
        return Ok(0);
    }
    let listed = GitCommand::new(&cx.repo)
        .args(["rev-list", "--objects", "--no-object-names", "--unpacked", LEDGER_REF])
        .max_stdout(MAX_LIST)
        .run()?;
    let loose = listed.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count();
    let is_wanted = loose > 0 && (request.packing == Packing::Always || loose >= MANY);
    if !is_wanted {
        return Ok(0);
    }
    if request.effect == Effect::Take {
        let base = cx.repo.common_dir().join("objects/pack");
        fs::create_dir_all(&base)?;
        GitCommand::new(&cx.repo).args(["pack-objects", "-q", "--delta-base-offset"]).arg(base.join("pack")).stdin(listed.stdout).run()?;
        GitCommand::new(&cx.repo).args(["prune-packed", "-q"]).run()?;
    }
    Ok(loose)
}
