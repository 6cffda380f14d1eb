//! Passes content through git's own filters on the way in, with the attributes of the tree that work started from and the configuration as
//! it was before any tool ran.

use crate::domain::id::ObjectId;
use crate::io::git::attributes::{AttributeSummary, ConversionSettings};
use crate::io::git::command::{GitCommand, Trust};
use crate::io::git::content::{Convert, Store};
use crate::io::git::env::GitVersion;
use crate::io::git::repo::Repo;

/// The first version that takes attributes from a tree.
const ATTR_SOURCE: GitVersion = GitVersion { major: 2, minor: 41 };

/// Asks git for what it would store.
pub(super) struct GitConvert<'a> {
    pub(super) repo: &'a Repo,
    /// The tree whose attributes hold.
    pub(super) attributes_of: ObjectId,
    pub(super) summary: &'a AttributeSummary,
    pub(super) settings: &'a ConversionSettings,
}

impl Convert for GitConvert<'_> {
    fn convert(&self, path: &[u8], content: &[u8], store: Store) -> Option<Result<ObjectId, String>> {
        if !self.summary.changes_checkin(self.settings, content) {
            return None;
        }
        Some(self.hash(path, content, store))
    }

    fn is_needed(&self) -> bool {
        self.summary.may_change_checkin(self.settings)
    }
}

impl GitConvert<'_> {
    fn hash(&self, path: &[u8], content: &[u8], store: Store) -> Result<ObjectId, String> {
        if self.repo.version() < ATTR_SOURCE {
            return Err(format!("git {} can not take attributes from a tree; {ATTR_SOURCE} or newer is needed", self.repo.version()));
        }
        let mut path_option = b"--path=".to_vec();
        path_option.extend_from_slice(path);
        let mut command =
            GitCommand::new(self.repo).trust(Trust::Clean).arg(format!("--attr-source={}", self.attributes_of)).arg("hash-object");
        if store == Store::Yes {
            command = command.arg("-w");
        }
        let path_option = <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(&path_option);
        let output = command.arg("--stdin").arg(path_option).stdin(content).run().map_err(|error| error.to_string())?;
        ObjectId::parse(&output.text()).map_err(|error| error.to_string())
    }
}
