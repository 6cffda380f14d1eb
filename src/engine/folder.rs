//! The folder of a run below the git directory: prompts, outputs, the lock. Deleting it loses no promise.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

use crate::domain::id::{Attempt, RunId, StepId, WorkstreamId};
use crate::domain::run::fact::OutputRef;
use crate::io::fs::{self, FsError};

/// `<git-common-dir>/orc/runs/<run>`.
#[derive(Debug, Clone)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// Returns the folder of a run below `orc_dir`; it may not exist yet.
    #[must_use]
    pub fn new(orc_dir: &Path, run: RunId) -> Self {
        Self { path: orc_dir.join("runs").join(run.lower()) }
    }

    /// Returns the folder of a session of gates that belong to no run.
    #[must_use]
    pub fn of_gates(orc_dir: &Path, session: RunId) -> Self {
        Self { path: orc_dir.join("gates").join("sessions").join(session.lower()) }
    }

    /// Returns the folder of the newest run that was driven in this clone.
    #[must_use]
    pub fn newest(orc_dir: &Path) -> Option<Self> {
        // The names are ULIDs, so the last one in their order is the newest.
        let path = fs::list(&orc_dir.join("runs")).ok()?.pop()?;
        Some(Self { path })
    }

    /// Returns its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns since when there has been something in it, by the clock of the file system, with a minute to spare; `None` when there is no
    /// such folder.
    #[must_use]
    pub fn began(&self) -> Option<SystemTime> {
        let times = |path: &Path| {
            let found = std::fs::symlink_metadata(path).ok();
            found.map(|found| [found.created(), found.modified()]).into_iter().flatten().filter_map(Result::ok).collect::<Vec<_>>()
        };
        let all = fs::list(&self.path).unwrap_or_default().into_iter().chain([self.path.clone()]);
        all.flat_map(|path| times(&path)).min().and_then(|first| first.checked_sub(Duration::from_secs(60)))
    }

    /// Returns the file for a step, its folder made: `<workstream>/<step>-<attempt>.<ending>`.
    ///
    /// # Errors
    /// Returns an error when the folder can not be made.
    pub fn step_file(&self, workstream: &WorkstreamId, place: (&StepId, Attempt), ending: &str) -> Result<PathBuf, FsError> {
        let folder = self.path.join(workstream.as_str());
        fs::create_dir_all(&folder)?;
        Ok(folder.join(format!("{}-{}.{ending}", place.0, place.1)))
    }

    /// Returns the folder for a tool's own files of one step, made.
    ///
    /// # Errors
    /// Returns an error when the folder can not be made.
    pub fn step_dir(&self, workstream: &WorkstreamId, place: (&StepId, Attempt)) -> Result<PathBuf, FsError> {
        let folder = self.step_path(workstream, place);
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// Returns where the folder for a tool's own files of one step is or will be.
    #[must_use]
    pub fn step_path(&self, workstream: &WorkstreamId, place: (&StepId, Attempt)) -> PathBuf {
        self.path.join(workstream.as_str()).join(format!("{}-{}", place.0, place.1))
    }

    /// Returns where a tool's own git directory of one step is or will be.
    #[must_use]
    pub fn git_dir(&self, workstream: &WorkstreamId, place: (&StepId, Attempt)) -> PathBuf {
        self.path.join(workstream.as_str()).join(format!("{}-{}.git", place.0, place.1))
    }

    /// Returns the file for the output of a gate, its folder made.
    ///
    /// # Errors
    /// Returns an error when the folder can not be made.
    pub fn gate_file(&self, gate: &str, tree: &str) -> Result<PathBuf, FsError> {
        let folder = self.path.join("gates");
        fs::create_dir_all(&folder)?;
        let name: String = gate.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).take(60).collect();
        Ok(folder.join(format!("{name}-{tree}.log")))
    }

    /// Describes a kept output: its place in the folder, its size and its digest; `None` when it can not be read.
    #[must_use]
    pub fn output(&self, file: &Path) -> Option<OutputRef> {
        let mut digest = Sha256::new();
        let mut bytes = 0;
        let take = |piece: &[u8]| {
            digest.update(piece);
            bytes += piece.len() as u64;
        };
        fs::read_in_pieces(file, take).ok()?;
        let path = file.strip_prefix(&self.path).ok()?.to_string_lossy().into_owned();
        let sha256 = digest.finalize().iter().map(|b| format!("{b:02x}")).collect();
        Some(OutputRef { path, bytes, sha256 })
    }
}
