//! Ledgers that earlier versions wrote: they are never edited, and every later version must read them to the same end.

use git_orc::domain::id::ObjectId;
use git_orc::domain::ledger::codec::{from_json, to_json, to_message};
use git_orc::domain::ledger::entry::{Body, Entry};
use git_orc::domain::ledger::verify::{Chain, Link, Person};
use git_orc::domain::run::machine::apply;
use git_orc::domain::run::state::{RunState, RunStatus};
use jiff::Timestamp;

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

/// Puts the entries of a ledger into commits as the program writes them, and has the rules of the chain look at them.
fn chained(entries: &[Entry]) -> Chain {
    let mut chain = Chain::new("of nobody");
    let mut parent = None;
    for (number, entry) in entries.iter().enumerate() {
        let commit = ObjectId::from_bytes([u8::try_from(number % 251).unwrap() + 1; 20]);
        let tool = entry.event().and_then(|event| event.about().tool.cloned()).map_or_else(|| "Ada".to_owned(), |tool| tool.to_string());
        let time = Timestamp::from_second(entry.ts.as_second()).unwrap();
        let person = |name| Person { name, email: "a@b.c", time };
        let message = to_message(entry).unwrap();
        let link =
            Link { commit, parents: parent.as_slice(), author: person(&tool), committer: person("git-orc"), message: message.as_bytes() };
        assert_eq!(chain.take(&link), Some(entry.run));
        parent = Some(commit);
    }
    chain
}

#[test]
fn a_ledger_of_version_1_keeps_the_rules_of_the_chain() {
    let entries: Vec<Entry> = DEMO.lines().map(|line| from_json(line).unwrap()).collect();
    let chain = chained(&entries);
    assert_eq!(chain.flaws, []);
    assert_eq!((chain.entries, chain.unknown, chain.runs.len()), (entries.len() as u64, 0, 1));
    // The entries alone tell that two of them changed places, or that one is told twice.
    for at in (0..entries.len() - 1).step_by(9) {
        let mut swapped = entries.clone();
        swapped.swap(at, at + 1);
        let mut doubled = entries.clone();
        doubled.insert(at, entries[at].clone());
        assert!(!chained(&swapped).flaws.is_empty() && !chained(&doubled).flaws.is_empty(), "{}", entries[at].key);
    }
}
