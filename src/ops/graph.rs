//! `graph`: the frozen plan of a run, with where each workstream stands.

use crate::domain::plan::model::CheckedPlan;
use crate::domain::run::state::RunState;
use crate::domain::schedule::waves::{Schedule, schedule};
use crate::io::git::ledger_ref::LedgerError;
use crate::ops::context::Context;
use crate::ops::find::{FindError, find_run};
use crate::ops::frozen::{FrozenError, thaw};
use crate::ops::load::{LoadError, load_state};

/// The error of drawing a run.
#[derive(Debug, thiserror::Error)]
pub enum GraphError {
    /// There is no such run.
    #[error(transparent)]
    Find(#[from] FindError),
    /// The run can not be brought back.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// Its plan can not be brought back.
    #[error(transparent)]
    Frozen(#[from] FrozenError),
    /// The ledger can not be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// Returns the plan of a run as it was frozen, its waves, and where the run stands.
///
/// # Errors
/// Returns [`GraphError`] when there is no such run or it can not be brought back.
pub fn plan_of_run(cx: &Context, run: &str) -> Result<(CheckedPlan, Schedule, RunState), GraphError> {
    let ledger = cx.ledger();
    let run = find_run(&ledger, Some(run))?;
    let tip = ledger.tip()?.ok_or(LoadError::UnknownRun(run))?;
    let plan = thaw(&ledger, tip, run)?.plan;
    let waves = schedule(&plan);
    Ok((plan, waves, load_state(&ledger, run)?))
}
