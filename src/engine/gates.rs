//! Gates on the merged tree. A red gate is followed to its culprit: the smallest number of merges that turns it red names it; it is evicted
//! and the rest goes on.

use super::cached_gate;
use super::checked::FINDINGS_KEPT;
use super::context::RunContext;
use super::failure::{ExecuteError, blocking};
use super::gate_ask::{Ask, ask};
use super::gate_run::GatePlace;
use super::merging::{Candidate, merge_all};
use super::recorder::Recorder;
use crate::domain::gate::judge::GateOutcome;
use crate::domain::gate::model::{FailureAction, Gate, GateCheck};
use crate::domain::id::ObjectId;
use crate::domain::run::event::Event;
use crate::domain::run::fact::{GateRun, Merge, Verdict};
use crate::domain::run::landing::evicted;
use crate::domain::run::state::RunState;
use crate::domain::run::tending::{Choice, Decided};
use crate::domain::text::one_line;
use crate::io::git::objects::Objects;

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
    /// Which tending of the run asks, when it is a rollback and no wave.
    rollback: Option<u32>,
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
    let mut ground = Ground { cx, wave, tip, state, recorder, rollback: None, found: Vec::new() };
    while !candidates.is_empty() {
        let merged = merge_all(cx, tip, candidates.clone()).await?;
        let Some(red) = ground.first_red(&merged.merges).await? else { return Ok(Gated::Green(merged.merges)) };
        if let GateCheck::Manual(question) = &red.gate.check {
            return ground.by_a_person(&red, question, &candidates).await;
        }
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

/// What the gates say about a commit that no wave made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The gate that does not let it pass.
    pub gate: String,
    /// Whether a person is asked and has not decided yet.
    pub asks: bool,
    /// Why.
    pub message: String,
}

/// Runs the gates on a commit that undoes work, as the `tending`th tending of the run. Returns why it must not land, if it must not: whoever
/// is to blame is looked for by a person.
///
/// # Errors
/// Returns an error when the machine or the repository does not let it.
pub async fn pass_rollback(
    cx: &RunContext,
    (tending, tip, commit): (u32, ObjectId, ObjectId),
    (state, recorder): (&RunState, &Recorder),
) -> Result<Option<Refusal>, ExecuteError> {
    let mut ground = Ground { cx, wave: 0, tip, state, recorder, rollback: Some(tending), found: Vec::new() };
    let red = ground.first_red_on(commit, &[]).await?;
    Ok(red.map(|red| {
        let asks = red.verdict == Verdict::Error && matches!(red.gate.check, GateCheck::Manual(_));
        Refusal { gate: red.gate.id.to_string(), asks, message: red.message }
    }))
}

struct Red {
    gate: Gate,
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
    BrokenOff(Box<Red>),
}

impl Ground<'_> {
    /// Returns the first gate that is not green on the last of these merges.
    async fn first_red(&mut self, merges: &[Merge]) -> Result<Option<Red>, ExecuteError> {
        let Some(last) = merges.last() else { return Ok(None) };
        self.first_red_on(last.merge, merges).await
    }

    /// Returns the first gate that is not green on a commit.
    async fn first_red_on(&mut self, commit: ObjectId, merges: &[Merge]) -> Result<Option<Red>, ExecuteError> {
        // A person is asked about what everything else lets pass.
        let (asked, run): (Vec<&Gate>, Vec<&Gate>) = self.cx.plan.gates.iter().partition(|gate| matches!(gate.check, GateCheck::Manual(_)));
        for gate in run.into_iter().chain(asked) {
            if let Some(red) = self.red_on(gate, commit, merges).await? {
                return Ok(Some(red));
            }
        }
        Ok(None)
    }

    /// Does what a person decided about the merged tree: nobody is to blame for it but all, and before a decision the run waits.
    async fn by_a_person(&self, red: &Red, question: &str, candidates: &[Candidate]) -> Result<Gated, ExecuteError> {
        if red.verdict == Verdict::Error {
            return Ok(Gated::Red(format!("gate {} asks a person: {}", red.gate.id, one_line(question))));
        }
        for candidate in candidates {
            let reason = format!("gate {}: {}", red.gate.id, red.message);
            self.recorder.record(evicted(self.state, (&candidate.workstream, candidate.commit), &reason)?).await?;
        }
        Ok(Gated::Green(Vec::new()))
    }

    /// Returns the last candidate of the shortest row of merges that turns the gate red. The empty row is known to be green and the whole
    /// row to be red, so halving finds a place where green turns red.
    async fn culprit(&mut self, gate: &Gate, candidates: &[Candidate]) -> Result<Search, ExecuteError> {
        let (mut green, mut red) = (0, candidates.len());
        while red - green > 1 {
            let middle = green.midpoint(red);
            let merged = merge_all(self.cx, self.tip, candidates[..middle].to_vec()).await?;
            let found = match merged.merges.last() {
                Some(last) => self.red_on(gate, last.merge, &merged.merges).await?,
                None => None,
            };
            match found {
                Some(broken) if broken.verdict == Verdict::Error => return Ok(Search::BrokenOff(Box::new(broken))),
                Some(_) => red = middle,
                None => green = middle,
            }
        }
        let culprit = candidates.get(red - 1).cloned();
        culprit.map(Search::Found).ok_or_else(|| ExecuteError::Inconsistent("a red gate without a candidate".to_owned()))
    }

    async fn red_on(&mut self, gate: &Gate, commit: ObjectId, merges: &[Merge]) -> Result<Option<Red>, ExecuteError> {
        let (own, at) = (self.cx.clone(), commit);
        let tree = blocking(move || Ok(Objects::open(&own.repo)?.tree_of(at)?)).await?;
        let red = |verdict, message: &str| Some(Red { gate: gate.clone(), verdict, message: message.to_owned() });
        let here = self.found.iter().find(|(id, at, _, _)| *id == gate.id.as_str() && *at == tree);
        let known = here.map(|(_, _, verdict, message)| (*verdict, message.clone()));
        let recorded = || self.state.verdict(gate.id.as_str(), tree).map(|verdict| (verdict, "as recorded before".to_owned()));
        let (verdict, message) = match known.or_else(recorded) {
            Some(known) => known,
            None => {
                let (events, verdict, message) =
                    run_gate((self.cx, self.state), gate, (commit, tree), (self.wave, merges, self.rollback)).await?;
                // What was stopped says nothing, and the same driver may ask again: a verdict of the same gate, tree and driver is told once.
                let is_cut_short = verdict == Verdict::Error && self.cx.is_stopping();
                let events = events.into_iter().filter(|event| !is_cut_short || !matches!(event, Event::GateFinished(_))).collect();
                self.recorder.record(events).await?;
                self.found.push((gate.id.to_string(), tree, verdict, message.clone()));
                (verdict, message)
            }
        };
        // What only says something lets everything go on.
        if gate.on_failure != FailureAction::Block {
            return Ok(None);
        }
        Ok(match verdict {
            Verdict::Passed => None,
            Verdict::Failed | Verdict::Error => red(verdict, &message),
        })
    }
}

