//! `git orc tools`: what is listed, shown, checked, tried and added, and which tools a capability gets.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use git_orc::domain::tool::parse::SHIPPED;
use git_orc::domain::tool::schema::tool_profiles_schema;

use crate::harness::{TestEnvironment, TestRepo};

/// Puts a program into the repository's folder of programs, and returns its path.
fn program(repo: &TestRepo<'_>, name: &str, script: &str) -> String {
    let path = repo.path().parent().unwrap().join(name);
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

fn repo(environment: &TestEnvironment) -> TestRepo<'_> {
    let repo = environment.repo("project");
    repo.write("README.md", "# A project\n");
    repo.commit("start");
    repo
}

#[test]
fn a_tool_is_added_listed_checked_and_tried() {
    let environment = TestEnvironment::new();
    let repo = repo(&environment);
    let tool = program(&repo, "mine", "test \"$1\" = --version && { echo mine 1.2.3; exit; }\necho hello > hello.txt");
    let add = ["tools", "add", "mine", "--binary", &tool, "--arg={prompt_file}", "--capability", "fix"];
    let added = repo.orc(&add).expect_code(0).stdout;
    assert!(added.contains("\"binary\": ") && added.ends_with("See whether it works: git orc tools check mine\n"), "{added}");

    let refused = repo.orc(&add).expect_code(129).stderr;
    assert!(refused.contains("the tool `mine` is there already, described in ") && refused.contains("`--replace`"), "{refused}");
    let unsound = repo.orc(&["tools", "add", "other", "--binary", "x", "--arg", "{promt}"]).expect_code(129).stderr;
    assert!(unsound.contains("unknown placeholder `{promt}` (did you mean `prompt`?)"), "{unsound}");

    let listed = repo.orc(&["tools", "list", "--json"]).expect_code(0).json();
    let mine = listed["tools"].as_array().unwrap().iter().find(|one| one["id"] == "mine").unwrap().clone();
    assert_eq!((mine["installation"]["version"].as_str(), mine["author"].as_str()), (Some("1.2.3"), Some("user")), "{mine:#}");
    let human = repo.orc(&["tools", "list", "--no-version", "--capability", "fix"]).expect_code(0).stdout;
    assert!(human.lines().any(|line| line.starts_with("mine ") && line.contains(" user ")) && !human.contains("\nreplay"), "{human}");

    let tried = repo.orc(&["tools", "check", "mine", "--try"]).expect_code(0);
    assert!(tried.stdout.contains("done     hello.txt is there and holds the word"), "{}", tried.stdout);
    assert!(tried.stdout.contains("changed  A hello.txt"), "{}", tried.stdout);
    assert!(tried.stderr.contains("which may cost money"), "{}", tried.stderr);
    assert!(!repo.path().join("hello.txt").exists(), "the work was done in the user's repository");
}

#[test]
fn adding_keeps_what_is_there_and_goes_where_it_is_wished() {
    let environment = TestEnvironment::new();
    let repo = repo(&environment);
    let old = "{\"x-note\": [2, 1], \"zeta\": {\"binary\": \"zeta\", \"timeout_sec\": 5}, \"alpha\": {\"binary\": \"alpha\"}}\n";
    repo.write(".git-orc/tool_profiles.json", old);
    repo.orc(&["tools", "add", "local", "--kind", "api", "--base-url", "http://127.0.0.1:9/v1", "--key-env", "MY_KEY", "--repository"])
        .expect_code(0);
    let text = repo.read(".git-orc/tool_profiles.json");
    let places: Vec<_> =
        ["x-note", "zeta", "timeout_sec", "alpha", "local", "base_url"].iter().map(|key| text.find(*key).unwrap()).collect();
    assert!(places.is_sorted(), "{text}");

    let checked = repo.orc(&["tools", "check", "local", "--json"]).expect_code(1).json();
    let points = checked["tools"][0]["points"].as_array().unwrap();
    let key = points.iter().find(|point| point["what"] == "key").unwrap();
    assert_eq!((key["weight"].as_str(), key["message"].as_str()), (Some("problem"), Some("`MY_KEY` is not set")));
    let all = repo.orc(&["tools", "check"]).expect_code(1).stdout;
    assert!(all.contains("1 tool can not be used"), "{all}");

    // With a mistake in the file nothing is written.
    repo.write(".git-orc/tool_profiles.json", "[]\n");
    repo.orc(&["tools", "add", "more", "--binary", "x", "--repository"]).expect_code(128);
    assert_eq!(repo.read(".git-orc/tool_profiles.json"), "[]\n");
}

#[test]
fn versions_are_compared_and_kept_until_the_program_changes() {
    let environment = TestEnvironment::new();
    let repo = repo(&environment);
    let asked = repo.path().parent().unwrap().join("asked");
    let script = |version: &str| format!("echo x >> '{}'\necho tool v{version}", asked.display());
    let tool = program(&repo, "versioned", &script("1.9.0"));
    let profile = serde_json::json!({"versioned": {"binary": tool, "min_version": "1.10", "install": "get versioned"}});
    repo.write(".git-orc/tool_profiles.json", profile.to_string());
    let old = repo.orc(&["tools", "check", "versioned"]).expect_code(1).stdout;
    assert!(old.contains("1.9.0 is older than 1.10") && old.contains("Install a newer one: `get versioned`."), "{old}");
    repo.orc(&["tools", "check", "versioned"]).expect_code(1);
    assert_eq!(fs::read_to_string(&asked).unwrap().lines().count(), 1, "the answer was not kept");
    program(&repo, "versioned", &script("1.10.0"));
    let new = repo.orc(&["tools", "check", "versioned"]).expect_code(0).stdout;
    assert!(new.contains("1.10.0, at least 1.10"), "{new}");
}

