//! What errors of the reading verbs mean.

use super::meaning::Meaning;
use crate::cli::exit::Exit;
use crate::ops::cost::CostError;
use crate::ops::detect::DetectError;
use crate::ops::export::ExportError;
use crate::ops::find::FindError;
use crate::ops::graph::GraphError;
use crate::ops::init::InitError;
use crate::ops::load::LoadError;
use crate::ops::log::LogError;
use crate::ops::prompt::PromptError;
use crate::ops::show::ShowError;
use crate::ops::spec::SpecError;
use crate::ops::status::StatusError;
use crate::ops::validate::ValidateError;

impl Meaning for DetectError {
    fn exit(&self) -> Exit {
        match self {
            Self::Reader { .. } => Exit::Usage,
            Self::File(error) => error.exit(),
            Self::Context(error) => error.exit(),
            Self::TooLong { .. } | Self::Baseline { .. } | Self::Matcher(_) | Self::Start(_) => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Reader { near: Some(name), .. } => Some(format!("Did you mean `{name}`? `git orc detect --readers` lists them.")),
            Self::Reader { near: None, .. } => Some("`git orc detect --readers` lists the readers.".to_owned()),
            Self::File(error) => error.hint(),
            Self::Context(error) => error.hint(),
            Self::Baseline { .. } => Some("`git orc detect --json -- COMMAND >FILE` writes one.".to_owned()),
            Self::TooLong { .. } | Self::Matcher(_) | Self::Start(_) => None,
        }
    }
}

impl Meaning for CostError {
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

impl Meaning for ExportError {
    fn exit(&self) -> Exit {
        match self {
            Self::Find(error) => error.exit(),
            Self::Load(error) => error.exit(),
            Self::File(error) => error.exit(),
            Self::Exists(_) | Self::Json(_) => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Find(error) => error.hint(),
            Self::Load(error) => error.hint(),
            Self::File(error) => error.hint(),
            Self::Exists(_) => Some("`--force` replaces it; `--to` names another folder.".to_owned()),
            Self::Json(_) => None,
        }
    }
}

impl Meaning for PromptError {
    fn exit(&self) -> Exit {
        match self {
            Self::Run(error) => error.exit(),
            Self::Prompts(error) => error.exit(),
            Self::Frozen(error) => error.exit(),
            Self::Ledger(error) => error.exit(),
            Self::File(error) => error.exit(),
            Self::Find(error) => error.exit(),
            Self::Routing(error) => error.exit(),
            Self::Unasked(_) => Exit::Negative,
            Self::Object(_) | Self::Unknown { .. } | Self::NoCheck(_) | Self::NotKept { .. } => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Run(error) => error.hint(),
            Self::Prompts(error) => error.hint(),
            Self::Frozen(error) => error.hint(),
            Self::Ledger(error) => error.hint(),
            Self::File(error) => error.hint(),
            Self::Find(error) => error.hint(),
            Self::Routing(error) => error.hint(),
            Self::Unknown { suggestion: Some(name), .. } => Some(format!("Did you mean `{name}`?")),
            Self::Unknown { suggestion: None, .. } | Self::NoCheck(_) => {
                Some("`git orc plan show PLAN` shows what is in the plan.".to_owned())
            }
            Self::NotKept { .. } => {
                Some("Prompts are kept in the clone that ran it, until `git orc gc`; `git orc show RUN` lists the steps.".to_owned())
            }
            Self::Object(_) | Self::Unasked(_) => None,
        }
    }
}

impl Meaning for LoadError {
    fn exit(&self) -> Exit {
        match self {
            Self::Ledger(error) => error.exit(),
            Self::UnknownRun(_) | Self::Illegal(_) => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Ledger(error) => error.hint(),
            Self::UnknownRun(_) => Some("`git orc list` lists the runs.".to_owned()),
            Self::Illegal(_) => Some("`git log refs/orc/ledger` shows who wrote what.".to_owned()),
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
            Self::Pipelines(error) => error.exit(),
            Self::Policies(error) => error.exit(),
            Self::Gates(error) => error.exit(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Context(error) => error.hint(),
            Self::Source(error) => error.hint(),
            Self::Pipelines(error) => error.hint(),
            Self::Policies(error) => error.hint(),
            Self::Gates(error) => error.hint(),
        }
    }
}

impl Meaning for SpecError {
    fn exit(&self) -> Exit {
        match self {
            Self::File(error) => error.exit(),
            Self::Network(_) => Exit::Usage,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::File(error) => error.hint(),
            Self::Network(_) => Some("Keep a copy of it in the repository, and name that with `--schema`.".to_owned()),
        }
    }
}

impl Meaning for InitError {
    fn exit(&self) -> Exit {
        match self {
            Self::Context(error) => error.exit(),
            Self::Settings(error) => error.exit(),
            Self::File(error) => error.exit(),
            Self::Bare | Self::Object(_) => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Context(error) => error.hint(),
            Self::Settings(error) => error.hint(),
            Self::File(error) => error.hint(),
            Self::Bare => Some("Work in a clone that has one.".to_owned()),
            Self::Object(_) => Some("`git fsck` tells which objects are damaged.".to_owned()),
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

impl Meaning for GraphError {
    fn exit(&self) -> Exit {
        match self {
            Self::Find(error) => error.exit(),
            Self::Load(error) => error.exit(),
            Self::Frozen(error) => error.exit(),
            Self::Ledger(error) => error.exit(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Find(error) => error.hint(),
            Self::Load(error) => error.hint(),
            Self::Frozen(error) => error.hint(),
            Self::Ledger(error) => error.hint(),
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
