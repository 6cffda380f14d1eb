//! Gates on the merged tree. A red gate is followed to its culprit: the smallest number of merges that turns it red names it; it is evicted
//! and the rest goes on.

use std::sync::Arc;
use std::time::Duration;

use super::bench::{self, Command};
use super::check::{self, FINDINGS_KEPT};
use super::context::RunContext;
use super::failure::{ExecuteError, blocking};
use super::gate_ground;
use super::merging::{Candidate, merge_all};
use super::recorder::Recorder;
use super::watch::{self, Told};
use crate::domain::id::ObjectId;
use crate::domain::plan::model::GateSpec;
use crate::domain::run::event::Event;
use crate::domain::run::fact::{GateRun, Merge, StepOutcome, Verdict};
use crate::domain::run::landing::evicted;
use crate::domain::run::limits::LoopLimits;
use crate::domain::run::state::RunState;
use crate::domain::tool::resources::ResourceLimits;
use crate::io::clock::Stopwatch;
use crate::io::git::objects::Objects;
use crate::io::git::remove::RemovalProof;
use crate::io::git::reset::IgnoredFiles;
use crate::io::git::worktree::{CreateWorktree, Submodules, Worktree};

/// What the gates let through.
#[derive(Debug)]
pub enum Gated {
    /// These merges; empty when every candidate was evicted.
    Green(Vec<Merge>),
    /// Nothing, and no workstream of the wave is to blame.
    Red(String),
}

/// The ground that the gates stand on.
struct Ground<'a> {
    cx: &'a RunContext,
    wave: u32,
    tip: ObjectId,
    state: &'a RunState,
    recorder: &'a Recorder,
    /// Verdicts of this integration, on top of the recorded ones.
    found: Vec<(String, ObjectId, Verdict, String)>,
}

/// Merges the candidates and runs the gates on the result; evicts culprits until it is green.
///
/// # Errors
/// Returns an error when the machine or the repository does not let it.
pub async fn pass(
    cx: &RunContext,
    (wave, tip): (u32, ObjectId),
    mut candidates: Vec<Candidate>,
    (state, recorder): (&RunState, &Recorder),
) -> Result<Gated, ExecuteError> {
    let mut ground = Ground { cx, wave, tip, state, recorder, found: Vec::new() };
    while !candidates.is_empty() {
        let merged = merge_all(cx, tip, candidates.clone()).await?;
        let Some(red) = ground.first_red(&merged.merges).await? else { return Ok(Gated::Green(merged.merges)) };
        if red.verdict == Verdict::Error {
            return Ok(red.blames_nobody());
        }
        if let Some(base) = ground.red_on(&red.gate, tip, &[]).await? {
            if base.verdict == Verdict::Error {
                return Ok(base.blames_nobody());
            }
            return Ok(Gated::Red(format!("gate {} fails before anything of this wave is merged: {}", red.gate.id, base.message)));
        }
        let culprit = match ground.culprit(&red.gate, &candidates).await? {
            Search::Found(culprit) => culprit,
            Search::BrokenOff(red) => return Ok(red.blames_nobody()),
        };
        let reason = format!("gate {} fails with it: {}", red.gate.id, red.message);
        recorder.record(evicted(state, (&culprit.workstream, culprit.commit), &reason)?).await?;
        candidates.retain(|candidate| candidate.workstream != culprit.workstream);
    }
    Ok(Gated::Green(Vec::new()))
}

struct Red {
    gate: GateSpec,
    verdict: Verdict,
    message: String,
}

impl Red {
    /// Says that the gate could not run, which is nobody's fault.
    fn blames_nobody(&self) -> Gated {
        Gated::Red(format!("gate {} could not run: {}", self.gate.id, self.message))
    }
}

/// What the search for a culprit came to.
enum Search {
    Found(Candidate),
    /// The gate could not run on the way, because the user stopped the run for example. That says nothing about anybody.
    BrokenOff(Red),
}

