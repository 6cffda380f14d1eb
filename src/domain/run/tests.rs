//! The pure core, driven by dice: whatever tools, checks and merges do, a run ends, every move is legal, no fact is told twice, and the
//! entries alone give the same state again.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use ulid::Ulid;

use super::brief::Brief;
use super::config::{RunConfig, ToolTraits};
use super::decide::decide;
use super::effect::{Effect, StepOrder};
use super::event::Event;
use super::fact::{
    Integration, Merge, PatchCreated, PatchOrigin, RunDriven, RunPlanned, StepFinished, StepOutcome, StepRole, WorkstreamMoved,
    WorktreeMoved,
};
use super::limits::{LoopLimits, OnExhausted};
use super::machine::apply;
use super::next::patch_moved;
use super::reread::SettingsReread;
use super::starting::starting;
use super::state::{PatchStatus, RunState, RunStatus, WorkstreamStatus};
use crate::domain::finding::model::{Finding, FindingKind, Level};
use crate::domain::gate::model::Baseline;
use crate::domain::goal::model::Goals;
use crate::domain::id::{EntryId, ObjectId, PatchId, RunId, StepId, ToolId, WorkstreamId};
use crate::domain::ledger::codec;
use crate::domain::ledger::entry::Entry;
use crate::domain::phase::rules::StepRules;
use crate::domain::plan::model::{CheckedPlan, EditStep, Step, StepKind, ToolChoice, Workstream};
use crate::domain::policy::budget::{Budget, Spent, WorkstreamBudget};
use crate::domain::policy::scope::Scope;
use crate::domain::tool::profile::ResolveMode;

fn id(text: &str) -> WorkstreamId {
    WorkstreamId::parse(text).unwrap()
}

fn tool(text: &str) -> ToolId {
    ToolId::parse(text).unwrap()
}

fn step(name: &str, kind: StepKind) -> Step {
    Step { id: StepId::parse(name).unwrap(), kind, timeout_sec: None, baseline: Baseline::Base, rules: StepRules::default() }
}

