//! Bundles of the original format, and the keys that its annotated examples add.

use serde_json::{Map, Value as Json, json};

use super::losses::{Fate, Losses, entries, is_map, items, number, text, value};
use crate::domain::document::node::{Entry, Node, Value};
use crate::domain::document::record::Record as _;
use crate::domain::plan::raw::{RawBreaker, RawRetry, RawStep, RawWorkstream};
use crate::domain::plan::records::Records;

/// What is worth saying about keys that mean nothing here.
const NOTES: [(&str, &str); 7] = [
    ("saga", "give what undoes it as `compensation_actions`"),
    ("phases", "give each phase as a workstream, or as one of `steps`"),
    ("resume", "every entry of the ledger is a checkpoint; `git orc resume` goes on from the newest"),
    ("checkpoint", "every entry of the ledger is a checkpoint"),
    ("rollback_order", "what was merged is undone in the reverse order"),
    ("rollback_strategy", "what was merged is undone in the reverse order"),
    ("tool_config", "a tool is described by its profile: `git orc tools add`"),
];

/// Reads the workstreams of bundles.
pub fn read(roots: &[Node], losses: &mut Losses<'_>) -> Records {
    let mut records = Records::default();
    for root in roots {
        let all = if let Value::List(items) = &root.value { items.as_slice() } else { std::slice::from_ref(root) };
        for one in all {
            let record = workstream(one, &mut records.frame, losses);
            records.workstreams.push(record);
        }
    }
    records
}

fn workstream(node: &Node, frame: &mut Map<String, Json>, losses: &mut Losses<'_>) -> Map<String, Json> {
    let (mut record, mut kept) = (Map::new(), Map::new());
    if !matches!(node.value, Value::Map(_)) {
        losses.refuse(node.place, "workstream", "map");
    }
    for entry in entries(node) {
        match entry.key.as_str() {
            "execution" | "error_handling" if !is_map(&entry.node) => {
                keep(entry, &entry.key, "it is no map, and nothing follows from it", &mut kept, losses);
            }
            "circuit_breaker" => part(entry, RawBreaker::KEYS, (&mut record, &mut kept), losses),
            "retry" => part(entry, RawRetry::KEYS, (&mut record, &mut kept), losses),
            "steps" => steps(entry, (&mut record, &mut kept), losses),
            "execution" => execution(entry, (&mut record, frame), &mut kept, losses),
            "error_handling" => error_handling(entry, (&mut record, frame), &mut kept, losses),
            "metadata" => {
                record.insert(entry.key.clone(), entry.node.to_json());
            }
            key if RawWorkstream::KEYS.contains(&key) || key.starts_with("x-") => {
                record.insert(entry.key.clone(), entry.node.to_json());
            }
            key => {
                let note = NOTES.iter().find(|(known, _)| *known == key).map_or("nothing follows from it", |(_, note)| note);
                keep(entry, &entry.key, note, &mut kept, losses);
            }
        }
    }
    put_metadata(&mut record, kept);
    record
}

/// Keeps a key under `metadata.imported`, and tells so.
fn keep(entry: &Entry, path: &str, note: &str, kept: &mut Map<String, Json>, losses: &mut Losses<'_>) {
    losses.tell(entry.key_place, path, Fate::Kept, format!("kept as `metadata.imported.{path}`; {note}"));
    kept.insert(path.to_owned(), entry.node.to_json());
}

/// Puts what was kept into the metadata of a workstream.
pub fn put_metadata(record: &mut Map<String, Json>, kept: Map<String, Json>) {
    if kept.is_empty() {
        return;
    }
    let metadata = record.entry("metadata").or_insert_with(|| json!({}));
    if let Json::Object(metadata) = metadata {
        metadata.insert("imported".to_owned(), Json::Object(kept));
    }
}

/// Takes the known keys of a map, and keeps the others.
fn part(entry: &Entry, known: &[&str], (record, kept): (&mut Map<String, Json>, &mut Map<String, Json>), losses: &mut Losses<'_>) {
    if !matches!(entry.node.value, Value::Map(_)) {
        record.insert(entry.key.clone(), entry.node.to_json());
        return;
    }
    let mut taken = Map::new();
    for inner in entries(&entry.node) {
        if known.contains(&inner.key.as_str()) || inner.key.starts_with("x-") {
            taken.insert(inner.key.clone(), inner.node.to_json());
        } else {
            let note = "what bounds tools as such stands in `circuit_breaker_config.yaml`, see `git orc config`";
            keep(inner, &format!("{}.{}", entry.key, inner.key), note, kept, losses);
        }
    }
    if taken.is_empty() {
        return;
    }
    // Another key may have said something about it already.
    match record.get_mut(&entry.key) {
        Some(Json::Object(before)) => before.extend(taken),
        Some(_) | None => {
            record.insert(entry.key.clone(), Json::Object(taken));
        }
    }
}

