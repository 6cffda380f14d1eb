//! From a [`Node`] to a typed value: like serde, but it goes on after an error, and every value keeps its place.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::domain::document::diagnostic::Code;
use crate::domain::document::node::{Node, Value};
use crate::domain::document::sink::{Draft, Sink, quoted};
use crate::domain::document::source::{At, Place};
use crate::domain::id::is_atom;

/// A type that can be read from a node. Its JSON Schema accepts exactly what is read without an error of the class
/// [`crate::domain::document::diagnostic::Class::Structure`].
pub trait Read: Sized {
    /// Reads the value; what is wrong goes to the sink.
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self>;
}

/// Reports that a node has the wrong type.
pub fn wrong_type(node: &Node, expected: &str, sink: &mut Sink<'_>) {
    let draft = Draft::new(Code::WrongType, node.place, format!("expected {expected}, found {}", node.kind()));
    let hint = match node.value {
        Value::Null => Some("Give it a value or remove the key.".to_owned()),
        Value::Bool(_) | Value::Whole(_) | Value::Float(_) if expected.contains("text") => Some("Put it between quotes.".to_owned()),
        Value::Text(_) | Value::Map(_) if expected.starts_with("a list") => Some("Put it between `[` and `]`.".to_owned()),
        Value::Bool(_) | Value::Whole(_) | Value::Float(_) | Value::Text(_) | Value::List(_) | Value::Map(_) => None,
    };
    sink.add(draft.maybe_hint(hint));
}

impl Read for String {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        match &node.value {
            Value::Text(text) => Some(text.clone()),
            Value::Null | Value::Bool(_) | Value::Whole(_) | Value::Float(_) | Value::List(_) | Value::Map(_) => {
                wrong_type(node, "text", sink);
                None
            }
        }
    }
}

impl Read for bool {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        match node.value {
            Value::Bool(value) => Some(value),
            Value::Null | Value::Whole(_) | Value::Float(_) | Value::Text(_) | Value::List(_) | Value::Map(_) => {
                wrong_type(node, "`true` or `false`", sink);
                None
            }
        }
    }
}

impl<T: Read> Read for At<T> {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        Some(Self { value: T::read(node, sink)?, place: node.place })
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        let Value::List(items) = &node.value else {
            wrong_type(node, "a list", sink);
            return None;
        };
        Some(items.iter().filter_map(|item| T::read(item, sink)).collect())
    }
}

/// Free data, kept as it is.
#[derive(Debug, Clone, Default)]
pub struct Free(pub BTreeMap<String, serde_json::Value>);

impl Read for Free {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            wrong_type(node, "a map", sink);
            return None;
        };
        Some(Self(entries.iter().map(|entry| (entry.key.clone(), entry.node.to_json())).collect()))
    }
}

/// Any value, kept as it is.
#[derive(Debug, Clone, Default)]
pub struct Anything(pub serde_json::Value);

impl Read for Anything {
    fn read(node: &Node, _: &mut Sink<'_>) -> Option<Self> {
        Some(Self(node.to_json()))
    }
}

/// A whole number from `MIN` to `MAX`. As in JSON Schema, `2.0` is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Whole<const MIN: i64, const MAX: i64>(i64);

impl<const MIN: i64, const MAX: i64> Whole<MIN, MAX> {
    /// Returns the number that is nearest to another one.
    #[must_use]
    pub fn nearest(number: u64) -> Self {
        Self(i64::try_from(number).unwrap_or(MAX).clamp(MIN, MAX))
    }

    /// Returns the number.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }

    /// Returns the number as `u64`; a negative one becomes 0.
    #[must_use]
    pub fn wide(self) -> u64 {
        u64::try_from(self.0).unwrap_or(0)
    }

    /// Returns the number as `u32`, at most the largest one.
    #[must_use]
    pub fn narrow(self) -> u32 {
        u32::try_from(self.wide()).unwrap_or(u32::MAX)
    }
}

impl<const MIN: i64, const MAX: i64> Read for Whole<MIN, MAX> {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        let value = match node.value {
            Value::Whole(value) => value,
            #[expect(clippy::cast_possible_truncation, reason = "a float without a fraction saturates, and then is out of range")]
            Value::Float(value) if value.fract() == 0.0 => value as i128,
            Value::Null | Value::Bool(_) | Value::Float(_) | Value::Text(_) | Value::List(_) | Value::Map(_) => {
                wrong_type(node, "a whole number", sink);
                return None;
            }
        };
        match i64::try_from(value) {
            Ok(value) if (MIN..=MAX).contains(&value) => Some(Self(value)),
            Ok(_) | Err(_) => {
                out_of_range(node.place, &value.to_string(), (MIN, MAX), sink);
                None
            }
        }
    }
}

/// A number from `MIN` to `MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Real<const MIN: i64, const MAX: i64>(f64);

impl<const MIN: i64, const MAX: i64> Real<MIN, MAX> {
    /// Returns the number.
    #[must_use]
    pub const fn number(self) -> f64 {
        self.0
    }
}

impl<const MIN: i64, const MAX: i64> Read for Real<MIN, MAX> {
    #[expect(clippy::cast_precision_loss, reason = "the bounds are small")]
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        let value = match node.value {
            Value::Whole(value) => value as f64,
            Value::Float(value) => value,
            Value::Null | Value::Bool(_) | Value::Text(_) | Value::List(_) | Value::Map(_) => {
                wrong_type(node, "a number", sink);
                return None;
            }
        };
        if (MIN as f64..=MAX as f64).contains(&value) {
            return Some(Self(value));
        }
        out_of_range(node.place, &value.to_string(), (MIN, MAX), sink);
        None
    }
}

fn out_of_range(place: Place, value: &str, (min, max): (i64, i64), sink: &mut Sink<'_>) {
    sink.add(Draft::new(Code::OutOfRange, place, format!("{value} is not between {min} and {max}")));
}

/// A name that matches the rule for ids.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Name(pub String);

impl Read for Name {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        let text = String::read(node, sink)?;
        if is_atom(&text) {
            return Some(Self(text));
        }
        let draft = Draft::new(Code::InvalidId, node.place, format!("{} is no valid id", quoted(&text)));
        sink.add(
            draft.hint(
                "Use 1 to 64 of `a-z`, `0-9`, `.`, `_` and `-`; start with a letter or digit; no `..`, no `.` or `.lock` at the end.",
            ),
        );
        None
    }
}

macro_rules! inline_schema {
    ($({$($generics:tt)*})? $name:ty, $body:expr) => {
        impl$(<$($generics)*>)? JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $body
            }
        }
    };
}

inline_schema!({const MIN: i64, const MAX: i64} Whole<MIN, MAX>, json_schema!({"type": "integer", "minimum": MIN, "maximum": MAX}));
inline_schema!({const MIN: i64, const MAX: i64} Real<MIN, MAX>, json_schema!({"type": "number", "minimum": MIN, "maximum": MAX}));
inline_schema!(Anything, json_schema!({}));
inline_schema!(Free, json_schema!({"type": "object"}));
inline_schema!(Name, json_schema!({"type": "string", "pattern": r"^(?!.*\.\.)(?!.*\.$)(?!.*\.lock$)[a-z0-9][a-z0-9._-]{0,63}$"}));

impl<T: JsonSchema> JsonSchema for At<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

pub(crate) use inline_schema;
