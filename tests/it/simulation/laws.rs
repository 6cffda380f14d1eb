//! What must hold after every event, whatever happens. A broken law is noted with its name, and the first one ends the simulation.

use std::collections::BTreeMap;
use std::rc::Rc;

use git_orc::domain::id::{ObjectId, StepId, ToolId, WorkstreamId};
use git_orc::domain::ledger::entry::Entry;
use git_orc::domain::ledger::fold::FoldError;
use git_orc::domain::phase::condition::Ended;
use git_orc::domain::plan::model::{StepKind, Workstream};
use git_orc::domain::policy::budget::exceeded;
use git_orc::domain::run::config::RunConfig;
use git_orc::domain::run::event::Event;
use git_orc::domain::run::fact::{StepOutcome, StepRole};
use git_orc::domain::run::handling::{Handling, Patience, Response};
use git_orc::domain::run::machine::apply;
use git_orc::domain::run::state::{PatchStatus, RunState, RunStatus, WorkstreamState, WorkstreamStatus};
use git_orc::domain::schedule::waves::why_apart;
use git_orc::domain::tool::failure::{Failure, Remedy};
use jiff::{SignedDuration, Timestamp};

use super::plans::Script;
use super::store::Store;

/// A law that was broken, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) law: &'static str,
    pub(super) how: String,
}

/// The watcher of a simulation.
#[derive(Debug)]
pub(super) struct Laws {
    script: Rc<Script>,
    pub(super) broken: Option<Broken>,
    /// Attempts per workstream that were cut short and do not count.
    cut: BTreeMap<WorkstreamId, u32>,
    started: BTreeMap<WorkstreamId, u32>,
    /// Attempts per workstream to resolve a conflict that came to their own end.
    resolves: BTreeMap<WorkstreamId, u32>,
    /// The trees per workstream that fixers were set to or left, since it began its work on its tip.
    seen_by_fixers: BTreeMap<WorkstreamId, Vec<ObjectId>>,
    /// How often a workstream began from scratch because a person was asked.
    episodes: u32,
    /// The commits that passed the gates and were recorded as prepared.
    prepared: Vec<ObjectId>,
}

