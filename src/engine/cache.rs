//! Looking for the result of a step: which entry answers, how it is used, and what is kept of a new one.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::cache_store::CacheStore;
use crate::domain::cache::entry::{CacheEntry, FileChange, FileState, Kind, NewEntry, Source};
use crate::domain::cache::filter::{FileAt, InputFilter, digest_of_files, digest_of_tree};
use crate::domain::cache::key::Components;
use crate::domain::cache::reason::{Miss, why_not};
use crate::domain::cache::rules::{Now, answers, fits, is_same_beside, stands};
use crate::domain::cache::wording::Use;
use crate::domain::id::{ObjectId, RepoPath};
use crate::domain::text::one_line;
use crate::io::git::objects::{ObjectError, Objects};
use crate::io::git::tree::{Entry, FileMode};
use crate::io::git::tree_edit::TreeEdit;

/// The cache of a run.
#[derive(Debug)]
pub struct Cache {
    /// The entries.
    pub store: CacheStore,
    /// How long a result may be used again.
    pub ttl: SignedDuration,
}

impl Cache {
    /// Returns the cache for a run; `ttl` is in seconds.
    #[must_use]
    pub fn new(store: CacheStore, ttl: u64) -> Self {
        Self { store, ttl: SignedDuration::from_secs(i64::try_from(ttl).unwrap_or(i64::MAX)) }
    }
}

/// Whether a result may stand already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It may.
    Possible,
    /// It can not: there would be nothing to mend or to resolve then.
    Never,
}

/// The files that a step starts from.
#[derive(Debug, Clone)]
pub struct StartFiles {
    /// The tree.
    pub tree: ObjectId,
    /// Those of its files that count, sorted; `None` for all.
    pub files: Option<Vec<FileAt>>,
    filter: Option<InputFilter>,
}

impl StartFiles {
    /// Reads the files of a tree, as far as they count.
    ///
    /// # Errors
    /// Returns [`ObjectError`] when the tree can not be read.
    pub fn read(objects: &Objects, tree: ObjectId, filter: Option<&InputFilter>) -> Result<Self, ObjectError> {
        let Some(filter) = filter else { return Ok(Self { tree, files: None, filter: None }) };
        let all = objects.diff_trees(None, Some(tree))?.into_iter();
        let covered = all.filter(|file| filter.covers(&file.path));
        let files =
            covered.filter_map(|file| Some((file.path, file.new?))).map(|(path, entry)| (path, entry.mode.octal().to_owned(), entry.id));
        Ok(Self { tree, files: Some(files.collect()), filter: Some(filter.clone()) })
    }

    /// Returns their digest.
    #[must_use]
    pub fn digest(&self) -> String {
        self.files.as_ref().map_or_else(|| digest_of_tree(self.tree), digest_of_files)
    }

    /// Returns the digest of those that are not among these paths; nothing when all files count.
    fn rest<'p>(&self, mut paths: impl Iterator<Item = &'p str>) -> Option<String> {
        let paths: BTreeSet<&[u8]> = paths.by_ref().map(str::as_bytes).collect();
        Some(digest_of_files(self.files.as_ref()?.iter().filter(|(path, ..)| !paths.contains(path.as_bytes()))))
    }
}

/// A step whose result is looked for.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// What it is for.
    pub kind: Kind,
    /// What its result is known by.
    pub components: Components,
    /// Where its result would come from.
    pub source: Source,
    /// What it starts from.
    pub start: StartFiles,
    /// Whether its result may stand already.
    pub standing: Standing,
}

/// A result that can be used.
#[derive(Debug, Clone)]
pub struct Hit {
    /// The entry.
    pub entry: CacheEntry,
    /// How.
    pub usage: Use,
}

/// What came of looking.
#[derive(Debug, Clone)]
pub enum Looked {
    /// A result.
    Hit(Box<Hit>),
    /// Why there is none.
    Miss(Miss),
}

