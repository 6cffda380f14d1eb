//! What can safely be put right: our own locks, refs, notes, worktrees and processes. Nothing of the user's is touched.

use std::collections::BTreeMap;
use std::time::Duration;

use super::ledger::{self, Stand};
use super::rollbacks;
use super::runs::{RECENT, is_driven};
use super::state::{FORGOTTEN, driver, heads, is_our_lock, is_ours};
use crate::domain::id::{ObjectId, RunId};
use crate::domain::ledger::entry::Entry;
use crate::domain::run::event::Event;
use crate::domain::run::tending::Mended;
use crate::domain::text::{clip, one_line};
use crate::io::fs::remove_file;
use crate::io::git::lock::RunLock;
use crate::io::git::notes::{NOTES_REF, Notes};
use crate::io::git::objects::Objects;
use crate::io::git::ref_scan::{RefDamage, broken_refs, locks, take_away};
use crate::io::git::refs::Refs;
use crate::io::git::signature::Signature;
use crate::io::process::orphan::{OrphanEnd, sweep};
use crate::ops::context::Context;
use crate::ops::leftover::{Fate, leftovers, remove, sweep_sessions, worktrees};
use crate::ops::load::{RunHead, load_state, run_entries};
use crate::ops::tend::record;
use crate::ops::verify::views::{notes_of, refs_of};

/// What was done: for whom, if for a run, and one sentence each.
#[derive(Default)]
struct Log(Vec<(Option<RunId>, String)>);

impl Log {
    fn say(&mut self, run: Option<RunId>, what: impl Into<String>) {
        self.0.push((run, what.into()));
    }
}

/// One part of mending.
type Part = fn(&Context, &mut Log) -> Result<(), String>;

/// Mends what can safely be mended. Returns what was done, one sentence each; also what could not be done.
pub async fn mend(cx: &Context) -> Vec<String> {
    let mut log = Log::default();
    if let Some(holder) = driver(cx) {
        log.say(None, format!("process {} drives a run; refs and locks are left alone until it has ended", holder.pid));
    } else {
        let steps: [(&str, Part); 3] = [("locks", stale_locks), ("the ledger", restore_ledger), ("refs", mend_refs)];
        for (what, step) in steps {
            if let Err(error) = step(cx, &mut log) {
                log.say(None, format!("{what} could not be mended: {error}"));
            }
        }
    }
    let heads = heads(cx);
    for what in rollbacks::mend(cx, &heads) {
        log.say(None, what);
    }
    processes(cx, &heads, &mut log).await;
    if let Err(error) = clear_worktrees(cx, &heads, &mut log) {
        log.say(None, format!("worktrees could not be removed: {error}"));
    }
    record_all(cx, &mut log);
    log.0.into_iter().map(|(_, what)| what).collect()
}

/// Records what was done for runs in the ledger.
fn record_all(cx: &Context, log: &mut Log) {
    let mut by_run: BTreeMap<RunId, Vec<String>> = BTreeMap::new();
    for (run, what) in &log.0 {
        if let Some(run) = run {
            by_run.entry(*run).or_default().push(what.clone());
        }
    }
    for (run, done) in by_run {
        let recorded = RunLock::take(&cx.repo, run)
            .map_err(|error| error.to_string())
            .and_then(|held| record(cx, &held, run, |round| Event::RunMended(Mended { round, done })).map_err(|error| error.to_string()));
        if let Err(error) = recorded {
            log.say(None, format!("what was done for run {run} could not be recorded: {error}"));
        }
    }
}

fn stale_locks(cx: &Context, log: &mut Log) -> Result<(), String> {
    let text = |error: &dyn std::error::Error| error.to_string();
    for path in Refs::new(&cx.repo, cx.durability()).remove_stale_locks().map_err(|e| text(&e))? {
        log.say(None, format!("removed the lock {} of a dead process", path.display()));
    }
    for lock in locks(&cx.repo).map_err(|e| text(&e))?.iter().filter(|lock| is_our_lock(cx, lock)) {
        if lock.age < FORGOTTEN {
            log.say(None, format!("left the lock {}, which is younger than {} s", lock.path.display(), FORGOTTEN.as_secs()));
        } else if remove_file(&lock.path).map_err(|e| text(&e))? {
            log.say(None, format!("removed the forgotten lock {}", lock.path.display()));
        }
    }
    Ok(())
}

fn restore_ledger(cx: &Context, log: &mut Log) -> Result<(), String> {
    match ledger::stand(cx)? {
        Stand::None | Stand::Sound(_) | Stand::Unclear(_) => Ok(()),
        Stand::Lost { tip } | Stand::SetBack { tip } => {
            cx.ledger().restore(tip).map_err(|error| error.to_string())?;
            log.say(None, format!("put refs/orc/ledger back to {}", tip.short()));
            Ok(())
        }
    }
}

