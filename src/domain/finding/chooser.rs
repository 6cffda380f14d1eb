//! From the output of a check to its findings.

use std::collections::HashSet;

use super::clean::strip_ansi;
use super::draft::{CheckOutput, Draft};
use super::model::{Finding, Level};
use super::{arrow, cargo, exit, matcher, python, rust_test};

/// The most findings that one check can have.
pub const MOST_FINDINGS: usize = 200;

/// A reader of one format.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// Its name.
    pub name: &'static str,
    /// Reads what it understands and leaves the rest alone.
    pub read: fn(&CheckOutput<'_>) -> Vec<Draft>,
}

/// The readers, the most exact first: of equal findings the first one is kept.
pub const FORMATS: [Format; 5] = [
    Format { name: "cargo json", read: cargo::read },
    Format { name: "rustc text", read: arrow::read },
    Format { name: "rust tests", read: rust_test::read },
    Format { name: "python", read: python::read },
    Format { name: "path:line:column", read: matcher::read },
];

/// Returns the findings in a check's output, without duplicates, at most [`MOST_FINDINGS`] of them, errors before all others when there are
/// more. Of the places only relative paths are kept; [`findings_in`] also understands absolute ones.
#[must_use]
pub fn findings(command: &[String], exit: i32, output: &str) -> Vec<Finding> {
    findings_in("", command, exit, output)
}

/// Returns what [`findings`] returns. `root` is the absolute path of the worktree's top; places outside of it are left out.
///
/// A failure is never hidden: when the exit code is not 0 and no error was understood, there is a finding with the last lines.
#[must_use]
pub fn findings_in(root: &str, command: &[String], exit: i32, output: &str) -> Vec<Finding> {
    let text = strip_ansi(output);
    let check = CheckOutput { command, exit, text: &text };
    let mut seen = HashSet::new();
    let mut findings: Vec<Finding> = FORMATS
        .iter()
        .flat_map(|format| (format.read)(&check))
        .map(|draft| draft.finish(root))
        .filter(|finding| seen.insert((finding.fingerprint.clone(), finding.location.clone())))
        .collect();
    if exit != 0 && !findings.iter().any(|finding| finding.level == Level::Error) {
        findings.push(exit::unparsed(&check).finish(root));
    }
    if findings.len() > MOST_FINDINGS {
        findings.sort_by_key(|finding| finding.level);
        findings.truncate(MOST_FINDINGS);
    }
    findings
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::finding::model::FindingKind;

    fn run(exit: i32, output: &str) -> Vec<Finding> {
        findings_in("/wt", &["check".to_owned(), "-x".to_owned()], exit, output)
    }

    #[test]
    fn a_failure_is_never_hidden() {
        assert_eq!(run(0, "fine\n"), []);
        for output in ["", "odd", "a.c:1:1: warning: w\n"] {
            let last = run(1, output).pop().unwrap();
            assert_eq!((last.kind, last.level), (FindingKind::Unparsed, Level::Error), "{output}");
        }
        assert_eq!(run(3, "")[0].message, "`check -x` ended with exit code 3 and printed nothing");
        assert_eq!(run(1, "a.c:1:1: error: e\n").len(), 1);
    }

    #[test]
    fn errors_survive_a_flood_of_warnings() {
        let mut output: String = (0..500).map(|n| format!("f{n}.c:{n}:1: warning: w\n")).collect();
        output.push_str("z.c:1:1: error: e\n");
        let findings = run(1, &output);
        assert_eq!((findings.len(), findings[0].level), (MOST_FINDINGS, Level::Error));
    }

    #[test]
    fn the_same_finding_twice_is_one_and_in_two_places_two() {
        assert_eq!(run(1, "a.c:1:1: error: e\na.c:1:1: error: e\na.c:2:1: error: e\n").len(), 2);
    }

    #[test]
    fn places_are_inside_or_left_out() {
        let findings = run(1, "/wt/a.c:1:1: error: x\n/usr/include/s.h:2:2: error: y\n../o.c:1:1: error: z\n");
        let paths: Vec<_> = findings.iter().map(|finding| finding.location.as_ref().map(|place| place.path.as_str())).collect();
        assert_eq!(paths, [Some("a.c"), None, None]);
    }

    #[test]
    fn fingerprints_outlive_moved_lines_and_other_folders() {
        let first = run(1, "/wt/a.c:1:1: error: took 3 ms in /tmp/x1/y\n");
        let second = findings(&["other".to_owned()], 2, "a.c:90:7: error: took 45 ms in /tmp/x2/y\n");
        assert_eq!(first[0].fingerprint, second[0].fingerprint);
    }

    proptest! {
        #[test]
        fn any_output_is_read(output in "(?s).{0,200}", exit in -1..300_i32) {
            let findings = run(exit, &output);
            prop_assert!(exit == 0 || findings.iter().any(|finding| finding.level == Level::Error));
            for finding in findings {
                prop_assert_eq!(finding.fingerprint.len(), 16);
                prop_assert!(!finding.message.chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "control characters");
            }
        }
    }
}
