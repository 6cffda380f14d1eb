//! One workstream, with every default filled in.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::domain::document::command::{argv, argvs};
use crate::domain::document::diagnostic::Code;
use crate::domain::document::sink::{Draft, Sink};
use crate::domain::document::source::At;
use crate::domain::id::WorkstreamId;
use crate::domain::plan::check::goals::goals;
use crate::domain::plan::check::scopes::{inputs, scope};
use crate::domain::plan::check::steps::{Layers, steps, texts};
use crate::domain::plan::check::{budgets, limits};
use crate::domain::plan::model::{PromptSource, TestGate, Workstream};
use crate::domain::plan::policies::policies;
use crate::domain::plan::raw::RawWorkstream;
use crate::domain::plan::word::Issue;

/// Takes a value from the workstream, else from the defaults.
macro_rules! pick {
    ($layers:ident.$field:ident) => {
        $layers.own.value.$field.as_ref().or($layers.defaults.$field.as_ref())
    };
}

/// Returns a checked workstream; `None` when something is missing that was reported already. `depends_on` is left empty.
pub fn workstream(layers: Layers<'_>, sink: &mut Sink<'_>) -> Option<Workstream> {
    check_own(&layers.own.value, sink);
    let scope = scope(layers.own, layers.defaults, sink);
    let steps = steps(layers, sink);
    let resolve = pick!(layers.resolve).and_then(|command| argv(command, sink));
    let setup = pick!(layers.setup);
    let setup = if setup.is_some() { argvs(setup, sink) } else { layers.input.defaults.commands.setup.clone() };
    let fixers = argvs(pick!(layers.fixers), sink);
    let mut bounds = layers.input.defaults.limits.clone();
    limits::apply(&mut bounds, layers.defaults);
    limits::apply(&mut bounds, &layers.own.value);
    Some(Workstream {
        id: WorkstreamId::parse(&layers.own.value.id.as_ref()?.value.0).ok()?,
        title: pick!(layers.title).map(|title| title.value.clone()),
        depends_on: Vec::new(),
        scope: scope?,
        inputs: pick!(layers.inputs).map(|globs| inputs(&globs.value, sink)),
        conflict_group: pick!(layers.conflict_group).map(|group| group.value.clone()),
        parallel_ok: pick!(layers.parallel_ok).is_none_or(|ok| ok.value),
        priority: pick!(layers.priority).map_or(0, |priority| priority.value.0),
        steps,
        resolve,
        setup,
        fixers,
        tasks: texts(pick!(layers.tasks)),
        acceptance_tests: texts(pick!(layers.acceptance_tests)),
        prompt: prompt(&layers.own.value).or_else(|| prompt(layers.defaults)),
        limits: bounds,
        goals: goals(pick!(layers.goals), sink),
        budget: budgets::of_workstream([layers.defaults, &layers.own.value]),
        handling: policies(pick!(layers.policies), sink),
        allow_empty: pick!(layers.allow_empty).is_some_and(|allow| allow.value),
        submodules: pick!(layers.submodules).is_some_and(|submodules| submodules.value),
        compensation_actions: texts(pick!(layers.compensation_actions)),
        test_gates: test_gates(layers),
        metadata: metadata(layers),
    })
}

/// Checks what is a matter of one record alone: of a workstream, or of the defaults.
pub fn check_own(raw: &RawWorkstream, sink: &mut Sink<'_>) {
    if let (Some(_), Some(file)) = (&raw.prompt, &raw.prompt_file) {
        let draft = Draft::new(Code::ConflictingKeys, file.place, "`prompt_file` and `prompt` exclude each other");
        sink.add(draft.hint("Keep one of the two."));
    }
    budgets::check(raw, sink);
    if let Some(retry) = &raw.retry {
        limits::check_retry(&retry.value, sink);
    }
}

fn prompt(raw: &RawWorkstream) -> Option<PromptSource> {
    let text = raw.prompt.as_ref().map(|prompt| PromptSource::Text(prompt.value.clone()));
    text.or_else(|| raw.prompt_file.as_ref().map(|file| PromptSource::File(file.value.clone())))
}

fn test_gates(layers: Layers<'_>) -> Vec<TestGate> {
    let gates = pick!(layers.test_gates).map_or(&[][..], |gates| gates.value.as_slice());
    let is_on = |flag: Option<&At<bool>>| flag.is_none_or(|flag| flag.value);
    gates
        .iter()
        .filter_map(|gate| {
            let kind = gate.kind.as_ref()?.value.as_str().to_owned();
            Some(TestGate { kind, required: is_on(gate.required.as_ref()), blocking: is_on(gate.blocking.as_ref()) })
        })
        .collect()
}

/// Returns the free data, to which the fields of the original format are added that have no other place.
fn metadata(layers: Layers<'_>) -> BTreeMap<String, Json> {
    let mut metadata = pick!(layers.metadata).map_or_else(BTreeMap::new, |metadata| metadata.value.0.clone());
    let issue = |issue: &Issue| match issue {
        Issue::Number(number) => Json::from(*number),
        Issue::Text(text) => Json::from(text.as_str()),
    };
    let kept = [
        ("openspec_change", pick!(layers.openspec_change).map(|at| Json::from(at.value.as_str()))),
        ("ccpm_issue", pick!(layers.ccpm_issue).map(|at| issue(&at.value))),
        ("gate", pick!(layers.gate).map(|at| at.value.number().into())),
        ("capability_payload", pick!(layers.capability_payload).map(|at| at.value.0.clone().into_iter().collect())),
        ("kind", pick!(layers.kind).map(|at| at.value.as_str().into())),
        ("estimated_context_tokens", pick!(layers.estimated_context_tokens).map(|at| at.value.number().into())),
        ("doc_id", pick!(layers.doc_id).map(|at| at.value.as_str().into())),
    ];
    for (key, value) in kept {
        if let Some(value) = value {
            metadata.entry(key.to_owned()).or_insert(value);
        }
    }
    metadata
}
