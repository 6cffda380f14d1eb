//! What every end-to-end test stands on: an environment that inherits nothing, repositories of which everything is known, and a fingerprint
//! that notices when a user's checkout was touched.

mod environment;
mod fingerprint;
mod ledger;
mod oracle;
mod oracle_selftest;
mod process;
mod repository;
mod rounds;
mod selftest;

pub(crate) use environment::{TestEnvironment, program};
pub(crate) use fingerprint::Fingerprint;
pub(crate) use ledger::Ledger;
pub(crate) use oracle::{Finished, Oracle, Stood, Undisturbed, alive_after, bring_to_end};
pub(crate) use process::{Outcome, Running, run, supervisor};
pub(crate) use repository::TestRepo;
pub(crate) use rounds::rounds;
