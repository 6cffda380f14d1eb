//! Trees read once and kept: a run looks at the same few trees again and again, and two trees of one project share nearly everything.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::id::{ObjectId, RepoPath};
use crate::domain::policy::path::{PathProblem, PathRules, judge_path};
use crate::io::git::oid::to_git;
use crate::io::git::tree::{self, Entry, FileMode, NamedEntry};

/// One entry of a tree, with what is below it.
#[derive(Debug, Clone)]
pub(super) struct Item {
    /// Its name.
    pub(super) name: Box<[u8]>,
    /// What it is.
    pub(super) mode: FileMode,
    /// Its object.
    pub(super) id: ObjectId,
    /// What is in it, if it is a directory.
    pub(super) child: Option<Arc<Node>>,
}

/// A tree with everything below it.
#[derive(Debug)]
pub(super) struct Node {
    /// The entries, sorted by the bytes of their names.
    pub(super) entries: Vec<Item>,
    /// How many files there are below it.
    pub(super) files: usize,
    /// The attributes files in it and below it.
    pub(super) attributes: Vec<ObjectId>,
    /// Whether every name in it and below it means the same to all file systems.
    pub(super) names: Names,
}

/// Whether names mean the same to all file systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    /// They do.
    Plain,
    /// Git itself must say whether it writes such names here.
    Doubtful,
}

impl Item {
    /// Returns its mode and object.
    pub(super) const fn entry(&self) -> Entry {
        Entry { mode: self.mode, id: self.id }
    }
}

impl Node {
    /// Returns the entry with this name.
    pub(super) fn find(&self, name: &[u8]) -> Option<&Item> {
        self.entries.binary_search_by(|e| (*e.name).cmp(name)).ok().and_then(|i| self.entries.get(i))
    }

    /// Calls `visit` with the path and entry of everything below that is no directory, directory by directory.
    pub(super) fn visit<'a>(&'a self, path: &mut Vec<u8>, visit: &mut impl FnMut(&[u8], &'a Item)) {
        for entry in &self.entries {
            let length = path.len();
            if length > 0 {
                path.push(b'/');
            }
            path.extend_from_slice(&entry.name);
            match &entry.child {
                Some(child) => child.visit(path, visit),
                None => visit(path, entry),
            }
            path.truncate(length);
        }
    }
}

/// The trees that were read, shared between the worktrees of a run.
#[derive(Debug, Default)]
pub(super) struct TreeCache(Mutex<HashMap<ObjectId, Arc<Node>>>);

/// Git itself reads no deeper trees.
const MAX_DEPTH: usize = 2048;

/// When the cache holds this many trees it starts anew; the trees in use stay alive in their users' hands.
const MAX_TREES: usize = 100_000;

impl TreeCache {
    /// Returns a tree with everything below it.
    pub(super) fn load(&self, repository: &git2::Repository, tree: ObjectId) -> Result<Arc<Node>, git2::Error> {
        let odb = repository.odb()?;
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() > MAX_TREES {
            known.clear();
        }
        load(&odb, &mut known, tree, 0)
    }
}

fn load(odb: &git2::Odb<'_>, known: &mut HashMap<ObjectId, Arc<Node>>, id: ObjectId, depth: usize) -> Result<Arc<Node>, git2::Error> {
    if let Some(node) = known.get(&id) {
        return Ok(Arc::clone(node));
    }
    if depth > MAX_DEPTH {
        return Err(git2::Error::from_str("the tree is nested too deeply"));
    }
    let object = odb.read(to_git(id)?)?;
    if object.kind() != git2::ObjectType::Tree {
        return Err(git2::Error::from_str("the object is no tree"));
    }
    let named = tree::parse(object.data()).ok_or_else(|| git2::Error::from_str("the tree is malformed"))?;
    let mut node = Node { entries: Vec::with_capacity(named.len()), files: 0, attributes: Vec::new(), names: Names::Plain };
    for NamedEntry { name, entry: Entry { mode, id } } in named {
        if is_doubtful(&name) {
            node.names = Names::Doubtful;
        }
        let child = if mode == FileMode::Tree { Some(load(odb, known, id, depth + 1)?) } else { None };
        if mode.is_file() && *name == *b".gitattributes" {
            node.attributes.push(id);
        }
        if let Some(child) = &child {
            node.attributes.extend_from_slice(&child.attributes);
            if child.names == Names::Doubtful {
                node.names = Names::Doubtful;
            }
        }
        node.files += child.as_ref().map_or(1, |c| c.files);
        node.entries.push(Item { name: name.into(), mode, id, child });
    }
    node.entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    let node = Arc::new(node);
    known.insert(id, Arc::clone(&node));
    Ok(node)
}

/// Returns whether git may refuse to write the name. It has nothing against control characters and backslashes here.
fn is_doubtful(name: &[u8]) -> bool {
    let allowed = |problem| matches!(problem, PathProblem::Control(_) | PathProblem::Backslash | PathProblem::Absolute);
    judge_path(&RepoPath::new(name), &PathRules::default()).is_err_and(|violation| !allowed(violation.problem))
}
