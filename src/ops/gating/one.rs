//! One gate on one commit.

use super::error::GatingError;
use super::range::Target;
use super::report::{Said, Source};
use super::session::Session;
use crate::domain::gate::judge::GateOutcome;
use crate::domain::gate::model::{Gate, GateCheck, Moment};
use crate::domain::id::ObjectId;
use crate::domain::run::event::Event;
use crate::domain::run::gating::GateChecked;
use crate::engine::checked::FINDINGS_KEPT;
use crate::engine::gate_ask::{Answer, Ask, ask};
use crate::engine::gate_run::GatePlace;

/// One gate on one commit.
#[derive(Debug, Clone, Copy)]
pub struct One<'a> {
    /// The gate.
    pub gate: &'a Gate,
    /// The commit.
    pub target: &'a Target,
    /// Its tree.
    pub tree: ObjectId,
    /// When.
    pub moment: Moment,
}

impl One<'_> {
    /// Returns a verdict about which nothing is known but why.
    #[must_use]
    pub fn said(&self, outcome: GateOutcome, reason: String, source: Source) -> Said {
        let names = (self.gate.id.to_string(), self.gate.title().to_owned());
        Said::plain(names, self.target.commit, (outcome, reason), (self.gate.on_failure, source))
    }
}

/// What came of a gate.
#[derive(Debug)]
pub struct Ran {
    /// What it says.
    pub said: Said,
    /// What is to be recorded.
    pub events: Vec<Event>,
}

/// Asks a gate.
///
/// # Errors
/// Returns [`GatingError`] when the machine or the repository does not let it.
pub async fn run(session: &mut Session<'_>, one: &One<'_>) -> Result<Ran, GatingError> {
    if let GateCheck::Manual(question) = &one.gate.check {
        let reason = format!("a person decides on the wave of a run: {question}");
        return Ok(Ran { said: one.said(GateOutcome::NotComputed, reason, Source::NotAsked), events: Vec::new() });
    }
    let cx = session.run_context().await?;
    let commit = one.target.commit;
    let ungated = session.ungated(one.gate, one.target)?;
    // The files that decide what a gate does are those of the commit itself: whoever pushes it answers for them.
    let place = GatePlace { commit, tree: one.tree, base: commit, round: 0 };
    let answer = ask(&cx, Ask { gate: one.gate, place, begins: one.target.base, ungated }).await?;
    Ok(said(session, one, answer))
}

fn said(session: &Session<'_>, one: &One<'_>, answer: Answer) -> Ran {
    let [new, known, fixed] = answer.counts;
    let said = Said {
        new,
        known,
        fixed,
        measured: answer.judged.measured,
        duration_ms: answer.duration_ms,
        flaky: answer.flaky,
        output: answer.output.as_ref().map(|output| session.folder().join(&output.path)),
        again: Some(format!("git orc gate run --only {} {}", one.gate.id, one.target.commit.short())),
        findings: answer.findings,
        ..one.said(answer.judged.outcome, answer.judged.reason, Source::Ran)
    };
    let checked = GateChecked {
        gate: said.gate.clone(),
        session: session.name(),
        commit: one.target.commit,
        tree: one.tree,
        digest: answer.key,
        moment: one.moment.as_str().to_owned(),
        outcome: said.outcome,
        reason: said.reason.clone(),
        action: said.action.as_str().to_owned(),
        base: one.target.base.filter(|_| answer.depends_on_base),
        exit_code: answer.exit_code,
        duration_ms: said.duration_ms,
        new,
        known,
        fixed,
        measured: said.measured.clone(),
        findings: said.findings.iter().take(FINDINGS_KEPT).cloned().collect(),
        flaky: said.flaky,
        output: answer.output,
    };
    // A gate that was stopped says nothing.
    let events = if session.is_stopping() { Vec::new() } else { vec![Event::GateChecked(checked)] };
    Ran { said, events }
}
