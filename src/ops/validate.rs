//! `validate`: says everything that is wrong with plans.

use std::path::PathBuf;

use crate::domain::document::diagnostic::{Diagnostic, Severity};
use crate::domain::document::source::SourceFile;
use crate::domain::gate::parse::parse;
use crate::domain::id::ObjectId;
use crate::domain::plan::model::CheckedPlan;
use crate::domain::schedule::waves::{Schedule, schedule};
use crate::io::git::repo::Repo;
use crate::ops::context::{ContextError, Desk};
use crate::ops::gating::error::GatingError;
use crate::ops::gating::file;
use crate::ops::pipelines::{self, PipelinesError};
use crate::ops::plan_source::{PlanSource, PlanSourceError};
use crate::ops::policies::{self, PoliciesError};
use crate::ops::{prompts, quality};

/// The error when a plan can not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum ValidateError {
    /// Settings or tools hold mistakes.
    #[error(transparent)]
    Context(#[from] ContextError),
    /// The plan can not be read.
    #[error(transparent)]
    Source(#[from] PlanSourceError),
    /// The pipelines can not be used.
    #[error(transparent)]
    Pipelines(#[from] PipelinesError),
    /// The policies can not be read.
    #[error(transparent)]
    Policies(#[from] PoliciesError),
    /// The gates of the repository can not be read.
    #[error(transparent)]
    Gates(#[from] GatingError),
}

/// A plan that was looked at.
#[derive(Debug)]
pub struct Validated {
    /// The plan as it lies on the disk.
    pub source: PlanSource,
    /// Its files and those of the repository that it is held against, for showing the places.
    pub files: Vec<SourceFile>,
    /// What there is to say about it, errors first in the order of their places.
    pub diagnostics: Vec<Diagnostic>,
    /// The plan and its waves; `None` when it has errors.
    pub plan: Option<(CheckedPlan, Schedule)>,
}

impl Validated {
    /// Returns how many diagnostics have this severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count()
    }
}

/// Looks at plans. A plan with errors is an answer, not an error.
///
/// # Errors
/// Returns [`ValidateError`] when a plan can not be read at all.
pub fn validate(desk: &Desk, paths: &[PathBuf]) -> Result<Vec<Validated>, ValidateError> {
    // Plans can be checked anywhere; inside of a repository its own tools are known as well.
    let repository = desk.repository().ok();
    let top = repository.as_ref().and_then(Repo::work_dir);
    let tools = desk.tools(top)?;
    let settings = desk.settings_at(top, &tools)?;
    let (registry, _) = desk.registry(top, &settings)?;
    let shelf = pipelines::load(&desk.environment, top, &pipelines::search(&desk.environment, &settings))?;
    // Mistakes in templates are told by those who use them; without them none is missed.
    let templates = prompts::load(&desk.environment, top, &shelf.plugins).ok();
    let mut validated = Vec::with_capacity(paths.len());
    for path in paths {
        let source = PlanSource::read(&desk.cwd, path)?.with(shelf.input(None, templates.as_ref()));
        let (mut plan, mut diagnostics) = match source.check(&settings, (&tools, &registry)) {
            Ok((plan, diagnostics)) => (Some(plan), diagnostics),
            Err(diagnostics) => (None, diagnostics),
        };
        let mut files = source.shown();
        // What the plan says by itself is told even where its base leads nowhere; a run says so.
        let base = |repo: &Repo| repo.resolve(plan.as_ref().map_or("HEAD", |plan| plan.base.as_str())).ok();
        if let Some((repo, base)) = repository.as_ref().and_then(|repo| Some((repo, base(repo)?))) {
            let found = held_against(desk, (repo, base), &source, plan.as_mut())?;
            diagnostics.extend(found.0);
            files.extend(found.1);
        }
        let plan = plan.filter(|_| diagnostics.iter().all(|one| one.severity != Severity::Error)).map(|plan| {
            let waves = schedule(&plan);
            (plan, waves)
        });
        validated.push(Validated { source, files, diagnostics, plan });
    }
    Ok(validated)
}

/// Returns what the policies and gates of a base commit have to say about a plan, and what is wrong with themselves; with their files.
fn held_against(
    desk: &Desk,
    (repo, base): (&Repo, ObjectId),
    source: &PlanSource,
    mut plan: Option<&mut CheckedPlan>,
) -> Result<(Vec<Diagnostic>, Vec<SourceFile>), ValidateError> {
    let (mut found, mut files) = (Vec::new(), Vec::new());
    match file::source(repo, base) {
        Ok(Some(gates)) => {
            let joined = match plan.as_deref_mut() {
                Some(plan) => quality::join(plan, &gates),
                None => parse(&gates).map(|(_, notes)| notes),
            };
            found.extend(joined.unwrap_or_else(|errors| errors));
            files.push(gates);
        }
        Ok(None) => {}
        Err(error) => {
            let (told, shown) = error.diagnostics()?;
            found.extend(told);
            files.extend(shown);
        }
    }
    match policies::read(&desk.environment, repo, base) {
        Ok(policies) => found.extend(plan.iter().flat_map(|plan| source.lacks(plan, policies.governance.asks))),
        Err(error) => {
            let (told, shown) = error.diagnostics()?;
            found.extend(told);
            files.extend(shown);
        }
    }
    Ok((found, files))
}
