//! What a driver starts: steps, merges, moves of the branch, removals. Each does what its counterpart in the engine does, on the simulated
//! repository; wherever it waits, the driver may die.

use std::rc::Rc;

use git_orc::domain::goal::amount::Amount;
use git_orc::domain::goal::gap::{GoalValue, score};
use git_orc::domain::id::{ObjectId, WorkstreamId};
use git_orc::domain::run::effect::{Effect, StepOrder};
use git_orc::domain::run::event::Event;
use git_orc::domain::run::fact::{
    GateRun, Integration, Merge, PatchCreated, PatchOrigin, RunMoved, StepFinished, StepOutcome, StepRole, Verdict, WorkstreamMoved,
    WorktreeMoved,
};
use git_orc::domain::run::goals::GoalsMeasured;
use git_orc::domain::run::landing::{evicted, merged};
use git_orc::domain::run::recovery::changes_files;
use git_orc::domain::run::reread::SettingsReread;
use git_orc::domain::run::start_move::{StartMoved, may_move_start};
use git_orc::domain::run::state::{RunState, WorkstreamStatus};
use git_orc::domain::run::verdict::verdict;

use super::commits::{Tree, tree_id};
use super::dice::Dice;
use super::plans::{Deed, Weather};
use super::plants::Plant;
use super::world::{Shared, Stop, World, record, sleep};

/// The error of a task that could not go on because of the machine.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fault;

pub(super) async fn carry_out(world: Shared, effect: Effect, state: Rc<RunState>) -> Result<(), Fault> {
    sleep(&world, 0).await;
    if faults(&world) {
        return Err(Fault);
    }
    match effect {
        Effect::Record(_) | Effect::WaitUntil(_) => {}
        Effect::RunStep(order) if changes_files(order.role) => change(&world, &order, &state).await,
        Effect::RunStep(order) => check(&world, &order, &state).await,
        Effect::Integrate { wave, workstreams } => integrate(&world, (wave, workstreams), &state).await,
        Effect::Advance(integration) => advance(&world, integration, &state).await,
        Effect::Reread(wave) => {
            // In the middle of a run somebody lets one more workstream run at once.
            let max_workers = (wave == 2).then(|| world.borrow().script.config.max_workers + 1);
            let read = SettingsReread { wave, max_workers, ..SettingsReread::default() };
            record(&world, vec![Event::SettingsReread(read)]).await;
        }
        Effect::Release { workstream, round } => release(&world, workstream, round).await,
    }
    Ok(())
}

fn faults(world: &Shared) -> bool {
    let mut world = world.borrow_mut();
    let faults = world.trouble.faults > 0 && world.dice.chance(2);
    world.trouble.faults -= u32::from(faults);
    faults
}

/// Returns the commits that a step's patch has as parents, and the tree that the tool finds.
fn ground(world: &World, order: &StepOrder, state: &RunState) -> (Vec<ObjectId>, Tree) {
    let one = &state.workstreams[&order.workstream];
    let start = world.start_of(state, &order.workstream);
    if order.role == StepRole::Resolve {
        let conflict = one.conflict.as_ref().unwrap();
        let (ours, theirs) = (world.store.commits.tree(conflict.tip), world.store.commits.tree(conflict.commit));
        let both = ours.iter().chain(theirs).map(|(path, value)| (path.clone(), *value)).collect();
        return (vec![conflict.tip, conflict.commit], both);
    }
    let from = if order.role == StepRole::Edit && order.index == 0 { start } else { one.tip.unwrap_or(start) };
    (vec![from], world.store.commits.tree(from).clone())
}

fn deed(world: &World, order: &StepOrder, before: &Tree) -> Deed {
    world.script.deed(order, done(world, order), before)
}

fn done(world: &World, order: &StepOrder) -> u32 {
    let place = (order.workstream.to_string(), order.step.to_string());
    world.done.get(&place).copied().unwrap_or(0)
}

