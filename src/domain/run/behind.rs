//! What begins again behind the waves that there are, and what comes along.

use std::collections::BTreeSet;

use super::state::{RunState, WorkstreamState, WorkstreamStatus};
use crate::domain::id::WorkstreamId;
use crate::domain::plan::model::CheckedPlan;
use crate::domain::schedule::waves::schedule;

/// Returns the waves that go behind the others when these workstreams begin again: they, then the ones that wait for them. One that was
/// blocked comes along when nothing else keeps it from that; one whose turn has not come must not come to it too early.
#[must_use]
pub fn waves_behind<'a>(plan: &'a CheckedPlan, state: &RunState, again: BTreeSet<&'a WorkstreamId>) -> Vec<Vec<WorkstreamId>> {
    let one = |id: &WorkstreamId| state.workstreams.get(id);
    let may_come = |dep: &WorkstreamId| one(dep).is_some_and(|one| !one.status.is_settled() || one.lets_dependents_begin());
    let mut coming = again;
    while let Some(next) = plan.workstreams.iter().find(|workstream| {
        let follows = !coming.contains(&workstream.id) && workstream.depends_on.iter().any(|dep| coming.contains(dep));
        let is_free = || workstream.depends_on.iter().all(|dep| coming.contains(dep) || may_come(dep));
        follows && one(&workstream.id).is_some_and(comes_along) && is_free()
    }) {
        coming.insert(&next.id);
    }
    let waves = schedule(plan).waves.into_iter().map(|wave| wave.into_iter().filter(|id| coming.contains(id)).collect::<Vec<_>>());
    waves.filter(|wave| !wave.is_empty()).collect()
}

/// Returns whether a workstream that waits for another one goes behind the others together with it.
#[must_use]
pub const fn comes_along(one: &WorkstreamState) -> bool {
    matches!(one.status, WorkstreamStatus::Planned | WorkstreamStatus::Blocked { .. })
}
