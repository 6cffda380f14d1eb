//! What a resume finds and mends before it goes on: stale locks, processes that outlived their driver, patches that were captured and not
//! told of, worktrees that were cut short. Everything that a tool left is a commit before anything is removed.

use std::time::Duration;

use super::bench::with_sources;
use super::capture::{self, Described, Found};
use super::commits;
use super::context::{Live, RunContext, Since};
use super::failure::{ExecuteError, blocking};
use super::folder::RunFolder;
use super::hearing;
use super::place;
use crate::domain::id::{ObjectId, PatchId, WorkstreamId};
use crate::domain::integrity::fact::How;
use crate::domain::run::effect::StepOrder;
use crate::domain::run::event::Event;
use crate::domain::run::fact::{PatchOrigin, WorktreeMoved};
use crate::domain::run::keeping::workstream_ref;
use crate::domain::run::recovery::{begins_anew, changes_files, interrupted, put_aside, settle_patches, untold};
use crate::domain::run::state::{OpenStep, RunState, RunStatus, WorkstreamState};
use crate::domain::text::{clip, count, one_line};
use crate::io::fs::FsError;
use crate::io::git::loose;
use crate::io::git::objects::Objects;
use crate::io::git::refs::Refs;
use crate::io::git::remove::RemovalProof;
use crate::io::git::repo::Repo;
use crate::io::git::snapshot::Snapshot;
use crate::io::git::worktree::{CreateWorktree, Submodules};
use crate::io::process::orphan::{OrphanEnd, sweep};

/// What was found, and the events that tell of it.
#[derive(Debug, Default)]
pub struct Recovery {
    /// One sentence for each thing that was mended.
    pub found: Vec<String>,
    /// The events to record, after the one that says that the run was resumed.
    pub events: Vec<Event>,
}

/// Mends what the last driver left behind. The run lock must be held.
///
/// # Errors
/// Returns an error when the machine or the repository does not let it; nothing is lost then, and the next resume tries again.
pub async fn recover(cx: &RunContext, state: &RunState) -> Result<Recovery, ExecuteError> {
    let mut recovery = Recovery::default();
    end_orphans(cx, &mut recovery).await;
    remove_stale_locks(cx, &mut recovery).await?;
    tell_of_shared_files(cx, state, &mut recovery).await?;
    for (id, one) in &state.workstreams {
        adopt(cx, state, (id, one), &mut recovery).await?;
        recovery.events.extend(settle_patches(id, one));
        if let Some(open) = &one.open {
            let salvaged = salvage(cx, state, (id, one, open), &mut recovery).await?;
            recovery.events.extend(salvaged);
            recovery.events.push(interrupted(id, open));
            recovery.found.push(format!("{id}: step {} #{} was cut short and will be run again", open.step, open.attempt));
        }
    }
    Ok(recovery)
}

/// Takes objects that a loss of power left half written out of the way, so that they are written again; returns a sentence for each. It comes
/// before anything is read or written. `folder` is that of the run that was driven then.
///
/// # Errors
/// Returns an error when they can not be looked for or moved.
pub fn set_torn_aside(repo: &Repo, folder: &RunFolder) -> Result<Vec<String>, FsError> {
    let Some(since) = folder.began() else { return Ok(Vec::new()) };
    let torn = loose::set_torn_aside(&repo.common_dir().join("objects"), Some(since), &repo.orc_dir().join("damaged"))?;
    Ok(torn.into_iter().map(|id| format!("object {id} had not reached the disk whole and was set aside")).collect())
}

async fn end_orphans(cx: &RunContext, recovery: &mut Recovery) {
    for (orphan, end) in sweep(&[format!("ORC_RUN={}", cx.run).into()], Duration::from_secs(5)).await {
        let word = match end {
            OrphanEnd::Gone => "was gone already",
            OrphanEnd::Ended => "was ended",
            OrphanEnd::Killed => "was killed",
            OrphanEnd::Alive => "could not be ended",
        };
        recovery.found.push(format!("process {} of this run {word}: {}", orphan.process.pid, clip(&one_line(&orphan.command), 80)));
    }
}

async fn remove_stale_locks(cx: &RunContext, recovery: &mut Recovery) -> Result<(), ExecuteError> {
    let own = cx.clone();
    let removed = blocking(move || Ok(Refs::new(&own.repo, own.durability).remove_stale_locks()?)).await?;
    recovery.found.extend(removed.into_iter().map(|path| format!("stale lock {} was removed", path.display())));
    Ok(())
}

