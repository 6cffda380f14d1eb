//! Random plans, and what the tools and gates of a plan do: a function of the seed and the place, so that it is the same after any crash.

use std::collections::BTreeMap;

use git_orc::domain::finding::model::{Finding, FindingKind, Level};
use git_orc::domain::gate::model::{Baseline, Gate};
use git_orc::domain::goal::amount::Amount;
use git_orc::domain::goal::bound::Bound;
use git_orc::domain::goal::model::{Goal, Goals, Measure};
use git_orc::domain::id::{StepId, ToolId, WorkstreamId};
use git_orc::domain::phase::rules::StepRules;
use git_orc::domain::plan::model::{CheckedPlan, EditStep, Step, StepKind, ToolChoice, Workstream};
use git_orc::domain::policy::budget::{Budget, Budgets, WorkstreamBudget};
use git_orc::domain::policy::scope::Scope;
use git_orc::domain::run::adapt::Fluid;
use git_orc::domain::run::config::{RunConfig, ToolTraits};
use git_orc::domain::run::effect::StepOrder;
use git_orc::domain::run::fact::{StepOutcome, StepRole, Verdict};
use git_orc::domain::run::handling::{Cause, Handling, Patience, Response};
use git_orc::domain::run::limits::{BreakerLimits, LoopLimits, MaxFix, OnExhausted, RetryLimits};
use git_orc::domain::tool::failure::{Failure, FailureClass};
use git_orc::domain::tool::profile::ResolveMode;
use git_orc::domain::tool::strategy::Strategy;
use git_orc::domain::tool::usage::{Cost, MicroUsd, PriceSource, Usage};

use super::commits::Tree;
use super::dice::Dice;
use super::plants::Plant;

/// How much of the outcome is fixed by the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weather {
    /// Nothing depends on the order of things, so that every way through ends alike.
    Calm,
    /// Breakers open, people push, gates break down, failures stop others.
    Rough,
}

/// A plan, its settings, and what its tools do.
#[derive(Debug)]
pub(super) struct Script {
    pub(super) seed: u64,
    pub(super) weather: Weather,
    pub(super) plan: CheckedPlan,
    pub(super) config: RunConfig,
    /// The plan and the settings as the driver has them; the same ones, unless a fault is planted.
    pub(super) driven: (CheckedPlan, RunConfig),
    pub(super) plant: Plant,
}

/// What a step does.
#[derive(Debug, Clone)]
pub(super) struct Deed {
    pub(super) seconds: i64,
    pub(super) outcome: StepOutcome,
    /// What it writes, also when it fails.
    pub(super) writes: Option<(String, u64)>,
    /// What the policy says against it.
    pub(super) wrong: Vec<String>,
    pub(super) findings: Vec<Finding>,
    pub(super) failure: Option<Failure>,
    pub(super) usage: Option<Usage>,
}

fn step_id(text: &str) -> StepId {
    StepId::parse(text).unwrap()
}

