//! The file system that holds a repository: how much room it has, and what kind it is.

use std::path::Path;

/// How much room there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Free bytes, for whoever asks.
    pub bytes: u64,
    /// Free inodes; `None` where the file system does not count them.
    pub inodes: Option<u64>,
    /// What kind of file system it is, when that matters.
    pub kind: Kind,
}

/// The kinds of file systems that matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One on a disk of this machine, or one that is not known.
    Local,
    /// One over a network, on which locks and renames may not be what they should be.
    Network(&'static str),
    /// One in memory, which a restart empties.
    Memory,
}

/// Returns the room of the file system that holds a path; `None` when the system does not tell.
#[must_use]
pub fn room(path: &Path) -> Option<Room> {
    let space = rustix::fs::statvfs(path).ok()?;
    let kind = rustix::fs::statfs(path).map_or(Kind::Local, |stat| kind(stat.f_type as u64));
    Some(Room { bytes: space.f_bavail.saturating_mul(space.f_frsize), inodes: (space.f_files > 0).then_some(space.f_favail), kind })
}

/// Knows the numbers of Linux's `statfs(2)`.
const fn kind(number: u64) -> Kind {
    match number & 0xffff_ffff {
        0x6969 => Kind::Network("NFS"),
        0x517b | 0xff53_4d42 | 0xfe53_4d42 => Kind::Network("SMB"),
        0x0102_1997 => Kind::Network("9P"),
        0x6573_5546 => Kind::Network("FUSE"),
        0x0102_1994 => Kind::Memory,
        _ => Kind::Local,
    }
}