impl Laws {
    pub(super) fn new(script: &Rc<Script>) -> Self {
        let (cut, started, resolves, prepared) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new(), Vec::new());
        let seen_by_fixers = BTreeMap::new();
        Self { script: Rc::clone(script), broken: None, cut, started, resolves, seen_by_fixers, episodes: 1, prepared }
    }

    #[expect(clippy::fn_params_excessive_bools, reason = "a law holds or it does not, as in any assertion")]
    pub(super) fn must(&mut self, holds: bool, law: &'static str, how: impl FnOnce() -> String) {
        if !holds && self.broken.is_none() {
            self.broken = Some(Broken { law, how: how() });
        }
    }

    pub(super) fn checkpoint(&mut self, folded: &RunState, state: &RunState) {
        self.must(folded == state, "a checkpoint is the fold of what is before it", || difference(folded, state));
    }

    pub(super) fn loaded(&mut self, folded: &RunState, loaded: Result<RunState, FoldError>) {
        match loaded {
            Ok(state) => self.must(state == *folded, "any checkpoint leads to the same state", || difference(folded, &state)),
            Err(error) => self.must(false, "any checkpoint leads to the same state", || format!("{error}: {:?}", error.source)),
        }
    }

    /// Folds an entry as it was stored, and looks at the move.
    pub(super) fn entry(&mut self, folded: &mut RunState, entry: &Entry) {
        let was_over = folded.status.is_terminal();
        let before = touched(folded, entry.event());
        if let Err(error) = apply(folded, entry) {
            self.must(false, "every move is legal", || error.to_string());
            return;
        }
        let Some(event) = entry.event() else { return };
        self.must(!was_over, "what is over does not change", || format!("{event:?}"));
        for (id, was) in &before {
            let is = &folded.workstreams[id];
            if was.status != is.status {
                self.must(may_move(was, is, event), "every move is listed", || {
                    format!("{id}: {} -> {} by {}", was.status.word(), is.status.word(), event.kind())
                });
            }
            self.patches(id, was, is);
            self.attempts(was, folded, event);
            self.fixers(was, event);
        }
        self.count(event);
        self.side_by_side(folded, event);
        if let Event::IntegrationPrepared(integration) = event {
            self.prepared.push(integration.commit);
        }
    }

    fn patches(&mut self, id: &WorkstreamId, was: &WorkstreamState, is: &WorkstreamState) {
        for (before, after) in was.patches.iter().zip(&is.patches) {
            let final_states =
                [PatchStatus::Rejected, PatchStatus::Superseded, PatchStatus::Quarantined, PatchStatus::Merged, PatchStatus::Dropped];
            let stays = !final_states.contains(&before.status) || before.status == after.status;
            self.must(stays && before.commit == after.commit, "patches that are settled do not change", || {
                format!("{id}: {} -> {}", before.status.word(), after.status.word())
            });
        }
        self.must(was.patches.len() <= is.patches.len(), "P2 no patch is forgotten", || format!("{id} has fewer patches than before"));
    }

    fn count(&mut self, event: &Event) {
        if let Event::RunResumed(driven) = event {
            self.episodes += u32::from(!driven.waves.is_empty());
        }
        // A person who says something lets work be done again.
        self.episodes += u32::from(matches!(event, Event::Controlled(_)));
        let Event::StepFinished(finished) = event else { return };
        let is_free = |failure: &Failure| matches!(failure.remedy, Remedy::Wait | Remedy::Person) || failure.class.is_of_tool();
        let cut_short = matches!(finished.outcome, StepOutcome::Interrupted | StepOutcome::Cancelled);
        if cut_short || finished.failure.as_ref().is_some_and(is_free) {
            *self.cut.entry(finished.workstream.clone()).or_default() += 1;
        } else if finished.step == StepId::resolve() {
            *self.resolves.entry(finished.workstream.clone()).or_default() += 1;
        }
    }

    fn attempts(&mut self, was: &WorkstreamState, folded: &RunState, event: &Event) {
        let Event::StepStarted(started) = event else { return };
        let script = Rc::clone(&self.script);
        let plan = script.plan.workstream(&started.workstream).unwrap();
        let done = |id: &WorkstreamId| is_merged_or_needless(&folded.workstreams[id]);
        let without = |id: &WorkstreamId| was.control.without.iter().any(|missing| missing.workstream == *id);
        let may_begin = plan.depends_on.iter().all(|id| done(id) || without(id));
        self.must(may_begin, "what is depended on is merged first, or needs no merge", || started.workstream.to_string());
        let critical = folded.workstreams.iter().find(|(id, one)| is_critical(script.plan.workstream(id).unwrap(), one));
        self.must(critical.is_none(), "nothing is started when something is critical", || format!("{started:?}: {critical:?}"));
        let last = was.attempts.get(&started.step).copied().unwrap_or(0);
        self.must(started.attempt == last + 1, "attempts are numbered", || format!("{last} then {}", started.attempt));
        let count = self.started.entry(started.workstream.clone()).or_default();
        *count += 1;
        let (count, cut) = (*count, self.cut.get(&started.workstream).copied().unwrap_or(0));
        let most = most_attempts(plan, &script.config) * self.episodes + cut;
        self.must(count <= most, "P8 attempts are bounded", || format!("{}: {count} attempts, at most {most}", started.workstream));
        if started.role == StepRole::Improve {
            let stands = folded.workstreams[&started.workstream].goals.best().is_some_and(|best| was.tip == Some(best.commit));
            self.must(stands, "an improvement begins on the best work", || format!("{started:?}"));
        }
        if started.role == StepRole::Resolve {
            let done = self.resolves.get(&started.workstream).copied().unwrap_or(0);
            let most = plan.limits.max_resolve_attempts * self.episodes;
            self.must(done < most, "P8 resolves are bounded", || format!("{}: {done} of {most}, and again", started.workstream));
        }
    }

    /// Fixers never see a tree twice, and no tool mends what they have not seen.
    fn fixers(&mut self, was: &WorkstreamState, event: &Event) {
        let tree = was.patches.iter().rev().find(|patch| Some(patch.commit) == was.tip).map(|patch| patch.tree);
        if let Event::StepStarted(started) = event {
            let seen = self.seen_by_fixers.entry(started.workstream.clone()).or_default();
            if started.role == StepRole::Edit && started.index == 0 || matches!(was.status, WorkstreamStatus::Conflicted { .. }) {
                seen.clear();
            }
            if started.role != StepRole::Fix {
                return;
            }
            // Where nothing was changed so far, there is nothing that they could mend.
            let Some(tree) = tree else {
                let of_fixers = started.tool.as_ref().is_some_and(ToolId::is_fixers);
                return self.must(!of_fixers, "P8 fixers see every failed tree before a tool, and once", || format!("{started:?}"));
            };
            let is_seen = seen.contains(&tree);
            let has_fixers = !self.script.plan.workstream(&started.workstream).unwrap().fixers.is_empty();
            let of_fixers = started.tool.as_ref().is_some_and(ToolId::is_fixers);
            if of_fixers {
                seen.push(tree);
            }
            let holds = if of_fixers { has_fixers && !is_seen } else { !has_fixers || is_seen };
            self.must(holds, "P8 fixers see every failed tree before a tool, and once", || format!("{started:?}"));
        }
        if let Event::StepFinished(finished) = event
            && finished.tool.as_ref().is_some_and(ToolId::is_fixers)
        {
            let seen = self.seen_by_fixers.entry(finished.workstream.clone()).or_default();
            if matches!(finished.outcome, StepOutcome::Interrupted | StepOutcome::Cancelled) {
                seen.pop();
            } else {
                seen.extend(tree);
            }
        }
    }

    fn side_by_side(&mut self, folded: &RunState, event: &Event) {
        let Event::StepStarted(started) = event else { return };
        let open: Vec<&WorkstreamId> = folded.workstreams.iter().filter(|(_, one)| one.open.is_some()).map(|(id, _)| id).collect();
        let workers = folded.reread.over(&self.script.config).max_workers as usize;
        self.must(open.len() <= workers, "no more workers than allowed", || format!("{open:?} with {workers} workers"));
        let script = Rc::clone(&self.script);
        if let Some((tool, traits)) = started.tool.as_ref().and_then(|tool| script.config.tools.get_key_value(tool)) {
            let uses = |one: &&WorkstreamState| one.open.as_ref().is_some_and(|open| open.tool.as_ref() == Some(tool));
            let (at_once, most) = (folded.workstreams.values().filter(uses).count(), traits.max_parallel.unwrap_or(u32::MAX));
            self.must(at_once <= most as usize, "no more of a tool than allowed", || format!("{at_once} of {tool}"));
            let budgets = folded.purse.budgets(script.config.budgets);
            let spent = exceeded(folded.purse.total(), budgets.run).filter(|_| traits.prompted);
            self.must(spent.is_none(), "nothing is started without means", || format!("{started:?}: {spent:?}"));
        }
        let this = script.plan.workstream(&started.workstream).unwrap();
        for other in open.iter().filter(|id| ***id != started.workstream) {
            let why = why_apart(this, script.plan.workstream(other).unwrap());
            self.must(why.is_none(), "what conflicts never runs side by side", || format!("{} and {other}: {why:?}", started.workstream));
        }
        if started.role == StepRole::Fix || started.role == StepRole::Static || started.role == StepRole::Runtime {
            let one = &folded.workstreams[&started.workstream];
            // Unless an EDIT step was not due: what comes after it looks at what was there.
            let is_made = one.tip.is_some() || one.phased.ended.values().any(|ended| *ended == Ended::Skipped);
            self.must(is_made, "what is checked was made", || started.workstream.to_string());
        }
    }

    /// Looks at what is on the disk: nothing that somebody was told of is lost, and nothing stands on what may yet be refused.
    pub(super) fn store(&mut self, store: &Store) {
        for (id, one) in &store.folded.workstreams {
            let WorkstreamStatus::Conflicted { tip, .. } = &one.status else { continue };
            // Somebody may have moved the branch away since.
            let mut landed = store.pushed.iter().copied().chain(store.branch).chain([store.folded.tip]);
            let stands = landed.any(|at| store.commits.is_ancestor(*tip, at));
            self.must(stands, "conflicts are with what landed", || format!("{id} with {}", tip.short()));
        }
        let refs: Vec<ObjectId> = store.refs.values().copied().chain(store.branch).collect();
        for (patch, commit) in &store.told {
            let is_kept = store.commits.is_kept(*commit, &refs);
            self.must(is_kept, "P2 a patch that was told of is kept", || format!("{patch} as {}", commit.short()));
        }
    }

    /// Looks at a move of the branch by the run.
    pub(super) fn branch_moved(&mut self, store: &Store, to: ObjectId, is_green: impl FnOnce() -> bool) {
        let is_prepared = store.folded.prepared.as_ref().is_some_and(|prepared| prepared.commit == to);
        self.must(is_prepared && self.prepared.contains(&to), "P4 the branch moves only to what was recorded", || to.short());
        self.must(is_green(), "P4 the branch moves only to what passed the gates", || to.short());
        let forward = store.branch.is_none_or(|old| store.commits.is_ancestor(old, to));
        self.must(forward, "P4 the branch only goes forward", || to.short());
        let patches = store.folded.workstreams.values().flat_map(|one| &one.patches);
        for patch in patches.filter(|patch| matches!(patch.status, PatchStatus::Quarantined | PatchStatus::Rejected)) {
            let lands = store.commits.is_ancestor(patch.commit, to);
            self.must(!lands, "P10 what must not land does not", || format!("{} is {} and lands", patch.id, patch.status.word()));
        }
    }

    /// Looks at the time until which a driver wants to wait.
    pub(super) fn wait(&mut self, now: Timestamp, until: Option<Timestamp>) {
        let longest = self.script.plan.workstreams.iter().map(|w| w.limits.retry.max_delay_sec * 1.2).fold(0.0, f64::max);
        let longest = SignedDuration::from_secs(i64::try_from(self.script.config.breaker.cooldown_sec.max(3)).unwrap())
            .max(SignedDuration::try_from_secs_f64(longest).unwrap());
        // A limit whose end nobody told is waited for so long at most, and starts are spread over a minute.
        let longest = longest.max(SignedDuration::from_secs(15 * 60));
        let wait = until.map_or(SignedDuration::ZERO, |until| until.duration_since(now));
        self.must(wait <= longest, "P8 waits are bounded", || format!("{wait:?}"));
    }

    /// Looks at a run that no driver works on, since it said that it has ended or waits.
    pub(super) fn ended(&mut self, state: &RunState) {
        let settled = state.workstreams.values().all(|one| one.status.is_settled());
        self.must(!state.status.is_terminal() || settled, "what is over is settled", || format!("{:?}", words(state)));
        let merged = state.workstreams.values().all(|one| is_merged_or_needless(one) || one.control.is_left_out);
        let completed = state.status == RunStatus::Completed;
        self.must(!state.status.is_terminal() || merged == completed, "completed is when all is merged", || format!("{:?}", words(state)));
        let open = state.workstreams.values().any(|one| one.open.is_some());
        self.must(!state.status.is_terminal() || !open, "no step is open at the end", || format!("{:?}", words(state)));
    }
}

