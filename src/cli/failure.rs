//! From an error to an exit code and a hint: the only place that knows all errors, following the record of the exit codes.
//!
//! No arm is a default, so a new error does not compile until somebody has decided what it means to a script.

use std::error::Error;

use super::exit::Exit;
use super::ui::UiError;
use crate::io::fs::FsError;
use crate::io::git::command::GitCommandError;
use crate::io::git::discover::DiscoverError;
use crate::io::git::ledger_ref::LedgerError;
use crate::io::git::lock::LockError;
use crate::io::settings::error::SettingsError;
use crate::ops::context::ContextError;
use crate::ops::find::FindError;
use crate::ops::load::LoadError;
use crate::ops::log::LogError;
use crate::ops::plan_source::PlanSourceError;
use crate::ops::show::ShowError;
use crate::ops::status::StatusError;
use crate::ops::validate::ValidateError;

/// What is told about an error, and how the program ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// How the program ends.
    pub exit: Exit,
    /// What went wrong: `failed to ...: cause: cause`.
    pub message: String,
    /// Sentences that name the next command.
    pub hints: Vec<String>,
}

impl Failure {
    /// Returns what is told about an error that came up while the program tried to `purpose`.
    #[must_use]
    pub fn new(purpose: &str, error: &impl Meaning) -> Self {
        Self { exit: error.exit(), message: format!("failed to {purpose}: {}", chain(error)), hints: error.hint().into_iter().collect() }
    }
}

/// Returns an error with its causes. A cause that the text before it ends with already is not repeated.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let told = cause.to_string();
        if !text.ends_with(&told) {
            text.push_str(": ");
            text.push_str(&told);
        }
        source = cause.source();
    }
    text
}

/// What an error means to a script, and what helps.
pub trait Meaning: Error + Sized {
    /// Returns how the program ends.
    fn exit(&self) -> Exit;

    /// Returns what helps.
    fn hint(&self) -> Option<String>;
}

impl Meaning for UiError {
    fn exit(&self) -> Exit {
        match self {
            Self::Closed => Exit::OutputClosed,
            Self::Write(_) => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        None
    }
}

impl Meaning for FsError {
    fn exit(&self) -> Exit {
        Exit::Environment
    }

