//! Programs of a real run, held by landlock and by bubblewrap. What needs `bwrap` is among the slow tests, since not every machine has it;
//! `.ci/run` installs it, and there these tests fail without it.

mod commits;
mod cost;
mod hostile_git_dir;
mod levels;
mod reach;

use git_orc::io::sandbox::probe::probe_kernel;
use serde_json::Value;

use crate::harness::{Outcome, TestEnvironment, TestRepo};

/// How a program tells what it could do, `t NAME COMMAND...`; [`TELL`] puts it into `a/report`, when everything else is done.
const TRY: &str = "t() { n=$1; shift; if \"$@\" >/dev/null 2>&1; then echo \"$n done\"; else echo \"$n refused\"; fi >>$TMPDIR/report; }; ";
const TELL: &str = "; cp $TMPDIR/report a/report";

/// A repository whose plans run at one level.
struct Stage<'e> {
    environment: &'e TestEnvironment,
    repo: TestRepo<'e>,
    level: &'static str,
}

impl<'e> Stage<'e> {
    fn new(environment: &'e TestEnvironment, level: &'static str) -> Self {
        let repo = environment.repo("project");
        repo.write("a/x.txt", "one\n");
        repo.write("b/y.txt", "two\n");
        repo.commit("files");
        Self { environment, repo, level }
    }

    /// Returns a plan with one workstream that runs a shell script.
    fn plan(&self, script: &str, more: &str) -> String {
        let head = "version: 1\nname: tour\nworkstreams:\n  - id: ws\n    files_scope: [\"**\"]\n    tool: command\n    retry: {max_attempts: 1}\n";
        let text = format!("{head}    command: [sh, -c, {:?}]\n{more}", format!("{TRY}{script}"));
        let path = self.environment.root().join("plan.yaml");
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn run(&self, script: &str, more: &[&str]) -> Outcome {
        let plan = self.plan(script, "");
        self.repo.orc(&[&["run", &plan, "--sandbox", self.level], more].concat())
    }

    /// Runs a script and returns what it could do, sorted.
    fn tried(&self, script: &str, more: &[&str]) -> Vec<String> {
        self.run(&format!("{script}{TELL}"), more).expect_code(0);
        let report = self.repo.git(&["show", "orc/tour:a/report"]);
        let mut lines: Vec<String> = report.lines().map(str::to_owned).collect();
        lines.sort_unstable();
        lines
    }

    /// Returns the one entry of this kind.
    fn entry(&self, kind: &str) -> Value {
        let ledger = self.repo.ledger();
        let found = ledger.of_kind(kind);
        assert_eq!(found.len(), 1, "{kind}");
        found[0].clone()
    }

    fn assert_sound(&self) {
        self.repo.assert_sound();
        self.repo.ledger().assert_sound();
        assert_eq!(self.repo.worktrees().len(), 1, "worktrees are left: {:?}", self.repo.worktrees());
        let left: Vec<_> = std::fs::read_dir(self.environment.root().join("tmp")).unwrap().flatten().map(|e| e.path()).collect();
        assert_eq!(left, Vec::<std::path::PathBuf>::new(), "temporary folders are left");
    }
}

/// Returns whether the kernel can hold programs, and says so when it can not: there is nothing to see then.
#[expect(clippy::print_stdout, reason = "who runs the tests is told what was not tested")]
fn has_landlock() -> bool {
    let version = probe_kernel().landlock;
    if version < 6 {
        println!("this kernel has landlock {version}, too old for these tests");
    }
    version >= 6
}

/// Makes a test of a function that takes a level: once at landlock, once at bubblewrap.
macro_rules! at_both_levels {
    ($($check:ident),+ $(,)?) => {
        mod landlock {
            $(
                #[test]
                fn $check() {
                    if crate::sandbox::has_landlock() {
                        super::$check("landlock");
                    }
                }
            )+
        }
        mod bubblewrap {
            $(
                #[test]
                #[ignore = "needs bwrap, which .ci/run installs"]
                fn $check() {
                    super::$check("bubblewrap");
                }
            )+
        }
    };
}
use at_both_levels;
