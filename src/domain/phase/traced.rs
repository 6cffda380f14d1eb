//! What texts say by regular expressions: that something is said, how often, and that whatever one text names another one takes up.

use std::collections::HashSet;
use std::ops::Range;

use aho_corasick::AhoCorasick;
use regex::Regex;

use crate::domain::policy::pattern::Pattern;
use crate::domain::text::{clip, one_line};

/// How many missing things are named.
const NAMED: usize = 5;
/// So many things can be traced at once; nobody names more of them by hand.
const MOST: usize = 20_000;
/// So many bytes they have together.
const LONGEST: usize = 4 << 20;
/// So often they are found on the way.
const HITS: usize = 50_000_000;

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
    ///
    /// # Errors
    /// Returns a fragment when that is more than can be traced.
    pub fn found(&self, text: &str) -> Result<Vec<String>, String> {
        let (mut found, mut seen, mut bytes) = (Vec::new(), HashSet::new(), 0);
        for one in self.each.captures_iter(text) {
            let what = one.get(1).or_else(|| one.get(0)).map_or("", |part| part.as_str());
            if !what.is_empty() && seen.insert(what) {
                found.push(what.to_owned());
                bytes += what.len();
            }
            if found.len() > MOST || bytes > LONGEST {
                return Err(format!(
                    "can not be held against all that `{}` finds: it is too much",
                    clip(&one_line(self.each.as_str()), 80)
                ));
            }
        }
        Ok(found)
    }

    /// Returns those of some things that no line of a text takes up. The text is read once, however many they are.
    ///
    /// # Errors
    /// Returns a fragment when that is too much to be looked for.
    pub fn missing(&self, found: Vec<String>, text: &str) -> Result<Vec<String>, String> {
        let too_much = || "can not be held against all that is found: it is too much".to_owned();
        let search = AhoCorasick::new(&found).map_err(|_| too_much())?;
        let (mut taken_up, mut hits) = (vec![false; found.len()], 0);
        for line in text.lines() {
            let mut says_more = None;
            for hit in search.find_overlapping_iter(line) {
                hits += 1;
                if hits > HITS {
                    return Err(too_much());
                }
                let taken = &mut taken_up[hit.pattern().as_usize()];
                if !*taken && is_whole_word(line, hit.range()) {
                    *taken = *says_more.get_or_insert_with(|| self.with.as_ref().is_none_or(|with| with.is_match(line)));
                }
            }
        }
        Ok(found.into_iter().zip(taken_up).filter(|(_, taken)| !taken).map(|(what, _)| what).collect())
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

/// Returns whether a part of a line has no letter, digit or hyphen right before or after it, so that `R-001` is not found in `R-0012` or
/// `NEW-R-001`.
fn is_whole_word(line: &str, part: Range<usize>) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    let before = line.get(..part.start).and_then(|text| text.chars().next_back());
    let after = line.get(part.end..).and_then(|text| text.chars().next());
    !before.is_some_and(is_part) && !after.is_some_and(is_part)
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

    fn is_taken_up(trace: &Trace, what: &str, text: &str) -> bool {
        trace.missing(vec![what.to_owned()], text).unwrap().is_empty()
    }

    #[test]
    fn much_is_traced_in_one_go_and_too_much_not_at_all() {
        let ids = |count: usize| (0..count).map(|number| format!("ID-{number}\n")).collect::<String>();
        let trace = trace(r"ID-\d+", Some("\\bdone\\b"));
        let many = trace.found(&ids(MOST)).unwrap();
        let text: String =
            (1..MOST).map(|number| format!("{} done, see ID-0 and {}\n", "x".repeat(200), format_args!("ID-{number}"))).collect();
        assert_eq!(trace.missing(many, &text.replace("ID-0 ", "")).unwrap(), ["ID-0"]);
        assert!(trace.found(&ids(MOST + 1)).unwrap_err().contains("too much"));
    }

    #[test]
    fn every_risk_is_found_once_and_taken_up_as_a_whole() {
        let report = "R-001 high: no backup\nR-002 low: slow, see R-001\nR-0031 is no risk of three digits\n";
        let trace = trace(r"\bR-\d{3}\b", None);
        assert_eq!(trace.found(report).unwrap(), ["R-001", "R-002"]);
        for (text, expect) in [("R-001: CONFIRM", true), ("NEW-R-001: CONFIRM", false), ("R-0012", false), ("(R-001)", true)] {
            assert_eq!(is_taken_up(&trace, "R-001", text), expect, "{text}");
        }
        assert_eq!(trace.said(&["R-001".to_owned()]), "says nothing about `R-001`");
    }

    #[test]
    fn a_group_chooses_what_is_traced_and_the_line_must_say_more() {
        let trace = trace(r"(?m)^(R-\d{3}).*\bhigh\b", Some("(?i)rollback"));
        assert_eq!(trace.found("R-001 high\nR-002 low\n").unwrap(), ["R-001"]);
        assert!(is_taken_up(&trace, "R-001", "Rollback of R-001: restore the dump"));
        assert!(!is_taken_up(&trace, "R-001", "R-001: restore\nrollback of nothing"));
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
