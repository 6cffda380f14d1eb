//! The small values of the plan format: fixed words, and values that may be written in two ways.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::domain::plan::diagnostic::Code;
use crate::domain::plan::node::{Node, Value};
use crate::domain::plan::read::{Read, Real, Whole, inline_schema, wrong_type};
use crate::domain::plan::sink::{Draft, Sink, quoted};
use crate::domain::plan::source::At;

/// Declares enums of which the user writes one word.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            const TEXTS: &'static [&'static str] = &[$($text,)*];

            /// Returns the word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl Read for $name {
            fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
                let text = String::read(node, sink)?;
                match text.as_str() {
                    $($text => Some(Self::$variant),)*
                    _ => {
                        unknown_value(node, &text, Self::TEXTS, sink);
                        None
                    }
                }
            }
        }

        inline_schema!($name, json_schema!({"type": "string", "enum": $name::TEXTS}));
    )*};
}

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

fn unknown_value(node: &Node, text: &str, known: &[&str], sink: &mut Sink<'_>) {
    let near = sink.suggest(text, known.iter().copied());
    let hint =
        near.unwrap_or_else(|| format!("Use one of {}.", known.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")));
    sink.add(Draft::new(Code::UnknownValue, node.place, format!("unknown value {}", quoted(text))).hint(hint));
}

/// The version of the plan format: 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version;

impl Read for Version {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        let version = Whole::<0, { i64::MAX }>::read(node, sink)?.number();
        if version == 1 {
            return Some(Self);
        }
        let draft = Draft::new(Code::UnsupportedVersion, node.place, format!("version {version} of the plan format is not known"));
        sink.add(draft.hint("Write `version: 1`, or install a newer git-orc."));
        None
    }
}

inline_schema!(Version, json_schema!({"type": "integer", "const": 1}));

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

/// A command as it was written. Neither form is run by a shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// The words.
    Words(Vec<At<String>>),
    /// One text that is split into words as a shell would.
    Line(String),
}

impl Default for Command {
    fn default() -> Self {
        Self::Line(String::new())
    }
}

impl Read for Command {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        let is_empty = match &node.value {
            Value::Text(text) => text.trim_ascii().is_empty(),
            Value::List(items) => items.is_empty(),
            Value::Null | Value::Bool(_) | Value::Whole(_) | Value::Float(_) | Value::Map(_) => {
                wrong_type(node, "a command (a list of words, or one text)", sink);
                return None;
            }
        };
        if is_empty {
            sink.add(Draft::new(Code::EmptyCommand, node.place, "empty command").hint("Name at least a program."));
            return None;
        }
        match &node.value {
            Value::Text(text) => Some(Self::Line(text.clone())),
            Value::Null | Value::Bool(_) | Value::Whole(_) | Value::Float(_) | Value::List(_) | Value::Map(_) => {
                Vec::read(node, sink).map(Self::Words)
            }
        }
    }
}

inline_schema!(
    Command,
    json_schema!({
        "anyOf": [
            {"type": "array", "items": {"type": "string"}, "minItems": 1},
            {"type": "string", "pattern": "[^ \\t\\n\\r\\f]"},
        ],
    })
);
