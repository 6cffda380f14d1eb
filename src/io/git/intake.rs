//! The way of a tool's own commits into the main repository.
//!
//! No git ever runs on what the tool left: its object files are looked at one by one (regular files in real folders, at most so many and so
//! large), borrowed by an empty repository of our own, packed there, and unpacked into the main repository with every object checked and
//! every link in it resolved.

use std::io;
use std::path::Path;
use std::time::Duration;

use crate::domain::id::ObjectId;
use crate::io::fs::{self, Durability};
use crate::io::git::command::{GitCommand, GitCommandError, Trust};
use crate::io::git::folder::{FileKind, Folder};
use crate::io::git::private_dir::{PrivateDir, alternates};
use crate::io::git::repo::Repo;

/// The most files and bytes of objects that a tool may leave.
const MOST_FILES: usize = 200_000;
const MOST_BYTES: u64 = 2 << 30;
/// The most bytes that are brought over, packed.
const MOST_PACKED: usize = 256 << 20;
const PATIENCE: Duration = Duration::from_secs(120);

/// Why the commits of a tool were not brought over.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// What the tool left is nothing that git writes.
    #[error("its git directory is not one that git wrote: `{0}`")]
    Strange(String),
    /// It is too much.
    #[error("it left more than can be brought over: {0}")]
    TooMuch(&'static str),
    /// A file can not be read.
    #[error("its git directory can not be read")]
    Disk(#[from] io::Error),
    /// Our own folder can not be used.
    #[error(transparent)]
    File(#[from] fs::FsError),
    /// Git refuses the objects: they are damaged, not sound, or not all there.
    #[error("git refuses its objects")]
    Refused(#[from] GitCommandError),
}

/// Brings the commits of a tool into the main repository. They are there afterwards, and nothing leads to them yet.
///
/// # Errors
/// Returns [`IntakeError`] when nothing is brought over; what the tool left is untouched.
pub fn bring_over(
    repo: &Repo,
    private: &PrivateDir,
    (heads, known, durability): (&[ObjectId], ObjectId, Durability),
) -> Result<(), IntakeError> {
    inspect(repo, private.path())?;
    let own = tempfile::Builder::new().prefix("intake-").tempdir_in(private.path().parent().unwrap_or_else(|| Path::new("/")))?;
    let dir = Folder::open(own.path())?;
    for name in [&b"objects/info"[..], b"refs"] {
        dir.make_below(name)?;
    }
    dir.write_new(b"HEAD", b"ref: refs/heads/none\n")?;
    dir.write_new(b"config", b"[core]\n\trepositoryformatversion = 0\n\tbare = true\n")?;
    if let Ok(mut shallow) = Folder::open(repo.common_dir())?.read_file(b"shallow") {
        io::copy(&mut shallow, &mut dir.create_file(b"shallow", 0o666)?)?;
    }
    let folders = [private.path().join("objects"), repo.common_dir().join("objects")];
    dir.descend(b"objects/info")?.write_new(b"alternates", &alternates(&folders))?;
    let wanted: String = heads.iter().map(|id| format!("{id}\n")).chain([format!("^{known}\n")]).collect();
    let packed = hardened(repo)
        .env("GIT_DIR", own.path())
        .cwd(own.path())
        .args(["pack-objects", "--revs", "--stdout", "--quiet", "--delta-base-offset"])
        .stdin(wanted)
        .max_stdout(MOST_PACKED)
        .run()?;
    let mut unpack = hardened(repo);
    if durability == Durability::Full {
        unpack = unpack.config("core.fsync", "all");
    }
    unpack.args(["unpack-objects", "-q", "--strict"]).stdin(packed.stdout).run()?;
    Ok(())
}

/// No file beside the objects themselves is believed, since a commit graph can hide commits.
fn hardened(repo: &Repo) -> GitCommand {
    GitCommand::new(repo)
        .trust(Trust::Touched)
        .config("core.commitGraph", "false")
        .config("core.multiPackIndex", "false")
        .config("pack.useBitmaps", "false")
        .env("GIT_NO_LAZY_FETCH", "1")
        .timeout(PATIENCE)
}

/// Makes sure that the objects are plain files, that they borrow from the main repository alone, and that there are not too many.
fn inspect(repo: &Repo, private: &Path) -> Result<(), IntakeError> {
    let objects = Folder::open(private)?.enter(b"objects")?;
    let info = objects.enter(b"info")?;
    if info.read_small(b"alternates")? != alternates(&[repo.common_dir().join("objects")]) {
        return Err(IntakeError::Strange("objects/info/alternates".to_owned()));
    }
    let mut sum = (0, 0);
    for name in objects.names()? {
        let shown = || format!("objects/{}", String::from_utf8_lossy(&name));
        if objects.stat(&name)?.kind != FileKind::Folder {
            return Err(IntakeError::Strange(shown()));
        }
        let folder = objects.enter(&name)?;
        for file in folder.names()? {
            let stat = folder.stat(&file)?;
            if stat.kind != FileKind::File {
                return Err(IntakeError::Strange(format!("{}/{}", shown(), String::from_utf8_lossy(&file))));
            }
            sum = (sum.0 + 1, sum.1 + stat.size);
            if sum.0 > MOST_FILES {
                return Err(IntakeError::TooMuch("too many files"));
            }
            if sum.1 > MOST_BYTES {
                return Err(IntakeError::TooMuch("too many bytes"));
            }
        }
    }
    Ok(())
}
