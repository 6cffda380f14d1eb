//! The files of settings: what is read, what is refused and where, and that the schemas say the same.

use std::sync::LazyLock;

use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::config::parse_config;
use super::model::{Constraints, Profile};
use super::parse::{parse_limits, parse_profile};
use super::schema::{config_schema, limits_schema, profile_schema};
use super::word::Domain;
use crate::domain::document::diagnostic::{Class, Diagnostic};
use crate::domain::document::source::SourceFile;
use crate::domain::id::ToolId;
use crate::domain::policy::sandbox::{Network, Reads, SandboxLevel};

const PROFILE: &str = include_str!("../../../fixtures/settings/everything.profile.yaml");
const CONFIG: &str = include_str!("../../../fixtures/settings/everything.config.yaml");
const LIMITS: &str = include_str!("../../../config/circuit_breaker_config.yaml");

fn profile(text: &str) -> Result<(Profile, Vec<String>), Vec<String>> {
    let tools = [ToolId::parse("aider").unwrap(), ToolId::parse("codex").unwrap()];
    let told = |found: Vec<Diagnostic>| found.iter().map(ToString::to_string).collect::<Vec<_>>();
    match parse_profile(&SourceFile::new("p.yaml", text), &tools) {
        Ok((profile, found)) => Ok((profile, told(found))),
        Err(found) => Err(told(found)),
    }
}

#[test]
fn everything_is_read() {
    let (read, warnings) = profile(PROFILE).unwrap();
    assert_eq!(warnings, [""; 0]);
    assert_eq!(
        (read.project_id.as_deref(), read.domain, read.tools.as_slice()),
        (Some("sample"), Some(Domain::SoftwareDev), &["aider".to_owned()][..])
    );
    let constraints = Constraints {
        patch_only: Some(true),
        tests_must_pass: Some(true),
        ascii_only: Some(false),
        max_lines_changed: Some(500),
        max_files_changed: Some(20),
        require_issue_ref: Some(false),
    };
    assert_eq!(read.constraints, constraints);
    let settings = &read.settings;
    assert_eq!(settings.max_workers.as_ref().map(|lined| (lined.value, lined.line)), Some((2, 13)));
    assert_eq!(settings.sandbox.as_ref().map(|lined| lined.value), Some(SandboxLevel::Landlock));
    assert_eq!(settings.network.as_ref().map(|lined| lined.value), Some(Network::None));
    assert_eq!(settings.reads.as_ref().map(|lined| lined.value), Some(Reads::Listed));
    assert_eq!(read.commands.statics, [vec!["cargo", "clippy"], vec!["cargo", "fmt", "--check"]]);
    let budget = &settings.budget;
    let told: Vec<String> = budget.amounts.iter().map(|(key, lined)| format!("{key}={}:{}", lined.value, lined.line)).collect();
    assert_eq!(
        (told, budget.warn_at.as_ref().map(|lined| lined.value)),
        (vec!["run.usd=5000000:22".into(), "run.tokens=1000000:22".into()], Some(50))
    );
    assert_eq!(read.limits.len(), 19);
    assert!(
        read.limits.iter().any(|limit| limit.value.key == (Some("retry".to_owned()), "factor".to_owned()) && limit.line == 32),
        "{:#?}",
        read.limits
    );
    assert_eq!(read.base.unwrap().value, "main");
    for text in ["", "# nothing\n"] {
        assert_eq!(profile(text).unwrap().0, Profile { file: "p.yaml".to_owned(), ..Profile::default() }, "{text:?}");
    }
}

#[test]
fn a_repository_grants_itself_nothing() {
    let check = |text: &str, expect: &[&str]| assert_eq!(profile(text).unwrap_err(), expect, "{text}");
    check(
        "settings: {env_allow: [TOKEN], sandbox_write: [/], sandbox_read: [~/.ssh], prices: {}}\n",
        &[
            "p.yaml:1:12: a repository may not grant itself anything, and `env_allow` would [unknown-key]",
            "p.yaml:1:32: a repository may not grant itself anything, and `sandbox_write` would [unknown-key]",
            "p.yaml:1:52: a repository may not grant itself anything, and `sandbox_read` would [unknown-key]",
            "p.yaml:1:76: a repository may not grant itself anything, and `prices` would [unknown-key]",
        ],
    );
    check(
        "settings:\n  sandbox: none\n  network: full\n  reads: all\n",
        &[
            "p.yaml:2:12: unknown value `none` [unknown-value]",
            "p.yaml:3:12: unknown value `full` [unknown-value]",
            "p.yaml:4:10: unknown value `all` [unknown-value]",
        ],
    );
    for folder in ["/tmp/x", "trees", "../../x", "..", "../", "../a/../../b", "../.", "./../x", "~/x"] {
        let found = profile(&format!("settings: {{worktree_dir: '{folder}'}}\n")).unwrap_err();
        assert!(found[0].ends_with("is no folder beside the repository [bad-path]"), "{folder}: {found:?}");
    }
    for folder in ["../trees", "../a/b/", "../.hidden"] {
        assert!(profile(&format!("settings: {{worktree_dir: '{folder}'}}\n")).is_ok(), "{folder}");
    }
}

