//! Python's text: tracebacks, and the summaries of unittest and pytest.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::draft::{CheckOutput, Draft, Place, Reading};
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

/// The head of a failed test's section, `____ TestOdd.test_side[0] ____`.
#[expect(clippy::expect_used, reason = "a constant pattern that a test compiles")]
static PYTEST_SECTION: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^_{3,} (.+?) _{3,}$").expect("constant pattern"));

/// How many lines of a section are searched for the place.
const LONGEST_SECTION: usize = 2_000;

/// Reads failed tests of pytest, and tracebacks with the test of unittest that they belong to.
pub(super) fn read(check: &CheckOutput<'_>) -> Reading {
    let lines: Vec<&str> = check.text.lines().collect();
    let mut drafts = pytest(&lines);
    drafts.extend(tracebacks(&lines));
    Reading::of_lines(drafts)
}

fn pytest(lines: &[&str]) -> Vec<Draft> {
    let mut sections = HashMap::new();
    for (at, line) in lines.iter().enumerate() {
        if let Some(title) = PYTEST_SECTION.captures(line).and_then(|head| head.get(1)) {
            sections.entry(title.as_str()).or_insert(at);
        }
    }
    let summaries = lines.iter().filter_map(|line| PYTEST.captures(line));
    let draft = |summary: Captures<'_>| {
        let path = &summary[1];
        let name = summary.get(2).map_or("", |name| name.as_str());
        let message = summary.get(3).map_or("the test failed", |message| message.as_str()).to_owned();
        let title = if name.is_empty() { format!("ERROR collecting {path}") } else { name.trim_start_matches("::").replace("::", ".") };
        let place = sections.get(title.as_str()).and_then(|start| pytest_place(&lines[start + 1..], path));
        test_draft("pytest", format!("{path}{name}"), message, place)
    };
    summaries.map(draft).collect()
}

/// Returns the first place in the test's own file that is named in its section, in any of pytest's traceback styles.
fn pytest_place(lines: &[&str], path: &str) -> Option<Place> {
    let section = lines.iter().take(LONGEST_SECTION).take_while(|line| !PYTEST_SECTION.is_match(line));
    let number = |line: &&str| line.strip_prefix(path)?.strip_prefix(':')?.split(':').next()?.parse().ok();
    section.filter_map(number).next().map(|line| Place::new(path, line, None))
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
            let deeper = Place::new(&frame[1], frame[2].parse().unwrap_or(1), None);
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
