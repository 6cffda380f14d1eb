//! When a program is asked to end and when it is killed: wall time, silence, cancellation. Decides; sends nothing.
//!
//! Only time in which the driver runs counts. A driver that was stopped for an hour, or a machine that slept, finds the clocks where they
//! were: who was not there to listen can not say that nothing was said.

use std::time::Duration;

use tokio::time::Instant;

use super::request::{CancelLevel, Pace, TimeLimits, Will};
use super::supervisor::order::Wish;
use crate::domain::tool::outcome::{Ending, TimeLimit};

/// How long a program may outlive KILL before its supervisor is given up as well. The supervisor gives up earlier and says so.
pub const ABANDON_AFTER: Duration = Duration::from_secs(5);
/// How often the clock is looked at at least.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// How late a look may be before it means that the driver did not run.
const LATENESS: Duration = Duration::from_secs(1);

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Nothing.
    Nothing,
    /// The supervisor is told.
    Tell(Wish),
    /// Waiting for it is over.
    GiveUp,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    Running,
    Asked {
        kill_at: Instant,
    },
    Killed {
        abandon_at: Instant,
    },
    /// It has ended; what it left behind is being swept.
    Ended {
        abandon_at: Instant,
    },
}

/// The limits of one program and what was done about them.
#[derive(Debug)]
pub struct StopClock {
    limits: TimeLimits,
    started: Instant,
    last_heard: Instant,
    seen: Instant,
    suspended: bool,
    phase: Phase,
    cause: Option<Ending>,
}

impl StopClock {
    /// Returns a clock that runs from `now`.
    #[must_use]
    pub const fn new(limits: TimeLimits, now: Instant) -> Self {
        Self { limits, started: now, last_heard: now, seen: now, suspended: false, phase: Phase::Running, cause: None }
    }

    /// Returns why the program was ended; `None` when it was not.
    #[must_use]
    pub const fn cause(&self) -> Option<Ending> {
        self.cause
    }

    /// Returns when the clock must be looked at again.
    #[must_use]
    pub fn next(&self) -> Instant {
        let heartbeat = self.seen + HEARTBEAT;
        if self.suspended { heartbeat } else { self.deadline().map_or(heartbeat, |deadline| deadline.min(heartbeat)) }
    }

    /// Returns whether something is due.
    #[must_use]
    pub fn is_due(&self, now: Instant) -> bool {
        !self.suspended && self.deadline().is_some_and(|deadline| deadline <= now)
    }

    /// Takes a look at the clock: time in which nobody could look does not count.
    pub fn look(&mut self, now: Instant) {
        let gap = now.saturating_duration_since(self.seen);
        if self.suspended {
            self.shift(gap);
        } else if gap > HEARTBEAT + LATENESS {
            self.shift(gap - HEARTBEAT);
        }
        self.seen = now;
    }

    /// Notes that the program said something.
    pub const fn heard(&mut self, now: Instant) {
        self.last_heard = now;
    }

    /// Notes that the program has ended by itself; its limits are over, what it left behind is being swept.
    pub fn ended(&mut self, now: Instant) {
        if matches!(self.phase, Phase::Running) {
            self.phase = Phase::Ended { abandon_at: now + ABANDON_AFTER };
        }
    }

    /// Does what is due.
    pub fn expire(&mut self, now: Instant) -> Due {
        match self.phase {
            Phase::Running => {
                let limit = if self.wall_end().is_some_and(|wall| wall <= now) { TimeLimit::Wall } else { TimeLimit::Idle };
                self.ask(Ending::TimedOut { limit }, now)
            }
            Phase::Asked { .. } => self.kill(now),
            Phase::Killed { .. } | Phase::Ended { .. } => Due::GiveUp,
        }
    }

    /// Does what is wanted of the program from now on.
    pub fn obey(&mut self, will: Will, now: Instant) -> Vec<Wish> {
        let mut wishes = Vec::new();
        let suspended = will.pace == Pace::Suspended && will.level == CancelLevel::Run;
        if suspended != self.suspended {
            self.suspended = suspended;
            wishes.push(if suspended { Wish::Suspend } else { Wish::Continue });
        }
        let due = match (will.level, self.phase) {
            (CancelLevel::Gentle, Phase::Running) => self.ask(Ending::Cancelled, now),
            (CancelLevel::Now, Phase::Running | Phase::Asked { .. } | Phase::Ended { .. }) => {
                if !matches!(self.phase, Phase::Ended { .. }) {
                    self.cause.get_or_insert(Ending::Cancelled);
                }
                self.kill(now)
            }
            (CancelLevel::Run, _)
            | (CancelLevel::Gentle, Phase::Asked { .. } | Phase::Killed { .. } | Phase::Ended { .. })
            | (CancelLevel::Now, Phase::Killed { .. }) => Due::Nothing,
        };
        if let Due::Tell(wish) = due {
            wishes.push(wish);
        }
        wishes
    }

