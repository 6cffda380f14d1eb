//! What `git orc config check` answers.

use serde::Serialize;

use super::document::pretty;
use super::styled::{Role, Styled};
use crate::domain::document::diagnostic::Severity;
use crate::domain::text::{count, one_line};
use crate::ops::config_check::{ConfigChecked, State};

/// The version of the document; fields are only ever added.
const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    valid: bool,
    looked_at: Vec<Looked<'a>>,
    problems: Vec<One<'a>>,
}

#[derive(Serialize)]
struct Looked<'a> {
    name: &'a str,
    there: bool,
}

#[derive(Serialize)]
struct One<'a> {
    severity: Severity,
    subject: &'a str,
    line: Option<u32>,
    column: Option<u32>,
    message: &'a str,
    hint: Option<&'a str>,
}

/// Returns what was looked at, then a line per problem, then a sum.
#[must_use]
pub fn human(checked: &ConfigChecked) -> Styled {
    let mut out = Styled::default();
    for (name, state) in &checked.looked {
        match state {
            State::Read => out.put(Role::Plain, "read    "),
            State::Absent => out.put(Role::Faint, "absent  "),
        };
        out.add(one_line(name)).line();
    }
    out.line();
    for problem in &checked.problems {
        let place = problem.place.map(|(line, column)| format!(":{line}:{column}")).unwrap_or_default();
        out.add(format!("{}{place}: ", one_line(&problem.subject)));
        match problem.severity {
            Severity::Error => out.put(Role::Bad, "error"),
            Severity::Warning => out.put(Role::Caution, "warning"),
            Severity::Note => out.put(Role::Plain, "note"),
        };
        let message = problem.message.lines().map(one_line).collect::<Vec<_>>().join("\n  ");
        out.add(format!(": {message}")).line();
        if let Some(hint) = &problem.hint {
            out.add(format!("  {}", one_line(hint))).line();
        }
    }
    if !checked.problems.is_empty() {
        out.line();
    }
    let sums =
        [(Severity::Error, "error", Role::Bad), (Severity::Warning, "warning", Role::Caution), (Severity::Note, "note", Role::Plain)];
    let told: Vec<_> = sums.into_iter().filter(|(severity, _, _)| checked.count(*severity) > 0).collect();
    for (at, (severity, word, role)) in told.iter().enumerate() {
        out.add(if at > 0 { ", " } else { "" }).put(*role, count(checked.count(*severity), word));
    }
    if told.is_empty() {
        out.put(Role::Good, "no mistake");
    }
    let there = checked.looked.iter().filter(|(_, state)| *state == State::Read).count();
    out.add(format!(" in {}", count(there, "source"))).line();
    out
}

/// Returns one JSON document.
#[must_use]
pub fn json(checked: &ConfigChecked) -> String {
    let looked_at = checked.looked.iter().map(|(name, state)| Looked { name, there: *state == State::Read }).collect();
    let problems = checked
        .problems
        .iter()
        .map(|problem| One {
            severity: problem.severity,
            subject: &problem.subject,
            line: problem.place.map(|(line, _)| line),
            column: problem.place.map(|(_, column)| column),
            message: &problem.message,
            hint: problem.hint.as_deref(),
        })
        .collect();
    pretty(&Document { schema_version: SCHEMA_VERSION, valid: checked.count(Severity::Error) == 0, looked_at, problems })
}
