//! Plans for the tests of this module and of the views.

use std::collections::BTreeMap;

use crate::domain::gate::model::Baseline;
use crate::domain::goal::model::Goals;
use crate::domain::id::{StepId, ToolId, WorkstreamId};
use crate::domain::phase::rules::StepRules;
use crate::domain::plan::model::{CheckedPlan, EditStep, Step, StepKind, ToolChoice, Workstream};
use crate::domain::policy::budget::{Budget, WorkstreamBudget};
use crate::domain::policy::scope::Scope;
use crate::domain::run::limits::LoopLimits;

/// Returns a plan of these workstreams.
pub(crate) fn plan(workstreams: Vec<Workstream>) -> CheckedPlan {
    CheckedPlan {
        workflows: Vec::new(),
        name: "sample".to_owned(),
        base: "HEAD".to_owned(),
        target: "orc/sample".to_owned(),
        max_workers: None,
        wave_delay_sec: 0,
        fail_fast: false,
        cache: None,
        fluid: false,
        budget: Budget::default(),
        gates: Vec::new(),
        workstreams,
    }
}

/// Returns a workstream that depends on others and may write these globs.
pub(crate) fn workstream(id: &str, depends_on: &[&str], globs: &[&str]) -> Workstream {
    let texts: Vec<String> = globs.iter().map(|g| (*g).to_owned()).collect();
    let edit = EditStep {
        tool: ToolChoice::Tool(ToolId::parse("command").unwrap()),
        command: Some(vec!["true".to_owned()]),
        fix: None,
        patches: Vec::new(),
        description: None,
        tasks: Vec::new(),
        acceptance_tests: Vec::new(),
        model: None,
        capability: None,
    };
    Workstream {
        id: WorkstreamId::parse(id).unwrap(),
        title: None,
        depends_on: depends_on.iter().map(|d| WorkstreamId::parse(d).unwrap()).collect(),
        scope: Scope::new(&texts, &[], &[]).unwrap(),
        inputs: None,
        conflict_group: None,
        parallel_ok: true,
        priority: 0,
        steps: vec![Step {
            id: StepId::parse("edit").unwrap(),
            kind: StepKind::Edit(edit),
            timeout_sec: None,
            baseline: Baseline::Base,
            rules: StepRules::default(),
        }],
        resolve: None,
        setup: Vec::new(),
        fixers: Vec::new(),
        tasks: Vec::new(),
        acceptance_tests: Vec::new(),
        prompt: None,
        limits: LoopLimits::default(),
        goals: Goals::default(),
        budget: WorkstreamBudget::default(),
        allow_empty: false,
        handling: Vec::new(),
        submodules: false,
        compensation_actions: Vec::new(),
        test_gates: Vec::new(),
        metadata: BTreeMap::new(),
    }
}
