//! Each shipped pipeline from end to end, undisturbed, and killed in its middle.

use super::stage::Stage;
use crate::harness::TestEnvironment;

/// A pipeline, what the tool does in it, the phase in which the program is killed, the files that it makes, and how its steps end.
struct Case {
    pipeline: &'static str,
    script: &'static str,
    stop: &'static str,
    more: &'static [&'static str],
    files: &'static [&'static str],
    ends: &'static [&'static str],
}

const CODE: Case = Case {
    pipeline: "code",
    script: r##"case "$ORC_STEP" in
        analysis) mkdir -p docs; seq 1 150 > docs/analysis.md;;
        planning) printf '# Plan\n\n## Steps\n\nwrite tests\n' > docs/plan.md;;
        fix) seq 1 400 >> docs/plan.md;;
        implementation) mkdir -p src; printf 'def hello():\n    return 1\n' > src/hello.py;;
        review) seq 1 60 > docs/review.md;;
    esac"##,
    stop: "implementation",
    more: &[],
    files: &["docs/analysis.md", "docs/plan.md", "docs/review.md", "src/hello.py"],
    ends: &[
        "analysis passed",
        "analysis-check passed",
        "planning passed",
        "planning-check failed",
        "fix passed",
        "planning-check passed",
        "implementation passed",
        "implementation-check passed",
        "review passed",
        "review-check passed",
    ],
};

const FICTION: Case = Case {
    pipeline: "fiction",
    script: r##"case "$ORC_STEP" in
        planning) mkdir -p story; printf '# Plan\n\nThe characters, the setting.\n' > story/plan.md; seq 1 400 >> story/plan.md;;
        architecture) printf '# Chapter 1\n\n# Chapter 2\n' > story/outline.md;;
        writing) mkdir -p story/chapters; printf '# One\n' > story/chapters/01.md; seq 1 120 >> story/chapters/01.md;;
        assembly) printf '# The story\n' > story/story.md; cat story/chapters/*.md >> story/story.md;;
        critique) seq 1 60 > story/critique.md;;
    esac"##,
    stop: "writing",
    more: &[],
    files: &["story/chapters/01.md", "story/critique.md", "story/outline.md", "story/plan.md", "story/story.md"],
    ends: &[
        "planning passed",
        "planning-check passed",
        "architecture passed",
        "architecture-check passed",
        "writing passed",
        "writing-check passed",
        "assembly passed",
        "assembly-check passed",
        "critique passed",
        "critique-check passed",
    ],
};

const DOCS: Case = Case {
    pipeline: "docs",
    script: r##"case "$ORC_STEP" in
        survey) mkdir -p docs; seq 1 150 > docs/survey.md;;
        outline) printf '# docs/guide.md\n\n# docs/api.md\n' > docs/outline.md;;
        writing) seq 1 120 > docs/guide.md;;
        review) seq 1 60 > docs/review.md;;
    esac"##,
    stop: "outline",
    more: &[],
    files: &["docs/guide.md", "docs/outline.md", "docs/review.md", "docs/survey.md"],
    ends: &[
        "survey passed",
        "survey-check passed",
        "outline passed",
        "outline-check passed",
        "writing passed",
        "writing-check passed",
        "review passed",
        "review-check passed",
    ],
};

const IMPLIED: Case = Case {
    pipeline: "edit-static-runtime",
    script: "echo done > a.txt",
    stop: "edit",
    more: &["--scope", "a.txt"],
    files: &["a.txt"],
    ends: &["edit passed"],
};

const REQUEST: &str = "Make a thing that greets";

fn arguments(case: &Case) -> Vec<&'static str> {
    let words = ["create", case.pipeline, REQUEST, "--tool", "writer", "--target", "orc/tour", "--progress=none"];
    words.into_iter().chain(case.more.iter().copied()).collect()
}

fn undisturbed_and_killed(case: &Case) {
    let (calm, rough) = (TestEnvironment::in_memory(), TestEnvironment::in_memory());
    let stage = Stage::new(&calm, case.script);
    stage.repo.orc(&arguments(case)).expect_code(0);
    assert_eq!(stage.ends(), case.ends);
    assert_eq!(stage.changed(), case.files);
    stage.assert_sound();
    let first = stage.prompt(case.ends[0].split(' ').next().unwrap());
    assert!(first.contains(REQUEST), "{first}");
    let killed = Stage::new(&rough, case.script);
    killed.kill_in(case.stop, &arguments(case));
    killed.repo.orc(&["resume", "--progress=none"]).expect_code(0);
    assert_eq!(killed.changed(), case.files);
    let tree = |stage: &Stage<'_>| stage.repo.git(&["rev-parse", "orc/tour^{tree}"]);
    assert_eq!(tree(&killed), tree(&stage));
    killed.assert_sound();
}

#[test]
fn code_is_analysed_planned_implemented_and_reviewed() {
    undisturbed_and_killed(&CODE);
}

#[test]
fn fiction_is_planned_built_written_put_together_and_criticised() {
    undisturbed_and_killed(&FICTION);
}

#[test]
fn documentation_is_surveyed_outlined_written_and_reviewed() {
    undisturbed_and_killed(&DOCS);
}

#[test]
fn the_implied_pipeline_runs_by_its_name() {
    undisturbed_and_killed(&IMPLIED);
}

#[test]
fn a_phase_is_told_what_those_before_it_have_left_and_what_is_expected() {
    let environment = TestEnvironment::in_memory();
    let stage = Stage::new(&environment, CODE.script);
    stage.repo.orc(&arguments(&CODE)).expect_code(0);
    let prompt = stage.prompt("implementation");
    assert!(prompt.contains("## This phase: implementation"), "{prompt}");
    assert!(prompt.contains("- `docs/analysis.md`: the analysis\n- `docs/plan.md`: the plan\n"), "{prompt}");
    assert!(prompt.contains("These must hold of the files at the end:"), "{prompt}");
    let fix = stage.prompt("fix");
    assert!(fix.contains("- `docs/plan.md` has at least 1,000 characters") || fix.contains("at least 1 000 characters"), "{fix}");
}
