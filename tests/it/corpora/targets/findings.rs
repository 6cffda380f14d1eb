//! The output of checks: no reader panics, no failure is hidden, nothing that is shown moves a cursor, no place is outside.

use git_orc::domain::finding::chooser::{FORMATS, MOST_FINDINGS, findings_in};
use git_orc::domain::finding::draft::CheckOutput;
use git_orc::domain::finding::model::Level;

/// All readers together, as a check is read.
pub fn findings(data: &[u8]) {
    let Some((exit, text)) = data.split_first() else { return };
    let text = String::from_utf8_lossy(text);
    let command = ["cargo".to_owned(), "check".to_owned()];
    let found = findings_in("/wt", &command, i32::from(*exit), &text);
    // Reading twice costs as much again, so one input in eight stands for the rest.
    if text.len().is_multiple_of(8) {
        assert_eq!(found, findings_in("/wt", &command, i32::from(*exit), &text));
    }
    assert!(*exit == 0 || found.iter().any(|one| one.level == Level::Error), "a failure is hidden");
    assert!(found.len() <= MOST_FINDINGS);
    for one in &found {
        assert_eq!(one.fingerprint.len(), 16);
        assert!(!one.message.chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "{:?}", one.message);
        let Some(place) = &one.location else { continue };
        assert!(!place.path.starts_with('/') && place.path.split('/').all(|part| part != ".."), "{:?}", place.path);
        assert!(place.line > 0);
    }
}

fn format(name: &str, data: &[u8]) {
    let Some((exit, text)) = data.split_first() else { return };
    let text = String::from_utf8_lossy(text);
    let command = ["pytest".to_owned()];
    let check = CheckOutput { command: &command, exit: i32::from(*exit), text: &text };
    let format = FORMATS.iter().find(|format| format.name == name).unwrap();
    for draft in (format.read)(&check) {
        let _ = draft.finish("/wt").short();
    }
}

/// Cargo's JSON.
pub fn finding_cargo(data: &[u8]) {
    format("cargo json", data);
}

/// rustc's text.
pub fn finding_arrow(data: &[u8]) {
    format("rustc text", data);
}

/// Rust's test harness.
pub fn finding_rust_test(data: &[u8]) {
    format("rust tests", data);
}

/// pytest, unittest, tracebacks.
pub fn finding_python(data: &[u8]) {
    format("python", data);
}

/// `path:line:column`.
pub fn finding_matcher(data: &[u8]) {
    format("path:line:column", data);
}
