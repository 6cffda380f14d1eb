//! The JSON Schema of `QUALITY_GATE.yaml`, made from the types that read it.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::raw::RawQualityGate;

/// Returns the schema.
#[must_use]
pub fn quality_gate_schema() -> Value {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<RawQualityGate>().to_value();
    schema["title"] = "git-orc quality gate".into();
    schema
}
