//! `config check`: reads every file of settings that would be used here, and tells every mistake of all of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::domain::document::diagnostic::{Diagnostic, Severity};
use crate::domain::document::source::SourceFile;
use crate::domain::gate;
use crate::domain::id::ToolId;
use crate::domain::pipeline::check::{Against, check};
use crate::domain::plan::input::{Known, PipelineFile};
use crate::domain::policy::governance::layers::SHIPPED as SHIPPED_POLICIES;
use crate::domain::prompt::template::Templates;
use crate::domain::settings::config::parse_config;
use crate::domain::settings::parse::{parse_limits, parse_profile};
use crate::domain::tool::parse::{ProfileSource, SHIPPED, parse_profiles};
use crate::domain::tool::registry_parse::parse_registry;
use crate::io::fs::{self, FsError};
use crate::io::git::discover::DiscoverError;
use crate::io::settings::error::SettingsError;
use crate::io::settings::git_config::{self, ConfigEntry};
use crate::io::settings::resolve::{Layers, resolve};
use crate::io::settings::{profile, registry, variables};
use crate::ops::context::{Context, ContextError, Desk, PLUGINS, PROFILES, REPOSITORY_PROFILES, manifests};
use crate::ops::gating::file;
use crate::ops::pipelines::{self, Layer, PipelinesError};
use crate::ops::plugins::{self, PluginsError};
use crate::ops::policies;
use crate::ops::prompts;

/// The most of a file that is read, in bytes; larger ones are refused by whoever uses them.
const MOST: u64 = (1 << 20) + 1;

/// Something that is wrong, or means nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// How much it weighs.
    pub severity: Severity,
    /// The file, the key of git's configuration, or the variable.
    pub subject: String,
    /// The line and the column in a file, counted from 1.
    pub place: Option<(u32, u32)>,
    /// What is wrong.
    pub message: String,
    /// What helps.
    pub hint: Option<String>,
}

/// What became of something that was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is not there.
    Absent,
    /// It was read.
    Read,
}

/// What was looked at, and what is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConfigChecked {
    /// What was looked at, from the weakest to the strongest.
    pub looked: Vec<(String, State)>,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

impl ConfigChecked {
    /// Returns how many problems have this severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.problems.iter().filter(|problem| problem.severity == severity).count()
    }

    fn tell(&mut self, found: &[Diagnostic]) {
        self.problems.extend(found.iter().map(|one| Problem {
            severity: one.severity,
            subject: one.file.clone(),
            place: one.span.map(|span| (span.line, span.column)),
            message: one.message.clone(),
            hint: one.hint.clone(),
        }));
    }

    fn add(&mut self, severity: Severity, subject: &str, message: String) {
        self.problems.push(Problem { severity, subject: subject.to_owned(), place: None, message, hint: None });
    }

    /// Notes that a file was looked at; returns it when it is there and can be read.
    fn look(&mut self, path: &Path, shown: &str) -> Option<SourceFile> {
        let there = if path.symlink_metadata().is_ok() { State::Read } else { State::Absent };
        self.looked.push((shown.to_owned(), there));
        if there == State::Absent {
            return None;
        }
        match fs::read_at_most(path, MOST) {
            Ok(bytes) => Some(SourceFile::from_bytes(shown, &bytes)),
            Err(error) => {
                self.unread(shown, &error);
                None
            }
        }
    }

    fn unread(&mut self, shown: &str, error: &FsError) {
        self.add(Severity::Error, shown, format!("can not be read: {}", error.source));
    }
}

/// Where settings can be here.
struct Ground<'a> {
    desk: &'a Desk,
    folder: Option<PathBuf>,
    top: Option<PathBuf>,
    git_config: Vec<ConfigEntry>,
}

