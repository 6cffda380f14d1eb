//! Which level holds, who decides it, and that it is said.

use super::{Stage, at_both_levels, has_landlock};
use crate::harness::TestEnvironment;

at_both_levels!(the_level_is_recorded_and_shown, checks_gates_and_setup_are_held);

fn the_level_is_recorded_and_shown(level: &'static str) {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment, level);
    stage.run("echo x >a/new", &["--network", "none"]).expect_code(0);
    let (started, step) = (stage.entry("run_started"), stage.entry("step_started"));
    assert_eq!(started["sandbox"], level, "{started}");
    assert_eq!((&step["sandbox"], &step["network"]), (&level.into(), &"none".into()), "{step}");
    let (log, show) = (stage.repo.orc(&["log"]).expect_code(0).stdout, stage.repo.orc(&["show", "ws"]).expect_code(0).stdout);
    assert!(log.contains(&format!("sandbox {level}")), "{log}");
    assert!(show.contains(&format!("{level}, network none")), "{show}");
    stage.assert_sound();
}

fn checks_gates_and_setup_are_held(level: &'static str) {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment, level);
    let before = stage.repo.fingerprint("orc/tour");
    let held = "[sh, -c, \"! touch $HOME/evil && touch here $TMPDIR/there\"]";
    let more = format!("    setup: [{held}]\n    static: [{held}]\n    runtime: [{held}]\ngates: {{ wave: [{held}] }}\n");
    let plan = stage.plan("echo x >a/new", &more);
    stage.repo.orc(&["run", &plan, "--sandbox", level]).expect_code(0);
    assert!(!environment.home().join("evil").exists());
    stage.repo.assert_untouched(&before);
    stage.assert_sound();
}

#[test]
fn a_level_that_can_not_be_had_is_an_error_before_anything_starts() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment, "bubblewrap");
    let plan = stage.plan("echo x >a/new", "");
    let outcome = without_bwrap(&stage, &["run", &plan, "--sandbox", "bubblewrap"]).expect_code(128);
    assert!(outcome.stderr.contains("the sandbox `bubblewrap` can not be had: `bwrap` is not installed"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("git orc doctor"), "{}", outcome.stderr);
    assert!(stage.repo.try_git(&["rev-parse", "--verify", "--quiet", "refs/orc/ledger"]).code() != 0, "nothing was recorded");
}

#[test]
fn auto_takes_the_best_and_says_what_is_missing() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment, "auto");
    let plan = stage.plan("echo x >a/new", "");
    let outcome = without_bwrap(&stage, &["run", &plan, "--sandbox", "auto", "--progress", "plain"]).expect_code(0);
    let level = if has_landlock() { "landlock" } else { "none" };
    let note = format!("programs run with the sandbox `{level}`: `bwrap` is not installed");
    assert!(outcome.stderr.contains(&note), "{}", outcome.stderr);
    let started = stage.entry("run_started");
    assert_eq!((&started["sandbox"], &started["sandbox_notes"][0]), (&level.into(), &note.into()), "{started}");
}

/// Runs git-orc with a `PATH` that has what it needs, and no `bwrap`.
fn without_bwrap(stage: &Stage<'_>, arguments: &[&str]) -> crate::harness::Outcome {
    for program in ["git", "sh"] {
        std::os::unix::fs::symlink(which::which(program).unwrap(), stage.environment.bin().join(program)).unwrap();
    }
    crate::harness::run(stage.repo.command("git-orc").env("PATH", stage.environment.bin()).args(arguments))
}

#[test]
fn a_repository_tightens_and_never_loosens() {
    if !has_landlock() {
        return;
    }
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment, "landlock");
    let profile = |more: &str| format!(r#"{{"mine": {{"binary": "sh", "args": ["-c", "touch ~/.mine/evil; echo x >a/new"], {more}}}}}"#);
    std::fs::create_dir(environment.home().join(".mine")).unwrap();
    stage.repo.write(".git-orc/tool_profiles.json", profile(r#""sandbox": {"level": "none", "write": ["~/.mine"]}"#));
    stage.repo.commit("a profile that wants everything");
    let plan = stage.plan("", "").replace("plan.yaml", "other.yaml");
    let text = "version: 1\nname: tour\nworkstreams:\n  - id: ws\n    files_scope: [\"**\"]\n    tool: mine\n    retry: {max_attempts: 1}\n    tasks: [x]\n";
    std::fs::write(&plan, text).unwrap();
    stage.repo.orc(&["run", "--trust", &plan, "--sandbox", "landlock"]).expect_code(0);
    assert!(!environment.home().join(".mine/evil").exists(), "a repository granted itself a folder");
    assert_eq!(stage.entry("step_started")["sandbox"], "landlock");
    // The same words in the user's own file count.
    let own = environment.root().join("config/git-orc");
    std::fs::create_dir_all(&own).unwrap();
    std::fs::write(own.join("tool_profiles.json"), profile(r#""sandbox": {"write": ["~/.mine"]}"#)).unwrap();
    stage.repo.git(&["rm", "-q", "-r", ".git-orc"]);
    stage.repo.commit("no profile");
    stage.repo.orc(&["run", &plan, "--sandbox", "landlock", "--target", "orc/second"]).expect_code(0);
    assert!(environment.home().join(".mine/evil").exists());
}