#[test]
fn mistakes_are_told_together_and_what_means_nothing_is_a_warning() {
    let found = profile(
        "versions: 1\nproject_root: ../up\ndomain: games\nbase: -x\ncommands: {static: [[]], runtime: ['a \"']}\nlimits: {retry: {max_attempts: 0}}\n",
    );
    assert_eq!(
        found.unwrap_err(),
        [
            "p.yaml:1:1: unknown key `versions` [unknown-key]",
            "p.yaml:2:15: `project_root` `../up` leads out of the repository [bad-path]",
            "p.yaml:3:9: unknown value `games` [unknown-value]",
            "p.yaml:4:7: a base that starts with `-` would be read as an option [invalid-base]",
            "p.yaml:5:21: empty command [empty-command]",
            "p.yaml:5:36: can not be split into words: missing closing quote [bad-command]",
            "p.yaml:6:32: 0 is not between 1 and 1000000 [out-of-range]",
        ]
    );
    let windows =
        "project_root: 'C:\\Users\\me'\nframework_paths: {tasks_dir: .tasks/}\navailable_tools: [{tool_id: aidr}, {tool_id: codex}]\n";
    let (_, warnings) = profile(windows).unwrap();
    assert_eq!(
        warnings,
        [
            "p.yaml:1:15: an absolute `project_root` is ignored [ignored]",
            "p.yaml:2:18: `framework_paths` means nothing here [ignored]",
            "p.yaml:3:29: no tool profile has the id `aidr` [unlisted-tool]",
        ]
    );
}

#[test]
fn a_config_is_read_with_all_of_its_mistakes() {
    let config = parse_config(&SourceFile::new("c.yaml", CONFIG)).unwrap();
    assert_eq!(config.env_allow.unwrap().value, ["TOKEN", "AWS_*"]);
    assert_eq!(config.resources.unwrap().value.memory_mib, Some(4096));
    let told: Vec<String> = config.budget.amounts.iter().map(|(key, lined)| format!("{key}={}", lined.value)).collect();
    assert_eq!(
        told,
        [
            "attempt.usd=500000",
            "attempt.tokens=200000",
            "attempt.minutes=900",
            "workstream.usd=2000000",
            "run.minutes=90",
            "day.usd=20000000"
        ]
    );
    let prices = config.prices.unwrap().value.0;
    let rates = prices["my-model"];
    assert_eq!((rates.input.0, rates.cached.unwrap().0, rates.output.0), (1_250_000, 125_000, 10_000_000));
    let found =
        parse_config(&SourceFile::new("c.yaml", "max_workers: 0\nenv_allow: [GIT_DIR]\nsandbox_read: [x]\nlimits: {}\n")).unwrap_err();
    assert_eq!(
        found.iter().map(|one| (one.span.unwrap().line, one.code.as_str())).collect::<Vec<_>>(),
        [(1, "out-of-range"), (2, "bad-glob"), (3, "bad-path"), (4, "unknown-key"),]
    );
}

/// One of the three files: its fullest text, its schema, and how it is read.
struct Format {
    full: Value,
    validator: Validator,
    found: fn(&SourceFile) -> Vec<Diagnostic>,
}

static FORMATS: LazyLock<[Format; 3]> = LazyLock::new(|| {
    let format = |text: &str, schema: Value, found| Format {
        full: serde_yaml::from_str(text).unwrap(),
        validator: jsonschema::draft202012::new(&schema).unwrap(),
        found,
    };
    [
        format(PROFILE, profile_schema(), |file| parse_profile(file, &[]).map_or_else(|found| found, |(_, found)| found)),
        format(CONFIG, config_schema(), |file| parse_config(file).err().unwrap_or_default()),
        format(LIMITS, limits_schema(), |file| parse_limits(file).err().unwrap_or_default()),
    ]
});

#[test]
fn the_fullest_files_pass_their_schemas() {
    for format in FORMATS.iter() {
        assert!(format.validator.is_valid(&format.full), "{:#}", format.full);
        assert!((format.found)(&SourceFile::new("f.json", format.full.to_string())).is_empty(), "{:#}", format.full);
    }
}

fn pointers(value: &Value, at: &str, into: &mut Vec<String>) {
    into.push(at.to_owned());
    match value {
        Value::Array(items) => items.iter().enumerate().for_each(|(index, item)| pointers(item, &format!("{at}/{index}"), into)),
        Value::Object(map) => map.iter().for_each(|(key, item)| pointers(item, &format!("{at}/{}", key.replace('/', "~1")), into)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is put wherever into a good file: the schema refuses it exactly when an error of structure is found.
    #[test]
    fn schemas_and_readers_agree(
        which in 0_usize..3,
        edits in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(vec![
            json!(null), json!(true), json!(-1), json!(0), json!(1), json!(2.0), json!(0.5), json!(1e12), json!(""), json!("a"), json!("full"),
            json!([]), json!([1]), json!(["a"]), json!([[]]), json!({}), json!({"x-y": 1}), json!({"env_allow": []}), json!({"static": [["a"]]}),
        ]), prop::sample::select(vec!["set", "rename"])), 1..3),
    ) {
        let format = &FORMATS[which];
        let mut document = format.full.clone();
        for (index, value, what) in edits {
            let mut all = Vec::new();
            pointers(&document, "", &mut all);
            match document.pointer_mut(index.get::<String>(&all)) {
                Some(Value::Object(map)) if what == "rename" && !map.is_empty() => {
                    let key = map.keys().nth(index.index(map.len())).unwrap().clone();
                    let old = map.shift_remove(&key).unwrap();
                    map.insert(format!("{key}s"), old);
                }
                Some(place) => *place = value,
                None => {}
            }
        }
        // An empty file says nothing, which a schema can not know.
        prop_assume!(!document.is_null());
        let found = (format.found)(&SourceFile::new("f.json", document.to_string()));
        let is_malformed = found.iter().any(|one| one.code.class() == Class::Structure);
        prop_assert_eq!(is_malformed, !format.validator.is_valid(&document), "{:#}\n{:#?}", document, found);
    }

    #[test]
    fn no_text_is_too_strange(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let file = SourceFile::from_bytes("f.yaml", &bytes);
        for format in FORMATS.iter() {
            let _ = (format.found)(&file);
        }
    }
}
