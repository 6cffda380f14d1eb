//! Episodes, records and patterns of small histories.

use ulid::Ulid;

use super::*;
use crate::domain::id::EntryId;
use crate::domain::ledger::codec;
use crate::domain::phase::issue::{Issue, IssueKind, IssueSeverity};
use crate::domain::phase::judge::finding;
use crate::domain::run::fact::{Rung, WorkstreamMoved};

struct History {
    run: u128,
    entries: Vec<Entry>,
}

impl History {
    fn push(&mut self, event: Event) {
        let ts = Timestamp::from_second(i64::try_from(self.entries.len()).unwrap()).unwrap();
        self.entries.push(codec::entry(EntryId::new(Ulid::from(1)), ts, RunId::new(Ulid::from(self.run)), event));
    }

    fn step(&mut self, step: &str, role: StepRole, tool: Option<&str>, outcome: StepOutcome) -> &mut Self {
        let (workstream, id) = (ws(), StepId::parse(step).unwrap());
        let tool = tool.map(|tool| ToolId::parse(tool).unwrap());
        let lacks = role == Static && outcome == Failed;
        let issue = Issue {
            kind: IssueKind::InsufficientDetail,
            severity: IssueSeverity::Major,
            path: Some("plan.md".to_owned()),
            message: "too short".to_owned(),
            condition: None,
        };
        self.push(Event::StepStarted(StepStarted {
            workstream: workstream.clone(),
            step: id.clone(),
            attempt: 1,
            role,
            index: 0,
            tool: tool.clone(),
            rung: Rung::SameTool,
            of: None,
            sandbox: None,
            network: None,
        }));
        self.push(Event::StepFinished(StepFinished {
            workstream,
            step: id,
            attempt: 1,
            tool,
            outcome,
            message: format!("{step} {outcome:?}"),
            notes: Vec::new(),
            tool_fault: false,
            exit_code: None,
            duration_ms: 100,
            output: None,
            findings: lacks.then(|| finding(&issue)).into_iter().collect(),
            review: None,
            failure: None,
            usage: None,
            cached: false,
        }));
        self
    }

    fn failed(&mut self) -> &mut Self {
        self.push(Event::WorkstreamFailed(WorkstreamMoved { reason: Some("spent".to_owned()), ..WorkstreamMoved::new(ws(), 0) }));
        self
    }
}

fn ws() -> WorkstreamId {
    WorkstreamId::parse("ws").unwrap()
}

fn history(run: u128) -> History {
    History { run, entries: Vec::new() }
}

use StepOutcome::{Failed, Interrupted, NoChange, Passed};
use StepRole::{Edit, Fix, Static};

#[test]
fn what_was_mended_and_what_was_given_up() {
    let mut mended = history(1);
    mended.step("plan", Edit, Some("one"), Passed).step("plan-check", Static, None, Failed);
    mended.step("fix", Fix, Some("one"), Passed).step("plan-check", Static, None, Interrupted).step("plan-check", Static, None, Passed);
    let mut lost = history(2);
    lost.step("plan", Edit, Some("one"), Passed).step("plan-check", Static, None, Failed);
    lost.step("fix", Fix, Some("two"), Passed).step("plan-check", Static, None, Failed).failed();
    let all = episodes(mended.entries.iter().chain(&lost.entries));
    let told: Vec<_> = all.iter().map(|one| (one.outcome, one.attempts, one.fixes, one.duration_ms, one.message.as_str())).collect();
    assert_eq!(told, [(Outcome::Mended, 3, 1, 300, "plan-check Failed"), (Outcome::GivenUp, 3, 1, 300, "spent")]);
    let records = records(&all);
    assert_eq!(records.len(), 1);
    assert_eq!((records[0].phase.as_str(), records[0].issues[0].kind.as_str()), ("plan", "insufficient_detail"));
    assert_eq!(records[0].file(), format!("{}-ws+plan-check.json", RunId::new(Ulid::from(2)).lower()));
    assert_eq!(records[0].tools.iter().map(ToolId::as_str).collect::<Vec<_>>(), ["one", "two"]);
    let told: Vec<_> = patterns(&all)
        .iter()
        .map(|one| {
            format!(
                "{} {} {}: {}, {} mended after {}, {} given up",
                one.phase,
                one.tool.as_ref().unwrap(),
                one.kind,
                one.count,
                one.mended,
                one.mended_after_tenths,
                one.given_up
            )
        })
        .collect();
    assert_eq!(
        told,
        ["plan one insufficient_detail: 1, 1 mended after 10, 0 given up", "plan two insufficient_detail: 1, 0 mended after 0, 1 given up"]
    );
}

