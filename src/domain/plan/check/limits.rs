//! The bounds of the loops: the settings' values, then the plan's defaults, then the workstream's own.

use crate::domain::document::diagnostic::Code;
use crate::domain::document::sink::{Draft, Sink};
use crate::domain::document::source::{At, Place};
use crate::domain::plan::raw::{RawBreaker, RawRetry, RawTimeouts, RawWorkstream};
use crate::domain::plan::word::{ExhaustedWord, Jitter, StrategyWord};
use crate::domain::run::limits::{Growth, LoopLimits, OnExhausted, RetryLimits, Timeouts};

/// How much waits differ when the plan only says that they do.
const JITTER: f64 = 0.2;

/// Changes the bounds to those that a workstream, or the defaults of a plan, give.
pub fn apply(limits: &mut LoopLimits, raw: &RawWorkstream) {
    if let Some(breaker) = &raw.circuit_breaker {
        apply_breaker(limits, &breaker.value);
    }
    if let Some(retry) = &raw.retry {
        apply_retry(&mut limits.retry, &retry.value);
    }
}

/// Sets a bound when the plan gives it.
fn set<T, U>(bound: &mut U, given: Option<&At<T>>, read: impl FnOnce(&T) -> U) {
    if let Some(given) = given {
        *bound = read(&given.value);
    }
}

fn apply_breaker(limits: &mut LoopLimits, raw: &RawBreaker) {
    if let Some(fix) = &raw.max_fix_iterations {
        set(&mut limits.max_fix_iterations.statics, fix.value.statics.as_ref(), |count| count.narrow());
        set(&mut limits.max_fix_iterations.runtime, fix.value.runtime.as_ref(), |count| count.narrow());
    }
    set(&mut limits.oscillation_window, raw.oscillation_window.as_ref(), |count| count.narrow());
    // The original format has two counts where there is one here: the stricter one holds, and 0 is as strict as it gets.
    let theirs = [&raw.max_error_repeats, &raw.oscillation_threshold];
    if let Some(repeats) = theirs.into_iter().flatten().map(|count| count.value.narrow()).min() {
        limits.min_oscillation_repeats = repeats.max(1);
    }
    set(&mut limits.min_oscillation_repeats, raw.min_oscillation_repeats.as_ref(), |count| count.narrow());
    set(&mut limits.max_resolve_attempts, raw.max_resolve_attempts.as_ref(), |count| count.narrow());
    set(&mut limits.retry.max_attempts, raw.max_attempts.as_ref(), |count| count.narrow());
    set(&mut limits.on_exhausted, raw.on_exhausted.as_ref(), |word| match word {
        ExhaustedWord::Fail => OnExhausted::Fail,
        ExhaustedWord::Pause => OnExhausted::Pause,
    });
    if let Some(timeouts) = &raw.timeouts {
        apply_timeouts(&mut limits.timeouts, &timeouts.value);
    }
}

fn apply_timeouts(timeouts: &mut Timeouts, raw: &RawTimeouts) {
    set(&mut timeouts.edit, raw.edit.as_ref(), |seconds| seconds.wide());
    set(&mut timeouts.statics, raw.statics.as_ref(), |seconds| seconds.wide());
    set(&mut timeouts.runtime, raw.runtime.as_ref(), |seconds| seconds.wide());
    set(&mut timeouts.fix, raw.fix.as_ref(), |seconds| seconds.wide());
    set(&mut timeouts.gate, raw.gate.as_ref(), |seconds| seconds.wide());
    set(&mut timeouts.idle, raw.idle.as_ref(), |seconds| seconds.wide());
}

fn apply_retry(retry: &mut RetryLimits, raw: &RawRetry) {
    set(&mut retry.max_attempts, raw.max_attempts.as_ref(), |count| count.narrow());
    set(&mut retry.factor, raw.factor.as_ref(), |factor| factor.number());
    set(&mut retry.initial_delay_sec, raw.initial_delay.as_ref().or(raw.initial_delay_sec.as_ref()), |wait| wait.number());
    set(&mut retry.max_delay_sec, raw.max_delay.as_ref().or(raw.max_delay_sec.as_ref()), |wait| wait.number());
    let jitter = retry.jitter;
    set(&mut retry.jitter, raw.jitter.as_ref(), |value| match value {
        Jitter::Share(share) => *share,
        Jitter::Switch(false) => 0.0,
        Jitter::Switch(true) if jitter > 0.0 => jitter,
        Jitter::Switch(true) => JITTER,
    });
    if let Some(strategy) = &raw.strategy {
        retry.growth = match strategy.value {
            StrategyWord::Linear => Growth::Linear,
            StrategyWord::Exponential | StrategyWord::Fixed => Growth::Exponential,
        };
        if strategy.value == StrategyWord::Fixed {
            retry.factor = 1.0;
        }
    }
    if raw.enabled.as_ref().is_some_and(|enabled| !enabled.value) {
        retry.max_attempts = 1;
    }
}

/// Reports keys of `retry` that say the same thing twice or that exclude each other.
pub fn check_retry(raw: &RawRetry, sink: &mut Sink<'_>) {
    let mut exclusive = |a: Option<&str>, b: (&str, Option<Place>)| {
        if let (Some(a), (b, Some(place))) = (a, b) {
            let draft = Draft::new(Code::ConflictingKeys, place, format!("`{b}` and `{a}` exclude each other"));
            sink.add(draft.hint("Keep one of the two."));
        }
    };
    let place = |at: &Option<At<_>>| at.as_ref().map(|at| at.place);
    exclusive(raw.initial_delay_sec.as_ref().map(|_| "initial_delay_sec"), ("initial_delay", place(&raw.initial_delay)));
    exclusive(raw.max_delay_sec.as_ref().map(|_| "max_delay_sec"), ("max_delay", place(&raw.max_delay)));
    let strategy = raw.strategy.as_ref().filter(|strategy| strategy.value != StrategyWord::Exponential);
    exclusive(strategy.map(|strategy| strategy.value.as_str()), ("factor", raw.factor.as_ref().map(|factor| factor.place)));
}
