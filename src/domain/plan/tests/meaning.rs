//! What plans mean: defaults, limits, bundles, order.

use super::{EDIT, brief, check, check_more, found, parse, parse_files, plan, three, workstream};
use crate::domain::document::source::{Shape, SourceFile};
use crate::domain::plan::model::{PromptSource, StepKind};
use crate::domain::run::limits::{Growth, OnExhausted};

#[test]
fn defaults_fill_in_and_own_values_win() {
    let text = "
defaults:
  tool: command
  command: [x]
  files_forbid: [secret]
  priority: background
  timeout_sec: 9
  prompt_file: p.md
  circuit_breaker: {oscillation_window: 7, max_fix_iterations: {static: 9}, timeouts: {edit: 11}}
  retry: {max_attempts: 7, initial_delay_sec: 3}
workstreams:
  - {id: a, files_scope: [a]}
  - {id: b, files_scope: [b], tool: aider, prompt: do it, priority: 4, timeout_sec: 8, circuit_breaker: {max_fix_iterations: {runtime: 8}}, retry: {factor: 5}}
";
    let plan = plan(text);
    let [a, b] = &plan.workstreams[..] else { panic!() };
    assert_eq!((a.priority, b.priority), (-10, 4));
    assert_eq!((a.steps[0].timeout_sec, b.steps[0].timeout_sec), (Some(9), Some(8)));
    assert_eq!(a.prompt, Some(PromptSource::File("p.md".to_owned())));
    assert_eq!(b.prompt, Some(PromptSource::Text("do it".to_owned())));
    assert_eq!(b.scope.forbid_globs().collect::<Vec<_>>(), ["secret"]);
    assert_eq!((b.limits.max_fix_iterations.statics, b.limits.max_fix_iterations.runtime), (9, 8));
    assert_eq!((b.limits.oscillation_window, b.limits.timeouts.edit, b.limits.timeouts.fix), (7, 11, 300));
    assert_eq!((b.limits.retry.max_attempts, b.limits.retry.initial_delay_sec, b.limits.retry.factor), (7, 3.0, 5.0));
    let StepKind::Edit(edit) = &b.steps[0].kind else { panic!() };
    assert_eq!(edit.command, None);
}

#[test]
fn fixers_are_inherited_and_nobody_else_has_their_name() {
    let text = "
defaults: {tool: command, command: x, fixers: [cargo fmt, [ruff, check, --fix]]}
workstreams:
  - {id: a, files_scope: [a], static: [y]}
  - {id: b, files_scope: [b], fixers: []}
";
    let fixers: Vec<_> = plan(text).workstreams.into_iter().map(|w| w.fixers).collect();
    assert_eq!(fixers, [vec![vec!["cargo", "fmt"], vec!["ruff", "check", "--fix"]], vec![]]);
    check(
        &text.replace("cargo fmt", "'--fix'").replace("fixers: []", "fixers: ['a \"'], fixer: [x]"),
        &["bad-command 2:48", "bad-command 5:40", "unknown-key 5:48"],
    );
}

#[test]
fn own_commands_win_over_steps_of_the_defaults() {
    let text = "
defaults: {tool: command, steps: [{id: only, command: x}]}
workstreams:
  - {id: a, files_scope: [a]}
  - {id: b, files_scope: [b], command: y, static: [z]}
";
    let ids: Vec<Vec<String>> = plan(text).workstreams.iter().map(|w| w.steps.iter().map(|s| s.id.to_string()).collect()).collect();
    assert_eq!(ids, [vec!["only"], vec!["edit", "static"]]);
}

#[test]
fn a_wrong_default_is_said_once() {
    let text =
        three("", "", "").replace(", tool: command", "").replace("workstreams", "defaults: {tool: comand, setup: ['\"']}\nworkstreams");
    check(&text.replace(", command: x", ", tasks: [t]"), &["unknown-tool 1:18", "bad-command 1:34"]);
}

#[test]
fn a_bundle_is_told_from_a_plan() {
    check("id: ws-a\nfiles_scope: [a]\ntool: aider\n", &["wrong-type 1:1"]);
    check("- id: ws-a\n", &["wrong-type 1:1"]);
}

