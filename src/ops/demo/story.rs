//! What the demo has to tell afterwards: what happened and why, and the commands that show it. Printing is somebody else's.

use std::path::{Path, PathBuf};

use crate::domain::finding::model::Finding;
use crate::domain::id::ObjectId;
use crate::domain::ledger::entry::Entry;
use crate::domain::run::event::Event;
use crate::domain::run::fact::{StepOutcome, Verdict};
use crate::domain::run::state::{RunState, WorkstreamState};
use crate::domain::text::count;
use crate::ops::demo::scratch::PLAN;

/// Something that happened in the demo, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scene {
    /// What happened, in one word or two.
    pub title: &'static str,
    /// To which workstreams.
    pub workstreams: &'static [&'static str],
    /// Why, and what became of it: whole sentences.
    pub text: String,
}

/// Something to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// What it shows.
    pub label: &'static str,
    /// The command.
    pub command: LookCommand,
}

/// A command on the scratch repository, without the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LookCommand {
    /// Of git.
    Git(Vec<String>),
    /// Of git-orc.
    Orc(Vec<String>),
}

/// How git-orc is called where the command will be typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrcProgram {
    /// As `git orc`: it is in `PATH`.
    GitCommand,
    /// By its path.
    At(PathBuf),
}

impl Look {
    /// Returns the line to type into a shell, wherever the user stands.
    #[must_use]
    pub fn line(&self, folder: &Path, orc: &OrcProgram) -> String {
        let folder = folder.to_string_lossy().into_owned();
        let (program, verb, arguments) = match (&self.command, orc) {
            (LookCommand::Git(arguments), OrcProgram::GitCommand | OrcProgram::At(_)) => ("git".to_owned(), None, arguments),
            (LookCommand::Orc(arguments), OrcProgram::GitCommand) => ("git".to_owned(), Some("orc".to_owned()), arguments),
            (LookCommand::Orc(arguments), OrcProgram::At(path)) => (path.to_string_lossy().into_owned(), None, arguments),
        };
        let words = [program, "-C".to_owned(), folder].into_iter().chain(verb).chain(arguments.iter().cloned());
        shell_words::join(words)
    }
}

/// Returns the scenes of a run that went as foretold, in the order in which they happened.
#[must_use]
pub fn scenes(state: &RunState, entries: &[Entry]) -> Vec<Scene> {
    let findings = findings(entries);
    let told = |at: usize| findings.get(at).map(|finding| format!(" ({finding})")).unwrap_or_default();
    let runs = gates(entries, last_wave(state)).len();
    let reason = |id: &str| workstream(state, id).and_then(|one| one.status.reason()).unwrap_or_default().to_owned();
    vec![
        Scene {
            title: "kept apart",
            workstreams: &["shout", "whisper"],
            text: "Each takes the next free number, which no list of files shows. Their conflict group kept them out of one wave, so \
                   whisper saw what shout had built."
                .to_owned(),
        },
        Scene {
            title: "mended",
            workstreams: &["french"],
            text: format!("Its first patch failed a check{}. The finding went to a FIX step, and the check passed.", told(0)),
        },
        Scene {
            title: "quarantined",
            workstreams: &["usage"],
            text: format!("Asked to describe the options, it also switched the tests off. {}.", sentence(&reason("usage"))),
        },
        Scene {
            title: "evicted",
            workstreams: &["calm"],
            text: format!(
                "Fine alone, wrong together with strict: the tests were red on the merged tree of wave {}{}. {} of the gate named calm \
                 and showed that the others are green without it, so those are merged.",
                last_wave(state),
                told(1),
                capital(&count(runs, "run")),
            ),
        },
    ]
}

/// Returns what to look at, the most telling first.
#[must_use]
pub fn looks(state: &RunState) -> Vec<Look> {
    let git = |label, arguments: &[&str]| Look { label, command: LookCommand::Git(owned(arguments)) };
    let orc = |label, arguments: &[&str]| Look { label, command: LookCommand::Orc(owned(arguments)) };
    let mut looks = vec![
        git("the branch that was built, one merge per workstream", &["log", "--graph", "--oneline", &state.target]),
        git("the ledger: everything that happened, newest first", &["log", "refs/orc/ledger"]),
        orc("where every workstream ended", &["status"]),
        orc("how french was mended", &["show", "french"]),
    ];
    for (label, id) in [("the patch of usage, which left its scope", "usage"), ("the patch of calm, which no gate let through", "calm")] {
        if let Some(commit) = quarantined(state, id) {
            looks.push(git(label, &["show", &commit.short()]));
        }
    }
    looks.push(orc("the waves of the plan, and what keeps workstreams apart", &["plan", "show", PLAN]));
    looks
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Returns a workstream of the run.
#[must_use]
pub fn workstream<'a>(state: &'a RunState, id: &str) -> Option<&'a WorkstreamState> {
    state.workstreams.iter().find(|(known, _)| known.as_str() == id).map(|(_, one)| one)
}

/// Returns the commit of a workstream's newest patch.
#[must_use]
pub fn quarantined(state: &RunState, id: &str) -> Option<ObjectId> {
    workstream(state, id)?.patches.last().map(|patch| patch.commit)
}

/// Returns the number of the last wave, counted from 1.
#[must_use]
pub fn last_wave(state: &RunState) -> u32 {
    u32::try_from(state.waves.len()).unwrap_or(u32::MAX)
}

/// Returns the verdicts of a wave's gates, in order.
#[must_use]
pub fn gates(entries: &[Entry], wave: u32) -> Vec<Verdict> {
    let verdict = |entry: &Entry| match entry.event() {
        Some(Event::GateFinished(run)) if run.wave == wave => Some(run.verdict),
        Some(_) | None => None,
    };
    entries.iter().filter_map(verdict).collect()
}

/// Returns how the steps of a workstream ended, in order.
#[must_use]
pub fn steps(entries: &[Entry], id: &str) -> Vec<(String, StepOutcome)> {
    let step = |entry: &Entry| match entry.event() {
        Some(Event::StepFinished(step)) if step.workstream.as_str() == id => Some((step.step.to_string(), step.outcome)),
        Some(_) | None => None,
    };
    entries.iter().filter_map(step).collect()
}

/// Returns the first finding of every check and gate that has one, as `path:line: message`, in order.
fn findings(entries: &[Entry]) -> Vec<String> {
    let found = |entry: &Entry| match entry.event() {
        Some(Event::StepFinished(step)) => step.findings.first().map(Finding::short),
        Some(Event::GateFinished(gate)) => gate.findings.first().map(Finding::short),
        Some(_) | None => None,
    };
    entries.iter().filter_map(found).collect()
}

fn sentence(text: &str) -> String {
    capital(text.trim_end_matches('.'))
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_can_be_typed_as_they_are() {
        let check = |command: LookCommand, orc: &OrcProgram, expect: &str| {
            let look = Look { label: "", command };
            assert_eq!(look.line(Path::new("/tmp/a b"), orc), expect);
        };
        let by_path = OrcProgram::At("/opt/git-orc".into());
        check(LookCommand::Git(owned(&["log", "orc/demo"])), &by_path, "git -C '/tmp/a b' log orc/demo");
        check(LookCommand::Orc(owned(&["status"])), &by_path, "/opt/git-orc -C '/tmp/a b' status");
        check(LookCommand::Orc(owned(&["status"])), &OrcProgram::GitCommand, "git -C '/tmp/a b' orc status");
    }
}
