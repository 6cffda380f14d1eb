//! Lines of the form `path:line:column: level: message` and their relatives, as most compilers and linters print them.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::draft::{CheckOutput, Draft, Place, Reading};
use super::model::{FindingKind, Level};

/// gcc, clang, rustc's short form, go, mypy, shellcheck, flake8, ruff: `path:line:column: [level[rule]:] message`; the column may be
/// missing when there is a level, else every `grep -n` would match.
#[expect(clippy::expect_used, reason = "a constant pattern that a test compiles")]
static COLONS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:vet: )?([^\s:][^:]*?):(\d+)(?::(\d+))?(?:-\d+(?::\d+)?|:\d+:\d+)?: *(?:(?i:(fatal error|internal compiler error|error|warning|note|info|style|help))(?:\[([\w:-]+)\])?: *)?(\S.*)$")
        .expect("constant pattern")
});

/// TypeScript, MSVC: `path(line,column): error TS2304: message`.
#[expect(clippy::expect_used, reason = "a constant pattern that a test compiles")]
static PARENTHESES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^([^\s(][^(]*?)\((\d+)(?:,(\d+))?\): *(?i:(fatal error|error|warning|info|message)) ?([A-Z]+\d+)?: *(\S.*)$")
        .expect("constant pattern")
});

/// The forms of single tools; groups are path, line, column, level, rule, message.
#[expect(clippy::expect_used, reason = "constant patterns that a test compiles")]
static OWN_FORMS: LazyLock<[Regex; 4]> = LazyLock::new(|| {
    [
        // yamllint: `x.yaml:1:1: [warning] missing document start (document-start)`.
        r"^([^\s:][^:]*):(\d+):(\d+): \[(warning|error)\] ()(\S.*)$",
        // TypeScript and pyright for people: `src/x.ts:7:3 - error TS2322: message`, `x.py:1:8 - error: message (rule)`.
        r"^ *([^\s:][^:]*):(\d+):(\d+) - (error|warning|information)(?: (TS\d+))?: (\S.*)$",
        // markdownlint: `x.md:4:25 error MD009/no-trailing-spaces Trailing spaces`, the column and the level may be missing.
        r"^([^\s:][^:]*):(\d+)(?::(\d+))? (?:(error|warning) )?(MD\d+)\S* (\S.*)$",
        // codespell: `x.md:1: teh ==> the`.
        r"^([^\s:][^:]*):(\d+):() ()()(\S+ ==> \S.*)$",
    ]
    .map(|pattern| Regex::new(pattern).expect("constant pattern"))
});

/// TypeScript about itself: `error TS6046: message`.
#[expect(clippy::expect_used, reason = "a constant pattern that a test compiles")]
static NO_PLACE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^error (TS\d+): (\S.*)$").expect("constant pattern"));

/// A rule at the end: `[-Wunused-variable]` of gcc, `[name-defined]` of mypy.
#[expect(clippy::expect_used, reason = "a constant pattern that a test compiles")]
static RULE_LAST: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(.*\S) +\[(-?[A-Za-z][\w=+.-]*)(?:,[\w.,-]+)?\]$").expect("constant pattern"));

/// A rule at the end: `(document-start)` of yamllint, `(reportMissingImports)` of pyright.
#[expect(clippy::expect_used, reason = "a constant pattern that a test compiles")]
static RULE_IN_PARENTHESES: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^(.*\S) \(([A-Za-z][\w-]*)\)$").expect("constant pattern"));

/// A rule at the beginning: `E501` of flake8 and ruff, `[E501]` in the form of pylint, `SC2086` of shellcheck.
#[expect(clippy::expect_used, reason = "a constant pattern that a test compiles")]
static RULE_FIRST: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(?:\[([A-Z]{1,6}\d{2,5})\]|([A-Z]{1,6}\d{2,5}):?) +(?:\[\*\] )?(\S.*)$").expect("constant pattern"));

