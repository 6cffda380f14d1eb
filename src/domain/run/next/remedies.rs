//! What follows when a tool fails: the same again, another one, less to read, a wait, or a person.

use jiff::{SignedDuration, Timestamp};
use ulid::Ulid;

use super::{Action, Short, action};
use crate::domain::id::{ObjectId, RunId, ToolId, WorkstreamId};
use crate::domain::plan::model::CheckedPlan;
use crate::domain::policy::budget::{BudgetKey, BudgetScope, Measure, Spent};
use crate::domain::run::adapt::Fluid;
use crate::domain::run::brief::Brief;
use crate::domain::run::choosing::Claims;
use crate::domain::run::config::{RunConfig, ToolTraits};
use crate::domain::run::decide::decide;
use crate::domain::run::effect::{Effect, StepOrder};
use crate::domain::run::escalation::Trigger;
use crate::domain::run::event::Event;
use crate::domain::run::fact::{RunDriven, RunPlanned, Rung, StepFinished, StepOutcome, WaveMoved, WorktreeMoved};
use crate::domain::run::lessons::{Lessons, Tried, Way};
use crate::domain::run::machine::apply_event;
use crate::domain::run::starting::starting;
use crate::domain::run::state::{RunState, RunStatus};
use crate::domain::schedule::sample;
use crate::domain::tool::failure::{Failure, FailureClass};
use crate::domain::tool::profile::ResolveMode;
use crate::domain::tool::usage::{Cost, MicroUsd, PriceSource, Usage};

/// A run of one workstream with two tools, driven by hand.
struct Hand {
    plan: CheckedPlan,
    config: RunConfig,
    run: RunState,
    now: Timestamp,
}

fn id() -> WorkstreamId {
    WorkstreamId::parse("a").unwrap()
}

fn tool(id: &str) -> ToolId {
    ToolId::parse(id).unwrap()
}

impl Hand {
    fn new(tools: &[&str]) -> Self {
        let plan = sample::plan(vec![sample::workstream("a", &[], &["a"])]);
        let mut config = RunConfig::of_workers(1);
        let traits = ToolTraits { prompted: true, ..ToolTraits::of(ResolveMode::Markers) };
        config.tools = tools.iter().map(|name| (tool(name), traits)).collect();
        let route = tools.iter().map(|name| tool(name)).collect();
        config.routes = [(id(), [(plan.workstreams[0].steps[0].id.clone(), route)].into())].into();
        let mut hand = Self { plan, config, run: RunState::new(RunId::new(Ulid::from(1))), now: Timestamp::UNIX_EPOCH };
        let (zero, waves) = (ObjectId::ZERO, vec![vec![id()]]);
        let text = String::new;
        let planned = RunPlanned {
            name: text(),
            base: zero,
            target: text(),
            tip: zero,
            waves,
            plan_digest: text(),
            version: text(),
            retry_of: None,
            reason: None,
        };
        hand.tell(&Event::RunPlanned(planned));
        hand.drive();
        hand.tell(&Event::WaveStarted(WaveMoved { wave: 1, tip: zero, workstreams: vec![id()] }));
        hand
    }

    fn drive(&mut self) {
        let (found, waves, notes) = (Vec::new(), Vec::new(), Vec::new());
        let driven =
            RunDriven { round: self.run.drivers, pid: 1, version: String::new(), found, waves, sandbox: None, sandbox_notes: notes };
        let first = self.run.drivers == 0;
        self.tell(&if first { Event::RunStarted(driven) } else { Event::RunResumed(driven) });
    }

    fn tell(&mut self, event: &Event) {
        apply_event(&mut self.run, event, self.now).unwrap();
    }

