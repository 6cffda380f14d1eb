//! A directory held open, so that what is read or written in it can not be led elsewhere by a symbolic link put in its way.
//!
//! Everything in a worktree is named by an open directory and one name without a slash, and never followed if it is a link.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, RenameFlags, Stat, Timespec, Timestamps};

/// What a name stands for on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileKind {
    /// A regular file.
    File,
    /// A symbolic link.
    Symlink,
    /// A directory.
    Folder,
    /// A pipe, a socket or a device.
    Special,
}

/// A time stamp as a file system keeps it: seconds and nanoseconds.
pub(super) type FileTime = (i64, i64);

/// What `lstat` says about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileStat {
    /// What it is.
    pub(super) kind: FileKind,
    /// The permission bits.
    pub(super) permissions: u32,
    /// The size in bytes.
    pub(super) size: u64,
    /// When its content was written last.
    pub(super) mtime: FileTime,
    /// When anything about it changed last; no program can set it.
    pub(super) ctime: FileTime,
    /// The inode.
    pub(super) ino: u64,
    /// The device.
    pub(super) dev: u64,
    /// The owner.
    pub(super) uid: u32,
    /// The group.
    pub(super) gid: u32,
    /// The number of names it has.
    pub(super) links: u64,
}

impl FileStat {
    /// Returns whether git would call the file executable.
    pub(super) const fn is_executable(&self) -> bool {
        self.permissions & 0o100 != 0
    }
}

#[expect(clippy::useless_conversion, clippy::unnecessary_cast, reason = "the fields of stat have other types on other systems")]
fn read_stat(stat: &Stat) -> FileStat {
    let file_type = FileType::from_raw_mode(stat.st_mode);
    let kind = if file_type.is_file() {
        FileKind::File
    } else if file_type.is_symlink() {
        FileKind::Symlink
    } else if file_type.is_dir() {
        FileKind::Folder
    } else {
        FileKind::Special
    };
    FileStat {
        kind,
        permissions: u32::from(stat.st_mode) & 0o7777,
        size: u64::try_from(stat.st_size).unwrap_or(0),
        mtime: (stat.st_mtime as i64, stat.st_mtime_nsec as i64),
        ctime: (stat.st_ctime as i64, stat.st_ctime_nsec as i64),
        ino: stat.st_ino as u64,
        dev: stat.st_dev as u64,
        uid: stat.st_uid,
        gid: stat.st_gid,
        links: stat.st_nlink as u64,
    }
}

/// Reads what an open file is.
pub(super) fn stat_file(file: &File) -> io::Result<FileStat> {
    Ok(read_stat(&rustix::fs::fstat(file)?))
}

/// Sets when the content of an open file was written last.
pub(super) fn set_file_time(file: &File, time: FileTime) -> io::Result<()> {
    Ok(rustix::fs::futimens(file, &timestamps(time))?)
}

const fn timestamps((tv_sec, tv_nsec): FileTime) -> Timestamps {
    let at = Timespec { tv_sec, tv_nsec };
    Timestamps { last_access: at, last_modification: at }
}

/// An open directory.
#[derive(Debug)]
pub(super) struct Folder(OwnedFd);

const OPEN: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

