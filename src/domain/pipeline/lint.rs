//! What is odd about a pipeline although it can run: needs that nothing fulfils, artifacts that nothing checks, phases that are never due.

use super::raw::{RawPhase, RawPipeline};
use crate::domain::document::diagnostic::Code;
use crate::domain::document::sink::{Draft, Sink, quoted};
use crate::domain::document::source::{At, Place};
use crate::domain::id::StepId;
use crate::domain::phase::raw::{EndedWord, RawCondition, RawExpectation};
use crate::domain::phase::read::Earlier;
use crate::domain::policy::pattern::Pattern;

/// Tells whether the repository has a file that matches; `None` when there is none to look at.
pub type Has<'a> = Option<&'a dyn Fn(&Pattern) -> bool>;

/// Reports what is odd.
pub fn lint(raw: &RawPipeline, has: Has<'_>, sink: &mut Sink<'_>) {
    let phases: Vec<&RawPhase> = raw.phases.as_ref().map_or_else(Vec::new, |phases| phases.value.0.iter().map(|one| &one.value).collect());
    for (at, phase) in phases.iter().enumerate() {
        let before = &phases[..at];
        unfulfilled(phase, before, has, sink);
        unmade(raw, phase, sink);
        for condition in phase.when.iter().flat_map(|when| &when.value) {
            unreachable(condition, before, sink);
        }
    }
}

fn globs(expectations: Option<&At<Vec<At<RawExpectation>>>>) -> impl Iterator<Item = &At<String>> {
    let all = expectations.map_or(&[][..], |all| all.value.as_slice());
    all.iter().flat_map(|one| [&one.value.exists, &one.value.within, &one.value.code, &one.value.changed].into_iter().flatten())
}

/// Returns whether two globs can mean the same file: one is a plain name that the other matches, or both are written alike.
fn meets(a: &str, b: &str) -> bool {
    let matches = |glob: &str, path: &str| Pattern::parse(glob).is_ok_and(|pattern| pattern.matches(path.as_bytes()));
    a == b || matches(a, b) || matches(b, a)
}

fn unfulfilled(phase: &RawPhase, before: &[&RawPhase], has: Has<'_>, sink: &mut Sink<'_>) {
    let needed =
        phase.needs.iter().flat_map(|needs| &needs.value).filter_map(|one| one.value.exists.as_ref().or(one.value.within.as_ref()));
    for glob in needed {
        let made = |one: &&RawPhase| {
            let artifacts = one.artifacts.iter().flat_map(|all| &all.value).filter_map(|artifact| artifact.value.path.as_ref());
            artifacts.chain(globs(one.expects.as_ref())).any(|path| meets(&path.value, &glob.value))
        };
        let is_there = has.is_none_or(|has| Pattern::parse(&glob.value).is_ok_and(|pattern| has(&pattern)));
        if !before.iter().any(made) && !(has.is_some() && is_there) && (has.is_some() || before.iter().any(|one| one.artifacts.is_some())) {
            let draft = Draft::new(Code::Unfulfilled, glob.place, format!("no phase before this one makes {}", quoted(&glob.value)));
            sink.add(draft.hint("Let a phase before it make it (`artifacts`), or the step waits for a file that must be there already."));
        }
    }
}

fn unmade(raw: &RawPipeline, phase: &RawPhase, sink: &mut Sink<'_>) {
    let scope = phase.scope.as_ref().or(raw.scope.as_ref());
    let writable: Vec<&At<String>> = scope
        .map_or_else(Vec::new, |scope| [&scope.value.write, &scope.value.create].into_iter().flatten().flat_map(|at| &at.value).collect());
    for artifact in phase.artifacts.iter().flat_map(|all| &all.value) {
        let (Some(name), Some(path)) = (&artifact.value.name, &artifact.value.path) else { continue };
        if !globs(phase.expects.as_ref()).any(|glob| meets(&glob.value, &path.value)) {
            let draft = Draft::new(Code::Unfulfilled, name.place, format!("nothing checks that {} is made", quoted(&name.value.0)));
            sink.add(draft.hint(format!("Add `exists: {}` to `expects` of the phase.", path.value)));
        }
        if !writable.is_empty() && !writable.iter().any(|glob| meets(&glob.value, &path.value)) {
            let draft = Draft::new(Code::Unfulfilled, path.place, format!("the scope lets nobody write {}", quoted(&path.value)));
            sink.add(draft.hint("Widen `scope`, or let the artifact be elsewhere."));
        }
    }
}

fn unreachable(condition: &At<RawCondition>, before: &[&RawPhase], sink: &mut Sink<'_>) {
    if let Some(said) = &condition.value.step
        && let Some(phase) = before.iter().find(|one| one.id.as_ref().is_some_and(|id| id.value.0 == said.value.step.value))
    {
        let why = match said.value.ended {
            EndedWord::Skipped if phase.when.is_none() => Some("is never skipped, since it has no `when`"),
            EndedWord::Mended if phase.fixes.as_ref().is_some_and(|fixes| fixes.value.narrow() == 0) => {
                Some("is never mended, since it has `fixes: 0`")
            }
            EndedWord::Passed | EndedWord::Mended | EndedWord::Skipped => None,
        };
        if let Some(why) = why {
            unreached(said.place, &format!("{} {why}", quoted(&said.value.step.value)), sink);
        }
    }
    if let Some(issue) = &condition.value.issue {
        let can = |one: &&RawPhase| one.expects.is_some() || one.statics.is_some() || one.runtime.is_some() || one.run.is_some();
        if !before.iter().any(can) {
            unreached(issue.place, "nothing before it is checked, so there is no issue", sink);
        }
    }
    for inner in condition.value.any.iter().flat_map(|any| &any.value) {
        unreachable(inner, before, sink);
    }
}

fn unreached(place: Place, why: &str, sink: &mut Sink<'_>) {
    sink.add(
        Draft::new(Code::Unreachable, place, format!("the phase is never due: {why}")).hint("Remove the phase, or mend its condition."),
    );
}

/// Returns steps of the names that conditions name, for showing the conditions alone.
pub(super) fn steps_of(conditions: &[At<RawCondition>]) -> Vec<Earlier> {
    let mut steps = Vec::new();
    for one in conditions {
        if let Some(id) = one.value.step.as_ref().and_then(|said| StepId::parse(&said.value.step.value).ok()) {
            steps.push(Earlier { checks: vec![id.clone()], id });
        }
        for inner in [&one.value.not, &one.value.any].into_iter().flatten() {
            steps.extend(steps_of(&inner.value));
        }
    }
    steps
}
