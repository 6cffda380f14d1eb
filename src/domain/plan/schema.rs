//! The JSON Schemas of plans and bundles, made from the types that read them.

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use crate::domain::plan::raw::{RawPlan, RawWorkstream};

/// Returns the schema of a plan file.
#[must_use]
pub fn plan_schema() -> Value {
    let mut schema = generator().into_root_schema_for::<RawPlan>().to_value();
    schema["title"] = "git-orc plan".into();
    schema
}

/// Returns the schema of a bundle file: one workstream, or a list of them.
#[must_use]
pub fn bundle_schema() -> Value {
    let mut generator = generator();
    let item = generator.subschema_for::<RawWorkstream>();
    let mut definitions = Value::Object(generator.take_definitions(true));
    // The original format left this object open.
    if let Some(breaker) = definitions.get_mut("Breaker").and_then(Value::as_object_mut) {
        breaker.remove("additionalProperties");
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "git-orc bundle",
        "description": "Workstreams in the original bundle format: one, or a list.",
        "anyOf": [item, {"type": "array", "items": item, "minItems": 1}],
        "$defs": definitions,
    })
}

fn generator() -> SchemaGenerator {
    SchemaSettings::draft2020_12().into_generator()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_are_closed_but_for_own_keys() {
        for (schema, name) in [(plan_schema(), "plan"), (bundle_schema(), "bundle")] {
            let workstream = &schema["$defs"]["Workstream"];
            assert_eq!(workstream["additionalProperties"], false, "{name}");
            assert_eq!(workstream["patternProperties"]["^x-"], true, "{name}");
            assert_eq!(workstream["properties"]["timeout_sec"]["minimum"], 1, "{name}");
        }
        assert!(bundle_schema()["$defs"]["Breaker"].get("additionalProperties").is_none());
        assert_eq!(plan_schema()["$defs"]["Breaker"]["additionalProperties"], false);
    }
}
