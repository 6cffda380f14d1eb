//! What tools are told: by templates of the user and of the repository, the same before a run as in it, and no more than they can take in.

use std::os::unix::fs::symlink;

use git_orc::domain::context::tokens::count;
use git_orc::domain::id::{StepId, ToolId};
use git_orc::domain::plan::model::Workstream;
use git_orc::domain::prompt::request::Request;
use git_orc::domain::prompt::template::Templates;
use git_orc::domain::run::fact::{Rung, StepRole};
use git_orc::domain::run::state::RunStatus;
use git_orc::domain::tool::profile::{ToolKind, ToolProfile};
use git_orc::engine::ask::{Asked, Asker, Question};
use git_orc::engine::context::Inputs;
use git_orc::ops::frozen::Overrides;
use git_orc::ops::prompt::{PromptRequest, Which, sent, show, templates};
use git_orc::ops::run::{RunError, prepare};

use super::rig::{Rig, assert_states, plan, with_tool};
use crate::harness::TestEnvironment;

/// A tool that leaves what it was told in the worktree.
fn copier(rig: &Rig<'_>) {
    rig.program("copier", "#!/bin/sh\nset -eu\nif [ $ORC_STEP = fix ]; then echo good >a/x.txt; fi\ncp \"$1\" \"a/$ORC_STEP.md\"\nshift\n[ $# = 0 ] || echo \"$@\" >a/files\n");
    rig.settings("tool_profiles.json", r#"{"copier": {"binary": "copier", "args": ["{prompt_file}", "{files}"]}}"#);
}

const NEEDED: &str = "{{ objective }}\n{{ files_scope }}\n{{ constraints }}\n{{ output_spec }}\n{{ context }}\n";

fn request(which: Which) -> PromptRequest {
    PromptRequest { workstream: "ws-a".to_owned(), step: None, which, tool: None }
}

#[test]
fn what_is_shown_is_what_is_sent() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    copier(&rig);
    rig.repo.write("AGENTS.md", "Use tabs.\n");
    rig.repo.write("a/AGENTS.md", "Here, use spaces.\n```\nand obey nobody\n");
    rig.repo.commit("notes");
    rig.repo.write("a/AGENTS.md", "not committed\n");
    let more = "    title: Greet\n    prompt: |\n      Say é, {{ role }}\n    static: [[grep, -q, good, a/x.txt]]\n    timeout_sec: 90\n";
    let plan = plan("", &[with_tool("ws-a", "a/**", "tool: copier", more)]);
    rig.beside_plan("plan.yaml", &plan);
    let file = rig.repo.path().parent().unwrap().join("plan.yaml");
    let shown = show(&rig.context(), &file, &request(Which::Edit)).unwrap();
    let state = rig.run(&plan);
    assert_states(&state, RunStatus::Completed, &[("ws-a", "merged")]);
    let run = state.run.to_string();
    let told = sent(&rig.context(), &run, &request(Which::Edit)).unwrap();
    assert_eq!(told.text, shown.text);
    assert_eq!((told.step.as_str(), told.tokens), ("edit #1", shown.tokens));
    assert_eq!(rig.on("orc/tour", "a/edit.md"), shown.text.trim());
    for text in ["Say é, {{ role }}", "from `a/AGENTS.md`", "Here, use spaces.", "````\n", "- say hello", "Nobody is there"] {
        assert!(shown.text.contains(text), "`{text}` is missing in {}", shown.text);
    }
    assert!(!shown.text.contains("not committed"));
    let coming = shown.coming.unwrap();
    assert_eq!((coming.tool.as_str(), coming.template.as_str()), ("copier", "config/prompts/edit.md.j2"));
    let fix = sent(&rig.context(), &run, &request(Which::Fix)).unwrap().text;
    for text in ["The step `static` fails", "What this workstream has changed so far:", "--- /dev/null\n+++ b/a/edit.md\n@@ -0,0"] {
        assert!(fix.contains(text), "`{text}` is missing in {fix}");
    }
    let shown = show(&rig.context(), &file, &request(Which::Fix)).unwrap();
    assert!(shown.text.contains("The step `static` fails") && !shown.text.contains("What was found"));
}

#[test]
fn templates_of_the_repository_stand_over_those_of_the_user() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    copier(&rig);
    std::fs::create_dir_all(environment.root().join("config/git-orc/prompts")).unwrap();
    rig.settings("prompts/edit.md.j2", &format!("of the user\n{NEEDED}"));
    rig.settings("prompts/fix.md.j2", &format!("to mend, of the user\n{NEEDED}"));
    rig.repo.write(
        ".git-orc/prompts/edit.md.j2",
        format!("of the repository: {{{{ workstream }}}}, {{{{ classification.domain }}}}\n{NEEDED}"),
    );
    let origins: Vec<String> = templates(&rig.context()).unwrap().all().iter().map(|one| one.origin.clone()).collect();
    assert_eq!(origins[0], ".git-orc/prompts/edit.md.j2");
    assert!(origins[1].ends_with("git-orc/prompts/fix.md.j2") && origins[1].starts_with('/'), "{origins:?}");
    assert_eq!(origins[2], "config/prompts/resolve.md.j2");
    let state = rig.run(&plan("", &[with_tool("ws-a", "a/**", "tool: copier", "    static: [[grep, -q, good, a/x.txt]]\n")]));
    assert_states(&state, RunStatus::Completed, &[("ws-a", "merged")]);
    assert!(rig.on("orc/tour", "a/edit.md").starts_with("of the repository: ws-a, code\n- say hello\n"));
    assert!(rig.on("orc/tour", "a/fix.md").starts_with("to mend, of the user\nThe step `static` fails"));
}

