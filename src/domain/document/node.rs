//! A document as a tree of values that know where they were written.
//!
//! The tree is joined from two halves: [`Outline`] has the places, [`Plain`] has the values as `serde_yaml` or `serde_json` read them. Where
//! the halves do not fit together, two readers of the same text disagree, and the text is refused.

use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::domain::document::diagnostic::Code;
use crate::domain::document::sink::{Draft, Sink, quoted};
use crate::domain::document::source::Place;

/// How deeply lists and maps may be nested.
pub const MAX_DEPTH: usize = 48;

/// A value and where it was written.
#[derive(Debug, Clone)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it was written.
    pub place: Place,
}

/// A value.
#[derive(Debug, Clone)]
pub enum Value {
    /// Nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Whole(i128),
    /// Another number; may be infinite or no number at all.
    Float(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map without duplicate keys.
    Map(Vec<Entry>),
}

/// One entry of a map.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key was written.
    pub key_place: Place,
    /// The value.
    pub node: Node,
}

impl Node {
    /// Returns what the value is, for "expected ..., found ...".
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match &self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "a truth value",
            Value::Whole(_) | Value::Float(_) => "a number",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }

    /// Returns the value without places. Numbers that JSON does not have become text.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Whole(value) => whole_to_json(*value),
            Value::Float(value) => serde_json::Number::from_f64(*value).map_or_else(|| value.to_string().into(), serde_json::Value::Number),
            Value::Text(text) => text.as_str().into(),
            Value::List(items) => items.iter().map(Self::to_json).collect(),
            Value::Map(entries) => entries.iter().map(|entry| (entry.key.clone(), entry.node.to_json())).collect(),
        }
    }
}

fn whole_to_json(value: i128) -> serde_json::Value {
    match (i64::try_from(value), u64::try_from(value)) {
        (Ok(value), _) => value.into(),
        (Err(_), Ok(value)) => value.into(),
        (Err(_), Err(_)) => value.to_string().into(),
    }
}

/// The half with the places.
#[derive(Debug, Clone)]
pub struct Outline {
    /// Where it was written.
    pub place: Place,
    /// What is inside.
    pub inner: Inner,
    /// How many nodes it holds, itself included.
    pub size: usize,
}

/// What an outline knows about a value.
#[derive(Debug, Clone)]
pub enum Inner {
    /// A scalar, with its text where that reader knows it.
    Scalar(Option<String>),
    /// The items of a list.
    List(Vec<Outline>),
    /// The keys and values of a map.
    Map(Vec<(Outline, Outline)>),
}

/// The half with the values, as a serde reader delivers them; duplicate keys are still there.
#[derive(Debug, Clone)]
pub enum Plain {
    /// Nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Whole(i128),
    /// Another number.
    Float(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Plain>),
    /// A map.
    Map(Vec<(Plain, Plain)>),
}

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PlainVisitor)
    }
}

struct PlainVisitor;

impl<'de> Visitor<'de> for PlainVisitor {
    type Value = Plain;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value without tags")
    }

    fn visit_unit<E: Error>(self) -> Result<Plain, E> {
        Ok(Plain::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Plain, E> {
        Ok(Plain::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Plain, E> {
        Ok(Plain::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Plain, E> {
        Ok(Plain::Whole(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Plain, E> {
        Ok(Plain::Whole(value.into()))
    }

    fn visit_i128<E: Error>(self, value: i128) -> Result<Plain, E> {
        Ok(Plain::Whole(value))
    }

    fn visit_u128<E: Error>(self, value: u128) -> Result<Plain, E> {
        Ok(Plain::Whole(i128::try_from(value).unwrap_or(i128::MAX)))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Plain, E> {
        Ok(Plain::Float(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Plain, E> {
        Ok(Plain::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Plain, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Plain::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Plain, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        Ok(Plain::Map(entries))
    }
}

/// Joins places and values, and reports duplicate keys and keys that are no text.
///
/// # Errors
/// Returns the place at which the two halves do not fit together.
pub fn join(outline: Outline, plain: Plain, sink: &mut Sink<'_>) -> Result<Node, Place> {
    let place = outline.place;
    let value = match (outline.inner, plain) {
        (Inner::Scalar(_), Plain::Null) => Value::Null,
        (Inner::Scalar(_), Plain::Bool(value)) => Value::Bool(value),
        (Inner::Scalar(_), Plain::Whole(value)) => Value::Whole(value),
        (Inner::Scalar(_), Plain::Float(value)) => Value::Float(value),
        (Inner::Scalar(text), Plain::Text(value)) if text.as_ref().is_none_or(|text| *text == value) => Value::Text(value),
        (Inner::List(places), Plain::List(values)) if places.len() == values.len() => {
            let items = places.into_iter().zip(values).map(|(place, value)| join(place, value, sink));
            Value::List(items.collect::<Result<_, _>>()?)
        }
        (Inner::Map(places), Plain::Map(values)) if places.len() == values.len() => join_map(places, values, sink)?,
        (Inner::Scalar(_) | Inner::List(_) | Inner::Map(_), _) => return Err(place),
    };
    Ok(Node { value, place })
}

fn join_map(places: Vec<(Outline, Outline)>, values: Vec<(Plain, Plain)>, sink: &mut Sink<'_>) -> Result<Value, Place> {
    let mut seen: HashMap<String, Place> = HashMap::new();
    let mut entries = Vec::with_capacity(places.len());
    for ((key, node), (plain_key, plain)) in places.into_iter().zip(values) {
        let key = join(key, plain_key, sink)?;
        let node = join(node, plain, sink)?;
        let Value::Text(text) = key.value else {
            let draft = Draft::new(Code::UnsupportedYaml, key.place, format!("expected text as a key, found {}", key.kind()));
            sink.add(draft.hint("Put the key between quotes."));
            continue;
        };
        if let Some(first) = seen.insert(text.clone(), key.place) {
            let draft = Draft::new(Code::DuplicateKey, key.place, format!("duplicate key {}", quoted(&text)));
            sink.add(draft.hint("Keep one of the two.").related("first given here", first));
            continue;
        }
        entries.push(Entry { key: text, key_place: key.place, node });
    }
    Ok(Value::Map(entries))
}
