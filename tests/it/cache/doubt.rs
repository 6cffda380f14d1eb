//! What is not believed: what has expired, is damaged, came from elsewhere, or breaks a rule.

use super::stage::{ALL, Stage, full, plan};
use crate::harness::TestEnvironment;

#[test]
fn what_has_expired_is_done_again() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    stage.repo.git(&["config", "orc.cacheTtlSec", "1"]);
    let plan = full("  - {id: a, files_scope: [\"a/**\"], command: [work, a]}\n");
    stage.run(&plan, &[], 0);
    stage.calls();
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    let told = stage.repo.orc(&["gc", "--dry-run"]).expect_code(0).stdout;
    assert!(told.contains("2 expired results would be taken out of the cache"), "{told}");
    stage.run(&plan, &["--target", "orc/second"], 0);
    assert_eq!(stage.calls(), ["look gate", "work a"]);
    assert!(stage.ends()[0].contains("not in the cache: the result expired "), "{:#?}", stage.ends());
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    let told = stage.repo.orc(&["gc"]).expect_code(0).stdout;
    assert!(told.contains("2 expired results taken out of the cache"), "{told}");
    assert_eq!(stage.repo.git(&["for-each-ref", "refs/orc/cache"]), "", "an empty cache has no ref");
}

#[test]
fn a_cache_of_another_clone_is_not_believed() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    stage.run(&plan(), &[], 0);
    stage.calls();
    let other = environment.root().join("other");
    let (from, to) = (stage.repo.path().to_str().unwrap(), other.to_str().unwrap());
    stage.repo.git(&["clone", "--quiet", from, to]);
    let there = Stage { repo: environment.open("other"), environment: &environment };
    there.repo.git(&["fetch", "--quiet", "origin", "refs/orc/cache:refs/orc/cache"]);
    assert_eq!(there.repo.orc(&["cache", "list"]).expect_code(0).stdout, "the cache is empty\n");
    there.run(&plan(), &[], 0);
    assert_eq!(there.calls(), ALL, "nothing of a stranger's cache is used");
    // What the clone itself wrote is used, and nothing else is left.
    there.run(&plan(), &["--target", "orc/second"], 0);
    assert_eq!(there.calls(), [""; 0]);
    assert_eq!(there.repo.orc(&["cache", "list", "--json"]).json()["entries"].as_array().unwrap().len(), 10);
}

#[test]
fn damage_is_as_if_nothing_were_there() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    let plan = full("  - {id: a, files_scope: [\"a/**\"], command: [work, a]}\n");
    stage.run(&plan, &[], 0);
    stage.calls();
    // Somebody writes another patch into an entry: the seal does not hold any more.
    let forge = r#"
        set -e
        entry() { git cat-file blob "refs/orc/cache:entries/$1" | sed 's/"step":"/"step":"x/' | git hash-object -w --stdin; }
        entries=$(git ls-tree refs/orc/cache:entries | while read -r mode kind id name; do printf '%s %s %s\t%s\n' "$mode" "$kind" "$(entry "$name")" "$name"; done | git mktree)
        tree=$(git ls-tree refs/orc/cache | sed "s/tree [0-9a-f]*\tentries/tree $entries\tentries/" | git mktree)
        git update-ref refs/orc/cache "$(git commit-tree -m x "$tree")"
    "#;
    let forged = crate::harness::run(stage.repo.command("sh").args(["-c", forge]));
    forged.expect_code(0);
    let again = |branch: &str, damage: &str| {
        stage.run(&plan, &["--target", branch], 0);
        assert_eq!(stage.calls(), ["look gate", "work a"], "{damage}");
        stage.run(&plan, &["--target", &format!("{branch}-again")], 0);
        assert_eq!(stage.calls(), [""; 0], "{damage}: a run mends the cache");
    };
    again("orc/forged", "another text");
    stage.repo.git(&["update-ref", "refs/orc/cache", "HEAD"]);
    again("orc/commit", "a commit of the user's");
    std::fs::write(stage.repo.git_dir().join("refs/orc/cache"), "nonsense\n").unwrap();
    again("orc/nonsense", "a broken ref");
    std::fs::write(stage.repo.git_dir().join("orc/cache/seal"), "short").unwrap();
    again("orc/secret", "a broken secret");
    stage.assert_sound();
}

#[test]
fn a_result_that_breaks_a_rule_is_refused_like_new_work() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    let plan = full("  - {id: a, files_scope: [\"a/**\"], command: [work, a]}\n");
    stage.run(&plan, &[], 0);
    stage.calls();
    let folder = environment.root().join("config/git-orc");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("ai_policies.yaml"), "zones: {read_only: {paths: [\"a/**\"]}}\n").unwrap();
    stage.run(&plan, &["--target", "orc/second"], 3);
    assert_eq!(stage.calls(), [""; 0]);
    let ledger = stage.repo.ledger();
    let last = ledger.of_kind("patch_created").last().map(|patch| (*patch).clone()).unwrap();
    assert_eq!(last["origin"], "cache");
    assert!(ledger.of_kind("patch_quarantined").iter().any(|moved| moved["patch"] == last["patch"]), "{:#?}", stage.ends());
    assert_eq!(stage.repo.git(&["for-each-ref", "refs/heads/orc/second"]), "");
}
