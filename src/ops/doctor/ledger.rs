//! Where the ledger stands, and which entry is its newest when the ref does not say so.

use std::collections::HashSet;

use crate::domain::id::ObjectId;
use crate::domain::ledger::codec;
use crate::io::git::ledger_ref::LedgerError;
use crate::io::git::ledger_tip::{self, Remembered};
use crate::io::git::objects::Objects;
use crate::io::git::prove::{Depth, Prover};
use crate::io::git::ref_scan::every_object;
use crate::io::git::refs::RefError;
use crate::ops::context::Context;

/// Where the ledger stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stand {
    /// There never was one.
    None,
    /// The ref leads to its newest entry, as far as is known here.
    Sound(ObjectId),
    /// The ref is gone or broken, and this is the newest entry.
    Lost {
        /// The newest entry.
        tip: ObjectId,
    },
    /// The ref leads to an entry before the one that was its tip here.
    SetBack {
        /// The entry that was its tip here.
        tip: ObjectId,
    },
    /// Nobody can say which entry is the newest; the sentence says why.
    Unclear(String),
}

/// Finds out where the ledger stands.
///
/// # Errors
/// Returns a sentence when the repository can not be read.
pub fn stand(cx: &Context) -> Result<Stand, String> {
    let objects = Objects::open(&cx.repo).map_err(|error| error.to_string())?;
    let known = match ledger_tip::remembered(&cx.repo).map_err(|error| error.to_string())? {
        Remembered::Tip(tip) => Some(tip).filter(|tip| objects.exists(*tip)),
        Remembered::Nothing | Remembered::Garbled => None,
    };
    let at = match cx.ledger().tip() {
        Ok(at) => at.filter(|at| objects.exists(*at)),
        Err(LedgerError::Ref(RefError::Damaged { .. })) => None,
        Err(error) => return Err(error.to_string()),
    };
    match (at, known) {
        (Some(at), Some(known)) => {
            let is_behind = |one, other| Prover::new(&objects, Depth::Hashed).holds(other, one);
            if is_behind(known, at) {
                Ok(Stand::Sound(at))
            } else if is_behind(at, known) {
                Ok(Stand::SetBack { tip: known })
            } else {
                Ok(Stand::Unclear(format!("the ledger at {} does not hold {}, which was its tip here", at.short(), known.short())))
            }
        }
        (Some(at), None) => Ok(Stand::Sound(at)),
        (None, known) => lost(cx, &objects, known),
    }
}

/// Looks among all objects for the newest entry: the one that no other entry follows, behind the remembered one if there is any.
fn lost(cx: &Context, objects: &Objects, known: Option<ObjectId>) -> Result<Stand, String> {
    let is_named = cx.repo.common_dir().join(crate::io::git::ledger_ref::LEDGER_REF).exists();
    if known.is_none() && !is_named {
        return Ok(Stand::None);
    }
    let mut prover = Prover::new(objects, Depth::Hashed);
    let (mut entries, mut followed) = (HashSet::new(), HashSet::new());
    for id in every_object(objects).map_err(|error| error.to_string())? {
        if prover.commit(id).is_err() {
            continue;
        }
        let Ok(commit) = objects.read_commit(id) else { continue };
        if codec::from_message(&commit.message).is_ok() {
            entries.insert(id);
            followed.extend(commit.parents);
        }
    }
    let is_after = |id: &ObjectId| known.is_none_or(|known| Prover::new(objects, Depth::Hashed).holds(*id, known));
    let newest: Vec<ObjectId> = entries.into_iter().filter(|id| !followed.contains(id) && is_after(id)).collect();
    Ok(match (newest.as_slice(), known) {
        ([one], _) => Stand::Lost { tip: *one },
        // Whoever lost a race left an entry that was never part of the ledger.
        (_, Some(known)) => Stand::Lost { tip: known },
        ([], None) => Stand::Unclear("the ref is broken, and no entry is found".to_owned()),
        (more, None) => Stand::Unclear(format!("the ref is broken, and {} entries may be the newest", more.len())),
    })
}
