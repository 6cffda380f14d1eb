//! `plan split`: takes the workstreams of a plan apart that are too large, by the rules that hold here.

use std::path::{Path, PathBuf};

use crate::domain::decompose::rules::{NAME, Rules, SHIPPED, parse_rules};
use crate::domain::decompose::split::{Excess, Question, Split, exceeding, split as taken_apart};
use crate::domain::document::diagnostic::Diagnostic;
use crate::domain::document::source::{Format, MAX_BYTES, SourceFile};
use crate::domain::plan::model::CheckedPlan;
use crate::domain::plan::records::{Records, records};
use crate::io::fs::{self, Durability, FsError};
use crate::io::git::objects::{ObjectError, Objects};
use crate::io::git::repo::RepoError;
use crate::ops::context::Context;
use crate::ops::pipelines::PipelinesError;
use crate::ops::plan_source::{PlanKind, PlanSource, PlanSourceError};

/// Where a repository may have its own rules.
const PLACES: [&str; 2] = [NAME, ".git-orc/decomposition_rules.yaml"];

/// The error of taking a plan apart.
#[derive(Debug, thiserror::Error)]
pub enum SplitError {
    /// The plan can not be read.
    #[error(transparent)]
    Source(#[from] PlanSourceError),
    /// Pipelines can not be read.
    #[error(transparent)]
    Pipelines(#[from] PipelinesError),
    /// The plan, the rules, or what would come of them hold mistakes.
    #[error("{what} not valid: {}", diagnostics.first().map(ToString::to_string).unwrap_or_default())]
    Invalid {
        /// What holds them.
        what: &'static str,
        /// What is wrong.
        diagnostics: Vec<Diagnostic>,
        /// The text in which it is wrong.
        files: Vec<SourceFile>,
    },
    /// A folder of bundles can not be replaced by one plan.
    #[error("`{}` is a folder of bundles", .0.display())]
    Folder(PathBuf),
    /// A file is there already.
    #[error("`{}` is there already", .0.display())]
    Exists(PathBuf),
    /// The plan has no such form.
    #[error("the plan can not be written as text")]
    NoText,
    /// The base commit can not be found.
    #[error(transparent)]
    Base(#[from] RepoError),
    /// The base commit can not be read.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// A file can not be read or written.
    #[error(transparent)]
    File(#[from] FsError),
}

/// A plan that was held against the rules.
#[derive(Debug)]
pub struct Held {
    /// The plan.
    pub plan: CheckedPlan,
    source: PlanSource,
    files: Vec<String>,
    rules: Rules,
    records: Records,
}

/// What came of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// What was done.
    pub split: Split,
    /// The plan's new text.
    pub text: String,
    /// The new plan as plain records.
    pub records: Records,
    /// What there is to say about the new plan.
    pub notes: Vec<Diagnostic>,
}

/// Reads a plan, the files of its base commit, and the rules.
///
/// # Errors
/// Returns [`SplitError`] when one of them can not be read or holds mistakes.
pub fn hold(cx: &Context, plan: &Path, rules: Option<&Path>) -> Result<Held, SplitError> {
    let source = PlanSource::read(&cx.cwd, plan)?.with(cx.phases()?);
    let invalid = |diagnostics| SplitError::Invalid { what: "the plan is", diagnostics, files: source.files.clone() };
    let (plan, _) = source.check(&cx.settings, (&cx.tools, &cx.registry)).map_err(invalid)?;
    let base = cx.repo.resolve(&plan.base)?;
    let objects = Objects::open(&cx.repo)?;
    let changes = objects.diff_trees(None, Some(objects.tree_of(base)?))?;
    // A path that is no UTF-8 can not be named in a plan; it stays with the globs that cover it.
    let files = changes.iter().filter_map(|change| std::str::from_utf8(change.path.as_bytes()).ok().map(str::to_owned)).collect();
    let rules = read_rules(cx, rules)?;
    let records = records(&source.files, source.shape()).ok_or(SplitError::NoText)?;
    Ok(Held { plan, source, files, rules, records })
}

fn read_rules(cx: &Context, named: Option<&Path>) -> Result<Rules, SplitError> {
    let mut files = vec![SourceFile::new(format!("git-orc/config/{NAME}"), SHIPPED)];
    let user = cx.environment.config_folder().map(|folder| folder.join(NAME));
    let repository = cx.repo.work_dir().into_iter().flat_map(|top| PLACES.map(|place| top.join(place)));
    let paths = user.into_iter().chain(repository).filter(|path| path.is_file()).chain(named.map(|path| cx.cwd.join(path)));
    for path in paths {
        files.push(SourceFile::from_bytes(path.display().to_string(), &fs::read_at_most(&path, MAX_BYTES as u64 + 1)?));
    }
    parse_rules(&files).map_err(|diagnostics| SplitError::Invalid { what: "the rules are", diagnostics, files })
}

impl Held {
    /// Returns the workstreams that are too large.
    #[must_use]
    pub fn exceeding(&self) -> Vec<Excess> {
        exceeding(self.question())
    }

    fn question(&self) -> Question<'_> {
        Question { plan: &self.plan, records: &self.records.workstreams, files: &self.files, rules: &self.rules }
    }

    /// Takes the workstreams apart; what comes of it is checked.
    ///
    /// # Errors
    /// Returns [`SplitError::Invalid`] when the new plan would hold mistakes.
    pub fn split(&self, cx: &Context) -> Result<Outcome, SplitError> {
        let split = taken_apart(self.question());
        let mut records = Records { frame: self.records.frame.clone(), workstreams: split.records.clone() };
        // The name may have come from the file, which may be another one now.
        records.frame.entry("name").or_insert_with(|| self.plan.name.clone().into());
        let format = self.format();
        let text = records.text(format).ok_or(SplitError::NoText)?;
        let name = if format == Format::Json { "split.json" } else { "split.yaml" };
        let files = vec![SourceFile::new(name, &text)];
        let source = PlanSource {
            name: name.to_owned(),
            folder: self.source.folder.clone(),
            files,
            kind: PlanKind::File,
            phases: self.source.phases.clone(),
        };
        let invalid = |diagnostics| SplitError::Invalid { what: "the new plan is", diagnostics, files: source.files.clone() };
        let (_, notes) = source.check(&cx.settings, (&cx.tools, &cx.registry)).map_err(invalid)?;
        Ok(Outcome { split, text, records, notes })
    }

    fn format(&self) -> Format {
        let only = if self.source.kind == PlanKind::File { self.source.files.first() } else { None };
        only.map_or(Format::Yaml, |file| file.format)
    }
}

/// Where the new plan goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    /// In the place of the old one.
    Plan(&'a Path),
    /// Into a file that is not there yet.
    File(&'a Path),
}

/// Writes the text of a plan as a whole.
///
/// # Errors
/// Returns [`SplitError`] when it can not be written, or must not be there.
pub fn write(cwd: &Path, target: Target<'_>, text: &str) -> Result<PathBuf, SplitError> {
    match target {
        Target::Plan(plan) => {
            let path = cwd.join(plan);
            if path.is_dir() {
                return Err(SplitError::Folder(plan.to_owned()));
            }
            // A link to a plan stays one: what it leads to is replaced.
            let path = path.canonicalize().unwrap_or(path);
            fs::write_atomic(&path, text.as_bytes(), Durability::Full)?;
            Ok(path)
        }
        Target::File(file) => {
            let path = cwd.join(file);
            if path.symlink_metadata().is_ok() {
                return Err(SplitError::Exists(file.to_owned()));
            }
            fs::write_new(&path, text.as_bytes(), Durability::Full)?;
            Ok(path)
        }
    }
}
