//! The registry: what is read, what is refused and where, which tools it means, and that its schema says the same.

use std::sync::LazyLock;

use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::domain::document::diagnostic::{Class, Diagnostic};
use crate::domain::document::source::SourceFile;
use crate::domain::id::ToolId;
use crate::domain::tool::profile::{ToolKind, ToolProfile};
use crate::domain::tool::registry::{Registry, Requires, route};
use crate::domain::tool::registry_parse::parse_registry;
use crate::domain::tool::registry_schema::registry_schema;
use crate::domain::tool::strategy::Strategy;
use crate::domain::tool::toolbox::{Tool, Toolbox};

const FULL: &str = include_str!("../../../../fixtures/settings/everything.aim_registry.json");
/// The capabilities of the original system.
const ORIGINAL: &str = r#"
tools:
  jules: {name: Jules, detectCommands: [jules]}
  aider: {name: Aider, detectCommands: [aider], max_parallel: 1}
  claude-cli: {name: Claude, detectCommands: [/usr/local/bin/claude --print], versionCommand: [claude, --version]}
capabilities:
  code_generation: {primary: jules, fallback: [aider, claude-cli], loadBalance: false, timeout_ms: 60000, max_retries: 1, context_requirements: {prompt: required}}
  refactoring: {primary: aider, fallback: [claude-cli, claude], timeout_ms: 1, context_requirements: {files: required, prompt: required}}
  testing: {primary: pytest, timeout_ms: 300000, max_retries: 0, context_requirements: {test_path: optional}}
  version_checking: {primary: aider, fallback: [jules, claude-cli], loadBalance: true}
  review: {primary: claude, strategy: by_record, x-why: best}
"#;

fn read(text: &str) -> Result<(Registry, Vec<String>), Vec<String>> {
    let told = |found: Vec<Diagnostic>| found.iter().map(ToString::to_string).collect::<Vec<_>>();
    match parse_registry(&SourceFile::new("r.yaml", text)) {
        Ok((registry, found)) => Ok((registry, told(found))),
        Err(found) => Err(told(found)),
    }
}

fn toolbox() -> Toolbox {
    let tool = |id: &str, binary: &str| {
        let kind = ToolKind::External { binary: binary.to_owned(), args: Vec::new() };
        Tool { profile: ToolProfile::new(ToolId::parse(id).unwrap(), kind), origins: Vec::new() }
    };
    Toolbox::new(vec![tool("aider", "aider"), tool("claude", "claude"), tool("claude-fast", "claude")])
}

#[test]
fn the_original_rules_are_read() {
    let (registry, told) = read(ORIGINAL).unwrap();
    assert_eq!(told, [""; 0]);
    let rule = |name: &str| registry.capabilities[name].clone();
    assert_eq!(rule("code_generation").names().collect::<Vec<_>>(), ["jules", "aider", "claude-cli"]);
    assert_eq!((rule("code_generation").timeout_sec, rule("code_generation").retries), (Some(60), Some(1)));
    assert_eq!(rule("refactoring").timeout_sec, Some(1), "rounded up");
    assert_eq!(rule("refactoring").requires, Requires { prompt: true, files: true, test_path: false });
    assert_eq!(rule("testing").requires, Requires::default());
    assert_eq!((rule("testing").retries, rule("testing").strategy), (Some(0), Strategy::Fixed));
    assert_eq!(rule("version_checking").strategy, Strategy::RoundRobin);
    assert_eq!(rule("review").strategy, Strategy::ByRecord);
    assert_eq!(registry.tools["aider"].max_parallel, Some(1));
    assert_eq!(registry.tools["claude-cli"].program(), Some("claude"));
    for empty in ["", "# nothing\n", "{}", "x-y: 1\n"] {
        assert_eq!(read(empty).unwrap().0, Registry::default(), "{empty:?}");
    }
    let apart = read("coordination_rules: {capabilities: {fix: {primary: aider}}}\n").unwrap().0;
    assert_eq!(apart.capabilities["fix"].primary, "aider");
}

#[test]
fn a_name_means_a_profile_by_id_or_by_program() {
    let (registry, _) = read(ORIGINAL).unwrap();
    let check = |capability: &str, expect: &[(&str, Option<&str>, Option<&str>)]| {
        let route = route(&registry, &toolbox(), capability);
        let found: Vec<_> =
            route.iter().map(|one| (one.name.as_str(), one.tool.as_ref().map(ToolId::as_str), one.lack.as_deref())).collect();
        assert_eq!(found, expect, "{capability}");
    };
    let jules = ("jules", None, Some("no tool profile has the id `jules`"));
    check("code_generation", &[jules, ("aider", Some("aider"), None), ("claude-cli", Some("claude"), None)]);
    check("refactoring", &[("aider", Some("aider"), None), ("claude-cli", Some("claude"), None)]);
    check("testing", &[("pytest", None, Some("no tool profile has the id `pytest`"))]);
    check("flying", &[]);
    let (other, _) = read("tools: {gem: {detectCommands: [gemini]}}\ncapabilities: {fix: {primary: gem}}\n").unwrap();
    assert_eq!(route(&other, &toolbox(), "fix")[0].lack.as_deref(), Some("no tool profile has the id `gem` or starts `gemini`"));
}

