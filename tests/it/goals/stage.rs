//! A repository with a book, and a tool that writes in it.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Outcome, TestEnvironment, TestRepo};

/// Defines `have`, which says how many words the book has, and `write N`, which makes it have so many.
const WORDS: &str = "have() { wc -w < book/text.md | tr -d ' '; }\nwrite() { seq \"$1\" > book/text.md; }\n";

/// A repository with a tool of its own.
pub(super) struct Stage<'e> {
    pub(super) repo: TestRepo<'e>,
    environment: &'e TestEnvironment,
}

impl<'e> Stage<'e> {
    /// Makes a repository whose book has ten words.
    pub(super) fn new(environment: &'e TestEnvironment) -> Self {
        let repo = environment.repo("project");
        repo.write("book/text.md", (1..=10).map(|n| format!("{n}\n")).collect::<String>());
        repo.commit("a book");
        Self { repo, environment }
    }

    /// Writes a file of the user's settings.
    pub(super) fn user_file(&self, name: &str, text: &str) {
        let path = self.environment.root().join("config/git-orc").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Makes the tool `writer` do this. Each call costs 40 cents, and keeps its prompt in the home folder.
    pub(super) fn writer(&self, script: &str) {
        let profile = json!({
            "writer": {
                "binary": "writer",
                "args": ["{prompt_file}"],
                "env": {"RESULT": "{run_dir}/result.json"},
                "usage": {"in": {"file": "{run_dir}/result.json", "format": "json"}, "fields": {"cost_usd": "cost_usd"}},
            },
        });
        self.user_file("tool_profiles.json", &profile.to_string());
        let path = self.environment.bin().join("writer");
        let head = "#!/bin/sh\necho \"$ORC_STEP\" >> \"$HOME/calls\"\ncp \"$1\" \"$HOME/prompt.$(wc -l < \"$HOME/calls\" | tr -d ' ').md\"\n\
                    echo '{\"cost_usd\": 0.4}' > \"$RESULT\"\n";
        std::fs::write(&path, format!("{head}{WORDS}{script}\n")).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Returns a plan in which the tool writes the book.
    pub(super) fn plan(more: &str) -> String {
        let head = "version: 1\nname: tour\nworkstreams:\n  - id: book\n    files_scope: [\"book/**\"]\n    tool: writer\n    prompt: Write the book.\n";
        format!("{head}    retry: {{max_attempts: 1, initial_delay_sec: 0}}\n{more}")
    }

    /// Runs a plan, and expects this exit code.
    pub(super) fn run(&self, plan: &str, arguments: &[&str], code: i32) -> Outcome {
        let path = self.plan_file(plan);
        self.repo.orc(&[&["run", &path, "--progress=none"], arguments].concat()).expect_code(code)
    }

    /// Writes a plan and returns its path.
    fn plan_file(&self, plan: &str) -> String {
        let path = self.environment.root().join("plan.yaml");
        std::fs::write(&path, plan).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Runs a plan, and kills the driver when the tool says by a file `reached` that it is where it should be.
    pub(super) fn run_killed(&self, plan: &str) {
        let mut running = self.repo.start_orc(&["run", &self.plan_file(plan), "--progress=none"]);
        let start = Instant::now();
        while self.home("reached").is_empty() {
            assert!(running.is_running() && start.elapsed() < Duration::from_secs(60), "it was never reached");
            std::thread::sleep(Duration::from_millis(10));
        }
        running.kill();
    }

    /// Returns a file of the home folder.
    pub(super) fn home(&self, name: &str) -> String {
        std::fs::read_to_string(self.environment.home().join(name)).unwrap_or_default()
    }

    /// Returns the steps for which the tool was called, in order.
    pub(super) fn calls(&self) -> Vec<String> {
        self.home("calls").lines().map(str::to_owned).collect()
    }

    /// Returns how many words the merged book has.
    pub(super) fn words(&self) -> usize {
        self.repo.git(&["show", "orc/tour:book/text.md"]).split_whitespace().count()
    }

    /// Returns what `git orc goals --json` says about the only workstream.
    pub(super) fn goals(&self) -> Value {
        self.repo.orc(&["goals", "--json"]).expect_code(0).json()["workstreams"][0].clone()
    }

    /// Returns the numbers of a goal, round by round.
    pub(super) fn values(&self, goal: usize) -> Vec<f64> {
        let goals = self.goals();
        let values = goals["goals"][goal]["values"].as_array().unwrap().clone();
        values.iter().map(|value| value["value"].as_f64().unwrap_or(-1.0)).collect()
    }

    /// Returns the strategies, round by round.
    pub(super) fn strategies(&self) -> Vec<String> {
        let goals = self.goals();
        let rounds = goals["rounds"].as_array().unwrap().clone();
        rounds.iter().filter_map(|round| round["strategy"].as_str().map(str::to_owned)).collect()
    }

    /// Returns what was said when the goals were settled.
    pub(super) fn settled(&self) -> String {
        let goals = self.goals();
        format!("{}: {}", goals["settled"]["reason"].as_str().unwrap(), goals["settled"]["message"].as_str().unwrap())
    }

    /// Asserts what must hold after every run.
    pub(super) fn assert_sound(&self) {
        self.repo.assert_sound();
        self.repo.ledger().assert_sound();
        assert_eq!(self.repo.worktrees().len(), 1, "worktrees are left: {:?}", self.repo.worktrees());
        self.repo.orc(&["verify"]).expect_code(0);
    }
}
