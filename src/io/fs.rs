//! The door for writing, moving and removing files. Every error names the path.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// The error of an operation on a file.
#[derive(Debug, thiserror::Error)]
#[error("{action} `{}`: {source}", path.display())]
pub struct FsError {
    /// What was tried, for example `write`.
    pub action: &'static str,
    /// The path it was tried on.
    pub path: PathBuf,
    /// What the system answered.
    #[source]
    pub source: io::Error,
}

impl FsError {
    /// Returns whether the disk or the quota is full.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        matches!(self.source.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
    }

    /// Returns whether the path does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.source.kind() == ErrorKind::NotFound
    }
}

/// How much of a loss of power a write must survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Durability {
    /// It is on the disk before the call returns.
    Full,
    /// It is with the operating system: it survives the death of this process, not that of the machine.
    Relaxed,
}

fn at<T>(action: &'static str, path: &Path, result: io::Result<T>) -> Result<T, FsError> {
    result.map_err(|source| FsError { action, path: path.to_owned(), source })
}

/// Returns how many bytes are free for this user on the disk of a path; what does not exist yet would lie on that of the folder above it.
///
/// # Errors
/// Returns [`FsError`] when the disk can not be asked.
pub fn free_bytes(path: &Path) -> Result<u64, FsError> {
    let there = path.ancestors().find(|above| above.exists()).unwrap_or(path);
    let disk = at("measure the disk of", path, rustix::fs::statvfs(there).map_err(io::Error::from))?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Reads a whole file.
///
/// # Errors
/// Returns [`FsError`] when it can not be read.
pub fn read(path: &Path) -> Result<Vec<u8>, FsError> {
    at("read", path, fs::read(path))
}

/// Reads a whole file, or returns `None` when there is none.
///
/// # Errors
/// Returns [`FsError`] when it exists and can not be read.
pub fn read_if_exists(path: &Path) -> Result<Option<Vec<u8>>, FsError> {
    match fs::read(path) {
        Err(error) if is_absent(&error) => Ok(None),
        other => at("read", path, other).map(Some),
    }
}

/// Reads the first bytes of a file, at most `most` of them.
///
/// # Errors
/// Returns [`FsError`] when it can not be read.
pub fn read_at_most(path: &Path, most: u64) -> Result<Vec<u8>, FsError> {
    let mut bytes = Vec::new();
    at("read", path, File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes)))?;
    Ok(bytes)
}

/// Reads the last bytes of a regular file that somebody else writes, at most `most` of them; `None` when there is none. A link in its place is
/// not followed, and a pipe is not waited for.
///
/// # Errors
/// Returns [`FsError`] when there is something else, or it can not be read.
pub fn read_foreign_tail(path: &Path, most: u64) -> Result<Option<Vec<u8>>, FsError> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let read = || {
        let mut file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
        let found = file.metadata()?;
        if !found.is_file() {
            return Err(io::Error::other("it is no regular file"));
        }
        file.seek(SeekFrom::Start(found.len().saturating_sub(most)))?;
        let mut bytes = Vec::new();
        file.take(most).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    match read() {
        Err(error) if is_absent(&error) => Ok(None),
        other => at("read", path, other).map(Some),
    }
}

/// Reads standard input to its end, at most `most` bytes of it.
///
/// # Errors
/// Returns [`FsError`] when it can not be read.
pub fn read_stdin_at_most(most: u64) -> Result<Vec<u8>, FsError> {
    let mut bytes = Vec::new();
    at("read", Path::new("standard input"), io::stdin().lock().take(most).read_to_end(&mut bytes))?;
    Ok(bytes)
}

