//! Asking a gate: its command on the tree, on the base as well where that decides, and once more where a test may have failed by chance.

use super::checked::Reads;
use super::context::RunContext;
use super::failure::{ExecuteError, blocking};
use super::gate_base::{self, OnBase};
use super::gate_key::{GateKey, Toolshed};
use super::gate_run::{self, GatePlace, GateTask};
use crate::domain::finding::model::{Finding, FindingKind};
use crate::domain::gate::differential::{Comparison, compare};
use crate::domain::gate::judge::{CommandEnd, GateOutcome, Judged, Measures, judge};
use crate::domain::gate::model::{Baseline, Gate, GateCheck};
use crate::domain::gate::{coverage, lines};
use crate::domain::id::ObjectId;
use crate::domain::run::event::Event;
use crate::domain::run::fact::OutputRef;
use crate::io::git::added::MostRead;
use crate::io::git::objects::{ObjectError, Objects};

/// The most findings of a gate; with more, nothing is compared.
const MOST_FINDINGS: usize = 20_000;

/// A gate, and what it is asked about.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The gate.
    pub gate: &'a Gate,
    /// What it runs on.
    pub place: GatePlace,
    /// The commit that the change begins with.
    pub begins: Option<ObjectId>,
    /// How many runs stand in the range without a verdict, where that is asked for.
    pub ungated: Option<u32>,
}

/// What came of it.
#[derive(Debug)]
pub struct Answer {
    /// The verdict.
    pub judged: Judged,
    /// What the verdict is known by.
    pub key: String,
    /// Whether it depends on what the change begins with.
    pub depends_on_base: bool,
    /// The findings that count: the new ones where there is something to compare with.
    pub findings: Vec<Finding>,
    /// How many of them are new, how many the base has as well, and how many only the base has.
    pub counts: [u32; 3],
    /// The exit code, when the command ended by itself.
    pub exit_code: Option<i32>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// Whether it passed only when it ran a second time.
    pub flaky: bool,
    /// Its kept output.
    pub output: Option<OutputRef>,
    /// Files that were taken from the base.
    pub from_base: Vec<String>,
    /// What is to be recorded of what it did to the repository.
    pub events: Vec<Event>,
    /// Why nothing of it counts, when it did something to the repository that nobody may do.
    pub stop: Option<String>,
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
    from_base: Vec<String>,
    events: Vec<Event>,
    stop: Option<String>,
}

/// Asks a gate.
///
/// # Errors
/// Returns an error when the machine or the repository does not let it.
pub async fn ask(cx: &RunContext, ask: Ask<'_>) -> Result<Answer, ExecuteError> {
    let lines = forbidden_lines(cx, ask).await?;
    let key = key(cx, ask).await?;
    let asking = Asking { cx, ask, lines: &lines, key: &key };
    let mut execution = asking.execute(ask.place).await?;
    let (mut compared, mut judged) = asking.judged(&execution).await?;
    let mut flaky = false;
    let may_pass = judged.outcome == GateOutcome::Failed && lines.is_empty() && may_be_chance(compared.as_ref(), &execution);
    if may_pass && !cx.is_stopping() {
        let again = asking.execute(ask.place).await?;
        let second = asking.judged(&again).await?;
        if second.1.outcome == GateOutcome::Passed {
            let first = std::mem::take(&mut judged.reason);
            let reason = format!("it passed when it ran again; the first time: {first}");
            (flaky, compared, judged) = (true, second.0, Judged { reason, ..second.1 });
            execution = again;
        }
    }
    Ok(asking.answer(execution, compared, (judged, flaky)))
}

/// Returns whether a failure may not be one the next time: tests depend on the clock and on each other, compilers and linters do not.
fn may_be_chance(compared: Option<&Comparison>, execution: &Execution) -> bool {
    let findings = compared.map_or(&execution.findings, |compared| &compared.new);
    matches!(execution.end, CommandEnd::Exited(_)) && findings.iter().any(|finding| finding.kind == FindingKind::Test)
}

