//! Verdicts that are known: by exactly this tree, this gate and this toolchain.

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::error::GatingError;
use super::one::One;
use crate::domain::gate::model::{Baseline, GateCheck};
use crate::domain::id::{ObjectId, RepoPath};
use crate::domain::run::gating::{Verdict, Waiver};
use crate::domain::run::shelf::{verdict_path, waiver_path};
use crate::io::git::ledger_ref::LedgerRef;
use crate::io::git::objects::Objects;
use crate::io::process::request::{ProcessRequest, TimeLimits, never_cancelled};
use crate::io::process::spawn;
use crate::ops::context::Context;

/// How long a command may take that tells of the toolchain.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the verdict of a gate on a tree is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cache {
    /// What it depends on whatever the change begins with.
    pub alone: String,
    /// What it depends on when findings were compared with those of the base.
    pub compared: Option<String>,
    /// What the findings of the base depend on.
    pub base: Option<String>,
}

impl Cache {
    /// Finds out what a verdict depends on.
    ///
    /// # Errors
    /// Returns [`GatingError`] when the toolchain can not be asked or an object can not be read.
    pub async fn new(cx: &Context, one: &One<'_>) -> Result<Self, GatingError> {
        let toolchain = toolchain(cx, one).await?;
        let objects = Objects::open(&cx.repo)?;
        let base = one.target.base.map(|base| objects.tree_of(base)).transpose()?;
        let gate = one.gate.digest();
        let key = |parts: &[&str]| {
            let mut hash = Sha256::new();
            for part in parts {
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part.as_bytes());
            }
            hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<String>()
        };
        let tree = one.tree.to_string();
        // What added lines must not hold depends on where the change begins, however the command ends.
        let begins = if one.gate.forbidden.is_empty() { String::new() } else { base.map(|base| base.to_string()).unwrap_or_default() };
        let compares = one.gate.baseline == Baseline::Base;
        let base = base.filter(|_| compares).map(|base| base.to_string());
        Ok(Self {
            alone: key(&["alone", &tree, &gate, &toolchain, &begins]),
            compared: base.as_ref().map(|base| key(&["compared", &tree, &gate, &toolchain, base])),
            base: base.as_ref().map(|base| key(&["base", base, &gate, &toolchain])),
        })
    }
}

/// Returns what is known of the programs that a gate runs: where its program lies, how large it is and since when, and what the commands say
/// that the gate names for this.
async fn toolchain(cx: &Context, one: &One<'_>) -> Result<String, GatingError> {
    let mut known = String::new();
    if let GateCheck::Command(argv) = &one.gate.check
        && let Some(program) = argv.first().filter(|program| !program.contains('/'))
    {
        known.push_str(&cx.environment.identity(program).unwrap_or_default());
    }
    for argv in &one.gate.toolchain {
        let environment = cx.environment.vars().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let place = cx.repo.work_dir().unwrap_or_else(|| cx.repo.common_dir());
        let mut request = ProcessRequest::new(argv.iter().map(Into::into).collect(), place, environment);
        request.limits = TimeLimits { wall: Some(PATIENCE), idle: None, ..TimeLimits::default() };
        let ended = spawn::run(&cx.supervisor, request, never_cancelled()).await.map_err(GatingError::Toolchain)?;
        known.push_str(&format!("\0{argv:?}\0{:?}\0{}", ended.ending, ended.output.text()));
    }
    Ok(known)
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
    pub fn verdict(&self, cache: &Cache) -> Result<Option<Verdict>, GatingError> {
        for key in [Some(&cache.alone), cache.compared.as_ref()].into_iter().flatten() {
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
