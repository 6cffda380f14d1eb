//! The pipelines that hold here: the shipped ones, the user's in place of them, those of plugins, and those of the work tree above all.
//!
//! What a repository brings is a file of the repository: a link that leads out of it is refused, so that no other file becomes a pipeline.

use std::path::{Path, PathBuf};

use super::context::{Context, Desk};
use super::plugins::{self, ENDING, FOLDER, Plugin, PluginsError};
use super::prompts;
use crate::domain::document::source::{MAX_BYTES, SourceFile};
use crate::domain::id::is_atom;
use crate::domain::pipeline::expand::PIPELINE;
use crate::domain::pipeline::parse::holding;
use crate::domain::pipeline::shipped::{self, IMPLIED};
use crate::domain::plan::input::{PhaseInput, PipelineFile};
use crate::domain::plan::model::CheckedPlan;
use crate::domain::prompt::template::Templates;
use crate::io::fs::{self, FsError};
use crate::io::git::repo::Repo;
use crate::io::settings::environment::Environment;
use crate::io::settings::error::SettingsError;
use crate::io::settings::git_config;
use crate::io::settings::resolve::{Layers, Settings, resolve};

/// Where a repository keeps its own, below the top of its work tree.
pub const REPOSITORY_FOLDER: &str = ".git-orc/pipelines";

/// The error of finding the pipelines that hold.
#[derive(Debug, thiserror::Error)]
pub enum PipelinesError {
    /// A folder or a file can not be read.
    #[error(transparent)]
    File(#[from] FsError),
    /// The plugins can not be used.
    #[error(transparent)]
    Plugins(#[from] PluginsError),
    /// Files that can not be pipelines.
    #[error("{}", .0.join("\n"))]
    Unusable(Vec<String>),
}

/// Where a pipeline comes from, the lowest first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// It is shipped.
    Shipped,
    /// It is the user's.
    User,
    /// It is that of a plugin.
    Plugin(String),
    /// It is that of the repository.
    Repository,
}

impl Layer {
    /// Returns the word for it.
    #[must_use]
    pub fn word(&self) -> String {
        match self {
            Self::Shipped => "shipped".to_owned(),
            Self::User => "user".to_owned(),
            Self::Plugin(name) => format!("plugin {name}"),
            Self::Repository => "repository".to_owned(),
        }
    }
}

/// A pipeline file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The name by which plans know it.
    pub name: String,
    /// Where it comes from.
    pub layer: Layer,
    /// Where it lies; `None` when it is shipped.
    pub path: Option<PathBuf>,
    /// Its text.
    pub file: SourceFile,
}

/// What there is for phases, and where it comes from.
#[derive(Debug, Clone)]
pub struct Shelf {
    /// Every pipeline of every layer, the lowest layer first.
    pub all: Vec<Found>,
    /// The plugins.
    pub plugins: Vec<Plugin>,
}

impl Shelf {
    /// Returns the pipelines that hold: of each name the one of the highest layer.
    pub fn holding(&self) -> impl Iterator<Item = &Found> {
        self.all.iter().enumerate().filter(|(at, one)| self.all[at + 1..].iter().all(|higher| higher.name != one.name)).map(|(_, one)| one)
    }

    /// Returns what the reading of plans needs of it.
    #[must_use]
    pub fn input(&self, pipeline: Option<String>, templates: Option<&Templates>) -> PhaseInput {
        let own = self.holding().filter(|one| one.layer != Layer::Shipped);
        let pipelines = own.map(|one| PipelineFile { name: one.name.clone(), file: one.file.clone() }).collect();
        PhaseInput { pipelines, pipeline, templates: templates.map(Templates::names) }
    }
}

/// Reads the pipelines of all layers: with a work tree at `top`, also those of its repository.
///
/// # Errors
/// Returns [`PipelinesError`] with every file that can not be one.
pub fn load(environment: &Environment, top: Option<&Path>, search: &[PathBuf]) -> Result<Shelf, PipelinesError> {
    let plugins = plugins::load(search)?;
    let (mut all, mut wrong) = (Vec::new(), Vec::new());
    for PipelineFile { name, file } in shipped::pipelines() {
        all.push(Found { name, layer: Layer::Shipped, path: None, file });
    }
    if let Some(folder) = environment.config_folder().map(|folder| folder.join(FOLDER)) {
        for path in files_in(&folder)? {
            let shown = path.display().to_string();
            take(&mut all, &mut wrong, (&path, &shown, Layer::User))?;
        }
    }
    for plugin in &plugins {
        for path in plugin.pipelines() {
            let shown = path.display().to_string();
            take(&mut all, &mut wrong, (&path, &shown, Layer::Plugin(plugin.name.clone())))?;
        }
    }
    for (path, shown) in top.map_or_else(|| Ok(Vec::new()), of_repository)? {
        let real = top.and_then(|top| top.canonicalize().ok()).map(|top| top.join(&shown));
        if path.canonicalize().ok() == real {
            take(&mut all, &mut wrong, (&path, &shown, Layer::Repository))?;
        } else {
            wrong.push(format!("{shown}: it is a link, and a repository's pipeline must be a file of the repository"));
        }
    }
    if wrong.is_empty() { Ok(Shelf { all, plugins }) } else { Err(PipelinesError::Unusable(wrong)) }
}

