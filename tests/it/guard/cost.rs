//! What a look costs.

use std::time::{Duration, Instant};

use super::{guard, project};
use crate::harness::TestEnvironment;

const REFS: usize = 5_000;
const FILES: usize = 10_000;

#[test]
#[ignore = "measures: 5,000 loose refs and 10,000 files, looked at again and again"]
fn a_look_at_five_thousand_refs_timed() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    for n in 0..FILES {
        repo.write(&format!("many/{}/{n}", n % 100), format!("{n}\n"));
    }
    repo.commit("many");
    let head = repo.git(&["rev-parse", "HEAD"]);
    for n in 0..REFS {
        repo.write(&format!(".git/refs/heads/t/{}/{n}", n % 50), format!("{head}\n"));
    }
    let guard = guard(&environment, &repo);
    let mut times = Vec::new();
    for _ in 0..12 {
        let start = Instant::now();
        guard.enter("a").unwrap();
        let entered = start.elapsed();
        guard.leave("a").unwrap();
        times.push((entered, start.elapsed() - entered));
        assert_eq!(guard.take("a"), git_orc::io::git::guard::Findings::default());
        std::thread::sleep(Duration::from_millis(60));
    }
    eprintln!("first look {:?}", times[0].0);
    let (mut enter, mut leave): (Vec<_>, Vec<_>) = times.into_iter().skip(2).unzip();
    enter.sort_unstable();
    leave.sort_unstable();
    eprintln!("median of {} looks: enter {:?}, leave {:?}", enter.len(), enter[enter.len() / 2], leave[leave.len() / 2]);
    eprintln!("best: enter {:?}, leave {:?}", enter[0], leave[0]);
}
