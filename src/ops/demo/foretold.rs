//! How the demo is to end. A demo that only looks good would prove nothing, so every claim of its story is checked.

use super::scratch::{Scratch, ScratchError};
use super::story::{gates, last_wave, quarantined, steps, workstream};
use crate::domain::ledger::entry::Entry;
use crate::domain::run::fact::{StepOutcome, Verdict};
use crate::domain::run::state::{RunState, RunStatus};

/// Every workstream with its wave and where it ends, in plan order.
const ENDS: &[(&str, u32, &str)] = &[
    ("german", 1, "merged"),
    ("french", 1, "merged"),
    ("usage", 1, "quarantined"),
    ("shout", 1, "merged"),
    ("whisper", 2, "merged"),
    ("spanish", 3, "merged"),
    ("strict", 3, "merged"),
    ("calm", 3, "quarantined"),
    ("italian", 3, "merged"),
];

/// The steps of the workstream that is mended.
const MENDED: &[(&str, StepOutcome)] = &[
    ("edit", StepOutcome::Passed),
    ("static", StepOutcome::Failed),
    ("fix", StepOutcome::Passed),
    ("static", StepOutcome::Passed),
    ("runtime", StepOutcome::Passed),
];

/// The gate of the last wave: all four, the first two, the first three, all without the culprit.
const BISECTED: &[Verdict] = &[Verdict::Failed, Verdict::Passed, Verdict::Failed, Verdict::Passed];

/// Returns one sentence for everything that is not as the demo foretells.
///
/// # Errors
/// Returns [`ScratchError`] when the scratch repository can not be read.
pub fn differences(scratch: &Scratch, state: &RunState, entries: &[Entry]) -> Result<Vec<String>, ScratchError> {
    let mut found = ends(state);
    let mended = steps(entries, "french");
    if !mended.iter().map(|(step, outcome)| (step.as_str(), *outcome)).eq(MENDED.iter().copied()) {
        found.push(format!("french was not mended by one FIX step: {mended:?}"));
    }
    let bisected = gates(entries, last_wave(state));
    if bisected != BISECTED {
        found.push(format!("the gate of the last wave said {bisected:?}"));
    }
    for (id, what) in [("usage", "tests/run.sh"), ("calm", "gate tests")] {
        let reason = workstream(state, id).and_then(|one| one.status.reason()).unwrap_or("no reason");
        if !reason.contains(what) {
            found.push(format!("{id} was stopped for another reason: {reason}"));
        }
        let kept = scratch.git(&["for-each-ref", "--format=%(objectname)", "refs/orc/quarantine/"])?;
        if !quarantined(state, id).is_some_and(|commit| kept.contains(&commit.to_string())) {
            found.push(format!("the patch of {id} is not kept"));
        }
    }
    found.extend(repository(scratch, state)?);
    Ok(found)
}

fn ends(state: &RunState) -> Vec<String> {
    let mut found = Vec::new();
    if state.status != RunStatus::Failed {
        let reason = state.reason.as_deref().unwrap_or("no reason");
        found.push(format!("the run is {}, not failed: {reason}", state.status.word()));
    }
    for (id, wave, word) in ENDS {
        match workstream(state, id) {
            Some(one) if one.status.word() == *word && one.wave == *wave => {}
            Some(one) => {
                let reason = one.status.reason().map(|reason| format!(": {reason}")).unwrap_or_default();
                found.push(format!("{id} is {} in wave {}, not {word} in wave {wave}{reason}", one.status.word(), one.wave));
            }
            None => found.push(format!("{id} is not in the run")),
        }
    }
    found
}

/// Looks at the repository with plain git: the branch, the checkout, what is left behind.
fn repository(scratch: &Scratch, state: &RunState) -> Result<Vec<String>, ScratchError> {
    let mut found = scratch.touched(&state.target)?;
    let tip = scratch.git(&["for-each-ref", "--format=%(objectname)", &format!("refs/heads/{}", state.target)])?;
    if tip.is_empty() {
        found.push(format!("there is no branch {}", state.target));
    } else if tip != state.tip.to_string() {
        found.push(format!("branch {} points at {tip}, not at {}", state.target, state.tip));
    } else {
        let options = scratch.git(&["ls-tree", "--name-only", &tip, "options/"])?;
        if !options.lines().eq(["options/1-plain.sh", "options/2-shout.sh", "options/3-whisper.sh"]) {
            found.push(format!("the options have other numbers: {}", options.replace('\n', ", ")));
        }
    }
    let worktrees = scratch.git(&["worktree", "list", "--porcelain"])?;
    if worktrees.lines().filter(|line| line.starts_with("worktree ")).count() != 1 {
        found.push(format!("worktrees are left: {}", worktrees.replace('\n', " ")));
    }
    let doubts = scratch.git(&["fsck", "--strict", "--no-dangling", "--no-progress"])?;
    if !doubts.is_empty() {
        found.push(format!("git fsck has doubts: {doubts}"));
    }
    Ok(found)
}
