//! The contents of files, read from the object database once and kept while there is room: ten worktrees of one commit read them once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::id::ObjectId;
use crate::io::git::oid::to_git;

/// How many bytes of content are kept.
const BUDGET: usize = 64 << 20;

/// The longest content that is kept.
const MAX_KEPT: usize = 1 << 20;

/// Contents that were read.
#[derive(Debug, Default)]
pub(super) struct BlobCache(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    bytes: usize,
    blobs: HashMap<ObjectId, Arc<[u8]>>,
}

impl BlobCache {
    /// Returns the content of a blob.
    pub(super) fn read(&self, odb: &git2::Odb<'_>, id: ObjectId) -> Result<Arc<[u8]>, git2::Error> {
        if let Some(blob) = self.0.lock().unwrap_or_else(PoisonError::into_inner).blobs.get(&id) {
            return Ok(Arc::clone(blob));
        }
        let object = odb.read(to_git(id)?)?;
        if object.kind() != git2::ObjectType::Blob {
            return Err(git2::Error::from_str("the object is no blob"));
        }
        let blob: Arc<[u8]> = object.data().into();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if blob.len() <= MAX_KEPT && kept.bytes + blob.len() <= BUDGET {
            kept.bytes += blob.len();
            kept.blobs.insert(id, Arc::clone(&blob));
        }
        Ok(blob)
    }
}
