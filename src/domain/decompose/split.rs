//! A plan with its large workstreams taken apart.
//!
//! The first part keeps the globs of the workstream, what it may create, and everything that comes later; `files_forbid` takes from it what the
//! other parts have by name. So the parts may touch together exactly what the workstream might, and never the same file.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use super::infer::{Inferred, infer, prioritize};
use super::parts::{Part, parts};
use super::rules::Rules;
use crate::domain::id::{RepoPath, is_atom};
use crate::domain::pipeline::expand::PART_OF;
use crate::domain::plan::model::{CheckedPlan, Workstream};
use crate::domain::policy::pattern::Pattern;
use crate::domain::policy::scope::ChangeKind;

/// The longest id, without what is put behind it for a part.
const ID_ROOM: usize = 58;

/// What is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The plan.
    pub plan: &'a CheckedPlan,
    /// Its workstreams as they are written. One whose pipeline makes several of it is none of the plan's.
    pub records: &'a [Map<String, Json>],
    /// The files of the base commit.
    pub files: &'a [String],
    /// The rules.
    pub rules: &'a Rules,
}

/// A workstream that is larger than the rules allow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Excess {
    /// The workstream.
    pub workstream: String,
    /// How many files of the base commit its scope covers.
    pub files: usize,
    /// How many may be.
    pub max_files: usize,
    /// How many tasks it has.
    pub tasks: usize,
    /// How many may be.
    pub max_tasks: usize,
}

/// A workstream that was taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Taken {
    /// The workstream.
    pub workstream: String,
    /// Its parts, the one with its globs first.
    pub parts: Vec<TakenPart>,
}

/// A part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TakenPart {
    /// Its id.
    pub id: String,
    /// The files of the base commit that it may change.
    pub files: Vec<String>,
    /// How many tasks it has.
    pub tasks: usize,
}

/// What came of a plan.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Split {
    /// The workstreams that are too large.
    pub exceeding: Vec<Excess>,
    /// Those that were taken apart.
    pub taken: Vec<Taken>,
    /// Those that are too large and could not be, with the reason.
    pub left: BTreeMap<String, String>,
    /// Dependencies that the rules add.
    pub inferred: Vec<Inferred>,
    /// Priorities that the rules give.
    pub priorities: BTreeMap<String, i64>,
    /// The workstreams as they are to be written.
    #[serde(skip)]
    pub records: Vec<Map<String, Json>>,
}

impl Split {
    /// Returns whether the plan is another one than before.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        !self.taken.is_empty() || !self.priorities.is_empty() || self.inferred.iter().any(|one| !one.is_circular)
    }
}

/// Returns the workstreams of a plan that are too large.
#[must_use]
pub fn exceeding(question: Question<'_>) -> Vec<Excess> {
    let rules = question.rules;
    let all = question.plan.workstreams.iter().map(|one| Excess {
        workstream: one.id.to_string(),
        files: covered(one, question.files).len(),
        max_files: rules.max_files,
        tasks: one.tasks.len(),
        max_tasks: rules.max_tasks,
    });
    all.filter(|one| one.files > rules.max_files || one.tasks > rules.max_tasks).collect()
}

/// Takes the large workstreams of a plan apart, and adds what the rules infer. The same question has the same answer.
#[must_use]
pub fn split(question: Question<'_>) -> Split {
    let exceeding = exceeding(question);
    let mut ids: BTreeSet<String> = question.plan.workstreams.iter().map(|one| one.id.to_string()).collect();
    let mut renamed: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let (mut records, mut owned, mut taken, mut left) = (Vec::new(), Vec::new(), Vec::new(), BTreeMap::new());
    let planned: BTreeMap<&str, &Workstream> = question.plan.workstreams.iter().map(|one| (one.id.as_str(), one)).collect();
    for record in question.records {
        let id = record.get("id").and_then(Json::as_str).unwrap_or_default();
        let Some(one) = planned.get(id) else {
            let (files, large) = laid_out(id, question, &exceeding);
            left.extend(large);
            owned.push(files);
            records.push(record.clone());
            continue;
        };
        let files = covered(one, question.files);
        let is_large = exceeding.iter().any(|excess| excess.workstream == one.id.as_str());
        let found = if is_large { take(one, record, (&files, question.rules), &mut ids) } else { Err(String::new()) };
        match found {
            Ok(found) => {
                renamed.insert(one.id.to_string(), found.iter().map(|(part, _)| part.id.clone()).collect());
                owned.extend(found.iter().map(|(part, _)| part.files.clone()));
                records.extend(found.iter().map(|(_, record)| record.clone()));
                taken.push(Taken { workstream: one.id.to_string(), parts: found.into_iter().map(|(part, _)| part).collect() });
            }
            Err(reason) => {
                if is_large {
                    left.insert(one.id.to_string(), reason);
                }
                owned.push(files);
                records.push(record.clone());
            }
        }
    }
    records.iter_mut().for_each(|record| rewire(record, &renamed));
    let inferred = infer(&mut records, &owned, question.rules);
    let priorities = prioritize(&mut records, question.rules);
    Split { exceeding, taken, left, inferred, priorities, records }
}

