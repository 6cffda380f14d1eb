//! Brings a plan from the disk: one file, or a folder of bundle files.

use std::path::{Path, PathBuf};

use crate::domain::document::diagnostic::Diagnostic;
use crate::domain::document::source::{MAX_BYTES, Shape, SourceFile};
use crate::domain::pipeline::parse::holding;
use crate::domain::plan::check::asks::lacks;
use crate::domain::plan::input::{Known, PhaseInput, PlanDefaults, PlanInput};
use crate::domain::plan::model::CheckedPlan;
use crate::domain::plan::parse::parse_plan;
use crate::domain::policy::governance::model::Asks;
use crate::domain::tool::registry::Registry;
use crate::domain::tool::toolbox::Toolbox;
use crate::io::fs::{self, FsError};
use crate::io::settings::resolve::Settings;

/// The endings of bundle files.
const ENDINGS: [&str; 3] = ["json", "yaml", "yml"];

/// The error of reading a plan's files.
#[derive(Debug, thiserror::Error)]
pub enum PlanSourceError {
    /// A file or folder can not be read.
    #[error(transparent)]
    File(#[from] FsError),
    /// A folder holds no bundle.
    #[error("there is no `*.json` or `*.yaml` file in `{}`", .0.display())]
    NoBundles(PathBuf),
}

/// A plan as it lies on the disk.
#[derive(Debug, Clone)]
pub struct PlanSource {
    /// The path as the user wrote it.
    pub name: String,
    /// The folder that the files named in the plan are relative to.
    pub folder: PathBuf,
    /// The files; their paths are shown to the user.
    pub files: Vec<SourceFile>,
    /// Whether the files are the bundles of a folder.
    pub kind: PlanKind,
    /// The pipelines and the templates that it can name.
    pub phases: PhaseInput,
}

/// Whether a plan is a file or a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanKind {
    /// One file.
    File,
    /// A folder of bundles.
    Folder,
}

impl PlanSource {
    /// Reads the files of a plan; `path` is relative to `cwd`.
    ///
    /// # Errors
    /// Returns [`PlanSourceError`] when it can not be read, or a folder holds no bundle.
    pub fn read(cwd: &Path, path: &Path) -> Result<Self, PlanSourceError> {
        let place = cwd.join(path);
        let name = path.display().to_string();
        if !place.is_dir() {
            let files = vec![read_file(&place, &name)?];
            let folder = place.parent().unwrap_or(cwd).to_owned();
            return Ok(Self { name, folder, files, kind: PlanKind::File, phases: PhaseInput::default() });
        }
        let is_bundle = |file: &PathBuf| file.is_file() && file.extension().is_some_and(|e| ENDINGS.iter().any(|known| e == *known));
        let mut files = Vec::new();
        for file in fs::list(&place)?.into_iter().filter(is_bundle) {
            let shown = path.join(file.file_name().unwrap_or_default()).display().to_string();
            files.push(read_file(&file, &shown)?);
        }
        if files.is_empty() {
            return Err(PlanSourceError::NoBundles(path.to_owned()));
        }
        Ok(Self { name, folder: place, files, kind: PlanKind::Folder, phases: PhaseInput::default() })
    }

    /// Lets the plan name these pipelines and templates.
    #[must_use]
    pub fn with(mut self, phases: PhaseInput) -> Self {
        self.phases = phases;
        self
    }

    /// Returns the files of the plan and of the pipelines that it can name, for showing the places.
    #[must_use]
    pub fn shown(&self) -> Vec<SourceFile> {
        let pipelines = holding(&self.phases.pipelines).into_iter().map(|one| one.file);
        self.files.iter().cloned().chain(pipelines).collect()
    }

    /// Reads and checks the plan. Beside the plan come warnings and notes.
    ///
    /// # Errors
    /// Returns everything that was found when at least one of it is an error.
    pub fn check(
        &self,
        settings: &Settings,
        (tools, registry): (&Toolbox, &Registry),
    ) -> Result<(CheckedPlan, Vec<Diagnostic>), Vec<Diagnostic>> {
        let defaults = PlanDefaults { phases: self.phases.clone(), ..defaults(settings) };
        self.checked(&defaults, (tools, registry))
    }

