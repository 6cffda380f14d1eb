//! Ledgers that earlier versions wrote: they are never edited, and every later version must read them to the same end.

use git_orc::domain::ledger::codec::{from_json, to_json};
use git_orc::domain::ledger::entry::Body;
use git_orc::domain::run::machine::apply;
use git_orc::domain::run::state::{RunState, RunStatus};

const DEMO: &str = include_str!("../../fixtures/ledgers/v1/demo.jsonl");

#[test]
fn a_ledger_of_version_1_folds_to_its_end() {
    let entries: Vec<_> = DEMO.lines().map(|line| from_json(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect();
    assert!(entries.len() > 100, "{} entries", entries.len());
    for (entry, line) in entries.iter().zip(DEMO.lines()) {
        assert!(matches!(entry.body, Body::Known(_)), "no longer understood: {line}");
        assert_eq!(to_json(entry).unwrap(), line, "what is written again must be what was read");
    }
    let mut state = RunState::new(entries[0].run);
    for entry in &entries {
        apply(&mut state, entry).unwrap_or_else(|e| panic!("{e}: {}", entry.key));
    }
    let ends: Vec<String> = state.workstreams.iter().map(|(id, one)| format!("{id} {}", one.status.word())).collect();
    assert_eq!(
        ends,
        [
            "calm quarantined",
            "french merged",
            "german merged",
            "italian merged",
            "shout merged",
            "spanish merged",
            "strict merged",
            "usage quarantined",
            "whisper merged"
        ]
    );
    assert_eq!(state.status, RunStatus::Failed);
}
