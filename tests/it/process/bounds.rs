//! Programs that flood, fork and swell: the machine and the driver stay as they were.

use std::os::unix::process::CommandExt as _;
use std::time::{Duration, Instant};

use crate::harness::{Running, TestEnvironment, TestRepo, rounds};

const MIB: u64 = 1 << 20;

fn plan(repo: &TestRepo<'_>, line: &str, more: &str) -> String {
    let plan = repo.path().parent().unwrap().join("tour.yaml");
    let text = format!(
        "version: 1\nname: tour\n{more}workstreams:\n  - id: a\n    files_scope: [\"**\"]\n    tool: command\n    command: [sh, -c, {line:?}]\n    retry: {{max_attempts: 1}}\n"
    );
    std::fs::write(&plan, text).unwrap();
    plan.display().to_string()
}

/// Returns the largest resident memory of a process so far, in bytes.
fn peak(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
}

fn peak_at_the_end(mut running: Running) -> (u64, crate::harness::Outcome) {
    let mut most = 0;
    while running.is_running() {
        most = most.max(peak(running.pid()).unwrap_or_default());
        std::thread::sleep(Duration::from_millis(20));
    }
    (most, running.finish())
}

/// Lets a tool write this many MiB, and returns the driver's largest memory.
fn flood(mib: u64) -> u64 {
    let environment = TestEnvironment::new();
    let repo = environment.repo("project");
    let line = format!("head -c {}  /dev/zero | tr '\\\\0' x; echo; echo end >a.txt", mib * MIB);
    let plan = plan(&repo, &line, "defaults: {circuit_breaker: {timeouts: {edit: 3600}}}\n");
    let (most, outcome) = peak_at_the_end(repo.start_orc(&["run", &plan, "--json"]));
    let outcome = outcome.expect_code(0);
    assert_eq!(repo.git(&["show", "orc/tour:a.txt"]), "end", "{outcome:?}");
    let logs: u64 = walk(&repo.git_dir().join("orc"));
    assert!(logs < 70 * MIB, "the logs take {logs} bytes");
    most
}

fn walk(folder: &std::path::Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    entries.map(|entry| if entry.path().is_dir() { walk(&entry.path()) } else { entry.metadata().map_or(0, |m| m.len()) }).sum()
}

#[test]
#[ignore = "ten seconds: writes 512 MiB, or ten times the number of rounds"]
fn a_flood_costs_no_memory() {
    let mib = u64::from(rounds(51)) * 10;
    let most = flood(mib);
    println!("{mib} MiB written, the driver took {} MiB at most", most / MIB);
    assert!(most < 64 * MIB, "{most}");
}

/// Returns a command that runs as somebody who has no rights; the environment's folders are given to them.
fn as_nobody(environment: &TestEnvironment, repo: &TestRepo<'_>) -> Option<std::process::Command> {
    if !rustix::process::geteuid().is_root() {
        return Some(repo.command(env!("CARGO_BIN_EXE_git-orc")));
    }
    let everything = environment.run("chown", &["-R", "65534:65534", environment.root().to_str().unwrap()]);
    // The program may lie where only root goes.
    let program = environment.root().join("git-orc");
    std::fs::copy(env!("CARGO_BIN_EXE_git-orc"), &program).unwrap();
    if everything.code() != 0 {
        return None;
    }
    let mut command = repo.command(program.to_str().unwrap());
    command.uid(65534).gid(65534);
    Some(command)
}

#[test]
#[ignore = "five seconds: a bomb of processes, as a user without rights"]
fn a_bomb_of_processes_is_bounded_and_ends_with_its_step() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("project");
    repo.write("README", "a project\n");
    repo.commit("start");
    let folder = environment.root().join("config/git-orc");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("config.yaml"), "resources: {processes: 120}\n").unwrap();
    let plan = plan(
        &repo,
        "echo 'sleep 60 & sh $0 & sh $0 & wait' >$HOME/bomb; sh $HOME/bomb; sleep 3600",
        "defaults: {circuit_breaker: {timeouts: {edit: 2}}}\n",
    );
    let Some(mut command) = as_nobody(&environment, &repo) else { return };
    let start = Instant::now();
    let mut running = Running::start(command.args(["run", &plan]));
    let (mut most, mark) = (0, format!("HOME={}", environment.home().display()));
    while running.is_running() {
        most = most.max(git_orc::io::process::orphan::orphans(&[mark.clone().into()]).len());
        std::thread::sleep(Duration::from_millis(50));
    }
    let took = start.elapsed();
    running.finish();
    println!("a bomb had {most} processes at most and was over after {took:?}");
    assert!(most > 50, "it was no bomb: {most}");
    assert!(most < 200, "{most}");
    assert!(took < Duration::from_secs(17), "{took:?}");
    assert_eq!(git_orc::io::process::orphan::orphans(&[mark.into()]), []);
}

#[test]
#[ignore = "a measurement: what supervision costs per program"]
fn supervision_costs_a_few_milliseconds() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let count = rounds(200);
    let plain = Instant::now();
    for _ in 0..count {
        assert!(std::process::Command::new("/bin/true").output().unwrap().status.success());
    }
    let plain = plain.elapsed() / count;
    let supervised = Instant::now();
    runtime.block_on(async {
        for _ in 0..count {
            let request =
                git_orc::io::process::request::ProcessRequest::new(vec!["/bin/true".into()], "/", std::collections::BTreeMap::new());
            let never = git_orc::io::process::request::never_cancelled();
            git_orc::io::process::spawn::run(&crate::harness::supervisor(), request, never).await.unwrap();
        }
    });
    let supervised = supervised.elapsed() / count;
    println!("{count} programs: plain {plain:?}, supervised {supervised:?} each");
    assert!(supervised < plain + Duration::from_millis(60), "{supervised:?}");
}
