//! Programs that try to get away: sessions of their own, double forks, ignored signals, killed supervisors.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::time::{Duration, Instant};

use git_orc::domain::policy::sandbox::SandboxLevel;
use git_orc::domain::tool::outcome::Ending;
use git_orc::io::process::orphan::{OrphanEnd, orphans, sweep};
use git_orc::io::process::request::{ProcessOutcome, ProcessRequest, never_cancelled};
use git_orc::io::process::spawn;
use git_orc::io::process::table::is_running;
use git_orc::io::sandbox::confinement::Confinement;
use git_orc::io::sandbox::probe::probe_kernel;

use crate::harness::{rounds, supervisor};

/// Ways to get away, each of which leaves behind something that would run for minutes.
const ESCAPES: [(&str, &str); 7] = [
    ("background", "sleep 301 &"),
    ("session", "setsid sleep 302 &"),
    ("double fork", "(setsid sh -c 'sleep 303 & sleep 304' &) &"),
    ("ignores TERM", "sh -c 'trap \"\" TERM INT HUP; while :; do sleep 305; done' &"),
    ("hangup", "nohup sleep 306 >/dev/null 2>&1 &"),
    ("no environment", "env -i setsid /bin/sleep 307 &"),
    ("stopped", "setsid sh -c 'kill -STOP $$; sleep 308' &"),
];

fn marks(name: &str) -> Vec<OsString> {
    let unique = format!("{name}-{}-{:?}", std::process::id(), std::thread::current().id());
    vec![format!("ORC_RUN={unique}").into(), format!("ORC_WORKTREE=/{unique}").into()]
}

fn sh(script: &str, marks: &[OsString]) -> ProcessRequest {
    let pairs = marks.iter().map(|mark| mark.to_str().unwrap().split_once('=').unwrap());
    let mut env: BTreeMap<OsString, OsString> = pairs.map(|(name, value)| (name.into(), value.into())).collect();
    env.insert("PATH".into(), "/usr/bin:/bin".into());
    ProcessRequest::new(["sh", "-c", script].map(OsString::from).into(), std::env::temp_dir(), env)
}

async fn run(request: ProcessRequest) -> ProcessOutcome {
    tokio::time::timeout(Duration::from_secs(20), spawn::run(&supervisor(), request, never_cancelled())).await.unwrap().unwrap()
}

/// Returns the command lines of the sleeps of [`ESCAPES`] that run with this working folder.
fn sleepers(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let (cwd, line) = (entry.path().join("cwd"), entry.path().join("cmdline"));
        if std::fs::read_link(cwd).is_ok_and(|cwd| cwd == folder) {
            found.push(String::from_utf8_lossy(&std::fs::read(line).unwrap_or_default()).replace('\0', " "));
        }
    }
    found.retain(|line| !line.is_empty());
    found
}

#[tokio::test]
async fn nothing_gets_away() {
    for (name, escape) in ESCAPES {
        let folder = tempfile::tempdir().unwrap();
        let mut request = sh(&format!("{escape} sleep 0.05; exit 3"), &[]);
        request.cwd = folder.path().canonicalize().unwrap();
        let outcome = run(request).await;
        assert_eq!(outcome.ending, Ending::Exited { code: 3 }, "{name}");
        assert!(outcome.swept >= 1, "{name}: {outcome:?}");
        assert_eq!(sleepers(&folder.path().canonicalize().unwrap()), Vec::<String>::new(), "{name}");
        assert!(outcome.elapsed < Duration::from_secs(3), "{name}: {:?}", outcome.elapsed);
    }
}

#[tokio::test]
async fn what_is_left_behind_is_asked_before_it_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let script = "setsid sh -c 'trap \"echo bye >said; exit 0\" TERM; touch up; while :; do sleep 0.01; done' & while ! test -e up; do sleep 0.01; done";
    let mut request = sh(script, &[]);
    request.cwd = folder.path().to_owned();
    run(request).await;
    assert_eq!(std::fs::read_to_string(folder.path().join("said")).unwrap(), "bye\n");
}

#[tokio::test]
async fn a_limit_ends_everything_with_the_grace_that_was_promised() {
    let folder = tempfile::tempdir().unwrap();
    let polite = "sh -c 'trap \"sleep 0.5; echo saved >said; exit 0\" TERM; touch up; while :; do sleep 0.01; done' &";
    // The leader goes at once, its child needs a while.
    let mut request = sh(&format!("{polite} setsid sleep 309 & trap 'exit 0' TERM; while :; do sleep 0.01; done"), &[]);
    request.cwd = folder.path().canonicalize().unwrap();
    request.limits.wall = Some(Duration::from_millis(300));
    let outcome = run(request).await;
    assert!(matches!(outcome.ending, Ending::TimedOut { .. }));
    assert_eq!(std::fs::read_to_string(folder.path().join("said")).unwrap(), "saved\n");
    assert_eq!(sleepers(&folder.path().canonicalize().unwrap()), Vec::<String>::new());
}

