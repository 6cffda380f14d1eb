//! Objects in files of their own, read without libgit2, which waits for ever for the rest of a file that ends too early.
//!
//! Git puts such a file in place under its final name at once, but not on the disk at once: after a loss of power a file can be there that
//! is empty, too short, or all zeroes. Whoever writes the same object again finds it there and leaves it as it is.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;

use super::durable::loose_path;
use crate::domain::id::ObjectId;
use crate::io::fs::{self, FsError};

/// A file that is no whole object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::io::git) struct Torn;

/// The kind and the content of an object.
pub(in crate::io::git) type Content = (git2::ObjectType, Vec<u8>);

/// Reads an object that has a file of its own below `folder`; `None` when it has none. The content is not hashed, but its checksum is
/// compared.
pub(in crate::io::git) fn read(folder: &Path, id: ObjectId) -> Result<Option<Content>, Torn> {
    match fs::read_if_exists(&loose_path(folder, id)) {
        Ok(Some(bytes)) => parse(&bytes).map(Some),
        // What can not be read at all is for libgit2 to name.
        Ok(None) | Err(_) => Ok(None),
    }
}

fn parse(bytes: &[u8]) -> Result<Content, Torn> {
    let header = Header::parse(bytes)?;
    let whole = header.length.checked_add(header.size).ok_or(Torn)?;
    // More than the header says is as wrong as less, and no reason to run out of memory.
    let mut content = decompress_to_vec_zlib_with_limit(bytes, whole).map_err(|_| Torn)?;
    if content.len() != whole {
        return Err(Torn);
    }
    content.drain(..header.length);
    Ok((header.kind, content))
}

/// Returns the size of the content of an object that has a file of its own below `folder`, as its header says; `None` when it has none.
pub(in crate::io::git) fn size(folder: &Path, id: ObjectId) -> Result<Option<usize>, Torn> {
    match fs::read_at_most(&loose_path(folder, id), FIRST) {
        Ok(bytes) => Header::parse(&bytes).map(|header| Some(header.size)),
        Err(_) => Ok(None),
    }
}

/// What the content of an object begins with.
struct Header {
    kind: git2::ObjectType,
    /// Of the content behind it, in bytes.
    size: usize,
    /// Its own, in bytes.
    length: usize,
}

impl Header {
    /// The longest one: the longest name of a kind, a space, the digits of 64 bits, a zero byte.
    const MOST: usize = 6 + 1 + 20 + 1;

    fn parse(compressed: &[u8]) -> Result<Self, Torn> {
        let start = match decompress_to_vec_zlib_with_limit(compressed, Self::MOST) {
            Ok(all) => all,
            Err(more) => more.output,
        };
        let end = start.iter().position(|byte| *byte == 0).ok_or(Torn)?;
        let (kind, size) = std::str::from_utf8(&start[..end]).ok().and_then(|text| text.split_once(' ')).ok_or(Torn)?;
        let kind = git2::ObjectType::from_str(kind).ok_or(Torn)?;
        Ok(Self { kind, size: size.parse().map_err(|_| Torn)?, length: end + 1 })
    }
}

/// So many compressed bytes hold a header, in bytes.
const FIRST: u64 = 1024;

/// Takes the torn files among the objects that have one of their own and were written since then out of the way, into `aside`, so that they
/// are written again. Returns their ids.
///
/// # Errors
/// Returns an error when the folders can not be read, or a file can not be moved.
pub fn set_torn_aside(folder: &Path, since: Option<SystemTime>, aside: &Path) -> Result<Vec<ObjectId>, FsError> {
    let mut torn = Vec::new();
    for (id, path) in files(folder)? {
        let is_older = match (since, std::fs::symlink_metadata(&path).and_then(|found| found.modified())) {
            (Some(since), Ok(modified)) => modified < since,
            (None, _) | (_, Err(_)) => false,
        };
        if is_older || read(folder, id) != Err(Torn) {
            continue;
        }
        fs::create_dir_all(aside)?;
        fs::rename(&path, &aside.join(id.to_string()))?;
        torn.push(id);
    }
    if !torn.is_empty() {
        fs::sync_dir(aside)?;
    }
    Ok(torn)
}

