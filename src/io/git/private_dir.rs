//! A git directory of a tool's own, for as long as it works in a worktree whose main git directory it can not write.
//!
//! It borrows the main objects and begins with a copy of the refs, of the index and of what is excluded, so that `add`, `commit`, `branch`,
//! `stash` and `config` all work and reach nobody. Afterwards everything in it is somebody else's word: no git runs on it and no file of
//! it but object files is read by git. The commits come over through [`super::intake`].

use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::domain::id::ObjectId;
use crate::io::fs;
use crate::io::git::folder::Folder;
use crate::io::git::oid::from_git;
use crate::io::git::repo::Repo;
use crate::io::git::worktree::{Worktree, WorktreeError, disk};

/// Refs that are ours alone; tools do not get to see them.
const OWN_REFS: [&str; 2] = ["refs/orc/", "refs/notes/orc"];
/// The most heads that are looked at besides HEAD.
const MOST_HEADS: usize = 100;

/// A git directory of a tool's own.
#[derive(Debug, Clone)]
pub struct PrivateDir {
    path: PathBuf,
}

impl PrivateDir {
    /// Returns the private directory at a path; it may not exist.
    #[must_use]
    pub fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Returns where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes it for a worktree, and lets the worktree's `.git` file lead to it.
    ///
    /// # Errors
    /// Returns [`WorktreeError`] when it can not be made.
    pub fn make(&self, repo: &Repo, worktree: &Worktree) -> Result<(), WorktreeError> {
        fs::remove_dir_all(&self.path)?;
        fs::create_dir_all(&self.path)?;
        let failed = |error: io::Error| disk(&self.path)(error);
        let refs = packed_refs(repo)?;
        self.fill(repo, worktree, &refs).map_err(failed)?;
        Folder::open(worktree.path()).and_then(|top| top.replace(b".git", &self.dot_git())).map_err(disk(worktree.path()))
    }

    fn fill(&self, repo: &Repo, worktree: &Worktree, refs: &[u8]) -> io::Result<()> {
        let dir = Folder::open(&self.path)?;
        let (common, admin) = (Folder::open(repo.common_dir())?, Folder::open(worktree.admin_dir())?);
        for name in [&b"objects/info"[..], b"objects/pack", b"refs/heads", b"refs/tags", b"info"] {
            dir.make_below(name)?;
        }
        dir.write_new(b"HEAD", format!("{}\n", worktree.commit()).as_bytes())?;
        dir.write_new(b"packed-refs", refs)?;
        dir.write_new(b"config", &config(repo, worktree))?;
        dir.descend(b"objects/info")?.write_new(b"alternates", &alternates(&[repo.common_dir().join("objects")]))?;
        let index = admin.names()?.into_iter().filter(|name| name == b"index" || name.starts_with(b"sharedindex."));
        for name in index {
            io::copy(&mut admin.read_file(&name)?, &mut dir.create_file(&name, 0o666)?)?;
        }
        let info = dir.descend(b"info")?;
        for (from, name) in [(&common, b"exclude".as_slice()), (&common, b"attributes"), (&admin, b"sparse-checkout")] {
            if let Ok(mut file) = from.descend(b"info").and_then(|folder| folder.read_file(name)) {
                io::copy(&mut file, &mut info.create_file(name, 0o666)?)?;
            }
        }
        if let Ok(mut shallow) = common.read_file(b"shallow") {
            io::copy(&mut shallow, &mut dir.create_file(b"shallow", 0o666)?)?;
        }
        Ok(())
    }

    fn dot_git(&self) -> Vec<u8> {
        [b"gitdir: ", self.path.as_os_str().as_bytes(), b"\n"].concat()
    }

    /// Lets the worktree's `.git` file lead to where it led before, if it still leads here. Whatever else a tool made of it is found and
    /// told of by the next capture.
    ///
    /// # Errors
    /// Returns [`WorktreeError`] when the file can not be written.
    pub fn leave(&self, worktree: &Worktree) -> Result<(), WorktreeError> {
        // A tool may have removed the folder itself; the next capture finds that as well.
        let Ok(top) = Folder::open(worktree.path()) else { return Ok(()) };
        let put_back = || {
            if top.read_small(b".git").is_ok_and(|text| text == self.dot_git()) {
                top.replace(b".git", worktree.admin.dot_git())?;
            }
            Ok(())
        };
        put_back().map_err(disk(worktree.path()))
    }

