//! The version of a format that people write: 1.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::domain::document::diagnostic::Code;
use crate::domain::document::node::Node;
use crate::domain::document::read::{Read, Whole, inline_schema};
use crate::domain::document::sink::{Draft, Sink};

/// The version of a format: 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version;

impl Read for Version {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        let version = Whole::<0, { i64::MAX }>::read(node, sink)?.number();
        if version == 1 {
            return Some(Self);
        }
        let draft = Draft::new(Code::UnsupportedVersion, node.place, format!("version {version} of this format is not known"));
        sink.add(draft.hint("Write `version: 1`, or install a newer git-orc."));
        None
    }
}

inline_schema!(Version, json_schema!({"type": "integer", "const": 1}));