/// Finds out what a verdict is known by.
///
/// # Errors
/// Returns an error when the toolchain can not be asked or an object can not be read.
pub async fn key(cx: &RunContext, ask: Ask<'_>) -> Result<GateKey, ExecuteError> {
    let (own, begins) = (cx.clone(), ask.begins);
    let base = blocking(move || Ok(begins.map(|begins| Objects::open(&own.repo)?.tree_of(begins)).transpose()?)).await?;
    let place = cx.repo.work_dir().unwrap_or_else(|| cx.repo.common_dir());
    let shed = Toolshed { environment: &cx.environment, supervisor: &cx.supervisor, place };
    GateKey::new(shed, ask.gate, (ask.place.tree, base)).await
}

/// Returns what a change adds that it must not.
async fn forbidden_lines(cx: &RunContext, ask: Ask<'_>) -> Result<Vec<Finding>, ExecuteError> {
    if ask.gate.forbidden.is_empty() {
        return Ok(Vec::new());
    }
    let (own, gate, tree, begins) = (cx.clone(), ask.gate.clone(), ask.place.tree, ask.begins);
    blocking(move || Ok(forbidden(&Objects::open(&own.repo)?, &gate, (begins, tree))?)).await
}

fn forbidden(objects: &Objects, gate: &Gate, (begins, tree): (Option<ObjectId>, ObjectId)) -> Result<Vec<Finding>, ObjectError> {
    let before = begins.map(|begins| objects.tree_of(begins)).transpose()?;
    let changes = objects.with_lines(&objects.diff_trees(before, Some(tree))?, MostRead::default())?;
    Ok(changes.iter().flat_map(|change| lines::forbidden(gate, change)).collect())
}

struct Asking<'a> {
    cx: &'a RunContext,
    ask: Ask<'a>,
    lines: &'a [Finding],
    key: &'a GateKey,
}

