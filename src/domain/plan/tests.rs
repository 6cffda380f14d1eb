//! What the reading of plans says, code by code.

use crate::domain::document::diagnostic::{BEYOND_PLANS, Code, Diagnostic, Severity};
use crate::domain::document::source::{Shape, SourceFile};
use crate::domain::id::ToolId;
use crate::domain::phase::condition::{Condition, Ended};
use crate::domain::plan::input::{Known, PhaseInput, PlanDefaults, PlanInput};
use crate::domain::plan::model::{CheckedPlan, StepKind, ToolChoice};
use crate::domain::plan::parse::parse_plan;
use crate::domain::run::limits::LoopLimits;

type Outcome = Result<(CheckedPlan, Vec<Diagnostic>), Vec<Diagnostic>>;

fn parse_files(files: &[SourceFile], shape: Shape<'_>) -> Outcome {
    let tools = ["command", "replay", "aider"].map(|id| ToolId::parse(id).unwrap());
    let capabilities = ["code_generation".to_owned()];
    let phases = PhaseInput { templates: Some(vec!["planning".to_owned()]), ..PhaseInput::default() };
    let defaults = PlanDefaults { phases, ..PlanDefaults::default() };
    parse_plan(&PlanInput { files, shape, defaults: &defaults, known: Known { tools: &tools, capabilities: &capabilities } })
}

fn parse(text: &str) -> Outcome {
    parse_files(&[SourceFile::new("p.yaml", text)], Shape::File)
}

fn plan(text: &str) -> CheckedPlan {
    parse(text).unwrap_or_else(|found| panic!("{found:#?}")).0
}

fn found(outcome: Outcome) -> Vec<Diagnostic> {
    outcome.map_or_else(|found| found, |(_, found)| found)
}

/// Returns `code line:column` of each diagnostic.
fn brief(found: &[Diagnostic]) -> Vec<String> {
    found.iter().map(|d| d.span.map_or_else(|| d.code.to_string(), |s| format!("{} {}:{}", d.code, s.line, s.column))).collect()
}

#[track_caller]
fn check(text: &str, expect: &[&str]) {
    let found = found(parse(text));
    assert_eq!(brief(&found), expect, "{text}\n{found:#?}");
}

/// Checks a plan of one workstream, whose lines start at line 4 and column 5.
#[track_caller]
fn check_workstream(lines: &str, expect: &[&str]) {
    check(&workstream(lines), expect);
}

fn workstream(lines: &str) -> String {
    format!("version: 1\nworkstreams:\n  - id: a\n    {}\n", lines.replace('\n', "\n    "))
}

const EDIT: &str = "files_scope: [a]\ntool: command\ncommand: x\n";

/// Checks a plan of one complete workstream with more lines, which start at line 7 and column 5.
#[track_caller]
fn check_more(lines: &str, expect: &[&str]) {
    check_workstream(&format!("{EDIT}{lines}"), expect);
}

const TOUR: &str = r#"
version: 1
name: tour
base: HEAD
target: orc/tour
max_workers: 2
gates: { wave: [["cargo", "check"]] }
workstreams:
  - id: ws-a
    files_scope: ["a/**"]
    tool: command
    command: ["sh", "-c", "echo hello >> a/x.txt"]
    static: [["grep", "-q", "hello", "a/x.txt"]]
    runtime: ["test -s a/x.txt"]
    depends_on: []
"#;

