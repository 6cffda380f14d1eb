//! Real projects: the coverage of Python by its own `trace`, and what clippy finds.

use super::stage::Stage;
use crate::harness::{TestEnvironment, run};

const CALC: &str = "def add(a, b):\n    return a + b\n\n\ndef larger(a, b):\n    if a > b:\n        return a\n    return b\n\n\n\
                    def smaller(a, b):\n    if a < b:\n        return a\n    return b\n";

#[test]
fn coverage_of_a_python_project_rises_stalls_and_stops() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    stage.repo.write("calc.py", CALC);
    stage.repo.write("checks.py", "import calc\nassert calc.add(1, 2) == 3\n");
    stage.repo.commit("a project");
    // One more function in each round; then nobody knows what is missing.
    stage.writer(
        "case $(grep -c assert checks.py) in 1) echo 'assert calc.larger(1, 2) == 2' >> checks.py;; 2) echo 'assert calc.larger(2, 1) == 2' >> \
         checks.py;; 3) echo 'assert calc.smaller(1, 2) == 1' >> checks.py;; *) echo '# done' >> checks.py;; esac",
    );
    let goal = "{id: cov, command: [python3, -m, trace, --count, --missing, --summary, -C, .cover, checks.py], number: '([0-9]+)% +[^ ]*calc +[(]', \
                at_least: 100}";
    let plan = Stage::plan(&format!("    runtime: [[python3, checks.py]]\n    goals: [{goal}]\n")).replace("book/**", "checks.py");
    stage.run(&plan, &[], 0);
    let values = stage.values(0);
    assert!(values.len() >= 4 && values[0] < values[1] && values[1] < values[2] && values[2] < 100.0, "{values:?}");
    assert!(stage.settled().starts_with("stalled: 0 of 1 goal met; cov "), "{}", stage.settled());
    let best = values.iter().copied().fold(0.0, f64::max);
    assert!(stage.settled().contains(&format!("cov {best} of 100")), "{}", stage.settled());
    assert_eq!(stage.repo.git(&["show", "orc/tour:checks.py"]).matches("assert").count(), 4, "the best is kept");
    assert!(!stage.repo.git(&["show", "orc/tour:checks.py"]).contains("# done"));
    stage.assert_sound();
}

const LIB: &str = "//! Sums.\n\n/// Adds.\npub fn add(a: i32, b: i32) -> i32 {\n    return a + b;\n}\n\n/// Subtracts.\npub fn sub(a: i32, b: i32) -> i32 {\n    return a - b;\n}\n";

#[test]
#[ignore = "a minute: cargo checks a crate several times"]
fn findings_of_clippy_become_fewer() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    stage.repo.write("Cargo.toml", "[package]\nname = \"sums\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
    stage.repo.write(".gitignore", "/target\nCargo.lock\n");
    stage.repo.write("src/lib.rs", LIB);
    stage.repo.commit("a crate");
    // One finding in each call.
    stage.writer(
        "n=$(grep -n return src/lib.rs | head -1 | cut -d: -f1)\ntest -z \"$n\" || sed -i \"${n}s/return //; ${n}s/;//\" src/lib.rs",
    );
    let goal = "{id: lints, measure: findings, command: [cargo, clippy, --offline, --quiet, --message-format=json], at_most: 0}";
    let plan = Stage::plan(&format!("    goals: [{goal}]\n")).replace("book/**", "src/**");
    let path = environment.root().join("plan.yaml");
    std::fs::write(&path, plan).unwrap();
    let toolchain = std::path::Path::new(env!("CARGO")).parent().unwrap();
    let mut command = stage.repo.command("git");
    let folders = command.get_envs().find(|(name, _)| *name == "PATH").and_then(|(_, value)| value).unwrap().to_owned();
    let folders = std::iter::once(toolchain.to_owned()).chain(std::env::split_paths(&folders));
    command.env("PATH", std::env::join_paths(folders).unwrap());
    run(command.args(["orc", "run", path.to_str().unwrap(), "--progress=none"])).expect_code(0);
    assert_eq!((stage.values(0), stage.strategies()), (vec![1.0, 0.0], vec!["findings".to_owned()]));
    let prompt = stage.home("prompt.2.md");
    assert!(prompt.contains("unneeded `return` statement"), "{prompt}");
    stage.assert_sound();
}
