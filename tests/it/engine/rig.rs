//! A repository with a plan, driven through the library.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use git_orc::domain::run::state::{RunState, RunStatus, WorkstreamStatus};
use git_orc::engine::dispatcher::Ending;
use git_orc::engine::sink::Sink;
use git_orc::io::clock::Clock;
use git_orc::io::settings::environment::Environment;
use git_orc::io::settings::overlay::Overlay;
use git_orc::ops::context::{Context, ContextError, Desk};
use git_orc::ops::frozen::Overrides;
use git_orc::ops::resume::{ResumeError, ResumeRequest, Resumed, resume};
use git_orc::ops::run::{RunError, RunRequest, run};
use git_orc::ops::trust::Decision;
use tokio::sync::mpsc;

use crate::harness::{TestEnvironment, TestRepo};

/// A workstream of the tool `command` that runs a shell line, tried once.
pub(super) fn shell(id: &str, scope: &str, line: &str, more: &str) -> String {
    let head = format!("  - id: {id}\n    files_scope: [{scope:?}]\n    tool: command\n");
    format!("{head}    command: [sh, -c, {line:?}]\n    retry: {{max_attempts: 1}}\n{more}")
}

/// A workstream of another tool, tried once.
pub(super) fn with_tool(id: &str, scope: &str, tool: &str, more: &str) -> String {
    format!("  - id: {id}\n    files_scope: [{scope:?}]\n    {tool}\n    retry: {{max_attempts: 1}}\n    tasks: [say hello]\n{more}")
}

/// A plan named `tour`.
pub(super) fn plan(head: &str, workstreams: &[String]) -> String {
    format!("version: 1\nname: tour\n{head}\nworkstreams:\n{}", workstreams.concat())
}

/// A repository on which plans are run.
pub(super) struct Rig<'e> {
    pub(super) repo: TestRepo<'e>,
    environment: &'e TestEnvironment,
}

impl<'e> Rig<'e> {
    /// Makes a repository with folders `a`, `b` and `c`, each with a file `x.txt` of ten lines.
    pub(super) fn new(environment: &'e TestEnvironment) -> Self {
        let repo = environment.repo("project");
        for folder in ["a", "b", "c"] {
            let lines: String = (1..=10).map(|n| format!("{folder} line {n}\n")).collect();
            repo.write(&format!("{folder}/x.txt"), &lines);
        }
        repo.write("README", "a project\n");
        repo.commit("start");
        Self { repo, environment }
    }

    pub(super) fn context(&self) -> Context {
        self.try_context(self.repo.path()).unwrap()
    }

    /// Finds out what holds in a folder.
    pub(super) fn try_context(&self, cwd: &Path) -> Result<Context, ContextError> {
        let environment = Environment::of(self.environment.variables());
        Context::open(&Desk {
            cwd: cwd.to_owned(),
            environment,
            clock: Clock::system(),
            flags: Overlay::default(),
            supervisor: crate::harness::supervisor(),
        })
    }

    /// Writes a file of the user's settings.
    pub(super) fn settings(&self, name: &str, text: &str) {
        let folder = self.environment.root().join("config/git-orc");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(name), text).unwrap();
    }

    /// Installs a program that external tools can name.
    pub(super) fn program(&self, name: &str, script: &str) {
        let path = self.environment.bin().join(name);
        std::fs::write(&path, script).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Writes a file beside the plan, such as a patch file.
    pub(super) fn beside_plan(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.environment.root().join(name), content).unwrap();
    }

    /// Reads a file of the home folder, where programs of a run leave what a test wants to know.
    pub(super) fn home_file(&self, name: &str) -> String {
        std::fs::read_to_string(self.environment.home().join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// Runs a plan to its end.
    pub(super) fn run(&self, plan: &str) -> RunState {
        self.try_run(plan).unwrap()
    }

    pub(super) fn try_run(&self, plan: &str) -> Result<RunState, RunError> {
        self.run_in(self.repo.path(), plan, Vec::new())
    }

    /// Runs a plan from a folder, with somebody who is told of every entry.
    pub(super) fn run_in(&self, cwd: &Path, plan: &str, sinks: Vec<Box<dyn Sink>>) -> Result<RunState, RunError> {
        let file = self.environment.root().join("plan.yaml");
        std::fs::write(&file, plan).unwrap();
        let cx = self.try_context(cwd).unwrap();
        let (_stop, stop) = mpsc::channel(1);
        let request = RunRequest { plan: file, overrides: Overrides::default(), sinks, stop };
        runtime().block_on(run(&cx, request)).map(state)
    }

    /// Resumes the newest open run.
    pub(super) fn resume(&self) -> RunState {
        state(self.try_resume(Vec::new()).unwrap().ending)
    }

    pub(super) fn try_resume(&self, sinks: Vec<Box<dyn Sink>>) -> Result<Resumed, ResumeError> {
        let cx = self.context();
        let (_stop, stop) = mpsc::channel(1);
        runtime()
            .block_on(resume(&cx, ResumeRequest { run: None, budgets: Vec::new(), sinks, stop, decide: Box::new(|_| Decision::Refuse) }))
    }

    /// Returns a file of the integration branch.
    pub(super) fn on(&self, branch: &str, path: &str) -> String {
        self.repo.git(&["show", &format!("{branch}:{path}")])
    }

    /// Asserts what must hold after every run: sound objects, a sound ledger, no worktree left.
    pub(super) fn assert_sound(&self) {
        self.repo.assert_sound();
        self.repo.ledger().assert_sound();
        assert_eq!(self.repo.worktrees().len(), 1, "worktrees are left: {:?}", self.repo.worktrees());
        let root = self.repo.path().parent().unwrap().join("project.orc");
        assert!(!Path::exists(&root), "{} is left", root.display());
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

pub(super) fn state(ending: Ending) -> RunState {
    match ending {
        Ending::Settled(state) | Ending::Stopped(state) | Ending::Killed(state) => state,
    }
}

/// Returns the reason that a workstream's state gives.
pub(super) fn reason(state: &RunState, id: &str) -> String {
    let (_, one) = state.workstreams.iter().find(|(name, _)| name.as_str() == id).unwrap();
    one.status.reason().unwrap_or_default().to_owned()
}

/// Asserts where the run and its workstreams stand.
pub(super) fn assert_states(state: &RunState, run: RunStatus, expect: &[(&str, &str)]) {
    let found: Vec<(String, &str)> = state.workstreams.iter().map(|(id, one)| (id.to_string(), one.status.word())).collect();
    let reasons: Vec<_> = state.workstreams.values().filter_map(|one: &_| WorkstreamStatus::reason(&one.status)).collect();
    let expect: Vec<(String, &str)> = expect.iter().map(|(id, word)| ((*id).to_owned(), *word)).collect();
    assert_eq!((state.status, found), (run, expect), "{:?} {reasons:?}", state.reason);
}