#[test]
fn the_tour_means_what_it_says() {
    let (plan, notes) = parse(TOUR).unwrap();
    assert!(notes.is_empty(), "{notes:?}");
    assert_eq!((plan.name.as_str(), plan.base.as_str(), plan.target.as_str()), ("tour", "HEAD", "orc/tour"));
    assert_eq!((plan.max_workers, plan.wave_delay_sec, plan.fail_fast), (Some(2), 0, false));
    assert_eq!(plan.gates.len(), 1);
    assert_eq!((plan.gates[0].id.as_str(), &plan.gates[0].argv().unwrap()[..]), ("wave-1", &["cargo".to_owned(), "check".to_owned()][..]));
    let [workstream] = &plan.workstreams[..] else { panic!("{:?}", plan.workstreams) };
    assert_eq!(workstream.id.as_str(), "ws-a");
    assert!(workstream.parallel_ok && workstream.depends_on.is_empty() && workstream.priority == 0);
    assert_eq!(workstream.limits, LoopLimits::default());
    assert_eq!(workstream.scope.write_globs().collect::<Vec<_>>(), ["a/**"]);
    let [edit, statics, runtime] = &workstream.steps[..] else { panic!("{:?}", workstream.steps) };
    let StepKind::Edit(step) = &edit.kind else { panic!("{edit:?}") };
    assert_eq!(step.tool, ToolChoice::Tool(ToolId::parse("command").unwrap()));
    assert_eq!(step.command.as_deref(), Some(&["sh", "-c", "echo hello >> a/x.txt"].map(str::to_owned)[..]));
    assert_eq!((edit.id.as_str(), statics.id.as_str(), runtime.id.as_str()), ("edit", "static", "runtime"));
    let StepKind::Static(commands) = &statics.kind else { panic!("{statics:?}") };
    assert_eq!(commands, &[["grep", "-q", "hello", "a/x.txt"].map(str::to_owned).to_vec()]);
    let StepKind::Runtime(commands) = &runtime.kind else { panic!("{runtime:?}") };
    assert_eq!(commands, &[["test", "-s", "a/x.txt"].map(str::to_owned).to_vec()]);
}

#[test]
fn text_codes() {
    check("a: [1, 2\nb: 3\n", &["syntax 2:2"]);
    check("version: 1\n\tx: 2\n", &["syntax 2:1"]);
    check("a: *nowhere\n", &["syntax 1:4"]);
    check("a: &a [*a]\n", &["syntax 1:8"]);
    check("--- 1\n--- 2\n", &["unsupported-yaml 2:1"]);
    check("version: !!int 1\nname: !secret x\n", &["unsupported-yaml 2:15"]);
    check(&format!("{}{}", "[".repeat(60), "]".repeat(60)), &["too-deep 1:49"]);
    check(&" ".repeat(1024 * 1024 + 1), &["too-large 1:1"]);
    check_more("allow_empty: true\nallow_empty: true\n", &["duplicate-key 8:5"]);
    check("a: \"x\u{85}y\"\n", &["ambiguous-yaml 1:4"]);
    check_more("metadata: {k: {x: 1, x: 2}, 3: y}\n", &["duplicate-key 7:26", "unsupported-yaml 7:33"]);
    let bad = SourceFile::from_bytes("p.yaml", b"version: 1\nname: \xff\n");
    assert_eq!(brief(&found(parse_files(&[bad], Shape::File))), ["not-utf8 2:7"]);
}

#[test]
fn alias_bombs_are_refused_before_they_go_off() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        bomb += &format!("a{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); 10].join(", "));
    }
    let found = found(parse(&bomb));
    assert_eq!(found[0].code, Code::TooLarge, "{found:?}");
    // Nested anchors around one large list are copies too.
    let nested = format!("{}{}{}", (0..40).map(|n| format!("&n{n} [")).collect::<String>(), "x, ".repeat(100_000), "]".repeat(40));
    assert_eq!(parse(&nested).unwrap_err()[0].code, Code::TooLarge);
}

#[test]
fn aliases_serve() {
    let text = "version: 1\nworkstreams:\n  - {id: a, files_scope: &scope [src], tool: command, command: &run [x, y]}\n  - {id: b, depends_on: [a], files_scope: *scope, tool: command, command: *run}\n";
    let plan = plan(text);
    assert_eq!(plan.workstreams[1].scope.write_globs().collect::<Vec<_>>(), ["src"]);
}

