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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::view::color::Color;
    use crate::cli::view::sample::{Sample, object};

    fn logged() -> Vec<Logged> {
        Sample::failed().entries.into_iter().rev().map(|entry| Logged { commit: object('d'), entry }).collect()
    }

    #[test]
    fn a_line_per_entry() {
        let all = logged();
        let widths = Widths::of(&all);
        let text: String = all.iter().map(|one| human(one, widths, &TimeZone::UTC).render(Color::Never)).collect();
        insta::assert_snapshot!(text, @r#"
        dddddddddd 2026-11-21 12:00:29                            run failed              3 of 4 workstreams not merged
        dddddddddd 2026-11-21 12:00:28                            wave finished           wave 1: api, ui, docs
        dddddddddd 2026-11-21 12:00:27  site                      workstream blocked      waits for ui
        dddddddddd 2026-11-21 12:00:26  api                       workstream merged
        dddddddddd 2026-11-21 12:00:25  api   edit #1    command  patch merged            +10 -3
        dddddddddd 2026-11-21 12:00:24                            integration advanced    wave 1: api
        dddddddddd 2026-11-21 12:00:23                            integration prepared    wave 1: api
        dddddddddd 2026-11-21 12:00:22  docs                      workstream quarantined  `etc/passwd` is outside the scope
        dddddddddd 2026-11-21 12:00:21  docs  edit #1    command  patch quarantined       +10 -3  `etc/passwd` is outside the scope
        dddddddddd 2026-11-21 12:00:20  docs  edit #1    command  step passed
        dddddddddd 2026-11-21 12:00:19  docs  edit #1    command  patch created           +10 -3
        dddddddddd 2026-11-21 12:00:18  docs  edit #1    command  step started
        dddddddddd 2026-11-21 12:00:17  ui                        workstream failed       static fails: `x` is \u{1b}[31mred
        dddddddddd 2026-11-21 12:00:16  ui    static #1           step failed             `cargo check` failed with exit code 101
        dddddddddd 2026-11-21 12:00:15  ui    static #1           step started
        dddddddddd 2026-11-21 12:00:14  ui    edit #1    command  step passed
        dddddddddd 2026-11-21 12:00:13  ui    edit #1    command  patch applied           +10 -3
        dddddddddd 2026-11-21 12:00:12  ui    edit #1    command  patch validated         +10 -3
        dddddddddd 2026-11-21 12:00:11  ui    edit #1    command  patch created           +10 -3
        dddddddddd 2026-11-21 12:00:10  ui    edit #1    command  step started
        dddddddddd 2026-11-21 12:00:09  api                       workstream verified
        dddddddddd 2026-11-21 12:00:08  api   edit #1    command  patch verified          +10 -3
        dddddddddd 2026-11-21 12:00:07  api   edit #1    command  step passed
        dddddddddd 2026-11-21 12:00:06  api   edit #1    command  patch applied           +10 -3
        dddddddddd 2026-11-21 12:00:05  api   edit #1    command  patch validated         +10 -3
        dddddddddd 2026-11-21 12:00:04  api   edit #1    command  patch created           +10 -3
        dddddddddd 2026-11-21 12:00:03  api   edit #1    command  step started
        dddddddddd 2026-11-21 12:00:02                            wave started            wave 1: api, ui, docs
        dddddddddd 2026-11-21 12:00:01                            run started
        dddddddddd 2026-11-21 12:00:00                            run planned             tour onto orc/tour
        "#);
    }

    #[test]
    fn programs_get_what_the_ledger_holds() {
        for one in logged() {
            let line = json(&one);
            assert_eq!(codec::from_json(line.trim_end()).unwrap(), one.entry);
            assert!(line.ends_with('\n') && line.matches('\n').count() == 1);
        }
    }
}
