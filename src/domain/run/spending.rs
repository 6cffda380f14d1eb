//! Whether one more attempt may be paid, and when it is warned that a budget comes to its end.

use super::brief::Brief;
use super::purse::{BudgetWarned, day};
use super::state::{RunState, WorkstreamState};
use crate::domain::id::WorkstreamId;
use crate::domain::policy::budget::{Budget, BudgetScope, Budgets, Limit, Spent, WorkstreamBudget, exceeded, nearest};

/// Whether one more attempt may be paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Means {
    /// It may.
    Enough,
    /// It may when what is under way turns out cheaper than it did so far.
    Later,
    /// It may not; a sentence fragment about why.
    Spent(String),
}

/// What was spent of the budget for something.
struct Account {
    scope: BudgetScope,
    of: Option<String>,
    spent: Spent,
    budget: Budget,
    /// Whether what is under way is paid from it as well.
    is_shared: bool,
}

/// Returns the budgets that hold for a workstream: those of the run, lowered by its own, and what somebody set meanwhile.
fn budgets(brief: Brief<'_>, run: &RunState, id: &WorkstreamId) -> Budgets {
    let own = brief.plan.workstream(id).map(|plan| plan.budget).unwrap_or_default();
    let all = brief.config.budgets;
    let WorkstreamBudget { attempt, workstream } = all.of_workstream(own);
    let planned = Budgets { attempt, workstream, ..all };
    run.purse.budgets(planned)
}

fn accounts(brief: Brief<'_>, run: &RunState, (id, one): (&WorkstreamId, &WorkstreamState)) -> Vec<Account> {
    let budgets = budgets(brief, run, id);
    let mut accounts = shared(brief, run, budgets);
    let own = Account {
        scope: BudgetScope::Workstream,
        of: Some(id.to_string()),
        spent: one.spent,
        budget: budgets.workstream,
        is_shared: false,
    };
    accounts.push(own);
    accounts
}

fn shared(brief: Brief<'_>, run: &RunState, budgets: Budgets) -> Vec<Account> {
    let today = day(brief.now);
    let mut of_day = run.purse.days.get(&today).copied().unwrap_or_default();
    of_day += brief.elsewhere;
    vec![
        Account { scope: BudgetScope::Run, of: None, spent: run.purse.total(), budget: budgets.run, is_shared: true },
        Account { scope: BudgetScope::Day, of: Some(today), spent: of_day, budget: budgets.day, is_shared: true },
    ]
}

/// Returns whether one more attempt of a tool may be paid.
#[must_use]
pub fn means(brief: Brief<'_>, run: &RunState, whose: (&WorkstreamId, &WorkstreamState)) -> Means {
    let budgets = budgets(brief, run, whose.0);
    let used_up = |scope: BudgetScope, limit: Limit| Means::Spent(format!("the budget of the {scope} is used up: {limit}"));
    if let Some(limit) = exceeded(whose.1.last_spent, budgets.attempt) {
        return Means::Spent(format!("the last attempt came to its budget: {limit}"));
    }
    let under_way = under_way(brief, run);
    let mut means = Means::Enough;
    for account in accounts(brief, run, whose) {
        if let Some(limit) = exceeded(account.spent, account.budget) {
            return used_up(account.scope, limit);
        }
        let mut expected = account.spent;
        expected += under_way;
        if account.is_shared && exceeded(expected, account.budget).is_some() {
            means = Means::Later;
        }
    }
    means
}

/// Returns what is under way will probably cost: as much as an attempt did so far.
fn under_way(brief: Brief<'_>, run: &RunState) -> Spent {
    let is_paid = |one: &&WorkstreamState| {
        let tool = one.open.as_ref().and_then(|open| open.tool.as_ref());
        tool.and_then(|tool| brief.config.tools.get(tool)).is_some_and(|traits| traits.prompted)
    };
    let open = run.workstreams.values().filter(is_paid).count() as u64;
    let (total, attempts) = (run.purse.total(), u64::from(run.purse.attempts.max(1)));
    let share = |amount: u64| (amount / attempts).saturating_mul(open);
    Spent {
        micro_usd: crate::domain::tool::usage::MicroUsd(share(total.micro_usd.0)),
        tokens: share(total.tokens),
        millis: share(total.millis),
    }
}

