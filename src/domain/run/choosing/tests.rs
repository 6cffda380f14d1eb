//! Which tool does a step, when others are missing, broken, busy, limited or in turn.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::{ProptestConfig, prop, prop_assert, prop_assert_eq, proptest};
use proptest::strategy::Strategy as _;
use ulid::Ulid;

use super::*;
use crate::domain::id::RunId;
use crate::domain::plan::model::CheckedPlan;
use crate::domain::policy::budget::{Budgets, Spent};
use crate::domain::policy::sandbox::SandboxRules;
use crate::domain::run::config::{Record, RunConfig, ToolTraits};
use crate::domain::run::limits::BreakerLimits;
use crate::domain::run::standing::Breaker;
use crate::domain::schedule::sample;
use crate::domain::tool::profile::ResolveMode;

/// Three tools that can do the same, and what is known of them.
struct Hand {
    plan: CheckedPlan,
    config: RunConfig,
    run: RunState,
    claims: Claims,
    route: Vec<ToolId>,
    current: Option<ToolId>,
    tried: Vec<ToolId>,
}

fn tool(id: &str) -> ToolId {
    ToolId::parse(id).unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second)
}

const NOW: i64 = 1_000;

impl Hand {
    fn new() -> Self {
        let route = ["aider", "codex", "claude"].map(tool).to_vec();
        let traits =
            ToolTraits { prompted: true, fixed: false, resolve: ResolveMode::Markers, max_parallel: None, starts_per_minute: None };
        let config = RunConfig {
            fluid: None,
            given_up: None,
            max_workers: 4,
            breaker: BreakerLimits::default(),
            tools: route.iter().map(|id| (id.clone(), traits)).collect(),
            routes: BTreeMap::new(),
            timeout_sec: None,
            sandbox: SandboxRules::default(),
            absent: BTreeMap::new(),
            strategies: BTreeMap::new(),
            records: BTreeMap::new(),
            budgets: Budgets::default(),
            cache_ttl_sec: None,
            workers_why: None,
            effects: crate::domain::goal::strategy::Effects::default(),
        };
        Self {
            plan: sample::plan(vec![sample::workstream("a", &[], &["a"])]),
            config,
            run: RunState::new(RunId::new(Ulid::from(1))),
            claims: Claims::default(),
            route,
            current: None,
            tried: Vec::new(),
        }
    }

    fn strategy(mut self, strategy: Strategy) -> Self {
        self.config.strategies.insert("edit".to_owned(), strategy);
        self
    }

    fn known(&self) -> Known<'_> {
        let brief = Brief { plan: &self.plan, config: &self.config, now: at(NOW), elsewhere: Spent::default() };
        Known { brief, run: &self.run, claims: &self.claims }
    }

    fn wanted(&self) -> Wanted<'_> {
        Wanted { route: &self.route, current: self.current.as_ref(), tried: &self.tried, capability: Some("edit") }
    }

    fn choose(&self) -> Result<Choice, Lack> {
        choose(self.known(), self.wanted())
    }

    /// Returns the chosen tool and why, or the lack.
    fn told(&self) -> String {
        match self.choose() {
            Ok(choice) => format!("{}: {}", choice.tool, choice.routing.unwrap().reason),
            Err(lack) => format!("{lack:?}"),
        }
    }

    fn standing(&mut self, id: &str) -> &mut Standing {
        self.run.tools.entry(tool(id)).or_default()
    }

    fn open_breaker(&mut self, id: &str, until: i64) {
        let breaker = Breaker { failures: 3, counted: 3, until: Some(at(until)), round: 1, since: Some(at(NOW - 5)) };
        self.run.breakers.insert(tool(id), breaker);
    }
}

#[test]
fn the_first_one_that_nothing_keeps_from_it_is_chosen_and_the_reason_names_the_others() {
    let mut hand = Hand::new();
    assert_eq!(hand.told(), "aider: the first choice");
    hand.config.absent.insert(tool("aider"), "`aider` is not installed".to_owned());
    assert_eq!(hand.told(), "codex: aider is not there: `aider` is not installed");
    hand.standing("codex").unusable = Some("codex is not logged in".to_owned());
    assert_eq!(hand.told(), "claude: aider is not there: `aider` is not installed; codex can not be used: codex is not logged in");
    let verdicts: Vec<_> = hand.choose().unwrap().routing.unwrap().candidates.iter().map(|one| one.verdict).collect();
    assert_eq!(verdicts, [Candidacy::Absent, Candidacy::Unusable, Candidacy::Chosen]);
    hand.open_breaker("claude", NOW + 30);
    assert_eq!(hand.choose(), Err(Lack::Until(at(NOW + 30))));
    hand.config.breaker.give_up_sec = 1;
    let lack = hand.choose().unwrap_err();
    assert!(matches!(&lack, Lack::Nobody(reason) if reason.ends_with("claude can not be used: it failed for too long")), "{lack:?}");
}

