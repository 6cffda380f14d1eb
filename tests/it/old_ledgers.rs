//! Ledgers that earlier versions wrote: they are never edited, and every later version must read them to the same end.

use std::collections::BTreeSet;

use git_orc::domain::id::ObjectId;
use git_orc::domain::ledger::codec::{from_json, to_json, to_message};
use git_orc::domain::ledger::entry::{Body, Entry};
use git_orc::domain::ledger::verify::{Chain, Link, Person};
use git_orc::domain::policy::budget::Budgets;
use git_orc::domain::run::event::Event;
use git_orc::domain::run::machine::apply;
use git_orc::domain::run::state::{RunState, RunStatus};
use git_orc::domain::tool::usage::MicroUsd;
use jiff::Timestamp;

const DEMO: &str = include_str!("../../fixtures/ledgers/v1/demo.jsonl");
/// A run in which tools failed in several ways, were routed, and a budget came to its end.
const ROUTING: &str = include_str!("../../fixtures/ledgers/v1/routing.jsonl");

/// A fluid run: steps that were not due, a check that was mended, an artifact that was approved, settings that were read again, needs that were
/// not met.
const PHASES: &str = include_str!("../../fixtures/ledgers/v1/phases.jsonl");

/// Reads a ledger whose every entry is understood and written again as it was, and folds it.
fn folded(ledger: &str) -> (Vec<Entry>, RunState) {
    let entries: Vec<_> = ledger.lines().map(|line| from_json(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect();
    for (entry, line) in entries.iter().zip(ledger.lines()) {
        assert!(matches!(entry.body, Body::Known(_)), "no longer understood: {line}");
        assert_eq!(to_json(entry).unwrap(), line, "what is written again must be what was read");
    }
    let mut state = RunState::new(entries[0].run);
    for entry in &entries {
        apply(&mut state, entry).unwrap_or_else(|e| panic!("{e}: {}", entry.key));
    }
    (entries, state)
}

#[test]
fn a_ledger_of_version_1_folds_to_its_end() {
    let (entries, state) = folded(DEMO);
    assert!(entries.len() > 100, "{} entries", entries.len());
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

#[test]
fn how_tools_were_chosen_and_what_was_spent_is_read_again() {
    let (entries, state) = folded(ROUTING);
    let kinds: BTreeSet<&str> = entries.iter().filter_map(Entry::event).map(Event::kind).collect();
    for kind in ["tool_routed", "budget_warned", "budget_set", "escalated", "breaker_opened", "breaker_closed", "run_paused", "run_halted"]
    {
        assert!(kinds.contains(kind), "no {kind} in {kinds:?}");
    }
    assert_eq!(state.status, RunStatus::Completed);
    let tools: Vec<_> = state.tools.iter().map(|(tool, one)| format!("{tool} {} of {}", one.passed, one.attempts)).collect();
    // Limits are no attempts.
    assert_eq!(tools, ["one 1 of 5", "two 2 of 3"]);
    let total = state.purse.total();
    assert_eq!((state.purse.attempts, total.micro_usd, total.tokens), (3, MicroUsd(1_020_000), 3_080));
    assert_eq!(state.purse.budgets(Budgets::default()).run.usd, Some(MicroUsd(10_000_000)));
    assert_eq!(state.purse.warned, ["run/all/usd/500000", "run/all/usd/900000"]);
    assert_eq!(
        state.escalated,
        ["breaker_open/one/1", "budget_spent/run/1", "budget_spent/run/2", "tool_unusable/two/3", "tool_unusable/one/3", "safe_mode/run/3"]
    );
    assert_eq!(state.choices.iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>(), ["mending 1", "writing 8"]);
    let classes: Vec<_> = entries
        .iter()
        .filter_map(|entry| match entry.event() {
            Some(Event::StepFinished(finished)) => Some(finished.failure.as_ref().map_or("passed", |failure| failure.class.name())),
            _ => None,
        })
        .collect();
    assert_eq!(classes, ["server", "server", "server", "passed", "passed", "rate_limit", "auth", "auth", "passed"]);
}

#[test]
fn phases_and_what_a_fluid_run_read_again_are_read_again() {
    let (entries, state) = folded(PHASES);
    let kinds: BTreeSet<&str> = entries.iter().filter_map(Entry::event).map(Event::kind).collect();
    for kind in ["settings_reread", "workstream_skipped", "decision_made"] {
        assert!(kinds.contains(kind), "no {kind} in {kinds:?}");
    }
    let ends: Vec<String> = state.workstreams.iter().map(|(id, one)| format!("{id} {}", one.status.word())).collect();
    assert_eq!((state.status, ends), (RunStatus::Failed, ["a merged", "b skipped", "c failed"].map(str::to_owned).to_vec()));
    let phased = |id: &str| &state.workstreams.iter().find(|(name, _)| name.as_str() == id).unwrap().1.phased;
    let ended: Vec<String> = phased("a").ended.iter().map(|(step, ended)| format!("{step} {ended:?}")).collect();
    assert_eq!(ended, ["last Passed", "last-check Passed", "page Passed", "page-check Mended", "poem Skipped", "poem-check Skipped"]);
    assert_eq!(phased("a").issues.iter().map(|kind| kind.word()).collect::<Vec<_>>(), ["insufficient_detail"]);
    assert_eq!(phased("c").lacks.as_deref(), Some("what it needs is not there: there is no file `c/missing.txt`"));
    assert_eq!((state.reread.wave, state.reread.max_workers), (2, Some(3)));
    assert_eq!(state.purse.budgets(Budgets::default()).run.usd, Some(MicroUsd(5_000_000)));
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
    for ledger in [DEMO, ROUTING, PHASES] {
        keeps_the_rules(&folded(ledger).0);
    }
}

fn keeps_the_rules(entries: &[Entry]) {
    let chain = chained(entries);
    assert_eq!(chain.flaws, []);
    assert_eq!((chain.entries, chain.unknown, chain.runs.len()), (entries.len() as u64, 0, 1));
    // The entries alone tell that two of them changed places, or that one is told twice.
    for at in (0..entries.len() - 1).step_by(9) {
        let mut swapped = entries.to_vec();
        swapped.swap(at, at + 1);
        let mut doubled = entries.to_vec();
        doubled.insert(at, entries[at].clone());
        assert!(!chained(&swapped).flaws.is_empty() && !chained(&doubled).flaws.is_empty(), "{}", entries[at].key);
    }
}
