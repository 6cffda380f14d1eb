//! JSON plans of the original engine: steps that are commands. Each becomes a workstream of the tool `command`.

use serde_json::{Map, Value as Json, json};

use super::bundle::put_metadata;
use super::losses::{Fate, Losses, entries, id_of, is_list, is_map, items, number, text, value, words};
use super::shell::Shell;
use crate::domain::document::node::{Entry, Node, Value};
use crate::domain::document::source::Place;
use crate::domain::plan::records::Records;

/// What only a shell understands.
const SHELL: [&str; 11] = ["|", "&", ";", ">", "<", "`", "$(", "*", "?", "~", "\n"];

/// Reads a JSON plan.
pub fn read(roots: &[Node], shell: Shell, losses: &mut Losses<'_>) -> Records {
    let mut records = Records::default();
    for root in roots {
        let globals = value(root, "globals");
        if !is_map(root) {
            losses.refuse(root.place, "plan", "map");
        }
        for entry in entries(root) {
            match entry.key.as_str() {
                "plan_id" => {
                    if text(&entry.node).is_none() {
                        losses.refuse(entry.key_place, "plan_id", "text");
                    }
                    records.frame.insert("name".to_owned(), json!(text(&entry.node).map_or_else(|| "plan".to_owned(), id_of)));
                }
                "globals" => globals_of(entry, &mut records.frame, losses),
                "steps" => {
                    if !is_list(&entry.node) {
                        losses.refuse(entry.key_place, "steps", "list of steps");
                    }
                    for step in items(&entry.node) {
                        let record = workstream(step, (globals, shell), &mut records.frame, losses);
                        records.workstreams.push(record);
                    }
                }
                "version" => losses.tell(entry.key_place, "version", Fate::Lost, "the version of the plan itself; git has its history"),
                key => {
                    losses.tell(entry.key_place, key, Fate::Kept, format!("kept as `metadata.{key}` of the plan"));
                    let metadata = records.frame.entry("metadata").or_insert_with(|| json!({}));
                    if let Json::Object(metadata) = metadata {
                        metadata.insert(key.to_owned(), entry.node.to_json());
                    }
                }
            }
        }
    }
    records
}

fn globals_of(globals: &Entry, frame: &mut Map<String, Json>, losses: &mut Losses<'_>) {
    if !is_map(&globals.node) {
        losses.refuse(globals.key_place, "globals", "map");
    }
    for entry in entries(&globals.node) {
        let path = format!("globals.{}", entry.key);
        if entry.key == "env" && !is_map(&entry.node) {
            losses.refuse(entry.key_place, &path, "map");
            continue;
        }
        match (entry.key.as_str(), number(Some(&entry.node))) {
            ("max_concurrency", Some(workers)) if workers > 0 => {
                frame.insert("max_workers".to_owned(), json!(workers));
                losses.tell(entry.key_place, &path, Fate::Mapped, "it is `max_workers`");
            }
            ("default_timeout_sec", Some(_)) => losses.tell(entry.key_place, &path, Fate::Mapped, "it is `timeout_sec` of each workstream"),
            ("default_retries", Some(_)) => {
                losses.tell(entry.key_place, &path, Fate::Mapped, "it is `retry.max_attempts` of each workstream");
            }
            ("env", _) => losses.tell(
                entry.key_place,
                &path,
                Fate::Mapped,
                "the program `env` sets it before each command; the rest of the environment stays",
            ),
            (_, _) => losses.tell(entry.key_place, &path, Fate::Lost, "it has no counterpart"),
        }
    }
}

