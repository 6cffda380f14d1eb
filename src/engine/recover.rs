//! What a resume finds and mends before it goes on: stale locks, processes that outlived their driver, patches that were captured and not
//! told of, worktrees that were cut short. Everything that a tool left is a commit before anything is removed.

use std::time::Duration;

use super::bench::with_sources;
use super::capture::{self, Found};
use super::context::RunContext;
use super::execute::{ExecuteError, blocking};
use super::journal::workstream_ref;
use super::place;
use crate::domain::id::{ObjectId, WorkstreamId};
use crate::domain::run::effect::StepOrder;
use crate::domain::run::event::Event;
use crate::domain::run::fact::{PatchOrigin, StepFinished, StepOutcome, StepRole, WorktreeMoved};
use crate::domain::run::next::patch_moved;
use crate::domain::run::state::{OpenStep, PatchStatus, RunState, WorkstreamState};
use crate::domain::text::count;
use crate::io::git::refs::Refs;
use crate::io::process::orphan::{OrphanEnd, end_orphan, orphans};

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
    for (id, one) in &state.workstreams {
        adopt(cx, state, (id, one), &mut recovery).await?;
        settle_patches(id, one, &mut recovery);
        if let Some(open) = &one.open {
            let salvaged = salvage(cx, state, (id, one, open), &mut recovery).await?;
            recovery.events.extend(salvaged);
            recovery.events.push(interrupted(id, open));
            recovery.found.push(format!("{id}: step {} #{} was cut short and will be run again", open.step, open.attempt));
        }
        remove_worktree(cx, (id, one), &mut recovery).await?;
    }
    remove_gate(cx, &mut recovery).await?;
    Ok(recovery)
}

async fn end_orphans(cx: &RunContext, recovery: &mut Recovery) {
    for orphan in orphans(&cx.run.to_string()) {
        let end = end_orphan(&orphan, Duration::from_secs(5)).await;
        let word = match end {
            OrphanEnd::Gone => "was gone already",
            OrphanEnd::Ended => "was ended",
            OrphanEnd::Survived => "could not be ended",
        };
        recovery.found.push(format!("process {} of this run {word}", orphan.pid));
    }
}

async fn remove_stale_locks(cx: &RunContext, recovery: &mut Recovery) -> Result<(), ExecuteError> {
    let own = cx.clone();
    let removed = blocking(move || {
        let refs = Refs::new(own.repo.clone(), own.durability);
        Ok(refs.remove_stale_locks(own.run)?)
    })
    .await?;
    recovery.found.extend(removed.into_iter().map(|path| format!("stale lock {} was removed", path.display())));
    Ok(())
}

/// Tells of a commit that was made durable under the workstream's ref, but not in the ledger.
async fn adopt(
    cx: &RunContext,
    state: &RunState,
    (id, one): (&WorkstreamId, &WorkstreamState),
    recovery: &mut Recovery,
) -> Result<(), ExecuteError> {
    let Some(open) = one.open.as_ref().filter(|open| changes_files(open.role)) else { return Ok(()) };
    let (own, name) = (cx.clone(), workstream_ref(cx.run, id.as_str()));
    let tip = blocking(move || Ok(Refs::new(own.repo.clone(), own.durability).read(&name)?)).await?;
    let Some(commit) = tip.filter(|tip| one.patches.iter().all(|patch| patch.commit != *tip) && Some(*tip) != one.start) else {
        return Ok(());
    };
    let parent = place::commit(state, id, stand_of(open))?;
    let events = put_aside(cx, (id, open), (commit, parent), "captured, and the driver died before it was told of").await?;
    recovery.found.push(format!("{id}: captured patch {} was adopted", commit.short()));
    recovery.events.extend(events);
    Ok(())
}

const fn changes_files(role: StepRole) -> bool {
    matches!(role, StepRole::Edit | StepRole::Fix | StepRole::Resolve)
}

const fn stand_of(open: &OpenStep) -> place::Stand {
    match open.role {
        StepRole::Edit => place::Stand::Start,
        StepRole::Static | StepRole::Runtime | StepRole::Fix | StepRole::Resolve => place::Stand::Tip,
    }
}

