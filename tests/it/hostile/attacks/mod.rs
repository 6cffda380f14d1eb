//! One attack per threat, as a program that a tool could be. Each is run twice: in a plain worktree, where it reaches what it is after, and
//! as a tool of a run, where it does not, and the run says so.

mod landing;
mod machine;
mod plans;
mod repository;

use std::path::PathBuf;
use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};

use super::ground::{End, Ground, Level, fixture};
use crate::harness::{Outcome, TestEnvironment, run};

/// What a plain orchestrator has: a worktree beside the user's checkout.
struct Plain<'e> {
    ground: Ground<'e>,
    worktree: PathBuf,
    outcome: Outcome,
}

impl<'e> Plain<'e> {
    /// Makes a worktree with git, and runs the attack in it as a tool is run by a plain script.
    fn attack(environment: &'e TestEnvironment, name: &str, prepare: impl FnOnce(&Ground<'e>)) -> Self {
        let ground = Ground::new(environment);
        prepare(&ground);
        ground.repo.git(&["worktree", "add", "--quiet", "--detach", "../plain"]);
        let worktree = environment.root().join("plain");
        let script = fixture(&format!("attacks/{name}.sh"));
        let mut command = environment.command("sh");
        command.arg(script).current_dir(&worktree).env("DEPLOY_TOKEN", "token-of-the-user");
        let outcome = run(&mut command);
        Self { ground, worktree, outcome }
    }

    /// Runs a program in the worktree, as the plain script would go on.
    fn then(&self, program: &str, arguments: &[&str]) -> Outcome {
        let mut command: Command = self.ground.environment.command(program);
        run(command.args(arguments).current_dir(&self.worktree))
    }

    /// Commits everything with git, as the plain script would.
    fn commit(&self) -> String {
        self.then("git", &["add", "--all"]).expect_code(0);
        self.then("git", &["commit", "--quiet", "--message", "by the tool"]).expect_code(0);
        self.then("git", &["rev-parse", "HEAD"]).stdout.trim().to_owned()
    }

    /// Returns whether the attack has left its mark in the user's home folder.
    fn is_marked(&self, mark: &str) -> bool {
        self.ground.environment.home().join(mark).exists()
    }
}

impl Drop for Plain<'_> {
    /// Ends what the attack has left running: nobody else does.
    fn drop(&mut self) {
        for process in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
            let here = std::fs::read_link(process.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(&self.worktree));
            let id = process.file_name().to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw);
            if let Some(id) = id.filter(|_| here) {
                let _gone = kill_process(id, Signal::KILL);
            }
        }
    }
}

/// A run in which the attack was the tool.
struct Held<'e> {
    ground: Ground<'e>,
    outcome: Outcome,
    end: End,
}

impl<'e> Held<'e> {
    fn attack(environment: &'e TestEnvironment, name: &str, level: Level, prepare: impl FnOnce(&Ground<'e>)) -> Self {
        Self::attack_with(environment, name, (level, ""), prepare)
    }

    /// `more` are further lines of the workstream.
    fn attack_with(environment: &'e TestEnvironment, name: &str, (level, more): (Level, &str), prepare: impl FnOnce(&Ground<'e>)) -> Self {
        let mut ground = Ground::new(environment).at(level);
        prepare(&ground);
        let script = fixture(&format!("attacks/{name}.sh"));
        let plan = format!(
            "version: 1\nname: tour\ndefaults: {{retry: {{max_attempts: 1}}, circuit_breaker: {{timeouts: {{edit: 30}}}}}}\nworkstreams:\n  - id: ws\n    \
             files_scope: [\"**\"]\n    tool: command\n    command: [sh, {:?}]\n{more}",
            script.to_str().unwrap()
        );
        let outcome = ground.run(&plan);
        let end = ground.end_of("ws");
        Self { ground, outcome, end }
    }

    /// Asserts how the workstream ended, and that this was said.
    fn assert_end(&self, word: &str, says: &str) {
        assert_eq!(self.end.word, word, "{:#?} {}", self.end, self.outcome.stderr);
        assert!(self.end.told.contains(says), "`{says}` is not in {:#?} {}", self.end, self.outcome.stderr);
    }

    /// Returns a file of the integration branch.
    fn landed(&self, path: &str) -> String {
        self.ground.repo.git(&["show", &format!("orc/tour:{path}")])
    }

    fn is_marked(&self, mark: &str) -> bool {
        self.ground.environment.home().join(mark).exists()
    }
}

/// Where the attacks are.
const FOLDER: &str = "fixtures/hostile/attacks";

#[test]
fn every_threat_has_its_attack() {
    let files = std::fs::read_dir(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER)).unwrap();
    let mut there: Vec<String> = files.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    there.sort_unstable();
    let expect: Vec<String> = (1..=17).map(|number| format!("T{number:02}.sh")).collect();
    assert_eq!(there, expect);
    for name in there {
        let text = std::fs::read_to_string(fixture(&format!("attacks/{name}"))).unwrap();
        assert!(
            text.lines().nth(1).is_some_and(|line| line.starts_with(&format!("# {}: ", &name[..3]))),
            "{name} does not say what it does"
        );
    }
}
