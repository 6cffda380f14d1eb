//! What it means when nothing is rolled back.

use super::meaning::Meaning;
use crate::cli::exit::Exit;
use crate::ops::rollback::error::RollbackError;
use crate::ops::rollback::refusal::{Obstacle, Refusal, Whose};
use crate::ops::trust::TrustError;

impl Meaning for RollbackError {
    fn exit(&self) -> Exit {
        match self {
            Self::Find(error) => error.exit(),
            Self::Load(error) => error.exit(),
            Self::Lock(error) => error.exit(),
            Self::Ledger(error) => error.exit(),
            Self::Frozen(error) => error.exit(),
            Self::Trust(error) => error.exit(),
            Self::Begin(error) => error.exit(),
            Self::Tend(error) => error.exit(),
            Self::Identity(error) => error.exit(),
            Self::Execute(error) => error.exit(),
            Self::NoReason => Exit::Usage,
            Self::Refused(_) | Self::Red { .. } | Self::NewerPatches { .. } | Self::Joins { .. } | Self::Moved(_) => Exit::Negative,
            Self::Asks { .. } => Exit::NeedsPerson,
            Self::Illegal(_)
            | Self::Merging(_)
            | Self::Merge(_)
            | Self::Object(_)
            | Self::Ref(_)
            | Self::Notes(_)
            | Self::NothingMerged { .. }
            | Self::NotMerged { .. }
            | Self::Unfinished(_)
            | Self::NoBranch(_)
            | Self::NotOnBranch { .. }
            | Self::CheckedOut { .. }
            | Self::NothingUndone { .. } => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Find(error) => error.hint(),
            Self::Load(error) => error.hint(),
            Self::Lock(error) => error.hint(),
            Self::Ledger(error) => error.hint(),
            Self::Frozen(error) => error.hint(),
            Self::Trust(TrustError::Elsewhere { place, .. }) => {
                Some(format!("Look at what it runs with `git show {place}`, then give `git orc rollback` the option `--trust`."))
            }
            Self::Trust(error) => error.hint(),
            Self::Begin(error) => error.hint(),
            Self::Tend(error) => error.hint(),
            Self::Identity(error) => error.hint(),
            Self::Execute(error) => error.hint(),
            Self::NoReason => Some("Say with `--reason` why; it stays in the commits and in the ledger.".to_owned()),
            Self::Refused(refusal) => Some(of_refusal(refusal)),
            Self::Red { .. } => Some("`git orc log` tells what the gate found.".to_owned()),
            Self::NewerPatches { .. } => {
                Some("Name the newest patch first, or the whole workstream: `git orc rollback RUN/WORKSTREAM`.".to_owned())
            }
            Self::Joins { workstream, .. } => Some(format!("`git orc rollback RUN/{workstream}` undoes the whole workstream.")),
            Self::Moved(_) => Some("Give `git orc rollback` again: it looks at the branch as it is now.".to_owned()),
            Self::Asks { run, gate, .. } => {
                Some(format!("`git orc decide {run} {gate} approve --reason TEXT` lets it pass; then give `git orc rollback` again."))
            }
            Self::Unfinished(run) => Some(format!("`git orc resume {run}` brings it to an end first.")),
            Self::NoBranch(_) | Self::NotOnBranch { .. } => {
                Some("`git revert` undoes it on the branch that holds it now; `git orc show RUN` tells the merges.".to_owned())
            }
            Self::CheckedOut { branch, .. } => {
                Some(format!("`git switch` to another branch than {branch} there, then give `git orc rollback` again."))
            }
            Self::NothingMerged { .. } | Self::NotMerged { .. } | Self::NothingUndone { .. } => {
                Some("`git orc status RUN` tells what is merged.".to_owned())
            }
            Self::Illegal(_) | Self::Merging(_) | Self::Merge(_) | Self::Object(_) | Self::Ref(_) | Self::Notes(_) => {
                Some("`git orc doctor` tells what is broken.".to_owned())
            }
        }
    }
}

fn of_refusal(refusal: &Refusal) -> String {
    let of = |wanted: fn(&Whose) -> bool, all: &[Obstacle]| all.iter().any(|one| wanted(&one.whose));
    match refusal {
        Refusal::Depended(_) => "`git orc rollback ... --cascade` undoes that as well.".to_owned(),
        Refusal::DependedElsewhere(all) => {
            let names: Vec<String> = all.iter().map(|(run, one)| format!("`git orc rollback {run}/{}`", one.workstream)).collect();
            format!("{} first.", names.join(", "))
        }
        Refusal::AtWork(_) => "`git orc resume` lets it end first.".to_owned(),
        Refusal::Conflict { obstacles, .. } if obstacles.is_empty() => {
            "`git revert` the merge by hand and resolve the conflict.".to_owned()
        }
        Refusal::Conflict { obstacles, .. } if of(|whose| matches!(whose, Whose::Person), obstacles) => {
            "Work of a person is never undone: `git revert` the merge by hand and resolve the conflict.".to_owned()
        }
        Refusal::Conflict { obstacles, .. } if of(|whose| matches!(whose, Whose::Other(..)), obstacles) => {
            "`git orc rollback` the work of the other run first.".to_owned()
        }
        Refusal::Conflict { .. } => "`git orc rollback ... --cascade` undoes that as well.".to_owned(),
    }
}
