//! Where the gates of a commit are described.

use super::error::GatingError;
use crate::domain::document::diagnostic::{Code, Diagnostic};
use crate::domain::document::source::{MAX_BYTES, SourceFile};
use crate::domain::gate::lines::FILE;
use crate::domain::gate::model::QualityGate;
use crate::domain::gate::parse::parse;
use crate::domain::id::{ObjectId, RepoPath};
use crate::io::git::objects::Objects;
use crate::io::git::repo::Repo;
use crate::ops::context::Context;

/// The name of the file.
pub const NAME: &str = FILE;
/// Where it may be in a tree; never in both places.
pub const PLACES: [&str; 2] = [NAME, ".git-orc/QUALITY_GATE.yaml"];

/// The gates of a commit.
#[derive(Debug)]
pub struct Found {
    /// Where they are described, below the top of the tree.
    pub path: String,
    /// The gates.
    pub gates: QualityGate,
    /// Warnings about them.
    pub notes: Vec<String>,
}

impl GatingError {
    /// Returns what is wrong with a file of gates, as it is told of plans, and the file, for showing the places.
    ///
    /// # Errors
    /// Returns the error when it says nothing about such a file.
    pub fn diagnostics(self) -> Result<(Vec<Diagnostic>, Vec<SourceFile>), Self> {
        if let Self::File { diagnostics, file } = self {
            return Ok((diagnostics, vec![file]));
        }
        let place = if let Self::TwoFiles { two, .. } = &self {
            two.clone()
        } else if let Self::Unusable { place, .. } = &self {
            (*place).to_owned()
        } else {
            return Err(self);
        };
        Ok((vec![Diagnostic::whole(Code::UnusableFile, place, self.to_string())], Vec::new()))
    }
}

/// Reads the gates of a commit's tree; nothing when it describes none.
///
/// # Errors
/// Returns [`GatingError`] when there are two files, or the one is not valid or can not be read.
pub fn read(cx: &Context, commit: ObjectId) -> Result<Option<Found>, GatingError> {
    let Some(file) = source(&cx.repo, commit)? else { return Ok(None) };
    match parse(&file) {
        Ok((gates, diagnostics)) => {
            let notes = diagnostics.iter().map(ToString::to_string).collect();
            Ok(Some(Found { path: file.path, gates, notes }))
        }
        Err(diagnostics) => Err(GatingError::File { diagnostics, file }),
    }
}

/// Returns the file of a commit's tree; nothing when there is none.
///
/// # Errors
/// Returns [`GatingError`] when there are two, or what is there is no file that can be read: a link, a submodule, a folder, or something huge
/// must not count as no gates.
pub fn source(repo: &Repo, commit: ObjectId) -> Result<Option<SourceFile>, GatingError> {
    let objects = Objects::open(repo)?;
    let tree = objects.tree_of(commit)?;
    let mut found = Vec::new();
    for place in PLACES {
        let Some(entry) = objects.entry_at(tree, &RepoPath::from(place))? else { continue };
        if !entry.mode.is_file() || objects.size(entry.id)? > MAX_BYTES {
            return Err(GatingError::Unusable { place, commit: commit.short() });
        }
        found.push((place, entry.id));
    }
    match found.as_slice() {
        [] => Ok(None),
        [(place, id)] => Ok(Some(SourceFile::from_bytes(*place, &objects.read_blob(*id)?))),
        [(one, _), (two, _), ..] => Err(GatingError::TwoFiles { one: (*one).to_owned(), two: (*two).to_owned() }),
    }
}
