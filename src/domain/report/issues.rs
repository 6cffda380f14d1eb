//! What failed and how that ended: a fold over the entries of runs into episodes, and from these the records of what was given up and the
//! patterns over many runs. Nothing here is stored but what can be made again from the ledger.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::finding::model::{Finding, Level};
use crate::domain::id::{RunId, StepId, ToolId, WorkstreamId};
use crate::domain::ledger::entry::Entry;
use crate::domain::run::control::{Controlled, Verb};
use crate::domain::run::event::Event;
use crate::domain::run::fact::{StepFinished, StepOutcome, StepRole, StepStarted};
use crate::domain::run::lessons::trouble;
use crate::domain::tool::failure::Failure;

/// The version of the records and of the document; fields are only ever added.
pub const SCHEMA_VERSION: u32 = 1;

/// How an episode ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The step passed after all.
    Mended,
    /// The workstream was given up, or waits for a person.
    GivenUp,
}

/// One thing that was wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told {
    /// What kind of thing: the rule of the finding, or how the tool failed.
    pub kind: String,
    /// How bad it is, where a finding says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// The file, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What is said about it.
    pub message: String,
}

/// One step that failed, from its first failure to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Episode {
    /// The run.
    pub run: RunId,
    /// The workstream.
    pub workstream: WorkstreamId,
    /// The step: the EDIT step, or the check that failed.
    pub step: StepId,
    /// How often it was run, the FIX steps included.
    pub attempts: u32,
    /// How many FIX steps there were.
    pub fixes: u32,
    /// How long all of it took, in milliseconds.
    pub duration_ms: u64,
    /// The tools that had a hand in it, in the order of their first attempt.
    pub tools: Vec<ToolId>,
    /// What was wrong last.
    pub issues: Vec<Told>,
    /// Every kind of thing that was wrong on the way.
    pub kinds: BTreeSet<String>,
    /// One sentence: of the step, or of the workstream when it was given up.
    pub message: String,
    /// How it ended.
    pub outcome: Outcome,
    /// When.
    pub ts: Timestamp,
}

/// What was given up: one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IssueRecord {
    /// The version of this format.
    pub schema_version: u32,
    /// The run.
    pub run: RunId,
    /// The workstream.
    pub workstream: WorkstreamId,
    /// The step.
    pub step: StepId,
    /// The phase that the step belongs to.
    pub phase: String,
    /// How often it was run, the FIX steps included.
    pub attempts: u32,
    /// How many FIX steps there were.
    pub fixes: u32,
    /// How long all of it took, in milliseconds.
    pub duration_ms: u64,
    /// What was wrong last.
    pub issues: Vec<Told>,
    /// The tools that had a hand in it.
    pub tools: Vec<ToolId>,
    /// Why it was given up.
    pub message: String,
    /// When.
    pub ts: Timestamp,
}

impl IssueRecord {
    /// Returns the name of its file.
    #[must_use]
    pub fn file(&self) -> String {
        // A name may hold `-`, so that `a-b` and `c` are told from `a` and `b-c` by what none may hold.
        format!("{}-{}+{}.json", self.run.lower(), self.workstream, self.step)
    }
}

/// How often one kind of thing was wrong in one phase with one tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pattern {
    /// The phase.
    pub phase: String,
    /// The tool that had the last hand in it; absent where none had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<ToolId>,
    /// What kind of thing.
    pub kind: String,
    /// How often.
    pub count: u32,
    /// How often it was mended.
    pub mended: u32,
    /// After how many FIX steps or further attempts, on average over what was mended, in tenths.
    pub mended_after_tenths: u32,
    /// How often it was given up.
    pub given_up: u32,
    /// When it was seen last.
    pub last_seen: Timestamp,
}

/// Returns the phase that a step belongs to: a check belongs to the step whose name it carries.
#[must_use]
pub fn phase(step: &StepId) -> String {
    let name = step.as_str();
    ["-fluid-check", "-check", "-test"].into_iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name).to_owned()
}