/// Returns the workstreams that an event may change, as they are before it.
fn touched(folded: &RunState, event: Option<&Event>) -> Vec<(WorkstreamId, WorkstreamState)> {
    let one = event.and_then(|event| event.about().workstream);
    let all = matches!(event, Some(Event::RunResumed(_) | Event::WaveStarted(_)));
    let is_touched = |id: &WorkstreamId| all || Some(id) == one;
    folded.workstreams.iter().filter(|(id, _)| is_touched(id)).map(|(id, was)| (id.clone(), was.clone())).collect()
}

/// Returns the status of every workstream as a word.
pub(super) fn words(state: &RunState) -> BTreeMap<String, &'static str> {
    state.workstreams.iter().map(|(id, one)| (id.to_string(), one.status.word())).collect()
}

/// Returns how many attempts a workstream may have at most, from scratch to its end, when nothing is cut short.
fn most_attempts(plan: &Workstream, config: &RunConfig) -> u32 {
    let limits = &plan.limits;
    let longest = config.routes[&plan.id].values().map(Vec::len).max().unwrap_or(1);
    let rungs = 2 + u32::try_from(longest).unwrap();
    // Before each FIX step of a tool and after the last one, fixers may mend as well.
    let with_fixers = |most: u32| if plan.fixers.is_empty() { most } else { 2 * most + 1 };
    let per_step = |kind: &StepKind| match kind {
        StepKind::Edit(_) => limits.retry.max_attempts.max(1),
        StepKind::Static(_) => 1 + 2 * with_fixers(limits.max_fix_iterations.statics.max(1)),
        StepKind::Runtime(_) => 1 + 2 * with_fixers(limits.max_fix_iterations.runtime.max(1)),
    };
    let once: u32 = plan.steps.iter().map(|step| per_step(&step.kind)).sum();
    let checks: u32 = plan.steps.iter().filter(|step| !matches!(step.kind, StepKind::Edit(_))).map(|step| per_step(&step.kind)).sum();
    // Each round improves, checks and measures; before the first one it is measured as well.
    let rounds = if plan.goals.list.is_empty() { 0 } else { 1 + plan.goals.rounds * (limits.retry.max_attempts.max(1) + checks + 1) };
    // What is tried again by a handling may take all of that each time; a time is over after so many rounds.
    let by_handling = |handling: &Handling| match handling.patience {
        Patience::None => 0,
        Patience::Rounds { most, .. } => most,
        Patience::Until { most_sec, every_sec } => 2 + (most_sec / every_sec) as u32,
    };
    let again: u32 = plan.handling.iter().map(by_handling).sum();
    let once = (once + rounds) * (1 + again);
    (1 + limits.max_resolve_attempts) * (rungs * once + limits.max_resolve_attempts)
}

