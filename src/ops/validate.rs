//! `validate`: says everything that is wrong with plans.

use std::path::PathBuf;

use crate::domain::document::diagnostic::{Diagnostic, Severity};
use crate::domain::plan::model::CheckedPlan;
use crate::domain::schedule::waves::{Schedule, schedule};
use crate::io::git::repo::Repo;
use crate::ops::context::{ContextError, Desk};
use crate::ops::plan_source::{PlanSource, PlanSourceError};

/// The error when a plan can not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum ValidateError {
    /// Settings or tools hold mistakes.
    #[error(transparent)]
    Context(#[from] ContextError),
    /// The plan can not be read.
    #[error(transparent)]
    Source(#[from] PlanSourceError),
}

/// A plan that was looked at.
#[derive(Debug)]
pub struct Validated {
    /// The plan as it lies on the disk.
    pub source: PlanSource,
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
    let mut validated = Vec::with_capacity(paths.len());
    for path in paths {
        let source = PlanSource::read(&desk.cwd, path)?;
        let (plan, diagnostics) = match source.check(&settings, &tools) {
            Ok((plan, diagnostics)) => (Some(plan), diagnostics),
            Err(diagnostics) => (None, diagnostics),
        };
        let plan = plan.map(|plan| {
            let waves = schedule(&plan);
            (plan, waves)
        });
        validated.push(Validated { source, diagnostics, plan });
    }
    Ok(validated)
}
