//! What is counted in the files of a commit: words, chapters, and parts that are there. Where there is too much of it nothing is counted: a
//! number without some of the files would be a wrong one.

use super::context::RunContext;
use super::failure::ExecuteError;
use super::surroundings::{Ground, TextFile};
use crate::domain::goal::amount::Amount;
use crate::domain::goal::counting::{chapters, has_part, words};
use crate::domain::goal::model::{Goal, Measure};
use crate::domain::id::{ObjectId, RepoPath};
use crate::domain::plan::model::Workstream;
use crate::domain::policy::pattern::Pattern;
use crate::io::git::objects::ObjectError;
use crate::io::git::tree::Entry;

/// What is larger is no text that anybody wrote.
const LARGEST: u64 = 256 << 20;
/// So much text is counted of all files together.
const MOST: u64 = 1 << 30;

/// What was measured, or a sentence about why nothing was.
pub type Value = Result<Amount, String>;

/// Measures a goal on the files of a commit; nothing when that needs a command.
///
/// # Errors
/// Returns an error when the repository can not be read.
pub fn counted(cx: &RunContext, (plan, goal): (&Workstream, &Goal), commit: ObjectId) -> Result<Option<Value>, ExecuteError> {
    let ground = Ground::open(&cx.repo, commit, &plan.scope)?;
    let sum = |files: Option<&Pattern>, count: fn(&str) -> u64| -> Result<Option<Value>, ExecuteError> {
        let mut sum = 0;
        let read = each(&ground, found(&ground, files)?, |file| sum += count(file.text.as_deref().unwrap_or_default()))?;
        Ok(Some(read.map(|()| Amount::whole(sum))))
    };
    match &goal.measure {
        Measure::Words(files) => sum(files.as_ref(), words),
        Measure::Chapters(files) => sum(files.as_ref(), chapters),
        Measure::Completeness { parts, files } => {
            let mut open: Vec<&String> = parts.iter().collect();
            let read = each(&ground, found(&ground, files.as_ref())?, |file| open.retain(|part| !is_part(part, &file)))?;
            Ok(Some(read.map(|()| share(parts.len() - open.len(), parts.len()))))
        }
        Measure::Coverage { .. } | Measure::Findings(_) | Measure::Number { .. } => Ok(None),
    }
}

fn found(ground: &Ground<'_>, files: Option<&Pattern>) -> Result<Vec<(RepoPath, Entry)>, ObjectError> {
    files.map_or_else(|| ground.in_scope(), |files| ground.matching(files))
}

/// Looks at one file after the other; one that is no text comes without any. The inner error is a sentence about why not all are looked at.
fn each(ground: &Ground<'_>, files: Vec<(RepoPath, Entry)>, mut look: impl FnMut(TextFile)) -> Result<Result<(), String>, ObjectError> {
    let mut read = 0;
    for file in files {
        let mut file = ground.read_one(file, LARGEST)?;
        file.text.take_if(|_| file.is_binary);
        read += file.text.as_ref().map_or(0, |_| file.size);
        if read > MOST {
            return Ok(Err("there is too much text to be counted".to_owned()));
        }
        look(file);
    }
    Ok(Ok(()))
}

/// Returns whether a file is a part that is looked for, or has it.
fn is_part(part: &str, file: &TextFile) -> bool {
    let is_empty = file.text.as_ref().map_or(file.size == 0, |text| text.trim().is_empty());
    (file.path.to_string() == part && !is_empty) || file.text.as_ref().is_some_and(|text| has_part(text, part))
}

#[expect(clippy::cast_precision_loss, reason = "nobody lists that many parts")]
fn share(there: usize, all: usize) -> Amount {
    if all == 0 { Amount::ONE } else { Amount::bounded(there as f64 / all as f64) }
}