/// Takes our broken refs away, and puts those back that the ledger knows.
fn mend_refs(cx: &Context, log: &mut Log) -> Result<(), String> {
    let objects = Objects::open(&cx.repo).map_err(|error| error.to_string())?;
    let broken = broken_refs(&cx.repo, &objects).map_err(|error| error.to_string())?;
    let refs = Refs::new(&cx.repo, cx.durability());
    let mut gone = Vec::new();
    for one in broken.into_iter().filter(|one| is_ours(&one.name)) {
        match one.damage {
            RefDamage::Empty | RefDamage::Garbled => take_away(&cx.repo, &one.name).map_err(|error| error.to_string())?,
            RefDamage::Dangling(id) => refs.delete(&one.name, id).map_err(|error| error.to_string())?,
        }
        gone.push(one.name);
    }
    for head in heads(cx).iter().filter(|head| !is_driven(cx, head)) {
        let entries = run_entries(&cx.ledger(), head.run).map_err(|error| error.to_string())?;
        for (name, commit) in refs_of(head.run, entries.iter().filter_map(Entry::event)) {
            let found = refs.read(&name).map_err(|error| error.to_string())?;
            // A ref of an open run may be ahead of the ledger; a resume looks at it.
            let is_wrong = found.is_none_or(|found| found != commit && head.status.is_terminal());
            if is_wrong && objects.exists(commit) {
                refs.update(&name, found, commit, None).map_err(|error| error.to_string())?;
                gone.retain(|gone| *gone != name);
                log.say(Some(head.run), format!("put {name} back to {}", commit.short()));
            }
        }
        if gone.iter().any(|name| name == NOTES_REF) {
            rebuild_notes(cx, head, &entries).map_err(|error| error.to_string())?;
        }
    }
    for name in gone {
        let what = if name == NOTES_REF {
            "wrote the notes of refs/notes/orc again".to_owned()
        } else {
            format!("removed {name}, which was broken and which no entry knows")
        };
        log.say(None, what);
    }
    Ok(())
}

fn rebuild_notes(cx: &Context, head: &RunHead, entries: &[Entry]) -> Result<(), Box<dyn std::error::Error>> {
    let state = load_state(&cx.ledger(), head.run)?;
    let notes: Vec<(ObjectId, String)> = notes_of(&state, entries.iter().filter_map(Entry::event)).into_iter().collect();
    Notes::new(&cx.repo, cx.durability()).write(&notes, &Signature::new(cx.repo.identity()?, cx.clock.now()))?;
    Ok(())
}

async fn processes(cx: &Context, heads: &[RunHead], log: &mut Log) {
    for head in heads.iter().take(RECENT) {
        // Held meanwhile: whoever resumes the run now starts processes that are not to be ended.
        let Ok(_held) = RunLock::take(&cx.repo, head.run) else { continue };
        for (orphan, end) in sweep(&[format!("ORC_RUN={}", head.run).into()], Duration::from_secs(5)).await {
            let word = match end {
                OrphanEnd::Gone => "had ended already",
                OrphanEnd::Ended => "was ended",
                OrphanEnd::Killed => "was killed",
                OrphanEnd::Alive => "could not be ended",
            };
            log.say(Some(head.run), format!("process {} {word}: {}", orphan.process.pid, clip(&one_line(&orphan.command), 80)));
        }
    }
}

/// Removes the worktrees of runs that are over, and what was on its way out.
fn clear_worktrees(cx: &Context, heads: &[RunHead], log: &mut Log) -> Result<(), String> {
    let worktrees = worktrees(cx).map_err(|error| error.to_string())?;
    for leftover in leftovers(&worktrees).map_err(|error| error.to_string())? {
        let Some(head) = heads.iter().find(|head| Some(head.run) == leftover.run && head.status.is_terminal()) else { continue };
        let Ok(_held) = RunLock::take(&cx.repo, head.run) else { continue };
        let state = load_state(&cx.ledger(), head.run).map_err(|error| error.to_string())?;
        let path = leftover.found.path.display().to_string();
        match remove(&worktrees, &leftover, &state) {
            Fate::Removed => log.say(Some(head.run), format!("removed the worktree {path}, with everything in it recorded")),
            Fate::Kept(reason) => log.say(None, format!("kept the worktree {path}: {reason}")),
        }
    }
    for path in sweep_sessions(cx, &worktrees).map_err(|error| error.to_string())? {
        log.say(None, format!("removed the worktree {} of gates that were cut short", path.display()));
    }
    let emptied = worktrees.empty_trash().map_err(|error| error.to_string())?;
    if emptied > 0 {
        log.say(None, format!("emptied the trash below {}", worktrees.root().display()));
    }
    Ok(())
}
