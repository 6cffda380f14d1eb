//! Checks of the machine: git, the repository's kind, the disk, the sandbox, the settings and tools.

use std::ffi::OsStr;

use super::health::Check;
use crate::io::git::env::GitVersion;
use crate::io::git::hooks::Owner;
use crate::io::room::{Kind, Room, room};
use crate::io::sandbox::probe::{Bubblewrap, probe};
use crate::io::settings::overlay::LedgerDurability;
use crate::ops::context::Context;
use crate::ops::hook::Hook;
use crate::ops::hook::install;

/// Below this, a warning.
const LITTLE: u64 = 1 << 30;
/// Below this, a problem.
const NOTHING: u64 = 64 << 20;
/// Below this many inodes, a warning.
const FEW: u64 = 10_000;
/// The first version of git with everything that is used.
const GOOD: GitVersion = GitVersion { major: 2, minor: 40 };

/// Looks at the machine.
pub async fn checks(cx: &Context) -> Vec<Check> {
    let mut checks = vec![git(cx), repository(cx), identity(cx)];
    match room(cx.repo.common_dir()) {
        Some(room) => checks.extend([disk(room), file_system(cx, room.kind)]),
        None => checks.push(Check::warning("disk", "the system does not tell how much room there is")),
    }
    checks.push(durability(cx));
    checks.push(sandbox(cx).await);
    checks.extend([hooks(cx), tools(cx)]);
    checks
}

fn git(cx: &Context) -> Check {
    let (version, program) = (cx.repo.version(), cx.repo.env().program().display());
    if version < GOOD {
        return Check::warning("git", format!("version {version} ({program}) works, but {GOOD} or newer is better")).help("git --version");
    }
    Check::ok("git", format!("version {version} ({program})"))
}

fn repository(cx: &Context) -> Check {
    let place = cx.repo.common_dir().display().to_string();
    let shallow = if cx.repo.common_dir().join("shallow").exists() { ", shallow" } else { "" };
    match cx.repo.work_dir() {
        None => Check::ok("repository", format!("{place}: bare, refs in files, SHA-1{shallow}")),
        Some(_) if cx.repo.git_dir() != cx.repo.common_dir() => {
            Check::ok("repository", format!("{place}: seen from a linked worktree, refs in files, SHA-1{shallow}"))
        }
        Some(_) => Check::ok("repository", format!("{place}: refs in files, SHA-1{shallow}")),
    }
}

fn identity(cx: &Context) -> Check {
    match cx.repo.identity() {
        Ok(who) => Check::ok("identity", format!("{} <{}>", who.name, who.email)),
        Err(error) => Check::problem("identity", error.to_string()).help("git config user.name NAME; git config user.email ADDRESS"),
    }
}

fn disk(room: Room) -> Check {
    #[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
    let free = format!("{:.1} GiB free", room.bytes as f64 / f64::from(1 << 30));
    let inodes = room.inodes.map(|inodes| format!(", {inodes} inodes free")).unwrap_or_default();
    let text = free + &inodes;
    if room.bytes < NOTHING || room.inodes.is_some_and(|inodes| inodes < FEW / 100) {
        return Check::problem("disk", format!("{text}: a run would not get far")).help("git orc gc");
    }
    if room.bytes < LITTLE || room.inodes.is_some_and(|inodes| inodes < FEW) {
        return Check::warning("disk", format!("{text}: a run may not get far")).help("git orc gc");
    }
    Check::ok("disk", text)
}

fn file_system(cx: &Context, kind: Kind) -> Check {
    let folds = cx.git_setting("core.ignorecase").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    match kind {
        Kind::Network(name) => Check::warning(
            "file system",
            format!("the repository lies on {name}: locks between machines may not hold, so let one machine run"),
        ),
        Kind::Memory => Check::warning("file system", "the repository lies in memory and is gone after a restart"),
        Kind::Local if folds => Check::warning("file system", "names that differ only in case are one file here (core.ignoreCase)"),
        Kind::Local => Check::ok("file system", "local"),
    }
}

fn durability(cx: &Context) -> Check {
    match cx.settings.durability.value {
        LedgerDurability::Full => Check::ok("durability", "full: an entry is on the disk before anything goes on"),
        LedgerDurability::Relaxed => {
            Check::warning("durability", "relaxed: a loss of power may take the newest entries").help("git config orc.durability full")
        }
    }
}

async fn sandbox(cx: &Context) -> Check {
    let path = cx.environment.var("PATH").map(OsStr::new);
    let probe = probe(&cx.supervisor, path).await;
    let landlock = if probe.landlock == 0 { "no landlock".to_owned() } else { format!("landlock ABI {}", probe.landlock) };
    let bubblewrap = match &probe.bubblewrap {
        Bubblewrap::Works { program } => format!("bubblewrap at {}", program.display()),
        Bubblewrap::Missing => "no bubblewrap".to_owned(),
        Bubblewrap::Refused(reason) => format!("bubblewrap does not work ({reason})"),
        Bubblewrap::Unasked => "bubblewrap was not tried".to_owned(),
    };
    let best = probe.best();
    let text = format!("{landlock}, {bubblewrap}; `auto` means {best}");
    if best == crate::domain::policy::sandbox::SandboxLevel::None {
        return Check::warning("sandbox", format!("{text}: tools can write wherever you can"));
    }
    Check::ok("sandbox", text)
}

fn hooks(cx: &Context) -> Check {
    let status = match install::status(cx, Hook::PrePush) {
        Ok(status) => status,
        Err(error) => return Check::warning("hooks", error.to_string()),
    };
    let owner = match &status.file.owner {
        Owner::Nobody => "nobody has one".to_owned(),
        Owner::Ours(_) => "the file is ours".to_owned(),
        Owner::Other(who) => format!("the file belongs to {who}"),
    };
    let set = cx.git_setting("core.hookspath").map(|path| format!("; core.hooksPath is `{path}`")).unwrap_or_default();
    let word = if status.is_active() { "pre-push asks the gates" } else { "pre-push asks no gate" };
    let text = format!("{word} ({owner}){set}");
    if status.is_active() && !status.notes.is_empty() {
        return Check::warning("hooks", format!("{text}: {}", status.notes.join("; ")));
    }
    Check::ok("hooks", text)
}

fn tools(cx: &Context) -> Check {
    let (mut there, mut missing) = (Vec::new(), Vec::new());
    for tool in cx.tools.tools() {
        let is_there = tool.profile.binary().is_none_or(|binary| cx.environment.finds(binary));
        if is_there { there.push(tool.profile.id.to_string()) } else { missing.push(tool.profile.id.to_string()) }
    }
    let missing = if missing.is_empty() { String::new() } else { format!("; not installed: {}", missing.join(", ")) };
    Check::ok("tools", format!("ready: {}{missing}", there.join(", ")))
}
