//! How the tools of a run stand: what they did so far, and what keeps one from being used.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::fact::{StepFinished, StepOutcome};
use crate::domain::id::ToolId;

/// How many of the newest starts are remembered; a limit per minute can be at most this.
pub const STARTS_KEPT: usize = 120;
/// The first wait for a limit whose end nobody told, in seconds; it doubles with every further one.
const FIRST_WAIT: i64 = 60;
/// The longest wait for such a limit, in seconds.
const LONGEST_WAIT: i64 = 15 * 60;

/// The circuit breaker of one tool.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breaker {
    /// Failures in a row.
    pub failures: u32,
    /// How many failures in a row it had when it opened last.
    #[serde(default)]
    pub counted: u32,
    /// Until when no step may use it; afterwards one trial may.
    pub until: Option<Timestamp>,
    /// How often it opened or closed.
    pub round: u32,
    /// Since when it is not closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}

/// How one tool stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Standing {
    /// When its provider lets it be used again.
    pub limited: Option<Timestamp>,
    /// How often it ran into a limit since it last passed.
    pub limits: u32,
    /// Why it is left alone until the run is resumed.
    pub unusable: Option<String>,
    /// How many attempts it made.
    pub attempts: u32,
    /// How many of them passed.
    pub passed: u32,
    /// How long they took, in milliseconds.
    pub took_ms: u64,
    /// When the newest attempts began, oldest first.
    pub starts: Vec<Timestamp>,
}

impl Standing {
    /// Notes that an attempt began.
    pub fn started(&mut self, ts: Timestamp) {
        self.starts.push(ts);
        if self.starts.len() > STARTS_KEPT {
            self.starts.remove(0);
        }
    }

    /// Notes how an attempt ended.
    pub fn finished(&mut self, finished: &StepFinished, ts: Timestamp) {
        if matches!(finished.outcome, StepOutcome::Cancelled | StepOutcome::Interrupted) {
            return;
        }
        let failure = finished.failure.as_ref();
        if let Some(failure) = failure.filter(|failure| failure.is_a_wait()) {
            self.limits += 1;
            let told = failure.retry_at.filter(|at| *at > ts);
            self.limited = Some(told.unwrap_or_else(|| after_wait(ts, self.limits)));
            return;
        }
        self.attempts += 1;
        self.took_ms = self.took_ms.saturating_add(finished.duration_ms);
        if finished.outcome == StepOutcome::Passed {
            self.passed += 1;
            self.limits = 0;
            self.limited = None;
        }
        let broken = failure.filter(|failure| failure.class.is_of_tool());
        self.unusable = broken.map(|_| finished.message.clone());
    }

    /// Returns when one more may be started, when no more than `most` may be in a minute; `None` when it may be now. `claimed` are about to
    /// be started.
    #[must_use]
    pub fn paced(&self, most: u32, claimed: u32, now: Timestamp) -> Option<Timestamp> {
        let minute = SignedDuration::from_secs(60);
        let recent = self.starts.iter().filter(|at| now.duration_since(**at) < minute).count();
        let over = (recent + claimed as usize + 1).checked_sub(most.max(1) as usize).filter(|over| *over > 0)?;
        // So many of the recent starts must have become old; those that are only claimed begin now.
        let at = self.starts.len() - recent + over.min(recent.max(1)) - 1;
        Some(self.starts.get(at).copied().unwrap_or(now).checked_add(minute).unwrap_or(Timestamp::MAX))
    }
}

fn after_wait(ts: Timestamp, limits: u32) -> Timestamp {
    let doubled = FIRST_WAIT.checked_shl(limits.saturating_sub(1).min(16)).unwrap_or(LONGEST_WAIT);
    ts.checked_add(SignedDuration::from_secs(doubled.min(LONGEST_WAIT))).unwrap_or(Timestamp::MAX)
}

/// Makes every tool usable again: a new driver may find it mended. Returns those that were not usable.
pub fn forgive(tools: &mut BTreeMap<ToolId, Standing>) -> Vec<ToolId> {
    tools.iter_mut().filter_map(|(tool, one)| one.unusable.take().map(|_| tool.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::{StepId, WorkstreamId};
    use crate::domain::tool::failure::{Failure, FailureClass};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn ended(outcome: StepOutcome, failure: Option<Failure>) -> StepFinished {
        StepFinished {
            workstream: WorkstreamId::parse("ws").unwrap(),
            step: StepId::parse("edit").unwrap(),
            attempt: 1,
            tool: None,
            outcome,
            message: "why".to_owned(),
            notes: Vec::new(),
            tool_fault: false,
            exit_code: None,
            duration_ms: 500,
            output: None,
            findings: Vec::new(),
            review: None,
            failure,
            usage: None,
            cached: false,
        }
    }

    #[test]
    fn a_limit_is_waited_for_and_no_attempt() {
        let mut one = Standing::default();
        let told = Failure { retry_at: Some(at(107)), ..Failure::of(FailureClass::RateLimit) };
        one.finished(&ended(StepOutcome::Failed, Some(told)), at(100));
        assert_eq!((one.attempts, one.limited), (0, Some(at(107))));
        let silent = || Some(Failure::of(FailureClass::RateLimit));
        for (limits, wait) in [(2, 120), (3, 240), (4, 480), (5, 900), (6, 900)] {
            one.finished(&ended(StepOutcome::Failed, silent()), at(1000));
            assert_eq!((one.limits, one.limited), (limits, Some(at(1000 + wait))));
        }
        one.finished(&ended(StepOutcome::Passed, None), at(2000));
        assert_eq!((one.attempts, one.passed, one.took_ms, one.limits, one.limited), (1, 1, 500, 0, None));
    }

    #[test]
    fn a_tool_that_is_not_logged_in_is_left_alone_until_somebody_comes() {
        let mut tools = BTreeMap::from([(ToolId::parse("codex").unwrap(), Standing::default())]);
        let one = tools.values_mut().next().unwrap();
        one.finished(&ended(StepOutcome::Failed, Some(Failure::of(FailureClass::Auth))), at(1));
        assert_eq!(one.unusable.as_deref(), Some("why"));
        assert_eq!(forgive(&mut tools), [ToolId::parse("codex").unwrap()]);
        assert_eq!(tools.values().next().unwrap().unusable, None);
        assert_eq!(forgive(&mut tools), []);
    }

    #[test]
    fn starts_are_spread_over_the_minute() {
        let mut one = Standing::default();
        assert_eq!(one.paced(2, 0, at(100)), None);
        assert!(one.paced(2, 2, at(100)).is_some(), "two that are about to be started are enough");
        for second in [10, 20, 70] {
            one.started(at(second));
        }
        assert_eq!(one.paced(2, 0, at(75)), Some(at(80)), "the start at 20 is to become old");
        assert_eq!(one.paced(3, 0, at(75)), None);
        assert_eq!(one.paced(1, 0, at(75)), Some(at(130)));
        assert_eq!(one.paced(2, 0, at(81)), None);
    }
}
