//! Entries as text: what is written reads well, nothing can be forged, and nothing of a newer version is lost.

use jiff::Timestamp;
use proptest::prelude::*;
use ulid::Ulid;

use super::codec::{from_json, from_message, to_json, to_message};
use super::entry::{Body, Entry};
use super::{codec, subject};
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
        on: vec![WorkstreamId::parse("a").unwrap()],
        paths: Vec::new(),
        tip: None,
    };
    check(Event::WorkstreamBlocked(moved.clone()), "workstream blocked: b (waits for a)");
    check(Event::WorkstreamTimedOut(WorkstreamMoved { on: Vec::new(), ..moved }), "workstream timed out: b");
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
