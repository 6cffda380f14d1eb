//! The numbers that bound every loop: attempts, windows, back-off, time limits. Shipped in `config/circuit_breaker_config.yaml`, overridable
//! per plan and per workstream.

use serde::{Deserialize, Serialize};

/// What bounds the loops of one workstream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoopLimits {
    /// How many FIX steps may follow a failed check.
    pub max_fix_iterations: MaxFix,
    /// How many of the newest attempts the oscillation signals look at.
    pub oscillation_window: u32,
    /// How often a tree, a set of findings or a patch may repeat in the window before the loop is stopped.
    pub min_oscillation_repeats: u32,
    /// How often the EDIT step is tried in all, and how long to wait in between.
    pub retry: RetryLimits,
    /// Seconds per kind of step.
    pub timeouts: Timeouts,
    /// How many attempts a tool gets to resolve a merge conflict.
    pub max_resolve_attempts: u32,
    /// What happens when every rung of the recovery ladder has failed.
    pub on_exhausted: OnExhausted,
}

/// How many FIX steps may follow a failed check, per kind of step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaxFix {
    /// After a STATIC step.
    #[serde(rename = "static")]
    pub statics: u32,
    /// After a RUNTIME step.
    pub runtime: u32,
}

/// Attempts of an EDIT step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetryLimits {
    /// Attempts in all, the first included.
    pub max_attempts: u32,
    /// Seconds before the second attempt.
    pub initial_delay_sec: f64,
    /// The factor from one wait to the next; of no meaning when waits grow linearly.
    pub factor: f64,
    /// The longest wait in seconds.
    pub max_delay_sec: f64,
    /// The share by which a wait is lengthened or shortened at random, 0 to 1.
    pub jitter: f64,
    /// How waits grow.
    #[serde(default)]
    pub growth: Growth,
}

/// How waits between attempts grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Growth {
    /// Each wait is the one before times the factor.
    #[default]
    Exponential,
    /// Each wait is the one before plus the first one.
    Linear,
}

/// Seconds until a step is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timeouts {
    /// EDIT steps.
    pub edit: u64,
    /// STATIC steps.
    #[serde(rename = "static")]
    pub statics: u64,
    /// RUNTIME steps.
    pub runtime: u64,
    /// FIX and RESOLVE steps.
    pub fix: u64,
    /// Gates on merged trees.
    pub gate: u64,
    /// Seconds without any output until a tool is ended; 0 switches it off.
    pub idle: u64,
}

/// What the end of the recovery ladder means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnExhausted {
    /// The workstream has failed.
    Fail,
    /// The workstream waits for a person, and the run pauses when nothing else is left to do.
    Pause,
}

/// When a tool is left alone for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BreakerLimits {
    /// Failures in a row until the breaker opens.
    pub failure_threshold: u32,
    /// Seconds until one trial is let through.
    pub cooldown_sec: u64,
    /// Seconds without a success after which the tool is given up until the run is resumed.
    #[serde(default = "give_up_sec")]
    pub give_up_sec: u64,
}

const fn give_up_sec() -> u64 {
    600
}

impl Default for LoopLimits {
    fn default() -> Self {
        Self {
            max_fix_iterations: MaxFix { statics: 3, runtime: 2 },
            oscillation_window: 5,
            min_oscillation_repeats: 2,
            retry: RetryLimits {
                max_attempts: 3,
                initial_delay_sec: 1.0,
                factor: 2.0,
                max_delay_sec: 60.0,
                jitter: 0.2,
                growth: Growth::Exponential,
            },
            timeouts: Timeouts { edit: 600, statics: 300, runtime: 300, fix: 300, gate: 900, idle: 0 },
            max_resolve_attempts: 1,
            on_exhausted: OnExhausted::Fail,
        }
    }
}

impl Default for BreakerLimits {
    fn default() -> Self {
        Self { failure_threshold: 3, cooldown_sec: 30, give_up_sec: give_up_sec() }
    }
}
