//! A file that somebody else will put there: waiting for it.

use std::path::Path;
use std::time::Duration;

use crate::io::clock::pause;
use crate::io::fs::{self, FsError};

/// How often it is looked for.
const GLANCE: Duration = Duration::from_millis(200);

/// Waits, without any end, until there is such a file, and returns what is in it, up to a bound. Whoever puts it there must do so at once,
/// as a whole.
///
/// # Errors
/// Returns [`FsError`] when there is one that can not be read.
pub fn wait_for(path: &Path, most: u64) -> Result<Vec<u8>, FsError> {
    loop {
        match fs::read_at_most(path, most) {
            Ok(bytes) => return Ok(bytes),
            Err(error) if error.is_not_found() => pause(GLANCE),
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::fs::Durability;

    #[test]
    fn what_is_put_there_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("answer");
        let own = path.clone();
        let waiting = std::thread::spawn(move || wait_for(&own, 100));
        fs::write_atomic(&path, b"yes", Durability::Relaxed).unwrap();
        assert_eq!(waiting.join().unwrap().unwrap(), b"yes");
        assert!(wait_for(folder.path(), 100).is_err());
    }
}
