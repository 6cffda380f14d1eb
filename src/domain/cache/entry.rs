//! What is kept of a result: where it came from, what it is known by, and what it changed. A stored format, read strictly: an entry of another
//! version is no entry.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::key::Components;
use crate::domain::id::{Attempt, ObjectId, RunId, ToolId};

/// How long a result may be used again where nobody says otherwise, in seconds.
pub const DEFAULT_TTL_SEC: u64 = 1800;
/// The version of the format.
const VERSION: u32 = 1;
/// By how much the clocks of those who write may differ, in seconds.
const SKEW_SEC: i64 = 60;

/// What a cached result is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A step that changes files.
    Change,
    /// A check that passed.
    Check,
    /// A gate that passed.
    Gate,
}

/// A file: what stands at a path of a tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileState {
    /// Its mode, in octal digits.
    pub mode: String,
    /// Its object.
    pub id: ObjectId,
}

/// A path that a result changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileChange {
    /// The path.
    pub path: String,
    /// What stood there.
    pub old: Option<FileState>,
    /// What stands there since.
    pub new: Option<FileState>,
}

/// Where a result came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The run.
    pub run: RunId,
    /// The workstream; a gate has none.
    pub workstream: Option<String>,
    /// The step, or the gate.
    pub step: String,
    /// The attempt.
    pub attempt: Attempt,
    /// The tool, for steps that change files.
    pub tool: Option<ToolId>,
}

/// A result that may be used again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CacheEntry {
    v: u32,
    /// What it is for.
    pub kind: Kind,
    /// What it is known by.
    pub components: Components,
    /// Where it came from.
    pub source: Source,
    /// When it was kept.
    pub at: Timestamp,
    /// Until when it may be used.
    pub expires: Timestamp,
    /// The tree that it started from.
    pub input: ObjectId,
    /// The tree that it left.
    pub result: ObjectId,
    /// The digest of the files that it starts from without those that it changed, where only some files count.
    pub rest: Option<String>,
    /// What it changed.
    pub changes: Vec<FileChange>,
}

/// What is new about an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEntry {
    /// What it is for.
    pub kind: Kind,
    /// What it is known by.
    pub components: Components,
    /// Where it came from.
    pub source: Source,
    /// The tree that it started from.
    pub input: ObjectId,
    /// The tree that it left.
    pub result: ObjectId,
    /// The digest of the other files.
    pub rest: Option<String>,
    /// What it changed.
    pub changes: Vec<FileChange>,
}

impl CacheEntry {
    /// Returns an entry of this version.
    #[must_use]
    pub fn new(new: NewEntry, (at, expires): (Timestamp, Timestamp)) -> Self {
        let NewEntry { kind, components, source, input, result, rest, changes } = new;
        Self { v: VERSION, kind, components, source, at, expires, input, result, rest, changes }
    }

    /// Reads an entry; `None` for what is no entry of this version, or is not the one that is found by this key.
    #[must_use]
    pub fn read(key: &str, text: &str) -> Option<Self> {
        let entry: Self = serde_json::from_str(text).ok()?;
        (entry.v == VERSION && entry.components.key() == key).then_some(entry)
    }

    /// Returns whether it may no longer be used. A clock that was put back makes nothing fresh again.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.expires || now.duration_since(self.at).as_secs() < -SKEW_SEC
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Returns an entry that was kept at second 100 and may be used for 50 seconds.
    pub(crate) fn entry(what: &str) -> CacheEntry {
        let text = |text: &str| text.to_owned();
        let components = Components {
            what: text(what),
            prompt: text("p"),
            profile: text("f"),
            model: text("m"),
            settings: text("s"),
            inputs: text("i"),
        };
        let source = Source { run: RunId::NONE, workstream: Some(text("a")), step: text("edit"), attempt: 1, tool: None };
        let id = |byte| ObjectId::from_bytes([byte; 20]);
        let file = |byte| Some(FileState { mode: text("100644"), id: id(byte) });
        let changes = vec![
            FileChange { path: text("a/new"), old: None, new: file(1) },
            FileChange { path: text("a/old"), old: file(2), new: file(3) },
            FileChange { path: text("a/gone"), old: file(4), new: None },
        ];
        let at = |second| Timestamp::from_second(second).unwrap();
        let new = NewEntry { kind: Kind::Change, components, source, input: id(5), result: id(6), rest: Some(text("r")), changes };
        CacheEntry::new(new, (at(100), at(150)))
    }

    #[test]
    fn what_was_written_is_read_and_nothing_else() {
        let entry = entry("edit a edit");
        let (key, text) = (entry.components.key(), serde_json::to_string(&entry).unwrap());
        assert_eq!(CacheEntry::read(&key, &text), Some(entry));
        let refused = |key: &str, text: &str| assert_eq!(CacheEntry::read(key, text), None, "{text}");
        refused(&"0".repeat(64), &text);
        refused(&key, &text.replace("\"v\":1", "\"v\":2"));
        refused(&key, &text.replace("\"v\":1", "\"v\":1,\"more\":1"));
        refused(&key, &text.replace("\"prompt\":\"p\"", "\"prompt\":\"q\""));
        refused(&key, &text[..text.len() - 1]);
        refused(&key, "");
    }

    #[test]
    fn time_runs_out() {
        let entry = entry("edit a edit");
        for (second, expect) in [(39, true), (40, false), (100, false), (149, false), (150, true)] {
            assert_eq!(entry.is_expired(Timestamp::from_second(second).unwrap()), expect, "{second}");
        }
    }
}