/// Names what was changed in the git directory since something was at work that a killed driver did not watch to its end. It stays as it is:
/// by now it may be the user's own change.
async fn tell_of_shared_files(cx: &RunContext, state: &RunState, recovery: &mut Recovery) -> Result<(), ExecuteError> {
    if state.status != RunStatus::Running {
        return Ok(());
    }
    let own = cx.clone();
    let changed = blocking(move || Ok(own.guard.since_last_driver()?)).await?;
    let tell = |(name, how): (String, How)| {
        let how = how.words();
        format!(
            "`{name}` of the git directory {how}, by you or by what the last driver did not watch to its end: look at it before you use git"
        )
    };
    recovery.found.extend(changed.into_iter().map(tell));
    Ok(())
}

/// Tells of a commit that was made durable under the workstream's ref, but not in the ledger.
async fn adopt(
    cx: &RunContext,
    state: &RunState,
    (id, one): (&WorkstreamId, &WorkstreamState),
    recovery: &mut Recovery,
) -> Result<(), ExecuteError> {
    if one.open.as_ref().is_none_or(|open| !changes_files(open.role)) {
        return Ok(());
    }
    let (own, name) = (cx.clone(), workstream_ref(cx.run, id.as_str()));
    let tip = blocking(move || Ok(Refs::new(&own.repo, own.durability).read(&name)?)).await?;
    let Some((open, commit)) = untold(one, tip) else { return Ok(()) };
    let parent = place::commit(state, id, stand_of(one, open))?;
    let events = found_commit(cx, (id, open), (commit, parent), "captured, and the driver died before it was told of").await?;
    recovery.found.push(format!("{id}: captured patch {} was adopted", commit.short()));
    recovery.events.extend(events);
    Ok(())
}

/// What is found belongs on top of what it was made on: a patch with another parent would take the tip out of the reach of its ref.
const fn stand_of(one: &WorkstreamState, open: &OpenStep) -> place::Stand {
    if begins_anew(open.role, one.next) { place::Stand::Start } else { place::Stand::Tip }
}

/// Captures what a tool that was cut short left in its worktree.
async fn salvage(
    cx: &RunContext,
    state: &RunState,
    (id, one, open): (&WorkstreamId, &WorkstreamState, &OpenStep),
    recovery: &mut Recovery,
) -> Result<Vec<Event>, ExecuteError> {
    if one.worktree.is_none() || !changes_files(open.role) {
        return Ok(Vec::new());
    }
    let Some(tool) = open.tool.clone() else { return Ok(Vec::new()) };
    let parent = place::commit(state, id, stand_of(one, open))?;
    let (own, request, order) = (cx.clone(), request(cx, state, id)?, order_of(id, open));
    let created = blocking(move || {
        let Some(taken) = capture_left(&own, &order, &request)? else { return Ok(None) };
        let found =
            Found { tree: taken.tree, parents: vec![parent], origin: PatchOrigin::Salvage, objects: taken.objects, oddities: Vec::new() };
        capture::commit(&own, &order, &tool, &found).map(Some)
    })
    .await?;
    let Some(created) = created else { return Ok(Vec::new()) };
    let size = count(created.files as usize, "file");
    recovery.found.push(format!("{id}: unfinished work ({size}) was captured as {}", created.commit.short()));
    Ok(put_aside(created, "left behind by a step that was cut short").into())
}

/// Captures a worktree that another driver made; `None` when there is none, when it was never used, or when nothing was changed in it.
fn capture_left(cx: &RunContext, order: &StepOrder, request: &CreateWorktree) -> Result<Option<Snapshot>, ExecuteError> {
    if !request.path.exists() || matches!(cx.worktrees.remove_half_made(request), Ok(true)) {
        return Ok(None);
    }
    let mut worktree = cx.worktrees.adopt(request)?;
    commits::keep(cx, order, &worktree)?;
    if let Some(tool) = &order.tool {
        hearing::clear_away(cx, tool, (&order.workstream, (&order.step, order.attempt)), &worktree)?;
    }
    let base = worktree.tree();
    let taken = cx.worktrees.capture(&mut worktree, base)?;
    Ok((!taken.changes.is_empty()).then_some(taken))
}

fn request(cx: &RunContext, state: &RunState, id: &WorkstreamId) -> Result<CreateWorktree, ExecuteError> {
    let commit = place::commit(state, id, place::Stand::Tip)?;
    Ok(CreateWorktree { name: cx.worktree_name(id.as_str()), path: cx.worktree_path(id), commit, submodules: Submodules::Uninitialised })
}

