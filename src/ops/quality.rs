//! The quality gates of a repository inside of a run: those for waves beside the gates of the plan, those for steps as steps.

use crate::domain::document::command::Argv;
use crate::domain::document::diagnostic::Diagnostic;
use crate::domain::document::source::SourceFile;
use crate::domain::gate::model::{Gate, GateCheck, Moment};
use crate::domain::gate::parse::parse;
use crate::domain::id::StepId;
use crate::domain::phase::rules::StepRules;
use crate::domain::plan::model::{CheckedPlan, Step, StepKind, Workstream};

/// Joins the gates of a file to a plan; a gate of the plan with the same id takes the place of the file's. Returns what is worth saying.
///
/// # Errors
/// Returns everything that is wrong with the file.
pub fn join(plan: &mut CheckedPlan, file: &SourceFile) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
    let (quality, notes) = parse(file)?;
    for gate in quality.gates {
        if let GateCheck::Command(argv) = &gate.check {
            for workstream in &mut plan.workstreams {
                if gate.moments.contains(&Moment::Step) {
                    after_every_edit(workstream, &gate, argv);
                }
                if gate.moments.contains(&Moment::Workstream) {
                    let at = workstream.steps.len();
                    workstream.steps.insert(at, Step { kind: StepKind::Runtime(vec![argv.clone()]), ..step(workstream, &gate) });
                }
            }
        }
        let is_new = plan.gates.iter().all(|known| known.id != gate.id);
        if gate.moments.contains(&Moment::Wave) && is_new {
            plan.gates.push(gate);
        }
    }
    Ok(notes)
}

/// Puts a check behind every step that changes files.
fn after_every_edit(workstream: &mut Workstream, gate: &Gate, argv: &Argv) {
    let edits: Vec<usize> = (0..workstream.steps.len()).filter(|at| matches!(workstream.steps[*at].kind, StepKind::Edit(_))).collect();
    for at in edits.into_iter().rev() {
        let check = Step { kind: StepKind::Static(vec![argv.clone()]), ..step(workstream, gate) };
        workstream.steps.insert(at + 1, check);
    }
}

/// Returns a step for a gate, under a name that no other step of the workstream has.
fn step(workstream: &Workstream, gate: &Gate) -> Step {
    let is_free = |id: &StepId| *id != StepId::fix() && *id != StepId::resolve() && workstream.steps.iter().all(|step| step.id != *id);
    let numbered = (1..).map(|number| format!("gate-{number}"));
    let mut names = std::iter::once(gate.id.to_string()).chain(numbered).filter_map(|name| StepId::parse(&name).ok());
    let id = names.find(is_free).unwrap_or_else(StepId::fix);
    Step { id, kind: StepKind::Static(Vec::new()), timeout_sec: gate.timeout_sec, baseline: gate.baseline, rules: StepRules::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::document::source::Shape;
    use crate::domain::plan::input::{Known, PlanDefaults, PlanInput};
    use crate::domain::plan::parse::parse_plan;

    #[test]
    fn gates_become_steps_and_gates_of_waves() {
        let text = "gates: {wave: [{id: tests, command: [own]}]}\nworkstreams: [{id: a, files_scope: [a], command: [\"true\"], tool: command, static: [[lint]]}]\n";
        let files = [SourceFile::new("p.yaml", text)];
        let defaults = PlanDefaults::default();
        let input = PlanInput { files: &files, shape: Shape::File, defaults: &defaults, known: Known::default() };
        let (mut plan, _) = parse_plan(&input).unwrap();
        let gates = "gates:\n\
            - {id: static, on: step, command: [a]}\n\
            - {id: slow, on: [workstream, wave], command: [b], timeout_sec: 7}\n\
            - {id: tests, on: wave, command: [c]}\n\
            - {id: only-pushed, command: [d]}\n";
        join(&mut plan, &SourceFile::new("QUALITY_GATE.yaml", gates)).unwrap();
        let shown = |step: &Step| match &step.kind {
            StepKind::Edit(_) => step.id.to_string(),
            StepKind::Static(all) | StepKind::Runtime(all) => format!("{} {}", step.id, all[0].join(" ")),
        };
        let steps: Vec<String> = plan.workstreams[0].steps.iter().map(shown).collect();
        assert_eq!(steps, ["edit", "gate-1 a", "static lint", "slow b"]);
        assert_eq!(plan.workstreams[0].steps[3].timeout_sec, Some(7));
        let gates: Vec<String> = plan.gates.iter().map(|gate| format!("{} {}", gate.id, gate.argv().unwrap().join(" "))).collect();
        assert_eq!(gates, ["tests own", "slow b"]);
    }
}
