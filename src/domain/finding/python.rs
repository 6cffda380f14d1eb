//! Python's text: tracebacks, and the summaries of unittest and pytest.

use std::sync::LazyLock;

use regex::Regex;

use super::draft::{CheckOutput, Draft, Place};
use super::model::{FindingKind, Level};

#[expect(clippy::expect_used, reason = "a constant pattern that a test compiles")]
static FRAME: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"^\s+File "(.+)", line (\d+)(?:, in .+)?$"#).expect("constant pattern"));

#[expect(clippy::expect_used, reason = "a constant pattern that a test compiles")]
static EXCEPTION: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^([A-Za-z_][\w.]*)(?:: (.*))?$").expect("constant pattern"));

#[expect(clippy::expect_used, reason = "a constant pattern that a test compiles")]
static UNITTEST: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^(?:FAIL|ERROR): (\w+) \((.+)\)$").expect("constant pattern"));

#[expect(clippy::expect_used, reason = "a constant pattern that a test compiles")]
static PYTEST: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(?:FAILED|ERROR) (\S+\.py)(::\S+)?(?: - (.*))?$").expect("constant pattern"));

#[expect(clippy::expect_used, reason = "a constant pattern that a test compiles")]
static PYTEST_PLACE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^(\S+\.py):(\d+): (\w+)$").expect("constant pattern"));

/// Reads failed tests of pytest, and tracebacks with the test of unittest that they belong to.
pub(super) fn read(check: &CheckOutput<'_>) -> Vec<Draft> {
    let lines: Vec<&str> = check.text.lines().collect();
    let mut drafts = pytest(&lines);
    drafts.extend(tracebacks(&lines));
    drafts
}

fn pytest(lines: &[&str]) -> Vec<Draft> {
    // The places come in the order of the failures, before the summary.
    let mut places: Vec<_> = lines.iter().filter_map(|line| PYTEST_PLACE.captures(line)).collect();
    let mut drafts = Vec::new();
    for summary in lines.iter().filter_map(|line| PYTEST.captures(line)) {
        let path = summary[1].to_owned();
        let found = places.iter().position(|place| place[1] == path).map(|at| places.remove(at));
        let place = found.and_then(|place| place[2].parse().ok()).map(|line| Place { path: path.clone(), line, column: None });
        let test = format!("{path}{}", summary.get(2).map_or("", |name| name.as_str()));
        let message = summary.get(3).map_or("the test failed", |message| message.as_str()).to_owned();
        drafts.push(test_draft("pytest", test, message, place));
    }
    drafts
}

fn test_draft(source: &str, test: String, message: String, place: Option<Place>) -> Draft {
    Draft { source: source.to_owned(), kind: FindingKind::Test, level: Level::Error, rule: Some(test), message, place }
}

fn tracebacks(lines: &[&str]) -> Vec<Draft> {
    let mut drafts = Vec::new();
    let mut place: Option<Place> = None;
    let mut test: Option<String> = None;
    for line in lines {
        if let Some(head) = UNITTEST.captures(line) {
            test = Some(unittest_name(&head[1], &head[2]));
        } else if let Some(frame) = FRAME.captures(line) {
            let deeper = Place { path: frame[1].to_owned(), line: frame[2].parse().unwrap_or(1), column: None };
            // The deepest frame of the project, not of the library that it called.
            if place.is_none() || !is_library(&deeper.path) {
                place = Some(deeper);
            }
        } else if let (Some(_), Some(exception)) = (&place, EXCEPTION.captures(line)) {
            drafts.push(traceback(&exception[1], line, place.take(), test.take()));
        }
    }
    drafts
}

fn is_library(path: &str) -> bool {
    path.starts_with('<') || path.contains("/lib/python") || path.contains("/site-packages/")
}

fn unittest_name(method: &str, class: &str) -> String {
    if class.ends_with(&format!(".{method}")) { class.to_owned() } else { format!("{class}.{method}") }
}

fn traceback(exception: &str, line: &str, place: Option<Place>, test: Option<String>) -> Draft {
    let kind = match (exception, &test) {
        ("SyntaxError" | "IndentationError" | "TabError", _) => FindingKind::Compile,
        (_, Some(_) | None) => FindingKind::Test,
    };
    let source = if test.is_some() { "unittest" } else { "python" }.to_owned();
    Draft { source, kind, level: Level::Error, rule: test.or_else(|| Some(exception.to_owned())), message: line.to_owned(), place }
}
