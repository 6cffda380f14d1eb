//! A check that failed, against the same check on the commit that the workstream starts from: only what is new counts.

use std::collections::BTreeMap;

use super::checked::{Checked, Reads};
use super::context::RunContext;
use super::failure::{ExecuteError, blocking};
use super::gate_base::{self, OnBase};
use super::gate_key::{GateKey, Toolshed};
use super::gate_run::{self, GatePlace, GateTask};
use crate::domain::document::command::Argv;
use crate::domain::gate::differential::{Comparison, compare};
use crate::domain::gate::judge::is_understood;
use crate::domain::gate::model::Gate;
use crate::domain::id::{GateId, ObjectId};

use crate::domain::run::event::Event;
use crate::domain::run::fact::StepOutcome;
use crate::domain::text::{clip, count};
use crate::io::git::objects::Objects;

/// The most findings of a check; with more, nothing is compared.
pub const MOST_FINDINGS: usize = 20_000;
/// The name of checks on the commit that a workstream starts from.
const NAME: &str = "base";

/// A check that failed.
#[derive(Debug)]
pub struct Failure<'a> {
    /// The command.
    pub argv: &'a Argv,
    /// Seconds until it is ended.
    pub seconds: u64,
    /// The commit that the workstream starts from.
    pub start: ObjectId,
    /// How many drivers there were by then.
    pub round: u32,
}

/// What a check comes to beside the base.
#[derive(Debug)]
pub struct Compared {
    /// The check: passed when nothing of it is new, and with only its new findings otherwise.
    pub checked: Checked,
    /// What is worth telling.
    pub note: Option<String>,
    /// What is to be recorded of what the base did to the repository.
    pub events: Vec<Event>,
}

/// Compares a failed check with the base. What was not understood is never excused, so the base is not asked about it.
///
/// # Errors
/// Returns an error when the machine or the repository does not let it.
pub async fn compare_with_base(cx: &RunContext, failure: Failure<'_>, checked: Checked) -> Result<Compared, ExecuteError> {
    let is_comparable = checked.outcome == StepOutcome::Failed
        && checked.left_out == 0
        && !checked.findings.is_empty()
        && is_understood(&checked.findings)
        && !cx.is_stopping();
    if !is_comparable {
        return Ok(Compared { checked, note: None, events: Vec::new() });
    }
    let (old, events) = on_base(cx, &failure).await?;
    let Some(old) = old.findings else { return Ok(Compared { checked, note: None, events }) };
    let Comparison { new, known, fixed } = compare(&old, &checked.findings);
    let note = (!known.is_empty() || !fixed.is_empty()).then(|| {
        let same = count(known.len(), "finding");
        format!("`{}`: {same} as when the workstream began, {} fixed", clip(&failure.argv.join(" "), 80), fixed.len())
    });
    let outcome = if new.is_empty() { StepOutcome::Passed } else { checked.outcome };
    let message = if new.is_empty() { format!("fails as it does on the base: {}", checked.message) } else { checked.message };
    Ok(Compared { checked: Checked { outcome, message, findings: new, ..checked }, note, events })
}

async fn on_base(cx: &RunContext, failure: &Failure<'_>) -> Result<(OnBase, Vec<Event>), ExecuteError> {
    let unknown = OnBase { v: 1, findings: None, coverage: None };
    let Ok(id) = GateId::parse(NAME) else { return Ok((unknown, Vec::new())) };
    let gate = Gate::command(id, failure.argv.clone());
    let (own, start) = (cx.clone(), failure.start);
    let tree = blocking(move || Ok(Objects::open(&own.repo)?.tree_of(start)?)).await?;
    let place = cx.repo.work_dir().unwrap_or_else(|| cx.repo.common_dir());
    let shed = Toolshed { environment: &cx.environment, supervisor: &cx.supervisor, place };
    let key = GateKey::new(shed, &gate, (tree, Some(tree))).await?.base.unwrap_or_default();
    let orc_dir = cx.repo.orc_dir();
    if let Some(known) = gate_base::read(&orc_dir, &key)? {
        return Ok((known, Vec::new()));
    }
    let task = GateTask {
        id: NAME,
        argv: failure.argv,
        timeout_sec: Some(failure.seconds),
        env: &BTreeMap::new(),
        config: None,
        reader: None,
        reads: Reads::Failures,
        most: MOST_FINDINGS,
        report: None,
    };
    let ran = gate_run::run_gate(cx, task, GatePlace { commit: start, tree, base: start, round: failure.round }).await?;
    let is_known = ran.told.stop.is_none() && ran.checked.exit_code.is_some() && ran.checked.left_out == 0;
    let found = OnBase { v: 1, findings: is_known.then_some(ran.checked.findings), coverage: None };
    if is_known {
        gate_base::keep(&orc_dir, &key, &found)?;
    }
    Ok((found, ran.told.events))
}
