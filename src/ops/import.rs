//! `plan import`: makes a plan of what the original systems wrote, and tells what has no counterpart.

use std::path::{Path, PathBuf};

use crate::domain::document::diagnostic::Diagnostic;
use crate::domain::document::source::{Format, SourceFile};
use crate::domain::import::shell::Shell;
use crate::domain::import::source::{Imported, import as read};
use crate::domain::plan::input::PhaseInput;
use crate::ops::context::{ContextError, Desk};
use crate::ops::plan_source::{PlanKind, PlanSource, PlanSourceError};
use crate::ops::split::{SplitError, Target, write};

/// The error of importing a plan.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// What is to be imported can not be read.
    #[error(transparent)]
    Source(#[from] PlanSourceError),
    /// What is to be imported is no YAML or JSON.
    #[error("it can not be read: {}", diagnostics.first().map(ToString::to_string).unwrap_or_default())]
    Unreadable {
        /// What is wrong.
        diagnostics: Vec<Diagnostic>,
        /// The files.
        files: Vec<SourceFile>,
    },
    /// Settings or tools hold mistakes.
    #[error(transparent)]
    Context(#[from] ContextError),
    /// The plan can not be written.
    #[error(transparent)]
    Write(#[from] SplitError),
}

/// A plan that was imported.
#[derive(Debug, Clone, PartialEq)]
pub struct Made {
    /// What was read, and what became of it.
    pub imported: Imported,
    /// The plan's text, under the name that diagnostics have for it.
    pub file: SourceFile,
    /// What is wrong with the plan, and what there is to say about it.
    pub diagnostics: Vec<Diagnostic>,
    /// Whether it can be run.
    pub is_valid: bool,
    /// Where it was written.
    pub path: Option<PathBuf>,
}

/// What is wanted.
#[derive(Debug, Clone, Copy)]
pub struct ImportRequest<'a> {
    /// A file, or a folder of files.
    pub source: &'a Path,
    /// What may become of commands that only a shell understands.
    pub shell: Shell,
    /// Where the plan goes; nowhere when it is only printed.
    pub output: Option<&'a Path>,
}

/// Makes a plan of what the original systems wrote. One that holds mistakes, or about which something must be decided first, is not written.
///
/// # Errors
/// Returns [`ImportError`] when it can not be read, or the plan can not be written.
pub fn import(desk: &Desk, request: ImportRequest<'_>) -> Result<Made, ImportError> {
    let source = PlanSource::read(&desk.cwd, request.source)?;
    let mut files = source.files;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let unreadable = |diagnostics| ImportError::Unreadable { diagnostics, files: files.clone() };
    let mut imported = read(&files, request.shell).map_err(unreadable)?;
    let stem = request.source.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    imported.records.frame.entry("name").or_insert_with(|| crate::domain::import::losses::id_of(&stem).into());
    let format = request.output.map_or(Format::Yaml, |path| Format::of_path(&path.display().to_string()));
    let text = imported.records.text(format).ok_or(SplitError::NoText)?;
    let file = SourceFile::new(if format == Format::Json { "imported.json" } else { "imported.yaml" }, text);
    let (diagnostics, is_valid) = checked(desk, &file)?;
    let path = match request.output {
        Some(output) if is_valid && !imported.is_refused => Some(write(&desk.cwd, Target::File(output), &file.text)?),
        Some(_) | None => None,
    };
    Ok(Made { imported, file, diagnostics, is_valid, path })
}

/// Returns what there is to say about the new plan, and whether it can be run.
fn checked(desk: &Desk, file: &SourceFile) -> Result<(Vec<Diagnostic>, bool), ImportError> {
    let repository = desk.repository().ok();
    let top = repository.as_ref().and_then(crate::io::git::repo::Repo::work_dir);
    let tools = desk.tools(top)?;
    let settings = desk.settings_at(top, &tools)?;
    let (registry, _) = desk.registry(top, &settings)?;
    let (name, files) = (file.path.clone(), vec![file.clone()]);
    let source = PlanSource { name, folder: desk.cwd.clone(), files, kind: PlanKind::File, phases: PhaseInput::default() };
    Ok(match source.check(&settings, (&tools, &registry)) {
        Ok((_, notes)) => (notes, true),
        Err(errors) => (errors, false),
    })
}
