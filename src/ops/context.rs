//! What a verb needs to know of the world: where the user stands, which settings hold, which repository is meant.
//!
//! Two stages, because plans can be checked anywhere and runs live in a repository: [`Desk`] is where the user stands with the settings
//! and tools that hold outside of any repository; [`Context`] adds the repository and its share of the settings.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::domain::finding::plugin::{self, Plugin, PluginError};
use crate::domain::id::ToolId;
use crate::domain::settings::model::Profile;
use crate::domain::text::one_line;
use crate::domain::tool::parse::{ProfileError, ProfileSource, SHIPPED, parse_profiles};
use crate::domain::tool::registry::Registry;
use crate::domain::tool::toolbox::Toolbox;
use crate::io::clock::Clock;
use crate::io::fs::{self, Durability, FsError};
use crate::io::git::discover::DiscoverError;
use crate::io::git::env::{GitEnv, GitMissing};
use crate::io::git::ledger_ref::LedgerRef;
use crate::io::git::repo::Repo;
use crate::io::git::signature::Identity;
use crate::io::process::supervisor::Supervisor;
use crate::io::settings::environment::Environment;
use crate::io::settings::error::SettingsError;
use crate::io::settings::git_config::{self, ConfigEntry};
use crate::io::settings::overlay::{LedgerDurability, Overlay};
use crate::io::settings::resolve::{Layers, Settings, resolve};
use crate::io::settings::{profile, registry};

