//! Letting a tree pass a gate that it does not pass: by somebody who says why, for exactly this tree, in the ledger for good.

use super::error::GatingError;
use super::{file, removed, session, ungated};
use crate::domain::id::ObjectId;
use crate::domain::run::event::Event;
use crate::domain::run::gating::GateWaived;
use crate::domain::text::one_line;
use crate::io::git::objects::Objects;
use crate::ops::context::Context;

/// What is waived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaiveRequest {
    /// The gate.
    pub gate: String,
    /// The commit whose tree is let pass.
    pub commit: String,
    /// Why.
    pub reason: String,
}

/// Lets a tree pass a gate; returns what was recorded.
///
/// # Errors
/// Returns [`GatingError`] when there is no such gate or commit, no reason, or the ledger can not be written.
pub fn waive(cx: &Context, request: &WaiveRequest) -> Result<GateWaived, GatingError> {
    let reason = one_line(request.reason.trim());
    if reason.is_empty() {
        return Err(GatingError::NoReason);
    }
    let commit: ObjectId = cx.repo.resolve(&request.commit)?;
    let tree = Objects::open(&cx.repo)?.tree_of(commit)?;
    if ![ungated::RULE.id, removed::RULE.id].contains(&request.gate.as_str()) {
        let found = file::read(cx, commit)?.ok_or_else(|| GatingError::NoFile { commit: commit.short(), name: file::NAME })?;
        if found.gates.gate(&request.gate).is_none() {
            let known = found.gates.gates.iter().map(|gate| gate.id.to_string()).collect();
            return Err(GatingError::UnknownGate { id: request.gate.clone(), known });
        }
    }
    let who = cx.repo.identity()?;
    let waived = GateWaived {
        gate: request.gate.clone(),
        commit,
        tree,
        session: cx.clock.ulid().to_string(),
        who: one_line(&format!("{} <{}>", who.name, who.email)),
        reason,
    };
    session::record(cx, vec![Event::GateWaived(waived.clone())])?;
    Ok(waived)
}
