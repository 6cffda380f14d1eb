//! What running and resuming have in common: who is told of progress, and what is told at the end.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI32, Ordering};

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::{Loudness, Ui};
use crate::cli::view::progress::asks::Asks;
use crate::cli::view::progress::bar::Bar;
use crate::cli::view::progress::json::Json;
use crate::cli::view::progress::mode::{Audience, ProgressForm, ProgressWish, choose};
use crate::cli::view::progress::plain::Plain;
use crate::cli::view::summary;
use crate::domain::report::summary::{Conclusion, conclusion};
use crate::engine::dispatcher::Ending;
use crate::engine::sink::Sink;
use crate::io::fs::FsError;
use crate::io::settings::overlay::Progress;
use crate::ops::context::Context;
use crate::ops::cost::total;
use crate::ops::status::Status;

/// The number of the signal that Ctrl-C sends.
const SIGINT: i32 = 2;

/// How the end of a run is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// For people.
    Human,
    /// One document.
    Json,
}

/// Returns what knows which tools of a repository are people.
pub(super) fn asks(cx: &Context) -> Asks {
    Asks::new(&cx.tools, cx.repo.orc_dir())
}

/// Returns who is told of every entry.
pub(super) fn sinks(wish: Option<ProgressWish>, setting: Progress, asks: Asks, ui: &Ui) -> Vec<Box<dyn Sink>> {
    let audience = if ui.err_is_terminal() { Audience::Terminal } else { Audience::Log };
    if wish.is_none() && ui.loudness() == Loudness::Quiet {
        return Vec::new();
    }
    match choose(wish, setting, audience, ui.environment()) {
        ProgressForm::Bar => vec![Box::new(Bar::new(ui.err_color(), asks))],
        ProgressForm::Plain => vec![Box::new(Plain::new(ui.progress_writer(), (ui.err_color(), ui.zone().clone()), asks))],
        ProgressForm::Json => vec![Box::new(Json::new(ui.progress_writer()))],
        ProgressForm::Silent => Vec::new(),
    }
}

/// Tells how a run ended, and returns how the program ends.
pub(super) fn report(cx: &Context, ending: Ending, first_signal: &AtomicI32, form: Form, ui: &mut Ui) -> Result<Exit, Failure> {
    let (state, exit) = match ending {
        Ending::Settled(state) => {
            let exit = match conclusion(&state) {
                Conclusion::Done => Exit::Done,
                Conclusion::Failed => Exit::Negative,
                Conclusion::NeedsPerson => Exit::NeedsPerson,
            };
            (state, exit)
        }
        Ending::Stopped(state) | Ending::Killed(state) => (state, stopped(first_signal)),
    };
    // Costs that can not be read are no reason to say nothing about the run.
    let cost = total(cx, state.run).unwrap_or_default();
    let status = Status { state, driver: None, cost, ended: None, by_hand: Vec::new(), workflows: Vec::new() };
    let written = match form {
        Form::Json => ui.text(&summary::json(&status)),
        Form::Human => ui.result(&summary::human(&status)),
    };
    written.map_err(|error| Failure::new("print how the run ended", &error))?;
    Ok(exit)
}

/// Returns how the program ends after it was stopped.
pub(super) fn stopped(first_signal: &AtomicI32) -> Exit {
    by_signal(first_signal.load(Ordering::Relaxed))
}

/// A terminal that was closed is told from Ctrl-C, but not from SIGTERM: nobody sees the code.
const fn by_signal(number: i32) -> Exit {
    if number == SIGINT { Exit::Interrupted } else { Exit::Terminated }
}

/// Returns the failure when signals can not be listened to.
pub(super) fn no_signals(source: io::Error) -> Failure {
    Failure::new("listen for signals", &FsError { action: "watch", path: PathBuf::from("signals"), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_have_their_codes() {
        assert_eq!((by_signal(2).code(), by_signal(15).code(), by_signal(1).code()), (130, 143, 143));
    }
}