/// Reads the last bytes of a file, at most `most` of them.
///
/// # Errors
/// Returns [`FsError`] when it can not be read.
pub fn read_tail(path: &Path, most: u64) -> Result<Vec<u8>, FsError> {
    let read = || {
        let mut file = File::open(path)?;
        let end = file.metadata()?.len();
        file.seek(SeekFrom::Start(end.saturating_sub(most)))?;
        let mut bytes = Vec::new();
        file.take(most).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    at("read", path, read())
}

/// Reads a file piece by piece, so that a large one takes no memory.
///
/// # Errors
/// Returns [`FsError`] when it can not be read.
pub fn read_in_pieces(path: &Path, mut take: impl FnMut(&[u8])) -> Result<(), FsError> {
    let mut buffer = vec![0; 64 << 10];
    let mut file = at("read", path, File::open(path))?;
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(length) => take(&buffer[..length]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return at("read", path, Err(error)),
        }
    }
}

/// Returns what lies in a folder, sorted by name.
///
/// # Errors
/// Returns [`FsError`] when it can not be listed.
pub fn list(folder: &Path) -> Result<Vec<PathBuf>, FsError> {
    let entries = fs::read_dir(folder).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>());
    let mut paths = at("list", folder, entries)?;
    paths.sort_unstable();
    Ok(paths)
}

/// Replaces a file as a whole: readers see the old or the new content, never a mixture, also after a crash.
///
/// # Errors
/// Returns [`FsError`] when it can not be written; the old file is then untouched.
pub fn write_atomic(path: &Path, bytes: &[u8], durability: Durability) -> Result<(), FsError> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let mode = fs::metadata(path).map_or(0o644, |meta| meta.permissions().mode() & 0o7777);
    let mut temporary =
        at("write", path, tempfile::Builder::new().prefix(".orc-").permissions(fs::Permissions::from_mode(mode)).tempfile_in(folder))?;
    at("write", path, temporary.write_all(bytes))?;
    // The content is always synced before the rename: otherwise a loss of power can leave an empty file under the final name.
    at("sync", path, temporary.as_file().sync_all())?;
    at("write", path, temporary.persist(path).map_err(|error| error.error))?;
    match durability {
        Durability::Full => sync_dir(folder),
        Durability::Relaxed => Ok(()),
    }
}

/// Writes a file that is not there yet, as a whole: one that somebody made meanwhile stays as it is.
///
/// # Errors
/// Returns [`FsError`] when it can not be written, or is there already.
pub fn write_new(path: &Path, bytes: &[u8], durability: Durability) -> Result<(), FsError> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let permissions = fs::Permissions::from_mode(0o644);
    let mut temporary = at("write", path, tempfile::Builder::new().prefix(".orc-").permissions(permissions).tempfile_in(folder))?;
    at("write", path, temporary.write_all(bytes))?;
    at("sync", path, temporary.as_file().sync_all())?;
    at("write", path, temporary.persist_noclobber(path).map_err(|error| error.error))?;
    match durability {
        Durability::Full => sync_dir(folder),
        Durability::Relaxed => Ok(()),
    }
}

/// Writes a file that nobody else reads and that need not outlive this process.
///
/// # Errors
/// Returns [`FsError`] when it can not be written.
#[expect(clippy::disallowed_methods, reason = "the door for writing files")]
pub fn write_scratch(path: &Path, bytes: &[u8]) -> Result<(), FsError> {
    at("write", path, fs::write(path, bytes))
}

/// Appends one line to a file, creating it if needed; `line` must not contain a newline. Lines of several writers do not mix.
///
/// # Errors
/// Returns [`FsError`] when it can not be written.
pub fn append_line(path: &Path, line: &[u8], durability: Durability) -> Result<(), FsError> {
    let mut file = at("open", path, OpenOptions::new().append(true).create(true).open(path))?;
    let mut whole = Vec::with_capacity(line.len() + 1);
    whole.extend_from_slice(line);
    whole.push(b'\n');
    at("append to", path, file.write_all(&whole))?;
    match durability {
        Durability::Full => at("sync", path, file.sync_data()),
        Durability::Relaxed => Ok(()),
    }
}

/// Makes a folder and those above it.
///
/// # Errors
/// Returns [`FsError`] when it can not be made.
pub fn create_dir_all(path: &Path) -> Result<(), FsError> {
    at("create folder", path, fs::create_dir_all(path))
}

