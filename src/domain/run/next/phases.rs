//! Steps that are not due, steps whose needs are not met, and what follows from either.

use jiff::Timestamp;
use ulid::Ulid;

use super::{Action, action};
use crate::domain::finding::model::Finding;
use crate::domain::gate::model::Baseline;
use crate::domain::id::{ObjectId, PatchId, RunId, StepId, ToolId, WorkstreamId};
use crate::domain::phase::condition::Ended;
use crate::domain::phase::issue::{Issue, IssueKind, IssueSeverity};
use crate::domain::phase::judge::finding;
use crate::domain::phase::rules::StepRules;
use crate::domain::plan::model::{CheckedPlan, Step, StepKind};
use crate::domain::policy::budget::Spent;
use crate::domain::run::brief::Brief;
use crate::domain::run::choosing::Claims;
use crate::domain::run::config::{RunConfig, ToolTraits};
use crate::domain::run::decide::decide;
use crate::domain::run::effect::Effect;
use crate::domain::run::event::Event;
use crate::domain::run::fact::StepOutcome;
use crate::domain::run::fact::{PatchCreated, PatchOrigin, RunDriven, RunPlanned, StepFinished, WaveMoved, WorktreeMoved};
use crate::domain::run::limits::OnExhausted;
use crate::domain::run::machine::apply_event;
use crate::domain::run::start_move::StartMoved;
use crate::domain::run::starting::starting;
use crate::domain::run::state::{RunState, RunStatus, WorkstreamState};
use crate::domain::run::verdict::verdict;
use crate::domain::schedule::sample;
use crate::domain::tool::profile::ResolveMode;

use StepOutcome::{Failed, NotStarted, Passed, Skipped};

/// A run of `a` and of `b`, which depends on it, driven by hand. `a` has the steps `plan`, `plan-check`, `code`; `b` has `edit`.
struct Hand {
    plan: CheckedPlan,
    config: RunConfig,
    run: RunState,
    patches: u8,
}

fn id(text: &str) -> WorkstreamId {
    WorkstreamId::parse(text).unwrap()
}

fn step(text: &str) -> StepId {
    StepId::parse(text).unwrap()
}

fn lack() -> Finding {
    let (kind, severity) = (IssueKind::MissingOutput, IssueSeverity::Critical);
    finding(&Issue { kind, severity, condition: None, path: None, message: "there is no file `plan.md`".to_owned() })
}

impl Hand {
    fn new(on_exhausted: OnExhausted) -> Self {
        let mut a = sample::workstream("a", &[], &["a"]);
        let edit = a.steps.remove(0);
        let statics = StepKind::Static(Vec::new());
        a.steps = vec![
            Step { id: step("plan"), ..edit.clone() },
            Step { id: step("plan-check"), kind: statics, timeout_sec: None, baseline: Baseline::Nothing, rules: StepRules::default() },
            Step { id: step("code"), ..edit },
        ];
        a.limits.on_exhausted = on_exhausted;
        let plan = sample::plan(vec![a, sample::workstream("b", &["a"], &["b"])]);
        let tool = ToolId::parse("command").unwrap();
        let route = |names: &[&str]| names.iter().map(|name| (step(name), vec![tool.clone()])).collect();
        let config = RunConfig {
            tools: [(tool.clone(), ToolTraits { prompted: true, ..ToolTraits::of(ResolveMode::Redo) })].into(),
            routes: [(id("a"), route(&["plan", "code"])), (id("b"), route(&["edit"]))].into(),
            ..RunConfig::of_workers(1)
        };
        let mut hand = Self { plan, config, run: RunState::new(RunId::new(Ulid::from(1))), patches: 0 };
        let (zero, text) = (ObjectId::ZERO, String::new);
        let waves = vec![vec![id("a")], vec![id("b")]];
        hand.tell(&Event::RunPlanned(RunPlanned {
            name: text(),
            base: zero,
            target: text(),
            tip: zero,
            waves,
            plan_digest: text(),
            version: text(),
            retry_of: None,
            reason: None,
        }));
        let (found, waves, sandbox_notes) = (Vec::new(), Vec::new(), Vec::new());
        hand.tell(&Event::RunStarted(RunDriven { round: 0, pid: 1, version: text(), found, waves, sandbox: None, sandbox_notes }));
        hand.tell(&Event::WaveStarted(WaveMoved { wave: 1, tip: zero, workstreams: vec![id("a")] }));
        hand
    }

