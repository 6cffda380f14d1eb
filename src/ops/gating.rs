//! Quality gates on commits, outside of any run: what a push brings, what a pull request proposes, or what somebody names.
//!
//! The gates are those of the tree that is looked at. A verdict that is known of exactly this tree, gate and toolchain is not found again.

pub mod cache;
pub mod error;
pub mod explain;
pub mod file;
pub mod moves;
pub mod one;
pub mod range;
pub mod removed;
pub mod report;
pub mod request;
pub mod rule;
pub mod session;
pub mod ungated;
pub mod waive;

use self::cache::Shelf;
use self::error::GatingError;
use self::one::{One, Ran};
use self::range::Target;
use self::report::{GateReport, Said, Source};
use self::request::{GateRequest, Known, News};
use self::session::Session;
use crate::domain::gate::judge::GateOutcome;
use crate::domain::gate::model::{Gate, Moment, QualityGate};
use crate::engine::gate_key::GateKey;
use crate::io::git::objects::Objects;
use crate::ops::context::Context;

/// Looks at commits with the gates of their trees. `tell` hears of every gate.
///
/// # Errors
/// Returns an error when a file of gates is not valid, or the machine or the repository does not let it. A red gate is no error.
pub async fn gate(cx: &Context, request: GateRequest, tell: &mut dyn FnMut(News<'_>)) -> Result<GateReport, GatingError> {
    let mut session = Session::new(cx, request.keeping, request.stop);
    let mut report = GateReport::new(session.name(), request.moment);
    let done = async {
        for target in &request.targets {
            let Some(found) = file::read(cx, target.commit)? else {
                removed::look(cx, target, &mut report)?;
                continue;
            };
            if let Some(unknown) = request.only.iter().find(|id| found.gates.gate(id).is_none()) {
                return Err(GatingError::UnknownGate {
                    id: unknown.clone(),
                    known: found.gates.gates.iter().map(|gate| gate.id.to_string()).collect(),
                });
            }
            report.files.insert(target.commit, found.path.clone());
            report.warnings.extend(found.notes);
            let looking = Looking { cx, target, gates: &found.gates, known: request.known, moment: request.moment, only: &request.only };
            looking.all(&mut session, &mut report, tell).await?;
        }
        if request.only.is_empty() {
            ungated::look(cx, &request.targets, &mut report)?;
        }
        Ok(())
    };
    let outcome = done.await;
    session.close().await;
    outcome?;
    Ok(report)
}

/// One commit, and the gates of its tree.
struct Looking<'a> {
    cx: &'a Context,
    target: &'a Target,
    gates: &'a QualityGate,
    known: Known,
    moment: Moment,
    only: &'a [String],
}

impl Looking<'_> {
    async fn all(&self, session: &mut Session<'_>, report: &mut GateReport, tell: &mut dyn FnMut(News<'_>)) -> Result<(), GatingError> {
        let tree = Objects::open(&self.cx.repo)?.tree_of(self.target.commit)?;
        let mut said: Vec<Said> = Vec::new();
        let mut pending = Vec::new();
        for gate in self.chosen() {
            let one = One { gate, target: self.target, tree, moment: self.moment };
            let verdict = match self.unasked(&one, &said)? {
                Some(verdict) => verdict,
                None => {
                    let key = cache::key(self.cx, gate, (self.target, tree)).await?;
                    match self.remembered(&key, &one)? {
                        Some(verdict) => verdict,
                        None => {
                            tell(News::Starts(gate));
                            let before = moves::of_user(self.cx)?;
                            let Ran { said, events } = one::run(session, &one).await?;
                            report.warnings.extend(moves::told(gate, &before, &moves::of_user(self.cx)?));
                            pending.extend(events);
                            said
                        }
                    }
                }
            };
            tell(News::Said(&verdict));
            let is_stopped = session.is_stopping();
            said.push(verdict);
            if is_stopped {
                break;
            }
        }
        session.record(pending)?;
        report.stopped |= session.is_stopping();
        report.said.extend(said);
        Ok(())
    }

    /// Returns the gates that are asked, in their order; those that were named by hand are asked whatever the moment and the ref.
    fn chosen(&self) -> Vec<&Gate> {
        let is_for = |gate: &Gate| {
            let names = &self.target.names;
            names.is_empty() || names.iter().any(|name| gate.is_for(name, &self.gates.refs))
        };
        if self.only.is_empty() {
            return self.gates.at(self.moment).filter(|gate| is_for(gate)).collect();
        }
        self.gates.gates.iter().filter(|gate| self.only.iter().any(|id| id == gate.id.as_str())).collect()
    }

    /// Returns the verdict of a gate that need not be asked: nothing of its files has changed, or what it needs has not passed.
    fn unasked(&self, one: &One<'_>, said: &[Said]) -> Result<Option<Said>, GatingError> {
        let gate = one.gate;
        if !self.target.touches(self.cx, &gate.paths)? {
            return Ok(Some(one.said(GateOutcome::Passed, "none of its files has changed".to_owned(), Source::NotAsked)));
        }
        let failed = |id: &str| said.iter().any(|said| said.gate == id && !said.lets_pass());
        if let Some(need) = gate.prerequisites.iter().find(|need| failed(need.as_str())) {
            let reason = format!("it needs {need}, which has not passed");
            return Ok(Some(one.said(GateOutcome::NotComputed, reason, Source::NotAsked)));
        }
        let is_shut =
            |said: &Said| said.refuses() && self.stage_of(&said.gate).is_some_and(|stage| stage < gate.stage && self.is_required(stage));
        if let Some(earlier) = said.iter().find(|said| is_shut(said)) {
            let reason = format!("{} of an earlier stage has not passed", earlier.gate);
            return Ok(Some(one.said(GateOutcome::NotComputed, reason, Source::NotAsked)));
        }
        Ok(None)
    }

    fn stage_of(&self, id: &str) -> Option<usize> {
        self.gates.gate(id).map(|gate| gate.stage)
    }

    fn is_required(&self, stage: usize) -> bool {
        self.gates.stages.get(stage).is_some_and(|stage| stage.required)
    }

    /// Returns the verdict that is known of this tree, or what somebody lets pass.
    fn remembered(&self, key: &GateKey, one: &One<'_>) -> Result<Option<Said>, GatingError> {
        let shelf = Shelf::open(self.cx)?;
        if let Some(waiver) = shelf.waiver(one.tree, one.gate.id.as_str())? {
            let reason = format!("waived by {}: {}", waiver.who, waiver.reason);
            return Ok(Some(one.said(GateOutcome::NotComputed, reason, Source::Waived { who: waiver.who, entry: waiver.entry })));
        }
        if self.known == Known::Ignored {
            return Ok(None);
        }
        // What did not pass is asked again: somebody may have mended the machine.
        let known = shelf.verdict(key)?.filter(|verdict| verdict.outcome == GateOutcome::Passed);
        Ok(known.map(|verdict| {
            let source = Source::Known { entry: verdict.entry, run: verdict.run.clone() };
            Said { new: verdict.new, known: verdict.known, fixed: verdict.fixed, ..one.said(verdict.outcome, verdict.reason, source) }
        }))
    }
}
