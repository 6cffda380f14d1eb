//! A person's own prices as `config.yaml` writes them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value as Json};

use super::rates::{Prices, Rates};
use crate::domain::document::node::{Entry, Node, Value};
use crate::domain::document::read::{Read, Real, wrong_type};
use crate::domain::document::record::{Extra, Record, described, read_record, record, record_schema};
use crate::domain::document::sink::Sink;
use crate::domain::document::source::At;
use crate::domain::tool::usage::MicroUsd;

/// US dollars for a million tokens.
pub type UsdPerMillion = Real<0, 1_000_000>;

record! {
    /// What a million tokens of a model cost, in US dollars.
    RawRates requires ["input", "output"] extra Closed {
        /// Read.
        input "input": UsdPerMillion,
        /// Read from a cache; the price of reading when absent.
        cached "cached": UsdPerMillion,
        /// Written to a cache; the price of reading when absent.
        cache_write "cache_write": UsdPerMillion,
        /// Written, reasoning included.
        output "output": UsdPerMillion,
    }
}

impl Read for Prices {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            wrong_type(node, "a map from models to prices", sink);
            return None;
        };
        let read = entries.iter().filter_map(|entry| Some((entry.key.clone(), rates(&RawRates::read(&entry.node, sink)?))));
        Some(Self(read.collect::<BTreeMap<_, _>>()))
    }
}

fn rates(raw: &RawRates) -> Rates {
    let amount = |at: &Option<At<UsdPerMillion>>| at.as_ref().map(|at| MicroUsd::from_usd(at.value.number()));
    Rates {
        input: amount(&raw.input).unwrap_or_default(),
        cached: amount(&raw.cached),
        cache_write: amount(&raw.cache_write),
        output: amount(&raw.output).unwrap_or_default(),
    }
}

impl JsonSchema for Prices {
    fn schema_name() -> Cow<'static, str> {
        "Prices".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let rates = generator.subschema_for::<RawRates>();
        json_schema!({"type": "object", "additionalProperties": rates})
    }
}
