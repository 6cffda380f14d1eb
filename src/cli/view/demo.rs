//! The end of the demo: what happened and why, and what to look at.

use super::styled::{Role, Styled};
use crate::domain::run::state::WorkstreamStatus;
use crate::domain::text::count;
use crate::ops::demo::DemoReport;
use crate::ops::demo::story::{OrcProgram, Scene};

/// What is said before the demo starts.
pub const OPENING: &str = "A scratch repository, and a plan of nine workstreams in three waves. Not all of them mean well.";

/// How long lines of prose are.
const WIDTH: usize = 96;
/// How far prose is moved to the right.
const INDENT: usize = 14;

/// Returns the verdict, the story, and the commands to type.
#[must_use]
pub fn human(report: &DemoReport, orc: &OrcProgram) -> Styled {
    let state = &report.state;
    let merged = state.workstreams.values().filter(|one| matches!(one.status, WorkstreamStatus::Merged { .. })).count();
    let rest = state.workstreams.len() - merged;
    let mut out = Styled::default();
    out.line().put(Role::Good, "The demo ended as foretold").add(format!(
        ": {merged} workstreams are merged onto {} in {}, {rest} are in quarantine,\nand the checkout is as it was.\n\n",
        state.target,
        count(state.waves.len(), "wave"),
    ));
    for one in &report.story {
        out.append(scene(one));
    }
    out.line().put(Role::Strong, "Look around").add(" (the folder is yours; delete it when you have seen enough):\n");
    for look in &report.looks {
        out.line().put(Role::Faint, format!("  # {}", look.label)).line();
        out.add(format!("  {}", look.line(&report.folder, orc))).line();
    }
    out
}

fn scene(scene: &Scene) -> Styled {
    let mut out = Styled::of(Role::Strong, format!("  {:<width$}", scene.title, width = INDENT - 2));
    out.add(scene.workstreams.join(", ")).line();
    for line in wrap(&scene.text, WIDTH - INDENT) {
        out.add(format!("{:INDENT$}{line}\n", ""));
    }
    out
}

/// Breaks a text into lines of at most `width` characters, between words; a longer word stands alone.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_broken_between_words() {
        let check = |text: &str, expect: &[&str]| assert_eq!(wrap(text, 9), expect);
        check("", &[]);
        check("one two three", &["one two", "three"]);
        check("a longer-than-that word", &["a", "longer-than-that", "word"]);
        check("exactly 9", &["exactly 9"]);
    }
}
