//! Which hooks there are, and whether they block.

use serde::Serialize;

use super::document::pretty;
use super::styled::{Role, Styled};
use crate::domain::text::one_line;
use crate::io::git::hooks::{Owner, Written};
use crate::ops::hook::install::Status;
use crate::ops::hook::verify::Attempt;

/// The version of the document; fields are only ever added.
const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    hooks: Vec<One<'a>>,
}

#[derive(Serialize)]
struct One<'a> {
    hook: &'static str,
    active: bool,
    configured: bool,
    file: String,
    owner: String,
    executable: bool,
    previous: Option<String>,
    moved: Vec<String>,
    notes: &'a [String],
}

fn owner(owner: &Owner) -> String {
    match owner {
        Owner::Nobody => "nobody".to_owned(),
        Owner::Ours(Written::ByThis) => "git-orc".to_owned(),
        Owner::Ours(Written::ByAnother) => "git-orc (another version)".to_owned(),
        Owner::Other(who) => who.clone(),
    }
}

/// Returns one JSON document.
#[must_use]
pub fn json(all: &[Status]) -> String {
    let one = |status: &'_ Status| (owner(&status.file.owner), status.file.previous.as_ref().map(|(path, _)| path.display().to_string()));
    let hooks = all.iter().map(|status| {
        let (owner, previous) = one(status);
        One {
            hook: status.hook.name(),
            active: status.is_active(),
            configured: status.configured,
            file: status.file.path.display().to_string(),
            owner,
            executable: status.file.is_executable,
            previous,
            moved: status.file.moved.iter().map(|path| path.display().to_string()).collect(),
            notes: &status.notes,
        }
    });
    pretty(&Document { schema_version: SCHEMA_VERSION, hooks: hooks.collect() })
}

/// Returns the text for people.
#[must_use]
pub fn human(all: &[Status]) -> Styled {
    let mut out = Styled::default();
    for status in all {
        let (role, word) = if status.is_active() { (Role::Good, "active") } else { (Role::Faint, "not installed") };
        out.put(Role::Strong, format!("{:13}", status.hook.name())).put(role, word).line();
        let mut say = |text: String| {
            out.add(format!("  {text}")).line();
        };
        if status.configured {
            say("named in the repository's configuration".to_owned());
        }
        if status.file.owner != Owner::Nobody {
            say(format!("{}: {}", one_line(&status.file.path.display().to_string()), owner(&status.file.owner)));
        }
        if let Some((path, who)) = &status.file.previous {
            say(format!("{}: {who}, which is run first", one_line(&path.display().to_string())));
        }
        for moved in &status.file.moved {
            say(format!("{}: git-orc, moved there by whoever owns the hook", one_line(&moved.display().to_string())));
        }
        for note in &status.notes {
            out.put(Role::Caution, "  note: ").add(one_line(note)).line();
        }
    }
    out
}

/// Returns what became of the pushes.
#[must_use]
pub fn verified(attempts: &[Attempt]) -> Styled {
    let mut out = Styled::default();
    for attempt in attempts {
        let what = if attempt.is_green { "a commit whose gate passes" } else { "a commit whose gate fails" };
        let became = match (attempt.arrived, attempt.named) {
            (true, true) => "was pushed, and its gate was asked",
            (true, false) => "was pushed, and no gate was asked",
            (false, true) => "was refused by its gate",
            (false, false) => "was refused by something else",
        };
        let (role, word) = if attempt.is_right() { (Role::Good, "ok") } else { (Role::Bad, "wrong") };
        out.put(role, format!("{word:6}")).add(format!(" {what} {became}")).line();
        if !attempt.is_right() {
            for line in attempt.output.lines().filter(|line| !line.trim().is_empty()).take(20) {
                out.put(Role::Faint, format!("       {}", one_line(line))).line();
            }
        }
    }
    if attempts.iter().all(Attempt::is_right) {
        out.put(Role::Good, "the hook blocks").line();
    } else {
        out.put(Role::Bad, "the hook does not block").add("; `git orc hook install` installs it").line();
    }
    out
}
