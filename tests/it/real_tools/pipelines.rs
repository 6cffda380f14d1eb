//! Shipped pipelines done by a real AI tool from the first phase to the last, killed in the middle and resumed. What the model writes in a phase
//! stands in a template of the user's for that phase; the pipeline itself is the shipped one.

use super::profiles::Model;
use super::stage::{BEFORE, FIXED, Stage, environment, has_started};
use crate::model_server::Behaviour;

/// The phases of a pipeline with what a model writes in each.
type Script = Vec<(&'static str, &'static str, String)>;

/// A text that is long enough for every phase, and says what they expect.
fn text(title: &str) -> String {
    let parts = ["One", "Two", "Three"].map(|part| {
        let line = "The character in this setting, every test and every chapter are told of in plain words, one after another. ".repeat(5);
        format!("## {part}\n{line}\n")
    });
    format!("# {title}\n{}", parts.concat())
}

fn code() -> Script {
    vec![
        ("analysis", "docs/analysis.md", text("Analysis")),
        ("planning", "docs/plan.md", text("Plan")),
        ("implementation", "calc.sh", FIXED.to_owned()),
        ("review", "docs/review.md", text("Review")),
    ]
}

fn fiction() -> Script {
    vec![
        ("planning", "story/plan.md", text("Plan")),
        ("architecture", "story/outline.md", text("Outline")),
        ("writing", "story/chapters/01.md", text("Chapter one")),
        ("assembly", "story/story.md", text("The story")),
        ("critique", "story/critique.md", text("Critique")),
    ]
}

fn docs() -> Script {
    vec![
        ("survey", "docs/survey.md", text("Survey")),
        ("outline", "docs/outline.md", text("Outline")),
        ("writing", "docs/guide.md", text("Guide")),
        ("review", "docs/review.md", text("Review")),
    ]
}

fn assert_goes_through(tool: &'static str, pipeline: &str, script: &Script) {
    let environment = environment();
    let Some(stage) = Stage::new(&environment, tool, Model::Scripted(Behaviour::Ok)) else { return };
    for (phase, path, content) in script {
        let sections =
            ["header", "objective", "context", "files_scope", "constraints", "output_spec"].map(|name| format!("{{{{ {name} }}}}\n\n"));
        let old = if *path == "calc.sh" { format!("FAKE-OLD {path} <<<{}>>>\n", BEFORE.replace('\n', "\\n")) } else { String::new() };
        let write = format!("{old}FAKE-WRITE {path} <<<{}>>>\n", content.replace('\n', "\\n"));
        stage.write(&format!("config/git-orc/prompts/{phase}.md.j2"), &format!("# {}{write}", sections.concat()));
    }
    let request = ["create", pipeline, "Let the function add", "--tool", tool, "--target", "orc/made"];
    stage.kill_when(&request, |ledger| has_started(ledger, script[1].0));
    let run = stage.resume(&[]);
    assert_eq!(run.outcome.code(), 0, "{}", stage.told(&run));
    for (_, path, content) in script {
        assert_eq!(stage.repo.git(&["show", &format!("orc/made:{path}")]).trim_end(), content.trim_end(), "{path}");
    }
    let ledger = stage.repo.ledger();
    let passed = |step: &str| {
        let of_step = |entry: &&&serde_json::Value| entry["step"] == step && entry["outcome"] == "passed";
        ledger.of_kind("step_finished").iter().filter(of_step).count()
    };
    for (phase, ..) in script {
        assert_eq!((passed(phase), passed(&format!("{phase}-check"))), (1, 1), "{phase}: {}", stage.told(&run));
    }
    let requests = stage.server.requests();
    let is_named = |name: &str| requests.iter().any(|request| request.body.contains(name));
    assert!(is_named(script[0].1), "later phases are told what earlier ones made");
    assert_eq!(ledger.of_kind("run_resumed").len(), 1, "it was killed in the middle");
}

#[test]
#[ignore = "needs codex, which the suites install"]
fn codex_goes_through_the_phases_of_code() {
    assert_goes_through("codex", "code", &code());
}

#[test]
#[ignore = "needs gemini, which the suites install"]
fn gemini_goes_through_the_phases_of_fiction() {
    assert_goes_through("gemini", "fiction", &fiction());
}

#[test]
#[ignore = "needs opencode, which the suites install"]
fn opencode_goes_through_the_phases_of_docs() {
    assert_goes_through("opencode", "docs", &docs());
}
