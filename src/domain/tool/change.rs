//! The digest of a patch, for the detection of loops.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::domain::id::{ObjectId, RepoPath};

/// What a patch does to one path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PathChange {
    /// The path.
    pub path: RepoPath,
    /// Mode and blob before; `None` when the path is new.
    pub old: Option<(u32, ObjectId)>,
    /// Mode and blob after; `None` when the path is deleted.
    pub new: Option<(u32, ObjectId)>,
}

/// Returns a digest of 64 hexadecimal digits that is equal exactly when the changes are, whatever their order.
#[must_use]
pub fn patch_digest(changes: &[PathChange]) -> String {
    let mut sorted: Vec<&PathChange> = changes.iter().collect();
    sorted.sort();
    let mut hash = Sha256::new();
    for change in sorted {
        // A path holds no NUL, so the fields cannot run into each other.
        hash.update(change.path.as_bytes());
        hash.update([0]);
        for side in [&change.old, &change.new] {
            let (mode, id) = side.unwrap_or((0, ObjectId::ZERO));
            hash.update(mode.to_be_bytes());
            hash.update(id.as_bytes());
        }
    }
    hash.finalize().iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(path: &str, old: u8, new: u8) -> PathChange {
        let side = |fill: u8| (fill > 0).then(|| (0o100_644, ObjectId::from_bytes([fill; 20])));
        PathChange { path: RepoPath::from(path), old: side(old), new: side(new) }
    }

    #[test]
    fn equal_changes_have_equal_digests() {
        let (a, b) = (change("a", 1, 2), change("b", 0, 3));
        assert_eq!(patch_digest(&[a.clone(), b.clone()]), patch_digest(&[b.clone(), a.clone()]));
        let mut mode = a.clone();
        mode.new = Some((0o100_755, ObjectId::from_bytes([2; 20])));
        let others = [vec![], vec![a], vec![b], vec![change("a", 2, 1)], vec![change("a", 1, 0)], vec![change("c", 1, 2)], vec![mode]];
        let mut digests: Vec<String> = others.iter().map(|changes| patch_digest(changes)).collect();
        digests.sort();
        digests.dedup();
        assert_eq!(digests.len(), others.len());
        assert!(digests.iter().all(|digest| digest.len() == 64));
    }
}