impl Asking<'_> {
    async fn execute(&self, place: GatePlace) -> Result<Execution, ExecuteError> {
        let gate = self.ask.gate;
        let GateCheck::Command(argv) = &gate.check else { return Ok(Execution::default()) };
        let task = GateTask {
            id: gate.id.as_str(),
            argv,
            timeout_sec: gate.timeout_sec,
            env: &gate.env,
            config: gate.config.as_deref(),
            reader: gate.reader.as_deref(),
            reads: if gate.conditions.is_empty() { Reads::Failures } else { Reads::Everything },
            most: MOST_FINDINGS,
            report: gate.coverage_report.as_deref(),
        };
        let ran = gate_run::run_gate(self.cx, task, place).await?;
        let checked = ran.checked;
        let end = match (&ran.told.stop, checked.is_timed_out(), checked.exit_code, checked.signal) {
            // Whoever changes the repository says nothing about the tree.
            (Some(stop), ..) => CommandEnd::NotRun(stop.clone()),
            (None, true, ..) => CommandEnd::TimedOut,
            (None, false, Some(code), _) => CommandEnd::Exited(code),
            (None, false, None, Some(signal)) => CommandEnd::Signaled(signal),
            (None, false, None, None) => CommandEnd::NotRun(checked.message.clone()),
        };
        Ok(Execution {
            value: self.number(&checked.text),
            coverage: ran.report.as_deref().and_then(coverage::read),
            end,
            findings: checked.findings,
            left_out: checked.left_out,
            exit_code: checked.exit_code,
            duration_ms: ran.duration_ms,
            output: checked.output,
            from_base: ran.from_base,
            events: ran.told.events,
            stop: ran.told.stop,
        })
    }

    /// Returns the last number that the gate's pattern finds in an output.
    fn number(&self, text: &str) -> Option<f64> {
        let found = self.ask.gate.value_pattern.as_ref()?.captures_iter(text).last()?;
        found.get(1)?.as_str().trim().parse().ok().filter(|number: &f64| number.is_finite())
    }

    /// Judges an execution, with what the base says where that can make a difference.
    async fn judged(&self, execution: &Execution) -> Result<(Option<Comparison>, Judged), ExecuteError> {
        let on_base = self.on_base(execution).await?;
        let old = on_base.as_ref().and_then(|base| base.findings.as_deref()).filter(|_| execution.left_out == 0);
        let compared = old.map(|old| compare(old, &execution.findings));
        let measures = Measures {
            end: &execution.end,
            findings: &execution.findings,
            compared: compared.as_ref(),
            lines: self.lines,
            seconds: seconds(execution.duration_ms),
            coverage: execution.coverage,
            base_coverage: on_base.as_ref().and_then(|base| base.coverage),
            value: execution.value,
            ungated: self.ask.ungated,
        };
        let judged = judge(&self.ask.gate.conditions, &measures);
        Ok((compared, judged))
    }

    /// Returns what the command found on the commit that the change begins with: as it is known, or by running it where that decides.
    async fn on_base(&self, execution: &Execution) -> Result<Option<OnBase>, ExecuteError> {
        let gate = self.ask.gate;
        let (Some(key), Some(begins)) = (&self.key.base, self.ask.begins.filter(|_| gate.baseline == Baseline::Base)) else {
            return Ok(None);
        };
        if self.cx.is_stopping() || !self.lines.is_empty() {
            return Ok(None);
        }
        let orc_dir = self.cx.repo.orc_dir();
        if let Some(known) = gate_base::read(&orc_dir, key)? {
            return Ok(Some(known));
        }
        // What was not understood can not be excused, so there is nothing to ask the base for.
        let is_excusable = matches!(execution.end, CommandEnd::Exited(code) if code != 0)
            && !execution.findings.is_empty()
            && execution.findings.iter().all(|finding| finding.kind != FindingKind::Unparsed);
        if !is_excusable && !self.needs_base() {
            return Ok(None);
        }
        let own = self.cx.clone();
        let tree = blocking(move || Ok(Objects::open(&own.repo)?.tree_of(begins)?)).await?;
        let found = self.execute(GatePlace { commit: begins, tree, base: begins, round: self.ask.place.round }).await?;
        let is_known = matches!(found.end, CommandEnd::Exited(_)) && found.left_out == 0;
        let on_base = OnBase { v: 1, findings: is_known.then_some(found.findings), coverage: found.coverage };
        if is_known {
            gate_base::keep(&orc_dir, key, &on_base)?;
        }
        Ok(Some(on_base))
    }

    /// Returns whether conditions ask for what only a comparison gives, so that it is made even when the command passes.
    fn needs_base(&self) -> bool {
        self.ask.gate.conditions.iter().any(|condition| condition.metric.needs_base())
    }

    fn answer(&self, execution: Execution, compared: Option<Comparison>, (judged, flaky): (Judged, bool)) -> Answer {
        let count = |all: usize| u32::try_from(all).unwrap_or(u32::MAX);
        let counts = match &compared {
            Some(compared) => [compared.new.len(), compared.known.len(), compared.fixed.len()],
            None => [execution.findings.len() + self.lines.len(), 0, 0],
        };
        let depends_on_base = compared.is_some() && (execution.exit_code != Some(0) || self.needs_base());
        let key = self.key.compared.as_ref().filter(|_| depends_on_base).unwrap_or(&self.key.alone);
        let own = compared.map_or(execution.findings, |compared| compared.new);
        Answer {
            judged,
            key: key.clone(),
            depends_on_base,
            findings: self.lines.iter().cloned().chain(own).collect(),
            counts: counts.map(count),
            exit_code: execution.exit_code,
            duration_ms: execution.duration_ms,
            flaky,
            output: execution.output,
            from_base: execution.from_base,
            events: execution.events,
            stop: execution.stop,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "nothing takes that long")]
fn seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1000.0
}
