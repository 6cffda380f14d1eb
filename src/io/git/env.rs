//! The git program and the part of the environment that it may see.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The variables that every git process gets when they are set.
const ALWAYS: &[&str] = &["PATH", "HOME", "XDG_CONFIG_HOME", "TMPDIR", "USER", "LOGNAME"];
/// The variables that say which configuration files are read; a process on ground that a tool has touched does not get them.
const CONFIG_FILES: &[&str] = &["GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"];
/// The variables by which git finds its repository; only the discovery gets them.
const DISCOVERY: &[&str] = &["GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM"];
/// The variables that name the user; only the question for the identity gets them.
const IDENTITY: &[&str] = &["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "EMAIL"];

/// Where objects lie that were pushed and are not taken yet; set while `pre-receive` runs.
const QUARANTINE: &str = "GIT_QUARANTINE_PATH";

/// A group of environment variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::io::git) enum VarGroup {
    /// What every git process gets.
    Always,
    /// Which configuration files are read.
    ConfigFiles,
    /// The settings of `git -c` and `GIT_CONFIG_COUNT`.
    ConfigValues,
    /// How the repository is found.
    Discovery,
    /// Who the user is.
    Identity,
    /// Where objects lie that are not taken yet.
    Quarantine,
}

impl VarGroup {
    fn holds(self, name: &str) -> bool {
        match self {
            Self::Always => ALWAYS.contains(&name),
            Self::ConfigFiles => CONFIG_FILES.contains(&name),
            Self::ConfigValues => {
                matches!(name, "GIT_CONFIG_PARAMETERS" | "GIT_CONFIG_COUNT")
                    || name.starts_with("GIT_CONFIG_KEY_")
                    || name.starts_with("GIT_CONFIG_VALUE_")
            }
            Self::Discovery => DISCOVERY.contains(&name),
            Self::Identity => IDENTITY.contains(&name),
            Self::Quarantine => name == QUARANTINE,
        }
    }
}

/// The error when there is no git program.
#[derive(Debug, thiserror::Error)]
#[error("no `git` program in PATH")]
pub struct GitMissing;

/// The git program and the environment to take its variables from. Cheap to clone.
#[derive(Clone)]
pub struct GitEnv(Arc<Inner>);

struct Inner {
    program: PathBuf,
    vars: Vec<(OsString, OsString)>,
}

impl GitEnv {
    /// Finds the git program in the `PATH` of the given environment, and keeps the variables that git may see.
    ///
    /// # Errors
    /// Returns [`GitMissing`] when there is no git program.
    pub fn new(vars: impl IntoIterator<Item = (OsString, OsString)>) -> Result<Self, GitMissing> {
        let groups = [
            VarGroup::Always,
            VarGroup::ConfigFiles,
            VarGroup::ConfigValues,
            VarGroup::Discovery,
            VarGroup::Identity,
            VarGroup::Quarantine,
        ];
        let vars: Vec<_> =
            vars.into_iter().filter(|(name, _)| name.to_str().is_some_and(|name| groups.iter().any(|g| g.holds(name)))).collect();
        let path = vars.iter().find(|(name, _)| name == "PATH").map(|(_, value)| value.as_os_str());
        // An absolute path to the program lets the standard library start it by posix_spawn, which stays fast in a large process.
        let program =
            which::which_in("git", Some(path.unwrap_or(OsStr::new("/usr/local/bin:/usr/bin:/bin"))), "/").map_err(|_| GitMissing)?;
        Ok(Self(Arc::new(Inner { program, vars })))
    }

    /// Returns the absolute path of the git program.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.0.program
    }

    /// Returns where objects lie that were pushed and are not taken yet.
    pub(in crate::io::git) fn quarantine(&self) -> Option<&OsStr> {
        self.vars(VarGroup::Quarantine).next().map(|(_, path)| path)
    }

    /// Returns the variables of a group that are set.
    pub(in crate::io::git) fn vars(&self, group: VarGroup) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.0
            .vars
            .iter()
            .filter(move |(name, _)| name.to_str().is_some_and(|name| group.holds(name)))
            .map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }
}

impl fmt::Debug for GitEnv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GitEnv").field("program", &self.0.program).finish_non_exhaustive()
    }
}

/// The version of the git program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct GitVersion {
    /// The first number.
    pub major: u32,
    /// The second number.
    pub minor: u32,
}

impl GitVersion {
    /// The oldest version that is served: the first with `merge-tree --write-tree`.
    pub const OLDEST: Self = Self { major: 2, minor: 38 };

    /// Reads the answer of `git version`, for example `git version 2.47.3`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let numbers = text.trim().strip_prefix("git version ")?;
        let mut parts = numbers.split(['.', ' ', '-']);
        let major = parts.next()?.parse().ok()?;
        let minor = parts.next()?.parse().ok()?;
        Some(Self { major, minor })
    }
}

impl fmt::Display for GitVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        for (text, expect) in [
            ("git version 2.47.3\n", Some((2, 47))),
            ("git version 2.39.5 (Apple Git-154)", Some((2, 39))),
            ("git version 2.50.GIT", Some((2, 50))),
            ("git version 3.0-rc1", Some((3, 0))),
            ("nonsense", None),
        ] {
            let got = GitVersion::parse(text).map(|v| (v.major, v.minor));
            assert_eq!(got, expect, "{text}");
        }
        assert!(GitVersion { major: 2, minor: 9 } < GitVersion::OLDEST && GitVersion { major: 3, minor: 0 } > GitVersion::OLDEST);
    }

    #[test]
    fn only_known_variables_are_kept() {
        let vars = [("PATH", "/usr/bin:/bin"), ("SECRET", "x"), ("GIT_INDEX_FILE", "y"), ("GIT_DIR", "z"), ("GIT_CONFIG_KEY_0", "a.b")];
        let env = GitEnv::new(vars.map(|(k, v)| (k.into(), v.into()))).unwrap();
        let names = |group| env.vars(group).map(|(name, _)| name.to_str().unwrap().to_owned()).collect::<Vec<_>>();
        assert_eq!(names(VarGroup::Always), ["PATH"]);
        assert_eq!(names(VarGroup::Discovery), ["GIT_DIR"]);
        assert_eq!(names(VarGroup::ConfigValues), ["GIT_CONFIG_KEY_0"]);
        assert!(env.program().is_absolute());
    }

    #[test]
    fn a_missing_program_is_an_error() {
        assert!(GitEnv::new([("PATH".into(), "/nonexistent".into())]).is_err());
    }
}
