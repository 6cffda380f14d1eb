//! Phase plans of the original system: one phase per file, each becomes a workstream.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::bundle::put_metadata;
use super::json_plan::split;
use super::losses::{Fate, Losses, entries, id_of, is_list, is_map, items, number, text, texts, value, words};
use super::shell::Shell;
use crate::domain::document::node::{Entry, Node, Value};
use crate::domain::plan::records::Records;

/// The sections of which every key is looked at.
const TAKEN_APART: [&str; 4] = ["phase_identity", "dag_and_dependencies", "scope_and_modules", "execution_profile"];

/// The lists of a scope.
const SCOPES: [&str; 4] = ["modify", "create", "forbidden_paths", "read_only"];

/// The rules of a completion gate that hold in every run.
const ALWAYS: [&str; 6] = [
    "dependencies_done",
    "pre_flight_passed",
    "acceptance_tests_all_passed",
    "no_scope_violations_detected",
    "circuit_breakers_not_tripped",
    "manual_override",
];

/// Reads phase plans.
pub fn read(roots: &[Node], shell: Shell, losses: &mut Losses<'_>) -> Records {
    // Phases name each other by their own ids, and become workstreams by another.
    let names: BTreeMap<String, String> = roots.iter().flat_map(names).collect();
    let mut records = Records::default();
    for root in roots {
        let record = workstream(root, (&names, shell), &mut records.frame, losses);
        records.workstreams.push(record);
    }
    records
}

fn at<'n>(root: &'n Node, path: &[&str]) -> Option<&'n Node> {
    path.iter().try_fold(root, |node, key| value(node, key))
}

fn own_id(root: &Node) -> String {
    let named = |key: &str| at(root, &["phase_identity", key]).and_then(text);
    id_of(named("workstream_id").or_else(|| named("phase_id")).unwrap_or("phase"))
}

fn names(root: &Node) -> Vec<(String, String)> {
    let keys = [["phase_identity", "phase_id"], ["phase_identity", "workstream_id"], ["dag_and_dependencies", "workstream_bundle_id"]];
    keys.iter().filter_map(|path| at(root, path).and_then(text)).map(|name| (name.to_owned(), own_id(root))).collect()
}

type Names<'a> = (&'a BTreeMap<String, String>, Shell);

fn workstream(root: &Node, (names, shell): Names<'_>, frame: &mut Map<String, Json>, losses: &mut Losses<'_>) -> Map<String, Json> {
    let mut phase = Phase { record: Map::from_iter([("id".to_owned(), json!(own_id(root)))]), kept: Map::new() };
    if !matches!(root.value, Value::Map(_)) {
        losses.refuse(root.place, "phase", "map");
    }
    for section in entries(root) {
        match section.key.as_str() {
            key if TAKEN_APART.contains(&key) && !is_map(&section.node) => losses.refuse(section.key_place, key, "map"),
            "phase_identity" => phase.identity(section, losses),
            "dag_and_dependencies" => phase.dependencies(section, names, losses),
            "scope_and_modules" => phase.scope(section, frame, losses),
            "environment_and_tools" => phase.tools(section, losses),
            "execution_profile" => phase.profile(section, losses),
            "pre_flight_checks" => phase.commands(section, ("setup", "setup"), shell, losses),
            "acceptance_tests" => phase.commands(section, ("runtime", "acceptance_tests"), shell, losses),
            "execution_plan" => phase.plan(section, losses),
            "fix_loop_and_circuit_breakers" => phase.breakers(section, losses),
            "completion_gate" => phase.completion(section, losses),
            "expected_artifacts" => {
                phase.keep(section, &section.key, "say with a check, such as `[test, -f, FILE]`, that it must be there", losses);
            }
            key => phase.keep(section, key, "nothing follows from it", losses),
        }
    }
    if !phase.record.contains_key("tool") {
        phase.record.insert("capability".to_owned(), json!("code_generation"));
    }
    put_metadata(&mut phase.record, phase.kept);
    phase.record
}

struct Phase {
    record: Map<String, Json>,
    kept: Map<String, Json>,
}

impl Phase {
    fn put(&mut self, key: &str, value: Json) {
        self.record.insert(key.to_owned(), value);
    }

    fn keep(&mut self, entry: &Entry, path: &str, note: &str, losses: &mut Losses<'_>) {
        losses.tell(entry.key_place, path, Fate::Kept, format!("kept as `metadata.imported.{path}`; {note}"));
        self.kept.insert(path.to_owned(), entry.node.to_json());
    }

    fn task(&mut self, task: &str) {
        if let Json::Array(tasks) = self.record.entry("tasks").or_insert_with(|| json!([])) {
            tasks.push(json!(task));
        }
    }

    fn identity(&mut self, section: &Entry, losses: &mut Losses<'_>) {
        for entry in entries(&section.node) {
            match (entry.key.as_str(), text(&entry.node)) {
                ("phase_id" | "workstream_id", _) => {}
                ("title", Some(title)) => self.put("title", json!(title)),
                ("objective", Some(objective)) => self.task(objective),
                (key, _) => self.keep(entry, &format!("phase_identity.{key}"), "nothing follows from it", losses),
            }
        }
    }

