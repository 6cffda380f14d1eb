//! Plans from files: the fixtures, the JSON Schemas, and their agreement with the reading of plans.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use git_orc::domain::document::diagnostic::{BEYOND_PLANS, Class, Code, Diagnostic, Severity};
use git_orc::domain::document::source::{Format, Shape, SourceFile};
use git_orc::domain::plan::input::{Known, PhaseInput, PlanDefaults, PlanInput};
use git_orc::domain::plan::model::CheckedPlan;
use git_orc::domain::plan::parse::parse_plan;
use git_orc::domain::plan::schema::{bundle_schema, plan_schema};
use git_orc::domain::spec::shipped;
use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::harness::rounds;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the entries of a folder in order; an empty folder would make a test that can not fail.
fn entries(folder: &str) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    assert!(!entries.is_empty(), "{folder} is empty");
    entries
}

fn source(path: &Path) -> SourceFile {
    SourceFile::from_bytes(path.file_name().unwrap().to_str().unwrap(), &fs::read(path).unwrap())
}

type Outcome = Result<(CheckedPlan, Vec<Diagnostic>), Vec<Diagnostic>>;

fn parse(files: &[SourceFile], shape: Shape<'_>) -> Outcome {
    let templates = Some(["planning", "writing"].map(str::to_owned).to_vec());
    let defaults = PlanDefaults { phases: PhaseInput { templates, ..PhaseInput::default() }, ..PlanDefaults::default() };
    let capabilities = ["code_generation", "refactoring", "testing"].map(str::to_owned);
    let tools = ["command", "replay", "aider", "codex", "claude"].map(|id| id.parse().unwrap());
    parse_plan(&PlanInput { files, shape, defaults: &defaults, known: Known { tools: &tools, capabilities: &capabilities } })
}

/// Reads a file by the common readers, which know nothing of ours; `None` when it is no YAML or JSON, or has duplicate keys.
fn instance(file: &SourceFile) -> Option<Value> {
    match file.format {
        Format::Yaml => serde_yaml::from_str::<serde_yaml::Value>(&file.text).ok().and_then(|value| serde_json::to_value(value).ok()),
        Format::Json => serde_json::from_str(&file.text).ok(),
    }
}

fn validator(schema: &Value) -> Validator {
    jsonschema::draft202012::new(schema).unwrap()
}

