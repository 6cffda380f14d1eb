//! In which order the tools of a capability are tried.

use serde::{Deserialize, Serialize};

/// How much the rate of success counts in a [`score`].
const SUCCESS_WEIGHT: f64 = 0.7;
/// How much speed counts in a [`score`].
const SPEED_WEIGHT: f64 = 0.3;
/// The score of a tool that nothing is known of: as good as one that succeeds every other time.
const UNKNOWN: f64 = 0.5;

/// In which order the tools of a capability are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// As written: the primary first.
    #[default]
    Fixed,
    /// In turn: every step begins with the tool after the one that the step before it began with.
    RoundRobin,
    /// By what is known of them, the best [`score`] first.
    ByRecord,
}

impl Strategy {
    /// Every strategy.
    pub const ALL: [Self; 3] = [Self::Fixed, Self::RoundRobin, Self::ByRecord];

    /// Returns the word for it in files.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::RoundRobin => "round_robin",
            Self::ByRecord => "by_record",
        }
    }
}

/// Returns how well a tool did, between 0 and 1: `0.7 * rate of success + 0.3 / (1 + average latency in seconds)`; 0.5 without history.
#[must_use]
pub fn score(successes: u32, attempts: u32, average_latency_ms: u64) -> f64 {
    if attempts == 0 {
        return UNKNOWN;
    }
    let rate = f64::from(successes.min(attempts)) / f64::from(attempts);
    // Below 2^53 ms, which is a quarter of a million years, the conversion is exact.
    #[expect(clippy::cast_precision_loss, reason = "a latency that is off by a millisecond in a million years orders the same")]
    let seconds = average_latency_ms as f64 / 1000.0;
    SUCCESS_WEIGHT.mul_add(rate, SPEED_WEIGHT / (1.0 + seconds))
}

#[cfg(test)]
mod tests {
    use super::{Strategy, score};

    #[test]
    fn success_counts_more_than_speed() {
        let check = |(successes, attempts, latency), expect: f64| {
            let found = score(successes, attempts, latency);
            assert!((found - expect).abs() < 1e-9, "{successes} of {attempts} in {latency} ms: {found}, not {expect}");
        };
        check((0, 0, 0), 0.5);
        check((0, 0, 90_000), 0.5);
        check((4, 4, 0), 1.0);
        check((4, 4, 1000), 0.85);
        check((0, 4, 0), 0.3);
        check((1, 2, 2000), 0.45);
        check((9, 4, 0), 1.0);
    }

    #[test]
    fn the_word_is_what_is_read_and_written() {
        for strategy in Strategy::ALL {
            let written = serde_json::to_string(&strategy).expect("a word");
            assert_eq!(written, format!("\"{}\"", strategy.word()));
            assert_eq!(serde_json::from_str::<Strategy>(&written).expect("a strategy"), strategy);
        }
    }
}
