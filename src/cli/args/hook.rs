//! `git orc hook`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::{Loudness, Ui};
use crate::cli::view::styled::{Role, Styled};
use crate::cli::view::{gates, hooks as view};
use crate::engine::signals;
use crate::io::fs::FsError;
use crate::ops::context::Context;
use crate::ops::gating::request::News;
use crate::ops::hook::Hook;
use crate::ops::hook::install::{Done, Mode, Shared, install, status, uninstall};
use crate::ops::hook::run::{HookRequest, HookRunError, Hooked, run};
use crate::ops::hook::verify::verify;

const EXAMPLES: &str = "\
Examples:
  git orc hook install                The gates of QUALITY_GATE.yaml before every push
  git orc hook verify                 Prove that it blocks, with two pushes into a scratch repository
  git orc hook status                 Which hooks there are, whose they are, and what is wrong with them
  git orc hook install pre-receive    On a server, in the bare repository
  git orc hook uninstall              Take it away and put the former hook back

A hook that is there already stays and runs first, with the same input. `git push --no-verify` passes by every hook of the one who pushes;
`pre-receive` and `git orc gate check` do not let themselves be passed by.";

const INSTALL: &str = "\
Examples:
  git orc hook install
  git orc hook install pre-receive    On a server, in the bare repository
  git orc hook install --mode file    A file, whatever git could read from its configuration";

const UNINSTALL: &str = "\
Examples:
  git orc hook uninstall
  git orc hook uninstall pre-push";

const STATUS: &str = "\
Examples:
  git orc hook status
  git orc hook status --json";

const RUN: &str = "\
Examples:
  git orc hook run pre-push -- origin ssh://host/repo.git <refs
  git orc hook run pre-push -- \"$@\"    In a hook of somebody else's, which reads nothing from standard input itself";

const VERIFY: &str = "\
Examples:
  git orc hook verify";

/// Put the quality gates before every push
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = EXAMPLES)]
pub struct HookArgs {
    /// What to do
    #[command(subcommand)]
    pub command: HookCommand,
}

/// What to do with hooks.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
#[expect(missing_docs, reason = "what is said about a command is the help of its arguments, and words here would take its place")]
pub enum HookCommand {
    Install(InstallHook),
    Uninstall(UninstallHook),
    Status(HookStatus),
    Run(RunHook),
    Verify(VerifyHook),
}

/// A hook of git.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum HookName {
    /// Before commits are pushed
    PrePush,
    /// Before pushed commits are taken
    PreReceive,
}

impl HookName {
    const fn hook(self) -> Hook {
        match self {
            Self::PrePush => Hook::PrePush,
            Self::PreReceive => Hook::PreReceive,
        }
    }
}

/// How a hook gets there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ModeName {
    /// By the configuration where git reads hooks from there (2.54), else by a file
    #[default]
    Auto,
    /// By the repository's configuration
    Config,
    /// By a file where git looks for hooks
    File,
}

/// Install a hook; one that is there already stays and runs first
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = INSTALL)]
pub struct InstallHook {
    /// The hook
    #[arg(value_name = "HOOK", value_enum, default_value = "pre-push")]
    pub hook: HookName,
    /// How it gets there
    #[arg(long, value_name = "MODE", value_enum, default_value_t)]
    pub mode: ModeName,
    /// Use a folder of hooks that is configured for more than this repository
    #[arg(long)]
    pub force: bool,
}

/// Take a hook away and put the former one back
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = UNINSTALL)]
pub struct UninstallHook {
    /// The hook; without it, both
    #[arg(value_name = "HOOK", value_enum)]
    pub hook: Option<HookName>,
}

/// Tell which hooks there are
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = STATUS)]
pub struct HookStatus {
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// Do what a hook does, as git runs it
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = RUN)]
pub struct RunHook {
    /// The hook
    #[arg(value_name = "HOOK", value_enum)]
    pub hook: HookName,
    /// The hook that was there before, which is run first
    #[arg(long, value_name = "FILE")]
    pub previous: Option<PathBuf>,
    /// What git gives the hook
    #[arg(value_name = "ARGUMENT", last = true)]
    pub args: Vec<OsString>,
}

/// Prove that the hook blocks: push what must be refused, and what must not, into a scratch repository
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = VERIFY)]
pub struct VerifyHook {}

