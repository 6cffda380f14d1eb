//! Commits that a run made, and whether a gate has passed on them: whatever a tool did must not leave the repository unseen.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::cache::Shelf;
use super::error::GatingError;
use super::range::Target;
use super::report::{GateReport, Said, Source};
use super::rule::Rule;
use crate::domain::gate::judge::GateOutcome;
use crate::domain::gate::model::{FailureAction, RUN_VERDICT};
use crate::domain::id::{ObjectId, RunId};
use crate::domain::run::fact::Verdict;
use crate::io::git::objects::Objects;
use crate::ops::context::Context;
use crate::ops::load::{LoadError, load_state};

/// What a run made leaves after a gate has seen it.
pub const RULE: Rule = Rule { id: RUN_VERDICT, title: "commits of runs have passed a gate" };
const TRAILER: &[u8] = b"Orc-Run: ";

/// The last commit of a run in a range on which no gate has passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ungated {
    /// The run.
    pub run: RunId,
    /// The commit.
    pub commit: ObjectId,
    /// Its tree.
    pub tree: ObjectId,
    /// Why nothing is known of it.
    pub reason: String,
}

/// Adds a verdict for every run of which commits are brought without any gate that has passed on exactly its last tree.
///
/// # Errors
/// Returns [`GatingError`] when objects or the ledger can not be read.
pub fn look(cx: &Context, targets: &[Target], report: &mut GateReport) -> Result<(), GatingError> {
    let objects = Objects::open(&cx.repo)?;
    let shelf = Shelf::open(cx)?;
    for target in targets {
        for one in runs(cx, target)? {
            let tree_of = |said: &Said| objects.tree_of(said.commit);
            let mut passed = report.said.iter().filter(|said| {
                let counts = said.outcome == GateOutcome::Passed && said.action == FailureAction::Block && said.source != Source::NotAsked;
                counts && tree_of(said).is_ok_and(|tree| tree == one.tree)
            });
            if passed.next().is_some() {
                continue;
            }
            let reason = format!("{} was made by run {}, and {}", one.commit.short(), one.run, one.reason);
            report.said.push(RULE.refuse(&shelf, (one.commit, one.tree), reason)?);
        }
    }
    Ok(())
}

/// Returns the runs that made commits of a range and on whose last tree no gate of theirs has passed.
///
/// # Errors
/// Returns [`GatingError`] when objects or the ledger can not be read.
pub fn runs(cx: &Context, target: &Target) -> Result<Vec<Ungated>, GatingError> {
    let objects = Objects::open(&cx.repo)?;
    let mut last: BTreeMap<RunId, (ObjectId, ObjectId)> = BTreeMap::new();
    let new = objects.range(target.commit, target.base)?;
    objects.each(&new, |commit| {
        if let Some(run) = run_of(&commit.message) {
            // The newest comes first.
            last.entry(run).or_insert((commit.id, commit.tree));
        }
        ControlFlow::Continue(())
    })?;
    let ledger = cx.ledger();
    let mut ungated = Vec::new();
    for (run, (commit, tree)) in last {
        let reason = match load_state(&ledger, run) {
            Ok(state) => {
                let verdicts: Vec<Verdict> = state.gates.iter().filter(|gate| gate.tree == tree).map(|gate| gate.verdict).collect();
                match (verdicts.is_empty(), verdicts.iter().all(|verdict| *verdict == Verdict::Passed)) {
                    (false, true) => continue,
                    (true, _) => "no gate has seen its tree".to_owned(),
                    (false, false) => "a gate has failed on its tree".to_owned(),
                }
            }
            Err(LoadError::UnknownRun(_)) => "the ledger here does not know that run".to_owned(),
            Err(error) => return Err(error.into()),
        };
        ungated.push(Ungated { run, commit, tree, reason });
    }
    Ok(ungated)
}

/// Returns the run that a commit names as the one that made it.
pub(super) fn run_of(message: &[u8]) -> Option<RunId> {
    let line = message.split(|byte| *byte == b'\n').rev().find_map(|line| line.strip_prefix(TRAILER))?;
    RunId::parse(std::str::from_utf8(line).ok()?.trim()).ok()
}
