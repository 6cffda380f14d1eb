//! The spawner against real processes.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::time::Duration;

use git_orc::domain::tool::outcome::{Ending, TimeLimit};
use git_orc::io::process::request::{
    CancelLevel, CancelSignal, LogState, Pace, ProcessOutcome, ProcessRequest, SpawnError, Stdin, TimeLimits, Will, cancel_channel,
    never_cancelled,
};
use git_orc::io::process::spawn;
use git_orc::io::process::supervisor::Supervisor;
use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::harness::supervisor;

async fn run(request: ProcessRequest, cancel: CancelSignal) -> Result<ProcessOutcome, SpawnError> {
    spawn::run(&supervisor(), request, cancel).await
}

fn level(level: CancelLevel) -> Will {
    Will { level, pace: Pace::Going }
}

fn request(argv: &[&str]) -> ProcessRequest {
    let env = BTreeMap::from([(OsString::from("PATH"), OsString::from("/usr/bin:/bin"))]);
    ProcessRequest::new(argv.iter().map(OsString::from).collect(), std::env::temp_dir(), env)
}

fn sh(script: &str) -> ProcessRequest {
    request(&["sh", "-c", script])
}

async fn outcome(request: ProcessRequest) -> ProcessOutcome {
    tokio::time::timeout(Duration::from_secs(20), run(request, never_cancelled())).await.unwrap().unwrap()
}

async fn is_gone(pid: &str) -> bool {
    for _ in 0..100 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
        if stat.is_empty() || stat.contains(") Z ") {
            return true;
        }
        sleep(Duration::from_millis(10)).await;
    }
    false
}

#[tokio::test]
async fn streams_exit_code_and_environment() {
    let mut request = sh("echo out; echo err >&2; env | sort; read x || echo closed; exit 3");
    request.env.insert("ORC_RUN".into(), "r1".into());
    let outcome = outcome(request).await;
    assert_eq!(outcome.ending, Ending::Exited { code: 3 });
    let stdout = outcome.stdout.text();
    assert!(stdout.starts_with("out\nORC_RUN=r1\n") && stdout.ends_with("closed\n"), "{stdout}");
    assert!(!stdout.contains("HOME") && !stdout.contains("CARGO"), "{stdout}");
    assert!(outcome.output.text().contains("err\n") && !stdout.contains("err"));
    assert!(!outcome.leaked_pipe && !outcome.abandoned && outcome.swept == 0);
}

#[tokio::test]
async fn nothing_of_ours_is_open_in_the_program() {
    let script = "ls -l /proc/self/fd/0; ps -o sid= -o pid= -p $$; ulimit -c; ls /proc/self/fd";
    let text = outcome(sh(script)).await.stdout.text().into_owned();
    let lines: Vec<&str> = text.lines().collect();
    // Whatever stands open in this process without our doing is open in every child of it.
    let plain = std::process::Command::new("sh").args(["-c", script]).stdin(std::process::Stdio::null()).output().unwrap();
    let plain = String::from_utf8(plain.stdout).unwrap();
    assert_eq!(lines[3..], plain.lines().collect::<Vec<_>>()[3..], "{text}");
    assert!(lines[0].ends_with("-> /dev/null"), "{text}");
    let ids: Vec<&str> = lines[1].split_whitespace().collect();
    assert_eq!(ids[0], ids[1], "it leads a session of its own: {text}");
    assert_eq!(lines[2], "0", "no memory dumps: {text}");
}

#[tokio::test]
async fn limits_are_taken_on() {
    let mut limited = sh("ulimit -n; ulimit -f; head -c 2000000 /dev/zero >big || echo refused; wc -c <big");
    let folder = tempfile::tempdir().unwrap();
    limited.cwd = folder.path().to_owned();
    limited.resources.open_files = Some(77);
    limited.resources.file_mib = Some(1);
    let text = outcome(limited).await.stdout.text().into_owned();
    assert!(text.starts_with("77\n") && text.ends_with("refused\n1048576\n"), "{text}");
}

#[tokio::test]
async fn a_missing_supervisor_is_named() {
    let nobody = Supervisor::at("/nonexistent/git-orc");
    let error = spawn::run(&nobody, sh("true"), never_cancelled()).await.unwrap_err();
    assert!(matches!(error, SpawnError::Supervisor { .. }), "{error}");
    let mute = Supervisor::at("/bin/true");
    assert_eq!(spawn::run(&mute, sh("true"), never_cancelled()).await.unwrap().ending, Ending::Signaled { signal: 9 });
}

#[tokio::test]
async fn what_is_suspended_waits_and_loses_no_time() {
    let (wish, signal) = cancel_channel();
    let mut process = sh("for i in 1 2 3 4 5 6; do echo $i; sleep 0.05; done");
    process.limits = TimeLimits { wall: Some(Duration::from_millis(900)), idle: Some(Duration::from_millis(600)), ..TimeLimits::default() };
    let running = tokio::task::JoinSet::from_iter([run(process, signal)]);
    sleep(Duration::from_millis(120)).await;
    wish.send(Will { level: CancelLevel::Run, pace: Pace::Suspended }).unwrap();
    sleep(Duration::from_millis(1500)).await;
    wish.send(level(CancelLevel::Run)).unwrap();
    let outcome = running.join_all().await.remove(0).unwrap();
    assert_eq!((outcome.ending, outcome.stdout.text().as_ref()), (Ending::Exited { code: 0 }, "1\n2\n3\n4\n5\n6\n"));
    assert!(outcome.elapsed > Duration::from_millis(1500), "{:?}", outcome.elapsed);
}