    fn dependencies(&mut self, section: &Entry, names: &BTreeMap<String, String>, losses: &mut Losses<'_>) {
        for entry in entries(&section.node) {
            let path = format!("dag_and_dependencies.{}", entry.key);
            match (entry.key.as_str(), text(&entry.node)) {
                ("workstream_bundle_id", _) => {}
                ("depends_on", _) if !is_list(&entry.node) => losses.refuse(entry.key_place, &path, "list of phases"),
                ("depends_on", _) => {
                    let mut known = Vec::new();
                    for item in items(&entry.node) {
                        match text(item).and_then(|name| names.get(name)) {
                            Some(id) => known.push(json!(id)),
                            None => losses.tell(item.place, &path, Fate::Lost, "no phase of this name is imported; import them together"),
                        }
                    }
                    self.put("depends_on", Json::Array(known));
                }
                (key, _) => self.keep(
                    entry,
                    &path,
                    if key == "is_critical_path" {
                        "`git orc plan show` finds the critical path"
                    } else {
                        "what may run side by side follows from dependencies and scopes"
                    },
                    losses,
                ),
            }
        }
    }

    fn scope(&mut self, section: &Entry, frame: &mut Map<String, Json>, losses: &mut Losses<'_>) {
        let scope = value(&section.node, "file_scope");
        if let Some(scope) = scope.filter(|scope| !is_map(scope)) {
            losses.refuse(scope.place, "scope_and_modules.file_scope", "map");
        }
        for entry in scope.map(entries).unwrap_or_default().iter().filter(|entry| SCOPES.contains(&entry.key.as_str())) {
            if words(Some(&entry.node)).is_none() {
                losses.refuse(entry.key_place, &format!("scope_and_modules.file_scope.{}", entry.key), "list of globs");
            }
        }
        let list = |key: &str| words(scope.and_then(|scope| value(scope, key))).unwrap_or_default();
        self.put("files_scope", json!(list("modify")));
        self.put("files_create", json!(list("create")));
        let forbidden: Vec<String> = list("forbidden_paths").into_iter().chain(list("read_only")).collect();
        self.put("files_forbid", json!(forbidden));
        if let Some(read_only) = scope.and_then(|scope| entries(scope).iter().find(|entry| entry.key == "read_only")) {
            losses.tell(
                read_only.key_place,
                "scope_and_modules.file_scope.read_only",
                Fate::Mapped,
                "it is part of `files_forbid`; everything may be read",
            );
        }
        for entry in scope.map(entries).unwrap_or_default() {
            if !SCOPES.contains(&entry.key.as_str()) {
                self.keep(entry, &format!("scope_and_modules.file_scope.{}", entry.key), "nothing follows from it", losses);
            }
        }
        for entry in entries(&section.node).iter().filter(|entry| entry.key != "file_scope") {
            let base = Some(entry).filter(|entry| entry.key == "worktree_strategy").and_then(|entry| value(&entry.node, "base_branch"));
            if let Some(base) = base.and_then(text) {
                let is_taken = *frame.entry("base").or_insert_with(|| json!(base)) == base;
                let (fate, note) = if is_taken {
                    (Fate::Mapped, "it is `base` of the plan")
                } else {
                    (Fate::Lost, "a plan has one base: that of the phase before it")
                };
                losses.tell(entry.key_place, "scope_and_modules.worktree_strategy.base_branch", fate, note);
            }
            self.keep(entry, &format!("scope_and_modules.{}", entry.key), "every workstream has a worktree of its own", losses);
        }
    }

    fn tools(&mut self, section: &Entry, losses: &mut Losses<'_>) {
        let primary = at(&section.node, &["ai_operators", "primary"]);
        let preferred = at(&section.node, &["tool_profiles", "preferred_ids"]).and_then(|ids| items(ids).first());
        if let Some((node, name)) = primary.or(preferred).and_then(|node| Some((node, text(node)?))) {
            self.put("tool", json!(id_of(name)));
            losses.tell(
                node.place,
                "environment_and_tools",
                Fate::Mapped,
                format!("the tool is `{}`; who follows when it fails says a registry, see `git orc tools routes`", id_of(name)),
            );
        }
        self.keep(section, &section.key, "services that must be there can be asked for by a command of `setup`", losses);
    }

