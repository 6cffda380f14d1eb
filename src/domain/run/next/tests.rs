//! When fixers have their turn, and what it costs.

use jiff::Timestamp;
use ulid::Ulid;

use super::{Action, action};
use crate::domain::gate::model::Baseline;
use crate::domain::id::{ObjectId, PatchId, RunId, StepId, ToolId, WorkstreamId};
use crate::domain::phase::rules::StepRules;
use crate::domain::plan::model::{CheckedPlan, Step, StepKind};
use crate::domain::policy::budget::Spent;
use crate::domain::run::brief::Brief;
use crate::domain::run::choosing::Claims;
use crate::domain::run::config::{RunConfig, ToolTraits};
use crate::domain::run::effect::StepOrder;
use crate::domain::run::fact::{StepFinished, StepOutcome, StepRole, StepStarted};
use crate::domain::run::state::{PatchRecord, PatchStatus, RunState, WorkstreamState, WorkstreamStatus};
use crate::domain::run::workstream_machine::{step_finished, step_started};
use crate::domain::schedule::sample;
use crate::domain::tool::profile::ResolveMode;

/// A workstream with fixers, driven by hand.
struct Hand {
    plan: CheckedPlan,
    config: RunConfig,
    one: WorkstreamState,
    trees: u8,
}

impl Hand {
    fn new(most: u32) -> Self {
        let mut workstream = sample::workstream("a", &[], &["a"]);
        let check = StepKind::Static(vec![vec!["lint".to_owned()]]);
        workstream.steps.push(Step {
            id: step("static"),
            kind: check,
            timeout_sec: None,
            baseline: Baseline::Nothing,
            rules: StepRules::default(),
        });
        workstream.fixers = vec![vec!["fmt".to_owned()]];
        workstream.limits.max_fix_iterations.statics = most;
        let tool = ToolId::parse("command").unwrap();
        let traits = ToolTraits::of(ResolveMode::Redo);
        let config = RunConfig {
            tools: [(tool.clone(), traits)].into(),
            routes: [(id(), [(step("edit"), vec![tool])].into())].into(),
            ..RunConfig::of_workers(1)
        };
        let mut one = WorkstreamState::planned(1);
        one.status = WorkstreamStatus::Ready;
        one.start = Some(ObjectId::ZERO);
        Self { plan: sample::plan(vec![workstream]), config, one, trees: 0 }
    }

    fn next(&self) -> Option<StepOrder> {
        let brief = Brief { plan: &self.plan, config: &self.config, now: Timestamp::UNIX_EPOCH, elsewhere: Spent::default() };
        match action(brief, &RunState::new(RunId::new(Ulid::from(1))), (&id(), &self.one), &Claims::default()) {
            Action::Step(order) => Some(*order),
            Action::Nothing | Action::Hold | Action::Record(_) | Action::Wait(_) | Action::Short(_) => None,
        }
    }

    /// Does what is next; `tree` is what the tip holds afterwards. Returns who did it.
    fn go(&mut self, outcome: StepOutcome, tree: Option<u8>) -> String {
        let order = self.next().unwrap();
        let started = StepStarted {
            workstream: id(),
            step: order.step.clone(),
            attempt: order.attempt,
            role: order.role,
            index: u32::try_from(order.index).unwrap(),
            tool: order.tool.clone(),
            rung: order.rung,
            of: order.of.clone(),
            sandbox: None,
            network: None,
        };
        step_started(&mut self.one, &started, Timestamp::UNIX_EPOCH).unwrap();
        if let Some(tree) = tree {
            self.patch(&order, tree);
        }
        let finished = StepFinished {
            workstream: id(),
            step: order.step.clone(),
            attempt: order.attempt,
            tool: order.tool.clone(),
            outcome,
            message: "m".to_owned(),
            notes: Vec::new(),
            tool_fault: false,
            exit_code: None,
            duration_ms: 0,
            output: None,
            findings: Vec::new(),
            review: None,
            failure: None,
            usage: None,
            cached: false,
        };
        step_finished(&mut self.one, &finished).unwrap();
        order.tool.map_or_else(|| order.step.to_string(), |tool| tool.to_string())
    }

    fn patch(&mut self, order: &StepOrder, tree: u8) {
        self.trees += 1;
        let commit = ObjectId::from_bytes([100 + self.trees; 20]);
        self.one.patches.push(PatchRecord {
            id: PatchId::new(Ulid::from(u128::from(self.trees))),
            status: PatchStatus::Applied,
            step: order.step.clone(),
            attempt: order.attempt,
            tool: order.tool.clone().unwrap(),
            commit,
            tree: ObjectId::from_bytes([tree; 20]),
            digest: format!("{tree}"),
            files: 1,
            insertions: 1,
            deletions: 0,
            reason: None,
        });
        self.one.tip = Some(commit);
    }
}

fn id() -> WorkstreamId {
    WorkstreamId::parse("a").unwrap()
}

fn step(name: &str) -> StepId {
    StepId::parse(name).unwrap()
}

use StepOutcome::{Failed, Interrupted, NoChange, Passed, Rejected};

#[test]
fn fixers_have_their_turn_before_the_tool_and_cost_nothing() {
    let mut hand = Hand::new(1);
    assert_eq!(hand.go(Passed, Some(1)), "command");
    assert_eq!(hand.go(Failed, None), "static");
    assert_eq!(hand.go(Passed, Some(2)), "fixers");
    assert_eq!(hand.one.fix.iterations, 0);
    assert_eq!(hand.go(Failed, None), "static");
    assert_eq!(hand.one.fix.history.len(), 1, "they are no round of their own");
    assert_eq!(hand.go(Passed, Some(3)), "command");
    assert_eq!(hand.go(Failed, None), "static");
    assert_eq!(hand.one.fix.iterations, 1);
    assert_eq!(hand.go(NoChange, None), "fixers", "the tool changed the files, and has no attempt left");
    assert_eq!(hand.next(), None, "nobody mends any more");
}

#[test]
fn fixers_have_their_turn_when_a_tool_has_none() {
    for outcome in [Rejected, NoChange, Failed] {
        let mut hand = Hand::new(0);
        hand.go(Passed, Some(1));
        hand.go(Failed, None);
        assert_eq!(hand.go(outcome, None), "fixers");
        assert_eq!(hand.next(), None);
        let last = hand.one.last.as_ref().unwrap();
        assert_eq!((last.role, last.outcome), (StepRole::Static, Failed), "it ends because of the check");
    }
}

#[test]
fn fixers_that_were_cut_short_have_another_turn() {
    let mut hand = Hand::new(1);
    hand.go(Passed, Some(1));
    hand.go(Failed, None);
    assert_eq!(hand.go(Interrupted, None), "fixers");
    assert_eq!(hand.go(Interrupted, None), "fixers");
    assert_eq!(hand.go(Passed, Some(2)), "fixers");
    assert_eq!(hand.go(Interrupted, None), "static");
    assert_eq!(hand.go(Passed, None), "static");
}

#[test]
fn without_fixers_nothing_of_them_is_stored() {
    let mut hand = Hand::new(1);
    hand.plan.workstreams[0].fixers.clear();
    hand.go(Passed, Some(1));
    hand.go(Failed, None);
    assert_eq!(hand.go(Passed, Some(2)), "command");
    assert_eq!(hand.go(Failed, None), "static");
    assert_eq!(hand.one.fix.history.len(), 2);
    assert!(!serde_json::to_string(&hand.one).unwrap().contains("fixers"));
}
