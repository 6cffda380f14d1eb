//! The steps of the page about tools, done as they are written by somebody who has a program of his own.

use super::stage::Stage;
use crate::harness::TestEnvironment;

const PAGE: &str = include_str!("../../../docs/tools.md");

/// Returns the blocks of code of a section, with their languages.
fn blocks(heading: &str) -> Vec<(String, String)> {
    let section = PAGE.split("\n## ").find(|section| section.starts_with(heading)).unwrap();
    let inside = section.split("```").skip(1).step_by(2);
    inside.map(|block| block.split_once('\n').unwrap()).map(|(language, text)| (language.to_owned(), text.to_owned())).collect()
}

#[test]
fn a_tool_of_ones_own_is_added_checked_and_used_as_the_page_says() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    let script = "test \"$1\" = --version && { echo my-agent 1.0; exit; }\n\
        test \"$1\" = --yes || exit 3\n\
        if grep -q greeting.txt \"$2\"; then echo Hello > greeting.txt; else echo hello > hello.txt; fi";
    stage.program("my-agent", script);
    let (mut commands, mut profile) = (Vec::new(), String::new());
    for (language, text) in blocks("Add a tool of your own") {
        match language.as_str() {
            "yaml" => stage.repo.write("plan.yaml", text),
            "json" => profile = text,
            _ => {
                for line in text.lines() {
                    let words: Vec<&str> = line.strip_prefix("git orc ").unwrap_or_else(|| panic!("{line}")).split_whitespace().collect();
                    let told = stage.repo.orc(&words).expect_code(0).stdout;
                    if words[..2] == ["tools", "add"] {
                        assert!(told.contains("\"my-agent\""), "{told}");
                    }
                    commands.push(words[..2].join(" "));
                }
            }
        }
    }
    assert_eq!(commands, ["tools add", "tools check", "tools check", "run plan.yaml"]);
    let written = std::fs::read_to_string(environment.root().join("config/git-orc/tool_profiles.json")).unwrap();
    let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    assert_eq!(json(&written), json(&profile), "the page shows another profile than the one that is written");
    assert_eq!(stage.repo.git(&["show", "orc/plan:greeting.txt"]), "Hello");
    stage.assert_sound();
}
