//! What errors of the verbs mean by which a person controls a run.

use super::meaning::Meaning;
use crate::cli::exit::Exit;
use crate::domain::id::WorkstreamId;
use crate::ops::again::AgainError;
use crate::ops::control::{ControlError, Misfit};

impl Meaning for ControlError {
    fn exit(&self) -> Exit {
        match self {
            Self::Find(error) => error.exit(),
            Self::Load(error) => error.exit(),
            Self::Frozen(error) => error.exit(),
            Self::Ledger(error) => error.exit(),
            Self::Identity(error) => error.exit(),
            Self::NoReason => Exit::Usage,
            Self::NothingOpen
            | Self::Inside
            | Self::NoWorkstream { .. }
            | Self::Unfitting(_)
            | Self::Staging(_)
            | Self::Encode(_)
            | Self::Lock(_) => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Find(error) => error.hint(),
            Self::Load(error) => error.hint(),
            Self::Frozen(error) => error.hint(),
            Self::Ledger(error) => error.hint(),
            Self::Identity(error) => error.hint(),
            Self::NoReason => Some("Say with `--reason` why; it stays in the ledger.".to_owned()),
            Self::NothingOpen => Some("`git orc list` lists the runs.".to_owned()),
            Self::Inside => Some("Give the command in a terminal of your own.".to_owned()),
            Self::NoWorkstream { suggestion: Some(name), .. } => Some(format!("Did you mean `{name}`?")),
            Self::NoWorkstream { suggestion: None, .. } => Some("`git orc status` lists the workstreams.".to_owned()),
            Self::Unfitting(misfit) => Some(instead(misfit)),
            Self::Staging(_) | Self::Encode(_) | Self::Lock(_) => None,
        }
    }
}

impl Meaning for AgainError {
    fn exit(&self) -> Exit {
        match self {
            Self::Find(error) => error.exit(),
            Self::Load(error) => error.exit(),
            Self::Ledger(error) => error.exit(),
            Self::Frozen(error) => error.exit(),
            Self::Trust(error) => error.exit(),
            Self::File(error) => error.exit(),
            Self::NoReason => Exit::Usage,
            Self::Inside | Self::NotOver { .. } | Self::Nothing { .. } | Self::Outside { .. } => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Find(error) => error.hint(),
            Self::Load(error) => error.hint(),
            Self::Ledger(error) => error.hint(),
            Self::Frozen(error) => error.hint(),
            Self::Trust(error) => error.hint(),
            Self::File(error) => error.hint(),
            Self::NoReason => Some("Say with `--reason` why; it stays in the ledger.".to_owned()),
            Self::Inside => Some("Give the command in a terminal of your own.".to_owned()),
            Self::NotOver { run, .. } => Some(format!(
                "`git orc resume {run}` goes on; `git orc retry {run} -w WORKSTREAM --reason WHY` lets one workstream begin anew."
            )),
            Self::Nothing { .. } => Some("`git orc run PLAN` starts another run on what it has reached.".to_owned()),
            Self::Outside { .. } => Some("Run the plan itself again, with `git orc run PLAN`.".to_owned()),
        }
    }
}

/// Names what can be told to a run or a workstream where it stands.
fn instead(misfit: &Misfit) -> String {
    let (run, id) = (misfit.run, misfit.workstream.as_ref().map(WorkstreamId::as_str));
    if let Some(id) = id.filter(|_| misfit.is_asking) {
        return format!("Decide about it: `git orc decide {run} {id} approve --reason WHY`, or reject, or adjust.");
    }
    let names: Vec<&str> = misfit.possible.iter().map(|verb| verb.name()).collect();
    match (names.as_slice(), id) {
        ([], None) => {
            format!("A run that is over stays as it is; `git orc retry {run} --reason WHY` starts another one for what it did not merge.")
        }
        ([], Some(_)) => format!("Nothing can be told to it now; `git orc status {run}` tells where the run stands."),
        (names, Some(id)) => {
            format!("What can be told to it now: {}, as in `git orc {} {run} -w {id} --reason WHY`.", names.join(", "), names[0])
        }
        (names, None) => format!("What can be told to it now: {}, as in `git orc {} {run} --reason WHY`.", names.join(", "), names[0]),
    }
}
