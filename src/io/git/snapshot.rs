//! Captures what a tool left in a worktree as a tree, before anything judges it.
//!
//! Everything counts: modified, staged, untracked, deleted, binary, modes, links, empty files, names of any bytes. The tool's index is not
//! read, its `.git` file is not followed, its ignore files hide nothing. What can not be part of a tree is named.

use crate::domain::id::{ObjectId, RepoPath};
use crate::io::git::admin::Tampered;
use crate::io::git::content::{Contents, Store};
use crate::io::git::convert::GitConvert;
use crate::io::git::disk::Skipped;
use crate::io::git::folder::Folder;
use crate::io::git::objects::{ObjectError, Objects};
use crate::io::git::oid::{from_git, to_git};
use crate::io::git::tree_diff::TreeChange;
use crate::io::git::tree_edit::TreeEdit;
use crate::io::git::walk::{Found, Ignoring, Walk};
use crate::io::git::worktree::{Worktree, WorktreeError, Worktrees, disk, now};

/// What was in a worktree.
#[derive(Debug)]
pub struct Snapshot {
    /// The tree of everything in it.
    pub tree: ObjectId,
    /// Where it differs from the base tree, sorted by path.
    pub changes: Vec<TreeChange>,
    /// What can not be part of a tree, each with the reason.
    pub skipped: Vec<Skipped>,
    /// The objects that were written; they are not durable yet.
    pub objects: Vec<ObjectId>,
    /// Untracked files and directories that were left out because the base tree's rules ignore them.
    pub ignored: Vec<RepoPath>,
    /// Administrative files that the tool had changed; they are as they were again.
    pub tampered: Vec<Tampered>,
}

/// What a tool's own commits look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolCommits {
    /// The worktree stands where it was made.
    None,
    /// The tool committed on top of it; the oldest commit first.
    OnTop(Vec<ObjectId>),
    /// The worktree stands on a commit that does not descend from where it was made.
    Elsewhere(ObjectId),
    /// What HEAD says leads to no commit.
    Unreadable,
}

/// Commits beyond this number are not listed one by one; the newest keeps them all alive.
const MAX_COMMITS: usize = 10_000;

impl Worktrees {
    /// Captures everything in a worktree, compared with `base`: the tree it was made from, or that of the last capture.
    ///
    /// # Errors
    /// Returns [`WorktreeError`] when the worktree can not be read at all or the objects can not be written.
    pub fn capture(&self, worktree: &mut Worktree, base: ObjectId) -> Result<Snapshot, WorktreeError> {
        let tampered = worktree.admin.restore(worktree.commit).map_err(disk(&worktree.admin.dir))?;
        let objects = Objects::open(&self.repo)?;
        let (found, mut written) = self.walk(worktree, base, (&objects, Store::Yes))?;
        let mut changes = found.changes;
        changes.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        let edits: Vec<TreeEdit> = changes.iter().map(|c| TreeEdit { path: c.path.clone(), entry: c.new }).collect();
        let tree = if edits.is_empty() { base } else { objects.edit_tree(Some(base), &edits)? };
        written.extend(objects.take_written());
        Ok(Snapshot { tree, changes, skipped: found.skipped, objects: written, ignored: found.ignored, tampered })
    }

    /// Compares the disk with a tree.
    pub(super) fn walk(
        &self,
        worktree: &mut Worktree,
        tree: ObjectId,
        (objects, store): (&Objects, Store),
    ) -> Result<(Found, Vec<ObjectId>), WorktreeError> {
        let load = |id| self.trees.load(objects.git(), id).map_err(|source| WorktreeError::Tree { id, source });
        let (compared, base) = (load(tree)?, load(worktree.tree)?);
        let summary = self.attributes(&base)?;
        let convert = GitConvert { repo: &self.repo, attributes_of: worktree.tree, summary: &summary, settings: &self.host.conversion };
        let mut contents = Contents::new(objects.git(), store, Some(&convert))?;
        let top = Folder::open(worktree.path()).map_err(disk(worktree.path()))?;
        let now = now();
        let walk = Walk {
            tree: &compared,
            seen: &mut worktree.seen,
            contents: &mut contents,
            ignoring: Ignoring { base: &base, everywhere: &self.host.ignores, cache: &self.ignores },
            disk: self.host.disk,
            absent: &worktree.absent,
            now,
            found: Found::default(),
        };
        let found = walk.run(&top)?;
        Ok((found, contents.into_written()))
    }

    /// Finds the commits that the tool made itself, by the text of the worktree's HEAD alone.
    ///
    /// # Errors
    /// Returns [`WorktreeError`] when the repository can not be read.
    pub fn tool_commits(&self, worktree: &Worktree) -> Result<ToolCommits, WorktreeError> {
        let objects = Objects::open(&self.repo)?;
        match read_head(&objects, worktree) {
            Some(head) => self.commits_up_to(worktree, head),
            None => Ok(ToolCommits::Unreadable),
        }
    }

    /// Finds the commits from where the worktree was made up to a commit of the tool's.
    ///
    /// # Errors
    /// Returns [`WorktreeError`] when the repository can not be read.
    pub fn commits_up_to(&self, worktree: &Worktree, head: ObjectId) -> Result<ToolCommits, WorktreeError> {
        let objects = Objects::open(&self.repo)?;
        if head == worktree.commit {
            return Ok(ToolCommits::None);
        }
        let failed = |source| WorktreeError::Object(ObjectError::Git { action: "walk commits", source });
        let (Ok(new), Ok(old)) = (to_git(head), to_git(worktree.commit)) else { return Ok(ToolCommits::Unreadable) };
        if !objects.git().graph_descendant_of(new, old).map_err(failed)? {
            return Ok(ToolCommits::Elsewhere(head));
        }
        let mut walk = objects.git().revwalk().map_err(failed)?;
        walk.set_sorting(git2::Sort::TOPOLOGICAL | git2::Sort::REVERSE).map_err(failed)?;
        walk.push(new).map_err(failed)?;
        walk.hide(old).map_err(failed)?;
        let commits = walk.take(MAX_COMMITS).map(|oid| oid.map(from_git)).collect::<Result<_, _>>().map_err(failed)?;
        Ok(ToolCommits::OnTop(commits))
    }
}

/// Reads which commit the worktree stands on: an id, a branch of the repository, or a ref of the worktree's own.
fn read_head(objects: &Objects, worktree: &Worktree) -> Option<ObjectId> {
    let admin = Folder::open(worktree.admin_dir()).ok()?;
    let text = String::from_utf8(admin.read_small(b"HEAD").ok()?).ok()?;
    let commit = match text.trim_end().strip_prefix("ref: ") {
        None => ObjectId::parse(text.trim_end()).ok()?,
        Some(name) => {
            let own = ["refs/worktree/", "refs/bisect/", "refs/rewritten/"].iter().any(|prefix| name.starts_with(prefix));
            if own {
                let (folder, file) = name.rsplit_once('/')?;
                let content = admin.descend(folder.as_bytes()).ok()?.read_small(file.as_bytes()).ok()?;
                ObjectId::parse(std::str::from_utf8(&content).ok()?.trim_end()).ok()?
            } else {
                from_git(objects.git().find_reference(name).ok()?.resolve().ok()?.target()?)
            }
        }
    };
    objects.git().find_commit(to_git(commit).ok()?).ok().map(|_| commit)
}
