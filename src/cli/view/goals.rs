//! The goals of a run: one table per workstream, a bar for each round, and what strategies came to.

use serde_json::Value;

use super::document::{fields, pretty, value};
use super::styled::{Role, Styled};
use super::table::{Side, Table};
use crate::domain::goal::amount::Amount;
use crate::domain::goal::bound::Bound;
use crate::domain::report::goals::{GoalRow, RoundRow, WorkstreamGoals};
use crate::domain::run::goals::GoalsEnd;
use crate::domain::text::{clip, one_line};
use crate::ops::goals::GoalsTold;

/// How full something is, in eighths.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// The most characters of a reason.
const MAX_REASON: usize = 100;

/// Returns the document.
#[must_use]
pub fn json(told: &GoalsTold) -> String {
    let mut document = serde_json::Map::new();
    document.insert("schema_version".to_owned(), Value::from(1));
    document.insert("run".to_owned(), Value::from(told.run.to_string()));
    document.extend(fields(&told.report));
    document.insert("effectiveness".to_owned(), value(&told.effects));
    pretty(&document)
}

/// Returns the tables.
#[must_use]
pub fn human(told: &GoalsTold) -> Styled {
    let mut out = Styled::of(Role::Faint, "run ");
    out.add(told.run.to_string()).line();
    if told.report.workstreams.is_empty() {
        out.line().add("No workstream of it has measured goals.").line();
    }
    for one in &told.report.workstreams {
        out.line().put(Role::Strong, one.id.to_string()).line();
        out.append(goals(one)).append(rounds(&one.rounds)).append(end(one));
    }
    out.append(effects(told));
    out
}

fn goals(one: &WorkstreamGoals) -> Styled {
    let columns = [("  goal", Side::Left), ("target", Side::Right), ("rounds", Side::Left), ("values", Side::Left)];
    let mut table = Table::new(&columns);
    for goal in &one.goals {
        let is_met = goal.values.iter().any(|value| value.met);
        let target = match goal.bound {
            Bound::AtLeast => format!("≥ {}", goal.target),
            Bound::AtMost => format!("≤ {}", goal.target),
            Bound::Equals => format!("= {}", goal.target),
        };
        let bars = Styled::of(if is_met { Role::Good } else { Role::Caution }, bars(goal));
        table.row(vec![Styled::plain(format!("  {}", goal.id)), Styled::plain(target), bars, Styled::plain(values(goal))]);
    }
    table.finish()
}

/// Returns a bar for each measurement: full when the goal is reached.
fn bars(goal: &GoalRow) -> String {
    let bar = |gap: Amount| {
        let full = (1.0 - gap.number()).clamp(0.0, 1.0);
        let step = BARS.iter().enumerate().rev().find(|(at, _)| {
            let least = f64::from(u8::try_from(*at).unwrap_or(7)) / 7.0;
            full >= least
        });
        step.map_or(BARS[0], |(_, bar)| *bar)
    };
    goal.values.iter().map(|value| bar(value.gap)).collect()
}

fn values(goal: &GoalRow) -> String {
    let one = |value: Option<Amount>| value.map_or_else(|| "?".to_owned(), |value| value.to_string());
    goal.values.iter().map(|value| one(value.value)).collect::<Vec<_>>().join(" → ")
}

fn rounds(rounds: &[RoundRow]) -> Styled {
    let columns = [
        ("  round", Side::Left),
        ("score", Side::Right),
        ("goal", Side::Left),
        ("strategy", Side::Left),
        ("closed", Side::Right),
        ("commit", Side::Left),
        ("", Side::Left),
        ("why", Side::Left),
    ];
    let percent = |share: Amount| format!("{}%", Amount::bounded((share.number() * 100.0).round()));
    let mut table = Table::new(&columns);
    for one in rounds {
        let text = |text: &Option<String>| Styled::plain(text.clone().unwrap_or_default());
        table.row(vec![
            Styled::plain(format!("  {}", one.round)),
            Styled::plain(one.score.map(percent).unwrap_or_default()),
            text(&one.goal),
            text(&one.strategy),
            Styled::plain(one.closed.map(percent).unwrap_or_default()),
            Styled::plain(one.commit.map_or_else(|| "came to nothing".to_owned(), |commit| commit.short())),
            Styled::plain(if one.kept { "kept" } else { "" }),
            Styled::of(Role::Faint, clip(&one_line(one.why.as_deref().unwrap_or_default()), MAX_REASON)),
        ]);
    }
    table.finish()
}

fn end(one: &WorkstreamGoals) -> Styled {
    let Some(settled) = &one.settled else { return Styled::default() };
    let role = if settled.reason == GoalsEnd::Met { Role::Good } else { Role::Caution };
    let mut out = Styled::plain("  ");
    out.put(role, one_line(&settled.message)).line();
    out
}

/// Returns what strategies came to in the repository.
fn effects(told: &GoalsTold) -> Styled {
    if told.effects.is_empty() {
        return Styled::default();
    }
    let mut table = Table::new(&[("measure", Side::Left), ("strategy", Side::Left), ("rounds", Side::Right), ("closed", Side::Right)]);
    for (measure, strategies) in &told.effects.0 {
        for (strategy, effect) in strategies {
            let closed = Amount::bounded((effect.closed.number() * 100.0).round());
            let cells = [measure.clone(), strategy.clone(), effect.rounds.to_string(), format!("{closed}%")];
            table.row(cells.map(Styled::plain).into());
        }
    }
    let mut out = Styled::default();
    out.line().put(Role::Faint, "What strategies came to in this repository, in all runs").line();
    out.append(table.finish());
    out
}
