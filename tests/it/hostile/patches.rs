//! Malicious patches, by every way in: from a plan, printed by a tool, left in a worktree. None of them lands.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::ground::{Ground, fixture, table};
use crate::harness::{TestEnvironment, run};

/// Where the patches are, and the table that says what must become of each.
const FOLDER: &str = "fixtures/hostile/patches";

/// A patch of the corpus.
struct Case {
    name: String,
    /// What is part of the reason when it is refused; `None` when it is harmless.
    reason: Option<String>,
    what: String,
}

fn cases() -> Vec<Case> {
    let case = |[name, fate, reason, what]: [String; 4]| match fate.as_str() {
        "refused" => Case { name, reason: Some(reason), what },
        "applied" => Case { name, reason: None, what },
        other => panic!("{name}: {other}"),
    };
    table("patches/table.tsv").into_iter().map(case).collect()
}

fn bytes(case: &Case) -> Vec<u8> {
    fs::read(fixture(&format!("patches/{}.patch", case.name))).unwrap()
}

/// A workstream that may do everything but touch one file; a patch that is to leave its scope has a smaller one.
fn workstream(case: &Case, tool: &str) -> String {
    // What policies protect must be named to be changed.
    let scope =
        if case.name.starts_with("scope-") { "\"src/**\"" } else { "\"**\", .gitattributes, src/.gitattributes, .githooks/pre-commit" };
    format!("  - id: {}\n    files_scope: [{scope}]\n    files_forbid: [src/secret.txt]\n    {tool}\n", case.name)
}

fn plan(name: &str, workstreams: &[String]) -> String {
    let head = "defaults: {retry: {max_attempts: 1}}\n";
    format!("version: 1\nname: {name}\ntarget: orc/{name}\n{head}workstreams:\n{}", workstreams.concat())
}

/// Asserts that each of these was refused with its reason, and that nothing landed.
fn assert_all_refused(ground: &Ground<'_>, cases: &[(&str, &str, &str)]) {
    let reasons = ground.reasons();
    let wrong: Vec<String> = cases
        .iter()
        .filter(|(name, reason, _)| !reasons.get(*name).is_some_and(|told| told.contains(reason)))
        .map(|(name, reason, what)| format!("{name} ({what}): `{reason}` is not in {:?}", reasons.get(*name)))
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    let branch = ground.repo.try_git(&["rev-parse", "--verify", "--quiet", "orc/corpus"]);
    assert_ne!(branch.code(), 0, "something landed: {}", ground.repo.git(&["diff", "--stat", "main", "orc/corpus"]));
    ground.assert_nothing_around_changed();
    ground.repo.ledger().assert_sound();
    assert_eq!(unsound_beside_quarantine(ground), Vec::<String>::new());
}

/// Returns what git complains about, but for what quarantine keeps on purpose: lists of submodules with attacks in them, and links in place of
/// files that git reads. Nothing is lost, so they are objects; nothing but the refs of the quarantine leads to them.
fn unsound_beside_quarantine(ground: &Ground<'_>) -> Vec<String> {
    let kept = [": gitattributesSymlink: ", ": gitignoreSymlink: ", ": gitmodules"];
    let said = ground.unsound().unwrap_or_default();
    said.lines().filter(|line| !kept.iter().any(|kind| line.contains(kind))).map(str::to_owned).collect()
}

#[test]
fn the_corpus_is_listed_and_large_enough() {
    let cases = cases();
    let listed: BTreeSet<String> = cases.iter().map(|case| format!("{}.patch", case.name)).collect();
    let files = fs::read_dir(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER)).unwrap();
    let there: BTreeSet<String> =
        files.map(|entry| entry.unwrap().file_name().into_string().unwrap()).filter(|name| name != "table.tsv").collect();
    assert_eq!(there, listed);
    assert_eq!(cases.len(), listed.len(), "a name stands twice");
    let malicious = cases.iter().filter(|case| case.reason.is_some()).count();
    assert!(malicious >= 200, "{malicious}");
    let vague: Vec<&String> = cases.iter().filter(|case| case.reason.as_ref().is_some_and(|r| r.len() < 8)).map(|c| &c.name).collect();
    assert!(vague.is_empty(), "no reason is named for {vague:?}");
}