impl Script {
    pub(super) fn new(seed: u64, plant: Plant) -> Self {
        let mut dice = Dice::at(seed, "plan");
        let weather = if dice.chance(50) { Weather::Calm } else { Weather::Rough };
        let rough = weather == Weather::Rough;
        let tools: Vec<ToolId> = (0..4).map(|n| ToolId::parse(&format!("tool-{n}")).unwrap()).collect();
        let count = 1 + dice.below(6);
        let mut workstreams = Vec::new();
        let mut routes = BTreeMap::new();
        for number in 0..count {
            let one = workstream(&mut dice, weather, number);
            let edits = one.steps.iter().filter(|step| matches!(step.kind, StepKind::Edit(_)));
            let route = |dice: &mut Dice| {
                let first = dice.below(tools.len());
                (0..1 + dice.below(3)).map(|n| tools[(first + n) % tools.len()].clone()).collect()
            };
            routes.insert(one.id.clone(), edits.map(|step| (step.id.clone(), route(&mut dice))).collect());
            workstreams.push(one);
        }
        let traits = |dice: &mut Dice| ToolTraits {
            prompted: dice.chance(60),
            fixed: dice.chance(15),
            max_parallel: (rough && dice.chance(30)).then_some(1),
            starts_per_minute: (rough && dice.chance(20)).then_some(3),
            ..ToolTraits::of(*dice.pick(&[ResolveMode::Markers, ResolveMode::Redo, ResolveMode::Refuse]))
        };
        let threshold = if rough { 1 + u32::try_from(dice.below(4)).unwrap() } else { u32::MAX };
        let workers = 1 + u32::try_from(dice.below(4)).unwrap();
        let mut budgets = Budgets::default();
        if rough && dice.chance(40) {
            budgets.run.usd = Some(MicroUsd::from_usd(0.5));
        }
        let strategy = if rough { *dice.pick(&Strategy::ALL) } else { Strategy::Fixed };
        let strategies = [("code".to_owned(), strategy)].into();
        let config = RunConfig {
            budgets,
            fluid: dice.chance(30).then(Fluid::default),
            strategies,
            breaker: BreakerLimits { failure_threshold: threshold, ..BreakerLimits::default() },
            tools: tools.iter().map(|tool| (tool.clone(), traits(&mut dice))).collect(),
            routes,
            ..RunConfig::of_workers(workers)
        };
        let gate = |n: usize| Gate::command(format!("gate-{n}").parse().unwrap(), vec!["true".into()]);
        let plan = CheckedPlan {
            workflows: Vec::new(),
            name: "simulated".into(),
            base: "HEAD".into(),
            target: "orc/simulated".into(),
            max_workers: None,
            wave_delay_sec: if dice.chance(20) { 3 } else { 0 },
            fail_fast: rough && dice.chance(25),
            cache: None,
            fluid: false,
            budget: Budget::default(),
            gates: (0..dice.below(3)).map(gate).collect(),
            workstreams,
        };
        let mut driven = (plan.clone(), config.clone());
        plant.spoil(&mut driven);
        Self { seed, weather, plan, config, driven, plant }
    }

    /// Returns what an attempt does; `done` is how many attempts of this step came to their own end before it.
    pub(super) fn deed(&self, order: &StepOrder, done: u32, before: &Tree) -> Deed {
        self.rules(order).unwrap_or_else(|| self.deed_when_due(order, done, before))
    }

    /// Returns what an attempt does whose step is due and has what it needs.
    pub(super) fn deed_when_due(&self, order: &StepOrder, done: u32, before: &Tree) -> Deed {
        let tool = order.tool.as_ref().map(ToString::to_string);
        let place = (order.workstream.as_str(), order.step.as_str(), tool, order.rung as u8, done, before);
        let mut dice = Dice::at(self.seed, place);
        let changes = matches!(order.role, StepRole::Edit | StepRole::Fix | StepRole::Resolve | StepRole::Improve);
        let outcome = match dice.below(20) {
            // Whoever never gives up has to fail for that to be seen.
            _ if self.plant == Plant::NeverGivesUp => StepOutcome::Failed,
            0 | 1 => StepOutcome::Failed,
            2 => StepOutcome::TimedOut,
            3 if changes => StepOutcome::NoChange,
            4 => StepOutcome::NotStarted,
            3 | 5 | 6 if !changes => StepOutcome::Failed,
            _ => StepOutcome::Passed,
        };
        let leaves = match outcome {
            StepOutcome::Passed => true,
            StepOutcome::NoChange | StepOutcome::NotStarted | StepOutcome::Skipped => false,
            StepOutcome::Failed | StepOutcome::TimedOut | StepOutcome::Rejected | StepOutcome::Cancelled | StepOutcome::Interrupted => {
                dice.chance(50)
            }
        };
        let folder = if dice.chance(10) { "common".to_owned() } else { order.workstream.to_string() };
        let value = if dice.chance(20) { 5 } else { dice.roll() % 1000 };
        let writes = (changes && leaves).then(|| (format!("{folder}/{}", dice.below(3)), value));
        let wrong = if changes && dice.chance(6) { vec!["`x` is outside the scope".to_owned(); 1 + dice.below(2)] } else { Vec::new() };
        let findings = if changes || outcome == StepOutcome::Passed { Vec::new() } else { vec![finding(dice.below(3))] };
        let by_fixers = order.tool.as_ref().is_some_and(ToolId::is_fixers);
        let failure = (changes && !by_fixers).then(|| self.failure(outcome, &mut dice)).flatten();
        let usage = (changes && !by_fixers).then(|| usage(&mut dice));
        Deed { seconds: 1 + i64::try_from(dice.below(20)).unwrap(), outcome, writes, wrong, findings, failure, usage }
    }

