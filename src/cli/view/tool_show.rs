//! One tool: its whole profile, how it would be started, and what it may reach.

use serde_json::{Map, Value, json};

use super::document::{fields, pretty, value};
use super::styled::{Role, Styled};
use crate::domain::text::one_line;
use crate::domain::tool::profile::{ToolKind, ToolProfile};
use crate::ops::tools::ground::{Author, kind_word};
use crate::ops::tools::reach::Reach;

/// The version of the document; fields are only ever added.
const SCHEMA_VERSION: u32 = 1;
/// How wide the names of fields are.
const WIDTH: usize = 20;

/// What is shown about a tool.
#[derive(Debug)]
pub struct Shown<'a> {
    /// Its profile.
    pub profile: &'a ToolProfile,
    /// Who had the last word about it.
    pub author: Author,
    /// The files that say something about it, the strongest first.
    pub files: &'a [String],
    /// The command line of an example.
    pub command_line: Option<String>,
    /// What it may reach.
    pub reach: Reach,
    /// Whether the variable with its key is set; `None` where it needs none.
    pub key_is_set: Option<bool>,
    /// The names of the variables that it gets.
    pub passed: Vec<String>,
}

/// Returns every field of a profile under its key, in the order of the files.
fn profile(profile: &ToolProfile) -> Map<String, Value> {
    let ToolProfile {
        id: _,
        kind,
        held_args,
        model,
        model_args,
        budget_args,
        key_env,
        run_files,
        env,
        env_allow,
        stdin,
        output,
        usage,
        errors,
        failures,
        leftovers,
        timeout_sec,
        idle_timeout_sec,
        success_exit_codes,
        capabilities,
        max_parallel,
        starts_per_minute,
        context_window,
        reads_agents_md,
        version_args,
        min_version,
        resolve,
        integrity,
        resources,
        assisted_by,
        install,
        sandbox,
    } = profile;
    let mut all = Map::from_iter([("kind".to_owned(), kind_word(kind).into())]);
    all.extend(of_kind(kind));
    let rest = json!({
        "held_args": held_args, "model": model, "model_args": model_args, "budget_args": budget_args, "key_env": key_env, "run_files": run_files,
        "env": env, "env_allow": env_allow, "stdin": stdin, "output": output,
        "usage": usage, "errors": errors, "failures": failures, "leftovers": leftovers,
        "timeout_sec": timeout_sec, "idle_timeout_sec": idle_timeout_sec, "success_exit_codes": success_exit_codes,
        "capabilities": capabilities, "max_parallel": max_parallel, "starts_per_minute": starts_per_minute,
        "context_window": context_window, "reads_agents_md": reads_agents_md, "version_args": version_args, "min_version": min_version,
        "resolve": resolve, "integrity": integrity, "resources": resources, "assisted_by": assisted_by, "install": install,
        "sandbox": {"level": sandbox.level, "at_least": sandbox.at_least, "network": sandbox.network, "reads": sandbox.reads,
                    "write": sandbox.write, "read": sandbox.read},
    });
    all.extend(fields(&rest));
    all
}

fn of_kind(kind: &ToolKind) -> Map<String, Value> {
    match kind {
        ToolKind::External { binary, args } | ToolKind::Acp { binary, args } => fields(&json!({"binary": binary, "args": args})),
        ToolKind::Api { base_url } => fields(&json!({"base_url": base_url})),
        ToolKind::Command | ToolKind::Replay | ToolKind::Fixers | ToolKind::Manual => Map::new(),
    }
}

/// Returns the tool for people: a line per field that says something.
#[must_use]
pub fn human(shown: &Shown<'_>) -> Styled {
    let mut out = Styled::of(Role::Strong, shown.profile.id.as_str());
    out.put(Role::Faint, format!("  {}", shown.author.word())).line();
    for file in shown.files {
        out.put(Role::Faint, format!("  described in {}", one_line(file))).line();
    }
    out.line();
    for (key, value) in profile(shown.profile).iter().filter(|(_, value)| !is_empty(value)) {
        put(&mut out, key, &text(value));
    }
    out.line().put(Role::Strong, "as it would be started").line();
    match &shown.command_line {
        Some(line) => out.add(format!("  {}", one_line(line))).line(),
        None => out.add("  it starts no program").line(),
    };
    out.line().put(Role::Strong, "what it may reach here").line();
    let reach = &shown.reach;
    put(&mut out, "sandbox", reach.level.name());
    if let Some(lack) = &reach.lack {
        out.put(Role::Caution, format!("  which can not be had here: {}", one_line(lack))).line();
    }
    put(&mut out, "network", reach.network.name());
    put(&mut out, "reads", reach.reads.name());
    let write: Vec<&str> =
        ["its worktree", "a temporary folder", "caches of build tools"].into_iter().chain(reach.write.iter().map(String::as_str)).collect();
    put(&mut out, "writes", &write.join(", "));
    if !reach.read.is_empty() {
        put(&mut out, "reads also", &reach.read.join(", "));
    }
    let passed = if shown.passed.is_empty() { "only the usual ones".to_owned() } else { shown.passed.join(", ") };
    put(&mut out, "variables", &passed);
    if let (Some(is_set), Some(name)) = (shown.key_is_set, &shown.profile.key_env) {
        put(&mut out, "key", &format!("{name} is {}", if is_set { "set" } else { "not set" }));
    }
    out
}

fn put(out: &mut Styled, key: &str, value: &str) {
    out.put(Role::Faint, format!("  {key:WIDTH$}")).add(one_line(value)).line();
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.values().all(is_empty),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Returns a value as one line: texts as they are, lists of texts as words of a shell, everything else as JSON without what says nothing.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(Value::is_string) => shell_words::join(items.iter().filter_map(Value::as_str)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => told(value).to_string(),
    }
}

fn told(value: &Value) -> Value {
    match value {
        Value::Object(map) => map.iter().filter(|(_, item)| !is_empty(item)).map(|(key, item)| (key.clone(), told(item))).collect(),
        Value::Array(items) => items.iter().map(told).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// Returns one JSON document.
#[must_use]
pub fn json(shown: &Shown<'_>) -> String {
    pretty(&json!({
        "schema_version": SCHEMA_VERSION,
        "id": shown.profile.id.as_str(),
        "author": value(&shown.author),
        "files": shown.files,
        "profile": profile(shown.profile),
        "command_line": shown.command_line,
        "reach": value(&shown.reach),
        "variables": shown.passed,
        "key_is_set": shown.key_is_set,
    }))
}