async fn found_commit(
    cx: &RunContext,
    (id, open): (&WorkstreamId, &OpenStep),
    (commit, parent): (ObjectId, ObjectId),
    reason: &str,
) -> Result<Vec<Event>, ExecuteError> {
    let Some(tool) = open.tool.clone() else { return Ok(Vec::new()) };
    let (own, order) = (cx.clone(), order_of(id, open));
    let patch = PatchId::new(cx.clock.ulid());
    let created = blocking(move || {
        let objects = Objects::open(&own.repo)?;
        let tree = objects.tree_of(commit)?;
        capture::describe(&objects, &order, &tool, Described { patch, commit, tree, parent: Some(parent), origin: PatchOrigin::Salvage })
    })
    .await?;
    Ok(put_aside(created, reason).into())
}

fn order_of(id: &WorkstreamId, open: &OpenStep) -> StepOrder {
    StepOrder {
        workstream: id.clone(),
        step: open.step.clone(),
        role: open.role,
        index: 0,
        attempt: open.attempt,
        tool: open.tool.clone(),
        rung: crate::domain::run::fact::Rung::SameTool,
        of: open.of.clone(),
        routing: None,
    }
}

/// Removes the worktrees of the last driver, after everything in them was recorded; returns the events that tell of it.
///
/// # Errors
/// Returns an error when the run does not know a workstream.
pub async fn clean(cx: &RunContext, state: &RunState) -> Result<Vec<Event>, ExecuteError> {
    let mut events = Vec::new();
    for (id, one) in &state.workstreams {
        let path = one.worktree.clone();
        // A worktree that was handed on stands under the name of its former workstream until somebody takes it.
        if path.is_none() && (one.start.is_none() || !cx.worktree_path(id).exists()) {
            continue;
        }
        let (own, request) = (cx.clone(), request(cx, state, id)?);
        let recorded: Vec<ObjectId> = one.patches.iter().map(|patch| patch.tree).collect();
        let checked = one.last.as_ref().is_some_and(|last| !changes_files(last.role));
        let removed = blocking(move || Ok(remove_left(&own, &request, (&recorded, checked)))).await?;
        let Some(path) = path else {
            if let Err(error) = removed {
                tracing::warn!(error = with_sources(&error), "a worktree that was no longer needed is left as it is");
            }
            continue;
        };
        let mut moved = WorktreeMoved { workstream: id.clone(), round: one.worktrees, path, reason: None };
        events.push(match removed {
            Ok(()) => Event::WorktreeRemoved(moved),
            Err(error) => {
                moved.reason = Some(with_sources(&error));
                Event::WorktreeKept(moved)
            }
        });
    }
    clear_gates(cx, state).await?;
    Ok(events)
}

/// Removes the worktree of the gates that a driver who was killed has left, and empties the trash.
///
/// # Errors
/// Returns an error when it can not be removed.
pub async fn clear_gates(cx: &RunContext, state: &RunState) -> Result<(), ExecuteError> {
    let (own, gate) = (cx.clone(), gate_request(cx, state));
    blocking(move || {
        if gate.path.exists() {
            let worktree = own.worktrees.adopt(&gate)?;
            let mut live = Live { captured: worktree.tree(), worktree, since: Since::Checks };
            let proof = place::proof(&own.worktrees, &mut live)?;
            own.worktrees.remove(live.worktree, &proof)?;
        } else {
            // Its driver died when the folder was out of sight and git still knew of it.
            own.worktrees.remove_half_made(&gate)?;
        }
        own.worktrees.empty_trash()?;
        Ok(())
    })
    .await
}

fn gate_request(cx: &RunContext, state: &RunState) -> CreateWorktree {
    let (name, path) = (cx.worktree_name("_gate"), cx.gate_path());
    CreateWorktree { name, path, commit: state.tip, submodules: Submodules::Uninitialised }
}

/// Removes a worktree of which some recorded tree holds everything; where only checks were in it since, what they left is given up.
fn remove_left(cx: &RunContext, request: &CreateWorktree, (recorded, checked): (&[ObjectId], bool)) -> Result<(), ExecuteError> {
    if cx.worktrees.remove_half_made(request).is_ok() || !request.path.exists() {
        return Ok(());
    }
    let mut worktree = cx.worktrees.adopt(request)?;
    let base = worktree.tree();
    let taken = cx.worktrees.capture(&mut worktree, base)?;
    let is_recorded = taken.tree == base || recorded.contains(&taken.tree);
    let mut proof = RemovalProof::captured(if is_recorded { taken.tree } else { base });
    if checked && !is_recorded {
        proof.given_up = cx.worktrees.unrecorded(&mut worktree, base)?.into_iter().collect();
    }
    cx.worktrees.remove(worktree, &proof)?;
    Ok(())
}
