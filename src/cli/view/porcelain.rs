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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::view::sample::Sample;

    #[test]
    fn the_lines_never_change() {
        let (one, two) = ("1".repeat(40), "2".repeat(40));
        let expect = format!("merged api 1 {one}\nfailed ui 1 {two}\nquarantined docs 1 -\nblocked site 2 -\n");
        assert_eq!(v1(&Sample::failed().state, '\n'), expect);
        assert_eq!(v1(&Sample::failed().state, '\0'), expect.replace('\n', "\0"));
    }
}
