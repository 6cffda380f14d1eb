//! The words of commits and notes. Facts go into trailers made of validated atoms only; free text is made safe before it gets here.

use super::state::{PatchRecord, WorkstreamState};
use crate::domain::id::{ObjectId, PatchId, RunId, StepId, ToolId, WorkstreamId};
use crate::domain::plan::model::Workstream;
use crate::domain::text::{clip, count, one_line};

/// How long a subject may be.
const SUBJECT: usize = 72;

/// Whose patch a commit is.
#[derive(Debug, Clone, Copy)]
pub struct PatchOwner<'a> {
    /// The run.
    pub run: RunId,
    /// The patch.
    pub patch: PatchId,
    /// The step that made it.
    pub step: &'a StepId,
    /// The attempt that made it.
    pub attempt: u32,
    /// The tool that made it.
    pub tool: &'a ToolId,
    /// Who assisted, for programs that are an AI.
    pub assisted_by: Option<&'a str>,
}

/// Returns the message of a patch commit.
#[must_use]
pub fn patch_message(plan: &Workstream, owner: &PatchOwner<'_>) -> String {
    let what = plan.title.as_deref().or(plan.tasks.first().map(String::as_str)).unwrap_or("changes");
    let is_first = owner.step.as_str() == "edit" && owner.attempt == 1;
    // Two patches of one workstream are told apart where only subjects are seen.
    let which = if is_first { String::new() } else { format!(" ({} #{})", owner.step, owner.attempt) };
    let room = SUBJECT.saturating_sub(which.chars().count());
    let mut out = clip(&one_line(&format!("{}: {what}", plan.id)), room) + &which;
    out.push_str("\n\n");
    if !is_first {
        out.push_str(&format!("{} #{} by {}.\n\n", owner.step, owner.attempt, owner.tool));
    }
    out.push_str(&format!("Orc-Run: {}\nOrc-Workstream: {}\nOrc-Patch: {}\n", owner.run, plan.id, owner.patch));
    if let Some(name) = owner.assisted_by {
        out.push_str(&format!("Assisted-by: {}\n", one_line(name)));
    }
    out
}

/// Returns the message of the merge commit of a workstream.
#[must_use]
pub fn merge_message(plan: &Workstream, target: &str, run: RunId, commit: ObjectId) -> String {
    let title = plan.title.as_deref().map(|t| format!(": {}", one_line(t))).unwrap_or_default();
    let subject = clip(&format!("Merge {}{title}", plan.id), SUBJECT);
    format!("{subject}\n\nWorkstream {} onto {target}.\n\nOrc-Run: {run}\nOrc-Workstream: {}\nOrc-Commit: {commit}\n", plan.id, plan.id)
}

/// Returns the note of a patch commit: readable lines that the ledger can give again.
#[must_use]
pub fn patch_note(run: RunId, workstream: &WorkstreamId, patch: &PatchRecord) -> String {
    let reason = patch.reason.as_ref().map(|reason| format!("Orc-Reason: {}\n", one_line(reason))).unwrap_or_default();
    format!(
        "Orc-Run: {run}\nOrc-Workstream: {workstream}\nOrc-Patch: {}\nOrc-Step: {} #{}\nOrc-Tool: {}\nOrc-State: {}\nOrc-Size: {}, +{} -{}\n{reason}",
        patch.id,
        patch.step,
        patch.attempt,
        patch.tool,
        patch.status.word(),
        count(patch.files as usize, "file"),
        patch.insertions,
        patch.deletions
    )
}

/// Returns the note of a merge commit; `answered` is what people took upon themselves for it.
#[must_use]
pub fn merge_note(run: RunId, workstream: &WorkstreamId, (wave, commit): (u32, ObjectId), one: Option<&WorkstreamState>) -> String {
    let answered = one.map(|one| one.control.answered_for()).unwrap_or_default();
    let overrides: String = answered.iter().map(|one| format!("Orc-Override: {}\n", one_line(one))).collect();
    let goals = one.and_then(|one| one.goals.settled.as_ref()).map(|goals| format!("Orc-Goals: {}\n", one_line(&goals.message)));
    let goals = goals.unwrap_or_default();
    format!("Orc-Run: {run}\nOrc-Workstream: {workstream}\nOrc-Wave: {wave}\nOrc-Commit: {commit}\n{overrides}{goals}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::schedule::sample::workstream;

    #[test]
    fn subjects_tell_patches_apart_and_stay_short() {
        let check = |title: &str, step: &str, attempt: u32, expect: &str| {
            let plan = Workstream { title: Some(title.to_owned()), ..workstream("ws", &[], &["a"]) };
            let (step, tool) = (StepId::parse(step).unwrap(), ToolId::parse("aider").unwrap());
            let id = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
            let (run, patch) = (RunId::parse(id).unwrap(), PatchId::parse(id).unwrap());
            let owner = PatchOwner { run, patch, step: &step, attempt, tool: &tool, assisted_by: None };
            let message = patch_message(&plan, &owner);
            assert_eq!(message.lines().next(), Some(expect), "{message}");
            assert!(expect.chars().count() <= SUBJECT);
            assert!(message.ends_with(&format!("Orc-Run: {id}\nOrc-Workstream: ws\nOrc-Patch: {id}\n")), "{message}");
        };
        check("Greet", "edit", 1, "ws: Greet");
        check("Greet", "edit", 2, "ws: Greet (edit #2)");
        check("Greet", "fix", 1, "ws: Greet (fix #1)");
        check(&"x".repeat(90), "fix", 12, &format!("ws: {}… (fix #12)", "x".repeat(57)));
    }
}
