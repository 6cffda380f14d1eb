//! Reads plans: every error at once, each with its place.

use std::collections::HashMap;

use crate::domain::document::command::argv;
use crate::domain::document::diagnostic::{Code, Diagnostic};
use crate::domain::document::load::read_file;
use crate::domain::document::node::{Entry, Node, Value};
use crate::domain::document::read::{Read, wrong_type};
use crate::domain::document::sink::{Draft, Sink, quoted};
use crate::domain::document::source::{At, Place, Shape, SourceFile};
use crate::domain::gate::model::{Baseline, Gate};
use crate::domain::id::{GateId, WorkstreamId};
use crate::domain::pipeline::expand::{Ground, Pipelines, expand};
use crate::domain::plan::check::graph::{Edges, Ids, Named, pairs, resolve};
use crate::domain::plan::check::steps::Layers;
use crate::domain::plan::check::workstream::{check_own, workstream};
use crate::domain::plan::check::{budgets, names, overlaps};
use crate::domain::plan::input::PlanInput;
use crate::domain::plan::model::{CheckedPlan, Workstream};
use crate::domain::plan::raw::{RawGate, RawPlan, RawWorkstream, Workstreams, empty_plan};
use crate::domain::policy::pattern::Pattern;
use crate::domain::schedule::dag;

/// Reads and checks a plan. Beside the plan come warnings and notes.
///
/// # Errors
/// Returns everything that was found when at least one of it is an error.
pub fn parse_plan(input: &PlanInput<'_>) -> Result<(CheckedPlan, Vec<Diagnostic>), Vec<Diagnostic>> {
    let mut files: Vec<SourceFile> = Vec::new();
    let input = match input.shape {
        Shape::File => *input,
        Shape::Bundles { .. } => {
            files.extend_from_slice(input.files);
            files.sort_by(|a, b| a.path.cmp(&b.path));
            PlanInput { files: &files, ..*input }
        }
    };
    let pipelines = Pipelines::of(input.files, &input.defaults.phases);
    let all: Vec<SourceFile> = input.files.iter().chain(pipelines.files()).cloned().collect();
    let mut sink = Sink::new(&all, input.shape);
    let plan = read_raw(&input, &mut sink).and_then(|(raw, ids)| check(&raw, ids, (&input, &pipelines), &mut sink));
    match (plan, sink.errors()) {
        (Some(plan), 0) => Ok((plan, sink.finish())),
        (Some(_) | None, _) => Err(sink.finish()),
    }
}

/// Reads the files into one raw plan.
fn read_raw(input: &PlanInput<'_>, sink: &mut Sink<'_>) -> Option<(RawPlan, Ids)> {
    let roots: Vec<Option<Node>> = (0_u32..).zip(input.files).map(|(file, source)| read_file(file, source, sink)).collect();
    let is_whole = roots.iter().all(Option::is_some);
    let raw = match input.shape {
        Shape::File => match roots.into_iter().next() {
            Some(root) => {
                let root = root?;
                refuse_bundle(&root, sink)?;
                RawPlan::read(&root, sink)?
            }
            None => {
                empty_plan(Place { file: u32::MAX, ..Place::default() }, sink);
                return None;
            }
        },
        Shape::Bundles { .. } => bundles(&roots, sink),
    };
    let has_ids = raw.workstreams.iter().flat_map(|all| &all.value.0).all(|workstream| workstream.value.id.is_some());
    Some((raw, if is_whole && has_ids { Ids::Complete } else { Ids::Partial }))
}

/// Says in one sentence that a file is a bundle, in place of everything that is then missing and unknown; `None` when it is one.
fn refuse_bundle(root: &Node, sink: &mut Sink<'_>) -> Option<()> {
    let is_bundle = match &root.value {
        Value::List(items) => items.first().is_some_and(|item| matches!(item.value, Value::Map(_))),
        Value::Map(entries) => has_key(entries, "id") && !has_key(entries, "workstreams"),
        Value::Null | Value::Bool(_) | Value::Whole(_) | Value::Float(_) | Value::Text(_) => false,
    };
    if is_bundle {
        let draft = Draft::new(Code::WrongType, root.place, "expected a plan, found a workstream bundle");
        sink.add(draft.hint("Name the folder that holds it, or list it under `workstreams` of a plan."));
        return None;
    }
    Some(())
}

fn has_key(entries: &[Entry], key: &str) -> bool {
    entries.iter().any(|entry| entry.key == key)
}

/// Gathers the workstreams of bundle files.
fn bundles(roots: &[Option<Node>], sink: &mut Sink<'_>) -> RawPlan {
    let mut all = Vec::new();
    for root in roots.iter().flatten() {
        match &root.value {
            Value::Map(_) => all.extend(At::<RawWorkstream>::read(root, sink)),
            Value::List(_) => all.extend(Workstreams::read(root, sink).unwrap_or_default().0),
            Value::Null | Value::Bool(_) | Value::Whole(_) | Value::Float(_) | Value::Text(_) => {
                wrong_type(root, "a workstream or a list of workstreams", sink);
            }
        }
    }
    if roots.is_empty() {
        empty_plan(Place { file: u32::MAX, ..Place::default() }, sink);
    }
    RawPlan { workstreams: Some(At { value: Workstreams(all), place: Place::default() }), ..RawPlan::default() }
}

