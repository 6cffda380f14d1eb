//! What a push or a pull request brings: a commit, and where the change begins that it is the end of.

use std::collections::BTreeSet;

use super::error::GatingError;
use super::file;
use crate::domain::gate::model::Moment;
use crate::domain::gate::push::RefUpdate;
use crate::domain::id::{ObjectId, RepoPath};
use crate::domain::policy::pattern::Pattern;
use crate::io::git::objects::{NewCommit, Objects};
use crate::io::git::refs::Refs;
use crate::io::git::signature::{Identity, Signature};
use crate::ops::context::Context;

/// A commit that is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The commit.
    pub commit: ObjectId,
    /// The commit that the change starts from; nothing when everything is new.
    pub base: Option<ObjectId>,
    /// The full names of the refs that will lead to it; empty when it was named by hand.
    pub names: Vec<String>,
}

impl Target {
    /// Returns whether the change touches a file that one of the patterns matches; everything is touched by no pattern at all.
    ///
    /// # Errors
    /// Returns [`GatingError`] when an object can not be read.
    pub fn touches(&self, cx: &Context, patterns: &[Pattern]) -> Result<bool, GatingError> {
        if patterns.is_empty() {
            return Ok(true);
        }
        let changed = self.changed(&Objects::open(&cx.repo)?)?;
        Ok(changed.iter().any(|path| patterns.iter().any(|pattern| pattern.matches(path.as_bytes()))))
    }

    /// Returns the files that the change touches.
    ///
    /// # Errors
    /// Returns [`GatingError`] when an object can not be read.
    pub fn changed(&self, objects: &Objects) -> Result<Vec<RepoPath>, GatingError> {
        let before = self.base.map(|base| objects.tree_of(base)).transpose()?;
        let changes = objects.diff_trees(before, Some(objects.tree_of(self.commit)?))?;
        Ok(changes.into_iter().map(|change| change.path).collect())
    }
}

/// Returns what the moved refs bring, each commit once. Refs that go, and those that lead to no commit, bring nothing.
///
/// # Errors
/// Returns [`GatingError`] when refs or objects can not be read.
pub fn of_updates(cx: &Context, updates: &[RefUpdate], remote: Option<&str>) -> Result<Vec<Target>, GatingError> {
    let objects = Objects::open(&cx.repo)?;
    let mut targets: Vec<Target> = Vec::new();
    for update in updates {
        let Some(new) = update.new else { continue };
        let Some(commit) = objects.peel_to_commit(new)? else { continue };
        let base = base_of(cx, &objects, (commit, update.old), remote)?;
        match targets.iter_mut().find(|known| known.commit == commit && known.base == base) {
            Some(known) => known.names.push(update.name.clone()),
            None => targets.push(Target { commit, base, names: vec![update.name.clone()] }),
        }
    }
    Ok(targets)
}

/// Returns where the change begins: where the ref stood, else the nearest commit that the other side has already.
fn base_of(
    cx: &Context,
    objects: &Objects,
    (commit, old): (ObjectId, Option<ObjectId>),
    remote: Option<&str>,
) -> Result<Option<ObjectId>, GatingError> {
    let old = old.map(|old| if objects.exists(old) { objects.peel_to_commit(old) } else { Ok(None) }).transpose()?.flatten();
    if let Some(old) = old {
        return Ok(objects.merge_bases(old, commit)?.first().copied());
    }
    let prefix = remote.map_or_else(|| "refs/heads/".to_owned(), |remote| format!("refs/remotes/{remote}/"));
    // What stands on a branch that no gate is for has been seen by none, so it excuses nothing.
    let gates = file::read(cx, commit).ok().flatten().map(|found| found.gates);
    let is_gated = |name: &str| {
        let there = format!("refs/heads/{}", name.strip_prefix(&prefix).unwrap_or(name));
        gates.as_ref().is_none_or(|gates| gates.at(Moment::Push).any(|gate| gate.is_for(&there, &gates.refs)))
    };
    let all = Refs::new(&cx.repo, cx.durability()).list(&prefix)?;
    let known: BTreeSet<ObjectId> = all.into_iter().filter(|(name, _)| is_gated(name)).map(|(_, id)| id).collect();
    let mut nearest: Option<ObjectId> = None;
    for tip in known.into_iter().filter(|tip| objects.exists(*tip)) {
        for base in objects.merge_bases(tip, commit)? {
            let is_nearer = match nearest {
                Some(nearest) => objects.is_ancestor(nearest, base)?,
                None => true,
            };
            if is_nearer {
                nearest = Some(base);
            }
        }
    }
    Ok(nearest)
}

/// Reads `A..B`, `A...B` or `B`: a range of commits, of which the second names where it ends.
///
/// # Errors
/// Returns [`GatingError`] when it names no commits.
pub fn of_range(cx: &Context, text: &str) -> Result<Target, GatingError> {
    let objects = Objects::open(&cx.repo)?;
    let (from, to) = match text.split_once("...").or_else(|| text.split_once("..")) {
        Some((from, to)) => (Some(from).filter(|from| !from.is_empty()), if to.is_empty() { "HEAD" } else { to }),
        None => (None, text),
    };
    if to.contains("..") || from.is_some_and(|from| from.contains("..")) {
        return Err(GatingError::Range(text.to_owned()));
    }
    let commit = cx.repo.resolve(to)?;
    // What the other side has done since does not count against this one.
    let base = from.map(|from| cx.repo.resolve(from)).transpose()?.map(|from| objects.merge_bases(from, commit)).transpose()?;
    Ok(Target { commit, base: base.and_then(|bases| bases.first().copied()), names: Vec::new() })
}

/// Returns a commit with what it brings beyond the branch that the checked-out one follows, where it follows one.
///
/// # Errors
/// Returns [`GatingError`] when it names no commit.
pub fn of_commit(cx: &Context, text: &str) -> Result<Target, GatingError> {
    let objects = Objects::open(&cx.repo)?;
    let commit = cx.repo.resolve(text)?;
    let followed = cx.repo.resolve("@{upstream}").ok();
    let base = followed.map(|followed| objects.merge_bases(followed, commit)).transpose()?.and_then(|bases| bases.first().copied());
    // What is there already has no change to compare.
    Ok(Target { commit, base: base.filter(|base| *base != commit), names: Vec::new() })
}

/// Returns a tree as a commit of its own, to which no ref leads.
///
/// # Errors
/// Returns [`GatingError`] when it names no tree.
pub fn of_tree(cx: &Context, text: &str) -> Result<Target, GatingError> {
    let objects = Objects::open(&cx.repo)?;
    let tree = cx.repo.resolve_tree(text)?;
    let signature = Signature::new(Identity { name: "git-orc".to_owned(), email: String::new() }, cx.clock.now());
    let message = b"A tree that gates look at\n";
    let commit = objects.write_commit(&NewCommit { tree, parents: &[], author: &signature, committer: &signature, message })?;
    Ok(Target { commit, base: None, names: Vec::new() })
}