    fn hint(&self) -> Option<String> {
        self.is_disk_full().then(|| "Nothing is lost; free some space, then run `git orc resume`.".to_owned())
    }
}

impl Meaning for GitCommandError {
    fn exit(&self) -> Exit {
        match self {
            Self::Process { .. } | Self::Failed { .. } | Self::TimedOut { .. } | Self::TooLarge { .. } => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        None
    }
}

impl Meaning for SettingsError {
    fn exit(&self) -> Exit {
        match self {
            Self::File { .. } | Self::Value { .. } | Self::Limit { .. } | Self::Read { .. } | Self::Git(_) => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::File { .. } | Self::Read { .. } | Self::Git(_) => None,
            Self::Value { .. } | Self::Limit { .. } => {
                Some("`git orc config --show-origin` lists every setting and its origin.".to_owned())
            }
        }
    }
}

impl Meaning for DiscoverError {
    fn exit(&self) -> Exit {
        match self {
            Self::NotARepository { .. }
            | Self::Reftable { .. }
            | Self::Sha256 { .. }
            | Self::UnknownExtension { .. }
            | Self::PartialClone { .. }
            | Self::NotOwned { .. }
            | Self::GitTooOld { .. }
            | Self::UnknownVersion { .. }
            | Self::Git(_)
            | Self::Open(_) => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NotARepository { .. } => {
                Some("Change to a repository, name one with `git -C DIR orc ...`, or see `git orc demo`.".to_owned())
            }
            Self::NotOwned { path } => {
                let top = path.parent().unwrap_or(path).display();
                Some(format!("If you trust it: `git config --global --add safe.directory {top}`."))
            }
            Self::PartialClone { .. } => Some("Work in a full clone: `git clone` without `--filter`.".to_owned()),
            Self::Reftable { .. }
            | Self::Sha256 { .. }
            | Self::UnknownExtension { .. }
            | Self::GitTooOld { .. }
            | Self::UnknownVersion { .. }
            | Self::Git(_)
            | Self::Open(_) => None,
        }
    }
}

impl Meaning for LockError {
    fn exit(&self) -> Exit {
        match self {
            Self::Held { .. } => Exit::AlreadyRunning,
            Self::File { .. } => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Held { .. } => Some("`git orc status` shows how far it is; stop it with Ctrl-C where it runs.".to_owned()),
            Self::File { .. } => None,
        }
    }
}

impl Meaning for LedgerError {
    fn exit(&self) -> Exit {
        match self {
            Self::Lock(error) => error.exit(),
            Self::Contended { .. } | Self::Ref(_) | Self::Object(_) => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Lock(error) => error.hint(),
            Self::Contended { .. } => Some("Try again; nothing was changed.".to_owned()),
            Self::Ref(_) | Self::Object(_) => Some("`git fsck` says whether the repository is damaged.".to_owned()),
        }
    }
}

impl Meaning for ContextError {
    fn exit(&self) -> Exit {
        match self {
            Self::Settings(error) => error.exit(),
            Self::File(error) => error.exit(),
            Self::Profiles(_) | Self::NoGit(_) => Exit::Environment,
            Self::Repository(error) => error.exit(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Settings(error) => error.hint(),
            Self::File(error) => error.hint(),
            Self::Profiles(_) => None,
            Self::NoGit(_) => Some("Install git 2.38 or newer, and make sure that it is in PATH.".to_owned()),
            Self::Repository(error) => error.hint(),
        }
    }
}

impl Meaning for PlanSourceError {
    fn exit(&self) -> Exit {
        match self {
            Self::File(error) => error.exit(),
            Self::NoBundles(_) => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::File(error) => error.hint(),
            Self::NoBundles(_) => Some("A plan is a file, or a folder of bundle files.".to_owned()),
        }
    }
}

impl Meaning for LoadError {
    fn exit(&self) -> Exit {
        match self {
            Self::Ledger(error) => error.exit(),
            Self::UnknownRun(_) | Self::Illegal { .. } => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Ledger(error) => error.hint(),
            Self::UnknownRun(_) => Some("`git orc list` lists the runs.".to_owned()),
            Self::Illegal { .. } => Some("`git log refs/orc/ledger` shows who wrote what.".to_owned()),
        }
    }
}

impl Meaning for FindError {
    fn exit(&self) -> Exit {
        match self {
            Self::NoRuns | Self::Unknown { .. } | Self::Ambiguous { .. } => Exit::Environment,
            Self::Load(error) => error.exit(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoRuns => Some("`git orc run PLAN` starts one; a ledger of another clone comes with `git fetch`.".to_owned()),
            Self::Unknown { suggestion: Some(name), .. } => Some(format!("Did you mean `{name}`? `git orc list` lists the runs.")),
            Self::Unknown { suggestion: None, .. } => {
                Some("`git orc list` lists the runs, `git orc status RUN` its workstreams.".to_owned())
            }
            Self::Ambiguous { .. } => Some("Give more of the id, or `RUN/WORKSTREAM`.".to_owned()),
            Self::Load(error) => error.hint(),
        }
    }
}

impl Meaning for ValidateError {
    fn exit(&self) -> Exit {
        match self {
            Self::Context(error) => error.exit(),
            Self::Source(error) => error.exit(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Context(error) => error.hint(),
            Self::Source(error) => error.hint(),
        }
    }
}

impl Meaning for StatusError {
    fn exit(&self) -> Exit {
        match self {
            Self::Find(error) => error.exit(),
            Self::Load(error) => error.exit(),
            // Whoever only looks is not kept out by a lock.
            Self::Lock(_) => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Find(error) => error.hint(),
            Self::Load(error) => error.hint(),
            Self::Lock(_) => None,
        }
    }
}

impl Meaning for LogError {
    fn exit(&self) -> Exit {
        match self {
            Self::Find(error) => error.exit(),
            Self::Ledger(error) => error.exit(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Find(error) => error.hint(),
            Self::Ledger(error) => error.hint(),
        }
    }
}

impl Meaning for ShowError {
    fn exit(&self) -> Exit {
        match self {
            Self::Find(error) => error.exit(),
            Self::Load(error) => error.exit(),
            Self::Status(error) => error.exit(),
            Self::Git(error) => error.exit(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Find(error) => error.hint(),
            Self::Load(error) => error.hint(),
            Self::Status(error) => error.hint(),
            Self::Git(error) => error.hint(),
        }
    }
}