/// Returns the files of the base commit that the workstreams may change which a pipeline makes of this one, and those of them that are too
/// large.
fn laid_out(id: &str, question: Question<'_>, exceeding: &[Excess]) -> (Vec<String>, BTreeMap<String, String>) {
    let is_its = |one: &&Workstream| one.metadata.get(PART_OF).and_then(Json::as_str) == Some(id);
    let parts: Vec<&Workstream> = question.plan.workstreams.iter().filter(is_its).collect();
    let files: BTreeSet<String> = parts.iter().flat_map(|one| covered(one, question.files)).collect();
    let is_large = |one: &&&Workstream| exceeding.iter().any(|excess| excess.workstream == one.id.as_str());
    let reason = || format!("the pipeline of `{id}` makes it");
    (files.into_iter().collect(), parts.iter().filter(is_large).map(|one| (one.id.to_string(), reason())).collect())
}

/// Returns the files of the base commit that a workstream may change.
fn covered(one: &Workstream, files: &[String]) -> Vec<String> {
    let may = |file: &&String| one.scope.judge(&RepoPath::from(file.as_str()), ChangeKind::Modified).is_ok();
    files.iter().filter(may).cloned().collect()
}

type Found = Vec<(TakenPart, Map<String, Json>)>;

/// Returns the parts of a workstream, or why there are none.
fn take(
    one: &Workstream,
    record: &Map<String, Json>,
    (files, rules): (&[String], &Rules),
    ids: &mut BTreeSet<String>,
) -> Result<Found, String> {
    if let Some(file) = files.iter().find(|file| literal(file).is_none()) {
        return Err(format!("no glob stands for the file `{file}` alone"));
    }
    let parts = parts(files, &one.tasks, rules);
    if parts.len() < 2 {
        return Err("its tasks are about the same files".to_owned());
    }
    ids.remove(one.id.as_str());
    let mut found = Vec::with_capacity(parts.len());
    for (at, part) in parts.iter().enumerate() {
        let id = fresh(one.id.as_str(), at + 1, ids);
        let others = || parts.iter().enumerate().filter(|(other, _)| *other != at).flat_map(|(_, part)| &part.files);
        let written =
            if at == 0 { keep_rest(one, record, part, &others().cloned().collect::<Vec<_>>()) } else { by_name(one, record, part) };
        let mut written = with_id(&id, written);
        if !one.tasks.is_empty() {
            written.insert("tasks".to_owned(), json!(part.tasks));
        }
        found.push((TakenPart { id, files: part.files.clone(), tasks: part.tasks.len() }, written));
    }
    Ok(found)
}

/// Returns the record of the first part: the globs of the workstream without what the others have.
fn keep_rest(one: &Workstream, record: &Map<String, Json>, part: &Part, others: &[String]) -> Map<String, Json> {
    let mut written = record.clone();
    let globs: Vec<&str> = one.scope.write_globs().collect();
    let is_list_of_files = globs.iter().all(|glob| part.files.iter().chain(others).any(|file| file == glob));
    if is_list_of_files {
        // Named files are simply divided, and then nothing keeps the parts from running side by side.
        written.insert("files_scope".to_owned(), literals(&part.files));
        return written;
    }
    written.insert("files_scope".to_owned(), json!(globs));
    let forbidden: Vec<String> =
        one.scope.forbid_globs().map(str::to_owned).chain(others.iter().filter_map(|file| literal(file))).collect();
    written.insert("files_forbid".to_owned(), json!(forbidden));
    written
}

/// Returns the record of another part: its files by name. What undoes the work is the first part's to do, and it alone creates files.
fn by_name(one: &Workstream, record: &Map<String, Json>, part: &Part) -> Map<String, Json> {
    let mut written = record.clone();
    written.insert("files_scope".to_owned(), literals(&part.files));
    if one.scope.create_globs().next().is_some() {
        written.insert("files_create".to_owned(), json!([]));
    }
    written.remove("compensation_actions");
    written
}

fn literals(files: &[String]) -> Json {
    files.iter().filter_map(|file| literal(file)).collect()
}

/// Returns the glob that stands for one file alone.
fn literal(file: &str) -> Option<String> {
    let escaped: String =
        file.chars().map(|c| if matches!(c, '*' | '?' | '[' | '{' | '}' | '!') { format!("[{c}]") } else { c.to_string() }).collect();
    let glob = if file.contains(['*', '?', '[', '{', '}']) || file.starts_with('!') { escaped } else { file.to_owned() };
    Pattern::parse(&glob).ok().filter(|pattern| pattern.matches(file.as_bytes())).map(|_| glob)
}

/// Returns an id that nobody has.
fn fresh(id: &str, number: usize, ids: &mut BTreeSet<String>) -> String {
    let stem: String = id.chars().take(ID_ROOM - 4).collect();
    let mut candidates = std::iter::once(format!("{stem}-{number}")).chain((1..).map(|more| format!("{stem}-{number}-{more}")));
    let chosen = candidates.find(|one| is_atom(one) && !ids.contains(one)).unwrap_or_default();
    ids.insert(chosen.clone());
    chosen
}

/// Returns a record with another id, which stays its first key.
fn with_id(id: &str, record: Map<String, Json>) -> Map<String, Json> {
    std::iter::once(("id".to_owned(), json!(id))).chain(record.into_iter().filter(|(key, _)| key != "id")).collect()
}

/// Whoever depended on a workstream depends on all of its parts.
fn rewire(record: &mut Map<String, Json>, renamed: &BTreeMap<String, Vec<String>>) {
    let Some(Json::Array(before)) = record.get("depends_on") else { return };
    let mut after: Vec<String> = Vec::new();
    for id in before.iter().filter_map(Json::as_str) {
        after.extend(renamed.get(id).cloned().unwrap_or_else(|| vec![id.to_owned()]));
    }
    record.insert("depends_on".to_owned(), json!(after));
}

#[cfg(test)]
mod tests;
