//! The pure core of a run, driven by a seeded simulator: virtual time, scripted tools, a repository that tears writes, drivers that die
//! between any two things. What the engine and the simulator share is the core itself: turns, the fold, recovery, verdicts, landing.
//!
//! `GIT_ORC_SIM_SEED=<seed> cargo test --test it simulation` replays one seed and tells its story; `GIT_ORC_TEST_ROUNDS=<n>` runs so many.

mod commits;
mod controls;
mod dice;
mod driver;
mod laws;
mod plans;
mod plants;
mod store;
mod story;
mod tasks;
mod world;

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::harness::rounds;
use story::{Outcome, Story, tell};
use world::Diary;

/// Seeds in an ordinary `cargo test`.
const ROUNDS: u32 = 2_000;

#[test]
fn no_law_is_broken_whatever_happens() {
    if let Ok(seed) = std::env::var("GIT_ORC_SIM_SEED") {
        let story = tell(seed.parse().expect("the seed is a number"), Diary::Kept);
        println!("{}", story.log.join("\n"));
        assert_eq!(story.outcome, Outcome::Fine, "seed {seed}");
        return;
    }
    try_seeds(0, u64::from(rounds(ROUNDS)));
}

#[test]
#[ignore = "a minute or two: ten thousand seeds, others each time; GIT_ORC_TEST_ROUNDS sets another number"]
fn no_law_is_broken_by_seeds_that_nobody_has_tried() {
    let first = RandomState::new().build_hasher().finish() >> 16;
    try_seeds(first, u64::from(rounds(5 * ROUNDS)));
}

/// Tells so many stories, from a first seed on.
#[expect(clippy::print_stdout, reason = "a suite says what it went through")]
fn try_seeds(first: u64, count: u64) {
    let (next, end) = (AtomicU64::new(first), first + count);
    let stories = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..2).map(|_| scope.spawn(|| work(&next, end))).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect::<Vec<Tally>>()
    });
    let sum = |count: fn(&Tally) -> u64| stories.iter().map(count).sum::<u64>();
    let broken: Vec<_> = stories.iter().flat_map(|tally| &tally.broken).collect();
    println!(
        "{count} seeds from {first}: {} entries, {} drivers, {} deaths and torn writes, {} runs compared with an undisturbed one, {} broken",
        sum(|t| t.entries),
        sum(|t| t.drivers),
        sum(|t| t.deaths),
        sum(|t| t.compared),
        broken.len()
    );
    let mut laws = std::collections::BTreeMap::<String, Vec<u64>>::new();
    broken.iter().for_each(|(seed, law, _)| laws.entry(law.clone()).or_default().push(*seed));
    for (law, seeds) in &laws {
        println!("{law}: {} seeds, the first is {}", seeds.len(), seeds.iter().min().unwrap());
    }
    if let Some((seed, law, how)) = broken.iter().min() {
        panic!("{law}: {how}\nGIT_ORC_SIM_SEED={seed} cargo test --test it simulation -- --nocapture");
    }
}

/// What one worker saw.
#[derive(Debug, Default)]
struct Tally {
    entries: u64,
    drivers: u64,
    deaths: u64,
    compared: u64,
    broken: Vec<(u64, String, String)>,
}

fn work(next: &AtomicU64, end: u64) -> Vec<Tally> {
    let mut tally = Tally::default();
    loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= end {
            return vec![tally];
        }
        let told = std::panic::catch_unwind(|| tell(seed, Diary::None));
        let Ok(Story { outcome, entries, drivers, deaths, is_compared, .. }) = told else {
            tally.broken.push((seed, "nothing panics".to_owned(), "see above".to_owned()));
            continue;
        };
        tally.entries += entries as u64;
        tally.drivers += u64::from(drivers);
        tally.deaths += u64::from(deaths);
        tally.compared += u64::from(is_compared);
        if let Outcome::Broken { law, how } = outcome {
            tally.broken.push((seed, law, how));
        }
    }
}