/// The error of finding out what holds.
#[derive(Debug, thiserror::Error)]
pub enum ContextError {
    /// A mistake in the settings.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A file of tool profiles can not be read.
    #[error(transparent)]
    File(#[from] FsError),
    /// Mistakes in the tool profiles.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Profiles(Vec<ProfileError>),
    /// Mistakes in the manifests of plugins.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Plugins(Vec<PluginError>),
    /// There is no git program.
    #[error(transparent)]
    NoGit(#[from] GitMissing),
    /// There is no repository that can be used.
    #[error(transparent)]
    Repository(#[from] DiscoverError),
}

/// The most of a manifest that is read, in bytes.
const MOST_MANIFEST: u64 = 1 << 20;
/// The folder of the user's plugins, below that of the settings. A repository has none, since they are programs.
pub(super) const PLUGINS: &str = "plugins";
/// The name of the files of tool profiles.
pub(super) const PROFILES: &str = "tool_profiles.json";
/// Where a repository keeps its own, below the top of its work tree.
pub(super) const REPOSITORY_PROFILES: &str = ".git-orc/tool_profiles.json";

/// Where the user stands, without any repository.
#[derive(Debug, Clone)]
pub struct Desk {
    /// The folder that relative paths start from.
    pub cwd: PathBuf,
    /// The environment.
    pub environment: Environment,
    /// Time and ids.
    pub clock: Clock,
    /// What the command line sets.
    pub flags: Overlay,
    /// Where the program is that supervises tools and checks.
    pub supervisor: Supervisor,
}

impl Desk {
    /// Returns a path of the user's as seen from the folder that relative paths start from.
    #[must_use]
    pub fn path(&self, path: &Path) -> PathBuf {
        self.cwd.join(path)
    }

    /// Returns the settings that hold outside of any repository.
    ///
    /// # Errors
    /// Returns [`ContextError::Settings`] for mistakes.
    pub fn settings(&self) -> Result<Settings, ContextError> {
        Ok(resolve(&self.environment, Layers { flags: self.flags.clone(), ..Layers::default() })?)
    }

    /// Returns the settings with those of the profile of the work tree at `top`, whose tools are known already.
    ///
    /// # Errors
    /// Returns [`ContextError::Settings`] for mistakes.
    pub fn settings_at(&self, top: Option<&Path>, tools: &Toolbox) -> Result<Settings, ContextError> {
        let repository = repository_layer(top, tools)?;
        Ok(resolve(&self.environment, Layers { repository, flags: self.flags.clone(), ..Layers::default() })?)
    }

    /// Returns the tools: the shipped profiles, with the user's own on top, and those of the work tree at `top` above them.
    ///
    /// # Errors
    /// Returns [`ContextError`] when a file of profiles can not be read or holds mistakes.
    pub fn tools(&self, top: Option<&Path>) -> Result<Toolbox, ContextError> {
        let user = self.environment.config_folder().map(|folder| folder.join(PROFILES));
        let repository = top.map(|top| top.join(REPOSITORY_PROFILES));
        let mut layers = vec![(PROFILES.to_owned(), SHIPPED.to_owned())];
        for path in [&user, &repository].into_iter().flatten() {
            if let Some(bytes) = fs::read_if_exists(path)? {
                layers.push((path.display().to_string(), String::from_utf8_lossy(&bytes).into_owned()));
            }
        }
        let sources: Vec<ProfileSource<'_>> = layers.iter().map(|(name, text)| ProfileSource { name, text }).collect();
        let tools = parse_profiles(&sources).map_err(ContextError::Profiles)?;
        Ok(match repository {
            Some(repository) => tools.granting_nothing_to(&repository.display().to_string()),
            None => tools,
        })
    }

    /// Returns the registry that holds at the work tree at `top`, with what is worth saying about it.
    ///
    /// # Errors
    /// Returns [`ContextError::Settings`] when it can not be read or holds mistakes.
    pub fn registry(&self, top: Option<&Path>, settings: &Settings) -> Result<(Registry, Vec<String>), ContextError> {
        let (registry, told) = registry::load(&self.environment, settings, (&self.cwd, top))?;
        Ok((registry, told.iter().map(|warning| one_line(&warning.to_string())).collect()))
    }

    /// Returns the user's plugins, in the order in which they are asked.
    ///
    /// # Errors
    /// Returns [`ContextError`] when a manifest can not be read or holds mistakes.
    pub fn plugins(&self) -> Result<Vec<Plugin>, ContextError> {
        let Some(folder) = self.environment.config_folder().map(|folder| folder.join(PLUGINS)) else { return Ok(Vec::new()) };
        if !folder.is_dir() {
            return Ok(Vec::new());
        }
        let files = fs::list(&folder)?.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "json"));
        manifests(files)
    }

    /// Finds the repository that the user stands in.
    ///
    /// # Errors
    /// Returns [`ContextError`] when there is no git program, or no repository that can be used.
    pub fn repository(&self) -> Result<Repo, ContextError> {
        let vars = self.environment.vars().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        Ok(Repo::discover(&self.cwd, &GitEnv::new(vars)?)?)
    }
}

/// Returns what the profile of a work tree says, with what is worth saying about it.
fn repository_layer(top: Option<&Path>, tools: &Toolbox) -> Result<Option<(Profile, Vec<String>)>, SettingsError> {
    let ids: Vec<ToolId> = tools.tools().map(|tool| tool.profile.id.clone()).collect();
    let loaded = top.map_or(Ok(None), |top| profile::load(top, &ids))?;
    Ok(loaded.map(|(profile, warnings)| (profile, warnings.iter().map(|warning| one_line(&warning.to_string())).collect())))
}

/// Reads the manifests of plugins.
///
/// # Errors
/// Returns [`ContextError`] when one can not be read or holds mistakes.
pub fn manifests(files: impl IntoIterator<Item = PathBuf>) -> Result<Vec<Plugin>, ContextError> {
    let mut texts = Vec::new();
    for path in files {
        let bytes = fs::read_at_most(&path, MOST_MANIFEST)?;
        texts.push((path.display().to_string(), String::from_utf8_lossy(&bytes).into_owned()));
    }
    plugin::parse(&texts).map_err(ContextError::Plugins)
}

/// What a verb on a repository needs to know.
#[derive(Debug, Clone)]
pub struct Context {
    /// The folder that relative paths start from.
    pub cwd: PathBuf,
    /// The environment; children get what the settings allow.
    pub environment: Environment,
    /// The repository.
    pub repo: Repo,
    /// The settings that hold, apart from what a plan says.
    pub settings: Settings,
    /// The tools.
    pub tools: Toolbox,
    /// Which tools do what, where somebody said so.
    pub registry: Registry,
    /// The user's plugins.
    pub plugins: Vec<Plugin>,
    /// Time and ids.
    pub clock: Clock,
    /// Where the program is that supervises tools and checks.
    pub supervisor: Supervisor,
    repository: Option<(Profile, Vec<String>)>,
    git_config: Vec<ConfigEntry>,
    flags: Overlay,
}

impl Context {
    /// Finds the repository that the user stands in, and what holds there.
    ///
    /// # Errors
    /// Returns [`ContextError`] when there is no repository that can be used, or settings or tools hold mistakes.
    pub fn open(desk: &Desk) -> Result<Self, ContextError> {
        let repo = desk.repository()?;
        let git_config = git_config::read(&repo)?;
        let tools = desk.tools(repo.work_dir())?;
        let repository = repository_layer(repo.work_dir(), &tools)?;
        let layers =
            Layers { repository: repository.clone(), git_config: git_config.clone(), flags: desk.flags.clone(), ..Layers::default() };
        let settings = resolve(&desk.environment, layers)?;
        // What means nothing in it is told by `config check`; it is no news in every run.
        let (registry, _) = desk.registry(repo.work_dir(), &settings)?;
        let environment = desk.environment.clone().allowing(settings.env_allow.value.clone());
        Ok(Self {
            cwd: desk.cwd.clone(),
            environment,
            settings,
            tools,
            registry,
            plugins: desk.plugins()?,
            repo,
            clock: desk.clock.clone(),
            supervisor: desk.supervisor.clone(),
            repository,
            git_config,
            flags: desk.flags.clone(),
        })
    }

