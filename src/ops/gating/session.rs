//! The ground on which gates run outside of any run: one worktree, made when the first of them needs it, and taken away at the end.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::error::GatingError;
use super::range::Target;
use super::request::Keeping;
use super::ungated;
use crate::domain::gate::metric::Metric;
use crate::domain::gate::model::Gate;
use crate::domain::id::{EntryId, RepoPath, RunId};
use crate::domain::ledger::codec;
use crate::domain::plan::model::CheckedPlan;
use crate::domain::policy::budget::Budget;
use crate::domain::policy::governance::model::Governance;
use crate::domain::prompt::template::Templates;
use crate::domain::run::config::RunConfig;
use crate::domain::run::event::Event;
use crate::domain::run::purse::Elsewhere;
use crate::domain::run::shelf::shelf_file;
use crate::engine::closing;
use crate::engine::context::RunContext;
use crate::engine::folder::RunFolder;
use crate::engine::signals::{self, StopSignal};
use crate::io::fs;
use crate::io::git::ledger_ref::{FileUpdate, LedgerRef, NewEntry};
use crate::io::git::lock::{SessionLock, SessionState};
use crate::io::git::signature::Identity;
use crate::ops::begin::{self, Begun};
use crate::ops::context::Context;
use crate::ops::leftover::sweep_sessions;
use crate::ops::reread;

/// The name under which the gates of a session stand where a run has the name of its plan.
const NAME: &str = "gates";
/// How many sessions keep their outputs.
const KEPT: usize = 30;

/// The ground on which gates run.
pub struct Session<'a> {
    cx: &'a Context,
    id: RunId,
    keeping: Keeping,
    stop: Option<StopSignal>,
    ground: Option<(RunContext, SessionLock)>,
}

impl<'a> Session<'a> {
    /// Returns a session in which nothing runs yet.
    #[must_use]
    pub fn new(cx: &'a Context, keeping: Keeping, stop: Option<StopSignal>) -> Self {
        Self { cx, id: RunId::new(cx.clock.ulid()), keeping, stop, ground: None }
    }

    /// Returns its name: a ULID.
    #[must_use]
    pub fn name(&self) -> String {
        self.id.to_string()
    }

    /// Returns the folder of its outputs.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        RunFolder::of_gates(&self.cx.repo.orc_dir(), self.id).path().to_owned()
    }

    /// Returns whether somebody wants it to end.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.ground.as_ref().is_some_and(|(cx, _)| cx.is_stopping())
    }

    /// Returns how many runs stand in the range of a gate without a verdict, where it asks for that.
    ///
    /// # Errors
    /// Returns [`GatingError`] when the ledger can not be read.
    pub fn ungated(&self, gate: &Gate, target: &Target) -> Result<Option<u32>, GatingError> {
        let is_asked = gate.conditions.iter().any(|condition| condition.metric == Metric::Ungated);
        is_asked.then(|| Ok(u32::try_from(ungated::runs(self.cx, target)?.len()).unwrap_or(u32::MAX))).transpose()
    }

    /// Returns everything that a gate can reach; made ready by the first one that asks.
    ///
    /// # Errors
    /// Returns [`GatingError`] when it can not be made ready.
    pub async fn run_context(&mut self) -> Result<RunContext, GatingError> {
        if let Some((cx, _)) = &self.ground {
            return Ok(cx.clone());
        }
        let cx = self.cx;
        let plan = CheckedPlan {
            workflows: Vec::new(),
            name: NAME.to_owned(),
            base: String::new(),
            target: format!("orc/{NAME}"),
            max_workers: None,
            wave_delay_sec: 0,
            fail_fast: false,
            cache: None,
            fluid: false,
            budget: Budget::default(),
            gates: Vec::new(),
            workstreams: Vec::new(),
        };
        let config = RunConfig {
            breaker: cx.settings.limits.breaker,
            timeout_sec: cx.settings.timeout_sec.value,
            sandbox: begin::rules(&cx.settings),
            ..RunConfig::of_workers(1)
        };
        let (hold, _notes) = begin::hold(cx, &cx.settings, (self.id, config.sandbox, &config)).await?;
        let folder = RunFolder::of_gates(&cx.repo.orc_dir(), self.id);
        let reader = reread::reader(cx, &plan, &config);
        let begun = Begun {
            run: self.id,
            plan,
            inputs: BTreeMap::new(),
            templates: Templates::default(),
            config,
            governance: Governance::default(),
            elsewhere: Elsewhere::default(),
            folder,
            reader,
        };
        let run_cx = begin::run_context(cx, &cx.settings, (begun, hold))?;
        let lock = SessionLock::take(&cx.repo, self.id)?;
        if let Err(error) = sweep_sessions(cx, &run_cx.worktrees) {
            tracing::warn!(%error, "worktrees of gates that were cut short could not be looked at");
        }
        tidy(cx)?;
        if let Some(stop) = self.stop.take() {
            signals::obey(run_cx.clone(), stop);
        }
        self.ground = Some((run_cx.clone(), lock));
        Ok(run_cx)
    }

    /// Makes entries of what was found.
    ///
    /// # Errors
    /// Returns [`GatingError`] when they can not be written.
    pub fn record(&self, events: Vec<Event>) -> Result<(), GatingError> {
        match self.keeping {
            Keeping::Ledger => record(self.cx, events),
            Keeping::Nothing => Ok(()),
        }
    }

    /// Takes the worktree away.
    pub async fn close(self) {
        if let Some((cx, _lock)) = self.ground {
            closing::leave(&cx).await;
            cx.hold.clear();
        }
    }
}

/// Makes entries of events that belong to no run, and of what the ledger's tree holds of them.
///
/// # Errors
/// Returns [`GatingError`] when they can not be written.
pub fn record(cx: &Context, events: Vec<Event>) -> Result<(), GatingError> {
    if events.is_empty() {
        return Ok(());
    }
    let operator = cx.repo.identity()?;
    let ledger = LedgerRef::new(&cx.repo, Identity { name: "git-orc".to_owned(), email: operator.email.clone() }, cx.durability());
    let mut batch = Vec::new();
    for event in events {
        let entry = codec::entry(EntryId::new(cx.clock.ulid()), cx.clock.now(), RunId::NONE, event);
        let file = shelf_file(&entry);
        let files = file.map(|(path, content)| FileUpdate { path: RepoPath::from(path.as_str()), content: Some(content) });
        let message = codec::to_message(&entry)?.into_bytes();
        batch.push(NewEntry { message, author: operator.clone(), time: entry.ts, files: files.into_iter().collect() });
    }
    ledger.append(&batch)?;
    Ok(())
}

/// Removes the outputs of all but the newest sessions.
fn tidy(cx: &Context) -> Result<(), GatingError> {
    let folder = cx.repo.orc_dir().join("gates").join("sessions");
    let all = match fs::list(&folder) {
        Ok(all) => all,
        Err(error) if error.is_not_found() => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    for old in all.iter().rev().skip(KEPT) {
        let session = old.file_name().and_then(|name| RunId::parse(name.to_str()?).ok());
        let is_at_work =
            session.is_some_and(|session| SessionLock::state(&cx.repo, session).is_ok_and(|state| state == SessionState::AtWork));
        if !is_at_work {
            fs::remove_dir_all(old)?;
        }
    }
    Ok(())
}
