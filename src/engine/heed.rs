//! What a driver does at once when somebody told its run something: it ends the programs that are to be ended. Everything else is decided.

use super::context::RunContext;
use crate::domain::run::control::{Verb, Wish};
use crate::domain::run::state::RunState;
use crate::io::process::request::CancelLevel;

/// Ends what people want to be ended; asking once more changes nothing. Only what is under way is told: a halt that is taken back must not
/// end what begins afterwards.
pub fn heed(cx: &RunContext, state: &RunState) {
    let is_halt = |wish: &Option<Wish>| wish.as_ref().is_some_and(|wish| wish.verb == Verb::Halt);
    if is_halt(&state.control.wish) {
        cx.stops.stop_all(CancelLevel::Gentle);
    }
    for (id, one) in &state.workstreams {
        if is_halt(&one.control.wish) && one.open.is_some() {
            cx.stops.stop(id, CancelLevel::Gentle);
        }
    }
}
