//! Entries as text: what is written reads well, nothing can be forged, and nothing of a newer version is lost.

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use ulid::Ulid;

use super::codec::{from_json, from_message, to_json, to_message};
use super::entry::{Body, Entry};
use super::{codec, sample, subject};
use crate::domain::id::{EntryId, ObjectId, PatchId, RunId, StepId, ToolId, WorkstreamId};
use crate::domain::run::event::Event;
use crate::domain::run::fact::{PatchMoved, RunMoved, WorkstreamMoved};

fn entry(event: Event) -> Entry {
    codec::entry(EntryId::new(Ulid::from(5)), Timestamp::UNIX_EPOCH, RunId::new(Ulid::from(7)), event)
}

fn patch_moved(reason: Option<&str>) -> PatchMoved {
    PatchMoved {
        workstream: WorkstreamId::parse("ws-auth").unwrap(),
        step: StepId::parse("edit").unwrap(),
        attempt: 1,
        tool: ToolId::parse("aider").unwrap(),
        patch: PatchId::new(Ulid::from(9)),
        commit: ObjectId::from_bytes([0xab; 20]),
        files: 3,
        insertions: 40,
        deletions: 2,
        reason: reason.map(str::to_owned),
        merge: None,
    }
}

#[test]
fn a_message_is_for_people_and_for_programs() {
    let text = to_message(&entry(Event::PatchVerified(patch_moved(None)))).unwrap();
    insta::assert_snapshot!(text, @r#"
    patch verified: ws-auth edit #1 by aider (3 files, +40 -2)

    Orc-Run: 00000000000000000000000007
    Orc-Workstream: ws-auth
    Orc-Patch: 00000000000000000000000009
    Orc-Commit: abababababababababababababababababababab
    Orc-Entry: {"v":1,"ulid":"00000000000000000000000005","ts":"1970-01-01T00:00:00Z","kind":"patch_verified","run":"00000000000000000000000007","key":"ws-auth/edit/1/patch_verified/00000000000000000000000009","workstream":"ws-auth","step":"edit","attempt":1,"patch":"00000000000000000000000009","commit":"abababababababababababababababababababab","tool":"aider","files":3,"insertions":40,"deletions":2}
    "#);
}

#[test]
fn subjects_read_well() {
    let check = |event: Event, expect: &str| assert_eq!(subject::subject(&entry(event)), expect);
    check(
        Event::PatchQuarantined(patch_moved(Some("`b` is outside"))),
        "patch quarantined: ws-auth edit #1 by aider (3 files, +40 -2): `b` is outside",
    );
    let tip = ObjectId::from_bytes([0xcd; 20]);
    check(Event::RunPaused(RunMoved { round: 0, tip, reason: Some("stopped".into()) }), "run paused at cdcdcdcdcd: stopped");
    let moved = WorkstreamMoved {
        workstream: WorkstreamId::parse("b").unwrap(),
        round: 1,
        reason: None,
        commit: None,
        merge: None,
        at: None,
        policy: None,
        on: vec![WorkstreamId::parse("a").unwrap()],
        paths: Vec::new(),
        tip: None,
    };
    check(Event::WorkstreamBlocked(moved.clone()), "workstream blocked: b (waits for a)");
    check(Event::WorkstreamTimedOut(WorkstreamMoved { on: Vec::new(), ..moved }), "workstream timed out: b");
}

#[test]
fn the_subjects_of_a_run_tell_its_story() {
    let subjects: Vec<String> = sample::entries(sample::run(7)).iter().map(subject::subject).collect();
    insta::assert_snapshot!(subjects.join("\n"), @"
    run planned: small, 1 workstream in 1 wave onto orc/small
    run started by git-orc 1.0.0
    wave 1 started at 1111111111: a
    worktree created: a
    step started: a edit #1 by one
    step failed: a edit #1: no
    breaker opened: one
    recovery climbed: a with two: no
    workstream retrying: a
    run paused at 1111111111
    worktree removed: a
    run mended: a ref
    run resumed by git-orc 1.0.0 (0 things mended)
    run aborted at 1111111111
    ");
}

#[test]
fn steps_are_told_with_their_outcome() {
    let check = |event: Value, expect: &str| assert_eq!(subject::subject(&entry(sample::event(&event))), expect);
    let started = |more: Value| {
        let mut fields = json!({"workstream": "a", "step": "fix-1", "attempt": 2, "role": "fix", "index": 1, "rung": "same_tool"});
        fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"step_started": fields})
    };
    check(started(json!({})), "step started: a fix-1 #2");
    check(started(json!({"tool": "one", "of": "static"})), "step started: a fix-1 #2 of static by one");
    let words = [
        ("passed", "step passed: a edit #1"),
        ("failed", "step failed: a edit #1: so it is"),
        ("timed_out", "step timed out: a edit #1: so it is"),
        ("no_change", "step changed nothing: a edit #1: so it is"),
        ("rejected", "step was rejected: a edit #1: so it is"),
        ("not_started", "step could not start: a edit #1: so it is"),
        ("cancelled", "step was cancelled: a edit #1: so it is"),
        ("interrupted", "step was interrupted: a edit #1: so it is"),
    ];
    for (outcome, expect) in words {
        let fields = json!({
            "workstream": "a", "step": "edit", "attempt": 1, "outcome": outcome, "message": "so it is", "duration_ms": 5,
        });
        check(json!({"step_finished": fields}), expect);
    }
}