    /// Returns what the rules of a phase say of a step: that it is not due, or that what it needs is not there. Both are facts of the plan.
    fn rules(&self, order: &StepOrder) -> Option<Deed> {
        let has_rules = matches!(order.role, StepRole::Edit | StepRole::Static | StepRole::Runtime);
        if !has_rules || self.plant == Plant::NeverGivesUp {
            return None;
        }
        let mut dice = Dice::at(self.seed, ("rules", order.workstream.as_str(), order.step.as_str()));
        let (outcome, findings) = match dice.below(100) {
            0..12 => (StepOutcome::Skipped, Vec::new()),
            12..14 => (StepOutcome::NotStarted, vec![Finding { source: "phase".into(), ..finding(0) }]),
            _ => return None,
        };
        Some(Deed { seconds: 0, outcome, writes: None, wrong: Vec::new(), findings, failure: None, usage: None })
    }

    /// Returns how a tool failed. In calm weather only by what is tried again, since everything else depends on the order of things.
    fn failure(&self, outcome: StepOutcome, dice: &mut Dice) -> Option<Failure> {
        use FailureClass as C;
        let class = match outcome {
            StepOutcome::Failed if self.weather == Weather::Rough => {
                let all =
                    [C::Auth, C::RateLimit, C::RateLimit, C::ContextTooLong, C::Network, C::Refusal, C::Budget, C::Permission, C::Failed];
                *dice.pick(&all)
            }
            StepOutcome::Failed => C::Failed,
            StepOutcome::TimedOut => C::TimedOut,
            StepOutcome::NotStarted => C::Crashed,
            StepOutcome::NoChange => C::NoChange,
            StepOutcome::Passed | StepOutcome::Rejected | StepOutcome::Cancelled | StepOutcome::Interrupted | StepOutcome::Skipped => {
                return None;
            }
        };
        Some(Failure::of(class))
    }

    /// Returns what a gate says about a tree. Some values are bad alone, some only together.
    pub(super) fn gate(&self, gate: usize, tree: &Tree) -> Verdict {
        let has = |rest: u64| tree.values().any(|value| value % 13 == rest);
        let bad = match gate {
            0 => has(11) && Dice::at(self.seed, "gate").chance(60),
            _ => has(7) && has(8),
        };
        if bad { Verdict::Failed } else { Verdict::Passed }
    }
}

fn workstream(dice: &mut Dice, weather: Weather, number: usize) -> Workstream {
    let id = WorkstreamId::parse(&format!("ws-{number}")).unwrap();
    let depends_on = (0..number).filter(|_| dice.chance(30)).map(|n| WorkstreamId::parse(&format!("ws-{n}")).unwrap()).collect();
    let mut scope = vec![format!("{id}/")];
    if dice.chance(20) {
        scope.push("common/".to_owned());
    }
    let mut steps = vec![edit("edit")];
    if dice.chance(70) {
        steps.push(Step {
            id: step_id("static"),
            kind: StepKind::Static(vec![vec!["true".into()]]),
            timeout_sec: None,
            baseline: Baseline::Base,
            rules: StepRules::default(),
        });
    }
    if dice.chance(20) {
        steps.push(edit("polish"));
    }
    if dice.chance(60) {
        steps.push(Step {
            id: step_id("runtime"),
            kind: StepKind::Runtime(vec![vec!["true".into()]]),
            timeout_sec: None,
            baseline: Baseline::Base,
            rules: StepRules::default(),
        });
    }
    Workstream {
        id,
        title: None,
        depends_on,
        scope: Scope::new(&scope, &[], &[]).unwrap(),
        inputs: None,
        conflict_group: dice.chance(20).then(|| format!("group-{}", dice.below(2))),
        parallel_ok: !dice.chance(10),
        priority: i64::try_from(dice.below(3)).unwrap(),
        steps,
        resolve: dice.chance(20).then(|| vec!["true".into()]),
        setup: Vec::new(),
        fixers: if dice.chance(40) { vec![vec!["fmt".into()]] } else { Vec::new() },
        tasks: Vec::new(),
        acceptance_tests: Vec::new(),
        prompt: None,
        limits: limits(dice, weather),
        goals: goals(dice),
        budget: WorkstreamBudget::default(),
        allow_empty: false,
        handling: handling(dice, weather),
        submodules: false,
        compensation_actions: Vec::new(),
        test_gates: Vec::new(),
        metadata: BTreeMap::new(),
    }
}