    fn brief(&self) -> Brief<'_> {
        Brief { plan: &self.plan, config: &self.config, now: self.now, elsewhere: Spent::default() }
    }

    fn next(&self) -> Action {
        action(self.brief(), &self.run, (&id(), &self.run.workstreams[&id()]), &Claims::default())
    }

    /// Records what follows until a step is to be run, and waits where that is asked for. Returns the order.
    fn order(&mut self) -> StepOrder {
        loop {
            match self.next() {
                Action::Step(order) => return *order,
                Action::Wait(at) => self.now = at,
                Action::Record(events) => events.iter().for_each(|event| self.tell(event)),
                other @ (Action::Nothing | Action::Hold | Action::Short(_)) => panic!("{other:?}"),
            }
        }
    }

    /// Runs the next step to this end. Returns who did it, and on which rung.
    fn go(&mut self, outcome: StepOutcome, failure: Option<Failure>, usage: Option<Usage>) -> (String, Rung) {
        let order = self.order();
        for event in starting(&self.run.workstreams[&id()], &order, "/a") {
            self.tell(&event);
        }
        self.tell(&Event::StepFinished(StepFinished {
            workstream: id(),
            step: order.step,
            attempt: order.attempt,
            tool: order.tool.clone(),
            outcome,
            message: format!("{} failed", order.tool.as_ref().unwrap()),
            notes: Vec::new(),
            tool_fault: failure.as_ref().is_some_and(|failure| failure.class.counts_for_breaker()),
            exit_code: None,
            duration_ms: 1_000,
            output: None,
            findings: Vec::new(),
            review: None,
            failure,
            usage,
            cached: false,
        }));
        (order.tool.unwrap().to_string(), order.rung)
    }

    fn fail(&mut self, class: FailureClass) -> (String, Rung) {
        self.go(StepOutcome::Failed, Some(Failure::of(class)), None)
    }

    /// Lets the driver decide until it has nothing to record. Returns the kinds of what it recorded.
    fn decide(&mut self) -> Vec<&'static str> {
        let mut told = Vec::new();
        loop {
            let effects = decide(self.brief(), &self.run);
            for effect in &effects {
                if let Effect::Release { workstream, round } = effect {
                    let (workstream, round) = (workstream.clone(), *round);
                    self.tell(&Event::WorktreeRemoved(WorktreeMoved { workstream, round, path: "/a".to_owned(), reason: None }));
                }
            }
            let effects = decide(self.brief(), &self.run);
            let events: Vec<Event> = effects.into_iter().filter_map(|e| if let Effect::Record(e) = e { Some(*e) } else { None }).collect();
            if events.is_empty() {
                return told;
            }
            for event in events {
                told.push(event.kind());
                self.tell(&event);
            }
        }
    }
}

fn called(name: &str, rung: Rung) -> (String, Rung) {
    (name.to_owned(), rung)
}

#[test]
fn a_limit_is_waited_for_and_costs_no_attempt() {
    let mut hand = Hand::new(&["one"]);
    for _ in 0..3 {
        hand.order();
        let told = Failure { retry_at: Some(hand.now + SignedDuration::from_secs(7)), ..Failure::of(FailureClass::RateLimit) };
        let before = hand.now;
        assert_eq!(hand.go(StepOutcome::Failed, Some(told), None), called("one", Rung::SameTool));
        assert_eq!(hand.next(), Action::Wait(before + SignedDuration::from_secs(7)));
        assert_eq!(hand.run.workstreams[&id()].tries, 0);
    }
    assert_eq!(hand.fail(FailureClass::Server), called("one", Rung::SameTool), "it is the first attempt that counts");
    assert_eq!(hand.run.workstreams[&id()].tries, 1);
}

#[test]
fn a_limit_that_never_ends_is_a_matter_for_a_person() {
    let mut hand = Hand::new(&["one"]);
    for _ in 0..=super::MOST_WAITS {
        hand.fail(FailureClass::RateLimit);
    }
    assert!(matches!(hand.next(), Action::Short(Short::Tools(_))), "{:?}", hand.next());
    assert_eq!(hand.decide(), ["escalated", "run_halted"]);
    hand.drive();
    assert_eq!(hand.fail(FailureClass::RateLimit).0, "one", "a resume waits anew");
}

#[test]
fn a_limited_tool_is_replaced_by_one_that_is_free_and_comes_back() {
    let mut hand = Hand::new(&["one", "two"]);
    hand.fail(FailureClass::RateLimit);
    assert_eq!(hand.fail(FailureClass::Server), called("two", Rung::SameTool));
    hand.now += SignedDuration::from_secs(3_600);
    assert_eq!(hand.fail(FailureClass::Server), called("one", Rung::SameTool));
}

