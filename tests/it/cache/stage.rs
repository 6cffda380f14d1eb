//! A repository, and programs that note outside of it that they were started.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::harness::{Outcome, TestEnvironment, TestRepo};

/// A repository with folders `a` to `d` and a shared file.
pub(super) struct Stage<'e> {
    pub(super) repo: TestRepo<'e>,
    pub(super) environment: &'e TestEnvironment,
}

/// Four workstreams: `b` goes on from what `a` leaves, `c` and `d` have nothing to do with them; each is checked.
pub(super) fn plan() -> String {
    workstreams(|_| String::new())
}

/// The same, and each says what it reads.
pub(super) fn plan_with_inputs() -> String {
    workstreams(|globs| format!(", inputs: [{globs}]"))
}

fn workstreams(inputs: fn(&str) -> String) -> String {
    let one = |id: &str, globs: &str, more: &str| {
        let work = format!("files_scope: [\"{id}/**\"]{}, command: [work, {id}], static: [[look, {id}]]{more}", inputs(globs));
        format!("  - {{id: {id}, {work}}}\n")
    };
    let all = [one("a", "shared.txt", ""), one("b", "a/out.txt", ", depends_on: [a]"), one("c", "", ""), one("d", "c/x.txt", "")];
    full(&all.concat())
}

/// Puts workstreams into a plan named `tour`, with a gate.
pub(super) fn full(workstreams: &str) -> String {
    let defaults = "defaults: {tool: command, retry: {max_attempts: 1, initial_delay_sec: 0}}";
    format!("version: 1\nname: tour\n{defaults}\ngates: {{wave: [[look, gate]]}}\nworkstreams:\n{workstreams}")
}

impl<'e> Stage<'e> {
    pub(super) fn new(environment: &'e TestEnvironment) -> Self {
        let repo = environment.repo("project");
        for folder in ["a", "b", "c", "d"] {
            repo.write(&format!("{folder}/x.txt"), format!("{folder}\n"));
        }
        repo.write("shared.txt", "one\n");
        repo.commit("files");
        let stage = Self { repo, environment };
        // Works with what it finds, more slowly where the home folder says so.
        stage.program(
            "work",
            "test -e \"$HOME/slow-$1\" && sleep 3\ncat shared.txt a/out.txt 2>/dev/null > \"$1/out.txt\"\necho \"$1\" >> \"$1/out.txt\"",
        );
        stage.program("look", "test ! -e \"$HOME/red-$1\"");
        stage
    }

    /// Installs a program that notes in `calls` of the home folder that it was started, and with what.
    pub(super) fn program(&self, name: &str, script: &str) {
        let path = self.environment.bin().join(name);
        let head = format!("#!/bin/sh\necho \"{name} $1\" >> \"$HOME/calls\"");
        std::fs::write(&path, format!("{head}\n{script}\n")).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    pub(super) fn home(&self, name: &str) -> std::path::PathBuf {
        self.environment.home().join(name)
    }

    /// Returns what was started since the last call, sorted.
    pub(super) fn calls(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.home("calls")).unwrap_or_default();
        std::fs::write(self.home("calls"), "").unwrap();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    }

    /// Writes a plan beside the repository, and returns its path.
    pub(super) fn plan_file(&self, plan: &str) -> String {
        let path = self.environment.root().join("plan.yaml");
        std::fs::write(&path, plan).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Runs a plan with the cache, and expects this exit code.
    pub(super) fn run(&self, plan: &str, more: &[&str], code: i32) -> Outcome {
        let path = self.plan_file(plan);
        self.repo.orc(&[&["run", &path, "--progress=none", "--cache"], more].concat()).expect_code(code)
    }

    /// Returns the ends of the steps of the newest run: `a edit passed: message; note`.
    pub(super) fn ends(&self) -> Vec<String> {
        let ledger = self.repo.ledger();
        let run = ledger.of_kind("run_planned").last().unwrap()["run"].clone();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let one = |entry: &&Value| {
            let notes = entry["notes"].as_array().into_iter().flatten().map(|note| format!("; {}", text(note))).collect::<String>();
            format!(
                "{} {} {}: {}{notes}",
                text(&entry["workstream"]),
                text(&entry["step"]),
                text(&entry["outcome"]),
                text(&entry["message"])
            )
        };
        ledger.of_kind("step_finished").iter().filter(|entry| entry["run"] == run).map(one).collect()
    }

    pub(super) fn tree(&self, branch: &str) -> String {
        self.repo.git(&["rev-parse", &format!("{branch}^{{tree}}")])
    }

    /// Asserts what must hold after every run.
    pub(super) fn assert_sound(&self) {
        self.repo.assert_sound();
        self.repo.ledger().assert_sound();
        assert_eq!(self.repo.worktrees().len(), 1, "worktrees are left: {:?}", self.repo.worktrees());
        self.repo.orc(&["verify"]).expect_code(0);
    }
}

/// Everything that a first run of [`plan`] starts.
pub(super) const ALL: [&str; 10] =
    ["look a", "look b", "look c", "look d", "look gate", "look gate", "work a", "work b", "work c", "work d"];