#[test]
fn mistakes_are_told_together_with_their_places() {
    let found = read(
        "tool: {}\ntools: {aider: {detectCommand: [aider], max_parallel: 0}}\ncapabilities:\n  fix: {fallback: [a, a], timeout_ms: soon}\n  \
         test: {primary: a, fallback: [a], strategy: robin, max-retries: 1}\n  Both: {primary: a}\n  \
         both: {primary: a, loadBalance: true, strategy: fixed, context_requirements: {file: required, prompt: yes}}\n\
         coordination_rules: {capabilities: {}}\n",
    );
    assert_eq!(
        found.unwrap_err(),
        [
            "r.yaml:1:1: unknown key `tool` [unknown-key]",
            "r.yaml:2:17: unknown key `detectCommand` [unknown-key]",
            "r.yaml:2:55: 0 is not between 1 and 4294967295 [out-of-range]",
            "r.yaml:4:8: missing key `primary` [missing-key]",
            "r.yaml:4:23: `a` is named twice [duplicate-id]",
            "r.yaml:4:39: expected a whole number, found text [wrong-type]",
            "r.yaml:5:33: `a` is named twice [duplicate-id]",
            "r.yaml:5:47: unknown value `robin` [unknown-value]",
            "r.yaml:5:54: unknown key `max-retries` [unknown-key]",
            "r.yaml:6:3: `Both` is no valid id [invalid-id]",
            "r.yaml:7:51: `loadBalance` means `round_robin`, and `strategy` says `fixed` [conflicting-keys]",
            "r.yaml:7:81: unknown key `file` [unknown-key]",
            "r.yaml:7:105: unknown value `yes` [unknown-value]",
            "r.yaml:8:36: `capabilities` stands here and at the top of the file [conflicting-keys]",
        ]
    );
    let hints = parse_registry(&SourceFile::new("r.yaml", "capabilitys: {}\n")).unwrap_err();
    assert_eq!(hints[0].hint.as_deref(), Some("Did you mean `capabilities`?"));
}

#[test]
fn what_means_nothing_here_is_a_warning() {
    let (_, told) = read("security: {}\ntools: {a: {adapterScript: x.ps1, autoUpdate: true}, b: {autoUpdate: false}}\n").unwrap();
    assert_eq!(
        told,
        [
            "r.yaml:1:11: `security` means nothing here [ignored]",
            "r.yaml:2:28: `adapterScript` means nothing here [ignored]",
            "r.yaml:2:47: no tool is ever updated [ignored]",
        ]
    );
}

static SCHEMA: LazyLock<Validator> = LazyLock::new(|| jsonschema::draft202012::new(&registry_schema()).unwrap());

fn pointers(value: &Value, at: &str, into: &mut Vec<String>) {
    into.push(at.to_owned());
    match value {
        Value::Array(items) => items.iter().enumerate().for_each(|(index, item)| pointers(item, &format!("{at}/{index}"), into)),
        Value::Object(map) => map.iter().for_each(|(key, item)| pointers(item, &format!("{at}/{}", key.replace('/', "~1")), into)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn everything() -> Value {
    let mut full: Value = serde_json::from_str(FULL).unwrap();
    let rules: Value = serde_yaml::from_str(ORIGINAL).unwrap();
    full["capabilities"] = rules["capabilities"].clone();
    full.as_object_mut().unwrap().shift_remove("coordination_rules");
    full
}

#[test]
fn the_fullest_registry_passes_its_schema() {
    let original: Value = serde_json::from_str(FULL).unwrap();
    for document in [original, everything()] {
        assert!(SCHEMA.is_valid(&document), "{document:#}");
        assert!(parse_registry(&SourceFile::new("r.json", document.to_string())).is_ok(), "{document:#}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is put wherever into a good file: the schema refuses it exactly when an error of structure is found.
    #[test]
    fn the_schema_and_the_reader_agree(
        edits in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(vec![
            json!(null), json!(true), json!(0), json!(2.0), json!(0.5), json!(1e15), json!(""), json!("fixed"), json!("required"), json!([]),
            json!(["a"]), json!([1]), json!({}), json!({"x-y": 1}), json!({"primary": "a"}), json!({"A b": {"primary": "a"}}),
        ]), prop::sample::select(vec!["set", "rename"])), 1..3),
    ) {
        let mut document = everything();
        for (index, value, what) in edits {
            let mut all = Vec::new();
            pointers(&document, "", &mut all);
            match document.pointer_mut(index.get::<String>(&all)) {
                Some(Value::Object(map)) if what == "rename" && !map.is_empty() => {
                    let key = map.keys().nth(index.index(map.len())).unwrap().clone();
                    let old = map.shift_remove(&key).unwrap();
                    map.insert(format!("{key}S"), old);
                }
                Some(place) => *place = value,
                None => {}
            }
        }
        prop_assume!(!document.is_null());
        let found = match parse_registry(&SourceFile::new("r.json", document.to_string())) {
            Ok((_, found)) | Err(found) => found,
        };
        let is_malformed = found.iter().any(|one| one.code.class() == Class::Structure);
        prop_assert_eq!(is_malformed, !SCHEMA.is_valid(&document), "{:#}\n{:#?}", document, found);
    }
}