/// Patches between capture and verdict are put aside; their step is run again.
fn settle_patches(id: &WorkstreamId, one: &WorkstreamState, recovery: &mut Recovery) {
    let between = one.patches.iter().filter(|p| matches!(p.status, PatchStatus::Created | PatchStatus::Validated));
    for patch in between {
        let reason = Some("the driver died before the verdict".to_owned());
        recovery.events.push(Event::PatchDropped(patch_moved(id, patch, reason)));
    }
}

/// Captures what a tool that was cut short left in its worktree.
async fn salvage(
    cx: &RunContext,
    state: &RunState,
    (id, one, open): (&WorkstreamId, &WorkstreamState, &OpenStep),
    recovery: &mut Recovery,
) -> Result<Vec<Event>, ExecuteError> {
    let Some(path) = one.worktree.clone().filter(|_| changes_files(open.role)) else { return Ok(Vec::new()) };
    let parent = place::commit(state, id, stand_of(open))?;
    let own = cx.clone();
    let taken = blocking(move || Ok(own.worktrees.capture_left(std::path::Path::new(&path), parent)?)).await?;
    let Some(taken) = taken.filter(|taken| !taken.changes.is_empty()) else { return Ok(Vec::new()) };
    let order = order_of(id, open);
    let found =
        Found { tree: taken.tree, parents: vec![parent], origin: PatchOrigin::Salvage, objects: taken.objects, oddities: taken.oddities };
    let tool = open.tool.clone().ok_or_else(|| ExecuteError::Inconsistent("an open step has no tool".to_owned()))?;
    let own = cx.clone();
    let created = blocking(move || capture::commit(&own, &order, &tool, &found)).await?;
    recovery.found.push(format!("{id}: unfinished work ({}) was captured as {}", count(created.files as usize, "file"), created.commit.short()));
    let reason = Some("left behind by a step that was cut short".to_owned());
    let dropped = Event::PatchDropped(capture::moved(&created, reason));
    Ok(vec![Event::PatchCreated(created), dropped])
}

async fn put_aside(
    cx: &RunContext,
    (id, open): (&WorkstreamId, &OpenStep),
    (commit, parent): (ObjectId, ObjectId),
    reason: &str,
) -> Result<Vec<Event>, ExecuteError> {
    let Some(tool) = open.tool.clone() else { return Ok(Vec::new()) };
    let (own, order) = (cx.clone(), order_of(id, open));
    let created = blocking(move || capture::describe(&own, &order, &tool, (commit, parent))).await?;
    let dropped = Event::PatchDropped(capture::moved(&created, Some(reason.to_owned())));
    Ok(vec![Event::PatchCreated(created), dropped])
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
    }
}

fn interrupted(id: &WorkstreamId, open: &OpenStep) -> Event {
    Event::StepFinished(StepFinished {
        workstream: id.clone(),
        step: open.step.clone(),
        attempt: open.attempt,
        tool: open.tool.clone(),
        outcome: StepOutcome::Interrupted,
        message: "the driver died while it ran".to_owned(),
        notes: Vec::new(),
        tool_fault: false,
        exit_code: None,
        duration_ms: 0,
        output: None,
        findings: Vec::new(),
    })
}

async fn remove_worktree(cx: &RunContext, (id, one): (&WorkstreamId, &WorkstreamState), recovery: &mut Recovery) -> Result<(), ExecuteError> {
    let Some(path) = one.worktree.clone() else { return Ok(()) };
    let own = cx.clone();
    let folder = std::path::PathBuf::from(&path);
    let removed = blocking(move || Ok(own.worktrees.remove_left(&folder))).await?;
    let mut moved = WorktreeMoved { workstream: id.clone(), round: one.worktrees, path, reason: None };
    recovery.events.push(match removed {
        Ok(()) => {
            recovery.found.push(format!("{id}: its worktree was removed and will be made anew"));
            Event::WorktreeRemoved(moved)
        }
        Err(error) => {
            let reason = with_sources(&error);
            recovery.found.push(format!("{id}: its worktree is kept: {reason}"));
            moved.reason = Some(reason);
            Event::WorktreeKept(moved)
        }
    });
    Ok(())
}

async fn remove_gate(cx: &RunContext, recovery: &mut Recovery) -> Result<(), ExecuteError> {
    let folder = cx.gate_path();
    let own = cx.clone();
    let was_there = folder.exists();
    blocking(move || Ok(own.worktrees.remove_scratch(&folder)?)).await?;
    if was_there {
        recovery.found.push("the worktree of the gates was removed".to_owned());
    }
    Ok(())
}
