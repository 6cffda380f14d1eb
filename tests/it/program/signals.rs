//! Signals to a driver, and its death: how fast it ends, what is left running, and that a resume comes to the same end.

use std::path::Path;
use std::time::{Duration, Instant};

use git_orc::io::process::orphan::orphans;
use rustix::process::{Pid, Signal, kill_process};

use super::{assert_sound, plan, project};
use crate::harness::{Running, TestEnvironment, TestRepo, rounds};

/// What two tools leave in their trees, and that they do it slowly: half of the work before the end of the first second.
const SLOW: &str = r#"
version: 1
name: tour
max_workers: 2
gates: { wave: [[sh, -c, "sleep 0.05; test -f README"]] }
workstreams:
  - id: a
    files_scope: ["a/**"]
    tool: command
    command: [sh, -c, "trap '' TERM; echo half >a/x.txt; sleep 0.3; echo whole >a/x.txt"]
  - id: b
    files_scope: ["b/**"]
    tool: command
    command: [sh, -c, "setsid sh -c 'trap \"\" TERM; while :; do sleep 5; done' & echo b >b/x.txt; sleep 0.4"]
  - id: c
    depends_on: [a]
    files_scope: ["c/**"]
    tool: command
    command: [sh, -c, "sleep 0.2; echo c >c/x.txt"]
"#;

/// A tool with everything below it that gets away from a process group.
const ESCAPING: &str = r#"
version: 1
name: tour
workstreams:
  - id: a
    files_scope: ["a/**"]
    tool: command
    command: [sh, -c, "sleep 401 & setsid sleep 402 & (setsid sh -c 'sleep 403 & sleep 404' &) & setsid sh -c 'trap \"\" TERM INT HUP; sleep 405; sleep 406' & nohup sleep 407 >/dev/null 2>&1 & touch $HOME/up; sleep 408"]
"#;

fn send(running: &Running, signal: Signal) {
    kill_process(Pid::from_raw(running.pid().try_into().unwrap()).unwrap(), signal).unwrap();
}

