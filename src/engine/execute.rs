//! From an effect to what does it.

use super::context::RunContext;
use super::failure::ExecuteError;
use super::phases::Opening;
use super::recorder::Recorder;
use super::{advance, change, check, integrate, measure, phases, release, reread, watch};
use crate::domain::run::effect::Effect;
use crate::domain::run::event::Event;
use crate::domain::run::fact::StepRole;
use crate::domain::run::machine_error::IllegalTransition;
use crate::domain::run::start_move::move_start;
use crate::domain::run::state::RunState;

/// Carries out an effect and records what came of it.
///
/// # Errors
/// Returns an error when the machine or the repository does not let it; what failed in the work itself is recorded, not returned.
pub async fn execute(cx: RunContext, effect: Effect, mut state: RunState, recorder: Recorder) -> Result<(), ExecuteError> {
    match effect {
        Effect::Record(_) | Effect::WaitUntil(_) => Ok(()),
        Effect::RunStep(order) => {
            match phases::before(&cx, &order, &state).await? {
                Opening::Begins => {}
                Opening::Moved(moved) => {
                    let inconsistent = |error: IllegalTransition| ExecuteError::Inconsistent(error.to_string());
                    move_start(&mut state, &moved).map_err(inconsistent)?;
                    recorder.record(vec![Event::StartMoved(moved)]).await?;
                }
                Opening::Ended(event) => {
                    recorder.record(vec![*event]).await?;
                    return Ok(());
                }
            }
            let cx = cx.of_step(&order.workstream);
            let done = match order.role {
                StepRole::Edit | StepRole::Fix | StepRole::Resolve | StepRole::Improve => change::run(&cx, &order, &state, &recorder).await,
                StepRole::Static | StepRole::Runtime => check::run(&cx, &order, &state, &recorder).await,
                StepRole::Measure => measure::run(&cx, &order, &state, &recorder).await,
            };
            // A step that could not go on is no reason to leave what it changed as it is.
            let left = watch::leave(&cx, &watch::name(&order)).await;
            done.and(left)
        }
        Effect::Integrate { wave, workstreams } => {
            integrate::run(&cx.of_merge(), integrate::Wave { wave, workstreams }, &state, &recorder).await
        }
        Effect::Reread(wave) => reread::run(&cx, wave, &state, &recorder).await,
        Effect::Advance(integration) => advance::run(&cx, integration, &state, &recorder).await,
        Effect::Release { workstream, round } => release::run(&cx, (workstream, round), &state, &recorder).await,
    }
}
