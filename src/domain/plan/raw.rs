//! The plan as users write it. The doc comments here are the descriptions in the JSON Schemas.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value as Json};

use crate::domain::document::diagnostic::Code;
use crate::domain::document::node::{Entry, Node, Value};
use crate::domain::document::read::{Free, Name, Read, Real, Whole, wrong_type};
use crate::domain::document::record::{Extra, Record, described, read_record, record, record_schema, unknown_key};
use crate::domain::document::sink::{Draft, Sink};
use crate::domain::document::source::{At, Place};
use crate::domain::document::version::Version;
use crate::domain::document::word::Command;
use crate::domain::gate::model::Baseline;
use crate::domain::goal::raw::RawGoals;
use crate::domain::phase::raw::{Conditions, Expectations, RawArtifact};
use crate::domain::plan::policies::RawPolicy;
use crate::domain::plan::word::{BundleKind, ExhaustedWord, GateWord, Issue, Jitter, KindWord, Priority, StrategyWord};
use crate::domain::policy::budget::raw::{RawPlanBudget, RawWorkstreamBudget, Usd};
use crate::domain::run::workstream_machine::HISTORY;

/// A number of attempts, repeats or steps, from 1.
pub type Positive = Whole<1, 1_000_000>;
/// A number of attempts, repeats or steps, from 0.
pub type Count = Whole<0, 1_000_000>;
/// A time in seconds, at least one and at most a year.
pub type Seconds = Whole<1, 31_536_000>;
/// A time in seconds, at most a year.
pub type Pause = Whole<0, 31_536_000>;
/// A wait in seconds, at most a day.
pub type Wait = Real<0, 86_400>;
/// A list of texts.
pub type Texts = Vec<At<String>>;
/// A list of commands.
pub type Commands = Vec<At<Command>>;

record! {
    /// A plan: what to change in a repository, in which order, and how to check it.
    RawPlan requires ["workstreams"] extra Closed {
        /// The JSON Schema of this file, for editors.
        schema "$schema": String,
        /// The version of the plan format.
        version "version": Version,
        /// The name of the plan; the file's name when absent.
        name "name": Name,
        /// The commit to start from; `HEAD` when absent. Pinned when the run starts.
        base "base": String,
        /// The integration branch, without `refs/heads/`; `orc/<name>` when absent.
        target "target": String,
        /// Values for every workstream that does not give its own.
        defaults "defaults": RawDefaults,
        /// How many workstreams may run at once.
        max_workers "max_workers": Whole<1, 1_024>,
        /// Seconds to wait between two waves.
        wave_delay_sec "wave_delay_sec": Pause,
        /// Whether the first failure stops everything that has not started.
        fail_fast "fail_fast": bool,
        /// Whether a run takes results of steps from the cache and keeps its own in it.
        cache "cache": bool,
        /// Whether every EDIT step is checked, former runs decide how failures are answered, and settings are read again between waves.
        fluid "fluid": bool,
        /// How much may be spent on a run.
        budget "budget": RawPlanBudget,
        /// Checks on merged trees.
        gates "gates": RawGates,
        /// The workstreams.
        workstreams "workstreams": Workstreams,
        /// Free data.
        metadata "metadata": Free,
    }

    /// Checks on merged trees.
    RawGates requires [] extra Closed {
        /// Run after the merge of every wave, at the top of the merged tree.
        wave "wave": Vec<At<RawGate>>,
    }

    /// A check on a merged tree, with a name and a time limit.
    RawGateObject requires ["command"] extra Closed {
        /// The name of the gate.
        id "id": Name,
        /// The command: a list of words, or one text that is split into words. No shell is run.
        command "command": Command,
        /// Seconds until it is ended.
        timeout_sec "timeout_sec": Seconds,
        /// Globs of the files that it takes from the base commit, besides its script; well-known files of rules when absent.
        config "config": Texts,
        /// What its findings are compared with: `base`, so that only new ones count, or `none`; `base` when absent.
        baseline "baseline": Baseline,
    }

