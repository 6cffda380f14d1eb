//! Tools that misbehave, in every sandbox level: each ends in time, is called what it is, and leaves nothing behind that nobody knows of.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use super::ground::{Ground, Level, fixture, table};
use crate::harness::{TestEnvironment, alive_after};

/// Where the tools are, and the table that says how the work of each ends.
const FOLDER: &str = "fixtures/hostile/tools";
/// The limit of a step in these runs.
const LIMIT: u64 = 15;
/// How much later than that a step may have ended, at the latest.
const SLACK: Duration = Duration::from_secs(15);

/// How a tool's work must end.
#[derive(Debug)]
struct Expect {
    name: String,
    /// The last word on the workstream.
    end: String,
    /// What the reason or a note of the step must say; nothing when it is empty.
    says: String,
    /// What of the user's the tool reaches where nothing holds it; the run tells of it.
    touches: Vec<String>,
}

/// Returns what is expected at a level: the row for who is not root, if that is so here, else the row for the level, else the row for every
/// level.
fn expectations(level: Level) -> Vec<Expect> {
    let rows: Vec<[String; 5]> = table("tools/table.tsv");
    let names: BTreeSet<&String> = rows.iter().map(|[name, ..]| name).collect();
    let holds = |row: &[String; 5], wanted: &str| row[1].split('+').any(|one| one == wanted);
    let find = |name: &String| {
        let all: Vec<_> = rows.iter().filter(|row| row[0] == *name).collect();
        let is_root = rustix::process::geteuid().is_root();
        let row = all.iter().find(|row| !is_root && holds(row, "user"));
        let row = row.or_else(|| all.iter().find(|row| holds(row, level.word()))).or_else(|| all.iter().find(|row| row[1] == "any"));
        let [name, _, end, says, touches] = row.unwrap_or_else(|| panic!("no row for {name} at {level:?}"));
        let touches = touches.split(',').filter(|one| !one.is_empty() && *one != "-").map(str::to_owned).collect();
        Expect { name: name.clone(), end: end.clone(), says: says.clone(), touches }
    };
    names.into_iter().map(find).collect()
}

#[test]
fn every_misbehaviour_is_listed() {
    let files = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER)).unwrap();
    let there: BTreeSet<String> =
        files.filter_map(|entry| entry.unwrap().file_name().into_string().unwrap().strip_suffix(".sh").map(str::to_owned)).collect();
    for level in Level::ALL {
        let listed: BTreeSet<String> = expectations(level).into_iter().map(|expect| expect.name).collect();
        assert_eq!(there, listed, "{level:?}");
    }
    assert!(there.len() >= 25);
}

fn plan(script: &str) -> String {
    format!(
        "version: 1\nname: tour\ndefaults: {{retry: {{max_attempts: 1}}, circuit_breaker: {{timeouts: {{edit: {LIMIT}, idle: 4}}}}}}\nworkstreams:\n  \
         - id: ws\n    files_scope: [\"**\"]\n    tool: command\n    command: [sh, {script:?}]\n"
    )
}

/// Runs one tool; returns what is not as it should be.
fn complaints(level: Level, expect: &Expect) -> Vec<String> {
    let environment = TestEnvironment::in_memory();
    let mut ground = Ground::new(&environment).at(level);
    ground.repo.git(&["branch", "side"]);
    let before = ground.repo.fingerprint("orc/tour");
    let start = Instant::now();
    let script = fixture(&format!("tools/{}.sh", expect.name));
    let mut outcome = ground.run(&plan(script.to_str().unwrap()));
    let took = start.elapsed();
    let mut wrong = Vec::new();
    if outcome.status.code().is_none() {
        // Where nothing holds it, a tool may kill the driver as any program of the user may; a resume goes on.
        wrong.extend((!expect.touches.iter().any(|one| one == "driver")).then(|| format!("the driver was killed: {outcome:?}")));
        outcome = ground.orc(&["resume", "--json"]);
    }
    if took > Duration::from_secs(LIMIT) + SLACK {
        wrong.push(format!("it took {took:?}"));
    }
    wrong.extend(alive_after(&ground.repo, Duration::from_secs(2)));
    let end = ground.end_of("ws");
    if end.word != expect.end || !end.told.contains(&expect.says) {
        wrong.push(format!("expected `{}` with `{}`, got {end:?}; {}", expect.end, expect.says, outcome.stderr));
    }
    let changes = before.changes(&ground.repo.fingerprint("orc/tour"));
    wrong.extend(changes.into_iter().filter(|change| !expect.touches.iter().any(|one| change.starts_with(one.as_str()))));
    wrong.extend(ground.unsound());
    wrong.extend(ground.unnamed_worktrees());
    ground.assert_nothing_around_changed();
    wrong.into_iter().map(|one| format!("{} at {}: {one}", expect.name, level.word())).collect()
}

/// Runs all tools at a level, two at a time.
fn all_at(level: Level) {
    let expectations = expectations(level);
    let (left, right) = expectations.split_at(expectations.len() / 2);
    let run = |part: &[Expect]| part.iter().flat_map(|expect| complaints(level, expect)).collect::<Vec<_>>();
    let wrong = std::thread::scope(|scope| {
        let other = scope.spawn(|| run(right));
        let mut wrong = run(left);
        wrong.extend(other.join().unwrap());
        wrong
    });
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), expectations.len(), wrong.join("\n"));
}

#[test]
#[ignore = "runs fifty tools, some of which wait for their limit"]
fn tools_that_misbehave_are_borne_where_nothing_holds_them() {
    all_at(Level::None);
}

#[test]
#[ignore = "runs fifty tools, some of which wait for their limit"]
fn tools_that_misbehave_are_borne_in_landlock() {
    all_at(Level::Landlock);
}

#[test]
#[ignore = "runs fifty tools, some of which wait for their limit"]
fn tools_that_misbehave_are_borne_in_bubblewrap() {
    all_at(Level::Bubblewrap);
}