#[tokio::test]
async fn a_signal_is_no_exit_code() {
    assert_eq!(outcome(sh("kill -9 $$")).await.ending, Ending::Signaled { signal: 9 });
}

#[tokio::test]
async fn standard_input_is_fed_and_closed() {
    let mut echoed = request(&["cat"]);
    echoed.stdin = Stdin::Bytes(vec![b'p'; 1 << 20]);
    echoed.capture.stdout = 2 << 20;
    assert!(outcome(echoed).await.stdout.bytes == vec![b'p'; 1 << 20], "not what was fed");
    let mut unread = request(&["true"]);
    unread.stdin = Stdin::Bytes(vec![b'p'; 1 << 20]);
    assert_eq!(outcome(unread).await.ending, Ending::Exited { code: 0 });
}

#[tokio::test]
async fn what_cannot_start_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::copy("/bin/true", path("plain")).unwrap();
    std::os::unix::fs::symlink("/nonexistent", path("dangling")).unwrap();
    let script = path("script");
    make_script(&script, "#!/nonexistent/interpreter\n");
    let error = async |request: ProcessRequest| run(request, never_cancelled()).await.unwrap_err();
    assert!(matches!(error(request(&[])).await, SpawnError::EmptyCommand));
    assert!(matches!(error(request(&[""])).await, SpawnError::EmptyCommand));
    assert!(matches!(error(request(&["no-such-program"])).await, SpawnError::NotFound { program } if program == "no-such-program"));
    assert!(matches!(error(request(&[&path("absent")])).await, SpawnError::NotFound { .. }));
    assert!(matches!(error(request(&[&path("dangling")])).await, SpawnError::NotFound { .. }));
    assert!(matches!(error(request(&[&script])).await, SpawnError::NotExecutable { .. }));
    assert!(matches!(error(request(&["/etc/passwd"])).await, SpawnError::NotExecutable { .. }));
    let mut nowhere = request(&["true"]);
    nowhere.cwd = "/nonexistent".into();
    assert!(matches!(error(nowhere).await, SpawnError::NoFolder { .. }));
    let mut unlogged = request(&["true"]);
    unlogged.log = Some("/nonexistent/log".into());
    assert!(matches!(error(unlogged).await, SpawnError::Log { .. }));
}

