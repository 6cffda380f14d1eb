//! The bridge to a person: writes down what is to be done, and waits for the answer.

use super::ground::{Ground, Voice};
use crate::domain::text::one_line;
use crate::domain::tool::bridge::{ANSWER_FILE, INSTRUCTIONS_FILE, Report};
use crate::domain::tool::failure::FailureClass;
use crate::domain::tool::hand::{Answer, Said};
use crate::io::fs::{self, Durability, FsError};
use crate::io::letterbox;

/// The most bytes of an answer.
const MOST_ANSWER: u64 = 1 << 20;

/// Writes the instructions, then waits for the answer, for as long as it takes.
pub(super) fn run((workstream, run): (&str, &str), ground: &Ground<'_>, voice: &mut Voice<'_>) -> Report {
    match asked((workstream, run), ground, voice) {
        Ok(report) => report,
        Err(error) => Report::failed(FailureClass::Failed, format!("{error}: {}", error.source)),
    }
}

fn asked((workstream, run): (&str, &str), ground: &Ground<'_>, voice: &mut Voice<'_>) -> Result<Report, FsError> {
    let (answer, instructions) = (ground.run_dir.join(ANSWER_FILE), ground.run_dir.join(INSTRUCTIONS_FILE));
    // An answer that is there already was given to somebody who is gone.
    fs::remove_file(&answer)?;
    let text = instructions_text((workstream, run), &ground.worktree.display().to_string(), &ground.prompt);
    fs::write_atomic(&instructions, text.as_bytes(), Durability::Relaxed)?;
    voice
        .say(format!("waiting for a person; worktree {}; instructions {}\n", ground.worktree.display(), instructions.display()).as_bytes());
    let said = letterbox::wait_for(&answer, MOST_ANSWER)?;
    let Ok(said) = serde_json::from_slice::<Answer>(&said) else {
        return Ok(Report::failed(FailureClass::Failed, "the answer is no answer"));
    };
    let line = one_line(&said.line());
    voice.say(format!("{line}\n").as_bytes());
    Ok(match said.said {
        Said::Done => Report::done(line),
        Said::GivenUp => Report::failed(FailureClass::Refusal, line),
    })
}

fn instructions_text((workstream, run): (&str, &str), worktree: &str, prompt: &str) -> String {
    let prompt = prompt.trim_end();
    format!(
        "# {workstream}: to be done by hand\n\nWork in this folder, and commit there or not, as you like:\n\n    {worktree}\n\n\
         When it is done:\n\n    git orc done {workstream} {run}\n\n\
         When it can not be done:\n\n    git orc done {workstream} {run} --give-up 'the reason'\n\n---\n\n{prompt}\n"
    )
}
