//! Time that jumps, and time that passes while the program stands still.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::stage::{PROGRAMS, SLOW, Stage, Tally};
use crate::harness::{Running, TestEnvironment, program, rounds};

/// Returns the command under a clock of its own, which a file moves while it runs.
fn under_clock(stage: &Stage, arguments: &[&str], clock: &Path) -> Command {
    let real = stage.command(arguments);
    let mut command = stage.repo().command("faketime");
    // Waits go by the clock that no user can set, as in a real step of the time.
    command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("FAKETIME_TIMESTAMP_FILE", clock).env("FAKETIME_NO_CACHE", "1");
    command.args(["-f", "+0", real.get_program().to_str().unwrap()]).args(real.get_args());
    // Where the wrapper says a time of its own the file would count for nothing.
    command.env("FAKETIME", "").env_remove("FAKETIME");
    command
}

/// Starts a run with one clock, steps it while it runs, kills it or not, and goes on with another one.
fn jump(stage: &Stage, (from, during, after): (&str, &str, &str), tally: &mut Tally) {
    stage.put_back();
    let oracle = stage.oracle();
    let clock = stage.environment().root().join("clock");
    let set = |text: &str| std::fs::write(&clock, format!("{text}\n")).unwrap();
    let start = Instant::now();
    set(from);
    let running = Running::start(&mut under_clock(stage, &["run", stage.plan()], &clock));
    std::thread::sleep(stage.usual / 3);
    set(during);
    std::thread::sleep(stage.usual / 3);
    let mut told = running.kill().stderr;
    // The wrapper was killed; the program below it may still be there.
    std::thread::sleep(stage.usual * 2);
    set(after);
    let resumed = Running::start(&mut under_clock(stage, &["resume"], &clock)).finish();
    told.push_str(&resumed.stderr);
    let mut judged = stage.judge(&oracle, &told);
    if start.elapsed() > stage.usual * 6 + Duration::from_secs(20) {
        judged.wrong.push(format!("it took {:?}", start.elapsed()));
    }
    tally.add(&format!("{from} -> {during} -> {after}"), judged);
}

#[test]
#[ignore = "half a minute: clocks that are set back, far ahead and while a run goes on"]
fn clocks_that_jump_change_nothing() {
    assert!(which::which("faketime").is_ok(), "needed: apt-get install faketime");
    let stage = Stage::new(SLOW);
    let mut tally = Tally::default();
    let steps = ["+0", "-1h", "+10y", "-30d", "+1h"];
    let all = steps.iter().flat_map(|from| steps.iter().map(move |during| (*from, *during)));
    for ((from, during), after) in all.zip(steps.iter().cycle()).take(rounds(20) as usize) {
        jump(&stage, (from, during, after), &mut tally);
    }
    tally.assert_clean("clocks that jump");
}

#[test]
fn a_change_to_summer_time_is_none() {
    let stage = Stage::new(PROGRAMS);
    let oracle = stage.oracle();
    let mut command = stage.command(&["run", stage.plan()]);
    let outcome = Running::start(command.env("TZ", "Europe/Berlin")).finish().expect_code(0);
    let mut tally = Tally::default();
    tally.add("Berlin", stage.judge(&oracle, &outcome.stderr));
    tally.assert_clean("time zones");
    let ledger = stage.repo().ledger();
    assert!(ledger.entries().iter().all(|entry| entry["ts"].as_str().unwrap().ends_with('Z')), "the ledger counts in one time");
}

/// A tool that takes a second and may take three.
const LIMITED: &str = "
version: 1
name: tour
workstreams:
  - id: a
    files_scope: [a/**]
    tool: command
    timeout_sec: 3
    retry: {max_attempts: 1}
    command: [sh, -c, 'touch $HOME/up; sleep 1; echo done >a/x.txt']
";

fn wait_for(environment: &TestEnvironment, name: &str) {
    let start = Instant::now();
    while !environment.home().join(name).exists() {
        assert!(start.elapsed() < Duration::from_secs(30));
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
#[ignore = "ten seconds: the program is stopped for longer than its tool may take"]
fn a_program_that_was_stopped_blames_nobody() {
    let stage = Stage::new(LIMITED);
    let _up = std::fs::remove_file(stage.environment().home().join("up"));
    let oracle = stage.oracle();
    let running = Running::start(&mut stage.command(&["run", stage.plan()]));
    wait_for(stage.environment(), "up");
    let pid = Pid::from_raw(running.pid().try_into().unwrap()).unwrap();
    kill_process(pid, Signal::STOP).unwrap();
    std::thread::sleep(Duration::from_secs(u64::from(rounds(5).clamp(4, 60))));
    kill_process(pid, Signal::CONT).unwrap();
    let outcome = running.finish().expect_code(0);
    let mut tally = Tally::default();
    tally.add("stopped", stage.judge(&oracle, &outcome.stderr));
    tally.assert_clean("programs that were stopped");
}

#[test]
#[ignore = "ten seconds: the program gets less memory than it needs, at twenty levels"]
fn a_program_without_memory_loses_nothing() {
    let stage = Stage::new(PROGRAMS);
    let (mut tally, mut died) = (Tally::default(), 0);
    let levels = u64::from(rounds(20));
    for level in 0..levels {
        stage.put_back();
        let oracle = stage.oracle();
        let bytes = 20_000_000 + level * 400_000_000 / levels;
        let mut command = stage.repo().command("prlimit");
        command.arg(format!("--as={bytes}")).arg(program()).args(["run", stage.plan(), "--progress", "json"]);
        let outcome = Running::start(&mut command).finish();
        died += u32::from(outcome.status.code() != Some(0));
        tally.add(&format!("{bytes} bytes"), stage.judge(&oracle, &outcome.stderr));
    }
    tally.assert_clean(&format!("programs without memory, {died} of them did not come to their end"));
    assert!(died > 0, "memory was never short");
}
