//! How a fluid run answers a failure: the defaults, changed by what former runs of the repository teach, and only by that.
//!
//! The rule. Of a way (one more attempt, less context, the next tool) after this trouble of this tool the share counts in which it helped,
//! and only where it was tried at least [`LEAST`] times; else the defaults hold.
//!
//! | way | share | what changes |
//! |---|---|---|
//! | one more attempt | below 20 % | none is made |
//! | one more attempt | 60 % or more | one more than the limits say |
//! | one more attempt | 20 % to below 50 % | the wait before it is half as long again |
//! | one more attempt | 80 % or more | the wait before it is half as long |
//! | less context | below 20 % | the rung is left out |
//! | less context | 20 points below the next tool | the rung is left out |
//!
//! Whatever differs from the defaults is told with its numbers. The counts are frozen with the run, so that a resume decides alike.

use serde::{Deserialize, Serialize};

use super::lessons::{Lessons, Tried, Way};
use crate::domain::id::ToolId;

/// So often something must have been tried before it counts.
pub const LEAST: u32 = 5;

/// What makes a run a fluid one. A stored format: fields are only ever added, with a default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fluid {
    /// What former runs teach.
    #[serde(default)]
    pub lessons: Lessons,
}

/// How a failure is answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Advice {
    /// How many attempts are made in all, the first one included; for a check how many FIX steps.
    pub attempts: u32,
    /// By what the wait before one more attempt is multiplied.
    pub wait: f64,
    /// What differs from the defaults in the number of attempts, with its numbers.
    pub about_attempts: Option<String>,
    /// What differs from the defaults in the wait, with its numbers.
    pub about_wait: Option<String>,
    /// Why the rung of less context is left out, with its numbers; `None` when it is not.
    pub about_rungs: Option<String>,
}

impl Advice {
    /// Returns the defaults.
    #[must_use]
    pub const fn defaults(attempts: u32) -> Self {
        Self { attempts, wait: 1.0, about_attempts: None, about_wait: None, about_rungs: None }
    }
}

/// Returns how to answer a trouble of a tool. `least` attempts are made in any case, `most` are the default.
#[must_use]
pub fn advice(lessons: &Lessons, (tool, trouble): (&ToolId, &str), (least, most): (u32, u32)) -> Advice {
    let mut advice = Advice::defaults(most);
    let known = |way| Some(lessons.tried(tool, trouble, way)).filter(|tried| tried.tried >= LEAST);
    let numbers = |what: &str, tried: Tried| format!("{what} helped {} of {} times after `{trouble}` of {tool}", tried.helped, tried.tried);
    if let Some(again) = known(Way::Again) {
        let about = numbers("one more attempt", again);
        match again.percent() {
            0..20 if most > least => {
                advice.attempts = least;
                advice.about_attempts = Some(format!("{about}, so none is made"));
            }
            60.. if most >= least.max(1) => {
                advice.attempts = most.saturating_add(1);
                advice.about_attempts = Some(format!("{about}, so one more is made"));
            }
            _ => {}
        }
        let (wait, word) = match again.percent() {
            20..50 => (1.5, "longer"),
            80.. => (0.5, "shorter"),
            _ => (1.0, ""),
        };
        advice.wait = wait;
        advice.about_wait = (!word.is_empty()).then(|| format!("{about}, so the wait is {word}"));
    }
    if let Some(less) = known(Way::LessContext) {
        let about = numbers("less context", less);
        let better = known(Way::NextTool).filter(|next| next.percent() >= less.percent().saturating_add(20));
        if less.percent() < 20 {
            advice.about_rungs = Some(format!("{about}, so it is left out"));
        } else if let Some(next) = better {
            advice.about_rungs = Some(format!("{about}, and the next tool {} of {}, so it comes first", next.helped, next.tried));
        }
    }
    advice
}

/// Returns a reason with what differs from the defaults.
#[must_use]
pub fn with(reason: &str, about: Option<&String>) -> String {
    about.map_or_else(|| reason.to_owned(), |about| format!("{reason} ({about})"))
}

/// Returns what former runs teach that counts, one sentence fragment each.
#[must_use]
pub fn told(lessons: &Lessons) -> Vec<String> {
    let mut told = Vec::new();
    for (tool, troubles) in &lessons.of {
        for (trouble, ways) in troubles {
            for (way, tried) in ways.iter().filter(|(_, tried)| tried.tried >= LEAST) {
                let what = match way {
                    Way::Again => "one more attempt",
                    Way::LessContext => "less context",
                    Way::NextTool => "the next tool",
                };
                told.push(format!("former runs: {what} helped {} of {} times after `{trouble}` of {tool}", tried.helped, tried.tried));
            }
        }
    }
    told
}

#[cfg(test)]
mod tests;