/// One workstream while its entries are read.
#[derive(Debug, Default)]
struct Trail {
    role: Option<StepRole>,
    tool: Option<ToolId>,
    open: Option<Episode>,
    /// Whether a person told it to wait, which is no giving up.
    is_told_to_wait: bool,
}

impl Trail {
    fn started(&mut self, started: &StepStarted) {
        self.role = Some(started.role);
        if let Some(tool) = started.tool.as_ref().filter(|tool| !tool.is_fixers()) {
            self.tool = Some(tool.clone());
        }
    }

    fn finished(&mut self, (run, ts): (RunId, Timestamp), finished: &StepFinished) -> Option<Episode> {
        let is_cut = matches!(finished.outcome, StepOutcome::Cancelled | StepOutcome::Interrupted)
            || finished.failure.as_ref().is_some_and(Failure::costs_nothing);
        if is_cut {
            return None;
        }
        let is_fix = self.role == Some(StepRole::Fix);
        if finished.outcome.lets_go_on() && !is_fix {
            let mut ended = self.open.take().filter(|episode| episode.step == finished.step)?;
            self.add(&mut ended, ts, finished);
            return Some(Episode { outcome: Outcome::Mended, ..ended });
        }
        if is_fix && self.open.is_none() {
            return None;
        }
        let is_other = |episode: &Episode| !is_fix && episode.step != finished.step;
        let mut open = self.open.take().filter(|episode| !is_other(episode)).unwrap_or_else(|| fresh((run, ts), finished));
        self.add(&mut open, ts, finished);
        if is_fix {
            open.fixes += 1;
        } else {
            open.issues = issues(finished);
            open.kinds.extend(open.issues.iter().map(|issue| issue.kind.clone()));
            open.message.clone_from(&finished.message);
        }
        self.open = Some(open);
        None
    }

    fn add(&self, episode: &mut Episode, ts: Timestamp, finished: &StepFinished) {
        episode.attempts += 1;
        episode.duration_ms = episode.duration_ms.saturating_add(finished.duration_ms);
        episode.ts = ts;
        // A check is about what the last tool did; of an EDIT step that did not begin nobody did anything.
        let last = self.tool.as_ref().filter(|_| self.role != Some(StepRole::Edit));
        let tool = finished.tool.as_ref().or(last).filter(|tool| !tool.is_fixers());
        if let Some(tool) = tool.filter(|tool| !episode.tools.contains(tool)) {
            episode.tools.push(tool.clone());
        }
    }
}

fn fresh((run, ts): (RunId, Timestamp), finished: &StepFinished) -> Episode {
    Episode {
        run,
        workstream: finished.workstream.clone(),
        step: finished.step.clone(),
        attempts: 0,
        fixes: 0,
        duration_ms: 0,
        tools: Vec::new(),
        issues: Vec::new(),
        kinds: BTreeSet::new(),
        message: String::new(),
        outcome: Outcome::GivenUp,
        ts,
    }
}

/// Returns what was wrong at the end of a step: its findings, or else how it failed.
fn issues(finished: &StepFinished) -> Vec<Told> {
    let of = |finding: &Finding| Told {
        kind: finding.rule.clone().unwrap_or_else(|| finding.source.clone()),
        level: Some(finding.level),
        path: finding.location.as_ref().map(|place| place.path.clone()),
        message: finding.message.clone(),
    };
    if !finished.findings.is_empty() {
        return finished.findings.iter().map(of).collect();
    }
    let kind = trouble(finished.outcome, finished.failure.as_ref());
    vec![Told { kind, level: None, path: None, message: finished.message.clone() }]
}

/// Returns why a workstream was given up, or waits for a person.
fn given_up(event: &Event) -> Option<(&WorkstreamId, &str)> {
    if let Event::WorkstreamFailed(m) | Event::WorkstreamTimedOut(m) | Event::WorkstreamPaused(m) | Event::WorkstreamQuarantined(m) = event
    {
        return Some((&m.workstream, m.reason.as_deref().unwrap_or_default()));
    }
    None
}