#[test]
fn structure_codes() {
    check("- 1\n", &["wrong-type 1:1"]);
    check("", &["wrong-type 1:1"]);
    check("version: 1\n", &["missing-key 1:1"]);
    check("version: 1\nworkstreams: []\n", &["empty-plan 2:14"]);
    check("version: 2\nworkstreams: [{id: a, files_scope: [a], tool: replay, patches: [x]}]\n", &["unsupported-version 1:10"]);
    check("name: Tour\nworkstreams: [{id: a b, files_scope: [a], tool: replay, patches: [x]}]\n", &["invalid-id 1:7", "invalid-id 2:20"]);
    check("workstreams: [{files_scope: [a], tool: replay, patches: [x]}]\n", &["missing-key 1:15"]);
    check_more("parallel_ok: yes\n", &["wrong-type 7:18"]);
    check_more(
        "title: 5\ntasks: x\ndepends_on:\nmetadata: []\n",
        &["wrong-type 7:12", "wrong-type 8:12", "wrong-type 9:15", "wrong-type 10:15"],
    );
    check_more("timeout_sec: 0\nmax_cost_usd: -1\n", &["out-of-range 7:18", "out-of-range 8:19"]);
    check_more("timeout_sec: 1.5\nmax_cost_usd: .nan\n", &["wrong-type 7:18", "out-of-range 8:19"]);
    check_more("priority: forground\nkind: task\n", &["unknown-value 7:15", "unknown-value 8:11"]);
    check_more("setup: [[], '', ' ']\n", &["empty-command 7:13", "empty-command 7:17", "empty-command 7:21"]);
    check_more("setup: [[a, 5], 7]\n", &["wrong-type 7:17", "wrong-type 7:21"]);
    check_more("retry: {max_attempts: 0, jitter: 2}\n", &["out-of-range 7:27", "out-of-range 7:38"]);
    check_more("circuit_breaker: {per_step: 1, timeouts: {idle: 0, edit: 0}}\n", &["unknown-key 7:23", "out-of-range 7:62"]);
    check_more("test_gates: [{type: GATE_X}, {required: true}]\n", &["unknown-value 7:25", "missing-key 7:34"]);
    check_more("x-own: {anything: [1]}\n", &[]);
    check(
        "defaults: {id: a, depends_on: [b], tol: x}\nworkstreams: [{id: a, files_scope: [a], tool: replay, patches: [x]}]\n",
        &["unknown-key 1:12", "unknown-key 1:19", "unknown-key 1:36"],
    );
}

#[test]
fn hints_name_the_nearest() {
    let hint = |text: &str| found(parse(text))[0].hint.clone().unwrap_or_default();
    assert_eq!(hint(&workstream(&format!("{EDIT}file_scope: [b]"))), "Did you mean `files_scope`?");
    assert_eq!(hint(&workstream("files_scope: [a]\ntool: adier\ntasks: [x]")), "Did you mean `aider`?");
    assert_eq!(hint(&workstream("files_scope: [a]\ncapability: code_gen\ntasks: [x]")), "Did you mean `code_generation`?");
    assert_eq!(hint(&workstream(&format!("{EDIT}kind: dosc"))), "Did you mean `docs`?");
    assert!(hint(&workstream(&format!("{EDIT}zzz: 1"))).contains("metadata"));
    assert!(hint(&workstream(&format!("{EDIT}<<: {{a: 1}}"))).contains("Merge keys"));
    assert!(hint(&workstream(&format!("{EDIT}_comment_x: 1"))).contains("YAML comment"));
}

fn three(a: &str, b: &str, c: &str) -> String {
    let one = |id: &str, more: &str| format!("  - {{id: {id}, files_scope: [{id}], tool: command, command: x{more}}}\n");
    format!("workstreams:\n{}{}{}", one("a", a), one("b", b), one("c", c))
}

#[test]
fn dependency_codes() {
    check(&three("", ", depends_on: [a]", ", depends_on: [a, b]"), &[]);
    check(&three(", depends_on: [a]", ", depends_on: [z]", ""), &["self-dependency 2:71", "unknown-id 3:71"]);
    check(&three("", ", depends_on: [a, a]", ""), &["duplicate-dependency 3:74"]);
    check(&three("", "", "").replace("id: c", "id: a"), &["duplicate-id 4:10"]);
    let text = three(", depends_on: [b]", ", depends_on: [c]", ", depends_on: [a]");
    check(&text, &["cycle 2:10"]);
    let found = parse(&text).unwrap_err();
    assert_eq!(found[0].message, "dependencies form a cycle: a -> b -> c -> a");
    assert_eq!(found[0].related.iter().map(|r| r.span.line).collect::<Vec<_>>(), [2, 3, 4]);
    // What could not be read may be what is missing.
    check(&three("", ", depends_on: [aa]", "").replace("id: a,", "id: A,"), &["invalid-id 2:10"]);
}

