//! What follows for goals: the worst first, another strategy after a stall, the best kept.

use super::*;
use crate::domain::goal::bound::Bound;
use crate::domain::goal::gap::{GoalValue, score};
use crate::domain::goal::model::Measure;
use crate::domain::run::goals::Round;

fn goal(id: &str) -> Goal {
    let (tolerance, weight, target) = (Amount::ZERO, Amount::ONE, Amount::whole(100));
    let (measure, strategies) = (Measure::Words(None), Vec::new());
    Goal { id: id.to_owned(), measure, bound: Bound::AtLeast, target, tolerance, weight, required: id == "must", strategies }
}

fn goals(ids: &[&str]) -> Goals {
    Goals { list: ids.iter().map(|id| goal(id)).collect(), ..Goals::default() }
}

fn commit(n: u8) -> ObjectId {
    ObjectId::from_bytes([n; 20])
}

/// A story: `Some` is a measurement after the round, `None` a round that came to nothing.
fn state(goals: &Goals, measured: &[Option<&[u64]>], rounds: &[(&str, &str)]) -> GoalsState {
    let mut state = GoalsState::default();
    for (round, values) in (0_u8..).zip(measured) {
        let Some(values) = values else { continue };
        let values: Vec<GoalValue> =
            goals.list.iter().zip(*values).map(|(goal, value)| GoalValue::new(goal, Ok(Amount::whole(*value)))).collect();
        let score = score(&values);
        let (round, commit, tree) = (u32::from(round), commit(round), commit(round));
        state.measured.push(Measurement { round, commit, tree, values, score, review: Vec::new() });
    }
    state.rounds = rounds.iter().map(|(goal, strategy)| Round { goal: (*goal).to_owned(), strategy: (*strategy).to_owned() }).collect();
    state
}

fn told(what: Move) -> String {
    match what {
        Move::Measure => "measure".to_owned(),
        Move::Done => "done".to_owned(),
        Move::Round { goal, strategy, commit, .. } => format!("{goal} by {strategy} on {}", &commit.to_string()[..2]),
        Move::Settle(one) => format!("{} at {}: {}", one.reason.word(), &one.commit.to_string()[..2], one.message),
    }
}

#[test]
fn what_follows_is_a_matter_of_what_was_measured() {
    let check = |ids: &[&str], measured: &[Option<&[u64]>], rounds: &[(&str, &str)], expect: &str| {
        let goals = goals(ids);
        let stand = if measured.last().is_some_and(Option::is_none) { Stand::RoundFailed } else { Stand::Measured };
        assert_eq!(told(steer(&goals, &state(&goals, measured, rounds), (&Effects::default(), stand))), expect);
    };
    check(&["a"], &[], &[], "measure");
    check(&["a"], &[Some(&[100])], &[], "met at 00: 1 of 1 goal met");
    check(&["a"], &[Some(&[40])], &[], "a by addition on 00");
    check(&["a"], &[Some(&[80])], &[], "a by expansion on 00");
    check(&["a", "b"], &[Some(&[80, 30])], &[], "b by addition on 00");
    check(&["a"], &[Some(&[80]), Some(&[90])], &[("a", "expansion")], "a by expansion on 01");
    check(&["a"], &[Some(&[80]), Some(&[100])], &[("a", "expansion")], "met at 01: 1 of 1 goal met");
    // What brought nothing is not tried again at once.
    check(&["a"], &[Some(&[80]), Some(&[80])], &[("a", "expansion")], "a by addition on 00");
    check(&["a"], &[Some(&[80]), Some(&[81])], &[("a", "expansion")], "a by addition on 01");
    check(&["a"], &[Some(&[80]), Some(&[20])], &[("a", "expansion")], "a by addition on 00");
    check(&["a"], &[Some(&[80]), None], &[("a", "expansion")], "a by addition on 00");
    let two = [("a", "expansion"), ("a", "addition")];
    check(&["a"], &[Some(&[80]), None, Some(&[80])], &two, "stalled at 00: 0 of 1 goal met; a 80 of 100 (2 rounds brought no progress)");
    check(&["a"], &[Some(&[80]), Some(&[90]), Some(&[20])], &two, "a by expansion on 01");
    check(&["a"], &[Some(&[80]), None, Some(&[100])], &two, "met at 02: 1 of 1 goal met");
    let many = [("a", "expansion"); 5];
    let rising: Vec<Option<&[u64]>> = vec![Some(&[10]), Some(&[20]), Some(&[30]), Some(&[40]), Some(&[50]), Some(&[60])];
    check(&["a"], &rising, &many, "rounds at 05: 0 of 1 goal met; a 60 of 100 (5 rounds may be made)");
}

#[test]
fn a_goal_with_one_strategy_has_no_second_try() {
    let mut goals = goals(&["a"]);
    goals.list[0].strategies = vec!["own".to_owned()];
    let state = state(&goals, &[Some(&[80]), Some(&[80])], &[("a", "own")]);
    let found = told(steer(&goals, &state, (&Effects::default(), Stand::Measured)));
    assert_eq!(found, "stalled at 00: 0 of 1 goal met; a 80 of 100 (nothing else can be tried for a)");
}

#[test]
fn an_improvement_that_passed_its_checks_is_measured_and_what_is_settled_stays() {
    let goals = goals(&["a"]);
    let mut state = state(&goals, &[Some(&[80])], &[("a", "expansion")]);
    state.stage = RoundStage::Checking;
    assert_eq!(steer(&goals, &state, (&Effects::default(), Stand::Checked)), Move::Measure);
    let settled = cut_short(&goals, &state, (GoalsEnd::Budget, "no money")).unwrap();
    assert_eq!((settled.met, settled.of, settled.message.as_str()), (0, 1, "0 of 1 goal met; a 80 of 100 (no money)"));
}

#[test]
fn a_required_goal_that_is_not_met_is_lacking() {
    let goals = goals(&["a", "must"]);
    let state = state(&goals, &[Some(&[100, 50])], &[]);
    let settled = cut_short(&goals, &state, (GoalsEnd::Budget, "no money")).unwrap();
    assert_eq!((settled.met, settled.lacking), (1, vec!["must".to_owned()]));
}

#[test]
fn what_is_required_is_not_given_up_for_what_counts_more() {
    let goals = goals(&["a", "must"]);
    let state = state(&goals, &[Some(&[10, 100]), Some(&[90, 90])], &[("a", "addition")]);
    let settled = cut_short(&goals, &state, (GoalsEnd::Budget, "no money")).unwrap();
    assert_eq!((settled.commit, settled.lacking), (commit(0), Vec::<String>::new()));
    // What gives it up is no progress, however much else it brings; what reaches it is, however much it costs.
    let two = [("a", "addition"), ("a", "expansion")];
    let told =
        |measured: &[Option<&[u64]>]| told(steer(&goals, &self::state(&goals, measured, &two), (&Effects::default(), Stand::Measured)));
    let stalled = "stalled at 00: 1 of 2 goals met; a 10 of 100 (2 rounds brought no progress)";
    assert_eq!(told(&[Some(&[10, 100]), Some(&[90, 90]), Some(&[95, 95])]), stalled);
    assert_eq!(told(&[Some(&[90, 90]), Some(&[91, 90]), Some(&[20, 100])]), "a by addition on 02");
    // Of two that lack it the nearer one stays.
    let state = self::state(&goals, &[Some(&[10, 80]), Some(&[90, 90])], &[("a", "addition")]);
    assert_eq!(cut_short(&goals, &state, (GoalsEnd::Budget, "no money")).unwrap().commit, commit(1));
}
