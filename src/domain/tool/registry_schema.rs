//! The JSON Schema of the registry, made from the types that read it.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::registry_raw::RawRegistry;

/// Returns the schema of `aim_registry.json`.
#[must_use]
pub fn registry_schema() -> Value {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<RawRegistry>().to_value();
    schema["title"] = "git-orc registry of tools".into();
    schema
}
