//! What the verdict of a gate is known by: exactly this tree, this gate and this toolchain.

use std::path::Path;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::failure::ExecuteError;
use crate::domain::gate::model::{Baseline, Gate, GateCheck};
use crate::domain::id::ObjectId;
use crate::io::process::request::{ProcessRequest, SpawnError, TimeLimits, never_cancelled};
use crate::io::process::spawn;
use crate::io::process::supervisor::Supervisor;
use crate::io::settings::environment::Environment;

/// How long a command may take that tells of the toolchain.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the verdict of a gate on a tree is known by; each 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateKey {
    /// What it depends on whatever the change begins with.
    pub alone: String,
    /// What it depends on when findings were compared with those of the base.
    pub compared: Option<String>,
    /// What the findings of the base depend on.
    pub base: Option<String>,
}

/// Where the toolchain is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Toolshed<'a> {
    /// The environment.
    pub environment: &'a Environment,
    /// Where the program is that supervises.
    pub supervisor: &'a Supervisor,
    /// Where commands run that tell of the toolchain.
    pub place: &'a Path,
}

impl GateKey {
    /// Finds out what the verdict of a gate on a tree depends on; `base` is the tree that the change begins with.
    ///
    /// # Errors
    /// Returns an error when the toolchain can not be asked.
    pub async fn new(shed: Toolshed<'_>, gate: &Gate, (tree, base): (ObjectId, Option<ObjectId>)) -> Result<Self, ExecuteError> {
        let toolchain = toolchain(shed, gate).await?;
        let digest = gate.digest();
        let (tree, base) = (tree.to_string(), base.map(|base| base.to_string()));
        // What added lines must not hold depends on where the change begins, however the command ends.
        let begins = if gate.forbidden.is_empty() { "" } else { base.as_deref().unwrap_or("") };
        let base = base.as_deref().filter(|_| gate.baseline == Baseline::Base);
        Ok(Self {
            alone: key(&["alone", &tree, &digest, &toolchain, begins]),
            compared: base.map(|base| key(&["compared", &tree, &digest, &toolchain, base])),
            base: base.map(|base| key(&["base", base, &digest, &toolchain])),
        })
    }
}

fn key(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns what is known of the programs that a gate runs: where its program lies, how large it is and since when, and what the commands say
/// that the gate names for this.
async fn toolchain(shed: Toolshed<'_>, gate: &Gate) -> Result<String, ExecuteError> {
    let mut known = String::new();
    if let GateCheck::Command(argv) = &gate.check
        && let Some(program) = argv.first().filter(|program| !program.contains('/') || program.starts_with('/'))
    {
        known.push_str(&shed.environment.identity(program).unwrap_or_default());
    }
    for argv in &gate.toolchain {
        let environment = shed.environment.vars().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let mut request = ProcessRequest::new(argv.iter().map(Into::into).collect(), shed.place, environment);
        request.limits = TimeLimits { wall: Some(PATIENCE), idle: None, ..TimeLimits::default() };
        let told = match spawn::run(shed.supervisor, request, never_cancelled()).await {
            Ok(ended) => format!("{:?}\0{}", ended.ending, ended.output.text()),
            Err(SpawnError::Log { path, source }) => {
                return Err(crate::io::fs::FsError { action: "write", path, source }.into());
            }
            // A toolchain that is not there is another one than one that is.
            Err(error) => error.to_string(),
        };
        known.push_str(&format!("\0{argv:?}\0{told}"));
    }
    Ok(known)
}
