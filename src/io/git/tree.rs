//! The entries of a tree object: reading its bytes, writing them in git's order, and the modes.

use crate::domain::id::ObjectId;

/// What kind of thing an entry of a tree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileMode {
    /// A regular file, `100644`.
    Regular,
    /// An executable file, `100755`.
    Executable,
    /// A symbolic link, `120000`.
    Symlink,
    /// The commit of a submodule, `160000`.
    Gitlink,
    /// A folder, `40000`.
    Tree,
}

impl FileMode {
    /// Returns the octal digits that git writes into a tree.
    #[must_use]
    pub const fn octal(self) -> &'static str {
        match self {
            Self::Regular => "100644",
            Self::Executable => "100755",
            Self::Symlink => "120000",
            Self::Gitlink => "160000",
            Self::Tree => "40000",
        }
    }

    /// Reads the octal digits as they stand in a tree or in the output of git. Old trees may say `100664`, which is a regular file.
    #[must_use]
    pub fn parse(octal: &[u8]) -> Option<Self> {
        match octal {
            b"100644" | b"100664" => Some(Self::Regular),
            b"100755" => Some(Self::Executable),
            b"120000" => Some(Self::Symlink),
            b"160000" => Some(Self::Gitlink),
            b"40000" | b"040000" => Some(Self::Tree),
            _ => None,
        }
    }

    /// Returns whether this is a regular file, executable or not.
    #[must_use]
    pub const fn is_file(self) -> bool {
        matches!(self, Self::Regular | Self::Executable)
    }
}

/// The mode and the object of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Entry {
    /// What kind of thing it is.
    pub mode: FileMode,
    /// Its object.
    pub id: ObjectId,
}

/// An entry with its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedEntry {
    /// The name, one component of a path.
    pub name: Vec<u8>,
    /// What stands there.
    pub entry: Entry,
}

impl NamedEntry {
    /// Returns the bytes that git sorts by: a folder sorts as if its name ended with a slash.
    fn sort_key(&self) -> impl Iterator<Item = u8> + '_ {
        self.name.iter().copied().chain((self.entry.mode == FileMode::Tree).then_some(b'/'))
    }
}

/// Reads the bytes of a tree object; `None` when they are no tree.
#[must_use]
pub fn parse(mut bytes: &[u8]) -> Option<Vec<NamedEntry>> {
    let mut entries = Vec::with_capacity(bytes.len() / 32);
    while !bytes.is_empty() {
        let space = bytes.iter().position(|b| *b == b' ')?;
        let (octal, rest) = bytes.split_at(space);
        let rest = rest.get(1..)?;
        let nul = rest.iter().position(|b| *b == 0)?;
        let (name, rest) = rest.split_at(nul);
        let (id, rest) = rest.get(1..)?.split_first_chunk::<20>()?;
        let entry = Entry { mode: FileMode::parse(octal)?, id: ObjectId::from_bytes(*id) };
        entries.push(NamedEntry { name: name.to_vec(), entry });
        bytes = rest;
    }
    Some(entries)
}

/// Writes the bytes of a tree object; sorts the entries as git does.
#[must_use]
pub fn serialise(entries: &mut [NamedEntry]) -> Vec<u8> {
    entries.sort_by(|a, b| a.sort_key().cmp(b.sort_key()));
    let mut bytes = Vec::with_capacity(entries.len() * 40);
    for NamedEntry { name, entry } in entries.iter() {
        bytes.extend_from_slice(entry.mode.octal().as_bytes());
        bytes.push(b' ');
        bytes.extend_from_slice(name);
        bytes.push(0);
        bytes.extend_from_slice(entry.id.as_bytes());
    }
    bytes
}

/// Returns whether a name may stand in a tree at all: git itself could not check out or would refuse anything else.
/// Whether a path may land is a wider question, answered by [`crate::domain::policy::path`].
#[must_use]
pub fn is_name(name: &[u8]) -> bool {
    !matches!(name, b"" | b"." | b"..") && !name.eq_ignore_ascii_case(b".git") && !name.iter().any(|b| matches!(b, b'/' | 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, mode: FileMode) -> NamedEntry {
        NamedEntry { name: name.into(), entry: Entry { mode, id: ObjectId::from_bytes([7; 20]) } }
    }

    #[test]
    fn trees_round_trip_in_git_order() {
        let mut entries = [
            entry("a", FileMode::Tree),
            entry("a.c", FileMode::Regular),
            entry("a0", FileMode::Executable),
            entry("a-b", FileMode::Symlink),
        ];
        let bytes = serialise(&mut entries);
        let names: Vec<_> = parse(&bytes).unwrap().into_iter().map(|e| String::from_utf8(e.name).unwrap()).collect();
        assert_eq!(names, ["a-b", "a.c", "a", "a0"]);
    }

    #[test]
    fn damaged_trees_are_no_trees() {
        let bytes = serialise(&mut [entry("a", FileMode::Regular)]);
        for cut in 1..bytes.len() {
            assert_eq!(parse(&bytes[..cut]), None, "{cut}");
        }
        assert_eq!(parse(b""), Some(Vec::new()));
        assert_eq!(parse(b"777777 a\0aaaaaaaaaaaaaaaaaaaa"), None);
    }

    #[test]
    fn names_that_git_refuses_are_refused() {
        for bad in ["", ".", "..", ".git", ".GIT", "a/b", "a\0"] {
            assert!(!is_name(bad.as_bytes()), "{bad:?}");
        }
        assert!(is_name(b".gitignore") && is_name(b"\xff"));
    }
}
