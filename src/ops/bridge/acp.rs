//! The bridge to a program that speaks the Agent Client Protocol.

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use super::ground::{Ground, Voice};
use crate::domain::acp::permission::{self, Standing};
use crate::domain::acp::session::{Deed, Session};
use crate::domain::tool::bridge::{Report, ScopeGlobs};
use crate::domain::tool::failure::FailureClass;
use crate::io::process::dialogue::{Dialogue, Heard, LONGEST_LINE};

/// How long a program may take to end when nothing is left to do.
const PARTING: Duration = Duration::from_secs(3);

/// Starts the program, gives it the prompt, and prints what it tells until its turn is over.
pub(super) fn run(scope: &ScopeGlobs, ground: &Ground<'_>, voice: &mut Voice<'_>) -> Report {
    let Ok(scope) = scope.compile() else { return Report::failed(FailureClass::Failed, "the scope can not be read") };
    let Some(cwd) = ground.worktree.to_str() else {
        return Report::failed(FailureClass::Config, "the path of the worktree is no text, which the protocol needs");
    };
    let dialogue = match Dialogue::start(ground.program) {
        Ok(dialogue) => dialogue,
        Err(error) => {
            let program = ground.program.first().map(|program| program.to_string_lossy().into_owned()).unwrap_or_default();
            return Report::failed(FailureClass::Missing, format!("`{program}` could not be started: {error}"));
        }
    };
    let standing = |path: &Path| standing(&ground.worktree, path);
    let judged = permission::Ground { worktree: &ground.worktree, scope: &scope, standing: &standing };
    let (session, first) = Session::begin(cwd, &ground.prompt, judged);
    dialogue.say(first);
    converse(dialogue, session, voice)
}

fn converse(dialogue: Dialogue, mut session: Session<'_>, voice: &mut Voice<'_>) -> Report {
    let report = loop {
        match dialogue.hear() {
            Heard::Line(line) => {
                if let Some(report) = session.hear(&line).into_iter().find_map(|deed| act(deed, &dialogue, voice)) {
                    break report;
                }
            }
            Heard::TooLong => {
                break session.broken(&format!("sent a line of more than {LONGEST_LINE} bytes"));
            }
            Heard::Closed => {
                let how = dialogue.finish(PARTING).map_or_else(|| "closed its output".to_owned(), how);
                return session.broken(&how);
            }
            Heard::AskedToEnd => {
                if let Some(line) = session.cancel() {
                    dialogue.say(line);
                }
                break Report::failed(FailureClass::Failed, "it was asked to end");
            }
        }
    };
    if dialogue.finish(PARTING).is_none() {
        // Whoever supervises this process ends it.
        voice.note("the program does not end by itself");
    }
    report
}

fn act(deed: Deed, dialogue: &Dialogue, voice: &mut Voice<'_>) -> Option<Report> {
    match deed {
        Deed::Send(line) => dialogue.say(line),
        Deed::Show(text) => voice.say(text.as_bytes()),
        Deed::End(report) => return Some(*report),
    }
    None
}

fn how(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with exit code {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => "ended".to_owned(),
    }
}

/// Tells what stands at a path of the worktree; a link on the way there that leads out counts.
fn standing(worktree: &Path, path: &Path) -> Standing {
    let (Ok(top), whole) = (worktree.canonicalize(), worktree.join(path)) else { return Standing::Outside };
    let is_there = whole.symlink_metadata().is_ok();
    let existing = whole.ancestors().find(|place| place.symlink_metadata().is_ok());
    // A link to what is not there would be written through.
    let real = existing.and_then(|place| place.canonicalize().ok());
    match real {
        Some(real) if real.starts_with(&top) && is_there => Standing::Taken,
        Some(real) if real.starts_with(&top) => Standing::Free,
        Some(_) | None => Standing::Outside,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::io::fs::write_scratch;

    #[test]
    fn links_that_lead_out_are_seen() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().join("w");
        std::fs::create_dir_all(top.join("a")).unwrap();
        write_scratch(&top.join("a/x"), b"").unwrap();
        symlink("/etc", top.join("out")).unwrap();
        symlink("a", top.join("in")).unwrap();
        symlink("/no/such", top.join("nowhere")).unwrap();
        for (path, expect) in [
            ("a/x", Standing::Taken),
            ("a/y", Standing::Free),
            ("b/c/d", Standing::Free),
            ("in/x", Standing::Taken),
            ("in/y", Standing::Free),
            ("out", Standing::Outside),
            ("out/passwd", Standing::Outside),
            ("out/new", Standing::Outside),
            ("nowhere", Standing::Outside),
        ] {
            assert_eq!(standing(&top, Path::new(path)), expect, "{path}");
        }
    }
}
