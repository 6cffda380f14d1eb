//! What gates are asked, and how it is told.

use super::range::Target;
use super::report::Said;
use crate::domain::gate::model::{Gate, Moment};
use crate::engine::signals::StopSignal;

/// Whether verdicts that are known are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// They are.
    Taken,
    /// Everything is run again.
    Ignored,
}

/// Whether verdicts are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeping {
    /// They become entries of the ledger.
    Ledger,
    /// They do not: where refs must not be written.
    Nothing,
}

/// What to look at.
#[derive(Debug)]
pub struct GateRequest {
    /// When.
    pub moment: Moment,
    /// What.
    pub targets: Vec<Target>,
    /// The only gates that run, by their ids; empty: all of the moment.
    pub only: Vec<String>,
    /// Whether verdicts that are known are taken.
    pub known: Known,
    /// Whether verdicts are kept.
    pub keeping: Keeping,
    /// How urgently the user wants it to end; nothing where nobody listens.
    pub stop: Option<StopSignal>,
}

/// News of a gate while it is looked at.
#[derive(Debug)]
pub enum News<'a> {
    /// Its command is run.
    Starts(&'a Gate),
    /// Its verdict is there.
    Said(&'a Said),
}