    fn ask(&mut self, cause: Ending, now: Instant) -> Due {
        self.cause = Some(cause);
        let patience = if cause == Ending::Cancelled { self.limits.parting } else { self.limits.grace };
        self.phase = Phase::Asked { kill_at: now + patience };
        Due::Tell(Wish::Ask)
    }

    fn kill(&mut self, now: Instant) -> Due {
        self.phase = Phase::Killed { abandon_at: now + ABANDON_AFTER };
        Due::Tell(Wish::Kill)
    }

    fn shift(&mut self, by: Duration) {
        self.started += by;
        self.last_heard += by;
        match &mut self.phase {
            Phase::Running => {}
            Phase::Asked { kill_at: at } | Phase::Killed { abandon_at: at } | Phase::Ended { abandon_at: at } => *at += by,
        }
    }

    fn wall_end(&self) -> Option<Instant> {
        self.limits.wall.map(|wall| self.started + wall)
    }

    fn deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Running => self.wall_end().into_iter().chain(self.limits.idle.map(|idle| self.last_heard + idle)).min(),
            Phase::Asked { kill_at: at } | Phase::Killed { abandon_at: at } | Phase::Ended { abandon_at: at } => Some(at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn clock(wall: u32, idle: u32) -> (StopClock, Instant) {
        let now = Instant::now();
        let limits = TimeLimits { wall: Some(SECOND * wall), idle: Some(SECOND * idle), grace: SECOND * 5, parting: SECOND * 10 };
        (StopClock::new(limits, now), now)
    }

    /// Lets a clock be looked at every second until something is due; returns after how many seconds.
    fn seconds_until_due(clock: &mut StopClock, from: Instant) -> u32 {
        (1..100)
            .find(|second| {
                clock.look(from + SECOND * *second);
                clock.is_due(from + SECOND * *second)
            })
            .unwrap_or(100)
    }

    #[test]
    fn the_nearer_limit_ends_it_and_patience_follows() {
        let (mut clock, start) = clock(20, 8);
        clock.heard(start + SECOND * 3);
        assert_eq!(seconds_until_due(&mut clock, start), 11);
        let now = start + SECOND * 11;
        assert_eq!(clock.expire(now), Due::Tell(Wish::Ask));
        assert_eq!(clock.cause(), Some(Ending::TimedOut { limit: TimeLimit::Idle }));
        assert_eq!(seconds_until_due(&mut clock, now), 5);
        assert_eq!(clock.expire(now + SECOND * 5), Due::Tell(Wish::Kill));
        assert_eq!(clock.expire(now + SECOND * 10), Due::GiveUp);
    }

    #[test]
    fn time_in_which_the_driver_did_not_run_does_not_count() {
        let (mut clock, start) = clock(20, 8);
        clock.look(start + SECOND);
        let awake = start + SECOND * 3600;
        clock.look(awake);
        assert!(!clock.is_due(awake));
        assert_eq!(seconds_until_due(&mut clock, awake), 6, "one second ran before, one of the gap counts");
    }

    #[test]
    fn a_suspended_program_has_all_the_time_of_the_world() {
        let (mut clock, start) = clock(20, 8);
        clock.look(start + SECOND);
        let will = |pace| Will { level: CancelLevel::Run, pace };
        assert_eq!(clock.obey(will(Pace::Suspended), start + SECOND), [Wish::Suspend]);
        assert_eq!(clock.obey(will(Pace::Suspended), start + SECOND), []);
        assert_eq!(seconds_until_due(&mut clock, start + SECOND), 100);
        let later = start + SECOND * 100;
        assert_eq!(clock.obey(will(Pace::Going), later), [Wish::Continue]);
        assert_eq!(seconds_until_due(&mut clock, later), 7);
    }

    #[test]
    fn an_end_by_itself_is_no_timeout() {
        let (mut clock, start) = clock(4, 4);
        clock.ended(start + SECOND);
        assert_eq!(seconds_until_due(&mut clock, start), 6);
        assert_eq!((clock.expire(start + SECOND * 6), clock.cause()), (Due::GiveUp, None));
    }

    #[test]
    fn cancellation_wakes_what_is_suspended() {
        let (mut clock, start) = clock(9, 9);
        let will = |level, pace| Will { level, pace };
        assert_eq!(clock.obey(will(CancelLevel::Run, Pace::Suspended), start), [Wish::Suspend]);
        assert_eq!(clock.obey(will(CancelLevel::Gentle, Pace::Suspended), start), [Wish::Continue, Wish::Ask]);
        assert_eq!(clock.obey(will(CancelLevel::Gentle, Pace::Going), start), []);
        assert_eq!(clock.obey(will(CancelLevel::Now, Pace::Going), start), [Wish::Kill]);
        assert_eq!((clock.obey(will(CancelLevel::Now, Pace::Going), start), clock.cause()), (Vec::new(), Some(Ending::Cancelled)));
    }
}
