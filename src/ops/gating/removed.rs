//! Commits that take the file of gates away: by then there is nothing left that could refuse them.

use std::ops::ControlFlow;

use super::cache::Shelf;
use super::error::GatingError;
use super::file::{NAME, PLACES};
use super::range::Target;
use super::report::GateReport;
use super::rule::Rule;
use super::ungated::run_of;
use crate::domain::gate::model::GATE_FILE;
use crate::domain::id::{ObjectId, RepoPath, RunId};
use crate::io::git::objects::{ObjectError, Objects};
use crate::ops::context::Context;

/// Runs leave the file alone.
pub const RULE: Rule = Rule { id: GATE_FILE, title: "runs leave the gates alone" };

/// Looks at a commit without gates: when a run took them away nothing goes on, and when somebody else did, it is said.
///
/// # Errors
/// Returns [`GatingError`] when objects or the ledger can not be read.
pub fn look(cx: &Context, target: &Target, report: &mut GateReport) -> Result<(), GatingError> {
    let objects = Objects::open(&cx.repo)?;
    match by_run(&objects, target)? {
        Some((commit, run)) => {
            let reason = format!("{} was made by run {run}, and takes {NAME} away", commit.short());
            report.said.push(RULE.refuse(&Shelf::open(cx)?, (target.commit, objects.tree_of(target.commit)?), reason)?);
        }
        None => {
            if target.base.map(|base| has_gates(&objects, base)).transpose()? == Some(true) {
                report.warnings.push(format!("{} has no {NAME} any more, so no gate has seen it", target.commit.short()));
            }
        }
    }
    Ok(())
}

/// Returns the newest commit of a run in the range that has no gates though its first parent has some.
fn by_run(objects: &Objects, target: &Target) -> Result<Option<(ObjectId, RunId)>, ObjectError> {
    let mut of_runs = Vec::new();
    objects.each(&objects.range(target.commit, target.base)?, |commit| {
        of_runs.extend(run_of(&commit.message).map(|run| (commit.id, commit.parents.first().copied(), run)));
        ControlFlow::Continue(())
    })?;
    for (commit, parent, run) in of_runs {
        let Some(parent) = parent else { continue };
        if has_gates(objects, parent)? && !has_gates(objects, commit)? {
            return Ok(Some((commit, run)));
        }
    }
    Ok(None)
}

/// Returns whether anything has the name of a file of gates.
fn has_gates(objects: &Objects, commit: ObjectId) -> Result<bool, ObjectError> {
    let tree = objects.tree_of(commit)?;
    for place in PLACES {
        if objects.entry_at(tree, &RepoPath::from(place))?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}
