//! The profile of a repository as a layer of the settings, and the check of all files of settings.

use std::fs;

use crate::harness::{TestEnvironment, TestRepo, run};

/// Returns value and origin of a setting.
fn setting(repo: &TestRepo<'_>, key: &str) -> (String, String) {
    let document = repo.orc(&["config", "--json"]).expect_code(0).json();
    let rows = document["settings"].as_array().unwrap();
    let row = rows.iter().find(|row| row["key"] == key).unwrap_or_else(|| panic!("no `{key}` in {document:#}"));
    let text = |part: &str| row[part].as_str().unwrap().to_owned();
    (text("value"), format!("{} ({})", text("layer"), text("place")))
}

fn is(repo: &TestRepo<'_>, key: &str, value: &str, origin: &str) {
    assert_eq!(setting(repo, key), (value.to_owned(), origin.to_owned()), "{key}");
}

#[test]
fn the_profile_is_a_layer_between_the_user_and_git() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("project");
    fs::create_dir_all(environment.root().join("config/git-orc")).unwrap();
    fs::write(environment.root().join("config/git-orc/config.yaml"), "max_workers: 9\nnotes: false\n").unwrap();
    let user = environment.root().join("config/git-orc/config.yaml").display().to_string();
    repo.write(
        ".git-orc/PROJECT_PROFILE.yaml",
        "project_id: x\nsettings:\n  max_workers: 3\n  worktree_dir: ../trees\nlimits:\n  retry: {max_attempts: 7}\nbase: main\n\
         commands: {static: [[cargo, clippy]]}\nconstraints: {max_lines_changed: 500}\n",
    );
    let place = |line: u32| format!("repository (.git-orc/PROJECT_PROFILE.yaml:{line})");
    is(&repo, "max_workers", "3", &place(3));
    is(&repo, "notes", "false", &format!("user ({user}:2)"));
    is(&repo, "worktree_dir", "../trees", &place(4));
    is(&repo, "retry.max_attempts", "7", &place(6));
    is(&repo, "base", "main", &place(7));
    is(&repo, "commands.static", "cargo clippy", &place(8));
    is(&repo, "constraints.max_lines_changed", "500", "repository (.git-orc/PROJECT_PROFILE.yaml)");
    let shown = repo.orc(&["config", "--show-origin"]).expect_code(0).stdout;
    assert!(shown.lines().any(|line| line.starts_with("max_workers") && line.ends_with(&place(3))), "{shown}");
    repo.git(&["config", "orc.maxWorkers", "4"]);
    is(&repo, "max_workers", "4", "git config (orc.maxWorkers, local)");
    let once = run(repo.command("git").args(["-c", "orc.maxWorkers=2", "orc", "config", "--json"])).expect_code(0).json();
    assert!(
        once["settings"]
            .as_array()
            .unwrap()
            .iter()
            .any(|row| row["key"] == "max_workers" && row["value"] == "2" && row["place"] == "orc.maxWorkers, command")
    );
    let old = run(repo.command("git-orc").args(["config", "--json"]).env("PIPELINE_MAX_WORKERS", "5").env("PIPELINE_DRY_RUN", "1")).json();
    let rows = old["settings"].as_array().unwrap();
    assert!(rows.iter().any(|row| row["key"] == "max_workers" && row["value"] == "5" && row["layer"] == "environment"), "{old:#}");
    assert!(rows.iter().any(|row| row["key"] == "dry_run" && row["value"] == "true"), "{old:#}");
}

