//! The JSON Schema of `ai_policies.yaml`, made from the types that read it.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::domain::policy::governance::raw::RawPolicies;

/// Returns the schema of a policy file.
#[must_use]
pub fn policies_schema() -> Value {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<RawPolicies>().to_value();
    schema["title"] = "git-orc policies".into();
    schema
}
