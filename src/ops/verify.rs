//! `verify`: every claim of the ledger, found again from the objects of the repository. Nothing is believed, and nothing is changed.

pub mod chain;
pub mod ground;
pub mod merges;
pub mod patches;
pub mod rollbacks;
pub mod views;

use crate::domain::id::{ObjectId, RunId};
use crate::domain::ledger::flaw::{Flaw, Place, Rule, Severity};
use crate::domain::ledger::verify::{Chain, Told};
use crate::io::clock::Stopwatch;
use crate::io::fs::FsError;
use crate::io::git::inspect::InspectError;
use crate::io::git::ledger_ref::{LEDGER_REF, LedgerError};
use crate::io::git::ledger_tip::{self, Remembered};
use crate::io::git::notes::{Notes, NotesError};
use crate::io::git::objects::{ObjectError, Objects};
use crate::io::git::prove::{Depth, Prover};
use crate::io::git::signature::Signature;
use crate::ops::context::Context;
use crate::ops::find::{FindError, find_run};
use crate::ops::verify::ground::{Ground, Subject, Watch};
use crate::ops::verify::views::{check_notes, check_outputs, check_refs, notes_of};
use crate::ops::workflow;

/// The error of a verification that could not even begin.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// There is no such run.
    #[error(transparent)]
    Find(#[from] FindError),
    /// The ledger can not be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The objects can not be read.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// A file can not be read.
    #[error(transparent)]
    File(#[from] FsError),
    /// Nobody is named as the author of the notes.
    #[error(transparent)]
    Identity(#[from] InspectError),
    /// The notes can not be written.
    #[error("the notes could not be written again")]
    Notes(#[from] NotesError),
}

/// What to verify.
#[derive(Debug, Clone)]
pub struct VerifyRequest {
    /// The run; all of them if there is none. The chain itself is verified as a whole.
    pub run: Option<String>,
    /// How closely it is looked.
    pub depth: Depth,
    /// What is done about notes that are not what they should be.
    pub notes: NoteCare,
}

/// What is done about notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoteCare {
    /// They are compared.
    Compare,
    /// They are written again first.
    Rebuild,
}

/// What a verification came to.
#[derive(Debug, Clone)]
pub struct Verified {
    /// The tip of the ledger; `None` when there is no ledger.
    pub tip: Option<ObjectId>,
    /// How closely it was looked.
    pub depth: Depth,
    /// How many runs were looked at.
    pub runs: usize,
    /// How many entries the ledger has.
    pub entries: u64,
    /// How many of them are of a kind that this version does not know.
    pub unknown: u64,
    /// How many patches were compared.
    pub patches: usize,
    /// How many merges were made again.
    pub merges: usize,
    /// How many objects were proven.
    pub objects: usize,
    /// How many notes were written again.
    pub notes_written: usize,
    /// How long it took.
    pub seconds: f64,
    /// What does not hold.
    pub flaws: Vec<Flaw>,
}

impl Verified {
    /// Returns how many flaws of a severity there are.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.flaws.iter().filter(|flaw| flaw.severity == severity).count()
    }
}

/// Verifies the ledger. `watch` is told how far it is.
///
/// # Errors
/// Returns [`VerifyError`] when nothing could be verified at all; whatever is found wrong is no error.
pub fn verify(cx: &Context, request: &VerifyRequest, watch: Watch<'_>) -> Result<Verified, VerifyError> {
    let clock = Stopwatch::start();
    let ledger = cx.ledger();
    let objects = Objects::open(&cx.repo)?;
    let mut ground = Ground {
        repo: &cx.repo,
        ledger: &ledger,
        objects: &objects,
        prover: Prover::new(&objects, request.depth),
        depth: request.depth,
        flaws: Vec::new(),
    };
    // Read before the ref: whatever is appended meanwhile lies behind neither.
    let remembered = ledger_tip::remembered(&cx.repo)?;
    let tip = ledger.tip()?;
    let mut verified = Verified {
        tip,
        depth: request.depth,
        runs: 0,
        entries: 0,
        unknown: 0,
        patches: 0,
        merges: 0,
        objects: 0,
        notes_written: 0,
        seconds: 0.0,
        flaws: Vec::new(),
    };
    check_tip(&mut ground, remembered, tip);
    if let Some(tip) = tip {
        let mut chain = chain::read(&mut ground, tip, &mut *watch);
        let only = wanted(&ground, request, &chain)?;
        ground.flaws.append(&mut chain.flaws);
        (verified.entries, verified.unknown) = (chain.entries, chain.unknown);
        for (run, told) in chain.runs.iter().filter(|(run, _)| only.is_none_or(|only| only == **run)) {
            let subject = subject(*run, told);
            if request.notes == NoteCare::Rebuild && ground.is_sound() {
                verified.notes_written += rebuild_notes(cx, &subject)?;
            }
            check_run(cx, &mut ground, (&subject, tip), &mut *watch);
            verified.runs += 1;
            tally(&mut verified, &subject);
        }
        if let Some(run) = only {
            ground.flaws.retain(|flaw| flaw.place.run.is_none_or(|about| about == run));
        }
    }
    verified.objects = ground.prover.count();
    verified.flaws = ground.flaws;
    verified.flaws.sort_by_key(|flaw| flaw.severity);
    verified.seconds = clock.elapsed().as_secs_f64();
    Ok(verified)
}

fn wanted(ground: &Ground<'_>, request: &VerifyRequest, chain: &Chain) -> Result<Option<RunId>, VerifyError> {
    let Some(text) = &request.run else { return Ok(None) };
    // A run of which only the id can still be read is found by its id.
    if let Some(run) = RunId::parse(text).ok().filter(|run| chain.runs.contains_key(run)) {
        return Ok(Some(run));
    }
    if !ground.is_sound() {
        let named = chain.runs.iter().rev().find(|(run, told)| told.state.name == *text || run.lower().starts_with(&text.to_lowercase()));
        return Ok(named.map(|(run, _)| *run));
    }
    Ok(Some(find_run(ground.ledger, Some(text))?))
}

fn subject(run: RunId, told: &Told) -> Subject<'_> {
    Subject { run, state: &told.state, entries: &told.entries }
}

