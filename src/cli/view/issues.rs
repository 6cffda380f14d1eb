//! What kept failing: what was given up, and what fails again and again.

use std::path::PathBuf;

use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::document::{pretty, value};
use super::styled::{Role, Styled};
use super::table::{Side, Table};
use super::time::{date, span};
use crate::domain::id::ToolId;
use crate::domain::report::issues::SCHEMA_VERSION;
use crate::domain::text::{clip, count, one_line};
use crate::ops::issues::Issues;

/// The most characters of a sentence in a table.
const MAX_SENTENCE: usize = 160;
/// How many of the issues of a record are shown.
const MOST_SHOWN: usize = 5;

/// Returns all of it as one JSON document.
#[must_use]
pub fn json(issues: &Issues, files: &[PathBuf]) -> String {
    let mut document = Map::new();
    document.insert("schema_version".to_owned(), SCHEMA_VERSION.into());
    document.insert("run".to_owned(), issues.run.as_ref().map_or(Value::Null, value));
    document.insert("records".to_owned(), value(&issues.records));
    document.insert("patterns".to_owned(), value(&issues.patterns));
    document.insert("written".to_owned(), files.iter().map(|file| Value::from(file.display().to_string())).collect());
    pretty(&document)
}

/// Returns what a run gave up.
#[must_use]
pub fn records(issues: &Issues, files: &[PathBuf]) -> Styled {
    let mut out = Styled::default();
    if let Some(run) = &issues.run {
        out.put(Role::Faint, "run ").add(run.to_string()).line().line();
    }
    if issues.records.is_empty() {
        out.add("nothing was given up").line();
    }
    #[expect(clippy::cast_precision_loss, reason = "nothing takes that long")]
    let took = |ms: u64| span(ms as f64 / 1_000.0);
    for record in &issues.records {
        out.put(Role::Strong, record.workstream.to_string()).add(format!(" {}", record.step)).line();
        out.add(format!("  {}", clip(&one_line(&record.message), MAX_SENTENCE))).line();
        let tools = record.tools.iter().map(ToolId::as_str).collect::<Vec<_>>().join(", ");
        let by = if tools.is_empty() { String::new() } else { format!(" by {tools}") };
        let fixes = if record.fixes == 0 { String::new() } else { format!(", {}", count(record.fixes as usize, "FIX step")) };
        let attempts = count(record.attempts as usize, "attempt");
        out.put(Role::Faint, format!("  {attempts}{by}{fixes}, {}", took(record.duration_ms))).line();
        for issue in record.issues.iter().take(MOST_SHOWN) {
            let place = issue.path.as_ref().map(|path| format!("{}: ", clip(&one_line(path), 80))).unwrap_or_default();
            out.add(format!("  - {place}{}", clip(&one_line(&issue.message), MAX_SENTENCE)));
            out.put(Role::Faint, format!(" ({})", clip(&one_line(&issue.kind), 40))).line();
        }
        if record.issues.len() > MOST_SHOWN {
            out.put(Role::Faint, format!("  and {} more", record.issues.len() - MOST_SHOWN)).line();
        }
    }
    for file in files {
        out.put(Role::Faint, "wrote ").add(one_line(&file.display().to_string())).line();
    }
    out
}

/// Returns what fails again and again.
#[must_use]
pub fn patterns(issues: &Issues, zone: &TimeZone) -> Styled {
    let mut out = Styled::default();
    if issues.patterns.is_empty() {
        out.add("nothing has failed so far").line();
        return out;
    }
    let columns = [
        ("phase", Side::Left),
        ("tool", Side::Left),
        ("kind", Side::Left),
        ("count", Side::Right),
        ("mended", Side::Right),
        ("after", Side::Right),
        ("given up", Side::Right),
        ("last seen", Side::Left),
    ];
    let mut table = Table::new(&columns);
    for one in &issues.patterns {
        let after =
            if one.mended == 0 { String::new() } else { format!("{}.{}", one.mended_after_tenths / 10, one.mended_after_tenths % 10) };
        table.row(vec![
            Styled::plain(clip(&one_line(&one.phase), 40)),
            Styled::plain(one.tool.as_ref().map(ToString::to_string).unwrap_or_default()),
            Styled::plain(clip(&one_line(&one.kind), 40)),
            Styled::plain(one.count.to_string()),
            Styled::plain(one.mended.to_string()),
            Styled::plain(after),
            Styled::plain(one.given_up.to_string()),
            Styled::of(Role::Faint, date(one.last_seen, zone)),
        ]);
    }
    out.append(table.finish());
    out
}
