//! The parts of a pipeline file that make it one of roles, as users write them. The doc comments here are the descriptions in its JSON Schema.

use std::borrow::Cow;
use std::collections::BTreeSet;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value as Json};

use crate::domain::document::node::{Entry, Node, Value};
use crate::domain::document::read::{Anything, Read, Real, Whole, inline_schema, wrong_type};
use crate::domain::document::record::{Extra, Record, described, read_record, record, record_schema};
use crate::domain::document::sink::Sink;
use crate::domain::document::source::At;
use crate::domain::document::word::words;

/// One text, or a list of them.
#[derive(Debug, Clone, Default)]
pub struct Texts(pub Vec<At<String>>);

impl Read for Texts {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        if matches!(node.value, Value::Text(_)) {
            return Some(Self(vec![At::read(node, sink)?]));
        }
        Vec::read(node, sink).map(Self)
    }
}

inline_schema!(Texts, json_schema!({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}));

/// A map from names to records, in the order in which they were written.
#[derive(Debug, Clone)]
pub struct Table<T>(pub Vec<(At<String>, At<T>)>);

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Read> Read for Table<T> {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            wrong_type(node, "a map", sink);
            return None;
        };
        let mut rows = Vec::new();
        for entry in entries.iter().filter(|entry| !entry.key.starts_with("x-")) {
            let name = At { value: entry.key.clone(), place: entry.key_place };
            rows.extend(At::read(&entry.node, sink).map(|row| (name, row)));
        }
        Some(Self(rows))
    }
}

impl<T: JsonSchema> JsonSchema for Table<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("{}s", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let row = generator.subschema_for::<T>();
        json_schema!({"type": "object", "additionalProperties": row})
    }
}

words! {
    /// What happens when something goes wrong.
    ActionWord {
        /// The workflow is BLOCKED: the work waits for a person.
        Block = "BLOCK",
        /// A person is called at once, and the work waits.
        Escalate = "ESCALATE",
        /// The whole run is halted.
        HaltPipeline = "HALT_PIPELINE",
        /// It is tried again until a time has passed.
        WaitRetry = "WAIT_RETRY",
    }
    /// How waits between attempts grow.
    BackoffWord {
        /// Each wait is twice the one before.
        Exponential = "exponential",
        /// All waits are equal.
        Fixed = "fixed",
    }
    /// What may go wrong in a pipeline of roles.
    ConditionWord {
        /// A gate does not pass.
        GateFailure = "gate_failure",
        /// A role takes too long.
        RoleTimeout = "role_timeout",
        /// Nothing can be built on what was made.
        CriticalError = "critical_error",
        /// Something that a role needs is not there.
        DependencyFailure = "dependency_failure",
        /// The gate of the audit does not pass.
        AuditFailure = "audit_failure",
        /// The review and the audit contradict each other.
        VerificationConflict = "verification_conflict",
        /// The gate of the synthesis does not pass.
        SynthesisIncomplete = "synthesis_incomplete",
    }
}

record! {
    /// A state of the workflow.
    RawState requires [] extra Closed {
        /// The roles that are at work in it.
        roles "roles": Texts,
        /// The states that may follow; `previous` is the one before.
        next "next": Texts,
        /// How people get out of it, for people.
        recovery "recovery": Texts,
    }

    /// One role hands something over to others.
    RawHandoff requires ["from", "to"] extra Closed {
        /// Who hands over.
        from "from": String,
        /// To whom; several are handed over to side by side.
        to "to": Texts,
        /// What must have happened to what is handed over, for people: `created`, `approved`, ...
        when "when": String,
        /// The names of the artifacts that are handed over.
        artifact "artifact": Texts,
        /// Another name of `artifact`.
        artifacts "artifacts": Texts,
    }

