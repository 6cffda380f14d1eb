//! What `git orc plan show` tells about a plan: its waves, who works where, why two workstreams are not in one wave, and what that saves.

use std::collections::HashMap;
use std::fmt::Write as _;

use serde::Serialize;

use crate::cli::view::document;
use crate::cli::view::graph::model::tool_of;
use crate::domain::id::WorkstreamId;
use crate::domain::plan::model::{CheckedPlan, Workstream};
use crate::domain::schedule::waves::{Cause, Schedule, Separation};
use crate::domain::text::{count, one_line};

/// The version of the document; it grows when a field changes its meaning or goes away, not when one is added.
const SCHEMA_VERSION: u32 = 1;

/// How many reasons are told per workstream; the JSON form has more.
const MAX_REASONS: usize = 4;

/// How many globs of a list are shown on its line.
const MAX_GLOBS: usize = 4;

/// Returns the text for people.
#[must_use]
pub fn human(plan: &CheckedPlan, schedule: &Schedule) -> String {
    let mut out = summary(plan, schedule);
    let by_id: HashMap<&WorkstreamId, &Workstream> = plan.workstreams.iter().map(|w| (&w.id, w)).collect();
    let mut reasons: HashMap<&WorkstreamId, Vec<&Separation>> = HashMap::new();
    for separation in &schedule.separated {
        reasons.entry(&separation.b).or_default().push(separation);
    }
    let id_width = plan.workstreams.iter().map(|w| w.id.as_str().len()).max().unwrap_or(0);
    let tool_width = plan.workstreams.iter().filter_map(tool_of).map(|t| t.chars().count()).max().unwrap_or(0);
    for (number, wave) in schedule.waves.iter().enumerate() {
        let _ = writeln!(out, "\nwave {}", number + 1);
        for workstream in wave.iter().filter_map(|id| by_id.get(id)) {
            let tool = one_line(&tool_of(workstream).unwrap_or_default());
            let _ = writeln!(out, "  {id:id_width$}  {tool:tool_width$}  {}", scope_line(workstream), id = workstream.id.as_str());
            let own = reasons.get(&workstream.id).map_or(&[][..], Vec::as_slice);
            for reason in reason_lines(workstream, own) {
                let _ = writeln!(out, "  {:id_width$}  {reason}", "");
            }
        }
    }
    out
}

/// Returns the lines above the waves.
fn summary(plan: &CheckedPlan, schedule: &Schedule) -> String {
    let mut out = format!(
        "plan {}: {} in {}, from {} to {}\n",
        one_line(&plan.name),
        count(plan.workstreams.len(), "workstream"),
        count(schedule.waves.len(), "wave"),
        one_line(&plan.base),
        one_line(&plan.target)
    );
    if schedule.critical_path.len() > 1 {
        let path: Vec<&str> = schedule.critical_path.iter().map(WorkstreamId::as_str).collect();
        let _ = writeln!(out, "critical path: {}", path.join(" -> "));
    }
    let estimate = &schedule.estimate;
    let _ = write!(out, "estimated speed-up: {:.1}x", schedule.speed_up);
    match plan.max_workers {
        Some(workers) if estimate.bounded > estimate.unbounded => {
            let _ = writeln!(
                out,
                " with {}, {:.1}x without that limit",
                count(usize::try_from(workers).unwrap_or(usize::MAX), "worker"),
                estimate.unbounded_speed_up()
            );
        }
        Some(_) | None => out.push('\n'),
    }
    out
}

/// Returns what a workstream may change, on one line.
fn scope_line(workstream: &Workstream) -> String {
    let scope = &workstream.scope;
    let lists = [("", listed(scope.write_globs())), ("creates ", listed(scope.create_globs())), ("never ", listed(scope.forbid_globs()))];
    lists.iter().filter(|(_, globs)| !globs.is_empty()).map(|(word, globs)| format!("{word}{globs}")).collect::<Vec<_>>().join("; ")
}

/// Returns the first globs of a list, and how many more there are.
fn listed<'a>(globs: impl Iterator<Item = &'a str>) -> String {
    let all: Vec<String> = globs.map(one_line).collect();
    match all.get(..MAX_GLOBS) {
        Some(first) if all.len() > MAX_GLOBS => format!("{} and {} more", first.join(", "), all.len() - MAX_GLOBS),
        Some(_) | None => all.join(", "),
    }
}

