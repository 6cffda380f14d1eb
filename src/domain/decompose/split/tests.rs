//! Tests of taking plans apart.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::domain::decompose::rules::{SHIPPED, parse_rules};
use crate::domain::document::source::{Shape, SourceFile};
use crate::domain::plan::input::{Known, PhaseInput, PipelineFile, PlanDefaults, PlanInput};
use crate::domain::plan::parse::parse_plan;

fn rules(max_files: usize, max_tasks: usize, more: &str) -> Rules {
    let files = [SourceFile::new("rules.yaml", SHIPPED), SourceFile::new("more.yaml", more)];
    Rules { max_files, max_tasks, ..parse_rules(&files).unwrap() }
}

fn checked(records: &[Map<String, Json>]) -> CheckedPlan {
    let text = json!({"workstreams": records}).to_string();
    let defaults = PlanDefaults::default();
    let files = [SourceFile::new("plan.json", text)];
    let input = PlanInput { files: &files, shape: Shape::File, defaults: &defaults, known: Known::default() };
    parse_plan(&input).unwrap_or_else(|found| panic!("{found:#?}")).0
}

fn record(value: &Json) -> Map<String, Json> {
    let mut record = value.as_object().unwrap().clone();
    record.insert("tool".to_owned(), json!("command"));
    record.insert("command".to_owned(), json!("true"));
    record
}

fn run(records: &[Map<String, Json>], files: &[&str], rules: &Rules) -> Split {
    let files: Vec<String> = files.iter().map(|file| (*file).to_owned()).collect();
    split(Question { plan: &checked(records), records, files: &files, rules })
}

