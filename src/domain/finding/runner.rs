//! What test runners of JavaScript and Go print for people, and node itself: the name of a failed test, and under it what went wrong.

use std::sync::LazyLock;

use regex::Regex;

use super::draft::{CheckOutput, Draft, Place, Reading};
use super::model::{FindingKind, Level};
use super::stack::{frame_in, head};

/// `FAIL ./shape.test.js` of jest, `FAIL  shape.test.ts > suite > test` of vitest.
#[expect(clippy::expect_used, reason = "a constant pattern that a test compiles")]
static FILE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^ *FAIL +(?:\|.*\| *)?(\S+\.[cm]?[jt]sx?)(?: > (.+?))?(?: \(.*\))?$").expect("constant pattern"));

/// `  ● suite › test`.
#[expect(clippy::expect_used, reason = "a constant pattern that a test compiles")]
static BULLET: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^ {1,4}● (.+)$").expect("constant pattern"));

/// `--- FAIL: TestLarge/odd (0.00s)`.
#[expect(clippy::expect_used, reason = "a constant pattern that a test compiles")]
static GO_TEST: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^ *--- FAIL: (\S+) \([\d.]+s\)$").expect("constant pattern"));

/// `FAIL`, a tab, and `example.com/sample/shape [build failed]`.
#[expect(clippy::expect_used, reason = "a constant pattern that a test compiles")]
static GO_PACKAGE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^FAIL\t(\S+)(?: \[(.+)\]|\t[\d.]+s)$").expect("constant pattern"));

/// Node's own runner, at the end of its report: `test at shape.test.mjs:11:3`, and under it `✖ name (0.6ms)`.
#[expect(clippy::expect_used, reason = "a constant pattern that a test compiles")]
static NODE_PLACE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^test at (.+):(\d+):(\d+)$").expect("constant pattern"));

#[expect(clippy::expect_used, reason = "a constant pattern that a test compiles")]
static NODE_TEST: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^✖ (.+) \([\d.]+ms\)$").expect("constant pattern"));

/// Where an error was thrown that nobody caught: `/srv/x.js:2`, then the source, then `TypeError: ...`.
#[expect(clippy::expect_used, reason = "a constant pattern that a test compiles")]
static THROWN_AT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^(?:file://)?(\S+\.[cm]?[jt]sx?):(\d+)$").expect("constant pattern"));

#[expect(clippy::expect_used, reason = "a constant pattern that a test compiles")]
static THROWN: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^(?:Uncaught )?(\w*Error)(?: \[\w+\])?: .+$").expect("constant pattern"));

/// Reads the failed tests of jest, vitest, node and go, and errors that node did not catch.
pub(super) fn read(check: &CheckOutput<'_>) -> Reading {
    let lines: Vec<&str> = check.text.lines().collect();
    let mut drafts = javascript(&lines);
    drafts.extend(node(&lines));
    drafts.extend(go(&lines));
    Reading::of_lines(drafts)
}

fn draft(source: &str, test: &str, message: String, place: Option<Place>) -> Draft {
    let message = if message.is_empty() { "the test failed".to_owned() } else { message };
    Draft { source: source.to_owned(), kind: FindingKind::Test, level: Level::Error, rule: Some(test.to_owned()), message, place }
}

fn javascript(lines: &[&str]) -> Vec<Draft> {
    let mut drafts = Vec::new();
    let mut file = None;
    for (at, line) in lines.iter().enumerate() {
        let body = || {
            let ends = |line: &&&str| BULLET.is_match(line) || FILE.is_match(line) || line.starts_with('⎯');
            lines[at + 1..].iter().take(200).take_while(|line| !ends(line)).copied().collect::<Vec<_>>().join("\n")
        };
        if let Some(found) = FILE.captures(line) {
            let path = found[1].to_owned();
            if let Some(test) = found.get(2) {
                let text = body();
                let place = frame_in(&path, &text).unwrap_or_else(|| Place::new(&path, 1, None));
                drafts.push(draft("vitest", test.as_str(), head(&text), Some(place)));
            }
            file = Some(path);
        } else if let (Some(path), Some(bullet)) = (&file, BULLET.captures(line).filter(|bullet| &bullet[1] != "Console")) {
            let text = body();
            let place = frame_in(path, &text).unwrap_or_else(|| Place::new(path, 1, None));
            // Between the message and the stack stands a piece of the source.
            let said = head(&text).lines().map(str::trim).filter(|line| !is_source(line)).collect::<Vec<_>>().join("\n");
            drafts.push(draft("jest", &bullet[1].replace(" › ", " "), said, Some(place)));
        }
    }
    drafts
}

fn node(lines: &[&str]) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let rest = || lines[at + 1..].iter().take(40);
        if let Some(found) = NODE_PLACE.captures(line) {
            let Some(test) = rest().next().and_then(|line| NODE_TEST.captures(line)) else { continue };
            let said = rest().skip(1).take_while(|line| line.starts_with(' ')).copied().collect::<Vec<_>>().join("\n");
            let place = found[2].parse().ok().map(|line| Place::new(&found[1], line, found[3].parse().ok()));
            drafts.push(draft("node", &test[1], head(&said), place));
        } else if let Some(found) = THROWN_AT.captures(line) {
            let Some(error) = rest().take(6).find_map(|line| THROWN.captures(line)) else { continue };
            let place = found[2].parse().ok().map(|line| Place::new(&found[1], line, None));
            let kind = if &error[1] == "SyntaxError" { FindingKind::Compile } else { FindingKind::Test };
            drafts.push(Draft { kind, ..draft("node", &error[1], error[0].to_owned(), place) });
        }
    }
    drafts
}

/// Returns whether a line shows source: `> 5 |   expect(...)`, `    |   ^`.
fn is_source(line: &str) -> bool {
    let rest = line.trim_start_matches('>').trim_start().trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
    rest.starts_with('|')
}

fn go(lines: &[&str]) -> Vec<Draft> {
    let failed: Vec<(usize, String)> =
        lines.iter().enumerate().filter_map(|(at, line)| Some((at, GO_TEST.captures(line)?[1].to_owned()))).collect();
    let has_part = |name: &str| failed.iter().any(|(_, other)| other.strip_prefix(name).is_some_and(|rest| rest.starts_with('/')));
    let tests = failed.iter().filter(|(_, name)| !has_part(name)).map(|(at, name)| {
        let said = lines[at + 1..].iter().take(12).take_while(|line| line.starts_with(' ') && !line.trim_start().starts_with("--- "));
        draft("go test", name, said.map(|line| line.trim()).collect::<Vec<_>>().join("\n"), None)
    });
    let packages = lines.iter().filter_map(|line| GO_PACKAGE.captures(line)).filter_map(|package| {
        let why = package.get(2)?.as_str();
        let draft = draft("go test", &package[1], format!("the package fails: {why}"), None);
        Some(Draft { kind: FindingKind::Compile, ..draft })
    });
    tests.chain(packages).collect()
}
