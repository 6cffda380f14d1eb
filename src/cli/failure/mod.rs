//! From an error to an exit code and a hint: the only place that knows all errors, following the record of the exit codes.

pub mod doors;
pub mod gating;
pub mod meaning;
pub mod phases;
pub mod reading;
pub mod running;
pub mod tending;

use std::error::Error;

use self::meaning::Meaning;
use super::exit::Exit;

/// What is told about an error, and how the program ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// How the program ends.
    pub exit: Exit,
    /// What went wrong: `failed to ...: cause: cause`.
    pub message: String,
    /// Sentences that name the next command.
    pub hints: Vec<String>,
}

impl Failure {
    /// Returns what is told about an error that came up while the program tried to `purpose`.
    #[must_use]
    pub fn new(purpose: &str, error: &impl Meaning) -> Self {
        Self { exit: error.exit(), message: format!("failed to {purpose}: {}", chain(error)), hints: error.hint().into_iter().collect() }
    }
}

/// Returns an error with its causes. A cause that the text before it ends with already is not repeated.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let told = cause.to_string();
        if !text.ends_with(&told) {
            text.push_str(": ");
            text.push_str(&told);
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::PathBuf;

    use super::*;
    use crate::domain::id::RunId;
    use crate::domain::tool::routing::RoutingError;
    use crate::engine::dispatcher::DispatchError;
    use crate::engine::journal::JournalError;
    use crate::io::fs::FsError;
    use crate::io::git::discover::DiscoverError;
    use crate::io::git::inspect::InspectError;
    use crate::io::git::ledger_ref::LedgerError;
    use crate::io::git::lock::LockError;
    use crate::ops::begin::BeginError;
    use crate::ops::context::ContextError;
    use crate::ops::find::FindError;
    use crate::ops::resume::ResumeError;
    use crate::ops::run::RunError;
    use crate::ops::status::StatusError;

    fn run() -> RunId {
        RunId::parse("01JD8ZK3V7Q2M4N6P8R0S2T4V6").unwrap()
    }

    fn held() -> LockError {
        LockError::Held { what: "run x".to_owned(), holder: None }
    }

    fn full_disk() -> FsError {
        FsError { action: "write", path: PathBuf::from("/x"), source: io::Error::from(io::ErrorKind::StorageFull) }
    }

    /// Checks the exit code, and that the only hint starts with a word.
    fn check(error: &impl Meaning, exit: Exit, hint: Option<&str>) {
        let failure = Failure::new("try", error);
        assert_eq!(failure.exit, exit, "{failure:?}");
        let told = failure.hints.first().map(String::as_str);
        assert!(told.map(|text| hint.is_some_and(|start| text.starts_with(start))) == hint.map(|_| true), "{failure:?}");
        assert!(failure.message.starts_with("failed to try: "), "{failure:?}");
    }

    #[test]
    fn every_kind_of_failure_has_its_code() {
        check(&full_disk(), Exit::Environment, Some("Nothing is lost"));
        check(&held(), Exit::AlreadyRunning, Some("`git orc status`"));
        check(&RunError::Lock(held()), Exit::AlreadyRunning, Some("`git orc status`"));
        check(&ResumeError::Lock(held()), Exit::AlreadyRunning, Some("`git orc status`"));
        check(&StatusError::Lock(held()), Exit::Environment, None);
        check(&DiscoverError::NotARepository { start: PathBuf::from("/x") }, Exit::Environment, Some("Change to a repository"));
        check(
            &ContextError::Repository(DiscoverError::PartialClone { path: PathBuf::from("/x") }),
            Exit::Environment,
            Some("Work in a full"),
        );
        check(&RunError::Plan { diagnostics: Vec::new(), files: Vec::new() }, Exit::Negative, Some("`git orc validate PLAN`"));
        check(&RunError::Inspect(InspectError::NoIdentity), Exit::Environment, Some("Say who you are"));
        let routing = RoutingError::NoCapability("magic".to_owned());
        let begin = BeginError::Routing { workstream: "a".to_owned(), step: "edit".to_owned(), source: routing };
        check(&RunError::Begin(begin), Exit::Environment, Some("Tools are described"));
        check(&ResumeError::Over { run: run(), status: "completed" }, Exit::Environment, Some("`git orc run PLAN`"));
        check(&FindError::NoRuns, Exit::Environment, Some("`git orc run PLAN`"));
    }

    #[test]
    fn whatever_stops_a_run_says_how_to_go_on() {
        let contended = || JournalError::Ledger(LedgerError::Contended { tries: 3 });
        let going_on = Some("Nothing that was recorded is lost; `git orc resume`");
        check(&DispatchError::Journal(contended()), Exit::Environment, going_on);
        check(&DispatchError::Stuck, Exit::Environment, going_on);
        check(&ResumeError::Journal(contended()), Exit::Environment, going_on);
    }

    #[test]
    fn causes_are_told_once() {
        let error = LockError::File { path: PathBuf::from("/x"), source: io::Error::other("gone") };
        assert_eq!(Failure::new("look", &error).message, "failed to look: lock `/x`: gone");
        let deep = JournalError::Ledger(LedgerError::Contended { tries: 3 });
        let expect = "failed to look: the ledger could not be written: the ledger was moved by others 3 times in a row";
        assert_eq!(Failure::new("look", &deep).message, expect);
    }
}
