//! Workflow commands, which GitHub shows beside the lines of a change.

use crate::domain::finding::model::{Finding, Level};

/// Returns a line per finding.
#[must_use]
pub fn annotations(findings: &[Finding]) -> String {
    findings.iter().map(line).collect()
}

fn line(finding: &Finding) -> String {
    let command = match finding.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "notice",
    };
    let mut properties = Vec::new();
    let mut add = |name: &str, value: String| properties.push(format!("{name}={value}"));
    if let Some(place) = &finding.location {
        add("file", property(&place.path));
        add("line", place.line.to_string());
        place.column.into_iter().for_each(|column| add("col", column.to_string()));
        if let Some(end) = place.end {
            add("endLine", end.line.to_string());
            end.column.into_iter().for_each(|column| add("endColumn", column.to_string()));
        }
    }
    if let Some(rule) = &finding.rule {
        add("title", property(rule));
    }
    let properties = if properties.is_empty() { String::new() } else { format!(" {}", properties.join(",")) };
    format!("::{command}{properties}::{}\n", data(&finding.message))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
