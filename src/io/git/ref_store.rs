//! How refs lie on the disk: one file each, or all in `packed-refs`.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::time::Duration;

use bstr::ByteSlice as _;

use super::ref_error::RefError;
use crate::domain::id::ObjectId;
use crate::io::clock::{self, Stopwatch};
use crate::io::fs::{self as files, FsError};

/// How many symbolic refs are followed, as in git.
const MAX_DEPTH: usize = 5;

/// What the file of a ref holds.
pub(in crate::io::git) enum Loose {
    /// An object id.
    Id(ObjectId),
    /// The name of another ref.
    Symbolic(String),
}

/// Reads a ref; follows symbolic ones.
pub(in crate::io::git) fn read(common: &Path, name: &str) -> Result<Option<ObjectId>, RefError> {
    let mut at = name.to_owned();
    for _ in 0..MAX_DEPTH {
        match read_loose(common, &at)? {
            Some(Loose::Id(id)) => return Ok(Some(id)),
            Some(Loose::Symbolic(next)) => at = next,
            None => return Ok(Packed::read(common)?.value(&at)),
        }
    }
    Err(RefError::Damaged { name: name.to_owned() })
}

/// Reads the file of a ref, if it has one.
pub(in crate::io::git) fn read_loose(common: &Path, name: &str) -> Result<Option<Loose>, RefError> {
    let path = common.join(name);
    let bytes = match files::read_if_exists(&path) {
        Err(error) if error.source.kind() == ErrorKind::IsADirectory => return Ok(None),
        other => other?,
    };
    let Some(bytes) = bytes else { return Ok(None) };
    let damaged = || RefError::Damaged { name: name.to_owned() };
    let text = std::str::from_utf8(&bytes).map_err(|_| damaged())?.trim_end();
    match text.strip_prefix("ref:") {
        Some(target) => Ok(Some(Loose::Symbolic(target.trim().to_owned()))),
        None => ObjectId::parse(text).map(|id| Some(Loose::Id(id))).map_err(|_| damaged()),
    }
}

/// Returns the refs below a prefix that ends with a slash, loose ones before packed ones of the same name.
pub(in crate::io::git) fn list(common: &Path, prefix: &str) -> Result<Vec<(String, ObjectId)>, RefError> {
    // Loose first: a ref that is packed meanwhile is then found in the packed file, which is read later.
    let mut found = BTreeMap::new();
    list_loose(common, prefix.trim_end_matches('/'), &mut found)?;
    let packed = Packed::read(common)?;
    for (name, id) in packed.below(prefix) {
        found.entry(name).or_insert(id);
    }
    Ok(found.into_iter().collect())
}

/// Returns the packed refs below a prefix, those with a file of their own included.
pub(in crate::io::git) fn list_packed(common: &Path, prefix: &str) -> Result<Vec<(String, ObjectId)>, FsError> {
    Ok(Packed::read(common)?.below(prefix).collect())
}

fn list_loose(common: &Path, folder: &str, found: &mut BTreeMap<String, ObjectId>) -> Result<(), RefError> {
    let path = common.join(folder);
    let entries = match fs::read_dir(&path) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(()),
        other => other.map_err(|source| FsError { action: "list", path: path.clone(), source })?,
    };
    for entry in entries {
        let entry = entry.map_err(|source| FsError { action: "list", path: path.clone(), source })?;
        let Some(name) = entry.file_name().to_str().filter(|name| !name.ends_with(".lock")).map(|name| format!("{folder}/{name}")) else {
            continue;
        };
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            list_loose(common, &name, found)?;
        } else if let Some(id) = read(common, &name)? {
            found.insert(name, id);
        }
    }
    Ok(())
}

/// The content of `packed-refs`.
pub(in crate::io::git) struct Packed(Vec<u8>);

impl Packed {
    /// Reads the file; it may not exist.
    pub(in crate::io::git) fn read(common: &Path) -> Result<Self, FsError> {
        files::read_if_exists(&common.join("packed-refs")).map(|bytes| Self(bytes.unwrap_or_default()))
    }

    fn entries(&self) -> impl Iterator<Item = (ObjectId, &str)> {
        self.0.lines().filter_map(|line| {
            let (id, name) = std::str::from_utf8(line).ok()?.split_once(' ')?;
            Some((ObjectId::parse(id).ok()?, name))
        })
    }

    /// Returns the value of a ref.
    pub(in crate::io::git) fn value(&self, name: &str) -> Option<ObjectId> {
        // Looks for the name first, so that a file of a hundred thousand refs is scanned and not parsed.
        let line = format!(" {name}\n");
        self.0.find(line.as_bytes())?;
        self.entries().find(|(_, found)| *found == name).map(|(id, _)| id)
    }

    fn below<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (String, ObjectId)> + 'a {
        self.entries().filter(move |(_, name)| name.starts_with(prefix)).map(|(id, name)| (name.to_owned(), id))
    }

    /// Returns a ref that can not exist beside a new one: one of its folders, or one inside it.
    pub(in crate::io::git) fn conflict(&self, name: &str) -> Option<String> {
        let inside = |other: &str, folder: &str| other.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        self.entries().map(|(_, other)| other).find(|other| inside(other, name) || inside(name, other)).map(str::to_owned)
    }

    /// Returns the content without a ref and without the line that tells what its tag leads to.
    fn without(&self, name: &str) -> Vec<u8> {
        let end = format!(" {name}");
        let mut skipping = false;
        let mut kept = Vec::with_capacity(self.0.len());
        for line in self.0.lines_with_terminator() {
            skipping = if line.starts_with(b"^") { skipping } else { line.trim_end().ends_with(end.as_bytes()) };
            if !skipping {
                kept.extend_from_slice(line);
            }
        }
        kept
    }
}

/// Removes a ref from `packed-refs`, by git's protocol: the new file is written as `packed-refs.lock` and renamed.
pub(in crate::io::git) fn remove_packed(common: &Path, name: &str, patience: Duration) -> Result<(), RefError> {
    let (path, lock) = (common.join("packed-refs"), common.join("packed-refs.lock"));
    let at = |source| FsError { action: "write", path: lock.clone(), source };
    let watch = Stopwatch::start();
    let mut file = loop {
        match OpenOptions::new().write(true).create_new(true).open(&lock) {
            Ok(file) => break file,
            Err(error) if error.kind() == ErrorKind::AlreadyExists && watch.elapsed() < patience => {
                clock::pause(Duration::from_millis(2) + clock::jitter(Duration::from_millis(5)));
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(RefError::Locked { name: name.to_owned(), lock }),
            Err(error) => return Err(at(error).into()),
        }
    };
    let written = Packed::read(common).and_then(|packed| {
        file.write_all(&packed.without(name)).and_then(|()| file.sync_all()).map_err(at)?;
        files::rename(&lock, &path)?;
        // Before the loose file goes: or else a loss of power could bring an old packed value back.
        files::sync_dir(common)
    });
    if written.is_err() {
        files::remove_file(&lock)?;
    }
    Ok(written?)
}
