//! `patch_ledger.jsonl`: every patch of a run and the states that it went through.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::export::SCHEMA_VERSION;
use super::patch_history::{PatchStand, patch_histories};
use crate::domain::id::PatchId;
use crate::domain::ledger::entry::Entry;
use crate::domain::run::event::Event;
use crate::domain::run::fact::PatchCreated;

/// The files that patches change, as far as their commits are still there.
pub type PatchFiles = BTreeMap<PatchId, Vec<String>>;

/// One patch.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct PatchLine {
    /// The version of this format.
    pub schema_version: u32,
    /// The patch.
    pub patch_id: String,
    /// The run.
    pub run_id: String,
    /// The workstream.
    pub ws_id: String,
    /// The step that made it.
    pub step_name: String,
    /// The attempt that made it.
    pub attempt: u32,
    /// The tool that made it.
    pub tool_id: String,
    /// Its commit; `git show COMMIT` prints the patch.
    pub commit: String,
    /// The parent of its commit.
    pub base_commit: String,
    /// The original system kept patches as files; here a patch is a commit, so there is none.
    pub patch_file: Option<String>,
    /// The digest of what it changes, equal for equal changes.
    pub diff_hash: String,
    /// The files that it changes; nothing when its commit is no longer there.
    pub files_modified: Option<Vec<String>>,
    /// How many files it changes.
    pub file_count: u32,
    /// How many lines it adds and removes.
    pub line_count: u32,
    /// How many lines it adds.
    pub line_insertions: u32,
    /// How many lines it removes.
    pub line_deletions: u32,
    /// When it was captured.
    #[schemars(with = "String")]
    pub created_at: Timestamp,
    /// Where it stands.
    pub state: String,
    /// Why it stands there.
    pub reason: Option<String>,
    /// Whether it was within its scope and its paths were sound.
    pub validated: bool,
    /// Whether it was the tip of its workstream.
    pub applied: bool,
    /// The merge commit that took it in.
    pub merge_commit: Option<String>,
    /// The states that it went through, the first one first.
    pub state_history: Vec<PatchState>,
}

/// One state of a patch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PatchState {
    /// The state.
    pub state: String,
    /// When it got there.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// Why.
    pub reason: Option<String>,
}

/// Returns the patches of a run, oldest first.
#[must_use]
pub fn patch_lines(entries: &[Entry], files: &PatchFiles) -> Vec<PatchLine> {
    let histories = patch_histories(entries);
    let history = |patch: &PatchCreated| histories.get(&patch.patch).cloned().unwrap_or_default();
    entries.iter().filter_map(|entry| created(entry).map(|patch| line(history(patch), (entry, patch), files))).collect()
}

/// Returns the patch that an entry captured.
#[must_use]
pub fn created(entry: &Entry) -> Option<&PatchCreated> {
    match entry.event() {
        Some(Event::PatchCreated(patch)) => Some(patch),
        _ => None,
    }
}

fn line(history: Vec<PatchStand>, (entry, patch): (&Entry, &PatchCreated), files: &PatchFiles) -> PatchLine {
    let was = |state: &str| history.iter().any(|stand| stand.state == state);
    let last = history.last();
    PatchLine {
        schema_version: SCHEMA_VERSION,
        patch_id: patch.patch.to_string(),
        run_id: entry.run.to_string(),
        ws_id: patch.workstream.to_string(),
        step_name: patch.step.to_string(),
        attempt: patch.attempt,
        tool_id: patch.tool.to_string(),
        commit: patch.commit.to_string(),
        base_commit: patch.parent.to_string(),
        patch_file: None,
        diff_hash: patch.digest.clone(),
        files_modified: files.get(&patch.patch).cloned(),
        file_count: patch.files,
        line_count: patch.insertions.saturating_add(patch.deletions),
        line_insertions: patch.insertions,
        line_deletions: patch.deletions,
        created_at: entry.ts,
        state: last.map(|stand| stand.state.clone()).unwrap_or_default(),
        reason: last.and_then(|stand| stand.reason.clone()),
        validated: was("validated"),
        applied: was("applied"),
        merge_commit: history.iter().find_map(|stand| stand.merge).map(|merge| merge.to_string()),
        state_history: history.into_iter().map(|stand| PatchState { state: stand.state, at: stand.time, reason: stand.reason }).collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use ulid::Ulid;

    use super::*;
    use crate::domain::id::{EntryId, RunId};
    use crate::domain::ledger::codec;

    fn entries(moves: &[&str]) -> Vec<Entry> {
        let patch = |more: serde_json::Value| {
            let mut value = json!({"workstream": "a", "step": "edit", "attempt": 2, "tool": "t", "patch": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
                "commit": "1".repeat(40), "files": 1, "insertions": 2, "deletions": 1});
            value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            value
        };
        let created = patch(json!({"parent": "2".repeat(40), "tree": "3".repeat(40), "digest": "d", "origin": "worktree"}));
        let moved = moves.iter().map(|kind| json!({*kind: patch(json!({"reason": "why", "merge": null}))}));
        let events = std::iter::once(json!({"patch_created": created})).chain(moved);
        let told = |(at, event): (i64, serde_json::Value)| {
            let event = serde_json::from_value(event).unwrap();
            codec::entry(EntryId::new(Ulid::from(1)), Timestamp::from_second(at).unwrap(), RunId::new(Ulid::from(1)), event)
        };
        (0..).zip(events).map(told).collect()
    }

    #[test]
    fn a_patch_is_a_line_with_its_history() {
        let check = |moves: &[&str], state: &str, validated: bool, applied: bool| {
            let lines = patch_lines(&entries(moves), &PatchFiles::new());
            let [line] = lines.as_slice() else { panic!("{lines:?}") };
            assert_eq!((line.state.as_str(), line.validated, line.applied), (state, validated, applied));
            assert_eq!((line.state_history.len(), line.line_count, &line.files_modified), (moves.len() + 1, 3, &None));
        };
        check(&[], "created", false, false);
        check(&["patch_rejected"], "rejected", false, false);
        check(&["patch_validated", "patch_applied"], "applied", true, true);
        check(&["patch_validated", "patch_quarantined"], "quarantined", true, false);
        let files = PatchFiles::from([(PatchId::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap(), vec!["x".to_owned()])]);
        let lines = patch_lines(&entries(&["patch_dropped"]), &files);
        assert_eq!((lines[0].files_modified.as_deref(), lines[0].reason.as_deref()), (Some(&["x".to_owned()][..]), Some("why")));
    }
}
