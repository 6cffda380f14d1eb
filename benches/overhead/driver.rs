//! git-orc itself in a process of its own: the program, or the library with a clock on its parts.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use git_orc::domain::run::state::RunStatus;
use git_orc::engine::dispatcher::Ending;
use git_orc::io::clock::Clock;
use git_orc::io::process::supervisor::Supervisor;
use git_orc::io::settings::environment::Environment;
use git_orc::io::settings::overlay::Overlay;
use git_orc::ops::context::{Context, Desk};
use git_orc::ops::frozen::Overrides;
use git_orc::ops::run::{RunRequest, run};
use tracing::span::{Attributes, Id};
use tracing_subscriber::layer::{Context as Scope, Layer, SubscriberExt as _};
use tracing_subscriber::registry::{LookupSpan, Registry};

use crate::ground::{Ground, Place};

/// What makes this program drive a run, with a clock on its parts, instead of measuring.
pub(crate) const FLAG: &str = "--drive";

/// Returns the command to which only the plan is missing.
pub(crate) fn command(ground: &Ground, place: &Place, durability: &str) -> Command {
    let mut command = ground.command(env!("CARGO_BIN_EXE_git-orc"), &place.repository);
    command.env("ORC_DURABILITY", durability).arg("run");
    command
}

/// Returns the command that also prints what the parts took.
pub(crate) fn timed_command(ground: &Ground, place: &Place, durability: &str) -> Command {
    let mut command = ground.command(std::env::current_exe().expect("this program"), &place.repository);
    command.env("ORC_DURABILITY", durability).arg(FLAG);
    command
}

/// Drives a run to its end in this process and prints what its parts took.
pub(crate) fn drive(arguments: &[String]) {
    let start = Instant::now();
    let [plan] = arguments else { panic!("a plan is needed") };
    let parts = Parts::default();
    tracing::subscriber::set_global_default(Registry::default().with(parts.clone())).expect("the only subscriber");
    let span = tracing::trace_span!("start-up").entered();
    let cx = Context::open(&Desk {
        cwd: std::env::current_dir().expect("a folder"),
        environment: Environment::of(std::env::vars_os()),
        clock: Clock::system(),
        flags: Overlay::default(),
        supervisor: Supervisor::at(env!("CARGO_BIN_EXE_git-orc")),
    });
    let cx = cx.expect("a context");
    let (_stop, stop) = tokio::sync::mpsc::channel(1);
    let request = RunRequest { plan: Path::new(plan).to_owned(), overrides: Overrides::default(), sinks: Vec::new(), stop };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    drop(span);
    let ending = runtime.block_on(run(&cx, request)).expect("the run ends");
    let Ending::Settled(state) = ending else { panic!("the run was stopped") };
    assert_eq!(state.status, RunStatus::Completed, "{:?}", state.reason);
    parts.print(start.elapsed());
}

/// A clock on every span, by name: how often, and how long in all.
#[derive(Clone, Default)]
struct Parts(Arc<Mutex<BTreeMap<&'static str, (usize, Duration)>>>);

impl Parts {
    fn print(&self, whole: Duration) {
        println!("whole\t1\t{}", whole.as_micros());
        for (name, (count, time)) in self.0.lock().expect("no panic").iter() {
            println!("{name}\t{count}\t{}", time.as_micros());
        }
    }
}

impl<S: tracing::Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Parts {
    fn on_new_span(&self, _attributes: &Attributes<'_>, id: &Id, scope: Scope<'_, S>) {
        if let Some(span) = scope.span(id) {
            span.extensions_mut().insert(Instant::now());
        }
    }

    fn on_close(&self, id: Id, scope: Scope<'_, S>) {
        let Some(span) = scope.span(&id) else { return };
        let Some(took) = span.extensions().get::<Instant>().map(Instant::elapsed) else { return };
        let mut parts = self.0.lock().expect("no panic");
        let part = parts.entry(span.name()).or_default();
        part.0 += 1;
        part.1 += took;
    }
}