/// What a first step lacks is there as soon as somebody has put something on top of the branch.
fn landed_since(world: &World, order: &StepOrder, (state, deed): (&RunState, &Deed)) -> Option<StartMoved> {
    let lacks = deed.findings.iter().any(|finding| finding.source == "phase");
    if !lacks || !may_move_start(&state.workstreams[&order.workstream], order.index) {
        return None;
    }
    let from = world.start_of(state, &order.workstream);
    let tip = world.store.branch.filter(|at| *at != from && world.store.commits.is_ancestor(from, *at))?;
    Some(StartMoved { workstream: order.workstream.clone(), step: order.step.clone(), attempt: order.attempt, from, tip })
}

async fn change(world: &Shared, order: &StepOrder, state: &RunState) {
    let (mut parents, mut before) = ground(&world.borrow(), order, state);
    let mut deed = deed(&world.borrow(), order, &before);
    let landed = landed_since(&world.borrow(), order, (state, &deed));
    if let Some(moved) = landed {
        (parents, before) = (vec![moved.tip], world.borrow().store.commits.tree(moved.tip).clone());
        record(world, vec![Event::StartMoved(moved)]).await;
        let done = done(&world.borrow(), order);
        deed = world.borrow().script.deed_when_due(order, done, &before);
    }
    let mut tree = before.clone();
    tree.extend(deed.writes.clone());
    if order.role == StepRole::Resolve && deed.outcome == StepOutcome::Passed {
        tree.insert(format!("{}/resolved", order.workstream), deed.seconds.unsigned_abs());
    }
    world.borrow_mut().disk.insert(order.workstream.clone(), tree.clone());
    sleep(world, deed.seconds).await;
    if world.borrow().stop != Stop::No {
        (deed.outcome, deed.failure) = (StepOutcome::Cancelled, None);
    }
    if deed.outcome == StepOutcome::Passed && tree == before {
        deed.outcome = StepOutcome::NoChange;
    }
    let mut events = Vec::new();
    if tree != before {
        let created = commit(&mut world.borrow_mut(), order, (parents, tree), deed.outcome);
        // The objects are there and nothing leads to them yet.
        sleep(world, 0).await;
        let said = verdict(&created, &deed.wrong, (deed.outcome, format!("{:?}", deed.outcome)));
        deed.outcome = said.outcome;
        events = said.events;
    }
    events.push(finished(order, &deed));
    record(world, events).await;
}

fn commit(world: &mut World, order: &StepOrder, (parents, tree): (Vec<ObjectId>, Tree), outcome: StepOutcome) -> PatchCreated {
    let origin = if outcome == StepOutcome::Cancelled { PatchOrigin::Salvage } else { PatchOrigin::Worktree };
    let (parent, commit) = (parents[0], world.store.commits.make(&parents, tree));
    created(world, order, (commit, parent), origin)
}

/// Returns the fact that a commit of a step is a patch.
pub(super) fn created(world: &World, order: &StepOrder, (commit, parent): (ObjectId, ObjectId), origin: PatchOrigin) -> PatchCreated {
    let (before, after) = (world.store.commits.tree(parent), world.store.commits.tree(commit));
    let changes: Tree = after.iter().filter(|(path, value)| before.get(*path) != Some(value)).map(|(p, v)| (p.clone(), *v)).collect();
    PatchCreated {
        workstream: order.workstream.clone(),
        step: order.step.clone(),
        attempt: order.attempt,
        tool: order.tool.clone().unwrap(),
        patch: world.clock.patch(),
        commit,
        parent,
        tree: tree_id(after),
        files: u32::try_from(changes.len()).unwrap(),
        insertions: 1,
        deletions: 0,
        digest: tree_id(&changes).to_string(),
        origin,
    }
}

