//! Policy files: the fixtures, the JSON Schema, and their agreement with the reading of policies.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use git_orc::domain::document::diagnostic::{Class, Code, Diagnostic};
use git_orc::domain::document::source::SourceFile;
use git_orc::domain::policy::governance::layers::SHIPPED;
use git_orc::domain::policy::governance::schema::policies_schema;
use serde_json::Value;

use super::{parse, root};

fn entries(folder: &str) -> Vec<PathBuf> {
    let all = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = all.filter(|path| path.extension().is_some_and(|ending| ending == "yaml")).collect();
    files.sort();
    assert!(!files.is_empty(), "{folder} is empty");
    files
}

fn instance(text: &str) -> Option<Value> {
    serde_yaml::from_str::<serde_yaml::Value>(text).ok().and_then(|value| serde_json::to_value(value).ok())
}

fn complaints(text: &str) -> Vec<String> {
    let validator = jsonschema::draft202012::new(&policies_schema()).unwrap();
    validator.iter_errors(&instance(text).unwrap()).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// Writes everything that is said about a file, one line each.
fn told(found: &[Diagnostic]) -> String {
    let mut out = String::new();
    for diagnostic in found {
        out.push_str(&format!("{diagnostic}\n"));
        for related in &diagnostic.related {
            out.push_str(&format!("    {}:{}:{}: {}\n", related.file, related.span.line, related.span.column, related.label));
        }
        out.extend(diagnostic.hint.iter().map(|hint| format!("    {hint}\n")));
    }
    out
}

/// Compares a text with a file; writes the file when asked to.
fn assert_kept(path: &std::path::Path, fresh: &str) {
    if std::env::var_os("GIT_ORC_BLESS").is_some() {
        fs::write(path, fresh).unwrap();
    }
    let kept = fs::read_to_string(path).unwrap_or_default();
    assert_eq!(kept, fresh, "{} is stale; run `GIT_ORC_BLESS=1 cargo test --test it policies`", path.display());
}

#[test]
fn the_schema_in_the_repository_is_that_of_the_types() {
    let schema = policies_schema();
    assert_kept(&root().join("schema/ai_policies.schema.json"), &format!("{}\n", serde_json::to_string_pretty(&schema).unwrap()));
    jsonschema::meta::validate(&schema).unwrap();
}

#[test]
fn the_shipped_policies_are_valid_and_say_where_their_schema_is() {
    let governance = parse(&[]).unwrap();
    assert!(governance.secrets.is_some() && governance.limits.max_files_changed.is_none());
    assert_eq!(complaints(SHIPPED), [""; 0]);
    let first = SHIPPED.lines().next().unwrap();
    let schema = first.strip_prefix("# yaml-language-server: $schema=../").unwrap();
    assert!(root().join(schema).is_file(), "{schema}");
}

#[test]
fn valid_policies_are_read_and_pass_the_schema() {
    for path in entries("fixtures/policies/valid") {
        let text = fs::read_to_string(&path).unwrap();
        parse(&[("ai_policies.yaml", &text)]).unwrap_or_else(|found| panic!("{}: {}", path.display(), told(&found)));
        assert_eq!(complaints(&text), [""; 0], "{}", path.display());
    }
}

#[test]
fn invalid_policies_are_refused_with_the_place_the_reason_and_the_help() {
    let user = fs::read_to_string(root().join("fixtures/policies/user.yaml")).unwrap();
    assert!(parse(&[("user.yaml", &user)]).is_ok());
    let mut seen = BTreeSet::new();
    for path in entries("fixtures/policies/invalid") {
        let file = SourceFile::from_bytes("ai_policies.yaml", &fs::read(&path).unwrap());
        let found = parse(&[("user.yaml", &user), ("ai_policies.yaml", &file.text)]).unwrap_err();
        assert_kept(&path.with_extension("expect"), &told(&found));
        assert!(found.iter().all(|one| one.file == "ai_policies.yaml" && one.span.is_some()), "{}", path.display());
        let codes: BTreeSet<Code> = found.iter().map(|one| one.code).collect();
        if !codes.iter().any(|code| code.class() == Class::Text) {
            let is_malformed = codes.iter().any(|code| code.class() == Class::Structure);
            let complaints = complaints(&file.text);
            assert_eq!(!complaints.is_empty(), is_malformed, "{}: {codes:?}, but the schema says {complaints:#?}", path.display());
        }
        seen.extend(codes);
    }
    for code in [Code::ConstraintWeakened, Code::BadRegex, Code::BadGlob, Code::UnknownId, Code::DuplicateId, Code::UnsupportedVersion] {
        assert!(seen.contains(&code), "{code} has no fixture");
    }
}
