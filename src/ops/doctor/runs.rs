//! Checks of the runs: those that nobody drives, what they left behind.

use super::health::Check;
use super::state::{heads, named};
use crate::domain::text::{clip, count, one_line};
use crate::io::git::lock::RunLock;
use crate::io::git::lock::SessionState;
use crate::io::process::orphan::orphans;
use crate::ops::context::Context;
use crate::ops::leftover::{leftovers, session, worktrees};
use crate::ops::load::RunHead;

/// How many of the newest runs are looked for among the processes.
pub const RECENT: usize = 30;

/// Looks at the runs.
pub fn checks(cx: &Context) -> Vec<Check> {
    let heads = heads(cx);
    vec![open_runs(cx, &heads), worktree_folders(cx, &heads), processes(cx, &heads)]
}

/// Returns whether somebody drives a run.
#[must_use]
pub fn is_driven(cx: &Context, head: &RunHead) -> bool {
    RunLock::holder(&cx.repo, head.run).is_ok_and(|holder| holder.is_some())
}

fn open_runs(cx: &Context, heads: &[RunHead]) -> Check {
    let open: Vec<&RunHead> = heads.iter().filter(|head| !head.status.is_terminal()).collect();
    let left: Vec<&&RunHead> = open.iter().filter(|head| !is_driven(cx, head)).collect();
    let Some(newest) = left.first() else {
        let driven = if open.is_empty() { "none is open".to_owned() } else { format!("{} under way", count(open.len(), "run")) };
        return Check::ok("runs", format!("{}, {driven}", count(heads.len(), "run")));
    };
    let names: Vec<String> = left.iter().map(|head| format!("{} {} {}", head.name, head.run, head.status.word())).collect();
    Check::warning("runs", format!("nobody drives {}", named(&names))).help(format!("git orc resume {}", newest.run))
}

fn worktree_folders(cx: &Context, heads: &[RunHead]) -> Check {
    let found = worktrees(cx).and_then(|worktrees| Ok((leftovers(&worktrees)?, worktrees.root().to_owned())));
    let (found, root) = match found {
        Ok(found) => found,
        Err(error) => return Check::problem("worktrees", error.to_string()),
    };
    let trash = crate::io::fs::list(&root.join(".trash")).map_or(0, |list| list.len());
    let (mut known, mut alien, mut busy) = (Vec::new(), Vec::new(), 0);
    for leftover in found {
        let head = heads.iter().find(|head| Some(head.run) == leftover.run);
        match head {
            Some(head) if !head.status.is_terminal() => busy += 1,
            Some(_) => known.push(leftover.found.path.display().to_string()),
            None => match session(cx, &leftover) {
                SessionState::AtWork => busy += 1,
                SessionState::Over => known.push(leftover.found.path.display().to_string()),
                SessionState::Unknown => alien.push(leftover.found.path.display().to_string()),
            },
        }
    }
    if let Some(first) = alien.first() {
        let text = format!("of no run that the ledger has: {}", named(&alien));
        return Check::warning("worktrees", text).help(format!("git worktree remove {first}"));
    }
    if !known.is_empty() || trash > 0 {
        let trash = if trash > 0 { format!("{} in the trash of {}", trash, root.display()) } else { String::new() };
        let parts: Vec<String> = [named(&known), trash].into_iter().filter(|part| !part.is_empty()).collect();
        let text = format!("of runs and gates that are over: {}", parts.join(", "));
        return Check::warning("worktrees", text).help("git orc doctor --repair");
    }
    let busy = if busy > 0 { format!("{} of open runs", count(busy, "worktree")) } else { "none is left behind".to_owned() };
    Check::ok("worktrees", format!("{busy}, below {}", root.display()))
}

fn processes(cx: &Context, heads: &[RunHead]) -> Check {
    let mut found = Vec::new();
    for head in heads.iter().take(RECENT).filter(|head| !is_driven(cx, head)) {
        for orphan in orphans(&[format!("ORC_RUN={}", head.run).into()]) {
            found.push(format!("{} {}", orphan.process.pid, clip(&one_line(&orphan.command), 60)));
        }
    }
    if found.is_empty() {
        return Check::ok("processes", "none outlived its driver");
    }
    Check::problem("processes", format!("of runs that nobody drives: {}", named(&found))).help("git orc doctor --repair")
}
