//! `git orc pipeline`: which pipelines there are, what each does, what is wrong with them, and how a new one begins.

use std::path::{Path, PathBuf};

use super::context::{ContextError, Desk};
use super::pipelines::{self, ENDING, FOLDER, Found, PipelinesError, REPOSITORY_FOLDER, Shelf};
use super::plugins::{self, MANIFEST, Plugin, PluginsError};
use super::prompts;
use crate::domain::document::diagnostic::{Code, Diagnostic, Severity};
use crate::domain::document::source::{MAX_BYTES, SourceFile};
use crate::domain::id::{RepoPath, ToolId, is_atom};
use crate::domain::pipeline::check::{Against, check};
use crate::domain::pipeline::model::Pipeline;
use crate::domain::plan::input::{Known, PipelineFile};
use crate::domain::policy::pattern::Pattern;
use crate::domain::policy::scope::Scope;
use crate::domain::tool::suggest::{closest, did_you_mean};
use crate::engine::surroundings::Ground;
use crate::io::fs::{self, Durability, FsError};
use crate::io::git::repo::Repo;
use crate::io::settings::resolve::Settings;

/// What a new pipeline begins with.
const SKELETON: &str = include_str!("pipeline/skeleton.yaml");

/// The error of looking at pipelines.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// Settings or tools hold mistakes.
    #[error(transparent)]
    Context(#[from] ContextError),
    /// The pipelines can not be used.
    #[error(transparent)]
    Pipelines(#[from] PipelinesError),
    /// The plugins can not be used.
    #[error(transparent)]
    Plugins(#[from] PluginsError),
    /// A file can not be read or written.
    #[error(transparent)]
    File(#[from] FsError),
    /// There is no such pipeline, file or folder.
    #[error("there is no pipeline, file or folder `{name}`{}", did_you_mean(.suggestion.as_deref()))]
    Unknown {
        /// What the user wrote.
        name: String,
        /// What may be meant.
        suggestion: Option<String>,
    },
    /// A folder holds no pipeline.
    #[error("there is no pipeline in `{}`", .0.display())]
    Empty(PathBuf),
    /// A name that no pipeline can have.
    #[error("`{0}` can not be the name of a pipeline")]
    Name(String),
    /// The file of a new pipeline is there already.
    #[error("`{}` is there already", .0.display())]
    Exists(PathBuf),
    /// There is nowhere to write to.
    #[error("there is no repository to write into")]
    NoRepository,
}

/// A pipeline in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Where it comes from.
    pub layer: String,
    /// Its file, as it is shown.
    pub file: String,
    /// What it is for, when it can be read.
    pub pipeline: Option<Pipeline>,
    /// The layers that it stands in place of.
    pub hides: Vec<String>,
}

/// A pipeline that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    /// Its name.
    pub name: String,
    /// Its file.
    pub file: SourceFile,
    /// What it says, when it can be read.
    pub pipeline: Option<Pipeline>,
    /// What is wrong with it or odd about it.
    pub diagnostics: Vec<Diagnostic>,
}

impl Looked {
    /// Returns how many diagnostics have this severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.diagnostics.iter().filter(|one| one.severity == severity).count()
    }
}

/// Where a new pipeline is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Into the repository.
    Repository,
    /// Into the user's folder.
    User,
}

/// What there is where the user stands.
struct Around {
    repo: Option<Repo>,
    settings: Settings,
    shelf: Shelf,
    tools: Vec<ToolId>,
    capabilities: Vec<String>,
}

