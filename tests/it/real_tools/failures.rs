//! Every way in which a model fails, over the tools: the ledger names the class of the failure, what helps against it follows, what was changed
//! is kept, and no process is left.
//!
//! Tools try again by themselves, some for minutes and some for ever; those get a limit, and running into it is what is expected of them.

use super::profiles::Model;
use super::stage::{BEFORE, EDITED, FIXED, Run, Stage, environment};
use crate::model_server::Behaviour;

/// What is expected of a tool that fails: the class of each attempt, and how the run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Expect {
    /// The class of every failure.
    class: &'static str,
    /// How many attempts there are: where less to read may help, a second one.
    attempts: usize,
    /// The exit code of the run.
    code: i32,
    /// How long the tool gets, in seconds: what ends by itself is given time on a busy machine.
    limit: u32,
}

/// Expects failures that less to read may help against, and then nobody is left.
const fn failed(class: &'static str) -> Expect {
    Expect { class, attempts: 2, code: 1, limit: 150 }
}

/// Expects a tool that is of no use until somebody mends it: it is asked once, and the run waits for that.
const fn broken(class: &'static str) -> Expect {
    Expect { class, attempts: 1, code: 3, limit: 150 }
}

/// A tool that tries again and again, until its time is over.
const OUT_OF_TIME: Expect = Expect { class: "timed_out", attempts: 2, code: 1, limit: 6 };

/// Returns the classes of the failures of a run, oldest first; nothing for what passed.
fn classes(run: &Run) -> Vec<&str> {
    run.steps.iter().map(|step| step["failure"]["class"].as_str().unwrap_or_default()).collect()
}

/// Runs the plan with the least that a tool is tried, and asserts what holds for every failure.
fn fail(stage: &Stage<'_>, expect: Expect) -> Run {
    let before = stage.repo.fingerprint("orc/tour");
    let run = stage.run(&format!("    timeout_sec: {}\n    retry: {{max_attempts: 1}}\n", expect.limit));
    let told = || stage.told(&run);
    assert_eq!(classes(&run), vec![expect.class; expect.attempts], "{}", told());
    assert_eq!(run.outcome.code(), expect.code, "{}", told());
    for step in &run.steps {
        assert_eq!(step["step"], "edit", "{}", told());
        assert!(step["duration_ms"].as_u64().unwrap() < 1000 * u64::from(expect.limit + 30), "{}", told());
    }
    assert!(stage.repo.ledger().of_kind("patch_merged").is_empty(), "{}", told());
    assert!(stage.changes_since(&before).is_empty(), "{:?}", stage.changes_since(&before));
    run
}

