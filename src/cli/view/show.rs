//! All that is known about one thing.

use std::path::Path;

use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::cost;
use super::document::{fields, pretty, value};
use super::findings;
use super::integrity;
use super::log::role;
use super::state::workstream as state_of;
use super::styled::{Role, Styled};
use super::summary;
use super::table::{Side, Table};
use super::time::{date, span};
use crate::domain::report::log_line::{outcome_tone, outcome_word};
use crate::domain::report::summary::summary as summarised;
use crate::domain::report::timeline::AttemptLine;
use crate::domain::run::state::{PatchRecord, WorkstreamStatus};
use crate::domain::text::{clip, count, one_line};
use crate::ops::show::{Shown, ShownPatch, ShownWorkstream};

/// The version of the documents; fields are only ever added.
const SCHEMA_VERSION: u32 = 1;
/// How many findings are shown; `--json` has them all.
const MAX_FINDINGS: usize = 20;
/// What is said of a patch of which the ledger alone knows.
pub const GONE: &str = "Its commit is no longer there.";
/// The most characters of a message in a table.
const MAX_MESSAGE: usize = 100;

/// Returns the text for people.
#[must_use]
pub fn human(shown: &Shown, zone: &TimeZone) -> Styled {
    match shown {
        Shown::Run(status) => summary::human(status),
        Shown::Workstream(one) => workstream(one, zone),
        Shown::Patch(one) => patch(one, zone),
    }
}

/// Returns one JSON document.
#[must_use]
pub fn json(shown: &Shown) -> String {
    match shown {
        Shown::Run(status) => summary::json(status),
        Shown::Workstream(one) => {
            let told = summarised(&one.run);
            let mut document = frame("workstream", &told.run);
            document.extend(told.workstreams.iter().find(|own| own.id == one.id).map(fields).unwrap_or_default());
            document.insert("cost".to_owned(), if one.cost.is_known() { value(&one.cost) } else { Value::Null });
            document.insert("steps".to_owned(), value(&one.attempts));
            let its_own: Vec<_> = told.integrity.iter().filter(|report| report.workstream.as_ref() == Some(&one.id)).collect();
            document.insert("integrity".to_owned(), value(&its_own));
            document.insert("outputs".to_owned(), value(&one.outputs.to_string_lossy()));
            pretty(&document)
        }
        Shown::Patch(one) => {
            let mut document = frame("patch", &one.run.run);
            document.insert("workstream".to_owned(), value(&one.workstream));
            document.extend(fields(&one.record));
            document.insert("history".to_owned(), value(&one.history));
            document.insert("made_by".to_owned(), value(&one.attempt));
            document.insert("outputs".to_owned(), value(&one.outputs.to_string_lossy()));
            pretty(&document)
        }
    }
}

fn frame(kind: &str, run: &crate::domain::id::RunId) -> Map<String, Value> {
    Map::from_iter([
        ("schema_version".to_owned(), Value::from(SCHEMA_VERSION)),
        ("kind".to_owned(), Value::from(kind)),
        ("run".to_owned(), value(run)),
    ])
}

/// Adds a line `name  text`.
fn field(out: &mut Styled, name: &str, text: Styled) {
    out.put(Role::Faint, format!("{name:<9} ")).append(text).line();
}

fn workstream(one: &ShownWorkstream, zone: &TimeZone) -> Styled {
    let mut out = Styled::default();
    let state = &one.state;
    field(&mut out, "name", Styled::of(Role::Strong, one.id.as_str()));
    field(&mut out, "run", Styled::plain(format!("{} ({})", one.run.run, one.run.name)));
    field(&mut out, "state", state_of(&state.status));
    if let Some(reason) = state.status.reason() {
        field(&mut out, "reason", Styled::plain(reason));
    }
    if let WorkstreamStatus::Reverted { commit, .. } = &state.status {
        field(&mut out, "undone by", Styled::plain(commit.to_string()));
    }
    field(&mut out, "wave", Styled::plain(state.wave.to_string()));
    if let Some(tip) = state.tip {
        field(&mut out, "commit", Styled::plain(tip.to_string()));
    }
    for sentence in state.control.answered_for() {
        field(&mut out, "answered for", Styled::of(Role::Caution, one_line(&sentence)));
    }
    if let Some(goals) = state.goals.told() {
        field(&mut out, "goals", Styled::plain(one_line(&goals)));
    }
    if let Some(worktree) = &state.worktree {
        field(&mut out, "worktree", Styled::plain(worktree));
    }
    if let Some(level) = one.attempts.iter().rev().find_map(|line| line.sandbox) {
        let cut = one.attempts.iter().rev().find_map(|line| line.network).map(|network| format!(", network {}", network.name()));
        field(&mut out, "sandbox", Styled::plain(format!("{level}{}", cut.unwrap_or_default())));
    }
    if let Some(cost) = cost::line(&one.cost) {
        field(&mut out, "used", Styled::plain(cost));
    }
    out.line().append(attempts(&one.attempts, zone));
    for line in &one.attempts {
        for note in &line.notes {
            out.put(Role::Caution, format!("{} #{}: ", line.step, line.attempt)).add(one_line(note)).line();
        }
    }
    let its_own: Vec<_> = one.run.integrity.iter().filter(|report| report.workstream.as_ref() == Some(&one.id)).cloned().collect();
    out.append(integrity::lines(&its_own));
    if !state.patches.is_empty() {
        out.line().append(patches(&state.patches));
    }
    let last = one.attempts.iter().rev().find(|line| !line.findings.is_empty());
    if let Some(line) = last {
        out.line().append(findings_of(line));
    }
    let with_output = || one.attempts.iter().rev().find(|line| line.output.is_some());
    out.append(output(last.or_else(with_output), &one.outputs));
    if let Some(tip) = state.tip {
        out.line().add(format!("  git show {}", tip.short())).put(Role::Faint, "  # its newest change").line();
    }
    out
}

