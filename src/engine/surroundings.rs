//! What stands around a request in the commit that a step begins at: the files in its scope, and the repository's notes for tools.

use crate::domain::id::{ObjectId, RepoPath};
use crate::domain::policy::pattern::Pattern;
use crate::domain::policy::scope::{ChangeKind, Scope};
use crate::domain::policy::token::Segment;
use crate::io::git::objects::{ObjectError, Objects};
use crate::io::git::repo::Repo;
use crate::io::git::tree::{Entry, FileMode};
use crate::io::git::tree_text::is_binary;

/// The name of the repository's notes for tools.
const AGENTS_MD: &str = "AGENTS.md";
/// Larger files are weighed by their size.
const LARGEST_READ: u64 = 1 << 20;
/// So much is read of all files together; the others are weighed by their size.
const MOST_READ: u64 = 32 << 20;

/// A commit, looked at through a scope.
pub struct Ground<'a> {
    objects: Objects,
    tree: ObjectId,
    scope: &'a Scope,
}

/// A file of a commit.
#[derive(Debug, Clone)]
pub struct TextFile {
    /// Where it is.
    pub path: RepoPath,
    /// How many bytes it has.
    pub size: u64,
    /// Its text; `None` when it is too large to be read.
    pub text: Option<String>,
    /// Whether it is no text.
    pub is_binary: bool,
}

impl<'a> Ground<'a> {
    /// Opens a commit.
    ///
    /// # Errors
    /// Returns [`ObjectError`] when it can not be read.
    pub fn open(repo: &Repo, commit: ObjectId, scope: &'a Scope) -> Result<Self, ObjectError> {
        let objects = Objects::open(repo)?;
        let tree = objects.tree_of(commit)?;
        Ok(Self { objects, tree, scope })
    }

    /// Returns the nearest `AGENTS.md` from the folder that the whole scope has in common up to the top, with its path.
    ///
    /// # Errors
    /// Returns [`ObjectError`] when an object can not be read.
    pub fn agents_md(&self) -> Result<Option<(String, String)>, ObjectError> {
        let mut folder = common_folder(self.scope);
        loop {
            let mut path = folder.clone();
            path.push(AGENTS_MD.as_bytes().to_vec());
            let path = RepoPath::new(path.join(&b'/'));
            if let Some(entry) = self.objects.entry_at(self.tree, &path)?.filter(|entry| entry.mode.is_file()) {
                let text = self.objects.read_blob(entry.id)?;
                return Ok(Some((path.to_string(), String::from_utf8_lossy(&text).into_owned())));
            }
            if folder.pop().is_none() {
                return Ok(None);
            }
        }
    }

    /// Returns those of the paths that are files, each once.
    ///
    /// # Errors
    /// Returns [`ObjectError`] when a tree can not be read.
    pub fn existing(&self, paths: Vec<RepoPath>) -> Result<Vec<RepoPath>, ObjectError> {
        let mut found: Vec<RepoPath> = Vec::new();
        for path in paths {
            let is_file = self.objects.entry_at(self.tree, &path)?.is_some_and(|entry| entry.mode != FileMode::Tree);
            if is_file && !found.contains(&path) {
                found.push(path);
            }
        }
        Ok(found)
    }

    /// Returns the files that may be changed.
    ///
    /// # Errors
    /// Returns [`ObjectError`] when a tree can not be read.
    pub fn in_scope(&self) -> Result<Vec<(RepoPath, Entry)>, ObjectError> {
        let heads: Vec<Vec<Vec<u8>>> = self.scope.changeable().flat_map(|one| one.alternatives()).map(|one| literal_head(one)).collect();
        let leads_on = |folder: &[u8]| {
            let is_on_the_way = |head: &Vec<Vec<u8>>| folder.split(|byte| *byte == b'/').zip(head).all(|(have, want)| have == want);
            heads.iter().any(is_on_the_way)
        };
        let mut files = self.objects.files_of(self.tree, &leads_on)?;
        files.retain(|(path, _)| self.scope.judge(path, ChangeKind::Modified).is_ok());
        Ok(files)
    }

    /// Returns the files that match.
    ///
    /// # Errors
    /// Returns [`ObjectError`] when a tree can not be read.
    pub fn matching(&self, files: &Pattern) -> Result<Vec<(RepoPath, Entry)>, ObjectError> {
        let mut found = self.objects.files_of(self.tree, &|_| true)?;
        found.retain(|(path, _)| files.matches(path.as_bytes()));
        Ok(found)
    }

    /// Reads files, as far as they are not too large.
    ///
    /// # Errors
    /// Returns [`ObjectError`] when an object can not be read.
    pub fn read(&self, files: Vec<(RepoPath, Entry)>) -> Result<Vec<TextFile>, ObjectError> {
        let mut read = 0;
        let mut texts = Vec::with_capacity(files.len());
        for file in files {
            let file = self.read_one(file, LARGEST_READ.min(MOST_READ - read))?;
            read += file.text.as_ref().map_or(0, |_| file.size);
            texts.push(file);
        }
        Ok(texts)
    }

    /// Reads a file, as far as it has at most so many bytes.
    ///
    /// # Errors
    /// Returns [`ObjectError`] when an object can not be read.
    pub fn read_one(&self, (path, entry): (RepoPath, Entry), most: u64) -> Result<TextFile, ObjectError> {
        let size = self.objects.size(entry.id)? as u64;
        if size > most {
            return Ok(TextFile { path, size, text: None, is_binary: false });
        }
        let bytes = self.objects.read_blob(entry.id)?;
        let is_binary = is_binary(&bytes);
        Ok(TextFile { path, size, text: Some(String::from_utf8_lossy(&bytes).into_owned()), is_binary })
    }
}

/// Returns the paths that a scope names without wildcards.
#[must_use]
pub fn literal(scope: &Scope) -> Vec<RepoPath> {
    let alternatives = scope.changeable().flat_map(|one| one.alternatives());
    let paths = alternatives.filter(|one| one.iter().all(Segment::is_literal)).map(|one| RepoPath::new(literal_head(one).join(&b'/')));
    paths.filter(|path| scope.judge(path, ChangeKind::Modified).is_ok()).collect()
}

/// Returns the components of a pattern before its first wildcard.
fn literal_head(segments: &[Segment]) -> Vec<Vec<u8>> {
    let literal = |segment: &Segment| match segment {
        Segment::Literal(bytes) => Some(bytes.clone()),
        Segment::Recursive | Segment::Wild(_) => None,
    };
    segments.iter().map_while(literal).collect()
}

/// Returns the components of the deepest folder in which everything lies that a scope allows to change. A path without wildcards counts as
/// a file, so what it lies in is taken.
fn common_folder(scope: &Scope) -> Vec<Vec<u8>> {
    let mut folders = scope.changeable().flat_map(|one| one.alternatives()).map(|one| {
        let mut head = literal_head(one);
        if head.len() == one.len() {
            head.pop();
        }
        head
    });
    let first = folders.next().unwrap_or_default();
    folders.fold(first, |common, folder| common.into_iter().zip(folder).take_while(|(a, b)| a == b).map(|(a, _)| a).collect())
}
