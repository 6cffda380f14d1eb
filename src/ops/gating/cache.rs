//! Verdicts and waivers in the ledger's tree.

use super::error::GatingError;
use super::range::Target;
use crate::domain::gate::model::Gate;
use crate::domain::id::{ObjectId, RepoPath};
use crate::domain::run::gating::{Verdict, Waiver};
use crate::domain::run::shelf::{verdict_path, waiver_path};
use crate::engine::gate_key::{GateKey, Toolshed};
use crate::io::git::ledger_ref::LedgerRef;
use crate::io::git::objects::Objects;
use crate::ops::context::Context;

/// Finds out what the verdict of a gate is known by.
///
/// # Errors
/// Returns [`GatingError`] when the toolchain can not be asked or an object can not be read.
pub async fn key(cx: &Context, gate: &Gate, (target, tree): (&Target, ObjectId)) -> Result<GateKey, GatingError> {
    let base = match target.base {
        Some(base) => Some(Objects::open(&cx.repo)?.tree_of(base)?),
        None => None,
    };
    let place = cx.repo.work_dir().unwrap_or_else(|| cx.repo.common_dir());
    let shed = Toolshed { environment: &cx.environment, supervisor: &cx.supervisor, place };
    Ok(GateKey::new(shed, gate, (tree, base)).await?)
}

/// The verdicts and waivers in the ledger's tree.
#[derive(Debug)]
pub struct Shelf {
    ledger: LedgerRef,
    tip: Option<ObjectId>,
}

impl Shelf {
    /// Opens those of the newest entry.
    ///
    /// # Errors
    /// Returns [`GatingError`] when the ledger can not be read.
    pub fn open(cx: &Context) -> Result<Self, GatingError> {
        let ledger = cx.ledger();
        let tip = ledger.tip()?;
        Ok(Self { ledger, tip })
    }

    /// Returns what is known of a verdict: one that holds whatever the change begins with comes first.
    ///
    /// # Errors
    /// Returns [`GatingError`] when the ledger can not be read.
    pub fn verdict(&self, key: &GateKey) -> Result<Option<Verdict>, GatingError> {
        for key in [Some(&key.alone), key.compared.as_ref()].into_iter().flatten() {
            if let Some(verdict) = self.read(&verdict_path(key))? {
                return Ok(Some(verdict));
            }
        }
        Ok(None)
    }

    /// Returns who lets a tree pass a gate.
    ///
    /// # Errors
    /// Returns [`GatingError`] when the ledger can not be read.
    pub fn waiver(&self, tree: ObjectId, gate: &str) -> Result<Option<Waiver>, GatingError> {
        self.read(&waiver_path(tree, gate))
    }

    /// Reads a file; one that is not understood counts as missing.
    fn read<T: serde::de::DeserializeOwned>(&self, path: &str) -> Result<Option<T>, GatingError> {
        let Some(tip) = self.tip else { return Ok(None) };
        let bytes = self.ledger.read_tree_file(tip, &RepoPath::from(path))?;
        Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }
}
