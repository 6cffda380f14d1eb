//! The JSON Schemas of the files of settings, made from the types that read them.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::domain::settings::config::RawConfig;
use crate::domain::settings::limits::RawLimits;
use crate::domain::settings::raw::RawProfile;

/// Returns the schema of `PROJECT_PROFILE.yaml`.
#[must_use]
pub fn profile_schema() -> Value {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<RawProfile>().to_value();
    schema["title"] = "git-orc profile of a project".into();
    schema
}

/// Returns the schema of `config.yaml`.
#[must_use]
pub fn config_schema() -> Value {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<RawConfig>().to_value();
    schema["title"] = "git-orc settings of a person".into();
    schema
}

/// Returns the schema of `circuit_breaker_config.yaml`.
#[must_use]
pub fn limits_schema() -> Value {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<RawLimits>().to_value();
    schema["title"] = "git-orc bounds of the loops".into();
    schema
}