/// Returns why a workstream is not in an earlier wave.
fn reason_lines(workstream: &Workstream, separations: &[&Separation]) -> Vec<String> {
    let mut lines = Vec::new();
    if !workstream.depends_on.is_empty() {
        let names: Vec<&str> = workstream.depends_on.iter().map(WorkstreamId::as_str).collect();
        lines.push(format!("after {}", names.join(", ")));
    }
    if !workstream.parallel_ok {
        lines.push("alone: `parallel_ok` is false".to_owned());
    }
    let told: Vec<String> = separations.iter().filter_map(|s| apart(workstream, s)).collect();
    let more = told.len() > MAX_REASONS;
    lines.extend(told.into_iter().take(MAX_REASONS));
    if more {
        lines.push("and not with others".to_owned());
    }
    lines
}

/// Returns what keeps a workstream from the wave of another, unless it is said once for all others.
fn apart(workstream: &Workstream, separation: &Separation) -> Option<String> {
    let other = &separation.a;
    match &separation.why {
        Cause::Dependency => None,
        Cause::NotParallel(alone) if *alone == workstream.id => None,
        Cause::NotParallel(_) => Some(format!("not with {other}, which runs alone")),
        Cause::ConflictGroup(group) => Some(format!("not with {other}: both are in the conflict group `{}`", one_line(group))),
        Cause::Overlap(overlap) => Some(format!(
            "not with {other}: `{}` and `{}` both cover `{}`",
            one_line(&overlap.theirs),
            one_line(&overlap.ours),
            one_line(&overlap.example)
        )),
    }
}

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    name: &'a str,
    base: &'a str,
    target: &'a str,
    max_workers: Option<u32>,
    waves: Vec<Wave<'a>>,
    separated: Vec<Apart<'a>>,
    critical_path: Vec<&'a str>,
    estimate: Estimated,
}

#[derive(Serialize)]
struct Wave<'a> {
    number: usize,
    workstreams: Vec<Member<'a>>,
}

#[derive(Serialize)]
struct Member<'a> {
    id: &'a str,
    title: Option<&'a str>,
    tool: Option<String>,
    depends_on: Vec<&'a str>,
    files_scope: Vec<&'a str>,
    files_create: Vec<&'a str>,
    files_forbid: Vec<&'a str>,
    conflict_group: Option<&'a str>,
    parallel_ok: bool,
    priority: i64,
}

#[derive(Serialize)]
struct Apart<'a> {
    earlier: &'a str,
    later: &'a str,
    why: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    conflict_group: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alone: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    overlap: Option<Shared<'a>>,
}

#[derive(Serialize)]
struct Shared<'a> {
    earlier: &'a str,
    later: &'a str,
    example: &'a str,
}

#[derive(Serialize)]
struct Estimated {
    total: f64,
    span: f64,
    span_without_limit: f64,
    speed_up: f64,
    speed_up_without_limit: f64,
}

/// Returns one JSON document with everything that the text tells, and more.
#[must_use]
pub fn json(plan: &CheckedPlan, schedule: &Schedule) -> String {
    let by_id: HashMap<&WorkstreamId, &Workstream> = plan.workstreams.iter().map(|w| (&w.id, w)).collect();
    let estimate = &schedule.estimate;
    let document = Document {
        schema_version: SCHEMA_VERSION,
        name: &plan.name,
        base: &plan.base,
        target: &plan.target,
        max_workers: plan.max_workers,
        waves: (1..)
            .zip(&schedule.waves)
            .map(|(number, wave)| Wave { number, workstreams: wave.iter().filter_map(|id| by_id.get(id)).map(|w| member(w)).collect() })
            .collect(),
        separated: schedule.separated.iter().map(separation).collect(),
        critical_path: schedule.critical_path.iter().map(WorkstreamId::as_str).collect(),
        estimate: Estimated {
            total: estimate.total,
            span: estimate.bounded,
            span_without_limit: estimate.unbounded,
            speed_up: schedule.speed_up,
            speed_up_without_limit: estimate.unbounded_speed_up(),
        },
    };
    // Strings and numbers only: there is nothing in it that JSON could not hold.
    document::pretty(&document)
}

fn member(workstream: &Workstream) -> Member<'_> {
    Member {
        id: workstream.id.as_str(),
        title: workstream.title.as_deref(),
        tool: tool_of(workstream),
        depends_on: workstream.depends_on.iter().map(WorkstreamId::as_str).collect(),
        files_scope: workstream.scope.write_globs().collect(),
        files_create: workstream.scope.create_globs().collect(),
        files_forbid: workstream.scope.forbid_globs().collect(),
        conflict_group: workstream.conflict_group.as_deref(),
        parallel_ok: workstream.parallel_ok,
        priority: workstream.priority,
    }
}