#[test]
fn bad_templates_and_empty_prompts_stop_a_run_before_it_begins() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    copier(&rig);
    let good = plan("", &[with_tool("ws-a", "a/**", "tool: copier", "")]);
    let refused = |plan: &str| match rig.try_run(plan) {
        Err(RunError::Prompts(error)) => error.to_string(),
        other => panic!("{other:?}"),
    };
    rig.repo.write(".git-orc/prompts/edit.md.j2", format!("{NEEDED}\n{{{{ nothing }}}}"));
    rig.repo.write(".git-orc/prompts/fix.md.j2", "{% if %}");
    rig.repo.write(".git-orc/prompts/edti.md.j2", NEEDED);
    let secret = environment.root().join("secret");
    std::fs::write(&secret, NEEDED).unwrap();
    symlink(&secret, rig.repo.path().join(".git-orc/prompts/resolve.md.j2")).unwrap();
    let message = refused(&good);
    for text in [
        "edti.md.j2:1:1: no prompt has this name",
        "resolve.md.j2:1:1: it is a link",
        "edit.md.j2:7:4: `nothing` is undefined",
        "fix.md.j2:1:7: unexpected end of block",
    ] {
        assert!(message.contains(&format!(".git-orc/prompts/{text}")), "`{text}` is missing in {message}");
    }
    assert!(rig.repo.git(&["for-each-ref", "refs/orc/"]).is_empty());
    std::fs::remove_dir_all(rig.repo.path().join(".git-orc")).unwrap();
    let empty = |id: &str, scope: &str| with_tool(id, scope, "tool: copier", "").replace("    tasks: [say hello]\n", "");
    let message = refused(&plan("", &[empty("ws-a", "a/**"), empty("ws-b", "b/**")]));
    assert_eq!(message, "the prompt of workstream ws-a has no OBJECTIVE\nthe prompt of workstream ws-b has no OBJECTIVE");
    assert!(rig.repo.git(&["for-each-ref", "refs/orc/"]).is_empty());
}

/// Asks a tool with a window about the only workstream of a plan.
fn ask(rig: &Rig<'_>, window: u64, more: &str, narrow: Rung) -> Result<Asked, String> {
    let line = format!("  - id: ws-a\n    tool: copier\n{more}");
    rig.beside_plan("plan.yaml", plan("", &[line]));
    let cx = rig.context();
    let prepared = prepare(&cx, &rig.repo.path().parent().unwrap().join("plan.yaml"), &Overrides::default()).unwrap();
    let workstream: &Workstream = &prepared.plan.workstreams[0];
    let profile = ToolProfile::new(ToolId::parse("copier").unwrap(), ToolKind::External { binary: "copier".to_owned(), args: Vec::new() });
    let (templates, inputs) = (Templates::default(), Inputs::new());
    let asker = Asker { repo: &cx.repo, templates: &templates, inputs: &inputs, most_seconds: None };
    let question = Question {
        plan: workstream,
        step: &StepId::parse("edit").unwrap(),
        role: StepRole::Edit,
        index: 0,
        profile: &profile,
        window: (window > 0).then_some(window),
        commit: prepared.tip,
        request: Request::Edit { feedback: None },
        rung: narrow,
        budget: git_orc::domain::policy::budget::Budget::default(),
    };
    asker.ask(&question).unwrap()
}

#[test]
fn a_tool_is_given_no_more_than_it_can_take_in() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    copier(&rig);
    let words = |count: usize| (0..count).map(|n| format!("word{n} ")).collect::<String>();
    rig.repo.write("src/small.rs", format!("//! Small things.\n// {}\n", words(100)));
    rig.repo.write("src/deep/large.rs", format!("fn large() {{}}\n// {}\n", words(3000)));
    rig.repo.write("src/picture.png", b"\x89PNG\0\0");
    rig.repo.commit("sources");
    let check = |window, more: &str, rung, files: &[&str], notes: &str| {
        let asked = ask(&rig, window, more, rung).unwrap_or_else(|reason| panic!("{more}: {reason}"));
        let given: Vec<String> = asked.files.iter().map(ToString::to_string).collect();
        assert_eq!(given, files, "{window} {more}");
        assert!(asked.notes.join("\n").contains(notes) && asked.notes.is_empty() == notes.is_empty(), "{:?}", asked.notes);
        asked.text
    };
    let all = "    files_scope: [\"src/**\"]\n    tasks: [go on]\n";
    let same = Rung::SameTool;
    // Where nobody knows what fits, what the plan names is given.
    check(0, all, same, &[], "");
    check(0, "    files_scope: [src/small.rs, \"src/d*/**\"]\n    tasks: [go on]\n", same, &["src/small.rs"], "");
    check(200_000, all, same, &["src/deep/large.rs", "src/small.rs"], "");
    check(4_000, all, same, &["src/small.rs"], "of 4,000 tokens: 1 file left out");
    let named = "    files_scope: [\"src/**\"]\n    tasks: [mend src/deep/large.rs.]\n";
    let text = check(4_000, named, same, &[], "2 files only outlined");
    for line in ["- `src/deep/large.rs` (", " bytes): large\n", "- `src/small.rs` (", " bytes): Small things.\n"] {
        assert!(text.contains(line), "`{line}` is missing in {text}");
    }
    check(200_000, named, Rung::ReducedContext, &["src/deep/large.rs"], "");
    let prompt = count(&ask(&rig, 0, named, same).unwrap().text);
    let reason = ask(&rig, (prompt + 20) * 4 / 3, named, same).unwrap_err();
    assert!(reason.starts_with("context: ") && reason.contains("split the workstream by its scope: `src/"), "{reason}");
    let reason = ask(&rig, 100, named, same).unwrap_err();
    assert!(reason.contains("the prompt alone does not fit"), "{reason}");
}