#[test]
fn a_tool_that_is_not_logged_in_gives_way_and_is_left_alone_until_a_resume() {
    let mut hand = Hand::new(&["one", "two"]);
    hand.fail(FailureClass::Auth);
    assert_eq!(hand.fail(FailureClass::Auth), called("two", Rung::NextTool));
    assert!(matches!(hand.next(), Action::Short(Short::Tools(_))));
    assert_eq!(hand.decide(), ["escalated", "escalated", "escalated", "run_halted"]);
    assert_eq!((hand.run.status, hand.run.held()), (RunStatus::Halted, Some(Trigger::SafeMode)));
    hand.drive();
    assert_eq!(hand.run.held(), None);
    assert_eq!(hand.go(StepOutcome::Passed, None, None), called("two", Rung::NextTool), "the work goes on where it stood");
    assert_eq!(hand.run.tools[&tool("two")].unusable, None);
}

#[test]
fn after_a_resume_a_mended_tool_is_asked_though_another_one_took_its_place() {
    let mut hand = Hand::new(&["one", "two"]);
    hand.fail(FailureClass::Auth);
    hand.fail(FailureClass::Auth);
    assert_eq!(hand.decide().last(), Some(&"run_halted"));
    hand.drive();
    assert_eq!(hand.fail(FailureClass::Auth).0, "two", "the work goes on where it stood");
    assert_eq!(hand.go(StepOutcome::Passed, None, None), called("one", Rung::NextTool));
}

#[test]
fn who_failed_is_the_one_that_was_asked_and_not_the_first_choice() {
    let mut hand = Hand::new(&["one", "two", "three"]);
    hand.config.absent.insert(tool("one"), "`one` is not installed".to_owned());
    assert_eq!(hand.fail(FailureClass::Refusal), called("two", Rung::SameTool));
    assert_eq!(hand.fail(FailureClass::Refusal), called("three", Rung::NextTool));
    assert!(matches!(hand.next(), Action::Record(events) if matches!(events[0], Event::WorkstreamFailed(_))), "nobody is left");

    // A name without a profile is no tool that could fail.
    let mut hand = Hand::new(&["ghost", "two"]);
    hand.config.tools.remove(&tool("ghost"));
    hand.config.absent.insert(tool("ghost"), "it has no profile".to_owned());
    for _ in 0..3 {
        assert_eq!(hand.fail(FailureClass::Server), called("two", Rung::SameTool), "every attempt is made");
    }
    assert_eq!(hand.fail(FailureClass::Server), called("two", Rung::ReducedContext));

    // Too much for the one is not too much for the other.
    let mut hand = Hand::new(&["one", "two"]);
    hand.fail(FailureClass::RateLimit);
    assert_eq!(hand.fail(FailureClass::ContextTooLong), called("two", Rung::SameTool));
    assert_eq!(hand.fail(FailureClass::ContextTooLong), called("two", Rung::ReducedContext));
}

#[test]
fn too_much_to_read_leads_to_less_then_to_another_tool() {
    let mut hand = Hand::new(&["one", "two"]);
    hand.fail(FailureClass::ContextTooLong);
    assert_eq!(hand.fail(FailureClass::ContextTooLong), called("one", Rung::ReducedContext));
    assert_eq!(hand.fail(FailureClass::ContextTooLong), called("two", Rung::NextTool));
    assert!(matches!(hand.next(), Action::Record(events) if matches!(events[0], Event::WorkstreamFailed(_))));
}

#[test]
fn a_refusal_is_heard_by_the_next_tool_and_ends_the_work_when_there_is_none() {
    let mut hand = Hand::new(&["one", "two"]);
    hand.fail(FailureClass::Refusal);
    assert_eq!(hand.fail(FailureClass::Refusal), called("two", Rung::NextTool));
    assert!(matches!(hand.next(), Action::Record(events) if matches!(events[0], Event::WorkstreamFailed(_))));
}

