//! From what a gate measured to its verdict: passed, failed, or not computed. What could not be measured never counts as good.

use serde::{Deserialize, Serialize};

use super::differential::Comparison;
use super::metric::{Condition, Measured, Metric};
use crate::domain::finding::model::{Finding, FindingKind, Level};
use crate::domain::text::{clip, count};

/// What a gate says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateOutcome {
    /// What it asks for holds.
    Passed,
    /// It does not.
    Failed,
    /// Nobody knows: the command could not be run, or what it measures could not be read.
    NotComputed,
}

impl GateOutcome {
    /// Returns the word, as it is shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::NotComputed => "not computed",
        }
    }
}

/// How the command of a gate ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum CommandEnd {
    /// There is none.
    #[default]
    NoCommand,
    /// By itself.
    Exited(i32),
    /// By a signal.
    Signaled(i32),
    /// It ran out of time.
    TimedOut,
    /// It was not run, and why.
    NotRun(String),
}

/// What a gate measured.
#[derive(Debug, Clone, Copy)]
pub struct Measures<'a> {
    /// How its command ended.
    pub end: &'a CommandEnd,
    /// What its output says.
    pub findings: &'a [Finding],
    /// The same, compared with the base; `None` when there is no base, or its findings could not be had.
    pub compared: Option<&'a Comparison>,
    /// What added lines hold that they must not.
    pub lines: &'a [Finding],
    /// How long it took, in seconds.
    pub seconds: f64,
    /// The share of lines that tests ran, in percent.
    pub coverage: Option<f64>,
    /// That of the base.
    pub base_coverage: Option<f64>,
    /// The number that was found in its output.
    pub value: Option<f64>,
    /// How many runs stand in the range whose last tree has no passing verdict.
    pub ungated: Option<u32>,
}

/// A verdict with its reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The verdict.
    pub outcome: GateOutcome,
    /// One sentence about it.
    pub reason: String,
    /// What came of each condition.
    pub measured: Vec<Measured>,
}

/// Judges what a gate measured.
#[must_use]
pub fn judge(conditions: &[Condition], measures: &Measures<'_>) -> Judged {
    let measured: Vec<Measured> = conditions.iter().map(|condition| measure(*condition, measures)).collect();
    let (outcome, reason) = match early(measures) {
        Some(found) => found,
        None if conditions.is_empty() => by_end(measures),
        None => by_conditions(&measured, measures),
    };
    Judged { outcome, reason, measured }
}

/// Returns the verdict where neither conditions nor findings of the command matter.
fn early(measures: &Measures<'_>) -> Option<(GateOutcome, String)> {
    if let Some(first) = measures.lines.first() {
        return Some((GateOutcome::Failed, format!("{}{}", first.short(), others(measures.lines.len()))));
    }
    match measures.end {
        CommandEnd::NotRun(reason) => Some((GateOutcome::NotComputed, reason.clone())),
        CommandEnd::TimedOut => Some((GateOutcome::Failed, "it ran out of time".to_owned())),
        CommandEnd::Signaled(signal) => Some((GateOutcome::NotComputed, format!("it was ended by signal {signal}"))),
        CommandEnd::NoCommand | CommandEnd::Exited(_) => None,
    }
}

fn by_end(measures: &Measures<'_>) -> (GateOutcome, String) {
    let CommandEnd::Exited(code) = measures.end else { return (GateOutcome::Passed, "nothing was found".to_owned()) };
    if *code == 0 {
        return (GateOutcome::Passed, "it passed".to_owned());
    }
    let failed = |finding: Option<&Finding>, found: usize, word: &str| {
        let what = finding.map_or_else(|| "it says nothing about why".to_owned(), |first| format!("{}{}", first.short(), others(found)));
        (GateOutcome::Failed, format!("exit code {code}{word}: {what}"))
    };
    match measures.compared.filter(|_| is_understood(measures.findings)) {
        Some(compared) if compared.new.is_empty() && !compared.known.is_empty() => {
            let known = count(compared.known.len(), "finding");
            (GateOutcome::Passed, format!("it fails as it does on the base: {known}, none of them new{}", credit(compared)))
        }
        Some(compared) if !compared.new.is_empty() => {
            let new = count(compared.new.len(), "new finding");
            failed(worst(&compared.new), compared.new.len(), &format!(", {new}"))
        }
        Some(_) | None => failed(worst(measures.findings), measures.findings.len(), ""),
    }
}

/// Returns whether everything that was printed was understood; findings that were not must not be excused.
#[must_use]
pub fn is_understood(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.kind != FindingKind::Unparsed)
}

