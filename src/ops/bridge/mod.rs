//! Bridges: git-orc's own program as the program of a tool, started by the engine like any other one.
//!
//! Exit codes: 0 done; 1 failed without a class; 2 it was not started as the engine starts it; from 20 on one code for each class of
//! failures, see [`crate::domain::tool::bridge::code`]. What is said on standard output is the tool's output; the last line on standard
//! error says why it failed.

mod acp;
mod api;
pub mod ground;
mod manual;

use std::ffi::OsString;
use std::path::Path;

use self::ground::{Ground, Voice};
use crate::domain::tool::bridge::{BRIDGE, ORDER_FILE, Order, RESULT_FILE, Report};
use crate::domain::tool::failure::FailureClass;
use crate::io::clock::Clock;
use crate::io::fs::{self, Durability};
use crate::io::settings::environment::Environment;

/// The exit code of a bridge that was not started as the engine starts it.
const MISUSED: u8 = 2;
/// The most bytes of a file that a bridge reads whole.
const MOST_READ: u64 = 64 << 20;

/// Returns whether a command line is that of a bridge.
#[must_use]
pub fn is_meant(args: &[OsString]) -> bool {
    args.get(1).is_some_and(|command| command == BRIDGE)
}

/// Does the part of a tool in the current folder, and returns the exit code. `args` is the whole command line.
#[must_use]
pub fn run(args: &[OsString], environment: &Environment, mut voice: Voice<'_>) -> u8 {
    let [_, _, kind, run_dir, prompt_file, program @ ..] = args else {
        voice.note("git-orc: this command is started by a run, and by nobody else");
        return MISUSED;
    };
    let run_dir = Path::new(run_dir);
    let report = match prepare((run_dir, Path::new(prompt_file)), environment, program) {
        Ok((order, ground)) if order.word() == kind => act(order, &ground, &mut voice),
        Ok((order, _)) => Report::failed(FailureClass::Config, format!("the order is for a bridge of kind `{}`", order.word())),
        Err(report) => *report,
    };
    let document = serde_json::to_vec_pretty(&report).unwrap_or_default();
    if let Err(error) = fs::write_atomic(&run_dir.join(RESULT_FILE), &document, Durability::Relaxed) {
        voice.note(&format!("git-orc: {error}: {}", error.source));
    }
    if report.exit_code() != 0 {
        voice.note(&report.line());
    }
    report.exit_code()
}

fn prepare<'a>(
    (run_dir, prompt_file): (&'a Path, &Path),
    environment: &'a Environment,
    program: &'a [OsString],
) -> Result<(Order, Ground<'a>), Box<Report>> {
    let read = |path: &Path| fs::read_at_most(path, MOST_READ).map_err(|error| broken(&format!("{error}: {}", error.source)));
    let order =
        serde_json::from_slice(&read(&run_dir.join(ORDER_FILE))?).map_err(|error| broken(&format!("its order is no order: {error}")))?;
    let prompt = String::from_utf8_lossy(&read(prompt_file)?).into_owned();
    let worktree = std::env::current_dir().map_err(|error| broken(&format!("the folder to work in can not be found: {error}")))?;
    Ok((order, Ground { worktree, run_dir, prompt, environment, clock: Clock::system(), program }))
}

fn broken(message: &str) -> Box<Report> {
    Box::new(Report::failed(FailureClass::Failed, message))
}

fn act(order: Order, ground: &Ground<'_>, voice: &mut Voice<'_>) -> Report {
    match order {
        Order::Api { base_url, model, key_env, context_window, scope } => {
            let endpoint = api::Endpoint { base_url: &base_url, model: model.as_deref(), key_env: key_env.as_deref(), context_window };
            api::run(&endpoint, &scope, ground, voice)
        }
        Order::Acp { scope } => acp::run(&scope, ground, voice),
        Order::Manual { workstream, run } => manual::run((&workstream, &run), ground, voice),
    }
}
