//! A repository, a plan of one workstream with the pipeline `roles`, and a tool that plays every role.

use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::harness::{Outcome, Running, TestEnvironment, TestRepo};

/// What each role does when nothing goes wrong.
const ROLES: &[(&str, &str)] = &[
    (
        "product-owner",
        "printf 'stories:\\n  - {id: S1, title: greet, priority: 1, acceptance_criteria: [it greets]}\\n' > $d/product_backlog.yaml",
    ),
    (
        "planning",
        "printf '# Architecture\\n\\none file\\n\\n# Dependencies\\n\\nnone\\n' > $d/technical_plan.md
         printf 'tasks:\\n  - {id: T1, title: greet, depends_on: []}\\n' > $d/task_breakdown.yaml
         printf '1. greet\\n' > $d/Action_Plan.md
         printf '{\"criteria\": [{\"story\": \"S1\", \"criterion\": \"it greets\"}]}' > $d/acceptance_criteria.json",
    ),
    (
        "auditor",
        "printf 'R-001 high: nobody may be there. Source: technical_plan.md, Architecture\\n\\nVerdict: PROCEED\\n' > $d/Summary_Report.md",
    ),
    ("verification", "printf 'R-001 CONFIRM: nobody is at home at night\\n\\nDecision: GO\\n' > $d/Validation_Report.md"),
    (
        "synthesis",
        "printf '1. greet. Prerequisites: none. Source: S1\\n\\nR-001: Rollback: greet nobody\\n' > $d/Final_Implementation_Plan.md",
    ),
    ("codegen", "mkdir -p src tests; echo 'def greet(): pass' > src/greet.py; echo 'import greet' > tests/test_greet.py"),
    ("documentation", "printf '# Greeting\\n' > docs/greeting.md"),
    ("security", "printf '{\"critical\": 0, \"high\": 0, \"medium\": 0, \"low\": 0, \"findings\": []}' > $d/security_report.json"),
    (
        "qa",
        "printf '{\"result\": \"PASS\", \"total\": 1, \"failed\": 0, \"coverage\": 91, \"benchmarks\": {\"degraded\": 0}}' > $d/test_results.json",
    ),
    ("mlops", "printf 'health_checks: [ping]\\nrollback: [stop]\\nmonitoring: [pings]\\n' > $d/deployment_config.yaml"),
    ("observability", "yes word | head -30 > $d/observability.md"),
    ("analyst", "yes word | head -30 > $d/analysis.md"),
];

/// A repository in which roles work.
pub(super) struct Stage<'e> {
    pub(super) repo: TestRepo<'e>,
    environment: &'e TestEnvironment,
}

impl<'e> Stage<'e> {
    /// Makes a repository in which some roles do something else than usual; `$k` is how often the role was called.
    pub(super) fn new(environment: &'e TestEnvironment, instead: &[(&str, &str)]) -> Self {
        let repo = environment.repo("project");
        repo.write("README.md", "a project\n");
        repo.commit("start");
        let folder = environment.root().join("config/git-orc");
        std::fs::create_dir_all(&folder).unwrap();
        let profile = json!({"actor": {"binary": "actor", "args": ["{prompt_file}"], "capabilities": ["acting"]}});
        std::fs::write(folder.join("tool_profiles.json"), profile.to_string()).unwrap();
        let stage = Self { repo, environment };
        stage.act(instead);
        stage
    }

    /// Puts a pipeline of the repository's own in place of the shipped one, with some of its text replaced.
    pub(super) fn pipeline(&self, replaced: &[(&str, &str)]) {
        let mut text = include_str!("../../../config/pipelines/roles.yaml").to_owned();
        for (from, to) in replaced {
            assert!(text.contains(from), "{from}");
            text = text.replacen(from, to, 1);
        }
        self.repo.write(".git-orc/pipelines/roles.yaml", text);
        self.repo.commit("roles of our own");
        self.repo.orc(&["trust"]).expect_code(0);
    }

