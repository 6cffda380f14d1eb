//! The pipeline as users write it. The doc comments here are the descriptions in the JSON Schema.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value as Json};

use crate::domain::document::diagnostic::Code;
use crate::domain::document::node::{Entry, Node, Value};
use crate::domain::document::read::{Free, Name, Read, Whole, inline_schema};
use crate::domain::document::record::{Extra, Record, described, read_record, record, record_schema};
use crate::domain::document::sink::{Draft, Sink};
use crate::domain::document::source::At;
use crate::domain::document::version::Version;
use crate::domain::document::word::{Command, words};
use crate::domain::phase::raw::{Conditions, Expectations, RawArtifact};
use crate::domain::plan::policies::RawPolicy;
use crate::domain::plan::raw::{Commands, Count, RawRetry, Seconds, Texts};
use crate::domain::plan::word::KindWord;

words! {
    /// What each phase becomes.
    EachWord {
        /// A step of the one workstream.
        Step = "step",
        /// A workstream of its own, merged before those that depend on it begin.
        Workstream = "workstream",
    }
    /// Which commands of a workstream.
    CheckWord {
        /// Those that look at the files.
        Static = "static",
        /// Those that run the program.
        Runtime = "runtime",
    }
}

record! {
    /// A pipeline: phases that a workstream goes through.
    RawPipeline requires ["phases"] extra Closed {
        /// The JSON Schema of this file, for editors.
        schema "$schema": String,
        /// The version of the format.
        version "version": Version,
        /// The name; the file's name when absent, and the same as it when not.
        name "name": Name,
        /// What it is for, in one sentence.
        description "description": String,
        /// What each phase becomes: a `step` of one workstream, or a `workstream` of its own; `step` when absent.
        each "each": EachWord,
        /// What workstreams of it may touch when the plan does not say.
        scope "scope": RawScope,
        /// The phases, in order.
        phases "phases": Phases,
        /// Of pipelines of roles: the states.
        states "states": Opaque,
        /// Of pipelines of roles: what is handed from one role to another.
        handoffs "handoffs": Opaque,
        /// Of pipelines of roles: what must hold before a state is left.
        gates "gates": Opaque,
        /// Of pipelines of roles: what becomes of errors.
        errors "errors": Opaque,
        /// Free data.
        metadata "metadata": Free,
    }

    /// What may be touched.
    RawScope requires [] extra Closed {
        /// Globs of the files that may be changed.
        write "write": Texts,
        /// Globs of the files that may be created.
        create "create": Texts,
        /// Globs of the files that must not be touched.
        forbid "forbid": Texts,
    }

    /// One phase of a pipeline.
    RawPhase requires ["id"] extra Closed {
        /// The id, unique in the pipeline.
        id "id": Name,
        /// `edit` when absent. A check without `run` takes the workstream's commands of its kind, and falls away when there is none.
        kind "kind": KindWord,
        /// What it does, in one sentence; part of the prompt.
        description "description": String,
        /// The tool; the workstream's when absent.
        tool "tool": Name,
        /// What the tool must be able to do.
        capability "capability": Name,
        /// The model that the tool uses; its own choice when absent.
        model "model": String,
        /// What the embedded tool `command` runs.
        command "command": Command,
        /// The commands of a static or runtime phase.
        run "run": Commands,
        /// The template that makes the prompt; the one for EDIT steps when absent.
        template "template": Name,
        /// The tasks of this phase alone; part of the prompt.
        tasks "tasks": Texts,
        /// Commands or prose that say when it is done; part of the prompt.
        acceptance_tests "acceptance_tests": Texts,
        /// The ids of the phases before it; the one that is listed before when absent.
        depends_on "depends_on": Texts,
        /// How long it takes, in minutes; it is ended after three times as long.
        estimated_minutes "estimated_minutes": Whole<1, 10_080>,
        /// Seconds until it is ended.
        timeout_sec "timeout_sec": Seconds,
        /// When it is due: all of these hold; always when absent. A phase that is not due is skipped.
        when "when": Conditions,
        /// What must hold of the files before it begins.
        needs "needs": Expectations,
        /// What must hold of the files at its end.
        expects "expects": Expectations,
        /// Commands that look at the files behind it.
        statics "static": Commands,
        /// Commands that run the program behind it.
        runtime "runtime": Commands,
        /// Which commands of the workstream, else of the repository's profile, check it as well: `static`, `runtime` or both.
        checks "checks": Vec<At<CheckWord>>,
        /// Whether it pursues the goals of the workstream, with `each: workstream`.
        goals "goals": bool,
        /// What a person is asked before its work lands, one question each.
        asks "asks": Texts,
        /// How many FIX steps may follow its checks; as the limits say when absent.
        fixes "fixes": Count,
        /// How often it is tried, with `each: workstream`.
        retry "retry": RawRetry,
        /// What it makes for those that come after it.
        artifacts "artifacts": Vec<At<RawArtifact>>,
        /// The role that does it.
        role "role": Name,
        /// What it may touch, with `each: workstream`.
        scope "scope": RawScope,
        /// Of pipelines of roles: the state that it belongs to.
        state "state": Opaque,
        /// Of pipelines of roles: the gate at its end.
        gate "gate": Opaque,
        /// What follows when it can not go on by itself, with `each: workstream`.
        policies "policies": Vec<At<RawPolicy>>,
    }
}

/// The phases of a pipeline: at least one.
#[derive(Debug, Clone, Default)]
pub struct Phases(pub Vec<At<RawPhase>>);

impl Read for Phases {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        let items = Vec::read(node, sink)?;
        if matches!(&node.value, Value::List(written) if written.is_empty()) {
            sink.add(Draft::new(Code::EmptyPlan, node.place, "no phase").hint("Add a phase with an `id`."));
        }
        Some(Self(items))
    }
}

impl JsonSchema for Phases {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Phases".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let item = generator.subschema_for::<RawPhase>();
        json_schema!({"type": "array", "items": item, "minItems": 1})
    }
}

/// A part of the document that others read.
#[derive(Debug, Clone)]
pub struct Opaque(pub Node);

impl Read for Opaque {
    fn read(node: &Node, _: &mut Sink<'_>) -> Option<Self> {
        Some(Self(node.clone()))
    }
}

inline_schema!(Opaque, json_schema!({}));
