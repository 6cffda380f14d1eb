//! What errors of the doors mean: files, git, locks, settings, the output.

use super::meaning::Meaning;
use crate::cli::exit::Exit;
use crate::cli::ui_error::UiError;
use crate::io::fs::FsError;
use crate::io::git::command::GitCommandError;
use crate::io::git::discover::DiscoverError;
use crate::io::git::ledger_ref::LedgerError;
use crate::io::git::lock::LockError;
use crate::io::settings::error::SettingsError;
use crate::ops::context::ContextError;
use crate::ops::plan_source::PlanSourceError;

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
            Self::Documents(_)
            | Self::TwoProfiles { .. }
            | Self::Value { .. }
            | Self::Budget { .. }
            | Self::Limit { .. }
            | Self::Read { .. }
            | Self::Git(_) => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Read { .. } | Self::Git(_) => None,
            Self::Documents(_) => Some("`git orc config check` shows every mistake in its place.".to_owned()),
            Self::TwoProfiles { .. } => Some("Remove one of the two.".to_owned()),
            Self::Value { .. } | Self::Budget { .. } | Self::Limit { .. } => {
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
            Self::Contended { .. } | Self::Overtaken | Self::Ref(_) | Self::Object(_) => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Lock(error) => error.hint(),
            Self::Contended { .. } | Self::Overtaken => Some("Try again; nothing was changed.".to_owned()),
            Self::Ref(_) | Self::Object(_) => Some("`git orc doctor` says what is damaged, and what can be mended.".to_owned()),
        }
    }
}

impl Meaning for ContextError {
    fn exit(&self) -> Exit {
        match self {
            Self::Settings(error) => error.exit(),
            Self::File(error) => error.exit(),
            Self::Profiles(_) | Self::Plugins(_) | Self::NoGit(_) => Exit::Environment,
            Self::Repository(error) => error.exit(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Settings(error) => error.hint(),
            Self::File(error) => error.hint(),
            Self::Profiles(_) | Self::Plugins(_) => None,
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
