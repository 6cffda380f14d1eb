//! Copies ignored files of the user's checkout into new worktrees: what `.worktreeinclude` names, such as `.env`.
//!
//! The file stands at the top of the user's main work tree and has the syntax of `.gitignore`. Only files that git ignores are copied, never
//! tracked or merely untracked ones, only regular files, and never through a symbolic link.

use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;

use ignore::gitignore::Gitignore;

use crate::domain::id::RepoPath;
use crate::io::git::folder::{self, FileKind, Folder};
use crate::io::git::ignored::{Is, RuleStack, compile};
use crate::io::git::walk::join;
use crate::io::git::worktree::{Worktree, WorktreeError, Worktrees, disk};

/// The name of the file that says what is copied.
const NAME: &[u8] = b".worktreeinclude";

/// Files larger than this are not copied.
const MAX_FILE: u64 = 16 << 20;

/// No more than this is copied into one worktree.
const MAX_TOTAL: u64 = 64 << 20;

/// Deeper directories are not looked into.
const MAX_DEPTH: usize = 32;

impl Worktrees {
    /// Copies what `.worktreeinclude` names into a new worktree and returns the paths, sorted.
    pub(super) fn copy_included(&self, worktree: &Worktree) -> Result<Vec<RepoPath>, WorktreeError> {
        let Some(from) = self.repo.work_dir() else { return Ok(Vec::new()) };
        let wanted = self.included_paths(from)?;
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let top = Folder::open(from).map_err(disk(from))?;
        let to = Folder::open(worktree.path()).map_err(disk(worktree.path()))?;
        let (mut copied, mut left) = (Vec::new(), MAX_TOTAL);
        for path in wanted.iter() {
            if let Some(size) = copy(&top, &to, path, left).map_err(disk(worktree.path()))? {
                left = left.saturating_sub(size);
                copied.push(RepoPath::new(path.clone()));
            }
        }
        Ok(copied)
    }

    /// Finds what `.worktreeinclude` names, sorted; once, because the user's checkout may be large.
    fn included_paths(&self, from: &Path) -> Result<Arc<Vec<Vec<u8>>>, WorktreeError> {
        if let Some(known) = self.included.get() {
            return Ok(Arc::clone(known));
        }
        let top = Folder::open(from).map_err(disk(from))?;
        let mut search = match top.read_small(NAME) {
            Ok(content) => Search { included: RuleStack::new(&[compile(&content)]), tracked: self.tracked_paths()?, found: Vec::new() },
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Arc::default()),
            Err(error) => return Err(disk(&from.join(".worktreeinclude"))(error)),
        };
        search.folder(&top, &[], &RuleStack::new(&self.host.ignores), 0).map_err(disk(from))?;
        search.found.sort_unstable();
        Ok(Arc::clone(self.included.get_or_init(|| Arc::new(search.found))))
    }

    /// Returns what the user's own index tracks: what is in there is never copied, whatever the ignore files say.
    fn tracked_paths(&self) -> Result<Vec<Vec<u8>>, WorktreeError> {
        let mut command = crate::io::git::command::GitCommand::new(&self.repo);
        if self.repo.git_dir() != self.repo.common_dir() {
            command = command.linked(&self.repo, self.repo.git_dir());
        }
        let listed = command.args(["ls-files", "--cached", "-z"]).run()?;
        let mut paths: Vec<Vec<u8>> = listed.stdout.split(|b| *b == 0).filter(|p| !p.is_empty()).map(<[u8]>::to_vec).collect();
        paths.sort_unstable();
        paths.dedup();
        Ok(paths)
    }
}

struct Search {
    included: RuleStack,
    tracked: Vec<Vec<u8>>,
    found: Vec<Vec<u8>>,
}

impl Search {
    fn folder(&mut self, folder: &Folder, path: &[u8], ignored: &RuleStack, depth: usize) -> io::Result<()> {
        let mut ignored = ignored.clone();
        let own: Option<Arc<Gitignore>> = folder.read_small(b".gitignore").ok().map(|content| compile(&content));
        if let Some(rules) = own {
            ignored.push(path, rules);
        }
        for name in folder.names()? {
            let (inner, Some(stat)) = (join(path, &name), folder.find(&name)?) else { continue };
            match stat.kind {
                // A repository inside the user's checkout is theirs alone.
                FileKind::Folder if name == b".git" || depth >= MAX_DEPTH => {}
                FileKind::Folder => {
                    // What can not be read can not be copied; it is the user's own affair.
                    if let Ok(folder) = folder.enter(&name).and_then(|f| f.find(b".git").map(|git| git.is_none().then_some(f))) {
                        folder.map_or(Ok(()), |folder| self.folder(&folder, &inner, &ignored, depth + 1))?;
                    }
                }
                FileKind::File if self.is_wanted(&inner, &ignored) => self.found.push(inner),
                FileKind::File | FileKind::Symlink | FileKind::Special => {}
            }
        }
        Ok(())
    }

    fn is_wanted(&self, path: &[u8], ignored: &RuleStack) -> bool {
        self.included.ignores(path, Is::File)
            && ignored.ignores(path, Is::File)
            && self.tracked.binary_search_by(|t| t.as_slice().cmp(path)).is_err()
    }
}

/// Copies one file, if it is still a regular one, not too large, and nothing stands in its place. Returns its size.
fn copy(from: &Folder, to: &Folder, path: &[u8], left: u64) -> io::Result<Option<u64>> {
    let (parents, name) = folder::split(path);
    // What can not be read can not be copied; it is the user's own affair.
    let Ok(file) = from.descend(parents).and_then(|folder| folder.read_file(name)) else { return Ok(None) };
    let stat = folder::stat_file(&file)?;
    // A path through something that the commit has as a file or a link is not made.
    let Ok(target) = to.make_below(parents) else { return Ok(None) };
    if stat.size > MAX_FILE.min(left) || target.find(name)?.is_some() {
        return Ok(None);
    }
    let mut content = Vec::new();
    file.take(MAX_FILE).read_to_end(&mut content)?;
    target.create_file(name, stat.permissions & 0o777)?.write_all(&content)?;
    Ok(Some(content.len() as u64))
}
