//! The guard around what a tool without a sandbox could change behind git-orc's back: it looks before a step and after it, puts back what is
//! nobody's to change meanwhile, and tells of the rest.
//!
//! Steps run side by side. Whatever is found changed is told to each of them that was at work since the last look: who of them did it can not
//! be known. While nobody is at work, everything is the user's, and taken as it is.

mod files;
mod memo;
mod ours;
mod recall;
mod ref_watch;
mod tripwire;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use self::files::{FileWatch, Files, noted};
use self::ref_watch::RefValues;
use self::tripwire::{Checkout, Prints};
use super::ledger_ref::{LedgerError, LedgerRef};
use super::objects::ObjectError;
use super::refs::{RefError, Refs};
use super::repo::{Repo, RepoError};
use super::worktree::Worktrees;
use crate::domain::id::RunId;
use crate::domain::integrity::fact::{Change, How};
use crate::io::fs::{Durability, FsError};

/// The error of looking or of putting back.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// The git directory or the checkout can not be looked at.
    #[error("look at `{}`", path.display())]
    Look {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A file can not be put back.
    #[error(transparent)]
    File(#[from] FsError),
    /// A ref can not be put back.
    #[error(transparent)]
    Ref(#[from] RefError),
    /// The ledger can not be put back.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Commits can not be compared.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// The repository can not be opened.
    #[error(transparent)]
    Repo(#[from] RepoError),
}

/// What is guarded, and for whom.
#[derive(Debug, Clone)]
pub struct GuardSettings {
    /// The run.
    pub run: RunId,
    /// The integration branch, with `refs/heads/`.
    pub target: String,
    /// The run's folder; what was found and put back is kept below it.
    pub folder: PathBuf,
    /// Whether refs are on the disk before it goes on.
    pub durability: Durability,
}

/// What changed while somebody was at work.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// What nobody may change.
    pub guarded: Vec<Change>,
    /// What may have been the user.
    pub noted: Vec<Change>,
    /// Who else was at work when what nobody may change was changed.
    pub others: BTreeSet<String>,
}

impl Findings {
    fn extend(&mut self, seen: &Seen, others: impl Iterator<Item = String>) {
        self.guarded.extend(seen.guarded.iter().cloned());
        self.noted.extend(seen.noted.iter().cloned());
        if !seen.guarded.is_empty() {
            self.others.extend(others);
        }
    }
}

/// What one look found.
#[derive(Debug, Default)]
struct Seen {
    guarded: Vec<Change>,
    noted: Vec<Change>,
}

#[derive(Debug, Default)]
struct State {
    files: Files,
    refs: RefValues,
    prints: Vec<Prints>,
    at_work: BTreeMap<String, Findings>,
    done: BTreeMap<String, Findings>,
    looks: u32,
    kept_refs: u32,
    recall: recall::Prints,
}

/// The guard of one run. Shared by threads; looks are taken one at a time.
#[derive(Debug)]
pub struct Guard {
    repo: Repo,
    settings: GuardSettings,
    watch: FileWatch,
    checkouts: Vec<Checkout>,
    refs: Refs,
    ledger: LedgerRef,
    state: Mutex<State>,
}

impl Guard {
    /// Prepares to guard a repository. Reads its configuration, so it must be called before any tool runs.
    ///
    /// # Errors
    /// Returns [`GuardError`] when the configuration can not be read.
    pub fn new(repo: &Repo, worktrees: &Worktrees, ledger: LedgerRef, settings: GuardSettings) -> Result<Self, GuardError> {
        let configured = hooks_folder(repo)?;
        repo.witness().drive(settings.run);
        Ok(Self {
            watch: FileWatch::new(repo.common_dir(), configured.as_deref()),
            checkouts: checkouts(repo, worktrees),
            refs: Refs::new(repo, settings.durability),
            repo: repo.clone(),
            ledger,
            settings,
            state: Mutex::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that somebody begins to work.
    ///
    /// # Errors
    /// Returns [`GuardError`] when the repository can not be looked at.
    pub fn enter(&self, who: &str) -> Result<(), GuardError> {
        let mut state = self.state();
        if state.at_work.is_empty() {
            self.take_as_it_is(&mut state)?;
            let State { files, recall, .. } = &mut *state;
            recall::keep(&self.settings.folder, files, recall)?;
        } else {
            // So that who begins now is not suspected of what was done before. The checkout can wait: nobody is suspected for it.
            self.look_inside(&mut state, Seen::default())?;
        }
        state.at_work.insert(who.to_owned(), Findings::default());
        Ok(())
    }

    /// Says that somebody has ended, looks, and puts back what must be. Without effect for who has ended before.
    ///
    /// # Errors
    /// Returns [`GuardError`] when the repository can not be looked at.
    pub fn leave(&self, who: &str) -> Result<(), GuardError> {
        let mut state = self.state();
        if !state.at_work.contains_key(who) {
            return Ok(());
        }
        let looked = self.look(&mut state);
        if let Some(findings) = state.at_work.remove(who) {
            state.done.insert(who.to_owned(), findings);
        }
        looked
    }

    /// Returns how the watched files differ from what they were when somebody last began to work for this run, by a driver before this one.
    ///
    /// # Errors
    /// Returns [`GuardError`] when the repository can not be looked at.
    pub fn since_last_driver(&self) -> Result<Vec<(String, How)>, GuardError> {
        let files = self.watch.read(&Files::default()).map_err(|e| self.look_error(e))?;
        Ok(recall::differences(&self.settings.folder, &files))
    }

    /// Takes what was found while somebody was at work.
    #[must_use]
    pub fn take(&self, who: &str) -> Findings {
        self.state().done.remove(who).unwrap_or_default()
    }

    fn look_error(&self, source: io::Error) -> GuardError {
        GuardError::Look { path: self.repo.common_dir().to_owned(), source }
    }

    /// Nobody is at work: whatever changed, the user changed it. What is the run's own is put right all the same.
    fn take_as_it_is(&self, state: &mut State) -> Result<(), GuardError> {
        state.files = self.watch.read(&state.files).map_err(|e| self.look_error(e))?;
        let mut seen = Seen::default();
        if state.looks == 0 {
            state.refs = state.refs.read_again(self.repo.common_dir()).map_err(|e| self.look_error(e))?;
            self.learn(&state.refs);
        } else {
            self.look_at_refs(state, &mut seen)?;
            seen.guarded.iter().for_each(|change| tracing::warn!(name = change.name, "a ref of the run was put back between two steps"));
        }
        state.looks += 1;
        self.read_checkouts(state)?;
        Ok(())
    }

    fn read_checkouts(&self, state: &mut State) -> Result<Vec<Change>, GuardError> {
        let mut changes = Vec::new();
        state.prints.resize_with(self.checkouts.len(), Prints::default);
        for (checkout, prints) in self.checkouts.iter().zip(&mut state.prints) {
            let now = checkout.read(prints).map_err(|source| GuardError::Look { path: checkout.top.clone(), source })?;
            changes.extend(Checkout::differences(prints, &now));
            *prints = now;
        }
        Ok(changes)
    }

    /// Looks at everything and tells it to everybody who is at work.
    fn look(&self, state: &mut State) -> Result<(), GuardError> {
        let noted = self.read_checkouts(state)?;
        self.look_inside(state, Seen { noted, guarded: Vec::new() })
    }

    /// Looks at the git directory, and tells it together with what was seen already.
    fn look_inside(&self, state: &mut State, mut seen: Seen) -> Result<(), GuardError> {
        state.looks += 1;
        self.look_at_files(state, &mut seen)?;
        self.look_at_refs(state, &mut seen)?;
        let everybody: Vec<String> = state.at_work.keys().cloned().collect();
        for (who, findings) in &mut state.at_work {
            findings.extend(&seen, everybody.iter().filter(|other| *other != who).cloned());
        }
        Ok(())
    }

    fn look_at_files(&self, state: &mut State, seen: &mut Seen) -> Result<(), GuardError> {
        let (found, differences) = self.watch.look(&state.files).map_err(|e| self.look_error(e))?;
        if differences.is_empty() {
            state.files = found;
            return Ok(());
        }
        let kept = self.settings.folder.join("integrity").join(state.looks.to_string());
        let is_config = |change: &Change| !change.keys.is_empty();
        let (ordinary, grave): (Vec<_>, Vec<_>) = differences.into_iter().partition(|difference| difference.ordinary);
        // What git itself writes into a configuration is told; a worktree that the user made or removed is not worth a word.
        seen.noted.extend(ordinary.into_iter().map(noted).filter(is_config));
        let put_back = |difference| self.watch.put_back(difference, &state.files, (&self.settings.folder, &kept));
        seen.guarded.extend(grave.into_iter().map(put_back));
        state.files = self.watch.read(&found).map_err(|e| self.look_error(e))?;
        Ok(())
    }
}

/// Returns the folder that `core.hooksPath` names in the repository's own configuration.
fn hooks_folder(repo: &Repo) -> Result<Option<PathBuf>, RepoError> {
    let Ok(config) = repo.open()?.config() else { return Ok(None) };
    let Ok(path) = config.get_path("core.hookspath") else { return Ok(None) };
    let top = repo.work_dir().unwrap_or_else(|| repo.common_dir());
    Ok(Some(if path.is_absolute() { path } else { top.join(path) }))
}

/// Returns the checkouts of the user that are watched: the main one, and the one that the user stands in.
fn checkouts(repo: &Repo, worktrees: &Worktrees) -> Vec<Checkout> {
    let common = repo.common_dir();
    let is_main = common.file_name().is_some_and(|name| name == ".git");
    let main = common.parent().filter(|_| is_main).map(|top| (top.to_owned(), common.to_owned()));
    let own = repo.work_dir().map(|top| (top.to_owned(), repo.git_dir().to_owned()));
    let mut all: Vec<(PathBuf, PathBuf)> = main.into_iter().chain(own).collect();
    all.dedup();
    let skip = worktrees.root();
    all.into_iter()
        .map(|(top, git_dir)| Checkout { top, git_dir, skip: skip.to_owned(), everywhere: worktrees.ignores_everywhere() })
        .collect()
}
