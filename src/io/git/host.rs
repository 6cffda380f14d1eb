//! What the user's configuration says about worktrees, read once, before any tool ran.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::gitignore::Gitignore;

use crate::io::fs::{self, FsError};
use crate::io::git::attributes::{AttributeSummary, ConversionSettings, is_true};
use crate::io::git::command::{GitCommand, GitCommandError};
use crate::io::git::disk::{DiskSettings, FileModes, Symlinks};
use crate::io::git::env::VarGroup;
use crate::io::git::ignored::compile;
use crate::io::git::repo::Repo;

/// The error of reading the configuration.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// Git does not list it.
    #[error(transparent)]
    Git(#[from] GitCommandError),
    /// A file of attributes or ignore rules can not be read.
    #[error(transparent)]
    File(#[from] FsError),
}

/// Who makes worktrees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Maker {
    /// We do, byte for byte.
    Own,
    /// Git does: something in the configuration or in the tree asks for what only git can do.
    Git,
}

/// What the configuration says about worktrees.
#[derive(Debug)]
pub(super) struct Host {
    /// What it says about disks.
    pub(super) disk: DiskSettings,
    /// What it says about conversions.
    pub(super) conversion: ConversionSettings,
    /// The attributes that hold in every tree.
    pub(super) attributes: AttributeSummary,
    /// The ignore rules that hold in every tree, the weakest first.
    pub(super) ignores: Vec<Arc<Gitignore>>,
    /// Who makes worktrees, as far as the configuration goes.
    pub(super) maker: Maker,
    /// The submodules for which the user's configuration has an address.
    pub(super) submodules: Vec<String>,
    /// Which protocols may be used; git does not pass the repository's own settings on when it clones a submodule.
    pub(super) protocols: Vec<(String, String)>,
}

impl Host {
    /// Reads the configuration that holds where the user stands.
    pub(super) fn load(repo: &Repo) -> Result<Self, HostError> {
        let mut command = GitCommand::new(repo).plain_config().args(["config", "--list", "-z"]);
        if repo.git_dir() != repo.common_dir() {
            command = command.linked(repo, repo.git_dir());
        }
        let listed = String::from_utf8_lossy(&command.run()?.stdout).into_owned();
        let pairs: Vec<(&str, &str)> =
            listed.split('\0').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('\n').unwrap_or((pair, "true"))).collect();
        let value = |key: &str| pairs.iter().rev().find(|(k, _)| *k == key).map(|(_, v)| *v);
        let holds = |key: &str| value(key).is_some_and(is_true);
        let files = UserFiles::new(repo);
        let mut attributes = AttributeSummary::default();
        for path in files.attributes(value("core.attributesfile")) {
            attributes.add_file(&fs::read_if_exists(&path)?.unwrap_or_default());
        }
        let mut ignores = Vec::new();
        for path in files.ignores(value("core.excludesfile")) {
            ignores.extend(fs::read_if_exists(&path)?.map(|content| compile(&content)));
        }
        let symlinks = if value("core.symlinks").is_none_or(is_true) { Symlinks::Links } else { Symlinks::Files };
        let own_config = holds("extensions.worktreeconfig") && repo.git_dir().join("config.worktree").exists();
        let relative = holds("worktree.userelativepaths") || holds("extensions.relativeworktrees");
        let plain = symlinks == Symlinks::Links && !own_config && !relative && !holds("core.sparsecheckout");
        Ok(Self {
            disk: DiskSettings {
                file_mode: if value("core.filemode").is_none_or(is_true) { FileModes::Trusted } else { FileModes::Untrusted },
                symlinks,
            },
            attributes,
            ignores,
            maker: if plain { Maker::Own } else { Maker::Git },
            submodules: pairs
                .iter()
                .filter_map(|(key, _)| key.strip_prefix("submodule.")?.strip_suffix(".url"))
                .map(str::to_owned)
                .collect(),
            protocols: pairs
                .iter()
                .filter(|(key, _)| key.starts_with("protocol."))
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect(),
            conversion: ConversionSettings::from_config(pairs),
        })
    }
}

/// Where the user's files are that hold for all repositories.
struct UserFiles<'a> {
    repo: &'a Repo,
    home: Option<PathBuf>,
    /// `$XDG_CONFIG_HOME/git`, or `~/.config/git`.
    settings: Option<PathBuf>,
}

impl<'a> UserFiles<'a> {
    fn new(repo: &'a Repo) -> Self {
        let var = |name: &str| repo.env().vars(VarGroup::Always).find(|(n, v)| *n == name && !v.is_empty()).map(|(_, v)| PathBuf::from(v));
        let home = var("HOME");
        let settings = var("XDG_CONFIG_HOME").or_else(|| home.as_ref().map(|h| h.join(".config"))).map(|dir| dir.join("git"));
        Self { repo, home, settings }
    }

    fn attributes(&self, configured: Option<&str>) -> Vec<PathBuf> {
        // The system's file stands under the prefix that git was built for: `/etc`, or beside the program's `bin`.
        let beside = self.repo.env().program().ancestors().nth(2).map(|prefix| prefix.join("etc/gitattributes"));
        let system = [Some(PathBuf::from("/etc/gitattributes")), beside];
        let user = self.user_file(configured, "attributes");
        system.into_iter().flatten().chain(user).chain([self.repo.common_dir().join("info/attributes")]).collect()
    }

    fn ignores(&self, configured: Option<&str>) -> Vec<PathBuf> {
        self.user_file(configured, "ignore").into_iter().chain([self.repo.common_dir().join("info/exclude")]).collect()
    }

    fn user_file(&self, configured: Option<&str>, name: &str) -> Option<PathBuf> {
        let Some(path) = configured else { return self.settings.as_ref().map(|dir| dir.join(name)) };
        match path.strip_prefix("~/") {
            Some(rest) => self.home.as_ref().map(|home| home.join(rest)),
            None if path.is_empty() => None,
            None => Some(self.top().join(OsStr::new(path))),
        }
    }

    /// Relative paths in the configuration are meant from the top of the work tree.
    fn top(&self) -> &Path {
        self.repo.work_dir().unwrap_or_else(|| self.repo.common_dir())
    }
}
