//! Hostile pushes through real git: each commit of the table is refused, or passes, for the reason that the table names, and nothing of the user's
//! is different afterwards.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::project;
use crate::harness::{TestEnvironment, TestRepo, alive_after, run};

const GATES: &str = "\
gates:
  - {id: words, forbidden_patterns: [{pattern: EVIL, reason: it is a test}]}
  - {id: lint, command: [./lint.sh]}
  - {id: deep, command: [test, '!', -e, sub/bad], paths: ['sub/**']}
  - {id: release, command: [\"false\"], refs: ['release/*']}
";

/// What every deed can use: `gates TEXT`, `gate COMMAND`, `c MESSAGE`, `tree` and `commit` as plumbing.
const PRELUDE: &str = "set -e\n\
    gates() { printf '%b' \"$1\" >QUALITY_GATE.yaml; }\n\
    gate() { printf '%s' \"$1\" >evil.sh; chmod +x evil.sh; gates 'gates: [{id: evil, command: [sh, evil.sh]}]\\n'; }\n\
    c() { git add -A; git commit --quiet --allow-empty -m \"${1:-deed}\"; }\n";

struct Row {
    name: String,
    held: String,
    code: i32,
    says: String,
    push: String,
    deed: String,
}

fn rows() -> Vec<Row> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/hostile/gates/table.tsv")).unwrap();
    let row = |line: &str| {
        let [name, held, code, says, push, deed]: [&str; 6] =
            line.split('\t').collect::<Vec<_>>().try_into().unwrap_or_else(|row| panic!("{row:?}"));
        let own = |text: &str| text.to_owned();
        Row { name: own(name), held: own(held), code: code.parse().unwrap(), says: own(says), push: own(push), deed: own(deed) }
    };
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(row).collect()
}

/// A repository whose first commit is on the other side, with the hook in place.
fn ground(environment: &TestEnvironment) -> TestRepo<'_> {
    let repo = project(environment, GATES);
    repo.git(&["push", "--quiet", "--no-verify", "origin", "HEAD:refs/heads/main"]);
    repo.git(&["tag", "start"]);
    repo
}

/// Does what a row says, pushes it, and returns what is wrong with what came of it.
fn tried(repo: &TestRepo<'_>, row: &Row) -> Vec<String> {
    repo.git(&["checkout", "--quiet", "--force", "--detach", "start"]);
    repo.git(&["clean", "-ffdxq"]);
    repo.git(&["update-ref", "refs/remotes/origin/main", "start"]);
    repo.git(&["update-ref", "-d", "refs/heads/stolen"]);
    let done = repo.command("sh").args(["-c", &format!("{PRELUDE}{}", row.deed)]).output().unwrap();
    if !done.status.success() {
        return vec![format!("the deed itself fails: {}", String::from_utf8_lossy(&done.stderr))];
    }
    let before = repo.fingerprint("orc/none");
    let push: Vec<&str> = if row.push == "-" { vec!["HEAD:refs/heads/x"] } else { row.push.split(' ').collect() };
    // Nothing is sent, so that every row finds the same other side; the hook can not tell.
    let pushed = run(repo.command("git").args(["push", "--dry-run", "origin"]).args(&push).env("ORC_SANDBOX", &row.held));
    let mut wrong = before.changes(&repo.fingerprint("orc/none"));
    if row.says.contains("while evil ran") {
        // Without a sandbox refs can be moved, by the user as well; that is told and not undone.
        wrong.clear();
    }
    if pushed.code() != row.code {
        wrong.push(format!("ends with {} and not with {}", pushed.code(), row.code));
    }
    for part in row.says.split(" && ").filter(|part| *part != "-") {
        if !pushed.stderr.contains(part) {
            wrong.push(format!("does not say `{part}`"));
        }
    }
    if pushed.stderr.contains(['\u{1b}', '\u{202e}', '\u{9b}', '\u{7}']) || pushed.stderr.len() > 100_000 {
        wrong.push(format!("shows {} bytes, or what a terminal obeys", pushed.stderr.len()));
    }
    if repo.worktrees().len() != 1 {
        wrong.push(format!("leaves {:?}", repo.worktrees()));
    }
    wrong.extend(alive_after(repo, Duration::from_secs(5)));
    if !wrong.is_empty() {
        let said: String = pushed.stderr.chars().take(2000).collect();
        wrong.push(said);
    }
    wrong
}