fn separation(separation: &Separation) -> Apart<'_> {
    let mut apart =
        Apart { earlier: separation.a.as_str(), later: separation.b.as_str(), why: "", conflict_group: None, alone: None, overlap: None };
    match &separation.why {
        Cause::Dependency => apart.why = "dependency",
        Cause::NotParallel(alone) => {
            apart.why = "not_parallel";
            apart.alone = Some(alone.as_str());
        }
        Cause::ConflictGroup(group) => {
            apart.why = "conflict_group";
            apart.conflict_group = Some(group);
        }
        Cause::Overlap(overlap) => {
            apart.why = "overlap";
            apart.overlap = Some(Shared { earlier: &overlap.ours, later: &overlap.theirs, example: &overlap.example });
        }
    }
    apart
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json as value};

    use super::*;
    use crate::domain::schedule::sample::{plan, workstream};
    use crate::domain::schedule::waves::schedule;

    fn sample() -> CheckedPlan {
        let mut list = vec![
            workstream("core", &[], &["src/core/**", "docs/core.md"]),
            workstream("api", &["core"], &["src/*/api.rs", "a", "b", "c", "d", "e"]),
            workstream("ui", &["core"], &["src/ui"]),
            workstream("db", &[], &["migrations"]),
            workstream("schema", &[], &["schema/**"]),
            workstream("release", &["api", "ui"], &["CHANGELOG.md"]),
            workstream("notes", &["api"], &["NOTES.md"]),
        ];
        list[3].conflict_group = Some("database".to_owned());
        list[4].conflict_group = Some("database".to_owned());
        list[5].parallel_ok = false;
        let mut plan = plan(list);
        plan.max_workers = Some(1);
        plan
    }

    fn text(plan: &CheckedPlan) -> String {
        human(plan, &schedule(plan))
    }

    #[test]
    fn people_read_waves_and_reasons() {
        insta::assert_snapshot!(text(&sample()), @r"
        plan sample: 7 workstreams in 6 waves, from HEAD to orc/sample
        critical path: core -> api -> release
        estimated speed-up: 1.0x with 1 worker, 1.2x without that limit

        wave 1
          core     command  src/core/**, docs/core.md
          db       command  migrations

        wave 2
          schema   command  schema/**
                   not with db: both are in the conflict group `database`

        wave 3
          api      command  src/*/api.rs, a, b, c and 2 more
                   after core

        wave 4
          ui       command  src/ui
                   after core
                   not with api: `src/ui` and `src/*/api.rs` both cover `src/ui/api.rs`

        wave 5
          release  command  CHANGELOG.md
                   after api, ui
                   alone: `parallel_ok` is false

        wave 6
          notes    command  NOTES.md
                   after api
                   not with release, which runs alone
        ");
    }

    #[test]
    fn an_empty_plan_has_nothing_to_save() {
        assert_eq!(text(&plan(Vec::new())), "plan sample: 0 workstreams in 0 waves, from HEAD to orc/sample\nestimated speed-up: 1.0x\n");
    }

    #[test]
    fn many_reasons_are_cut() {
        let many = plan((0..9).map(|n| workstream(&format!("w{n}"), &[], &["src"])).collect());
        assert!(text(&many).contains("  w8  command  src\n      not with w0: `src` and `src` both cover `src`\n"));
        assert!(text(&many).contains("      and not with others\n"));
    }

    #[test]
    fn programs_get_everything() {
        let plan = sample();
        let document: Value = serde_json::from_str(&json(&plan, &schedule(&plan))).unwrap();
        assert_eq!(document["schema_version"], 1);
        assert_eq!(document["waves"][0]["workstreams"][0]["files_scope"], value!(["src/core/**", "docs/core.md"]));
        assert_eq!(document["estimate"]["speed_up"], value!(1.0));
        assert_eq!(document["critical_path"], value!(["core", "api", "release"]));
        let separated = document["separated"].as_array().unwrap();
        assert!(separated.contains(&value!({"earlier": "core", "later": "api", "why": "dependency"})));
        assert!(separated.contains(&value!({"earlier": "db", "later": "schema", "why": "conflict_group", "conflict_group": "database"})));
        assert!(separated.contains(&value!({"earlier": "release", "later": "notes", "why": "not_parallel", "alone": "release"})));
        let overlap = value!({"earlier": "src/*/api.rs", "later": "src/ui", "example": "src/ui/api.rs"});
        assert!(separated.contains(&value!({"earlier": "api", "later": "ui", "why": "overlap", "overlap": overlap})));
    }
}
