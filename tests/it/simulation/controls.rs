//! What people tell a simulated run while it goes on.

use git_orc::domain::id::WorkstreamId;
use git_orc::domain::ledger::codec;
use git_orc::domain::ledger::entry::Entry;
use git_orc::domain::run::behind::waves_behind;
use git_orc::domain::run::control::{Controlled, Verb};
use git_orc::domain::run::controlling::{failed_check, possible};
use git_orc::domain::run::event::Event;
use git_orc::domain::run::state::RunState;

use super::store::Store;
use super::world::World;

/// Tells the run, or one of its workstreams, something that fits where it stands.
pub(super) fn tell(world: &mut World) {
    let state = world.store.folded.clone();
    let ids: Vec<WorkstreamId> = state.workstreams.keys().cloned().collect();
    let workstream = ids.get(world.dice.below(ids.len() + 1)).cloned();
    let verbs: Vec<Verb> = possible(&state, workstream.as_ref());
    if verbs.is_empty() {
        return;
    }
    let verb = *world.dice.pick(&verbs);
    let check = workstream.as_ref().and_then(|id| failed_check(&state.workstreams[id]));
    let (step, on) = check.map_or((None, None), |(step, on)| (Some(step), Some(on)));
    let waves = workstream.as_ref().map(|id| waves_behind(&world.script.plan, &state, [id].into())).unwrap_or_default();
    let (round, reason, who) = (state.control.count, "why".to_owned(), "me".to_owned());
    let control = Controlled { round, verb, workstream, reason, who, waves, retry_of: None, step, on };
    world.note(|| format!("somebody says: {}", control.what()));
    let entry = codec::entry(world.clock.entry(), world.clock.now(), World::run(), Event::Controlled(control));
    let World { store, laws, .. } = world;
    store.tell(&entry, laws);
}

/// Returns what people have told the run behind what a driver knows.
pub(super) fn news(store: &Store, known: &RunState) -> Vec<Entry> {
    if store.folded.control.count == known.control.count {
        return Vec::new();
    }
    let is_new = |entry: &Entry| matches!(entry.event(), Some(Event::Controlled(control)) if control.round >= known.control.count);
    store.entries().into_iter().filter(is_new).collect()
}
