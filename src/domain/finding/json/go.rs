//! Go: the events of `go test -json`, and the lists of `go vet -json`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::value::place;
use crate::domain::finding::draft::{CheckOutput, Draft};
use crate::domain::finding::matcher;
use crate::domain::finding::model::{FindingKind, Level};

/// Lines of a test's output that only tell of its course.
const COURSE: [&str; 7] = ["=== RUN", "=== PAUSE", "=== CONT", "=== NAME", "--- FAIL", "--- PASS", "FAIL"];

pub(super) fn is_event(document: &Value) -> bool {
    document.get("Action").is_some_and(Value::is_string) && (document.get("Package").is_some() || document.get("ImportPath").is_some())
}

/// Reads one finding per failed test, and one for a package that fails without a failed test, because it does not compile for example.
pub(super) fn events(documents: &[&Value], check: &CheckOutput<'_>) -> Result<Vec<Draft>, String> {
    let mut output = BTreeMap::<(String, String), String>::new();
    let mut failed: Vec<(String, String)> = Vec::new();
    for event in documents {
        let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
        let package = if event.get("Package").is_some() { text("Package") } else { text("ImportPath") };
        let test = (package, text("Test"));
        match event["Action"].as_str().unwrap_or_default() {
            "output" | "build-output" => output.entry(test).or_default().push_str(&text("Output")),
            "fail" | "build-fail" => failed.push(test),
            _ => {}
        }
    }
    let has_part = |package: &str, test: &str| {
        let starts = |name: &str| test.is_empty() || name.strip_prefix(test).is_some_and(|rest| rest.starts_with('/'));
        failed.iter().any(|(other, name)| other == package && !name.is_empty() && name != test && starts(name))
    };
    // A test whose parts have failed, and a package whose tests have, say nothing new.
    let told = failed.iter().filter(|(package, test)| !has_part(package, test));
    Ok(told.flat_map(|test| drafts(test, output.get(test).map_or("", String::as_str), check)).collect())
}

/// Returns the compiler's messages about a package that does not compile, and one finding for everything else.
fn drafts(failed: &(String, String), output: &str, check: &CheckOutput<'_>) -> Vec<Draft> {
    let compiled = if failed.1.is_empty() { matcher::read(&CheckOutput { text: output, ..*check }).drafts } else { Vec::new() };
    if compiled.is_empty() { vec![draft(failed, output)] } else { compiled }
}

fn draft((package, test): &(String, String), output: &str) -> Draft {
    let says = |line: &&str| !line.is_empty() && !COURSE.iter().any(|start| line.starts_with(start));
    let said: Vec<&str> = output.lines().map(str::trim).filter(says).take(12).collect();
    let message = if said.is_empty() { format!("{package} failed") } else { said.join("\n") };
    let rule = if test.is_empty() { package.clone() } else { format!("{package}.{test}") };
    let kind = if test.is_empty() { FindingKind::Compile } else { FindingKind::Test };
    // Go tells the file without its folder, and only of the package where it is.
    Draft { source: "go test".to_owned(), kind, level: Level::Error, rule: Some(rule), message, place: None }
}

pub(super) fn is_vet(document: &Value) -> bool {
    let is_list = |list: &Value| list.get("error").is_some() || list.get(0).is_some_and(|first| first.get("posn").is_some());
    let is_package = |package: &Value| package.as_object().is_some_and(|lists| !lists.is_empty() && lists.values().all(is_list));
    document.as_object().is_some_and(|packages| !packages.is_empty() && packages.values().all(is_package))
}

/// Reads what each analyzer says about each package.
pub(super) fn vet(documents: &[&Value], _: &CheckOutput<'_>) -> Result<Vec<Draft>, String> {
    let mut drafts = Vec::new();
    let packages = documents.iter().filter_map(|document| document.as_object()).flatten();
    for (analyzer, list) in packages.filter_map(|(_, analyzers)| analyzers.as_object()).flatten() {
        let draft = |message: &str, place| Draft {
            source: "go vet".to_owned(),
            kind: FindingKind::Lint,
            level: Level::Error,
            rule: Some(analyzer.clone()),
            message: message.to_owned(),
            place,
        };
        if let Some(error) = list.get("error").and_then(Value::as_str) {
            drafts.push(draft(error, None));
        }
        for one in list.as_array().into_iter().flatten() {
            let Some(message) = one["message"].as_str() else { return Err(format!("a member of {analyzer} has no message")) };
            let mut parts = one["posn"].as_str().unwrap_or_default().rsplitn(3, ':');
            let (column, line) = (parts.next().and_then(|text| text.parse().ok()), parts.next().and_then(|text| text.parse().ok()));
            drafts.push(draft(message, parts.next().map(|path| place(path, [line, column, None, None]))));
        }
    }
    Ok(drafts)
}
