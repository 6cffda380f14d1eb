//! What a rollback undid, or would undo.

use serde::Serialize;

use super::document::pretty;
use super::styled::{Role, Styled};
use crate::cli::exit::Exit;
use crate::domain::id::{ObjectId, RunId, WorkstreamId};
use crate::domain::run::rollback::{Revert, RevertKind};
use crate::domain::run::rollback_wording::{action_words, revert_words};
use crate::domain::text::{count, one_line};
use crate::engine::revert::Undo;
use crate::ops::rollback::Report;
use crate::ops::rollback::actions::{ActionEnd, ActionReport};
use crate::ops::rollback::outline::Outline;
use crate::ops::rollback::refusal::{Dependent, Obstacle, Refusal, Whose};

/// The version of the document; fields are only ever added.
const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    run: RunId,
    target: &'a str,
    dry_run: bool,
    old: Option<ObjectId>,
    new: Option<ObjectId>,
    undone: Vec<One<'a>>,
    already: Vec<One<'a>>,
    along: Vec<Along<'a>>,
    refusal: Option<Refused<'a>>,
    gates: &'a [String],
    compensations: Vec<Act<'a>>,
}

#[derive(Serialize)]
struct One<'a> {
    workstream: &'a WorkstreamId,
    kind: &'static str,
    of: ObjectId,
    commit: Option<ObjectId>,
    patches: Vec<String>,
}

#[derive(Serialize)]
struct Along<'a> {
    workstream: &'a WorkstreamId,
    depends_on: Option<&'a WorkstreamId>,
    paths: &'a [String],
}

#[derive(Serialize)]
struct Refused<'a> {
    message: String,
    depended: Vec<Along<'a>>,
    paths: &'a [String],
    obstacles: Vec<Hindrance<'a>>,
}

#[derive(Serialize)]
struct Hindrance<'a> {
    commit: ObjectId,
    author: &'a str,
    subject: &'a str,
    paths: &'a [String],
    run: Option<RunId>,
    workstream: Option<&'a WorkstreamId>,
}

#[derive(Serialize)]
struct Act<'a> {
    workstream: &'a WorkstreamId,
    command: &'a [String],
    text: &'a str,
    state: &'static str,
    message: Option<&'a str>,
}

const fn kind(kind: RevertKind) -> &'static str {
    match kind {
        RevertKind::Workstream => "workstream",
        RevertKind::Patch => "patch",
    }
}

fn made(revert: &Revert) -> One<'_> {
    let patches = revert.patches.iter().map(ToString::to_string).collect();
    One { workstream: &revert.workstream, kind: kind(revert.kind), of: revert.of, commit: Some(revert.commit), patches }
}

fn wished(undo: &Undo) -> One<'_> {
    let patches = undo.patches.iter().map(ToString::to_string).collect();
    One { workstream: &undo.workstream, kind: kind(undo.kind), of: undo.of, commit: None, patches }
}

fn along(dependent: &Dependent) -> Along<'_> {
    Along { workstream: &dependent.workstream, depends_on: dependent.on.as_ref(), paths: &dependent.paths }
}

fn refused<'a>(run: RunId, refusal: &'a Refusal) -> Refused<'a> {
    let message = refusal.to_string();
    match refusal {
        Refusal::Depended(all) => Refused { message, depended: all.iter().map(along).collect(), paths: &[], obstacles: Vec::new() },
        Refusal::DependedElsewhere(all) => {
            Refused { message, depended: all.iter().map(|(_, one)| along(one)).collect(), paths: &[], obstacles: Vec::new() }
        }
        Refusal::AtWork(_) => Refused { message, depended: Vec::new(), paths: &[], obstacles: Vec::new() },
        Refusal::Conflict { paths, obstacles, .. } => {
            let of = |obstacle: &'a Obstacle| {
                let (run, workstream) = match &obstacle.whose {
                    Whose::Own(id) => (Some(run), Some(id)),
                    Whose::Other(run, id) => (Some(*run), Some(id)),
                    Whose::Person => (None, None),
                };
                let later = &obstacle.later;
                let (author, subject) = (later.author.as_str(), later.subject.as_str());
                Hindrance { commit: later.commit, author, subject, paths: &later.paths, run, workstream }
            };
            Refused { message, depended: Vec::new(), paths, obstacles: obstacles.iter().map(of).collect() }
        }
    }
}

/// Returns the word for how an action has ended, and what is said about it.
const fn end(end: &ActionEnd) -> (&'static str, Option<&String>) {
    match end {
        ActionEnd::Passed => ("passed", None),
        ActionEnd::PassedBefore => ("passed_before", None),
        ActionEnd::Failed(message) => ("failed", Some(message)),
        ActionEnd::Interrupted => ("interrupted", None),
        ActionEnd::NotRun => ("not_run", None),
        ActionEnd::Skipped => ("skipped", None),
        ActionEnd::ForPerson => ("for_person", None),
    }
}

fn act(report: &ActionReport) -> Act<'_> {
    let (state, message) = end(&report.end);
    let action = &report.action;
    Act { workstream: &action.workstream, command: &action.argv, text: &action.text, state, message: message.map(String::as_str) }
}