impl Folder {
    /// Opens a directory by path; the last component must be no symbolic link.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(rustix::fs::open(path, OPEN, Mode::empty())?))
    }

    /// Opens a directory inside this one.
    pub(super) fn enter(&self, name: &[u8]) -> io::Result<Self> {
        Ok(Self(rustix::fs::openat(&self.0, plain(name)?, OPEN, Mode::empty())?))
    }

    /// Opens the directory at a path of names below this one, each of them a real directory.
    pub(super) fn descend(&self, path: &[u8]) -> io::Result<Self> {
        let mut folder = Self(self.0.try_clone()?);
        for name in path.split(|b| *b == b'/').filter(|n| !n.is_empty()) {
            folder = folder.enter(name)?;
        }
        Ok(folder)
    }

    /// Opens the directory at a path of names below this one, making those that are missing.
    pub(super) fn make_below(&self, path: &[u8]) -> io::Result<Self> {
        let mut folder = Self(self.0.try_clone()?);
        for name in path.split(|b| *b == b'/').filter(|n| !n.is_empty()) {
            folder = folder.make(name)?;
        }
        Ok(folder)
    }

    /// Opens a directory inside this one, making it if it is missing.
    pub(super) fn make(&self, name: &[u8]) -> io::Result<Self> {
        match self.create_folder(name) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            // It was there, or somebody just made it; either way it must be a real directory to be entered.
            Ok(()) | Err(_) => self.enter(name),
        }
    }

    /// Reads what the directory itself is.
    pub(super) fn stat_self(&self) -> io::Result<FileStat> {
        Ok(read_stat(&rustix::fs::fstat(&self.0)?))
    }

    /// Lists the names inside, sorted by their bytes.
    pub(super) fn names(&self) -> io::Result<Vec<Vec<u8>>> {
        let mut names = Vec::new();
        for entry in Dir::read_from(&self.0)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                names.push(name.to_vec());
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Reads what `lstat` says about a name.
    pub(super) fn stat(&self, name: &[u8]) -> io::Result<FileStat> {
        Ok(read_stat(&rustix::fs::statat(&self.0, plain(name)?, AtFlags::SYMLINK_NOFOLLOW)?))
    }

    /// Reads what `lstat` says about a name, or nothing when it does not exist.
    pub(super) fn find(&self, name: &[u8]) -> io::Result<Option<FileStat>> {
        match self.stat(name) {
            Ok(stat) => Ok(Some(stat)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Opens a regular file for reading. A pipe put in its place does not block.
    pub(super) fn read_file(&self, name: &[u8]) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = File::from(rustix::fs::openat(&self.0, plain(name)?, flags, Mode::empty())?);
        if stat_file(&file)?.kind == FileKind::File { Ok(file) } else { Err(io::Error::other("it is no regular file any more")) }
    }

    /// Reads a regular file that is not expected to be large; a larger one is an error.
    pub(super) fn read_small(&self, name: &[u8]) -> io::Result<Vec<u8>> {
        const MAX: u64 = 1 << 20;
        let mut content = Vec::new();
        self.read_file(name)?.take(MAX + 1).read_to_end(&mut content)?;
        if content.len() as u64 > MAX { Err(io::Error::other("it is too long")) } else { Ok(content) }
    }

    /// Makes a small file that must not exist.
    pub(super) fn write_new(&self, name: &[u8], content: &[u8]) -> io::Result<()> {
        self.create_file(name, 0o666)?.write_all(content)
    }

    /// Replaces whatever a name stands for, a directory excepted, by a small file.
    pub(super) fn replace(&self, name: &[u8], content: &[u8]) -> io::Result<()> {
        if self.find(name)?.is_some() {
            self.remove_file(name)?;
        }
        self.write_new(name, content)
    }

    /// Replaces whatever a name stands for by a small file, in one step: whoever reads finds the old or the new one. For folders that no
    /// capture looks into, since a process that is killed leaves a second file behind.
    pub(super) fn swap(&self, name: &[u8], content: &[u8]) -> io::Result<()> {
        if self.find(name)?.is_some_and(|stat| stat.kind == FileKind::Folder) {
            self.remove(name)?;
        }
        let beside = [name, b".new"].concat();
        self.replace(&beside, content)?;
        Ok(rustix::fs::renameat(&self.0, plain(&beside)?, &self.0, plain(name)?)?)
    }

    /// Moves something into another directory of the same file system, where the name must be free. A link is moved as a link.
    pub(super) fn move_into(&self, name: &[u8], other: &Self, to: &[u8]) -> io::Result<()> {
        Ok(rustix::fs::renameat_with(&self.0, plain(name)?, &other.0, plain(to)?, RenameFlags::NOREPLACE)?)
    }

    /// Reads where a symbolic link points.
    pub(super) fn read_link(&self, name: &[u8]) -> io::Result<Vec<u8>> {
        Ok(rustix::fs::readlinkat(&self.0, plain(name)?, Vec::new())?.into_bytes())
    }

    /// Makes a file that must not exist, with these permissions less the umask.
    pub(super) fn create_file(&self, name: &[u8], permissions: u32) -> io::Result<File> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(File::from(rustix::fs::openat(&self.0, plain(name)?, flags, Mode::from_raw_mode(permissions))?))
    }

    /// Makes a symbolic link that must not exist, with this time.
    pub(super) fn create_link(&self, name: &[u8], target: &[u8], time: FileTime) -> io::Result<()> {
        rustix::fs::symlinkat(target, &self.0, plain(name)?)?;
        Ok(rustix::fs::utimensat(&self.0, plain(name)?, &timestamps(time), AtFlags::SYMLINK_NOFOLLOW)?)
    }

    /// Makes a directory that must not exist.
    pub(super) fn create_folder(&self, name: &[u8]) -> io::Result<()> {
        Ok(rustix::fs::mkdirat(&self.0, plain(name)?, Mode::from_raw_mode(0o777))?)
    }

    /// Changes the permissions of a directory inside this one.
    pub(super) fn set_folder_permissions(&self, name: &[u8], permissions: u32) -> io::Result<()> {
        // By name, since a directory without permissions can not be opened; what `stat` just called a directory is no link.
        Ok(rustix::fs::chmodat(&self.0, plain(name)?, Mode::from_raw_mode(permissions), AtFlags::empty())?)
    }

    /// Removes a name that is no directory.
    pub(super) fn remove_file(&self, name: &[u8]) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.0, plain(name)?, AtFlags::empty())?)
    }

    /// Removes an empty directory.
    pub(super) fn remove_empty(&self, name: &[u8]) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.0, plain(name)?, AtFlags::REMOVEDIR)?)
    }

    /// Removes whatever a name stands for, with everything below it. Links are removed, never followed; directories that were made
    /// unwritable are made writable first.
    pub(super) fn remove(&self, name: &[u8]) -> io::Result<()> {
        let Some(stat) = self.find(name)? else { return Ok(()) };
        if stat.kind != FileKind::Folder {
            return self.remove_file(name);
        }
        if stat.permissions & 0o700 != 0o700 {
            self.set_folder_permissions(name, 0o700)?;
        }
        let inner = self.enter(name)?;
        for child in inner.names()? {
            inner.remove(&child)?;
        }
        self.remove_empty(name)
    }
}