#[test]
fn limits_speak_both_dialects() {
    let limits = |lines: &str| plan(&workstream(&format!("{EDIT}{lines}"))).workstreams[0].limits.clone();
    let breaker = limits(
        "circuit_breaker: {max_attempts: 5, max_error_repeats: 4, oscillation_threshold: 3, on_exhausted: pause, max_resolve_attempts: 0}",
    );
    assert_eq!((breaker.retry.max_attempts, breaker.min_oscillation_repeats, breaker.max_resolve_attempts), (5, 3, 0));
    assert_eq!(breaker.on_exhausted, OnExhausted::Pause);
    assert_eq!(limits("circuit_breaker: {max_error_repeats: 0}").min_oscillation_repeats, 1);
    assert_eq!(limits("circuit_breaker: {max_error_repeats: 1, min_oscillation_repeats: 6}").min_oscillation_repeats, 6);
    let retry = limits("retry: {enabled: true, strategy: linear, initial_delay: 2, max_delay: 9, jitter: false}").retry;
    assert_eq!((retry.growth, retry.initial_delay_sec, retry.max_delay_sec, retry.jitter), (Growth::Linear, 2.0, 9.0, 0.0));
    assert_eq!(limits("retry: {enabled: false, max_attempts: 9}").retry.max_attempts, 1);
    assert_eq!(limits("retry: {strategy: fixed}").retry.factor, 1.0);
    assert_eq!(limits("retry: {jitter: 0.5}").retry.jitter, 0.5);
}

#[test]
fn listed_steps_come_in_the_order_of_their_dependencies() {
    let text = workstream(
        "files_scope: [a]\ntool: command\ntimeout_sec: 5\nsteps:\n  - {id: test, kind: runtime, run: [t], depends_on: [tidy]}\n  - {id: write, command: w, timeout_sec: 6, tasks: [t1]}\n  - {id: tidy, tool: aider, description: tidy up}",
    );
    let plan = plan(&text);
    let steps = &plan.workstreams[0].steps;
    assert_eq!(
        steps.iter().map(|s| (s.id.as_str(), s.timeout_sec)).collect::<Vec<_>>(),
        [("write", Some(6)), ("tidy", Some(5)), ("test", Some(5))]
    );
}

#[test]
fn json_has_places_too() {
    let json = |text: &str| brief(&found(parse_files(&[SourceFile::new("p.json", text)], Shape::File)));
    assert_eq!(json("{\"workstreams\": [{\"id\": \"a\", \"files_scope\": [\"a\"], \"tool\": \"command\", \"command\": \"x\"}]}"), [""; 0]);
    assert_eq!(
        json("{\n\t\"nam\\u0065\": \"x y\",\n \"ver\": [1, {\"a\": \"\\\"]\"}]\n}"),
        ["missing-key 1:1", "invalid-id 2:15", "unknown-key 3:2"]
    );
    assert_eq!(
        json("{\"é\": 1, \"b\":2, \"b\" : 3, \"workstreams\": []}"),
        ["unknown-key 1:2", "unknown-key 1:10", "duplicate-key 1:17", "empty-plan 1:41"]
    );
    assert_eq!(json("{\"a\": 1,}"), ["syntax 1:9"]);
    assert_eq!(json("{\n \"é\": tru }"), ["syntax 2:10"]);
    assert_eq!(json(""), ["syntax 1:1"]);
    assert_eq!(json(&"[".repeat(300)), ["too-deep 1:128"]);
    assert_eq!(json(&format!("{}{}", "[".repeat(60), "]".repeat(60))), ["too-deep 1:50"]);
}

const BUNDLE: &str = r#"{"id": "ws-1", "openspec_change": "OS-1", "ccpm_issue": 5, "gate": 1, "files_scope": ["/src\\a.py"], "tasks": ["t"], "tool": "aider",
 "circuit_breaker": {"max_attempts": 5, "per_step": {"x": 1}}, "priority": "background"}"#;