fn attempts(lines: &[AttemptLine], zone: &TimeZone) -> Styled {
    if lines.is_empty() {
        return Styled::of(Role::Faint, "No step has started.\n");
    }
    let columns = [("started", Side::Left), ("step", Side::Left), ("tool", Side::Left), ("outcome", Side::Left)];
    let mut table = Table::new(
        &[columns.as_slice(), &[("took", Side::Right), ("cost", Side::Right), ("findings", Side::Right), ("message", Side::Left)]].concat(),
    );
    for line in lines {
        let of = line.of.as_ref().map(|of| format!(" of {of}")).unwrap_or_default();
        let outcome = match line.outcome {
            Some(outcome) => Styled::of(role(outcome_tone(outcome)), outcome_word(outcome)),
            None => Styled::of(Role::Strong, "running"),
        };
        #[expect(clippy::cast_precision_loss, reason = "a duration is shown with two or three digits")]
        let took = line.duration_ms.map(|ms| span(ms as f64 / 1000.0)).unwrap_or_default();
        let found = if line.findings.is_empty() { String::new() } else { line.findings.len().to_string() };
        table.row(vec![
            Styled::of(Role::Faint, date(line.started, zone)),
            Styled::plain(format!("{} #{}{of}", line.step, line.attempt)),
            Styled::plain(line.tool.as_ref().map(ToString::to_string).unwrap_or_default()),
            outcome,
            Styled::plain(took),
            Styled::plain(line.usage.as_ref().map(cost::of_usage).unwrap_or_default()),
            Styled::plain(found),
            Styled::plain(clip(&one_line(line.message.as_deref().unwrap_or_default()), MAX_MESSAGE)),
        ]);
    }
    table.finish()
}

fn patches(records: &[PatchRecord]) -> Styled {
    let columns = [("patch", Side::Left), ("commit", Side::Left), ("step", Side::Left), ("state", Side::Left)];
    let mut table = Table::new(&[columns.as_slice(), &[("files", Side::Right), ("lines", Side::Left), ("reason", Side::Left)]].concat());
    for record in records {
        table.row(vec![
            Styled::plain(record.id.to_string()),
            Styled::plain(record.commit.short()),
            Styled::plain(format!("{} #{}", record.step, record.attempt)),
            Styled::plain(record.status.word()),
            Styled::plain(record.files.to_string()),
            Styled::plain(format!("+{} -{}", record.insertions, record.deletions)),
            Styled::plain(clip(&one_line(record.reason.as_deref().unwrap_or_default()), MAX_MESSAGE)),
        ]);
    }
    table.finish()
}

fn findings_of(line: &AttemptLine) -> Styled {
    let mut out = Styled::of(Role::Faint, format!("{} of {} #{}:", count(line.findings.len(), "finding"), line.step, line.attempt));
    out.line();
    for finding in line.findings.iter().take(MAX_FINDINGS) {
        out.append(findings::line(finding, "  "));
    }
    if line.findings.len() > MAX_FINDINGS {
        out.put(Role::Faint, format!("  and {} more", line.findings.len() - MAX_FINDINGS)).line();
    }
    out
}

fn output(line: Option<&AttemptLine>, folder: &Path) -> Styled {
    let mut out = Styled::default();
    if let Some((line, kept)) = line.and_then(|line| Some((line, line.output.as_ref()?))) {
        let path = folder.join(&kept.path);
        out.line().put(Role::Faint, format!("output of {} #{}: ", line.step, line.attempt)).add(path.display().to_string()).line();
    }
    out
}

fn patch(one: &ShownPatch, zone: &TimeZone) -> Styled {
    let mut out = Styled::default();
    let record = &one.record;
    field(&mut out, "patch", Styled::of(Role::Strong, record.id.to_string()));
    field(&mut out, "commit", Styled::plain(record.commit.to_string()));
    field(&mut out, "from", Styled::plain(format!("{} {} #{} by {}", one.workstream, record.step, record.attempt, record.tool)));
    field(&mut out, "run", Styled::plain(format!("{} ({})", one.run.run, one.run.name)));
    field(&mut out, "state", Styled::plain(record.status.word()));
    if let Some(reason) = &record.reason {
        field(&mut out, "reason", Styled::plain(reason));
    }
    out.line();
    for stand in &one.history {
        out.put(Role::Faint, date(stand.time, zone)).add(format!("  {}", stand.state));
        out.add(stand.merge.map(|merge| format!(" as {}", merge.short())).unwrap_or_default());
        out.add(stand.reason.as_ref().map(|reason| format!(": {}", one_line(reason))).unwrap_or_default()).line();
    }
    match &one.stat {
        Some(stat) => out.line().add(String::from_utf8_lossy(stat)),
        None => out.line().put(Role::Faint, GONE).line(),
    };
    if let Some(attempt) = one.attempt.as_ref().filter(|attempt| !attempt.findings.is_empty()) {
        out.line().append(findings_of(attempt));
    }
    out.append(output(one.attempt.as_ref(), &one.outputs));
    out.line();
    if one.stat.is_some() {
        out.add(format!("  git show {}", record.commit.short())).put(Role::Faint, "  # its change").line();
    }
    out.add(format!("  git orc log {} -p", record.id)).put(Role::Faint, "  # its entries").line();
    out
}
