//! The small values of the plan format: fixed words, and values that may be written in two ways.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::domain::document::node::{Node, Value};
use crate::domain::document::read::{Read, Real, Whole, inline_schema};
use crate::domain::document::sink::Sink;
use crate::domain::document::word::{unknown_value, words};

words! {
    /// The kind of a step.
    KindWord {
        /// A tool changes files.
        Edit = "edit",
        /// Commands look at the files.
        Static = "static",
        /// Commands run the program.
        Runtime = "runtime",
    }
    /// What the end of the recovery ladder means.
    ExhaustedWord {
        /// The workstream has failed.
        Fail = "fail",
        /// The workstream waits for a person.
        Pause = "pause",
    }
    /// How waits grow, in the annotated form of `retry`.
    StrategyWord {
        /// Each wait is a multiple of the one before.
        Exponential = "exponential",
        /// Each wait is longer by the first one.
        Linear = "linear",
        /// All waits are equal.
        Fixed = "fixed",
    }
    /// The kind of a bundle of the original format.
    BundleKind {
        /// A design.
        Design = "design",
        /// An implementation.
        Impl = "impl",
        /// Tests.
        Test = "test",
        /// Documentation.
        Docs = "docs",
        /// Infrastructure.
        Infra = "infra",
        /// A change of the shape alone.
        Refactor = "refactor",
        /// Work of low urgency.
        Background = "background",
        /// An experiment.
        Spike = "spike",
    }
    /// The gates of the original format.
    GateWord {
        /// Linters.
        Lint = "GATE_LINT",
        /// Unit tests.
        Unit = "GATE_UNIT",
        /// Integration tests.
        Integration = "GATE_INTEGRATION",
        /// Security checks.
        Security = "GATE_SECURITY",
    }
}

/// The order inside a wave: a number, or one of the original format's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Priority(pub i64);

impl Read for Priority {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        match &node.value {
            Value::Text(text) if text == "foreground" => Some(Self(0)),
            Value::Text(text) if text == "background" => Some(Self(-10)),
            Value::Text(text) => {
                unknown_value(node, text, &["foreground", "background"], sink);
                None
            }
            Value::Null | Value::Bool(_) | Value::Whole(_) | Value::Float(_) | Value::List(_) | Value::Map(_) => {
                Whole::<-1_000_000, 1_000_000>::read(node, sink).map(|number| Self(number.number()))
            }
        }
    }
}

inline_schema!(
    Priority,
    json_schema!({"anyOf": [{"type": "integer", "minimum": -1_000_000, "maximum": 1_000_000}, {"enum": ["foreground", "background"]}]})
);

/// How much waits differ: a share, or whether they differ at all.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Jitter {
    /// Whether.
    Switch(bool),
    /// How much, 0 to 1.
    Share(f64),
}

impl Read for Jitter {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        match node.value {
            Value::Bool(value) => Some(Self::Switch(value)),
            Value::Null | Value::Whole(_) | Value::Float(_) | Value::Text(_) | Value::List(_) | Value::Map(_) => {
                Real::<0, 1>::read(node, sink).map(|share| Self::Share(share.number()))
            }
        }
    }
}

inline_schema!(Jitter, json_schema!({"anyOf": [{"type": "boolean"}, {"type": "number", "minimum": 0, "maximum": 1}]}));

/// A reference to an issue: a number or text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Issue {
    /// Its number.
    Number(i64),
    /// Its text.
    Text(String),
}

impl Read for Issue {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        match &node.value {
            Value::Text(text) => Some(Self::Text(text.clone())),
            Value::Null | Value::Bool(_) | Value::Whole(_) | Value::Float(_) | Value::List(_) | Value::Map(_) => {
                Whole::<0, { i64::MAX }>::read(node, sink).map(|number| Self::Number(number.number()))
            }
        }
    }
}

inline_schema!(Issue, json_schema!({"anyOf": [{"type": "integer", "minimum": 0, "maximum": i64::MAX}, {"type": "string"}]}));
