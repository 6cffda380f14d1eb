//! Every way in which a model fails, over the tools: the run ends, says so, keeps what was changed, and leaves no process.
//!
//! Tools try again by themselves, some for minutes and some for ever; those get a limit, and running into it is what is expected of them.

use super::profiles::Model;
use super::stage::{BEFORE, EDITED, Run, Stage, environment};
use crate::model_server::Behaviour;

/// What is expected of a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    /// It says that it failed.
    Failed,
    /// It ends with exit code 0 and no change; whoever reads what it printed knows better.
    NothingDone,
    /// It tries again and again, until its time is over.
    OutOfTime,
}

impl Expect {
    /// The outcomes that tell this.
    const fn outcomes(self) -> &'static [&'static str] {
        match self {
            Self::Failed => &["failed"],
            Self::NothingDone => &["no_change", "failed"],
            Self::OutOfTime => &["timed_out"],
        }
    }

    /// How long the tool gets, in seconds: what ends by itself is given time on a busy machine.
    const fn limit(self) -> u32 {
        match self {
            Self::Failed | Self::NothingDone => 150,
            Self::OutOfTime => 8,
        }
    }
}

use Expect::{Failed, NothingDone, OutOfTime};

/// Runs the plan with the least that a tool is tried, and asserts what holds for every failure.
fn fail(stage: &Stage<'_>, expect: Expect) -> Run {
    let before = stage.repo.fingerprint("orc/tour");
    let run = stage.run(&format!("    timeout_sec: {}\n    retry: {{max_attempts: 1}}\n", expect.limit()));
    let told = || stage.told(&run);
    assert!([1, 3].contains(&run.outcome.code()), "exit code {}: {}", run.outcome.code(), told());
    // The second one is told less, in case that helps.
    assert!([1, 2].contains(&run.steps.len()), "{}", told());
    for step in &run.steps {
        assert_eq!(step["step"], "edit", "{}", told());
        assert!(expect.outcomes().contains(&step["outcome"].as_str().unwrap()), "expected {expect:?}: {}", told());
        assert!(step["duration_ms"].as_u64().unwrap() < 1000 * u64::from(expect.limit() + 30), "{}", told());
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
        let is_expected = if model == Model::Down { asked == 0 } else { asked > 0 || expect == OutOfTime };
        assert!(is_expected, "{asked} requests: {}", stage.told(&run));
    }
}

#[test]
#[ignore = "a minute: needs AI tools, which the suites install"]
fn a_model_that_does_nothing_is_no_change() {
    let expected = ["codex", "gemini", "aider", "opencode", "copilot", "qwen"].map(|tool| (tool, NothingDone));
    check(Model::Scripted(Behaviour::NoChange), &expected);
}

#[test]
#[ignore = "a minute: needs AI tools, which the suites install"]
fn a_model_that_refuses_is_no_change() {
    check(Model::Scripted(Behaviour::Refuse), &[("codex", NothingDone), ("gemini", NothingDone), ("aider", NothingDone)]);
}

#[test]
#[ignore = "a minute: needs AI tools, which the suites install"]
fn a_server_that_is_broken_fails_the_step() {
    check(Model::Scripted(Behaviour::ServerError), &[("codex", Failed), ("gemini", Failed), ("aider", OutOfTime), ("opencode", OutOfTime)]);
}

#[test]
#[ignore = "a minute: needs AI tools, which the suites install"]
fn a_key_that_is_refused_fails_the_step() {
    let expected =
        [("codex", Failed), ("gemini", Failed), ("aider", NothingDone), ("opencode", Failed), ("copilot", Failed), ("qwen", Failed)];
    check(Model::Scripted(Behaviour::Unauthorized), &expected);
}

#[test]
#[ignore = "a minute: needs AI tools, which the suites install"]
fn a_rate_limit_fails_the_step() {
    check(Model::Scripted(Behaviour::RateLimited), &[("codex", Failed), ("gemini", Failed)]);
}

#[test]
#[ignore = "a minute: needs AI tools, which the suites install"]
fn a_prompt_that_is_too_long_fails_the_step() {
    check(Model::Scripted(Behaviour::ContextLength), &[("codex", Failed), ("gemini", Failed), ("aider", NothingDone), ("copilot", Failed)]);
}

#[test]
#[ignore = "a minute: needs AI tools, which the suites install"]
fn a_connection_that_is_refused_ends_at_the_latest_in_time() {
    check(Model::Down, &[("codex", OutOfTime), ("gemini", Failed), ("aider", OutOfTime)]);
}

#[test]
#[ignore = "a minute: needs AI tools, which the suites install"]
fn a_page_in_place_of_an_answer_fails_the_step() {
    check(Model::Scripted(Behaviour::Garbage), &[("codex", Failed), ("gemini", Failed), ("opencode", OutOfTime)]);
}

#[test]
#[ignore = "a minute: needs AI tools, which the suites install"]
fn an_answer_that_is_cut_fails_the_step() {
    check(Model::Scripted(Behaviour::Drop), &[("codex", Failed), ("gemini", Failed)]);
}

#[test]
#[ignore = "a minute: needs AI tools, which the suites install"]
fn a_model_that_never_answers_is_ended_in_time() {
    let expected = ["codex", "gemini", "aider", "opencode", "copilot"].map(|tool| (tool, OutOfTime));
    check(Model::Scripted(Behaviour::Hang), &expected);
}

#[test]
#[ignore = "a minute: needs AI tools, which the suites install"]
fn a_flood_of_text_ends_like_any_other_answer() {
    // aider looks through all of it for edits, for minutes.
    check(Model::Scripted(Behaviour::Huge), &[("codex", NothingDone), ("gemini", NothingDone), ("aider", OutOfTime)]);
}

/// The tool has changed the file when its model fails; what it did is kept, and not merged.
#[test]
#[ignore = "a minute: needs AI tools, which the suites install"]
fn what_was_changed_before_a_failure_is_kept() {
    for tool in ["codex", "gemini", "copilot"] {
        let environment = environment();
        let Some(stage) = Stage::new(&environment, tool, Model::Scripted(Behaviour::Partial)) else { continue };
        let run = fail(&stage, Failed);
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
fn a_server_that_recovers_is_no_failure() {
    // The others give up after fewer requests.
    for tool in ["codex", "aider"] {
        let environment = environment();
        let Some(stage) = Stage::new(&environment, tool, Model::Scripted(Behaviour::Flaky)) else { continue };
        let run = stage.run("    timeout_sec: 150\n");
        assert_eq!(run.outcome.code(), 0, "{}", stage.told(&run));
        assert!(stage.server.requests().len() >= 4, "{}", stage.told(&run));
    }
}
