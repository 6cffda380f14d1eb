//! What a gate stands on: the merged tree, with the files that decide what the gate does as they are in the base commit.

use std::path::Path;

use super::context::RunContext;
use super::failure::ExecuteError;
use crate::domain::gate::base_files::{BaseFiles, Taking};
use crate::domain::gate::package_scripts::with_base_scripts;
use crate::domain::id::ObjectId;
use crate::domain::policy::pattern::Pattern;
use crate::domain::text::one_line;
use crate::io::fs::{self, Durability};
use crate::io::git::objects::{NewCommit, Objects};
use crate::io::git::signature::Signature;
use crate::io::git::tree::{Entry, FileMode};
use crate::io::git::tree_diff::TreeChange;
use crate::io::git::tree_edit::TreeEdit;

/// What a gate stands on.
#[derive(Debug)]
pub struct Ground {
    /// The merged commit, or one made for the gate alone on top of it.
    pub commit: ObjectId,
    /// The files that were taken from the base.
    pub from_base: Vec<String>,
}

/// Returns the commit on which a gate runs; what lands is the merged one all the same.
///
/// # Errors
/// Returns an error when an object can not be read or written.
pub fn ground(
    cx: &RunContext,
    (argv, config): (&[String], Option<&[String]>),
    (commit, tree, base): (ObjectId, ObjectId, ObjectId),
) -> Result<Ground, ExecuteError> {
    if commit == base {
        return Ok(Ground { commit, from_base: Vec::new() });
    }
    let objects = Objects::open(&cx.repo)?;
    let globs: Option<Vec<Pattern>> = config.map(|globs| globs.iter().filter_map(|glob| Pattern::parse(glob).ok()).collect());
    let files = BaseFiles::new(argv, globs.as_deref());
    let mut edits = Vec::new();
    for change in objects.diff_trees(Some(objects.tree_of(base)?), Some(tree))? {
        if let Some(taking) = files.takes(change.path.as_bytes())
            && let Some(entry) = taken(&objects, &change, taking)?
        {
            edits.push(TreeEdit { path: change.path, entry: Some(entry) });
        }
    }
    if edits.is_empty() {
        return Ok(Ground { commit, from_base: Vec::new() });
    }
    let tree = objects.edit_tree(Some(tree), &edits)?;
    let signature = Signature::new(cx.identity.clone(), cx.clock.now());
    let message = b"The merge, with the gate's own files as they are in the base\n";
    let commit = objects.write_commit(&NewCommit { tree, parents: &[commit], author: &signature, committer: &signature, message })?;
    Ok(Ground { commit, from_base: edits.iter().map(|edit| edit.path.to_string()).collect() })
}

/// Returns what the gate gets in place of a merged file; nothing when that is as good.
fn taken(objects: &Objects, change: &TreeChange, taking: Taking) -> Result<Option<Entry>, ExecuteError> {
    let Some(old) = change.old.filter(|old| old.mode != FileMode::Gitlink) else { return Ok(None) };
    match (taking, change.new.filter(|new| new.mode.is_file())) {
        (Taking::Scripts, Some(new)) if old.mode.is_file() => {
            let text = with_base_scripts(&objects.read_blob(old.id)?, &objects.read_blob(new.id)?);
            Ok(text.map(|text| objects.write_blob(&text)).transpose()?.map(|id| Entry { mode: new.mode, id }))
        }
        (Taking::Whole | Taking::Scripts, _) => Ok(Some(old)),
    }
}

/// Says in the gate's log which files were taken from the base.
///
/// # Errors
/// Returns an error when the log can not be written.
pub fn tell(log: &Path, base: ObjectId, from_base: &[String]) -> Result<(), ExecuteError> {
    for path in from_base {
        let line = format!("git-orc: `{}` was taken from the base commit {}", one_line(path), base.short());
        fs::append_line(log, line.as_bytes(), Durability::Relaxed)?;
    }
    Ok(())
}