/// Returns the goals of a workstream: none for most of them.
fn goals(dice: &mut Dice) -> Goals {
    let count = if dice.chance(40) { 1 + dice.below(3) } else { 0 };
    let goal = |dice: &mut Dice, number: usize| Goal {
        id: format!("goal-{number}"),
        measure: Measure::Words(None),
        bound: *dice.pick(&[Bound::AtLeast, Bound::AtMost, Bound::Equals]),
        target: Amount::whole(100),
        tolerance: Amount::bounded(0.2),
        weight: Amount::whole(1 + dice.below(3) as u64),
        required: dice.chance(15),
        strategies: Vec::new(),
    };
    let list = (0..count).map(|number| goal(dice, number)).collect();
    Goals { list, rounds: u32::try_from(dice.below(5)).unwrap(), ..Goals::default() }
}

/// Returns what a plan says beyond failing and waiting, in rough weather: who must come decides about the end of a run.
fn handling(dice: &mut Dice, weather: Weather) -> Vec<Handling> {
    let count = if weather == Weather::Rough && dice.chance(30) { 1 + dice.below(2) } else { 0 };
    let one = |dice: &mut Dice, number: usize| Handling {
        name: format!("handling-{number}"),
        cause: dice.pick(&[Cause::Found(vec!["finding-1".into()]), Cause::Lacking, Cause::TimedOut, Cause::Unmended]).clone(),
        patience: *dice.pick(&[
            Patience::None,
            Patience::Rounds { most: 3, first_wait_sec: 2.0, factor: 2.0 },
            Patience::Until { most_sec: 30.0, every_sec: 10.0 },
        ]),
        response: *dice.pick(&[Response::Block, Response::Escalate, Response::Halt]),
        notify: vec!["somebody".into()],
    };
    (0..count).map(|number| one(dice, number)).collect()
}

fn limits(dice: &mut Dice, weather: Weather) -> LoopLimits {
    let mut small = |end: usize| u32::try_from(dice.below(end)).unwrap();
    let defaults = LoopLimits::default();
    let max_fix_iterations = MaxFix { statics: small(4), runtime: small(3) };
    let (oscillation_window, min_oscillation_repeats) = (1 + small(6), 1 + small(3));
    let retry = RetryLimits { max_attempts: 1 + small(3), ..defaults.retry };
    let (max_resolve_attempts, pauses) = (small(3), small(100) < 30 && weather == Weather::Rough);
    LoopLimits {
        max_fix_iterations,
        oscillation_window,
        min_oscillation_repeats,
        retry,
        max_resolve_attempts,
        on_exhausted: if pauses { OnExhausted::Pause } else { OnExhausted::Fail },
        ..defaults
    }
}

fn edit(name: &str) -> Step {
    let kind = StepKind::Edit(EditStep {
        tool: ToolChoice::Capability("code".into()),
        model: None,
        capability: None,
        command: None,
        fix: None,
        patches: Vec::new(),
        description: None,
        tasks: Vec::new(),
        acceptance_tests: Vec::new(),
    });
    Step { id: step_id(name), kind, timeout_sec: None, baseline: Baseline::Base, rules: StepRules::default() }
}

fn usage(dice: &mut Dice) -> Usage {
    let cents = u64::try_from(1 + dice.below(20)).unwrap();
    Usage { cost: Some(Cost { micro_usd: MicroUsd(cents * 10_000), source: PriceSource::Reported }), ..Usage::default() }
}

fn finding(number: usize) -> Finding {
    Finding {
        source: "check".into(),
        kind: FindingKind::Lint,
        level: Level::Error,
        rule: Some(format!("finding-{number}")),
        message: format!("finding {number}"),
        location: None,
        fingerprint: format!("{number:016x}"),
    }
}
