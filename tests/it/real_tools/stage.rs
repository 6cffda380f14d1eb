//! A small project, a model, and one tool that works on it.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::launcher;
use super::profiles::{Model, Setting, setting};
use crate::harness::{Fingerprint, Ledger, Outcome, Running, TestEnvironment, TestRepo, alive_after};
use crate::model_server::ModelServer;

/// How long one run may take on a machine that does much else.
const LIMIT: Duration = Duration::from_secs(400);

/// An address at which nobody listens: the port is below those that the system gives out, and has no service.
const NOBODY: &str = "http://127.0.0.1:9/nobody";

/// What the program to be changed is before, after the EDIT step, and after the FIX step.
pub(super) const BEFORE: &str = "add() { echo $(($1 - $2)); }\n";
pub(super) const EDITED: &str = "add() { echo $(($2 - $1)); }\n";
pub(super) const FIXED: &str = "add() { echo $(($1 + $2)); }\n";

const TEST: &str =
    "#!/bin/sh\n. ./calc.sh\nsum=$(add 2 3)\n[ \"$sum\" = 5 ] || { echo \"calc.sh:1:1: error: add 2 3 is $sum, not 5\"; exit 1; }\n";

/// A project with tools that find their models.
pub(super) struct Stage<'e> {
    tools: Vec<&'static str>,
    /// The line of the plan that says who does the work.
    pub(super) who: String,
    environment: &'e TestEnvironment,
    pub(super) repo: TestRepo<'e>,
    pub(super) server: ModelServer,
    variables: Vec<(&'static str, String)>,
}

/// What a run came to.
pub(super) struct Run {
    pub(super) outcome: Outcome,
    /// The entries `step_finished` of the tools, oldest first.
    pub(super) steps: Vec<Value>,
}

/// Returns whether a step has been started.
pub(super) fn has_started(ledger: &Ledger, step: &str) -> bool {
    ledger.of_kind("step_started").iter().any(|entry| entry["step"] == step)
}

/// Makes an environment in the folder of the build: some tools refuse a home below `/tmp`.
pub(super) fn environment() -> TestEnvironment {
    TestEnvironment::within(Path::new(env!("CARGO_TARGET_TMPDIR")))
}

impl<'e> Stage<'e> {
    /// Makes the project; nothing when the tool is not installed.
    pub(super) fn new(environment: &'e TestEnvironment, tool: &'static str, model: Model) -> Option<Self> {
        Self::of(environment, &[(tool, model)])
    }

