//! `QUALITY_GATE.yaml` as users write it. The doc comments here are the descriptions in its JSON Schema.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value as Json};

use crate::domain::document::node::{Entry, Node, Value};
use crate::domain::document::read::{Free, Name, Read, Real, Whole, inline_schema, wrong_type};
use crate::domain::document::record::{Extra, Record, described, read_record, record, record_schema};
use crate::domain::document::sink::Sink;
use crate::domain::document::source::At;
use crate::domain::document::word::Command;
use crate::domain::gate::metric::{Comparator, Metric};
use crate::domain::gate::model::{Baseline, FailureAction, Moment};

/// A time in seconds, at least one and at most a year.
type Seconds = Whole<1, 31_536_000>;
/// A list of texts.
pub type Texts = Vec<At<String>>;

/// When a gate runs: one word, or a list of them.
#[derive(Debug, Clone, Default)]
pub struct Moments(pub Vec<At<Moment>>);

impl Read for Moments {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        if matches!(node.value, Value::Text(_)) {
            return Some(Self(vec![At::read(node, sink)?]));
        }
        Vec::read(node, sink).map(Self)
    }
}

inline_schema!(Moments, {
    let one = json_schema!({"type": "string", "enum": Moment::TEXTS});
    json_schema!({"anyOf": [one, {"type": "array", "items": one}]})
});

/// Variables and their values; numbers and truth values are taken as text.
#[derive(Debug, Clone, Default)]
pub struct Variables(pub Vec<(At<String>, String)>);

impl Read for Variables {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            wrong_type(node, "a map", sink);
            return None;
        };
        let one = |entry: &Entry, sink: &mut Sink<'_>| {
            let value = match &entry.node.value {
                Value::Text(text) => text.clone(),
                Value::Whole(number) => number.to_string(),
                Value::Bool(truth) => truth.to_string(),
                Value::Float(number) => number.to_string(),
                Value::Null | Value::List(_) | Value::Map(_) => {
                    wrong_type(&entry.node, "text", sink);
                    return None;
                }
            };
            Some((At { value: entry.key.clone(), place: entry.key_place }, value))
        };
        Some(Self(entries.iter().filter_map(|entry| one(entry, sink)).collect()))
    }
}