fn finished(order: &StepOrder, deed: &Deed) -> Event {
    // Where the rules of a phase decide, no tool does anything.
    let by_rules = deed.outcome == StepOutcome::Skipped || deed.findings.iter().any(|finding| finding.source == "phase");
    Event::StepFinished(StepFinished {
        workstream: order.workstream.clone(),
        step: order.step.clone(),
        attempt: order.attempt,
        tool: order.tool.clone().filter(|_| !by_rules),
        outcome: deed.outcome,
        message: format!("{:?}", deed.outcome),
        notes: Vec::new(),
        tool_fault: deed.failure.as_ref().is_some_and(|failure| failure.class.counts_for_breaker()),
        exit_code: None,
        duration_ms: 1,
        output: None,
        findings: deed.findings.clone(),
        review: None,
        failure: deed.failure.clone(),
        usage: deed.usage.clone(),
        cached: false,
    })
}

async fn check(world: &Shared, order: &StepOrder, state: &RunState) {
    let (_, before) = ground(&world.borrow(), order, state);
    let mut deed = deed(&world.borrow(), order, &before);
    sleep(world, deed.seconds).await;
    if world.borrow().stop != Stop::No {
        deed.outcome = StepOutcome::Cancelled;
        deed.findings.clear();
    }
    if order.role == StepRole::Measure && matches!(deed.outcome, StepOutcome::Failed | StepOutcome::TimedOut | StepOutcome::NotStarted) {
        // A measure that fails is a value that is not there.
        deed.outcome = StepOutcome::Passed;
    }
    let mut events = Vec::new();
    if order.role == StepRole::Measure && deed.outcome == StepOutcome::Passed {
        deed.findings.clear();
        events.push(measured(&world.borrow(), order, state));
    }
    events.push(finished(order, &deed));
    record(world, events).await;
}

/// Returns what measuring the tip comes to: a function of its tree alone.
fn measured(world: &World, order: &StepOrder, state: &RunState) -> Event {
    let (parents, tree) = ground(world, order, state);
    let one = &state.workstreams[&order.workstream];
    let plan = world.script.plan.workstream(&order.workstream).unwrap();
    let values = plan.goals.list.iter().map(|goal| {
        let mut dice = Dice::at(world.script.seed, ("measure", goal.id.as_str(), &tree));
        let value = if dice.chance(10) { Err("not there".to_owned()) } else { Ok(Amount::whole(dice.roll() % 130)) };
        GoalValue::new(goal, value)
    });
    let values: Vec<GoalValue> = values.collect();
    let (workstream, turn, round) = (order.workstream.clone(), one.goals.turns, one.goals.round());
    let (commit, score) = (parents[0], score(&values));
    Event::GoalsMeasured(GoalsMeasured { workstream, turn, round, commit, tree: tree_id(&tree), values, score })
}

type Candidate = (WorkstreamId, ObjectId);

async fn integrate(world: &Shared, (wave, workstreams): (u32, Vec<WorkstreamId>), state: &RunState) {
    let Some((old, start)) = tip(&world.borrow(), state) else {
        return pause(world, state, "the branch left the history of the run").await;
    };
    let verified = |id: WorkstreamId| {
        let WorkstreamStatus::Verified { commit } = state.workstreams[&id].status else { return None };
        Some((id, commit))
    };
    let mut candidates: Vec<Candidate> = workstreams.into_iter().filter_map(verified).collect();
    let (merges, conflicts) = merge_all(&mut world.borrow_mut(), start, &candidates);
    candidates.retain(|(id, _)| merges.iter().any(|merge| merge.workstream == *id));
    sleep(world, 0).await;
    if !conflicts.is_empty() {
        let conflicted = |moved: WorkstreamMoved| {
            let round = state.workstreams[&moved.workstream].round;
            Event::WorkstreamConflicted(WorkstreamMoved { round, ..moved })
        };
        record(world, conflicts.into_iter().map(conflicted).collect()).await;
    }
    while !candidates.is_empty() {
        let (merges, _) = merge_all(&mut world.borrow_mut(), start, &candidates);
        let Some(red) = first_red(world, (wave, &merges), state).await else {
            // What merged only on top of the one that was evicted waits: the next round finds that it conflicts.
            let Some(last) = merges.last().map(|merge| merge.merge) else { return };
            let integration = Integration { wave, old, commit: last, merges };
            move_first(&mut world.borrow_mut(), integration.commit);
            return record(world, vec![Event::IntegrationPrepared(integration)]).await;
        };
        if red.1 == Verdict::Error || verdict_of(world, (wave, red.0), (start, &[]), state).await != Verdict::Passed {
            return blame_nobody(world, state).await;
        }
        let Some(culprit) = culprit(world, (wave, red.0), (start, &candidates), state).await else {
            return blame_nobody(world, state).await;
        };
        is_guilty(&mut world.borrow_mut(), red.0, (start, &candidates), &culprit);
        let events = evicted(state, (&culprit.0, culprit.1), "a gate fails with it").unwrap();
        record(world, events).await;
        candidates.retain(|candidate| *candidate != culprit);
    }
}

