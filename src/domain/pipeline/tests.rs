//! What pipelines become, and what is said about them.

use super::check::{Against, check};
use super::shipped;
use crate::domain::document::diagnostic::Diagnostic;
use crate::domain::document::source::{Shape, SourceFile};
use crate::domain::phase::issue::IssueKind;
use crate::domain::plan::input::{CommandDefaults, Known, PhaseInput, PipelineFile, PlanDefaults, PlanInput};
use crate::domain::plan::model::{CheckedPlan, StepKind, Workstream};
use crate::domain::plan::parse::parse_plan;
use crate::domain::policy::pattern::Pattern;
use crate::domain::prompt::template::Templates;

fn pipeline(text: &str) -> PipelineFile {
    PipelineFile { name: "own".to_owned(), file: SourceFile::new("own.yaml", text) }
}

type Outcome = Result<(CheckedPlan, Vec<Diagnostic>), Vec<Diagnostic>>;

fn parse(plan: &str, phases: PhaseInput) -> Outcome {
    let files = [SourceFile::new("p.yaml", plan)];
    let commands = CommandDefaults { runtime: vec![vec!["test-all".to_owned()]], ..CommandDefaults::default() };
    let defaults = PlanDefaults { phases, commands, ..PlanDefaults::default() };
    parse_plan(&PlanInput { files: &files, shape: Shape::File, defaults: &defaults, known: Known::default() })
}

/// Reads a plan of workstreams with a pipeline of one's own.
#[track_caller]
fn laid(workstreams: &str, own: &str) -> Vec<Workstream> {
    let phases = PhaseInput { pipelines: vec![pipeline(own)], ..PhaseInput::default() };
    let (plan, _) = parse(&format!("version: 1\nworkstreams:\n{workstreams}"), phases).unwrap_or_else(|found| panic!("{found:#?}"));
    plan.workstreams
}

fn steps(one: &Workstream) -> Vec<&str> {
    one.steps.iter().map(|step| step.id.as_str()).collect()
}

#[track_caller]
fn refused(plan: &str, own: &str, expect: &[&str]) {
    let phases = PhaseInput { pipelines: vec![pipeline(own)], ..PhaseInput::default() };
    let found = parse(plan, phases).map_or_else(|found| found, |(_, notes)| notes);
    let told: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), expect.len(), "{told:#?}");
    for (told, expect) in told.iter().zip(expect) {
        assert!(told.contains(expect), "`{expect}` is not in {told}");
    }
}

#[test]
fn the_shipped_pipelines_have_nothing_wrong() {
    let templates = Templates::default().names();
    for one in shipped::pipelines() {
        let nothing = |_: &Pattern| false;
        let against = Against { known: Known::default(), templates: Some(&templates), has: Some(&nothing) };
        let (shown, found) = check(&one, against);
        assert!(found.is_empty(), "{found:#?}");
        assert_eq!(shown.unwrap().name, one.name);
    }
}

#[test]
fn the_issues_of_the_shipped_pipelines_are_those_of_their_phases() {
    let plan = |name: &str| {
        let text = format!("version: 1\nworkstreams: [{{id: a, tool: t, title: x, pipeline: {name}}}]\n");
        parse(&text, PhaseInput::default()).unwrap_or_else(|found| panic!("{found:#?}")).0.workstreams.remove(0)
    };
    let kinds = |one: &Workstream, step: &str| -> Vec<IssueKind> {
        let step = one.steps.iter().find(|own| own.id.as_str() == step).unwrap_or_else(|| panic!("no {step} in {:?}", steps(one)));
        step.rules.expects.iter().map(|one| one.issue).collect()
    };
    let code = plan("code");
    let expect =
        ["analysis", "analysis-check", "planning", "planning-check", "implementation", "implementation-check", "runtime", "review"];
    assert_eq!(steps(&code)[..8], expect, "the tests of the settings come before the review");
    assert!(kinds(&code, "planning-check").contains(&IssueKind::IncompletePlanning));
    assert!(kinds(&code, "planning-check").contains(&IssueKind::InsufficientDetail));
    assert!(kinds(&code, "implementation-check").contains(&IssueKind::NoCodeDetected));
    assert_eq!(code.steps[0].timeout_sec, Some(10 * 60 * 3));
    assert_eq!(code.steps[0].rules.phase.as_deref(), Some("analysis"));
    let fiction = plan("fiction");
    assert!(kinds(&fiction, "architecture-check").contains(&IssueKind::MissingStructure));
    assert!(kinds(&fiction, "writing-check").contains(&IssueKind::InsufficientContent));
    assert_eq!(fiction.scope.write_globs().collect::<Vec<_>>(), ["story/**"]);
}