impl Around {
    fn look(desk: &Desk) -> Result<Self, PipelineError> {
        let repo = desk.repository().ok();
        let top = repo.as_ref().and_then(Repo::work_dir);
        let tools = desk.tools(top)?;
        let settings = desk.settings_at(top, &tools)?;
        let (registry, _) = desk.registry(top, &settings)?;
        let shelf = pipelines::load(&desk.environment, top, &pipelines::search(&desk.environment, &settings))?;
        let mut capabilities: Vec<String> = tools.tools().flat_map(|tool| tool.profile.capabilities.iter().cloned()).collect();
        capabilities.extend(registry.capabilities.keys().cloned());
        let tools = tools.tools().map(|tool| tool.profile.id.clone()).collect();
        Ok(Self { repo, settings, shelf, tools, capabilities })
    }

    fn top(&self) -> Option<&Path> {
        self.repo.as_ref().and_then(Repo::work_dir)
    }

    /// Returns the paths of the checked-out commit; none when there is no commit.
    fn paths(&self) -> Option<Vec<RepoPath>> {
        let repo = self.repo.as_ref()?;
        let all = Scope::new(&["**".to_owned()], &[], &[]).ok()?;
        let ground = Ground::open(repo, repo.resolve("HEAD").ok()?, &all).ok()?;
        Some(ground.in_scope().ok()?.into_iter().map(|(path, _)| path).collect())
    }

    fn checked(&self, desk: &Desk, all: Vec<PipelineFile>, plugins: &[Plugin]) -> Vec<Looked> {
        let plugins: Vec<Plugin> = self.shelf.plugins.iter().chain(plugins).cloned().collect();
        // Mistakes in templates are told by `config check`; without them none is missed.
        let templates = prompts::load(&desk.environment, self.top(), &plugins).ok().map(|templates| templates.names());
        let paths = self.paths();
        let has = |pattern: &Pattern| paths.as_ref().is_some_and(|paths| paths.iter().any(|path| pattern.matches(path.as_bytes())));
        let known = Known { tools: &self.tools, capabilities: &self.capabilities };
        let against = Against { known, templates: templates.as_deref(), has: paths.as_ref().map(|_| &has as &dyn Fn(&Pattern) -> bool) };
        let one = |file: PipelineFile| {
            let (pipeline, diagnostics) = check(&file, against);
            Looked { name: file.name, file: file.file, pipeline, diagnostics }
        };
        all.into_iter().map(one).collect()
    }
}

fn file(found: &Found) -> PipelineFile {
    PipelineFile { name: found.name.clone(), file: found.file.clone() }
}

/// Lists the pipelines that hold, by name.
///
/// # Errors
/// Returns [`PipelineError`] when they can not be read.
pub fn list(desk: &Desk) -> Result<Vec<Listed>, PipelineError> {
    let around = Around::look(desk)?;
    let holding: Vec<&Found> = around.shelf.holding().collect();
    let looked = around.checked(desk, holding.iter().map(|one| file(one)).collect(), &[]);
    let one = |(found, looked): (&&Found, Looked)| Listed {
        hides: around.shelf.all.iter().filter(|low| low.name == found.name && low.path != found.path).map(|low| low.layer.word()).collect(),
        name: found.name.clone(),
        layer: found.layer.word(),
        file: found.file.path.clone(),
        pipeline: looked.pipeline,
    };
    let mut listed: Vec<Listed> = holding.iter().zip(looked).map(one).collect();
    listed.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(listed)
}