/// Returns the objects that have files of their own, with the files.
fn files(folder: &Path) -> Result<Vec<(ObjectId, PathBuf)>, FsError> {
    let mut files = Vec::new();
    for fan in fs::list(folder)? {
        let Some(start) = fan.file_name().and_then(|name| name.to_str()).filter(|name| name.len() == 2) else { continue };
        let start = start.to_owned();
        for path in fs::list(&fan)? {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if let Ok(id) = format!("{start}{name}").parse() {
                files.push((id, path));
            }
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Writes an object with libgit2; returns the folder of the objects, its id and its file.
    fn written(top: &Path, content: &[u8]) -> (PathBuf, ObjectId, PathBuf) {
        let git = git2::Repository::init(top).unwrap();
        let id: ObjectId = git.blob(content).unwrap().to_string().parse().unwrap();
        let folder = git.path().join("objects");
        let path = loose_path(&folder, id);
        (folder, id, path)
    }

    fn replace(path: &Path, bytes: &[u8]) {
        fs::remove_file(path).unwrap();
        fs::write_scratch(path, bytes).unwrap();
    }

    #[test]
    fn what_libgit2_writes_is_read() {
        for content in [&b""[..], b"x", &b"some lines\n".repeat(10_000), &(0..=255).cycle().take(70_000).collect::<Vec<u8>>()] {
            let top = tempfile::tempdir().unwrap();
            let (folder, id, _) = written(top.path(), content);
            assert_eq!(read(&folder, id), Ok(Some((git2::ObjectType::Blob, content.to_vec()))));
            assert_eq!(size(&folder, id), Ok(Some(content.len())));
        }
    }

    #[test]
    fn what_ends_too_early_anywhere_is_torn() {
        let top = tempfile::tempdir().unwrap();
        let (folder, id, path) = written(top.path(), b"some lines of a file that is not very long\n");
        let whole = fs::read(&path).unwrap();
        for length in 0..whole.len() {
            replace(&path, &whole[..length]);
            assert_eq!(read(&folder, id), Err(Torn), "{length} of {} bytes", whole.len());
        }
        replace(&path, &vec![0; whole.len()]);
        assert_eq!((read(&folder, id), size(&folder, id)), (Err(Torn), Err(Torn)));
        fs::remove_file(&path).unwrap();
        assert_eq!((read(&folder, id), size(&folder, id)), (Ok(None), Ok(None)));
    }

    #[test]
    fn what_says_too_little_or_too_much_is_torn() {
        let compressed = |content: &[u8]| miniz_oxide::deflate::compress_to_vec_zlib(content, 6);
        assert!(parse(&compressed(b"blob 3\0abc")).is_ok());
        for wrong in
            [&b"blob 2\0abc"[..], b"blob 4\0abc", b"blob 18446744073709551615\0abc", b"blob -1\0", b"bulb 3\0abc", b"blob 3", b"abc", b""]
        {
            assert_eq!(parse(&compressed(wrong)), Err(Torn), "{}", wrong.escape_ascii());
        }
        let bomb = compressed(&[b"blob 3\0abc".as_slice(), &vec![b'x'; 64 << 20]].concat());
        assert_eq!(parse(&bomb), Err(Torn));
    }

    #[test]
    fn only_what_is_torn_and_new_is_set_aside() {
        let top = tempfile::tempdir().unwrap();
        let (folder, torn, path) = written(top.path(), b"one");
        let (_, whole, _) = written(top.path(), b"two");
        replace(&path, b"");
        let aside = top.path().join("aside");
        let later = std::fs::symlink_metadata(&path).unwrap().modified().unwrap() + Duration::from_secs(60);
        assert_eq!(set_torn_aside(&folder, Some(later), &aside).unwrap(), []);
        assert!(path.exists() && !aside.exists());
        assert_eq!(set_torn_aside(&folder, None, &aside).unwrap(), [torn]);
        assert!(!path.exists() && aside.join(torn.to_string()).exists());
        assert!(read(&folder, whole).unwrap().is_some());
    }
}
