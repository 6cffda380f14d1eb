//! Checks of what lies in the repository: refs, locks, the ledger.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use super::health::Check;
use super::ledger::{self, Stand};
use crate::domain::ledger::flaw::Severity;
use crate::domain::text::count;
use crate::io::git::lock::{Holder, RunLock};
use crate::io::git::objects::Objects;
use crate::io::git::prove::{Depth, Prover, Step};
use crate::io::git::ref_scan::{BrokenRef, FoundLock, RefDamage, broken_refs, locks};
use crate::ops::context::Context;
use crate::ops::load;
use crate::ops::verify::{NoteCare, VerifyRequest, verify};

/// How old a lock of somebody else's below our refs must be before it counts as forgotten: no program of git holds one for so long.
pub const FORGOTTEN: Duration = Duration::from_secs(60);
/// How many things are named; the rest is counted.
const NAMED: usize = 4;

/// Looks at refs, locks and the ledger.
pub fn checks(cx: &Context) -> Vec<Check> {
    let mut checks = refs(cx);
    checks.extend(lock_files(cx));
    checks.push(ledger(cx));
    checks
}

/// Returns whether a ref is one that git-orc writes and nobody else.
#[must_use]
pub fn is_ours(name: &str) -> bool {
    name.starts_with("refs/orc/") || name == "refs/notes/orc"
}

/// Returns who drives a run now, any of them.
#[must_use]
pub fn driver(cx: &Context) -> Option<Holder> {
    let folders = crate::io::fs::list(&cx.repo.orc_dir().join("runs")).unwrap_or_default();
    let runs = folders.iter().filter_map(|folder| crate::domain::id::RunId::parse(folder.file_name()?.to_str()?).ok());
    runs.filter_map(|run| RunLock::holder(&cx.repo, run).ok().flatten()).next()
}

/// Returns the first names of a list, and how many more there are.
#[must_use]
pub fn named(names: &[String]) -> String {
    let shown = names.iter().take(NAMED).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if names.len() > NAMED { format!("{shown} and {} more", names.len() - NAMED) } else { shown }
}

fn refs(cx: &Context) -> Vec<Check> {
    let broken = Objects::open(&cx.repo).map_err(|e| e.to_string()).and_then(|o| broken_refs(&cx.repo, &o).map_err(|e| e.to_string()));
    let broken = match broken {
        Ok(broken) => broken,
        Err(error) => return vec![Check::problem("refs", error)],
    };
    if broken.is_empty() {
        return vec![Check::ok("refs", "none is empty, torn, or leads to what is missing")];
    }
    let (ours, theirs): (Vec<BrokenRef>, Vec<BrokenRef>) = broken.into_iter().partition(|broken| is_ours(&broken.name));
    let mut checks = Vec::new();
    let tell = |list: &[BrokenRef]| named(&list.iter().map(|one| format!("{} {}", one.name, word(one.damage))).collect::<Vec<_>>());
    if !ours.is_empty() {
        let text = format!("broken, so that `git gc` and `git fetch` fail: {}", tell(&ours));
        checks.push(Check::problem("refs", text).help("git orc doctor --repair"));
    }
    if let Some(first) = theirs.first() {
        let help = match first.damage {
            RefDamage::Empty | RefDamage::Garbled => {
                format!("rm {}; git reflog show {}", cx.repo.common_dir().join(&first.name).display(), first.name)
            }
            RefDamage::Dangling(_) => format!("git update-ref -d {}", first.name),
        };
        checks.push(Check::problem("refs of yours", format!("broken: {}", tell(&theirs))).help(help));
    }
    checks
}

const fn word(damage: RefDamage) -> &'static str {
    match damage {
        RefDamage::Empty => "is empty",
        RefDamage::Garbled => "holds no id",
        RefDamage::Dangling(_) => "leads to what is missing",
    }
}

/// Returns whether a lock is one below our own refs.
#[must_use]
pub fn is_our_lock(cx: &Context, lock: &FoundLock) -> bool {
    let relative = lock.path.strip_prefix(cx.repo.common_dir()).unwrap_or(Path::new(""));
    relative.starts_with("refs/orc") || relative.starts_with("refs/notes/orc.lock")
}

