//! What holds the programs of a run: decided once per driver, applied to each program.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::domain::id::RunId;
use crate::domain::policy::sandbox::{Held, OwnRules, SandboxLevel, SandboxRules};
use crate::domain::tool::profile::ToolProfile;
use crate::io::fs::{self, FsError};
use crate::io::sandbox::confinement::Confinement;
use crate::io::sandbox::grants::{Grounds, Own};

/// What holds the programs of a run.
#[derive(Debug)]
pub struct Hold {
    rules: SandboxRules,
    grounds: Grounds,
    scratch: PathBuf,
    count: AtomicU64,
}

/// A program's own folder for temporary files, and what it is held by.
#[derive(Debug)]
pub struct Gear {
    /// What it is held by.
    pub confinement: Confinement,
    /// Its folder for temporary files; `None` where nothing holds it.
    pub tmp: Option<PathBuf>,
}

impl Hold {
    /// Returns what holds the programs of a run. `temporary` is the machine's folder for temporary files.
    #[must_use]
    pub fn new(rules: SandboxRules, grounds: Grounds, (temporary, run): (&Path, RunId)) -> Self {
        // Short, since sockets in it must have paths of at most a hundred bytes; random, since the folder is everybody's.
        let name = run.lower();
        let scratch = temporary.join(format!("orc-{}", &name[name.len().saturating_sub(16)..]));
        Self { rules, grounds, scratch, count: AtomicU64::new(0) }
    }

    /// Returns what a program is held to; `profile` is that of its tool.
    #[must_use]
    pub fn held(&self, profile: Option<&ToolProfile>) -> Held {
        let free = OwnRules::default();
        self.rules.held(profile.map_or(&free, |profile| &profile.sandbox), self.grounds.probe().best())
    }

    /// Returns the folders that the user lets every program reach besides the usual.
    pub fn extra(&self) -> impl Iterator<Item = &Path> {
        self.grounds.extra()
    }

    /// Returns the name of the folder for temporary files, which is another one in every run.
    #[must_use]
    pub fn scratch_name(&self) -> String {
        self.scratch.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Returns what a program is held by that works in these folders, with a folder for its temporary files.
    ///
    /// # Errors
    /// Returns [`FsError`] when that folder can not be made.
    pub fn take(&self, profile: Option<&ToolProfile>, folders: &[PathBuf]) -> Result<Gear, FsError> {
        let held = self.held(profile);
        if held.level == SandboxLevel::None {
            return Ok(Gear { confinement: Confinement::none(), tmp: None });
        }
        fs::create_private_dir(&self.scratch)?;
        let tmp = self.scratch.join(self.count.fetch_add(1, Ordering::Relaxed).to_string());
        fs::create_private_dir(&tmp)?;
        let free = OwnRules::default();
        let rules = profile.map_or(&free, |profile| &profile.sandbox);
        self.prepare(rules);
        let own = Own { folders, rules, tmp: &tmp };
        Ok(Gear { confinement: self.grounds.confinement(held, own), tmp: Some(tmp) })
    }

    /// Makes the folders of a tool's own that it may write and that are not there yet: what is not there can not be opened in a sandbox.
    fn prepare(&self, rules: &OwnRules) {
        for folder in self.grounds.lacking(rules) {
            let parent = folder.parent().map_or(Ok(()), fs::create_dir_all);
            if let Err(error) = parent.and_then(|()| fs::create_private_dir(&folder)) {
                tracing::warn!(%error, "a tool's own folder could not be made");
            }
        }
    }

    /// Removes all folders for temporary files; no program may be running.
    pub fn clear(&self) {
        if let Err(error) = fs::remove_dir_all(&self.scratch) {
            tracing::warn!(%error, "temporary files could not be removed");
        }
    }
}
