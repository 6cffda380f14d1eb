//! Time and fresh ids: the only place that reads the clock or asks for randomness.
//!
//! ULIDs are monotonic per clock: every one is greater than the one before, also inside one millisecond, across threads, and when the
//! system's clock is set back.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use ulid::Ulid;

/// A source of time and of ULIDs; clones share their state.
#[derive(Clone)]
pub struct Clock(Arc<Mutex<State>>);

struct State {
    source: Source,
    last: Ulid,
}

enum Source {
    System,
    Pinned { next: Timestamp, step: SignedDuration, drawn: u64 },
}

impl Source {
    fn now(&mut self) -> Timestamp {
        match self {
            Self::System => system_now(),
            Self::Pinned { next, step, .. } => {
                let now = *next;
                *next = now.saturating_add(*step).unwrap_or(now);
                now
            }
        }
    }

    fn random(&mut self) -> u128 {
        match self {
            Self::System => system_random(),
            Self::Pinned { drawn, .. } => {
                *drawn = drawn.wrapping_add(1);
                u128::from(scramble(*drawn))
            }
        }
    }
}

impl Clock {
    /// Returns the clock of the machine.
    #[must_use]
    pub fn system() -> Self {
        Self::from_source(Source::System)
    }

    /// Returns a clock for tests: it starts at `start`, and every reading moves it on by `step`. Its ULIDs are the same in every process.
    #[must_use]
    pub fn pinned(start: Timestamp, step: SignedDuration) -> Self {
        Self::from_source(Source::Pinned { next: start, step, drawn: 0 })
    }

    fn from_source(source: Source) -> Self {
        Self(Arc::new(Mutex::new(State { source, last: Ulid::nil() })))
    }

    /// Returns the time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).source.now()
    }

    /// Returns a ULID greater than every ULID that this clock returned before.
    #[must_use]
    pub fn ulid(&self) -> Ulid {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let milliseconds = u64::try_from(state.source.now().as_millisecond()).unwrap_or(0);
        let fresh = Ulid::from_parts(milliseconds, state.source.random());
        let next = if fresh.timestamp_ms() > state.last.timestamp_ms() {
            fresh
        } else {
            state.last.increment().unwrap_or_else(|last| Ulid::from_parts(last.timestamp_ms().saturating_add(1), 0))
        };
        state.last = next;
        next
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// Measures how long something takes; unaffected by changes of the system's time.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts a stopwatch.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the door to the monotonic clock")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Returns the time since the start.
    #[must_use]
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// Blocks the calling thread. For the synchronous waits of the `io` floor only: the floors above it wait with tokio.
#[expect(clippy::disallowed_methods, reason = "the door to sleeping on a thread of the blocking pool")]
pub(in crate::io) fn pause(duration: Duration) {
    std::thread::sleep(duration);
}

/// Returns a random duration in `0..=most`, for waits that must not fall together.
pub(in crate::io) fn jitter(most: Duration) -> Duration {
    let nanos = most.as_nanos().max(1);
    Duration::from_nanos(u64::try_from(system_random() % nanos).unwrap_or(0))
}

/// Returns a random number of 80 bits, for names that must not fall together.
pub(in crate::io) fn token() -> u128 {
    system_random()
}

#[expect(clippy::disallowed_methods, reason = "the door to the wall clock")]
fn system_now() -> Timestamp {
    Timestamp::now()
}

#[expect(clippy::disallowed_methods, reason = "the door to randomness")]
fn system_random() -> u128 {
    Ulid::generate().random()
}

/// Spreads a counter over 64 bits (the finaliser of splitmix64), so that the ids of a pinned clock differ visibly.
const fn scramble(counter: u64) -> u64 {
    let mut z = counter.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Timestamp {
        "2026-01-02T03:04:05Z".parse().unwrap()
    }

    #[test]
    fn pinned_clocks_step_and_repeat() {
        let (a, b) = (Clock::pinned(start(), SignedDuration::from_secs(1)), Clock::pinned(start(), SignedDuration::from_secs(1)));
        assert_eq!(a.now(), start());
        assert_eq!(a.now(), start() + SignedDuration::from_secs(1));
        assert_eq!(b.ulid(), Clock::pinned(start(), SignedDuration::ZERO).ulid());
    }

    #[test]
    fn ulids_grow_even_when_time_stands_still_or_runs_backwards() {
        for step in [0, -1000, 1000] {
            let clock = Clock::pinned(start(), SignedDuration::from_millis(step));
            let ids: Vec<_> = (0..1000).map(|_| clock.ulid()).collect();
            assert!(ids.is_sorted_by(|a, b| a < b), "step {step}");
        }
    }

    #[test]
    fn ulids_are_unique_across_threads() {
        let clock = Clock::system();
        let mut all: Vec<Ulid> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| (0..500).map(|_| clock.ulid()).collect::<Vec<_>>())).collect();
            threads.into_iter().flat_map(|t| t.join().unwrap()).collect()
        });
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 2000);
    }
}