#[test]
fn scope_codes() {
    check_workstream("tool: command\ncommand: x", &["empty-scope 3:9"]);
    check_workstream("tool: command\ncommand: x\nfiles_scope: []", &["empty-scope 3:9"]);
    check_workstream("tool: command\ncommand: x\nfiles_create: [a]", &[]);
    check_workstream(
        "tool: command\ncommand: x\nfiles_scope: [a, '../b', '']\nfiles_forbid: ['[']",
        &["bad-glob 6:22", "bad-glob 6:30", "bad-glob 7:20"],
    );
    check_workstream("tool: command\ncommand: x\nfiles_scope: [a, b]\nfiles_forbid: [b]", &["contradictory-scope 6:22"]);
    check_workstream("tool: command\ncommand: x\nfiles_scope: [1]", &["wrong-type 6:19"]);
}

#[test]
fn overlaps_are_notes() {
    let text = three("", ", depends_on: [a]", "").replace("files_scope: [b]", "files_scope: [c/x]");
    check(&text, &[]);
    let text = three("", "", "").replace("files_scope: [b]", "files_scope: ['c/*.rs']");
    let (_, notes) = parse(&text).unwrap();
    assert_eq!(brief(&notes), ["overlap 4:10"]);
    assert_eq!((notes[0].severity, notes[0].related[0].span.line), (Severity::Note, 3));
    check(&text.replace("command: x", "command: x, conflict_group: g"), &[]);
    check(&text.replace("command: x", "command: x, parallel_ok: false"), &[]);
}

#[test]
fn command_codes() {
    check_more("setup: ['a \"b']", &["bad-command 7:13"]);
    check_more("setup: [cargo, -q]", &["bad-command 7:20"]);
    check_more("setup: [['', x], ['a', \"\\0\"]]", &["bad-command 7:13", "bad-command 7:22"]);
    check_more(
        "setup: [a && b, 'a > b', \"a '|' b\", [a, '&&', b], 'echo $HOME']",
        &["shell-syntax 7:13", "shell-syntax 7:21", "shell-syntax 7:55"],
    );
}

#[test]
fn plan_codes() {
    let with = |line: &str| format!("{}{line}\n", three("", "", ""));
    check(&with("target: refs/heads/x"), &["invalid-branch 5:9"]);
    check(&with("target: a..b"), &["invalid-branch 5:9"]);
    check(&with("base: --x"), &["invalid-base 5:7"]);
    check(&with("base: ''"), &["invalid-base 5:7"]);
    check(&with("gates: {wave: [a, {command: b, id: wave-1}]}"), &["duplicate-id 5:36"]);
    check(&with("gates: {wve: []}"), &["unknown-key 5:9"]);
    let plan = plan(&with("gates: {wave: [a b, {command: [c], id: lint, timeout_sec: 5}]}\nname: n"));
    assert_eq!(plan.gates.iter().map(|g| (g.id.as_str(), g.timeout_sec)).collect::<Vec<_>>(), [("wave-1", None), ("lint", Some(5))]);
    assert_eq!((plan.target.as_str(), plan.base.as_str()), ("orc/n", "HEAD"));
}

#[test]
fn tool_codes() {
    check_workstream("files_scope: [a]\ntasks: [x]", &["missing-tool 3:9"]);
    check_workstream("files_scope: [a]\ntool: command", &["missing-command 3:9"]);
    check_workstream("files_scope: [a]\ntool: replay\npatches: []", &["missing-command 3:9"]);
    check_workstream("files_scope: [a]\ntool: aider\ntasks: [x]\ncommand: y\npatches: [z]", &["misplaced-key 7:14", "misplaced-key 8:14"]);
    check_workstream("files_scope: [a]\ntool: aider", &["no-instructions 3:9"]);
    check_workstream("files_scope: [a]\ntool: nobody\ntitle: x\ncapability: flying", &["unknown-tool 5:11", "unknown-capability 7:17"]);
    check_more("prompt: x\nprompt_file: y", &["conflicting-keys 8:18"]);
    check_more(
        "retry: {initial_delay: 1, initial_delay_sec: 2, strategy: fixed, factor: 2}",
        &["conflicting-keys 7:28", "conflicting-keys 7:78"],
    );
}

