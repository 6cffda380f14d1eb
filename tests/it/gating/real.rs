//! Real linters and tests, failing on the base already.

use super::project;
use crate::harness::{TestEnvironment, TestRepo, run};

const GATES: &str = "\
gates:
  - {id: tests, command: [cargo, test, --offline, --quiet], timeout_seconds: 300}
  - {id: clippy, command: [cargo, clippy, --offline, --quiet, --message-format=json, --, -D, warnings], timeout_seconds: 300}
";

const LIB: &str = "\
//! Sums.

/// Adds.
pub fn add(a: i32, b: i32) -> i32 {
    return a + b;
}

#[cfg(test)]
mod tests {
    #[test]
    fn adds() {
        assert_eq!(super::add(1, 2), 3);
    }

    #[test]
    fn always_red() {
        assert_eq!(super::add(1, 1), 3);
    }
}
";

/// Pushes with the toolchain in `PATH` that builds this test.
fn push(repo: &TestRepo<'_>, what: &str) -> String {
    let toolchain = std::path::Path::new(env!("CARGO")).parent().unwrap();
    let mut command = repo.command("git");
    let path = command.get_envs().find(|(name, _)| *name == "PATH").and_then(|(_, value)| value).unwrap().to_owned();
    let folders = std::iter::once(toolchain.to_owned()).chain(std::env::split_paths(&path));
    let pushed = run(command.env("PATH", std::env::join_paths(folders).unwrap()).args(["push", "origin", "HEAD:main"]));
    format!("{what} {}\n{}", pushed.code(), pushed.stderr)
}

#[test]
#[ignore = "a minute: cargo builds a crate several times"]
fn a_project_that_is_red_already() {
    let environment = TestEnvironment::new();
    let repo = project(&environment, GATES);
    repo.write("Cargo.toml", "[package]\nname = \"sums\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
    repo.write(".gitignore", "/target\nCargo.lock\n");
    repo.write("src/lib.rs", LIB);
    repo.commit("red already: one test, one lint");
    repo.try_git(&["push", "--no-verify", "origin", "HEAD:main"]).expect_code(0);
    repo.git(&["fetch", "--quiet", "origin"]);

    repo.write("README.md", "Sums.\n");
    repo.commit("unrelated");
    let unrelated = push(&repo, "unrelated");
    assert!(unrelated.starts_with("unrelated 0") && unrelated.matches("fails as it does on the base").count() == 2, "{unrelated}");

    let worse = LIB.replace(
        "    #[test]\n    fn always_red",
        "    #[test]\n    fn newly_red() {\n        assert_eq!(super::add(2, 2), 5);\n    }\n\n    #[test]\n    fn always_red",
    );
    repo.write("src/lib.rs", worse);
    repo.commit("one more red test");
    let worse = push(&repo, "worse");
    assert!(worse.starts_with("worse 1") && worse.contains("newly_red") && worse.contains("1 new finding"), "{worse}");
    assert!(!worse.lines().any(|line| line.contains("error") && line.contains("always_red")), "only the new one is named: {worse}");

    repo.write("src/lib.rs", LIB.replace("    return a + b;", "    a + b"));
    repo.commit("one lint fewer");
    let better = push(&repo, "better");
    assert!(better.starts_with("better 0") && better.contains("fails as it does on the base"), "{better}");
    let ledger = repo.ledger();
    let clippy = ledger.of_kind("gate_checked").into_iter().rfind(|entry| entry["gate"] == "clippy").unwrap().clone();
    assert_eq!(clippy["outcome"], "passed", "{clippy:#}");
}