#[test]
fn bundles_are_read_in_the_order_of_their_names() {
    let files = [
        SourceFile::new(
            "f/b.json",
            format!("[{}]", BUNDLE.replace("ws-1", "ws-2").replace("\"tasks\"", "\"depends_on\": [\"ws-1\"], \"tasks\"")),
        ),
        SourceFile::new("f/a.json", BUNDLE),
    ];
    let shape = Shape::Bundles { folder: "some/My Folder" };
    let (plan, notes) = parse_files(&files, shape).unwrap_or_else(|found| panic!("{found:#?}"));
    assert!(notes.is_empty(), "{notes:?}");
    assert_eq!((plan.name.as_str(), plan.base.as_str(), plan.target.as_str()), ("my-folder", "HEAD", "orc/my-folder"));
    assert_eq!(plan.workstreams.iter().map(|w| w.id.as_str()).collect::<Vec<_>>(), ["ws-1", "ws-2"]);
    let first = &plan.workstreams[0];
    assert_eq!((first.limits.retry.max_attempts, first.priority), (5, -10));
    assert_eq!((&first.metadata["ccpm_issue"], &first.metadata["gate"]), (&5.into(), &1.into()));
    let files = [
        SourceFile::new("f/a.json", "{"),
        SourceFile::new("f/b.yaml", BUNDLE.replace("\"tasks\"", "\"depends_on\": [\"ws-9\"], \"tasks\"")),
    ];
    assert_eq!(brief(&found(parse_files(&files, shape))), ["syntax 1:1"]);
    assert_eq!(brief(&found(parse_files(&[SourceFile::new("f/a.json", "5")], shape))), ["wrong-type 1:1"]);
    assert_eq!(brief(&found(parse_files(&[], shape))), ["empty-plan"]);
    assert_eq!(found(parse_files(&[], shape))[0].file, "some/My Folder");
    assert_eq!(brief(&found(parse_files(&[], Shape::File))), ["empty-plan"]);
}

#[test]
fn budgets_are_those_of_the_workstream_then_those_of_the_defaults() {
    let defaults = "budget: {run: {usd: 5, minutes: 0.5}}\ndefaults: {max_cost_usd: 1, budget: {attempt: {tokens: 100, minutes: 2}}}\n";
    let rest = "workstreams:\n- {id: a, files_scope: [a], tool: command, command: [x]}\n\
                - {id: b, files_scope: [b], tool: command, command: [x], budget: {attempt: {tokens: 7}, workstream: {usd: 3}}}\n";
    let plan = plan(&format!("{defaults}{rest}"));
    assert_eq!((plan.budget.usd.map(|usd| usd.0), plan.budget.tokens, plan.budget.seconds), (Some(5_000_000), None, Some(30)));
    let told = |at: usize| {
        let budget = plan.workstreams[at].budget;
        (budget.attempt.tokens, budget.attempt.seconds, budget.workstream.usd.map(|usd| usd.0))
    };
    assert_eq!(told(0), (Some(100), Some(120), Some(1_000_000)));
    assert_eq!(told(1), (Some(7), Some(120), Some(3_000_000)));
    check_more("max_cost_usd: 1\nbudget: {workstream: {usd: 1}}\n", &["conflicting-keys 7:19"]);
    check_more("budget: {run: {usd: 1}}\n", &["unknown-key 7:14"]);
    check_more("budget: {attempt: {tokens: -1}}\n", &["out-of-range 7:32"]);
}

#[test]
fn ten_thousand_workstreams_are_read_without_quadratic_work() {
    use std::fmt::Write;
    let mut text = "version: 1\ndefaults: {tool: command, command: x}\nworkstreams:\n".to_owned();
    for n in 0..10_000 {
        let depends = if n % 100 == 0 { String::new() } else { format!(", depends_on: [w{}]", n - 1) };
        writeln!(text, "- {{id: w{n}, files_scope: [src/m{n}/**]{depends}}}").unwrap();
    }
    assert!(text.len() < 1024 * 1024, "{}", text.len());
    assert_eq!(plan(&text).workstreams.len(), 10_000);
    // All of one level and of one scope: the notes stop early.
    let cut = |line: &str| match line.split_once("/m") {
        Some((start, _)) => format!("{start}]}}\n"),
        None => format!("{line}\n"),
    };
    let crowded: String = text.lines().map(cut).collect();
    let (plan, notes) = parse(&crowded).unwrap_or_else(|found| panic!("{found:#?}"));
    assert_eq!((plan.workstreams.len(), notes.len()), (10_000, 13));
}