/// Checks a raw plan and fills in the defaults.
fn check(raw: &RawPlan, ids: Ids, (input, pipelines): (&PlanInput<'_>, &Pipelines), sink: &mut Sink<'_>) -> Option<CheckedPlan> {
    let name = names::plan_name(raw, input.files, input.shape);
    let base = names::base(raw, input.defaults.base.as_deref(), sink);
    let target = names::target(raw, &name, sink);
    let gates = gates(raw, sink);
    let nothing = RawWorkstream::default();
    let defaults = raw.defaults.as_ref().map_or(&nothing, |defaults| &defaults.value.0);
    check_own(defaults, sink);
    let all = raw.workstreams.as_ref().map_or(&[][..], |all| all.value.0.as_slice());
    let all = expand(all, Ground { defaults, pipelines, input: &input.defaults.phases, commands: &input.defaults.commands }, sink);
    let named: Vec<Named<'_>> = all.iter().map(named).collect();
    let (edges, is_acyclic) = resolve(&named, "workstream", ids, sink);
    let checked: Vec<_> = all.iter().map(|own| workstream(Layers { own, defaults, input }, sink)).collect();
    let mut workstreams: Vec<Workstream> = checked.into_iter().collect::<Option<_>>()?;
    if sink.errors() > 0 || !is_acyclic {
        return None;
    }
    let places: Vec<Place> = named.iter().map(|thing| thing.place).collect();
    overlaps::report(&workstreams, &dag::levels(workstreams.len(), &pairs(&edges)), &places, sink);
    connect(&mut workstreams, &edges);
    Some(CheckedPlan {
        name,
        base,
        target,
        max_workers: raw.max_workers.as_ref().map(|count| count.value.narrow()),
        wave_delay_sec: raw.wave_delay_sec.as_ref().map_or(0, |delay| delay.value.wide()),
        fail_fast: raw.fail_fast.as_ref().is_some_and(|fail| fail.value),
        cache: raw.cache.as_ref().map(|cache| cache.value),
        fluid: raw.fluid.as_ref().is_some_and(|fluid| fluid.value),
        budget: budgets::of_run(raw),
        gates,
        workflows: pipelines.workflows(&workstreams),
        workstreams,
    })
}

fn named(workstream: &At<RawWorkstream>) -> Named<'_> {
    let raw = &workstream.value;
    Named {
        id: raw.id.as_ref().map(|id| id.value.0.as_str()),
        place: raw.id.as_ref().map_or(workstream.place, |id| id.place),
        depends_on: raw.depends_on.as_ref().map_or(&[], |ids| ids.value.as_slice()),
    }
}

/// Writes the dependencies into the workstreams.
fn connect(workstreams: &mut [Workstream], edges: &Edges) {
    let ids: Vec<WorkstreamId> = workstreams.iter().map(|workstream| workstream.id.clone()).collect();
    for (workstream, targets) in workstreams.iter_mut().zip(edges) {
        workstream.depends_on = targets.iter().filter_map(|target| ids.get(*target).cloned()).collect();
    }
}

/// Returns the gates; the ones without a name are called `wave-1`, `wave-2`, and so on.
fn gates(raw: &RawPlan, sink: &mut Sink<'_>) -> Vec<Gate> {
    let wave = raw.gates.as_ref().and_then(|gates| gates.value.wave.as_ref()).map_or(&[][..], |wave| wave.value.as_slice());
    let mut gates: Vec<Gate> = Vec::with_capacity(wave.len());
    let mut taken = HashMap::new();
    for (number, item) in (1_usize..).zip(wave) {
        let gate: &At<RawGate> = item;
        let object = &gate.value.0;
        let id = object.id.as_ref().map_or_else(|| format!("wave-{number}"), |id| id.value.0.clone());
        let place = object.id.as_ref().map_or(gate.place, |id| id.place);
        if let Some(first) = taken.insert(id.clone(), place) {
            let draft = Draft::new(Code::DuplicateId, place, format!("two gates have the id {}", quoted(&id)));
            sink.add(draft.hint("Give one of them another id.").related("first used here", first));
        }
        let Some(command) = object.command.as_ref().and_then(|command| argv(command, sink)) else { continue };
        if let Ok(id) = GateId::parse(&id) {
            gates.push(Gate {
                timeout_sec: object.timeout_sec.as_ref().map(|seconds| seconds.value.wide()),
                config: object.config.as_ref().map(|globs| checked_globs(&globs.value, sink)),
                baseline: object.baseline.as_ref().map_or(Baseline::Base, |baseline| baseline.value),
                ..Gate::command(id, command)
            });
        }
    }
    gates
}

fn checked_globs(globs: &[At<String>], sink: &mut Sink<'_>) -> Vec<String> {
    for glob in globs {
        if let Err(error) = Pattern::parse(&glob.value) {
            sink.add(Draft::new(Code::BadGlob, glob.place, format!("in `config`: {error}")));
        }
    }
    globs.iter().map(|glob| glob.value.clone()).collect()
}