/// Returns whether a workstream waits because of something by which its plan halts the whole run.
fn is_critical(plan: &Workstream, one: &WorkstreamState) -> bool {
    let WorkstreamStatus::Paused { reason } = &one.status else { return false };
    let named = |handling: &Handling| reason.split_once(": ").is_some_and(|(name, _)| name == handling.name);
    plan.handling.iter().any(|handling| handling.response == Response::Halt && named(handling))
}

/// The moves of a workstream, written down once more, by word: from, to.
const LISTED: [(&str, &[&str]); 15] = [
    ("planned", &["ready", "blocked", "skipped"]),
    ("ready", &["in_progress", "skipped", "blocked"]),
    ("blocked", &["planned", "skipped"]),
    ("skipped", &[]),
    ("in_progress", &["validating", "verified", "skipped", "retrying", "failed", "timed_out", "quarantined", "paused", "aborted"]),
    ("validating", &["in_progress", "verified", "skipped", "retrying", "failed", "timed_out", "quarantined", "paused", "aborted"]),
    ("paused", &["planned"]),
    ("failed", &[]),
    ("timed_out", &[]),
    ("aborted", &[]),
    ("quarantined", &[]),
    ("retrying", &["in_progress", "validating", "failed", "timed_out", "quarantined", "paused", "aborted"]),
    ("verified", &["merged", "conflicted", "quarantined"]),
    ("conflicted", &["in_progress", "validating", "quarantined", "failed", "timed_out", "paused", "aborted"]),
    ("merged", &[]),
];

