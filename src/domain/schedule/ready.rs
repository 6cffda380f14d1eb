//! Which workstreams can start, which must wait, and which never will, given how the others ended.

use std::collections::HashSet;

use crate::domain::id::WorkstreamId;
use crate::domain::plan::model::{CheckedPlan, Workstream};

/// How far a workstream has come, seen by those that depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Not finished; it may still be merged.
    Open,
    /// Merged into the integration branch.
    Merged,
    /// It will not be merged in this run: failed, quarantined, aborted, skipped or blocked.
    Lost,
}

/// What the dependencies of a workstream allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Everything it depends on is merged.
    Ready,
    /// It waits for these.
    Waiting(Vec<WorkstreamId>),
    /// These, which it depends on, will not be merged.
    Blocked(Vec<WorkstreamId>),
}

/// Returns what the dependencies of a workstream allow. One that is lost blocks, whatever the others do.
pub fn standing(workstream: &Workstream, progress: impl Fn(&WorkstreamId) -> Progress) -> Standing {
    let in_state =
        |wanted: Progress| -> Vec<WorkstreamId> { workstream.depends_on.iter().filter(|d| progress(d) == wanted).cloned().collect() };
    let lost = in_state(Progress::Lost);
    if !lost.is_empty() {
        return Standing::Blocked(lost);
    }
    let open = in_state(Progress::Open);
    if open.is_empty() { Standing::Ready } else { Standing::Waiting(open) }
}

/// Returns everything that depends on the given workstreams, directly or through others, in plan order and without them.
#[must_use]
pub fn dependents<'a>(plan: &'a CheckedPlan, of: &[WorkstreamId]) -> Vec<&'a WorkstreamId> {
    let mut reached: HashSet<&WorkstreamId> = of.iter().collect();
    let mut grew = true;
    while grew {
        let before = reached.len();
        reached.extend(
            plan.workstreams.iter().filter(|w| w.depends_on.iter().any(|d| reached.contains(d))).map(|w| &w.id).collect::<Vec<_>>(),
        );
        grew = reached.len() > before;
    }
    plan.workstreams.iter().map(|w| &w.id).filter(|id| reached.contains(id) && !of.contains(id)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::schedule::sample;

    fn id(text: &str) -> WorkstreamId {
        WorkstreamId::parse(text).unwrap()
    }

    #[test]
    fn dependencies_decide() {
        let workstream = sample::workstream("w", &["a", "b"], &["w"]);
        let check = |a: Progress, b: Progress, expect: Standing| {
            assert_eq!(standing(&workstream, |d| if d.as_str() == "a" { a } else { b }), expect, "{a:?} {b:?}");
        };
        check(Progress::Merged, Progress::Merged, Standing::Ready);
        check(Progress::Open, Progress::Merged, Standing::Waiting(vec![id("a")]));
        check(Progress::Open, Progress::Open, Standing::Waiting(vec![id("a"), id("b")]));
        check(Progress::Open, Progress::Lost, Standing::Blocked(vec![id("b")]));
        check(Progress::Lost, Progress::Lost, Standing::Blocked(vec![id("a"), id("b")]));
        assert_eq!(standing(&sample::workstream("w", &[], &["w"]), |_| Progress::Lost), Standing::Ready);
    }

    #[test]
    fn dependents_are_found_through_others() {
        let plan = sample::plan(vec![
            sample::workstream("d", &["c"], &["d"]),
            sample::workstream("a", &[], &["a"]),
            sample::workstream("b", &["a"], &["b"]),
            sample::workstream("c", &["b"], &["c"]),
            sample::workstream("e", &[], &["e"]),
        ]);
        let names = |of: &[&str]| -> Vec<String> {
            dependents(&plan, &of.iter().map(|t| id(t)).collect::<Vec<_>>()).iter().map(ToString::to_string).collect()
        };
        assert_eq!(names(&["a"]), ["d", "b", "c"]);
        assert_eq!(names(&["b", "e"]), ["d", "c"]);
        assert!(names(&["d"]).is_empty());
    }
}
