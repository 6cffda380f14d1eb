//! What added lines must not hold.

use similar::{ChangeTag, TextDiff};

use super::model::Gate;
use crate::domain::finding::draft::{Base, Draft, Place};
use crate::domain::finding::model::{Finding, FindingKind, Level};
use crate::domain::id::RepoPath;
use crate::domain::text::one_line;

/// The name of the file in which gates are described.
pub const FILE: &str = "QUALITY_GATE.yaml";

/// Returns what a change of a file adds that a gate forbids, each line once per pattern. What was there before is nobody's addition.
#[must_use]
pub fn forbidden(gate: &Gate, path: &RepoPath, (old, new): (&[u8], &[u8])) -> Vec<Finding> {
    let applies =
        |paths: &[crate::domain::policy::pattern::Pattern]| paths.is_empty() || paths.iter().any(|glob| glob.matches(path.as_bytes()));
    let patterns: Vec<_> = gate.forbidden.iter().filter(|one| applies(&one.paths)).collect();
    // The file that describes what is forbidden holds it.
    let is_file_of_gates = path.as_bytes().ends_with(FILE.as_bytes());
    if patterns.is_empty() || new.contains(&0) || is_file_of_gates {
        return Vec::new();
    }
    let (old, new) = (String::from_utf8_lossy(old), String::from_utf8_lossy(new));
    // Most files hold none of it at all.
    if !patterns.iter().any(|one| new.lines().any(|line| one.pattern.is_match(line))) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for change in TextDiff::from_lines(old.as_ref(), new.as_ref()).iter_all_changes().filter(|change| change.tag() == ChangeTag::Insert) {
        let line = u32::try_from(change.new_index().unwrap_or_default() + 1).unwrap_or(u32::MAX);
        let text = change.value().trim_end_matches(['\n', '\r']);
        for one in patterns.iter().filter(|one| one.pattern.is_match(text)) {
            let why = one.reason.as_ref().map(|reason| format!(": {}", one_line(reason))).unwrap_or_default();
            let instead = one.replacement.as_ref().map(|instead| format!("; write `{}`", one_line(instead))).unwrap_or_default();
            let message = format!("`{}` is forbidden in added lines{why}{instead}", one_line(one.pattern.as_str()));
            let draft = Draft {
                source: gate.id.to_string(),
                kind: FindingKind::Lint,
                level: Level::Error,
                rule: None,
                message,
                place: Some(Place::new(path.to_string(), line, None)),
            };
            found.push(draft.finish(Base::default()));
        }
    }
    found
}
