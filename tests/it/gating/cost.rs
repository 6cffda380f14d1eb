//! What a known verdict costs, measured against a push without any gate in the same run:
//! `cargo test --release --test it gating::cost -- --ignored --nocapture`.

use std::time::{Duration, Instant};

use super::{GATES, project};
use crate::harness::TestEnvironment;

const ROUNDS: usize = 31;

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1000.0
}

#[test]
#[ignore = "a measurement, not a proof; it takes seconds"]
fn a_known_verdict_beside_a_push() {
    let environment = TestEnvironment::new();
    let repo = project(&environment, GATES);
    for i in 0..237 {
        repo.write(&format!("src/part-{}/file-{i}.rs", i % 30), format!("fn f{i}() {{ call({i}) }}\n").repeat(120));
    }
    repo.commit("files");
    repo.try_git(&["push", "origin", "HEAD:main"]).expect_code(0);
    let [mut bare, mut gated, mut alone] = [const { Vec::new() }; 3];
    for round in 0..ROUNDS {
        let timed = |arguments: &[&str], times: &mut Vec<Duration>| {
            let start = Instant::now();
            let pushed = repo.try_git(arguments).expect_code(0);
            times.push(start.elapsed());
            pushed.stderr
        };
        timed(&["push", "--no-verify", "origin", &format!("HEAD:refs/heads/bare-{round}")], &mut bare);
        let said = timed(&["push", "origin", &format!("HEAD:refs/heads/gated-{round}")], &mut gated);
        assert!(said.contains("(1 known)"), "{said}");
        let line = format!("refs/heads/main {} refs/heads/x {}\n", repo.git(&["rev-parse", "HEAD"]), "0".repeat(40));
        repo.write(".git/line", &line);
        let start = Instant::now();
        let ended = repo.command("sh").args(["-c", "git-orc hook run pre-push -- origin ../remote.git <.git/line"]).output().unwrap();
        alone.push(start.elapsed());
        assert!(ended.status.success(), "{ended:?}");
    }
    let (bare, gated, alone) = (median(bare), median(gated), median(alone));
    println!("medians of {ROUNDS}: push without a gate {bare:.1} ms, with a known verdict {gated:.1} ms, the gate alone {alone:.1} ms");
    println!("the gate costs {:.2} of a push without it", (gated - bare) / bare);
}
