//! What texts say by regular expressions: that something is said, how often, and that whatever one text names another one takes up.

use regex::Regex;

use crate::domain::policy::pattern::Pattern;
use crate::domain::text::{clip, one_line};

/// How many missing things are named.
const NAMED: usize = 5;

/// Everything that is found in some files must be taken up in others.
#[derive(Debug, Clone)]
pub struct Trace {
    /// What is found: the first group, or the whole match where there is none.
    pub each: Regex,
    /// In which files it is found.
    pub from: Pattern,
    /// In which files it must be taken up.
    pub files: Pattern,
    /// What a line that takes it up must say besides.
    pub with: Option<Regex>,
}

impl Trace {
    /// Returns what is found in a text, each once, in the order of the text.
    #[must_use]
    pub fn found(&self, text: &str) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for one in self.each.captures_iter(text) {
            let what = one.get(1).or_else(|| one.get(0)).map_or("", |part| part.as_str());
            if !what.is_empty() && found.iter().all(|other| other != what) {
                found.push(what.to_owned());
            }
        }
        found
    }

    /// Returns whether a text has a line that takes something up.
    #[must_use]
    pub fn is_taken_up(&self, what: &str, text: &str) -> bool {
        let says_it = |line: &&str| whole_word(line, what);
        text.lines().filter(says_it).any(|line| self.with.as_ref().is_none_or(|with| with.is_match(line)))
    }

    /// Returns a fragment about what is not taken up.
    #[must_use]
    pub fn said(&self, missing: &[String]) -> String {
        let more = if missing.len() > NAMED { format!(" and {} more", missing.len() - NAMED) } else { String::new() };
        let named = missing.iter().take(NAMED).map(|what| format!("`{}`", clip(&one_line(what), 60))).collect::<Vec<_>>().join(", ");
        match &self.with {
            Some(with) => format!("has no line about {named}{more} that matches `{}`", clip(&one_line(with.as_str()), 80)),
            None => format!("says nothing about {named}{more}"),
        }
    }
}

/// Returns whether a line has something with no letter, digit or hyphen right before or after it, so that `R-001` is not found in `R-0012` or
/// `NEW-R-001`.
fn whole_word(line: &str, what: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    line.match_indices(what).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + what.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

/// Checks how often something is said: at least once, or exactly so often.
///
/// # Errors
/// Returns a fragment about it.
pub fn says(text: &str, pattern: &Regex, times: Option<u32>) -> Result<(), String> {
    let found = pattern.find_iter(text).count();
    let shown = clip(&one_line(pattern.as_str()), 80);
    match times {
        None if found > 0 => Ok(()),
        None => Err(format!("has nothing that matches `{shown}`")),
        Some(times) if found == times as usize => Ok(()),
        Some(times) => Err(format!("matches `{shown}` {found} times, and must {times} times")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(each: &str, with: Option<&str>) -> Trace {
        let files = || Pattern::parse("**").unwrap();
        let with = with.map(|with| Regex::new(with).unwrap());
        Trace { each: Regex::new(each).unwrap(), from: files(), files: files(), with }
    }

    #[test]
    fn every_risk_is_found_once_and_taken_up_as_a_whole() {
        let report = "R-001 high: no backup\nR-002 low: slow, see R-001\nR-0031 is no risk of three digits\n";
        let trace = trace(r"\bR-\d{3}\b", None);
        assert_eq!(trace.found(report), ["R-001", "R-002"]);
        for (text, expect) in [("R-001: CONFIRM", true), ("NEW-R-001: CONFIRM", false), ("R-0012", false), ("(R-001)", true)] {
            assert_eq!(trace.is_taken_up("R-001", text), expect, "{text}");
        }
        assert_eq!(trace.said(&["R-001".to_owned()]), "says nothing about `R-001`");
    }

    #[test]
    fn a_group_chooses_what_is_traced_and_the_line_must_say_more() {
        let trace = trace(r"(?m)^(R-\d{3}).*\bhigh\b", Some("(?i)rollback"));
        assert_eq!(trace.found("R-001 high\nR-002 low\n"), ["R-001"]);
        assert!(trace.is_taken_up("R-001", "Rollback of R-001: restore the dump"));
        assert!(!trace.is_taken_up("R-001", "R-001: restore\nrollback of nothing"));
        let named: Vec<String> = (1..8).map(|number| format!("R-00{number}")).collect();
        assert!(trace.said(&named).starts_with("has no line about `R-001`, `R-002`, `R-003`, `R-004`, `R-005` and 2 more that matches"));
    }

    #[test]
    fn one_verdict_is_not_two() {
        let verdict = Regex::new("(?m)^Verdict: .+$").unwrap();
        assert_eq!(says("Verdict: GO\n", &verdict, Some(1)), Ok(()));
        assert!(says("Verdict: GO\nVerdict: STOP\n", &verdict, Some(1)).is_err());
        assert_eq!(says("Verdict: GO\nVerdict: STOP\n", &verdict, None), Ok(()));
        assert!(says("none", &verdict, None).is_err());
    }
}
