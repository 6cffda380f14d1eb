//! Checks that a fluid run adds to a plan: no EDIT step goes on without something that looks at its result.

use super::condition::{Condition, Ended};
use super::expectation::{Expectation, Predicate, Unit};
use super::issue::{IssueKind, IssueSeverity};
use super::rules::StepRules;
use super::words::mentions;
use crate::domain::gate::model::Baseline;
use crate::domain::id::StepId;
use crate::domain::plan::model::{CheckedPlan, Step, StepKind, Workstream};
use crate::domain::policy::pattern::Pattern;

/// How many FIX steps may follow an added check.
const FIXES: u32 = 3;
/// The longest beginning of a step's name that is taken into the name of its check.
const LONGEST: usize = 50;

/// Adds a check after every EDIT step that has none before the next EDIT step.
pub fn add_checks(plan: &mut CheckedPlan) {
    for workstream in &mut plan.workstreams {
        let mut steps: Vec<Step> = Vec::new();
        for (number, step) in workstream.steps.iter().enumerate() {
            steps.push(step.clone());
            let is_edit = matches!(step.kind, StepKind::Edit(_));
            let is_checked = workstream.steps.get(number + 1).is_some_and(|next| !matches!(next.kind, StepKind::Edit(_)));
            if is_edit && !is_checked {
                let added = check(workstream, step, &steps);
                steps.extend(added);
            }
        }
        workstream.steps = steps;
    }
}

/// Returns the check of a step that follows these; nothing when there is nothing to expect of it.
fn check(workstream: &Workstream, step: &Step, before: &[Step]) -> Option<Step> {
    let expects = expectations(workstream, step);
    if expects.is_empty() {
        return None;
    }
    let start: String = step.id.as_str().chars().take(LONGEST).collect();
    let ends = ["check", "fluid-check"].into_iter().map(str::to_owned).chain((2..1_000).map(|number| format!("check-{number}")));
    let mut names = ends.filter_map(|end| StepId::parse(&format!("{start}-{end}")).ok());
    let id = names.find(|id| workstream.steps.iter().chain(before).all(|other| other.id != *id))?;
    let when = vec![Condition::Not(vec![Condition::Step { step: step.id.clone(), ended: Ended::Skipped }])];
    let (phase, role) = (step.rules.phase.clone(), step.rules.role.clone());
    let rules = StepRules { phase, role, when, expects, fixes: Some(FIXES), ..StepRules::default() };
    Some(Step { id, kind: StepKind::Static(Vec::new()), timeout_sec: None, baseline: Baseline::Nothing, rules })
}

/// Returns what is expected of a step: that it changed something, that its artifacts are there, and what its name says.
fn expectations(workstream: &Workstream, step: &Step) -> Vec<Expectation> {
    let mut expects = Vec::new();
    if !workstream.allow_empty
        && let Ok(all) = Pattern::parse("**")
    {
        expects.push(expected(Predicate::Changed(all), IssueKind::MissingOutput, IssueSeverity::Critical));
    }
    let artifacts: Vec<Pattern> = step.rules.artifacts.iter().filter_map(|artifact| Pattern::parse(&artifact.path).ok()).collect();
    expects
        .extend(artifacts.iter().cloned().map(|path| expected(Predicate::Exists(path), IssueKind::MissingOutput, IssueSeverity::Critical)));
    // What a name says is said of what the step makes; without artifacts of the only thing that the workstream may change.
    let mut scope: Vec<&Pattern> = workstream.scope.changeable().collect();
    scope.dedup_by_key(|pattern| pattern.text());
    let made = match (artifacts.first(), scope.as_slice()) {
        (Some(artifact), _) => Some(artifact.clone()),
        (None, [only]) => Some((*only).clone()),
        (None, _) => None,
    };
    let name = step.rules.phase.as_deref().unwrap_or(step.id.as_str());
    expects.extend(made.and_then(|made| by_name(name, made)));
    expects
}

fn expected(what: Predicate, issue: IssueKind, severity: IssueSeverity) -> Expectation {
    Expectation { what, issue, severity, message: None, condition: None }
}

