//! A repository, and a tool that is a script which does something else in each phase.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{Running, TestEnvironment, TestRepo};

/// A repository with a tool `writer`.
pub(super) struct Stage<'e> {
    pub(super) repo: TestRepo<'e>,
    pub(super) environment: &'e TestEnvironment,
}

impl<'e> Stage<'e> {
    /// Makes the repository. The script knows the phase as `$ORC_STEP`; it is asked once to be slow where the file `slow` in the home folder
    /// names the phase.
    pub(super) fn new(environment: &'e TestEnvironment, script: &str) -> Self {
        let repo = environment.repo("project");
        repo.write("README.md", "a project\n");
        repo.commit("start");
        let stage = Self { repo, environment };
        let profile = json!({"writer": {"binary": "writer", "args": ["{prompt_file}"], "capabilities": ["code_generation"]}});
        stage.user_file("tool_profiles.json", &profile.to_string());
        let path = environment.bin().join("writer");
        let head = "#!/bin/sh\ncp \"$1\" \"$HOME/prompt-$ORC_WORKSTREAM-$ORC_STEP\"\n\
                    if [ \"$(cat \"$HOME/slow\" 2>/dev/null)\" = \"$ORC_STEP\" ]; then rm \"$HOME/slow\"; touch \"$HOME/reached\"; sleep 30; fi";
        std::fs::write(&path, format!("{head}\n{script}\n")).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
        stage
    }

    /// Writes a file of the user's settings.
    pub(super) fn user_file(&self, name: &str, text: &str) {
        let path = self.environment.root().join("config/git-orc").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Returns what the tool was told in a step, whatever the workstream.
    pub(super) fn prompt(&self, step: &str) -> String {
        let ending = format!("-{step}");
        let names = std::fs::read_dir(self.environment.home()).unwrap().map(|entry| entry.unwrap().path());
        let is_meant = |name: &str| name.starts_with("prompt-") && name.ends_with(&ending);
        let path = names.into_iter().find(|path| is_meant(path.file_name().unwrap().to_str().unwrap()));
        std::fs::read_to_string(path.unwrap_or_else(|| panic!("nothing was asked in {step}"))).unwrap()
    }

    /// Starts the program, and kills it when the tool is in the middle of a phase.
    pub(super) fn kill_in(&self, phase: &str, arguments: &[&str]) {
        std::fs::write(self.environment.home().join("slow"), phase).unwrap();
        let mut running: Running = self.repo.start_orc(arguments);
        let reached = self.environment.home().join("reached");
        let start = Instant::now();
        while !reached.exists() {
            assert!(running.is_running() && start.elapsed() < Duration::from_secs(120), "{phase} was never reached");
            std::thread::sleep(Duration::from_millis(20));
        }
        running.kill();
    }

    /// Returns how steps ended, in order: `planning passed`.
    pub(super) fn ends(&self) -> Vec<String> {
        let one = |entry: &&serde_json::Value| format!("{} {}", entry["step"].as_str().unwrap(), entry["outcome"].as_str().unwrap());
        self.repo.ledger().of_kind("step_finished").iter().map(one).collect()
    }

    /// Returns the files that the run has changed.
    pub(super) fn changed(&self) -> Vec<String> {
        self.repo.git(&["diff", "--name-only", "main", "orc/tour"]).lines().map(str::to_owned).collect()
    }

    /// Asserts what must hold after every run: sound objects, a sound ledger, no worktree left.
    pub(super) fn assert_sound(&self) {
        self.repo.assert_sound();
        self.repo.ledger().assert_sound();
        assert_eq!(self.repo.worktrees().len(), 1, "worktrees are left: {:?}", self.repo.worktrees());
        self.repo.orc(&["verify"]).expect_code(0);
    }
}
