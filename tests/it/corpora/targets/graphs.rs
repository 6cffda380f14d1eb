//! Graphs and waves: every dependency is in an earlier wave, what conflicts is never in one wave, cycles are found if there are any.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::LazyLock;

use git_orc::domain::gate::model::Baseline;
use git_orc::domain::goal::model::Goals;
use git_orc::domain::id::{StepId, ToolId, WorkstreamId};
use git_orc::domain::phase::rules::StepRules;
use git_orc::domain::plan::model::{CheckedPlan, EditStep, Step, StepKind, ToolChoice, Workstream};
use git_orc::domain::policy::budget::{Budget, WorkstreamBudget};
use git_orc::domain::policy::scope::Scope;
use git_orc::domain::run::limits::LoopLimits;
use git_orc::domain::schedule::dag;
use git_orc::domain::schedule::waves::{Cause, schedule, why_apart};

use super::fodder::Fodder;

/// The scopes that generated workstreams choose from: alone, overlapping, and with wildcards.
const SCOPES: [&str; 8] = ["a/", "b/", "a/x.rs", "*/x.rs", "c/**/*.md", "c/d/e.md", "{d,e}/f", "e/"];

static PARSED: LazyLock<[Scope; 8]> = LazyLock::new(|| SCOPES.map(|pattern| Scope::new(&[pattern.to_owned()], &[], &[]).unwrap()));

/// A graph of up to 12 workstreams.
pub fn graph(data: &[u8]) {
    let mut fodder = Fodder(data);
    let count = fodder.below(13);
    let mut edges = Vec::new();
    while !fodder.is_empty() && edges.len() < 100 {
        // One position too many, since edges that lead nowhere are left out and not believed.
        edges.push((fodder.below(count + 1), fodder.below(count + 1)));
    }
    let inside: BTreeSet<(usize, usize)> = edges.iter().copied().filter(|(a, b)| *a < count && *b < count).collect();
    let names: Vec<String> = (0..count).map(|n| format!("ws-{n}")).collect();
    let ids: Vec<&str> = names.iter().map(String::as_str).collect();
    let cycles = dag::cycles(&ids, &edges);
    assert_eq!(cycles.is_empty(), has_order(count, &inside), "cycles {cycles:?} of {inside:?}");
    for cycle in &cycles {
        let next = cycle.iter().skip(1).chain(cycle.first());
        assert!(cycle.iter().zip(next).all(|(a, b)| inside.contains(&(*a, *b))), "{cycle:?} is no cycle of {inside:?}");
    }
    if cycles.is_empty() {
        acyclic(data, count, &inside);
    }
}

/// Kahn's algorithm.
fn has_order(count: usize, edges: &BTreeSet<(usize, usize)>) -> bool {
    let mut left: BTreeSet<usize> = (0..count).collect();
    loop {
        let free = left.iter().copied().find(|node| !edges.iter().any(|(from, to)| from == node && left.contains(to)));
        match free {
            Some(node) => left.remove(&node),
            None => return left.is_empty(),
        };
    }
}

fn acyclic(data: &[u8], count: usize, edges: &BTreeSet<(usize, usize)>) {
    let list: Vec<(usize, usize)> = edges.iter().copied().collect();
    let levels = dag::levels(count, &list);
    let level: HashMap<usize, usize> = levels.iter().enumerate().flat_map(|(n, l)| l.iter().map(move |node| (*node, n))).collect();
    assert_eq!(level.len(), count, "{levels:?}");
    assert!(edges.iter().all(|(dependent, dependency)| level[dependency] < level[dependent]), "{levels:?} against {edges:?}");
    let reduced = dag::reduced(count, &list);
    assert_eq!(reach(count, &reduced), reach(count, &list), "the reduction {reduced:?} of {list:?} reaches something else");
    let weights: Vec<f64> = (0..count).map(|n| 1.0 + f64::from(data.get(n).copied().unwrap_or(0))).collect();
    let chain = dag::heaviest_chain(&weights, &list);
    assert!(count == 0 || !chain.is_empty());
    assert_waves(&plan(data, count, edges));
}