/// A linker has no line to show.
#[expect(clippy::expect_used, reason = "a constant pattern that a test compiles")]
static LINKER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(undefined reference to .+|multiple definition of [^;]+|cannot find -l\S+)").expect("constant pattern"));

/// Reads every line that has one of the forms. Notes belong to the finding before them and are left out.
pub(super) fn read(check: &CheckOutput<'_>) -> Reading {
    Reading::of_lines(check.text.lines().filter(|line| line.len() < 4096).filter_map(|line| draft(check, line)).collect())
}

fn draft(check: &CheckOutput<'_>, line: &str) -> Option<Draft> {
    if let Some(found) = LINKER.captures(line) {
        return Some(finding(check, Level::Error, Some("linker".to_owned()), found[1].to_owned(), None));
    }
    if let Some(found) = OWN_FORMS.iter().find_map(|form| form.captures(line)) {
        return own_form(check, &found);
    }
    if let Some(found) = NO_PLACE.captures(line) {
        return Some(finding(check, Level::Error, Some(found[1].to_owned()), found[2].to_owned(), None));
    }
    let found = PARENTHESES.captures(line).or_else(|| COLONS.captures(line))?;
    let level = match found.get(4) {
        Some(word) => level(word.as_str())?,
        // Without a level only a line with a column and a path that looks like one is believed.
        None if looks_like_a_file(&found[1]) && (found.get(3).is_some() || found[6].starts_with('[') && RULE_FIRST.is_match(&found[6])) => {
            check.default_level()
        }
        None => return None,
    };
    let place = place(&found)?;
    let (rule, message) = match found.get(5) {
        Some(rule) => (Some(rule.as_str().to_owned()), found[6].to_owned()),
        None => split_rule(&found[6]),
    };
    Some(finding(check, level, rule, message, Some(place)))
}

fn own_form(check: &CheckOutput<'_>, found: &Captures<'_>) -> Option<Draft> {
    let text = |at: usize| found.get(at).map(|text| text.as_str()).filter(|text| !text.is_empty());
    let level = match text(4) {
        Some("warning") => Level::Warning,
        Some("information") => Level::Note,
        Some(_) => Level::Error,
        None => check.default_level(),
    };
    let (rule, message) = match (text(5), RULE_IN_PARENTHESES.captures(&found[6])) {
        (None, Some(last)) => (Some(last[2].to_owned()), last[1].to_owned()),
        (rule, _) => (rule.map(str::to_owned), found[6].to_owned()),
    };
    let is_typed = rule.as_deref().is_none_or(|rule| rule.starts_with("TS"));
    let kind = if is_typed && level == Level::Error && text(4).is_some() { FindingKind::Compile } else { FindingKind::Lint };
    Some(Draft { kind, ..finding(check, level, rule, message, place(found)) })
}

fn finding(check: &CheckOutput<'_>, level: Level, rule: Option<String>, message: String, place: Option<Place>) -> Draft {
    let kind = match level {
        Level::Error => FindingKind::Compile,
        Level::Warning | Level::Note => FindingKind::Lint,
    };
    Draft { source: check.program().to_owned(), kind, level, rule, message, place }
}

/// Returns the level of a word; `None` for notes.
fn level(word: &str) -> Option<Level> {
    match word.to_ascii_lowercase().as_str() {
        "note" | "help" | "info" | "message" => None,
        "warning" | "style" => Some(Level::Warning),
        _ => Some(Level::Error),
    }
}

fn place(found: &Captures<'_>) -> Option<Place> {
    let line = found[2].parse().ok()?;
    Some(Place::new(&found[1], line, found.get(3).and_then(|column| column.as_str().parse().ok())))
}

