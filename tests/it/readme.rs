//! The README, taken at its word: its plans are valid, its tables are complete, its tutorial runs line by line as it stands there.

use std::collections::BTreeSet;
use std::path::Path;

use clap::Parser as _;
use git_orc::cli::args::root::{Root, command};
use git_orc::domain::document::source::{Shape, SourceFile};
use git_orc::domain::gate::parse::parse as parse_gates;
use git_orc::domain::plan::input::{Known, PlanDefaults, PlanInput};
use git_orc::domain::plan::parse::parse_plan;
use git_orc::domain::plan::schema::plan_schema;
use git_orc::domain::policy::governance::schema::policies_schema;
use git_orc::domain::tool::parse::{ProfileSource, SHIPPED, parse_profiles};
use serde_json::Value;

use crate::harness::{TestEnvironment, TestRepo};

fn readme() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

/// Returns what stands below a heading of the second level, up to the next one.
fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let start = text.find(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no heading `{heading}`")) + heading.len() + 2;
    let rest = &text[start..];
    &rest[..rest.find("\n## ").unwrap_or(rest.len())]
}

/// Returns the fenced blocks of a language.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let opening = format!("```{language}\n");
    let found: Vec<&str> = text.split(&opening).skip(1).map(|rest| &rest[..rest.find("```").unwrap()]).collect();
    assert!(!found.is_empty(), "no block of {language}");
    found
}

/// Returns the words in backticks in the first cells of the tables of a text.
fn first_cells(text: &str) -> BTreeSet<&str> {
    let cells = text.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect()
}

#[test]
fn plans_in_the_readme_are_valid() {
    let shipped = parse_profiles(&[ProfileSource { name: "shipped", text: SHIPPED }]).unwrap();
    let tools: Vec<_> = shipped.tools().map(|tool| tool.profile.id.clone()).collect();
    let schema = jsonschema::draft202012::new(&plan_schema()).unwrap();
    // A block names its file in a comment, unless it is a plan.
    let is_plan = |text: &&str| !text.starts_with("# QUALITY_GATE.yaml");
    let text = readme();
    let plans = text.replace(section(&text, "## Policies"), "");
    for text in blocks(&plans, "yaml").into_iter().filter(is_plan) {
        let files = [SourceFile::new("README.md.yaml", text)];
        let input = PlanInput {
            files: &files,
            shape: Shape::File,
            defaults: &PlanDefaults::default(),
            known: Known { tools: &tools, capabilities: &[] },
        };
        let (_, notes) = parse_plan(&input).unwrap_or_else(|found| panic!("{found:#?} in\n{text}"));
        assert!(notes.is_empty(), "{notes:#?} in\n{text}");
        let value: serde_yaml::Value = serde_yaml::from_str(text).unwrap();
        assert!(schema.is_valid(&serde_json::to_value(value).unwrap()), "{text}");
    }
}

#[test]
fn gates_in_the_readme_are_valid() {
    let text = readme();
    let all: Vec<&str> = blocks(&text, "yaml").into_iter().filter(|text| text.starts_with("# QUALITY_GATE.yaml")).collect();
    assert!(!all.is_empty());
    for text in all {
        let (_, notes) = parse_gates(&SourceFile::new("README.md.yaml", text)).unwrap_or_else(|found| panic!("{found:#?} in\n{text}"));
        assert!(notes.is_empty(), "{notes:#?} in\n{text}");
    }
}

#[test]
fn policies_in_the_readme_are_valid() {
    let schema = jsonschema::draft202012::new(&policies_schema()).unwrap();
    for text in blocks(section(&readme(), "## Policies"), "yaml") {
        let governance = crate::policies::parse(&[("README.md.yaml", text)]).unwrap_or_else(|found| panic!("{found:#?} in\n{text}"));
        assert!(!governance.forbidden.is_empty() && !governance.review.is_empty(), "{text}");
        let value: serde_yaml::Value = serde_yaml::from_str(text).unwrap();
        assert!(schema.is_valid(&serde_json::to_value(value).unwrap()), "{text}");
    }
}

#[test]
fn profiles_in_the_readme_are_valid() {
    for text in blocks(&readme(), "json") {
        parse_profiles(&[ProfileSource { name: "shipped", text: SHIPPED }, ProfileSource { name: "README.md", text }]).unwrap();
    }
}

/// Returns the properties of a part of the schema that are of this program's own format.
fn properties(part: &Value) -> BTreeSet<&str> {
    let all = part["properties"].as_object().unwrap().iter();
    let own = all.filter(|(_, what)| !what["description"].as_str().unwrap_or_default().starts_with("Of the original format"));
    own.map(|(key, _)| key.as_str()).filter(|key| *key != "$schema").collect()
}

#[test]
fn tables_of_the_readme_name_every_key_of_a_plan() {
    let (text, schema) = (readme(), plan_schema());
    let (plan, workstream) = section(&text, "## Plans").split_once("Of a workstream:").unwrap();
    let check = |table: &str, part: &Value| {
        let (told, known) = (first_cells(table), properties(part));
        assert!(known.len() > 5, "the schema has another shape: {known:?}");
        let missing: Vec<_> = known.iter().filter(|key| !told.iter().any(|word| word.split('.').next() == Some(key))).collect();
        assert!(missing.is_empty(), "keys that the README does not name: {missing:?}");
        let all = part["properties"].as_object().unwrap();
        let unknown: Vec<_> = told.iter().filter(|word| !all.contains_key(word.split('.').next().unwrap()) && **word != "x-*").collect();
        assert!(unknown.is_empty(), "keys of the README that no plan has: {unknown:?}");
    };
    check(plan, &schema);
    check(workstream, &schema["$defs"]["Workstream"]);
}

