//! What a program is held by: data that travels to the last stage before it.

use std::ffi::OsString;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::bubblewrap::{self, View};
use super::kernel::{self, Rules};
use crate::domain::policy::sandbox::{Network, SandboxLevel};

/// What a program may read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Readable {
    /// Everything that is not masked.
    #[default]
    All,
    /// These files and folders, and what may be written.
    Listed(#[serde(with = "paths")] Vec<PathBuf>),
}

/// What a program is held by. All paths are absolute.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Confinement {
    /// How tightly.
    pub level: SandboxLevel,
    /// The files and folders that may be written, without symbolic links in their paths. What does not exist is left out.
    #[serde(default, with = "paths")]
    pub writable: Vec<PathBuf>,
    /// What may be read.
    #[serde(default)]
    pub readable: Readable,
    /// What is shown, read-only, although it lies below something that is masked or below `/tmp`.
    #[serde(default, with = "paths")]
    pub shown: Vec<PathBuf>,
    /// The files and folders whose content is hidden. Only [`SandboxLevel::Bubblewrap`] can hide.
    #[serde(default, with = "paths")]
    pub masked: Vec<PathBuf>,
    /// What may be reached over the network.
    #[serde(default)]
    pub network: Network,
    /// The folder for temporary files; at [`SandboxLevel::Bubblewrap`] it is also what stands at `/tmp`.
    #[serde(default, with = "optional_path")]
    pub private_tmp: Option<PathBuf>,
    /// The program that makes the sandbox at [`SandboxLevel::Bubblewrap`].
    #[serde(default, with = "optional_path")]
    pub bwrap: Option<PathBuf>,
}

/// Why a program was not confined; it must then not be started.
#[derive(Debug, thiserror::Error)]
pub enum ConfinementError {
    /// The kernel does not hold the process.
    #[error("the kernel does not confine the program with landlock")]
    NotEnforced,
    /// The kernel refused a rule.
    #[error("the program could not be confined with landlock")]
    Refused(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<kernel::RestrictError> for ConfinementError {
    fn from(error: kernel::RestrictError) -> Self {
        match error {
            kernel::RestrictError::NotEnforced => Self::NotEnforced,
            kernel::RestrictError::Refused(source) => Self::Refused(source),
        }
    }
}

impl Confinement {
    /// Returns a confinement that holds nothing.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Confines the calling thread, and with it everything that it executes from now on. Does nothing unless the level is
    /// [`SandboxLevel::Landlock`].
    ///
    /// To be called in a process with a single thread, just before it becomes the program: there is no way back.
    ///
    /// # Errors
    /// Returns a [`ConfinementError`] when the process is not confined. The program must then not be started.
    pub fn enter(&self) -> Result<(), ConfinementError> {
        match self.level {
            SandboxLevel::None | SandboxLevel::Bubblewrap => Ok(()),
            SandboxLevel::Landlock => {
                let writable: Vec<PathBuf> = self.writable.iter().chain(&self.private_tmp).cloned().collect();
                let readable = match &self.readable {
                    Readable::All => None,
                    Readable::Listed(listed) => Some(listed.iter().chain(&self.shown).cloned().collect::<Vec<_>>()),
                };
                let rules = Rules { writable: &writable, readable: readable.as_deref(), network: self.network };
                Ok(kernel::restrict(&rules)?)
            }
        }
    }

    /// Returns the argument vector to execute: that of `bwrap` at [`SandboxLevel::Bubblewrap`], else the given one.
    ///
    /// To be called just before it is executed: what exists and what is a folder is looked up here.
    #[must_use]
    pub fn wrap(&self, argv: Vec<OsString>) -> Vec<OsString> {
        match self.level {
            SandboxLevel::None | SandboxLevel::Landlock => argv,
            SandboxLevel::Bubblewrap => {
                let readable = match &self.readable {
                    Readable::All => None,
                    Readable::Listed(listed) => Some(listed.as_slice()),
                };
                let view = View {
                    writable: &self.writable,
                    readable,
                    shown: &self.shown,
                    masked: &self.masked,
                    network: self.network,
                    tmp: self.private_tmp.as_deref(),
                };
                let mut whole = vec![self.bwrap.clone().map_or_else(|| "bwrap".into(), PathBuf::into_os_string)];
                whole.extend(bubblewrap::arguments(&view));
                whole.push("--".into());
                whole.extend(argv);
                whole
            }
        }
    }
}

/// Paths as the bytes that they are: not every path is text.
mod paths {
    use std::ffi::OsString;
    use std::path::PathBuf;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(paths: &[PathBuf], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(paths.iter().map(|path| path.as_os_str()))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<PathBuf>, D::Error> {
        Ok(Vec::<OsString>::deserialize(deserializer)?.into_iter().map(PathBuf::from).collect())
    }
}

/// A path that may be missing, as the bytes that it is.
mod optional_path {
    use std::ffi::OsString;
    use std::path::PathBuf;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
        path.as_ref().map(|path| path.as_os_str()).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
        Ok(Option::<OsString>::deserialize(deserializer)?.map(PathBuf::from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStringExt as _;

    fn full(level: SandboxLevel) -> Confinement {
        Confinement {
            level,
            writable: vec!["/w".into(), OsString::from_vec(b"/w\xff".to_vec()).into()],
            readable: Readable::Listed(vec!["/usr".into()]),
            shown: vec!["/repo".into()],
            masked: vec!["/masked/.ssh".into()],
            network: Network::None,
            private_tmp: Some("/tmp/orc-x/1".into()),
            bwrap: Some("/usr/bin/bwrap".into()),
        }
    }

    #[test]
    fn it_travels_as_json_also_when_paths_are_no_text() {
        for level in SandboxLevel::ALL {
            let sent = full(level);
            let text = serde_json::to_string(&sent).unwrap();
            assert_eq!(serde_json::from_str::<Confinement>(&text).unwrap(), sent);
        }
        assert_eq!(serde_json::from_str::<Confinement>(r#"{"level":"none"}"#).unwrap(), Confinement::none());
    }

    #[test]
    fn only_bubblewrap_changes_the_argument_vector() {
        let argv: Vec<OsString> = vec!["tool".into(), "--flag".into()];
        assert_eq!(full(SandboxLevel::None).wrap(argv.clone()), argv);
        assert_eq!(full(SandboxLevel::Landlock).wrap(argv.clone()), argv);
        let wrapped = full(SandboxLevel::Bubblewrap).wrap(argv.clone());
        assert_eq!(wrapped[0], "/usr/bin/bwrap");
        assert_eq!(wrapped[wrapped.len() - 3..], ["--".into(), argv[0].clone(), argv[1].clone()]);
    }

    #[test]
    fn nothing_is_confined_where_the_level_is_not_landlock() {
        assert!(full(SandboxLevel::None).enter().is_ok() && full(SandboxLevel::Bubblewrap).enter().is_ok());
        std::fs::File::create(tempfile::tempdir().unwrap().path().join("still-writable")).unwrap();
    }
}
