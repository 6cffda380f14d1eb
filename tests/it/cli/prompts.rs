//! `git orc prompt`, and templates as `git orc config check` and `git orc trust` see them.

use crate::harness::{TestEnvironment, TestRepo};

const PLAN: &str = "version: 1\nname: tour\nworkstreams:\n  - id: api\n    title: Greet\n    files_scope: [a.txt]\n    tool: command\n    command: [sh, -c, 'cp \"$ORC_PROMPT_FILE\" a.txt']\n    retry: {max_attempts: 1}\n    static: [[test, -s, a.txt]]\n";
const TEMPLATE: &str = "{{ header }}\n{{ objective }}\n{{ files_scope }}\n{{ constraints }}\n{{ output_spec }}\n";

fn repo(environment: &TestEnvironment) -> TestRepo<'_> {
    let repo = environment.repo("project");
    repo.write("plan.yaml", PLAN);
    repo.write("a.txt", "a\n");
    repo
}

#[test]
fn what_is_printed_is_byte_for_byte_what_a_run_sends() {
    let environment = TestEnvironment::new();
    let repo = repo(&environment);
    repo.commit("a plan");
    let shown = repo.orc(&["prompt", "show", "api"]).expect_code(0);
    assert_eq!(shown.stderr.trim_end().matches('\n').count(), 0, "{}", shown.stderr);
    assert!(
        shown.stderr.contains("api, step edit: simple, code, feature; about ") && shown.stderr.contains("window of command: unknown"),
        "{}",
        shown.stderr
    );
    repo.orc(&["run", "--trust", "plan.yaml", "--progress=none"]).expect_code(0);
    let run = repo.orc(&["list", "--json"]).expect_code(0).json()["runs"][0]["run"].as_str().unwrap().to_owned();
    let kept = repo.git_dir().join("orc/runs").join(run.to_lowercase()).join("api/edit-1.prompt.md");
    assert_eq!(shown.stdout.as_bytes(), std::fs::read(kept).unwrap());
    assert_eq!(repo.orc(&["prompt", "show", "api", "--run", &run]).expect_code(0).stdout, shown.stdout);
    assert_eq!(shown.stdout.trim_end(), repo.git(&["show", "orc/tour:a.txt"]));
    let document = repo.orc(&["prompt", "show", "--json", "api"]).expect_code(0).json();
    assert_eq!((&document["schema_version"], &document["prompt"]), (&1.into(), &shown.stdout.as_str().into()));
    assert_eq!(document["classification"]["operation"], "feature");
    assert!(repo.orc(&["prompt", "show", "api", "--fix"]).expect_code(0).stdout.contains("The step `static` fails"));
}

#[test]
fn what_is_not_there_is_named() {
    let environment = TestEnvironment::new();
    let repo = repo(&environment);
    repo.commit("a plan");
    let check = |arguments: &[&str], text: &str| {
        let outcome = repo.orc(&[&["prompt", "show"], arguments].concat()).expect_code(128);
        assert!(outcome.stderr.contains(text), "{arguments:?}: {}", outcome.stderr);
    };
    check(&["apj"], "there is no workstream `apj`\nhint: Did you mean `api`?");
    check(&["api", "--step", "static"], "there is no such step `static`");
    check(&["api", "--fix", "--step", "runtime"], "there is no such step `runtime`");
    check(&["api", "--tool", "comand"], "Did you mean `command`?");
    check(&["api", "--plan", "other.yaml"], "other.yaml");
    check(&["api", "--run", "01JD8Z"], "there is no run");
}

#[test]
fn a_template_that_came_with_a_commit_needs_trust_and_a_bad_one_is_found() {
    let environment = TestEnvironment::new();
    let repo = repo(&environment);
    repo.commit("a plan");
    repo.orc(&["trust", "plan.yaml"]).expect_code(0);
    repo.write(".git-orc/prompts/edit.md.j2", TEMPLATE);
    repo.commit("a template");
    let refused = repo.orc(&["run", "plan.yaml", "--progress=none"]);
    assert!(refused.code() != 0 && refused.stderr.contains("`.git-orc/prompts/edit.md.j2` came with a commit"), "{refused:#?}");
    let listed = repo.orc(&["prompt", "list"]).expect_code(0).stdout;
    let head = "edit            .git-orc/prompts/edit.md.j2\nfix             config/prompts/fix.md.j2\nresolve         config/prompts/resolve.md.j2\nanalysis        config/prompts/analysis.md.j2\n";
    assert!(listed.starts_with(head), "{listed}");
    assert!(repo.orc(&["prompt", "show", "api"]).expect_code(0).stdout.starts_with("Workstream `api`, step `edit`: Greet\nGreet\n"));
    repo.orc(&["config", "check"]).expect_code(0);
    repo.write(".git-orc/prompts/edit.md.j2", format!("{TEMPLATE}{{{{ objektive }}}}\n"));
    repo.write(".git-orc/prompts/fix.md.j2", "{% for %}");
    let checked = repo.orc(&["config", "check"]).expect_code(1);
    for text in [".git-orc/prompts/edit.md.j2:6:4", "`objektive` is undefined", ".git-orc/prompts/fix.md.j2:1:8"] {
        assert!(checked.stdout.contains(text), "`{text}` is missing in {}", checked.stdout);
    }
    let refused = repo.orc(&["run", "--trust", "plan.yaml", "--progress=none"]).expect_code(1);
    assert!(refused.stderr.contains("edit.md.j2:6:4") && refused.stderr.contains("fix.md.j2:1:8"), "{}", refused.stderr);
    assert!(repo.git(&["for-each-ref", "refs/orc/"]).is_empty());
}
