//! What reads the settings as they are now.

use std::fmt;
use std::sync::Arc;

use crate::domain::run::reread::Fresh;

type Read = dyn Fn() -> Result<Fresh, String> + Send + Sync;

/// Reads the settings as they are now; where they come from is for whoever drives the run to know.
#[derive(Clone)]
pub struct Reader(Arc<Read>);

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}

impl Reader {
    /// Wraps what reads them; its error is a sentence for people.
    pub fn new(read: impl Fn() -> Result<Fresh, String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// Reads them.
    ///
    /// # Errors
    /// Returns a sentence for people when they can not be read.
    pub fn read(&self) -> Result<Fresh, String> {
        (self.0)()
    }
}
