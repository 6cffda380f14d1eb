//! SARIF 2.1.0, the format that scanners hand to code hosts (OASIS, sections 3.14 to 3.30).

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::Value;

use super::value::{level, place};
use crate::domain::finding::draft::{CheckOutput, Draft, Place};
use crate::domain::finding::model::{FindingKind, Level};

#[derive(Deserialize)]
struct Log {
    #[serde(default)]
    runs: Vec<Run>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    results: Option<Vec<Outcome>>,
    #[serde(default)]
    invocations: Vec<Invocation>,
}

#[derive(Deserialize)]
struct Tool {
    driver: Driver,
}

#[derive(Deserialize)]
struct Driver {
    name: String,
    #[serde(default)]
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: String,
    default_configuration: Option<Configuration>,
    #[serde(default)]
    properties: Value,
}

#[derive(Deserialize)]
struct Configuration {
    level: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    rule_id: Option<String>,
    rule_index: Option<usize>,
    rule: Option<RuleReference>,
    kind: Option<String>,
    level: Option<String>,
    message: Message,
    #[serde(default)]
    locations: Vec<Location>,
    #[serde(default)]
    suppressions: Vec<Suppression>,
    baseline_state: Option<String>,
}

#[derive(Deserialize)]
struct RuleReference {
    id: Option<String>,
    index: Option<usize>,
}

#[derive(Deserialize)]
struct Message {
    text: Option<String>,
    markdown: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: Option<PhysicalLocation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: Option<ArtifactLocation>,
    region: Option<Region>,
}

#[derive(Deserialize)]
struct ArtifactLocation {
    uri: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: Option<u64>,
    start_column: Option<u64>,
    end_line: Option<u64>,
    end_column: Option<u64>,
}

#[derive(Deserialize)]
struct Suppression {
    status: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    #[serde(default)]
    tool_execution_notifications: Vec<Notification>,
    /// ESLint tells here of files that it can not parse.
    #[serde(default)]
    tool_configuration_notifications: Vec<Notification>,
}

#[derive(Deserialize)]
struct Notification {
    level: Option<String>,
    message: Message,
    #[serde(default)]
    locations: Vec<Location>,
}

pub(super) fn is(document: &Value) -> bool {
    document.get("runs").is_some_and(Value::is_array) && document.get("version").is_some_and(Value::is_string)
}

pub(super) fn read(documents: &[&Value], _: &CheckOutput<'_>) -> Result<Vec<Draft>, String> {
    let mut drafts = Vec::new();
    for document in documents {
        let version = document["version"].as_str().unwrap_or_default();
        if !version.starts_with("2.") {
            return Err(format!("its version is {version}, and 2.1.0 is read"));
        }
        for run in Log::deserialize(*document).map_err(|error| error.to_string())?.runs {
            run.read(&mut drafts);
        }
    }
    Ok(drafts)
}

impl Run {
    fn read(self, drafts: &mut Vec<Draft>) {
        let Self { tool: Tool { driver }, results, invocations } = self;
        drafts.extend(results.into_iter().flatten().filter(Outcome::counts).filter_map(|outcome| outcome.draft(&driver)));
        // A scanner that broke down has found nothing, which does not mean that nothing is there.
        for invocation in invocations.into_iter().filter(|invocation| !invocation.execution_successful) {
            let draft = |message: String, place| {
                let source = driver.name.clone();
                Draft { source, kind: FindingKind::Unparsed, level: Level::Error, rule: None, message, place }
            };
            let before = drafts.len();
            let told = invocation.tool_execution_notifications.into_iter().chain(invocation.tool_configuration_notifications);
            for one in told.filter(|one| one.level.as_deref() != Some("note")) {
                let place = one.locations.into_iter().find_map(|location| region(location.physical_location?));
                drafts.extend(one.message.text.map(|message| draft(message, place)));
            }
            if drafts.len() == before {
                drafts.push(draft(format!("{} did not end well", driver.name), None));
            }
        }
    }
}

impl Outcome {
    /// Returns whether it says that something is wrong here and now, and nobody has accepted it.
    fn counts(&self) -> bool {
        let is_accepted = self.suppressions.iter().any(|one| one.status.as_deref().is_none_or(|status| status == "accepted"));
        let is_wrong = self.kind.as_deref().is_none_or(|kind| matches!(kind, "fail" | "review" | "open"));
        is_wrong && !is_accepted && self.baseline_state.as_deref() != Some("absent")
    }

    fn draft(self, driver: &Driver) -> Option<Draft> {
        let reference = self.rule.as_ref();
        let at = self.rule_index.or_else(|| reference?.index);
        let id = self.rule_id.clone().or_else(|| reference?.id.clone());
        let rule = at.and_then(|at| driver.rules.get(at)).or_else(|| driver.rules.iter().find(|rule| Some(&rule.id) == id.as_ref()));
        let word = self.level.or_else(|| rule?.default_configuration.as_ref()?.level.clone());
        let level = word.map(Value::String).as_ref().and_then(level).unwrap_or(Level::Warning);
        let is_security = rule.is_some_and(|rule| rule.properties.get("security-severity").is_some());
        Some(Draft {
            source: driver.name.clone(),
            kind: if is_security { FindingKind::Security } else { FindingKind::Lint },
            level,
            rule: id.or_else(|| Some(rule?.id.clone())),
            message: self.message.text.or(self.message.markdown)?,
            place: self.locations.into_iter().find_map(|location| region(location.physical_location?)),
        })
    }
}

fn region(location: PhysicalLocation) -> Option<Place> {
    let uri = location.artifact_location?.uri?;
    // An absolute URI has a scheme, and of these only files are inside.
    let path = uri.strip_prefix("file://").map_or(uri.as_str(), |rest| rest.strip_prefix("localhost").unwrap_or(rest));
    let path = percent_decode_str(path).decode_utf8().ok()?;
    let region = location.region.unwrap_or_default();
    Some(place(&path, [region.start_line, region.start_column, region.end_line, region.end_column]))
}