/// Runs all malicious patches as workstreams of one plan.
fn run_all(tool: impl Fn(&Case) -> String, prepare: impl Fn(&Ground<'_>)) {
    let environment = TestEnvironment::in_memory();
    let mut ground = Ground::new(&environment);
    let cases: Vec<Case> = cases().into_iter().filter(|case| case.reason.is_some()).collect();
    fs::create_dir(environment.root().join("patches")).unwrap();
    for case in &cases {
        fs::write(environment.root().join(format!("patches/{}.patch", case.name)), bytes(case)).unwrap();
    }
    prepare(&ground);
    let before = ground.repo.fingerprint("orc/corpus");
    let workstreams: Vec<String> = cases.iter().map(|case| workstream(case, &tool(case))).collect();
    let code = ground.run(&plan("corpus", &workstreams)).code();
    let expect: Vec<_> =
        cases.iter().map(|case| (case.name.as_str(), case.reason.as_deref().unwrap_or_default(), case.what.as_str())).collect();
    assert_all_refused(&ground, &expect);
    assert_eq!(code, 3);
    ground.repo.assert_untouched(&before);
    assert_eq!(ground.repo.worktrees().len(), 1, "{:?}", ground.repo.worktrees());
    assert!(!environment.root().join("project.orc").exists());
}

#[test]
#[ignore = "runs more than 200 patches"]
fn no_malicious_patch_of_a_plan_lands() {
    run_all(|case| format!("tool: replay\n    patches: [patches/{}.patch]", case.name), |_| {});
}

#[test]
#[ignore = "runs more than 200 tools"]
fn no_malicious_patch_that_a_tool_prints_lands() {
    let prepare = |ground: &Ground<'_>| {
        let folder = ground.environment.root().join("patches");
        ground.program("printer", &format!("#!/bin/sh\nexec cat \"{}/$ORC_WORKSTREAM.patch\"\n", folder.display()));
        ground.settings("tool_profiles.json", r#"{"printer": {"binary": "printer", "args": ["{prompt}"], "output": "patch"}}"#);
        ground.settings("circuit_breaker_config.yaml", "breaker: {failure_threshold: 1000}\n");
    };
    run_all(|_| "tool: printer\n    tasks: [print it]".to_owned(), prepare);
}

#[test]
#[ignore = "runs many tools"]
fn no_malicious_files_of_a_worktree_land() {
    let environment = TestEnvironment::in_memory();
    let mut ground = Ground::new(&environment);
    let before = ground.repo.fingerprint("orc/corpus");
    let rows: Vec<[String; 3]> = table("left.tsv");
    let workstreams: Vec<String> = rows
        .iter()
        .map(|[name, reason, line]| {
            let case = Case { name: name.clone(), reason: Some(reason.clone()), what: String::new() };
            workstream(&case, &format!("tool: command\n    command: [sh, -c, {}]", serde_json::to_string(line).unwrap()))
        })
        .collect();
    let code = ground.run(&plan("corpus", &workstreams)).code();
    let expect: Vec<_> = rows.iter().map(|[name, reason, line]| (name.as_str(), reason.as_str(), line.as_str())).collect();
    assert_all_refused(&ground, &expect);
    assert_eq!(code, 3);
    ground.repo.assert_untouched(&before);
    assert_kept_worktrees_are_named(&ground);
}

/// What no tree can hold stays in its worktree, and the ledger says where and why.
fn assert_kept_worktrees_are_named(ground: &Ground<'_>) {
    let ledger = ground.repo.ledger();
    let kept = ledger.of_kind("worktree_kept");
    let named: BTreeMap<&str, &str> = kept.iter().map(|e| (e["path"].as_str().unwrap(), e["reason"].as_str().unwrap())).collect();
    for worktree in &ground.repo.worktrees()[1..] {
        assert!(named.get(worktree.as_str()).is_some_and(|reason| !reason.is_empty()), "{worktree} is not in {named:?}");
    }
    assert!(!named.is_empty());
}

/// What plain git makes of a patch.
enum ByGit {
    Refused(String),
    Tree(String),
}

fn by_git(ground: &Ground<'_>, patch: &str) -> ByGit {
    let index = ground.environment.root().join("tmp/index");
    // In a clone: plain git stores what no repository should hold.
    let clone = ground.environment.root().join("tmp/clone");
    if !clone.exists() {
        ground.repo.git(&["clone", "--quiet", "--no-checkout", ".", clone.to_str().unwrap()]);
    }
    let git = |arguments: &[&str]| run(ground.repo.command("git").arg("-C").arg(&clone).args(arguments).env("GIT_INDEX_FILE", &index));
    git(&["read-tree", "main"]).expect_code(0);
    let applied = git(&["apply", "--cached", "--whitespace=nowarn", patch]);
    if applied.code() != 0 {
        return ByGit::Refused(applied.stderr);
    }
    ByGit::Tree(git(&["write-tree"]).expect_code(0).stdout.trim().to_owned())
}

#[test]
#[ignore = "compares 250 patches with git, and runs the harmless ones"]
fn what_git_refuses_is_refused_and_what_is_harmless_is_applied_as_by_git() {
    let environment = TestEnvironment::in_memory();
    let mut ground = Ground::new(&environment);
    let before = ground.repo.fingerprint("orc/corpus");
    let mut harmless = 0;
    for case in &cases() {
        let file = environment.root().join("one.patch");
        fs::write(&file, bytes(case)).unwrap();
        let by_git = by_git(&ground, file.to_str().unwrap());
        match (by_git, &case.reason) {
            (_, Some(_)) => {}
            (ByGit::Refused(why), None) => panic!("{} is not refused, but git says {why}", case.name),
            (ByGit::Tree(tree), None) => {
                harmless += 1;
                let target = format!("orc/{}", case.name);
                ground.run(&plan(&case.name, &[workstream(case, "tool: replay\n    patches: [one.patch]")])).expect_code(0);
                assert_eq!(ground.repo.git(&["rev-parse", &format!("{target}^{{tree}}")]), tree, "{}", case.name);
                ground.assert_nothing_around_changed();
                ground.repo.git(&["branch", "--quiet", "-D", &target]);
            }
        }
    }
    assert!(harmless >= 20, "{harmless}");
    ground.repo.assert_untouched(&before);
    ground.repo.assert_sound();
}
