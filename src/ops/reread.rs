//! What a fluid run reads anew between its waves: the settings as they are now, where the run was started.

use super::begin::traits;
use super::context::{Context, ContextError};
use super::plan_settings::settings;
use crate::domain::id::ToolId;
use crate::domain::plan::model::CheckedPlan;
use crate::domain::policy::budget::BudgetKey;
use crate::domain::run::config::RunConfig;
use crate::domain::run::reread::{Fresh, Says, ToolLimits};
use crate::engine::bench::with_sources;
use crate::engine::reader::Reader;
use crate::io::settings::layer::Layer;

/// Returns what reads the settings of a run again.
#[must_use]
pub fn reader(cx: &Context, plan: &CheckedPlan, config: &RunConfig) -> Reader {
    let tools: Vec<ToolId> = config.tools.keys().cloned().collect();
    let (cx, plan) = (cx.clone(), plan.clone());
    Reader::new(move || fresh(&cx, &plan, &tools).map_err(|error| with_sources(&error)))
}

fn fresh(cx: &Context, plan: &CheckedPlan, tools: &[ToolId]) -> Result<Fresh, ContextError> {
    let now = cx.reopened()?;
    let settings = settings(&now, plan);
    // An amount that nobody speaks of any more was not set anew by the user.
    let says = |key: &BudgetKey| {
        let name = format!("budget.{key}");
        let by_user = settings.budget_layer.told().any(|(told, _, origin)| told == name && origin.layer != Layer::Repository);
        if by_user { Says::User } else { Says::Repository }
    };
    let limits = |tool: &ToolId| {
        let traits = traits(&now, now.tools.profile(tool)?);
        Some((tool.clone(), ToolLimits { max_parallel: traits.max_parallel, starts_per_minute: traits.starts_per_minute }))
    };
    Ok(Fresh {
        max_workers: settings.max_workers.value.max(1),
        budgets: BudgetKey::all().map(|key| (key, settings.budgets.amount(key), says(&key))).collect(),
        tools: tools.iter().filter_map(limits).collect(),
    })
}
