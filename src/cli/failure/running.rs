//! What errors of the verbs that run mean. Whatever stopped a run in the middle leaves it resumable, and the hint says so.

use super::meaning::Meaning;
use crate::cli::exit::Exit;
use crate::domain::tool::routing::RoutingError;
use crate::engine::dispatcher::DispatchError;
use crate::engine::failure::ExecuteError;
use crate::engine::journal::JournalError;
use crate::io::git::inspect::InspectError;
use crate::ops::begin::BeginError;
use crate::ops::demo::DemoError;
use crate::ops::demo::scratch::ScratchError;
use crate::ops::frozen::FrozenError;
use crate::ops::policies::PoliciesError;
use crate::ops::prompts::PromptsError;
use crate::ops::resume::ResumeError;
use crate::ops::run::RunError;
use crate::ops::tools::add::AddError;
use crate::ops::tools::trial::TrialError;

const RESUME: &str = "Nothing that was recorded is lost; `git orc resume` goes on.";

impl Meaning for InspectError {
    fn exit(&self) -> Exit {
        match self {
            Self::NoIdentity | Self::Unreadable { .. } | Self::Git(_) | Self::Repo(_) | Self::File(_) => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoIdentity => Some("Say who you are: `git config user.name NAME` and `git config user.email ADDRESS`.".to_owned()),
            Self::Unreadable { .. } | Self::Repo(_) => None,
            Self::Git(error) => error.hint(),
            Self::File(error) => error.hint(),
        }
    }
}

impl Meaning for RoutingError {
    fn exit(&self) -> Exit {
        match self {
            Self::UnknownTool { .. } | Self::NoCapability(_) | Self::NoProfile { .. } | Self::NoneUsable(_) => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownTool { .. } | Self::NoCapability(_) => {
                Some("Tools are described in `tool_profiles.json`, in your configuration folder `git-orc`.".to_owned())
            }
            Self::NoProfile { .. } => {
                Some("Describe one of them: `git orc tools add`; `git orc tools routes` shows every chain.".to_owned())
            }
            Self::NoneUsable(_) => Some("Install one of them, or name another tool in the plan.".to_owned()),
        }
    }
}

