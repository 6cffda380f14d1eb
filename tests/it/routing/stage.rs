//! A repository, tools that are scripts, and what a run with them came to.

use std::os::unix::fs::PermissionsExt;

use serde_json::{Map, Value, json};

use crate::harness::{Outcome, TestEnvironment, TestRepo};

/// Writes the name of the tool into `who.txt` of the workstream's folder, as work that passes.
pub(super) const WORK: &str = "echo \"$me\" > \"$ORC_WORKSTREAM/who.txt\"";
/// Says that nobody is logged in.
pub(super) const SICK: &str = "echo 'log in first' >&2; exit 41";
/// Fails as a tool does whose provider is down.
pub(super) const DOWN: &str = "echo 'upstream is down' >&2; exit 42";

/// Returns a script that tells what it used and does its work.
pub(super) fn paid(usd: &str, tokens: u64) -> String {
    format!("{}\n{WORK}", bill(usd, tokens))
}

/// Returns a line that tells what was used.
pub(super) fn bill(usd: &str, tokens: u64) -> String {
    let result = format!("{{\"cost_usd\": {usd}, \"usage\": {{\"input\": {tokens}, \"output\": 0}}}}");
    format!("echo '{result}' > \"$RESULT\"")
}

/// A repository with tools of its own.
pub(super) struct Stage<'e> {
    pub(super) repo: TestRepo<'e>,
    environment: &'e TestEnvironment,
    profiles: Map<String, Value>,
}

impl<'e> Stage<'e> {
    /// Makes a repository with folders `a` to `d`, each with a file.
    pub(super) fn new(environment: &'e TestEnvironment) -> Self {
        let repo = environment.repo("project");
        for folder in ["a", "b", "c", "d"] {
            repo.write(&format!("{folder}/x.txt"), format!("{folder}\n"));
        }
        repo.commit("files");
        Self { repo, environment, profiles: Map::new() }
    }

    /// Adds a tool that can do `writing`: its profile, and the program that it starts.
    pub(super) fn tool(&mut self, id: &str, script: &str, more: &Value) {
        self.missing_tool(id, more);
        self.program(id, script);
    }

    /// Adds the profile of a tool whose program is not there.
    pub(super) fn missing_tool(&mut self, id: &str, more: &Value) {
        let mut profile = json!({
            "binary": id,
            "args": ["{prompt_file}", "{model_args}"],
            "model_args": ["--model", "{model}"],
            "env": {"RESULT": "{run_dir}/result.json"},
            "capabilities": ["writing"],
            "usage": {
                "in": {"file": "{run_dir}/result.json", "format": "json"},
                "fields": {"input": "usage.input", "output": "usage.output", "cost_usd": "cost_usd"},
            },
            "failures": [
                {"class": "auth", "exit_codes": [41]},
                {"class": "server", "exit_codes": [42]},
                {"class": "rate_limit", "pattern": "rate limit.*retry after (?<reset>\\d+)"},
            ],
        });
        let fields = profile.as_object_mut().unwrap();
        fields.extend(more.as_object().unwrap().clone());
        self.profiles.insert(id.to_owned(), profile);
        self.user_file("tool_profiles.json", &Value::Object(self.profiles.clone()).to_string());
    }

    /// Installs a program; every one notes in `calls` of the home folder that it was started, and for whom.
    pub(super) fn program(&self, name: &str, script: &str) {
        let path = self.environment.bin().join(name);
        let head = "#!/bin/sh\nme=$(basename \"$0\")\necho \"$me $ORC_WORKSTREAM\" >> \"$HOME/calls\"";
        std::fs::write(&path, format!("{head}\n{script}\n")).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Writes a file of the user's settings.
    pub(super) fn user_file(&self, name: &str, text: &str) {
        let folder = self.environment.root().join("config/git-orc");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(name), text).unwrap();
    }

    /// Says which tools do `writing`, the first one first.
    pub(super) fn registry(&self, chain: &[&str], strategy: &str) {
        let capability = json!({"primary": chain[0], "fallback": &chain[1..], "strategy": strategy});
        let tools = json!({chain[0]: {}});
        self.user_file("aim_registry.json", &json!({"tools": tools, "capabilities": {"writing": capability}}).to_string());
    }

    /// Writes a file of the home folder, where scripts look.
    pub(super) fn home(&self, name: &str, text: &str) {
        std::fs::write(self.environment.home().join(name), text).unwrap();
    }