    fn tell(&mut self, event: &Event) {
        apply_event(&mut self.run, event, Timestamp::UNIX_EPOCH).unwrap();
    }

    fn brief(&self) -> Brief<'_> {
        Brief { plan: &self.plan, config: &self.config, now: Timestamp::UNIX_EPOCH, elsewhere: Spent::default() }
    }

    fn one(&self) -> &WorkstreamState {
        &self.run.workstreams[&id("a")]
    }

    fn next(&self) -> Action {
        action(self.brief(), &self.run, (&id("a"), self.one()), &Claims::default())
    }

    /// Ends the next step like this. Returns its name and what its tip was when it began.
    fn go(&mut self, outcome: StepOutcome, findings: Vec<Finding>) -> (String, Option<ObjectId>) {
        let Action::Step(order) = self.next() else { panic!("{:?}", self.next()) };
        for event in starting(self.one(), &order, "/a") {
            self.tell(&event);
        }
        let tip = self.one().tip;
        let changes = order.tool.is_some() && outcome == Passed;
        if changes {
            self.patches += 1;
            let byte = ObjectId::from_bytes([self.patches; 20]);
            let created = PatchCreated {
                workstream: id("a"),
                step: order.step.clone(),
                attempt: order.attempt,
                tool: order.tool.clone().unwrap(),
                patch: PatchId::new(Ulid::from(u128::from(self.patches))),
                commit: byte,
                parent: tip.unwrap_or(ObjectId::ZERO),
                tree: byte,
                files: 1,
                insertions: 1,
                deletions: 0,
                digest: self.patches.to_string(),
                origin: PatchOrigin::Worktree,
            };
            for event in verdict(&created, &[], (Passed, String::new())).events {
                self.tell(&event);
            }
        }
        self.tell(&Event::StepFinished(StepFinished {
            workstream: id("a"),
            step: order.step.clone(),
            attempt: order.attempt,
            tool: order.tool.clone().filter(|_| changes),
            outcome,
            message: format!("{} {outcome:?}", order.step),
            notes: Vec::new(),
            tool_fault: false,
            exit_code: None,
            duration_ms: 1,
            output: None,
            findings,
            review: None,
            failure: None,
            usage: None,
            cached: false,
        }));
        (order.step.to_string(), tip)
    }

    /// Lets the driver decide until it has nothing to record. Returns the kinds of what it recorded.
    fn decide(&mut self) -> Vec<&'static str> {
        let mut told = Vec::new();
        loop {
            let mut is_new = false;
            for effect in decide(self.brief(), &self.run) {
                let event = match effect {
                    Effect::Record(event) => *event,
                    Effect::Release { workstream, round } => {
                        Event::WorktreeRemoved(WorktreeMoved { workstream, round, path: "/a".to_owned(), reason: None })
                    }
                    Effect::RunStep(_) | Effect::Integrate { .. } | Effect::Advance(_) | Effect::Reread(_) | Effect::WaitUntil(_) => {
                        continue;
                    }
                };
                told.push(event.kind());
                is_new = true;
                self.tell(&event);
            }
            if !is_new {
                return told;
            }
        }
    }
}

#[test]
fn a_first_step_that_is_skipped_leaves_the_next_one_at_the_start() {
    let mut hand = Hand::new(OnExhausted::Fail);
    assert_eq!(hand.go(Skipped, Vec::new()), ("plan".to_owned(), None));
    assert_eq!(hand.go(Passed, Vec::new()), ("plan-check".to_owned(), None));
    assert_eq!(hand.go(Passed, Vec::new()), ("code".to_owned(), None));
    assert_eq!(hand.decide(), ["patch_verified", "workstream_verified", "worktree_removed"]);
    let ended: Vec<_> = hand.one().phased.ended.iter().map(|(step, ended)| (step.as_str(), *ended)).collect();
    assert_eq!(ended, [("code", Ended::Passed), ("plan", Ended::Skipped), ("plan-check", Ended::Passed)]);
}

