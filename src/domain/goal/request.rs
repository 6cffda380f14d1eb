//! Goals that a request names in passing: `50,000 words`, `12 chapters`, `80% coverage`.
//!
//! Only what is plainly a demand is taken: a number and its noun side by side. Years, ranges, fractions of words and numbers of other things are
//! no goals.

use std::sync::LazyLock;

use regex::Regex;

use super::amount::Amount;
use super::bound::Bound;
use super::model::{Goal, Measure};

/// What was found of one measure.
struct Found {
    bound: Bound,
    target: f64,
    at: usize,
}

const NUMBER: &str = r"(?P<number>[0-9]{1,3}(?:[,_][0-9]{3})+|[0-9]+(?:\.[0-9]+)?)\s?(?P<scale>k|thousand|million|m|mio)?";

static WORDS: LazyLock<Option<Regex>> = LazyLock::new(|| pattern(&format!(r"{BEFORE}{NUMBER}(?:[\s-]|\+\s?)\s*words?\b")));
static CHAPTERS: LazyLock<Option<Regex>> = LazyLock::new(|| pattern(&format!(r"{BEFORE}{NUMBER}(?:[\s-]|\+\s?)\s*chapters?\b")));
static COVERAGE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let number = r"(?P<number>[0-9]{1,3}(?:\.[0-9]+)?)\s?(?:%|percent)";
    pattern(&format!(
        r"{BEFORE}{number}\s*(?:of\s+)?(?:(?:test|line|code|unit|statement)\s+)*coverage\b|\bcoverage\s+(?:of|to|is|above|over)?\s*(?:at\s+least\s+)?(?P<number2>[0-9]{{1,3}}(?:\.[0-9]+)?)\s?(?:%|percent)"
    ))
});

/// What may stand before a number, and what says which way it bounds.
const BEFORE: &str = r"(?:^|[\s(])(?P<bound>exactly|(?:no|not)\s+(?:fewer|less)\s+than|at\s+most|up\s+to|(?:no|not)\s+more\s+than|(?:not|never)\s+exceed(?:ing)?|fewer\s+than|less\s+than|shorter\s+than|under|below|within|limit(?:ed)?\s+(?:of|to)|max(?:imum|\.)?(?:\s+of)?)?\s*";
/// What may stand behind a noun and says that its number is the most.
const BEHIND: [&str; 7] = ["or less", "or fewer", "at most", "maximum", "max", "limit", "tops"];

fn pattern(text: &str) -> Option<Regex> {
    Regex::new(&format!("(?i){text}")).ok()
}

/// Returns the goals that a request names, one of each measure at most: the first that is named.
#[must_use]
pub fn goals(request: &str) -> Vec<Goal> {
    let mut found: Vec<(usize, Goal)> = Vec::new();
    for (id, pattern, measure) in
        [("words", &WORDS, Measure::Words(None)), ("chapters", &CHAPTERS, Measure::Chapters(None)), ("coverage", &COVERAGE, coverage())]
    {
        if let Some(one) = pattern.as_ref().and_then(|pattern| first(pattern, request, id)) {
            let (bound, target) = (one.bound, Amount::bounded(one.target));
            let (tolerance, weight) = (Amount::ZERO, Amount::ONE);
            let goal = Goal { id: id.to_owned(), measure, bound, target, tolerance, weight, required: false, strategies: Vec::new() };
            found.push((one.at, goal));
        }
    }
    found.sort_by_key(|(at, _)| *at);
    found.into_iter().map(|(_, goal)| goal).collect()
}

const fn coverage() -> Measure {
    Measure::Coverage { command: None, report: None }
}

fn first(pattern: &Regex, text: &str, id: &str) -> Option<Found> {
    pattern.captures_iter(text).find_map(|captures| {
        let number = captures.name("number").or_else(|| captures.name("number2"))?;
        // `10-20 words`, `3/4 words`, `v1.2 words`: no number of its own.
        let before = text.get(..number.start())?.chars().next_back();
        if before.is_some_and(|c| !(c.is_whitespace() || c == '(')) {
            return None;
        }
        let plain: String = number.as_str().chars().filter(|c| !matches!(c, ',' | '_')).collect();
        let scale = match captures.name("scale").map(|scale| scale.as_str().to_lowercase()).as_deref() {
            Some("k" | "thousand") => 1e3,
            Some("m" | "million" | "mio") => 1e6,
            Some(_) | None => 1.0,
        };
        let target = plain.parse::<f64>().ok()? * scale;
        let is_sound = target > 0.0 && if id == "coverage" { target <= 100.0 } else { target.fract() == 0.0 };
        let bound = match captures.name("bound").map(|bound| bound.as_str().to_lowercase()).as_deref() {
            Some("exactly") => Bound::Equals,
            Some(words) if words.starts_with("no") && (words.contains("fewer") || words.contains("less")) => Bound::AtLeast,
            Some(_) => Bound::AtMost,
            None if is_limited(text.get(captures.get(0)?.end()..)?) => Bound::AtMost,
            None => Bound::AtLeast,
        };
        // A range and a measure of each of several things are no number for the whole.
        let rest = text.get(captures.get(0)?.end()..)?.trim_start();
        let is_each = ["per ", "each", "long sentence"].iter().any(|word| rest.to_lowercase().starts_with(word));
        let head = text.get(..captures.get(0)?.start())?.trim_end().to_lowercase();
        let is_range = ["between", " to", " and", "-", "–", "or"].iter().any(|word| head.ends_with(word)) && ends_in_number(&head);
        (is_sound && !is_each && !is_range).then_some(Found { bound, target, at: number.start() })
    })
}

