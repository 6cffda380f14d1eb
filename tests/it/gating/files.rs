//! `QUALITY_GATE.yaml`: every mistake has its code and its place, and the schema agrees.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use git_orc::domain::document::diagnostic::{Class, Code, Severity};
use git_orc::domain::document::source::SourceFile;
use git_orc::domain::gate::parse::parse;
use git_orc::domain::gate::schema::quality_gate_schema;

use super::{has_no_ledger, project};
use crate::harness::TestEnvironment;

fn folder(name: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/gates").join(name);
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 1, "{name}: a test that can not fail");
    files
}

fn source(path: &Path) -> SourceFile {
    SourceFile::from_bytes(path.file_name().unwrap().to_str().unwrap(), &fs::read(path).unwrap())
}

#[test]
fn the_schema_in_the_repository_is_that_of_the_types() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/quality_gate.schema.json");
    let fresh = format!("{}\n", serde_json::to_string_pretty(&quality_gate_schema()).unwrap());
    if std::env::var_os("GIT_ORC_BLESS").is_some() {
        fs::write(&path, &fresh).unwrap();
    }
    assert!(fs::read_to_string(&path).unwrap_or_default() == fresh, "{} is stale; run with GIT_ORC_BLESS=1", path.display());
    jsonschema::meta::validate(&quality_gate_schema()).unwrap();
}

#[test]
fn mistakes_are_named_with_their_places() {
    let validator = jsonschema::draft202012::new(&quality_gate_schema()).unwrap();
    for path in folder("invalid") {
        let file = source(&path);
        let expected: BTreeSet<String> =
            file.text.lines().next().unwrap().strip_prefix("# expect:").unwrap().split_whitespace().map(str::to_owned).collect();
        let found = parse(&file).err().unwrap_or_else(|| panic!("{} is accepted", path.display()));
        let errors: Vec<_> = found.iter().filter(|one| one.severity == Severity::Error).collect();
        let codes: BTreeSet<String> = errors.iter().map(|one| one.code.to_string()).collect();
        assert_eq!(codes, expected, "{}: {found:#?}", path.display());
        assert!(errors.iter().all(|one| one.span.is_some_and(|span| span.line > 1)), "{}: {found:#?}", path.display());
        // What a schema can see, it sees.
        let class = |code: &str| Code::ALL.iter().find(|known| known.as_str() == code).unwrap().class();
        let is_text = codes.iter().any(|code| class(code) == Class::Text);
        if let Some(value) = serde_yaml::from_str::<serde_json::Value>(&file.text).ok().filter(|_| !is_text) {
            let is_malformed = codes.iter().any(|code| class(code) == Class::Structure && code != "missing-key" && code != "unknown-key");
            let is_malformed = is_malformed && !["manual-on-push", "reader"].iter().any(|beyond| path.ends_with(format!("{beyond}.yaml")));
            assert!(!is_malformed || !validator.is_valid(&value), "{}", path.display());
        }
    }
}

#[test]
fn good_files_are_read_and_pass_the_schema() {
    let validator = jsonschema::draft202012::new(&quality_gate_schema()).unwrap();
    for path in folder("valid") {
        let file = source(&path);
        let (gates, notes) = parse(&file).unwrap_or_else(|found| panic!("{}: {found:#?}", path.display()));
        assert!(notes.is_empty() && gates.gates.len() > 2, "{}: {notes:?}", path.display());
        let value: serde_json::Value = serde_yaml::from_str(&file.text).unwrap();
        let complaints: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(complaints.is_empty(), "{}: {complaints:?}", path.display());
    }
}

#[test]
fn a_bad_file_blocks_and_shows_every_mistake() {
    let environment = TestEnvironment::new();
    let repo = project(&environment, "gates:\n  - {id: a, comand: [x]}\n  - {id: b, command: [x], failure_action: stop}\n");
    let pushed = repo.try_git(&["push", "origin", "HEAD:main"]);
    assert_eq!(pushed.code(), 1, "{}", pushed.stderr);
    for part in
        ["QUALITY_GATE.yaml:2:", "unknown key `comand`", "unknown value `stop`", "so nothing was pushed", "QUALITY_GATE.yaml is not valid"]
    {
        assert!(pushed.stderr.contains(part), "no `{part}` in {}", pushed.stderr);
    }
    // A run starts nothing either.
    repo.write("p.yaml", "workstreams: [{id: a, files_scope: [b.txt], files_create: [b.txt], tool: command, command: [touch, b.txt]}]\n");
    let run = repo.orc(&["run", "p.yaml"]);
    assert_eq!(run.code(), 1, "{}", run.stderr);
    assert!(run.stderr.contains("unknown key `comand`") && has_no_ledger(&repo), "{}", run.stderr);
}
