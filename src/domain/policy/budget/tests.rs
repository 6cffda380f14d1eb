//! Budgets: what is tighter, what is used up, how it is told, and how it is written.

use super::word::BudgetWish;
use super::{Budget, BudgetKey, Budgets, Limit, Measure, Spent, exceeded, nearest};
use crate::domain::tool::usage::{Cost, MicroUsd, PriceSource, Tokens, Usage};

fn budget(usd: Option<f64>, tokens: Option<u64>, seconds: Option<u64>) -> Budget {
    Budget { usd: usd.map(MicroUsd::from_usd), tokens, seconds }
}

fn spent(usd: f64, tokens: u64, millis: u64) -> Spent {
    Spent { micro_usd: MicroUsd::from_usd(usd), tokens, millis }
}

#[test]
fn of_two_budgets_the_least_of_each_amount_holds() {
    let a = budget(Some(5.0), None, Some(60));
    let b = budget(Some(2.0), Some(10), Some(90));
    assert_eq!(a.tighter(b), budget(Some(2.0), Some(10), Some(60)));
    assert_eq!(a.tighter(b), b.tighter(a));
    assert_eq!(a.tighter(Budget::default()), a);
    let (mut one, other) = (Budgets { run: a, ..Budgets::default() }, Budgets { day: b, warn_at: 50, ..Budgets::default() });
    assert_eq!(one.tighter(other), Budgets { run: a, day: b, warn_at: 50, ..Budgets::default() });
    for key in BudgetKey::all() {
        one.set(key, Some(7));
        assert_eq!(one.amount(key), Some(7), "{key}");
        one.set(key, None);
    }
    assert!(one.is_unbounded() && !other.is_unbounded());
}

#[test]
fn what_is_reached_is_used_up() {
    let check = |was: Spent, of: Budget, expect: Option<&str>| {
        assert_eq!(exceeded(was, of).map(|limit| limit.to_string()).as_deref(), expect, "{was:?} {of:?}");
    };
    check(spent(9.0, 9, 9_000), Budget::default(), None);
    check(spent(4.99, 0, 0), budget(Some(5.0), None, None), None);
    check(spent(5.0, 0, 0), budget(Some(5.0), None, None), Some("$5.00 of $5.00"));
    check(spent(0.0, 200_001, 0), budget(Some(5.0), Some(200_000), None), Some("200,001 of 200,000 tokens"));
    check(spent(0.0, 0, 1_860_000), budget(None, None, Some(1_800)), Some("31 of 30 minutes"));
    check(spent(0.0, 0, 89_999), budget(None, None, Some(90)), None);
    check(spent(0.0, 0, 95_000), budget(None, None, Some(90)), Some("95 of 90 seconds"));
    check(spent(0.0, 0, 60_000), budget(None, None, Some(60)), Some("1 of 1 minute"));
    // Of several, the one that was overstepped most. Of nothing, everything is too much, and nothing is not.
    check(spent(6.0, 30, 0), budget(Some(5.0), Some(10), None), Some("30 of 10 tokens"));
    check(spent(6.0, 1, 0), budget(Some(5.0), Some(0), None), Some("1 of 0 tokens"));
    check(spent(0.0, 0, 7), budget(Some(0.0), Some(0), None), None);
    check(spent(0.01, 0, 7), budget(Some(0.0), Some(0), None), Some("$0.0100 of $0.00"));
    check(spent(0.0, 1, 0), budget(None, Some(1), None), Some("1 of 1 token"));
    check(
        Spent { tokens: u64::MAX, ..Spent::default() },
        budget(Some(1.0), Some(u64::MAX), Some(u64::MAX)),
        Some("18,446,744,073,709,551,615 of 18,446,744,073,709,551,615 tokens"),
    );
}

#[test]
fn what_comes_to_its_end_is_told_before() {
    let check = |was: Spent, of: Budget, warn_at: u8, expect: Option<&str>| {
        assert_eq!(nearest(was, of, warn_at).map(|limit| limit.to_string()).as_deref(), expect, "{was:?} {of:?} {warn_at}");
    };
    check(spent(3.99, 0, 0), budget(Some(5.0), None, None), 80, None);
    check(spent(4.0, 0, 0), budget(Some(5.0), None, None), 80, Some("$4.00 of $5.00"));
    check(spent(4.12, 182_000, 0), budget(Some(5.0), Some(200_000), None), 80, Some("182,000 of 200,000 tokens"));
    check(spent(4.12, 0, 0), budget(Some(5.0), None, None), 100, None);
    check(Spent::default(), budget(Some(5.0), Some(5), Some(5)), 80, None);
    assert_eq!(nearest(spent(4.12, 0, 0), budget(Some(5.0), None, None), 80).map(|limit| limit.percent()), Some(82));
    check(Spent::default(), budget(Some(0.0), None, None), 80, None);
    for (spent, percent) in [(0, 0), (1, 100)] {
        assert_eq!(Limit { measure: Measure::Tokens, spent, of: 0 }.percent(), percent);
    }
}