inline_schema!(Variables, json_schema!({"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}));

record! {
    /// Quality gates: what must hold before a step, a wave or a push may go on.
    RawQualityGate requires ["gates"] extra Closed {
        /// The JSON Schema of this file, for editors.
        schema "$schema": String,
        /// The version of this format: 1.
        version "version": FileVersion,
        /// Globs of the refs whose pushes are gated, such as `refs/heads/main`; all branches when absent.
        applies_to "applies_to": RawAppliesTo,
        /// The gates.
        gates "gates": Vec<At<RawGateEntry>>,
        /// The order in which gates run; the order of the list, and what they need first, when absent.
        execution_order "execution_order": Vec<At<RawStage>>,
        /// Which gates run when, by their ids: the original format's way to say `on`.
        ci_integration "ci_integration": RawIntegration,
        /// Free data.
        metadata "metadata": Free,
        /// Of the original format: kept for people.
        failure_policies "failure_policies": Free,
        /// Of the original format: kept for people.
        environment "environment": Free,
        /// Of the original format: kept for people.
        quick_commands "quick_commands": Free,
    }

    /// Which refs are gated.
    RawAppliesTo requires [] extra Closed {
        /// Globs of full ref names; a name without `refs/` is that of a branch.
        refs "refs": Texts,
    }

    /// One gate.
    RawGateEntry requires ["id"] extra Closed {
        /// The id, unique in the file, such as `tests.unit`.
        id "id": Name,
        /// A name for people.
        name "name": String,
        /// What kind of gate it is, for people.
        category "category": String,
        /// What it is for, for people.
        description "description": String,
        /// The command: a list of words, or one text that is split into words. No shell is run.
        command "command": Command,
        /// In place of a command: what a person has to decide.
        manual "manual": String,
        /// Whether it must have passed; `false` makes `block` a warning.
        required "required": bool,
        /// Seconds until it is ended.
        timeout_seconds "timeout_seconds": Seconds,
        /// Another name of `timeout_seconds`.
        timeout_sec "timeout_sec": Seconds,
        /// The ids of the gates that must have passed before it runs.
        prerequisites "prerequisites": Texts,
        /// What it means when it does not pass; `block` when absent.
        failure_action "failure_action": FailureAction,
        /// Variables that it gets besides the usual ones.
        env_vars "env_vars": Variables,
        /// What added lines must not hold.
        forbidden_patterns "forbidden_patterns": Vec<At<RawForbidden>>,
        /// When it runs; `push` and `ci` when nothing says otherwise.
        on "on": Moments,
        /// Globs of the refs that it is for; those of the file when absent.
        refs "refs": Texts,
        /// Globs of files: it runs only when one of them has changed.
        paths "paths": Texts,
        /// What its findings are compared with; `base` when absent.
        baseline "baseline": Baseline,
        /// What must hold of what it measured; without any, that it ends with 0 or finds nothing new.
        conditions "conditions": Vec<At<RawCondition>>,
        /// The only reader that reads its output; all are asked when absent.
        reader "reader": String,
        /// Where its report of coverage lies when it has ended: LCOV, or XML as Cobertura writes it.
        coverage_report "coverage_report": String,
        /// A regular expression whose first group is the number that it measures, for the metric `value`.
        value_pattern "value_pattern": String,
        /// Commands whose output tells what it depends on besides the tree: it runs again when one of them changes.
        toolchain "toolchain": Vec<At<Command>>,
        /// Globs of the files that a gate on a wave takes from the base commit, besides its script; well-known files of rules when absent.
        config "config": Texts,
        /// Of the original format: kept for people.
        notes "notes": String,
        /// Free data.
        metadata "metadata": Free,
    }

    /// What added lines must not hold.
    RawForbidden requires ["pattern"] extra Closed {
        /// A regular expression.
        pattern "pattern": String,
        /// What to write instead.
        replacement "replacement": String,
        /// Why.
        reason "reason": String,
        /// Globs of the files in which it counts; all when absent.
        paths "paths": Texts,
    }

    /// What must hold of something measured.
    RawCondition requires ["metric", "op", "value"] extra Closed {
        /// What is measured.
        metric "metric": Metric,
        /// How it is compared.
        op "op": Comparator,
        /// With what.
        value "value": Real<{ -1_000_000_000 }, 1_000_000_000>,
    }

    /// A stage: gates that run before those of the next one.
    RawStage requires ["gates"] extra Closed {
        /// A name for people.
        name "name": String,
        /// The ids of its gates.
        gates "gates": Texts,
        /// Accepted; gates run one after the other, in one worktree.
        parallel "parallel": bool,
        /// Whether the next stage runs only when every gate of this one that blocks has passed; `true` when absent.
        required "required": bool,
    }

    /// Which gates run when.
    RawIntegration requires [] extra Closed {
        /// Accepted; committing is not gated.
        pre_commit_hooks "pre_commit_hooks": Texts,
        /// The ids of the gates for pushes.
        pre_push_hooks "pre_push_hooks": Texts,
        /// The ids of the gates for pull requests.
        pull_request_checks "pull_request_checks": Texts,
    }
}

/// The version of the format: 1, as a number or as text.
#[derive(Debug, Clone, Copy, Default)]
pub struct FileVersion;

impl Read for FileVersion {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        use crate::domain::document::diagnostic::Code;
        use crate::domain::document::sink::Draft;
        let is_one = match &node.value {
            Value::Whole(number) => *number == 1,
            Value::Text(text) => matches!(text.as_str(), "1" | "1.0" | "1.0.0"),
            Value::Null | Value::Bool(_) | Value::Float(_) | Value::List(_) | Value::Map(_) => false,
        };
        if is_one {
            return Some(Self);
        }
        sink.add(Draft::new(Code::UnsupportedVersion, node.place, "this version of the format is not known").hint("Write `version: 1`."));
        None
    }
}

inline_schema!(FileVersion, json_schema!({"enum": [1, "1", "1.0", "1.0.0"]}));
