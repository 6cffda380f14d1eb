//! Plan files: any text is a checked plan or a list of errors with places inside the text; a checked plan has waves.

use git_orc::domain::document::diagnostic::{Diagnostic, Severity};
use git_orc::domain::document::source::{Shape, SourceFile};
use git_orc::domain::id::RepoPath;
use git_orc::domain::plan::input::{Known, PlanDefaults, PlanInput};
use git_orc::domain::plan::model::{CheckedPlan, StepKind};
use git_orc::domain::plan::parse::parse_plan;
use git_orc::domain::policy::scope::ChangeKind;

use super::graphs::assert_waves;

/// A plan in YAML.
pub fn plan_yaml(data: &[u8]) {
    check(&[SourceFile::from_bytes("plan.yaml", data)], Shape::File);
}

/// A plan in JSON.
pub fn plan_json(data: &[u8]) {
    check(&[SourceFile::from_bytes("plan.json", data)], Shape::File);
}

/// A folder of bundles, separated by NUL bytes.
pub fn bundles(data: &[u8]) {
    let files: Vec<SourceFile> =
        data.split(|b| *b == 0).take(8).enumerate().map(|(at, text)| SourceFile::from_bytes(format!("{at}.json"), text)).collect();
    check(&files, Shape::Bundles { folder: "plans/some-phase" });
}

fn check(files: &[SourceFile], shape: Shape<'_>) {
    let defaults = PlanDefaults::default();
    let input = PlanInput { files, shape, defaults: &defaults, known: Known::default() };
    match parse_plan(&input) {
        Ok((plan, notes)) => {
            assert!(notes.iter().all(|note| note.code.severity() != Severity::Error), "a plan with an error was accepted: {notes:?}");
            assert_places(&notes, files);
            assert_plan(&plan);
            assert_waves(&plan);
        }
        Err(errors) => {
            assert!(errors.iter().any(|error| error.code.severity() == Severity::Error), "a plan was refused without an error: {errors:?}");
            assert_places(&errors, files);
        }
    }
}

fn assert_places(diagnostics: &[Diagnostic], files: &[SourceFile]) {
    for one in diagnostics {
        let Some(span) = &one.span else { continue };
        let Some(file) = files.iter().find(|file| file.path == one.file) else { continue };
        assert!(file.text.get(span.start..span.end).is_some(), "{one:?} is no place in a text of {} bytes", file.text.len());
    }
}

/// What every later part of the program relies on.
fn assert_plan(plan: &CheckedPlan) {
    assert!(git2::Reference::is_valid_name(&format!("refs/heads/{}", plan.target)), "target {:?}", plan.target);
    assert!(!plan.target.starts_with('-') && !plan.base.starts_with('-'), "an option as a name: {:?} {:?}", plan.target, plan.base);
    assert!(!plan.workstreams.is_empty());
    for one in &plan.workstreams {
        assert!(matches!(one.steps.first().map(|step| &step.kind), Some(StepKind::Edit(_))), "{} begins with no EDIT", one.id);
        let mut names: Vec<_> = one.steps.iter().map(|step| &step.id).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), one.steps.len(), "{} has two steps of one name", one.id);
        // Judging must be able to follow: no pattern that is accepted may panic.
        let _ = one.scope.judge(&RepoPath::from("src/a.rs"), ChangeKind::Added);
    }
}
