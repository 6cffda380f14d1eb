//! What the phases of a pipeline add to a prompt: what those before it have left, and what is expected at the end.

use super::request::{Request, Subject};
use crate::domain::phase::rules::Artifact;
use crate::domain::phase::wording;
use crate::domain::pipeline::expand::MADE_BEFORE;
use crate::domain::plan::model::{Step, StepKind};
use crate::domain::text::one_line;

/// Returns the place of the step of the plan that the prompt is about: for a FIX step the check.
fn position(subject: &Subject<'_>) -> Option<usize> {
    let steps = &subject.plan.steps;
    match subject.request {
        Request::Edit { .. } => steps.iter().position(|step| step.id == *subject.step),
        Request::Fix { check, .. } => steps.iter().position(|step| step.id.as_str() == check),
        Request::Resolve { .. } => None,
    }
}

/// Returns what the steps before this one have left for it.
pub(super) fn left_before(subject: &Subject<'_>) -> Option<String> {
    let before = subject.plan.steps.get(..position(subject)?).unwrap_or_default();
    let elsewhere = subject.plan.metadata.get(MADE_BEFORE).and_then(|made| made.as_array()).into_iter().flatten();
    let elsewhere = elsewhere.filter_map(|made| Some(line(made.get("name")?.as_str()?, made.get("path")?.as_str()?)));
    let own = before.iter().flat_map(|step| &step.rules.artifacts).map(|Artifact { name, path, .. }| line(name, path));
    let lines: String = elsewhere.chain(own).collect();
    (!lines.is_empty()).then(|| format!("What the phases before this one have left; read it first:\n\n{lines}"))
}

fn line(name: &str, path: &str) -> String {
    format!("- `{}`: the {}\n", one_line(path), one_line(name))
}

/// Returns what must hold of the files at the end of the step.
pub(super) fn expected(subject: &Subject<'_>) -> Option<String> {
    let steps = &subject.plan.steps;
    let at = position(subject)?;
    let checks: Vec<&Step> = match &steps.get(at)?.kind {
        StepKind::Edit(_) => steps.iter().skip(at + 1).take_while(|step| !matches!(step.kind, StepKind::Edit(_))).collect(),
        StepKind::Static(_) | StepKind::Runtime(_) => steps.get(at).into_iter().collect(),
    };
    let lines: String =
        checks.iter().flat_map(|step| &step.rules.expects).map(|one| format!("- {}\n", wording::predicate(&one.what))).collect();
    (!lines.is_empty()).then(|| format!("These must hold of the files at the end:\n\n{lines}"))
}