/// Nothing of a workstream that was begun and skipped was due; one that was skipped before it began is another thing.
fn is_merged_or_needless(one: &WorkstreamState) -> bool {
    let is_begun = !one.phased.ended.is_empty() && !one.control.is_left_out;
    matches!(one.status, WorkstreamStatus::Merged { .. }) || (is_begun && matches!(one.status, WorkstreamStatus::Skipped { .. }))
}

/// The moves that only a person makes: from, to.
const OF_A_PERSON: [(&str, &[&str]); 8] = [
    ("planned", &["skipped"]),
    ("ready", &["skipped"]),
    ("blocked", &["skipped", "planned"]),
    ("paused", &["ready", "planned", "skipped"]),
    ("failed", &["ready", "planned", "skipped"]),
    ("timed_out", &["ready", "planned", "skipped"]),
    ("aborted", &["planned", "skipped"]),
    ("quarantined", &["planned", "skipped"]),
];

fn may_move(was: &WorkstreamState, is: &WorkstreamState, event: &Event) -> bool {
    let is_in = |moves: &[(&str, &[&str])]| {
        moves.iter().find(|(from, _)| *from == was.status.word()).is_some_and(|(_, to)| to.contains(&is.status.word()))
    };
    if matches!(event, Event::Controlled(_)) {
        return is_in(&OF_A_PERSON);
    }
    let is_wished = was.control.wish.is_some() && matches!(is.status, WorkstreamStatus::Paused { .. });
    // Work that goes on where it stood may have nothing left to do: it is good, or lacks a goal that is required.
    let is_at_its_end = |status: &WorkstreamStatus| {
        matches!(status, WorkstreamStatus::Verified { .. } | WorkstreamStatus::Paused { .. } | WorkstreamStatus::Failed { .. })
    };
    let is_through = was.control.keeps_work && is_at_its_end(&is.status);
    if matches!(was.status, WorkstreamStatus::Ready) && (is_wished || is_through || (was.control.keeps_work && is_checked(is))) {
        return true;
    }
    let listed = is_in(&LISTED);
    // Only a resume lets a workstream begin again.
    listed && (is.status != WorkstreamStatus::Planned || matches!(event, Event::RunResumed(_)))
}

/// Returns whether a workstream is at a check, with which work that goes on may begin.
const fn is_checked(one: &WorkstreamState) -> bool {
    matches!(one.status, WorkstreamStatus::Validating)
}

fn difference(a: &RunState, b: &RunState) -> String {
    let (a, b) = (format!("{a:#?}"), format!("{b:#?}"));
    let lines = a.lines().zip(b.lines()).filter(|(a, b)| a != b).take(5);
    lines.map(|(a, b)| format!("{} | {}", a.trim(), b.trim())).collect::<Vec<_>>().join("; ")
}