fn workstream(
    step: &Node,
    (globals, shell): (Option<&Node>, Shell),
    frame: &mut Map<String, Json>,
    losses: &mut Losses<'_>,
) -> Map<String, Json> {
    let global = |key: &str| globals.and_then(|globals| value(globals, key));
    let named = value(step, "id").and_then(text).unwrap_or_default();
    let mut record = Map::from_iter([("id".to_owned(), json!(id_of(named)))]);
    let mut kept = Map::new();
    if !matches!(step.value, Value::Map(_)) {
        losses.refuse(step.place, "steps", "map");
    }
    for entry in entries(step) {
        let path = format!("steps.{named}.{}", entry.key);
        taken(entry, &path, (&mut record, frame), &mut kept, losses);
    }
    record.insert("files_scope".to_owned(), json!(["**"]));
    losses.tell(
        step.place,
        &format!("steps.{named}"),
        Fate::Lost,
        "the original knows no scope: `files_scope: [\"**\"]` lets it change everything, so that no two run side by side; narrow it",
    );
    record.insert("allow_empty".to_owned(), json!(true));
    record.insert("tool".to_owned(), json!("command"));
    if let Some(command) = command(step, (global("env"), shell), named, losses) {
        record.insert("command".to_owned(), json!(command));
    }
    let seconds = number(value(step, "timeout_sec")).or_else(|| number(global("default_timeout_sec"))).unwrap_or(1800);
    record.insert("timeout_sec".to_owned(), json!(seconds.max(1)));
    let retries = number(value(step, "retries")).or_else(|| number(global("default_retries"))).unwrap_or(0);
    let delay = number(value(step, "retry_delay_sec")).unwrap_or(0);
    record.insert("retry".to_owned(), json!({"max_attempts": retries.saturating_add(1), "initial_delay_sec": delay, "factor": 1}));
    put_metadata(&mut record, kept);
    record
}

/// Takes a key of a step, apart from what makes its command.
fn taken(
    entry: &Entry,
    path: &str,
    (record, frame): (&mut Map<String, Json>, &mut Map<String, Json>),
    kept: &mut Map<String, Json>,
    losses: &mut Losses<'_>,
) {
    if let Some(expected) = unfit(entry) {
        losses.refuse(entry.key_place, path, expected);
        return;
    }
    let mut tell = |fate: Fate, note: &str| losses.tell(entry.key_place, path, fate, note);
    match (entry.key.as_str(), text(&entry.node)) {
        ("id" | "command" | "args" | "cwd" | "shell" | "env" | "timeout_sec" | "retries" | "retry_delay_sec", _) => {}
        ("name", Some(name)) => {
            record.insert("title".to_owned(), json!(name));
        }
        ("depends_on", _) => {
            let ids: Vec<String> = words(Some(&entry.node)).unwrap_or_default().iter().map(|id| id_of(id)).collect();
            record.insert("depends_on".to_owned(), json!(ids));
        }
        ("description", Some(what)) => {
            record.insert("tasks".to_owned(), json!([what]));
            tell(Fate::Mapped, "it is a task, for people");
        }
        ("on_failure", Some("abort")) => {
            frame.insert("fail_fast".to_owned(), json!(true));
            tell(Fate::Mapped, "it is `fail_fast` of the plan");
        }
        ("on_failure", Some("skip_dependents")) => tell(Fate::Mapped, "what depends on a failed workstream always waits"),
        ("on_failure", Some("continue")) => {
            tell(Fate::Lost, "what depends on a failed workstream waits; take the dependency out where it shall not");
        }
        (key, _) => {
            kept.insert(key.to_owned(), entry.node.to_json());
            tell(Fate::Kept, &format!("kept as `metadata.imported.{key}`; nothing follows from it"));
        }
    }
}

/// Returns what a key of a step should be and is not: what decides about what is run, when and how often must not be guessed. Null says nothing.
fn unfit(entry: &Entry) -> Option<&'static str> {
    let node = &entry.node;
    let (fits, expected) = match entry.key.as_str() {
        "id" | "command" | "cwd" => (text(node).is_some(), "text"),
        "args" | "depends_on" => (words(Some(node)).is_some(), "list of texts"),
        "shell" => (matches!(node.value, Value::Bool(_)), "truth value"),
        "env" => (is_map(node), "map"),
        "timeout_sec" | "retries" | "retry_delay_sec" => (number(Some(node)).is_some(), "whole number from 0 up"),
        _ => (true, ""),
    };
    (!fits && !matches!(node.value, Value::Null)).then_some(expected)
}