fn assert_rows(mine: impl Fn(usize) -> bool) {
    let environment = TestEnvironment::in_memory();
    let repo = ground(&environment);
    let mut wrong = Vec::new();
    for (_, row) in rows().iter().enumerate().filter(|(number, _)| mine(*number)) {
        wrong.extend(tried(&repo, row).into_iter().map(|what| format!("{}: {what}", row.name)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    repo.git(&["checkout", "--quiet", "--force", "--detach", "start"]);
    // Some of the commits are such that git finds fault with them, wherever they are.
    repo.git(&["reflog", "expire", "--expire=now", "--all"]);
    repo.git(&["prune", "--expire=now"]);
    repo.assert_sound();
    repo.orc(&["verify"]).expect_code(0);
}

#[test]
fn hostile_pushes_end_as_the_table_says() {
    assert_rows(|number| number % 2 == 0);
}

#[test]
fn the_other_half_of_hostile_pushes_ends_as_the_table_says() {
    assert_rows(|number| number % 2 == 1);
}

#[test]
fn the_table_has_a_hundred_rows_with_names_of_their_own() {
    let mut names: Vec<String> = rows().into_iter().map(|row| row.name).collect();
    let all = names.len();
    names.sort();
    names.dedup();
    assert!(names.len() == all && all >= 100, "{all} rows, {} names", names.len());
}

#[test]
fn a_forged_verdict_is_found() {
    let environment = TestEnvironment::in_memory();
    let repo = ground(&environment);
    repo.write("b.txt", "fine\n");
    repo.commit("fine");
    repo.orc(&["gate", "run", "--only", "lint"]).expect_code(0);
    repo.orc(&["verify"]).expect_code(0);
    // The verdict of a tree is put beside the others by a commit that looks like the last one.
    let forge = "set -e\n\
        export GIT_INDEX_FILE=\"$PWD/.git/forged\"\n\
        git read-tree refs/orc/ledger\n\
        kept=$(git ls-files gates/verdicts | head -n 1)\n\
        id=$(git rev-parse \"refs/orc/ledger:$kept\")\n\
        git update-index --add --cacheinfo \"100644,$id,gates/verdicts/00/$(printf '%062d' 0).json\"\n\
        tree=$(git write-tree)\n\
        new=$(git cat-file commit refs/orc/ledger | sed \"s/^tree .*/tree $tree/\" | git hash-object -t commit -w --stdin)\n\
        git update-ref refs/orc/ledger $new\n\
        rm -f \"$GIT_INDEX_FILE\" .git/orc/ledger-tip\n";
    let done = repo.command("sh").args(["-c", forge]).output().unwrap();
    assert!(done.status.success(), "{done:?}");
    let verified = repo.orc(&["verify"]);
    assert_ne!(verified.code(), 0, "{}", verified.stdout);
    let told = verified.stdout + &verified.stderr;
    assert!(told.contains("a verdict or a waiver that the entry does not tell of"), "{told}");
}

#[test]
fn a_run_does_not_take_the_gates_away_unseen() {
    let environment = TestEnvironment::in_memory();
    let repo = ground(&environment);
    let plan = "name: gone\ngates: {wave: [[\"true\"]]}\nworkstreams: [{id: a, files_scope: [QUALITY_GATE.yaml], tool: command, command: [rm, QUALITY_GATE.yaml]}]\n";
    repo.write("p.yaml", plan);
    repo.orc(&["run", "p.yaml"]).expect_code(0);
    let push = || repo.try_git(&["push", "--dry-run", "origin", "orc/gone"]);
    let refused = push();
    assert_eq!(refused.code(), 1, "{}", refused.stderr);
    assert!(refused.stderr.contains("gate-file") && refused.stderr.contains("takes QUALITY_GATE.yaml away"), "{}", refused.stderr);
    repo.orc(&["gate", "waive", "gate-file", "orc/gone", "--reason", "they moved"]).expect_code(0);
    assert_eq!(push().code(), 0);
    repo.orc(&["verify"]).expect_code(0);
}