/// Makes a folder that only its owner can use, or takes one that is there, if it is a real folder and our own.
///
/// # Errors
/// Returns [`FsError`] when it can not be made, or what is there is something else.
pub fn create_private_dir(path: &Path) -> Result<(), FsError> {
    use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
    match fs::DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let meta = at("inspect", path, fs::symlink_metadata(path))?;
            let is_ours = meta.is_dir() && meta.uid() == rustix::process::geteuid().as_raw();
            at("use", path, if is_ours { Ok(()) } else { Err(error) })
        }
        other => at("create folder", path, other),
    }
}

/// Makes a folder that nobody else has, named `prefix` and some random characters, and returns it; it is kept.
///
/// # Errors
/// Returns [`FsError`] when it can not be made.
pub fn create_fresh_dir(parent: &Path, prefix: &str) -> Result<PathBuf, FsError> {
    at("create folder in", parent, tempfile::Builder::new().prefix(prefix).tempdir_in(parent)).map(tempfile::TempDir::keep)
}

/// Removes a file or a symbolic link; returns whether there was one.
///
/// # Errors
/// Returns [`FsError`] when it exists and can not be removed.
#[expect(clippy::disallowed_methods, reason = "the door for removing files")]
pub fn remove_file(path: &Path) -> Result<bool, FsError> {
    match fs::remove_file(path) {
        Err(error) if is_absent(&error) => Ok(false),
        other => at("remove", path, other).map(|()| true),
    }
}

/// Removes a folder that is empty; returns whether it is gone now. A folder with something in it stays.
///
/// # Errors
/// Returns [`FsError`] for any other failure.
pub fn remove_dir_if_empty(path: &Path) -> Result<bool, FsError> {
    match fs::remove_dir(path) {
        Err(error) if is_absent(&error) => Ok(true),
        Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => Ok(false),
        other => at("remove folder", path, other).map(|()| true),
    }
}

/// Removes a folder and everything in it, never following a symbolic link: a link is removed, what it names stays.
/// Folders without write permission (read-only caches of build tools) are made writable first. A missing folder is no error.
///
/// # Errors
/// Returns [`FsError`] when something can not be removed.
#[expect(clippy::disallowed_methods, reason = "the door for removing folders")]
pub fn remove_dir_all(path: &Path) -> Result<(), FsError> {
    match fs::remove_dir_all(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound && fs::symlink_metadata(path).is_err() => Ok(()),
        Err(_) => {
            open_folders(path)?;
            at("remove folder", path, fs::remove_dir_all(path))
        }
    }
}

/// Gives the owner every right on the folder and on the folders below it, without following links.
fn open_folders(folder: &Path) -> Result<(), FsError> {
    let meta = at("inspect", folder, fs::symlink_metadata(folder))?;
    if !meta.is_dir() {
        return Ok(());
    }
    if meta.permissions().mode() & 0o700 != 0o700 {
        let mode = meta.permissions().mode() | 0o700;
        at("change permissions of", folder, fs::set_permissions(folder, fs::Permissions::from_mode(mode)))?;
    }
    for entry in at("list", folder, fs::read_dir(folder))? {
        let entry = at("list", folder, entry)?;
        if at("inspect", folder, entry.file_type())?.is_dir() {
            open_folders(&entry.path())?;
        }
    }
    Ok(())
}

/// Moves a file or a folder inside one file system, replacing a file of that name.
///
/// # Errors
/// Returns [`FsError`] when it can not be moved.
#[expect(clippy::disallowed_methods, reason = "the door for moving files")]
pub fn rename(from: &Path, to: &Path) -> Result<(), FsError> {
    at("move", from, fs::rename(from, to))
}

