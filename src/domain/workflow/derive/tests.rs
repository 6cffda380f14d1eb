//! Histories of the shipped pipeline of roles, and that nothing comes out that it does not allow.

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use ulid::Ulid;

use super::{Besides, Derived, Places, Stand, derive};
use crate::domain::document::source::SourceFile;
use crate::domain::id::{EntryId, RunId, WorkstreamId};
use crate::domain::ledger::codec;
use crate::domain::ledger::entry::Entry;
use crate::domain::workflow::model::Workflow;
use crate::domain::workflow::parse::parse;

fn shipped() -> Workflow {
    let text = include_str!("../../../../config/pipelines/roles.yaml");
    parse(&SourceFile::new("roles.yaml", text)).unwrap().unwrap()
}

fn places(workflow: &Workflow) -> Places {
    let place = |(at, phase): (usize, &crate::domain::workflow::model::RolePhase)| (WorkstreamId::parse(&phase.id).unwrap(), at);
    workflow.phases.iter().enumerate().map(place).collect()
}

fn entries(events: &[Value]) -> Vec<Entry> {
    let entry = |(number, event): (usize, &Value)| {
        let event = serde_json::from_value(event.clone()).unwrap_or_else(|error| panic!("{event}: {error}"));
        codec::entry(EntryId::new(Ulid::from(number as u128)), Timestamp::UNIX_EPOCH, RunId::new(Ulid::from(1)), event)
    };
    events.iter().enumerate().map(entry).collect()
}

fn derived(events: &[Value]) -> Derived {
    let workflow = shipped();
    derive(&workflow, &places(&workflow), &entries(events))
}

fn started(phase: &str, role: &str) -> Value {
    json!({"step_started": {"workstream": phase, "step": role, "attempt": 1, "role": role, "index": 0, "rung": "same_tool"}})
}

fn ended(phase: &str, outcome: &str) -> Value {
    json!({"step_finished": {"workstream": phase, "step": "static", "attempt": 1, "outcome": outcome, "message": "", "duration_ms": 1}})
}

fn moved(kind: &str, phase: &str) -> Value {
    json!({kind: {"workstream": phase, "round": 0, "merge": "1".repeat(40)}})
}

fn run(kind: &str) -> Value {
    json!({kind: {"round": 0, "tip": "1".repeat(40)}})
}

fn resumed() -> Value {
    json!({"run_resumed": {"round": 1, "pid": 1, "version": "1"}})
}

fn reverted() -> Value {
    json!({"patch_reverted": {"workstream": "codegen", "step": "edit", "attempt": 1, "tool": "t", "patch": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "commit": "1".repeat(40), "files": 1, "insertions": 1, "deletions": 0}})
}

fn whole(phase: &str) -> Vec<Value> {
    vec![started(phase, "edit"), started(phase, "static"), moved("workstream_verified", phase), moved("workstream_merged", phase)]
}

fn states(found: &Derived) -> Vec<&str> {
    found.history.iter().map(|one| one.to.as_str()).collect()
}

#[test]
fn a_whole_pipeline_goes_through_every_state_and_back() {
    let mut events: Vec<Value> = shipped().phases.iter().flat_map(|phase| whole(&phase.id)).collect();
    events.push(run("run_completed"));
    let found = derived(&events);
    let expect = ["PLANNING", "AUDIT", "VALIDATION", "SYNTHESIS", "DEVELOPMENT", "TESTING", "DEPLOYMENT", "MONITORING", "IDLE"];
    assert_eq!(states(&found), expect);
    assert_eq!((found.refused.len(), found.active.len()), (0, 0));
    assert!(found.phases.iter().all(|stand| *stand == Stand::Merged));
}

#[test]
fn what_fails_in_tests_goes_back_to_development_while_it_is_mended() {
    let mut events: Vec<Value> = shipped().phases.iter().take_while(|phase| phase.id != "qa").flat_map(|phase| whole(&phase.id)).collect();
    events.extend([started("qa", "edit"), started("qa", "runtime"), ended("qa", "failed"), started("qa", "fix")]);
    let found = derived(&events);
    assert_eq!(states(&found)[4..], ["DEVELOPMENT", "TESTING", "DEVELOPMENT"]);
    assert!(found.active.contains("codegen_ai"), "{:?}", found.active);
    events.push(started("qa", "runtime"));
    assert_eq!(derived(&events).state(), "TESTING");
}