#[test]
fn a_repository_that_nobody_trusts_starts_nothing() {
    let environment = TestEnvironment::new();
    let repo = repo(&environment);
    let trap = repo.path().parent().unwrap().join("trap");
    let script = format!("touch '{}'", trap.display());
    let profile = serde_json::json!({"evil": {"binary": "sh", "version_args": ["-c", script]}});
    repo.write(".git-orc/tool_profiles.json", profile.to_string());
    repo.commit("somebody else's profile");
    let listed = repo.orc(&["tools", "list"]).expect_code(0).stdout;
    assert!(listed.contains("The version of evil is not known: not asked: the repository's profile is not trusted."), "{listed}");
    repo.orc(&["tools", "check", "evil", "--try"]).expect_code(0);
    assert!(!trap.exists(), "the repository's program was started");
    repo.orc(&["trust"]).expect_code(0);
    repo.orc(&["tools", "list"]).expect_code(0);
    assert!(trap.exists(), "trusted, and not asked");
}

#[test]
fn a_profile_is_shown_as_it_holds() {
    let environment = TestEnvironment::new();
    let repo = repo(&environment);
    let profile = serde_json::json!({"codex": {"timeout_sec": 77, "key_env": "CODEX_KEY"}});
    repo.write(".git-orc/tool_profiles.json", profile.to_string());
    let shown = repo.orc(&["tools", "show", "codex", "--json"]).expect_code(0).json();
    assert_eq!((shown["author"].as_str(), shown["files"].as_array().unwrap().len()), (Some("repository"), 2));
    assert_eq!((shown["profile"]["timeout_sec"].as_u64(), shown["key_is_set"].as_bool()), (Some(77), Some(false)));
    assert!(shown["command_line"].as_str().unwrap().contains("--cd /WORKTREE"), "{shown:#}");
    // Every key that the schema knows is shown; what a repository grants itself is not.
    let schema = tool_profiles_schema();
    let known = schema["additionalProperties"]["properties"].as_object().unwrap().keys();
    let shown_keys = shown["profile"].as_object().unwrap();
    let missing: Vec<_> =
        known.filter(|key| !shown_keys.contains_key(*key) && !matches!(key.as_str(), "base_url" | "extends" | "metadata")).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert_eq!(shown["reach"]["write"].as_array().unwrap().len(), 0, "{shown:#}");
    let unknown = repo.orc(&["tools", "show", "codx"]).expect_code(128).stderr;
    assert!(unknown.contains("unknown tool `codx` (did you mean `codex`?)"), "{unknown}");
}

#[test]
fn the_registry_decides_who_does_what() {
    let environment = TestEnvironment::new();
    let repo = repo(&environment);
    let one = program(&repo, "one", "echo one > who.txt");
    let two = program(&repo, "two", "echo two > who.txt");
    let profiles = serde_json::json!({
        "one": {"binary": one, "capabilities": ["writing"]},
        "two": {"binary": two, "version_args": []},
    });
    repo.write(".git-orc/tool_profiles.json", profiles.to_string());
    repo.write(
        ".git-orc/aim_registry.json",
        r#"{"tools": {"second": {"detectCommands": ["two"]}}, "capabilities": {
            "writing": {"primary": "ghost", "fallback": ["two", "one"], "strategy": "fixed"},
            "dreaming": {"primary": "two"}}}"#,
    );
    let routes = repo.orc(&["tools", "routes"]).expect_code(0).stdout;
    assert!(routes.contains("ghost [no profile] -> two -> one"), "{routes}");
    let plan = |capability: &str, target: &str| {
        format!("target: {target}\nworkstreams: [{{id: a, capability: {capability}, files_scope: [who.txt], prompt: write}}]\n")
    };
    for (capability, target) in [("writing", "orc/one"), ("dreaming", "orc/two")] {
        repo.write("plan.yaml", plan(capability, target));
        repo.orc(&["run", "plan.yaml"]).expect_code(0);
        assert_eq!(repo.git(&["show", &format!("{target}:who.txt")]).trim(), "two", "{capability}");
    }
    repo.write("plan.yaml", plan("flying", "orc/three"));
    assert!(repo.orc(&["validate", "plan.yaml"]).expect_code(1).stdout.contains("unknown-capability"));

    repo.write(".git-orc/aim_registry.json", "{\"capabilities\": {\"writing\": {\"primry\": \"one\"}}}\n");
    let broken = repo.orc(&["config", "check"]).expect_code(1).stdout;
    assert!(broken.contains(".git-orc/aim_registry.json:1:31: error: unknown key `primry`"), "{broken}");
    assert!(broken.contains("Did you mean `primary`?"), "{broken}");
    let refused = repo.orc(&["tools", "list"]).expect_code(128).stderr;
    assert!(refused.contains("aim_registry.json:1:31"), "{refused}");
    repo.git(&["config", "orc.aimRegistry", "gone.json"]);
    let gone = repo.orc(&["config", "check"]).expect_code(1).stdout;
    assert!(gone.contains("is named by `aim_registry`") && gone.contains("and is not there"), "{gone}");
}

#[test]
fn the_shipped_profiles_say_where_their_schema_is() {
    let value: serde_json::Value = serde_json::from_str(SHIPPED).unwrap();
    assert_eq!(value["$schema"], "../schema/tool_profiles.schema.json");
    assert!(jsonschema::draft202012::new(&tool_profiles_schema()).unwrap().is_valid(&value));
}
