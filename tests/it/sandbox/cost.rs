//! What each level costs: printed by `cargo test --release --test it sandbox::cost -- --ignored --nocapture`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use git_orc::domain::policy::sandbox::SandboxLevel;
use git_orc::domain::tool::outcome::Ending;
use git_orc::io::process::request::{ProcessRequest, never_cancelled};
use git_orc::io::process::spawn;
use git_orc::io::sandbox::confinement::Confinement;

use super::Stage;
use crate::harness::{TestEnvironment, rounds, supervisor};

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

#[expect(clippy::print_stdout, reason = "figures are what this is for")]
fn tell(what: &str, times: [Duration; 3]) {
    for (level, time) in SandboxLevel::ALL.into_iter().zip(times) {
        let ratio = time.as_secs_f64() / times[0].as_secs_f64();
        println!("{what:<24} {level:<11} {:>8.1} ms   {ratio:.2} of none", time.as_secs_f64() * 1e3);
    }
}

#[tokio::test]
#[ignore = "measures for seconds, and needs bwrap, which .ci/run installs"]
async fn a_program_starts_at_each_level() {
    let folder = tempfile::tempdir().unwrap();
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..rounds(40) {
        for (level, times) in SandboxLevel::ALL.into_iter().zip(&mut times) {
            let mut request = ProcessRequest::new(vec!["/bin/true".into()], folder.path(), BTreeMap::new());
            let writable = vec![folder.path().canonicalize().unwrap()];
            request.confinement = Confinement { level, writable, bwrap: Some(PathBuf::from("/usr/bin/bwrap")), ..Confinement::none() };
            let start = Instant::now();
            let outcome = spawn::run(&supervisor(), request, never_cancelled()).await.unwrap();
            times.push(start.elapsed());
            assert_eq!(outcome.ending, Ending::Exited { code: 0 }, "{level}: {}", outcome.output.text());
        }
    }
    let times = times.map(median);
    tell("start of a program", times);
    assert!(times[2] < times[0] + Duration::from_secs(1), "a start in bubblewrap takes {:?}", times[2]);
}

#[test]
#[ignore = "measures for seconds, and needs bwrap, which .ci/run installs"]
fn a_small_run_at_each_level() {
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..rounds(7) {
        for (level, times) in SandboxLevel::ALL.into_iter().zip(&mut times) {
            let environment = TestEnvironment::new();
            let stage = Stage::new(&environment, level.name());
            let plan = stage.plan("echo x >a/new", "    static: [[test, -f, a/new]]\n    runtime: [[test, -f, a/new]]\n");
            let start = Instant::now();
            stage.repo.orc(&["run", &plan, "--sandbox", level.name()]).expect_code(0);
            times.push(start.elapsed());
        }
    }
    let times = times.map(median);
    tell("run of three programs", times);
    assert!(times[2] < times[0] + Duration::from_secs(3), "a run in bubblewrap takes {:?}", times[2]);
}
