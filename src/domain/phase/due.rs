//! Whether a step is due: its conditions against the request, the tree, and what came before.

use std::collections::{BTreeMap, BTreeSet};

use super::condition::{Condition, Ended};
use super::expectation::Predicate;
use super::issue::IssueKind;
use super::judge::holds;
use super::view::TreeView;
use super::words;
use crate::domain::id::StepId;
use crate::domain::text::{clip, one_line};

/// What conditions are judged by.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// What was asked: prompt, title and tasks of the workstream.
    pub request: &'a str,
    /// The files as they are before the step.
    pub view: &'a TreeView<'a>,
    /// How earlier steps ended.
    pub ended: &'a BTreeMap<StepId, Ended>,
    /// The kinds of issues that were found so far.
    pub issues: &'a BTreeSet<IssueKind>,
}

/// Checks that every condition holds.
///
/// # Errors
/// Returns a sentence fragment about the first one that does not.
pub fn due(conditions: &[Condition], facts: &Facts<'_>) -> Result<(), String> {
    conditions.iter().try_for_each(|one| holds_now(one, facts))
}

fn holds_now(condition: &Condition, facts: &Facts<'_>) -> Result<(), String> {
    match condition {
        Condition::Request(wanted) => {
            let is_said = wanted.iter().any(|word| words::has_word(facts.request, word));
            if is_said { Ok(()) } else { Err(format!("the request has none of the words {}", listed(wanted))) }
        }
        Condition::Files(predicate) => holds(predicate, facts.view).map_err(|unmet| unmet.message),
        Condition::Step { step, ended } => {
            let found = facts.ended.get(step);
            // What was mended has passed.
            let is_so = found == Some(ended) || (*ended == Ended::Passed && found == Some(&Ended::Mended));
            if is_so { Ok(()) } else { Err(format!("{step} {}", found.map_or("has not ended", |ended| past(*ended)))) }
        }
        Condition::Issue(kind) => {
            if facts.issues.contains(kind) {
                Ok(())
            } else {
                Err(format!("no check told of `{}`", kind.word()))
            }
        }
        Condition::Not(conditions) => match conditions.iter().find(|one| holds_now(one, facts).is_ok()) {
            Some(one) => Err(said(one)),
            None => Ok(()),
        },
        Condition::Any(conditions) => {
            let mut why = Vec::new();
            for one in conditions {
                match holds_now(one, facts) {
                    Ok(()) => return Ok(()),
                    Err(reason) => why.push(reason),
                }
            }
            Err(if why.is_empty() { "no condition is given of which one must hold".to_owned() } else { why.join(", and ") })
        }
    }
}

const fn past(ended: Ended) -> &'static str {
    match ended {
        Ended::Passed => "passed at once",
        Ended::Mended => "passed only after it was mended",
        Ended::Skipped => "was skipped",
    }
}

fn listed(words: &[String]) -> String {
    words.iter().map(|word| format!("`{}`", clip(&one_line(word), 40))).collect::<Vec<_>>().join(", ")
}

/// Returns what a condition says, as a sentence fragment.
fn said(condition: &Condition) -> String {
    let all = |conditions: &[Condition], between: &str| conditions.iter().map(said).collect::<Vec<_>>().join(between);
    match condition {
        Condition::Request(words) => format!("the request has one of the words {}", listed(words)),
        Condition::Files(predicate) => said_of_files(predicate),
        Condition::Step { step, ended } => format!("{step} {}", past(*ended)),
        Condition::Issue(kind) => format!("a check told of `{}`", kind.word()),
        Condition::Not(conditions) => format!("it does not hold that {}", all(conditions, " or ")),
        Condition::Any(conditions) => all(conditions, " or "),
    }
}

