//! The small values of `ai_policies.yaml`.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::domain::document::diagnostic::Code;
use crate::domain::document::node::{Node, Value};
use crate::domain::document::read::{Read, inline_schema, wrong_type};
use crate::domain::document::sink::{Draft, Sink, quoted};
use crate::domain::document::word::words;

words! {
    /// Whether something may land.
    Ruling {
        /// It may.
        Allow = "allow",
        /// It may not.
        Refuse = "refuse",
    }
    /// Who sees to it that an invariant holds.
    Enforcement {
        /// The checks of a plan or of a server.
        Ci = "ci",
        /// A person who looks at the change.
        ManualReview = "manual-review",
        /// A script.
        Validation = "validation",
    }
}

/// The version of the format: 1, as a number or as text such as `1.0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version;

impl Read for Version {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        let text = match &node.value {
            Value::Whole(number) => number.to_string(),
            Value::Float(number) => number.to_string(),
            Value::Text(text) => text.clone(),
            Value::Null | Value::Bool(_) | Value::List(_) | Value::Map(_) => {
                wrong_type(node, "a version, such as `1`", sink);
                return None;
            }
        };
        if text == "1" || text.strip_prefix("1.").is_some_and(|rest| rest.split('.').all(is_zero)) {
            return Some(Self);
        }
        let draft =
            Draft::new(Code::UnsupportedVersion, node.place, format!("version {} of `ai_policies.yaml` is not known", quoted(&text)));
        sink.add(draft.hint("Write `version: 1`, or install a newer git-orc."));
        None
    }
}

fn is_zero(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte == b'0')
}

inline_schema!(Version, json_schema!({"anyOf": [{"type": "number", "const": 1}, {"type": "string", "pattern": "^1(\\.0+)*$"}]}));

/// Any value; kept for people, and not looked into.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Anything(pub serde_json::Value);

impl Read for Anything {
    fn read(node: &Node, _sink: &mut Sink<'_>) -> Option<Self> {
        Some(Self(node.to_json()))
    }
}

inline_schema!(Anything, json_schema!({}));

/// The fingerprint of a find: the first twelve hexadecimal digits of the SHA-256 of the secret.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fingerprint(pub String);

impl Read for Fingerprint {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        let text = String::read(node, sink)?;
        if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)) {
            return Some(Self(text));
        }
        let draft = Draft::new(Code::InvalidId, node.place, format!("{} is no fingerprint", quoted(&text)));
        sink.add(draft.hint("Copy the twelve digits from the refusal, and put them between quotes."));
        None
    }
}

inline_schema!(Fingerprint, json_schema!({"type": "string", "pattern": "^[0-9a-f]{12}$"}));
