//! The reports of jest, and of vitest, which writes the same ones.

use serde_json::Value;

use super::value::place;
use crate::domain::finding::clean::strip_ansi;
use crate::domain::finding::draft::{CheckOutput, Draft, Place};
use crate::domain::finding::model::{FindingKind, Level};
use crate::domain::finding::stack::{frame_in, head};

pub(super) fn is(document: &Value) -> bool {
    document.get("numFailedTests").is_some() && document.get("testResults").is_some_and(Value::is_array)
}

pub(super) fn read(documents: &[&Value], check: &CheckOutput<'_>) -> Result<Vec<Draft>, String> {
    let files = documents.iter().flat_map(|document| document["testResults"].as_array().into_iter().flatten());
    let source = if check.command.iter().any(|word| word.contains("vitest")) { "vitest" } else { "jest" };
    Ok(files.flat_map(|file| of_file(file, source)).collect())
}

fn of_file(file: &Value, source: &str) -> Vec<Draft> {
    let path = file["name"].as_str().or_else(|| file["testFilePath"].as_str()).unwrap_or_default();
    let draft = |rule: &str, text: &str, known: Option<Place>| {
        let text = strip_ansi(text);
        let place = frame_in(path, &text).or(known).unwrap_or_else(|| Place::new(path, 1, None));
        let message = if text.trim().is_empty() { "the test failed".to_owned() } else { head(&text) };
        Draft {
            source: source.to_owned(),
            kind: FindingKind::Test,
            level: Level::Error,
            rule: Some(rule.to_owned()),
            message,
            place: Some(place),
        }
    };
    let tests = file["assertionResults"].as_array().map(Vec::as_slice).unwrap_or_default();
    let failed = tests.iter().filter(|test| test["status"] == "failed");
    let mut drafts: Vec<Draft> = failed
        .map(|test| {
            let messages =
                test["failureMessages"].as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join("\n");
            let known = place(path, [test["location"]["line"].as_u64(), test["location"]["column"].as_u64(), None, None]);
            draft(test["fullName"].as_str().unwrap_or_default().trim(), &messages, Some(known))
        })
        .collect();
    if drafts.is_empty() && file["status"] == "failed" {
        drafts.push(draft("Test suite failed to run", file["message"].as_str().unwrap_or_default(), None));
    }
    drafts
}