#[test]
fn two_profiles_and_mistakes_are_refused() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("project");
    repo.write("PROJECT_PROFILE.yaml", "settings: {max_worker: 1, env_allow: [TOKEN]}\n");
    let refused = repo.orc(&["config"]).expect_code(128).stderr;
    for expect in [
        "PROJECT_PROFILE.yaml:1:12: unknown key `max_worker`",
        "Did you mean `max_workers`?",
        "may not grant itself",
        "hint: `git orc config check`",
    ] {
        assert!(refused.contains(expect), "{expect} in\n{refused}");
    }
    repo.write("PROJECT_PROFILE.yaml", "project_root: C:\\x\n");
    let warned = repo.orc(&["config"]).expect_code(0).stderr;
    assert!(warned.contains("warning: PROJECT_PROFILE.yaml:1:15: an absolute `project_root` is ignored"), "{warned}");
    repo.write(".git-orc/PROJECT_PROFILE.yaml", "");
    let refused = repo.orc(&["config"]).expect_code(128).stderr;
    assert!(refused.contains("`PROJECT_PROFILE.yaml` and `.git-orc/PROJECT_PROFILE.yaml` are both there"), "{refused}");
}

#[test]
fn a_repository_tightens_whatever_others_say() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("project");
    repo.write("PROJECT_PROFILE.yaml", "settings:\n  sandbox: landlock\n  network: none\n  reads: listed\n");
    repo.git(&["config", "orc.network", "full"]);
    is(&repo, "network", "none", "repository (PROJECT_PROFILE.yaml:3)");
    is(&repo, "reads", "listed", "repository (PROJECT_PROFILE.yaml:4)");
    is(&repo, "sandbox", "none", "environment (ORC_SANDBOX)");
    is(&repo, "sandbox_at_least", "landlock", "repository (PROJECT_PROFILE.yaml:2)");
    repo.git(&["config", "orc.network", "none"]);
    repo.write("PROJECT_PROFILE.yaml", "settings: {notes: true}\n");
    is(&repo, "network", "none", "git config (orc.network, local)");
}

#[test]
fn every_mistake_of_every_file_is_told_at_once() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("project");
    let user = environment.root().join("config/git-orc");
    fs::create_dir_all(user.join("plugins")).unwrap();
    let write = |name: &str, text: &str| fs::write(user.join(name), text).unwrap();
    write("config.yaml", "max_workers: 0\nnote: true\n");
    write("circuit_breaker_config.yaml", "retry: {jitter: 2}\n");
    write("tool_profiles.json", "{\"mine\": {\"binary\": 5}}\n");
    write("plugins/a.json", "{}");
    repo.write("PROJECT_PROFILE.yaml", "domain: games\n");
    repo.write(".git-orc/PROJECT_PROFILE.yaml", "version: 2\n");
    repo.write("QUALITY_GATE.yaml", "version: 1\ngates: [{id: a, comand: [x]}]\n");
    repo.git(&["config", "orc.maxWorkers", "many"]);
    repo.git(&["config", "orc.worker", "1"]);
    let check = |arguments: &[&str]| run(repo.command("git-orc").args(arguments).env("ORC_NOTES", "perhaps").env("ORC_MAX_WORKER", "1"));
    let told = check(&["config", "check"]).expect_code(1).stdout;
    let expected = [
        "config.yaml:1:14: error: 0 is not between",
        "config.yaml:2:1: error: unknown key `note`",
        "circuit_breaker_config.yaml:1:17: error: 2 is not between 0 and 1",
        "tool_profiles.json:1:",
        "plugins/a.json:1:",
        "PROJECT_PROFILE.yaml:1:9: error: unknown value `games`",
        ".git-orc/PROJECT_PROFILE.yaml:1:10: error: version 2 of this format is not known",
        "are both there",
        "QUALITY_GATE.yaml:2:17: error: unknown key `comand`",
        "git config orc.maxworkers, local: error: orc.maxWorkers is `many`",
        "git config orc.worker, local: warning: `orc.worker` in git's configuration means nothing",
        "ORC_NOTES: error: ORC_NOTES is `perhaps`",
        "ORC_MAX_WORKER: warning: `ORC_MAX_WORKER` in the environment means nothing (did you mean `ORC_MAX_WORKERS`?)",
        "read    PROJECT_PROFILE.yaml",
        "absent  .git-orc/tool_profiles.json",
    ];
    for expect in expected {
        assert!(told.contains(expect), "{expect} in\n{told}");
    }
    let document = check(&["config", "check", "--json"]).expect_code(1).json();
    let problems = document["problems"].as_array().unwrap();
    assert_eq!(problems.iter().filter(|one| one["severity"] == "warning").count(), 2, "{document:#}");
    assert_eq!(document["valid"], false);
    assert!(problems.iter().any(|one| one["line"] == 2 && one["hint"] == "Did you mean `notes`?"), "{document:#}");
}

