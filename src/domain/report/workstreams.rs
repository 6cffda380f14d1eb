//! Workstreams as a plan describes them and as a run knows them, side by side.

use jiff::Timestamp;
use serde::Serialize;

use super::vocabulary::told;
use crate::domain::id::{EntryId, WorkstreamId};
use crate::domain::ledger::entry::Entry;
use crate::domain::plan::model::{CheckedPlan, StepKind, ToolChoice, Workstream};
use crate::domain::run::event::Event;
use crate::domain::run::state::RunState;

/// A workstream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WorkstreamRow {
    /// Its id.
    pub id: WorkstreamId,
    /// Its title.
    pub title: Option<String>,
    /// Where it stands in the run; `planned` without one.
    pub state: &'static str,
    /// Why it stands there.
    pub reason: Option<String>,
    /// Its wave, counted from 1.
    pub wave: u32,
    /// What must be merged before it begins.
    pub depends_on: Vec<WorkstreamId>,
    /// The tool, or `capability NAME`.
    pub tool: String,
    /// The steps in order.
    pub steps: Vec<String>,
    /// The step that runs now.
    pub step: Option<String>,
    /// How many attempts it took, all steps together.
    pub attempts: u32,
    /// How many patches it made.
    pub patches: usize,
    /// What it may change.
    pub files_scope: Vec<String>,
    /// What it may create.
    pub files_create: Vec<String>,
    /// What it must not touch.
    pub files_forbid: Vec<String>,
    /// What it is to do.
    pub tasks: Vec<String>,
}

/// A point in the ledger from which a workstream can be told again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checkpoint {
    /// The entry.
    pub entry: EntryId,
    /// When.
    pub ts: Timestamp,
    /// What had happened, by its exported name.
    pub event: String,
    /// The plan's text then, by its digest; of the first checkpoint alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan_digest: Option<String>,
    /// The plan's file, as it was named; of the first checkpoint alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// Who put the workstream into the plan; of the first checkpoint alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
}

/// Returns the workstreams of a plan, in its order, with what a run knows of them. `waves` are those of the schedule or of the run.
#[must_use]
pub fn rows(plan: &CheckedPlan, waves: &[Vec<WorkstreamId>], state: Option<&RunState>) -> Vec<WorkstreamRow> {
    let wave_of = |id: &WorkstreamId| waves.iter().rposition(|wave| wave.contains(id)).map_or(0, |at| at + 1);
    plan.workstreams.iter().map(|one| row(one, u32::try_from(wave_of(&one.id)).unwrap_or(u32::MAX), state)).collect()
}

fn row(one: &Workstream, wave: u32, state: Option<&RunState>) -> WorkstreamRow {
    let own = state.and_then(|state| state.workstreams.get(&one.id));
    let texts = |globs: &mut dyn Iterator<Item = &str>| globs.map(str::to_owned).collect::<Vec<_>>();
    WorkstreamRow {
        id: one.id.clone(),
        title: one.title.clone(),
        state: own.map_or("planned", |own| own.status.word()),
        reason: own.and_then(|own| own.status.reason()).map(str::to_owned),
        wave: own.map_or(wave, |own| own.wave),
        depends_on: one.depends_on.clone(),
        tool: tool(one),
        steps: one.steps.iter().map(|step| step.id.to_string()).collect(),
        step: own.and_then(|own| own.open.as_ref()).map(|open| open.step.to_string()),
        attempts: own.map_or(0, |own| own.total_attempts()),
        patches: own.map_or(0, |own| own.patches.len()),
        files_scope: texts(&mut one.scope.write_globs()),
        files_create: texts(&mut one.scope.create_globs()),
        files_forbid: texts(&mut one.scope.forbid_globs()),
        tasks: one.tasks.clone(),
    }
}

fn tool(one: &Workstream) -> String {
    let edit = one.steps.iter().find_map(|step| match &step.kind {
        StepKind::Edit(edit) => Some(&edit.tool),
        StepKind::Static(_) | StepKind::Runtime(_) => None,
    });
    match edit {
        Some(ToolChoice::Tool(tool)) => tool.to_string(),
        Some(ToolChoice::Capability(name)) => format!("capability {name}"),
        None => String::new(),
    }
}

/// Returns the checkpoints of a workstream among entries, oldest first: every entry that is about it.
#[must_use]
pub fn checkpoints(entries: &[Entry], id: &WorkstreamId) -> Vec<Checkpoint> {
    let is_its = |entry: &&Entry| entry.event().is_some_and(|event| event.about().workstream == Some(id));
    entries.iter().filter(is_its).map(checkpoint).collect()
}

fn checkpoint(entry: &Entry) -> Checkpoint {
    let created = match entry.event() {
        Some(Event::WorkstreamCreated(created)) => Some(created),
        _ => None,
    };
    Checkpoint {
        entry: entry.id,
        ts: entry.ts,
        event: told(entry).name().to_owned(),
        plan_digest: created.map(|created| created.digest.clone()),
        plan: created.map(|created| created.plan.clone()),
        who: created.map(|created| created.who.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ledger::fold::fold;
    use crate::domain::ledger::sample::{entries, run};
    use crate::domain::schedule::sample::{plan, workstream};

    fn id(text: &str) -> WorkstreamId {
        WorkstreamId::parse(text).unwrap()
    }

    #[test]
    fn a_plan_alone_and_a_plan_with_its_run() {
        let plan = plan(vec![workstream("a", &[], &["a/**"]), workstream("b", &["a"], &["b"])]);
        let waves = [vec![id("a")], vec![id("b")]];
        let planned = rows(&plan, &waves, None);
        assert_eq!(
            planned.iter().map(|row| (row.id.as_str(), row.state, row.wave)).collect::<Vec<_>>(),
            [("a", "planned", 1), ("b", "planned", 2)]
        );
        assert_eq!((planned[1].depends_on.as_slice(), planned[0].tool.as_str(), planned[0].steps.len()), (&[id("a")][..], "command", 1));
        let all = entries(run(7));
        let state = fold(RunState::new(run(7)), &all[..9]).unwrap();
        let known = rows(&plan, &waves, Some(&state));
        assert_eq!((known[0].state, known[0].attempts, known[1].state), ("retrying", 1, "planned"));
        assert_eq!(known[0].files_scope, ["a/**"]);
    }

    #[test]
    fn checkpoints_are_the_entries_about_it() {
        let told: Vec<String> = checkpoints(&entries(run(7)), &id("a")).into_iter().map(|one| one.event).collect();
        assert_eq!(told, ["WORKTREE_CREATED", "TASK_STARTED", "TASK_FAILED", "RECOVERY_CLIMBED", "RETRY_SCHEDULED", "WORKTREE_REMOVED"]);
        assert_eq!(checkpoints(&entries(run(7)), &id("b")), []);
    }
}
