//! Attacks by what a commit brings: a plan that runs what its author wants, and profiles of tools that do.

use std::fs;

use crate::harness::{Outcome, TestEnvironment, TestRepo, run};
use crate::hostile::ground::fixture;

/// A plan that runs the attack.
fn plan(name: &str, more: &str) -> String {
    let script = fixture("attacks/T17.sh");
    format!(
        "# {more}\nversion: 1\nname: {name}\ntarget: orc/{name}\nworkstreams:\n  - id: ws\n    files_scope: [x]\n    tool: command\n    command: [sh, {script:?}]\n"
    )
}

/// A repository on a branch that somebody else has written to.
struct Theirs<'e> {
    environment: &'e TestEnvironment,
    repo: TestRepo<'e>,
}

impl<'e> Theirs<'e> {
    fn new(environment: &'e TestEnvironment) -> Self {
        let repo = environment.repo("project");
        Self { environment, repo }
    }

    /// Brings files by a commit, as a pull or a checkout does.
    fn bring(&self, files: &[(&str, &str)]) {
        files.iter().for_each(|(path, text)| self.repo.write(path, text));
        self.repo.commit("theirs");
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        self.repo.start_orc(&[&["run"], arguments].concat()).finish()
    }

    fn is_marked(&self) -> bool {
        fs::remove_file(self.environment.home().join("owned")).is_ok()
    }

    fn assert_refused(&self, arguments: &[&str], names: &str) {
        let refused = self.run(arguments).expect_code(3);
        assert!(refused.stderr.contains(&format!("`{names}` came with a commit, and nobody has trusted")), "{}", refused.stderr);
        assert!(refused.stderr.contains("git orc trust"), "{}", refused.stderr);
        assert!(!self.is_marked());
        assert_ne!(self.repo.try_git(&["rev-parse", "--verify", "--quiet", "refs/orc/ledger"]).code(), 0, "something was recorded");
    }
}

#[test]
#[ignore = "several runs"]
fn t17_a_plan_that_came_with_a_commit() {
    let environment = TestEnvironment::in_memory();
    let theirs = Theirs::new(&environment);
    theirs.bring(&[("ci.sh", &fs::read_to_string(fixture("attacks/T17.sh")).unwrap()), ("plan.yaml", &plan("tour", "one"))]);
    run(theirs.repo.command("sh").arg("ci.sh")).expect_code(0);
    assert!(theirs.is_marked(), "the attack does not work");

    theirs.assert_refused(&["plan.yaml"], "plan.yaml");
    // The other ways to the same file.
    fs::create_dir(theirs.repo.path().join("sub")).unwrap();
    std::os::unix::fs::symlink("../plan.yaml", theirs.repo.path().join("sub/link.yaml")).unwrap();
    theirs.assert_refused(&["sub/link.yaml"], "sub/link.yaml");
    theirs.repo.orc(&["run", "--dry-run", "plan.yaml"]).expect_code(0);
    let trusted = theirs.repo.orc(&["trust", "plan.yaml"]).expect_code(0);
    assert!(trusted.stdout.contains("plan.yaml"), "{}", trusted.stdout);
    theirs.run(&["plan.yaml"]).expect_code(0);
    assert!(theirs.is_marked(), "what is trusted runs");
    // Trust is for content, not for a name.
    theirs.repo.git(&["update-ref", "-d", "refs/orc/ledger"]);
    theirs.bring(&[("plan.yaml", &plan("tour2", "two"))]);
    theirs.assert_refused(&["plan.yaml"], "plan.yaml");
    theirs.run(&["--trust", "plan.yaml"]).expect_code(0);
    assert!(theirs.is_marked());
}

#[test]
#[ignore = "several runs"]
fn t17_a_commit_can_not_make_its_plan_look_like_one_of_the_user() {
    let environment = TestEnvironment::in_memory();
    let theirs = Theirs::new(&environment);
    // Git writes other bytes to the disk than the commit has.
    theirs.bring(&[(".gitattributes", "*.yaml ident eol=crlf\n"), ("plan.yaml", &plan("tour", "$Id$"))]);
    theirs.repo.git(&["rm", "--quiet", "--cached", "-r", "."]);
    theirs.repo.git(&["reset", "--quiet", "--hard"]);
    assert_ne!(theirs.repo.read("plan.yaml"), theirs.repo.git(&["show", "HEAD:plan.yaml"]) + "\n");
    theirs.assert_refused(&["plan.yaml"], "plan.yaml");
}

