//! The ledger as a user of plain git reads it: no code of ours lies between the test and the ref.

use std::collections::BTreeSet;

use serde_json::Value;

use super::repository::TestRepo;

/// What every entry says.
const REQUIRED: [&str; 6] = ["v", "ulid", "ts", "kind", "run", "key"];

/// The entries of a ledger, oldest first.
#[derive(Debug)]
pub(crate) struct Ledger {
    entries: Vec<Value>,
}

impl Ledger {
    pub(super) fn read(repo: &TestRepo<'_>) -> Self {
        let export = repo.git(&["log", "--reverse", "--format=%(trailers:key=Orc-Entry,valueonly)", "refs/orc/ledger"]);
        let lines = export.lines().filter(|line| !line.is_empty());
        Self { entries: lines.map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e} in {line}"))).collect() }
    }

    /// Returns the entries, oldest first.
    pub(crate) fn entries(&self) -> &[Value] {
        &self.entries
    }

    /// Returns the entries of one kind, oldest first.
    pub(crate) fn of_kind(&self, kind: &str) -> Vec<&Value> {
        self.entries.iter().filter(|e| e["kind"] == kind).collect()
    }

    /// Fails when an entry lacks a required field, or when two entries have the same name or the same key in one run.
    pub(crate) fn assert_sound(&self) {
        let (mut names, mut keys) = (BTreeSet::new(), BTreeSet::new());
        for entry in &self.entries {
            for field in REQUIRED {
                assert!(!entry[field].is_null(), "no `{field}` in {entry}");
            }
            assert!(names.insert(entry["ulid"].to_string()), "two entries are named {}: {entry}", entry["ulid"]);
            let key = (entry["run"].to_string(), entry["key"].to_string());
            assert!(keys.insert(key), "recorded twice: {entry}");
        }
    }
}
