//! The templates of prompts that hold here: the shipped ones, with the user's in place of them, and those of the work tree above both.
//!
//! What a repository brings is text of the repository: a link that leads out of it is refused, so that no file of the user's becomes a prompt.

use std::path::{Path, PathBuf};

use super::plugins::{Plugin, PluginsError};
use crate::domain::id::{ObjectId, StepId, is_atom};
use crate::domain::plan::model::{CheckedPlan, StepKind};
use crate::domain::policy::budget::Budget;
use crate::domain::prompt::classification::meaningless;
use crate::domain::prompt::request::Request;
use crate::domain::prompt::section::EmptySections;
use crate::domain::prompt::template::{ENDING, Guide, Template, TemplateError, TemplateKind, Templates};
use crate::domain::run::config::RunConfig;
use crate::domain::run::fact::{Rung, StepRole};
use crate::engine::ask::{Asker, Question};
use crate::engine::context::Inputs;
use crate::io::fs::{self, FsError};
use crate::io::settings::environment::Environment;
use crate::ops::context::Context;

/// The folder of the user's templates, below that of the settings.
const FOLDER: &str = "prompts";
/// Where a repository keeps its own, below the top of its work tree.
const REPOSITORY_FOLDER: &str = ".git-orc/prompts";
/// The folder of the texts of strategies, below either.
const STRATEGIES: &str = "strategies";
/// The longest template, in bytes.
const LONGEST: u64 = 256 << 10;

