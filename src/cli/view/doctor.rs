//! How machine, repository and runs are.

use serde::Serialize;

use super::document::pretty;
use super::styled::{Role, Styled};
use super::table::{Side, Table};
use crate::domain::text::{count, one_line};
use crate::ops::doctor::Report;
use crate::ops::doctor::health::{Check, Health};

/// The version of the document; fields are only ever added.
const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    problems: usize,
    warnings: usize,
    done: &'a [String],
    checks: Vec<One<'a>>,
}

#[derive(Serialize)]
struct One<'a> {
    check: &'static str,
    health: &'static str,
    what: &'a str,
    help: Option<&'a str>,
}

/// Returns one JSON document.
#[must_use]
pub fn json(report: &Report) -> String {
    let one = |check: &'_ Check| (check.name, check.health.word());
    let checks = report.checks.iter().map(|check| {
        let (name, health) = one(check);
        One { check: name, health, what: &check.what, help: check.help.as_deref() }
    });
    pretty(&Document {
        schema_version: SCHEMA_VERSION,
        problems: report.count(Health::Problem),
        warnings: report.count(Health::Warning),
        done: &report.done,
        checks: checks.collect(),
    })
}

/// Returns the text for people.
#[must_use]
pub fn human(report: &Report) -> Styled {
    let mut out = Styled::default();
    for done in &report.done {
        out.put(Role::Strong, "* ").add(one_line(done)).line();
    }
    if !report.done.is_empty() {
        out.line();
    }
    let mut table = Table::new(&[("check", Side::Left), ("health", Side::Left), ("", Side::Left)]);
    for check in &report.checks {
        table.row(vec![
            Styled::plain(check.name),
            Styled::of(role(check.health), check.health.word()),
            Styled::plain(one_line(&check.what)),
        ]);
    }
    out.append(table.finish());
    let helped: Vec<&Check> = report.checks.iter().filter(|check| check.help.is_some()).collect();
    if !helped.is_empty() {
        out.line();
    }
    for check in helped {
        let help = check.help.as_deref().unwrap_or_default();
        out.put(Role::Faint, format!("{}: ", check.name)).add(one_line(help)).line();
    }
    let (problems, warnings) = (report.count(Health::Problem), report.count(Health::Warning));
    out.line();
    match (problems, warnings) {
        (0, 0) => out.put(Role::Good, "all is well"),
        (0, _) => out.put(Role::Caution, count(warnings, "warning")),
        (_, _) => out.put(Role::Bad, format!("{}, {}", count(problems, "problem"), count(warnings, "warning"))),
    };
    out.put(Role::Faint, format!("  ({})", count(report.checks.len(), "check"))).line();
    out
}

const fn role(health: Health) -> Role {
    match health {
        Health::Ok => Role::Good,
        Health::Warning => Role::Caution,
        Health::Problem => Role::Bad,
    }
}
