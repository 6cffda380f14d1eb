//! What a verification found.

use serde::Serialize;

use super::document::pretty;
use super::styled::{Role, Styled};
use super::time::span;
use crate::domain::id::ObjectId;
use crate::domain::ledger::flaw::{Flaw, Place, Rule, Severity};
use crate::domain::text::{count, one_line};
use crate::io::git::prove::Depth;
use crate::ops::verify::Verified;

/// The version of the document; fields are only ever added.
const SCHEMA_VERSION: u32 = 1;
/// How many flaws are shown to a person; `--json` has them all.
const MOST: usize = 50;

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    verified: bool,
    tip: Option<ObjectId>,
    fast: bool,
    runs: usize,
    entries: u64,
    unknown_entries: u64,
    patches: usize,
    merges: usize,
    objects: usize,
    notes_written: usize,
    elapsed_seconds: f64,
    problems: usize,
    warnings: usize,
    flaws: Vec<One<'a>>,
}

#[derive(Serialize)]
struct One<'a> {
    severity: Severity,
    rule: Rule,
    place: &'a Place,
    what: &'a str,
    why: &'static str,
    help: &'static str,
}

/// Returns one JSON document.
#[must_use]
pub fn json(found: &Verified) -> String {
    let one = |flaw: &'_ Flaw| (flaw.severity, flaw.rule);
    pretty(&Document {
        schema_version: SCHEMA_VERSION,
        verified: found.count(Severity::Problem) == 0,
        tip: found.tip,
        fast: found.depth == Depth::Present,
        runs: found.runs,
        entries: found.entries,
        unknown_entries: found.unknown,
        patches: found.patches,
        merges: found.merges,
        objects: found.objects,
        notes_written: found.notes_written,
        elapsed_seconds: found.seconds,
        problems: found.count(Severity::Problem),
        warnings: found.count(Severity::Warning),
        flaws: found
            .flaws
            .iter()
            .map(|flaw| {
                let (severity, rule) = one(flaw);
                One { severity, rule, place: &flaw.place, what: &flaw.what, why: rule.why(), help: rule.help() }
            })
            .collect(),
    })
}

/// Returns the text for people.
#[must_use]
pub fn human(found: &Verified) -> Styled {
    let mut out = Styled::default();
    let Some(tip) = found.tip else {
        if found.flaws.is_empty() {
            out.put(Role::Faint, "There is no ledger in this repository.").line();
            return out;
        }
        return flaws(out, &found.flaws);
    };
    out = flaws(out, &found.flaws);
    let (problems, warnings) = (found.count(Severity::Problem), found.count(Severity::Warning));
    match (problems, warnings) {
        (0, 0) => out.put(Role::Good, "ok"),
        (0, _) => out.put(Role::Caution, count(warnings, "warning")),
        (_, 0) => out.put(Role::Bad, count(problems, "problem")),
        (_, _) => out.put(Role::Bad, format!("{}, {}", count(problems, "problem"), count(warnings, "warning"))),
    };
    out.add(format!("  {}, {}, ", entries(found.entries), count(found.runs, "run")));
    out.add(format!("{}, {}, {}", patches(found.patches), count(found.merges, "merge"), count(found.objects, "object")));
    out.put(Role::Faint, format!("  ({} at {})", span(found.seconds), tip.short())).line();
    if found.unknown > 0 {
        out.put(Role::Caution, format!("{} of a kind that this version does not know\n", entries(found.unknown)));
    }
    if found.notes_written > 0 {
        out.add(format!("{} written again\n", count(found.notes_written, "note")));
    }
    if found.depth == Depth::Present {
        out.put(Role::Faint, "objects were not hashed and merges not made again (--fast)\n");
    }
    out
}

fn entries(n: u64) -> String {
    if n == 1 { "1 entry".to_owned() } else { format!("{n} entries") }
}

fn patches(n: usize) -> String {
    if n == 1 { "1 patch".to_owned() } else { format!("{n} patches") }
}

fn flaws(mut out: Styled, all: &[Flaw]) -> Styled {
    for flaw in all.iter().take(MOST) {
        let role = match flaw.severity {
            Severity::Problem => Role::Bad,
            Severity::Warning => Role::Caution,
        };
        out.put(role, format!("{:<8}", flaw.severity.word())).put(Role::Strong, format!(" {}", flaw.rule.name()));
        out.add(format!(": {}\n", one_line(&flaw.what)));
        if let Some(place) = place(&flaw.place) {
            out.put(Role::Faint, "   where  ").add(place).line();
        }
        out.put(Role::Faint, "     why  ").add(flaw.rule.why()).line();
        out.put(Role::Faint, "   helps  ").add(flaw.rule.help()).line();
    }
    if all.len() > MOST {
        out.put(Role::Faint, format!("... and {} more; --json has them all\n", all.len() - MOST));
    }
    if !all.is_empty() {
        out.line();
    }
    out
}

fn place(place: &Place) -> Option<String> {
    let parts = [
        place.run.map(|run| format!("run {run}")),
        place.entry.map(|entry| format!("entry {entry}")),
        place.commit.map(|commit| format!("commit {}", commit.short())),
        place.path.as_ref().map(|path| format!("`{}`", one_line(path))),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}
