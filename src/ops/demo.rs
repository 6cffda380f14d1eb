//! `git orc demo`: a real plan on a scratch repository, with everything in it that can go wrong.
//!
//! [`scratch`] makes the repository, [`foretold`] checks that the run ended as it must, [`story`] says what happened and what to look at.

pub mod foretold;
pub mod scratch;
pub mod story;

use std::path::PathBuf;

use self::scratch::{PLAN, Scratch, ScratchError};
use self::story::{Look, Scene};
use super::context::{Context, ContextError, Desk};
use super::frozen::Overrides;
use super::load::{LoadError, run_entries};
use super::run::{RunError, RunRequest, run};
use crate::domain::run::state::RunState;
use crate::engine::dispatcher::Ending;
use crate::engine::signals::StopSignal;
use crate::engine::sink::Sink;
use crate::io::settings::overlay::Overlay;

/// How the demo is to be run.
pub struct DemoRequest {
    /// The folder to make the repository in, which must be empty or missing; a fresh one in the system's temporary folder when absent. It is
    /// kept in both cases.
    pub folder: Option<PathBuf>,
    /// Who is told of every entry.
    pub sinks: Vec<Box<dyn Sink>>,
    /// How urgently the user wants it to end.
    pub stop: StopSignal,
}

/// A demo that ended as foretold.
#[derive(Debug, Clone, PartialEq)]
pub struct DemoReport {
    /// The scratch repository.
    pub folder: PathBuf,
    /// How the run ended: failed, as it must, since two workstreams are not merged.
    pub state: RunState,
    /// What happened and why.
    pub story: Vec<Scene>,
    /// What to look at.
    pub looks: Vec<Look>,
}

/// The error of the demo.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The scratch repository can not be made or read.
    #[error(transparent)]
    Scratch(#[from] ScratchError),
    /// The scratch repository can not be used.
    #[error(transparent)]
    Context(#[from] ContextError),
    /// The run could not be started, or could not go on.
    #[error(transparent)]
    Run(#[from] Box<RunError>),
    /// The run can not be read back from the ledger.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The user stopped it.
    #[error("the demo in `{}` was stopped", .0.display())]
    Stopped(PathBuf),
    /// It did not end as foretold.
    #[error("the demo in `{}` did not end as foretold: {}", folder.display(), differences.join("; "))]
    Otherwise {
        /// The scratch repository, to look at.
        folder: PathBuf,
        /// What is different, one sentence each.
        differences: Vec<String>,
    },
}

/// Runs the demo and checks that it ended as foretold. Nothing but the scratch repository is touched or read.
///
/// # Errors
/// Returns [`DemoError`] when the repository can not be made, the run can not go on, is stopped, or ends in any other way.
pub async fn demo(desk: &Desk, request: DemoRequest) -> Result<DemoReport, DemoError> {
    let environment = scratch::environment(&desk.environment);
    let scratch = Scratch::create(request.folder.map(|folder| desk.path(&folder)), &environment)?;
    let own = Desk {
        cwd: scratch.folder().to_owned(),
        environment,
        clock: desk.clock.clone(),
        flags: Overlay::default(),
        supervisor: desk.supervisor.clone(),
    };
    let cx = Context::open(&own)?;
    let wanted = RunRequest { plan: PathBuf::from(PLAN), overrides: Overrides::default(), sinks: request.sinks, stop: request.stop };
    let state = match run(&cx, wanted).await.map_err(Box::new)? {
        Ending::Settled(state) => state,
        Ending::Stopped(_) | Ending::Killed(_) => return Err(DemoError::Stopped(scratch.folder().to_owned())),
    };
    report(&cx, &scratch, state)
}

fn report(cx: &Context, scratch: &Scratch, state: RunState) -> Result<DemoReport, DemoError> {
    let folder = scratch.folder().to_owned();
    let entries = run_entries(&cx.ledger(), state.run)?;
    let differences = foretold::differences(scratch, &state, &entries)?;
    if !differences.is_empty() {
        return Err(DemoError::Otherwise { folder, differences });
    }
    let (story, looks) = (story::scenes(&state, &entries), story::looks(&state));
    Ok(DemoReport { folder, state, story, looks })
}