#[test]
fn a_limited_tool_is_passed_over_and_the_earliest_end_is_waited_for_when_all_are() {
    let mut hand = Hand::new();
    hand.standing("aider").limited = Some(at(NOW + 60));
    assert_eq!(hand.told(), "codex: aider is rate limited: until 1970-01-01T00:17:40Z");
    hand.standing("codex").limited = Some(at(NOW + 40));
    hand.open_breaker("claude", NOW + 50);
    assert_eq!(hand.choose(), Err(Lack::Until(at(NOW + 40))));
    hand.standing("codex").limited = Some(at(NOW));
    assert_eq!(hand.choose().unwrap().tool, tool("codex"), "a limit that is over holds nobody");
}

#[test]
fn a_breaker_lets_one_trial_through() {
    let mut hand = Hand::new();
    hand.route.truncate(1);
    hand.open_breaker("aider", NOW - 1);
    let first = hand.choose().unwrap();
    hand.claims.claim(&first.tool, first.routing.as_ref());
    assert_eq!(hand.choose(), Err(Lack::Busy), "a second one waits until the trial has ended");
}

#[test]
fn a_busy_first_choice_is_waited_for_unless_tools_take_turns() {
    let mut hand = Hand::new();
    hand.config.tools.get_mut(&tool("aider")).unwrap().max_parallel = Some(1);
    let first = hand.choose().unwrap();
    hand.claims.claim(&first.tool, first.routing.as_ref());
    assert_eq!(hand.choose(), Err(Lack::Busy));
    let mut hand = hand.strategy(Strategy::ByRecord);
    assert_eq!(hand.told(), "codex: aider is busy: 1 at once");
    hand.config.tools.get_mut(&tool("aider")).unwrap().max_parallel = None;
    hand.config.tools.get_mut(&tool("aider")).unwrap().starts_per_minute = Some(1);
    hand.claims = Claims::default();
    hand.standing("aider").started(at(NOW - 20));
    assert_eq!(hand.told(), "codex: aider was started often enough: until 1970-01-01T00:17:20Z");
}

#[test]
fn whatever_is_over_first_is_waited_for() {
    let mut hand = Hand::new().strategy(Strategy::ByRecord);
    hand.route.truncate(2);
    hand.config.tools.get_mut(&tool("aider")).unwrap().max_parallel = Some(1);
    hand.claims.claim(&tool("aider"), None);
    hand.standing("codex").limited = Some(at(NOW + 9));
    assert_eq!(hand.choose(), Err(Lack::Until(at(NOW + 9))), "aider may be at work for an hour");
}

#[test]
fn tools_take_turns_also_within_one_round() {
    let mut hand = Hand::new().strategy(Strategy::RoundRobin);
    let mut chosen = Vec::new();
    for _ in 0..4 {
        let choice = hand.choose().unwrap();
        hand.claims.claim(&choice.tool, choice.routing.as_ref());
        chosen.push(choice.tool.to_string());
    }
    assert_eq!(chosen, ["aider", "codex", "claude", "aider"]);
    hand.claims = Claims::default();
    hand.run.choices.insert("edit".to_owned(), 2);
    assert_eq!(hand.told(), "claude: its turn");
    hand.current = Some(tool("codex"));
    assert_eq!(hand.told(), "codex: this workstream uses it", "a workstream stays with what it came to");
}

#[test]
fn the_best_record_comes_first() {
    let mut hand = Hand::new().strategy(Strategy::ByRecord);
    assert_eq!(hand.told(), "aider: the best record, 0.500", "nothing is known of any");
    hand.config.records.insert(tool("claude"), Record { attempts: 4, passed: 4, took_ms: 4_000 });
    assert_eq!(hand.told(), "claude: the best record, 0.850");
    let here = hand.standing("claude");
    (here.attempts, here.took_ms) = (8, 8_000);
    assert_eq!(hand.told(), "aider: the best record, 0.500", "what it did in this run counts as well");
}

#[test]
fn who_was_tried_is_not_asked_again() {
    let mut hand = Hand::new();
    hand.tried = vec![tool("aider")];
    hand.current = Some(tool("codex"));
    assert_eq!(hand.told(), "codex: aider was tried");
    hand.standing("aider").unusable = Some("its key was refused".to_owned());
    assert_eq!(hand.told(), "codex: aider was tried: its key was refused");
    assert_eq!(hand.known().successor(hand.wanted()), Some(&tool("claude")));
    hand.standing("codex").limited = Some(at(NOW + 9));
    assert_eq!(hand.choose().unwrap().tool, tool("claude"));
    hand.standing("claude").unusable = Some("gone".to_owned());
    assert_eq!(hand.choose(), Err(Lack::Until(at(NOW + 9))));
    assert_eq!(hand.known().successor(hand.wanted()), None);
}

#[test]
fn where_nothing_was_to_be_chosen_nothing_is_told() {
    let mut hand = Hand::new();
    hand.route.truncate(1);
    let wanted = Wanted { capability: None, ..hand.wanted() };
    assert_eq!(choose(hand.known(), wanted), Ok(Choice { tool: tool("aider"), routing: None }));
    assert_eq!(choose(hand.known(), Wanted { route: &[], ..wanted }), Err(Lack::Unknown));
}