fn said_of_files(predicate: &Predicate) -> String {
    match predicate {
        Predicate::Exists(files) => format!("`{}` is there", files.text()),
        Predicate::Absent(files) => format!("`{}` is not there", files.text()),
        Predicate::AtLeast { files, count, .. } => format!("`{}` has at least {count} of what is counted", files.text()),
        Predicate::Mentions { files, words, .. } => format!("`{}` says {}", files.text(), listed(words)),
        Predicate::HasCode(files) => format!("`{}` holds code", files.text()),
        Predicate::Parses { files, .. } => format!("`{}` can be read", files.text()),
        Predicate::Changed(files) => format!("`{}` was changed", files.text()),
        Predicate::Data { files, claim } => format!("`{}` has `{}` as it must be", files.text(), claim.path.join(".")),
        Predicate::Says { files, pattern, .. } => format!("`{}` matches `{}`", files.text(), clip(&one_line(pattern.as_str()), 80)),
        Predicate::Traced(trace) => format!("`{}` takes up what `{}` names", trace.files.text(), trace.from.text()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::phase::view_sample::Tree;
    use crate::domain::policy::pattern::Pattern;

    fn id(text: &str) -> StepId {
        StepId::parse(text).unwrap()
    }

    fn check(conditions: &[Condition], expect: Result<(), &str>) {
        let ended = [("plan", Ended::Passed), ("draft", Ended::Mended), ("poem", Ended::Skipped)];
        let ended = ended.into_iter().map(|(step, ended)| (id(step), ended)).collect();
        let issues = [IssueKind::NoCodeDetected].into();
        let found = Tree::of(&[("docs/plan.md", b"text")], &["docs/plan.md"])
            .look(|view| due(conditions, &Facts { request: "Add a REST api for users", view, ended: &ended, issues: &issues }));
        assert_eq!(found, expect.map_err(ToOwned::to_owned), "{conditions:?}");
    }

    fn request(words: &[&str]) -> Condition {
        Condition::Request(words.iter().map(|word| (*word).to_owned()).collect())
    }

    fn there(path: &str) -> Condition {
        Condition::Files(Predicate::Exists(Pattern::parse(path).unwrap()))
    }

    fn step(step: &str, ended: Ended) -> Condition {
        Condition::Step { step: id(step), ended }
    }

    #[test]
    fn each_condition_alone() {
        check(&[], Ok(()));
        check(&[request(&["graphql", "rest"])], Ok(()));
        check(&[request(&["graphql", "soap"])], Err("the request has none of the words `graphql`, `soap`"));
        check(&[there("docs/plan.md")], Ok(()));
        check(&[there("plan.md")], Err("there is no file `plan.md`"));
        check(&[Condition::Files(Predicate::Changed(Pattern::parse("src/**").unwrap()))], Err("nothing was changed in `src/**`"));
        check(&[step("plan", Ended::Passed)], Ok(()));
        check(&[step("draft", Ended::Passed)], Ok(()));
        check(&[step("draft", Ended::Mended)], Ok(()));
        check(&[step("plan", Ended::Mended)], Err("plan passed at once"));
        check(&[step("poem", Ended::Skipped)], Ok(()));
        check(&[step("poem", Ended::Passed)], Err("poem was skipped"));
        check(&[step("later", Ended::Skipped)], Err("later has not ended"));
        check(&[Condition::Issue(IssueKind::NoCodeDetected)], Ok(()));
        check(&[Condition::Issue(IssueKind::MissingOutput)], Err("no check told of `missing_output`"));
    }

    #[test]
    fn conditions_are_put_together() {
        check(&[request(&["rest"]), there("plan.md")], Err("there is no file `plan.md`"));
        check(&[Condition::Not(vec![there("plan.md"), request(&["soap"])])], Ok(()));
        check(&[Condition::Not(vec![there("plan.md"), there("docs/plan.md")])], Err("`docs/plan.md` is there"));
        check(&[Condition::Any(vec![there("plan.md"), request(&["rest"])])], Ok(()));
        let neither = "there is no file `plan.md`, and the request has none of the words `soap`";
        check(&[Condition::Any(vec![there("plan.md"), request(&["soap"])])], Err(neither));
        check(&[Condition::Any(Vec::new())], Err("no condition is given of which one must hold"));
        check(&[Condition::Not(vec![Condition::Not(vec![there("docs/plan.md")])])], Ok(()));
    }
}