#[test]
fn a_block_ends_where_it_began() {
    let mut events = [whole("product-owner"), whole("planning")].concat();
    events.extend([started("auditor", "edit"), moved("workstream_paused", "auditor"), run("run_paused")]);
    let found = derived(&events);
    assert_eq!((found.state(), found.previous(), found.besides), ("BLOCKED", Some("AUDIT"), Besides::Paused));
    assert_eq!(found.phases[2], Stand::Blocked);
    events.extend([resumed(), started("auditor", "edit")]);
    let found = derived(&events);
    assert_eq!((found.state(), found.besides, found.refused.len()), ("AUDIT", Besides::Nothing, 0));
}

#[test]
fn while_one_is_blocked_the_whole_is() {
    let before = ["product-owner", "planning", "auditor", "verification", "synthesis", "codegen"];
    let mut events: Vec<Value> = before.iter().flat_map(|phase| whole(phase)).collect();
    events.extend([started("qa", "edit"), started("documentation", "edit"), moved("workstream_paused", "qa")]);
    events.push(started("documentation", "static"));
    assert_eq!(derived(&events).state(), "BLOCKED");
}

#[test]
fn what_a_person_leaves_out_blocks_nothing_any_more() {
    let before = ["product-owner", "planning", "auditor", "verification", "synthesis", "codegen"];
    let mut events: Vec<Value> = before.iter().flat_map(|phase| whole(phase)).collect();
    events.extend([started("qa", "edit"), moved("workstream_paused", "qa")]);
    let control =
        |verb: &str, phase: &str| json!({"controlled": {"round": 0, "verb": verb, "workstream": phase, "reason": "no", "who": "Ada"}});
    events.extend([control("skip", "qa"), control("skip", "codegen"), control("pause", "security")]);
    let found = derived(&events);
    let workflow = shipped();
    let stand = |phase: &str| found.phases[workflow.phases.iter().position(|one| one.id == phase).unwrap()];
    assert_eq!((stand("qa"), stand("codegen"), stand("security")), (Stand::Skipped, Stand::Merged, Stand::Open));
    assert_eq!(found.active.len(), 0, "{found:?}");
}

#[test]
fn what_is_taken_back_is_said_from_wherever_it_was() {
    for (before, expect) in [
        (vec![], vec!["ROLLBACK"]),
        (vec![started("product-owner", "edit")], vec!["PLANNING", "BLOCKED", "ROLLBACK"]),
        (vec![started("product-owner", "edit"), moved("workstream_paused", "product-owner")], vec!["PLANNING", "BLOCKED", "ROLLBACK"]),
    ] {
        let mut events = before;
        events.push(reverted());
        let found = derived(&events);
        assert_eq!((states(&found), found.refused.len()), (expect, 0));
        events.push(run("run_aborted"));
        assert_eq!(derived(&events).state(), "IDLE");
    }
}

#[test]
fn what_a_former_run_did_is_gone_through_again() {
    let workflow = shipped();
    let left: Places = places(&workflow).into_iter().filter(|(_, at)| workflow.phases[*at].id.as_str() >= "q").collect();
    assert_eq!(left.keys().map(WorkstreamId::as_str).collect::<Vec<_>>(), ["qa", "security", "synthesis", "verification"]);
    let left: Places = left.into_iter().filter(|(id, _)| id.as_str() == "qa").collect();
    let found = derive(&workflow, &left, &entries(&[started("qa", "edit")]));
    assert_eq!(states(&found), ["PLANNING", "AUDIT", "VALIDATION", "SYNTHESIS", "DEVELOPMENT", "TESTING"]);
    assert_eq!((found.refused.len(), found.phases[0]), (0, Stand::Merged));
}

#[test]
fn work_goes_on_after_something_was_taken_back() {
    let before = ["product-owner", "planning", "auditor", "verification", "synthesis", "codegen", "documentation", "security"];
    let mut events: Vec<Value> = before.iter().flat_map(|phase| whole(phase)).collect();
    events.extend([started("qa", "edit"), moved("workstream_paused", "qa"), run("run_paused")]);
    let mut undone = reverted();
    undone["patch_reverted"]["workstream"] = json!("documentation");
    events.push(undone.clone());
    assert_eq!(derived(&events).state(), "ROLLBACK");
    events.extend([resumed(), started("qa", "edit")]);
    let found = derived(&events);
    assert_eq!((found.state(), found.refused.len()), ("TESTING", 0));
    // What another workflow of the run takes back is not taken back here.
    undone["patch_reverted"]["workstream"] = json!("elsewhere");
    events.push(undone);
    assert_eq!(derived(&events).state(), "TESTING");
}

