//! `git orc init`: what is proposed, and that nothing is written unasked or overwritten.

use std::fs;

use crate::harness::{TestEnvironment, TestRepo};

fn project(environment: &TestEnvironment) -> TestRepo<'_> {
    let repo = environment.repo("project");
    repo.write("Cargo.toml", "[package]\nname = \"sample\"\nversion = \"0.1.0\"\n");
    repo.write("src/lib.rs", "pub fn one() {}\n");
    repo.commit("a crate");
    repo.write("Makefile", "test:\n\ttouch ran\nlint:\n\ttouch ran\n");
    repo
}

#[test]
fn a_proposal_is_shown_and_written_only_when_it_is_wished() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let before = repo.git(&["status", "--porcelain", "--untracked-files=all"]);
    let shown = repo.orc(&["init"]).expect_code(0).stdout;
    for expect in [
        "found   Cargo.toml: a crate",
        "static  make lint  (Makefile has a target `lint`)",
        "    - [cargo, test]",
        "besides Makefile: has a target `test`",
        "Nothing is written. git orc init --yes writes",
    ] {
        assert!(shown.contains(expect), "{expect} in\n{shown}");
    }
    assert_eq!(repo.git(&["status", "--porcelain", "--untracked-files=all"]), before);
    let document = repo.orc(&["init", "--json"]).expect_code(0).json();
    assert_eq!(
        (document["written"].as_bool(), document["domain"].as_str(), document["name"].as_str()),
        (Some(false), Some("software-dev"), Some("sample"))
    );
    let written = repo.orc(&["init", "--yes"]).expect_code(0).stdout;
    assert!(
        written.ends_with(
            "written: PROJECT_PROFILE.yaml, QUALITY_GATE.yaml, .git-orc/project_profile.schema.json, .git-orc/quality_gate.schema.json\n"
        ),
        "{written}"
    );
    assert_eq!(repo.read("PROJECT_PROFILE.yaml"), document["files"][0]["text"].as_str().unwrap());
    assert!(!repo.path().join("ran").exists(), "something was run");
    // What was written is good, is used, and follows the schema that came with it.
    assert!(repo.orc(&["config", "check"]).expect_code(0).stdout.contains("\nno mistake in "));
    assert!(
        repo.orc(&["config"]).expect_code(0).stdout.lines().any(|line| line.starts_with("commands.runtime") && line.contains("cargo test"))
    );
    assert!(repo.orc(&["validate", "--spec", "QUALITY_GATE.yaml"]).expect_code(0).stdout.starts_with("nothing found"));
    repo.commit("what was proposed");
    let explained = repo.orc(&["gate", "explain"]).expect_code(0).stdout;
    assert!(explained.contains("runtime.cargo-test") && explained.contains("static.make-lint"), "{explained}");
    assert!(repo.orc(&["validate", "--spec", "PROJECT_PROFILE.yaml"]).expect_code(0).stdout.starts_with("nothing found"));
}

#[test]
fn what_is_there_stays_as_it_is() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    repo.write(".git-orc/PROJECT_PROFILE.yaml", "project_id: mine\n");
    repo.write("QUALITY_GATE.yaml", "version: 1\ngates: [{id: mine, command: [\"true\"]}]\n");
    let shown = repo.orc(&["init", "--yes"]).expect_code(0).stdout;
    for expect in [
        ".git-orc/PROJECT_PROFILE.yaml is there already and stays as it is",
        "-project_id: mine",
        "+project_id: sample",
        "There is nothing to write.",
    ] {
        assert!(shown.contains(expect), "{expect} in\n{shown}");
    }
    assert_eq!(repo.read(".git-orc/PROJECT_PROFILE.yaml"), "project_id: mine\n");
    assert!(!repo.path().join("PROJECT_PROFILE.yaml").exists());
    fs::remove_file(repo.path().join(".git-orc/PROJECT_PROFILE.yaml")).unwrap();
    repo.orc(&["init", "--yes"]).expect_code(0);
    let again = repo.orc(&["init", "--yes"]).expect_code(0).stdout;
    assert!(again.contains("PROJECT_PROFILE.yaml is there already, and is what would be proposed"), "{again}");
}

#[test]
fn a_link_does_not_lead_the_proposal_out_of_the_work_tree() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    fs::create_dir(environment.root().join("elsewhere")).unwrap();
    std::os::unix::fs::symlink("../elsewhere", repo.path().join(".git-orc")).unwrap();
    let refused = repo.orc(&["init", "--yes"]).expect_code(128).stderr;
    assert!(refused.contains("it leads out of the work tree"), "{refused}");
    assert_eq!(fs::read_dir(environment.root().join("elsewhere")).unwrap().count(), 0);
    assert!(!repo.path().join("PROJECT_PROFILE.yaml").exists());
    fs::write(environment.root().join("elsewhere/mine.yaml"), "project_id: mine\n").unwrap();
    repo.write("QUALITY_GATE.yaml", "version: 1\ngates: []\n");
    std::os::unix::fs::symlink("../elsewhere/mine.yaml", repo.path().join("PROJECT_PROFILE.yaml")).unwrap();
    assert!(repo.orc(&["init", "--yes"]).expect_code(0).stdout.contains("There is nothing to write."));
    assert_eq!(fs::read_to_string(environment.root().join("elsewhere/mine.yaml")).unwrap(), "project_id: mine\n");
}

#[test]
fn a_repository_without_a_commit_and_no_repository_are_answered() {
    let environment = TestEnvironment::new();
    environment.run("git", &["init", "--quiet", "empty"]).expect_code(0);
    let empty = environment.open("empty");
    let shown = empty.orc(&["init"]).expect_code(0).stdout;
    assert!(shown.contains("# No commands were found."), "{shown}");
    let nowhere = environment.run("git-orc", &["init"]).expect_code(128);
    assert!(nowhere.stderr.contains("is not inside a git repository"), "{}", nowhere.stderr);
    environment.run("git", &["init", "--quiet", "--bare", "bare.git"]).expect_code(0);
    let bare = environment.run("git-orc", &["-C", "bare.git", "init"]).expect_code(128);
    assert!(bare.stderr.contains("no work tree"), "{}", bare.stderr);
}