fn steps(entry: &Entry, (record, kept): (&mut Map<String, Json>, &mut Map<String, Json>), losses: &mut Losses<'_>) {
    let (mut all, mut undo) = (Vec::new(), Vec::new());
    if !matches!(entry.node.value, Value::List(_)) {
        // The reader of plans says what is wrong with it.
        record.insert(entry.key.clone(), entry.node.to_json());
        return;
    }
    for (at, step) in items(&entry.node).iter().enumerate() {
        let mut taken = Map::new();
        for inner in entries(step) {
            let path = format!("steps[{at}].{}", inner.key);
            if RawStep::KEYS.contains(&inner.key.as_str()) || inner.key.starts_with("x-") {
                taken.insert(inner.key.clone(), inner.node.to_json());
            } else if let Some(action) = Some(inner).filter(|inner| inner.key == "compensation").and_then(|inner| undoing(&inner.node)) {
                losses.tell(inner.key_place, &path, Fate::Mapped, "its action is one of `compensation_actions`");
                undo.push(json!(action));
                kept.insert(path, inner.node.to_json());
            } else {
                keep(inner, &path, "nothing follows from it", kept, losses);
            }
        }
        all.push(if is_map(step) { Json::Object(taken) } else { step.to_json() });
    }
    record.insert(entry.key.clone(), Json::Array(all));
    if !undo.is_empty() {
        // What was done last is undone first.
        undo.reverse();
        let actions = record.entry("compensation_actions").or_insert_with(|| json!([]));
        if let Json::Array(actions) = actions {
            actions.extend(undo);
        }
    }
}

/// Returns what undoes a step, when that is switched on.
fn undoing(node: &Node) -> Option<&str> {
    let is_off = value(node, "enabled").is_some_and(|enabled| matches!(enabled.value, Value::Bool(false)));
    value(node, "action").and_then(text).filter(|_| !is_off)
}

fn execution(
    entry: &Entry,
    (record, frame): (&mut Map<String, Json>, &mut Map<String, Json>),
    kept: &mut Map<String, Json>,
    losses: &mut Losses<'_>,
) {
    for inner in entries(&entry.node) {
        let path = format!("execution.{}", inner.key);
        let mapped = match (inner.key.as_str(), &inner.node.value, number(Some(&inner.node))) {
            ("parallel", Value::Bool(parallel), _) => {
                record.insert("parallel_ok".to_owned(), json!(parallel));
                "it is `parallel_ok`"
            }
            ("max_workers", _, Some(workers)) if workers > 0 => {
                let most = frame.get("max_workers").and_then(Json::as_u64).unwrap_or(0).max(workers);
                frame.insert("max_workers".to_owned(), json!(most));
                "it is `max_workers` of the plan"
            }
            ("timeout_per_step", _, Some(seconds)) if seconds > 0 => {
                record.insert("timeout_sec".to_owned(), json!(seconds));
                "it is `timeout_sec`"
            }
            (_, _, _) => {
                keep(inner, &path, "nothing follows from it", kept, losses);
                continue;
            }
        };
        losses.tell(inner.key_place, &path, Fate::Mapped, mapped);
    }
}

fn error_handling(
    entry: &Entry,
    (record, frame): (&mut Map<String, Json>, &mut Map<String, Json>),
    kept: &mut Map<String, Json>,
    losses: &mut Losses<'_>,
) {
    for inner in entries(&entry.node) {
        let path = format!("error_handling.{}", inner.key);
        let action = Some(inner).filter(|inner| inner.key == "on_failure").and_then(|inner| value(&inner.node, "action"));
        match action.and_then(text) {
            Some("fail_fast") => {
                frame.insert("fail_fast".to_owned(), json!(true));
                losses.tell(inner.key_place, &path, Fate::Mapped, "it is `fail_fast` of the plan");
            }
            Some("escalate") => {
                let breaker = record.entry("circuit_breaker").or_insert_with(|| json!({}));
                if let Json::Object(breaker) = breaker {
                    breaker.insert("on_exhausted".to_owned(), json!("pause"));
                }
                losses.tell(inner.key_place, &path, Fate::Mapped, "it is `circuit_breaker.on_exhausted: pause`");
            }
            Some(_) | None => keep(inner, &path, "what depends on a failed workstream waits, everything else goes on", kept, losses),
        }
    }
}
