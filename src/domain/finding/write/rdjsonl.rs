//! Reviewdog's diagnostic format, one object per line; git-orc's plugins speak it as well.

use serde_json::{Value, json};

use crate::domain::finding::model::{Finding, Level};

/// Returns a line per finding.
#[must_use]
pub fn rdjsonl(findings: &[Finding]) -> String {
    findings.iter().map(|finding| line(finding).to_string() + "\n").collect()
}

fn line(finding: &Finding) -> Value {
    let severity = match finding.level {
        Level::Error => "ERROR",
        Level::Warning => "WARNING",
        Level::Note => "INFO",
    };
    let position = |line: u32, column: Option<u32>| match column {
        Some(column) => json!({"line": line, "column": column}),
        None => json!({"line": line}),
    };
    let mut line = json!({"message": finding.message, "severity": severity, "source": {"name": finding.source}});
    if let Some(rule) = &finding.rule {
        line["code"] = json!({"value": rule});
    }
    if let Some(place) = &finding.location {
        let mut range = json!({"start": position(place.line, place.column)});
        if let Some(end) = place.end {
            range["end"] = position(end.line, end.column);
        }
        line["location"] = json!({"path": place.path, "range": range});
    }
    line
}
