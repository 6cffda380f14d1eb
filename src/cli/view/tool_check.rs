//! What was found out about tools.

use serde_json::json;

use super::document::{pretty, value};
use super::styled::{Role, Styled};
use crate::domain::text::{count, one_line};
use crate::ops::tools::check::{Checked, Weight};
use crate::ops::tools::trial::Trial;

/// The version of the document; fields are only ever added.
const SCHEMA_VERSION: u32 = 1;

/// Returns a block per tool.
#[must_use]
pub fn human(checked: &[Checked]) -> Styled {
    let mut out = Styled::default();
    for tool in checked {
        out.put(Role::Strong, &tool.id).line();
        for point in &tool.points {
            match point.weight {
                Weight::Ok => out.put(Role::Good, "  ok       "),
                Weight::Note => out.put(Role::Faint, "  note     "),
                Weight::Problem => out.put(Role::Bad, "  problem  "),
            };
            out.add(format!("{:<12} {}", point.what, one_line(&point.message))).line();
            if let Some(hint) = &point.hint {
                out.add(format!("           {:<12} {}", "", one_line(hint))).line();
            }
        }
    }
    let bad = checked.iter().filter(|tool| !tool.is_usable()).count();
    match bad {
        0 => out.put(Role::Good, "nothing needed is missing"),
        _ => out.put(Role::Bad, format!("{} can not be used", count(bad, "tool"))),
    };
    out.line();
    out
}

/// Returns what came of a trial.
#[must_use]
pub fn trial_human(id: &str, trial: &Trial) -> Styled {
    let mut out = Styled::of(Role::Strong, format!("{id}, tried"));
    out.line();
    match trial.is_done {
        true => out.put(Role::Good, "  done     ").add("hello.txt is there and holds the word").line(),
        false => out.put(Role::Bad, "  failed   ").add(one_line(&trial.message)).line(),
    };
    let mut say = |what: &str, text: String| {
        out.put(Role::Faint, format!("  {what:<9}")).add(one_line(&text)).line();
    };
    if let Some(failure) = trial.failure {
        say("class", failure.name().to_owned());
    }
    say("changed", if trial.changes.is_empty() { "nothing".to_owned() } else { trial.changes.join(", ") });
    if let Some(usage) = &trial.usage {
        let cost = usage.cost.map(|cost| format!(", {}", cost.micro_usd)).unwrap_or_default();
        say("used", format!("{}{cost}", count(usize::try_from(usage.tokens.total()).unwrap_or(usize::MAX), "token")));
    }
    say("time", format!("{} ms", trial.duration_ms));
    say("look at", trial.folder.join("repository").display().to_string());
    out
}

/// Returns one JSON document.
#[must_use]
pub fn json(checked: &[Checked], trials: &[(String, Trial)]) -> String {
    let tools: Vec<_> = checked
        .iter()
        .map(|tool| {
            let trial = trials.iter().find(|(id, _)| *id == tool.id).map(|(_, trial)| value(trial));
            json!({"id": tool.id, "usable": tool.is_usable(), "points": value(&tool.points), "trial": trial})
        })
        .collect();
    pretty(&json!({"schema_version": SCHEMA_VERSION, "tools": tools}))
}