/// Copies one regular file with its permissions; a symbolic link is copied as a link.
///
/// # Errors
/// Returns [`FsError`] when it can not be copied.
pub fn copy(from: &Path, to: &Path) -> Result<(), FsError> {
    let meta = at("inspect", from, fs::symlink_metadata(from))?;
    if meta.is_symlink() {
        let target = at("read link", from, fs::read_link(from))?;
        return at("create link", to, std::os::unix::fs::symlink(target, to));
    }
    at("copy", from, fs::copy(from, to)).map(|_| ())
}

/// Waits until the names in a folder are on the disk.
///
/// # Errors
/// Returns [`FsError`] when the folder can not be opened or synced.
pub fn sync_dir(path: &Path) -> Result<(), FsError> {
    at("sync", path, File::open(path).and_then(|dir| dir.sync_all()))
}

/// Waits until the content of a file is on the disk.
///
/// # Errors
/// Returns [`FsError`] when the file can not be opened or synced.
pub fn sync_file(path: &Path) -> Result<(), FsError> {
    at("sync", path, File::open(path).and_then(|file| file.sync_all()))
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_keeps_its_mode() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        write_atomic(&path, b"one", Durability::Full).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        write_atomic(&path, b"two", Durability::Relaxed).unwrap();
        assert_eq!(read(&path).unwrap(), b"two");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o755);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn lines_are_appended() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        append_line(&path, b"a", Durability::Full).unwrap();
        append_line(&path, b"b", Durability::Relaxed).unwrap();
        assert_eq!(read(&path).unwrap(), b"a\nb\n");
    }

    #[test]
    fn fresh_folders_are_empty_kept_and_never_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let (one, other) = (create_fresh_dir(dir.path(), "demo-").unwrap(), create_fresh_dir(dir.path(), "demo-").unwrap());
        assert_ne!(one, other);
        assert_eq!(list(&one).unwrap(), Vec::<PathBuf>::new());
        assert!(one.file_name().unwrap().to_str().unwrap().starts_with("demo-"));
        assert!(create_fresh_dir(&dir.path().join("missing"), "demo-").is_err());
    }

    #[test]
    fn removing_a_folder_leaves_what_links_name() {
        let dir = tempfile::tempdir().unwrap();
        let (outside, inside) = (dir.path().join("outside"), dir.path().join("inside"));
        create_dir_all(&outside.join("deep")).unwrap();
        create_dir_all(&inside.join("locked/deeper")).unwrap();
        append_line(&outside.join("kept"), b"x", Durability::Relaxed).unwrap();
        std::os::unix::fs::symlink(&outside, inside.join("link")).unwrap();
        fs::set_permissions(inside.join("locked"), fs::Permissions::from_mode(0o500)).unwrap();
        remove_dir_all(&inside).unwrap();
        assert!(!inside.exists());
        assert!(outside.join("kept").exists());
        std::os::unix::fs::symlink(&outside, &inside).unwrap();
        remove_dir_all(&inside).unwrap();
        assert!(outside.join("kept").exists() && fs::symlink_metadata(&inside).is_err());
        remove_dir_all(&inside).unwrap();
    }

    #[test]
    fn what_somebody_else_put_there_is_not_followed_or_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link, pipe) = (dir.path().join("file"), dir.path().join("link"), dir.path().join("pipe"));
        write_scratch(&file, b"0123456789").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::from_raw_mode(0o600), 0).unwrap();
        assert_eq!(read_foreign_tail(&file, 4).unwrap().unwrap(), b"6789");
        assert_eq!(read_foreign_tail(&dir.path().join("none"), 4).unwrap(), None);
        for other in [&link, &pipe, &dir.path().to_owned()] {
            assert!(read_foreign_tail(other, 4).is_err(), "{}", other.display());
        }
    }

    #[test]
    fn errors_name_the_path() {
        let error = read(Path::new("/nonexistent/file")).unwrap_err();
        assert!(error.to_string().starts_with("read `/nonexistent/file`: "), "{error}");
        assert!(error.is_not_found() && !error.is_disk_full());
        assert_eq!(read_if_exists(Path::new("/nonexistent/file")).unwrap(), None);
        assert!(!remove_file(Path::new("/nonexistent/file")).unwrap());
    }
}
