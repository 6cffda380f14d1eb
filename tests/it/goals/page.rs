//! The page about goals, taken at its word.

use std::path::Path;

use super::stage::Stage;
use crate::harness::TestEnvironment;

#[test]
fn the_example_of_the_page_runs_as_it_says() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/goals.md")).unwrap();
    let block = |language: &str| {
        let opening = format!("```{language}\n");
        let start = page.find(&opening).unwrap() + opening.len();
        page[start..start + page[start..].find("```").unwrap()].to_owned()
    };
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    stage.repo.write("book/text.md", "# The tour\n\n## Start\n\nWe set out.\n");
    stage.repo.commit("the book of the page");
    // What the page tells of: more words in each round, then a chapter, then nothing more.
    stage.writer(
        "case $(grep -c '^## ' book/text.md) in 1) { echo; echo '## Middle'; echo; seq 60; } >> book/text.md;; 2) { echo; echo '## End'; echo; seq \
         20; } >> book/text.md;; *) echo >> book/text.md;; esac",
    );
    stage.run(&block("yaml"), &[], 0);
    let table = stage.repo.orc(&["goals"]).expect_code(0).stdout;
    // Names of runs and commits differ from run to run.
    let told: Vec<String> = block("text").lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    let found: Vec<String> = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for line in told.iter().filter(|line| !line.is_empty() && !line.starts_with("run ")) {
        let parts: Vec<&str> = line.split("COMMIT").map(str::trim).collect();
        let is_there = found.iter().any(|own| parts.iter().all(|part| own.contains(part)));
        assert!(is_there, "no `{line}` in\n{table}");
    }
}