#[test]
fn a_large_workstream_becomes_parts_and_whoever_waits_waits_for_all() {
    let big = record(&json!({"id": "big", "files_scope": ["src/**"], "files_create": ["new/**"], "compensation_actions": ["undo"]}));
    let after = record(&json!({"id": "after", "files_scope": ["docs"], "depends_on": ["big"]}));
    let found = run(&[big, after], &["src/a/1", "src/a/2", "src/b/1", "docs"], &rules(2, 7, ""));
    let ids: Vec<_> = found.records.iter().map(|record| record["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["big-1", "big-2", "after"]);
    let [first, second, after] = found.records.as_slice() else { panic!("{found:?}") };
    assert_eq!((&first["files_scope"], &first["files_forbid"]), (&json!(["src/**"]), &json!(["src/b/1"])));
    assert_eq!((&second["files_scope"], &second["files_create"]), (&json!(["src/b/1"]), &json!([])));
    assert!(first.contains_key("compensation_actions") && !second.contains_key("compensation_actions"));
    assert_eq!(after["depends_on"], json!(["big-1", "big-2"]));
    assert_eq!(found.exceeding, [Excess { workstream: "big".to_owned(), files: 3, max_files: 2, tasks: 0, max_tasks: 7 }]);
    checked(&found.records);
}

#[test]
fn named_files_are_divided_without_a_rest() {
    let big = record(&json!({"id": "big", "files_scope": ["a", "b", "[x]"], "tasks": ["do it"]}));
    let found = run(&[big], &["a", "b", "x"], &rules(1, 7, ""));
    // The last glob is none of the files, so the first part keeps the globs.
    assert_eq!(found.records[0]["files_forbid"], json!(["b", "x"]));
    let big = record(&json!({"id": "big", "files_scope": ["a", "b"], "tasks": ["do it"]}));
    let found = run(&[big], &["a", "b", "x"], &rules(1, 7, ""));
    let scopes: Vec<_> = found.records.iter().map(|record| (&record["files_scope"], record.get("files_forbid"))).collect();
    assert_eq!(scopes, [(&json!(["a"]), None), (&json!(["b"]), None)]);
}

#[test]
fn what_is_small_or_can_not_be_divided_stays() {
    let small = record(&json!({"id": "small", "files_scope": ["a"]}));
    let stuck = record(&json!({"id": "stuck", "files_scope": ["b"], "tasks": ["1", "2", "3"]}));
    let found = run(&[small.clone(), stuck.clone()], &["a", "b"], &rules(2, 2, ""));
    assert_eq!(found.records, [small, stuck]);
    assert_eq!(found.left.keys().collect::<Vec<_>>(), ["stuck"]);
    assert!(found.taken.is_empty());
}

#[test]
fn an_id_that_somebody_has_is_not_given_again() {
    let big = record(&json!({"id": "big", "files_scope": ["a/**"]}));
    let there = record(&json!({"id": "big-1", "files_scope": ["b"]}));
    let found = run(&[big, there], &["a/1", "a/2"], &rules(1, 7, ""));
    let ids: Vec<_> = found.records.iter().map(|record| record["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["big-1-1", "big-2", "big-1"]);
}

/// A pipeline with `each: workstream` makes several workstreams of one, so that the plan has more of them than its text.
#[test]
fn what_a_pipeline_makes_of_a_workstream_is_not_taken_for_the_next_one() {
    let text = "each: workstream\nphases:\n- {id: one, tool: command, command: ['true']}\n- {id: two, tool: command, command: ['true']}\n";
    let pipeline = PipelineFile { name: "two".to_owned(), file: SourceFile::new("two.yaml", text) };
    let feature = json!({"id": "feature", "pipeline": "two", "files_scope": ["src/**"]}).as_object().unwrap().clone();
    let small = record(&json!({"id": "small", "files_scope": ["docs"], "tasks": ["precious"]}));
    let big = record(&json!({"id": "big", "files_scope": ["lib/**"], "depends_on": ["feature"]}));
    let records = [feature.clone(), small, big];
    let phases = PhaseInput { pipelines: vec![pipeline], ..PhaseInput::default() };
    let defaults = PlanDefaults { phases, ..PlanDefaults::default() };
    let checked = |records: &[Map<String, Json>]| {
        let files = [SourceFile::new("plan.json", json!({"workstreams": records}).to_string())];
        let input = PlanInput { files: &files, shape: Shape::File, defaults: &defaults, known: Known::default() };
        parse_plan(&input).unwrap_or_else(|found| panic!("{found:#?}")).0
    };
    let files = ["src/a", "src/b", "src/c", "docs", "lib/a", "lib/b", "lib/c"].map(str::to_owned);
    let more = "dependency_inference: [{if_files_changed: ['docs'], then_depends_on: ['src/**']}]\n";
    let found = split(Question { plan: &checked(&records), records: &records, files: &files, rules: &rules(2, 7, more) });
    let ids: Vec<_> = found.records.iter().map(|record| record["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["feature", "small", "big-1", "big-2"]);
    assert_eq!((&found.records[0], &found.records[1]["tasks"]), (&feature, &json!(["precious"])));
    assert_eq!(found.records[1]["depends_on"], json!(["feature"]));
    assert_eq!(found.left.keys().collect::<Vec<_>>(), ["feature-one", "feature-two"]);
    assert_eq!(checked(&found.records).workstreams.len(), 5);
}

/// A plan over files of a few directories: disjoint scopes, dependencies only backwards.
fn plans() -> impl Strategy<Value = (Vec<Map<String, Json>>, Vec<String>)> {
    let file = (prop::sample::select(vec!["a", "b", "c", "d"]), 0_u8..6, prop::sample::select(vec!["rs", "py", "x*", "[y]", "{z"]));
    let files = prop::collection::btree_set(file.prop_map(|(folder, number, ending)| format!("{folder}/{number}.{ending}")), 1..24);
    let scopes =
        prop::collection::vec((prop::sample::subsequence(vec!["a/**", "b/**", "c/**", "d/*"], 1..3), 0_usize..5, any::<u8>()), 1..4);
    (files, scopes).prop_map(|(files, scopes)| {
        let files: Vec<String> = files.into_iter().collect();
        let (mut records, mut used) = (Vec::new(), BTreeSet::new());
        for (at, (globs, tasks, on)) in scopes.into_iter().enumerate() {
            let globs: Vec<&str> = globs.into_iter().filter(|glob| used.insert(*glob)).collect();
            if globs.is_empty() {
                continue;
            }
            let tasks: Vec<String> =
                (0..tasks).map(|task| files.get(task * 3).map_or("all".to_owned(), |file| format!("mend {file}"))).collect();
            let on: Vec<String> = records
                .iter()
                .enumerate()
                .filter(|(bit, _)| on >> bit & 1 == 1)
                .map(|(_, record): (usize, &Map<String, Json>)| record["id"].as_str().unwrap().to_owned())
                .collect();
            records.push(record(&json!({"id": format!("w{at}"), "files_scope": globs, "tasks": tasks, "depends_on": on})));
        }
        (records, files)
    })
}

proptest! {
    #[test]
    fn parts_cover_the_same_never_share_and_never_wait_in_circles((records, files) in plans(), most in 1_usize..5) {
        let more = "dependency_inference: [{if_files_changed: ['a/**'], then_depends_on: ['c/**', 'd/**']}, {if_files_changed: ['d/**'], then_depends_on: ['a/**']}]\n";
        let rules = rules(most, 3, more);
        let before = checked(&records);
        let question = Question { plan: &before, records: &records, files: &files, rules: &rules };
        let found = split(question);
        prop_assert_eq!(&found, &split(question));
        // The reader refuses circles, so this proves that there is none.
        let after = checked(&found.records);
        let new = ["a/new", "b/new.rs", "c/e/new", "d/new", "elsewhere"].map(str::to_owned);
        for file in files.iter().chain(&new) {
            let path = RepoPath::from(file.as_str());
            let covering = |plan: &CheckedPlan| plan.workstreams.iter().filter(|one| one.scope.judge(&path, ChangeKind::Modified).is_ok()).count();
            prop_assert_eq!(covering(&before), covering(&after), "{}", file);
        }
        for taken in &found.taken {
            let old = before.workstreams.iter().find(|one| one.id.as_str() == taken.workstream).unwrap();
            for part in &taken.parts {
                let new = after.workstreams.iter().find(|one| one.id.as_str() == part.id).unwrap();
                prop_assert_eq!(&covered(new, &files), &part.files);
                prop_assert!(new.tasks.iter().all(|task| old.tasks.contains(task)));
            }
            let told: BTreeSet<&String> = after.workstreams.iter().filter(|one| taken.parts.iter().any(|part| part.id == one.id.as_str())).flat_map(|one| &one.tasks).collect();
            prop_assert_eq!(told, old.tasks.iter().collect::<BTreeSet<_>>());
        }
    }
}