#[test]
fn the_implied_steps_are_those_of_the_implied_pipeline() {
    let of = |more: &str| {
        let text = format!("version: 1\nworkstreams: [{{id: a, tool: t, title: x, files_scope: [a], static: [[s]]{more}}}]\n");
        parse(&text, PhaseInput::default()).unwrap().0.workstreams.remove(0)
    };
    let (named, implied) = (of(", pipeline: edit-static-runtime"), of(""));
    assert_eq!(steps(&named), steps(&implied));
    assert_eq!(steps(&implied), ["edit", "static", "runtime"]);
    let baselines = |one: &Workstream| one.steps.iter().map(|step| step.baseline).collect::<Vec<_>>();
    assert_eq!(baselines(&named), baselines(&implied));
}

const TWO: &str = "scope: {write: [src/**]}\nphases:\n  - {id: one, expects: [{exists: x}], fixes: 2, artifacts: [{name: n, path: x}]}\n  - {id: two, timeout_sec: 9}\n";

#[test]
fn phases_become_steps() {
    let [one] = &laid("  - {id: a, tool: command, command: [go], pipeline: own}\n", TWO)[..] else { panic!() };
    assert_eq!(steps(one), ["one", "one-check", "two"]);
    assert!(one.steps.iter().all(|step| step.rules.phase.is_some()), "{:?}", one.steps);
    let commands: Vec<_> =
        one.steps.iter().filter_map(|step| if let StepKind::Edit(edit) = &step.kind { edit.command.as_ref() } else { None }).collect();
    assert_eq!(commands, [&["go".to_owned()], &["go".to_owned()]]);
    assert_eq!((one.steps[1].rules.fixes, one.steps[2].timeout_sec), (Some(2), Some(9)));
    assert_eq!(one.scope.write_globs().collect::<Vec<_>>(), ["src/**"]);
    assert_eq!(one.metadata["pipeline"], "own");
    let [one] = &laid("  - {id: a, tool: t, title: x, pipeline: own, files_scope: [b]}\n", TWO)[..] else { panic!() };
    assert_eq!(one.scope.write_globs().collect::<Vec<_>>(), ["b"], "the scope of the plan wins");
}

#[test]
fn phases_become_workstreams() {
    let own = format!("each: workstream\n{TWO}  - {{id: three, depends_on: [one], retry: {{max_attempts: 7}}}}\n");
    let all = "  - {id: b, tool: t, title: x, files_scope: [c], depends_on: [a]}\n  - {id: a, tool: t, title: x, pipeline: own, depends_on: [z]}\n  - {id: z, tool: t, title: x, files_scope: [z]}\n";
    let laid = laid(all, &own);
    let told: Vec<(String, Vec<String>)> =
        laid.iter().map(|one| (one.id.to_string(), one.depends_on.iter().map(ToString::to_string).collect())).collect();
    let own = |id: &str, before: &[&str]| (id.to_owned(), before.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>());
    assert_eq!(
        told,
        [own("b", &["a-two", "a-three"]), own("a-one", &["z"]), own("a-two", &["a-one"]), own("a-three", &["a-one"]), own("z", &[])]
    );
    assert_eq!(steps(&laid[1]), ["one", "one-check"]);
    assert_eq!(laid[3].limits.retry.max_attempts, 7);
    assert_eq!((laid[2].metadata["part_of"].as_str(), laid[2].metadata["made_before"][0]["path"].as_str()), (Some("a"), Some("x")));
}