/// Returns the budget of one attempt: its own, and no more than what is left of the others.
#[must_use]
pub fn of_attempt(brief: Brief<'_>, run: &RunState, whose: (&WorkstreamId, &WorkstreamState)) -> Budget {
    let own = budgets(brief, run, whose.0).attempt;
    accounts(brief, run, whose).into_iter().fold(own, |least, account| least.tighter(account.budget.left(account.spent)))
}

/// Returns the warnings that are due.
#[must_use]
pub fn warnings(brief: Brief<'_>, run: &RunState) -> Vec<BudgetWarned> {
    if run.purse.attempts == 0 {
        return Vec::new();
    }
    let all = run.purse.budgets(brief.config.budgets);
    let own = run.workstreams.iter().map(|(id, one)| {
        let (of, budget) = (Some(id.to_string()), budgets(brief, run, id).workstream);
        Account { scope: BudgetScope::Workstream, of, spent: one.spent, budget, is_shared: false }
    });
    let near = |account: Account| {
        let limit = nearest(account.spent, account.budget, all.warn_at)?;
        Some(BudgetWarned { scope: account.scope, of: account.of, limit })
    };
    let due = shared(brief, run, all).into_iter().chain(own).filter_map(near);
    // What is spent grows; one warning per budget is enough, and another one when it was raised.
    due.filter(|warned| !run.purse.warned.contains(&warned.name())).collect()
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};
    use ulid::Ulid;

    use super::*;
    use crate::domain::id::{RunId, ToolId};
    use crate::domain::policy::budget::{BudgetKey, Measure};
    use crate::domain::run::config::{RunConfig, ToolTraits};
    use crate::domain::run::fact::StepRole;
    use crate::domain::run::purse::{BudgetSet, Elsewhere, Setting};
    use crate::domain::run::state::OpenStep;
    use crate::domain::schedule::sample;
    use crate::domain::tool::profile::ResolveMode;
    use crate::domain::tool::usage::MicroUsd;

    struct Hand {
        config: RunConfig,
        run: RunState,
        elsewhere: Spent,
    }

    const NOW: Timestamp = Timestamp::constant(1_000_000, 0);

    fn id(id: &str) -> WorkstreamId {
        WorkstreamId::parse(id).unwrap()
    }

    fn usd(cents: u64) -> Spent {
        Spent { micro_usd: MicroUsd(cents * 10_000), tokens: cents, millis: 0 }
    }

    impl Hand {
        fn new(scope: BudgetScope, cents: u64) -> Self {
            let mut config = RunConfig::of_workers(4);
            let tool = ToolId::parse("aider").unwrap();
            config.tools.insert(tool, ToolTraits { prompted: true, ..ToolTraits::of(ResolveMode::Redo) });
            config.budgets.set(BudgetKey { scope, measure: Measure::Usd }, Some(cents * 10_000));
            let mut run = RunState::new(RunId::new(Ulid::from(1)));
            for name in ["a", "b"] {
                run.workstreams.insert(id(name), WorkstreamState::planned(1));
            }
            Self { config, run, elsewhere: Spent::default() }
        }

        fn spend(&mut self, name: &str, spent: Spent) {
            self.run.purse.pay(spent, NOW);
            let one = self.run.workstreams.get_mut(&id(name)).unwrap();
            one.last_spent = spent;
            one.spent += spent;
        }

        fn at_work(&mut self, name: &str) {
            let (step, tool) = ("edit".parse().unwrap(), ToolId::parse("aider").ok());
            let open = OpenStep { step, role: StepRole::Edit, attempt: 1, tool, of: None, since: NOW };
            self.run.workstreams.get_mut(&id(name)).unwrap().open = Some(open);
        }

        fn with<T>(&self, name: &str, ask: impl Fn(Brief<'_>, &RunState, (&WorkstreamId, &WorkstreamState)) -> T) -> T {
            let plan = sample::plan(vec![sample::workstream("a", &[], &["a"]), sample::workstream("b", &[], &["b"])]);
            let brief = Brief { plan: &plan, config: &self.config, now: NOW, elsewhere: self.elsewhere };
            ask(brief, &self.run, (&id(name), &self.run.workstreams[&id(name)]))
        }

        fn means(&self, name: &str) -> Means {
            self.with(name, means)
        }

        fn warned(&self) -> Vec<String> {
            self.with("a", |brief, run, _| warnings(brief, run)).iter().map(ToString::to_string).collect()
        }
    }

    #[test]
    fn a_budget_that_is_reached_is_used_up() {
        let mut hand = Hand::new(BudgetScope::Run, 100);
        hand.spend("a", usd(99));
        assert_eq!(hand.means("b"), Means::Enough);
        hand.spend("a", usd(1));
        assert_eq!(hand.means("b"), Means::Spent("the budget of the run is used up: $1.00 of $1.00".to_owned()));
    }

    #[test]
    fn what_is_under_way_is_counted_as_much_as_an_attempt_cost_so_far() {
        let mut hand = Hand::new(BudgetScope::Run, 100);
        hand.spend("a", usd(50));
        hand.at_work("a");
        assert_eq!(hand.means("b"), Means::Later);
        hand.config.budgets.set(BudgetKey { scope: BudgetScope::Run, measure: Measure::Usd }, Some(1_010_000));
        assert_eq!(hand.means("b"), Means::Enough);
    }

    #[test]
    fn workstreams_and_attempts_have_budgets_of_their_own() {
        let mut hand = Hand::new(BudgetScope::Workstream, 10);
        hand.spend("a", usd(11));
        assert!(matches!(hand.means("a"), Means::Spent(_)));
        assert_eq!(hand.means("b"), Means::Enough);
        let mut hand = Hand::new(BudgetScope::Attempt, 10);
        hand.spend("a", usd(11));
        assert_eq!(hand.means("a"), Means::Spent("the last attempt came to its budget: $0.11 of $0.10".to_owned()));
        hand.spend("a", usd(1));
        assert_eq!(hand.means("a"), Means::Enough);
    }

    #[test]
    fn the_day_is_shared_with_other_runs_and_ends() {
        let mut hand = Hand::new(BudgetScope::Day, 100);
        hand.elsewhere = usd(60);
        hand.spend("a", usd(30));
        assert_eq!(hand.means("a"), Means::Enough);
        hand.elsewhere = usd(70);
        assert!(matches!(hand.means("a"), Means::Spent(reason) if reason.starts_with("the budget of the day is used up")));
        let yesterday = Elsewhere { day: day(NOW - SignedDuration::from_hours(24)), spent: usd(500) };
        assert_eq!((yesterday.at(NOW), yesterday.at(NOW - SignedDuration::from_hours(24))), (Spent::default(), usd(500)));
        hand.elsewhere = yesterday.at(NOW);
        hand.run.purse.pay(usd(500), NOW - SignedDuration::from_hours(24));
        assert_eq!(hand.means("a"), Means::Enough, "yesterday is over");
    }

    #[test]
    fn it_is_warned_once_per_budget_and_again_when_that_was_raised() {
        let mut hand = Hand::new(BudgetScope::Run, 100);
        hand.spend("a", usd(79));
        assert_eq!(hand.warned(), [""; 0]);
        hand.spend("a", usd(2));
        assert_eq!(hand.warned(), ["run: $0.81 of $1.00"]);
        let names = hand.with("a", |brief, run, _| warnings(brief, run)).iter().map(BudgetWarned::name).collect::<Vec<_>>();
        assert_eq!(names, ["run/all/usd/1000000"]);
        hand.run.purse.warned.push("run/all/usd/1000000".to_owned());
        assert_eq!(hand.warned(), [""; 0]);
        let setting = Setting { scope: BudgetScope::Run, measure: Measure::Usd, amount: Some(1_010_000) };
        hand.run.purse.set(&BudgetSet { round: 0, settings: vec![setting], who: "me".to_owned() });
        assert_eq!(hand.warned(), ["run: $0.81 of $1.01"]);
    }

    #[test]
    fn an_attempt_gets_no_more_than_is_left_of_anything() {
        let mut hand = Hand::new(BudgetScope::Run, 100);
        hand.config.budgets.set(BudgetKey { scope: BudgetScope::Attempt, measure: Measure::Usd }, Some(500_000));
        assert_eq!(hand.with("a", of_attempt).usd, Some(MicroUsd(500_000)));
        hand.spend("b", usd(80));
        assert_eq!(hand.with("a", of_attempt).usd, Some(MicroUsd(200_000)));
    }
}
