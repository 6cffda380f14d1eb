//! Three separate signals that a FIX loop goes in circles.

use serde::{Deserialize, Serialize};

use crate::domain::finding::model::Finding;
use crate::domain::id::{ObjectId, StepId};

/// What one round of a FIX loop looked like: three signals that it goes in circles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signal {
    /// The tree that was checked.
    pub tree: Option<ObjectId>,
    /// The fingerprints of the findings, sorted.
    pub findings: Vec<String>,
    /// The digest of the newest patch.
    pub patch: Option<String>,
}

/// The FIX loop of the check that failed last.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FixLoop {
    /// The check.
    pub of: Option<StepId>,
    /// How many FIX steps it had on this rung.
    pub iterations: u32,
    /// The newest rounds, oldest first.
    pub history: Vec<Signal>,
    /// What the check found last, for the prompt.
    pub findings: Vec<Finding>,
    /// The kept output of the check's last failure.
    pub output: Option<String>,
    /// The newest trees that the fixers were set to or left, oldest first. They are not set to one of these again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seen_by_fixers: Vec<ObjectId>,
}

/// Why a FIX loop is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Oscillation {
    /// The tree is one that was checked before: A, B, A.
    SameTree,
    /// The findings did not change, however often they were mended.
    SameFindings,
    /// The same patch came again.
    SamePatch,
}

impl Oscillation {
    /// Returns a sentence fragment for people.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::SameTree => "the files are back where they were before an earlier FIX",
            Self::SameFindings => "the findings stay the same",
            Self::SamePatch => "the tool makes the same patch again",
        }
    }
}

/// Looks at the newest `window` rounds, oldest first. A tree or a patch must be there `repeats` times; findings must have stayed the
/// same through `repeats` mendings, thus be there `repeats + 1` times at the end. Rounds without findings or patch do not count.
#[must_use]
pub fn oscillation(history: &[Signal], window: u32, repeats: u32) -> Option<Oscillation> {
    let (window, repeats) = (window as usize, (repeats as usize).max(1));
    let seen = &history[history.len().saturating_sub(window)..];
    let newest = seen.last()?;
    let times = |same: &dyn Fn(&Signal) -> bool| seen.iter().filter(|s| same(s)).count();
    if newest.tree.is_some() && repeats > 1 && times(&|s| s.tree == newest.tree) >= repeats {
        return Some(Oscillation::SameTree);
    }
    if newest.patch.is_some() && repeats > 1 && times(&|s| s.patch == newest.patch) >= repeats {
        return Some(Oscillation::SamePatch);
    }
    let stuck = seen.iter().rev().take_while(|s| !s.findings.is_empty() && s.findings == newest.findings).count();
    (stuck > repeats).then_some(Oscillation::SameFindings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::ObjectId;

    fn check(rounds: &[(u8, &str, &str)], expect: Option<Oscillation>) {
        let history: Vec<Signal> = rounds
            .iter()
            .map(|(tree, finding, patch)| Signal {
                tree: Some(ObjectId::from_bytes([*tree; 20])),
                findings: vec![(*finding).to_owned()],
                patch: Some((*patch).to_owned()),
            })
            .collect();
        assert_eq!(oscillation(&history, 5, 2), expect, "{rounds:?}");
    }

    #[test]
    fn each_signal_is_seen_alone() {
        check(&[(1, "a", "p")], None);
        check(&[(1, "a", "p"), (2, "b", "q")], None);
        check(&[(1, "a", "p"), (2, "a", "q")], None);
        check(&[(1, "a", "p"), (2, "a", "q"), (3, "a", "r")], Some(Oscillation::SameFindings));
        check(&[(1, "a", "p"), (2, "b", "q"), (1, "c", "r")], Some(Oscillation::SameTree));
        check(&[(1, "a", "p"), (2, "b", "q"), (3, "c", "p")], Some(Oscillation::SamePatch));
        check(&[(1, "a", "p"), (2, "a", "q"), (3, "b", "r"), (4, "a", "s")], None);
    }

    #[test]
    fn what_left_the_window_is_forgotten() {
        let six = [(1, "a", "p"), (2, "b", "q"), (3, "c", "r"), (4, "d", "s"), (5, "e", "t"), (1, "f", "u")];
        check(&six, None);
    }
}
