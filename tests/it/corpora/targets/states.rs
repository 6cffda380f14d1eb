//! Checkpoints: what is read can be written again, and deciding is total and repeatable on any state, sensible or not.

use std::collections::BTreeMap;

use git_orc::domain::id::{StepId, ToolId, WorkstreamId};
use git_orc::domain::plan::model::CheckedPlan;
use git_orc::domain::policy::budget::{Budget, Spent};
use git_orc::domain::policy::scope::Scope;
use git_orc::domain::report::summary::summary;
use git_orc::domain::run::brief::Brief;
use git_orc::domain::run::config::{RunConfig, ToolTraits};
use git_orc::domain::run::decide::decide;
use git_orc::domain::run::effect::Effect;
use git_orc::domain::run::machine::apply_event;
use git_orc::domain::run::state::RunState;
use git_orc::domain::tool::profile::ResolveMode;
use jiff::Timestamp;

use super::graphs::workstream;

/// A checkpoint.
pub fn checkpoint(data: &[u8]) {
    let Ok(state) = serde_json::from_slice::<RunState>(data) else { return };
    let text = serde_json::to_vec(&state).unwrap();
    assert_eq!(serde_json::from_slice::<RunState>(&text).unwrap(), state);
    let _ = summary(&state);
    let (plan, config) = (plan(), config());
    let now = Timestamp::from_second(1_700_000_000).unwrap();
    let brief = Brief { plan: &plan, config: &config, now, elsewhere: Spent::default() };
    let effects = decide(brief, &state);
    assert_eq!(effects, decide(brief, &state));
    let mut after = state;
    for effect in &effects {
        if let Effect::Record(event) = effect {
            // A state that no run can reach may refuse it, but not fall over.
            let _ = apply_event(&mut after, event, now);
        }
    }
}

fn id(name: &str) -> WorkstreamId {
    WorkstreamId::parse(name).unwrap()
}

fn plan() -> CheckedPlan {
    let scope = || Scope::new(&["**".to_owned()], &[], &[]).unwrap();
    CheckedPlan {
        workflows: Vec::new(),
        name: "fuzz".into(),
        base: "HEAD".into(),
        target: "orc/fuzz".into(),
        max_workers: Some(2),
        wave_delay_sec: 1,
        fail_fast: true,
        cache: None,
        fluid: false,
        budget: Budget::default(),
        gates: Vec::new(),
        workstreams: vec![workstream(id("a"), Vec::new(), scope()), workstream(id("b"), vec![id("a")], scope())],
    }
}

fn config() -> RunConfig {
    let tool = ToolId::parse("one").unwrap();
    let routes: BTreeMap<_, _> = [(StepId::parse("edit").unwrap(), vec![tool.clone()])].into();
    RunConfig {
        tools: [(tool, ToolTraits { prompted: true, ..ToolTraits::of(ResolveMode::Redo) })].into(),
        routes: [(id("a"), routes.clone()), (id("b"), routes)].into(),
        ..RunConfig::of_workers(2)
    }
}