/// How one tool stands, at random: what is `None` or 0 keeps nobody from it.
#[derive(Debug, Clone)]
struct Fate {
    absent: bool,
    unusable: bool,
    limited: Option<i64>,
    open: Option<i64>,
    since: i64,
    tried: bool,
    most: Option<u32>,
    starts: Vec<i64>,
    pace: Option<u32>,
    claimed: u32,
}

fn fate() -> impl proptest::strategy::Strategy<Value = Fate> {
    let one_in_four = || prop::bool::weighted(0.25);
    let around_now = || prop::option::weighted(0.4, NOW - 20..NOW + 20);
    let flags = (one_in_four(), one_in_four(), one_in_four());
    let times = (around_now(), around_now(), NOW - 4_000..NOW, prop::collection::vec(NOW - 90..NOW, 0..4));
    let bounds = (prop::option::weighted(0.4, 1..3_u32), prop::option::weighted(0.4, 1..4_u32), 0..3_u32);
    (flags, times, bounds).prop_map(|((absent, unusable, tried), (limited, open, since, mut starts), (most, pace, claimed))| {
        starts.sort_unstable();
        Fate { absent, unusable, limited, open, since, tried, most, starts, pace, claimed }
    })
}

impl Fate {
    /// Puts the tool where this says.
    fn befall(&self, hand: &mut Hand, id: &ToolId) {
        if self.absent {
            hand.config.absent.insert(id.clone(), "`it` is not installed".to_owned());
        }
        if self.tried {
            hand.tried.push(id.clone());
        }
        let traits = hand.config.tools.get_mut(id).unwrap();
        (traits.max_parallel, traits.starts_per_minute) = (self.most, self.pace);
        let standing = hand.standing(id.as_str());
        standing.unusable = self.unusable.then(|| "it is not logged in".to_owned());
        standing.limited = self.limited.map(at);
        standing.starts = self.starts.iter().copied().map(at).collect();
        if let Some(until) = self.open {
            let breaker = Breaker { failures: 3, counted: 3, until: Some(at(until)), round: 1, since: Some(at(self.since)) };
            hand.run.breakers.insert(id.clone(), breaker);
        }
        (0..self.claimed).for_each(|_| hand.claims.claim(id, None));
    }

    /// Returns whether only a person can make it usable for this workstream.
    fn is_out(&self, hand: &Hand, id: &ToolId) -> bool {
        let is_given_up = self.open.is_some() && NOW - self.since >= i64::try_from(hand.config.breaker.give_up_sec).unwrap();
        self.absent || self.unusable || is_given_up || (self.tried && hand.current.as_ref() != Some(id))
    }

    /// Returns whether it is over before somebody does something.
    fn must_wait(&self) -> bool {
        let recent = self.starts.iter().filter(|start| NOW - **start < 60).count();
        let is_paced = self.pace.is_some_and(|most| recent + self.claimed as usize >= most as usize);
        let is_busy = self.most.is_some_and(|most| self.claimed >= most);
        let is_open = self.open.is_some_and(|until| until > NOW || self.claimed > 0);
        self.limited.is_some_and(|until| until > NOW) || is_open || is_busy || is_paced
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn who_can_not_do_it_is_never_chosen_and_who_can_is_found(
        fates in prop::collection::vec(fate(), 3),
        (order, current) in (0..3_usize, prop::option::of(0..3_usize)),
    ) {
        let mut hand = Hand::new().strategy(Strategy::ALL[order]);
        let route = hand.route.clone();
        hand.current = current.map(|index| route[index].clone());
        for (id, fate) in route.iter().zip(&fates) {
            fate.befall(&mut hand, id);
        }
        let place = |tool: &ToolId| route.iter().position(|id| id == tool).unwrap();
        let is_out = |index: usize| fates[index].is_out(&hand, &route[index]);
        let can = |index: usize| !is_out(index) && !fates[index].must_wait();
        match hand.choose() {
            Ok(choice) => {
                prop_assert!(can(place(&choice.tool)), "{} is chosen: {:?}", choice.tool, fates[place(&choice.tool)]);
                let candidates = choice.routing.unwrap().candidates;
                let chosen: Vec<_> = candidates.iter().filter(|one| one.verdict == Candidacy::Chosen).map(|one| &one.tool).collect();
                prop_assert_eq!(chosen, [&choice.tool]);
                prop_assert_eq!(candidates.len(), 3, "every candidate has its verdict");
            }
            Err(lack) => {
                // Who keeps to an order waits for the first one that could.
                prop_assert!(Strategy::ALL[order] == Strategy::Fixed || !(0..3).any(can), "{:?}, though one could: {:?}", lack, fates);
                let nobody = matches!(lack, Lack::Nobody(_));
                prop_assert_eq!(nobody, (0..3).all(is_out), "{:?}", lack);
                prop_assert!(!matches!(lack, Lack::Until(until) if until <= at(NOW)), "{:?} is over", lack);
            }
        }
        if let Some(next) = hand.known().successor(hand.wanted()) {
            let fate = &fates[place(next)];
            prop_assert!(!fate.absent && !fate.unusable && !fate.tried && hand.current.as_ref() != Some(next), "{} takes over", next);
        }
    }
}