#[test]
fn edits_that_fail_are_told_by_how_they_failed() {
    let mut history = history(1);
    history.step("edit", Edit, Some("one"), NoChange).step("edit", Edit, Some("one"), Failed).step("edit", Edit, Some("one"), Passed);
    let all = episodes(&history.entries);
    assert_eq!((all.len(), all[0].outcome, all[0].attempts), (1, Outcome::Mended, 3));
    assert_eq!(all[0].kinds.iter().map(String::as_str).collect::<Vec<_>>(), ["failed", "no_change"]);
    assert_eq!(patterns(&all)[0].mended_after_tenths, 20);
    assert!(records(&all).is_empty());
}

#[test]
fn what_passes_is_no_episode_and_of_two_endings_the_newest_counts() {
    let mut history = history(1);
    history.step("edit", Edit, Some("one"), Passed).step("static", Static, None, Passed);
    assert!(episodes(&history.entries).is_empty());
    history.step("edit", Edit, Some("one"), Failed).failed();
    history.step("edit", Edit, Some("one"), NoChange).failed();
    let all = episodes(&history.entries);
    assert_eq!(all.len(), 2);
    assert_eq!(records(&all).iter().map(|one| one.issues[0].kind.as_str()).collect::<Vec<_>>(), ["no_change"]);
}

#[test]
fn records_of_other_workstreams_never_have_the_same_file() {
    let mut lost = history(1);
    lost.step("plan-check", Static, None, Failed).failed();
    let episode = episodes(&lost.entries).remove(0);
    let of = |workstream: &str, step: &str| Episode {
        workstream: WorkstreamId::parse(workstream).unwrap(),
        step: StepId::parse(step).unwrap(),
        ..episode.clone()
    };
    let found = records(&[of("a", "b-check"), of("a-b", "check"), of("a", "b-check")]);
    let files: BTreeSet<String> = found.iter().map(IssueRecord::file).collect();
    assert_eq!((found.len(), files.len()), (2, 2), "{files:?}");
}

#[test]
fn a_pause_that_a_person_wished_for_gives_nothing_up() {
    let control = |verb: &str| -> Event {
        let value = serde_json::json!({"controlled": {"round": 0, "verb": verb, "workstream": "ws", "reason": "lunch", "who": "Ada"}});
        serde_json::from_value(value).unwrap()
    };
    let paused = || Event::WorkstreamPaused(WorkstreamMoved { reason: Some("why".to_owned()), ..WorkstreamMoved::new(ws(), 0) });
    let mut wished = history(1);
    wished.step("static", Static, None, Failed).push(control("pause"));
    wished.push(paused());
    wished.push(control("resume"));
    wished.step("static", Static, None, Passed);
    assert_eq!(episodes(&wished.entries).iter().map(|one| (one.outcome, one.attempts)).collect::<Vec<_>>(), [(Outcome::Mended, 2)]);
    let mut spent = history(2);
    spent.step("static", Static, None, Failed).push(control("pause"));
    spent.push(control("resume"));
    spent.push(paused());
    assert_eq!(episodes(&spent.entries).iter().map(|one| one.outcome).collect::<Vec<_>>(), [Outcome::GivenUp]);
}