/// Returns whether what follows on a noun says that its number is the most. Before another number it says so of that one.
fn is_limited(rest: &str) -> bool {
    let rest = rest.trim_start_matches([' ', '\t', ',', '(']).to_lowercase();
    let after = |words: &&str| rest.strip_prefix(*words).filter(|after| !after.starts_with(|c: char| c.is_alphanumeric()));
    BEHIND.iter().find_map(after).is_some_and(|after| !after.trim_start().starts_with(|c: char| c.is_ascii_digit()))
}

/// Returns whether the word before the last one is a number.
fn ends_in_number(head: &str) -> bool {
    let mut words = head.split_whitespace().rev();
    let last = words.next().unwrap_or_default();
    let before = if matches!(last, "to" | "and" | "-" | "–" | "or") { words.next().unwrap_or_default() } else { last };
    before.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(request: &str, expect: &[(&str, Bound, f64)]) {
        let found: Vec<(String, Bound, f64)> = goals(request).into_iter().map(|goal| (goal.id, goal.bound, goal.target.number())).collect();
        let expect: Vec<(String, Bound, f64)> = expect.iter().map(|(id, bound, target)| ((*id).to_owned(), *bound, *target)).collect();
        assert_eq!(found, expect, "{request:?}");
    }

    #[test]
    fn a_number_and_its_noun_are_a_goal() {
        use Bound::{AtLeast, AtMost, Equals};
        for (request, target) in [
            ("Write a book of 50,000 words.", 50_000.0),
            ("50k words", 50_000.0),
            ("50K words, please", 50_000.0),
            ("20 thousand words about cats", 20_000.0),
            ("1,000,000 words", 1_000_000.0),
            ("1.5 million words", 1_500_000.0),
            ("1_000 words", 1000.0),
            ("a 2000-word essay", 2000.0),
            ("5000+ words", 5000.0),
            ("(300 words)", 300.0),
            ("at least 300 words", 300.0),
            ("300\nwords", 300.0),
        ] {
            check(request, &[("words", AtLeast, target)]);
        }
        check("at most 300 words", &[("words", AtMost, 300.0)]);
        check("Up to 2k words", &[("words", AtMost, 2000.0)]);
        for request in [
            "fewer than 300 words",
            "below 300 words",
            "shorter than 300 words",
            "must not exceed 300 words",
            "a limit of 300 words",
            "300 words or less",
            "300 words, at most",
            "a 300-word limit",
            "300 words max.",
        ] {
            check(request, &[("words", AtMost, 300.0)]);
        }
        for request in ["no fewer than 300 words", "not less than 300 words", "300 words or more", "300 words, maximizing fun"] {
            check(request, &[("words", AtLeast, 300.0)]);
        }
        check("12 chapters, at most 300 words", &[("chapters", AtLeast, 12.0), ("words", AtMost, 300.0)]);
        check("exactly 12 chapters", &[("chapters", Equals, 12.0)]);
        check("12 chapters", &[("chapters", AtLeast, 12.0)]);
        check("12 chapters of 50k words", &[("chapters", AtLeast, 12.0), ("words", AtLeast, 50_000.0)]);
        for request in
            ["80% coverage", "80 % test coverage", "80 percent line coverage", "raise coverage to 80%", "coverage of at least 80%"]
        {
            check(request, &[("coverage", AtLeast, 80.0)]);
        }
        check("Reach 92.5% code coverage with 3 chapters", &[("coverage", AtLeast, 92.5), ("chapters", AtLeast, 3.0)]);
    }

    #[test]
    fn what_is_no_demand_is_no_goal() {
        for request in [
            "",
            "v1.2 words",
            "rename word50k words",
            "x50 words",
            "between 10 and 20 words",
            "10 to 20 words",
            "10-20 words",
            "0 words",
            "1.5 words",
            "1,00 words",
            "20 words per line",
            "50,000 wordsmiths",
            "12 chapterhouses",
            "120% coverage",
            "coverage matters; 80% of users agree",
            "3/4 words",
            "chapter 12 is about 50 things",
        ] {
            check(request, &[]);
        }
    }
}