    /// One unit of work, done in a worktree of its own.
    RawWorkstream requires ["id"] extra Closed {
        /// The id, unique in the plan.
        id "id": Name,
        /// A title for people.
        title "title": String,
        /// The ids of the workstreams that must be merged before this one starts.
        depends_on "depends_on": Texts,
        /// Globs of the files that it may change.
        files_scope "files_scope": Texts,
        /// Globs of the files that it may create.
        files_create "files_create": Texts,
        /// Globs of the files that it must not touch.
        files_forbid "files_forbid": Texts,
        /// Globs of the files that its steps read, besides those that it may change; every file when absent. Only the cache asks for it.
        inputs "inputs": Texts,
        /// Two workstreams of one conflict group never run side by side.
        conflict_group "conflict_group": String,
        /// Whether it may run beside others.
        parallel_ok "parallel_ok": bool,
        /// The order inside a wave: higher first. `foreground` is 0, `background` is -10.
        priority "priority": Priority,
        /// The tool that does the work.
        tool "tool": Name,
        /// What the tool must be able to do; names the tool when `tool` is absent, and the fallbacks when it is there.
        capability "capability": Name,
        /// The model that the tool uses; its own choice when absent.
        model "model": String,
        /// What the embedded tool `command` runs.
        command "command": Command,
        /// What the embedded tool `command` runs to mend a failed check; `command` again when absent.
        fix "fix": Command,
        /// The patch files that the embedded tool `replay` applies, relative to the plan file.
        patches "patches": Texts,
        /// The command that resolves merge conflicts.
        resolve "resolve": Command,
        /// Commands that prepare the worktree.
        setup "setup": Commands,
        /// What the findings of checks are compared with: `base`, so that only new ones count, or `none`. When absent: `none` for the workstream's own checks, `base` for inherited ones.
        baseline "baseline": Baseline,
        /// Whether it is fine to change nothing.
        allow_empty "allow_empty": bool,
        /// Whether submodules are initialised in the worktree.
        submodules "submodules": bool,
        /// Commands that look at the files: linters, compilers.
        statics "static": Commands,
        /// Commands that run the program: tests.
        runtime "runtime": Commands,
        /// Commands that mend by rule what checks find, such as formatters and `--fix` of linters; run before a tool's FIX step.
        fixers "fixers": Commands,
        /// What the change is for; part of the prompt.
        tasks "tasks": Texts,
        /// The prompt.
        prompt "prompt": String,
        /// The file with the prompt, relative to the plan file.
        prompt_file "prompt_file": String,
        /// Steps of one's own, in place of the edit, static and runtime steps.
        steps "steps": Vec<At<RawStep>>,
        /// The name of the pipeline whose phases are its steps.
        pipeline "pipeline": Name,
        /// What follows when it can not go on by itself; the first one that is for the reason counts.
        policies "policies": Vec<At<RawPolicy>>,
        /// Commands or prose that say when it is done; part of the prompt.
        acceptance_tests "acceptance_tests": Texts,
        /// Gates of the original format; kept and shown.
        test_gates "test_gates": Vec<RawTestGate>,
        /// The bounds of the loops.
        circuit_breaker "circuit_breaker": RawBreaker,
        /// The numbers that it is to reach: measured when its steps have passed, and improved in rounds.
        goals "goals": RawGoals,
        /// How much may be spent on it.
        budget "budget": RawWorkstreamBudget,
        /// Of the original format: `budget.workstream.usd`.
        max_cost_usd "max_cost_usd": Usd,
        /// How often the work is tried, and the waits in between.
        retry "retry": RawRetry,
        /// Seconds until a step is ended.
        timeout_sec "timeout_sec": Seconds,
        /// What undoes its effects outside the repository; kept for a rollback.
        compensation_actions "compensation_actions": Texts,
        /// Free data.
        metadata "metadata": Free,
        /// Of the original format: a link to a change of the specification.
        openspec_change "openspec_change": String,
        /// Of the original format: an issue.
        ccpm_issue "ccpm_issue": Issue,
        /// Of the original format: the level of approval.
        gate "gate": Positive,
        /// Of the original format: data for the capability.
        capability_payload "capability_payload": Free,
        /// Of the original format: what kind of work it is.
        kind "kind": BundleKind,
        /// Of the original format: an estimate of the prompt's size.
        estimated_context_tokens "estimated_context_tokens": Whole<0, { i64::MAX }>,
        /// Of the original format: the id of the document.
        doc_id "doc_id": String,
    }