/// Returns whether a name has an extension or a folder, and no blank; a clock's `12:30:15: message` has none of these.
fn looks_like_a_file(name: &str) -> bool {
    let base = name.rsplit('/').next().unwrap_or(name);
    let has_extension =
        base.rsplit_once('.').is_some_and(|(stem, extension)| !stem.is_empty() && extension.starts_with(|c: char| c.is_ascii_alphabetic()));
    (has_extension || name.contains('/')) && !name.contains([' ', '\t'])
}

fn split_rule(message: &str) -> (Option<String>, String) {
    if let Some(found) = RULE_LAST.captures(message) {
        return (Some(found[2].to_owned()), found[1].to_owned());
    }
    if let Some(found) = RULE_FIRST.captures(message) {
        let rule = found.get(1).or(found.get(2)).map(|rule| rule.as_str().to_owned());
        return (rule, found[3].to_owned());
    }
    (None, message.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(exit: i32, line: &str, expect: Option<(Level, Option<&str>, &str, &str)>) {
        let command = ["tool".to_owned()];
        let drafts = read(&CheckOutput { command: &command, exit: Some(exit), text: line }).drafts;
        let seen = drafts.first().map(|draft| {
            let place = draft.place.as_ref().map_or(String::new(), |p| format!("{}:{}:{}", p.path, p.line, p.column.unwrap_or(0)));
            (draft.level, draft.rule.as_deref(), draft.message.as_str(), place)
        });
        assert_eq!(seen, expect.map(|(level, rule, message, place)| (level, rule, message, place.to_owned())), "{line}");
    }

    #[test]
    fn the_common_forms_are_read() {
        use Level::{Error, Warning};
        check(1, "a/b.c:3:5: error: expected ‘;’", Some((Error, None, "expected ‘;’", "a/b.c:3:5")));
        check(1, "b.c:3:5: fatal error: x.h: No such file", Some((Error, None, "x.h: No such file", "b.c:3:5")));
        check(0, "b.c:3:5: warning: unused ‘x’ [-Wunused-variable]", Some((Warning, Some("-Wunused-variable"), "unused ‘x’", "b.c:3:5")));
        check(1, "src/a.rs:2:5: error[E0425]: no value", Some((Error, Some("E0425"), "no value", "src/a.rs:2:5")));
        check(
            1,
            "x.py:3: error: Name \"y\" is not defined  [name-defined]",
            Some((Error, Some("name-defined"), "Name \"y\" is not defined", "x.py:3:0")),
        );
        check(1, "./x.go:3:2: undefined: y", Some((Error, None, "undefined: y", "./x.go:3:2")));
        check(
            0,
            "x.py:1:80: E501 line too long (88 > 79 characters)",
            Some((Warning, Some("E501"), "line too long (88 > 79 characters)", "x.py:1:80")),
        );
        check(1, "x.py:1:80: E501 line too long", Some((Error, Some("E501"), "line too long", "x.py:1:80")));
        check(
            1,
            "src/x.ts(3,7): error TS2304: Cannot find name 'y'.",
            Some((Error, Some("TS2304"), "Cannot find name 'y'.", "src/x.ts:3:7")),
        );
        check(1, "x.cs(3): warning CS0168: unused", Some((Warning, Some("CS0168"), "unused", "x.cs:3:0")));
        check(1, "x.c:3:5-9: error: range", Some((Error, None, "range", "x.c:3:5")));
        check(1, "Makefile:3: error: bad", Some((Error, None, "bad", "Makefile:3:0")));
        check(1, "l.c:(.text+0xa): undefined reference to `area'", Some((Error, Some("linker"), "undefined reference to `area'", "")));
    }

    #[test]
    fn other_lines_are_left_alone() {
        for line in [
            "",
            "all is well",
            "12:30:15: started",
            "12:30:15: error",
            "src/x.rs:3: let y = 1;",
            "b.c:3:5: note: declared here",
            "http://localhost:8080: ok",
            "  at src/lib.rs:19:9",
            "error: could not compile `x`",
            "some words here:1:2: odd",
        ] {
            check(1, line, None);
        }
    }
}
