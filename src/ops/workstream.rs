//! `workstream`: puts a workstream into a plan, and tells what is known of workstreams, in plans and in runs.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bstr::ByteSlice as _;
use serde_json::{Map, Value, json};
use similar::TextDiff;

use crate::domain::document::diagnostic::Diagnostic;
use crate::domain::document::source::{MARK, SourceFile};
use crate::domain::id::{EntryId, RepoPath, RunId, WorkstreamId};
use crate::domain::ledger::codec::{self, EncodeError};
use crate::domain::ledger::entry::Entry;
use crate::domain::plan::append::{AppendError, append, first};
use crate::domain::plan::model::CheckedPlan;
use crate::domain::report::timeline::{AttemptLine, timeline};
use crate::domain::report::workstreams::{Checkpoint, WorkstreamRow, checkpoints, rows};
use crate::domain::run::event::Event;
use crate::domain::run::planning::WorkstreamCreated;
use crate::domain::run::shelf::plan_path;
use crate::domain::run::state::{PatchRecord, RunState};
use crate::domain::schedule::waves::schedule;
use crate::domain::text::one_line;
use crate::io::fs::{self, Durability, FsError};
use crate::io::git::inspect::InspectError;
use crate::io::git::ledger_ref::{FileUpdate, LedgerError, LedgerRef, NewEntry};
use crate::io::git::lock::{FileLock, LockError};
use crate::io::git::signature::Identity;
use crate::ops::context::Context;
use crate::ops::find::{FindError, Meant, find, find_run};
use crate::ops::frozen::{FrozenError, digest_of_text, thaw};
use crate::ops::load::{LoadError, load_state, run_entries};
use crate::ops::pipelines::PipelinesError;
use crate::ops::plan_source::{PlanKind, PlanSource, PlanSourceError};

/// The kind of the entries that tell who planned a workstream.
const KIND: &str = "workstream_created";

/// How long a workstream waits for another one that is put into a plan.
const PATIENCE: Duration = Duration::from_secs(60);