/// Returns everything that failed and came to an end, in the order of the ends. `entries` are the oldest first.
#[must_use]
pub fn episodes<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Vec<Episode> {
    let mut trails: BTreeMap<(RunId, WorkstreamId), Trail> = BTreeMap::new();
    let mut ended = Vec::new();
    for entry in entries {
        let Some(event) = entry.event() else { continue };
        let mut trail = |id: &WorkstreamId| trails.remove(&(entry.run, id.clone())).unwrap_or_default();
        let (id, trail) = if let Event::StepStarted(started) = event {
            let mut one = trail(&started.workstream);
            one.started(started);
            (&started.workstream, one)
        } else if let Event::StepFinished(finished) = event {
            let mut one = trail(&finished.workstream);
            ended.extend(one.finished((entry.run, entry.ts), finished));
            (&finished.workstream, one)
        } else if let Event::Controlled(Controlled { verb, workstream: Some(id), .. }) = event {
            let mut one = trail(id);
            one.is_told_to_wait = matches!(verb, Verb::Pause | Verb::Halt);
            (id, one)
        } else if let Some((id, reason)) = given_up(event) {
            let one = trail(id);
            if one.is_told_to_wait && matches!(event, Event::WorkstreamPaused(_)) {
                trails.insert((entry.run, id.clone()), Trail { is_told_to_wait: false, ..one });
                continue;
            }
            let open = one.open;
            ended.extend(open.map(|open| Episode { message: reason.to_owned(), ts: entry.ts, ..open }));
            continue;
        } else {
            continue;
        };
        trails.insert((entry.run, id.clone()), trail);
    }
    ended
}

/// Returns the records of what was given up; of several of one step the newest.
#[must_use]
pub fn records(episodes: &[Episode]) -> Vec<IssueRecord> {
    let mut seen = BTreeSet::new();
    let newest = episodes.iter().rev().filter(|episode| episode.outcome == Outcome::GivenUp);
    let newest = newest.filter(|episode| seen.insert((episode.run, &episode.workstream, &episode.step)));
    let record = |episode: &Episode| IssueRecord {
        schema_version: SCHEMA_VERSION,
        run: episode.run,
        workstream: episode.workstream.clone(),
        step: episode.step.clone(),
        phase: phase(&episode.step),
        attempts: episode.attempts,
        fixes: episode.fixes,
        duration_ms: episode.duration_ms,
        issues: episode.issues.clone(),
        tools: episode.tools.clone(),
        message: episode.message.clone(),
        ts: episode.ts,
    };
    let mut records: Vec<IssueRecord> = newest.map(record).collect();
    records.reverse();
    records
}

/// Returns the patterns, the most frequent first.
#[must_use]
pub fn patterns(episodes: &[Episode]) -> Vec<Pattern> {
    let mut found: BTreeMap<(String, Option<ToolId>, String), (Pattern, u32)> = BTreeMap::new();
    for episode in episodes {
        for kind in &episode.kinds {
            let (phase, tool) = (phase(&episode.step), episode.tools.last().cloned());
            let new = Pattern {
                phase: phase.clone(),
                tool: tool.clone(),
                kind: kind.clone(),
                count: 0,
                mended: 0,
                mended_after_tenths: 0,
                given_up: 0,
                last_seen: episode.ts,
            };
            let (pattern, after) = found.entry((phase, tool, kind.clone())).or_insert((new, 0));
            pattern.count += 1;
            pattern.last_seen = pattern.last_seen.max(episode.ts);
            match episode.outcome {
                Outcome::Mended => {
                    pattern.mended += 1;
                    // An EDIT step has no FIX steps; what came after its first attempt mended it.
                    *after += if episode.fixes > 0 { episode.fixes } else { episode.attempts.saturating_sub(1) };
                }
                Outcome::GivenUp => pattern.given_up += 1,
            }
        }
    }
    let mut patterns: Vec<Pattern> = found
        .into_values()
        .map(|(pattern, after)| Pattern { mended_after_tenths: (after * 10).checked_div(pattern.mended).unwrap_or(0), ..pattern })
        .collect();
    patterns.sort_by_key(|pattern| Reverse(pattern.count));
    patterns
}

#[cfg(test)]
mod tests;
