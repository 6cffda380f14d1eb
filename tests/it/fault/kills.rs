//! `kill -9` at random moments, and after every entry.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::time::Duration;

use super::stage::{Judged, SLOW, Stage, on_stages};
use super::tracer::{Counted, Deed, trace};
use crate::harness::rounds;

/// Numbers that look random and are the same for the same seed.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Returns a part of a time.
    pub(super) fn part_of(&mut self, whole: Duration) -> Duration {
        let micros = u64::try_from(whole.as_micros()).unwrap().max(1);
        Duration::from_micros(self.roll() % micros)
    }
}

/// Kills a run at a random moment; every third time the resume as well.
fn kill_somewhere(stage: &Stage, seed: u64) -> Judged {
    let mut dice = Dice(seed);
    stage.put_back();
    let (oracle, repo) = (stage.oracle(), stage.repo());
    let running = repo.start_orc(&["run", stage.plan(), "--progress", "json"]);
    std::thread::sleep(dice.part_of(stage.usual));
    let mut told = running.kill().stderr;
    if dice.roll().is_multiple_of(3) {
        let running = repo.start_orc(&["resume", "--progress", "json"]);
        std::thread::sleep(dice.part_of(stage.usual));
        told.push_str(&running.kill().stderr);
    }
    stage.judge(&oracle, &told)
}

#[test]
#[ignore = "two minutes: kills a run at 100 random moments; GIT_ORC_TEST_ROUNDS sets another number"]
fn a_run_that_is_killed_at_random_loses_nothing_and_repeats_nothing() {
    let stages: Vec<Stage> = (0..2).map(|_| Stage::new(SLOW)).collect();
    let first = RandomState::new().build_hasher().finish();
    println!("seeds from {first}");
    let seeds: Vec<u64> = (0..u64::from(rounds(100))).map(|n| first.wrapping_add(n)).collect();
    let tally = on_stages(&stages, &seeds, |stage, seed| Some(kill_somewhere(stage, *seed)));
    tally.assert_clean("random kills");
    assert!(tally.midway * 2 > tally.cases, "only {} of {} kills came midway", tally.midway, tally.cases);
}

#[test]
#[ignore = "a minute: kills a run after some of its entries, or after every one, with one, two and three workers"]
fn a_run_that_is_killed_after_any_entry_goes_on_from_there() {
    for workers in 1..=3 {
        let plan = SLOW.replace("max_workers: 2", &format!("max_workers: {workers}"));
        let stages: Vec<Stage> = (0..2).map(|_| Stage::new(&plan)).collect();
        let run = |stage: &Stage, deed| trace(&mut stage.command(&["run", stage.plan()]), Counted::Lines, deed);
        let all = run(&stages[0], Deed::Watch).calls;
        let wanted = u64::from(rounds(8)).min(all);
        let places: Vec<u64> = (0..wanted).map(|n| 1 + n * all / wanted).collect();
        let tally = on_stages(&stages, &places, |stage, at| {
            stage.put_back();
            let oracle = stage.oracle();
            let traced = run(stage, Deed::Kill { at: *at });
            traced.hit.as_ref().map(|_| stage.judge(&oracle, &traced.stderr))
        });
        tally.assert_clean(&format!("kills after entries of {all}, {workers} at once"));
    }
}