fn credit(compared: &Comparison) -> String {
    if compared.fixed.is_empty() { String::new() } else { format!(", {} fixed", compared.fixed.len()) }
}

fn by_conditions(measured: &[Measured], measures: &Measures<'_>) -> (GateOutcome, String) {
    let told = |one: &Measured| match &one.value {
        Some(value) => format!("{} does not hold: it is {value}", one.condition),
        None => format!("{} could not be measured", one.condition),
    };
    if let Some(broken) = measured.iter().find(|one| one.holds == Some(false)) {
        let first = worst(measures.compared.map_or(measures.findings, |compared| &compared.new));
        let first = first.map(|finding| format!(" ({})", finding.short())).unwrap_or_default();
        return (GateOutcome::Failed, format!("{}{first}", told(broken)));
    }
    if let Some(unknown) = measured.iter().find(|one| one.holds.is_none()) {
        return (GateOutcome::NotComputed, told(unknown));
    }
    let all = measured.iter().map(|one| one.condition.as_str()).collect::<Vec<_>>().join(", ");
    (GateOutcome::Passed, format!("{all}{}", measures.compared.map(credit).unwrap_or_default()))
}

fn worst(findings: &[Finding]) -> Option<&Finding> {
    findings.iter().find(|finding| finding.level == Level::Error).or_else(|| findings.first())
}

fn others(found: usize) -> String {
    if found > 1 { format!(" and {} more", found - 1) } else { String::new() }
}

fn measure(condition: Condition, measures: &Measures<'_>) -> Measured {
    let value = value(condition.metric, measures);
    let text = clip(&condition.to_string(), 120);
    Measured {
        condition: text,
        value: value.map(|value| value.to_string()),
        holds: value.map(|value| condition.op.holds(value, condition.value)),
    }
}

