//! `doctor`: how the machine, the repository and the runs are; and, when asked for, what can safely be put right.

pub mod health;
pub mod ledger;
pub mod machine;
pub mod mend;
pub mod rollbacks;
pub mod runs;
pub mod state;

use crate::ops::context::{Context, ContextError, Desk};
use crate::ops::doctor::health::{Check, Health};

/// What the doctor does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treatment {
    /// It looks, and touches nothing.
    Look,
    /// It mends what can safely be mended, then looks.
    Repair,
}

/// What the doctor found and did.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// What was done, one sentence each.
    pub done: Vec<String>,
    /// The checks, in a fixed order.
    pub checks: Vec<Check>,
}

impl Report {
    /// Returns how many checks came out so.
    #[must_use]
    pub fn count(&self, health: Health) -> usize {
        self.checks.iter().filter(|check| check.health == health).count()
    }
}

/// Looks at everything. What can not be looked at is a problem in the report and no error.
pub async fn doctor(desk: &Desk, treatment: Treatment) -> Report {
    let cx = match Context::open(desk) {
        Ok(cx) => cx,
        Err(error) => return refused(&error),
    };
    let mut report = Report::default();
    if treatment == Treatment::Repair {
        report.done = mend::mend(&cx).await;
    }
    report.checks.extend(machine::checks(&cx).await);
    report.checks.extend(state::checks(&cx));
    report.checks.extend(runs::checks(&cx));
    report.checks.extend(rollbacks::check(&cx, &state::heads(&cx)));
    report
}

/// Returns the report for a place in which nothing can be done: which part of it is not usable.
fn refused(error: &ContextError) -> Report {
    let name = match error {
        ContextError::Settings(_) | ContextError::File(_) => "settings",
        ContextError::Profiles(_) | ContextError::Plugins(_) => "tools",
        ContextError::NoGit(_) => "git",
        ContextError::Repository(_) => "repository",
    };
    Report { done: Vec::new(), checks: vec![Check::problem(name, error.to_string())] }
}
