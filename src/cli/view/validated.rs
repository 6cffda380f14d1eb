//! What `git orc validate` answers, beside the diagnostics themselves.

use serde::Serialize;

use super::document::pretty;
use super::styled::{Role, Styled};
use crate::domain::document::diagnostic::{Diagnostic, Severity};
use crate::domain::text::count;
use crate::ops::validate::Validated;

/// The version of the document; fields are only ever added.
const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    valid: bool,
    plans: Vec<One<'a>>,
}

#[derive(Serialize)]
struct One<'a> {
    path: &'a str,
    valid: bool,
    name: Option<&'a str>,
    workstreams: Option<usize>,
    waves: Option<usize>,
    diagnostics: &'a [Diagnostic],
}

/// Returns one line per plan.
#[must_use]
pub fn human(all: &[Validated]) -> Styled {
    let mut out = Styled::default();
    for one in all {
        match &one.plan {
            Some((plan, schedule)) => {
                out.put(Role::Good, "ok").add(format!(
                    " {}: {}, {} in {}",
                    one.source.name,
                    plan.name,
                    count(plan.workstreams.len(), "workstream"),
                    count(schedule.waves.len(), "wave")
                ));
            }
            None => {
                out.put(Role::Bad, "invalid").add(format!(" {}: {}", one.source.name, count(one.count(Severity::Error), "error")));
            }
        }
        let warnings = one.count(Severity::Warning);
        if warnings > 0 {
            out.add(format!(", {}", count(warnings, "warning")));
        }
        out.line();
    }
    out
}

/// Returns one JSON document.
#[must_use]
pub fn json(all: &[Validated]) -> String {
    let plans: Vec<One<'_>> = all
        .iter()
        .map(|one| One {
            path: &one.source.name,
            valid: one.plan.is_some(),
            name: one.plan.as_ref().map(|(plan, _)| plan.name.as_str()),
            workstreams: one.plan.as_ref().map(|(plan, _)| plan.workstreams.len()),
            waves: one.plan.as_ref().map(|(_, schedule)| schedule.waves.len()),
            diagnostics: &one.diagnostics,
        })
        .collect();
    pretty(&Document { schema_version: SCHEMA_VERSION, valid: plans.iter().all(|plan| plan.valid), plans })
}