#[test]
fn a_phase_that_a_person_leaves_out_is_gone_through() {
    let mut events = [whole("product-owner"), whole("planning")].concat();
    events.extend([moved("workstream_skipped", "auditor"), started("verification", "edit")]);
    let found = derived(&events);
    assert_eq!((found.state(), found.refused.len()), ("VALIDATION", 0));
}

#[test]
fn a_person_takes_back_and_gives_up_where_no_state_says_so() {
    let text = "phases: [{id: one, role: a, state: WORK}]\nstates: {IDLE: {next: [WORK]}, WORK: {roles: [a], next: [BLOCKED]}, BLOCKED: {next: [previous, LAST]}, LAST: {next: [IDLE]}, PAUSED: {next: [previous]}}\n";
    let workflow = parse(&SourceFile::new("p.yaml", text)).unwrap().unwrap();
    let mut undone = reverted();
    undone["patch_reverted"]["workstream"] = json!("one");
    for end in [undone, run("run_aborted")] {
        let found = derive(&workflow, &places(&workflow), &entries(&[started("one", "edit"), end]));
        assert_eq!((found.state(), found.refused.len()), ("WORK", 0));
    }
}

#[test]
fn a_developer_mends_its_own_work_in_development() {
    let before = ["product-owner", "planning", "auditor", "verification", "synthesis"];
    let mut events: Vec<Value> = before.iter().flat_map(|phase| whole(phase)).collect();
    events.extend([started("codegen", "edit"), started("codegen", "static"), ended("codegen", "failed"), started("codegen", "fix")]);
    let found = derived(&events);
    assert_eq!((found.state(), found.active.iter().map(String::as_str).collect::<Vec<_>>()), ("DEVELOPMENT", vec!["codegen_ai"]));
}

#[test]
fn a_tool_that_fails_fails_no_gate() {
    let mut failed = ended("planning", "failed");
    let judged = [started("product-owner", "edit"), started("planning", "edit"), failed.clone()];
    assert_eq!(derived(&judged).phases[1], Stand::Failed);
    failed["step_finished"]["tool"] = json!("aider");
    assert_eq!(derived(&[started("product-owner", "edit"), started("planning", "edit"), failed]).phases[1], Stand::AtWork);
}

#[test]
fn a_leap_does_not_happen_and_is_told() {
    let found = derived(&[started("mlops", "edit")]);
    assert_eq!((found.state(), found.history.len()), ("IDLE", 0));
    assert_eq!((found.refused[0].from.as_str(), found.refused[0].to.as_str()), ("IDLE", "DEPLOYMENT"));
}

proptest! {
    /// Whatever stands in a ledger, each change of the state begins where the last one ended and is one that the workflow lists.
    #[test]
    fn only_allowed_transitions_come_out(picks in proptest::collection::vec((0_usize..12, 0_usize..12), 0..60)) {
        let workflow = shipped();
        let events: Vec<Value> = picks.iter().map(|(phase, what)| {
            let id = workflow.phases[*phase].id.as_str();
            match what {
                0 | 1 => started(id, "edit"),
                2 => started(id, "static"),
                3 => started(id, "fix"),
                4 => ended(id, "failed"),
                5 => moved("workstream_merged", id),
                6 => moved("workstream_paused", id),
                7 => moved("workstream_failed", id),
                8 => run("run_completed"),
                9 => resumed(),
                10 => reverted(),
                _ => run("run_aborted"),
            }
        }).collect();
        let found = derive(&workflow, &places(&workflow), &entries(&events));
        let (mut at, mut before): (String, Option<String>) = ("IDLE".to_owned(), None);
        for one in &found.history {
            prop_assert_eq!(&one.from, &at);
            prop_assert!(workflow.allows(&one.from, &one.to, before.as_deref()), "{:?} after {:?}", one, before);
            before = Some(std::mem::replace(&mut at, one.to.clone()));
        }
    }
}
