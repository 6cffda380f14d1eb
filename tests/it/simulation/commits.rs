//! Commits as far as a run cares for them: parents, and files with a number for their content.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;

use git_orc::domain::id::ObjectId;

use super::dice::Dice;

pub(super) type Tree = BTreeMap<String, u64>;

/// A commit.
#[derive(Debug, Clone)]
pub(super) struct Commit {
    pub(super) tree: Tree,
}

/// All commits that were ever made, whether a ref leads to them or not.
#[derive(Debug, Default)]
pub(super) struct Commits {
    all: HashMap<ObjectId, Commit>,
    ancestors: HashMap<ObjectId, BTreeSet<ObjectId>>,
    made: u64,
}

/// Returns an id that depends on a content alone.
fn name(content: impl Hash) -> ObjectId {
    let mut dice = Dice::at(0, content);
    let mut bytes = [0; 20];
    bytes[..8].copy_from_slice(&dice.roll().to_be_bytes());
    bytes[8..16].copy_from_slice(&dice.roll().to_be_bytes());
    bytes[16] = 1;
    ObjectId::from_bytes(bytes)
}

pub(super) fn tree_id(tree: &Tree) -> ObjectId {
    name(("tree", tree))
}

impl Commits {
    /// Makes a commit that is another one each time, as commits of tools are.
    pub(super) fn make(&mut self, parents: &[ObjectId], tree: Tree) -> ObjectId {
        self.made += 1;
        self.put(name((self.made, parents, &tree)), parents, tree)
    }

    /// Makes the merge of two commits, which is the same one each time.
    pub(super) fn make_merge(&mut self, parents: [ObjectId; 2], tree: Tree) -> ObjectId {
        self.put(name(("merge", parents, &tree)), &parents, tree)
    }

    fn put(&mut self, id: ObjectId, parents: &[ObjectId], tree: Tree) -> ObjectId {
        let mut ancestors: BTreeSet<ObjectId> = parents.iter().flat_map(|p| self.ancestors[p].iter().copied()).collect();
        ancestors.insert(id);
        self.ancestors.insert(id, ancestors);
        self.all.insert(id, Commit { tree });
        id
    }

    pub(super) fn tree(&self, id: ObjectId) -> &Tree {
        &self.all[&id].tree
    }

    /// Returns whether the first one is the second one or below it.
    pub(super) fn is_ancestor(&self, below: ObjectId, above: ObjectId) -> bool {
        self.ancestors.get(&above).is_some_and(|all| all.contains(&below))
    }

    /// Merges `theirs` onto `ours`; an error lists the paths that both changed since they parted.
    pub(super) fn merge(&self, ours: ObjectId, theirs: ObjectId) -> Result<Tree, Vec<String>> {
        let shared = self.ancestors[&ours].intersection(&self.ancestors[&theirs]);
        // The newest common one has the most ancestors itself, since histories here only grow.
        let base = shared.max_by_key(|id| self.ancestors[*id].len()).unwrap();
        let (base, ours, theirs) = (self.tree(*base), self.tree(ours), self.tree(theirs));
        let mut merged = ours.clone();
        let mut wrong = Vec::new();
        for (path, value) in theirs {
            let (was, is) = (base.get(path), ours.get(path));
            if Some(value) == was || Some(value) == is {
                continue;
            }
            if is == was {
                merged.insert(path.clone(), *value);
            } else {
                wrong.push(path.clone());
            }
        }
        // Some changes do not go together although they touch different files.
        let news = |tree: &Tree, rest: u64| tree.iter().any(|(path, value)| base.get(path) != Some(value) && value % 7 == rest);
        if news(ours, 3) && news(theirs, 4) {
            wrong.push("together".to_owned());
        }
        if wrong.is_empty() { Ok(merged) } else { Err(wrong) }
    }

    /// Returns whether some of these commits leads to this one.
    pub(super) fn is_kept<'a>(&self, id: ObjectId, refs: impl IntoIterator<Item = &'a ObjectId>) -> bool {
        refs.into_iter().any(|at| self.is_ancestor(id, *at))
    }
}