/// Returns the folders in which plugins are looked for.
#[must_use]
pub fn search(environment: &Environment, settings: &Settings) -> Vec<PathBuf> {
    let place = |text: &String| match (text.strip_prefix("~/"), environment.home()) {
        (Some(below), Some(home)) => home.join(below),
        (Some(_) | None, Some(_) | None) => PathBuf::from(text),
    };
    settings.pipeline_path.value.iter().map(place).collect()
}

/// Returns the folders in which plugins are looked for where the user stands: in a repository its git configuration has a say.
///
/// # Errors
/// Returns [`SettingsError`] for the first mistake.
pub fn search_at(desk: &Desk, repo: Option<&Repo>) -> Result<Vec<PathBuf>, SettingsError> {
    let git_config = repo.map_or_else(|| Ok(Vec::new()), git_config::read)?;
    let settings = resolve(&desk.environment, Layers { git_config, ..Layers::default() })?;
    Ok(search(&desk.environment, &settings))
}

impl Context {
    /// Returns the pipelines that hold here.
    ///
    /// # Errors
    /// Returns [`PipelinesError`] with every file that can not be one.
    pub fn pipelines(&self) -> Result<Shelf, PipelinesError> {
        load(&self.environment, self.repo.work_dir(), &search(&self.environment, &self.settings))
    }

    /// Returns what the reading of plans needs to know of the pipelines that hold here. Mistakes in templates are told by those who use them;
    /// without them none is missed.
    ///
    /// # Errors
    /// Returns [`PipelinesError`] with every file that can not be one.
    pub fn phases(&self) -> Result<PhaseInput, PipelinesError> {
        let shelf = self.pipelines()?;
        let templates = prompts::load(&self.environment, self.repo.work_dir(), &shelf.plugins).ok();
        Ok(shelf.input(None, templates.as_ref()))
    }

    /// Returns the plugins that bring pipelines and templates.
    ///
    /// # Errors
    /// Returns [`PluginsError`] with everything that is wrong with any of them.
    pub fn plugins(&self) -> Result<Vec<Plugin>, PluginsError> {
        plugins::load(&search(&self.environment, &self.settings))
    }
}

/// Returns the pipeline files of the repository whose work tree begins at `top`, each with the name to show.
///
/// # Errors
/// Returns [`FsError`] when their folder can not be listed.
pub fn of_repository(top: &Path) -> Result<Vec<(PathBuf, String)>, FsError> {
    let shown = |path: &Path| format!("{REPOSITORY_FOLDER}/{}", path.file_name().unwrap_or_default().to_string_lossy());
    Ok(files_in(&top.join(REPOSITORY_FOLDER))?.into_iter().map(|path| (path.clone(), shown(&path))).collect())
}

/// Returns the pipeline files of a folder, in order; none when there is no such folder.
///
/// # Errors
/// Returns [`FsError`] when it can not be listed.
pub fn files_in(folder: &Path) -> Result<Vec<PathBuf>, FsError> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    // Links are kept, so that one that leads away is told; whatever else is no file has nothing to read.
    let is_one = |path: &PathBuf| path.extension().is_some_and(|ending| ending == ENDING) && (path.is_file() || path.is_symlink());
    Ok(fs::list(folder)?.into_iter().filter(is_one).collect())
}

fn take(all: &mut Vec<Found>, wrong: &mut Vec<String>, (path, shown, layer): (&Path, &str, Layer)) -> Result<(), FsError> {
    let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    if !is_atom(name) {
        wrong.push(format!(
            "{shown}: the name of a pipeline has small letters, digits, `-`, `_` and `.`, and begins with a letter or digit"
        ));
        return Ok(());
    }
    let file = SourceFile::from_bytes(shown, &fs::read_at_most(path, MAX_BYTES as u64 + 1)?);
    all.push(Found { name: name.to_owned(), layer, path: Some(path.to_owned()), file });
    Ok(())
}

/// Returns the pipelines that the workstreams of a plan go through, for keeping them with the run. That of workstreams that name none is
/// laid out by the reader of plans itself, and no file of it is needed unless somebody has put another one in its place.
#[must_use]
pub fn used(plan: &CheckedPlan, input: &PhaseInput) -> Vec<PipelineFile> {
    let names = || plan.workstreams.iter().filter_map(|one| one.metadata.get(PIPELINE)).filter_map(|name| name.as_str());
    let is_given = |one: &PipelineFile| one.name != IMPLIED || input.pipelines.iter().any(|given| given.name == IMPLIED);
    holding(&input.pipelines).into_iter().filter(|one| is_given(one) && names().any(|name| name == one.name)).collect()
}