/// The error of a verb on workstreams.
#[derive(Debug, thiserror::Error)]
pub enum WorkstreamError {
    /// The plan can not be read.
    #[error(transparent)]
    Source(#[from] PlanSourceError),
    /// Pipelines can not be read.
    #[error(transparent)]
    Pipelines(#[from] PipelinesError),
    /// The plan is a folder of bundles.
    #[error("`{}` is a folder of bundles", .0.display())]
    Folder(PathBuf),
    /// The workstream can not be put into the text.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The plan has mistakes, or would have them.
    #[error("the plan is not valid: {}", diagnostics.first().map(ToString::to_string).unwrap_or_default())]
    Invalid {
        /// What is wrong.
        diagnostics: Vec<Diagnostic>,
        /// The text in which it is wrong.
        files: Vec<SourceFile>,
    },
    /// No workstream of a plan has this name.
    #[error("the plan has no workstream `{0}`")]
    Unknown(String),
    /// There is no such run or workstream.
    #[error(transparent)]
    Find(#[from] FindError),
    /// The run can not be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The frozen plan can not be read.
    #[error(transparent)]
    Frozen(#[from] Box<FrozenError>),
    /// Git does not know who the user is.
    #[error(transparent)]
    Identity(#[from] InspectError),
    /// The entry has no JSON form.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The ledger can not be read or written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Another process puts workstreams into plans.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The plan can not be written.
    #[error(transparent)]
    File(#[from] FsError),
}

/// A workstream that is to be put into a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewWorkstream {
    /// Its id.
    pub id: String,
    /// Its keys with one text, in the order in which they are written.
    pub texts: Vec<(&'static str, String)>,
    /// Its keys with a list of texts, likewise; empty ones are left out.
    pub lists: Vec<(&'static str, Vec<String>)>,
}

impl NewWorkstream {
    fn record(&self) -> Map<String, Value> {
        let mut record = Map::from_iter([("id".to_owned(), json!(self.id))]);
        record.extend(self.texts.iter().map(|(key, text)| ((*key).to_owned(), json!(text))));
        record.extend(self.lists.iter().filter(|(_, list)| !list.is_empty()).map(|(key, list)| ((*key).to_owned(), json!(list))));
        record
    }
}

/// Whether anything is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writing {
    /// The plan and an entry of the ledger.
    Do,
    /// Nothing.
    Show,
}

/// A workstream that was put into a plan, or would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// The workstream.
    pub id: String,
    /// The plan, as it was named.
    pub plan: String,
    /// What it changes in the plan, as a diff.
    pub diff: String,
    /// The SHA-256 of the plan's text afterwards.
    pub digest: String,
    /// The entry of the ledger, when it was written.
    pub entry: Option<EntryId>,
    /// What there is to say about the plan.
    pub notes: Vec<Diagnostic>,
}

/// Puts a workstream into a plan, which is made when it is not there. The result is checked before anything is written; the plan is then
/// replaced as a whole, and an entry of the ledger keeps its text. One process does so at a time, or one would write over what another one put in.
///
/// # Errors
/// Returns [`WorkstreamError`] when the plan would not be valid, or something can not be written; the plan is then as it was.
pub fn create(cx: &Context, plan: &Path, new: &NewWorkstream, writing: Writing) -> Result<Created, WorkstreamError> {
    let named = cx.cwd.join(plan);
    if named.is_dir() {
        return Err(WorkstreamError::Folder(plan.to_owned()));
    }
    let lock = || FileLock::take(&cx.repo.orc_dir().join("plans.lock"), "the making of workstreams", None, PATIENCE);
    let _lock = if writing == Writing::Do { Some(lock()?) } else { None };
    // A link to a plan stays one: what it leads to is replaced.
    let path = named.canonicalize().unwrap_or(named);
    let old = if path.symlink_metadata().is_ok() { Some(PlanSource::read(&cx.cwd, plan)?.with(cx.phases()?)) } else { None };
    let shown = plan.display().to_string();
    let old = old.as_ref().and_then(|old| old.files.first());
    let text = match old {
        Some(file) => append(file, &new.record())?,
        None => first(SourceFile::new(&shown, "").format, &new.record())?,
    };
    let folder = path.parent().unwrap_or(&cx.cwd).to_owned();
    let source =
        PlanSource { name: shown.clone(), folder, files: vec![SourceFile::new(&shown, &text)], kind: PlanKind::File, phases: cx.phases()? };
    let (_, notes) = checked(cx, &source)?;
    let digest = digest_of_text(text.as_bytes());
    let diff = TextDiff::from_lines(old.map_or("", |old| old.text.as_str()), &text);
    let diff = diff.unified_diff().context_radius(2).header(&format!("a/{shown}"), &format!("b/{shown}")).to_string();
    let mut created = Created { id: new.id.clone(), plan: shown, diff, digest, entry: None, notes };
    if writing == Writing::Do {
        created.entry = Some(write(cx, &created, (&path, old), text)?);
    }
    Ok(created)
}

/// Writes the plan and its entry. A plan whose entry can not be written is put back.
fn write(cx: &Context, created: &Created, (path, old): (&Path, Option<&SourceFile>), text: String) -> Result<EntryId, WorkstreamError> {
    // Asked before anything is written: without it there would be a plan and no entry.
    let who = cx.repo.identity()?;
    let mark = if old.is_some() && fs::read_at_most(path, MARK.len() as u64)? == MARK.as_bytes() { MARK } else { "" };
    let put = |text: &str| fs::write_atomic(path, format!("{mark}{text}").as_bytes(), Durability::Full);
    put(&text)?;
    record(cx, created, (&who, text)).inspect_err(|_| {
        let _put_back = match old {
            Some(old) => put(&old.text),
            None => fs::remove_file(path).map(|_| ()),
        };
    })
}

fn checked(cx: &Context, source: &PlanSource) -> Result<(CheckedPlan, Vec<Diagnostic>), WorkstreamError> {
    let invalid = |diagnostics| WorkstreamError::Invalid { diagnostics, files: source.files.clone() };
    source.check(&cx.settings, (&cx.tools, &cx.registry)).map_err(invalid)
}

/// Makes the first checkpoint of a workstream: an entry that belongs to no run, with the plan's text in the ledger's tree.
fn record(cx: &Context, created: &Created, (who, text): (&Identity, String)) -> Result<EntryId, WorkstreamError> {
    let ledger = LedgerRef::new(&cx.repo, Identity { name: "git-orc".to_owned(), email: who.email.clone() }, cx.durability());
    let workstream = WorkstreamId::parse(&created.id).map_err(|_| WorkstreamError::Unknown(created.id.clone()))?;
    let event = Event::WorkstreamCreated(WorkstreamCreated {
        workstream,
        plan: one_line(&created.plan),
        digest: created.digest.clone(),
        session: cx.clock.ulid().to_string(),
        who: one_line(&format!("{} <{}>", who.name, who.email)),
    });
    let entry = codec::entry(EntryId::new(cx.clock.ulid()), cx.clock.now(), RunId::NONE, event);
    let file = FileUpdate { path: RepoPath::from(plan_path(&created.digest).as_str()), content: Some(text.into_bytes()) };
    let message = codec::to_message(&entry)?.into_bytes();
    ledger.append(&[NewEntry { message, author: who.clone(), time: entry.ts, files: vec![file] }])?;
    Ok(entry.id)
}

/// Workstreams of a plan or of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Listing {
    /// The plan's name.
    pub plan: String,
    /// The run.
    pub run: Option<RunId>,
    /// The files of the plan, as they were named.
    pub files: Vec<String>,
    /// The workstreams, in plan order.
    pub rows: Vec<WorkstreamRow>,
}

/// Lists the workstreams of a plan file or folder, or of a run; without a name, of the newest run.
///
/// # Errors
/// Returns [`WorkstreamError`] when there is no such plan or run, or it can not be read.
pub fn list(cx: &Context, what: Option<&str>) -> Result<Listing, WorkstreamError> {
    if let Some(path) = what.map(Path::new).filter(|path| cx.cwd.join(path).exists()) {
        return of_plan(cx, path);
    }
    let run = find_run(&cx.ledger(), what)?;
    of_run(cx, &load_state(&cx.ledger(), run)?)
}

fn of_plan(cx: &Context, path: &Path) -> Result<Listing, WorkstreamError> {
    let source = PlanSource::read(&cx.cwd, path)?.with(cx.phases()?);
    let (plan, _) = checked(cx, &source)?;
    let rows = rows(&plan, &schedule(&plan).waves, None);
    Ok(Listing { plan: plan.name, run: None, files: source.files.into_iter().map(|file| file.path).collect(), rows })
}

fn of_run(cx: &Context, state: &RunState) -> Result<Listing, WorkstreamError> {
    let ledger = cx.ledger();
    let tip = ledger.tip()?.ok_or(LoadError::UnknownRun(state.run))?;
    let thawed = thaw(&ledger, tip, state.run).map_err(Box::new)?;
    let files = thawed.files.into_iter().map(|file| file.path).collect();
    Ok(Listing { plan: state.name.clone(), run: Some(state.run), files, rows: rows(&thawed.plan, &state.waves, Some(state)) })
}

/// All that is known of one workstream.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// The plan's name.
    pub plan: String,
    /// The run.
    pub run: Option<RunId>,
    /// The workstream.
    pub row: WorkstreamRow,
    /// Its attempts.
    pub attempts: Vec<AttemptLine>,
    /// Its patches.
    pub patches: Vec<PatchRecord>,
    /// Its checkpoints, oldest first.
    pub checkpoints: Vec<Checkpoint>,
}

/// Where a workstream is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where<'a> {
    /// In the newest run that has it.
    Anywhere,
    /// In this run.
    Run(&'a str),
    /// In this plan.
    Plan(&'a Path),
}

/// Returns all that is known of a workstream.
///
/// # Errors
/// Returns [`WorkstreamError`] when there is none, or it can not be read.
pub fn show(cx: &Context, id: &str, place: Where<'_>) -> Result<Known, WorkstreamError> {
    let ledger = cx.ledger();
    let (listing, state) = match place {
        Where::Plan(path) => (of_plan(cx, path)?, None),
        Where::Anywhere | Where::Run(_) => {
            let text = if let Where::Run(run) = place { format!("{run}/{id}") } else { id.to_owned() };
            let Meant::Workstream(state, _) = find(&ledger, &text)? else { return Err(WorkstreamError::Unknown(id.to_owned())) };
            (of_run(cx, &state)?, Some(state))
        }
    };
    let row = listing.rows.into_iter().find(|row| row.id.as_str() == id).ok_or_else(|| WorkstreamError::Unknown(id.to_owned()))?;
    let mut entries = planned(&ledger, id)?;
    // Workstreams of other plans have the same name, and this plan may have got one of it only after the run had begun.
    entries.retain(|entry| {
        let is_before = state.as_ref().and_then(|state| state.started).is_none_or(|started| entry.ts <= started);
        matches!(entry.event(), Some(Event::WorkstreamCreated(created)) if is_before && is_file(&listing.files, &created.plan))
    });
    if let Some(state) = &state {
        entries.extend(run_entries(&ledger, state.run)?);
    }
    let own = state.as_ref().and_then(|state| state.workstreams.get(&row.id));
    Ok(Known {
        plan: listing.plan,
        run: listing.run,
        attempts: timeline(&entries, &row.id),
        patches: own.map(|own| own.patches.clone()).unwrap_or_default(),
        checkpoints: checkpoints(&entries, &row.id),
        row,
    })
}

/// Returns whether one of these files has the name of this one. Where they lie is not compared: each was named from some folder.
fn is_file(files: &[String], named: &str) -> bool {
    let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    files.iter().any(|file| name(&one_line(file)) == name(named))
}

/// Returns the entries that tell who put a workstream of this name into a plan, oldest first.
fn planned(ledger: &LedgerRef, id: &str) -> Result<Vec<Entry>, WorkstreamError> {
    let Some(tip) = ledger.tip()? else { return Ok(Vec::new()) };
    let mut entries = Vec::new();
    ledger.walk_back(tip, |commit| {
        // Decoding costs more than looking for a word.
        if commit.message.contains_str(KIND)
            && let Ok(entry) = codec::from_message(&commit.message)
            && matches!(entry.event(), Some(Event::WorkstreamCreated(created)) if created.workstream.as_str() == id)
        {
            entries.push(entry);
        }
        ControlFlow::Continue(())
    })?;
    entries.reverse();
    Ok(entries)
}