/// Returns the argument vector of a step. No shell is run but where that is allowed.
fn command(step: &Node, (env, shell): (Option<&Node>, Shell), named: &str, losses: &mut Losses<'_>) -> Option<Vec<String>> {
    let program = value(step, "command").and_then(text)?;
    let args = words(value(step, "args")).unwrap_or_default();
    let wants_shell = value(step, "shell").is_some_and(|shell| matches!(shell.value, Value::Bool(true)));
    let place = value(step, "command").map_or(step.place, |node| node.place);
    let path = format!("steps.{named}.command");
    if program.contains("${") || args.iter().any(|arg| arg.contains("${")) {
        losses.tell(place, &path, Fate::Lost, "`${...}` is not put in; write what it stands for");
    }
    let line = std::iter::once(program.to_owned()).chain(args.iter().cloned()).collect::<Vec<_>>().join(" ");
    let mut words = if wants_shell {
        shelled(&line, (place, &path), shell, losses)?
    } else if args.is_empty() {
        split(program, (place, &path), shell, losses)?
    } else {
        std::iter::once(program.to_owned()).chain(args).collect()
    };
    let folder = value(step, "cwd").and_then(text).filter(|folder| !matches!(*folder, "." | ""));
    if let Some(folder) = folder {
        let at = value(step, "cwd").map_or(step.place, |node| node.place);
        let script = "cd -- \"$1\" && shift && exec \"$@\"";
        shelled(script, (at, &format!("steps.{named}.cwd")), shell, losses)?;
        words = ["sh", "-c", script, "sh", folder].map(str::to_owned).into_iter().chain(words).collect();
    }
    Some(with_env(words, [env, value(step, "env")]))
}

/// Splits a line into words, or gives it to a shell when it needs one.
pub fn split(line: &str, (place, path): (Place, &str), shell: Shell, losses: &mut Losses<'_>) -> Option<Vec<String>> {
    if needs_shell(line) {
        return shelled(line, (place, path), shell, losses);
    }
    match shell_words::split(line) {
        Ok(words) if !words.is_empty() => Some(words),
        Ok(_) | Err(_) => {
            losses.tell(place, path, Fate::Refused, "it can not be split into words");
            None
        }
    }
}

/// Returns whether a line is more than words: it has signs, names a variable, or sets one first.
fn needs_shell(line: &str) -> bool {
    let begins_name = |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let names_variable = line.match_indices('$').any(|(at, _)| line.get(at + 1..).is_some_and(begins_name));
    let sets_variable = line.split_whitespace().next().is_some_and(|first| begins_name(first) && first.contains('='));
    names_variable || sets_variable || SHELL.iter().any(|sign| line.contains(sign))
}

fn shelled(line: &str, (place, path): (Place, &str), shell: Shell, losses: &mut Losses<'_>) -> Option<Vec<String>> {
    match shell {
        Shell::Allow => {
            losses.tell(place, path, Fate::Mapped, "a shell runs it: `[\"sh\", \"-c\", ...]`");
            Some(vec!["sh".to_owned(), "-c".to_owned(), line.to_owned()])
        }
        Shell::Refuse => {
            losses.tell(place, path, Fate::Refused, "only a shell understands it; `--allow-shell` gives it to `sh -c`");
            None
        }
    }
}

/// Puts variables before a command by the program `env`.
fn with_env(words: Vec<String>, layers: [Option<&Node>; 2]) -> Vec<String> {
    let mut vars: Map<String, Json> = Map::new();
    for entry in layers.into_iter().flatten().flat_map(entries) {
        vars.insert(entry.key.clone(), entry.node.to_json());
    }
    if vars.is_empty() {
        return words;
    }
    let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let set = vars.iter().map(|(key, value)| format!("{key}={}", text(value)));
    std::iter::once("env".to_owned()).chain(set).chain(words).collect()
}