/// Returns one JSON document.
#[must_use]
pub fn json(report: &Report) -> String {
    let (outline, rollback) = (report.outline.as_ref(), report.rollback.as_ref());
    let undone = match (rollback, outline) {
        (Some(rollback), _) => rollback.reverts.iter().map(made).collect(),
        (None, Some(outline)) => outline.undos.iter().map(wished).collect(),
        (None, None) => Vec::new(),
    };
    pretty(&Document {
        schema_version: SCHEMA_VERSION,
        run: report.state.run,
        target: &report.state.target,
        dry_run: outline.is_some(),
        old: rollback.map(|rollback| rollback.old).or_else(|| outline.map(|outline| outline.old)),
        new: rollback.map(|rollback| rollback.new),
        undone,
        already: report.already.iter().map(made).collect(),
        along: outline.map(|outline| outline.along.iter().map(along).collect()).unwrap_or_default(),
        refusal: outline.and_then(|outline| outline.refusal.as_ref()).map(|refusal| refused(report.state.run, refusal)),
        gates: &report.gates,
        compensations: report.actions.iter().map(act).collect(),
    })
}

/// Returns the text for people.
#[must_use]
pub fn human(report: &Report) -> Styled {
    let mut out = Styled::default();
    if let Some(outline) = &report.outline {
        out.append(would(report, outline));
    }
    if let Some(rollback) = &report.rollback {
        out.put(Role::Good, "rolled back").add(format!(" {} onto {}", count(rollback.reverts.len(), "merge"), report.state.target));
        out.add(format!(" at {}: {}", rollback.new.short(), one_line(&rollback.reason))).line();
        for revert in &rollback.reverts {
            out.add(format!("  {}  undoes {} as {}", revert_words(revert), revert.of.short(), revert.commit.short())).line();
        }
    }
    if !report.already.is_empty() {
        out.add("undone before:").line();
        for revert in &report.already {
            out.add(format!("  {}  by {}", revert_words(revert), revert.commit.short())).line();
        }
    }
    out.append(actions(report));
    out
}

fn would(report: &Report, outline: &Outline) -> Styled {
    let mut out = Styled::default();
    out.put(Role::Strong, "would undo").add(format!(" on {} at {}, in this order:", report.state.target, outline.old.short())).line();
    for undo in &outline.undos {
        let part = if undo.kind == RevertKind::Patch { " (one patch)" } else { "" };
        out.add(format!("  {}{part}  {}", undo.workstream, undo.of.short()));
        let along = outline.along.iter().find(|along| along.workstream == undo.workstream);
        match along.map(|along| (&along.on, &along.paths)) {
            Some((Some(on), _)) => out.put(Role::Caution, format!("  goes along, it depends on {on}")),
            Some((None, paths)) => out.put(Role::Caution, format!("  goes along, it changed {} later", one_line(&paths.join(", ")))),
            None => &mut out,
        };
        out.line();
    }
    if let Some(refusal) = &outline.refusal {
        out.put(Role::Bad, "refused").add(format!(": {refusal}")).line();
    } else if !report.gates.is_empty() {
        out.add(format!("gates before the branch moves: {}", report.gates.join(", "))).line();
    }
    out
}

fn actions(report: &Report) -> Styled {
    let mut out = Styled::default();
    if report.actions.is_empty() {
        return out;
    }
    let is_told = report.outline.is_some();
    out.add(if is_told { "compensation that would run:" } else { "compensation:" }).line();
    for one in &report.actions {
        let (role, words) = match &one.end {
            ActionEnd::Passed => (Role::Good, "done".to_owned()),
            ActionEnd::PassedBefore => (Role::Faint, "done before".to_owned()),
            ActionEnd::Failed(message) => (Role::Bad, format!("failed: {}", one_line(message))),
            ActionEnd::Interrupted => (Role::Bad, "cut short; nobody knows how far it came".to_owned()),
            ActionEnd::NotRun => (Role::Caution, "not run, since one before it failed".to_owned()),
            ActionEnd::Skipped if is_told => (Role::Faint, String::new()),
            ActionEnd::Skipped => (Role::Caution, "not run".to_owned()),
            ActionEnd::ForPerson => (Role::Caution, "for a person to do".to_owned()),
        };
        out.add(format!("  {}", action_words(&one.action)));
        if !words.is_empty() {
            out.add("  ").put(role, words);
        }
        out.line();
    }
    let is_due = |one: &ActionReport| is_bad(one) || (!is_told && one.end == ActionEnd::Skipped);
    if report.actions.iter().any(is_due) {
        out.put(Role::Faint, format!("  git orc rollback {} --compensate-only", report.state.run))
            .add("  # runs what has not passed")
            .line();
    }
    out
}

const fn is_bad(one: &ActionReport) -> bool {
    matches!(one.end, ActionEnd::Failed(_) | ActionEnd::Interrupted | ActionEnd::NotRun)
}

/// Returns how the program ends: with a negative answer when something is refused or an action failed; a person is needed when one is left to
/// them.
#[must_use]
pub fn exit(report: &Report) -> Exit {
    let is_refused = report.outline.as_ref().is_some_and(|outline| outline.refusal.is_some());
    if is_refused || report.actions.iter().any(is_bad) {
        return Exit::Negative;
    }
    let is_left = report.rollback.is_some() && report.actions.iter().any(|one| one.end == ActionEnd::ForPerson);
    if is_left { Exit::NeedsPerson } else { Exit::Done }
}