/// One thing that is looked at.
type Check = fn(&Ground<'_>, &mut ConfigChecked);

/// Everything that is looked at, from the weakest to the strongest. Whoever adds a file of settings adds its check here.
const CHECKS: [Check; 11] = [
    user_config,
    user_limits,
    tools,
    registries,
    templates,
    phases,
    programs,
    repository_profile,
    quality_gates,
    policies,
    outside_of_files,
];

/// Looks at everything that would be used here.
///
/// # Errors
/// Returns [`ContextError`] when there is a repository that can not be used.
pub fn check_config(desk: &Desk) -> Result<ConfigChecked, ContextError> {
    let repo = match desk.repository() {
        Ok(repo) => Some(repo),
        Err(ContextError::Repository(DiscoverError::NotARepository { .. }) | ContextError::NoGit(_)) => None,
        Err(error) => return Err(error),
    };
    let git_config = repo.as_ref().map_or_else(|| Ok(Vec::new()), git_config::read)?;
    let top = repo.as_ref().and_then(|repo| repo.work_dir().map(Path::to_owned));
    let ground = Ground { desk, folder: desk.environment.config_folder(), top, git_config };
    let mut checked = ConfigChecked::default();
    for check in CHECKS {
        check(&ground, &mut checked);
    }
    // What fits each file alone may not fit together.
    if checked.count(Severity::Error) == 0 {
        let together = if repo.is_some() { Context::open(desk).map(|cx| cx.settings) } else { desk.settings() };
        if let Err(error) = together {
            checked.add(Severity::Error, "settings", error.to_string());
        }
    }
    Ok(checked)
}

fn user_file(ground: &Ground<'_>, checked: &mut ConfigChecked, name: &str) -> Option<SourceFile> {
    let path = ground.folder.as_ref()?.join(name);
    checked.look(&path, &path.display().to_string())
}

fn user_config(ground: &Ground<'_>, checked: &mut ConfigChecked) {
    if let Some(Err(found)) = user_file(ground, checked, "config.yaml").map(|file| parse_config(&file)) {
        checked.tell(&found);
    }
}

fn user_limits(ground: &Ground<'_>, checked: &mut ConfigChecked) {
    if let Some(Err(found)) = user_file(ground, checked, "circuit_breaker_config.yaml").map(|file| parse_limits(&file)) {
        checked.tell(&found);
    }
}

fn tools(ground: &Ground<'_>, checked: &mut ConfigChecked) {
    let mut layers = vec![(PROFILES.to_owned(), SHIPPED.to_owned())];
    layers.extend(user_file(ground, checked, PROFILES).map(|file| (file.path, file.text)));
    let own = ground.top.as_ref().and_then(|top| checked.look(&top.join(REPOSITORY_PROFILES), REPOSITORY_PROFILES));
    layers.extend(own.map(|file| (file.path, file.text)));
    let sources: Vec<ProfileSource<'_>> = layers.iter().map(|(name, text)| ProfileSource { name, text }).collect();
    for error in parse_profiles(&sources).err().unwrap_or_default() {
        placed(checked, error.file, (error.line, error.column), error.message);
    }
}

fn templates(ground: &Ground<'_>, checked: &mut ConfigChecked) {
    // What is wrong with plugins is told by the check of pipelines.
    let plugins = plugins::load(&search(ground)).unwrap_or_default();
    let found = match prompts::files(&ground.desk.environment, ground.top.as_deref(), &plugins) {
        Ok(found) => found,
        Err(error) => return checked.unread(&error.path.display().to_string(), &error),
    };
    let mut layers = Vec::new();
    for file in found {
        checked.looked.push((file.shown.clone(), State::Read));
        match prompts::read(&file) {
            Ok(Ok(template)) => layers.push(template),
            Ok(Err(error)) => placed(checked, error.file, (error.line, error.column), error.message),
            Err(error) => checked.unread(&file.shown, &error),
        }
    }
    for error in Templates::new(layers).err().unwrap_or_default() {
        placed(checked, error.file, (error.line, error.column), error.message);
    }
}

fn search(ground: &Ground<'_>) -> Vec<PathBuf> {
    let layers = Layers { git_config: ground.git_config.clone(), ..Layers::default() };
    let settings = resolve(&ground.desk.environment, layers);
    settings.map_or_else(|_| Vec::new(), |settings| pipelines::search(&ground.desk.environment, &settings))
}

/// Looks at every pipeline that could hold, also at those that another one stands before.
fn phases(ground: &Ground<'_>, checked: &mut ConfigChecked) {
    let shelf = match pipelines::load(&ground.desk.environment, ground.top.as_deref(), &search(ground)) {
        Ok(shelf) => shelf,
        Err(PipelinesError::Plugins(PluginsError::Invalid { diagnostics, .. })) => return checked.tell(&diagnostics),
        Err(error) => return checked.add(Severity::Error, "pipelines", error.to_string()),
    };
    let own = shelf.all.into_iter().filter(|one| one.layer != Layer::Shipped);
    for one in own {
        checked.looked.push((one.file.path.clone(), State::Read));
        let against = Against { known: Known::default(), templates: None, has: None };
        checked.tell(&check(&PipelineFile { name: one.name, file: one.file }, against).1);
    }
}

/// Looks at every registry that could hold, also at those that another one stands before.
fn registries(ground: &Ground<'_>, checked: &mut ConfigChecked) {
    let mut files: Vec<SourceFile> = user_file(ground, checked, registry::NAME).into_iter().collect();
    files.extend(ground.top.as_ref().and_then(|top| checked.look(&top.join(registry::REPOSITORY), registry::REPOSITORY)));
    let layers = Layers { git_config: ground.git_config.clone(), ..Layers::default() };
    let named = resolve(&ground.desk.environment, layers).ok().filter(|settings| settings.registry.value.is_some());
    if let Some(settings) = named {
        let places = (ground.desk.cwd.as_path(), ground.top.as_deref());
        if let Some((path, shown)) = registry::find(&ground.desk.environment, &settings, places) {
            let known = files.iter().any(|file| file.path == shown);
            if !known && path.symlink_metadata().is_err() {
                checked.looked.push((shown.clone(), State::Absent));
                checked.add(
                    Severity::Error,
                    &shown,
                    format!("is named by `aim_registry` ({}), and is not there", settings.registry.origin),
                );
            } else if !known {
                files.extend(checked.look(&path, &shown));
            }
        }
    }
    for file in files {
        checked.tell(&parse_registry(&file).map_or_else(|found| found, |(_, found)| found));
    }
}

fn placed(checked: &mut ConfigChecked, subject: String, (line, column): (usize, usize), message: String) {
    let narrow = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    checked.problems.push(Problem { severity: Severity::Error, subject, place: Some((narrow(line), narrow(column))), message, hint: None });
}

fn programs(ground: &Ground<'_>, checked: &mut ConfigChecked) {
    let Some(folder) = ground.folder.as_ref().map(|folder| folder.join(PLUGINS)) else { return };
    let shown = folder.display().to_string();
    if !folder.is_dir() {
        checked.looked.push((shown, State::Absent));
        return;
    }
    let files = match fs::list(&folder) {
        Ok(files) => files.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "json")),
        Err(error) => return checked.unread(&shown, &error),
    };
    let files: Vec<PathBuf> = files.collect();
    checked.looked.extend(files.iter().map(|file| (file.display().to_string(), State::Read)));
    match manifests(files) {
        Ok(_) => {}
        Err(ContextError::Plugins(errors)) => {
            for error in errors {
                placed(checked, error.file, (error.line, error.column), error.message);
            }
        }
        Err(error) => checked.add(Severity::Error, &shown, error.to_string()),
    }
}