#[test]
fn whoever_depends_on_a_phase_that_falls_away_depends_on_what_is_before_it() {
    let phases = "phases:\n  - {id: one}\n  - {id: side, depends_on: [one]}\n  - {id: lint, kind: static}\n  - {id: more, kind: static, depends_on: [lint, one]}\n  - {id: two, depends_on: [more]}\n";
    let plan = "  - {id: a, title: t, tool: x, files_scope: [a], pipeline: own}\n";
    assert_eq!(steps(&laid(plan, phases)[0]), ["one", "side", "two"]);
    let all = laid(plan, &format!("each: workstream\n{phases}"));
    let last = all.last().unwrap();
    assert_eq!(last.depends_on.iter().map(ToString::to_string).collect::<Vec<_>>(), ["a-side", "a-one"]);
    refused(
        &format!("version: 1\nworkstreams:\n{plan}"),
        "phases: [{id: one}, {id: two, depends_on: [none]}]",
        &["no step has the id `none`"],
    );
}

#[test]
fn a_pipeline_is_named_by_the_workstream_else_by_whoever_runs_it_else_by_the_defaults() {
    let check = |defaults: &str, more: &str, wished: Option<&str>, expect: &[&str]| {
        let other = PipelineFile { name: "other".to_owned(), file: SourceFile::new("other.yaml", "phases: [{id: other}]\n") };
        let phases =
            PhaseInput { pipelines: vec![pipeline("phases: [{id: own}]\n"), other], pipeline: wished.map(str::to_owned), templates: None };
        let text = format!("version: 1\ndefaults: {{tool: t, title: x, files_scope: [a]{defaults}}}\nworkstreams: [{{id: a{more}}}]\n");
        let (plan, _) = parse(&text, phases).unwrap_or_else(|found| panic!("{found:#?}"));
        assert_eq!(steps(&plan.workstreams[0]), expect, "{defaults} {more} {wished:?}");
    };
    check("", "", None, &["edit", "runtime"]);
    check(", pipeline: own", "", None, &["own"]);
    check(", pipeline: own", ", pipeline: other", None, &["other"]);
    check(", pipeline: own", "", Some("other"), &["other"]);
    check("", "", Some("other"), &["other"]);
    check("", ", pipeline: own", Some("other"), &["own"]);
    check("", ", static: [[s]]", Some("other"), &["edit", "static", "runtime"]);
    check(", pipeline: own", ", steps: [{id: x}]", None, &["x"]);
}

#[test]
fn what_is_wrong_is_told_where_it_stands() {
    let plan = |more: &str| format!("version: 1\nworkstreams: [{{id: a, tool: t, title: x, files_scope: [a], pipeline: own{more}}}]\n");
    refused(
        &plan(""),
        "phases: [{id: one, when: [{}], expects: [{words: 1}]}, {idd: x}]\n",
        &[
            "own.yaml:1:27: a condition that says nothing",
            "own.yaml:1:50: `words` does not say",
            "own.yaml:1:56: missing key `id`",
            "own.yaml:1:57: unknown key `idd`",
        ],
    );
    refused(&plan(", steps: [{id: x}]"), TWO, &["`steps` and `pipeline` exclude each other"]);
    refused(&plan(", static: [[s]]"), TWO, &["no phase of the pipeline `own` takes `static`"]);
    refused(&plan(""), "phases: []\n", &["no phase [empty-plan]"]);
    refused(&plan(""), "name: other\nphases: [{id: one}]\n", &["own.yaml:1:7: the pipeline is called `own` by its file"]);
    refused(&plan(""), "phases: [{id: one, retry: {}}]\n", &["`retry` of a phase belongs to pipelines with `each: workstream`"]);
    refused(&plan(""), "phases: [{id: one, depends_on: [two]}]\n", &["two"]);
    let missing = "version: 1\nworkstreams: [{id: a, title: x, files_scope: [a], pipeline: own}]\n";
    refused(missing, "phases: [{id: one}, {id: two}]\n", &["p.yaml:2:20: nothing says which tool does the work"]);
    let long = format!("version: 1\nworkstreams: [{{id: {}, tool: t, title: x, files_scope: [a], pipeline: own}}]\n", "x".repeat(62));
    refused(&long, "each: workstream\nphases: [{id: one}]\n", &["would have too long a name"]);
}