    /// What must hold of what a role leaves.
    RawRoleGate requires [] extra Closed {
        /// The names of the artifacts that it needs.
        requires "requires": Texts,
        /// What must hold: expectations, `{command: [...]}`, or `{manual: "a question to a person"}`.
        rules "rules": Vec<At<Anything>>,
        /// What keeps it from passing, by name: expectations that fail under that name.
        blocking "blocking": Table<Vec<Anything>>,
        /// What happens when it does not pass; the policy `gate_failure` when absent.
        on_failure "on_failure": ActionWord,
        /// The word by which its result says that it passed, for people.
        exit "exit": String,
        /// Whether it counts; `true` when absent.
        enabled "enabled": bool,
    }

    /// What happens when something goes wrong.
    RawErrorPolicy requires ["action"] extra Closed {
        /// What is done.
        action "action": ActionWord,
        /// How many attempts there are in all before it is done.
        attempts "attempts": Whole<1, 100>,
        /// How waits between them grow.
        backoff "backoff": BackoffWord,
        /// Seconds of the first wait; 1 when absent.
        first_wait_sec "first_wait_sec": Real<0, 86_400>,
        /// Minutes after which it is done.
        after_min "after_min": Real<0, 100_000>,
        /// Minutes for which it is tried again.
        max_min "max_min": Real<0, 100_000>,
        /// Seconds between those attempts; 60 when absent.
        every_sec "every_sec": Real<0, 86_400>,
        /// What is done when that time has passed; `BLOCK` when absent.
        then "then": ActionWord,
        /// Who is told: roles, or `role` for the one whose work it is.
        notify "notify": Texts,
        /// Who is called, such as `human_operator`.
        to "to": String,
        /// The blocking conditions and kinds of issues that it is for.
        on "on": Texts,
        /// Whether what was merged is to be taken back.
        rollback "rollback": bool,
        /// Whether only a person lets the work go on.
        manual_recheck "manual_recheck": bool,
    }
}

/// What a workflow looks at in a phase; everything else of it is read elsewhere.
#[derive(Debug, Clone, Default)]
pub struct RawRolePhase {
    /// Its id.
    pub id: Option<At<String>>,
    /// The role that does it.
    pub role: Option<At<String>>,
    /// The state that the workflow is in meanwhile.
    pub state: Option<At<String>>,
    /// The gate at its end.
    pub gate: Option<At<String>>,
    /// The phases before it.
    pub depends_on: Option<Vec<At<String>>>,
    /// What it makes: names and globs.
    pub artifacts: Vec<(At<String>, Option<At<String>>)>,
}

/// The workflow of a pipeline file, as it is written.
#[derive(Debug, Clone, Default)]
pub struct RawWorkflow {
    /// The states, and where they are listed.
    pub states: At<Table<RawState>>,
    /// The handoffs.
    pub handoffs: Vec<At<RawHandoff>>,
    /// The gates.
    pub gates: Table<RawRoleGate>,
    /// The policies.
    pub errors: Table<RawErrorPolicy>,
    /// The phases.
    pub phases: Vec<RawRolePhase>,
    /// The names that expectations of phases and gates give to what does not hold.
    pub named: BTreeSet<String>,
}

/// Returns the value of a key of a map.
#[must_use]
pub fn key<'a>(node: &'a Node, name: &str) -> Option<&'a Node> {
    match &node.value {
        Value::Map(entries) => entries.iter().find(|entry| entry.key == name).map(|entry| &entry.node),
        Value::Null | Value::Bool(_) | Value::Whole(_) | Value::Float(_) | Value::Text(_) | Value::List(_) => None,
    }
}

/// Returns the items of a list, or nothing.
#[must_use]
pub fn items(node: Option<&Node>) -> &[Node] {
    match node.map(|node| &node.value) {
        Some(Value::List(items)) => items,
        Some(Value::Null | Value::Bool(_) | Value::Whole(_) | Value::Float(_) | Value::Text(_) | Value::Map(_)) | None => &[],
    }
}