async fn run_gate(
    (cx, state): (&RunContext, &RunState),
    gate: &Gate,
    (commit, tree): (ObjectId, ObjectId),
    (wave, merges, rollback): (u32, &[Merge], Option<u32>),
) -> Result<(Vec<Event>, Verdict, String), ExecuteError> {
    let (base, round) = (state.base, state.drivers);
    let place = GatePlace { commit, tree, base, round };
    if let GateCheck::Manual(question) = &gate.check {
        return Ok(decided(gate, question, (state.decision(gate.id.as_str(), tree), tree), (wave, merges, (round, rollback))));
    }
    let question = Ask { gate, place, begins: Some(base), ungated: None };
    if let Some(known) = cached_gate::look(cx, question).await? {
        let run = GateRun { wave, round, rollback, workstreams: merges.iter().map(|merge| merge.workstream.clone()).collect(), ..known };
        let message = run.reason.clone().unwrap_or_default();
        return Ok((vec![Event::GateFinished(run)], Verdict::Passed, message));
    }
    let answer = ask(cx, question).await?;
    let mut events = answer.events;
    // What a merged program does to the repository is a failure of its own, and the search for the culprit finds who brought it in.
    let verdict = match (&answer.stop, answer.judged.outcome) {
        (Some(_), _) | (None, GateOutcome::Failed) => Verdict::Failed,
        (None, GateOutcome::Passed) => Verdict::Passed,
        (None, GateOutcome::NotComputed) => Verdict::Error,
    };
    let message = answer.stop.unwrap_or(answer.judged.reason);
    let run = GateRun {
        gate: gate.id.to_string(),
        wave,
        round,
        tree,
        workstreams: merges.iter().map(|merge| merge.workstream.clone()).collect(),
        verdict,
        exit_code: answer.exit_code,
        duration_ms: answer.duration_ms,
        output: answer.output,
        findings: answer.findings.into_iter().take(FINDINGS_KEPT).collect(),
        digest: answer.from_base.is_empty().then_some(answer.key),
        from_base: answer.from_base,
        reason: Some(message.clone()),
        advisory: gate.on_failure != FailureAction::Block,
        counts: Some(answer.counts),
        flaky: answer.flaky,
        asks: false,
        rollback,
    };
    let result = (verdict, &run);
    cached_gate::keep(cx, question, result).await?;
    events.push(Event::GateFinished(run));
    Ok((events, verdict, message))
}

/// Returns what a person said about a merged tree; before anything was said, that somebody is asked.
fn decided(
    gate: &Gate,
    question: &str,
    (decision, tree): (Option<&Decided>, ObjectId),
    (wave, merges, (round, rollback)): (u32, &[Merge], (u32, Option<u32>)),
) -> (Vec<Event>, Verdict, String) {
    let (verdict, message) = match decision {
        Some(said) => {
            let verdict = if said.choice == Choice::Approve { Verdict::Passed } else { Verdict::Failed };
            (verdict, format!("{} by {}: {}", said.choice.done(), said.who, said.reason))
        }
        None => (Verdict::Error, format!("a person is asked: {}", one_line(question))),
    };
    let run = GateRun {
        gate: gate.id.to_string(),
        wave,
        round,
        tree,
        workstreams: merges.iter().map(|merge| merge.workstream.clone()).collect(),
        verdict,
        exit_code: None,
        duration_ms: 0,
        output: None,
        findings: Vec::new(),
        from_base: Vec::new(),
        digest: None,
        reason: Some(message.clone()),
        advisory: gate.on_failure != FailureAction::Block,
        counts: None,
        flaky: false,
        asks: decision.is_none(),
        rollback,
    };
    (vec![Event::GateFinished(run)], verdict, message)
}