#[test]
fn what_is_odd_about_a_pipeline_is_told() {
    let lints = |text: &str, expect: &[&str]| {
        let none = |_: &Pattern| false;
        let (_, found) = check(&pipeline(text), Against { known: Known::default(), templates: None, has: Some(&none) });
        let told: Vec<&str> = found.iter().map(|one| one.code.as_str()).collect();
        assert_eq!(told, expect, "{found:#?}");
    };
    lints("phases: [{id: one, needs: [{exists: x}]}]\n", &["unfulfilled"]);
    lints("phases: [{id: one, expects: [{exists: \"x/*\"}]}, {id: two, needs: [{exists: x/y}]}]\n", &[]);
    lints("phases: [{id: one, artifacts: [{name: n, path: x}]}]\n", &["unfulfilled"]);
    lints("scope: {write: [b]}\nphases: [{id: one, expects: [{exists: x}], artifacts: [{name: n, path: x}]}]\n", &["unfulfilled"]);
    lints("phases: [{id: one}, {id: two, when: [{step: {one: skipped}}]}]\n", &["unreachable"]);
    lints("phases: [{id: one, fixes: 0, expects: [{exists: a}]}, {id: two, when: [{step: {one: mended}}]}]\n", &["unreachable"]);
    lints("phases: [{id: one, when: [{issue: missing_output}]}]\n", &["unreachable"]);
    lints("phases: [{id: one, when: [{request: [x]}]}, {id: two, when: [{step: {one: skipped}}]}]\n", &[]);
}

#[test]
fn goals_are_pursued_where_a_phase_says_so_and_money_is_not_given_many_times() {
    let own = |goals: &str| format!("version: 1\neach: workstream\nphases: [{{id: plan}}, {{id: code{goals}}}]\n");
    let plan = |more: &str| format!("  - {{id: a, tool: t, title: x, files_scope: [a], pipeline: own, {more}}}\n");
    let goals = "goals: [{id: size, measure: words, at_least: 10}]";
    let parts = laid(&plan(goals), &own(", goals: true"));
    let pursued: Vec<_> = parts.iter().map(|one| (one.id.as_str(), one.goals.list.len(), one.goals.from_request)).collect();
    assert_eq!(pursued, [("a-plan", 0, Some(false)), ("a-code", 1, None)]);
    let whole = |more: &str| format!("version: 1\nworkstreams:\n{}", plan(more));
    refused(&whole(goals), &own(""), &["no phase of the pipeline `own` pursues `goals` of the workstream"]);
    let often = "every phase of the pipeline `own` is a workstream, and would have this budget";
    refused(&whole("max_cost_usd: 2"), &own(""), &[often]);
    refused(&whole("budget: {workstream: {usd: 2}}"), &own(""), &[often]);
    assert_eq!(laid(&plan("budget: {attempt: {usd: 2}}"), &own("")).len(), 2, "that is for each attempt anyway");
    let steps = "version: 1\nphases: [{id: code, goals: true}]\n";
    refused(
        "version: 1\nworkstreams: [{id: a, tool: t, title: x, files_scope: [a], pipeline: own}]\n",
        steps,
        &["`goals` of a phase belongs to pipelines with `each: workstream`"],
    );
}
