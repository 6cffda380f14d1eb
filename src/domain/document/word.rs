//! Words of which a user writes one, and commands.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::domain::document::diagnostic::Code;
use crate::domain::document::node::{Node, Value};
use crate::domain::document::read::{Read, inline_schema, wrong_type};
use crate::domain::document::sink::{Draft, Sink, quoted};
use crate::domain::document::source::At;

/// Declares enums of which the user writes one word.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            /// Every word.
            pub const TEXTS: &'static [&'static str] = &[$($text,)*];

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
                        crate::domain::document::word::unknown_value(node, &text, Self::TEXTS, sink);
                        None
                    }
                }
            }
        }

        crate::domain::document::read::inline_schema!($name, json_schema!({"type": "string", "enum": $name::TEXTS}));
    )*};
}

/// Reports a word that is none of the known ones.
pub fn unknown_value(node: &Node, text: &str, known: &[&str], sink: &mut Sink<'_>) {
    let near = sink.suggest(text, known.iter().copied());
    let hint =
        near.unwrap_or_else(|| format!("Use one of {}.", known.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")));
    sink.add(Draft::new(Code::UnknownValue, node.place, format!("unknown value {}", quoted(text))).hint(hint));
}

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

pub(crate) use words;
