//! Ledgers that earlier versions wrote: they are never edited, and every later version must read them to the same end.

use std::collections::BTreeSet;

use git_orc::domain::id::ObjectId;
use git_orc::domain::ledger::codec::{from_json, to_json, to_message};
use git_orc::domain::ledger::entry::{Body, Entry};
use git_orc::domain::ledger::verify::{Chain, Link, Person};
use git_orc::domain::policy::budget::Budgets;
use git_orc::domain::report::goals::{effects_of, report};
use git_orc::domain::run::event::Event;
use git_orc::domain::run::machine::apply;
use git_orc::domain::run::rollback::ActionStand;
use git_orc::domain::run::rollback_wording::revert_words;
use git_orc::domain::run::state::{PatchStatus, RunState, RunStatus};
use git_orc::domain::tool::usage::MicroUsd;
use jiff::Timestamp;

const DEMO: &str = include_str!("../../fixtures/ledgers/v1/demo.jsonl");
/// A run in which tools failed in several ways, were routed, and a budget came to its end.
const ROUTING: &str = include_str!("../../fixtures/ledgers/v1/routing.jsonl");
/// A run that was undone bit by bit after its end: a gate refused it once, a patch went by itself, an action failed.
const ROLLBACK: &str = include_str!("../../fixtures/ledgers/v1/rollback.jsonl");

/// A fluid run: steps that were not due, a check that was mended, an artifact that was approved, settings that were read again, needs that were
/// not met.
const PHASES: &str = include_str!("../../fixtures/ledgers/v1/phases.jsonl");

/// A run that was told everything that can be told, while it was driven and while it was not.
const CONTROL: &str = include_str!("../../fixtures/ledgers/v1/control.jsonl");

/// A run in which goals were pursued: one workstream was left at its best, another failed without a goal that was required.
const GOALS: &str = include_str!("../../fixtures/ledgers/v1/goals.jsonl");

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
fn what_was_undone_is_read_again() {
    let (entries, state) = folded(ROLLBACK);
    assert_eq!(state.status, RunStatus::Completed, "a run that is over stays as it ended");
    let ends: Vec<String> = state.workstreams.iter().map(|(id, one)| format!("{id} {}", one.status.word())).collect();
    assert_eq!(ends, ["form reverted", "guest reverted", "link reverted"]);
    assert!(state.workstreams.values().flat_map(|one| &one.patches).filter(|patch| patch.status == PatchStatus::Reverted).count() == 4);
    let done = &state.rollbacks.done;
    let undone: Vec<Vec<String>> = done.iter().map(|one| one.reverts.iter().map(revert_words).collect()).collect();
    assert_eq!(undone, [vec!["guest".to_owned()], vec!["link".to_owned(), "form (patch 39ee94189d)".to_owned()], vec!["form".to_owned()]]);
    assert_eq!(state.tip, done[2].new);
    let stands: Vec<_> = done[2].compensations.iter().map(|action| state.rollbacks.stand(done[2].new, action)).collect();
    assert!(matches!(stands[..], [Some(ActionStand::Passed), Some(ActionStand::Failed { .. }), None, None]), "{stands:?}");
    assert!(done[2].compensations[3].argv.is_empty(), "prose has no words");
    let dropped = entries.iter().filter_map(Entry::event).filter(|event| event.kind() == "rollback_dropped").count();
    assert_eq!((dropped, state.rollbacks.prepared.is_none()), (1, true));
    let landed = entries.iter().position(|entry| matches!(entry.event(), Some(Event::RolledBack(_)))).unwrap();
    let mut state = RunState::new(entries[0].run);
    for entry in &entries[..landed - 1] {
        apply(&mut state, entry).unwrap();
    }
    assert!(apply(&mut state, &entries[landed]).is_err(), "nothing lands that was not prepared");
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

#[test]
fn what_people_told_a_run_is_read_again() {
    let (entries, state) = folded(CONTROL);
    let told = entries.iter().filter_map(|entry| match entry.event() {
        Some(Event::Controlled(control)) => Some(control.what()),
        _ => None,
    });
    let expect = [
        "override a",
        "retry c",
        "skip d",
        "pause b",
        "resume b",
        "halt b",
        "resume b",
        "override e",
        "retry b",
        "pause the run",
        "halt the run",
    ];
    assert_eq!(told.collect::<Vec<_>>(), expect);
    assert_eq!((state.status, state.control.count, state.control.ignored.len()), (RunStatus::Completed, 11, 0));
    let answered: Vec<String> = state.workstreams.values().flat_map(|one| one.control.answered_for()).collect();
    assert_eq!(
        answered,
        [
            "static on d2f313a26a overridden by Ada Example <ada@example.org>: the check is wrong",
            "without d overridden by Ada Example <ada@example.org>: it needs nothing of it"
        ]
    );
    let ends: Vec<String> = state.workstreams.iter().map(|(id, one)| format!("{id} {}", one.status.word())).collect();
    assert_eq!(ends, ["a merged", "b merged", "c merged", "d skipped", "e merged"]);
}

#[test]
fn what_was_measured_of_goals_is_read_again() {
    let (entries, state) = folded(GOALS);
    let kinds: BTreeSet<&str> = entries.iter().filter_map(Entry::event).map(Event::kind).collect();
    for kind in ["goals_measured", "goal_round", "goals_settled", "patch_superseded"] {
        assert!(kinds.contains(kind), "no {kind} in {kinds:?}");
    }
    assert_eq!(state.status, RunStatus::Failed);
    let told: Vec<String> = state.workstreams.values().filter_map(|one| one.goals.told()).collect();
    assert_eq!(
        told,
        [
            "0 of 2 goals met; size 70 of 100, broken not measured, at most 0 (2 rounds brought no progress)",
            "0 of 1 goal met; size 2 of 3 (1 round may be made)"
        ]
    );
    let book = state.workstreams.values().next().unwrap();
    let scores: Vec<String> = book.goals.measured.iter().map(|one| one.score.to_string()).collect();
    assert_eq!(scores, ["0.27", "0.47", "0.03", "0.03"]);
    assert_eq!(book.tip, book.goals.best().map(|best| best.commit));
    let report = report(&entries);
    let kept: Vec<_> =
        report.workstreams.iter().map(|one| one.rounds.iter().filter(|row| row.kept).map(|row| row.round).collect::<Vec<_>>()).collect();
    assert_eq!(kept.iter().map(Vec::len).collect::<Vec<_>>(), [1, 1]);
    let effects = effects_of(&entries);
    let rounds = |measure: &str| effects.0[measure].values().map(|effect| effect.rounds).sum::<u32>();
    assert_eq!((rounds("words"), rounds("number")), (2, 2));
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
    for ledger in [DEMO, ROUTING, ROLLBACK, PHASES, CONTROL, GOALS] {
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
