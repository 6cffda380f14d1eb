//! The schemas that the program ships, by name.

use serde_json::Value;

use crate::domain::gate::schema::quality_gate_schema;
use crate::domain::pipeline::schema::pipeline_schema;
use crate::domain::plan::schema::{bundle_schema, plan_schema};
use crate::domain::settings::schema::{config_schema, limits_schema, profile_schema};
use crate::domain::spec::structure::structure_schema;
use crate::domain::tool::registry_schema::registry_schema;
use crate::domain::tool::schema::tool_profiles_schema;

/// Their names, as `$schema` and `--schema` take them.
pub const NAMES: [&str; 10] = [
    "plan",
    "bundle",
    "quality_gate",
    "project_profile",
    "config",
    "circuit_breaker_config",
    "spec_structure",
    "tool_profiles",
    "aim_registry",
    "pipeline",
];

/// Files that are known by their names, and their schemas.
const FILES: [(&str, &str); 5] = [
    ("PROJECT_PROFILE.yaml", "project_profile"),
    ("QUALITY_GATE.yaml", "quality_gate"),
    ("circuit_breaker_config.yaml", "circuit_breaker_config"),
    ("tool_profiles.json", "tool_profiles"),
    ("aim_registry.json", "aim_registry"),
];

/// Returns a schema by its name.
#[must_use]
pub fn schema(name: &str) -> Option<Value> {
    match name {
        "plan" => Some(plan_schema()),
        "bundle" => Some(bundle_schema()),
        "quality_gate" => Some(quality_gate_schema()),
        "project_profile" => Some(profile_schema()),
        "config" => Some(config_schema()),
        "circuit_breaker_config" => Some(limits_schema()),
        "spec_structure" => Some(structure_schema()),
        "tool_profiles" => Some(tool_profiles_schema()),
        "aim_registry" => Some(registry_schema()),
        "pipeline" => Some(pipeline_schema()),
        _ => None,
    }
}

/// Returns the name of the schema of a file that is known by its name.
#[must_use]
pub fn of_file(path: &str) -> Option<&'static str> {
    let name = path.rsplit('/').next().unwrap_or(path);
    FILES.into_iter().find(|(file, _)| *file == name).map(|(_, schema)| schema)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_a_schema() {
        for name in NAMES {
            assert!(
                schema(name).is_some_and(|schema| schema["title"].as_str().is_some_and(|title| title.starts_with("git-orc"))),
                "{name}"
            );
        }
        for (file, name) in FILES {
            assert!(NAMES.contains(&name), "{file}");
        }
        assert_eq!(schema("nothing"), None);
    }
}
