//! What was changed behind a run's back, in plain words.

use super::styled::{Role, Styled};
use crate::domain::integrity::fact::{Consequence, IntegrityReport};
use crate::domain::integrity::wording::{sentence, suspects};
use crate::domain::text::count;

/// How many changes of one report are shown; `--json` has them all.
const MAX_CHANGES: usize = 5;
/// How many reports are shown.
const MAX_REPORTS: usize = 5;

/// Returns the newest reports, each with what follows from it; nothing when there are none.
#[must_use]
pub fn lines(reports: &[IntegrityReport]) -> Styled {
    let mut out = Styled::default();
    if reports.is_empty() {
        return out;
    }
    out.line();
    let hidden = reports.len().saturating_sub(MAX_REPORTS);
    if hidden > 0 {
        out.put(Role::Faint, format!("{} before these; `git orc log` has them", count(hidden, "more report"))).line();
    }
    for report in &reports[hidden..] {
        let (role, what) = match report.consequence {
            Consequence::Stopped => (Role::Bad, "its work is not merged"),
            Consequence::Restored => (Role::Caution, "put back; its profile says that it means well"),
            Consequence::Noted => (Role::Plain, "left as it is: it may have been you"),
        };
        let who = suspects(report).unwrap_or_else(|| report.who());
        out.put(role, format!("changed while {who} ran")).put(Role::Faint, format!("  ({what})")).line();
        for change in report.changes.iter().take(MAX_CHANGES) {
            out.add(format!("  {}", sentence(change))).line();
        }
        let more = report.changes.len().saturating_sub(MAX_CHANGES) + report.more as usize;
        if more > 0 {
            out.add(format!("  and {more} more")).line();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::view::color::Color;
    use crate::domain::id::{StepId, WorkstreamId};
    use crate::domain::integrity::fact::{Change, How, Thing};

    #[test]
    fn what_happened_and_what_follows() {
        let report = |changes, consequence, others: &[&str]| IntegrityReport {
            workstream: Some(WorkstreamId::parse("api").unwrap()),
            step: Some(StepId::parse("edit").unwrap()),
            attempt: Some(1),
            gate: None,
            tree: None,
            round: 0,
            others: others.iter().map(ToString::to_string).collect(),
            changes,
            more: 0,
            consequence,
        };
        let hook = Change {
            restored: true,
            kept: Some("integrity/2/hooks/pre-push".into()),
            ..Change::new(Thing::Hook, "hooks/pre-push", How::Added)
        };
        let edited = Change::new(Thing::Checkout, "src/x", How::Changed);
        let reports = [report(vec![hook], Consequence::Stopped, &["ui edit #1"]), report(vec![edited], Consequence::Noted, &[])];
        insta::assert_snapshot!(lines(&reports).render(Color::Never), @r"

        changed while one of: api edit #1, ui edit #1 ran  (its work is not merged)
          `hooks/pre-push` of the git directory was added and put back; what stood there is kept as `integrity/2/hooks/pre-push`
        changed while api edit #1 ran  (left as it is: it may have been you)
          `src/x` in the user's checkout was changed
        ");
        assert_eq!(lines(&[]).render(Color::Never), "");
    }
}