    /// Reads where HEAD and the other heads of the tool lead, HEAD first, without those that lead where the main repository knows anyway.
    /// Nothing is believed of it but forty digits in regular files.
    #[must_use]
    pub fn heads(&self, started_at: ObjectId) -> Vec<ObjectId> {
        let Ok(dir) = Folder::open(&self.path) else { return Vec::new() };
        let mut heads: Vec<ObjectId> = head(&dir).into_iter().collect();
        heads.extend(loose(&dir, b"refs/heads", 4));
        heads.extend(loose(&dir, b"refs/tags", 4));
        heads.extend(dir.descend(b"refs").ok().and_then(|refs| read_id(&refs, b"stash")));
        let mut seen = std::collections::BTreeSet::from([started_at]);
        heads.retain(|id| seen.insert(*id));
        heads.truncate(MOST_HEADS);
        heads
    }

    /// Returns where the tool's HEAD leads, if it can be read.
    #[must_use]
    pub fn head(&self) -> Option<ObjectId> {
        head(&Folder::open(&self.path).ok()?)
    }

    /// Removes it with everything in it.
    ///
    /// # Errors
    /// Returns [`WorktreeError`] when something in it can not be removed.
    pub fn remove(&self) -> Result<(), WorktreeError> {
        Ok(fs::remove_dir_all(&self.path)?)
    }
}

/// Returns the text of an `alternates` file.
pub(super) fn alternates(folders: &[PathBuf]) -> Vec<u8> {
    folders.iter().flat_map(|folder| [folder.as_os_str().as_bytes(), b"\n"].concat()).collect()
}

/// The main configuration counts, as the user's git would read it; only what says which repository this is, is our own.
fn config(repo: &Repo, worktree: &Worktree) -> Vec<u8> {
    let quoted = |path: &Path| {
        let mut text = vec![b'"'];
        for byte in path.as_os_str().as_bytes() {
            if matches!(byte, b'"' | b'\\') {
                text.push(b'\\');
            }
            text.push(*byte);
        }
        text.push(b'"');
        text
    };
    let includes = [repo.common_dir().join("config"), worktree.admin_dir().join("config.worktree")];
    let mut text = Vec::new();
    for include in includes {
        text.extend([b"[include]\n\tpath = ".as_slice(), &quoted(&include), b"\n"].concat());
    }
    text.extend_from_slice(b"[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = ");
    text.extend(quoted(worktree.path()));
    text.extend_from_slice(b"\n[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n");
    text
}

/// Returns the main repository's refs, in the form of the file `packed-refs`.
fn packed_refs(repo: &Repo) -> Result<Vec<u8>, WorktreeError> {
    let git = repo.open()?;
    let failed = |source| WorktreeError::Object(crate::io::git::objects::ObjectError::Git { action: "list refs", source });
    let mut lines = Vec::new();
    for reference in git.references().map_err(failed)? {
        // A broken ref of the user's is no reason to stop.
        let Ok(reference) = reference else { continue };
        let (Some(target), Ok(name)) = (reference.target(), reference.name()) else { continue };
        if name.starts_with("refs/") && !OWN_REFS.iter().any(|own| name.starts_with(own)) {
            lines.push(format!("{} {name}\n", from_git(target)));
        }
    }
    lines.sort_unstable_by(|a, b| a[41..].cmp(&b[41..]));
    Ok(format!("# pack-refs with: sorted \n{}", lines.concat()).into_bytes())
}

fn head(dir: &Folder) -> Option<ObjectId> {
    let text = dir.read_small(b"HEAD").ok()?;
    let text = std::str::from_utf8(&text).ok()?.trim_end();
    let Some(name) = text.strip_prefix("ref: ") else { return ObjectId::parse(text).ok() };
    if !name.starts_with("refs/") {
        return None;
    }
    let (folder, file) = name.rsplit_once('/')?;
    let loose = dir.descend(folder.as_bytes()).ok().and_then(|folder| read_id(&folder, file.as_bytes()));
    loose.or_else(|| {
        let packed = dir.read_small(b"packed-refs").ok()?;
        let packed = String::from_utf8_lossy(&packed).into_owned();
        let line = packed.lines().find_map(|line| line.split_once(' ').filter(|(_, other)| *other == name))?;
        ObjectId::parse(line.0).ok()
    })
}

fn read_id(folder: &Folder, name: &[u8]) -> Option<ObjectId> {
    let text = folder.read_small(name).ok()?;
    ObjectId::parse(std::str::from_utf8(&text).ok()?.trim_end()).ok()
}

/// Returns where the loose refs below a folder lead.
fn loose(dir: &Folder, below: &[u8], depth: usize) -> Vec<ObjectId> {
    let Ok(folder) = dir.descend(below) else { return Vec::new() };
    let mut found = Vec::new();
    for name in folder.names().unwrap_or_default().into_iter().take(MOST_HEADS) {
        match read_id(&folder, &name) {
            Some(id) => found.push(id),
            None if depth > 0 => found.extend(loose(&folder, &name, depth - 1)),
            None => {}
        }
    }
    found
}
