//! The machine of a patch.

use super::event::Event;
use super::fact::{PatchCreated, PatchMoved};
use super::machine_error::IllegalTransition;
use super::state::{PatchRecord, PatchStatus, WorkstreamState};

/// Adds a captured patch.
pub fn created(one: &mut WorkstreamState, created: &PatchCreated) {
    one.patches.push(PatchRecord {
        id: created.patch,
        status: PatchStatus::Created,
        step: created.step.clone(),
        attempt: created.attempt,
        tool: created.tool.clone(),
        commit: created.commit,
        tree: created.tree,
        digest: created.digest.clone(),
        files: created.files,
        insertions: created.insertions,
        deletions: created.deletions,
        reason: None,
    });
}

/// Returns where a patch event leads.
fn target(event: &Event) -> Option<PatchStatus> {
    let leads = |yes: bool, to| yes.then_some(to);
    leads(matches!(event, Event::PatchValidated(_)), PatchStatus::Validated)
        .or(leads(matches!(event, Event::PatchRejected(_)), PatchStatus::Rejected))
        .or(leads(matches!(event, Event::PatchApplied(_)), PatchStatus::Applied))
        .or(leads(matches!(event, Event::PatchVerified(_)), PatchStatus::Verified))
        .or(leads(matches!(event, Event::PatchSuperseded(_)), PatchStatus::Superseded))
        .or(leads(matches!(event, Event::PatchQuarantined(_)), PatchStatus::Quarantined))
        .or(leads(matches!(event, Event::PatchMerged(_)), PatchStatus::Merged))
        .or(leads(matches!(event, Event::PatchReverted(_)), PatchStatus::Reverted))
        .or(leads(matches!(event, Event::PatchDropped(_)), PatchStatus::Dropped))
}

/// Returns whether a patch may go from one state to another.
#[must_use]
pub const fn is_legal(from: PatchStatus, to: PatchStatus) -> bool {
    match from {
        PatchStatus::Created => {
            matches!(to, PatchStatus::Validated | PatchStatus::Rejected | PatchStatus::Quarantined | PatchStatus::Dropped)
        }
        PatchStatus::Validated => matches!(to, PatchStatus::Applied | PatchStatus::Quarantined | PatchStatus::Dropped),
        PatchStatus::Applied => {
            matches!(to, PatchStatus::Verified | PatchStatus::Superseded | PatchStatus::Quarantined | PatchStatus::Dropped)
        }
        PatchStatus::Verified => {
            matches!(to, PatchStatus::Merged | PatchStatus::Superseded | PatchStatus::Quarantined | PatchStatus::Dropped)
        }
        PatchStatus::Merged => matches!(to, PatchStatus::Reverted),
        PatchStatus::Rejected | PatchStatus::Superseded | PatchStatus::Quarantined | PatchStatus::Reverted | PatchStatus::Dropped => false,
    }
}

/// Moves a patch.
///
/// # Errors
/// Returns [`IllegalTransition`] for an unknown patch, a move that [`is_legal`] denies, or a quarantine or drop without a reason.
pub fn moved(one: &mut WorkstreamState, event: &Event, moved: &PatchMoved) -> Result<(), IllegalTransition> {
    let what = || format!("patch {} of {}", moved.patch, moved.workstream);
    let Some(to) = target(event) else { return Ok(()) };
    let name = event.kind();
    let Some(patch) = one.patches.iter_mut().find(|p| p.id == moved.patch) else {
        return Err(IllegalTransition::new(what(), "unknown", name));
    };
    let needs_reason = matches!(to, PatchStatus::Quarantined | PatchStatus::Dropped);
    if !is_legal(patch.status, to) || (needs_reason && moved.reason.is_none()) {
        return Err(IllegalTransition::new(what(), patch.status.word(), name));
    }
    patch.status = to;
    patch.reason.clone_from(&moved.reason);
    if to == PatchStatus::Applied {
        one.tip = Some(moved.commit);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_is_the_listed_one() {
        use PatchStatus as P;
        let all = [
            P::Created,
            P::Validated,
            P::Rejected,
            P::Applied,
            P::Verified,
            P::Superseded,
            P::Quarantined,
            P::Merged,
            P::Reverted,
            P::Dropped,
        ];
        let listed = |from: P| -> Vec<P> { all.iter().copied().filter(|to| is_legal(from, *to)).collect() };
        assert_eq!(listed(P::Created), [P::Validated, P::Rejected, P::Quarantined, P::Dropped]);
        assert_eq!(listed(P::Validated), [P::Applied, P::Quarantined, P::Dropped]);
        assert_eq!(listed(P::Applied), [P::Verified, P::Superseded, P::Quarantined, P::Dropped]);
        assert_eq!(listed(P::Verified), [P::Superseded, P::Quarantined, P::Merged, P::Dropped]);
        assert_eq!(listed(P::Merged), [P::Reverted]);
        for terminal in [P::Rejected, P::Superseded, P::Quarantined, P::Reverted, P::Dropped] {
            assert_eq!(listed(terminal), [], "{terminal:?}");
        }
    }
}