    /// One step of a workstream.
    RawStep requires ["id"] extra Closed {
        /// The id, unique in the workstream.
        id "id": Name,
        /// `edit` when absent.
        kind "kind": KindWord,
        /// A description for people and for the prompt.
        description "description": String,
        /// The tool of an edit step; the workstream's when absent.
        tool "tool": Name,
        /// What the tool of an edit step must be able to do.
        capability "capability": Name,
        /// The model that the tool uses; its own choice when absent.
        model "model": String,
        /// What the embedded tool `command` runs.
        command "command": Command,
        /// The patch files that the embedded tool `replay` applies, relative to the plan file.
        patches "patches": Texts,
        /// The commands of a static or runtime step.
        run "run": Commands,
        /// The tasks of this step alone.
        tasks "tasks": Texts,
        /// The ids of the steps that come before it.
        depends_on "depends_on": Texts,
        /// Commands or prose that say when this step is done.
        acceptance_tests "acceptance_tests": Texts,
        /// Seconds until it is ended.
        timeout_sec "timeout_sec": Seconds,
        /// When it is due: all of these hold; always when absent. A step that is not due is skipped.
        when "when": Conditions,
        /// What must hold of the files before it begins.
        needs "needs": Expectations,
        /// What must hold of the files at its end. For an edit step a step of its own checks it, `<id>-check`.
        expects "expects": Expectations,
        /// The template that makes the prompt of an edit step; the one for its kind when absent.
        template "template": Name,
        /// What an edit step makes for those that come after it.
        artifacts "artifacts": Vec<At<RawArtifact>>,
        /// The role that does it.
        role "role": Name,
        /// What a person is asked before the work of an edit step lands, one question each.
        asks "asks": Texts,
        /// How many FIX steps may follow its checks; as `circuit_breaker` says when absent.
        fixes "fixes": Count,
        /// Commands that look at the files behind an edit step, as the step `<id>-check`.
        statics "static": Commands,
        /// Commands that run the program behind an edit step, as the step `<id>-test`.
        runtime "runtime": Commands,
    }

    /// A gate of the original format.
    RawTestGate requires ["type"] extra Closed {
        /// Which gate.
        kind "type": GateWord,
        /// Whether it must have run.
        required "required": bool,
        /// Whether a failure blocks.
        blocking "blocking": bool,
    }

    /// The bounds of the loops, under this program's names and those of the original format.
    RawBreaker requires [] extra OpenInBundles {
        /// How many FIX steps may follow a failed check.
        max_fix_iterations "max_fix_iterations": RawMaxFix,
        /// How many of the newest attempts are compared.
        oscillation_window "oscillation_window": Whole<1, { HISTORY as i64 }>,
        /// How often a tree, a set of findings or a patch may repeat in the window.
        min_oscillation_repeats "min_oscillation_repeats": Positive,
        /// What happens when everything has been tried.
        on_exhausted "on_exhausted": ExhaustedWord,
        /// How many attempts a tool gets to resolve a merge conflict.
        max_resolve_attempts "max_resolve_attempts": Count,
        /// Seconds until a step is ended, by kind.
        timeouts "timeouts": RawTimeouts,
        /// Of the original format: how often the work is tried; `retry.max_attempts` wins.
        max_attempts "max_attempts": Positive,
        /// Of the original format: how often the same errors may repeat.
        max_error_repeats "max_error_repeats": Count,
        /// Of the original format: how often the same patch may repeat.
        oscillation_threshold "oscillation_threshold": Count,
    }

    /// How many FIX steps may follow a failed check.
    RawMaxFix requires [] extra Closed {
        /// After a static step.
        statics "static": Count,
        /// After a runtime step.
        runtime "runtime": Count,
    }

    /// Seconds until a step is ended, by kind.
    RawTimeouts requires [] extra Closed {
        /// Edit steps.
        edit "edit": Seconds,
        /// Static steps.
        statics "static": Seconds,
        /// Runtime steps.
        runtime "runtime": Seconds,
        /// FIX and RESOLVE steps.
        fix "fix": Seconds,
        /// Gates.
        gate "gate": Seconds,
        /// Without any output; 0 switches it off.
        idle "idle": Pause,
    }

