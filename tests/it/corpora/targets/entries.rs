//! Ledger entries: what is read can be written again and is then the same, and a message holds one entry, whatever it says.

use git_orc::domain::ledger::codec::{from_json, from_message, to_json, to_message, to_object};
use git_orc::domain::ledger::entry::{Body, Entry};
use git_orc::domain::report::log_line::log_line;
use git_orc::domain::run::machine::apply;
use git_orc::domain::run::state::RunState;
use git_orc::domain::text::is_unsafe;
use serde_json::Value;

/// One line of JSON.
pub fn ledger_entry(data: &[u8]) {
    let Ok(entry) = from_json(&String::from_utf8_lossy(data)) else { return };
    assert_entry(&entry);
    let _ = log_line(&entry);
    let _ = apply(&mut RunState::new(entry.run), &entry);
}

/// A whole commit message.
pub fn ledger_message(data: &[u8]) {
    if let Ok(entry) = from_message(data) {
        assert_entry(&entry);
    }
}

/// Writing and reading again changes nothing, and nothing in an entry can break out of its line.
pub(super) fn assert_entry(entry: &Entry) {
    let line = to_json(entry).unwrap();
    assert!(!line.chars().any(is_unsafe), "{line:?}");
    let again = from_json(&line).unwrap_or_else(|e| panic!("{e}: {line}"));
    match (&entry.body, &again.body) {
        (Body::Known(before), Body::Known(after)) => {
            assert_eq!(before, after, "{line}");
            assert_eq!((entry.id, entry.ts, entry.run, &entry.key), (again.id, again.ts, again.run, &again.key));
        }
        // A newer entry is kept as it came.
        (Body::Unknown { raw: before, .. }, Body::Unknown { raw: after, .. }) => {
            // Numbers with more digits than a float has are kept to the last but one digit.
            if has_float(&Value::Object(before.clone())) {
                return;
            }
            assert_eq!(before, after);
        }
        (Body::Known(_), Body::Unknown { .. }) | (Body::Unknown { .. }, Body::Known(_)) => panic!("{line} changed its kind"),
    }
    assert_eq!(to_object(entry).unwrap(), to_object(&again).unwrap());
    assert_message(entry, &line);
}

fn has_float(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64(),
        Value::Array(items) => items.iter().any(has_float),
        Value::Object(fields) => fields.values().any(has_float),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}

fn assert_message(entry: &Entry, line: &str) {
    let message = to_message(entry).unwrap();
    let lines: Vec<&str> = message.lines().collect();
    assert!(lines[0].chars().count() <= 120 && !lines[0].chars().any(is_unsafe), "{message:?}");
    assert_eq!(lines[1], "", "{message:?}");
    assert!(lines[2..].iter().all(|line| line.starts_with("Orc-")), "{message:?}");
    let times = |name: &str| lines[2..].iter().filter(|line| line.starts_with(name)).count();
    assert_eq!((times("Orc-Run: "), times("Orc-Entry: ")), (1, 1), "{message:?}");
    assert!(["Orc-Workstream: ", "Orc-Patch: ", "Orc-Commit: "].iter().all(|name| times(name) <= 1), "{message:?}");
    assert_eq!(lines.last().and_then(|last| last.strip_prefix("Orc-Entry: ")), Some(line));
    let read = from_message(message.as_bytes()).unwrap();
    assert_eq!(to_object(&read).unwrap(), to_object(entry).unwrap());
}