#[tokio::test]
async fn a_killed_supervisor_is_noticed_and_cleaned_up_after() {
    let marks = marks("killed-supervisor");
    let start = Instant::now();
    let outcome =
        run(sh("setsid sleep 310 & (setsid sh -c 'trap \"\" TERM; sleep 311; sleep 312' &) & sleep 0.1; kill -9 $PPID; sleep 313", &marks))
            .await;
    assert_eq!(outcome.ending, Ending::Signaled { signal: 9 });
    assert!(outcome.swept >= 2, "{outcome:?}");
    assert_eq!(orphans(&marks), []);
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_confined_program_can_not_reach_its_supervisor() {
    if probe_kernel().landlock < 6 {
        println!("skipped: this kernel does not keep signals in");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut request = sh("touch inside; kill -9 $PPID || echo refused; touch /etc/outside || echo refused", &[]);
    request.cwd = folder.path().to_owned();
    request.confinement = Confinement { level: SandboxLevel::Landlock, writable: vec![folder.path().to_owned()], ..Confinement::none() };
    let outcome = run(request).await;
    assert_eq!(outcome.stdout.text(), "refused\nrefused\n", "{outcome:?}");
    assert!(folder.path().join("inside").exists());
}

#[tokio::test]
async fn a_stopped_supervisor_does_not_hold_up_a_limit_for_ever() {
    let marks = marks("stopped-supervisor");
    let mut request = sh("kill -STOP $PPID; sleep 314", &marks);
    request.limits.wall = Some(Duration::from_millis(200));
    request.limits.grace = Duration::from_millis(200);
    let outcome = run(request).await;
    assert!(matches!(outcome.ending, Ending::TimedOut { .. }), "{outcome:?}");
    assert_eq!(orphans(&marks), []);
    assert!(outcome.elapsed < Duration::from_secs(8), "{:?}", outcome.elapsed);
}

#[tokio::test]
async fn marked_processes_are_found_and_ended() {
    let marks = marks("orphans");
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "trap '' TERM; sleep 315 & wait; sleep 316"]);
    for mark in &marks {
        let (name, value) = mark.to_str().unwrap().split_once('=').unwrap();
        command.env(name, value);
    }
    let mut child = command.spawn().unwrap();
    while orphans(&marks).len() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let prefix: OsString = marks[0].to_str().unwrap().strip_suffix(')').unwrap().into();
    assert_eq!(orphans(&[prefix]), [], "a prefix of the mark is another mark");
    let ended = sweep(&marks, Duration::from_millis(100)).await;
    let ends: Vec<OrphanEnd> = ended.iter().map(|(_, end)| *end).collect();
    assert!(ends.contains(&OrphanEnd::Killed) && !ends.contains(&OrphanEnd::Alive), "{ended:?}");
    assert!(ended.iter().all(|(orphan, _)| !is_running(orphan.process)));
    assert_eq!(orphans(&marks), []);
    child.wait().unwrap();
}

/// Runs a program that leaves a writer behind; returns what it has written when the outcome is there, and a moment later.
async fn late_writes() -> (u64, u64) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    let mut request = sh("setsid sh -c 'while :; do echo line >>file; done' & while ! test -s file; do :; done", &[]);
    request.cwd = folder.path().to_owned();
    let outcome = run(request).await;
    assert!(outcome.swept >= 1);
    let size = || std::fs::metadata(&file).unwrap().len();
    let at_the_end = size();
    tokio::time::sleep(Duration::from_millis(20)).await;
    (at_the_end, size())
}

#[tokio::test]
async fn nothing_is_written_after_the_end() {
    let (at_the_end, later) = late_writes().await;
    assert_eq!(at_the_end, later);
}

#[tokio::test]
#[ignore = "a minute: many writers in sessions of their own that must not write once their program has ended"]
async fn no_writer_outlives_its_program_in_many_rounds() {
    let mut late = 0;
    let rounds = rounds(100);
    for _ in 0..rounds {
        let (at_the_end, later) = late_writes().await;
        late += u32::from(at_the_end != later);
    }
    println!("{rounds} writers, {late} late writes");
    assert_eq!(late, 0, "late writes in {rounds} rounds");
}