    fn profile(&mut self, section: &Entry, losses: &mut Losses<'_>) {
        for entry in entries(&section.node) {
            let path = format!("execution_profile.{}", entry.key);
            match (entry.key.as_str(), number(Some(&entry.node))) {
                ("max_runtime_minutes", Some(minutes)) if minutes > 0 => {
                    self.put("timeout_sec", json!(minutes.saturating_mul(60)));
                    losses.tell(entry.key_place, &path, Fate::Mapped, "it is `timeout_sec`, of each step");
                }
                ("retry_policy", None) if number(value(&entry.node, "max_attempts")).is_some_and(|most| most > 0) => {
                    self.put("retry", json!({"max_attempts": number(value(&entry.node, "max_attempts"))}));
                    losses.tell(entry.key_place, &path, Fate::Mapped, "its `max_attempts` are those of `retry`");
                    if entries(&entry.node).len() > 1 {
                        self.keep(entry, &path, "nothing follows from the rest of it", losses);
                    }
                }
                (_, _) => self.keep(entry, &path, "nothing follows from it", losses),
            }
        }
    }

    /// Takes commands that must pass; others are words for the prompt, or kept.
    fn commands(&mut self, section: &Entry, (must, may): (&str, &str), shell: Shell, losses: &mut Losses<'_>) {
        let (mut required, mut wished) = (Vec::new(), Vec::new());
        if !is_list(&section.node) {
            losses.refuse(section.key_place, &section.key, "list of commands");
        }
        for (number, one) in items(&section.node).iter().enumerate() {
            let path = format!("{}[{number}]", section.key);
            let Some((node, line)) = value(one, "command").and_then(|node| Some((node, text(node)?))) else {
                losses.refuse(one.place, &path, "map with a `command`");
                continue;
            };
            let Some(words) = split(line, (node.place, &path), shell, losses) else { continue };
            let is_optional = value(one, "must_pass").is_some_and(|must| matches!(must.value, Value::Bool(false)));
            if is_optional && may != must {
                losses.tell(
                    one.place,
                    &path,
                    Fate::Mapped,
                    format!("it need not pass, so that it is one of `{may}`, which stand in the prompt"),
                );
                wished.push(json!(words.join(" ")));
            } else {
                required.push(json!(words));
            }
            for entry in entries(one).iter().filter(|entry| !["id", "command", "must_pass"].contains(&entry.key.as_str())) {
                let note = if entry.key == "success_pattern" {
                    "the exit code says whether it passed"
                } else {
                    "it runs before the first step, or after the last"
                };
                losses.tell(entry.key_place, &format!("{path}.{}", entry.key), Fate::Lost, note);
            }
        }
        if !required.is_empty() {
            self.put(must, Json::Array(required));
        }
        if !wished.is_empty() {
            self.put(may, Json::Array(wished));
        }
    }

    fn plan(&mut self, section: &Entry, losses: &mut Losses<'_>) {
        let steps = value(&section.node, "steps").map(items).unwrap_or_default();
        for step in steps {
            let word = |key: &str| value(step, key).and_then(text).unwrap_or_default().to_owned();
            let (inputs, outputs) = (texts(value(step, "inputs")), texts(value(step, "expected_outputs")));
            let from = if inputs.is_empty() { String::new() } else { format!(" from {}", inputs.join(", ")) };
            let to = if outputs.is_empty() { String::new() } else { format!(", so that there are {}", outputs.join(", ")) };
            self.task(&format!("{}: {}{from}{to}", word("id"), word("operation_kind").replace('_', " ")));
            if value(step, "requires_human_confirmation").is_some_and(|wish| matches!(wish.value, Value::Bool(true))) {
                losses.tell(
                    step.place,
                    "execution_plan.steps.requires_human_confirmation",
                    Fate::Lost,
                    "name its files under `review_required` of ai_policies.yaml; `git orc decide` is how a person then decides",
                );
            }
        }
        if !steps.is_empty() {
            losses.tell(section.key_place, "execution_plan.steps", Fate::Mapped, "they are `tasks` of one EDIT step");
        }
        self.keep(section, &section.key, "the tasks were made of it", losses);
    }

    fn breakers(&mut self, section: &Entry, losses: &mut Losses<'_>) {
        let default = |keys: &[&str]| keys.iter().find_map(|key| number(at(&section.node, &["defaults", key])));
        if let Some(most) = default(&["max_fix_attempts_per_step", "max_fix_attempts"]) {
            self.put("circuit_breaker", json!({"max_fix_iterations": {"static": most, "runtime": most}}));
            losses.tell(
                section.key_place,
                "fix_loop_and_circuit_breakers.defaults",
                Fate::Mapped,
                "its fix attempts are `circuit_breaker.max_fix_iterations`",
            );
        }
        self.keep(section, &section.key, "a check that fails is always followed by FIX steps, and a loop is seen", losses);
    }

    fn completion(&mut self, section: &Entry, losses: &mut Losses<'_>) {
        for rule in value(&section.node, "rules").map(items).unwrap_or_default() {
            let name = text(rule).unwrap_or_default();
            if !ALWAYS.contains(&name) {
                losses.tell(
                    rule.place,
                    "completion_gate.rules",
                    Fate::Lost,
                    format!("`{}` holds only where a check or a gate asks for it", id_of(name)),
                );
            }
        }
        self.keep(
            section,
            &section.key,
            "every run asks that dependencies, checks and scope hold; a person decides with `git orc decide`",
            losses,
        );
    }
}