#[test]
fn settings_in_the_readme_are_those_that_there_are() {
    let text = readme();
    let told = first_cells(section(&text, "## Settings"));
    let environment = TestEnvironment::new();
    let listed = environment.run("git-orc", &["config", "--json"]).expect_code(0).json();
    let all: Vec<(&str, &str)> =
        listed["settings"].as_array().unwrap().iter().map(|row| (row["key"].as_str().unwrap(), row["place"].as_str().unwrap())).collect();
    let unknown: Vec<_> = told.iter().filter(|key| !all.iter().any(|(known, _)| known == *key)).collect();
    assert!(unknown.is_empty(), "settings of the README that there are not: {unknown:?}");
    let missing: Vec<_> = all.iter().filter(|(key, place)| *place == "config.yaml" && !told.contains(key)).collect();
    assert!(missing.is_empty() && told.len() > 5, "settings that the README does not name: {missing:?}");
}

/// Returns the command lines of a text that start with `git orc`, as words; comments and pipes are left out.
fn typed(text: &str) -> Vec<Vec<String>> {
    let lines = text.lines().filter_map(|line| line.trim().strip_prefix("git orc "));
    let bare = lines.map(|line| line.split("  ").next().unwrap().split(" #").next().unwrap());
    bare.map(|line| shell_words::split(line.split(['|', '>']).next().unwrap()).unwrap()).collect()
}

#[test]
fn the_readme_names_every_command_and_no_other() {
    let text = readme();
    let told: BTreeSet<&str> = first_cells(section(&text, "## Commands")).iter().filter_map(|cell| cell.split(' ').nth(2)).collect();
    let root = command();
    let known: BTreeSet<&str> = root.get_subcommands().map(clap::Command::get_name).filter(|name| *name != "help").collect();
    assert_eq!(told, known);
}

#[test]
fn commands_in_the_readme_and_in_the_help_are_understood() {
    let help = |one: &clap::Command| typed(&one.get_after_help().map(ToString::to_string).unwrap_or_default());
    let root = command();
    let below = root.get_subcommands().flat_map(|one| std::iter::once(one).chain(one.get_subcommands()));
    let examples: Vec<Vec<String>> = std::iter::once(&root).chain(below).flat_map(help).chain(typed(&readme())).collect();
    assert!(examples.len() > 20, "{examples:?}");
    for words in examples {
        let line = std::iter::once("git-orc").chain(words.iter().map(String::as_str));
        Root::try_parse_from(line).unwrap_or_else(|error| panic!("git orc {}\n{error}", words.join(" ")));
    }
}

/// Runs the lines of a block, each by a shell at the top of the repository, and returns each line with what it printed.
fn type_in(repo: &TestRepo<'_>, block: &str) -> Vec<(String, String)> {
    let run = |line: &str| {
        let outcome = crate::harness::run(repo.command("sh").args(["-c", line]));
        assert!(outcome.status.success(), "{line}\n{}{}", outcome.stdout, outcome.stderr);
        (line.to_owned(), outcome.stdout)
    };
    block.lines().filter(|line| !line.is_empty()).map(run).collect()
}

#[test]
fn the_tutorial_of_the_readme_runs_as_it_stands() {
    let text = readme();
    let tutorial = section(&text, "## Five minutes on your own repository");
    let plan = blocks(tutorial, "yaml")[0];
    let name = plan.lines().next().unwrap().strip_prefix("# ").unwrap();
    let environment = TestEnvironment::new();
    let repo = environment.repo("my-project");
    repo.write("main.c", "int main(void) { return 0; }\n");
    repo.commit("start");
    environment.run("git", &["init", "--quiet", "--bare", "origin.git"]).expect_code(0);
    repo.git(&["remote", "add", "origin", "../origin.git"]);
    repo.write(name, plan);

    let typed = type_in(&repo, blocks(tutorial, "sh")[1]);
    assert!(typed.iter().any(|(line, _)| line.starts_with("git orc run tour.yaml")), "{typed:#?}");
    assert_eq!(repo.read("tour/summary.txt"), "hello\n42\n");

    let ledger = section(&text, "## Reading the ledger with plain git");
    for (line, printed) in type_in(&repo, blocks(ledger, "sh")[0]) {
        let is_silent = ["--author=aider", "refs/orc/quarantine", "> ledger.jsonl", "git push"].iter().any(|part| line.contains(part));
        assert_eq!(printed.is_empty(), is_silent, "{line}\n{printed}");
    }
    let lines = repo.read("ledger.jsonl");
    assert_eq!(lines.lines().count(), repo.ledger().entries().len());
    let required = ["v", "ulid", "ts", "kind", "run", "key"];
    for line in lines.lines() {
        let entry: Value = serde_json::from_str(line).unwrap();
        assert!(required.iter().all(|field| !entry[field].is_null()), "{line}");
    }
    repo.assert_sound();
}
