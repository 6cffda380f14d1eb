//! The output of checks: no reader panics, no failure is hidden, nothing that is shown moves a cursor, no place is outside.

use git_orc::domain::finding::chooser::{MOST_FINDINGS, Output, findings_in, read};
use git_orc::domain::finding::draft::Base;
use git_orc::domain::finding::model::Level;
use git_orc::domain::finding::problem_matcher;

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

/// The readers of one kind; the whole output, without its first byte, is theirs.
fn some(readers: &[&str], data: &[u8]) {
    let Some((exit, text)) = data.split_first() else { return };
    let text = String::from_utf8_lossy(text);
    let command = ["pytest".to_owned()];
    for reader in readers {
        let base = Base { root: "/wt", folder: "sub" };
        let exit = Some(i32::from(*exit)).filter(|exit| *exit != 255);
        let output =
            Output { base, command: &command, exit, text: &text, reader: Some(reader), matchers: &[], answers: &[], most: MOST_FINDINGS };
        let found = read(output).findings;
        assert!(exit.is_none_or(|exit| exit == 0) || found.iter().any(|one| one.level == Level::Error), "{reader} hides a failure");
        for finding in found {
            assert!(!finding.short().chars().any(|c| c.is_control() && c != '\t'), "{finding:?}");
            let place = finding.location.as_ref();
            assert!(place.is_none_or(|place| place.line > 0 && place.end.is_none_or(|end| end.line >= place.line)), "{finding:?}");
        }
    }
}

/// Reports in JSON, beside everything else.
pub fn finding_json(data: &[u8]) {
    findings(data);
}

/// Reports in XML.
pub fn finding_xml(data: &[u8]) {
    some(&["xml"], data);
}

/// The Test Anything Protocol.
pub fn finding_tap(data: &[u8]) {
    some(&["tap"], data);
}

/// What test runners and linters print for people.
pub fn finding_people(data: &[u8]) {
    some(&["runner", "stylish", "formatter", "shellcheck-text", "github"], data);
}

/// A file of problem matchers and, behind a zero byte, lines for it.
pub fn problem_matchers(data: &[u8]) {
    let (file, text) = data.split_at(data.iter().position(|byte| *byte == 0).unwrap_or(data.len()));
    let Ok(matchers) = problem_matcher::parse("m.json", &String::from_utf8_lossy(file)) else { return };
    let text = String::from_utf8_lossy(text);
    let base = Base::default();
    let output =
        Output { base, command: &[], exit: Some(1), text: &text, reader: None, matchers: &matchers, answers: &[], most: MOST_FINDINGS };
    assert!(read(output).findings.iter().any(|one| one.level == Level::Error));
}

/// Cargo's JSON.
pub fn finding_cargo(data: &[u8]) {
    some(&["cargo"], data);
}

/// rustc's text.
pub fn finding_arrow(data: &[u8]) {
    some(&["rustc"], data);
}

/// Rust's test harness.
pub fn finding_rust_test(data: &[u8]) {
    some(&["rust-test"], data);
}

/// pytest, unittest, tracebacks.
pub fn finding_python(data: &[u8]) {
    some(&["python"], data);
}

/// `path:line:column`.
pub fn finding_matcher(data: &[u8]) {
    some(&["lines"], data);
}
