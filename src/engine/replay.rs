//! The embedded tool `replay`: patch files of the plan become the patch. Nothing is started and no worktree is needed.

use super::capture::Found;
use super::context::RunContext;
use super::failure::{ExecuteError, blocking};
use super::place::{self, Stand};
use super::work::{self, Worked};
use crate::domain::id::ObjectId;
use crate::domain::run::effect::StepOrder;
use crate::domain::run::fact::{PatchOrigin, StepOutcome, StepRole};
use crate::domain::run::state::RunState;
use crate::domain::tool::diff::extract;
use crate::io::git::hold::wait_for_collection;
use crate::io::git::objects::Objects;

/// Applies the patch files of an EDIT step, in order.
///
/// # Errors
/// Returns an error when the repository does not let it.
pub async fn run(cx: &RunContext, order: &StepOrder, state: &RunState) -> Result<Worked, ExecuteError> {
    if order.role != StepRole::Edit {
        return Ok(Worked::ended(StepOutcome::NoChange, "replay has no patch for that"));
    }
    let (plan, _) = place::planned(cx, order)?;
    let step = place::edit_step(plan, order.index);
    let names = step.map(|step| step.patches.clone()).unwrap_or_default();
    let from = if order.index == 0 { Stand::Start } else { Stand::Tip };
    let parent = place::commit(state, &order.workstream, from)?;
    let own = cx.clone();
    let applied = blocking(move || apply_all(&own, parent, &names)).await?;
    Ok(match applied {
        Err(message) => Worked::ended(StepOutcome::Failed, message),
        Ok(None) => Worked::ended(StepOutcome::NoChange, "the patches change nothing"),
        Ok(Some(found)) => Worked { found: vec![found], ..Worked::ended(StepOutcome::Passed, "done") },
    })
}

fn apply_all(cx: &RunContext, parent: ObjectId, names: &[String]) -> Result<Result<Option<Found>, String>, ExecuteError> {
    wait_for_collection(&cx.repo);
    let before = Objects::open(&cx.repo)?.tree_of(parent)?;
    let (mut tree, mut objects) = (before, Vec::new());
    for name in names {
        let Some(bytes) = cx.inputs.get(name) else { return Ok(Err(format!("patch file `{name}` was not read"))) };
        let diff = match extract(bytes) {
            Ok(diff) => diff,
            Err(error) => return Ok(Err(format!("patch file `{name}`: {error}"))),
        };
        match work::apply(cx, tree, &diff.bytes)? {
            Ok(applied) => {
                tree = applied.tree;
                objects.extend(applied.objects);
            }
            Err(message) => return Ok(Err(format!("patch file `{name}`: {message}"))),
        }
    }
    let found = Found { tree, parents: vec![parent], origin: PatchOrigin::Diff, objects, oddities: Vec::new() };
    Ok(Ok((tree != before).then_some(found)))
}
