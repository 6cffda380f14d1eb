//! Rules that hold without any file of gates: what they refuse, a person can waive as what a gate refuses.

use super::cache::Shelf;
use super::error::GatingError;
use super::report::{Said, Source};
use crate::domain::gate::judge::GateOutcome;
use crate::domain::gate::model::FailureAction;
use crate::domain::id::ObjectId;

/// A rule.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Its name, where gates have their ids.
    pub id: &'static str,
    /// Its name for people.
    pub title: &'static str,
}

impl Rule {
    /// Returns what it says of a commit that it refuses, or that somebody lets pass.
    ///
    /// # Errors
    /// Returns [`GatingError`] when waivers can not be read.
    pub fn refuse(&self, shelf: &Shelf, (commit, tree): (ObjectId, ObjectId), reason: String) -> Result<Said, GatingError> {
        let (reason, source) = match shelf.waiver(tree, self.id)? {
            Some(waiver) => {
                (format!("waived by {}: {}", waiver.who, waiver.reason), Source::Waived { who: waiver.who, entry: waiver.entry })
            }
            None => (reason, Source::Ran),
        };
        let names = (self.id.to_owned(), self.title.to_owned());
        Ok(Said::plain(names, commit, (GateOutcome::NotComputed, reason), (FailureAction::Block, source)))
    }
}