fn make_script(path: &str, text: &str) {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new().create_new(true).write(true).mode(0o755).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

#[tokio::test]
async fn a_program_in_the_folder_is_not_found_by_a_relative_path_entry() {
    let folder = tempfile::tempdir().unwrap();
    make_script(&folder.path().join("planted").display().to_string(), "#!/bin/sh\n");
    for path in [".", "", ".:/usr/bin"] {
        let mut planted = request(&["planted"]);
        planted.cwd = folder.path().to_owned();
        planted.env.insert("PATH".into(), path.into());
        assert!(matches!(run(planted, never_cancelled()).await, Err(SpawnError::NotFound { .. })), "{path}");
    }
}

#[tokio::test]
async fn the_wall_limit_asks_first() {
    let mut polite = sh("trap 'echo bye; exit 0' TERM; while :; do sleep 0.01; done");
    polite.limits.wall = Some(Duration::from_millis(100));
    let outcome = outcome(polite).await;
    assert_eq!(outcome.ending, Ending::TimedOut { limit: TimeLimit::Wall });
    assert_eq!(outcome.stdout.text(), "bye\n");
    assert!(outcome.elapsed < Duration::from_secs(4), "{:?}", outcome.elapsed);
}

#[tokio::test]
async fn who_ignores_term_is_killed_with_the_children() {
    let mut stubborn = sh("trap '' TERM; sleep 60 & echo $!; wait; sleep 60");
    stubborn.limits = TimeLimits { wall: Some(Duration::from_millis(100)), grace: Duration::from_millis(100), ..TimeLimits::default() };
    let outcome = outcome(stubborn).await;
    assert_eq!(outcome.ending, Ending::TimedOut { limit: TimeLimit::Wall });
    assert!(is_gone(&outcome.stdout.text()).await);
}

#[tokio::test]
async fn a_stopped_process_is_ended_politely() {
    let mut stopped = sh("kill -STOP $$; sleep 60");
    stopped.limits.wall = Some(Duration::from_millis(100));
    assert!(outcome(stopped).await.elapsed < Duration::from_secs(4));
}

#[tokio::test]
async fn the_idle_limit_counts_from_the_last_byte() {
    let mut chatty = sh("for i in 1 2 3 4 5 6; do echo $i; sleep 0.1; done");
    chatty.limits.idle = Some(Duration::from_millis(400));
    assert_eq!(outcome(chatty).await.ending, Ending::Exited { code: 0 });
    let mut silent = sh("echo start; sleep 60");
    silent.limits.idle = Some(Duration::from_millis(100));
    silent.limits.wall = Some(Duration::from_secs(50));
    assert_eq!(outcome(silent).await.ending, Ending::TimedOut { limit: TimeLimit::Idle });
}

#[tokio::test]
async fn cancellation_has_two_levels() {
    let (cancel, signal) = cancel_channel();
    let process = tokio::task::JoinSet::from_iter([run(sh("trap '' TERM; echo up; sleep 60; sleep 60"), signal)]);
    sleep(Duration::from_millis(100)).await;
    cancel.send(level(CancelLevel::Gentle)).unwrap();
    sleep(Duration::from_millis(100)).await;
    cancel.send(level(CancelLevel::Now)).unwrap();
    let outcome = process.join_all().await.remove(0).unwrap();
    assert_eq!((outcome.ending, outcome.stdout.text().as_ref()), (Ending::Cancelled, "up\n"));
    assert!(outcome.elapsed < Duration::from_secs(4), "{:?}", outcome.elapsed);
}

#[tokio::test]
async fn what_is_cancelled_before_it_starts_never_starts() {
    let folder = tempfile::tempdir().unwrap();
    let (cancel, signal) = cancel_channel();
    cancel.send(level(CancelLevel::Gentle)).unwrap();
    let mut late = request(&["touch", "started"]);
    late.cwd = folder.path().to_owned();
    assert_eq!(run(late, signal).await.unwrap().ending, Ending::Cancelled);
    assert!(!folder.path().join("started").exists());
}

#[tokio::test]
async fn a_lost_sender_cancels_nothing() {
    let (cancel, signal) = cancel_channel();
    drop(cancel);
    assert_eq!(run(sh("sleep 0.1; exit 4"), signal).await.unwrap().ending, Ending::Exited { code: 4 });
}

#[tokio::test]
async fn a_held_pipe_is_let_go_and_its_holder_killed() {
    let outcome = outcome(sh("sleep 60 & echo $!")).await;
    assert_eq!(outcome.ending, Ending::Exited { code: 0 });
    assert_eq!((outcome.swept, outcome.leaked_pipe), (1, false));
    assert!(outcome.elapsed < Duration::from_secs(2), "{:?}", outcome.elapsed);
    assert!(is_gone(&outcome.stdout.text()).await);
}

#[tokio::test]
async fn silent_background_work_is_over_when_the_outcome_is_there() {
    let outcome = outcome(sh("sleep 60 >/dev/null 2>&1 & echo $!")).await;
    assert_eq!(outcome.swept, 1);
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", outcome.stdout.text().trim())).unwrap_or_default();
    assert!(stat.is_empty() || stat.contains(") Z "), "{stat}");
}

#[tokio::test]
async fn a_dropped_future_kills_everything() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pids");
    let mut process = sh("sleep 60 & echo $$ $! >pids.new; mv pids.new pids; wait");
    process.cwd = folder.path().to_owned();
    let mut future = Box::pin(run(process, never_cancelled()));
    while !file.exists() {
        assert!(tokio::time::timeout(Duration::from_millis(10), &mut future).await.is_err());
    }
    drop(future);
    for pid in std::fs::read_to_string(file).unwrap().split_whitespace() {
        assert!(is_gone(pid).await, "{pid}");
    }
}

#[tokio::test]
async fn a_flood_stays_bounded_and_the_limit_holds() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let (sender, mut lines) = mpsc::channel(8);
    let mut flood = request(&["yes", "a line of the flood"]);
    flood.limits.wall = Some(Duration::from_secs(1));
    flood.capture.log = 1 << 20;
    flood.capture.stdout = 1 << 16;
    flood.log = Some(log.clone());
    flood.lines = Some(sender);
    let outcome = outcome(flood).await;
    assert_eq!(outcome.ending, Ending::TimedOut { limit: TimeLimit::Wall });
    assert!(outcome.elapsed < Duration::from_secs(3), "{:?}", outcome.elapsed);
    assert!(outcome.output.total() > 1 << 20, "{}", outcome.output.total());
    assert!(outcome.output.text().len() < (321 << 10));
    assert!(outcome.stdout.is_cut() && outcome.stdout.bytes.len() == 1 << 16);
    assert!(matches!(outcome.log, LogState::Truncated));
    assert!(std::fs::metadata(log).unwrap().len() < (1 << 20) + 100);
    assert_eq!(lines.recv().await.unwrap().text, "a line of the flood");
}

#[tokio::test]
async fn a_full_disk_does_not_disturb_the_program() {
    let mut process = sh("echo a; echo b");
    process.log = Some("/dev/full".into());
    let outcome = outcome(process).await;
    assert_eq!((outcome.ending, outcome.stdout.text().as_ref()), (Ending::Exited { code: 0 }, "a\nb\n"));
    assert!(matches!(outcome.log, LogState::Failed(_)));
}
