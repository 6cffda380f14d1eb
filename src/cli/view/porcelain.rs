//! The lines of `git orc status --porcelain=v1`: `<state> SP <workstream> SP <wave> SP <commit or ->`, one per workstream in the order of
//! the waves. Nothing of it ever changes; fields may be added at the end of a line.

use crate::domain::report::summary::summary;
use crate::domain::run::state::RunState;

/// Returns the lines, each followed by `end`.
#[must_use]
pub fn v1(state: &RunState, end: char) -> String {
    let mut out = String::new();
    for one in summary(state).workstreams {
        let tip = state.workstreams.get(&one.id).and_then(|own| own.tip).map_or_else(|| "-".to_owned(), |tip| tip.to_string());
        out.push_str(&format!("{} {} {} {tip}{end}", one.state, one.id, one.wave));
    }
    out
}