fn lock_files(cx: &Context) -> Vec<Check> {
    let found = match locks(&cx.repo) {
        Ok(found) => found,
        Err(error) => return vec![Check::problem("locks", error.to_string())],
    };
    let (ours, theirs): (Vec<FoundLock>, Vec<FoundLock>) = found.into_iter().partition(|lock| is_our_lock(cx, lock));
    // Those of our own worktrees go with them.
    let is_of_worktree =
        |lock: &FoundLock| lock.path.parent().and_then(Path::file_name).is_some_and(|name| name.to_string_lossy().starts_with("orc-"));
    let theirs: Vec<String> = theirs.iter().filter(|lock| !is_of_worktree(lock)).map(|lock| lock.path.display().to_string()).collect();
    let ours: Vec<String> = ours.iter().map(|lock| lock.path.display().to_string()).collect();
    let mut checks = Vec::new();
    match driver(cx) {
        _ if ours.is_empty() && theirs.is_empty() => checks.push(Check::ok("locks", "none is left behind")),
        Some(holder) if !ours.is_empty() => {
            checks.push(Check::ok("locks", format!("process {} drives a run and holds {}", holder.pid, named(&ours))));
        }
        Some(_) | None if !ours.is_empty() => {
            checks.push(Check::problem("locks", format!("left behind: {}", named(&ours))).help("git orc doctor --repair"));
        }
        Some(_) | None => {}
    }
    if let Some(first) = theirs.first() {
        let text = format!("{}: held by a git command that runs now, or left behind by one that was killed", named(&theirs));
        checks.push(Check::warning("locks of yours", text).help(format!("rm {first}  # when no git command runs")));
    }
    checks
}

fn ledger(cx: &Context) -> Check {
    match ledger::stand(cx) {
        Ok(Stand::None) => return Check::ok("ledger", "there is none yet"),
        Ok(Stand::Sound(_)) => {}
        Ok(Stand::Lost { tip, .. }) => {
            let text = format!("the ref is gone or broken; its newest entry that is found is {}", tip.short());
            return Check::problem("ledger", text).help("git orc doctor --repair");
        }
        Ok(Stand::SetBack { tip, .. }) => {
            let text = format!("the ref was set back; {} was its tip here, with everything up to it", tip.short());
            return Check::problem("ledger", text).help("git orc doctor --repair");
        }
        Ok(Stand::Unclear(what)) => {
            return Check::problem("ledger", what).help("git fsck --lost-found; git update-ref refs/orc/ledger COMMIT");
        }
        Err(error) => return Check::problem("ledger", error),
    }
    let request = VerifyRequest { run: None, depth: Depth::Present, notes: NoteCare::Compare };
    match verify(cx, &request, &mut |_, _, _| {}) {
        Err(error) => Check::problem("ledger", error.to_string()).help("git orc verify"),
        Ok(found) => {
            let told = format!("{} entries of {}", found.entries, count(found.runs, "run"));
            let worst = found.flaws.first().map(|flaw| format!("{}: {}", flaw.rule.name(), flaw.what)).unwrap_or_default();
            match (found.count(Severity::Problem), found.count(Severity::Warning)) {
                (0, 0) => Check::ok("ledger", format!("{told}; `git orc verify` looks closer")),
                (0, n) => Check::warning("ledger", format!("{told}, {} ({worst})", count(n, "warning"))).help("git orc verify"),
                (n, _) => Check::problem("ledger", format!("{told}, {} ({worst})", count(n, "problem"))).help("git orc verify"),
            }
        }
    }
}

/// Returns the runs of the ledger; none when it can not be read, which another check tells.
#[must_use]
pub fn heads(cx: &Context) -> Vec<load::RunHead> {
    let (Ok(objects), Ok(Some(tip))) = (Objects::open(&cx.repo), cx.ledger().tip()) else { return Vec::new() };
    let mut is_sound = true;
    let mut prover = Prover::new(&objects, Depth::Hashed);
    prover.history(tip, |step| {
        is_sound &= matches!(step, Step::Commit(_));
        if is_sound { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    if !is_sound || !objects.tree_of(tip).is_ok_and(|tree| prover.tree(tree).is_empty()) {
        return Vec::new();
    }
    load::runs(&cx.ledger()).unwrap_or_default()
}
