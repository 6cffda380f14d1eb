//! The numbers that bound the loops, as `circuit_breaker_config.yaml` and the `limits` of a profile have them: each with its place.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value as Json};

use crate::domain::document::node::{Entry, Node, Value};
use crate::domain::document::read::{Free, Read, Real};
use crate::domain::document::record::{Extra, Record, described, read_record, record, record_schema};
use crate::domain::document::sink::Sink;
use crate::domain::document::source::{At, Place};
use crate::domain::plan::raw::{Count, Pause, Positive, RawMaxFix, RawTimeouts};
use crate::domain::settings::word::ExhaustedWord;

record! {
    /// What bounds the loops of a workstream.
    RawLimits requires [] extra Closed {
        /// The JSON Schema of this file, for editors.
        schema "$schema": String,
        /// How many FIX steps may follow a failed check.
        max_fix_iterations "max_fix_iterations": RawMaxFix,
        /// How many of the newest attempts are compared.
        oscillation_window "oscillation_window": Positive,
        /// How often a tree, a set of findings or a patch may repeat in the window.
        min_oscillation_repeats "min_oscillation_repeats": Positive,
        /// How often an edit is tried, and the waits in between.
        retry "retry": RawAttempts,
        /// Seconds until a step is ended, by kind.
        timeouts "timeouts": RawTimeouts,
        /// How many attempts a tool gets to resolve a merge conflict.
        max_resolve_attempts "max_resolve_attempts": Count,
        /// What happens when everything has been tried.
        on_exhausted "on_exhausted": ExhaustedWord,
        /// When a tool that fails is left alone.
        breaker "breaker": RawLeftAlone,
        /// Free data.
        metadata "metadata": Free,
    }

    /// How often an edit is tried, and the waits in between.
    RawAttempts requires [] extra Closed {
        /// Attempts in all, the first included.
        max_attempts "max_attempts": Positive,
        /// Seconds before the second attempt.
        initial_delay_sec "initial_delay_sec": Real<0, 31_536_000>,
        /// The factor from one wait to the next.
        factor "factor": Real<1, 1_000_000>,
        /// The longest wait in seconds.
        max_delay_sec "max_delay_sec": Real<0, 31_536_000>,
        /// How much waits differ at random: a share from 0 to 1.
        jitter "jitter": Real<0, 1>,
    }

    /// When a tool that fails is left alone.
    RawLeftAlone requires [] extra Closed {
        /// After how many failures in a row.
        failure_threshold "failure_threshold": Positive,
        /// For how many seconds.
        cooldown_sec "cooldown_sec": Pause,
        /// After how many seconds without a success it is given up until the run is resumed.
        give_up_sec "give_up_sec": Pause,
    }
}

/// One number.
#[derive(Debug, Clone, PartialEq)]
pub struct LimitValue {
    /// Its key: the name of its group, where it has one, and its own.
    pub key: (Option<String>, String),
    /// Its value.
    pub value: Json,
    /// Where it stands.
    pub place: Place,
}

/// The numbers that a map gives; those that it does not name are left to weaker layers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LimitValues(pub Vec<LimitValue>);

/// Keys that are no numbers.
const OTHERS: [&str; 2] = ["$schema", "metadata"];

impl Read for LimitValues {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        RawLimits::read(node, sink)?;
        let Value::Map(entries) = &node.value else { return None };
        let mut values = Vec::new();
        for entry in entries.iter().filter(|entry| !OTHERS.contains(&entry.key.as_str()) && !entry.key.starts_with("x-")) {
            match &entry.node.value {
                Value::Map(inner) => {
                    values.extend(inner.iter().filter(|one| !one.key.starts_with("x-")).map(|one| value((Some(&entry.key), one))));
                }
                Value::Null | Value::Bool(_) | Value::Whole(_) | Value::Float(_) | Value::Text(_) | Value::List(_) => {
                    values.push(value((None, entry)));
                }
            }
        }
        Some(Self(values))
    }
}

fn value((group, entry): (Option<&String>, &Entry)) -> LimitValue {
    let value = entry.node.to_json();
    // As in JSON Schema, `2.0` is a whole number; whoever counts with it wants `2`.
    #[expect(clippy::cast_possible_truncation, reason = "a float without a fraction saturates")]
    let whole = value.as_f64().filter(|number| value.is_f64() && number.fract() == 0.0 && !is_real(&entry.key)).map(|number| number as i64);
    LimitValue { key: (group.cloned(), entry.key.clone()), value: whole.map_or(value, Json::from), place: entry.key_place }
}

/// Returns whether a number may have a fraction.
fn is_real(key: &str) -> bool {
    matches!(key, "initial_delay_sec" | "factor" | "max_delay_sec" | "jitter")
}

impl JsonSchema for LimitValues {
    fn schema_name() -> Cow<'static, str> {
        "Limits".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        RawLimits::json_schema(generator)
    }
}
