//! One gate on one commit.

use super::base::{self, OnBase};
use super::cache::Cache;
use super::error::GatingError;
use super::range::Target;
use super::report::{Said, Source};
use super::session::Session;
use crate::domain::finding::model::{Finding, FindingKind};
use crate::domain::gate::coverage;
use crate::domain::gate::differential::{Comparison, compare};
use crate::domain::gate::judge::{CommandEnd, GateOutcome, Judged, Measures, judge};
use crate::domain::gate::model::{Baseline, Gate, GateCheck, Moment};
use crate::domain::id::ObjectId;
use crate::domain::run::event::Event;
use crate::domain::run::fact::{OutputRef, StepOutcome};
use crate::domain::run::gating::GateChecked;
use crate::engine::check::{FINDINGS_KEPT, Reads};
use crate::engine::gate_run::{self, GatePlace, GateTask};

/// The most findings of a gate; with more, nothing is compared.
const MOST_FINDINGS: usize = 20_000;

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
        Said {
            gate: self.gate.id.to_string(),
            title: self.gate.title().to_owned(),
            commit: self.target.commit,
            outcome,
            reason,
            action: self.gate.on_failure,
            source,
            findings: Vec::new(),
            new: 0,
            known: 0,
            fixed: 0,
            measured: Vec::new(),
            duration_ms: 0,
            flaky: false,
            output: None,
            again: None,
        }
    }

    fn wants_base(&self) -> bool {
        self.gate.baseline == Baseline::Base && self.target.base.is_some()
    }

    /// Returns whether conditions ask for what only a comparison gives, so that it is made even when the command passes.
    fn needs_base(&self) -> bool {
        self.gate.conditions.iter().any(|condition| condition.metric.needs_base())
    }

    fn task<'a>(&'a self, argv: &'a [String]) -> GateTask<'a> {
        GateTask {
            id: self.gate.id.as_str(),
            argv,
            timeout_sec: self.gate.timeout_sec,
            env: &self.gate.env,
            config: None,
            reader: self.gate.reader.as_deref(),
            reads: if self.gate.conditions.is_empty() { Reads::Failures } else { Reads::Everything },
            most: MOST_FINDINGS,
            report: self.gate.coverage_report.as_deref(),
        }
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

/// What one execution of the command measured.
#[derive(Default)]
struct Execution {
    end: CommandEnd,
    findings: Vec<Finding>,
    left_out: usize,
    coverage: Option<f64>,
    value: Option<f64>,
    exit_code: Option<i32>,
    duration_ms: u64,
    output: Option<OutputRef>,
}

/// Runs a gate: its command, on the base as well where that decides, and once more where a test may have failed by chance.
///
/// # Errors
/// Returns [`GatingError`] when the machine or the repository does not let it.
pub async fn run(session: &mut Session<'_>, one: &One<'_>, cache: &Cache) -> Result<Ran, GatingError> {
    let lines = session.forbidden_lines(one)?;
    let argv = match &one.gate.check {
        GateCheck::Command(argv) => argv.clone(),
        GateCheck::Lines => Vec::new(),
        GateCheck::Manual(question) => {
            let reason = format!("a person decides on the wave of a run: {question}");
            return Ok(Ran { said: one.said(GateOutcome::NotComputed, reason, Source::NotAsked), events: Vec::new() });
        }
    };
    let mut execution = execute(session, one, &argv, one.target.commit).await?;
    let mut judged = judged(session, (one, cache), (&argv, &execution, &lines)).await?;
    let mut flaky = false;
    if judged.1.outcome == GateOutcome::Failed && lines.is_empty() && may_be_chance(&judged.0, &execution) && !session.is_stopping() {
        let again = execute(session, one, &argv, one.target.commit).await?;
        let second = self::judged(session, (one, cache), (&argv, &again, &lines)).await?;
        if second.1.outcome == GateOutcome::Passed {
            let first = judged.1.reason;
            flaky = true;
            judged = (second.0, Judged { reason: format!("it passed when it ran again; the first time: {first}"), ..second.1 });
            execution = again;
        }
    }
    let (compared, judged) = judged;
    Ok(said(session, (one, cache), (execution, compared, judged), (lines, flaky)))
}

/// Returns whether a failure may not be one the next time: tests depend on the clock and on each other; compilers and linters do not.
fn may_be_chance(compared: &Option<Comparison>, execution: &Execution) -> bool {
    let findings = compared.as_ref().map_or(&execution.findings, |compared| &compared.new);
    execution.end == CommandEnd::TimedOut
        || findings.is_empty()
        || findings.iter().any(|finding| matches!(finding.kind, FindingKind::Test | FindingKind::Unparsed))
}

async fn execute(session: &mut Session<'_>, one: &One<'_>, argv: &[String], commit: ObjectId) -> Result<Execution, GatingError> {
    if argv.is_empty() {
        return Ok(Execution::default());
    }
    let cx = session.run_context().await?;
    let tree = session.tree_of(commit)?;
    let ran = gate_run::run_gate(&cx, one.task(argv), GatePlace { commit, tree, base: commit, round: 0 }).await?;
    let checked = ran.checked;
    let end = match (ran.told.stop, checked.outcome, checked.exit_code, checked.signal) {
        // Whoever changes the repository says nothing about the tree.
        (Some(stop), ..) => CommandEnd::NotRun(stop),
        (None, StepOutcome::TimedOut, ..) => CommandEnd::TimedOut,
        (None, _, Some(code), _) => CommandEnd::Exited(code),
        (None, _, None, Some(signal)) => CommandEnd::Signaled(signal),
        (None, _, None, None) => CommandEnd::NotRun(checked.message.clone()),
    };
    let number = |text: &str| -> Option<f64> {
        let pattern = one.gate.value_pattern.as_ref()?;
        let found = pattern.captures_iter(text).last()?;
        found.get(1)?.as_str().trim().parse().ok().filter(|number: &f64| number.is_finite())
    };
    Ok(Execution {
        value: number(&checked.text),
        coverage: ran.report.as_deref().and_then(coverage::read),
        end,
        findings: checked.findings,
        left_out: checked.left_out,
        exit_code: checked.exit_code,
        duration_ms: ran.duration_ms,
        output: checked.output,
    })
}

/// Judges an execution, with what the base says where that can make a difference.
async fn judged(
    session: &mut Session<'_>,
    (one, cache): (&One<'_>, &Cache),
    (argv, execution, lines): (&[String], &Execution, &[Finding]),
) -> Result<(Option<Comparison>, Judged), GatingError> {
    let has_failed = !matches!(execution.end, CommandEnd::Exited(0) | CommandEnd::NoCommand | CommandEnd::NotRun(_));
    let on_base = match &cache.base {
        Some(key) if one.wants_base() && !session.is_stopping() && lines.is_empty() => match base::read(session.context(), key)? {
            Some(known) => Some(known),
            None if has_failed || one.needs_base() => Some(on_base(session, one, argv, key).await?),
            None => None,
        },
        Some(_) | None => None,
    };
    let old = on_base.as_ref().and_then(|base| base.findings.as_deref()).filter(|_| execution.left_out == 0);
    let compared = old.map(|old| compare(old, &execution.findings));
    let measures = Measures {
        end: &execution.end,
        findings: &execution.findings,
        compared: compared.as_ref(),
        lines,
        seconds: seconds(execution.duration_ms),
        coverage: execution.coverage,
        base_coverage: on_base.as_ref().and_then(|base| base.coverage),
        value: execution.value,
        ungated: session.ungated(one)?,
    };
    let judged = judge(&one.gate.conditions, &measures);
    Ok((compared, judged))
}

#[expect(clippy::cast_precision_loss, reason = "nothing takes that long")]
fn seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1000.0
}

/// Runs the command on the commit that the change begins with, and keeps what it found.
async fn on_base(session: &mut Session<'_>, one: &One<'_>, argv: &[String], key: &str) -> Result<OnBase, GatingError> {
    let Some(commit) = one.target.base else { return Ok(OnBase { v: 1, findings: None, coverage: None }) };
    let found = execute(session, one, argv, commit).await?;
    // What was not understood is there too: it equals nothing that could be excused by it.
    let is_known = matches!(found.end, CommandEnd::Exited(_)) && found.left_out == 0;
    let on_base = OnBase { v: 1, findings: is_known.then_some(found.findings), coverage: found.coverage };
    if is_known {
        base::keep(session.context(), key, &on_base)?;
    }
    Ok(on_base)
}

fn said(
    session: &Session<'_>,
    (one, cache): (&One<'_>, &Cache),
    (execution, compared, judged): (Execution, Option<Comparison>, Judged),
    (lines, flaky): (Vec<Finding>, bool),
) -> Ran {
    let count = |all: usize| u32::try_from(all).unwrap_or(u32::MAX);
    let (new, known, fixed) = match &compared {
        Some(compared) => (compared.new.len(), compared.known.len(), compared.fixed.len()),
        None => (execution.findings.len() + lines.len(), 0, 0),
    };
    let depends_on_base = compared.is_some() && (execution.exit_code != Some(0) || one.needs_base());
    let key = cache.compared.as_ref().filter(|_| depends_on_base).unwrap_or(&cache.alone);
    let findings: Vec<Finding> = lines.into_iter().chain(compared.map_or(execution.findings, |compared| compared.new)).collect();
    let said = Said {
        findings,
        new: count(new),
        known: count(known),
        fixed: count(fixed),
        measured: judged.measured,
        duration_ms: execution.duration_ms,
        flaky,
        output: execution.output.as_ref().map(|output| session.folder().join(&output.path)),
        again: Some(format!("git orc gate run --only {} {}", one.gate.id, one.target.commit.short())),
        ..one.said(judged.outcome, judged.reason, Source::Ran)
    };
    let checked = GateChecked {
        gate: said.gate.clone(),
        session: session.name(),
        commit: one.target.commit,
        tree: one.tree,
        digest: key.clone(),
        moment: one.moment.as_str().to_owned(),
        outcome: said.outcome,
        reason: said.reason.clone(),
        action: said.action.as_str().to_owned(),
        base: one.target.base.filter(|_| depends_on_base),
        exit_code: execution.exit_code,
        duration_ms: said.duration_ms,
        new: said.new,
        known: said.known,
        fixed: said.fixed,
        measured: said.measured.clone(),
        findings: said.findings.iter().take(FINDINGS_KEPT).cloned().collect(),
        flaky,
        output: execution.output,
    };
    // A gate that was stopped says nothing.
    let events = if session.is_stopping() { Vec::new() } else { vec![Event::GateChecked(checked)] };
    Ran { said, events }
}
