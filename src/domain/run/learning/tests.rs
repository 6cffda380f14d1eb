//! Small histories, and what they teach.

use jiff::Timestamp;
use ulid::Ulid;

use super::*;
use crate::domain::id::EntryId;
use crate::domain::ledger::codec;
use crate::domain::tool::failure::FailureClass;

/// One attempt: step, role, rung, tool, outcome, failure.
type Attempt<'a> = (&'a str, StepRole, Rung, Option<&'a str>, StepOutcome, Option<FailureClass>);

fn entries(run: u128, attempts: &[Attempt<'_>]) -> Vec<Entry> {
    let entry = |event| codec::entry(EntryId::new(Ulid::from(1)), Timestamp::UNIX_EPOCH, RunId::new(Ulid::from(run)), event);
    let both = |(step, role, rung, tool, outcome, failure): &Attempt<'_>| {
        let (workstream, step) = (WorkstreamId::parse("ws").unwrap(), step.parse().unwrap());
        let tool = tool.map(|tool| ToolId::parse(tool).unwrap());
        let started =
            StepStarted { workstream, step, attempt: 1, role: *role, index: 0, tool, rung: *rung, of: None, sandbox: None, network: None };
        let finished = StepFinished {
            workstream: started.workstream.clone(),
            step: started.step.clone(),
            attempt: 1,
            tool: started.tool.clone(),
            outcome: *outcome,
            message: String::new(),
            notes: Vec::new(),
            tool_fault: false,
            exit_code: None,
            duration_ms: 1,
            output: None,
            findings: Vec::new(),
            review: None,
            failure: failure.map(Failure::of),
            usage: None,
        };
        [entry(Event::StepStarted(started)), entry(Event::StepFinished(finished))]
    };
    attempts.iter().flat_map(both).collect()
}

fn check(attempts: &[Attempt<'_>], expect: &[&str]) {
    let lessons = learn(&entries(1, attempts));
    let mut told = Vec::new();
    for (tool, troubles) in &lessons.of {
        for (trouble, ways) in troubles {
            told.extend(ways.iter().map(|(way, tried)| format!("{tool} {trouble} {way:?} {} of {}", tried.helped, tried.tried)));
        }
    }
    assert_eq!(told, expect);
}

use FailureClass::{RateLimit, Server};
use Rung::{NextTool, ReducedContext, SameTool};
use StepOutcome::{Cancelled, Failed, NoChange, Passed, Skipped};
use StepRole::{Edit, Fix, Static};

#[test]
fn every_way_is_counted_by_who_had_the_trouble() {
    let one = |rung, outcome, failure| ("edit", Edit, rung, Some("one"), outcome, failure);
    check(&[one(SameTool, Failed, Some(Server)), one(SameTool, Passed, None)], &["one server Again 1 of 1"]);
    check(
        &[
            one(SameTool, Failed, Some(Server)),
            one(SameTool, Failed, Some(Server)),
            one(ReducedContext, NoChange, None),
            ("edit", Edit, NextTool, Some("two"), Passed, None),
        ],
        &["one no_change NextTool 1 of 1", "one server Again 0 of 1", "one server LessContext 0 of 1"],
    );
    check(&[one(SameTool, Passed, None), one(SameTool, Passed, None)], &[]);
}

#[test]
fn whether_a_fix_helped_is_for_the_check_to_say() {
    let edit = ("edit", Edit, SameTool, Some("one"), Passed, None);
    let fix = |rung, tool, outcome| ("fix", Fix, rung, Some(tool), outcome, None);
    let tested = |outcome| ("static", Static, SameTool, None, outcome, None);
    check(&[edit, tested(Failed), fix(SameTool, "one", Passed), tested(Passed)], &["one check Again 1 of 1"]);
    check(
        &[
            edit,
            tested(Failed),
            fix(SameTool, "one", NoChange),
            fix(ReducedContext, "one", Passed),
            tested(Failed),
            fix(NextTool, "two", Passed),
            tested(Passed),
        ],
        &["one check Again 0 of 1", "one check LessContext 0 of 1", "one check NextTool 1 of 1"],
    );
    // Fixers are no tool that was asked.
    check(
        &[edit, tested(Failed), fix(SameTool, "fixers", Passed), tested(Failed), fix(SameTool, "one", Passed), tested(Passed)],
        &["one check Again 1 of 1"],
    );
}

#[test]
fn what_was_cut_short_waited_or_was_skipped_teaches_nothing() {
    let one = |outcome, failure| ("edit", Edit, SameTool, Some("one"), outcome, failure);
    check(&[one(Failed, Some(RateLimit)), one(Passed, None)], &[]);
    check(&[one(Failed, Some(Server)), one(Cancelled, None), one(Passed, None)], &["one server Again 1 of 1"]);
    check(&[one(Failed, Some(Server)), one(Failed, Some(RateLimit)), one(Passed, None)], &["one server Again 1 of 1"]);
    check(&[("edit", Edit, SameTool, None, Skipped, None)], &[]);
    // Runs know nothing of each other.
    let (first, second) = (entries(1, &[one(Failed, Some(Server))]), entries(2, &[one(Passed, None)]));
    assert_eq!(learn(first.iter().chain(&second)), Lessons::default());
}