/// Looks at pipelines: by name, by file, or all of a folder; at all that hold when nothing is named. A pipeline with errors is an answer.
///
/// # Errors
/// Returns [`PipelineError`] when there is no such pipeline, or it can not be read at all.
pub fn look(desk: &Desk, subjects: &[String]) -> Result<Vec<Looked>, PipelineError> {
    let around = Around::look(desk)?;
    let (mut all, mut plugins) = (Vec::new(), Vec::new());
    if subjects.is_empty() {
        all.extend(around.shelf.holding().map(file));
    }
    for subject in subjects {
        let place = desk.path(Path::new(subject));
        if let Some(found) = around.shelf.holding().find(|one| one.name == *subject) {
            all.push(file(found));
        } else if place.is_dir() {
            let own = if place.join(MANIFEST).is_file() { plugins::load(std::slice::from_ref(&place))? } else { Vec::new() };
            let mut paths: Vec<PathBuf> = own.iter().flat_map(Plugin::pipelines).collect();
            plugins.extend(own);
            if paths.is_empty() {
                paths = pipelines::files_in(&place)?;
            }
            if paths.is_empty() {
                return Err(PipelineError::Empty(place));
            }
            for path in paths {
                all.push(read(&path, &path.display().to_string())?);
            }
        } else if place.is_file() {
            all.push(read(&place, subject)?);
        } else {
            let names = around.shelf.all.iter().map(|one| one.name.as_str());
            let suggestion = closest(subject, names).map(str::to_owned);
            return Err(PipelineError::Unknown { name: subject.clone(), suggestion });
        }
    }
    let mut looked = around.checked(desk, all, &plugins);
    for one in &mut looked {
        let layers = around.shelf.all.iter().filter(|found| found.name == one.name && found.file.path != one.file.path);
        let layers: Vec<String> = layers.map(|found| found.layer.word()).collect();
        if !layers.is_empty() {
            let message = format!("pipelines of this name are also in: {}", layers.join(", "));
            one.diagnostics.push(Diagnostic::whole(Code::Shadowed, &one.file.path, message));
        }
    }
    Ok(looked)
}

fn read(path: &Path, shown: &str) -> Result<PipelineFile, PipelineError> {
    let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    if !is_atom(&name) {
        return Err(PipelineError::Name(name));
    }
    Ok(PipelineFile { name, file: SourceFile::from_bytes(shown, &fs::read_at_most(path, MAX_BYTES as u64 + 1)?) })
}

/// Writes a new pipeline that can be used as it is: the text of another one, or a commented beginning. Returns where it lies.
///
/// # Errors
/// Returns [`PipelineError`] when the name can not be one, the other pipeline is not known, or the file is there already.
pub fn create(desk: &Desk, (name, from): (&str, Option<&str>), place: Option<Place>) -> Result<PathBuf, PipelineError> {
    let around = Around::look(desk)?;
    if !is_atom(name) {
        return Err(PipelineError::Name(name.to_owned()));
    }
    let text = match from {
        None => SKELETON.replace("NAME", name),
        Some(from) => {
            let found = around.shelf.holding().find(|one| one.name == from);
            let suggestion = || closest(from, around.shelf.all.iter().map(|one| one.name.as_str())).map(str::to_owned);
            let found = found.ok_or_else(|| PipelineError::Unknown { name: from.to_owned(), suggestion: suggestion() })?;
            let renamed = |line: &str| if line.starts_with("name:") { format!("name: {name}") } else { line.to_owned() };
            found.file.text.lines().map(renamed).map(|line| line + "\n").collect()
        }
    };
    let place = place.unwrap_or_else(|| if around.top().is_some() { Place::Repository } else { Place::User });
    let folder = match place {
        Place::Repository => around.top().ok_or(PipelineError::NoRepository)?.join(REPOSITORY_FOLDER),
        Place::User => desk.environment.config_folder().ok_or(PipelineError::NoRepository)?.join(FOLDER),
    };
    let path = folder.join(format!("{name}.{ENDING}"));
    if path.symlink_metadata().is_ok() {
        return Err(PipelineError::Exists(path));
    }
    fs::create_dir_all(&folder)?;
    fs::write_new(&path, text.as_bytes(), Durability::Relaxed)?;
    Ok(path)
}

/// Returns the plugins that bring pipelines, and the folders in which they are looked for.
///
/// # Errors
/// Returns [`PipelineError`] with everything that is wrong with any of them.
pub fn plugins(desk: &Desk) -> Result<(Vec<Plugin>, Vec<PathBuf>), PipelineError> {
    let around = Around::look(desk)?;
    let search = pipelines::search(&desk.environment, &around.settings);
    Ok((around.shelf.plugins, search))
}
