//! What rules add to a plan: dependencies that follow from the files that workstreams change, and priorities that follow from words.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use super::rules::{Inference, Rules};
use crate::domain::policy::pattern::Pattern;

/// A dependency that a rule adds, or would add.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Inferred {
    /// Who waits.
    pub workstream: String,
    /// For whom.
    pub depends_on: String,
    /// Whether it was left out, because the other one waits for this one already.
    pub is_circular: bool,
}

/// Adds the dependencies that the rules infer. `owned` are the files of the base commit that each workstream may change.
pub fn infer(records: &mut [Map<String, Json>], owned: &[Vec<String>], rules: &Rules) -> Vec<Inferred> {
    let ids: Vec<String> = records.iter().map(id).collect();
    let mut edges: BTreeMap<String, BTreeSet<String>> = records.iter().map(|record| (id(record), depends_on(record))).collect();
    let mut inferred = Vec::new();
    for rule in &rules.inference {
        for (from, _) in ids.iter().zip(owned).filter(|(_, files)| any(&rule.files, files)) {
            for (to, _) in ids.iter().zip(owned).filter(|(to, files)| *to != from && is_meant(rule, to, files)) {
                if edges.get(from).is_some_and(|known| known.contains(to)) {
                    continue;
                }
                let is_circular = reaches(&edges, to, from);
                inferred.push(Inferred { workstream: from.clone(), depends_on: to.clone(), is_circular });
                if !is_circular {
                    edges.entry(from.clone()).or_default().insert(to.clone());
                }
            }
        }
    }
    for record in records.iter_mut() {
        let own = id(record);
        let added: Vec<&str> =
            inferred.iter().filter(|one| one.workstream == own && !one.is_circular).map(|one| one.depends_on.as_str()).collect();
        if !added.is_empty() {
            let before = record.get("depends_on").and_then(Json::as_array).cloned().unwrap_or_default();
            let all: Vec<Json> = before.into_iter().chain(added.into_iter().map(|id| json!(id))).collect();
            record.insert("depends_on".to_owned(), Json::Array(all));
        }
    }
    inferred
}

fn any(patterns: &[Pattern], files: &[String]) -> bool {
    files.iter().any(|file| patterns.iter().any(|pattern| pattern.matches(file.as_bytes())))
}

fn is_meant(rule: &Inference, id: &str, files: &[String]) -> bool {
    rule.on.iter().any(|(text, pattern)| text == id || any(std::slice::from_ref(pattern), files))
}

fn reaches(edges: &BTreeMap<String, BTreeSet<String>>, from: &str, to: &str) -> bool {
    let (mut open, mut seen) = (vec![from], BTreeSet::new());
    while let Some(at) = open.pop() {
        if at == to {
            return true;
        }
        if seen.insert(at) {
            open.extend(edges.get(at).into_iter().flatten().map(String::as_str));
        }
    }
    false
}

fn id(record: &Map<String, Json>) -> String {
    record.get("id").and_then(Json::as_str).unwrap_or_default().to_owned()
}

fn depends_on(record: &Map<String, Json>) -> BTreeSet<String> {
    let list = record.get("depends_on").and_then(Json::as_array).into_iter().flatten();
    list.filter_map(Json::as_str).map(str::to_owned).collect()
}

/// Gives a priority to workstreams that have none: that of the weightiest kind of work of which a word stands in the title or the tasks.
pub fn prioritize(records: &mut [Map<String, Json>], rules: &Rules) -> BTreeMap<String, i64> {
    let mut given = BTreeMap::new();
    for record in records.iter_mut().filter(|record| !record.contains_key("priority")) {
        let tasks = record.get("tasks").and_then(Json::as_array).into_iter().flatten();
        let texts: Vec<String> = record.get("title").into_iter().chain(tasks).filter_map(Json::as_str).map(str::to_lowercase).collect();
        let has = |word: &String| texts.iter().any(|text| text.split(|c: char| !c.is_alphanumeric()).any(|one| one == word));
        let score = rules.kinds.iter().filter(|(_, words, _)| words.iter().any(has)).map(|(_, _, score)| *score).max();
        if let Some(score) = score {
            given.insert(id(record), score);
            record.insert("priority".to_owned(), json!(score));
        }
    }
    given
}

#[cfg(test)]
mod tests {
    use super::super::rules::parse_rules;
    use super::*;
    use crate::domain::document::source::SourceFile;

    fn rules(text: &str) -> Rules {
        parse_rules(&[SourceFile::new("rules.yaml", text)]).unwrap()
    }

    fn records(all: &[(&str, &[&str])]) -> Vec<Map<String, Json>> {
        let one = |(id, on): &(&str, &[&str])| json!({"id": id, "depends_on": on}).as_object().unwrap().clone();
        all.iter().map(one).collect()
    }

    #[test]
    fn dependencies_follow_files_and_never_go_in_circles() {
        let rules = rules(
            "dependency_inference:\n- {if_files_changed: ['tests/**'], then_depends_on: ['src/**', docs]}\n- {if_files_changed: ['src/**'], then_depends_on: ['tests/**']}\n",
        );
        let owned = [vec!["tests/a".to_owned()], vec!["src/a".to_owned()], vec!["README".to_owned()]];
        let mut all = records(&[("test", &[]), ("code", &[]), ("docs", &[])]);
        let found = infer(&mut all, &owned, &rules);
        let told: Vec<_> = found.iter().map(|one| (one.workstream.as_str(), one.depends_on.as_str(), one.is_circular)).collect();
        assert_eq!(told, [("test", "code", false), ("test", "docs", false), ("code", "test", true)]);
        assert_eq!((&all[0]["depends_on"], &all[1]["depends_on"]), (&json!(["code", "docs"]), &json!([])));
        // What is there already is not said twice, and what is known to be the other way round wins.
        let mut all = records(&[("test", &["docs"]), ("code", &["test"]), ("docs", &[])]);
        let found = infer(&mut all, &owned, &rules);
        assert_eq!(found.iter().map(|one| one.is_circular).collect::<Vec<_>>(), [true]);
    }

    #[test]
    fn priorities_follow_words() {
        let rules = rules("prioritization: {keywords: {bug: [fix]}, priority_score: {bug: 100, perf: 80}}\n");
        let check = |record: Json, expect: Option<i64>| {
            let mut all = [record.as_object().unwrap().clone()];
            assert_eq!(prioritize(&mut all, &rules).get("a").copied(), expect, "{record}");
        };
        check(json!({"id": "a", "title": "Fix: it"}), Some(100));
        check(json!({"id": "a", "tasks": ["a prefix", "perf"]}), Some(80));
        check(json!({"id": "a", "tasks": ["a prefix"]}), None);
        check(json!({"id": "a", "title": "fix", "priority": 1}), None);
    }
}
