//! `git orc validate --spec`: good and bad documents of `fixtures/specs`, and what is found in them.

use std::fs;
use std::path::{Path, PathBuf};

use git_orc::domain::spec::shipped;
use serde_json::Value;

use crate::harness::{TestEnvironment, TestRepo, run};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/specs").join(name)
}

/// Returns the files below a folder, relative to it, in a fixed order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { found.push(path.strip_prefix(folder).unwrap().to_owned()) }
        }
    }
    found.sort();
    found
}

/// A repository in which the documents lie.
fn documents(environment: &TestEnvironment) -> TestRepo<'_> {
    let repo = environment.repo("project");
    let folder = fixture("documents");
    for file in files(&folder) {
        repo.write(file.to_str().unwrap(), fs::read_to_string(folder.join(&file)).unwrap());
    }
    repo
}

#[test]
fn what_is_wrong_with_documents_is_found_where_it_is() {
    let environment = TestEnvironment::new();
    let repo = documents(&environment);
    let names: Vec<String> = files(&fixture("documents")).iter().map(|file| file.to_str().unwrap().to_owned()).collect();
    let mut arguments = vec!["validate", "--spec"];
    arguments.extend(
        names.iter().map(String::as_str).filter(|name| !matches!(*name, "strict.yaml" | "head.schema.json" | "broken-structure.yaml")),
    );
    arguments.retain(|name| !name.ends_with(".schema.json") || name.ends_with("api.schema.json"));
    let found = repo.orc(&arguments).expect_code(1).stdout;
    let kept = fixture("expected.txt");
    if std::env::var_os("GIT_ORC_BLESS").is_some() {
        fs::write(&kept, &found).unwrap();
    }
    assert_eq!(found, fs::read_to_string(&kept).unwrap_or_default(), "set GIT_ORC_BLESS=1 to accept");
    for good in ["docs/good.md", "docs/limits.md", "api/good.yaml", "api/api.schema.json", "structure.yaml"] {
        assert!(repo.orc(&["validate", "--spec", good]).expect_code(0).stdout.starts_with("nothing found in 1 document"), "{good}");
        assert!(!found.lines().any(|line| line.starts_with(&format!("{good}:"))), "{good} is fine:\n{found}");
    }
}

#[test]
fn paths_start_at_the_top_wherever_one_stands() {
    let environment = TestEnvironment::new();
    let repo = documents(&environment);
    let below = repo.orc(&["-C", "api", "validate", "--spec", "bad.json", "--json"]).expect_code(1).json();
    let paths: Vec<&str> =
        below["findings"].as_array().unwrap().iter().map(|finding| finding["location"]["path"].as_str().unwrap()).collect();
    assert!(!paths.is_empty() && paths.iter().all(|path| *path == "api/bad.json"), "{below:#}");
    let outside = environment.root().join("outside.md");
    fs::write(&outside, "# A\n### B\n").unwrap();
    let found = repo.orc(&["validate", "--spec", outside.to_str().unwrap(), "--json"]).expect_code(1).json();
    assert_eq!(found["findings"][0]["location"]["path"], "outside.md");
}

#[test]
fn every_form_says_the_same() {
    let environment = TestEnvironment::new();
    let repo = documents(&environment);
    let form = |format: &str| repo.orc(&["validate", "--spec", "api/bad.json", "docs/bad.md", "--format", format]).expect_code(1).stdout;
    let json: Value = serde_json::from_str(&form("json")).unwrap();
    let count = json["findings"].as_array().unwrap().len();
    assert_eq!(json["errors"].as_u64().unwrap(), count as u64);
    let sarif: Value = serde_json::from_str(&form("sarif")).unwrap();
    assert_eq!(sarif["runs"][0]["results"].as_array().unwrap().len(), count);
    assert_eq!(form("rdjsonl").lines().count(), count);
    assert_eq!(form("github").lines().filter(|line| line.starts_with("::error ")).count(), count);
    assert_eq!(form("junit").matches("<failure").count(), count);
}

#[test]
fn a_schema_and_a_structure_can_be_given() {
    let environment = TestEnvironment::new();
    let repo = documents(&environment);
    let check = |arguments: &[&str], code: i32, expect: &str| {
        let outcome = repo.orc(&[&["validate", "--spec"], arguments].concat()).expect_code(code);
        assert!(format!("{}{}", outcome.stdout, outcome.stderr).contains(expect), "{arguments:?}: {outcome:#?}");
    };
    check(&["api/silent.yaml", "--schema", "head.schema.json"], 0, "nothing found");
    check(&["api/silent.yaml", "--schema", "plan"], 1, "api/silent.yaml:1:1: error[schema/required]: missing key `workstreams`");
    check(&["api/silent.yaml", "--schema", "gone.json"], 1, "error[schema-missing]: the schema `gone.json` is not there");
    check(&["api/silent.yaml", "--schema", "https://example.com/x.json"], 129, "hint: Keep a copy of it");
    check(&["docs/limits.md", "--structure", "structure.yaml"], 1, "error[spec/section-missing]: there is no section `Goals` of level 2");
    check(&["gone.md"], 128, "gone.md");
    let misused = repo.orc(&["validate", "--schema", "plan", "plan.yaml"]).expect_code(129);
    assert!(misused.stderr.contains("--spec"), "{}", misused.stderr);
}

#[test]
fn documents_that_are_no_text_and_links_that_leave_are_told() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("project");
    fs::write(repo.path().join("bytes.md"), b"# T\n\xff [x](../../../etc/passwd)\n").unwrap();
    fs::write(repo.path().join("bytes.yaml"), b"\xff: 1\n").unwrap();
    repo.write("manifest.toml", "a = 1\n");
    let found = repo.orc(&["validate", "--spec", "bytes.md", "bytes.yaml", "manifest.toml"]).expect_code(1).stdout;
    for expect in [
        "bytes.md:2:1: error[not-utf8]",
        "bytes.md:2:3: error[spec/link-outside]",
        "bytes.yaml:1:1: error[not-utf8]",
        "manifest.toml:1: error[unknown-format]",
    ] {
        assert!(found.contains(expect), "{expect} in\n{found}");
    }
}

#[test]
fn our_own_pages_and_settings_pass() {
    let environment = TestEnvironment::new();
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let of = |folder: &str, ending: &str| -> Vec<String> {
        let paths = fs::read_dir(top.join(folder)).unwrap().map(|entry| entry.unwrap().path());
        let paths = paths.filter(|path| path.extension().is_some_and(|own| own == ending));
        paths.map(|path| path.strip_prefix(top).unwrap().display().to_string()).collect()
    };
    let folders = [("", "md"), ("docs", "md"), ("docs/design", "md"), ("docs/reference", "md"), ("config", "yaml"), ("schema", "json")];
    let files: Vec<String> = folders.iter().flat_map(|(folder, ending)| of(folder, ending)).collect();
    assert!(files.len() > 25, "{files:?}");
    let mut command = environment.command("git-orc");
    command.current_dir(top).env_remove("GIT_CEILING_DIRECTORIES").args(["validate", "--spec"]).args(&files);
    let outcome = run(&mut command);
    assert_eq!(outcome.code(), 0, "{}{}", outcome.stdout, outcome.stderr);
}

#[test]
fn shipped_schemas_are_schemas() {
    for name in shipped::NAMES {
        jsonschema::meta::validate(&shipped::schema(name).unwrap()).unwrap();
    }
}
