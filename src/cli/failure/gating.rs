//! What errors of the verbs mean that ask gates and look after hooks.

use super::meaning::Meaning;
use crate::cli::exit::Exit;
use crate::domain::tool::suggest::closest;
use crate::io::git::hooks::HooksError;
use crate::ops::gating::error::GatingError;
use crate::ops::gating::file::NAME;
use crate::ops::hook::install::HookError;
use crate::ops::hook::run::HookRunError;
use crate::ops::hook::verify::VerifyHookError;

impl Meaning for GatingError {
    fn exit(&self) -> Exit {
        match self {
            Self::File { .. } | Self::TwoFiles { .. } | Self::Unusable { .. } => Exit::Negative,
            Self::UnknownGate { .. } | Self::Range(_) | Self::NoReason | Self::Update(_) => Exit::Usage,
            Self::Lock(error) => error.exit(),
            Self::NoFile { .. }
            | Self::Repo(_)
            | Self::Object(_)
            | Self::Ref(_)
            | Self::Ledger(_)
            | Self::Load(_)
            | Self::Encode(_)
            | Self::Begin(_)
            | Self::Execute(_)
            | Self::Disk(_)
            | Self::Git(_) => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::File { .. } => Some(format!("Mend {NAME} and commit it; `git push --no-verify` passes by the hook.")),
            Self::Unusable { place, .. } => Some(format!("Commit {place} as a plain file, or take it away.")),
            Self::TwoFiles { .. } => Some("Keep one of them.".to_owned()),
            Self::NoFile { .. } => Some(format!("Describe gates in {NAME} and commit it.")),
            Self::UnknownGate { id, known } => {
                let near = closest(id, known.iter().map(String::as_str));
                Some(near.map_or_else(|| "`git orc gate explain` lists them.".to_owned(), |near| format!("Did you mean `{near}`?")))
            }
            Self::Range(_) => Some("Write `main..topic`: two names with two dots between them.".to_owned()),
            Self::NoReason => Some("Say with `--reason` why the gate need not hold; it stays in the ledger.".to_owned()),
            Self::Update(_) => Some("Git runs this by itself; `git orc gate run` asks the gates by hand.".to_owned()),
            Self::Lock(error) => error.hint(),
            Self::Ledger(error) => error.hint(),
            Self::Load(error) => error.hint(),
            Self::Begin(error) => error.hint(),
            Self::Disk(error) => error.hint(),
            Self::Git(error) => error.hint(),
            Self::Repo(_) | Self::Object(_) | Self::Ref(_) | Self::Encode(_) | Self::Execute(_) => None,
        }
    }
}

impl Meaning for HookError {
    fn exit(&self) -> Exit {
        match self {
            Self::SharedFolder { .. } | Self::NotConfigurable(_) | Self::Hooks(_) => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::SharedFolder { .. } => Some(
                "Give this repository its own with `git config core.hooksPath .git/hooks`, or install into the shared one with `--force`."
                    .to_owned(),
            ),
            Self::NotConfigurable(_) => Some("Install it as a file with `--mode file`, or a git from 2.54 on.".to_owned()),
            Self::Hooks(error) => error.hint(),
        }
    }
}

impl Meaning for HooksError {
    fn exit(&self) -> Exit {
        match self {
            Self::File(error) => error.exit(),
            Self::Mode { .. } | Self::TwoFormer { .. } | Self::Git(_) => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::File(error) => error.hint(),
            Self::TwoFormer { .. } => Some("Somebody has put another hook over ours. Keep one of the two, then install again.".to_owned()),
            Self::Mode { .. } | Self::Git(_) => None,
        }
    }
}

impl Meaning for HookRunError {
    fn exit(&self) -> Exit {
        match self {
            Self::Gating(error) => error.exit(),
            Self::Input(_) | Self::TooLong | Self::Previous { .. } => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Gating(error) => error.hint(),
            Self::Input(error) => error.hint(),
            Self::Previous { .. } => Some("`git orc hook status` tells which hooks there are.".to_owned()),
            Self::TooLong => Some("Push fewer refs at once.".to_owned()),
        }
    }
}

impl Meaning for VerifyHookError {
    fn exit(&self) -> Exit {
        Exit::Environment
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::File(error) => error.hint(),
            Self::Identity(error) => error.hint(),
            Self::Git(_) | Self::Object(_) | Self::Start(_) => None,
        }
    }
}