#[test]
fn step_codes() {
    let steps = |steps: &str, expect: &[&str]| check_workstream(&format!("files_scope: [a]\ntool: command\nsteps:\n{steps}"), expect);
    steps("  - {id: e, command: x}\n  - {id: s, kind: static, run: [y]}", &[]);
    steps("  - {id: s, kind: static, run: [y]}\n  - {id: e, command: x}", &["first-step 7:9"]);
    steps("  - {id: s, kind: static, run: [y], depends_on: [e]}\n  - {id: e, command: x}", &[]);
    steps("  - {id: fix, command: x}", &["reserved-id 7:14"]);
    steps("  - {id: e, command: x, run: [y]}", &["misplaced-key 7:34"]);
    steps("  - {id: e, command: x}\n  - {id: s, kind: runtime, command: x}", &["missing-command 8:14", "misplaced-key 8:41"]);
    steps("  - {id: e, command: x}\n  - {id: e, command: x, depends_on: [q]}", &["duplicate-id 8:14", "unknown-id 8:42"]);
    steps("  - {id: e, command: x, depends_on: [f]}\n  - {id: f, command: x, depends_on: [e]}", &["cycle 7:14"]);
    steps("  - {id: e}", &["missing-command 7:14"]);
    check_more("steps: [{id: e, command: y}]", &["conflicting-keys 6:14"]);
}

/// Checks a plan of one workstream of steps, whose lines start at line 7 and column 5.
#[track_caller]
fn check_steps(lines: &str, expect: &[&str]) {
    check_workstream(&format!("files_scope: [a]\ntool: aider\ntitle: t\nsteps:\n{lines}"), expect);
}

#[test]
fn rules_of_steps() {
    check_steps("- {id: x, expects: [{words: 3}]}", &["incomplete-rule 8:33"]);
    check_steps("- {id: x, when: [{}]}", &["incomplete-rule 8:22"]);
    check_steps("- {id: x, when: [{any: []}]}", &["incomplete-rule 8:28"]);
    check_steps("- {id: x, when: [{not: [{exists: a, absent: b}]}]}", &["conflicting-keys 8:49"]);
    check_steps("- {id: x, when: [{step: {y: passed}}]}\n- {id: y}", &["unknown-id 8:30"]);
    check_steps("- {id: x}\n- {id: y, when: [{step: {x: mended}}]}", &["unknown-id 9:30"]);
    check_steps("- {id: x, runtime: [a]}\n- {id: y, when: [{step: {x: mended}}, {step: {x: skipped}}]}", &[]);
    check_more("pipeline: nothing", &["unknown-pipeline 7:15"]);
    check_steps("- {id: x, template: nothing}", &["unknown-template 8:25"]);
    check_steps("- {id: x, fixes: 3}", &["misplaced-key 8:22"]);
    check_steps(&format!("- {{id: {}, static: [a]}}", "x".repeat(60)), &["long-id 8:12"]);
    check_steps("- {id: x, runtime: [a]}\n- {id: x-test, kind: static, run: [a]}", &["duplicate-id 9:12"]);
    check_steps("- {id: x, artifacts: [{name: n, path: a}, {name: n, path: \"[\"}]}", &["duplicate-id 8:54", "bad-glob 8:63"]);
    // What is wrong beside a missing tool is told as well.
    let text = "files_scope: [a]\ntitle: t\nsteps:\n- {id: x, expects: [{}]}";
    check_workstream(text, &["missing-tool 7:12", "incomplete-rule 7:25"]);
}