    /// Finds out once more what holds here.
    ///
    /// # Errors
    /// Returns [`ContextError`] as [`Context::open`] does.
    pub fn reopened(&self) -> Result<Self, ContextError> {
        Self::open(&Desk {
            cwd: self.cwd.clone(),
            environment: self.environment.clone(),
            clock: self.clock.clone(),
            flags: self.flags.clone(),
            supervisor: self.supervisor.clone(),
        })
    }

    /// Returns the settings with what a plan says in its place: over git's configuration, below the environment and the command line.
    ///
    /// # Errors
    /// Returns [`SettingsError`] for the first mistake.
    pub fn settings_with(&self, plan: Overlay) -> Result<Settings, SettingsError> {
        resolve(&self.environment, self.layers(plan))
    }

    fn layers(&self, plan: Overlay) -> Layers {
        let (repository, git_config) = (self.repository.clone(), self.git_config.clone());
        Layers { repository, git_config, plan, flags: self.flags.clone() }
    }

    /// Returns the last entry of a key of git's own configuration, with its scope.
    #[must_use]
    pub fn git_entry(&self, key: &str) -> Option<&ConfigEntry> {
        self.git_config.iter().rev().find(|entry| entry.key == key)
    }

    /// Returns the last value of a key of git's own configuration, such as `color.ui`; a key without `=` means `true`.
    #[must_use]
    pub fn git_setting(&self, key: &str) -> Option<&str> {
        let entry = self.git_config.iter().rev().find(|entry| entry.key == key)?;
        Some(entry.value.as_deref().unwrap_or("true"))
    }

    /// Returns how durable what is written must be.
    #[must_use]
    pub const fn durability(&self) -> Durability {
        match self.settings.durability.value {
            LedgerDurability::Full => Durability::Full,
            LedgerDurability::Relaxed => Durability::Relaxed,
        }
    }

    /// Returns the ledger for reading. Whoever appends makes one with the user's name and address.
    #[must_use]
    pub fn ledger(&self) -> LedgerRef {
        let reader = Identity { name: "git-orc".to_owned(), email: String::new() };
        LedgerRef::new(&self.repo, reader, self.durability())
    }
}