#[test]
fn what_attempts_spent_adds_up() {
    let usage = Usage {
        tokens: Tokens { input: 10, cached: 20, cache_write: 30, output: 40, reasoning: 5 },
        cost: Some(Cost { micro_usd: MicroUsd(7), source: PriceSource::Reported }),
        ..Usage::default()
    };
    let mut sum = Spent::of(Some(&usage), 1_500);
    sum += Spent::of(None, 500);
    assert_eq!(sum, Spent { micro_usd: MicroUsd(7), tokens: 100, millis: 2_000 });
    assert_eq!(budget(Some(1.0), Some(90), Some(3)).left(sum), Budget { usd: Some(MicroUsd(999_993)), tokens: Some(0), seconds: Some(1) });
}

#[test]
fn budgets_are_read_from_words() {
    let check = |text: &str, key: &str, amount: Option<u64>| {
        let wish = BudgetWish::parse(text).unwrap();
        assert_eq!((wish.key.to_string().as_str(), wish.amount), (key, amount), "{text}");
        if let Some(amount) = amount {
            assert_eq!(wish.key.parse_amount(&wish.key.shown(amount)), Ok(Some(amount)), "{text}");
        }
    };
    check("run.usd=5", "run.usd", Some(5_000_000));
    check("run.usd=$0.50", "run.usd", Some(500_000));
    check("attempt.usd=.000001", "attempt.usd", Some(1));
    check("workstream.tokens=200k", "workstream.tokens", Some(200_000));
    check("workstream.tokens=1.5M", "workstream.tokens", Some(1_500_000));
    check("run.tokens=2,000_000", "run.tokens", Some(2_000_000));
    check("day.minutes=30", "day.minutes", Some(1_800));
    check("day.minutes=30m", "day.minutes", Some(1_800));
    check("day.minutes=0.5h", "day.minutes", Some(1_800));
    check("attempt.minutes=90s", "attempt.minutes", Some(90));
    check("Run.Seconds = 45", "run.minutes", Some(45));
    check("run.usd=0", "run.usd", Some(0));
    check("run.usd=none", "run.usd", None);
}

#[test]
fn what_is_no_budget_is_told_with_how_it_is_written() {
    let check = |text: &str, expect: &str| assert_eq!(BudgetWish::parse(text).unwrap_err().to_string(), expect);
    check("5", "`5` is no budget; write one such as `run.usd=5`");
    check("usd=5", "`usd=5` is no budget; write one such as `run.usd=5`");
    check("week.usd=5", "there is no budget for `week`; it is for an attempt, a workstream, a run or a day");
    check("run.eur=5", "a budget has no `eur`; it has usd, tokens and minutes");
    check("run.usd=", "`` is no amount of US dollars; write `5` or `0.50`, or `none` for no bound");
    check("run.tokens=0.5", "`0.5` is no amount of tokens; write `200000`, `200k` or `1.5m`, or `none` for no bound");
    check("day.minutes=1d", "`1d` is no amount of minutes; write `30`, `90s` or `2h`, or `none` for no bound");
    for text in ["run.usd=-1", "run.usd=1e3", "run.usd=0.0000001", "run.usd=9e9", "run.usd=99999999999999", "run.usd=.", "run.usd=١"] {
        assert!(BudgetWish::parse(text).is_err(), "{text}");
    }
}

#[test]
fn what_is_not_bounded_is_not_stored() {
    let budgets = Budgets { run: budget(Some(5.0), None, Some(60)), ..Budgets::default() };
    let text = serde_json::to_string(&budgets).unwrap();
    assert_eq!(text, r#"{"run":{"usd":5000000,"seconds":60},"warn_at":80}"#);
    assert_eq!(serde_json::from_str::<Budgets>(&text).unwrap(), budgets);
    assert_eq!(serde_json::from_str::<Budgets>("{}").unwrap(), Budgets::default());
}