    /// Returns what a checked plan lacks of what the profile of the repository asks.
    #[must_use]
    pub fn lacks(&self, plan: &CheckedPlan, asks: Asks) -> Vec<Diagnostic> {
        let defaults = PlanDefaults::default();
        lacks(&PlanInput { files: &self.files, shape: self.shape(), defaults: &defaults, known: Known::default() }, plan, asks)
    }

    const fn shape(&self) -> Shape<'_> {
        match self.kind {
            PlanKind::File => Shape::File,
            PlanKind::Folder => Shape::Bundles { folder: self.name.as_str() },
        }
    }

    fn checked(
        &self,
        defaults: &PlanDefaults,
        (tools, registry): (&Toolbox, &Registry),
    ) -> Result<(CheckedPlan, Vec<Diagnostic>), Vec<Diagnostic>> {
        let ids: Vec<_> = tools.tools().map(|tool| tool.profile.id.clone()).collect();
        let mut capabilities: Vec<String> = tools.tools().flat_map(|tool| tool.profile.capabilities.iter().cloned()).collect();
        capabilities.extend(registry.capabilities.keys().cloned());
        capabilities.sort_unstable();
        capabilities.dedup();
        let known = Known { tools: &ids, capabilities: &capabilities };
        parse_plan(&PlanInput { files: &self.files, shape: self.shape(), defaults, known })
    }
}

/// Returns what a plan that says nothing gets.
#[must_use]
pub fn defaults(settings: &Settings) -> PlanDefaults {
    PlanDefaults {
        limits: settings.limits.loops.clone(),
        tool: None,
        commands: settings.commands.value.clone(),
        base: settings.base.value.clone(),
        phases: PhaseInput::default(),
    }
}

/// Reads one byte more than a plan may have, so that a larger one is told from one that just fits.
fn read_file(path: &Path, shown: &str) -> Result<SourceFile, FsError> {
    Ok(SourceFile::from_bytes(shown, &fs::read_at_most(path, MAX_BYTES as u64 + 1)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::fs::write_scratch;
    use crate::io::settings::environment::Environment;
    use crate::io::settings::resolve::{Layers, resolve};

    const ONE: &str = "workstreams: [{id: a, files_scope: [a], tool: command, command: [\"true\"]}]\n";

    fn names(source: &PlanSource) -> Vec<&str> {
        source.files.iter().map(|file| file.path.as_str()).collect()
    }

    #[test]
    fn a_file_and_a_folder_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let settings = resolve(&Environment::default(), Layers::default()).unwrap();
        let tools = Toolbox::new(Vec::new());
        write_scratch(&dir.path().join("tour.yaml"), ONE.as_bytes()).unwrap();
        let file = PlanSource::read(dir.path(), Path::new("tour.yaml")).unwrap();
        assert_eq!((names(&file), file.folder.as_path()), (vec!["tour.yaml"], dir.path()));
        assert_eq!(file.check(&settings, (&tools, &Registry::default())).unwrap().0.name, "tour");

        let folder = dir.path().join("bundles");
        fs::create_dir_all(&folder.join("deeper.json")).unwrap();
        assert!(matches!(PlanSource::read(dir.path(), Path::new("bundles")), Err(PlanSourceError::NoBundles(_))));
        for (name, id) in [("b.json", "b"), ("a.yaml", "a")] {
            let text = format!("{{\"id\": \"{id}\", \"files_scope\": [\"{id}\"], \"tool\": \"command\", \"command\": [\"true\"]}}");
            write_scratch(&folder.join(name), text.as_bytes()).unwrap();
        }
        write_scratch(&folder.join("notes.txt"), b"").unwrap();
        let read = PlanSource::read(dir.path(), Path::new("bundles")).unwrap();
        assert_eq!(names(&read), ["bundles/a.yaml", "bundles/b.json"]);
        assert_eq!(read.check(&settings, (&tools, &Registry::default())).unwrap().0.workstreams.len(), 2);
    }

    #[test]
    fn what_is_missing_is_an_error() {
        let error = PlanSource::read(Path::new("/nonexistent"), Path::new("plan.yaml")).unwrap_err();
        assert!(error.to_string().starts_with("read `/nonexistent/plan.yaml`"), "{error}");
    }
}