impl HookArgs {
    /// Does it.
    ///
    /// # Errors
    /// Returns a [`Failure`] when it can not be done or the answer can not be written.
    pub async fn execute(&self, cx: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        match &self.command {
            HookCommand::Install(args) => {
                let mode = match args.mode {
                    ModeName::Auto => Mode::Auto,
                    ModeName::Config => Mode::Config,
                    ModeName::File => Mode::File,
                };
                let shared = if args.force { Shared::Used } else { Shared::Refused };
                let done = install(cx, args.hook.hook(), (mode, shared)).map_err(|error| Failure::new("install the hook", &error))?;
                tell_done(ui, &done)
            }
            HookCommand::Uninstall(args) => {
                let mut all = Done { done: Vec::new(), notes: Vec::new() };
                for hook in Hook::ALL.into_iter().filter(|hook| args.hook.is_none_or(|name| name.hook() == *hook)) {
                    all.done.extend(uninstall(cx, hook).map_err(|error| Failure::new("take the hook away", &error))?.done);
                }
                if all.done.is_empty() {
                    all.done.push("there was nothing to take away".to_owned());
                }
                tell_done(ui, &all)
            }
            HookCommand::Status(args) => {
                let mut all = Vec::new();
                for hook in Hook::ALL {
                    all.push(status(cx, hook).map_err(|error| Failure::new("look at the hooks", &error))?);
                }
                let written = if args.json { ui.text(&view::json(&all)) } else { ui.result(&view::human(&all)) };
                written.map_err(|error| Failure::new("print the hooks", &error))?;
                Ok(Exit::Done)
            }
            HookCommand::Run(args) => args.execute(cx, ui).await,
            HookCommand::Verify(VerifyHook {}) => {
                let attempts = verify(cx).await.map_err(|error| Failure::new("try the hook", &error))?;
                let is_right = attempts.iter().all(|attempt| attempt.is_right());
                ui.result(&view::verified(&attempts)).map_err(|error| Failure::new("print what was found", &error))?;
                Ok(if is_right { Exit::Done } else { Exit::Negative })
            }
        }
    }
}

fn tell_done(ui: &mut Ui, done: &Done) -> Result<Exit, Failure> {
    let mut text = Styled::default();
    done.done.iter().for_each(|sentence| {
        text.add(sentence).line();
    });
    ui.result(&text).map_err(|error| Failure::new("print what was done", &error))?;
    done.notes.iter().for_each(|note| ui.warning(note));
    Ok(Exit::Done)
}

impl RunHook {
    async fn execute(&self, cx: &Context, ui: &Ui) -> Result<Exit, Failure> {
        let heard = signals::listen().map_err(|source| {
            let error = FsError { action: "listen to", path: PathBuf::from("signals"), source };
            Failure::new("get ready", &error)
        })?;
        let hook = self.hook.hook();
        let request = HookRequest { hook, args: self.args.clone(), previous: self.previous.clone(), stop: Some(heard.stop) };
        let mut tell = |news: News<'_>| super::gate::tell(ui, &news);
        let purpose = match hook {
            Hook::PrePush => "ask the gates, so nothing was pushed",
            Hook::PreReceive => "ask the gates, so nothing was taken",
        };
        let hooked = run(cx, request, &mut tell).await.map_err(|error| match error {
            HookRunError::Gating(ref error) => super::gate_failure(purpose, error, ui),
            HookRunError::Input(_) | HookRunError::TooLong | HookRunError::Previous { .. } => Failure::new(purpose, &error),
        })?;
        let report = match hooked {
            Hooked::Nothing | Hooked::Inner => return Ok(Exit::Done),
            Hooked::RefusedBefore { path, code } => {
                let code = code.map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"));
                ui.note(&format!("git-orc: the former hook `{}` refuses this with {code}; the gates were not asked", path.display()));
                return Ok(Exit::Negative);
            }
            Hooked::Gated(report) => report,
        };
        report.warnings.iter().for_each(|warning| ui.warning(warning));
        if report.refuses() {
            let mut text = gates::conclusion(&report);
            text.put(Role::Bad, format!("git-orc: {} refuses this", hook.name())).line();
            ui.say(&text);
        } else if !report.said.is_empty() && ui.loudness() >= Loudness::Normal {
            ui.say(&gates::conclusion(&report));
        }
        Ok(if report.refuses() { Exit::Negative } else { Exit::Done })
    }
}