/// The error of finding out what tools are told.
#[derive(Debug, thiserror::Error)]
pub enum PromptsError {
    /// A folder or a template can not be read.
    #[error(transparent)]
    File(#[from] FsError),
    /// The plugins can not be used.
    #[error(transparent)]
    Plugins(#[from] PluginsError),
    /// Mistakes in templates.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Templates(Vec<TemplateError>),
    /// A goal names a strategy that nobody wrote.
    #[error("workstream {workstream}, goal {goal}: there is no strategy `{strategy}`; there are {}", .known.join(", "))]
    Strategy {
        /// The workstream.
        workstream: String,
        /// The goal.
        goal: String,
        /// The strategy.
        strategy: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// A plan says too little.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Empty(Vec<EmptySections>),
}

/// A file of templates, as it lies on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where it lies.
    pub path: PathBuf,
    /// How it is shown.
    pub shown: String,
    /// The name of the template; `None` when its file has none that can be one.
    pub name: Option<String>,
    /// Whether it lies somewhere else than it seems to.
    pub leads_away: bool,
}

/// Returns the templates that hold: with a work tree at `top`, also those of its repository.
///
/// # Errors
/// Returns [`PromptsError`] with every mistake of every template.
pub fn load(environment: &Environment, top: Option<&Path>, plugins: &[Plugin]) -> Result<Templates, PromptsError> {
    let (mut layers, mut errors) = (Vec::new(), Vec::new());
    for found in files(environment, top, plugins)? {
        match read(&found)? {
            Ok(template) => layers.push(template),
            Err(error) => errors.push(error),
        }
    }
    let mut guides = Vec::new();
    for found in strategies(environment, top)? {
        match read_text(&found)? {
            Ok(text) => guides.extend(Guide::name_of(&file_name(&found.path)).map(|strategy| {
                let (strategy, origin) = (strategy.to_owned(), found.shown.clone());
                Guide { strategy, origin, text }
            })),
            Err(error) => errors.push(error),
        }
    }
    match Templates::new(layers).and_then(|templates| templates.with_guides(guides)) {
        Ok(templates) if errors.is_empty() => Ok(templates),
        Ok(_) => Err(PromptsError::Templates(errors)),
        Err(found) => Err(PromptsError::Templates(errors.into_iter().chain(found).collect())),
    }
}

/// Returns the files that are, or want to be, templates: those of the user, of the plugins, then those of the repository.
///
/// # Errors
/// Returns [`FsError`] when a folder can not be listed.
pub fn files(environment: &Environment, top: Option<&Path>, plugins: &[Plugin]) -> Result<Vec<Found>, FsError> {
    let mut found = Vec::new();
    if let Some(folder) = environment.config_folder().map(|folder| folder.join(FOLDER)).filter(|folder| folder.is_dir()) {
        for path in templates_in(&folder)? {
            let shown = path.display().to_string();
            found.push(Found { name: name(&path), shown, path, leads_away: false });
        }
    }
    for path in plugins.iter().flat_map(Plugin::prompts) {
        found.push(Found { name: name(&path), shown: path.display().to_string(), path, leads_away: false });
    }
    found.extend(top.map_or_else(|| Ok(Vec::new()), of_repository)?);
    Ok(found)
}

/// Returns the files that are, or want to be, templates of the repository whose work tree begins at `top`.
///
/// # Errors
/// Returns [`FsError`] when their folder can not be listed.
pub fn of_repository(top: &Path) -> Result<Vec<Found>, FsError> {
    let folder = top.join(REPOSITORY_FOLDER);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let real = top.canonicalize().map_err(|source| FsError { action: "find", path: top.to_owned(), source })?.join(REPOSITORY_FOLDER);
    let found = templates_in(&folder)?.into_iter().map(|path| {
        let file = path.file_name().unwrap_or_default();
        let shown = format!("{REPOSITORY_FOLDER}/{}", file.to_string_lossy());
        let leads_away = path.canonicalize().map_or(true, |place| place != real.join(file));
        Found { name: name(&path), shown, path, leads_away }
    });
    Ok(found.collect())
}

/// Returns the files that are texts of strategies: those of the user, then those of the repository.
fn strategies(environment: &Environment, top: Option<&Path>) -> Result<Vec<Found>, FsError> {
    let user = environment.config_folder().map(|folder| folder.join(FOLDER).join(STRATEGIES)).filter(|folder| folder.is_dir());
    let mut found = Vec::new();
    for path in user.map_or_else(|| Ok(Vec::new()), |folder| templates_in(&folder))? {
        found.push(Found { name: None, shown: path.display().to_string(), path, leads_away: false });
    }
    found.extend(top.map_or_else(|| Ok(Vec::new()), strategies_of_repository)?);
    Ok(found)
}

/// Returns the files that are texts of strategies of the repository whose work tree begins at `top`.
///
/// # Errors
/// Returns [`FsError`] when their folder can not be listed.
pub fn strategies_of_repository(top: &Path) -> Result<Vec<Found>, FsError> {
    let mut found = Vec::new();
    let folder = format!("{REPOSITORY_FOLDER}/{STRATEGIES}");
    if !top.join(&folder).is_dir() {
        return Ok(found);
    }
    let real = top.canonicalize().map_err(|source| FsError { action: "find", path: top.to_owned(), source })?.join(&folder);
    for path in templates_in(&top.join(&folder))? {
        let name = file_name(&path);
        let leads_away = path.canonicalize().map_or(true, |place| place != real.join(&name));
        found.push(Found { name: None, shown: format!("{folder}/{name}"), path, leads_away });
    }
    Ok(found)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn templates_in(folder: &Path) -> Result<Vec<PathBuf>, FsError> {
    Ok(fs::list(folder)?.into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "j2")).collect())
}

/// Returns the name of a template. One that is nearly that of a kind of step is taken for a slip of the pen.
fn name(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?.strip_suffix(ENDING)?;
    (is_atom(name) && !TemplateKind::is_slip(name)).then(|| name.to_owned())
}

/// Reads a template; the inner error tells why it is none.
///
/// # Errors
/// Returns [`FsError`] when it can not be read.
pub fn read(found: &Found) -> Result<Result<Template, TemplateError>, FsError> {
    let wrong = |message: String| Ok(Err(TemplateError { file: found.shown.clone(), line: 1, column: 1, message }));
    let Some(name) = &found.name else {
        let known: Vec<String> = TemplateKind::ALL.into_iter().map(|kind| format!("{}{ENDING}", kind.name())).collect();
        return wrong(format!("no prompt has this name; there are {}, and those of phases", known.join(", ")));
    };
    Ok(read_text(found)?.map(|text| Template { name: name.clone(), origin: found.shown.clone(), text }))
}

/// Reads the text of a template; the inner error tells why it can not be used.
fn read_text(found: &Found) -> Result<Result<String, TemplateError>, FsError> {
    let wrong = |message: String| Ok(Err(TemplateError { file: found.shown.clone(), line: 1, column: 1, message }));
    if found.leads_away {
        return wrong("it is a link, and a repository's template must be a file of the repository".to_owned());
    }
    let bytes = fs::read_at_most(&found.path, LONGEST + 1)?;
    if bytes.len() as u64 > LONGEST {
        return wrong(format!("it is longer than {LONGEST} bytes"));
    }
    Ok(Ok(String::from_utf8_lossy(&bytes).into_owned()))
}

/// Checks that every strategy that a goal names has a text.
fn known_strategies(plan: &CheckedPlan, templates: &Templates) -> Result<(), PromptsError> {
    let known: Vec<String> = templates.guides().iter().map(|guide| guide.strategy.clone()).collect();
    for workstream in &plan.workstreams {
        for goal in &workstream.goals.list {
            if let Some(strategy) = goal.strategies.iter().find(|strategy| !known.contains(strategy)) {
                let (workstream, goal, strategy) = (workstream.id.to_string(), goal.id.clone(), strategy.clone());
                return Err(PromptsError::Strategy { workstream, goal, strategy, known });
            }
        }
    }
    Ok(())
}

/// Checks that every tool of a plan would be told enough to do something.
///
/// # Errors
/// Returns [`PromptsError::Empty`] with everything that is missing.
pub fn check(cx: &Context, plan: &CheckedPlan, (templates, inputs, config): (&Templates, &Inputs, &RunConfig)) -> Result<(), PromptsError> {
    let asker = Asker { repo: &cx.repo, templates, inputs, most_seconds: config.timeout_sec };
    let mut empty = Vec::new();
    known_strategies(plan, templates)?;
    for workstream in &plan.workstreams {
        for said in meaningless(workstream) {
            tracing::warn!("workstream {}: `classification` says `{said}`, which means nothing", workstream.id);
        }
        let route = |step: &StepId| config.routes.get(&workstream.id).and_then(|steps| steps.get(step)).and_then(|tools| tools.first());
        for (index, step) in workstream.steps.iter().enumerate() {
            let tool = route(&step.id).and_then(|tool| cx.tools.profile(tool));
            let (StepKind::Edit(_), Some(profile)) = (&step.kind, tool) else { continue };
            let question = Question {
                plan: workstream,
                step: &step.id,
                role: StepRole::Edit,
                index,
                profile,
                window: None,
                commit: ObjectId::ZERO,
                request: Request::Edit { feedback: None },
                rung: Rung::SameTool,
                budget: Budget::default(),
            };
            empty.extend(asker.check(&question).err());
        }
    }
    if empty.is_empty() { Ok(()) } else { Err(PromptsError::Empty(empty)) }
}
