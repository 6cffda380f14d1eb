//! The registry of tools as users write it. The doc comments here are the descriptions in its JSON Schema.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value as Json};

use crate::domain::document::node::{Entry, Node, Value};
use crate::domain::document::read::{Free, Name, Read, Whole, wrong_type};
use crate::domain::document::record::{Extra, Record, described, read_record, record, record_schema};
use crate::domain::document::sink::Sink;
use crate::domain::document::source::At;
use crate::domain::document::word::words;

/// A list of texts.
pub type Texts = Vec<At<String>>;
/// A time in milliseconds, at least one and at most a year.
type Millis = Whole<1, 31_536_000_000>;

words! {
    /// In which order tools are tried.
    StrategyWord {
        /// As written.
        Fixed = "fixed",
        /// In turn.
        RoundRobin = "round_robin",
        /// The best record first.
        ByRecord = "by_record",
    }
    /// Whether something must be there.
    NeedWord {
        /// It must.
        Required = "required",
        /// It need not.
        Optional = "optional",
    }
}

/// A map from names to records, in the order in which it is written.
#[derive(Debug, Clone)]
pub struct Named<T>(pub Vec<(At<String>, T)>);

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Read> Read for Named<T> {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            wrong_type(node, "a map", sink);
            return None;
        };
        let one = |entry: &Entry, sink: &mut Sink<'_>| {
            let key = Node { value: Value::Text(entry.key.clone()), place: entry.key_place };
            let (name, value) = (Name::read(&key, sink), T::read(&entry.node, sink));
            Some((At { value: name?.0, place: entry.key_place }, value?))
        };
        let named = entries.iter().filter(|entry| !entry.key.starts_with("x-"));
        Some(Self(named.filter_map(|entry| one(entry, sink)).collect()))
    }
}

impl<T: JsonSchema> JsonSchema for Named<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Named{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (name, value) = (Name::json_schema(generator), generator.subschema_for::<T>());
        // What begins with `x-` is free, so the rule for names is said only of the rest.
        json_schema!({
            "type": "object",
            "propertyNames": {"anyOf": [{"pattern": "^x-"}, name]},
            "patternProperties": {"^x-": true},
            "additionalProperties": value,
        })
    }
}

record! {
    /// Which tools there are, and which of them does what: the registry and the coordination rules of the original system in one file.
    RawRegistry requires [] extra Closed {
        /// The JSON Schema of this file, for editors.
        schema "$schema": String,
        /// The tools, by their names here.
        tools "tools": Named<RawTool>,
        /// What can be asked for, and which tools do it.
        capabilities "capabilities": Named<RawCapability>,
        /// The coordination rules, where they are kept apart from the tools.
        coordination_rules "coordination_rules": RawRules,
        /// Of the original format: kept for people.
        conflict_resolution "conflict_resolution": Free,
        /// Of the original format: kept for people.
        security "security": Free,
        /// Free data.
        metadata "metadata": Free,
    }

    /// The coordination rules.
    RawRules requires [] extra Closed {
        /// What can be asked for, and which tools do it.
        capabilities "capabilities": Named<RawCapability>,
        /// Of the original format: kept for people.
        conflict_resolution "conflict_resolution": Free,
        /// Of the original format: kept for people.
        security "security": Free,
        /// Free data.
        metadata "metadata": Free,
    }

    /// A tool.
    RawTool requires [] extra Closed {
        /// A name for people.
        name "name": String,
        /// Its program: the first one is looked for among the programs of the tool profiles. None of them is run.
        detect_commands "detectCommands": Texts,
        /// How it is asked for its version. Not run: the tool profile says how.
        version_command "versionCommand": Texts,
        /// Where its configuration lies, for people.
        config_paths "configPaths": Texts,
        /// Where its logs lie, for people.
        log_paths "logPaths": Texts,
        /// What it can do, for people; `capabilities` of the file decides.
        capabilities "capabilities": Texts,
        /// Accepted; a tool profile says how a tool is started.
        adapter_script "adapterScript": String,
        /// The version that is meant to be used, for people.
        pinned_version "pinnedVersion": String,
        /// Accepted; no tool is ever updated.
        auto_update "autoUpdate": bool,
        /// How many of it may run at once.
        max_parallel "max_parallel": Whole<1, { u32::MAX as i64 }>,
        /// Free data.
        metadata "metadata": Free,
    }

    /// Which tools do something.
    RawCapability requires ["primary"] extra Closed {
        /// The tool that is tried first: a name under `tools`, or the id of a tool profile.
        primary "primary": Name,
        /// The tools after it, in this order.
        fallback "fallback": Vec<At<Name>>,
        /// Whether they take turns: the original format's way to say `round_robin`.
        load_balance "loadBalance": bool,
        /// In which order they are tried; `fixed` when absent.
        strategy "strategy": StrategyWord,
        /// Milliseconds until an attempt is ended; rounded up to seconds.
        timeout_ms "timeout_ms": Millis,
        /// How often a tool is tried again before the next one.
        max_retries "max_retries": Whole<0, 100>,
        /// What a step must give.
        context_requirements "context_requirements": RawRequirements,
        /// Free data.
        metadata "metadata": Free,
    }

    /// What a step must give.
    RawRequirements requires [] extra Closed {
        /// Instructions.
        prompt "prompt": NeedWord,
        /// Files to work on.
        files "files": NeedWord,
        /// What is to be tested.
        test_path "test_path": NeedWord,
    }
}
