//! What errors of the cache of steps mean.

use super::meaning::Meaning;
use crate::cli::exit::Exit;
use crate::engine::cache_store::CacheStoreError;
use crate::ops::cache::CacheError;

impl Meaning for CacheStoreError {
    fn exit(&self) -> Exit {
        Exit::Environment
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::File(error) => error.hint(),
            Self::Key => Some("Remove the folder `orc/cache` of the git directory; `git orc run --cache` makes it anew.".to_owned()),
            Self::Ref(_) | Self::Json(_) => {
                Some("`git update-ref -d refs/orc/cache` empties the cache; nothing is lost but time.".to_owned())
            }
        }
    }
}

impl Meaning for CacheError {
    fn exit(&self) -> Exit {
        match self {
            Self::Store(error) => error.exit(),
            Self::Run(error) => error.exit(),
            Self::Begin(error) => error.exit(),
            Self::Frozen(error) => error.exit(),
            Self::Object(_) => Exit::Environment,
            Self::Unknown { .. } => Exit::Usage,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Store(error) => error.hint(),
            Self::Run(error) => error.hint(),
            Self::Begin(error) => error.hint(),
            Self::Frozen(error) => error.hint(),
            Self::Object(_) => Some("`git fsck` tells which objects are damaged.".to_owned()),
            Self::Unknown { suggestion: Some(name), .. } => Some(format!("Did you mean `{name}`?")),
            Self::Unknown { suggestion: None, .. } => Some("`git orc plan show PLAN` lists the workstreams.".to_owned()),
        }
    }
}