/// Returns the text of a key, where it is one.
#[must_use]
pub fn text(node: &Node, name: &str) -> Option<At<String>> {
    let node = key(node, name)?;
    match &node.value {
        Value::Text(text) => Some(At { value: text.clone(), place: node.place }),
        Value::Null | Value::Bool(_) | Value::Whole(_) | Value::Float(_) | Value::List(_) | Value::Map(_) => None,
    }
}

fn phase(node: &Node) -> RawRolePhase {
    let depends_on = key(node, "depends_on").map(|on| items(Some(on)).iter().filter_map(as_text).collect());
    let artifact = |one: &Node| Some((text(one, "name")?, text(one, "path")));
    RawRolePhase {
        id: text(node, "id"),
        role: text(node, "role"),
        state: text(node, "state"),
        gate: text(node, "gate"),
        depends_on,
        artifacts: items(key(node, "artifacts")).iter().filter_map(artifact).collect(),
    }
}

fn as_text(node: &Node) -> Option<At<String>> {
    match &node.value {
        Value::Text(text) => Some(At { value: text.clone(), place: node.place }),
        Value::Null | Value::Bool(_) | Value::Whole(_) | Value::Float(_) | Value::List(_) | Value::Map(_) => None,
    }
}

/// Returns the plain texts of a list.
#[must_use]
pub fn plain(texts: Option<&At<Texts>>) -> Vec<String> {
    texts.iter().flat_map(|texts| &texts.value.0).map(|text| text.value.clone()).collect()
}

/// Returns the names of what a handoff hands over, with their places.
pub fn handed(raw: &RawHandoff) -> impl Iterator<Item = &At<String>> {
    raw.artifact.iter().chain(&raw.artifacts).flat_map(|texts| &texts.value.0)
}

/// Returns the positions of the phases before one: those that it names, else the one listed before it.
#[must_use]
pub fn before(raw: &RawWorkflow, at: usize, one: &RawRolePhase) -> Vec<usize> {
    let position = |id: &At<String>| raw.phases.iter().position(|phase| phase.id.as_ref().is_some_and(|own| own.value == id.value));
    match &one.depends_on {
        Some(names) => names.iter().filter_map(position).collect(),
        None => at.checked_sub(1).into_iter().collect(),
    }
}

/// Gathers the names that expectations give, wherever they stand.
fn conditions(node: &Node, named: &mut BTreeSet<String>) {
    named.extend(text(node, "condition").map(|name| name.value));
    match &node.value {
        Value::Map(entries) => entries.iter().for_each(|entry| conditions(&entry.node, named)),
        Value::List(items) => items.iter().for_each(|item| conditions(item, named)),
        Value::Null | Value::Bool(_) | Value::Whole(_) | Value::Float(_) | Value::Text(_) => {}
    }
}

/// Reads the workflow of a pipeline file; what is wrong with its shape goes to the sink. `None` when the file has none.
pub fn read_workflow(root: &Node, sink: &mut Sink<'_>) -> Option<RawWorkflow> {
    let sections = ["states", "handoffs", "gates", "errors"].map(|name| key(root, name));
    let [states, handoffs, gates, errors] = sections;
    states.or(handoffs).or(gates).or(errors)?;
    let states = states.and_then(|node| At::read(node, sink));
    let mut named = BTreeSet::new();
    key(root, "phases").into_iter().chain(gates).for_each(|node| conditions(node, &mut named));
    let mut at_top = At { place: root.place, ..At::default() };
    at_top.place.end = at_top.place.start;
    Some(RawWorkflow {
        states: states.unwrap_or(at_top),
        handoffs: handoffs.and_then(|node| Vec::read(node, sink)).unwrap_or_default(),
        gates: gates.and_then(|node| Table::read(node, sink)).unwrap_or_default(),
        errors: errors.and_then(|node| Table::read(node, sink)).unwrap_or_default(),
        phases: items(key(root, "phases")).iter().map(phase).collect(),
        named,
    })
}
