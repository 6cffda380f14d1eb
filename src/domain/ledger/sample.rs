//! A small run, told by two drivers and by somebody who mended it in between, for the tests of this folder.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use ulid::Ulid;

use super::codec;
use super::entry::Entry;
use crate::domain::id::{EntryId, RunId};
use crate::domain::run::event::Event;

/// The version that its drivers name.
pub(super) const VERSION: &str = "1.0.0";

/// Returns the run with this number.
pub(crate) fn run(number: u128) -> RunId {
    RunId::new(Ulid::from(number))
}

/// Returns an event from its JSON: its kind as the one key.
pub(super) fn event(value: &Value) -> Event {
    serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{error}: {value}"))
}

/// Returns the events: among them one of each kind that says which change of its thing it is.
pub(super) fn events() -> Vec<Event> {
    let tip = "1".repeat(40);
    let later = "1970-01-01T01:00:00Z";
    let digest = "00";
    [
        json!({"run_planned": {
            "name": "small", "base": tip, "target": "orc/small", "tip": tip, "waves": [["a"]], "plan_digest": digest, "version": VERSION,
        }}),
        json!({"run_started": {"round": 0, "pid": 1, "version": VERSION}}),
        json!({"wave_started": {"wave": 1, "tip": tip, "workstreams": ["a"]}}),
        json!({"worktree_created": {"workstream": "a", "round": 0, "path": "trees/a"}}),
        json!({"step_started": {
            "workstream": "a", "step": "edit", "attempt": 1, "role": "edit", "index": 0, "tool": "one", "rung": "same_tool",
        }}),
        json!({"step_finished": {
            "workstream": "a", "step": "edit", "attempt": 1, "tool": "one", "outcome": "failed", "message": "no", "duration_ms": 5,
        }}),
        json!({"breaker_opened": {"tool": "one", "round": 0, "until": later}}),
        json!({"recovery_climbed": {"workstream": "a", "round": 0, "rung": "next_tool", "tool": "two", "reason": "no"}}),
        json!({"workstream_retrying": {"workstream": "a", "round": 0, "at": later}}),
        json!({"run_paused": {"round": 0, "tip": tip}}),
        json!({"worktree_removed": {"workstream": "a", "round": 1, "path": "trees/a"}}),
        json!({"run_mended": {"round": 0, "done": ["a ref"]}}),
        json!({"run_resumed": {"round": 1, "pid": 2, "version": VERSION}}),
        json!({"run_aborted": {"round": 1, "tip": tip}}),
    ]
    .map(|value| event(&value))
    .into()
}

/// Returns the entries, a second and a half apart.
pub(crate) fn entries(run: RunId) -> Vec<Entry> {
    let mut ts = Timestamp::UNIX_EPOCH;
    let mut named = u128::from(run.ulid()) << 16;
    let told = |event| {
        ts += SignedDuration::from_millis(1500);
        named += 1;
        codec::entry(EntryId::new(Ulid::from(named)), ts, run, event)
    };
    events().into_iter().map(told).collect()
}