fn complaints(validator: &Validator, instance: &Value) -> Vec<String> {
    validator.iter_errors(instance).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// Returns the codes that a fixture expects: the words after `# expect:` in its first line, or the content of the `.expect` file beside it.
fn expected(path: &Path, file: &SourceFile) -> BTreeSet<String> {
    let beside = path.with_extension("expect");
    let line = match file.text.lines().next().and_then(|line| line.strip_prefix("# expect:")) {
        Some(line) => line.to_owned(),
        None => fs::read_to_string(&beside).unwrap_or_else(|_| panic!("{} expects nothing", path.display())),
    };
    line.split_whitespace().map(str::to_owned).collect()
}

fn class(code: &str) -> Class {
    Code::ALL.iter().find(|known| known.as_str() == code).unwrap_or_else(|| panic!("no code `{code}`")).class()
}

#[test]
fn schemas_in_the_repository_are_those_of_the_types() {
    for name in shipped::NAMES {
        let schema = shipped::schema(name).unwrap();
        let path = root().join("schema").join(format!("{name}.schema.json"));
        let fresh = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
        if std::env::var_os("GIT_ORC_BLESS").is_some() {
            fs::write(&path, &fresh).unwrap();
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        assert!(kept == fresh, "{} is stale; run `GIT_ORC_BLESS=1 cargo test --test it plans`", path.display());
        jsonschema::meta::validate(&schema).unwrap();
    }
}

#[test]
fn valid_plans_are_read_and_pass_the_schema() {
    let validator = validator(&plan_schema());
    for path in entries("fixtures/plans/valid") {
        let file = source(&path);
        let (plan, notes) =
            parse(std::slice::from_ref(&file), Shape::File).unwrap_or_else(|found| panic!("{}: {found:#?}", path.display()));
        assert!(notes.iter().all(|note| note.severity == Severity::Note), "{}: {notes:#?}", path.display());
        assert!(!plan.workstreams.is_empty());
        assert_eq!(complaints(&validator, &instance(&file).unwrap()), [""; 0], "{}", path.display());
    }
}

#[test]
fn invalid_plans_are_refused_for_the_reasons_that_they_name() {
    let validator = validator(&plan_schema());
    let mut seen = BTreeSet::new();
    for path in entries("fixtures/plans/invalid").into_iter().filter(|path| path.extension().is_some_and(|e| e != "expect")) {
        let file = source(&path);
        let expect = expected(&path, &file);
        let found = parse(std::slice::from_ref(&file), Shape::File).map_or_else(|found| found, |(_, notes)| notes);
        let codes: BTreeSet<String> = found.iter().map(|d| d.code.to_string()).collect();
        assert_eq!(codes, expect, "{}: {found:#?}", path.display());
        agree(&validator, &file, &expect, &path);
        seen.extend(expect);
    }
    let missing: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).filter(|code| !seen.contains(*code)).collect();
    // A file of more than a mebibyte and a flood of errors are made in the unit tests; no plan has what belongs to other documents.
    let missing: Vec<_> = missing.into_iter().filter(|code| BEYOND_PLANS.iter().all(|other| other.as_str() != *code)).collect();
    assert_eq!(missing, ["too-large", "omitted"], "codes without a fixture");
}

/// The schema refuses exactly the files in which we find an error of structure.
fn agree(validator: &Validator, file: &SourceFile, codes: &BTreeSet<String>, path: &Path) {
    let classes: Vec<Class> = codes.iter().map(|code| class(code)).collect();
    if classes.contains(&Class::Text) {
        return;
    }
    let complaints = complaints(validator, &instance(file).unwrap());
    let is_malformed = classes.contains(&Class::Structure);
    assert_eq!(!complaints.is_empty(), is_malformed, "{}: {codes:?}, but the schema says {complaints:#?}", path.display());
}

#[test]
fn bundles_of_the_original_format_load_unchanged() {
    let validator = validator(&bundle_schema());
    for folder in entries("fixtures/plans/bundles") {
        let name = folder.to_str().unwrap();
        let files: Vec<SourceFile> = entries(name).iter().map(|path| source(path)).collect();
        let (plan, notes) = parse(&files, Shape::Bundles { folder: name }).unwrap_or_else(|found| panic!("{name}: {found:#?}"));
        assert!(notes.iter().all(|note| note.severity == Severity::Note), "{name}: {notes:#?}");
        assert!(plan.workstreams.iter().all(|workstream| workstream.metadata.contains_key("openspec_change")), "{name}");
        assert_eq!(plan.name, folder.file_name().unwrap().to_str().unwrap());
        for file in &files {
            assert_eq!(complaints(&validator, &instance(file).unwrap()), [""; 0], "{name}/{}", file.path);
        }
    }
}

#[test]
fn bundles_and_their_schema_refuse_the_same() {
    let validator = validator(&bundle_schema());
    let check = |text: &str, is_fine: bool| {
        let files = [SourceFile::new("a.json", text)];
        let outcome = parse(&files, Shape::Bundles { folder: "f" });
        assert_eq!(outcome.is_ok(), is_fine, "{text}: {outcome:#?}");
        assert_eq!(validator.is_valid(&instance(&files[0]).unwrap()), is_fine, "{text}");
    };
    let one = |more: &str| format!(r#"{{"id": "ws-a", "files_scope": ["a"], "tool": "aider", "tasks": ["t"]{more}}}"#);
    check(&one(""), true);
    check(&format!("[{}]", one("")), true);
    check(&one(r#", "circuit_breaker": {"cooldown_seconds": 30}"#), true);
    check(&one(r#", "ccpm_issue": 5, "gate": 1, "capability_payload": {"files": []}, "x-note": {}"#), true);
    check("[]", false);
    check("5", false);
    check(&one(r#", "_comment_1": "x""#), false);
    check(&one(r#", "gate": 0"#), false);
    check(&one(r#", "saga": {}"#), false);
    check(&format!(r#"{{"version": 1, "workstreams": [{}]}}"#, one("")), false);
}

/// Returns the places of a value at which something can be put in its place.
fn pointers(value: &Value, at: &str, into: &mut Vec<String>) {
    into.push(at.to_owned());
    match value {
        Value::Array(items) => items.iter().enumerate().for_each(|(index, item)| pointers(item, &format!("{at}/{index}"), into)),
        Value::Object(map) => map.iter().for_each(|(key, item)| pointers(item, &format!("{at}/{}", key.replace('/', "~1")), into)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn replacement() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        json!(null),
        json!(true),
        json!(-1),
        json!(0),
        json!(1),
        json!(2),
        json!(2.0),
        json!(0.5),
        json!(1e12),
        json!(u64::MAX),
        json!(""),
        json!(" "),
        json!("a b"),
        json!("ok-1"),
        json!("background"),
        json!("linear"),
        json!("a..b"),
        json!([]),
        json!([1]),
        json!(["a"]),
        json!([["a"]]),
        json!([{}]),
        json!({}),
        json!({"x-y": 1}),
        json!({"id": "z"}),
        json!({"command": ["a"]}),
    ])
}

/// Compiled once for all cases.
static PLAN_VALIDATOR: LazyLock<Validator> = LazyLock::new(|| validator(&plan_schema()));

fn contains_structure(found: &[Diagnostic]) -> bool {
    found.iter().any(|d| d.code.class() == Class::Structure)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: rounds(400), failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is put wherever into a good plan: the schema refuses it exactly when we find an error of structure.
    #[test]
    fn the_schema_and_the_parser_agree_on_mutated_plans(
        edits in prop::collection::vec((any::<prop::sample::Index>(), replacement(), prop::sample::select(vec!["set", "remove", "rename"])), 1..4),
    ) {
        let file = source(&root().join("fixtures/plans/valid/everything.yaml"));
        let mut plan = instance(&file).unwrap();
        for (index, value, what) in edits {
            let mut all = Vec::new();
            pointers(&plan, "", &mut all);
            let pointer = index.get(&all);
            match plan.pointer_mut(pointer) {
                Some(Value::Object(map)) if what != "set" && !map.is_empty() => {
                    let key = map.keys().nth(index.index(map.len())).unwrap().clone();
                    let old = map.shift_remove(&key).unwrap();
                    if what == "rename" {
                        map.insert(format!("{key}s"), old);
                    }
                }
                Some(place) => *place = value,
                None => {}
            }
        }
        let text = serde_json::to_string(&plan).unwrap();
        let found = parse(&[SourceFile::new("p.json", text)], Shape::File).map_or_else(|found| found, |(_, notes)| notes);
        let complaints = complaints(&PLAN_VALIDATOR, &plan);
        prop_assert_eq!(contains_structure(&found), !complaints.is_empty(), "{:#}\n{:#?}\n{:#?}", plan, found, complaints);
    }
}
