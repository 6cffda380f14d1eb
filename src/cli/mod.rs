//! Words in, words out: arguments, views, exit codes.

pub mod args;
pub mod exit;
pub mod failure;
pub mod ui;
pub mod ui_error;
pub mod view;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser as _;

use self::args::root::{Command, Globals, Root};
use self::exit::Exit;
use self::failure::Failure;
use self::ui::{Ui, UiOptions};
use self::ui_error::UiError;
use crate::io::clock::Clock;
use crate::io::fs::FsError;
use crate::io::process::supervisor::{self, Supervisor};
use crate::io::settings::environment::Environment;
use crate::ops::bridge;
use crate::ops::bridge::ground::Voice;
use crate::ops::context::{Context, Desk};

/// Runs the command line of this process; the first of `args` is the name of the program. Returns how the process ends.
///
/// To be called by git-orc itself and by nobody else: supervisors are started from the running program.
#[must_use]
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    if let Some(code) = supervisor::hidden(&args) {
        return ExitCode::from(code);
    }
    if bridge::is_meant(&args) {
        let (mut out, mut err) = ui::streams();
        return ExitCode::from(bridge::run(&args, &Environment::read(), Voice { out: &mut out, err: &mut err }));
    }
    ExitCode::from(run(args, Environment::read()).code())
}

/// Runs a command line in an environment. Returns how the process is to end.
fn run(args: impl IntoIterator<Item = OsString>, environment: Environment) -> Exit {
    let mut ui;
    let ended = match Root::try_parse_from(args) {
        Ok(root) => {
            ui = Ui::new(root.globals.ui_options(), &environment);
            execute(root, environment, &mut ui)
        }
        Err(error) => {
            ui = Ui::new(UiOptions::default(), &environment);
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            ui.usage(&error).map(|()| exit).map_err(|error| Failure::new("print the help", &error))
        }
    };
    finish(ended, ui)
}

/// Tells of a failure and closes the output. A reader that has gone is no failure to tell of; a pager that was left is none at all.
fn finish(ended: Result<Exit, Failure>, ui: Ui) -> Exit {
    let was_paged = ui.is_paged();
    let exit = match ended {
        Ok(exit) => exit,
        Err(failure) if failure.exit == Exit::OutputClosed => failure.exit,
        Err(failure) => {
            ui.failure(&failure);
            failure.exit
        }
    };
    let exit = match ui.finish() {
        Ok(()) => exit,
        Err(UiError::Closed) => Exit::OutputClosed,
        Err(UiError::Write(_)) => Exit::Environment,
    };
    if was_paged && exit == Exit::OutputClosed { Exit::Done } else { exit }
}