    /// Returns the lines of a file of the home folder, none when it is not there.
    pub(super) fn lines(&self, name: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.environment.home().join(name)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Returns who was started for whom, in order.
    pub(super) fn calls(&self) -> Vec<String> {
        self.lines("calls")
    }

    /// Runs a plan named `tour`, and expects this exit code.
    pub(super) fn run(&self, (head, workstreams): (&str, &[String]), arguments: &[&str], code: i32) -> Outcome {
        let path = self.environment.root().join("plan.yaml");
        std::fs::write(&path, format!("version: 1\nname: tour\n{head}\nworkstreams:\n{}", workstreams.concat())).unwrap();
        let plan = path.to_str().unwrap().to_owned();
        self.repo.orc(&[&["run", &plan, "--progress=none"], arguments].concat()).expect_code(code)
    }

    /// Resumes the newest run, and expects this exit code.
    pub(super) fn resume(&self, arguments: &[&str], code: i32) -> Outcome {
        self.repo.orc(&[&["resume", "--progress=none"], arguments].concat()).expect_code(code)
    }

    /// Returns who did the work of a workstream, by the integration branch.
    pub(super) fn who(&self, workstream: &str) -> String {
        self.repo.git(&["show", &format!("orc/tour:{workstream}/who.txt")])
    }

    /// Returns all that `git orc log` says about the newest run, oldest first, one line per entry without its commit and time.
    pub(super) fn log(&self) -> String {
        let text = self.repo.orc(&["log"]).expect_code(0).stdout;
        let line = |line: &str| line.split_whitespace().skip(3).collect::<Vec<_>>().join(" ");
        text.lines().rev().map(line).collect::<Vec<_>>().join("\n")
    }

    /// Returns how the tools of attempts were chosen: `a edit#1: one (absent), two (chosen): why`.
    pub(super) fn routed(&self) -> Vec<String> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let one = |entry: &&Value| {
            let routing = &entry["routing"];
            let candidates = routing["candidates"].as_array().unwrap();
            let told: Vec<_> = candidates.iter().map(|one| format!("{} ({})", text(&one["tool"]), text(&one["verdict"]))).collect();
            let place = format!("{} {}#{}", text(&entry["workstream"]), text(&entry["step"]), entry["attempt"]);
            format!("{place}: {}: {}", told.join(", "), text(&routing["reason"]))
        };
        self.repo.ledger().of_kind("tool_routed").iter().map(one).collect()
    }

    /// Returns how attempts ended: `one failed auth`, `two passed`.
    pub(super) fn ended(&self) -> Vec<String> {
        let one = |entry: &&Value| {
            let part = |value: &Value| value.as_str().map(|text| format!(" {text}")).unwrap_or_default();
            format!("{}{}{}", entry["tool"].as_str().unwrap(), part(&entry["outcome"]), part(&entry["failure"]["class"]))
        };
        self.repo.ledger().of_kind("step_finished").iter().filter(|entry| entry["tool"].is_string()).map(one).collect()
    }

    /// Returns what a person was told to look at: `auth one: message`.
    pub(super) fn escalated(&self) -> Vec<String> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let one = |entry: &&Value| format!("{} {}: {}", text(&entry["trigger"]), text(&entry["tool"]), text(&entry["message"]));
        self.repo.ledger().of_kind("escalated").iter().map(one).collect()
    }

    /// Returns how many entries of a kind there are.
    pub(super) fn count(&self, kind: &str) -> usize {
        self.repo.ledger().of_kind(kind).len()
    }

    /// Asserts what must hold after every run, also one that waits: sound objects, a sound ledger, no worktree left.
    pub(super) fn assert_sound(&self) {
        self.repo.assert_sound();
        self.repo.ledger().assert_sound();
        assert_eq!(self.repo.worktrees().len(), 1, "worktrees are left: {:?}", self.repo.worktrees());
        self.repo.orc(&["verify"]).expect_code(0);
    }
}

/// A workstream in the folder of its name that asks for somebody who can write, tried once.
pub(super) fn writing(id: &str, more: &str) -> String {
    workstream(id, &format!("capability: writing{more}"))
}

/// A workstream in the folder of its name, tried once.
pub(super) fn workstream(id: &str, more: &str) -> String {
    let (zero, scope) = ("retry: {max_attempts: 1, initial_delay_sec: 0}", format!("files_scope: [\"{id}/**\"]"));
    let retry = if more.contains("retry:") { String::new() } else { format!(", {zero}") };
    format!("  - {{id: {id}, {scope}, prompt: write, {more}{retry}}}\n")
}
