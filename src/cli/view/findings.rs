//! Findings of checks, for people and as documents.

use serde::Serialize;

use super::document::pretty;
use super::styled::{Role, Styled};
use crate::domain::finding::model::{Finding, Level};
use crate::domain::finding::write::annotations::annotations;
use crate::domain::finding::write::junit::junit;
use crate::domain::finding::write::rdjsonl::rdjsonl;
use crate::domain::finding::write::sarif::sarif;
use crate::domain::text::{block, count, json, one_line};
use crate::domain::tool::outcome::Ending;
use crate::ops::detect::Detected;

/// The version of the document; fields are only ever added.
const SCHEMA_VERSION: u32 = 1;

/// How findings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Shape {
    /// A line per finding, for people
    #[default]
    Human,
    /// One JSON document
    Json,
    /// SARIF 2.1.0
    Sarif,
    /// JUnit's XML
    Junit,
    /// Reviewdog's format, a line per finding
    Rdjsonl,
    /// Workflow commands for GitHub
    Github,
}

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    name: &'a str,
    ending: Option<&'a Ending>,
    errors: usize,
    warnings: usize,
    notes: usize,
    left_out: usize,
    findings: &'a [Finding],
    #[serde(skip_serializing_if = "Option::is_none")]
    known: Option<&'a [Finding]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fixed: Option<&'a [Finding]>,
}

/// Returns what was found in a shape for programs; `None` for people, who get [`human`].
#[must_use]
pub fn document(one: &Detected, shape: Shape) -> Option<String> {
    let findings = &one.found.findings;
    Some(match shape {
        Shape::Human => return None,
        Shape::Json => pretty(&Document {
            schema_version: SCHEMA_VERSION,
            name: &one.name,
            ending: one.ending.as_ref(),
            errors: of(findings, Level::Error),
            warnings: of(findings, Level::Warning),
            notes: of(findings, Level::Note),
            left_out: one.found.left_out,
            findings,
            known: one.compared.as_ref().map(|compared| compared.known.as_slice()),
            fixed: one.compared.as_ref().map(|compared| compared.fixed.as_slice()),
        }),
        Shape::Sarif => pretty(&sarif(findings, env!("CARGO_PKG_VERSION"))),
        // What a program found may turn the order of letters, and a terminal may be what reads this.
        Shape::Junit => block(&junit(findings)),
        Shape::Rdjsonl => json(&rdjsonl(findings)),
        Shape::Github => block(&annotations(findings)),
    })
}

/// Returns how many findings have a level.
#[must_use]
pub fn of(findings: &[Finding], level: Level) -> usize {
    findings.iter().filter(|finding| finding.level == level).count()
}

/// Returns a line per finding, and a sum.
#[must_use]
pub fn human(one: &Detected) -> Styled {
    let findings = &one.found.findings;
    let mut out = Styled::default();
    for finding in findings {
        out.append(line(finding, ""));
    }
    if one.found.left_out > 0 {
        out.put(Role::Faint, format!("and {} more", one.found.left_out)).line();
    }
    if !findings.is_empty() {
        out.line();
    }
    let sums = [(Level::Error, "error", Role::Bad), (Level::Warning, "warning", Role::Caution), (Level::Note, "note", Role::Plain)];
    let told = sums.into_iter().filter(|(level, _, _)| of(findings, *level) > 0).collect::<Vec<_>>();
    for (at, (level, word, role)) in told.iter().enumerate() {
        out.add(if at > 0 { ", " } else { "" }).put(*role, count(of(findings, *level), word));
    }
    if told.is_empty() {
        out.put(Role::Good, if one.compared.is_some() { "nothing new" } else { "nothing found" });
    } else if one.compared.is_some() {
        out.add(" new");
    }
    if let Some(compared) = &one.compared {
        out.add(format!(", {} known, ", compared.known.len()));
        let role = if compared.fixed.is_empty() { Role::Plain } else { Role::Good };
        out.put(role, format!("{} fixed", compared.fixed.len()));
    }
    out.add(format!(" in {}", name(one))).line();
    out
}

fn name(one: &Detected) -> String {
    let name = one_line(&one.name);
    match one.ending {
        None => name,
        Some(Ending::Exited { code }) => format!("`{name}`, which ended with exit code {code}"),
        Some(Ending::Signaled { signal }) => format!("`{name}`, which was ended by signal {signal}"),
        Some(Ending::TimedOut { .. } | Ending::Cancelled) => format!("`{name}`, which did not end by itself"),
    }
}

/// Returns a finding as `path:line:column: level[rule]: message`.
#[must_use]
pub fn line(finding: &Finding, indent: &str) -> Styled {
    let (role, word) = match finding.level {
        Level::Error => (Role::Bad, "error"),
        Level::Warning => (Role::Caution, "warning"),
        Level::Note => (Role::Plain, "note"),
    };
    let mut out = Styled::plain(indent);
    if let Some(place) = &finding.location {
        let column = place.column.map(|column| format!(":{column}")).unwrap_or_default();
        out.add(format!("{}:{}{column}: ", one_line(&place.path), place.line));
    }
    out.put(role, word);
    out.add(finding.rule.as_ref().map(|rule| format!("[{}]", one_line(rule))).unwrap_or_default());
    out.add(format!(": {}", finding.message.trim_end().replace('\n', &format!("\n{indent}  ")))).line();
    out
}
