//! What errors of the verbs mean that look after a ledger without driving a run.

use super::meaning::Meaning;
use crate::cli::exit::Exit;
use crate::io::git::ledger_ref::LedgerError;
use crate::io::git::refs::RefError;
use crate::ops::decide::DecideError;
use crate::ops::done::DoneError;
use crate::ops::gc::GcError;
use crate::ops::give_up::GiveUpError;
use crate::ops::tend::TendError;
use crate::ops::trust::TrustError;
use crate::ops::verify::VerifyError;

impl Meaning for VerifyError {
    fn exit(&self) -> Exit {
        match self {
            Self::Find(error) => error.exit(),
            Self::Ledger(_) | Self::Object(_) | Self::File(_) | Self::Identity(_) | Self::Notes(_) => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Find(error) => error.hint(),
            Self::Ledger(LedgerError::Ref(RefError::Damaged { .. })) => {
                Some("`git orc doctor` tells what can be brought back, `git orc doctor --repair` does it.".to_owned())
            }
            Self::Ledger(error) => error.hint(),
            Self::File(error) => error.hint(),
            Self::Identity(error) => error.hint(),
            Self::Object(_) | Self::Notes(_) => Some("`git fsck` tells which objects are damaged.".to_owned()),
        }
    }
}

impl Meaning for DecideError {
    fn exit(&self) -> Exit {
        match self {
            Self::Find(error) => error.exit(),
            Self::Load(error) => error.exit(),
            Self::Lock(error) => error.exit(),
            Self::Tend(error) => error.exit(),
            Self::NoReason => Exit::Usage,
            Self::NothingWaits { .. } | Self::Identity(_) => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Find(error) => error.hint(),
            Self::Load(error) => error.hint(),
            Self::Lock(error) => error.hint(),
            Self::Tend(error) => error.hint(),
            Self::Identity(error) => error.hint(),
            Self::NoReason => Some("Say with `--reason` why; it stays in the ledger.".to_owned()),
            Self::NothingWaits { waiting, .. } if waiting.is_empty() => Some("`git orc status` tells where the run stands.".to_owned()),
            Self::NothingWaits { waiting, .. } => Some(format!("What waits: {}.", waiting.join(", "))),
        }
    }
}

impl Meaning for DoneError {
    fn exit(&self) -> Exit {
        match self {
            Self::Find(error) => error.exit(),
            Self::Load(error) => error.exit(),
            Self::File(error) => error.exit(),
            Self::NoReason => Exit::Usage,
            Self::Lock(_)
            | Self::Identity(_)
            | Self::NoWorkstream { .. }
            | Self::NotWaiting { .. }
            | Self::NobodyListens { .. }
            | Self::Several { .. }
            | Self::Answered(_) => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Find(error) => error.hint(),
            Self::Load(error) => error.hint(),
            Self::File(error) => error.hint(),
            Self::Identity(error) => error.hint(),
            Self::Lock(_) => None,
            Self::NoReason => Some("Say why after `--give-up`; it stays in the ledger.".to_owned()),
            Self::NobodyListens { run } => {
                Some(format!("`git orc resume {run}` goes on with it: what is in the worktree is kept, and the step begins again."))
            }
            Self::Several { workstream, .. } => Some(format!("Name the run: `git orc done {workstream} RUN`.")),
            Self::NotWaiting { waiting, .. } if !waiting.is_empty() => Some(format!("What waits: {}.", waiting.join(", "))),
            Self::NoWorkstream { .. } | Self::NotWaiting { .. } | Self::Answered(_) => {
                Some("`git orc status` tells where the run stands.".to_owned())
            }
        }
    }
}

impl Meaning for TendError {
    fn exit(&self) -> Exit {
        match self {
            Self::Lock(error) => error.exit(),
            Self::Load(_) | Self::Staging(_) | Self::Encode(_) | Self::Checkpoint(_) | Self::Ledger(_) | Self::Identity(_) => {
                Exit::Environment
            }
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Lock(error) => error.hint(),
            Self::Load(error) => error.hint(),
            Self::Ledger(error) => error.hint(),
            Self::Identity(error) => error.hint(),
            Self::Staging(_) | Self::Encode(_) | Self::Checkpoint(_) => None,
        }
    }
}

impl Meaning for GcError {
    fn exit(&self) -> Exit {
        match self {
            Self::Tend(error) => error.exit(),
            Self::Lock(_)
            | Self::Load(_)
            | Self::Ref(_)
            | Self::Object(_)
            | Self::Plan(_)
            | Self::Worktrees(_)
            | Self::File(_)
            | Self::Git(_) => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Tend(error) => error.hint(),
            Self::Load(error) => error.hint(),
            Self::Ref(_) | Self::Object(_) | Self::Plan(_) => Some("`git orc doctor` tells what is broken.".to_owned()),
            Self::File(error) => error.hint(),
            Self::Lock(_) | Self::Worktrees(_) | Self::Git(_) => None,
        }
    }
}

impl Meaning for GiveUpError {
    fn exit(&self) -> Exit {
        match self {
            Self::Find(error) => error.exit(),
            Self::Lock(error) => error.exit(),
            Self::Tend(error) => error.exit(),
            Self::Load(_) | Self::Needed { .. } | Self::NoPatch(_) | Self::Ref(_) => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Find(error) => error.hint(),
            Self::Lock(error) => error.hint(),
            Self::Tend(error) => error.hint(),
            Self::Load(error) => error.hint(),
            Self::NoPatch(_) => Some("`git orc show WORKSTREAM` lists its patches.".to_owned()),
            Self::Needed { .. } => Some("`git orc show PATCH` tells where it stands.".to_owned()),
            Self::Ref(_) => Some("`git orc doctor` tells what is broken.".to_owned()),
        }
    }
}

impl Meaning for TrustError {
    fn exit(&self) -> Exit {
        match self {
            Self::File(error) => error.exit(),
            Self::Source(error) => error.exit(),
            Self::Git(error) => error.exit(),
            Self::Untrusted(_) | Self::Elsewhere { .. } => Exit::NeedsPerson,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::File(error) => error.hint(),
            Self::Source(error) => error.hint(),
            Self::Git(error) => error.hint(),
            Self::Untrusted(_) => {
                Some("Look at what it runs with `git orc plan show PLAN`, then give `git orc trust PLAN`, or `--trust`.".to_owned())
            }
            Self::Elsewhere { run, place } => {
                Some(format!("Look at what it runs with `git show {place}`, then give `git orc resume {run} --trust`."))
            }
        }
    }
}