impl Meaning for BeginError {
    fn exit(&self) -> Exit {
        match self {
            Self::Routing { source, .. } => source.exit(),
            Self::NotInstalled { .. } | Self::Sandbox { .. } | Self::Worktrees(_) | Self::Merging(_) | Self::Guard(_) => Exit::Environment,
            Self::Identity(error) => error.exit(),
            Self::File(error) => error.exit(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Routing { source, .. } => source.hint(),
            Self::NotInstalled { .. } => Some("Install one of them, or name another tool in the plan.".to_owned()),
            Self::Sandbox { .. } => {
                Some("`git orc doctor` tells what this machine can do; `--sandbox auto` takes the best of it.".to_owned())
            }
            Self::Worktrees(_) | Self::Merging(_) | Self::Guard(_) => None,
            Self::Identity(error) => error.hint(),
            Self::File(error) => error.hint(),
        }
    }
}

impl Meaning for FrozenError {
    fn exit(&self) -> Exit {
        match self {
            Self::Input(error) => error.exit(),
            Self::Ledger(error) => error.exit(),
            Self::TooLarge(_) | Self::Damaged { .. } | Self::Plan(_) | Self::Policies(_) | Self::Json(_) => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Input(_) => Some("Files that a plan names are relative to the plan.".to_owned()),
            Self::Ledger(error) => error.hint(),
            Self::Damaged { .. } => Some("`git ls-tree -r refs/orc/ledger` lists what is there.".to_owned()),
            Self::Plan(_) | Self::Policies(_) => Some("Resume with the version of git-orc that started the run.".to_owned()),
            Self::TooLarge(_) | Self::Json(_) => None,
        }
    }
}

impl Meaning for JournalError {
    fn exit(&self) -> Exit {
        match self {
            Self::Ledger(error) => error.exit(),
            Self::Encode(_) | Self::Checkpoint(_) | Self::Ref(_) | Self::Lost => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Ledger(_) | Self::Encode(_) | Self::Checkpoint(_) | Self::Ref(_) | Self::Lost => Some(RESUME.to_owned()),
        }
    }
}

impl Meaning for ExecuteError {
    fn exit(&self) -> Exit {
        match self {
            Self::NotRecorded(_)
            | Self::File(_)
            | Self::Object(_)
            | Self::Ref(_)
            | Self::Notes(_)
            | Self::Merge(_)
            | Self::Worktree(_)
            | Self::Inspect(_)
            | Self::Apply(_)
            | Self::Guard(_)
            | Self::Space(_)
            | Self::Lost(_)
            | Self::Illegal(_)
            | Self::Inconsistent(_) => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        if let Self::Space(_) = self {
            return Some(format!("Make room, or set `min_free_mib`. {RESUME}"));
        }
        Some(RESUME.to_owned())
    }
}

impl Meaning for DispatchError {
    fn exit(&self) -> Exit {
        match self {
            Self::Journal(error) => error.exit(),
            Self::Execute(error) => error.exit(),
            Self::Staging(_) | Self::Stuck | Self::Lost(_) => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Execute(error) => error.hint(),
            Self::Journal(_) | Self::Staging(_) | Self::Stuck | Self::Lost(_) => Some(RESUME.to_owned()),
        }
    }
}

impl Meaning for PoliciesError {
    fn exit(&self) -> Exit {
        match self {
            Self::Invalid { .. } => Exit::Negative,
            Self::File(error) => error.exit(),
            Self::Two { .. } | Self::NoFile { .. } | Self::Object(_) => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Invalid { .. } => {
                Some("Policies are read from the base commit: mend them there, or start from another one with `--base REV`.".to_owned())
            }
            Self::Two { .. } => Some("Keep one of the two, and commit that.".to_owned()),
            Self::File(error) => error.hint(),
            Self::NoFile { .. } | Self::Object(_) => None,
        }
    }
}

impl Meaning for PromptsError {
    fn exit(&self) -> Exit {
        match self {
            Self::File(error) => error.exit(),
            Self::Plugins(error) => error.exit(),
            Self::Templates(_) | Self::Empty(_) => Exit::Negative,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::File(error) => error.hint(),
            Self::Plugins(error) => error.hint(),
            Self::Templates(_) => Some("`git orc config check` shows them again; without the file the shipped template holds.".to_owned()),
            Self::Empty(_) => {
                Some("Give the workstream a `title`, `tasks` or a `prompt`; `git orc prompt show` shows what a tool is told.".to_owned())
            }
        }
    }
}

impl Meaning for RunError {
    fn exit(&self) -> Exit {
        match self {
            Self::Plan { .. } => Exit::Negative,
            Self::Policies(error) => error.exit(),
            Self::Pipelines(error) => error.exit(),
            Self::Prompts(error) => error.exit(),
            Self::Source(error) => error.exit(),
            Self::Trust(error) => error.exit(),
            Self::Begin(error) => error.exit(),
            Self::Gates(error) => error.exit(),
            Self::Frozen(error) => error.exit(),
            Self::Ledger(error) => error.exit(),
            Self::Inspect(error) => error.exit(),
            Self::File(error) => error.exit(),
            Self::Lock(error) => error.exit(),
            Self::Dispatch { source, .. } => source.exit(),
            Self::Base(_) | Self::Ref(_) | Self::Object(_) | Self::CheckedOut { .. } | Self::Unrelated { .. } => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Plan { .. } => Some("`git orc validate PLAN` shows every mistake.".to_owned()),
            Self::Policies(error) => error.hint(),
            Self::Pipelines(error) => error.hint(),
            Self::Prompts(error) => error.hint(),
            Self::Source(error) => error.hint(),
            Self::Trust(error) => error.hint(),
            Self::Begin(error) => error.hint(),
            Self::Gates(error) => error.hint(),
            Self::Frozen(error) => error.hint(),
            Self::Inspect(error) => error.hint(),
            Self::File(error) => error.hint(),
            Self::Lock(error) => error.hint(),
            Self::Dispatch { source, .. } => source.hint(),
            Self::Base(_) => Some("The plan's `base`, or `--base`, names the commit to start from.".to_owned()),
            Self::Ledger(_) | Self::Ref(_) | Self::Object(_) => None,
            Self::CheckedOut { .. } => Some("Switch to another branch there, or choose another one with `--target BRANCH`.".to_owned()),
            Self::Unrelated { .. } => Some("Choose another branch with `--target BRANCH`, or another start with `--base REV`.".to_owned()),
        }
    }
}

impl Meaning for ResumeError {
    fn exit(&self) -> Exit {
        match self {
            Self::Find(error) => error.exit(),
            Self::Load(error) => error.exit(),
            Self::Plugins(error) => error.exit(),
            Self::Prompts(error) => error.exit(),
            Self::Trust(error) => error.exit(),
            Self::Ledger(error) => error.exit(),
            Self::Frozen(error) => error.exit(),
            Self::Begin(error) => error.exit(),
            Self::Lock(error) => error.exit(),
            Self::File(error) => error.exit(),
            Self::Recover(error) => error.exit(),
            Self::Journal(error) => error.exit(),
            Self::Dispatch { source, .. } => source.exit(),
            Self::Nothing | Self::Over { .. } | Self::Staging(_) => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Find(error) => error.hint(),
            Self::Load(error) => error.hint(),
            Self::Plugins(error) => error.hint(),
            Self::Prompts(error) => error.hint(),
            Self::Trust(error) => error.hint(),
            Self::Ledger(error) => error.hint(),
            Self::Frozen(error) => error.hint(),
            Self::Begin(error) => error.hint(),
            Self::Lock(error) => error.hint(),
            Self::File(error) => error.hint(),
            Self::Recover(error) => error.hint(),
            Self::Journal(error) => error.hint(),
            Self::Dispatch { source, .. } => source.hint(),
            Self::Nothing => Some("`git orc list` lists the runs.".to_owned()),
            Self::Over { .. } => Some("`git orc run PLAN` starts a new one on what it has reached.".to_owned()),
            Self::Staging(_) => Some("`git log refs/orc/ledger` shows who wrote what.".to_owned()),
        }
    }
}

impl Meaning for ScratchError {
    fn exit(&self) -> Exit {
        match self {
            Self::File(error) => error.exit(),
            Self::Git(error) => error.exit(),
            Self::NotEmpty(_) | Self::NoGit(_) => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NotEmpty(_) => Some("Name another folder, or none: `git orc demo`.".to_owned()),
            Self::File(_) => None,
            Self::NoGit(_) => Some("Install git 2.38 or newer, and make sure that it is in PATH.".to_owned()),
            Self::Git(error) => error.hint(),
        }
    }
}

impl Meaning for DemoError {
    fn exit(&self) -> Exit {
        match self {
            Self::Scratch(error) => error.exit(),
            Self::Context(error) => error.exit(),
            Self::Run(error) => error.exit(),
            Self::Load(error) => error.exit(),
            Self::Stopped(_) => Exit::Interrupted,
            Self::Otherwise { .. } => Exit::Negative,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Scratch(error) => error.hint(),
            Self::Context(error) => error.hint(),
            Self::Run(error) => error.hint(),
            Self::Load(error) => error.hint(),
            Self::Stopped(folder) => Some(format!("`git -C {} orc resume` goes on.", folder.display())),
            Self::Otherwise { folder, .. } => Some(format!("`git -C {} log refs/orc/ledger` shows what happened.", folder.display())),
        }
    }
}

impl Meaning for TrialError {
    fn exit(&self) -> Exit {
        match self {
            Self::NotForTrials(_) => Exit::Usage,
            Self::NoGit(_) => Exit::Environment,
            Self::Git(error) => error.exit(),
            Self::File(error) => error.exit(),
            Self::Context(error) => error.exit(),
            Self::Run(error) => error.exit(),
            Self::Load(error) => error.exit(),
            Self::Stopped(_) => Exit::Interrupted,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NotForTrials(_) => Some("Use it in a plan: `git orc run PLAN`.".to_owned()),
            Self::Git(error) => error.hint(),
            Self::File(error) => error.hint(),
            Self::Context(error) => error.hint(),
            Self::Run(error) => error.hint(),
            Self::Load(error) => error.hint(),
            Self::NoGit(_) | Self::Stopped(_) => None,
        }
    }
}

impl Meaning for AddError {
    fn exit(&self) -> Exit {
        match self {
            Self::NoFolder | Self::NoWorkTree | Self::NotAnObject(_) => Exit::Environment,
            Self::Exists { .. } | Self::Unsound(_) => Exit::Usage,
            Self::File(error) => error.exit(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoFolder => Some("Say where: `XDG_CONFIG_HOME=FOLDER git orc tools add ...`.".to_owned()),
            Self::NoWorkTree => Some("Leave `--repository` out, and it goes to your own profiles.".to_owned()),
            Self::Exists { id, .. } => Some(format!("`git orc tools show {id}` shows it; `--replace` takes its place.")),
            Self::NotAnObject(_) => Some("`git orc config check` says what is wrong with it.".to_owned()),
            Self::Unsound(_) => Some("`git orc help tools add` shows what can be given.".to_owned()),
            Self::File(error) => error.hint(),
        }
    }
}