impl Ground<'_> {
    /// Returns the first gate that is not green on the last of these merges.
    async fn first_red(&mut self, merges: &[Merge]) -> Result<Option<Red>, ExecuteError> {
        let Some(last) = merges.last() else { return Ok(None) };
        for gate in &self.cx.plan.gates {
            if let Some(red) = self.red_on(gate, last.merge, merges).await? {
                return Ok(Some(red));
            }
        }
        Ok(None)
    }

    /// Returns the last candidate of the shortest row of merges that turns the gate red. The empty row is known to be green and the whole
    /// row to be red, so halving finds a place where green turns red.
    async fn culprit(&mut self, gate: &GateSpec, candidates: &[Candidate]) -> Result<Search, ExecuteError> {
        let (mut green, mut red) = (0, candidates.len());
        while red - green > 1 {
            let middle = green.midpoint(red);
            let merged = merge_all(self.cx, self.tip, candidates[..middle].to_vec()).await?;
            let found = match merged.merges.last() {
                Some(last) => self.red_on(gate, last.merge, &merged.merges).await?,
                None => None,
            };
            match found {
                Some(broken) if broken.verdict == Verdict::Error => return Ok(Search::BrokenOff(broken)),
                Some(_) => red = middle,
                None => green = middle,
            }
        }
        let culprit = candidates.get(red - 1).cloned();
        culprit.map(Search::Found).ok_or_else(|| ExecuteError::Inconsistent("a red gate without a candidate".to_owned()))
    }

    async fn red_on(&mut self, gate: &GateSpec, commit: ObjectId, merges: &[Merge]) -> Result<Option<Red>, ExecuteError> {
        let (own, at) = (self.cx.clone(), commit);
        let tree = blocking(move || Ok(Objects::open(&own.repo)?.tree_of(at)?)).await?;
        let red = |verdict, message: &str| Some(Red { gate: gate.clone(), verdict, message: message.to_owned() });
        let here = self.found.iter().find(|(id, at, _, _)| *id == gate.id && *at == tree);
        let known = here.map(|(_, _, verdict, message)| (*verdict, message.clone()));
        let recorded = || self.state.verdict(&gate.id, tree).map(|verdict| (verdict, "as recorded before".to_owned()));
        let (verdict, message) = match known.or_else(recorded) {
            Some(known) => known,
            None => {
                let (events, verdict, message) =
                    run_gate(self.cx, gate, (commit, tree, self.state.base), (self.wave, merges, self.state.drivers)).await?;
                self.recorder.record(events).await?;
                self.found.push((gate.id.clone(), tree, verdict, message.clone()));
                (verdict, message)
            }
        };
        Ok(match verdict {
            Verdict::Passed => None,
            Verdict::Failed | Verdict::Error => red(verdict, &message),
        })
    }
}

/// Makes the worktree of the gates stand at a commit.
async fn stand(cx: &RunContext, known: Option<Worktree>, commit: ObjectId) -> Result<Worktree, ExecuteError> {
    let worktrees = Arc::clone(&cx.worktrees);
    let request = CreateWorktree { name: cx.worktree_name("_gate"), path: cx.gate_path(), commit, submodules: Submodules::Uninitialised };
    blocking(move || match known {
        // What a gate leaves lying about is nobody's work; ignored files stay, so that the next build is a small one.
        Some(mut worktree) => {
            let tree = worktree.tree();
            let given_up = worktrees.unrecorded(&mut worktree, tree)?.into_iter().collect();
            Ok(worktrees.recycle(worktree, &request, &RemovalProof { tree, given_up }, IgnoredFiles::Keep)?)
        }
        None => Ok(worktrees.create(&request)?),
    })
    .await
}

async fn run_gate(
    cx: &RunContext,
    gate: &GateSpec,
    (commit, tree, base): (ObjectId, ObjectId, ObjectId),
    (wave, merges, round): (u32, &[Merge], u32),
) -> Result<(Vec<Event>, Verdict, String), ExecuteError> {
    let watch = Stopwatch::start();
    let mut slot = cx.gate.lock().await;
    let (own, spec) = (cx.clone(), gate.clone());
    let ground = blocking(move || gate_ground::ground(&own, &spec, (commit, tree, base))).await?;
    let worktree = stand(cx, slot.take(), ground.commit).await?;
    let log = cx.folder.gate_file(&gate.id, &tree.to_string())?;
    let seconds = gate.timeout_sec.unwrap_or(LoopLimits::default().timeouts.gate);
    let command = Command {
        argv: gate.command.iter().map(Into::into).collect(),
        cwd: worktree.path().to_owned(),
        env: bench::gate_environment(cx, worktree.path()),
        stdin: None,
        wall: Some(Duration::from_secs(bench::capped(cx, seconds))),
        idle: None,
        log: log.clone(),
        stdout: None,
        resources: ResourceLimits::default(),
    };
    watch::enter(cx, &watch::gate_name(&gate.id), None).await?;
    let ended = bench::run(cx, command).await;
    watch::leave(cx, &watch::gate_name(&gate.id)).await?;
    let ended = ended?;
    gate_ground::tell(&log, base, &ground.from_base)?;
    let checked = check::judge(cx, (worktree.path(), &log), &gate.command, ended).await?;
    let Told { mut events, stop } = watch::told_of_gate(cx, &gate.id, (tree, round));
    *slot = Some(worktree);
    let message = match checked.findings.first() {
        Some(finding) => format!("{} ({})", finding.short(), checked.message),
        None => checked.message,
    };
    // What a merged program does to the repository is a failure of its own, and the search for the culprit finds who brought it in.
    let message = stop.clone().unwrap_or(message);
    let verdict = match checked.outcome {
        StepOutcome::Passed if stop.is_none() => Verdict::Passed,
        StepOutcome::Passed => Verdict::Failed,
        StepOutcome::Failed | StepOutcome::TimedOut => Verdict::Failed,
        StepOutcome::NoChange | StepOutcome::Rejected | StepOutcome::NotStarted | StepOutcome::Cancelled | StepOutcome::Interrupted => {
            Verdict::Error
        }
    };
    let run = GateRun {
        gate: gate.id.clone(),
        wave,
        round,
        tree,
        workstreams: merges.iter().map(|merge| merge.workstream.clone()).collect(),
        verdict,
        exit_code: checked.exit_code,
        duration_ms: u64::try_from(watch.elapsed().as_millis()).unwrap_or(u64::MAX),
        output: checked.output,
        findings: checked.findings.into_iter().take(FINDINGS_KEPT).collect(),
        from_base: ground.from_base,
    };
    events.push(Event::GateFinished(run));
    Ok((events, verdict, message))
}