#[test]
fn a_workstream_of_which_nothing_is_due_is_skipped_and_holds_nobody_up() {
    let mut hand = Hand::new(OnExhausted::Fail);
    for name in ["plan", "plan-check", "code"] {
        assert_eq!(hand.go(Skipped, Vec::new()).0, name);
    }
    assert_eq!(hand.decide(), ["workstream_skipped", "worktree_removed", "wave_finished", "wave_started"]);
    assert_eq!(hand.one().status.reason(), Some("nothing was to be changed: code Skipped"));
    assert!(hand.one().is_needless());
    assert_eq!(hand.run.workstreams[&id("b")].status.word(), "ready", "whoever depends on it goes on");
    // When nothing else is left, the run has come to a good end.
    hand.run.workstreams.remove(&id("b"));
    hand.run.waves.truncate(1);
    hand.run.phase = crate::domain::run::state::WavePhase::Waiting;
    assert_eq!(hand.decide(), ["run_completed"]);
    assert_eq!(hand.run.status, RunStatus::Completed);
}

#[test]
fn a_workstream_without_work_can_begin_on_what_landed_meanwhile() {
    let mut hand = Hand::new(OnExhausted::Fail);
    let Action::Step(order) = hand.next() else { panic!("{:?}", hand.next()) };
    let (zero, tip) = (ObjectId::ZERO, ObjectId::from_bytes([9; 20]));
    let moved =
        |from, tip| Event::StartMoved(StartMoved { workstream: id("a"), step: order.step.clone(), attempt: order.attempt, from, tip });
    let refused = |hand: &Hand, event: &Event| apply_event(&mut hand.run.clone(), event, Timestamp::UNIX_EPOCH).is_err();
    assert!(refused(&hand, &moved(zero, tip)), "its step has not begun");
    for event in starting(hand.one(), &order, "/a") {
        hand.tell(&event);
    }
    assert!(refused(&hand, &moved(tip, zero)), "it does not begin there");
    hand.tell(&moved(zero, tip));
    assert_eq!((hand.one().start, hand.run.tip), (Some(tip), tip), "the run has seen the commit");
    assert!(refused(&hand, &moved(zero, tip)), "it has moved already");
    hand.run.workstreams.get_mut(&id("a")).unwrap().tip = Some(tip);
    assert!(refused(&hand, &moved(tip, zero)), "its work stands on its start");
}

#[test]
fn needs_that_are_not_met_are_not_tried_again() {
    for (on_exhausted, expect) in [(OnExhausted::Fail, "failed"), (OnExhausted::Pause, "paused")] {
        let mut hand = Hand::new(on_exhausted);
        hand.go(Passed, Vec::new());
        hand.go(Passed, Vec::new());
        hand.go(NotStarted, vec![lack()]);
        let Action::Record(events) = hand.next() else { panic!("{:?}", hand.next()) };
        events.iter().for_each(|event| hand.tell(event));
        assert_eq!((hand.one().status.word(), hand.one().status.reason()), (expect, Some("code NotStarted")));
    }
    // A tool that could not be started may be started yet.
    let mut hand = Hand::new(OnExhausted::Fail);
    hand.go(NotStarted, Vec::new());
    assert!(matches!(hand.next(), Action::Record(events) if matches!(events[0], Event::WorkstreamRetrying(_))));
}

#[test]
fn a_check_that_was_mended_is_remembered_and_its_phase_says_how_often() {
    let mut hand = Hand::new(OnExhausted::Fail);
    hand.plan.workstreams[0].steps[1].rules.fixes = Some(1);
    hand.go(Passed, Vec::new());
    assert_eq!(hand.go(Failed, vec![lack()]).0, "plan-check");
    assert_eq!(hand.one().phased.issues.iter().map(|kind| kind.word()).collect::<Vec<_>>(), ["missing_output"]);
    assert_eq!(hand.go(Passed, Vec::new()).0, "fix");
    assert_eq!(hand.go(Passed, Vec::new()).0, "plan-check");
    assert_eq!(hand.one().phased.ended[&step("plan-check")], Ended::Mended);

    let mut hand = Hand::new(OnExhausted::Fail);
    hand.plan.workstreams[0].steps[1].rules.fixes = Some(1);
    hand.go(Passed, Vec::new());
    hand.go(Failed, Vec::new());
    hand.go(Passed, Vec::new());
    hand.go(Failed, Vec::new());
    let Action::Record(events) = hand.next() else { panic!("{:?}", hand.next()) };
    assert!(matches!(&events[0], Event::RecoveryClimbed(climbed) if climbed.reason.contains("after 1 FIX step")), "{events:?}");
    assert_eq!(hand.one().phased.issues.iter().map(|kind| kind.word()).collect::<Vec<_>>(), ["execution_error"]);
}
