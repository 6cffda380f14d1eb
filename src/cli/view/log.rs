//! Ledger entries, one line each.

use jiff::tz::TimeZone;

use super::styled::{Role, Styled};
use super::time::date;
use crate::domain::ledger::codec;
use crate::domain::report::log_line::{LogLine, Tone, log_line};
use crate::domain::text::clip;
use crate::ops::log::Logged;

/// The most characters of a reason on a line; `git orc show` tells the rest.
const MAX_DETAIL: usize = 100;

/// How wide the columns are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Widths {
    workstream: usize,
    step: usize,
    tool: usize,
    what: usize,
}

impl Widths {
    /// Returns the widths that these entries need.
    #[must_use]
    pub fn of(all: &[Logged]) -> Self {
        let mut widths = Self::default();
        for line in all.iter().map(|one| log_line(&one.entry)) {
            let cells = Cells::of(&line);
            widths.workstream = widths.workstream.max(cells.workstream.chars().count());
            widths.step = widths.step.max(cells.step.chars().count());
            widths.tool = widths.tool.max(cells.tool.chars().count());
            widths.what = widths.what.max(cells.what.chars().count());
        }
        widths
    }
}

struct Cells {
    workstream: String,
    step: String,
    tool: String,
    what: String,
}

impl Cells {
    fn of(line: &LogLine) -> Self {
        Self {
            workstream: line.workstream.as_ref().map(ToString::to_string).unwrap_or_default(),
            step: line.step.as_ref().map(|(step, attempt)| format!("{step} #{attempt}")).unwrap_or_default(),
            tool: line.tool.as_ref().map(ToString::to_string).unwrap_or_default(),
            what: line.what.clone(),
        }
    }
}

/// Returns the role that a tone has.
#[must_use]
pub const fn role(tone: Tone) -> Role {
    match tone {
        Tone::Good => Role::Good,
        Tone::Bad => Role::Bad,
        Tone::Caution => Role::Caution,
        Tone::Neutral => Role::Plain,
    }
}

/// Returns the line of an entry: its commit, when, what happened to whom, by which tool, how much, and why.
#[must_use]
pub fn human(one: &Logged, widths: Widths, zone: &TimeZone) -> Styled {
    let line = log_line(&one.entry);
    let cells = Cells::of(&line);
    let mut out = Styled::of(Role::Caution, one.commit.short());
    out.put(Role::Faint, format!(" {}", date(line.time, zone)));
    for (text, width) in [(cells.workstream, widths.workstream), (cells.step, widths.step), (cells.tool, widths.tool)] {
        if width > 0 {
            out.add(format!("  {text:width$}"));
        }
    }
    let mut rest = Vec::new();
    rest.extend(line.size.map(|size| format!("+{} -{}", size.insertions, size.deletions)));
    rest.extend(line.detail.map(|detail| clip(&detail.replace('\n', " "), MAX_DETAIL)));
    if rest.is_empty() {
        out.add("  ").put(role(line.tone), cells.what);
    } else {
        out.add("  ").put(role(line.tone), format!("{:width$}", cells.what, width = widths.what)).add(format!("  {}", rest.join("  ")));
    }
    out.line();
    out
}

/// Returns an entry as the ledger holds it, on one line. An entry that was read has a JSON form.
#[must_use]
pub fn json(one: &Logged) -> String {
    codec::to_json(&one.entry).unwrap_or_default() + "\n"
}
