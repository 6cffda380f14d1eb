//! Problem matchers: patterns in JSON that say how a tool's lines are read, as GitHub's runner and VS Code take them
//! (`actions/toolkit`, `docs/problem-matchers.md`).

use regex::{Captures, Regex};
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};

use super::draft::{CheckOutput, Draft, Place};
use super::model::{End, FindingKind, Level};

/// A mistake in a file of matchers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}")]
pub struct MatcherError {
    /// The file.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column, counted from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    problem_matcher: OneOrMany<Matcher>,
}

/// VS Code takes a single one as well.
#[derive(Debug, Clone)]
struct OneOrMany<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Both<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> serde::de::Visitor<'de> for Both<T> {
            type Value = Vec<T>;
            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("an object or a list of objects")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Vec<T>, A::Error> {
                Ok(vec![T::deserialize(serde::de::value::MapAccessDeserializer::new(map))?])
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
                let mut all = Vec::new();
                while let Some(one) = seq.next_element()? {
                    all.push(one);
                }
                if all.is_empty() { Err(A::Error::custom("the list is empty")) } else { Ok(all) }
            }
        }
        deserializer.deserialize_any(Both(std::marker::PhantomData)).map(Self)
    }
}

/// How the lines of one tool are read.
#[derive(Debug, Clone, Deserialize)]
pub struct Matcher {
    owner: String,
    #[serde(default)]
    severity: Severity,
    pattern: OneOrMany<Pattern>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Severity {
    #[default]
    Error,
    Warning,
    Info,
    Notice,
}

/// One line; the numbers are groups of the expression.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pattern {
    #[serde(deserialize_with = "expression")]
    regexp: Regex,
    file: Option<usize>,
    from_path: Option<usize>,
    line: Option<usize>,
    column: Option<usize>,
    end_line: Option<usize>,
    end_column: Option<usize>,
    /// `line`, `line,column` or all four in one group, as VS Code has it.
    location: Option<usize>,
    severity: Option<usize>,
    code: Option<usize>,
    message: Option<usize>,
    #[serde(default, rename = "loop")]
    repeats: bool,
}

fn expression<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Regex, D::Error> {
    let text = String::deserialize(deserializer)?;
    let told = |error: regex::Error| {
        let text = error.to_string();
        let last = text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        D::Error::custom(format!("the expression can not be used: {last}"))
    };
    regex::RegexBuilder::new(&text).size_limit(1 << 20).build().map_err(told)
}

/// Returns the matchers in a file; `name` is what errors call it.
///
/// # Errors
/// Returns [`MatcherError`] for the first mistake: JSON that can not be read, keys that are missing, an expression with look-around or
/// back-references, which have no bound on their time.
pub fn parse(name: &str, text: &str) -> Result<Vec<Matcher>, MatcherError> {
    let told = |error: &serde_json::Error| {
        let message = error.to_string();
        let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message).to_owned();
        MatcherError { file: name.to_owned(), line: error.line(), column: error.column(), message }
    };
    let File { problem_matcher } = serde_json::from_str(text).map_err(|error| told(&error))?;
    Ok(problem_matcher.0)
}

/// What the lines so far have said.
#[derive(Debug, Clone, Default)]
struct Said {
    file: Option<String>,
    from: Option<String>,
    place: [Option<u32>; 4],
    severity: Option<String>,
    code: Option<String>,
    message: Option<String>,
}

impl Said {
    fn add(&mut self, pattern: &Pattern, found: &Captures<'_>) {
        let group = |at: Option<usize>| found.get(at?).map(|text| text.as_str().to_owned()).filter(|text| !text.is_empty());
        let keep = |old: &mut Option<String>, at: Option<usize>| *old = group(at).or_else(|| old.take());
        keep(&mut self.file, pattern.file);
        keep(&mut self.from, pattern.from_path);
        keep(&mut self.severity, pattern.severity);
        keep(&mut self.code, pattern.code);
        keep(&mut self.message, pattern.message);
        let number = |at: Option<usize>| group(at)?.parse::<u32>().ok();
        let single = [pattern.line, pattern.column, pattern.end_line, pattern.end_column].map(number);
        let together = group(pattern.location).unwrap_or_default();
        let together: Vec<Option<u32>> = together.split(',').map(|text| text.trim().parse().ok()).collect();
        for (at, old) in self.place.iter_mut().enumerate() {
            *old = single[at].or_else(|| together.get(at).copied().flatten()).or(*old);
        }
    }

    fn draft(&self, matcher: &Matcher) -> Option<Draft> {
        let word = self.severity.as_deref().map(str::to_ascii_lowercase);
        let level = match word.as_deref() {
            Some("error" | "fatal" | "fatal error" | "e" | "err") => Level::Error,
            Some("warning" | "warn" | "w") => Level::Warning,
            Some("info" | "notice" | "note" | "hint" | "i" | "n") => Level::Note,
            Some(_) | None => match matcher.severity {
                Severity::Error => Level::Error,
                Severity::Warning => Level::Warning,
                Severity::Info | Severity::Notice => Level::Note,
            },
        };
        let [line, column, end_line, end_column] = self.place;
        let place = self.file.as_ref().map(|file| {
            let line = line.unwrap_or(1);
            let end = end_line.or(end_column.map(|_| line)).map(|end| End { line: end, column: end_column });
            Place { end, ..Place::new(self.beside(file), line, column) }
        });
        let message = self.message.clone()?;
        Some(Draft { source: matcher.owner.clone(), kind: FindingKind::Lint, level, rule: self.code.clone(), message, place })
    }

