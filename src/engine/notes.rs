//! Notes on patch commits and merges: a view for `git log --notes=orc` that the ledger can give again, so a note that can not be written is
//! a warning and no more.

use super::bench::with_sources;
use super::context::RunContext;
use super::failure::{ExecuteError, blocking};
use crate::domain::id::ObjectId;
use crate::domain::run::fact::{Integration, Merge};
use crate::domain::run::state::{PatchRecord, PatchStatus, RunState, WorkstreamState};
use crate::domain::run::wording::{merge_note, patch_note};
use crate::io::git::notes::Notes;
use crate::io::git::signature::Signature;

/// Writes the notes of an integration: its merges, and every patch of the merged workstreams.
pub async fn write(cx: &RunContext, integration: &Integration, state: &RunState) {
    let mut batch = Vec::new();
    for merge in &integration.merges {
        let one = state.workstreams.get(&merge.workstream);
        batch.push((merge.merge, merge_note(cx.run, &merge.workstream, (integration.wave, merge.commit), one)));
        if let Some(one) = state.workstreams.get(&merge.workstream) {
            batch.extend(of_patches(cx, merge, one));
        }
    }
    warn(put(cx, batch).await);
}

/// Writes the notes of every patch that no integration took in.
pub async fn write_rest(cx: &RunContext, state: &RunState) {
    let mut batch = Vec::new();
    for (id, one) in &state.workstreams {
        let rest = one.patches.iter().filter(|patch| patch.status != PatchStatus::Merged);
        batch.extend(rest.map(|patch| (patch.commit, patch_note(cx.run, id, patch))));
    }
    warn(put(cx, batch).await);
}

fn of_patches(cx: &RunContext, merge: &Merge, one: &WorkstreamState) -> Vec<(ObjectId, String)> {
    // The state is that before the branch moved: what was verified then is merged now.
    let now = |patch: &PatchRecord| if patch.status == PatchStatus::Verified { PatchStatus::Merged } else { patch.status };
    let note = |patch: &PatchRecord| patch_note(cx.run, &merge.workstream, &PatchRecord { status: now(patch), ..patch.clone() });
    one.patches.iter().map(|patch| (patch.commit, note(patch))).collect()
}

async fn put(cx: &RunContext, batch: Vec<(ObjectId, String)>) -> Result<(), ExecuteError> {
    if batch.is_empty() || !cx.notes {
        return Ok(());
    }
    let own = cx.clone();
    blocking(move || {
        let _span = tracing::trace_span!("notes").entered();
        let by = Signature::new(own.identity.clone(), own.clock.now());
        Ok(Notes::new(&own.repo, own.durability).write(&batch, &by)?)
    })
    .await
}

fn warn(result: Result<(), ExecuteError>) {
    if let Err(error) = result {
        tracing::warn!(error = with_sources(&error), "the notes could not be written; the ledger has it all");
    }
}
