//! One declaration per map of the plan format, from which the struct, its reader and its JSON Schema follow. So the three can not differ.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value as Json};

use crate::domain::document::diagnostic::Code;
use crate::domain::document::node::{Entry, Node, Value};
use crate::domain::document::read::wrong_type;
use crate::domain::document::sink::{Draft, Sink, quoted};
use crate::domain::document::source::Shape;

/// Which keys beyond its own a record takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extra {
    /// Only keys that start with `x-`.
    Closed,
    /// Any key in bundle files, where the original format left it open.
    OpenInBundles,
}

/// What the record macro declares.
pub trait Record: Default {
    /// The keys that it knows, in the order of the declaration.
    const KEYS: &'static [&'static str];
    /// The keys that must be there.
    const REQUIRED: &'static [&'static str];
    /// Which other keys it takes.
    const EXTRA: Extra;

    /// Takes one entry; `false` when the key is not known.
    fn take(&mut self, entry: &Entry, sink: &mut Sink<'_>) -> bool;

    /// Notes that something in it could not be read, so that nothing is concluded from what is missing.
    fn set_broken(&mut self);

    /// Adds the schema of every key.
    fn properties(generator: &mut SchemaGenerator, into: &mut Map<String, Json>);
}

/// Reads a record from a map.
pub fn read_record<T: Record>(node: &Node, sink: &mut Sink<'_>) -> Option<T> {
    let Value::Map(entries) = &node.value else {
        wrong_type(node, "a map", sink);
        return None;
    };
    let before = sink.errors();
    let mut record = T::default();
    for entry in entries {
        let is_open = T::EXTRA == Extra::OpenInBundles && sink.shape() != Shape::File;
        if !record.take(entry, sink) && !is_open && !entry.key.starts_with("x-") {
            unknown_key(entry, T::KEYS, sink);
        }
    }
    for key in T::REQUIRED {
        if !entries.iter().any(|entry| entry.key == *key) {
            sink.add(Draft::new(Code::MissingKey, node.place, format!("missing key `{key}`")));
        }
    }
    if sink.errors() > before {
        record.set_broken();
    }
    Some(record)
}

/// Reports a key that is not known.
pub fn unknown_key(entry: &Entry, known: &[&str], sink: &mut Sink<'_>) {
    let hint = if entry.key == "<<" {
        "Merge keys are not applied; put what is shared under `defaults`.".to_owned()
    } else if entry.key.starts_with("_comment") {
        "Use a YAML comment, or a key that starts with `x-`.".to_owned()
    } else {
        let near = sink.suggest(&entry.key, known.iter().copied());
        near.unwrap_or_else(|| "Own data goes under `metadata` or a key that starts with `x-`.".to_owned())
    };
    sink.add(Draft::new(Code::UnknownKey, entry.key_place, format!("unknown key {}", quoted(&entry.key))).hint(hint));
}

/// Returns the schema of a record.
pub fn record_schema<T: Record>(generator: &mut SchemaGenerator, description: &str) -> Schema {
    let mut properties = Map::new();
    T::properties(generator, &mut properties);
    let mut schema = json_schema!({
        "type": "object",
        "description": description.trim(),
        "properties": properties,
        "patternProperties": {"^x-": true},
        "additionalProperties": false,
    });
    if !T::REQUIRED.is_empty() {
        schema.insert("required".to_owned(), T::REQUIRED.into());
    }
    schema
}

/// Returns the schema of a value with a description of its own.
pub fn described<T: JsonSchema>(generator: &mut SchemaGenerator, description: &str) -> Json {
    let mut schema = generator.subschema_for::<T>();
    schema.insert("description".to_owned(), description.trim().into());
    schema.to_value()
}

/// Declares records: `Name requires ["key"] extra Closed { field "key": Type, ... }`.
macro_rules! record {
    ($(
        #[doc = $doc:literal]
        $name:ident requires [$($required:literal),*] extra $extra:ident {
            $(#[doc = $field_doc:literal] $field:ident $key:literal: $type:ty,)*
        }
    )*) => {$(
        #[doc = $doc]
        #[derive(Debug, Clone, Default)]
        pub struct $name {
            $(#[doc = $field_doc] pub $field: Option<At<$type>>,)*
            /// Whether something in it could not be read.
            pub broken: bool,
        }

        impl Record for $name {
            const KEYS: &'static [&'static str] = &[$($key),*];
            const REQUIRED: &'static [&'static str] = &[$($required),*];
            const EXTRA: Extra = Extra::$extra;

            fn take(&mut self, entry: &Entry, sink: &mut Sink<'_>) -> bool {
                match entry.key.as_str() {
                    $($key => self.$field = Read::read(&entry.node, sink),)*
                    _ => return false,
                }
                true
            }

            fn set_broken(&mut self) {
                self.broken = true;
            }

            fn properties(generator: &mut SchemaGenerator, into: &mut Map<String, Json>) {
                $(into.insert($key.to_owned(), described::<$type>(generator, $field_doc));)*
            }
        }

        impl Read for $name {
            fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
                read_record(node, sink)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).trim_start_matches("Raw").into()
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                record_schema::<Self>(generator, $doc)
            }
        }
    )*};
}

pub(crate) use record;