/// Looks for the result of a step.
///
/// # Errors
/// Returns [`ObjectError`] when the files that the step starts from can not be read.
pub fn look(store: &CacheStore, objects: &Objects, (wanted, now): (&Wanted, Timestamp)) -> Result<Looked, ObjectError> {
    let entries = store.entries();
    let key = wanted.components.key();
    let fresh = || entries.iter().filter(|entry| entry.kind == wanted.kind && !entry.is_expired(now));
    let at = |path: &str| file_at(objects, wanted.start.tree, path);
    let hit = |entry: &CacheEntry, usage| Ok(Looked::Hit(Box::new(Hit { entry: entry.clone(), usage })));
    if let Some(entry) = fresh().find(|entry| entry.components.key() == key)
        && fits(entry, at)?
        && is_whole(objects, entry)
    {
        return hit(entry, Use::Applied);
    }
    if wanted.standing == Standing::Possible {
        for entry in fresh().filter(|entry| answers(entry, &wanted.components)) {
            let rest = wanted.start.rest(entry.changes.iter().map(|change| change.path.as_str()));
            let now = Now { tree: wanted.start.tree, rest: rest.as_deref() };
            if is_same_beside(entry, now) && stands(entry, at)? {
                return hit(entry, Use::Standing);
            }
        }
    }
    Ok(Looked::Miss(why_not(&entries, (&wanted.components, now), |entry| changed(objects, entry, &wanted.start))))
}

/// Returns the files that count and differ from those of an entry, as far as its tree is still there.
fn changed(objects: &Objects, entry: &CacheEntry, start: &StartFiles) -> Vec<String> {
    let mut changes = objects.diff_trees(Some(entry.input), Some(start.tree)).unwrap_or_default();
    if let Some(filter) = &start.filter {
        changes.retain(|change| filter.covers(&change.path));
    }
    changes.iter().map(|change| one_line(&change.path.to_string())).collect()
}

fn is_whole(objects: &Objects, entry: &CacheEntry) -> bool {
    let news = entry.changes.iter().filter_map(|change| change.new.as_ref());
    news.filter(|file| file.mode != FileMode::Gitlink.octal()).all(|file| objects.exists(file.id))
}

fn file_at(objects: &Objects, tree: ObjectId, path: &str) -> Result<Option<FileState>, ObjectError> {
    let entry = objects.entry_at(tree, &RepoPath::from(path))?.filter(|entry| entry.mode != FileMode::Tree);
    Ok(entry.map(|entry| FileState { mode: entry.mode.octal().to_owned(), id: entry.id }))
}

/// Makes the changes of an entry in a tree.
///
/// # Errors
/// Returns [`ObjectError`] when a tree can not be read or written.
pub fn apply(objects: &Objects, tree: ObjectId, entry: &CacheEntry) -> Result<ObjectId, ObjectError> {
    let edit = |change: &FileChange| TreeEdit {
        path: RepoPath::from(change.path.as_str()),
        entry: change.new.as_ref().and_then(|new| Some(Entry { mode: FileMode::parse(new.mode.as_bytes())?, id: new.id })),
    };
    objects.edit_tree(Some(tree), &entry.changes.iter().map(edit).collect::<Vec<_>>())
}

/// Returns what is to be kept of a result; nothing when a path has no form in JSON.
///
/// # Errors
/// Returns [`ObjectError`] when a tree can not be read.
pub fn result(objects: &Objects, wanted: Wanted, tree: ObjectId) -> Result<Option<NewEntry>, ObjectError> {
    let file = |side: Option<Entry>| side.map(|entry| FileState { mode: entry.mode.octal().to_owned(), id: entry.id });
    let mut changes = Vec::new();
    for change in objects.diff_trees(Some(wanted.start.tree), Some(tree))? {
        let Ok(path) = std::str::from_utf8(change.path.as_bytes()) else { return Ok(None) };
        changes.push(FileChange { path: path.to_owned(), old: file(change.old), new: file(change.new) });
    }
    let rest = wanted.start.rest(changes.iter().map(|change| change.path.as_str()));
    let Wanted { kind, components, source, start, .. } = wanted;
    Ok(Some(NewEntry { kind, components, source, input: start.tree, result: tree, rest, changes }))
}
