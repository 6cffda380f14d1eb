//! The words of a rollback: the message of a commit that undoes another one, the notes, and what is told of the entries.

use super::event::Event;
use super::rollback::{Action, Revert, RevertKind};
use crate::domain::id::RunId;
use crate::domain::text::{clip, count, one_line};

/// How long a subject may be.
const SUBJECT: usize = 120;

/// What is undone, and why.
#[derive(Debug, Clone, Copy)]
pub struct Undoing<'a> {
    /// The run.
    pub run: RunId,
    /// What is undone; the commit that undoes it is not known yet.
    pub revert: &'a Revert,
    /// The subject of the commit that is undone.
    pub subject: &'a str,
    /// Whether that commit has more than one parent.
    pub is_merge: bool,
    /// Why.
    pub reason: &'a str,
}

/// Returns the message of a commit that undoes another one: as git writes it, with the reason, and with trailers.
#[must_use]
pub fn revert_message(undoing: &Undoing<'_>) -> String {
    let Undoing { run, revert, subject, is_merge, reason } = undoing;
    let subject = clip(&one_line(subject), SUBJECT);
    let back = if *is_merge { format!(", reversing\nchanges made to {}", revert.mainline) } else { String::new() };
    format!(
        "Revert \"{subject}\"\n\nThis reverts commit {}{back}.\n\n{}\n\nOrc-Run: {run}\nOrc-Workstream: {}\nOrc-Reverts: {}\n",
        revert.of,
        one_line(reason),
        revert.workstream,
        revert.of
    )
}

/// Returns the note of a commit that undoes another one.
#[must_use]
pub fn revert_note(run: RunId, revert: &Revert, reason: &str) -> String {
    format!("Orc-Run: {run}\nOrc-Workstream: {}\nOrc-Reverts: {}\nOrc-Reason: {}\n", revert.workstream, revert.of, one_line(reason))
}

/// Returns the lines that the note of a commit gets when it is undone.
#[must_use]
pub fn reverted_lines(revert: &Revert, reason: &str) -> String {
    format!("Orc-Reverted-By: {}\nOrc-Reason: {}\n", revert.commit, one_line(reason))
}

/// Returns an action in a few words.
#[must_use]
pub fn action_words(action: &Action) -> String {
    format!("{}: {}", action.workstream, clip(&one_line(&action.text), 80))
}

/// Returns what is undone, in a few words.
#[must_use]
pub fn revert_words(revert: &Revert) -> String {
    match revert.kind {
        RevertKind::Workstream => revert.workstream.to_string(),
        RevertKind::Patch => format!("{} (patch {})", revert.workstream, revert.of.short()),
    }
}

/// Returns what is told of an entry about a rollback; nothing for any other.
#[must_use]
pub fn told(event: &Event) -> Option<String> {
    if let Some(rollback) = event.rollback() {
        let what: Vec<String> = rollback.reverts.iter().map(revert_words).collect();
        let why = rollback.dropped.as_ref().unwrap_or(&rollback.reason);
        let whole = format!("{} as {}: {}", what.join(", "), count(rollback.reverts.len(), "commit"), one_line(why));
        return Some(whole);
    }
    let compensation = event.compensation()?;
    let end = compensation.message.as_ref().map(|message| format!(": {}", one_line(message))).unwrap_or_default();
    Some(format!("{}{end}", action_words(&compensation.action)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::{ObjectId, WorkstreamId};

    fn revert(kind: RevertKind) -> Revert {
        let object = |byte| ObjectId::from_bytes([byte; 20]);
        let workstream = WorkstreamId::parse("ws-a").unwrap();
        Revert { workstream, kind, of: object(0x11), mainline: object(0x22), commit: object(0x33), patches: Vec::new() }
    }

    #[test]
    fn a_message_is_that_of_git_with_a_reason_and_trailers() {
        let check = |is_merge: bool, expect: &str| {
            let revert = revert(RevertKind::Workstream);
            let run = RunId::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap();
            let undoing = Undoing { run, revert: &revert, subject: "Merge ws-a: Greet", is_merge, reason: "it broke the build" };
            assert_eq!(revert_message(&undoing), expect);
        };
        let (of, to) = ("11".repeat(20), "22".repeat(20));
        let tail = format!("it broke the build\n\nOrc-Run: 01ARZ3NDEKTSV4RRFFQ69G5FAV\nOrc-Workstream: ws-a\nOrc-Reverts: {of}\n");
        let merge = format!("Revert \"Merge ws-a: Greet\"\n\nThis reverts commit {of}, reversing\nchanges made to {to}.\n\n{tail}");
        check(true, &merge);
        check(false, &format!("Revert \"Merge ws-a: Greet\"\n\nThis reverts commit {of}.\n\n{tail}"));
    }

    #[test]
    fn a_part_is_told_from_the_whole() {
        assert_eq!(revert_words(&revert(RevertKind::Workstream)), "ws-a");
        assert_eq!(revert_words(&revert(RevertKind::Patch)), "ws-a (patch 1111111111)");
    }
}
