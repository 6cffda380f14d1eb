//! What errors of the verbs mean that look after a ledger without driving a run.

use super::meaning::Meaning;
use crate::cli::exit::Exit;
use crate::io::git::ledger_ref::LedgerError;
use crate::io::git::refs::RefError;
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