    /// How often the work is tried, and the waits in between.
    RawRetry requires [] extra Closed {
        /// Attempts in all, the first included.
        max_attempts "max_attempts": Positive,
        /// Seconds before the second attempt.
        initial_delay_sec "initial_delay_sec": Wait,
        /// The factor from one wait to the next.
        factor "factor": Real<1, 1_000>,
        /// The longest wait in seconds.
        max_delay_sec "max_delay_sec": Wait,
        /// How much waits differ at random: a share from 0 to 1, or `true` or `false`.
        jitter "jitter": Jitter,
        /// Whether there is a second attempt at all.
        enabled "enabled": bool,
        /// How waits grow.
        strategy "strategy": StrategyWord,
        /// Another name of `initial_delay_sec`.
        initial_delay "initial_delay": Wait,
        /// Another name of `max_delay_sec`.
        max_delay "max_delay": Wait,
    }
}

/// A check on a merged tree: a command, or a map with a name and a time limit.
#[derive(Debug, Clone, Default)]
pub struct RawGate(pub RawGateObject);

impl Read for RawGate {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        if matches!(node.value, Value::Map(_)) {
            return RawGateObject::read(node, sink).map(Self);
        }
        Some(Self(RawGateObject { command: Some(At::read(node, sink)?), ..RawGateObject::default() }))
    }
}

impl JsonSchema for RawGate {
    fn schema_name() -> Cow<'static, str> {
        "Gate".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (command, object) = (generator.subschema_for::<Command>(), generator.subschema_for::<RawGateObject>());
        json_schema!({"anyOf": [command, object]})
    }
}

/// The keys that can not have a default.
const WITHOUT_DEFAULT: [&str; 2] = ["id", "depends_on"];

/// Values for every workstream that does not give its own.
#[derive(Debug, Clone, Default)]
pub struct RawDefaults(pub RawWorkstream);

impl Read for RawDefaults {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            wrong_type(node, "a map", sink);
            return None;
        };
        let before = sink.errors();
        let mut record = RawWorkstream::default();
        for entry in entries {
            if WITHOUT_DEFAULT.contains(&entry.key.as_str()) {
                let draft = Draft::new(Code::UnknownKey, entry.key_place, format!("`{}` can not have a default", entry.key));
                sink.add(draft.hint("Give it in each workstream."));
            } else if !record.take(entry, sink) && !entry.key.starts_with("x-") {
                unknown_key(entry, RawWorkstream::KEYS, sink);
            }
        }
        record.broken = sink.errors() > before;
        Some(Self(record))
    }
}

impl JsonSchema for RawDefaults {
    fn schema_name() -> Cow<'static, str> {
        "Defaults".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = RawWorkstream::json_schema(generator);
        schema.remove("required");
        schema.insert("description".to_owned(), "Values for every workstream that does not give its own.".into());
        if let Some(properties) = schema.get_mut("properties").and_then(Json::as_object_mut) {
            properties.retain(|key, _| !WITHOUT_DEFAULT.contains(&key.as_str()));
        }
        schema
    }
}

/// The workstreams of a plan: at least one.
#[derive(Debug, Clone, Default)]
pub struct Workstreams(pub Vec<At<RawWorkstream>>);

impl Read for Workstreams {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        let items = Vec::read(node, sink)?;
        if matches!(&node.value, Value::List(written) if written.is_empty()) {
            empty_plan(node.place, sink);
        }
        Some(Self(items))
    }
}

/// Reports that there is no workstream.
pub fn empty_plan(place: Place, sink: &mut Sink<'_>) {
    sink.add(Draft::new(Code::EmptyPlan, place, "no workstream").hint("Add a workstream with an `id`, a `files_scope` and a `tool`."));
}

impl JsonSchema for Workstreams {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Workstreams".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let item = generator.subschema_for::<RawWorkstream>();
        json_schema!({"type": "array", "items": item, "minItems": 1})
    }
}