/// Returns what the name of a phase lets expect of what it makes.
fn by_name(name: &str, files: Pattern) -> Option<Expectation> {
    let has = |words: &[&str]| words.iter().any(|word| mentions(name, word));
    let least = |count, unit, files| Predicate::AtLeast { files, count, unit };
    Some(if has(&["plan"]) {
        expected(least(1_000, Unit::Characters, files), IssueKind::InsufficientDetail, IssueSeverity::Major)
    } else if has(&["architect", "design", "outline"]) {
        expected(least(1, Unit::Headings, files), IssueKind::MissingStructure, IssueSeverity::Critical)
    } else if has(&["implement", "code", "coding", "develop"]) {
        expected(Predicate::HasCode(files), IssueKind::NoCodeDetected, IssueSeverity::Critical)
    } else if has(&["writ", "document", "docs"]) {
        expected(least(100, Unit::Words, files), IssueKind::InsufficientContent, IssueSeverity::Critical)
    } else {
        return None;
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::phase::rules::Artifact;
    use crate::domain::schedule::sample;

    /// Returns the steps of a workstream of these EDIT steps and checks (`!name`), with the kinds of issues of what is added.
    fn check(globs: &[&str], names: &[&str], artifact: Option<&str>, expect: &[&str]) {
        let mut workstream = sample::workstream("a", &[], globs);
        let edit = workstream.steps.remove(0);
        workstream.steps = names
            .iter()
            .map(|name| match name.strip_prefix('!') {
                Some(name) => Step { id: StepId::parse(name).unwrap(), kind: StepKind::Static(Vec::new()), ..edit.clone() },
                None => {
                    let artifact = artifact.map(|path| Artifact { name: "it".to_owned(), path: path.to_owned(), approval: false });
                    let rules = StepRules { artifacts: artifact.into_iter().collect(), ..StepRules::default() };
                    Step { id: StepId::parse(name).unwrap(), rules, ..edit.clone() }
                }
            })
            .collect();
        let mut plan = sample::plan(vec![workstream]);
        add_checks(&mut plan);
        let told = |step: &Step| {
            let kinds: Vec<&str> = step.rules.expects.iter().map(|one| one.issue.word()).collect();
            format!("{}{}{}", step.id, if kinds.is_empty() { "" } else { ": " }, kinds.join(" "))
        };
        assert_eq!(plan.workstreams[0].steps.iter().map(told).collect::<Vec<_>>(), expect);
    }

    #[test]
    fn every_edit_step_is_looked_at() {
        check(&["a/**"], &["edit"], None, &["edit", "edit-check: missing_output"]);
        check(&["a/**"], &["edit", "!static"], None, &["edit", "static"]);
        check(&["a/**"], &["one", "two", "!two-check"], None, &["one", "one-check: missing_output", "two", "two-check"]);
        // Names that are cut to the same beginning.
        let long = ["x".repeat(50) + "-a", "x".repeat(50) + "-b", "x".repeat(50) + "-c"];
        let told = |number: usize, end: &str| [long[number].clone(), format!("{}-{end}: missing_output", "x".repeat(50))];
        let expect = [told(0, "check"), told(1, "fluid-check"), told(2, "check-2")].concat();
        check(
            &["a/**"],
            &long.iter().map(String::as_str).collect::<Vec<_>>(),
            None,
            &expect.iter().map(String::as_str).collect::<Vec<_>>(),
        );
        check(&["a/**"], &["edit", "two", "!edit-check"], None, &["edit", "edit-fluid-check: missing_output", "two", "edit-check"]);
    }

    #[test]
    fn names_say_what_is_expected() {
        let of = |name: &str, expect: &str| {
            check(&["a.md"], &[name], None, &[name, &format!("{name}-check: missing_output{expect}")]);
        };
        of("planning", " insufficient_detail");
        of("architecture", " missing_structure");
        of("write-chapter", " insufficient_content");
        of("implementation", " no_code_detected");
        of("analysis", "");
        of("explanation", "");
        of("decode", "");
        check(&["a.md", "b.md"], &["planning"], None, &["planning", "planning-check: missing_output"]);
        let both = "planning-check: missing_output missing_output insufficient_detail";
        check(&["a.md", "b.md"], &["planning"], Some("b.md"), &["planning", both]);
    }

    #[test]
    fn nothing_is_expected_of_what_may_change_nothing() {
        let mut plan = sample::plan(vec![sample::workstream("a", &[], &["a/**"])]);
        plan.workstreams[0].allow_empty = true;
        add_checks(&mut plan);
        assert_eq!(plan.workstreams[0].steps.len(), 1);
    }
}
