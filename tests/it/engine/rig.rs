//! A repository with a plan, driven through the library.

use std::path::Path;

use git_orc::domain::run::state::{RunState, RunStatus, WorkstreamStatus};
use git_orc::engine::dispatcher::Ending;
use git_orc::io::clock::Clock;
use git_orc::io::settings::environment::Environment;
use git_orc::io::settings::overlay::Overlay;
use git_orc::ops::context::{Context, Desk};
use git_orc::ops::frozen::Overrides;
use git_orc::ops::resume::{ResumeRequest, Resumed, resume};
use git_orc::ops::run::{RunError, RunRequest, run};
use tokio::sync::mpsc;

use crate::harness::{TestEnvironment, TestRepo};

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
        Context::open(&Desk {
            cwd: self.repo.path().to_owned(),
            environment: Environment::of(self.environment.variables()),
            clock: Clock::system(),
            flags: Overlay::default(),
        })
        .unwrap()
    }

    /// Runs a plan to its end.
    pub(super) fn run(&self, plan: &str) -> RunState {
        self.try_run(plan).unwrap()
    }

    pub(super) fn try_run(&self, plan: &str) -> Result<RunState, RunError> {
        let file = self.repo.path().parent().unwrap().join("plan.yaml");
        std::fs::write(&file, plan).unwrap();
        let cx = self.context();
        let (_stop, stop) = mpsc::channel(1);
        let request = RunRequest { plan: file, overrides: Overrides::default(), sinks: Vec::new(), stop };
        runtime().block_on(run(&cx, request)).map(state)
    }

    /// Resumes the newest open run.
    pub(super) fn resume(&self) -> Resumed {
        let cx = self.context();
        let (_stop, stop) = mpsc::channel(1);
        runtime().block_on(resume(&cx, ResumeRequest { run: None, sinks: Vec::new(), stop })).unwrap()
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

fn state(ending: Ending) -> RunState {
    match ending {
        Ending::Settled(state) | Ending::Stopped(state) | Ending::Killed(state) => state,
    }
}

/// Asserts where the run and its workstreams stand.
pub(super) fn assert_states(state: &RunState, run: RunStatus, expect: &[(&str, &str)]) {
    let found: Vec<(String, &str)> = state.workstreams.iter().map(|(id, one)| (id.to_string(), one.status.word())).collect();
    let reasons: Vec<_> = state.workstreams.values().filter_map(|one: &_| WorkstreamStatus::reason(&one.status)).collect();
    let expect: Vec<(String, &str)> = expect.iter().map(|(id, word)| ((*id).to_owned(), *word)).collect();
    assert_eq!((state.status, found), (run, expect), "{:?} {reasons:?}", state.reason);
}
