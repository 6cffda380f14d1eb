//! The JSON Schema of pipelines, made from the types that read them.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::raw::RawPipeline;

/// Returns the schema of a pipeline file.
#[must_use]
pub fn pipeline_schema() -> Value {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<RawPipeline>().to_value();
    schema["title"] = "git-orc pipeline".into();
    schema
}