/// Returns for each node a set of bits: what it leads to.
fn reach(count: usize, edges: &[(usize, usize)]) -> Vec<u64> {
    let mut reach = vec![0; count];
    for _ in 0..count {
        for (from, to) in edges {
            reach[*from] |= reach[*to] | 1 << to;
        }
    }
    reach
}

fn plan(data: &[u8], count: usize, edges: &BTreeSet<(usize, usize)>) -> CheckedPlan {
    let name = |n: usize| WorkstreamId::parse(&format!("ws-{n}")).unwrap();
    let mut workstreams = Vec::new();
    for at in 0..count {
        let dice = data.get(at % data.len().max(1)).copied().unwrap_or(0);
        let depends_on = edges.iter().filter(|(from, _)| *from == at).map(|(_, to)| name(*to)).collect();
        let scope = PARSED[(usize::from(dice) + at) % SCOPES.len()].clone();
        let group = (dice & 0x60 == 0x60).then(|| format!("group-{}", dice & 1));
        workstreams.push(Workstream {
            conflict_group: group,
            parallel_ok: dice & 0x1f != 0x1f,
            priority: i64::from(dice & 3),
            ..workstream(name(at), depends_on, scope)
        });
    }
    CheckedPlan {
        workflows: Vec::new(),
        name: "fuzz".into(),
        base: "HEAD".into(),
        target: "orc/fuzz".into(),
        max_workers: Some(2),
        wave_delay_sec: 0,
        fail_fast: false,
        cache: None,
        fluid: false,
        budget: Budget::default(),
        gates: Vec::new(),
        workstreams,
    }
}

/// Returns a workstream with one EDIT step.
pub(super) fn workstream(id: WorkstreamId, depends_on: Vec<WorkstreamId>, scope: Scope) -> Workstream {
    let edit = EditStep {
        tool: ToolChoice::Tool(ToolId::parse("command").unwrap()),
        model: None,
        capability: None,
        command: Some(vec!["true".into()]),
        fix: None,
        patches: Vec::new(),
        description: None,
        tasks: Vec::new(),
        acceptance_tests: Vec::new(),
    };
    Workstream {
        id,
        title: None,
        depends_on,
        scope,
        inputs: None,
        conflict_group: None,
        parallel_ok: true,
        priority: 0,
        steps: vec![Step {
            id: StepId::parse("edit").unwrap(),
            kind: StepKind::Edit(edit),
            timeout_sec: None,
            baseline: Baseline::Base,
            rules: StepRules::default(),
        }],
        resolve: None,
        setup: Vec::new(),
        fixers: Vec::new(),
        tasks: Vec::new(),
        acceptance_tests: Vec::new(),
        prompt: None,
        limits: LoopLimits::default(),
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

/// Waves hold every workstream once, after what it depends on, beside nothing that it conflicts with, and always the same.
pub(super) fn assert_waves(plan: &CheckedPlan) {
    if plan.workstreams.len() > 64 {
        return;
    }
    let first = schedule(plan);
    assert_eq!(first.waves, schedule(plan).waves);
    let wave = first.wave_of();
    let scheduled: usize = first.waves.iter().map(Vec::len).sum();
    assert_eq!((scheduled, wave.len()), (plan.workstreams.len(), plan.workstreams.len()), "{:?}", first.waves);
    for (at, one) in plan.workstreams.iter().enumerate() {
        assert!(one.depends_on.iter().all(|dependency| wave[dependency] < wave[&one.id]), "{} runs too early", one.id);
        for other in &plan.workstreams[at + 1..] {
            if wave[&one.id] == wave[&other.id] {
                let why = why_apart(one, other);
                assert!(why.is_none(), "{} and {} are in one wave: {why:?}", one.id, other.id);
            }
        }
    }
    for apart in &first.separated {
        assert!(!matches!(apart.why, Cause::Dependency) || wave[&apart.a] < wave[&apart.b], "{apart:?}");
    }
}
