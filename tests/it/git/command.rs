//! The door to the git program: what it passes on, what it keeps out, and how it ends what does not end.

use std::time::{Duration, Instant};

use git_orc::io::git::command::{GitCommand, GitCommandError, Trust};

use super::{discover, git_env, variables};
use crate::harness::TestEnvironment;

#[test]
fn nothing_configured_runs() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("r");
    let trap = environment.root().join("trap");
    let hook = format!("#!/bin/sh\ntouch '{}'\n", trap.display());
    repo.write_script("../hooks/reference-transaction", &hook);
    repo.write_script("../hooks/fsmonitor", &hook);
    let hooks = environment.root().join("hooks");
    repo.git(&["config", "core.hooksPath", hooks.to_str().unwrap()]);
    repo.git(&["config", "core.fsmonitor", hooks.join("fsmonitor").to_str().unwrap()]);
    repo.git(&["status"]);
    repo.git(&["update-ref", "refs/heads/probe", "HEAD"]);
    assert!(trap.exists(), "the trap works");
    std::fs::remove_file(&trap).unwrap();
    let opened = discover(&environment, &repo);
    GitCommand::new(&opened).args(["update-ref", "refs/heads/other", "HEAD"]).run().unwrap();
    GitCommand::new(&opened).work_tree(repo.path()).args(["status", "--porcelain"]).run().unwrap();
    assert!(!trap.exists());
}

#[test]
fn the_environment_is_an_allow_list() {
    let environment = TestEnvironment::new();
    let mut vars = variables(&environment);
    vars.extend(
        [("GIT_INDEX_FILE", "/nowhere"), ("SECRET_TOKEN", "s3cret"), ("GIT_EXTERNAL_DIFF", "false")].map(|(k, v)| (k.into(), v.into())),
    );
    let env = git_orc::io::git::env::GitEnv::new(vars).unwrap();
    let output = GitCommand::outside(&env, environment.root()).config("alias.show-env", "!env").arg("show-env").run().unwrap();
    let text = output.text();
    assert!(text.contains("GIT_OPTIONAL_LOCKS=0") && text.contains("LC_ALL=C"), "{text}");
    for absent in ["SECRET_TOKEN", "GIT_INDEX_FILE", "GIT_EXTERNAL_DIFF"] {
        assert!(!text.contains(absent), "{absent}");
    }
}

#[test]
fn touched_ground_reads_no_configuration_of_the_user() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("r");
    let opened = discover(&environment, &repo);
    let ask = |trust| GitCommand::new(&opened).trust(trust).args(["config", "user.name"]).output().unwrap();
    assert_eq!(ask(Trust::Clean).text(), "Ada Example");
    assert_eq!(ask(Trust::Touched).status.code(), Some(1));
}

#[test]
fn plain_configuration_is_what_the_user_sees() {
    let environment = TestEnvironment::new();
    let mut vars = variables(&environment);
    let passed = [
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", "orc.from"),
        ("GIT_CONFIG_VALUE_0", "count"),
        ("GIT_CONFIG_PARAMETERS", "'orc.param'='yes'"),
    ];
    vars.extend(passed.map(|(k, v)| (k.into(), v.into())));
    let env = git_orc::io::git::env::GitEnv::new(vars).unwrap();
    let list = |command: GitCommand| command.args(["config", "-z", "--list"]).run().unwrap().text();
    let plain = list(GitCommand::outside(&env, environment.root()).plain_config().config("orc.own", "1"));
    assert!(plain.contains("orc.from\ncount\0") && plain.contains("orc.param\nyes\0") && plain.contains("orc.own\n1\0"), "{plain}");
    assert!(!plain.contains("hookspath"), "{plain}");
    let hardened = list(GitCommand::outside(&env, environment.root()));
    assert!(!hardened.contains("orc.from") && hardened.contains("core.hookspath\n/dev/null\0"), "{hardened}");
}

#[test]
fn what_does_not_end_is_killed_with_its_children() {
    let environment = TestEnvironment::new();
    let started = Instant::now();
    let error = GitCommand::outside(&git_env(&environment), environment.root())
        .config("alias.hang", "!sleep 60 & sleep 60")
        .arg("hang")
        .timeout(Duration::from_millis(300))
        .run()
        .unwrap_err();
    assert!(matches!(error, GitCommandError::TimedOut { .. }), "{error}");
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_child_that_holds_the_pipe_does_not_hold_us() {
    let environment = TestEnvironment::new();
    let started = Instant::now();
    let output = GitCommand::outside(&git_env(&environment), environment.root())
        .config("alias.leak", "!echo done; sleep 60 &")
        .arg("leak")
        .run()
        .unwrap();
    assert_eq!(output.text(), "done");
    assert!(started.elapsed() < Duration::from_secs(20));
}

#[test]
fn output_is_bounded_and_input_is_fed() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("r");
    let opened = discover(&environment, &repo);
    let big = vec![b'x'; 3 << 20];
    let hashed = GitCommand::new(&opened).args(["hash-object", "-w", "--stdin"]).stdin(big.clone()).run().unwrap().text();
    let cat = |max| GitCommand::new(&opened).args(["cat-file", "blob", &hashed]).max_stdout(max).run();
    assert_eq!(cat(3 << 20).unwrap().stdout, big);
    assert!(matches!(cat(1000).unwrap_err(), GitCommandError::TooLarge { limit: 1000, .. }));
}

#[test]
fn failures_say_what_git_said() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("r");
    let error = GitCommand::new(&discover(&environment, &repo)).args(["cat-file", "blob", "nonsense"]).run().unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("`git cat-file blob nonsense` failed with exit code 128: fatal: "), "{text}");
}
