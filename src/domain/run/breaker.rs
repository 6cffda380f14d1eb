//! The circuit breaker of a tool: closed, open after failures in a row, half-open after a while.

use jiff::{SignedDuration, Timestamp};

use super::limits::BreakerLimits;
use super::standing::Breaker;

/// What the breaker says about one more use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Go on.
    Free,
    /// One use at a time, as a trial.
    Trial,
    /// Not before this time.
    Until(Timestamp),
}

/// How the breaker should move now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// It opens until this time.
    Open(Timestamp),
    /// It closes.
    Close,
}

/// Returns what the breaker says about one more use at `now`.
#[must_use]
pub fn permission(breaker: Option<&Breaker>, now: Timestamp) -> Permission {
    match breaker.and_then(|b| b.until) {
        None => Permission::Free,
        Some(until) if until > now => Permission::Until(until),
        Some(_) => Permission::Trial,
    }
}

/// Returns how the breaker should move at `now`, if at all.
#[must_use]
pub fn due_move(breaker: &Breaker, limits: BreakerLimits, now: Timestamp) -> Option<Move> {
    if breaker.failures == 0 {
        return breaker.until.map(|_| Move::Close);
    }
    if breaker.failures >= limits.failure_threshold.max(1) && breaker.failures > breaker.counted {
        let wait = SignedDuration::from_secs(i64::try_from(limits.cooldown_sec).unwrap_or(i64::MAX));
        return Some(Move::Open(now.checked_add(wait).unwrap_or(Timestamp::MAX)));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_after_three_tries_one_and_closes_on_success() {
        let limits = BreakerLimits::default();
        let now = Timestamp::UNIX_EPOCH;
        let later = now + SignedDuration::from_secs(30);
        let mut breaker = Breaker { failures: 2, ..Breaker::default() };
        assert_eq!(due_move(&breaker, limits, now), None);
        assert_eq!(permission(Some(&breaker), now), Permission::Free);
        breaker.failures = 3;
        assert_eq!(due_move(&breaker, limits, now), Some(Move::Open(later)));
        breaker = Breaker { failures: 3, counted: 3, until: Some(later), round: 1, since: Some(now) };
        assert_eq!(due_move(&breaker, limits, now), None);
        assert_eq!(permission(Some(&breaker), now), Permission::Until(later));
        assert_eq!(permission(Some(&breaker), later), Permission::Trial);
        breaker.failures = 4;
        assert!(matches!(due_move(&breaker, limits, later), Some(Move::Open(_))));
        breaker.failures = 0;
        assert_eq!(due_move(&breaker, limits, later), Some(Move::Close));
    }
}