#[test]
fn a_budget_that_ends_pauses_the_run_and_a_raise_lets_it_go_on_where_it_stood() {
    let mut hand = Hand::new(&["one"]);
    hand.config.budgets.set(BudgetKey { scope: BudgetScope::Run, measure: Measure::Usd }, Some(1_000_000));
    let usage = || {
        let cost = Some(Cost { micro_usd: MicroUsd(600_000), source: PriceSource::Reported });
        Some(Usage { cost, ..Usage::default() })
    };
    hand.go(StepOutcome::Failed, Some(Failure::of(FailureClass::Server)), usage());
    hand.go(StepOutcome::Failed, Some(Failure::of(FailureClass::Server)), usage());
    hand.now += SignedDuration::from_secs(60);
    let told = hand.decide();
    assert_eq!(told, ["budget_warned", "workstream_retrying"], "the wait between attempts comes first");
    hand.now += SignedDuration::from_secs(60);
    assert_eq!(hand.decide(), ["escalated", "run_paused"]);
    assert_eq!(hand.run.reason.as_deref(), Some("a: the budget of the run is used up: $1.20 of $1.00"));
    assert_eq!(hand.run.held(), Some(Trigger::BudgetSpent));
    hand.drive();
    assert_eq!(hand.decide(), ["escalated", "run_paused"], "a resume alone changes nothing");
    hand.drive();
    let setting = crate::domain::run::purse::Setting { scope: BudgetScope::Run, measure: Measure::Usd, amount: Some(2_000_000) };
    hand.tell(&Event::BudgetSet(crate::domain::run::purse::BudgetSet { round: 0, settings: vec![setting], who: "me".to_owned() }));
    assert_eq!(hand.decide(), [""; 0]);
    assert_eq!(hand.go(StepOutcome::Passed, None, usage()), called("one", Rung::SameTool));
    assert_eq!(hand.run.workstreams[&id()].spent.micro_usd, MicroUsd(1_800_000));
}

fn taught(hand: &mut Hand, tool: &str, trouble: &str, rows: &[(Way, u32, u32)]) {
    let ways = rows.iter().map(|(way, helped, tried)| (*way, Tried { tried: *tried, helped: *helped })).collect();
    let lessons = Lessons { of: [(self::tool(tool), [(trouble.to_owned(), ways)].into())].into() };
    hand.config.fluid = Some(Fluid { lessons });
}

/// Returns the reason of what follows a failure of this class.
fn reason(hand: &mut Hand, class: FailureClass) -> String {
    hand.fail(class);
    let Action::Record(events) = hand.next() else { panic!("{:?}", hand.next()) };
    if let Event::RecoveryClimbed(climbed) = &events[0] {
        return format!("{:?}: {}", climbed.rung, climbed.reason);
    }
    format!("{}: {}", events[0].kind(), events[0].workstream_moved().unwrap().reason.clone().unwrap_or_default())
}

#[test]
fn a_fluid_run_leaves_out_what_never_helped_and_says_so() {
    let mut hand = Hand::new(&["one", "two"]);
    assert_eq!(reason(&mut hand, FailureClass::Server), "workstream_retrying: one failed");

    taught(&mut hand, "one", "server", &[(Way::Again, 0, 6), (Way::LessContext, 0, 5)]);
    let mut fluid = Hand::new(&["one", "two"]);
    fluid.config.fluid = hand.config.fluid.clone();
    let why = "one failed (one more attempt helped 0 of 6 times after `server` of one, so none is made) (less context helped 0 of 5 times after `server` of one, so it is left out)";
    assert_eq!(reason(&mut fluid, FailureClass::Server), format!("NextTool: {why}"));
    // Another trouble is another matter.
    let mut other = Hand::new(&["one", "two"]);
    other.config.fluid = hand.config.fluid.clone();
    assert_eq!(reason(&mut other, FailureClass::Network), "workstream_retrying: one failed");
}

#[test]
fn a_fluid_run_tries_more_often_and_waits_less_where_that_helped() {
    let mut hand = Hand::new(&["one"]);
    taught(&mut hand, "one", "server", &[(Way::Again, 9, 10)]);
    let most = hand.plan.workstreams[0].limits.retry.max_attempts;
    for number in 1..=most {
        let told = reason(&mut hand, FailureClass::Server);
        assert!(told.starts_with("workstream_retrying: one failed"), "{number}: {told}");
        assert!(told.contains("helped 9 of 10 times after `server` of one, so the wait is shorter"), "{told}");
        assert_eq!(told.contains("so one more is made"), number == most, "{number}: {told}");
    }
    assert!(reason(&mut hand, FailureClass::Server).starts_with("ReducedContext"));
}
