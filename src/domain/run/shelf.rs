//! Where the ledger's tree holds verdicts and waivers, so that a push finds them at once.

use serde::Serialize;

use super::event::Event;
use super::fact::{self, GateRun};
use super::gating::{GateChecked, GateWaived, Verdict, Waiver};
use crate::domain::gate::judge::GateOutcome;
use crate::domain::id::{EntryId, ObjectId};
use crate::domain::ledger::entry::Entry;

/// The folder of the ledger's tree for plans into which workstreams were put.
pub const PLANS: &str = "plans/";

/// Returns where the ledger's tree holds the verdict of a key of 64 hexadecimal digits.
#[must_use]
pub fn verdict_path(key: &str) -> String {
    let (folder, name) = key.split_at_checked(2).unwrap_or((key, ""));
    format!("gates/verdicts/{folder}/{name}.json")
}

/// Returns where the ledger's tree holds a waiver.
#[must_use]
pub fn waiver_path(tree: ObjectId, gate: &str) -> String {
    format!("gates/waivers/{tree}/{gate}.json")
}

/// Returns where the ledger's tree holds the text of a plan with this digest of 64 hexadecimal digits.
#[must_use]
pub fn plan_path(digest: &str) -> String {
    let (folder, name) = digest.split_at_checked(2).unwrap_or((digest, ""));
    format!("{PLANS}{folder}/{name}")
}

/// A file of the ledger's tree: where, and what is in it.
pub type ShelfFile = (String, Vec<u8>);

/// Returns the file that an entry brings along for a verdict.
#[must_use]
pub fn verdict_file(entry: EntryId, checked: &GateChecked) -> ShelfFile {
    let verdict = Verdict {
        entry,
        gate: checked.gate.clone(),
        tree: checked.tree,
        outcome: checked.outcome,
        reason: checked.reason.clone(),
        run: None,
        new: checked.new,
        known: checked.known,
        fixed: checked.fixed,
    };
    (verdict_path(&checked.digest), line(&verdict))
}

/// Returns the file that an entry brings along for a waiver.
#[must_use]
pub fn waiver_file(entry: EntryId, waived: &GateWaived) -> ShelfFile {
    let GateWaived { gate, tree, who, reason, .. } = waived.clone();
    let path = waiver_path(tree, &gate);
    (path, line(&Waiver { entry, gate, tree, who, reason }))
}

/// Returns the file that an entry brings along, if its event has one.
#[must_use]
pub fn shelf_file(entry: &Entry) -> Option<ShelfFile> {
    let event = entry.event()?;
    if let Event::GateChecked(checked) = event {
        return Some(verdict_file(entry.id, checked));
    }
    if let Event::GateWaived(waived) = event {
        return Some(waiver_file(entry.id, waived));
    }
    if let Event::GateFinished(run) = event {
        return wave_file(entry, run);
    }
    None
}

/// Returns the file for the verdict on a wave, where what the gate saw is what was merged.
fn wave_file(entry: &Entry, run: &GateRun) -> Option<ShelfFile> {
    let digest = run.digest.as_ref()?;
    let outcome = match run.verdict {
        fact::Verdict::Passed => GateOutcome::Passed,
        fact::Verdict::Failed => GateOutcome::Failed,
        fact::Verdict::Error => return None,
    };
    let [new, known, fixed] = run.counts.unwrap_or_default();
    let verdict = Verdict {
        entry: entry.id,
        gate: run.gate.clone(),
        tree: run.tree,
        outcome,
        reason: run.reason.clone().unwrap_or_default(),
        run: Some(entry.run.to_string()),
        new,
        known,
        fixed,
    };
    Some((verdict_path(digest), line(&verdict)))
}

/// Returns a value as one line of JSON. Every map in it has text for keys, so that it has such a form.
fn line(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = serde_json::to_vec(value).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}
