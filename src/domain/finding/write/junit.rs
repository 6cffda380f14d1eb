//! JUnit's XML, which every build server reads: a suite per file, a failed case per finding.

use quick_xml::escape::escape;

use crate::domain::finding::model::{Finding, Level};

/// Returns one document. Notes are cases that passed; where nothing was found there is one case that says so.
#[must_use]
pub fn junit(findings: &[Finding]) -> String {
    let mut files: Vec<&str> = findings.iter().map(file).collect();
    files.sort_unstable();
    files.dedup();
    let (cases, failures) = (findings.len().max(1), findings.iter().filter(|finding| is_failure(finding)).count());
    let mut text =
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"git-orc\" tests=\"{cases}\" failures=\"{failures}\">\n");
    if findings.is_empty() {
        text.push_str("  <testsuite name=\"git-orc\" tests=\"1\" failures=\"0\">\n    <testcase classname=\"git-orc\" name=\"no findings\"/>\n  </testsuite>\n");
    }
    for file_name in files {
        let own: Vec<&Finding> = findings.iter().filter(|finding| file(finding) == file_name).collect();
        let failures = own.iter().filter(|finding| is_failure(finding)).count();
        let name = escape(file_name);
        text.push_str(&format!("  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{failures}\">\n", own.len()));
        own.iter().for_each(|finding| text.push_str(&case(finding)));
        text.push_str("  </testsuite>\n");
    }
    text + "</testsuites>\n"
}

fn is_failure(finding: &Finding) -> bool {
    finding.level != Level::Note
}

/// Returns the file of a finding; what has none belongs to the program that found it.
fn file(finding: &Finding) -> &str {
    finding.location.as_ref().map_or(&finding.source, |place| &place.path)
}

fn case(finding: &Finding) -> String {
    let first = finding.message.lines().next().unwrap_or_default();
    let name = attribute(finding.rule.as_deref().unwrap_or(first));
    let place = finding.location.as_ref().map(|place| format!(" file=\"{}\" line=\"{}\"", attribute(&place.path), place.line));
    let head = format!("    <testcase classname=\"{}\" name=\"{name}\"{}", attribute(&finding.source), place.unwrap_or_default());
    if !is_failure(finding) {
        return format!("{head}/>\n");
    }
    let level = if finding.level == Level::Error { "error" } else { "warning" };
    let body = escape(finding.message.as_str());
    format!("{head}>\n      <failure type=\"{level}\" message=\"{}\">{body}</failure>\n    </testcase>\n", attribute(first))
}

/// Returns a text for an attribute, in which line breaks would become blanks.
fn attribute(text: &str) -> String {
    escape(text).replace('\n', "&#10;").replace('\t', "&#9;")
}
