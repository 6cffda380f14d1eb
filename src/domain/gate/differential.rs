//! New findings against old ones: a change answers for what it brings in, and not for what was there.

use std::collections::HashMap;

use crate::domain::finding::model::{Finding, Level};

/// What became of findings between two states of a tree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Those that were not there before, in their order.
    pub new: Vec<Finding>,
    /// Those that were.
    pub known: Vec<Finding>,
    /// Those that are gone.
    pub fixed: Vec<Finding>,
}

/// Compares findings by their fingerprints, which outlive moved lines. A finding that is there more often than before is new as often as that, and
/// one that has become worse is new.
#[must_use]
pub fn compare(before: &[Finding], after: &[Finding]) -> Comparison {
    let mut left: HashMap<&str, Vec<&Finding>> = HashMap::new();
    for finding in before {
        left.entry(&finding.fingerprint).or_default().push(finding);
    }
    let mut compared = Comparison::default();
    let mut unmatched = Vec::new();
    // One that has not moved is the same one; only then others of its kind are looked at.
    for finding in after {
        match take(&mut left, finding, |old| old.location == finding.location) {
            true => compared.known.push(finding.clone()),
            false => unmatched.push(finding),
        }
    }
    for finding in unmatched {
        let is_known = take(&mut left, finding, |_| true);
        let list = if is_known { &mut compared.known } else { &mut compared.new };
        list.push(finding.clone());
    }
    let is_left =
        |finding: &&Finding| left.get(finding.fingerprint.as_str()).is_some_and(|all| all.iter().any(|one| std::ptr::eq(*one, *finding)));
    compared.fixed = before.iter().filter(is_left).cloned().collect();
    compared
}

/// Takes an old finding that a new one may stand for: of the same fingerprint, and not less bad.
fn take(left: &mut HashMap<&str, Vec<&Finding>>, finding: &Finding, fits: impl Fn(&Finding) -> bool) -> bool {
    let Some(same) = left.get_mut(finding.fingerprint.as_str()) else { return false };
    let Some(at) = same.iter().position(|old| rank(old.level) <= rank(finding.level) && fits(old)) else { return false };
    same.remove(at);
    true
}

/// Returns how bad a level is; the worst is 0.
const fn rank(level: Level) -> u8 {
    match level {
        Level::Error => 0,
        Level::Warning => 1,
        Level::Note => 2,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::finding::model::{FindingKind, Location};

    fn finding(print: &str, line: u32, level: Level) -> Finding {
        Finding {
            source: "lint".to_owned(),
            kind: FindingKind::Lint,
            level,
            rule: None,
            message: "no".to_owned(),
            location: Some(Location { path: "x".to_owned(), line, column: None, end: None }),
            fingerprint: print.to_owned(),
        }
    }

    /// Findings as `print line level`, blanks between them.
    fn parse(text: &str) -> Vec<Finding> {
        let one = |word: &str| {
            let (print, line) = word.split_once(':').unwrap();
            let level = if print.ends_with('!') { Level::Error } else { Level::Warning };
            finding(print.trim_end_matches('!'), line.parse().unwrap(), level)
        };
        text.split_whitespace().map(one).collect()
    }

    fn check(before: &str, after: &str, [new, known, fixed]: [&str; 3]) {
        let compared = compare(&parse(before), &parse(after));
        let expect = Comparison { new: parse(new), known: parse(known), fixed: parse(fixed) };
        assert_eq!(compared, expect, "{before} -> {after}");
    }

    #[test]
    fn only_what_is_new_counts() {
        check("", "", ["", "", ""]);
        check("", "a:1", ["a:1", "", ""]);
        check("a:1", "", ["", "", "a:1"]);
        check("a:1 b:2", "b:3 c:4", ["c:4", "b:3", "a:1"]);
        // Twice where it was once: the one that has not moved is the old one.
        check("a:5", "a:1 a:5", ["a:1", "a:5", ""]);
        check("a:5", "a:1 a:9", ["a:9", "a:1", ""]);
        check("a:1 a:5", "a:5", ["", "a:5", "a:1"]);
        // Worse than before is new, better is known.
        check("a:1", "a!:1", ["a!:1", "", "a:1"]);
        check("a!:1", "a:1", ["", "a:1", ""]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_or_invented(
            before in proptest::collection::vec((0..4_u8, 1..5_u32, any::<bool>()), 0..12),
            after in proptest::collection::vec((0..4_u8, 1..5_u32, any::<bool>()), 0..12),
        ) {
            let make = |all: &[(u8, u32, bool)]| -> Vec<Finding> {
                all.iter().map(|(print, line, bad)| finding(&print.to_string(), *line, if *bad { Level::Error } else { Level::Warning })).collect()
            };
            let (before, after) = (make(&before), make(&after));
            let compared = compare(&before, &after);
            prop_assert_eq!(compared.new.len() + compared.known.len(), after.len());
            prop_assert_eq!(compared.fixed.len() + compared.known.len(), before.len());
            prop_assert_eq!(compare(&after, &after).known.len(), after.len());
            // What gets worse can not be talked away: more errors than before means a new error.
            let errors = |all: &[Finding]| all.iter().filter(|one| one.level == Level::Error).count();
            prop_assert!(errors(&after) <= errors(&before) || errors(&compared.new) > 0);
        }
    }
}