#[test]
fn settings_without_mistakes_pass_with_and_without_a_repository() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("project");
    repo.write("PROJECT_PROFILE.yaml", include_str!("../../fixtures/settings/everything.profile.yaml"));
    let told = repo.orc(&["config", "check"]).expect_code(0).stdout;
    assert!(told.contains("\nno mistake in "), "{told}");
    let document = environment.run("git-orc", &["config", "check", "--json"]).expect_code(0).json();
    assert_eq!(document["valid"], true);
    assert!(!document["looked_at"].as_array().unwrap().iter().any(|one| one["name"] == "PROJECT_PROFILE.yaml"), "{document:#}");
    repo.orc(&["config", "--json", "check"]).expect_code(129);
}

/// A workstream that waits until it is let go, and leaves the checks to the profile.
const PLAN: &str = r#"
name: tour
workstreams:
  - id: free
    files_scope: ["a.txt"]
    tool: command
    command: [sh, -c, "echo $$ > ~/started; while [ ! -e ~/go ]; do sleep 0.05; done; echo x > a.txt"]
  - id: none
    depends_on: [free]
    files_scope: ["b.txt"]
    tool: command
    command: [sh, -c, "echo x > b.txt"]
    setup: []
    static: []
    runtime: []
"#;

const COMMANDS: &str = r#"
commands:
  setup: [[sh, -c, "echo setup $ORC_WORKSTREAM >> ~/log"]]
  build: [[sh, -c, "echo build $ORC_WORKSTREAM >> ~/log"]]
  static: [[sh, -c, "echo static $ORC_WORKSTREAM >> ~/log"]]
  runtime: [[sh, -c, "echo runtime $ORC_WORKSTREAM >> ~/log"]]
"#;

#[test]
fn commands_of_the_profile_are_frozen_with_the_run() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("project");
    repo.write("plan.yaml", PLAN);
    repo.write("PROJECT_PROFILE.yaml", COMMANDS);
    let running = repo.start_orc(&["run", "plan.yaml", "--progress=none"]);
    while !environment.home().join("started").exists() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    running.kill();
    // Whatever the profile says now: the run goes on with what it was started with.
    fs::remove_file(repo.path().join("PROJECT_PROFILE.yaml")).unwrap();
    fs::write(environment.home().join("go"), "").unwrap();
    repo.orc(&["resume", "--progress=none"]).expect_code(0);
    let log = fs::read_to_string(environment.home().join("log")).unwrap();
    let mut lines: Vec<&str> = log.lines().collect();
    lines.dedup();
    assert_eq!(lines, ["setup free", "build free", "static free", "runtime free"]);
}

#[test]
fn commands_of_a_profile_that_came_with_a_commit_are_asked_about() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("project");
    fs::write(environment.home().join("go"), "").unwrap();
    repo.write("PROJECT_PROFILE.yaml", COMMANDS);
    repo.commit("a profile");
    repo.write("plan.yaml", PLAN);
    let refused = repo.orc(&["run", "plan.yaml", "--progress=none"]).expect_code(3).stderr;
    assert!(refused.contains("`PROJECT_PROFILE.yaml` came with a commit"), "{refused}");
    assert!(!environment.home().join("log").exists());
    repo.orc(&["trust"]).expect_code(0);
    repo.orc(&["run", "plan.yaml", "--progress=none"]).expect_code(0);
    repo.write("PROJECT_PROFILE.yaml", "project_id: harmless\n");
    repo.commit("a profile without commands");
    assert!(repo.orc(&["run", "--dry-run", "--target", "orc/other", "plan.yaml"]).expect_code(0).stdout.contains("free"));
}
