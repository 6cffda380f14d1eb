//! Waves by example and by property.

use std::collections::{BTreeSet, HashMap};

use proptest::prelude::*;

use super::*;
use crate::domain::schedule::sample::{plan, workstream};

fn in_group(group: &str, mut workstream: Workstream) -> Workstream {
    workstream.conflict_group = Some(group.to_owned());
    workstream
}

fn alone(mut workstream: Workstream) -> Workstream {
    workstream.parallel_ok = false;
    workstream
}

fn urgent(priority: i64, mut workstream: Workstream) -> Workstream {
    workstream.priority = priority;
    workstream
}

/// The waves as text: workstreams separated by spaces, waves by ` | `.
fn waves(workstreams: Vec<Workstream>) -> String {
    join(&schedule(&plan(workstreams)).waves)
}

fn join(lists: &[Vec<WorkstreamId>]) -> String {
    lists.iter().map(|w| w.iter().map(WorkstreamId::as_str).collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join(" | ")
}

#[test]
fn dependencies_make_levels() {
    let list = vec![
        workstream("d", &["b", "c"], &["d"]),
        workstream("a", &[], &["a"]),
        workstream("b", &["a"], &["b"]),
        workstream("c", &["a"], &["c"]),
        workstream("e", &[], &["e"]),
    ];
    assert_eq!(waves(list), "a e | b c | d");
    assert_eq!(waves(Vec::new()), "");
}

#[test]
fn conflicts_split_a_level_greedily() {
    let overlapping = vec![workstream("a", &[], &["src/*.py"]), workstream("b", &[], &["src/x.py"]), workstream("c", &[], &["docs"])];
    assert_eq!(waves(overlapping), "a c | b");
    let grouped = ["a", "b", "c"].map(|id| in_group("db", workstream(id, &[], &[id])));
    assert_eq!(waves(grouped.to_vec()), "a | b | c");
    let groups = vec![
        in_group("x", workstream("a", &[], &["a"])),
        in_group("y", workstream("b", &[], &["b"])),
        in_group("x", workstream("c", &[], &["b/c"])),
        workstream("d", &[], &["d"]),
    ];
    assert_eq!(waves(groups), "a b d | c");
}

#[test]
fn what_is_not_parallel_is_alone() {
    let list = vec![
        workstream("a", &[], &["a"]),
        alone(workstream("b", &[], &["b"])),
        workstream("c", &[], &["c"]),
        alone(workstream("d", &[], &["d"])),
    ];
    assert_eq!(waves(list), "a c | b | d");
}

#[test]
fn every_wave_of_a_level_comes_before_the_next_level() {
    // `b` has to make room for `a`; `c` depends only on `a` and waits for the wave of `b` nevertheless.
    let list = vec![workstream("a", &[], &["src"]), workstream("b", &[], &["src"]), workstream("c", &["a"], &["c"])];
    let schedule = schedule(&plan(list));
    assert_eq!(join(&schedule.waves), "a | b | c");
    assert_eq!(join(&schedule.levels), "a b | c");
    assert_eq!(schedule.wave_of()[&WorkstreamId::parse("c").unwrap()], 2);
}

#[test]
fn priority_orders_inside_a_wave_and_workers_do_not_cut_it() {
    let list = vec![
        urgent(-10, workstream("a", &[], &["a"])),
        workstream("b", &[], &["b"]),
        urgent(5, workstream("c", &[], &["c"])),
        workstream("d", &[], &["d"]),
    ];
    let mut plan = plan(list);
    plan.max_workers = Some(1);
    assert_eq!(join(&schedule(&plan).waves), "c b d a");
}

#[test]
fn separations_say_why() {
    let list = vec![
        workstream("base", &[], &["base"]),
        alone(workstream("lone", &[], &["lone"])),
        in_group("db", workstream("x", &["base"], &["x", "s/*"])),
        in_group("db", workstream("y", &["base"], &["y"])),
        workstream("z", &["base"], &["s/one"]),
    ];
    let schedule = schedule(&plan(list));
    assert_eq!(join(&schedule.waves), "base | lone | x | y z");
    let told: Vec<String> = schedule.separated.iter().map(|s| format!("{} {} {:?}", s.a, s.b, s.why)).collect();
    assert_eq!(
        told,
        [
            "base lone NotParallel(WorkstreamId(\"lone\"))",
            "base x Dependency",
            "base y Dependency",
            "x y ConflictGroup(\"db\")",
            "base z Dependency",
            "x z Overlap(Overlap { ours: \"s/*\", theirs: \"s/one\", example: \"s/one\" })",
        ]
    );
}

#[test]
fn the_earlier_wave_is_named_first() {
    // `c` slips into the first wave although it stands after `b`, with which it conflicts.
    let list = vec![
        in_group("g", workstream("a", &[], &["a"])),
        in_group("g", workstream("b", &[], &["shared"])),
        workstream("c", &[], &["shared"]),
    ];
    let schedule = schedule(&plan(list));
    assert_eq!(join(&schedule.waves), "a c | b");
    let pairs: Vec<String> = schedule.separated.iter().map(|s| format!("{}<{}", s.a, s.b)).collect();
    assert_eq!(pairs, ["a<b", "c<b"]);
}

#[test]
fn the_critical_path_follows_the_estimates() {
    let mut heavy = workstream("heavy", &["a"], &["heavy"]);
    heavy.metadata.insert("x-estimate".to_owned(), serde_json::json!(10));
    let list = vec![
        workstream("a", &[], &["a"]),
        heavy,
        workstream("b", &["a"], &["b"]),
        workstream("c", &["b"], &["c"]),
        workstream("d", &["c"], &["d"]),
    ];
    let schedule = schedule(&plan(list));
    assert_eq!(join(&[schedule.critical_path]), "a heavy");
    assert!((schedule.speed_up - 14.0 / 13.0).abs() < 1e-9);
}

#[test]
fn a_crowd_that_all_conflicts_is_scheduled_in_reasonable_time() {
    let list: Vec<Workstream> = (0..1000).map(|n| in_group("g", workstream(&format!("w{n}"), &[], &["same/**"]))).collect();
    let schedule = schedule(&plan(list));
    assert_eq!(schedule.waves.len(), 1000);
    assert!(schedule.separated.len() <= 1000 * MAX_LISTED);
}

#[test]
fn at_most_so_many_conflicts_are_listed_for_one() {
    let mut list: Vec<Workstream> = (0..40).map(|n| workstream(&format!("w{n}"), &[], &[&format!("d{n}")])).collect();
    for grouped in list.iter_mut().rev().take(MAX_LISTED / 2) {
        grouped.conflict_group = Some("g".to_owned());
    }
    list.push(alone(in_group("g", workstream("last", &[], &["d37", "d38"]))));
    let schedule = schedule(&plan(list));
    let listed: Vec<_> = schedule.separated.iter().filter(|s| s.b.as_str() == "last").collect();
    assert_eq!(listed.len(), MAX_LISTED);
    assert!(listed.iter().all(|s| matches!(&s.why, Cause::NotParallel(id) if id.as_str() == "last")));
}

#[test]
fn the_nearest_reason_is_given_whichever_is_asked_first() {
    let (a, b) = (workstream("a", &[], &["x/*"]), workstream("b", &["a"], &["x/y"]));
    let (g, h) = (in_group("g", workstream("g", &[], &["x/*"])), in_group("h", workstream("h", &[], &["x/y"])));
    let told = |a: &Workstream, b: &Workstream| why_apart(a, b).map(|why| format!("{why:?}"));
    assert_eq!((told(&a, &b), told(&b, &a)), (Some("Dependency".to_owned()), Some("Dependency".to_owned())));
    assert!(matches!(why_apart(&g, &h), Some(Cause::Overlap(found)) if found.example == "x/y"));
    assert_eq!(why_apart(&h, &alone(g.clone())), Some(Cause::NotParallel(g.id.clone())));
    assert_eq!(why_apart(&g, &workstream("z", &[], &["z"])), None);
}

/// What a random workstream has beside its dependencies: globs, group, whether it may share a wave, priority.
type Traits = (Vec<&'static str>, Option<&'static str>, bool, i64);

fn traits() -> impl Strategy<Value = Traits> {
    let globs = prop::sample::subsequence(vec!["a/**", "a/*.rs", "a/x.rs", "b", "b/c/*", "**/*.md", "docs", "x{1,2}"], 1..3);
    let group = prop::option::weighted(0.3, prop::sample::select(vec!["g", "h"]));
    (globs, group, prop::bool::weighted(0.9), -2_i64..3)
}

/// A random plan without cycles: dependencies lead to what stands before, and then everything is shuffled.
fn random_plan() -> impl Strategy<Value = CheckedPlan> {
    prop::collection::vec((traits(), prop::collection::vec(any::<prop::sample::Index>(), 0..3)), 0..14)
        .prop_map(|drawn| {
            let mut list = Vec::new();
            for (n, ((globs, group, parallel_ok, priority), picks)) in drawn.into_iter().enumerate() {
                let names: BTreeSet<String> = picks.iter().filter(|_| n > 0).map(|p| format!("w{}", p.index(n))).collect();
                let mut made = workstream(&format!("w{n}"), &names.iter().map(String::as_str).collect::<Vec<_>>(), &globs);
                made.conflict_group = group.map(str::to_owned);
                made.parallel_ok = parallel_ok;
                made.priority = priority;
                list.push(made);
            }
            list
        })
        .prop_shuffle()
        .prop_map(plan)
}

/// Everything that must hold for the waves of any plan.
fn assert_valid(plan: &CheckedPlan, schedule: &Schedule) {
    let wave_of: HashMap<&WorkstreamId, usize> = schedule.wave_of();
    assert_eq!(schedule.waves.iter().map(Vec::len).sum::<usize>(), plan.workstreams.len(), "every workstream is in one wave");
    assert_eq!(wave_of.len(), plan.workstreams.len());
    assert!(schedule.waves.iter().all(|w| !w.is_empty()));
    for a in &plan.workstreams {
        for dependency in &a.depends_on {
            assert!(wave_of[dependency] < wave_of[&a.id], "{} is not after {dependency}", a.id);
        }
        for b in plan.workstreams.iter().filter(|b| b.id != a.id && wave_of[&b.id] == wave_of[&a.id]) {
            assert!(a.parallel_ok && b.parallel_ok, "{} is not alone", a.id);
            assert!(a.conflict_group.is_none() || a.conflict_group != b.conflict_group, "{} and {}", a.id, b.id);
            assert_eq!(overlap(&a.scope, &b.scope), None, "{} and {}", a.id, b.id);
        }
    }
    for separation in &schedule.separated {
        assert!(wave_of[&separation.a] < wave_of[&separation.b], "{separation:?}");
    }
}

/// Whether no workstream could be in an earlier wave of its level, and every wave that refused it has its reason listed.
fn assert_greedy(plan: &CheckedPlan, schedule: &Schedule) {
    let wave_of = schedule.wave_of();
    for level in &schedule.levels {
        let first = level.iter().map(|id| wave_of[id]).min().unwrap_or(0);
        for later in level {
            for wave in first..wave_of[later] {
                let listed =
                    |id: &WorkstreamId| schedule.separated.iter().any(|s| s.a == *id && s.b == *later && s.why != Cause::Dependency);
                let before = schedule.waves[wave].iter().any(listed);
                assert!(before, "{later} is not in wave {wave}, and nothing says why ({} in all)", plan.workstreams.len());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn waves_are_valid_in_any_order_of_the_plan((one, other) in random_plan().prop_flat_map(|p| (Just(p.clone()), Just(p.workstreams).prop_shuffle()))) {
        let first = schedule(&one);
        assert_valid(&one, &first);
        assert_greedy(&one, &first);
        prop_assert_eq!(&schedule(&one), &first);
        let shuffled = plan(other);
        let second = schedule(&shuffled);
        assert_valid(&shuffled, &second);
        // The levels do not depend on the order; how a level is cut into waves does.
        let as_sets = |s: &Schedule| s.levels.iter().map(|l| l.iter().cloned().collect()).collect::<Vec<BTreeSet<_>>>();
        prop_assert_eq!(as_sets(&first), as_sets(&second));
    }

    #[test]
    fn a_speed_up_is_never_a_slow_down(mut drawn in random_plan(), workers in prop::option::of(1_u32..4)) {
        drawn.max_workers = workers;
        let schedule = schedule(&drawn);
        prop_assert!(schedule.speed_up >= 1.0 - 1e-9);
        prop_assert!(schedule.speed_up <= schedule.estimate.unbounded_speed_up() + 1e-9);
        prop_assert!(workers.is_none_or(|n| schedule.speed_up <= f64::from(n) + 1e-9));
    }
}