#[test]
#[ignore = "several runs"]
fn t17_profiles_that_came_with_a_commit() {
    let environment = TestEnvironment::in_memory();
    let theirs = Theirs::new(&environment);
    let outside = environment.root().join("plan.yaml");
    let text = plan("tour", "mine").replace("tool: command\n    command: [sh, ", "tool: helper\n    tasks: [\"x\"] # [");
    fs::write(&outside, text).unwrap();
    let profiles = format!(r#"{{"helper": {{"binary": "sh", "args": [{:?}]}}}}"#, fixture("attacks/T17.sh"));
    theirs.bring(&[(".git-orc/tool_profiles.json", &profiles)]);
    theirs.assert_refused(&[outside.to_str().unwrap()], ".git-orc/tool_profiles.json");
    theirs.repo.orc(&["trust"]).expect_code(0);
    theirs.run(&[outside.to_str().unwrap()]).expect_code(0);
    assert!(theirs.is_marked());
}

#[test]
#[ignore = "several runs"]
fn t17_what_the_user_wrote_needs_no_trust() {
    let environment = TestEnvironment::in_memory();
    let mine = Theirs::new(&environment);
    fs::write(environment.root().join("outside.yaml"), plan("outside", "outside")).unwrap();
    mine.run(&["../outside.yaml"]).expect_code(0);
    // A plan that is not committed, then committed as it is, then changed, then committed again.
    for round in ["one", "two"] {
        mine.repo.write("plan.yaml", plan(round, round));
        mine.run(&["plan.yaml"]).expect_code(0);
        mine.repo.commit(round);
        mine.repo.git(&["branch", "--quiet", "-D", &format!("orc/{round}")]);
        mine.run(&["plan.yaml"]).expect_code(0);
    }
    mine.repo.write(".gitignore", "ignored.yaml\n");
    mine.repo.write("ignored.yaml", plan("ignored", "ignored"));
    mine.run(&["ignored.yaml"]).expect_code(0);
}

#[test]
#[ignore = "several runs"]
fn t17_a_run_that_came_with_a_ledger() {
    let environment = TestEnvironment::in_memory();
    let theirs = Theirs::new(&environment);
    let ready = environment.root().join("ready");
    let script = format!("test -e {} && sh {}", ready.display(), fixture("attacks/T17.sh").display());
    let text = format!(
        "version: 1\nname: tour\ntarget: orc/tour\ndefaults: {{retry: {{max_attempts: 1}}, circuit_breaker: {{on_exhausted: pause}}}}\n\
         workstreams:\n  - id: ws\n    files_scope: [x]\n    tool: command\n    command: [sh, -c, {script:?}]\n"
    );
    fs::write(environment.root().join("plan.yaml"), text).unwrap();
    theirs.repo.orc(&["run", "../plan.yaml"]).expect_code(3);
    fs::write(&ready, "").unwrap();

    environment.run("git", &["clone", "--quiet", "project", "clone"]).expect_code(0);
    let mine = Theirs { environment: &environment, repo: environment.open("clone") };
    mine.repo.git(&["fetch", "--quiet", "origin", "refs/orc/*:refs/orc/*", "refs/heads/orc/*:refs/heads/orc/*"]);
    let before = mine.repo.git(&["for-each-ref"]);
    let refused = mine.repo.orc(&["resume"]).expect_code(3);
    assert!(refused.stderr.contains("was started in another clone, and nobody here has trusted its plan"), "{}", refused.stderr);
    let shown = refused.stderr.split('`').find(|part| part.starts_with("git show ")).expect("the hint names the plan");
    let plan = mine.repo.git(&shown.split(' ').skip(1).collect::<Vec<_>>());
    assert!(plan.contains("name: tour") && plan.contains("T17.sh"), "`{shown}` shows something else:\n{plan}");
    assert!(!mine.is_marked());
    assert_eq!(mine.repo.git(&["for-each-ref"]), before, "something was recorded");
    mine.repo.orc(&["resume", "--trust"]).expect_code(0);
    assert!(mine.is_marked(), "what is trusted runs");

    // Where it was started it is the user's own.
    theirs.repo.orc(&["resume"]).expect_code(0);
    assert!(theirs.is_marked());
}
