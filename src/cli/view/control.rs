//! What was told to a run or a workstream, and what people took upon themselves.

use serde_json::{Map, Value};

use super::document::pretty;
use super::styled::{Role, Styled};
use crate::domain::run::control::{Verb, Wish};
use crate::domain::run::state::RunState;
use crate::domain::text::one_line;
use crate::ops::control::Told;

/// The version of the document; fields are only ever added.
const SCHEMA_VERSION: u32 = 1;

/// Returns the document.
#[must_use]
pub fn json(told: &Told) -> String {
    let control = &told.control;
    let text = |text: &str| Value::from(text);
    pretty(&Map::from_iter([
        ("schema_version".to_owned(), Value::from(SCHEMA_VERSION)),
        ("run".to_owned(), text(&told.run.to_string())),
        ("verb".to_owned(), text(control.verb.name())),
        ("workstream".to_owned(), control.workstream.as_ref().map_or(Value::Null, |id| text(id.as_str()))),
        ("reason".to_owned(), text(&control.reason)),
        ("who".to_owned(), text(&control.who)),
        ("step".to_owned(), control.step.as_ref().map_or(Value::Null, |step| text(step.as_str()))),
        ("commit".to_owned(), control.on.map_or(Value::Null, |on| text(&on.to_string()))),
        ("retry_of".to_owned(), control.retry_of.map_or(Value::Null, |patch| text(&patch.to_string()))),
        ("driver".to_owned(), told.driver.map_or(Value::Null, Value::from)),
    ]))
}

/// Returns the text for people: what was recorded, and what happens now.
#[must_use]
pub fn human(told: &Told) -> Styled {
    let control = &told.control;
    let role = if control.verb == Verb::Resume { Role::Good } else { Role::Caution };
    let mut out = Styled::of(role, "recorded");
    let what = control.workstream.as_ref().map_or_else(String::new, |id| format!("{id} of "));
    out.add(format!(": {} {what}run {}", control.verb.name(), told.run)).line();
    if let (Some(step), Some(on)) = (&control.step, control.on) {
        out.add(format!("{step} counts as passed on {}; you answer for it", on.short())).line();
    }
    match told.driver {
        Some(pid) => out.put(Role::Faint, format!("process {pid} drives the run and takes notice at once")).line(),
        None => out.put(Role::Faint, format!("git orc resume {}", told.run)).add("  goes on from there").line(),
    };
    out
}

/// Returns what is still to be carried out, a line each.
#[must_use]
pub fn wishes(state: &RunState) -> Styled {
    let mut out = Styled::default();
    let all = state.workstreams.iter().filter_map(|(id, one)| Some((id.as_str(), one.control.wish.as_ref()?)));
    for (what, wish) in state.control.wish.iter().map(|wish| ("the run", wish)).chain(all) {
        out.put(Role::Caution, pending(what, wish)).line();
    }
    out
}

fn pending(what: &str, wish: &Wish) -> String {
    let when = if wish.verb == Verb::Halt { "about to stop" } else { "to wait after what is under way" };
    format!("{what} is {when}: {}", one_line(&wish.because))
}

/// Returns what people took upon themselves in a run, a line each.
#[must_use]
pub fn overrides(state: &RunState) -> Styled {
    let mut out = Styled::default();
    for (id, one) in &state.workstreams {
        for sentence in one.control.answered_for() {
            out.put(Role::Caution, format!("{id}: {}", one_line(&sentence))).line();
        }
    }
    out
}
