//! How a change is told to people.

use super::fact::{Change, How, IntegrityReport, Thing};
use crate::domain::text::{count, one_line};

/// How many keys of a configuration are named in a sentence.
const KEYS_NAMED: usize = 6;

/// Returns the sentence about one change, on one line.
#[must_use]
pub fn sentence(change: &Change) -> String {
    let name = one_line(&change.name);
    let place = match change.thing {
        Thing::Config | Thing::Hook | Thing::Info | Thing::Admin => format!("`{name}` of the git directory"),
        Thing::Ledger | Thing::RunRef | Thing::Notes | Thing::Target | Thing::UserRef => format!("`{name}`"),
        Thing::Head => format!("`{name}` of the user"),
        Thing::Checkout => format!("`{name}` in the user's checkout"),
        Thing::Index => format!("`{name}` in the user's index"),
    };
    let mut out = place;
    if !change.keys.is_empty() {
        let named: Vec<String> = change.keys.iter().take(KEYS_NAMED).map(|key| one_line(key)).collect();
        let more = change.keys.len().saturating_sub(KEYS_NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        out.push_str(&format!(" ({}{more})", named.join(", ")));
    }
    out.push_str(&format!(" {}", change.how.words()));
    if change.restored {
        out.push_str(" and put back");
    } else if change.thing.is_guarded() && change.undo.is_none() && !is_anybodys(change) {
        out.push_str(" and could not be put back");
    }
    if let Some(kept) = &change.kept {
        let what = if change.thing.is_guarded() { "what stood there" } else { "the former one" };
        out.push_str(&format!("; {what} is kept as `{}`", one_line(kept)));
    }
    if let Some(undo) = &change.undo {
        out.push_str(&format!("; `{}` puts it back", one_line(undo)));
    }
    out
}

/// Returns whether a change is one that another run or a person may make, so that nobody tried to put it back.
const fn is_anybodys(change: &Change) -> bool {
    matches!((change.thing, change.how), (Thing::Target, How::Added | How::Advanced))
}

/// Returns the first sentence of a report and how many more there are.
#[must_use]
pub fn headline(report: &IntegrityReport) -> String {
    let first = report.changes.first().map(sentence).unwrap_or_default();
    let more = report.changes.len().saturating_sub(1) + report.more as usize;
    if more > 0 { format!("{first} (and {})", count(more, "more change")) } else { first }
}

/// Returns who it may have been, when several were at work.
#[must_use]
pub fn suspects(report: &IntegrityReport) -> Option<String> {
    if report.others.is_empty() {
        return None;
    }
    let all: Vec<String> = std::iter::once(report.who()).chain(report.others.iter().cloned()).collect();
    Some(format!("one of: {}", all.join(", ")))
}

/// Returns why the work of an attempt is not merged.
#[must_use]
pub fn reason(report: &IntegrityReport) -> String {
    let who = suspects(report).map(|suspects| format!("; {suspects}")).unwrap_or_default();
    format!("while it ran, {}{who}", headline(report))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::{ObjectId, StepId, WorkstreamId};
    use crate::domain::integrity::fact::Consequence;

    fn report(changes: Vec<Change>, others: &[&str]) -> IntegrityReport {
        IntegrityReport {
            workstream: Some(WorkstreamId::parse("ws-a").unwrap()),
            step: Some(StepId::parse("edit").unwrap()),
            attempt: Some(1),
            gate: None,
            tree: None,
            round: 0,
            others: others.iter().map(ToString::to_string).collect(),
            changes,
            more: 0,
            consequence: Consequence::Stopped,
        }
    }

    #[test]
    fn every_change_has_its_sentence() {
        let check = |change: Change, expect: &str| assert_eq!(sentence(&change), expect);
        let config = Change {
            keys: vec!["core.hooksPath".into(), "alias.x\u{1b}".into()],
            restored: true,
            kept: Some("integrity/1/config".into()),
            ..Change::new(Thing::Config, "config", How::Changed)
        };
        check(
            config,
            "`config` of the git directory (core.hooksPath, alias.x\\u{1b}) was changed and put back; what stood there is kept as `integrity/1/config`",
        );
        check(
            Change::new(Thing::Hook, "hooks/pre-push", How::Added),
            "`hooks/pre-push` of the git directory was added and could not be put back",
        );
        check(
            Change { restored: true, ..Change::new(Thing::Ledger, "refs/orc/ledger", How::Rewound) },
            "`refs/orc/ledger` was moved back and put back",
        );
        let gone = Change {
            kept: Some("refs/orc/kept/r/user-1".into()),
            was: Some(ObjectId::ZERO),
            undo: Some("git branch topic 000".into()),
            ..Change::new(Thing::UserRef, "refs/heads/topic", How::Removed)
        };
        check(
            gone,
            "`refs/heads/topic` was removed; the former one is kept as `refs/orc/kept/r/user-1`; `git branch topic 000` puts it back",
        );
        check(Change::new(Thing::Target, "refs/heads/orc/tour", How::Advanced), "`refs/heads/orc/tour` was moved on");
        check(
            Change::new(Thing::Target, "refs/heads/orc/tour", How::Removed),
            "`refs/heads/orc/tour` was removed and could not be put back",
        );
        check(Change::new(Thing::Checkout, "src/x", How::Changed), "`src/x` in the user's checkout was changed");
    }

    #[test]
    fn several_suspects_are_named_together() {
        let change = |name: &str| Change { restored: true, ..Change::new(Thing::Hook, name, How::Added) };
        let one = report(vec![change("hooks/a")], &[]);
        assert_eq!((one.who().as_str(), suspects(&one)), ("ws-a edit #1", None));
        assert_eq!(reason(&one), "while it ran, `hooks/a` of the git directory was added and put back");
        let two = report(vec![change("hooks/a"), change("hooks/b")], &["ws-b edit #2"]);
        assert_eq!(
            reason(&two),
            "while it ran, `hooks/a` of the git directory was added and put back (and 1 more change); one of: ws-a edit #1, ws-b edit #2"
        );
        assert_eq!(two.key("integrity_violated"), "ws-a/edit/1/integrity_violated");
    }
}
