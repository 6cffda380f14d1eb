//! What `git orc init` found and proposes.

use serde::Serialize;

use super::diff::coloured;
use super::document::pretty;
use super::styled::{Role, Styled};
use crate::domain::survey::report::{Evidence, Group};
use crate::domain::text::{block, one_line};
use crate::ops::init::Proposal;

/// The version of the document; fields are only ever added.
const SCHEMA_VERSION: u32 = 1;

/// What became of the proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It is written.
    Done,
    /// Nobody wished it to be written.
    Left,
    /// Everything is there already.
    Nothing,
}

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    written: bool,
    name: Option<&'a str>,
    languages: &'a [&'static str],
    domain: Option<&'static str>,
    evidence: Vec<Told<'a>>,
    hints: Vec<Told<'a>>,
    commands: Vec<Command<'a>>,
    files: Vec<File<'a>>,
}

#[derive(Serialize)]
struct Told<'a> {
    file: &'a str,
    says: &'a str,
}

#[derive(Serialize)]
struct Command<'a> {
    group: &'static str,
    command: &'a [String],
    because: Told<'a>,
}

#[derive(Serialize)]
struct File<'a> {
    path: &'a str,
    text: &'a str,
    existing: Option<&'a str>,
    diff: Option<&'a str>,
}

/// Returns what was found, and each file that is proposed.
#[must_use]
pub fn human(proposal: &Proposal) -> Styled {
    let survey = &proposal.survey;
    let mut out = Styled::default();
    for evidence in &survey.evidence {
        fact(&mut out, evidence);
    }
    for group in Group::ALL {
        for one in survey.commands.iter().filter(|one| one.group == group) {
            out.put(Role::Faint, format!("{:8}", group.key())).put(Role::Strong, one_line(&shell_words::join(&one.command)));
            out.add(format!("  ({} {})", one_line(&one.because.file), one_line(&one.because.says))).line();
        }
    }
    for hint in &survey.hints {
        out.put(Role::Faint, "besides ").add(format!("{}: {}", one_line(&hint.file), one_line(&hint.says))).line();
    }
    out.line();
    for file in &proposal.files {
        match &file.existing {
            None if file.path.ends_with(".json") => {
                out.put(Role::Strong, &file.path).add(": a schema, for editors").line().line();
            }
            None => {
                out.put(Role::Strong, &file.path).line();
                file.text.lines().for_each(|line| {
                    out.add(format!("  {}", block(line))).line();
                });
                out.line();
            }
            Some(existing) if existing.diff.is_empty() => {
                out.put(Role::Strong, one_line(&existing.path)).add(" is there already, and is what would be proposed").line().line();
            }
            Some(existing) => {
                out.put(Role::Strong, one_line(&existing.path)).add(" is there already and stays as it is; the proposal would be").line();
                out.append(coloured(existing.diff.as_bytes()));
                out.line();
            }
        }
    }
    out
}

fn fact(out: &mut Styled, evidence: &Evidence) {
    out.put(Role::Faint, "found   ").add(format!("{}: {}", one_line(&evidence.file), one_line(&evidence.says))).line();
}

/// Returns what became of it.
#[must_use]
pub fn end(proposal: &Proposal, written: Written) -> Styled {
    let names: Vec<&str> = proposal.missing().map(|file| file.path.as_str()).collect();
    let mut out = Styled::default();
    match written {
        Written::Done => out.put(Role::Good, "written").add(format!(": {}", names.join(", "))),
        Written::Left => {
            out.add("Nothing is written. ").put(Role::Strong, "git orc init --yes").add(format!(" writes {}.", names.join(", ")))
        }
        Written::Nothing => out.add("There is nothing to write."),
    };
    out.line();
    out
}

/// Returns one JSON document.
#[must_use]
pub fn json(proposal: &Proposal, written: Written) -> String {
    let survey = &proposal.survey;
    let commands =
        survey.commands.iter().map(|one| Command { group: one.group.key(), command: &one.command, because: of(&one.because) }).collect();
    let files = proposal
        .files
        .iter()
        .map(|file| File {
            path: &file.path,
            text: &file.text,
            existing: file.existing.as_ref().map(|existing| existing.path.as_str()),
            diff: file.existing.as_ref().map(|existing| existing.diff.as_str()),
        })
        .collect();
    pretty(&Document {
        schema_version: SCHEMA_VERSION,
        written: written == Written::Done,
        name: survey.name.as_deref(),
        languages: &survey.languages,
        domain: survey.domain.map(|domain| domain.as_str()),
        evidence: survey.evidence.iter().map(of).collect(),
        hints: survey.hints.iter().map(of).collect(),
        commands,
        files,
    })
}

fn of(evidence: &Evidence) -> Told<'_> {
    Told { file: &evidence.file, says: &evidence.says }
}
