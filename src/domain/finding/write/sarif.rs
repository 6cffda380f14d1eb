//! SARIF 2.1.0, which code hosts and editors show.

use serde_json::{Value, json};

use crate::domain::finding::model::{Finding, FindingKind, Level, Location};

/// Returns one log with a run for every program that found something, in the order of the findings. `version` is git-orc's own, which is
/// the driver of the only run when nothing was found.
#[must_use]
pub fn sarif(findings: &[Finding], version: &str) -> Value {
    let mut sources: Vec<&str> = Vec::new();
    for finding in findings {
        if !sources.contains(&finding.source.as_str()) {
            sources.push(&finding.source);
        }
    }
    let runs: Vec<Value> = match sources.as_slice() {
        [] => vec![json!({"tool": {"driver": {"name": "git-orc", "version": version}}, "results": []})],
        sources => sources.iter().map(|source| run(source, findings)).collect(),
    };
    json!({"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": runs})
}

fn run(source: &str, findings: &[Finding]) -> Value {
    let own: Vec<&Finding> = findings.iter().filter(|finding| finding.source == source).collect();
    let mut rules: Vec<&str> = own.iter().filter_map(|finding| finding.rule.as_deref()).collect();
    rules.sort_unstable();
    rules.dedup();
    let rules: Vec<Value> = rules.into_iter().map(|id| json!({"id": id})).collect();
    let results: Vec<Value> = own.into_iter().map(result).collect();
    let name = if source.is_empty() { "unknown" } else { source };
    json!({"tool": {"driver": {"name": name, "rules": rules}}, "results": results})
}

fn result(finding: &Finding) -> Value {
    let level = match finding.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    };
    let mut result = json!({
        "level": level,
        "message": {"text": finding.message},
        "partialFingerprints": {"gitOrcFinding/v1": finding.fingerprint},
        "properties": {"kind": kind(finding.kind)},
    });
    if let Some(rule) = &finding.rule {
        result["ruleId"] = json!(rule);
    }
    if let Some(place) = &finding.location {
        result["locations"] = json!([{"physicalLocation": physical(place)}]);
    }
    result
}

fn kind(kind: FindingKind) -> Value {
    serde_json::to_value(kind).unwrap_or_default()
}

fn physical(place: &Location) -> Value {
    let mut region = json!({"startLine": place.line});
    let column = |value: Option<u32>| value.map(|value| json!(value));
    for (name, value) in [
        ("startColumn", column(place.column)),
        ("endLine", place.end.map(|end| json!(end.line))),
        ("endColumn", column(place.end.and_then(|end| end.column))),
    ] {
        if let Some(value) = value {
            region[name] = value;
        }
    }
    json!({"artifactLocation": {"uri": uri(&place.path), "uriBaseId": "%SRCROOT%"}, "region": region})
}

/// Returns a relative path as a URI reference (RFC 3986).
fn uri(path: &str) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    utf8_percent_encode(path, PLAIN).to_string()
}
