//! Runs with the cache that are killed and resumed.

use std::time::{Duration, Instant};

use super::stage::{ALL, Stage, full, plan};
use crate::harness::TestEnvironment;

fn wait_for(stage: &Stage<'_>, call: &str) {
    let start = Instant::now();
    while !std::fs::read_to_string(stage.home("calls")).unwrap_or_default().contains(call) {
        assert!(start.elapsed() < Duration::from_secs(60), "`{call}` never came");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_run_that_is_killed_in_the_middle_goes_on_and_its_results_are_used() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    std::fs::write(stage.home("slow-b"), "").unwrap();
    let path = stage.plan_file(&plan());
    let running = stage.repo.start_orc(&["run", &path, "--progress=none", "--cache"]);
    wait_for(&stage, "work b");
    running.kill();
    std::fs::remove_file(stage.home("slow-b")).unwrap();
    stage.repo.orc(&["resume", "--progress=none"]).expect_code(0);
    let calls = stage.calls();
    assert_eq!(calls.iter().filter(|call| *call == "work a").count(), 1, "{calls:?}");
    assert_eq!(calls.iter().filter(|call| *call == "work b").count(), 2, "{calls:?}");
    stage.run(&plan(), &["--target", "orc/second"], 0);
    assert_eq!(stage.calls(), [""; 0], "{:#?}", stage.ends());
    assert_eq!(stage.tree("orc/second"), stage.tree("orc/tour"));
    stage.assert_sound();
}

#[test]
fn a_run_that_took_from_the_cache_and_was_killed_goes_on_as_ever() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    let a = "  - {id: a, files_scope: [\"a/**\"], command: [work, a], static: [[look, a]]}\n";
    stage.run(&full(a), &["--target", "orc/first"], 0);
    stage.calls();
    std::fs::write(stage.home("slow-b"), "").unwrap();
    let path = stage.plan_file(&plan());
    let running = stage.repo.start_orc(&["run", &path, "--progress=none", "--cache"]);
    wait_for(&stage, "work b");
    running.kill();
    std::fs::remove_file(stage.home("slow-b")).unwrap();
    stage.repo.orc(&["resume", "--progress=none"]).expect_code(0);
    let calls = stage.calls();
    assert!(!calls.contains(&"work a".to_owned()) && !calls.contains(&"look a".to_owned()), "{calls:?}");
    // The same as without any cache.
    let undisturbed = TestEnvironment::new();
    let other = Stage::new(&undisturbed);
    let path = other.plan_file(&plan());
    other.repo.orc(&["run", &path, "--progress=none"]).expect_code(0);
    assert_eq!(other.calls(), ALL);
    assert_eq!(stage.tree("orc/tour"), other.tree("orc/tour"));
    stage.assert_sound();
}
