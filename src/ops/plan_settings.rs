//! The settings that hold for a plan.

use super::context::Context;
use crate::domain::plan::model::CheckedPlan;
use crate::io::settings::layer::Layer;
use crate::io::settings::resolve::Settings;

/// Returns the settings with what the plan says in its place.
#[must_use]
pub fn settings(cx: &Context, plan: &CheckedPlan) -> Settings {
    let mut settings = cx.settings.clone();
    if let Some(workers) = plan.max_workers
        && settings.max_workers.origin.layer < Layer::Plan
    {
        settings.max_workers.value = workers;
    }
    settings.tighten_run(plan.budget);
    settings
}