fn execute(root: Root, environment: Environment, ui: &mut Ui) -> Result<Exit, Failure> {
    ui.listen();
    let flags = root.command.flags();
    let desk =
        Desk { cwd: folder(&root.globals, &environment)?, environment, clock: Clock::system(), flags, supervisor: Supervisor::own() };
    match root.command {
        Command::Validate(args) => args.execute(&desk, ui),
        Command::Plan(args) => args.execute(&desk, ui),
        Command::Workstream(args) => args.execute(&open(&desk, ui)?, ui),
        Command::Prompt(args) => args.execute(&open(&desk, ui)?, ui),
        Command::Graph(args) => args.execute(&desk, ui),
        Command::Run(args) => block_on(args.execute(&open(&desk, ui)?, ui))?,
        Command::Create(args) => block_on(args.execute(&open(&desk, ui)?, ui))?,
        Command::Pipeline(args) => args.execute(&desk, ui),
        Command::Resume(args) => block_on(args.execute(&open(&desk, ui)?, ui))?,
        Command::Pause(args) => args.execute(&open(&desk, ui)?, ui),
        Command::Halt(args) => args.execute(&open(&desk, ui)?, ui),
        Command::Retry(args) => block_on(args.execute(&open(&desk, ui)?, ui))?,
        Command::Skip(args) => args.execute(&open(&desk, ui)?, ui),
        Command::Override(args) => args.execute(&open(&desk, ui)?, ui),
        Command::Decide(args) => args.execute(&open(&desk, ui)?, ui),
        Command::Rollback(args) => block_on(args.execute(&open(&desk, ui)?, ui))?,
        Command::Done(args) => args.execute(&open(&desk, ui)?, ui),
        Command::Config(args) => args.execute(&desk, ui),
        Command::Init(args) => args.execute(&desk, ui),
        Command::Status(args) => args.execute(&open(&desk, ui)?, ui),
        Command::List(args) => args.execute(&open(&desk, ui)?, ui),
        Command::Log(args) => args.execute(&open(&desk, ui)?, ui),
        Command::Show(args) => args.execute(&open(&desk, ui)?, ui),
        Command::Cost(args) => args.execute(&open(&desk, ui)?, ui),
        Command::Issues(args) => args.execute(&open(&desk, ui)?, ui),
        Command::Goals(args) => args.execute(&open(&desk, ui)?, ui),
        Command::Export(args) => args.execute(&open(&desk, ui)?, ui),
        Command::Doctor(args) => block_on(args.execute(&desk, ui))?,
        Command::Gc(args) => args.execute(&open(&desk, ui)?, ui),
        Command::Cache(args) => block_on(args.execute(&open(&desk, ui)?, ui))?,
        Command::Verify(args) => args.execute(&open(&desk, ui)?, ui),
        Command::Tools(args) => block_on(args.execute(&desk, ui))?,
        Command::Trust(args) => args.execute(&open(&desk, ui)?, ui),
        Command::Detect(args) => block_on(args.execute(&desk, ui))?,
        Command::Gate(args) => block_on(args.execute(&open(&desk, ui)?, ui))?,
        Command::Hook(args) => block_on(args.execute(&open(&desk, ui)?, ui))?,
        Command::Demo(args) => block_on(args.execute(&desk, ui))?,
    }
}

/// Runs what a verb does side by side; only verbs that run programs need it.
fn block_on<F: Future>(work: F) -> Result<F::Output, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|source| {
        let error = FsError { action: "start", path: PathBuf::from("threads"), source };
        Failure::new("get ready", &error)
    })?;
    let done = runtime.block_on(work);
    // Whatever still blocks a thread has nothing more to tell.
    runtime.shutdown_background();
    Ok(done)
}

/// Returns the folder that relative paths start from: where the user stands, moved by `-C`. An alias of git's that goes through the shell is
/// started at the top of the work tree, and says in a variable where the user stands.
fn folder(globals: &Globals, environment: &Environment) -> Result<PathBuf, Failure> {
    let here = std::env::current_dir().map_err(|source| {
        let error = FsError { action: "find", path: PathBuf::from("."), source };
        Failure::new("find the current folder", &error)
    })?;
    let moved = environment.var("GIT_PREFIX").map(Path::new).map(|prefix| here.join(prefix));
    let stand = moved.filter(|moved| here.join(".git").exists() && moved.is_dir()).unwrap_or(here);
    let Some(directory) = &globals.directory else { return Ok(stand) };
    // Resolved, because whoever looks for a repository walks up the path.
    stand.join(directory).canonicalize().map_err(|source| {
        let error = FsError { action: "change to", path: directory.clone(), source };
        Failure::new("start", &error)
    })
}

/// Finds the repository, and lets its settings say how results are printed.
fn open(desk: &Desk, ui: &mut Ui) -> Result<Context, Failure> {
    let cx = Context::open(desk).map_err(|error| Failure::new("use the repository", &error))?;
    ui.set_color_setting(cx.git_setting("color.ui"));
    ui.detail(&format!("repository {}", cx.repo.common_dir().display()));
    for warning in &cx.settings.warnings {
        ui.warning(warning);
    }
    Ok(cx)
}