/// A gate that was stopped together with the run says nothing; otherwise a person is asked.
async fn blame_nobody(world: &Shared, state: &RunState) {
    if world.borrow().stop == Stop::No {
        pause(world, state, "no workstream of the wave is to blame").await;
    }
}

/// The gate must be red, in truth, on the merges up to the one who is blamed.
fn is_guilty(world: &mut World, gate: usize, (start, candidates): (ObjectId, &[Candidate]), culprit: &Candidate) {
    let count = candidates.iter().position(|candidate| candidate == culprit).map_or(0, |at| at + 1);
    let (merges, _) = merge_all(world, start, &candidates[..count]);
    let verdict = world.script.gate(gate, world.store.commits.tree(merges[merges.len() - 1].merge));
    world.laws.must(verdict == Verdict::Failed, "nobody is blamed for a gate that is green", || culprit.0.to_string());
}

/// What a driver with the fault of that name does.
fn move_first(world: &mut World, commit: ObjectId) {
    if world.script.plant == Plant::MovesFirst {
        let is_green = world.is_green(commit);
        world.laws.branch_moved(&world.store, commit, || is_green);
        world.store.branch = Some(commit);
    }
}

/// Returns where the branch stands and where merging starts; nothing when the branch is no longer the run's.
fn tip(world: &World, state: &RunState) -> Option<(Option<ObjectId>, ObjectId)> {
    let Some(at) = world.store.branch else { return Some((None, state.tip)) };
    if world.store.commits.is_ancestor(at, state.tip) {
        return Some((Some(at), state.tip));
    }
    world.store.commits.is_ancestor(state.tip, at).then_some((Some(at), at))
}

fn merge_all(world: &mut World, start: ObjectId, candidates: &[Candidate]) -> (Vec<Merge>, Vec<WorkstreamMoved>) {
    let (mut at, mut merges, mut conflicts) = (start, Vec::new(), Vec::new());
    for (id, commit) in candidates {
        match world.store.commits.merge(at, *commit) {
            Ok(tree) => {
                at = world.store.commits.make_merge([at, *commit], tree);
                merges.push(Merge { workstream: id.clone(), commit: *commit, merge: at });
            }
            // Nothing is resolved on top of what may yet be evicted.
            Err(_) if at != start && world.script.plant != Plant::ResolvesOnUngated => {}
            Err(paths) => {
                let moved = WorkstreamMoved::new(id.clone(), 0);
                conflicts.push(WorkstreamMoved { commit: Some(*commit), tip: Some(at), paths, ..moved });
            }
        }
    }
    (merges, conflicts)
}

async fn first_red(world: &Shared, (wave, merges): (u32, &[Merge]), state: &RunState) -> Option<(usize, Verdict)> {
    let last = merges.last()?.merge;
    let skips = world.borrow().script.plant == Plant::SkipsGates;
    let gates = if skips { 0 } else { world.borrow().script.plan.gates.len() };
    for gate in 0..gates {
        let verdict = verdict_of(world, (wave, gate), (last, merges), state).await;
        if verdict != Verdict::Passed {
            return Some((gate, verdict));
        }
    }
    None
}