fn check_run(cx: &Context, ground: &mut Ground<'_>, (subject, tip): (&Subject<'_>, ObjectId), watch: Watch<'_>) {
    patches::check(ground, subject, &mut *watch);
    merges::check(ground, subject, tip, &mut *watch);
    // While somebody drives the run, refs and notes are on their way.
    let is_driven = crate::io::git::lock::RunLock::holder(&cx.repo, subject.run).is_ok_and(|holder| holder.is_some());
    if !is_driven && ground.is_sound() {
        check_refs(ground, subject);
        if cx.settings.notes.value {
            check_notes(ground, subject);
        }
    }
    check_outputs(ground, subject);
    check_workflow(ground, subject);
}

/// Holds the moves of roles against what their workflow allows.
fn check_workflow(ground: &mut Ground<'_>, subject: &Subject<'_>) {
    if !ground.is_sound() {
        return;
    }
    let entries = || subject.entries.iter().map(|(_, entry)| entry.clone()).collect();
    for view in workflow::of_entries(ground.ledger, subject.run, entries) {
        for one in view.refused {
            let commit = subject.entries.iter().find(|(_, entry)| entry.id == one.cause).map(|(commit, _)| *commit);
            let place = Place { run: Some(subject.run), entry: Some(one.cause), commit, ..Place::default() };
            let what = format!("the workflow of {} does not let {} follow {}", view.workstream, one.to, one.from);
            ground.problem(Rule::Move, place, what);
        }
    }
}

fn tally(verified: &mut Verified, subject: &Subject<'_>) {
    use crate::domain::run::event::Event;
    for event in subject.entries.iter().filter_map(|(_, entry)| entry.event()) {
        if matches!(event, Event::PatchCreated(_)) {
            verified.patches += 1;
        }
        if let Event::IntegrationPrepared(integration) = event {
            verified.merges += integration.merges.len();
        }
    }
}

/// Holds the ledger against what this repository saw of it last.
fn check_tip(ground: &mut Ground<'_>, remembered: Remembered, tip: Option<ObjectId>) {
    let place = |commit: Option<ObjectId>| Place { commit, path: Some(LEDGER_REF.to_owned()), ..Place::default() };
    match (remembered, tip) {
        (Remembered::Nothing, None) => {}
        (Remembered::Nothing, Some(_)) => {}
        (Remembered::Garbled, _) => {
            let path = ledger_tip::path(ground.repo).display().to_string();
            ground.warning(
                Rule::Tip,
                Place::path(None, path),
                "the remembered tip can not be read; a ledger that was written anew would not be noticed",
            );
        }
        (Remembered::Tip(known), None) => ground.problem(Rule::Tip, place(Some(known)), "the ledger is gone"),
        (Remembered::Tip(known), Some(tip)) => match Prover::new(ground.objects, Depth::Hashed).holds(tip, known) {
            true => {}
            false if Prover::new(ground.objects, Depth::Hashed).holds(known, tip) => {
                ground.problem(
                    Rule::Tip,
                    place(Some(known)),
                    format!("the ledger was set back to {} and lacks its newest entries", tip.short()),
                );
            }
            false => {
                ground.problem(
                    Rule::Tip,
                    place(Some(known)),
                    format!("the ledger at {} does not hold the entry that was its tip here", tip.short()),
                );
            }
        },
    }
}

/// Writes the notes of a run again; returns how many there are.
fn rebuild_notes(cx: &Context, subject: &Subject<'_>) -> Result<usize, VerifyError> {
    let batch: Vec<(ObjectId, String)> = notes_of(subject.state, subject.events()).into_iter().collect();
    let by = Signature::new(cx.repo.identity()?, cx.clock.now());
    Notes::new(&cx.repo, cx.durability()).write(&batch, &by)?;
    Ok(batch.len())
}