fn check(model: Model, expected: &[(&'static str, Expect)]) {
    for &(tool, expect) in expected {
        let environment = environment();
        let Some(stage) = Stage::new(&environment, tool, model) else { continue };
        let run = fail(&stage, expect);
        assert!(stage.repo.ledger().of_kind("patch_created").is_empty(), "{}", stage.told(&run));
        let asked = stage.server.requests().len();
        // On a busy machine some take all of a short limit to start.
        let is_expected = if model == Model::Down { asked == 0 } else { asked > 0 || expect == OUT_OF_TIME };
        assert!(is_expected, "{asked} requests: {}", stage.told(&run));
    }
}

#[test]
#[ignore = "a minute: needs AI tools, which the suites install"]
fn a_model_that_does_nothing_is_no_change() {
    let expected = ["codex", "gemini", "aider", "opencode", "copilot", "qwen"].map(|tool| (tool, failed("no_change")));
    check(Model::Scripted(Behaviour::NoChange), &expected);
}

/// No tool tells a refusal apart.
#[test]
#[ignore = "a minute: needs AI tools, which the suites install"]
fn a_model_that_refuses_is_no_change() {
    check(Model::Scripted(Behaviour::Refuse), &["codex", "gemini", "aider"].map(|tool| (tool, failed("no_change"))));
}

#[test]
#[ignore = "a minute: needs AI tools, which the suites install"]
fn a_server_that_is_broken_is_told() {
    let expected = [("codex", failed("server")), ("gemini", failed("server")), ("aider", OUT_OF_TIME), ("opencode", OUT_OF_TIME)];
    check(Model::Scripted(Behaviour::ServerError), &expected);
}

#[test]
#[ignore = "a minute: needs AI tools, which the suites install"]
fn a_server_that_recovers_while_git_orc_tries_again_is_no_failure() {
    let environment = environment();
    // It gives up after two requests.
    let Some(stage) = Stage::new(&environment, "gemini", Model::Scripted(Behaviour::Flaky)) else { return };
    let run = stage.run("");
    assert_eq!((run.outcome.code(), classes(&run)), (0, vec!["server", "", ""]), "{}", stage.told(&run));
    assert_eq!(stage.repo.ledger().of_kind("workstream_retrying").len(), 1, "{}", stage.told(&run));
}

/// One attempt, then the run waits for somebody, who resumes it when the key is good.
#[test]
#[ignore = "a minute: needs AI tools, which the suites install"]
fn a_key_that_is_refused_halts_the_run_until_it_is_resumed() {
    for tool in ["codex", "gemini", "aider", "opencode", "copilot", "qwen"] {
        let environment = environment();
        let Some(mut stage) = Stage::new(&environment, tool, Model::Scripted(Behaviour::Unauthorized)) else { continue };
        let run = fail(&stage, broken("auth"));
        let ledger = stage.repo.ledger();
        assert_eq!(ledger.of_kind("run_halted").len(), 1, "{}", stage.told(&run));
        assert!(ledger.of_kind("workstream_retrying").is_empty(), "{}", stage.told(&run));
        // The same way for all of them; two are enough.
        if !["codex", "gemini"].contains(&tool) {
            continue;
        }
        stage.point(tool, Model::Scripted(Behaviour::Ok));
        let run = stage.resume(&[]);
        assert_eq!((run.outcome.code(), classes(&run)), (0, vec!["auth", "", ""]), "{}", stage.told(&run));
        assert_eq!(stage.repo.git(&["show", "orc/tour:calc.sh"]) + "\n", FIXED);
    }
}

/// The tool says when it may be asked again; until then nothing is asked, and no attempt is used up.
#[test]
#[ignore = "a minute: needs AI tools, which the suites install"]
fn a_rate_limit_is_waited_for_and_costs_no_attempt() {
    let environment = environment();
    // It gives up after two requests.
    let Some(stage) = Stage::new(&environment, "gemini", Model::Scripted(Behaviour::Limited)) else { return };
    let run = stage.run("    retry: {max_attempts: 1}\n");
    assert_eq!((run.outcome.code(), classes(&run)), (0, vec!["rate_limit", "", ""]), "{}", stage.told(&run));
    let retry_at = run.steps[0]["failure"]["retry_at"].as_str().unwrap_or_default();
    let ledger = stage.repo.ledger();
    let started = ledger.of_kind("step_started").into_iter().filter(|step| step["step"] == "edit").nth(1).unwrap();
    let instant = |text: &str| text.parse::<jiff::Timestamp>().unwrap();
    assert!(instant(started["ts"].as_str().unwrap()) >= instant(retry_at), "{started} before {retry_at}");
    assert!(ledger.of_kind("workstream_retrying").is_empty() && ledger.of_kind("recovery_climbed").is_empty(), "{}", stage.told(&run));
}

#[test]
#[ignore = "a minute: needs AI tools, which the suites install"]
fn a_prompt_that_is_too_long_leads_to_a_shorter_one() {
    let long = failed("context_too_long");
    let expected = [("codex", long), ("gemini", long), ("aider", long), ("copilot", long)];
    check(Model::Scripted(Behaviour::ContextLength), &expected);
}

#[test]
#[ignore = "a minute: needs AI tools, which the suites install"]
fn a_connection_that_is_refused_ends_at_the_latest_in_time() {
    check(Model::Down, &[("codex", OUT_OF_TIME), ("gemini", failed("network")), ("aider", OUT_OF_TIME)]);
}

#[test]
#[ignore = "a minute: needs AI tools, which the suites install"]
fn a_page_in_place_of_an_answer_is_told() {
    let expected = [("codex", failed("network")), ("gemini", failed("server")), ("opencode", OUT_OF_TIME)];
    check(Model::Scripted(Behaviour::Garbage), &expected);
}

#[test]
#[ignore = "a minute: needs AI tools, which the suites install"]
fn an_answer_that_is_cut_is_told() {
    check(Model::Scripted(Behaviour::Drop), &[("codex", failed("network")), ("gemini", failed("network"))]);
}

#[test]
#[ignore = "a minute: needs AI tools, which the suites install"]
fn a_model_that_never_answers_is_ended_in_time() {
    check(Model::Scripted(Behaviour::Hang), &["codex", "gemini", "aider", "opencode", "copilot"].map(|tool| (tool, OUT_OF_TIME)));
}

#[test]
#[ignore = "a minute: needs AI tools, which the suites install"]
fn a_tool_that_says_nothing_is_ended_when_it_was_silent_for_long_enough() {
    let environment = environment();
    let Some(stage) = Stage::new(&environment, "codex", Model::Scripted(Behaviour::Hang)) else { return };
    stage.write("config/git-orc/tool_profiles.json", r#"{"codex": {"idle_timeout_sec": 4}}"#);
    let run = stage.run("    retry: {max_attempts: 1}\n");
    assert_eq!((run.outcome.code(), classes(&run)), (1, vec!["idle", "idle"]), "{}", stage.told(&run));
}

#[test]
#[ignore = "a minute: needs AI tools, which the suites install"]
fn a_flood_of_text_ends_like_any_other_answer() {
    // aider looks through all of it for edits, for minutes.
    check(Model::Scripted(Behaviour::Huge), &[("codex", failed("no_change")), ("gemini", failed("no_change")), ("aider", OUT_OF_TIME)]);
}

/// The tool has changed the file when its model fails; what it did is kept, and not merged.
#[test]
#[ignore = "a minute: needs AI tools, which the suites install"]
fn what_was_changed_before_a_failure_is_kept() {
    for tool in ["codex", "gemini", "copilot"] {
        let environment = environment();
        let Some(stage) = Stage::new(&environment, tool, Model::Scripted(Behaviour::Partial)) else { continue };
        let run = fail(&stage, failed("server"));
        let ledger = stage.repo.ledger();
        let patches = ledger.of_kind("patch_created");
        assert_eq!(patches.len(), run.steps.len(), "{}", stage.told(&run));
        let content = |at: &str| stage.repo.git(&["show", &format!("{at}:calc.sh")]) + "\n";
        for patch in patches {
            assert_eq!(content(patch["commit"].as_str().unwrap()), EDITED);
        }
        assert_eq!(content("HEAD"), BEFORE);
        assert_ne!(stage.repo.try_git(&["rev-parse", "--verify", "--quiet", "orc/tour"]).code(), 0, "{}", stage.told(&run));
    }
}

#[test]
#[ignore = "a minute: needs AI tools, which the suites install"]
fn a_server_that_recovers_while_the_tool_tries_again_is_no_failure() {
    // The others give up after fewer requests.
    for tool in ["codex", "aider"] {
        let environment = environment();
        let Some(stage) = Stage::new(&environment, tool, Model::Scripted(Behaviour::Flaky)) else { continue };
        let run = stage.run("    timeout_sec: 150\n");
        assert_eq!((run.outcome.code(), classes(&run)), (0, vec!["", ""]), "{}", stage.told(&run));
        assert!(stage.server.requests().len() >= 4, "{}", stage.told(&run));
    }
}
