//! A repository, one tool that is a script, and what a run with it came to.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Outcome, TestEnvironment, TestRepo};

/// A repository with a tool `writer` that takes prompts.
pub(super) struct Stage<'e> {
    pub(super) repo: TestRepo<'e>,
    environment: &'e TestEnvironment,
}

impl<'e> Stage<'e> {
    /// Makes a repository with `README.md`, and a tool that does what a script says. The script finds the prompt in `$1`.
    pub(super) fn new(environment: &'e TestEnvironment, script: &str) -> Self {
        let repo = environment.repo("project");
        repo.write("README.md", "a project\n");
        repo.commit("start");
        let stage = Self { repo, environment };
        stage.tools(&[("writer", script)]);
        stage
    }

    /// Installs tools; each keeps its prompts in `prompts` of the home folder, in the order in which it was asked.
    pub(super) fn tools(&self, tools: &[(&str, &str)]) {
        let profile = |name: &str| {
            let failures = json!([{"class": "server", "exit_codes": [42]}, {"class": "failed", "exit_codes": [43]}]);
            json!({"binary": name, "args": ["{prompt_file}"], "capabilities": ["writing"], "failures": failures})
        };
        let profiles: serde_json::Map<String, Value> = tools.iter().map(|(name, _)| ((*name).to_owned(), profile(name))).collect();
        self.user_file("tool_profiles.json", &Value::Object(profiles).to_string());
        let chain: Vec<&str> = tools.iter().map(|(name, _)| *name).collect();
        let capability = json!({"primary": chain[0], "fallback": &chain[1..]});
        self.user_file("aim_registry.json", &json!({"tools": {chain[0]: {}}, "capabilities": {"writing": capability}}).to_string());
        for (name, script) in tools {
            let path = self.environment.bin().join(name);
            let head = "#!/bin/sh\nn=$(ls \"$HOME\" | grep -c '^prompt-')\ncp \"$1\" \"$HOME/prompt-$(printf %03d $n)\"";
            std::fs::write(&path, format!("{head}\necho {name} >> \"$HOME/calls\"\n{script}\n")).unwrap();
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
    }

    /// Writes a file of the user's settings.
    pub(super) fn user_file(&self, name: &str, text: &str) {
        let folder = self.environment.root().join("config/git-orc");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(name), text).unwrap();
    }

    /// Returns what the tools were told, in order.
    pub(super) fn prompts(&self) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(self.environment.home()).unwrap().map(|entry| entry.unwrap().path()).collect();
        names.retain(|path| path.file_name().unwrap().to_str().unwrap().starts_with("prompt-"));
        names.sort();
        names.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
    }

    /// Returns which tools were asked, in order.
    pub(super) fn calls(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.environment.home().join("calls")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Runs a plan named `tour`, and expects this exit code.
    pub(super) fn run(&self, workstreams: &str, arguments: &[&str], code: i32) -> Outcome {
        self.run_headed("", workstreams, arguments, code)
    }

    /// Runs a plan named `tour` with keys of its own, and expects this exit code.
    pub(super) fn run_headed(&self, head: &str, workstreams: &str, arguments: &[&str], code: i32) -> Outcome {
        let plan = self.plan_file(head, workstreams);
        self.repo.orc(&[&["run", &plan, "--progress=none"], arguments].concat()).expect_code(code)
    }

    /// Writes a plan named `tour` with keys of its own, and returns its path.
    fn plan_file(&self, head: &str, workstreams: &str) -> String {
        let path = self.environment.root().join("plan.yaml");
        let defaults = "defaults: {retry: {max_attempts: 1, initial_delay_sec: 0}}";
        std::fs::write(&path, format!("version: 1\nname: tour\n{defaults}\n{head}\nworkstreams:\n{workstreams}")).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Runs a plan with keys of its own, and kills the driver when the tool says by a file `reached` that it is where it should be.
    pub(super) fn run_killed(&self, head: &str, workstreams: &str) {
        let mut running = self.repo.start_orc(&["run", &self.plan_file(head, workstreams), "--progress=none"]);
        let start = Instant::now();
        while !self.environment.home().join("reached").exists() {
            assert!(running.is_running() && start.elapsed() < Duration::from_secs(60), "it was never reached: {}", running.finish().stderr);
            std::thread::sleep(Duration::from_millis(10));
        }
        running.kill();
    }

    /// Returns how steps ended, in order: `plan skipped: not due: ...`.
    pub(super) fn steps(&self) -> Vec<String> {
        let one = |entry: &&Value| {
            let text = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
            format!("{} {}: {}", text("step"), text("outcome"), text("message"))
        };
        self.repo.ledger().of_kind("step_finished").iter().map(one).collect()
    }

    /// Returns how steps ended in short, in order: `plan skipped`.
    pub(super) fn ends(&self) -> Vec<String> {
        self.steps().iter().map(|step| step.split(':').next().unwrap().to_owned()).collect()
    }

    /// Returns the reasons of entries of a kind.
    pub(super) fn reasons(&self, kind: &str) -> Vec<String> {
        self.repo.ledger().of_kind(kind).iter().map(|entry| entry["reason"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Asserts what must hold after every run: sound objects, a sound ledger, no worktree left.
    pub(super) fn assert_sound(&self) {
        self.repo.assert_sound();
        self.repo.ledger().assert_sound();
        assert_eq!(self.repo.worktrees().len(), 1, "worktrees are left: {:?}", self.repo.worktrees());
        self.repo.orc(&["verify"]).expect_code(0);
    }
}