#[test]
fn an_edit_step_is_followed_by_its_checks() {
    let lines = "- {id: x, when: [{exists: in}], needs: [{exists: a}], expects: [{exists: b}], static: [s], runtime: [r], fixes: 1, role: me}\n- {id: y}\n- {id: z, kind: static, expects: [{absent: c}]}";
    let plan = plan(&workstream(&format!("files_scope: [a]\ntool: aider\ntitle: t\nsteps:\n{lines}")));
    let steps = &plan.workstreams[0].steps;
    let ids: Vec<_> = steps.iter().map(|step| step.id.as_str()).collect();
    assert_eq!(ids, ["x", "x-check", "x-test", "y", "z"]);
    let rules: Vec<_> = steps.iter().map(|step| (step.rules.when.len(), step.rules.needs.len(), step.rules.expects.len())).collect();
    assert_eq!(rules, [(1, 1, 0), (1, 0, 1), (1, 0, 0), (0, 0, 0), (0, 0, 1)]);
    assert!(matches!(&steps[1].kind, StepKind::Static(commands) if commands[..] == [["s"]]), "{steps:?}");
    assert!(matches!(&steps[2].kind, StepKind::Runtime(commands) if commands[..] == [["r"]]), "{steps:?}");
    let follows = |at: usize| (steps[at].rules.phase.as_deref(), steps[at].rules.role.as_deref(), steps[at].rules.fixes);
    assert_eq!(follows(1), (Some("x"), Some("me"), Some(1)));
    assert_eq!(follows(2), follows(1));
    // A check is due when its step was done, whatever holds of the files by then.
    assert!(
        matches!(&steps[1].rules.when[..], [Condition::Not(inner)] if matches!(&inner[..], [Condition::Step { ended: Ended::Skipped, step }] if step.as_str() == "x"))
    );
}

#[test]
fn goal_codes() {
    let goal = |goal: &str, expect: &[&str]| check_more(&format!("goals: [{{id: g, {goal}}}]"), expect);
    goal("measure: words, at_least: 5", &[]);
    goal("command: [x], number: '/a/b', at_least: 5, tolerance: 0.1, weight: 2, required: true, strategies: [own]", &[]);
    goal("measure: completeness, parts: [A]", &[]);
    goal("measure: words", &["missing-target 7:18"]);
    goal("measure: completeness", &["missing-target 7:18"]);
    goal("at_least: 5", &["missing-command 7:18"]);
    goal("measure: words, at_least: 5, at_most: 9", &["conflicting-keys 7:59"]);
    goal("measure: words, at_least: 5, command: x", &["misplaced-key 7:59"]);
    goal("measure: findings, at_most: 0, in: '*'", &["misplaced-key 7:56"]);
    goal("measure: words, at_least: 5, in: '['", &["bad-glob 7:54"]);
    goal("measure: coverage, at_least: 5, report: ../x", &["bad-path 7:61"]);
    goal("command: x, number: '[', at_least: 5", &["bad-regex 7:41"]);
    goal("command: x, number: 'a', at_least: 5", &["bad-regex 7:41"]);
    check_more("goals: [{id: g, measure: words, at_least: 5}, {id: g, measure: words, at_least: 6}]", &["duplicate-id 7:56"]);
    check_more("goals: request", &[]);
    check_more("goals: reqest", &["unknown-value 7:12"]);
    check_more("goals: {rounds: 2, min_progress: 0, required: true, list: [{id: g, measure: words, at_least: 5}]}", &[]);
}

#[test]
fn every_code_of_the_parser_has_a_test() {
    let here = concat!(include_str!("tests.rs"), include_str!("tests/meaning.rs"));
    let of_plans = Code::ALL.iter().filter(|code| !BEYOND_PLANS.contains(code));
    let untested: Vec<_> =
        of_plans.filter(|code| !here.contains(&format!("\"{code} ")) && !here.contains(&format!("Code::{code:?}"))).collect();
    assert!(untested.is_empty(), "no table above expects {untested:?}");
}

#[test]
fn all_errors_come_at_once_and_in_order() {
    let text = "version: 1\nnme: x\nworkstreams:\n  - id: a\n    files_scpe: [a]\n    timeout_sec: -3\n  - id: a\n    files_scope: ['[']\n    tool: command\n    command: 'x \"'\n    depends_on: [c]\n";
    check(
        text,
        &[
            "unknown-key 2:1",
            "unknown-key 5:5",
            "out-of-range 6:18",
            "duplicate-id 7:9",
            "bad-glob 8:19",
            "bad-command 10:14",
            "unknown-id 11:18",
        ],
    );
}

#[test]
fn a_flood_of_errors_is_cut() {
    let text = format!("workstreams: []\n{}", (0..5000).map(|n| format!("k{n}: 1\n")).collect::<String>());
    let found = parse(&text).unwrap_err();
    assert_eq!(found.len(), 201);
    assert_eq!(found[200].code, Code::Omitted);
    assert_eq!(found[200].message, "4801 more diagnostics are not shown");
}

mod meaning;
mod noise;
