//! What errors of the verbs mean that make and change plans.

use super::meaning::Meaning;
use crate::cli::exit::Exit;
use crate::domain::plan::append::AppendError;
use crate::ops::import::ImportError;
use crate::ops::split::SplitError;
use crate::ops::workstream::WorkstreamError;

impl Meaning for WorkstreamError {
    fn exit(&self) -> Exit {
        match self {
            Self::Source(error) => error.exit(),
            Self::Pipelines(error) => error.exit(),
            Self::Find(error) => error.exit(),
            Self::Load(error) => error.exit(),
            Self::Frozen(error) => error.exit(),
            Self::Identity(error) => error.exit(),
            Self::Ledger(error) => error.exit(),
            Self::Lock(error) => error.exit(),
            Self::File(error) => error.exit(),
            Self::Invalid { .. } => Exit::Negative,
            Self::Folder(_) | Self::Append(_) | Self::Unknown(_) | Self::Encode(_) => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Source(error) => error.hint(),
            Self::Pipelines(error) => error.hint(),
            Self::Find(error) => error.hint(),
            Self::Load(error) => error.hint(),
            Self::Frozen(error) => error.hint(),
            Self::Identity(error) => error.hint(),
            Self::Ledger(error) => error.hint(),
            Self::Lock(error) => error.hint(),
            Self::File(error) => error.hint(),
            Self::Invalid { .. } => Some("`git orc validate PLAN` reports the mistakes of a plan.".to_owned()),
            Self::Folder(_) => {
                Some("Add a bundle file to the folder by hand, or make one plan of it with `git orc plan import`.".to_owned())
            }
            Self::Append(AppendError::Unreadable | AppendError::NoList) => {
                Some("`git orc validate PLAN` says what is wrong with it.".to_owned())
            }
            Self::Append(AppendError::Unsafe | AppendError::Yaml) => Some("Put the workstream into the plan by hand.".to_owned()),
            Self::Unknown(_) => Some("`git orc workstream list` lists them.".to_owned()),
            Self::Encode(_) => None,
        }
    }
}

impl Meaning for SplitError {
    fn exit(&self) -> Exit {
        match self {
            Self::Source(error) => error.exit(),
            Self::Pipelines(error) => error.exit(),
            Self::File(error) => error.exit(),
            Self::Invalid { .. } => Exit::Negative,
            Self::Folder(_) | Self::Exists(_) | Self::NoText | Self::Base(_) | Self::Object(_) => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Source(error) => error.hint(),
            Self::Pipelines(error) => error.hint(),
            Self::Base(_) => Some("Name a commit that is there as `base` of the plan.".to_owned()),
            Self::File(error) => error.hint(),
            Self::Invalid { .. } => Some("`git orc validate PLAN` reports the mistakes of a plan.".to_owned()),
            Self::Folder(_) => Some("Write the new plan into a file with `--output FILE`.".to_owned()),
            Self::Exists(_) => Some("Name another file; nothing that is there is overwritten.".to_owned()),
            Self::NoText | Self::Object(_) => None,
        }
    }
}

impl Meaning for ImportError {
    fn exit(&self) -> Exit {
        match self {
            Self::Source(error) => error.exit(),
            Self::Context(error) => error.exit(),
            Self::Write(error) => error.exit(),
            Self::Unreadable { .. } => Exit::Negative,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Source(error) => error.hint(),
            Self::Context(error) => error.hint(),
            Self::Write(error) => error.hint(),
            Self::Unreadable { .. } => Some("Save the file as YAML or JSON; both are read as git-orc reads plans.".to_owned()),
        }
    }
}