/// Splits a path into its directory, empty at the top, and its name.
pub(super) fn split(path: &[u8]) -> (&[u8], &[u8]) {
    path.iter().rposition(|b| *b == b'/').map_or((&path[..0], path), |at| (&path[..at], &path[at + 1..]))
}

/// Returns the name if it names something in the directory itself.
fn plain(name: &[u8]) -> io::Result<&[u8]> {
    if name.is_empty() || name == b"." || name == b".." || name.iter().any(|b| matches!(b, b'/' | 0)) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not the name of a file in its directory"));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(dir.path()).unwrap();
        for name in [&b""[..], b".", b"..", b"a/b", b"/etc", b"a\0b"] {
            assert_eq!(folder.create_file(name, 0o666).unwrap_err().kind(), io::ErrorKind::InvalidInput, "{name:?}");
        }
    }

    #[test]
    fn links_are_never_followed() {
        let dir = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        File::create(outside.path().join("kept")).unwrap();
        symlink(outside.path(), dir.path().join("link")).unwrap();
        symlink(outside.path().join("kept"), dir.path().join("file")).unwrap();
        let folder = Folder::open(dir.path()).unwrap();
        assert!(folder.enter(b"link").is_err());
        assert!(folder.descend(b"link").is_err());
        assert!(folder.read_file(b"file").is_err());
        assert!(folder.create_file(b"file", 0o666).is_err());
        folder.remove(b"link").unwrap();
        folder.remove(b"file").unwrap();
        assert!(outside.path().join("kept").exists());
        assert_eq!(folder.names().unwrap(), Vec::<Vec<u8>>::new());
    }

    #[test]
    fn unwritable_directories_are_removed_with_their_links_only() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("a/b");
        std::fs::create_dir_all(&inner).unwrap();
        File::create(inner.join("x")).unwrap();
        std::fs::set_permissions(&inner, std::fs::Permissions::from_mode(0o500)).unwrap();
        std::fs::set_permissions(dir.path().join("a"), std::fs::Permissions::from_mode(0o000)).unwrap();
        Folder::open(dir.path()).unwrap().remove(b"a").unwrap();
        assert!(!dir.path().join("a").exists());
    }
}
