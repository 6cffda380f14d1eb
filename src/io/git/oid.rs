//! Object ids in the words of the house and of libgit2.

use crate::domain::id::ObjectId;

/// Returns libgit2's form of an id.
pub(in crate::io::git) fn to_git(id: ObjectId) -> Result<git2::Oid, git2::Error> {
    git2::Oid::from_bytes(id.as_bytes())
}

/// Returns the house's form of an id.
pub(in crate::io::git) fn from_git(oid: git2::Oid) -> ObjectId {
    let mut bytes = [0; 20];
    for (to, from) in bytes.iter_mut().zip(oid.as_bytes()) {
        *to = *from;
    }
    ObjectId::from_bytes(bytes)
}