fn repository_profile(ground: &Ground<'_>, checked: &mut ConfigChecked) {
    let Some(top) = &ground.top else { return };
    let files: Vec<SourceFile> = profile::PLACES.iter().filter_map(|name| checked.look(&top.join(name), name)).collect();
    if let Err(error @ SettingsError::TwoProfiles { .. }) = profile::find(top) {
        let second = profile::PLACES[1];
        checked.add(Severity::Error, second, error.to_string());
    }
    let tools: Vec<ToolId> = match ground.desk.tools(Some(top)) {
        Ok(tools) => tools.tools().map(|tool| tool.profile.id.clone()).collect(),
        // Told already.
        Err(_) => Vec::new(),
    };
    for file in files {
        checked.tell(&parse_profile(&file, &tools).map_or_else(|found| found, |(_, found)| found));
    }
}

/// Gates are taken from commits; what lies in the work tree is what the next commit brings.
fn quality_gates(ground: &Ground<'_>, checked: &mut ConfigChecked) {
    let Some(top) = &ground.top else { return };
    let files: Vec<SourceFile> = file::PLACES.iter().filter_map(|name| checked.look(&top.join(name), name)).collect();
    if let [first, second] = files.as_slice() {
        let message = format!("`{}` and `{}` are both there, and only one can describe the gates", first.path, second.path);
        checked.add(Severity::Error, &second.path, message);
    }
    for file in files {
        checked.tell(&gate::parse::parse(&file).map_or_else(|found| found, |(_, found)| found));
    }
}

/// Policies are taken from commits as well, and only all layers together say whether one of them loosens another.
fn policies(ground: &Ground<'_>, checked: &mut ConfigChecked) {
    let mut layers = vec![SourceFile::new(policies::SHIPPED_NAME, SHIPPED_POLICIES)];
    layers.extend(user_file(ground, checked, policies::NAME));
    if let Some(top) = &ground.top {
        // A profile with mistakes is told of already, and one that can not be read as well.
        let profile = profile::source(top).ok().flatten();
        layers.extend(profile.filter(|profile| parse_profile(profile, &[]).is_ok()));
        let own: Vec<SourceFile> = policies::PLACES.iter().filter_map(|name| checked.look(&top.join(name), name)).collect();
        if let [first, second] = own.as_slice() {
            let message = format!("`{}` and `{}` are both there, and only one can hold the policies", first.path, second.path);
            checked.add(Severity::Error, &second.path, message);
        }
        layers.extend(own);
    }
    if let Err(found) = policies::parse(&layers) {
        checked.tell(&found);
    }
}

/// Looks at git's configuration and at the environment, value by value.
fn outside_of_files(ground: &Ground<'_>, checked: &mut ConfigChecked) {
    if ground.top.is_some() {
        checked.looked.push(("git config orc.*".to_owned(), State::Read));
    }
    for entry in &ground.git_config {
        let subject = format!("git config {}, {}", entry.key, entry.scope);
        match git_config::overlay(std::slice::from_ref(entry)) {
            Ok((_, warnings)) => warnings.into_iter().for_each(|warning| checked.add(Severity::Warning, &subject, warning)),
            Err(error) => checked.add(Severity::Error, &subject, error.to_string()),
        }
    }
    checked.looked.push(("environment ORC_*, PIPELINE_*".to_owned(), State::Read));
    let (errors, warnings) = variables::check(&ground.desk.environment);
    let all: BTreeMap<String, (Severity, String)> = errors
        .into_iter()
        .map(|(name, error)| (name, (Severity::Error, error.to_string())))
        .chain(warnings.into_iter().map(|(name, warning)| (name, (Severity::Warning, warning))))
        .collect();
    for (name, (severity, message)) in all {
        checked.add(severity, &name, message);
    }
}
