//! The Test Anything Protocol, versions 12 to 14, with the YAML blocks and subtests of node's runner.

use std::sync::LazyLock;

use regex::Regex;

use super::draft::{CheckOutput, Draft, Place, Reading};
use super::model::{FindingKind, Level};

#[expect(clippy::expect_used, reason = "a constant pattern that a test compiles")]
static TEST: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^( *)(not )?ok\b(?: +(\d+))?(?: +-)? *(.*?)(?: +# *(?i:(todo|skip)\S*)( .*)?)?$").expect("constant pattern")
});

#[expect(clippy::expect_used, reason = "a constant pattern that a test compiles")]
static PLAN: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^1\.\.(\d+)(?: *#.*)?$").expect("constant pattern"));

/// Where a test is, in a comment of perl's `Test::More` or in node's block: `at t/x.t line 5.`, `location: '/x.mjs:5:1'`.
#[expect(clippy::expect_used, reason = "a constant pattern that a test compiles")]
static PLACE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^ *(?:#\s+at (\S.*) line (\d+)\.|location: '(?:file://)?(.+):(\d+):(\d+)')$").expect("constant pattern"));

/// Reads tests that are not ok, a plan that was not kept, and a run that was given up.
pub(super) fn read(check: &CheckOutput<'_>) -> Reading {
    let lines: Vec<&str> = check.text.lines().collect();
    let plans: Vec<u64> = lines.iter().filter_map(|line| PLAN.captures(line)?[1].parse().ok()).collect();
    // `ok` alone is a word that any program may print.
    if plans.is_empty() && !lines.iter().any(|line| line.starts_with("TAP version ")) {
        return Reading::default();
    }
    let mut drafts = Vec::new();
    let mut counted = 0;
    for (at, line) in lines.iter().enumerate() {
        if let Some(reason) = line.strip_prefix("Bail out!") {
            drafts.push(draft(check, "bail out", format!("the tests were given up:{reason}"), None));
        }
        // Alone, `ok` is what `prove` says about a whole file.
        let Some(test) = TEST.captures(line).filter(|_| line.trim() != "ok") else { continue };
        counted += u64::from(test[1].is_empty());
        if test.get(2).is_none() || test.get(5).is_some() {
            continue;
        }
        let block = block(&lines[at + 1..], test[1].len());
        // The parts have been told one by one.
        if block.iter().any(|line| line.trim() == "failureType: 'subtestsFailed'") {
            continue;
        }
        let name =
            if test[4].is_empty() { format!("test {}", test.get(3).map_or("", |number| number.as_str())) } else { test[4].to_owned() };
        drafts.push(draft(check, &name, message(&block), block.iter().find_map(|line| place(line))));
    }
    let planned = plans.iter().fold(0_u64, |sum, plan| sum.saturating_add(*plan));
    if !plans.is_empty() && planned != counted && !drafts.iter().any(|one| one.rule.as_deref() == Some("bail out")) {
        drafts.push(draft(check, "plan", format!("{planned} tests were planned, and {counted} ran"), None));
    }
    Reading { drafts, is_report: true, broken: Vec::new() }
}

fn draft(check: &CheckOutput<'_>, rule: &str, message: String, place: Option<Place>) -> Draft {
    Draft { source: check.program().to_owned(), kind: FindingKind::Test, level: Level::Error, rule: Some(rule.to_owned()), message, place }
}

/// Returns what belongs to a test: the comments and the YAML block under it.
fn block<'a>(lines: &[&'a str], indent: usize) -> Vec<&'a str> {
    let belongs = |line: &&&str| line.trim_start().starts_with('#') || (line.len() > indent && line.starts_with(&" ".repeat(indent + 1)));
    let mut block: Vec<&str> = lines.iter().take(200).take_while(belongs).copied().collect();
    if let Some(end) = block.iter().position(|line| line.trim() == "...") {
        block.truncate(end);
    }
    block
}

fn place(line: &str) -> Option<Place> {
    let found = PLACE.captures(line)?;
    match found.get(1) {
        Some(path) => Some(Place::new(path.as_str(), found[2].parse().ok()?, None)),
        None => Some(Place::new(&found[3], found[4].parse().ok()?, found[5].parse().ok())),
    }
}

fn message(block: &[&str]) -> String {
    let value = |line: &str| line.trim().strip_prefix("error: ").map(|text| text.trim_matches('\'').to_owned());
    let at = block.iter().position(|line| line.trim().starts_with("error: "));
    let said = match at.and_then(|at| Some((at, value(block[at])?))) {
        // A block of text follows.
        Some((at, mark)) if mark.starts_with('|') => {
            let indent = |line: &str| line.len() - line.trim_start().len();
            let own = indent(block[at]);
            block[at + 1..].iter().take_while(|line| line.is_empty() || indent(line) > own).map(|line| line.trim().to_owned()).collect()
        }
        Some((_, text)) => vec![text],
        None => block.iter().filter_map(|line| Some(line.trim().strip_prefix('#')?.trim().to_owned())).collect::<Vec<_>>(),
    };
    let said = said.into_iter().filter(|line| !line.is_empty()).take(12).collect::<Vec<_>>().join("\n");
    if said.is_empty() { "the test is not ok".to_owned() } else { said }
}
