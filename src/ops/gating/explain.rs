//! What the gates of a commit are, when they run, and what is known of them there.

use super::cache::{Shelf, key};
use super::error::GatingError;
use super::file::{self, NAME};
use super::range::Target;
use crate::domain::gate::model::Gate;
use crate::domain::id::ObjectId;
use crate::domain::run::gating::{Verdict, Waiver};
use crate::io::git::objects::Objects;
use crate::ops::context::Context;

/// A gate, and what is known of it.
#[derive(Debug)]
pub struct Explained {
    /// The gate.
    pub gate: Gate,
    /// The name of its stage.
    pub stage: String,
    /// The refs that it is for, as they were written; empty: all branches.
    pub refs: Vec<String>,
    /// Its verdict on this tree, when one is known that holds.
    pub verdict: Option<Verdict>,
    /// Who lets this tree pass.
    pub waiver: Option<Waiver>,
}

/// The gates of a commit.
#[derive(Debug)]
pub struct Explanation {
    /// Where they are described.
    pub path: String,
    /// The commit.
    pub commit: ObjectId,
    /// The gates, in the order in which they run.
    pub gates: Vec<Explained>,
    /// Warnings about the file.
    pub notes: Vec<String>,
}

/// Explains the gates of a commit, or one of them.
///
/// # Errors
/// Returns [`GatingError`] when there is no file of gates, it is not valid, or the ledger can not be read.
pub async fn explain(cx: &Context, commit: &str, only: Option<&str>) -> Result<Explanation, GatingError> {
    let target = Target { commit: cx.repo.resolve(commit)?, base: None, names: Vec::new() };
    let Some(found) = file::read(cx, target.commit)? else {
        return Err(GatingError::NoFile { commit: target.commit.short(), name: NAME });
    };
    if let Some(id) = only.filter(|id| found.gates.gate(id).is_none()) {
        let known = found.gates.gates.iter().map(|gate| gate.id.to_string()).collect();
        return Err(GatingError::UnknownGate { id: id.to_owned(), known });
    }
    let tree = Objects::open(&cx.repo)?.tree_of(target.commit)?;
    let shelf = Shelf::open(cx)?;
    let mut gates = Vec::new();
    for gate in found.gates.gates.iter().filter(|gate| only.is_none_or(|id| id == gate.id.as_str())) {
        let key = key(cx, gate, (&target, tree)).await?;
        let refs = if gate.refs.is_empty() { &found.gates.refs } else { &gate.refs };
        gates.push(Explained {
            stage: found.gates.stages.get(gate.stage).map(|stage| stage.name.clone()).unwrap_or_default(),
            refs: refs.iter().map(|pattern| pattern.text().to_owned()).collect(),
            verdict: shelf.verdict(&key)?,
            waiver: shelf.waiver(tree, gate.id.as_str())?,
            gate: gate.clone(),
        });
    }
    Ok(Explanation { path: found.path, commit: target.commit, gates, notes: found.notes })
}