/// Returns what was measured; `None` when it could not be.
fn value(metric: Metric, measures: &Measures<'_>) -> Option<f64> {
    let of = |findings: &[Finding], level: Level| findings.iter().filter(|one| one.level == level).count();
    // A command that failed and said nothing that is understood has found who knows what.
    let found = is_understood(measures.findings).then_some(measures.findings);
    let compared = measures.compared.filter(|_| found.is_some());
    let counted = match metric {
        Metric::Findings => found.map(<[Finding]>::len),
        Metric::Errors => found.map(|all| of(all, Level::Error)),
        Metric::Warnings => found.map(|all| of(all, Level::Warning)),
        Metric::New => compared.map(|compared| compared.new.len()),
        Metric::NewErrors => compared.map(|compared| of(&compared.new, Level::Error)),
        Metric::NewWarnings => compared.map(|compared| of(&compared.new, Level::Warning)),
        Metric::Fixed => compared.map(|compared| compared.fixed.len()),
        Metric::Ungated => return measures.ungated.map(f64::from),
        Metric::ExitCode => {
            return match measures.end {
                CommandEnd::Exited(code) => Some(f64::from(*code)),
                CommandEnd::NoCommand | CommandEnd::Signaled(_) | CommandEnd::TimedOut | CommandEnd::NotRun(_) => None,
            };
        }
        Metric::Duration => return Some(measures.seconds),
        Metric::Coverage => return measures.coverage,
        Metric::CoverageGain => return Some(measures.coverage? - measures.base_coverage?),
        Metric::Value => return measures.value,
    };
    counted.map(|counted| u32::try_from(counted).map_or(f64::INFINITY, f64::from))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::finding::model::Location;
    use crate::domain::gate::differential::compare;
    use crate::domain::gate::metric::Comparator;

    fn finding(print: &str, kind: FindingKind) -> Finding {
        Finding {
            source: "lint".to_owned(),
            kind,
            level: Level::Error,
            rule: None,
            message: format!("bad {print}"),
            location: Some(Location { path: "x".to_owned(), line: 1, column: None, end: None }),
            fingerprint: print.to_owned(),
        }
    }

    fn lint(prints: &str) -> Vec<Finding> {
        prints.split_whitespace().map(|print| finding(print, FindingKind::Lint)).collect()
    }

    fn say(end: &CommandEnd, base: Option<&str>, tip: &[Finding], conditions: &[Condition]) -> (GateOutcome, String) {
        let compared = base.map(|base| compare(&lint(base), tip));
        let measures = Measures {
            end,
            findings: tip,
            compared: compared.as_ref(),
            lines: &[],
            seconds: 2.0,
            coverage: Some(80.5),
            base_coverage: Some(80.0),
            value: None,
            ungated: Some(0),
        };
        let judged = judge(conditions, &measures);
        (judged.outcome, judged.reason)
    }

    #[test]
    fn without_conditions_the_exit_code_and_new_findings_decide() {
        use GateOutcome::{Failed, NotComputed, Passed};
        let check = |end: CommandEnd, base: Option<&str>, tip: &str, expect: GateOutcome, reason: &str| {
            assert_eq!(say(&end, base, &lint(tip), &[]), (expect, reason.to_owned()));
        };
        check(CommandEnd::Exited(0), None, "a", Passed, "it passed");
        check(CommandEnd::NoCommand, None, "", Passed, "nothing was found");
        check(CommandEnd::Exited(1), None, "", Failed, "exit code 1: it says nothing about why");
        check(CommandEnd::Exited(1), None, "a b", Failed, "exit code 1: x:1: bad a and 1 more");
        check(CommandEnd::Exited(1), Some(""), "a", Failed, "exit code 1, 1 new finding: x:1: bad a");
        check(CommandEnd::Exited(1), Some("a"), "a b c", Failed, "exit code 1, 2 new findings: x:1: bad b and 1 more");
        check(CommandEnd::Exited(1), Some("a b"), "a", Passed, "it fails as it does on the base: 1 finding, none of them new, 1 fixed");
        // Failing without a word is not the same as failing as before.
        check(CommandEnd::Exited(1), Some("a"), "", Failed, "exit code 1: it says nothing about why");
        check(CommandEnd::TimedOut, Some("a"), "a", Failed, "it ran out of time");
        check(CommandEnd::Signaled(9), Some("a"), "a", NotComputed, "it was ended by signal 9");
        check(CommandEnd::NotRun("no such program".to_owned()), None, "", NotComputed, "no such program");
    }

    #[test]
    fn what_was_not_understood_is_never_excused() {
        let unparsed = vec![finding("a", FindingKind::Unparsed)];
        assert_eq!(say(&CommandEnd::Exited(1), Some("a"), &unparsed, &[]).0, GateOutcome::Failed);
        let none_new = [Condition { metric: Metric::New, op: Comparator::AtMost, value: 0.0 }];
        let said = say(&CommandEnd::Exited(1), Some("a"), &unparsed, &none_new);
        assert_eq!(said, (GateOutcome::NotComputed, "findings.new <= 0 could not be measured".to_owned()));
    }

    #[test]
    fn conditions_take_the_place_of_the_exit_code() {
        let condition = |metric, op, value| Condition { metric, op, value };
        let check = |tip: &str, all: &[Condition], expect: GateOutcome, reason: &str| {
            assert_eq!(say(&CommandEnd::Exited(1), Some("a"), &lint(tip), all), (expect, reason.to_owned()));
        };
        let none_new = condition(Metric::NewErrors, Comparator::AtMost, 0.0);
        check("a", &[none_new], GateOutcome::Passed, "findings.new.error <= 0");
        check("a b", &[none_new], GateOutcome::Failed, "findings.new.error <= 0 does not hold: it is 1 (x:1: bad b)");
        check("", &[none_new], GateOutcome::Passed, "findings.new.error <= 0, 1 fixed");
        let covered = condition(Metric::Coverage, Comparator::AtLeast, 80.0);
        let better = condition(Metric::CoverageGain, Comparator::Greater, 1.0);
        check("a", &[none_new, covered], GateOutcome::Passed, "findings.new.error <= 0, coverage >= 80");
        check("a", &[covered, better], GateOutcome::Failed, "coverage.gain > 1 does not hold: it is 0.5");
        let value = condition(Metric::Value, Comparator::Less, 10.0);
        check("a", &[value, none_new], GateOutcome::NotComputed, "value < 10 could not be measured");
        // What is known to be wrong is said before what is not known.
        check("a b", &[value, none_new], GateOutcome::Failed, "findings.new.error <= 0 does not hold: it is 1 (x:1: bad b)");
        check("a", &[condition(Metric::ExitCode, Comparator::Equal, 0.0)], GateOutcome::Failed, "exit_code == 0 does not hold: it is 1");
    }

    #[test]
    fn forbidden_lines_decide_first() {
        let lines = lint("secret");
        let measures = Measures {
            end: &CommandEnd::NoCommand,
            findings: &[],
            compared: None,
            lines: &lines,
            seconds: 0.0,
            coverage: None,
            base_coverage: None,
            value: None,
            ungated: None,
        };
        assert_eq!(judge(&[], &measures).outcome, GateOutcome::Failed);
    }
}
