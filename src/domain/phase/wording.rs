//! What is expected, in words: for people, and for the tool that is to fulfil it.

use super::condition::{Condition, Ended};
use super::expectation::{Format, HowMany, Predicate, Unit};
use crate::domain::policy::pattern::Pattern;
use crate::domain::text::{grouped, one_line};

/// Returns what a predicate asks for: a sentence fragment.
#[must_use]
pub fn predicate(predicate: &Predicate) -> String {
    match predicate {
        Predicate::Exists(files) => format!("{} exists and is not empty", name(files)),
        Predicate::Absent(files) => format!("nothing matches {}", name(files)),
        Predicate::AtLeast { files, count, unit: Unit::Files } => {
            format!("{} matches at least {}", name(files), amount(*count, Unit::Files))
        }
        Predicate::AtLeast { files, count, unit } => format!("{} has at least {}", name(files), amount(*count, *unit)),
        Predicate::Mentions { files, words, how } => {
            let words: Vec<String> = words.iter().map(|word| format!("`{}`", one_line(word))).collect();
            let joined = match how {
                HowMany::All => words.join(" and "),
                HowMany::Any => words.join(" or "),
            };
            format!("{} mentions {joined}", name(files))
        }
        Predicate::HasCode(files) => format!("{} holds code", name(files)),
        Predicate::Parses { files, format } => {
            let format = match format {
                Format::Json => "JSON",
                Format::Yaml => "YAML",
                Format::Toml => "TOML",
            };
            format!("{} can be read as {format}", name(files))
        }
        Predicate::Changed(files) => format!("something of {} is changed", name(files)),
        Predicate::Data { files, claim } => format!("the data of {} {}", name(files), claim.said()),
        Predicate::Says { files, pattern, times } => {
            let often = times.map_or_else(String::new, |times| format!(" exactly {times} times"));
            format!("{} matches `{}`{often}", name(files), one_line(pattern.as_str()))
        }
        Predicate::Traced(trace) => {
            let with =
                trace.with.as_ref().map_or_else(String::new, |with| format!(" in a line that matches `{}`", one_line(with.as_str())));
            let found = one_line(trace.each.as_str());
            format!("{} takes up everything that `{found}` finds in {}{with}", name(&trace.files), name(&trace.from))
        }
    }
}

fn name(files: &Pattern) -> String {
    format!("`{}`", one_line(files.text()))
}

fn amount(count: u64, unit: Unit) -> String {
    let noun = match unit {
        Unit::Files => "file",
        Unit::Lines => "line",
        Unit::Words => "word",
        Unit::Characters => "character",
        Unit::Headings => "heading",
    };
    format!("{} {noun}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// Returns what a condition asks for: a sentence fragment.
#[must_use]
pub fn condition(condition: &Condition) -> String {
    let all = |inner: &[Condition], between: &str| inner.iter().map(self::condition).collect::<Vec<_>>().join(between);
    match condition {
        Condition::Request(words) => {
            let words: Vec<String> = words.iter().map(|word| format!("`{}`", one_line(word))).collect();
            format!("the request says {}", words.join(" or "))
        }
        Condition::Files(what) => predicate(what),
        Condition::Step { step, ended } => match ended {
            Ended::Passed => format!("`{step}` passed"),
            Ended::Mended => format!("`{step}` had to be mended"),
            Ended::Skipped => format!("`{step}` was skipped"),
        },
        Condition::Issue(kind) => format!("an issue of the kind `{}` was found", kind.word()),
        Condition::Not(inner) => format!("not: {}", all(inner, " or ")),
        Condition::Any(inner) => all(inner, " or "),
    }
}
