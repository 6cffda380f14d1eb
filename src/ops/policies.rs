//! Brings the policies of a run from where they lie: the shipped ones, the user's, and those of the repository as they are in its base commit:
//! the constraints of its profile, and its policy file.

use std::path::PathBuf;
use std::sync::Arc;

use crate::domain::document::diagnostic::{Code, Diagnostic};
use crate::domain::document::source::{MAX_BYTES, SourceFile};
use crate::domain::id::{ObjectId, RepoPath};
use crate::domain::policy::governance::layers::{SHIPPED, parse_policies};
use crate::domain::policy::governance::model::Governance;
use crate::domain::policy::governance::secrets::rules::SecretRules;
use crate::io::fs::{self, FsError};
use crate::io::git::objects::{ObjectError, Objects};
use crate::io::git::repo::Repo;
use crate::io::settings::environment::Environment;
use crate::io::settings::profile;

/// The name of a policy file.
pub(super) const NAME: &str = "ai_policies.yaml";
/// Where a repository may have its own.
pub(super) const PLACES: [&str; 2] = ["ai_policies.yaml", ".git-orc/ai_policies.yaml"];
/// What the shipped one is called in messages.
pub(super) const SHIPPED_NAME: &str = "git-orc/config/ai_policies.yaml";

/// The error of reading policies.
#[derive(Debug, thiserror::Error)]
pub enum PoliciesError {
    /// The base commit has two files of one kind.
    #[error("commit {commit} has {what} in both `{}` and `{}`", places[0], places[1])]
    Two {
        /// What the two hold.
        what: &'static str,
        /// Where they are.
        places: [&'static str; 2],
        /// The commit.
        commit: String,
    },
    /// What has the name of a policy file or of a profile is none.
    #[error("`{place}` of commit {commit} is no regular file of at most {MAX_BYTES} bytes")]
    NoFile {
        /// Where.
        place: &'static str,
        /// The commit.
        commit: String,
    },
    /// A policy says what can not be followed.
    #[error("the policies are not valid")]
    Invalid {
        /// Everything that was found.
        diagnostics: Vec<Diagnostic>,
        /// The files, for showing the places.
        files: Vec<SourceFile>,
    },
    /// The user's file can not be read.
    #[error(transparent)]
    File(#[from] FsError),
    /// The repository's file can not be read.
    #[error(transparent)]
    Object(#[from] ObjectError),
}

/// Policies and the files that say them, the lowest layer first.
#[derive(Debug, Clone)]
pub struct Policies {
    /// The files.
    pub files: Vec<SourceFile>,
    /// What they say together.
    pub governance: Governance,
}

impl PoliciesError {
    /// Returns what is wrong, as it is told of plans, and the files, for showing the places; nothing when it is the machine that fails.
    ///
    /// # Errors
    /// Returns the error when it says nothing about policies.
    pub fn diagnostics(self) -> Result<(Vec<Diagnostic>, Vec<SourceFile>), Self> {
        match self {
            Self::Invalid { diagnostics, files } => Ok((diagnostics, files)),
            Self::Two { places: [_, file], .. } | Self::NoFile { place: file, .. } => {
                Ok((vec![Diagnostic::whole(Code::UnusableFile, file, self.to_string())], Vec::new()))
            }
            Self::File(_) | Self::Object(_) => Err(self),
        }
    }
}

/// Reads the policies that hold for work on a base commit.
///
/// # Errors
/// Returns [`PoliciesError`] when a file can not be read or says what can not be followed.
pub fn read(environment: &Environment, repo: &Repo, base: ObjectId) -> Result<Policies, PoliciesError> {
    let _span = tracing::trace_span!("policies").entered();
    let mut files = vec![SourceFile::new(SHIPPED_NAME, SHIPPED)];
    if let Some(path) = user_file(environment).filter(|path| path.exists()) {
        files.push(SourceFile::from_bytes(path.display().to_string(), &fs::read_at_most(&path, MAX_BYTES as u64 + 1)?));
    }
    let objects = Objects::open(repo)?;
    files.extend(of_repository(&objects, base, ("profiles", profile::PLACES))?);
    files.extend(of_repository(&objects, base, ("policies", PLACES))?);
    match parse(&files) {
        Ok(governance) => Ok(Policies { files, governance }),
        Err(diagnostics) => Err(PoliciesError::Invalid { diagnostics, files }),
    }
}

/// Reads what files say together.
///
/// # Errors
/// Returns everything that was found when at least one of it is an error.
pub fn parse(files: &[SourceFile]) -> Result<Governance, Vec<Diagnostic>> {
    if files.is_empty() {
        // A run that was frozen before there were policies is judged as it began.
        return Ok(Governance::default());
    }
    parse_policies(files, &Arc::new(SecretRules::default()))
}

fn user_file(environment: &Environment) -> Option<PathBuf> {
    environment.config_folder().map(|folder| folder.join(NAME))
}

/// Reads the file of a commit; never that of a worktree, which a workstream may have changed.
fn of_repository(
    objects: &Objects,
    base: ObjectId,
    (what, places): (&'static str, [&'static str; 2]),
) -> Result<Option<SourceFile>, PoliciesError> {
    let tree = objects.tree_of(base)?;
    let mut found = Vec::new();
    for place in places {
        found.extend(objects.entry_at(tree, &RepoPath::from(place))?.map(|entry| (place, entry)));
    }
    match found.as_slice() {
        [] => Ok(None),
        [(place, entry)] => {
            if !entry.mode.is_file() || objects.size(entry.id)? > MAX_BYTES {
                return Err(PoliciesError::NoFile { place, commit: base.short() });
            }
            Ok(Some(SourceFile::from_bytes(*place, &objects.read_blob(entry.id)?)))
        }
        _ => Err(PoliciesError::Two { what, places, commit: base.short() }),
    }
}
