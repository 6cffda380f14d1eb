//! Waits between attempts: exponential or linear, capped, with a jitter that depends on the place and not on a die, so that deciding twice decides
//! alike.

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::limits::{Growth, RetryLimits};

/// Returns the wait before the attempt that follows `tries` failed ones.
#[must_use]
pub fn delay(limits: &RetryLimits, tries: u32, place: &str) -> SignedDuration {
    if tries == 0 {
        return SignedDuration::ZERO;
    }
    let exponent = i32::try_from(tries - 1).unwrap_or(i32::MAX);
    let multiple = match limits.growth {
        Growth::Exponential => limits.factor.max(1.0).powi(exponent),
        Growth::Linear => f64::from(tries),
    };
    let plain = (limits.initial_delay_sec.max(0.0) * multiple).min(limits.max_delay_sec.max(0.0));
    let share = f64::from(Sha256::digest(format!("{place}#{tries}"))[0]) / 255.0;
    let jitter = limits.jitter.clamp(0.0, 1.0) * (2.0 * share - 1.0);
    SignedDuration::try_from_secs_f64((plain * (1.0 + jitter)).max(0.0)).unwrap_or(SignedDuration::ZERO)
}

/// Returns the time of the next attempt.
#[must_use]
pub fn due(now: Timestamp, limits: &RetryLimits, tries: u32, place: &str) -> Timestamp {
    now.checked_add(delay(limits, tries, place)).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::run::limits::LoopLimits;

    #[test]
    fn waits_double_up_to_the_cap_within_the_jitter() {
        let limits = LoopLimits::default().retry;
        for (tries, expect) in [(0, 0.0), (1, 1.0), (2, 2.0), (3, 4.0), (7, 60.0), (1000, 60.0)] {
            let wait = delay(&limits, tries, "ws-a").as_secs_f64();
            assert!((wait - expect).abs() <= expect * limits.jitter + 1e-9, "{tries}: {wait}");
        }
        let linear = RetryLimits { growth: Growth::Linear, jitter: 0.0, ..limits };
        assert_eq!([1, 2, 3, 99].map(|tries| delay(&linear, tries, "ws-a").as_secs()), [1, 2, 3, 60]);
        assert_eq!(delay(&limits, 2, "ws-a"), delay(&limits, 2, "ws-a"));
        assert_ne!(delay(&limits, 2, "ws-a"), delay(&limits, 2, "ws-b"));
    }
}
