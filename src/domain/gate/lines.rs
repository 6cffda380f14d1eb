//! What added lines must not hold.

use super::model::{Forbidden, Gate};
use crate::domain::finding::draft::{Base, Draft, Place};
use crate::domain::finding::model::{Finding, FindingKind, Level};
use crate::domain::policy::governance::change::{Added, Change};
use crate::domain::text::one_line;

/// The name of the file in which gates are described.
pub const FILE: &str = "QUALITY_GATE.yaml";

/// Returns what a change of a file adds that a gate forbids, each line once per pattern. What was there before is nobody's addition.
#[must_use]
pub fn forbidden(gate: &Gate, change: &Change) -> Vec<Finding> {
    let path = change.path.as_bytes();
    // The file that describes what is forbidden holds it.
    if path.ends_with(FILE.as_bytes()) {
        return Vec::new();
    }
    let applies = |one: &&Forbidden| one.paths.is_empty() || one.paths.iter().any(|glob| glob.matches(path));
    let mut found = Vec::new();
    for one in gate.forbidden.iter().filter(applies) {
        if change.added == Added::Unread {
            found.push(finding(gate, change, (1, "is too large to be searched for what is forbidden".to_owned())));
            break;
        }
        for block in change.blocks() {
            for (line, text) in (block.first..).zip(block.text.split(|byte| *byte == b'\n')) {
                let text = String::from_utf8_lossy(text.strip_suffix(b"\r").unwrap_or(text));
                if one.pattern.is_match(&text) {
                    found.push(finding(gate, change, (line, message(one))));
                }
            }
        }
    }
    found
}

fn message(one: &Forbidden) -> String {
    let why = one.reason.as_ref().map(|reason| format!(": {}", one_line(reason))).unwrap_or_default();
    let instead = one.replacement.as_ref().map(|instead| format!("; write `{}`", one_line(instead))).unwrap_or_default();
    format!("`{}` is forbidden in added lines{why}{instead}", one_line(one.pattern.as_str()))
}

fn finding(gate: &Gate, change: &Change, (line, message): (u32, String)) -> Finding {
    let place = Some(Place::new(change.path.to_string(), line, None));
    let draft = Draft { source: gate.id.to_string(), kind: FindingKind::Lint, level: Level::Error, rule: None, message, place };
    draft.finish(Base::default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::document::source::SourceFile;
    use crate::domain::gate::parse::parse;
    use crate::domain::policy::governance::change::{Block, EntryKind};

    #[test]
    fn only_added_lines_of_the_named_files_count() {
        let text = "gates:\n  - id: words\n    forbidden_patterns:\n      - {pattern: '^LATER', reason: no open ends, replacement: an issue}\n      - {pattern: dbg, paths: ['src/**']}\n";
        let (gates, _) = parse(&SourceFile::new(FILE, text)).unwrap();
        let check = |path: &str, added: Added, expect: &[&str]| {
            let change = Change { path: path.into(), old: None, new: Some(EntryKind::File), bytes: 0, lines: 0, added };
            let found: Vec<String> = forbidden(&gates.gates[0], &change).iter().map(Finding::short).collect();
            assert_eq!(found, expect, "{path}");
        };
        let lines =
            || Added::Lines(vec![Block { first: 7, text: b"fine\r\nLATER x\r\n".to_vec() }, Block { first: 20, text: b"dbg\n".to_vec() }]);
        let later = |path: &str| format!("{path}:8: `^LATER` is forbidden in added lines: no open ends; write `an issue`");
        check("a.txt", lines(), &[&later("a.txt")]);
        check("src/a.rs", lines(), &[&later("src/a.rs"), "src/a.rs:20: `dbg` is forbidden in added lines"]);
        check("sub/QUALITY_GATE.yaml", lines(), &[]);
        check("a.bin", Added::Binary, &[]);
        check("a.txt", Added::Unread, &["a.txt:1: is too large to be searched for what is forbidden"]);
    }
}