fn workstream(name: &str, depends_on: &[&str], limits: &LoopLimits) -> Workstream {
    let edit = EditStep {
        tool: ToolChoice::Capability("code".into()),
        model: None,
        capability: None,
        command: None,
        fix: None,
        patches: Vec::new(),
        description: None,
        tasks: Vec::new(),
        acceptance_tests: Vec::new(),
    };
    Workstream {
        id: id(name),
        title: None,
        depends_on: depends_on.iter().map(|d| id(d)).collect(),
        scope: Scope::new(&["**".to_owned()], &[], &[]).unwrap(),
        inputs: None,
        conflict_group: None,
        parallel_ok: true,
        priority: 0,
        steps: vec![
            step("edit", StepKind::Edit(edit)),
            step("static", StepKind::Static(vec![vec!["true".into()]])),
            step("runtime", StepKind::Runtime(vec![vec!["true".into()]])),
        ],
        resolve: None,
        setup: Vec::new(),
        fixers: Vec::new(),
        tasks: Vec::new(),
        acceptance_tests: Vec::new(),
        prompt: None,
        limits: limits.clone(),
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

fn plan(limits: &LoopLimits, fail_fast: FailFast) -> (CheckedPlan, Vec<Vec<WorkstreamId>>) {
    let mut workstreams = vec![
        workstream("a", &[], limits),
        workstream("b", &[], limits),
        workstream("c", &["a"], limits),
        workstream("d", &["b", "c"], limits),
    ];
    workstreams[1].fixers = vec![vec!["fmt".into()]];
    let waves = vec![vec![id("a"), id("b")], vec![id("c")], vec![id("d")]];
    let plan = CheckedPlan {
        workflows: Vec::new(),
        name: "dice".into(),
        base: "HEAD".into(),
        target: "orc/dice".into(),
        max_workers: Some(2),
        wave_delay_sec: 3,
        fail_fast: matches!(fail_fast, FailFast::Yes),
        cache: None,
        fluid: false,
        budget: Budget::default(),
        gates: Vec::new(),
        workstreams,
    };
    (plan, waves)
}

fn config() -> RunConfig {
    let traits = ToolTraits { prompted: true, ..ToolTraits::of(ResolveMode::Markers) };
    let steps: BTreeMap<_, _> = [(StepId::parse("edit").unwrap(), vec![tool("one"), tool("two")])].into();
    RunConfig {
        tools: [(tool("one"), traits), (tool("two"), ToolTraits { fixed: true, ..ToolTraits::of(ResolveMode::Redo) })].into(),
        routes: ["a", "b", "c", "d"].iter().map(|w| (id(w), steps.clone())).collect(),
        ..RunConfig::of_workers(2)
    }
}

#[derive(Debug, Clone, Copy)]
enum FailFast {
    Yes,
    No,
}

/// A driver with dice instead of tools.
struct Dice {
    plan: CheckedPlan,
    config: RunConfig,
    state: RunState,
    entries: Vec<Entry>,
    keys: BTreeSet<String>,
    now: Timestamp,
    rolls: Vec<u8>,
    rolled: usize,
    made: u128,
}

impl Dice {
    fn new(rolls: Vec<u8>, fail_fast: FailFast) -> Self {
        let exhausted = if rolls.first().is_some_and(|r| r % 2 == 0) { OnExhausted::Pause } else { OnExhausted::Fail };
        let limits = LoopLimits { on_exhausted: exhausted, max_resolve_attempts: 2, ..LoopLimits::default() };
        let (plan, waves) = plan(&limits, fail_fast);
        let run = RunId::new(Ulid::from(7));
        let now = Timestamp::UNIX_EPOCH;
        let (entries, keys) = (Vec::new(), BTreeSet::new());
        let mut dice = Self { plan, config: config(), state: RunState::new(run), entries, keys, now, rolls, rolled: 0, made: 0 };
        let tip = dice.object();
        dice.record(Event::RunPlanned(RunPlanned {
            name: "dice".into(),
            base: ObjectId::ZERO,
            target: "orc/dice".into(),
            tip,
            waves,
            plan_digest: String::new(),
            version: "0".into(),
            retry_of: None,
            reason: None,
        }));
        dice.record(Event::RunStarted(RunDriven {
            round: 0,
            pid: 1,
            version: "0".into(),
            found: Vec::new(),
            waves: Vec::new(),
            sandbox: None,
            sandbox_notes: Vec::new(),
        }));
        dice
    }

    fn roll(&mut self) -> u8 {
        self.rolled += 1;
        self.rolls[self.rolled % self.rolls.len()].wrapping_add(u8::try_from(self.rolled / self.rolls.len() % 256).unwrap())
    }

    fn object(&mut self) -> ObjectId {
        self.made += 1;
        let mut bytes = [0; 20];
        bytes[4..].copy_from_slice(&self.made.to_be_bytes());
        ObjectId::from_bytes(bytes)
    }

    fn record(&mut self, event: Event) {
        self.made += 1;
        let entry = codec::entry(EntryId::new(Ulid::from(self.made)), self.now, self.state.run, event);
        assert!(self.keys.insert(entry.key.clone()), "told twice: {}", entry.key);
        let line = codec::to_json(&entry).unwrap();
        assert_eq!(codec::from_json(&line).unwrap(), entry, "{line}");
        apply(&mut self.state, &entry).unwrap();
        self.entries.push(entry);
    }

    /// Runs to the end; `stop_after` entries the driver "dies" once and a resume takes over.
    fn run(&mut self) {
        for _ in 0..3000 {
            if self.state.status != RunStatus::Running {
                return;
            }
            self.turn();
        }
        panic!("the run does not end: {:#?}", self.state);
    }

    /// Records what is decided, or lets one thing that is under way go on.
    fn turn(&mut self) {
        let effects = decide(Brief { plan: &self.plan, config: &self.config, now: self.now, elsewhere: Spent::default() }, &self.state);
        assert_eq!(
            effects,
            decide(Brief { plan: &self.plan, config: &self.config, now: self.now, elsewhere: Spent::default() }, &self.state)
        );
        assert!(!effects.is_empty(), "a running run has something to do");
        let records: Vec<_> = effects.iter().filter_map(|e| if let Effect::Record(e) = e { Some((**e).clone()) } else { None }).collect();
        if !records.is_empty() {
            records.into_iter().for_each(|event| self.record(event));
            return;
        }
        let at = usize::from(self.roll()) % effects.len();
        match effects[at].clone() {
            Effect::Record(_) => unreachable!(),
            Effect::WaitUntil(until) => self.now = self.now.max(until),
            Effect::RunStep(order) => self.step(&order),
            Effect::Integrate { wave, workstreams } => self.integrate(wave, &workstreams),
            Effect::Advance(integration) => self.advance(integration),
            Effect::Reread(wave) => {
                self.record(Event::SettingsReread(SettingsReread { wave, max_workers: Some(1), ..SettingsReread::default() }));
            }
            Effect::Release { workstream, round } => {
                let path = "/tmp/w".to_owned();
                self.record(Event::WorktreeRemoved(WorktreeMoved { workstream, round, path, reason: None }));
            }
        }
        self.now += SignedDuration::from_secs(1);
    }

    fn step(&mut self, order: &StepOrder) {
        let one = self.state.workstreams[&order.workstream].clone();
        if one.open.is_none() {
            starting(&one, order, "/tmp/w").into_iter().for_each(|event| self.record(event));
            return;
        }
        let dice = self.roll();
        let changes = matches!(order.role, StepRole::Edit | StepRole::Fix | StepRole::Resolve);
        let outcome = match dice % 16 {
            0 => StepOutcome::Failed,
            1 => StepOutcome::TimedOut,
            2 if changes => StepOutcome::NoChange,
            3 if changes => StepOutcome::Rejected,
            4 => StepOutcome::Interrupted,
            5 => StepOutcome::NotStarted,
            2 | 3 | 6 if !changes => StepOutcome::Failed,
            _ => StepOutcome::Passed,
        };
        if changes && matches!(outcome, StepOutcome::Passed | StepOutcome::Rejected) {
            self.patch(order, outcome);
        }
        let findings = if outcome == StepOutcome::Failed { vec![finding(&format!("f{}", dice % 3))] } else { Vec::new() };
        self.record(Event::StepFinished(StepFinished {
            workstream: order.workstream.clone(),
            step: order.step.clone(),
            attempt: order.attempt,
            tool: order.tool.clone(),
            outcome,
            message: format!("{outcome:?}"),
            notes: Vec::new(),
            tool_fault: matches!(outcome, StepOutcome::NotStarted | StepOutcome::TimedOut)
                && !order.tool.as_ref().is_some_and(ToolId::is_fixers),
            exit_code: None,
            duration_ms: 1,
            output: None,
            findings,
            review: None,
            failure: None,
            usage: None,
            cached: false,
        }));
    }

    fn patch(&mut self, order: &StepOrder, outcome: StepOutcome) {
        let (commit, tree) = (self.object(), self.object());
        let patch = PatchId::new(Ulid::from(self.made));
        let digest = format!("d{}", self.roll() % 4);
        self.record(Event::PatchCreated(PatchCreated {
            workstream: order.workstream.clone(),
            step: order.step.clone(),
            attempt: order.attempt,
            tool: order.tool.clone().unwrap(),
            patch,
            commit,
            parent: ObjectId::ZERO,
            tree,
            files: 1,
            insertions: 1,
            deletions: 0,
            digest,
            origin: PatchOrigin::Worktree,
        }));
        let record = self.state.workstreams[&order.workstream].patches.last().unwrap().clone();
        if outcome == StepOutcome::Rejected {
            self.record(Event::PatchQuarantined(patch_moved(&order.workstream, &record, Some("out of scope".into()))));
            return;
        }
        self.record(Event::PatchValidated(patch_moved(&order.workstream, &record, None)));
        self.record(Event::PatchApplied(patch_moved(&order.workstream, &record, None)));
    }

    fn integrate(&mut self, wave: u32, workstreams: &[WorkstreamId]) {
        let mut merges = Vec::new();
        for name in workstreams {
            let one = &self.state.workstreams[name];
            let WorkstreamStatus::Verified { commit } = one.status else { panic!("{name} is not verified") };
            let moved = WorkstreamMoved {
                workstream: name.clone(),
                round: one.round,
                reason: None,
                commit: Some(commit),
                merge: None,
                at: None,
                policy: None,
                on: Vec::new(),
                paths: vec!["x".into()],
                tip: Some(self.state.tip),
            };
            if self.roll().is_multiple_of(5) {
                self.record(Event::WorkstreamConflicted(moved));
            } else {
                merges.push(Merge { workstream: name.clone(), commit, merge: self.object() });
            }
        }
        if let Some(last) = merges.last() {
            let integration = Integration { wave, old: Some(self.state.tip), commit: last.merge, merges };
            self.record(Event::IntegrationPrepared(integration));
        }
    }

    fn advance(&mut self, integration: Integration) {
        for merge in &integration.merges {
            let one = self.state.workstreams[&merge.workstream].clone();
            for patch in one.patches.iter().filter(|p| p.status == PatchStatus::Verified) {
                self.record(Event::PatchMerged(patch_moved(&merge.workstream, patch, None)));
            }
            self.record(Event::WorkstreamMerged(WorkstreamMoved {
                commit: Some(merge.commit),
                merge: Some(merge.merge),
                ..WorkstreamMoved::new(merge.workstream.clone(), one.round)
            }));
        }
        self.record(Event::IntegrationAdvanced(integration));
    }
}

fn finding(print: &str) -> Finding {
    Finding {
        source: "dice".into(),
        kind: FindingKind::Lint,
        level: Level::Error,
        rule: None,
        message: print.into(),
        location: None,
        fingerprint: print.into(),
    }
}

fn refold(run: RunId, entries: &[Entry]) -> RunState {
    let mut state = RunState::new(run);
    for entry in entries {
        apply(&mut state, entry).unwrap();
    }
    state
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn every_run_ends_legally_and_refolds(rolls in prop::collection::vec(any::<u8>(), 1..200), fast in any::<bool>()) {
        let mut dice = Dice::new(rolls, if fast { FailFast::Yes } else { FailFast::No });
        dice.run();
        prop_assert_eq!(&refold(dice.state.run, &dice.entries), &dice.state);
        let stored = serde_json::to_string(&dice.state).unwrap();
        prop_assert_eq!(&serde_json::from_str::<RunState>(&stored).unwrap(), &dice.state);
        for cut in 0..dice.entries.len() {
            refold(dice.state.run, &dice.entries[..cut]);
        }
        let merged = |w: &WorkstreamId| matches!(dice.state.workstreams[w].status, WorkstreamStatus::Merged { .. });
        for (name, one) in &dice.state.workstreams {
            prop_assert!(one.status.is_settled(), "{} is {:?}", name, one.status);
            if merged(name) {
                let needs = &dice.plan.workstream(name).unwrap().depends_on;
                prop_assert!(needs.iter().all(merged), "{} was merged before what it needs", name);
            }
        }
        let all = dice.state.workstreams.keys().all(merged);
        prop_assert_eq!(all, dice.state.status == RunStatus::Completed);
    }
}

mod controls;
mod ends;