    /// Makes the project, with several tools of which the first one does the work; nothing when one of them is not installed.
    pub(super) fn of(environment: &'e TestEnvironment, tools: &[(&'static str, Model)]) -> Option<Self> {
        for (tool, _) in tools {
            std::os::unix::fs::symlink(launcher(tool)?, environment.bin().join(tool)).unwrap();
        }
        // Several of them are scripts that look for it in PATH.
        if let Ok(node) = which::which("node") {
            std::os::unix::fs::symlink(node, environment.bin().join("node")).unwrap();
        }
        let repo = environment.repo("project");
        repo.write("calc.sh", BEFORE);
        repo.write_script("test.sh", TEST);
        repo.commit("files");
        let (who, server) = (format!("tool: {}", tools[0].0), ModelServer::start());
        let mut stage =
            Self { tools: tools.iter().map(|(tool, _)| *tool).collect(), who, environment, repo, server, variables: Vec::new() };
        for (tool, model) in tools {
            stage.point(tool, *model);
        }
        Some(stage)
    }

    /// Lets a tool find another model.
    pub(super) fn point(&mut self, tool: &str, model: Model) {
        let url = match model {
            Model::Scripted(behaviour) => self.server.url(behaviour),
            Model::Down => NOBODY.to_owned(),
        };
        let Setting { variables, files } = setting(tool, &url);
        self.variables.retain(|(name, _)| variables.iter().all(|(other, _)| name != other));
        self.variables.extend(variables);
        for (path, text) in files {
            self.write(path, &text);
        }
    }

    /// Writes a file below the folder of the environment.
    pub(super) fn write(&self, path: &str, text: &str) {
        let path = self.environment.root().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Writes the plan, with the limits that a test wants.
    fn plan(&self, more: &str) -> String {
        let line = |name: &str, content: &str| format!("      FAKE-{name} calc.sh <<<{}>>>\n", content.replace('\n', "\\n"));
        let text = format!(
            "version: 1\nname: tour\nworkstreams:\n  - id: adder\n    files_scope: [calc.sh]\n    {}\n    runtime: [[./test.sh]]\n{more}    \
             prompt: |\n      Let the function add.\n{}{}{}",
            self.who,
            line("OLD", BEFORE),
            line("WRITE", EDITED),
            line("FIX", FIXED)
        );
        let path = self.environment.root().join("tour.yaml");
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Runs the plan to its end.
    pub(super) fn run(&self, more: &str) -> Run {
        self.run_with(more, &[])
    }

    /// Runs the plan to its end, with more arguments.
    pub(super) fn run_with(&self, more: &str, arguments: &[&str]) -> Run {
        let plan = self.plan(more);
        self.drive(&[&["run", &plan], arguments].concat())
    }

    /// Runs the plan with more arguments, and kills the driver as soon as the ledger says that it is where it should be.
    pub(super) fn run_killed_when(&self, arguments: &[&str], is_there: impl Fn(&Ledger) -> bool) {
        let plan = self.plan("");
        self.kill_when(&[&["run", &plan], arguments].concat(), is_there);
    }

    /// Writes a plan whose steps are these, and returns its path.
    pub(super) fn plan_of_steps(&self, steps: &str) -> String {
        let plan =
            std::fs::read_to_string(self.plan("")).unwrap().replace("    runtime: [[./test.sh]]\n", &format!("    steps: {steps}\n"));
        let path = self.environment.root().join("steps.yaml");
        std::fs::write(&path, plan).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Runs a plan whose steps are these.
    pub(super) fn run_steps(&self, steps: &str, arguments: &[&str]) -> Run {
        let plan = self.plan_of_steps(steps);
        self.drive(&[&["run", &plan], arguments].concat())
    }

    /// Goes on with the run.
    pub(super) fn resume(&self, arguments: &[&str]) -> Run {
        self.drive(&[&["resume"], arguments].concat())
    }

    /// Returns a command of the program with everything that the tools need.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.repo.command("git");
        command.arg("orc").args(arguments).envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a command of the program, and kills its driver as soon as the ledger says that it is where it should be.
    pub(super) fn kill_when(&self, arguments: &[&str], is_there: impl Fn(&Ledger) -> bool) {
        let mut running = Running::start(&mut self.command(arguments));
        let (start, before) = (Instant::now(), self.drivers());
        let has_begun = || self.drivers().len() > before.len();
        while !(has_begun() && is_there(&self.repo.ledger())) {
            assert!(running.is_running() && start.elapsed() < LIMIT, "it was never reached: {arguments:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
        // The driver stands behind git, which would leave it alone.
        let driver = self.drivers().last().and_then(|pid| Pid::from_raw(*pid));
        kill_process(driver.unwrap(), Signal::KILL).unwrap();
        running.kill();
        let left = alive_after(&self.repo, Duration::from_secs(5));
        assert!(left.is_empty(), "{left:?}");
    }

    /// Returns the ids of the processes that drove runs, in order.
    fn drivers(&self) -> Vec<i32> {
        if self.repo.try_git(&["rev-parse", "--verify", "--quiet", "refs/orc/ledger"]).code() != 0 {
            return Vec::new();
        }
        let ledger = self.repo.ledger();
        let driven = ledger.entries().iter().filter(|entry| entry["kind"] == "run_started" || entry["kind"] == "run_resumed");
        driven.map(|entry| entry["pid"].as_i64().unwrap().try_into().unwrap()).collect()
    }

    fn drive(&self, arguments: &[&str]) -> Run {
        let outcome = Running::start(&mut self.command(arguments)).finish_within(LIMIT);
        let left = alive_after(&self.repo, Duration::from_secs(2));
        assert!(left.is_empty(), "{:?}: {left:?}", self.tools);
        self.repo.assert_sound();
        let ledger = self.repo.ledger();
        ledger.assert_sound();
        let steps = ledger.of_kind("step_finished").into_iter().filter(|step| step["tool"].is_string()).cloned().collect();
        Run { outcome, steps }
    }

    /// Returns what is not as it was before, besides what the tool is known to leave where no sandbox holds it.
    pub(super) fn changes_since(&self, before: &Fingerprint) -> Vec<String> {
        let changes = before.changes(&self.repo.fingerprint(before.target()));
        // It notes the id of the project in the git directory.
        changes.into_iter().filter(|change| !self.tools.contains(&"opencode") || !change.starts_with("git file opencode:")).collect()
    }

    /// Returns everything that one would want to see of a run that went otherwise than expected.
    pub(super) fn told(&self, run: &Run) -> String {
        let mut told = format!("{:?}: {}{}\n", self.tools, run.outcome.stdout, run.outcome.stderr);
        for step in &run.steps {
            told.push_str(&format!("{step:#}\n"));
            if let Some(path) = step["output"]["path"].as_str() {
                let folder = self.repo.git_dir().join("orc/runs").join(step["run"].as_str().unwrap_or_default().to_lowercase());
                let output = std::fs::read_to_string(folder.join(path)).unwrap_or_else(|error| format!("{path}: {error}"));
                told.push_str(&output[..output.floor_char_boundary(4000)]);
            }
        }
        told
    }
}