/// Returns who turns a gate red; nothing when the gate could not run on the way.
async fn culprit(world: &Shared, gate: (u32, usize), (start, candidates): (ObjectId, &[Candidate]), state: &RunState) -> Option<Candidate> {
    let (mut green, mut red) = (0, candidates.len());
    while red - green > 1 {
        let middle = green.midpoint(red);
        let (merges, _) = merge_all(&mut world.borrow_mut(), start, &candidates[..middle]);
        let verdict = match merges.last() {
            Some(last) => verdict_of(world, gate, (last.merge, &merges), state).await,
            None => Verdict::Passed,
        };
        match verdict {
            Verdict::Error => return None,
            Verdict::Failed => red = middle,
            Verdict::Passed => green = middle,
        }
    }
    Some(candidates[red - 1].clone())
}

/// Returns what a gate says about a commit, as it was recorded before or by running it.
async fn verdict_of(world: &Shared, (wave, gate): (u32, usize), (commit, merges): (ObjectId, &[Merge]), state: &RunState) -> Verdict {
    let (id, tree) = (world.borrow().script.plan.gates[gate].id.to_string(), tree_id(world.borrow().store.commits.tree(commit)));
    let known = state.verdict(&id, tree).or_else(|| world.borrow().store.folded.verdict(&id, tree));
    if let Some(known) = known {
        return known;
    }
    sleep(world, 5).await;
    let breaks_down = {
        let mut world = world.borrow_mut();
        world.stop != Stop::No || world.script.weather == Weather::Rough && world.dice.chance(2)
    };
    let truth = { world.borrow().script.gate(gate, world.borrow().store.commits.tree(commit)) };
    let verdict = if breaks_down { Verdict::Error } else { truth };
    let run = GateRun {
        gate: id,
        wave,
        round: state.drivers,
        tree,
        workstreams: merges.iter().map(|merge| merge.workstream.clone()).collect(),
        from_base: Vec::new(),
        verdict,
        exit_code: None,
        duration_ms: 1,
        output: None,
        findings: Vec::new(),
        digest: None,
        reason: None,
        advisory: false,
        counts: None,
        flaky: false,
        asks: false,
        rollback: None,
    };
    record(world, vec![Event::GateFinished(run)]).await;
    verdict
}

async fn pause(world: &Shared, state: &RunState, reason: &str) {
    let moved = RunMoved { round: state.round, tip: state.tip, reason: Some(reason.to_owned()) };
    record(world, vec![Event::RunPaused(moved)]).await;
}

async fn advance(world: &Shared, integration: Integration, state: &RunState) {
    let is_moved = {
        let world = &mut *world.borrow_mut();
        let is_there = world.store.branch == Some(integration.commit);
        let may = !is_there && (world.store.branch == integration.old || world.script.plant == Plant::PushesOver);
        if may {
            let is_green = world.is_green(integration.commit);
            world.laws.branch_moved(&world.store, integration.commit, || is_green);
            world.store.branch = Some(integration.commit);
        }
        is_there || may
    };
    // The branch has moved and nothing says so yet.
    sleep(world, 0).await;
    let events = if is_moved { merged(&integration, state).unwrap() } else { vec![Event::IntegrationDropped(integration)] };
    record(world, events).await;
}

async fn release(world: &Shared, workstream: WorkstreamId, round: u32) {
    world.borrow_mut().disk.remove(&workstream);
    sleep(world, 0).await;
    let is_kept = world.borrow_mut().dice.chance(5);
    let path = format!("/{workstream}");
    let moved = WorktreeMoved { workstream, round, path, reason: is_kept.then(|| "something in it is not recorded".to_owned()) };
    record(world, vec![if is_kept { Event::WorktreeKept(moved) } else { Event::WorktreeRemoved(moved) }]).await;
}