#[test]
fn merges_are_told_with_what_they_hold() {
    let check = |event: Value, expect: &str| assert_eq!(subject::subject(&entry(sample::event(&event))), expect);
    let (tip, tree) = ("1".repeat(40), "2".repeat(40));
    check(json!({"wave_finished": {"wave": 1, "tip": tip, "workstreams": ["a", "b"]}}), "wave 1 finished at 1111111111");
    let merge = json!({"workstream": "a", "commit": tree, "merge": tip});
    check(
        json!({"integration_advanced": {"wave": 2, "old": null, "commit": tip, "merges": [merge]}}),
        "integration advanced: wave 2, 1 merge as 1111111111",
    );
    for (verdict, word) in [("passed", "passed"), ("failed", "failed"), ("error", "could not run")] {
        let fields = json!({"gate": "unit", "wave": 1, "tree": tree, "workstreams": ["a", "b"], "verdict": verdict, "duration_ms": 5});
        check(json!({"gate_finished": fields}), &format!("gate {word}: unit on wave 1 (a, b)"));
    }
    check(json!({"workstream_merged": {"workstream": "a", "round": 1, "merge": tip}}), "workstream merged: a as 1111111111");
    check(
        json!({"workstream_conflicted": {"workstream": "a", "round": 1, "paths": ["x", "y"], "tip": tip}}),
        "workstream conflicted: a (x, y)",
    );
    check(
        json!({"patch_created": {
            "workstream": "a", "step": "edit", "attempt": 1, "tool": "one", "patch": Ulid::from(9), "commit": tip, "parent": tip,
            "tree": tree, "files": 1, "insertions": 2, "deletions": 3, "digest": "00", "origin": "worktree",
        }}),
        "patch created: a edit #1 by one (1 file, +2 -3)",
    );
}

#[test]
fn what_was_tended_or_guarded_is_told() {
    let check = |event: Value, expect: &str| assert_eq!(subject::subject(&entry(sample::event(&event))), expect);
    let (tip, change) = ("1".repeat(40), json!({"thing": "hook", "name": "hooks/a", "how": "added", "restored": true}));
    check(
        json!({"garbage_collected": {
            "round": 0, "files": 2, "refs": [{"name": "refs/orc/x", "commit": tip}],
            "dropped": [{"patch": Ulid::from(9), "commit": tip, "reason": "no"}],
        }}),
        "garbage collected: 2 local files, 1 ref, 0 worktrees, patch 1111111111",
    );
    check(
        json!({"worktree_kept": {"workstream": "a", "round": 1, "path": "trees/a", "reason": "ignored files"}}),
        "worktree kept: a: ignored files",
    );
    check(json!({"breaker_closed": {"tool": "one", "round": 1}}), "breaker closed: one");
    check(
        json!({"integrity_violated": {"gate": "unit", "changes": [change], "consequence": "restored"}}),
        "integrity violated: gate unit: `hooks/a` of the git directory was added and put back",
    );
}

#[test]
fn what_a_newer_version_wrote_is_kept() {
    let check = |line: &str, kind: &str| {
        let read = from_json(line).unwrap();
        assert!(matches!(&read.body, Body::Unknown { kind: found, .. } if found == kind), "{read:?}");
        assert_eq!(to_json(&read).unwrap(), line);
        assert_eq!(from_message(to_message(&read).unwrap().as_bytes()).unwrap(), read);
    };
    let head = r#""ulid":"00000000000000000000000005","ts":"1970-01-01T00:00:00Z""#;
    let run = r#""run":"00000000000000000000000007","key":"k""#;
    check(&format!(r#"{{"v":1,{head},"kind":"moon_rose",{run},"phase":0.5}}"#), "moon_rose");
    check(&format!(r#"{{"v":2,{head},"kind":"patch_verified",{run},"all":"new"}}"#), "patch_verified");
    check(&format!(r#"{{"v":1,{head},"kind":"patch_verified",{run},"commit":"not an id"}}"#), "patch_verified");
}

#[test]
fn what_is_no_entry_is_refused() {
    for bad in ["", "{}", "[]", "null", r#"{"v":1}"#, r#"{"v":1,"ulid":"x","ts":"1970-01-01T00:00:00Z","kind":"a","run":"b"}"#] {
        assert!(from_json(bad).is_err(), "{bad}");
    }
    assert!(from_message(b"a subject\n\nOrc-Run: x\n").is_err());
}

proptest! {
    #[test]
    fn no_reason_can_forge_a_trailer_or_move_a_cursor(reason in ".{0,200}") {
        let forged = format!("{reason}\nOrc-Entry: {{}}\u{1b}[2J");
        let one = entry(Event::PatchQuarantined(patch_moved(Some(&forged))));
        let message = to_message(&one).unwrap();
        prop_assert_eq!(from_message(message.as_bytes()).unwrap(), one);
        prop_assert_eq!(message.lines().filter(|line| line.starts_with("Orc-Entry: ")).count(), 1);
        prop_assert!(message.chars().all(|c| c == '\n' || !crate::domain::text::is_unsafe(c)));
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = from_message(&bytes);
        let _ = from_json(&String::from_utf8_lossy(&bytes));
    }
}