fn wait_for(path: &Path) {
    let start = Instant::now();
    while !path.exists() {
        assert!(start.elapsed() < Duration::from_secs(60), "{} does not come", path.display());
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Returns the processes that have the environment's home: nobody else has it.
fn at_home(environment: &TestEnvironment) -> Vec<String> {
    let mut mark = std::ffi::OsString::from("HOME=");
    mark.push(environment.home());
    orphans(&[mark]).into_iter().map(|orphan| orphan.command).collect()
}

/// Returns how long it takes until nothing of an environment runs.
fn time_until_alone(environment: &TestEnvironment, from: Instant) -> Duration {
    loop {
        let left = at_home(environment);
        if left.is_empty() {
            return from.elapsed();
        }
        assert!(from.elapsed() < Duration::from_secs(30), "{left:?}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn kill_the_driver() -> Duration {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let plan = plan(&environment, "tour.yaml", ESCAPING);
    let running = repo.start_orc(&["run", &plan]);
    wait_for(&environment.home().join("up"));
    let start = Instant::now();
    while at_home(&environment).len() < 10 {
        assert!(start.elapsed() < Duration::from_secs(30), "{:?}", at_home(&environment));
        std::thread::sleep(Duration::from_millis(5));
    }
    let killed = Instant::now();
    running.kill();
    time_until_alone(&environment, killed)
}

#[test]
fn nothing_outlives_a_killed_driver() {
    let took = kill_the_driver();
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[test]
#[ignore = "half a minute: kills the driver of tools that get away from process groups, many times"]
fn nothing_outlives_a_killed_driver_in_many_rounds() {
    let times: Vec<Duration> = (0..rounds(40)).map(|_| kill_the_driver()).collect();
    let worst = times.iter().max().unwrap();
    println!("{} kills, worst {worst:?}", times.len());
    assert!(*worst < Duration::from_secs(2), "{times:?}");
}

/// A sequence of pseudo-random numbers below `bound`.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

fn tree_of(repo: &TestRepo<'_>) -> String {
    repo.git(&["rev-parse", "orc/tour^{tree}"])
}

/// Returns the tree of a run that nobody disturbed, and how long it took.
fn undisturbed() -> (String, Duration) {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let plan = plan(&environment, "tour.yaml", SLOW);
    let start = Instant::now();
    repo.start_orc(&["run", &plan]).finish().expect_code(0);
    (tree_of(&repo), start.elapsed())
}

/// Interrupts a run after `first`, and once more `second` later; returns how long it took to end after the last signal that came in time.
fn interrupt(first: Duration, second: Option<Duration>, tree: &str) -> (Duration, bool) {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let before = repo.fingerprint("orc/tour");
    let plan = plan(&environment, "tour.yaml", SLOW);
    let mut running = repo.start_orc(&["run", &plan]);
    std::thread::sleep(first);
    let mut since = Instant::now();
    send(&running, Signal::INT);
    let mut hurried = false;
    if let Some(second) = second {
        while since.elapsed() < second && running.is_running() {
            std::thread::sleep(Duration::from_millis(1));
        }
        if running.is_running() {
            since = Instant::now();
            send(&running, Signal::INT);
            hurried = true;
        }
    }
    let outcome = running.finish_within(Duration::from_secs(30));
    let took = since.elapsed();
    let alone = time_until_alone(&environment, Instant::now());
    assert!(alone < Duration::from_secs(2), "{alone:?}");
    repo.assert_untouched(&before);
    match outcome.status.code() {
        // It came before the program listened: nothing had begun.
        None => assert!(repo.try_git(&["rev-parse", "--verify", "--quiet", "refs/orc/ledger"]).code() != 0, "{outcome:?}"),
        Some(0 | 130) => {}
        Some(_) => panic!("{outcome:#?}"),
    }
    // The second signal may come when the run has just been completed.
    let is_open = outcome.status.code() == Some(130) && repo.ledger().of_kind("run_completed").is_empty();
    if is_open {
        assert!(format!("{}{}", outcome.stdout, outcome.stderr).contains("git orc resume"), "{outcome:#?}");
        repo.orc(&["resume"]).expect_code(0);
    } else if outcome.status.code().is_none() {
        repo.orc(&["run", &plan]).expect_code(0);
    }
    assert_eq!(tree_of(&repo), tree, "interrupted after {first:?}, again after {second:?}");
    repo.assert_untouched(&before);
    assert_sound(&environment, &repo);
    (took, hurried)
}

#[test]
#[ignore = "two minutes: interrupts a run at random times, once or twice, and resumes it"]
fn an_interrupted_run_ends_in_time_and_is_resumed_to_the_same_end() {
    let (tree, took) = undisturbed();
    let mut dice = Dice(u64::from(std::process::id()));
    println!("seed {}", dice.0);
    let (mut gentle, mut hurried) = (Duration::ZERO, Duration::ZERO);
    let rounds = rounds(30);
    let span = u64::try_from(took.as_micros()).unwrap();
    for round in 0..rounds {
        let first = Duration::from_micros(dice.below(span));
        // Two signals at once are one: the kernel keeps no count of them.
        let second = (round % 3 != 0).then(|| Duration::from_micros(150_000 + dice.below(1_850_000)));
        let (took, twice) = interrupt(first, second, &tree);
        let worst = if twice { &mut hurried } else { &mut gentle };
        *worst = took.max(*worst);
    }
    println!("{rounds} rounds, worst after the first signal {gentle:?}, after the second {hurried:?}");
    assert!(gentle < Duration::from_secs(12), "{gentle:?}");
    assert!(hurried < Duration::from_secs(1), "{hurried:?}");
}

#[test]
fn a_second_signal_ends_a_tool_that_does_not_listen() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let text = ESCAPING.replace("touch $HOME/up;", "trap '' TERM; touch $HOME/up; while :; do sleep 1; done;");
    let plan = plan(&environment, "tour.yaml", &text);
    let running = repo.start_orc(&["run", &plan]);
    wait_for(&environment.home().join("up"));
    send(&running, Signal::INT);
    std::thread::sleep(Duration::from_millis(300));
    let start = Instant::now();
    send(&running, Signal::INT);
    std::thread::sleep(Duration::from_millis(10));
    send(&running, Signal::INT);
    let outcome = running.finish().expect_code(130);
    let took = start.elapsed();
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert_eq!(at_home(&environment), Vec::<String>::new());
    assert!(format!("{}{}", outcome.stdout, outcome.stderr).contains("git orc resume"), "{outcome:#?}");
}

/// A tool that is silent for less than its limit, with the rest of the machine asleep for longer.
const PATIENT: &str = r#"
version: 1
name: tour
defaults: {circuit_breaker: {timeouts: {edit: 3, idle: 2}}}
workstreams:
  - id: a
    files_scope: ["a/**"]
    tool: command
    command: [sh, -c, "touch $HOME/up; i=0; while test $i -lt 10; do sleep 0.1; i=$((i+1)); echo $i >$HOME/count; done; echo done >a/x.txt"]
"#;

fn stat(pid: u32) -> char {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    text.rsplit_once(')').unwrap().1.trim().chars().next().unwrap()
}

/// Stops a driver with a signal for a while; returns what the tool did meanwhile.
fn pause(signal: Signal, asleep: Duration) -> (u32, u32) {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let plan = plan(&environment, "tour.yaml", PATIENT);
    let running = repo.start_orc(&["run", &plan]);
    wait_for(&environment.home().join("count"));
    send(&running, signal);
    let start = Instant::now();
    while stat(running.pid()) != 'T' {
        assert!(start.elapsed() < Duration::from_secs(5), "it does not stop");
        std::thread::sleep(Duration::from_millis(5));
    }
    let count = || std::fs::read_to_string(environment.home().join("count")).unwrap().trim().parse().unwrap_or(0);
    let before = count();
    std::thread::sleep(asleep);
    let after = count();
    send(&running, Signal::CONT);
    running.finish().expect_code(0);
    assert_eq!(repo.git(&["show", "orc/tour:a/x.txt"]), "done");
    assert!(repo.ledger().of_kind("step_finished").iter().all(|step| step["outcome"] == "passed"));
    assert_sound(&environment, &repo);
    (before, after)
}

#[test]
#[ignore = "ten seconds: waits for longer than the limits of a step"]
fn a_suspended_run_stops_its_tools_and_loses_no_time() {
    let (before, after) = pause(Signal::TSTP, Duration::from_secs(5));
    assert_eq!(before, after, "the tool went on");
}

#[test]
#[ignore = "ten seconds: waits for longer than the limits of a step"]
fn a_driver_that_was_stopped_from_outside_blames_nobody() {
    let (before, after) = pause(Signal::STOP, Duration::from_secs(5));
    assert!(after > before || after >= 10, "the tool can not know that its driver sleeps");
}

#[test]
fn a_full_disk_is_said_before_a_step_starts() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let plan = plan(&environment, "tour.yaml", SLOW);
    let mut command = repo.command(env!("CARGO_BIN_EXE_git-orc"));
    let outcome = Running::start(command.args(["run", &plan]).env("ORC_MIN_FREE_MIB", "999999999")).finish().expect_code(128);
    assert!(outcome.stderr.contains("MiB are free") && outcome.stderr.contains("git orc resume"), "{}", outcome.stderr);
    assert!(repo.ledger().of_kind("step_started").is_empty());
    assert_eq!(repo.ledger().of_kind("run_paused").len(), 1);
    repo.orc(&["resume"]).expect_code(0);
    assert_sound(&environment, &repo);
}

#[test]
fn whoever_stops_the_search_for_a_culprit_blames_nobody() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    // Red with both, green on the base, and slow where only the innocent one is merged.
    let gate = "test -f a/bad && exit 1; test -f b/good && ! test -e $HOME/up && { touch $HOME/up; sleep 30; }; exit 0";
    let one = |id: &str, file: &str| {
        format!("  - {{id: {id}, files_scope: [\"{file}\"], tool: command, command: [sh, -c, \"echo x >{file}\"]}}\n")
    };
    let text = format!(
        "version: 1\nname: tour\ngates: {{wave: [[sh, -c, {gate:?}]]}}\nworkstreams:\n{}{}",
        one("first", "b/good"),
        one("second", "a/bad")
    );
    let plan = plan(&environment, "tour.yaml", &text);
    let running = repo.start_orc(&["run", &plan]);
    wait_for(&environment.home().join("up"));
    send(&running, Signal::INT);
    running.finish_within(Duration::from_secs(30)).expect_code(130);
    assert_eq!(repo.ledger().of_kind("workstream_quarantined").len(), 0, "nothing is known about anybody");
    let document = repo.orc(&["resume", "--json"]).expect_code(3).json();
    let states: Vec<_> = document["workstreams"].as_array().unwrap().iter().map(|one| (one["id"].clone(), one["state"].clone())).collect();
    assert_eq!(states, [("first".into(), "merged".into()), ("second".into(), "quarantined".into())]);
}
