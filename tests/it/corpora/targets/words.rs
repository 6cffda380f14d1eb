//! Words: what is displayed moves no cursor, what is a name can stand anywhere, and free text forges no trailer.

use git_orc::domain::id::{EntryId, GateId, ObjectId, PatchId, RunId, StepId, ToolId, WorkstreamId};
use git_orc::domain::ledger::codec;
use git_orc::domain::policy::scope::Scope;
use git_orc::domain::prompt::quote::tail;
use git_orc::domain::run::event::Event;
use git_orc::domain::run::fact::{Climbed, RunMoved, RunPlanned, Rung, StepFinished, StepOutcome, WorkstreamMoved, WorktreeMoved};
use git_orc::domain::run::wording::{PatchOwner, merge_message, patch_message};
use git_orc::domain::text::{block, clip, is_unsafe, one_line};
use jiff::Timestamp;
use ulid::Ulid;

use super::entries::assert_entry;
use super::fodder::Fodder;
use super::graphs::workstream;

/// Text for people.
pub fn display(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let line = one_line(&text);
    assert!(!line.chars().any(is_unsafe) && !line.bytes().any(|b| b < 0x20 || b == 0x7f), "{line:?}");
    assert_eq!(one_line(&line), line);
    let lines = block(&text);
    assert!(!lines.chars().any(|c| is_unsafe(c) && c != '\n' && c != '\t'), "{lines:?}");
    let most = data.len() % 50;
    assert!(clip(&text, most).chars().count() <= most.max(1), "{most}");
    assert!(text.ends_with(tail(&text, most)) && tail(&text, most).len() <= text.len());
}

/// A name.
pub fn ids(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let parsed = [
        WorkstreamId::parse(&text).map(|id| id.to_string()),
        ToolId::parse(&text).map(|id| id.to_string()),
        StepId::parse(&text).map(|id| id.to_string()),
        GateId::parse(&text).map(|id| id.to_string()),
    ];
    for name in parsed.into_iter().flatten() {
        assert_eq!(name, text);
        assert!(git2::Reference::is_valid_name(&format!("refs/orc/ws/x/{name}")), "{name:?} is no part of a ref");
        assert!(name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit()), "{name:?} may be an option");
        assert!(name.len() <= 64 && name.bytes().all(|b| b.is_ascii_graphic() && !b"/\\:'\"$`*?[]{}()<>|;&~^@ ".contains(&b)), "{name:?}");
        assert!(name != "." && name != "..", "{name:?}");
    }
    if let Ok(id) = ObjectId::parse(&text) {
        assert_eq!(id.to_string(), text.to_ascii_lowercase());
    }
    let ulids = [
        RunId::parse(&text).map(|id| (id.to_string(), id.lower())),
        PatchId::parse(&text).map(|id| (id.to_string(), id.lower())),
        EntryId::parse(&text).map(|id| (id.to_string(), id.lower())),
    ];
    for (name, lower) in ulids.into_iter().flatten() {
        assert_eq!(RunId::parse(&lower).map(|id| id.to_string()), Ok(name));
        assert!(git2::Reference::is_valid_name(&format!("refs/orc/quarantine/{lower}")));
    }
}

/// Free texts, separated by NUL bytes, in every place of entries and commits that takes one.
pub fn subjects(data: &[u8]) {
    let mut fodder = Fodder(data);
    let kind = fodder.byte();
    let (one, two) = (fodder.text(), fodder.text());
    let workstream_id = WorkstreamId::parse("ws").unwrap();
    let reason = Some(one.clone());
    let event = match kind % 6 {
        0 => Event::RunPaused(RunMoved { round: 0, tip: ObjectId::ZERO, reason }),
        1 => Event::RunPlanned(RunPlanned {
            name: one.clone(),
            base: ObjectId::ZERO,
            target: two.clone(),
            tip: ObjectId::ZERO,
            waves: Vec::new(),
            plan_digest: one.clone(),
            version: two.clone(),
            retry_of: None,
            reason: None,
        }),
        2 => Event::StepFinished(StepFinished {
            workstream: workstream_id.clone(),
            step: StepId::fix(),
            attempt: 1,
            tool: None,
            outcome: StepOutcome::Failed,
            message: one.clone(),
            notes: vec![two.clone()],
            tool_fault: false,
            exit_code: None,
            duration_ms: 0,
            output: None,
            findings: Vec::new(),
            review: None,
            failure: None,
            usage: None,
            cached: false,
        }),
        3 => Event::WorkstreamConflicted(WorkstreamMoved {
            reason,
            paths: vec![two.clone(), one.clone()],
            ..WorkstreamMoved::new(workstream_id.clone(), 0)
        }),
        4 => Event::RecoveryClimbed(Climbed {
            workstream: workstream_id.clone(),
            round: 0,
            rung: Rung::NextTool,
            tool: ToolId::parse("tool").unwrap(),
            from: None,
            reason: one.clone(),
        }),
        _ => Event::WorktreeKept(WorktreeMoved { workstream: workstream_id.clone(), round: 0, path: two.clone(), reason }),
    };
    let run = RunId::new(Ulid::from(7));
    assert_entry(&codec::entry(EntryId::new(Ulid::from(9)), Timestamp::UNIX_EPOCH, run, event));
    commits(&workstream_id, run, (&one, &two));
}

fn commits(id: &WorkstreamId, run: RunId, (title, by): (&str, &str)) {
    let mut plan = workstream(id.clone(), Vec::new(), Scope::new(&["a".to_owned()], &[], &[]).unwrap());
    plan.title = Some(title.to_owned());
    let (step, tool) = (StepId::fix(), ToolId::parse("tool").unwrap());
    let owner = PatchOwner { run, patch: PatchId::new(Ulid::from(8)), step: &step, attempt: 2, tool: &tool, assisted_by: Some(by) };
    for message in [patch_message(&plan, &owner), merge_message(&plan, "orc/fuzz", run, ObjectId::ZERO)] {
        let times = |name: &str| message.lines().filter(|line| line.starts_with(name)).count();
        assert_eq!((times("Orc-Run: "), times("Orc-Workstream: ")), (1, 1), "{message:?}");
        assert!(times("Orc-Patch: ") <= 1 && times("Assisted-by: ") <= 1 && times("Signed-off-by: ") == 0, "{message:?}");
        assert!(!message.chars().any(|c| is_unsafe(c) && c != '\n'), "{message:?}");
        assert_eq!(message.lines().nth(1), Some(""), "{message:?}");
    }
}
