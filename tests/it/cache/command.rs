//! The command, and what a dry run says.

use super::stage::{Stage, full, plan, plan_with_inputs};
use crate::harness::TestEnvironment;

#[test]
fn what_is_in_it_is_listed_and_taken_out() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    assert_eq!(stage.repo.orc(&["cache", "list"]).expect_code(0).stdout, "the cache is empty\n");
    stage.run(&full("  - {id: a, files_scope: [\"a/**\"], command: [work, a], static: [[look, a]]}\n"), &[], 0);
    let listed = stage.repo.orc(&["cache", "list", "--json"]).expect_code(0).json();
    let mut entries: Vec<String> = listed["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            format!("{} {} {} files {} bytes {}", one["kind"].as_str().unwrap(), one["workstream"], one["step"], one["files"], one["bytes"])
        })
        .collect();
    entries.sort();
    let expect =
        ["change \"a\" \"edit\" files 1 bytes 6", "check \"a\" \"static\" files 0 bytes 0", "gate null \"wave-1\" files 0 bytes 0"];
    assert_eq!(entries, expect);
    let text = stage.repo.orc(&["cache", "list"]).expect_code(0).stdout;
    assert!(text.contains("gate wave-1") && text.contains(" in "), "{text}");
    assert_eq!(stage.repo.orc(&["cache", "clear", "--expired"]).expect_code(0).stdout, "0 results taken out of the cache\n");
    assert_eq!(stage.repo.orc(&["cache", "clear", "--json"]).expect_code(0).json()["removed"], 3);
    assert_eq!(stage.repo.git(&["for-each-ref", "refs/orc/cache"]), "");
    stage.repo.assert_sound();
}

#[test]
fn why_says_what_a_run_would_find() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    let path = stage.plan_file(&plan_with_inputs());
    let why = |more: &[&str]| -> Vec<String> {
        let found = stage.repo.orc(&[&["cache", "why", &path, "--json"], more].concat()).expect_code(0).json();
        let one = |step: &serde_json::Value| {
            let word = if step["hit"] == true { "hit".to_owned() } else { step["miss"]["why"].as_str().unwrap().to_owned() };
            format!("{} {} {word}", step["workstream"].as_str().unwrap(), step["step"].as_str().unwrap())
        };
        found["steps"].as_array().unwrap().iter().map(one).collect()
    };
    let before = ["a edit never_run", "a static unknown", "c edit never_run", "c static unknown", "d edit never_run", "d static unknown"];
    assert_eq!(why(&[])[..6], before);
    assert_eq!(why(&["b"]), ["b edit unknown", "b static unknown"]);
    stage.run(&plan_with_inputs(), &["--target", "orc/elsewhere"], 0);
    stage.calls();
    let all = why(&[]);
    assert!(all.len() == 8 && all.iter().all(|step| step.ends_with(" hit")), "{all:#?}");
    stage.repo.write("shared.txt", "two\n");
    stage.repo.commit("another input");
    assert_eq!(why(&["a"]), ["a edit differs", "a static unknown"]);
    assert_eq!(why(&["c"]), ["c edit hit", "c static hit"]);
    let text = stage.repo.orc(&["cache", "why", &path]).expect_code(0).stdout;
    assert!(text.contains("`shared.txt` changed") && text.contains("4 of 8 steps in the cache"), "{text}");
    assert_eq!(stage.calls(), [""; 0], "nothing is run to say why");
    let wrong = stage.repo.orc(&["cache", "why", &path, "aa"]).expect_code(129).stderr;
    assert!(wrong.contains("the plan has no workstream `aa`"), "{wrong}");
}

#[test]
fn workers_are_counted_where_nobody_says_how_many() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    let path = stage.plan_file(&plan());
    let start =
        |more: &[&str]| stage.repo.orc(&[&["run", &path, "--dry-run", "--json"], more].concat()).expect_code(0).json()["start"].clone();
    assert_eq!(start(&[])["max_workers"], 4);
    assert!(start(&["--cache"])["max_workers_why"].as_str().unwrap().contains(" at once: "), "{}", start(&["--cache"]));
    let said = start(&["--cache", "--max-workers", "3"]);
    assert_eq!((said["max_workers"].as_u64(), said["max_workers_why"].is_null()), (Some(3), true));
}