    /// Returns a path that a project file gives relative to itself.
    fn beside(&self, file: &str) -> String {
        match self.from.as_deref().and_then(|from| from.rsplit_once('/')) {
            Some((folder, _)) if !file.starts_with('/') => format!("{folder}/{file}"),
            Some(_) | None => file.to_owned(),
        }
    }
}

impl Matcher {
    /// Reads the lines that the patterns describe.
    #[must_use]
    pub fn read(&self, check: &CheckOutput<'_>) -> Vec<Draft> {
        let lines: Vec<&str> = check.text.lines().collect();
        let mut drafts = Vec::new();
        let mut at = 0;
        while at < lines.len() {
            let (found, used) = self.from(&lines[at..]);
            drafts.extend(found);
            at += used.max(1);
        }
        drafts
    }

    /// Reads what begins with the first of these lines; returns the findings and how many lines they took.
    fn from(&self, lines: &[&str]) -> (Vec<Draft>, usize) {
        let mut said = Said::default();
        let Some((last, first)) = self.pattern.0.split_last() else { return (Vec::new(), 0) };
        for (at, pattern) in first.iter().enumerate() {
            let Some(found) = lines.get(at).and_then(|line| pattern.regexp.captures(line)) else { return (Vec::new(), 0) };
            said.add(pattern, &found);
        }
        let mut drafts = Vec::new();
        let mut used = first.len();
        while let Some(found) = lines.get(used).and_then(|line| last.regexp.captures(line)) {
            let mut one = said.clone();
            one.add(last, &found);
            drafts.extend(one.draft(self));
            used += 1;
            if !last.repeats {
                break;
            }
        }
        let is_whole = used > first.len();
        (drafts, if is_whole { used } else { 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(file: &str, text: &str, expect: &[&str]) {
        let command = ["tool".to_owned()];
        let output = CheckOutput { command: &command, exit: Some(1), text };
        let drafts = parse("m.json", file).unwrap().iter().flat_map(|matcher| matcher.read(&output)).collect::<Vec<_>>();
        let told = |draft: &Draft| {
            let place = draft.place.as_ref().map_or(String::new(), |p| {
                let end = p.end.map(|end| format!("-{}:{}", end.line, end.column.unwrap_or(0))).unwrap_or_default();
                format!("{}:{}:{}{end}", p.path, p.line, p.column.unwrap_or(0))
            });
            format!("{} {:?} {place} {} {}", draft.source, draft.level, draft.rule.as_deref().unwrap_or("-"), draft.message)
        };
        assert_eq!(drafts.iter().map(told).collect::<Vec<_>>(), expect, "{text}");
    }

    #[test]
    fn lines_are_read_as_the_patterns_say() {
        let one = r#"{"problemMatcher": [{"owner": "go", "severity": "warning", "pattern": [{"regexp": "^\\s*(.+\\.go):(\\d+):(?:(\\d+):)?\\s*(.*)$", "file": 1, "line": 2, "column": 3, "message": 4}]}]}"#;
        check(one, "x.go:3:7: bad\nother\ny.go:4: worse\n", &["go Warning x.go:3:7 - bad", "go Warning y.go:4:0 - worse"]);
        let code = r#"{"problemMatcher": {"owner": "vs", "pattern": {"regexp": "^(.+)\\((.+)\\): (\\w+) (\\w+): (.*)$", "file": 1, "location": 2, "severity": 3, "code": 4, "message": 5}}}"#;
        check(code, "a.cs(3,4,5,6): warning C1: hm\n", &["vs Warning a.cs:3:4-5:6 C1 hm"]);
    }

    #[test]
    fn several_lines_make_one_finding_or_many() {
        let stylish = r#"{"problemMatcher": [{"owner": "eslint", "pattern": [
            {"regexp": "^([^\\s].*)$", "file": 1},
            {"regexp": "^\\s+(\\d+):(\\d+)\\s+(error|warning|info)\\s+(.*)\\s\\s+(.*)$", "line": 1, "column": 2, "severity": 3, "message": 4, "code": 5, "loop": true}]}]}"#;
        let text = "test.js\n  1:0  error  Missing  error/strict\n  5:10  warning  Odd  error/odd\n\nx.js\nnothing\n";
        check(stylish, text, &["eslint Error test.js:1:0 error/strict Missing", "eslint Warning test.js:5:10 error/odd Odd"]);
        let from = r#"{"problemMatcher": [{"owner": "b", "pattern": [{"regexp": "^in (.*)$", "fromPath": 1}, {"regexp": "^(.*):(\\d+) (.*)$", "file": 1, "line": 2, "message": 3}]}]}"#;
        check(from, "in p/q.proj\na.c:1 no\n", &["b Error p/a.c:1:0 - no"]);
        check(from, "in p/q.proj\nnothing\na.c:1 no\n", &[]);
    }

    #[test]
    fn mistakes_have_a_place() {
        let check = |text: &str, expect: &str| assert_eq!(parse("m.json", text).unwrap_err().to_string(), expect, "{text}");
        check("{\n", "m.json:2:0: EOF while parsing an object");
        check("{}", "m.json:1:2: missing field `problemMatcher`");
        check(r#"{"problemMatcher": []}"#, "m.json:1:21: the list is empty");
        let look = r#"{"problemMatcher": [{"owner": "x", "pattern": [{"regexp": "(?=a)"}]}]}"#;
        check(look, "m.json:1:66: the expression can not be used: look-around, including look-ahead and look-behind, is not supported");
    }
}