    /// Makes some roles do something else than usual from now on.
    pub(super) fn act(&self, instead: &[(&str, &str)]) {
        let mut script = "#!/bin/sh\nd=docs/roles; mkdir -p $d\nrole=${ORC_WORKSTREAM#r-}\necho x >> \"$HOME/calls-$role\"\n".to_owned();
        script.push_str("k=$(wc -l < \"$HOME/calls-$role\" | tr -d ' ')\n");
        for (role, usual) in ROLES {
            let own = instead.iter().find(|(name, _)| name == role).map(|(_, own)| own.replace("USUAL", usual));
            let does = own.unwrap_or_else(|| (*usual).to_owned());
            script.push_str(&format!("if [ $role = {role} ]; then\n{does}\nfi\n"));
        }
        let path = self.environment.bin().join("actor");
        std::fs::write(&path, script).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Starts the run, and expects this exit code.
    pub(super) fn run(&self, code: i32) -> Outcome {
        let path = self.environment.root().join("plan.yaml");
        let plan = "version: 1\nname: tour\nworkstreams:\n  - {id: r, pipeline: roles, tool: actor, prompt: Greet people., retry: {max_attempts: 1}}\n";
        std::fs::write(&path, plan).unwrap();
        self.repo.orc(&["run", path.to_str().unwrap(), "--progress=none"]).expect_code(code)
    }

    /// Goes on with it, and expects this exit code.
    pub(super) fn resume(&self, code: i32) -> Outcome {
        self.repo.orc(&["resume", "--progress=none"]).expect_code(code)
    }

    /// Goes on with it, without waiting.
    pub(super) fn start_resume(&self) -> Running {
        self.repo.start_orc(&["resume", "--progress=none"])
    }

    /// Lets the work of a role land.
    pub(super) fn approve(&self, role: &str) {
        self.repo.orc(&["decide", "tour", &format!("r-{role}"), "approve", "--reason", "read it"]).expect_code(0);
    }

    /// Puts a file onto the branch of the run, as a person does who has a worktree of their own.
    pub(super) fn land(&self, path: &str, text: &str) {
        let by_hand = self.environment.root().join("by-hand");
        let folder = by_hand.to_str().unwrap();
        self.repo.git(&["worktree", "add", "--quiet", folder, "orc/tour"]);
        std::fs::write(by_hand.join(path), text).unwrap();
        self.repo.git(&["-C", folder, "add", "--all"]);
        self.repo.git(&["-C", folder, "commit", "--quiet", "-m", "by hand"]);
        self.repo.git(&["worktree", "remove", folder]);
    }

    /// Tells the work of a role something, as a person does.
    pub(super) fn told(&self, verb: &str, role: &str) {
        self.repo.orc(&[verb, "tour", "-w", &format!("r-{role}"), "--reason", "looked at"]).expect_code(0);
    }

    /// Returns where the roles stand.
    pub(super) fn workflow(&self) -> Value {
        let status = self.repo.orc(&["status", "tour", "--json"]).expect_code(0).json();
        status["workflows"][0].clone()
    }

    /// Returns the states that the workflow went through.
    pub(super) fn states(&self) -> Vec<String> {
        let workflow = self.workflow();
        workflow["history"].as_array().unwrap().iter().map(|one| one["to"].as_str().unwrap().to_owned()).collect()
    }

    /// Returns how often a role was called.
    pub(super) fn calls(&self, role: &str) -> usize {
        std::fs::read_to_string(self.environment.home().join(format!("calls-{role}"))).unwrap_or_default().lines().count()
    }

    /// Returns who was told of what: the name of the policy, what was done, and who.
    pub(super) fn escalations(&self) -> Vec<Value> {
        let ledger = self.repo.ledger();
        let held = ledger.of_kind("escalated").into_iter().map(|entry| entry["held"].clone());
        held.map(|held| json!([held["condition"], held["response"], held["notify"]])).collect()
    }

    /// Asserts what must hold after every run.
    pub(super) fn assert_sound(&self) {
        self.repo.assert_sound();
        self.repo.ledger().assert_sound();
        self.repo.orc(&["verify"]).expect_code(0);
        assert_eq!(self.workflow()["refused"], json!([]));
    }
}
