//! Pipelines: lists, one with its phases, and what is wrong with them.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::document::pretty;
use super::graph::model::{Graph, GraphNode};
use super::graph::{GraphFormat, render};
use super::styled::{Role, Styled};
use super::table::{Side, Table};
use crate::domain::document::diagnostic::{Diagnostic, Severity};
use crate::domain::pipeline::model::{Phase, Pipeline};
use crate::domain::pipeline::plugin::Manifest;
use crate::domain::text::{count, one_line};
use crate::ops::pipeline::{Listed, Looked};
use crate::ops::plugins::Plugin;

/// The version of the documents; fields are only ever added.
const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct ListDocument<'a> {
    schema_version: u32,
    pipelines: Vec<ListRow<'a>>,
}

#[derive(Serialize)]
struct ListRow<'a> {
    name: &'a str,
    layer: &'a str,
    file: &'a str,
    description: Option<&'a str>,
    each: Option<&'a str>,
    phases: Vec<&'a str>,
    hides: &'a [String],
}

#[derive(Serialize)]
struct ShowDocument<'a> {
    schema_version: u32,
    pipeline: &'a Pipeline,
}

#[derive(Serialize)]
struct ValidatedDocument<'a> {
    schema_version: u32,
    pipelines: Vec<ValidatedRow<'a>>,
}

#[derive(Serialize)]
struct ValidatedRow<'a> {
    name: &'a str,
    file: &'a str,
    valid: bool,
    diagnostics: &'a [Diagnostic],
}

#[derive(Serialize)]
struct PluginsDocument<'a> {
    schema_version: u32,
    plugins: Vec<PluginRow<'a>>,
}

#[derive(Serialize)]
struct PluginRow<'a> {
    folder: String,
    manifest: &'a Manifest,
}

fn phases(listed: &Listed) -> Vec<&str> {
    listed.pipeline.iter().flat_map(|pipeline| &pipeline.phases).map(|phase| phase.id.as_str()).collect()
}

/// Returns a line per pipeline.
#[must_use]
pub fn list(listed: &[Listed]) -> Styled {
    let mut table = Table::new(&["pipeline", "from", "phases", "what it is for"].map(|head| (head, Side::Left)));
    for one in listed {
        let description = one.pipeline.as_ref().map(|pipeline| pipeline.description.as_deref().unwrap_or_default());
        let layers: Vec<&str> = std::iter::once(one.layer.as_str()).chain(one.hides.iter().map(String::as_str)).collect();
        table.row(vec![
            Styled::of(Role::Strong, one_line(&one.name)),
            Styled::of(Role::Faint, one_line(&layers.join(" over "))),
            Styled::plain(one_line(&phases(one).join(", "))),
            description.map_or_else(|| Styled::of(Role::Caution, "can not be read"), |text| Styled::plain(one_line(text))),
        ]);
    }
    table.finish()
}

/// Returns the list as one JSON document.
#[must_use]
pub fn list_json(listed: &[Listed]) -> String {
    let row = |one| {
        let one: &Listed = one;
        ListRow {
            name: &one.name,
            layer: &one.layer,
            file: &one.file,
            description: one.pipeline.as_ref().and_then(|pipeline| pipeline.description.as_deref()),
            each: one.pipeline.as_ref().map(|pipeline| pipeline.each),
            phases: phases(one),
            hides: &one.hides,
        }
    };
    pretty(&ListDocument { schema_version: SCHEMA_VERSION, pipelines: listed.iter().map(row).collect() })
}

/// Returns a pipeline with its phases.
#[must_use]
pub fn show(pipeline: &Pipeline) -> Styled {
    let mut out = Styled::default();
    out.put(Role::Strong, one_line(&pipeline.name));
    out.add(pipeline.description.as_ref().map(|text| format!(": {}", one_line(text))).unwrap_or_default()).line();
    let each = if pipeline.each == "step" { "Each phase is a step of one workstream" } else { "Each phase is a workstream of its own" };
    let scope = if pipeline.scope.is_empty() { String::new() } else { format!("; it may touch {}", one_line(&pipeline.scope.join(", "))) };
    out.add(format!("{each}{scope}.")).line().line();
    let mut table = Table::new(&["phase", "kind", "by", "template", "minutes", "fixes", "makes"].map(|head| (head, Side::Left)));
    for phase in &pipeline.phases {
        let made: Vec<&str> = phase.artifacts.iter().map(|made| made.path.as_str()).collect();
        table.row(vec![
            Styled::of(Role::Strong, one_line(&phase.id)),
            Styled::plain(phase.kind),
            Styled::plain(one_line(phase.tool.as_deref().or(phase.role.as_deref()).unwrap_or_default())),
            Styled::plain(one_line(phase.template.as_deref().unwrap_or_default())),
            Styled::plain(phase.estimated_minutes.map(|minutes| minutes.to_string()).unwrap_or_default()),
            Styled::plain(phase.fixes.map(|fixes| fixes.to_string()).unwrap_or_default()),
            Styled::plain(one_line(&made.join(", "))),
        ]);
    }
    out.append(table.finish());
    for phase in &pipeline.phases {
        out.append(rules(phase));
    }
    out
}

/// Returns the rules of a phase, a line each.
fn rules(phase: &Phase) -> Styled {
    let mut out = Styled::default();
    let all = [("due when", &phase.when), ("needs that", &phase.needs), ("expects that", &phase.expects)];
    if all.iter().all(|(_, rules)| rules.is_empty()) {
        return out;
    }
    out.line().put(Role::Strong, one_line(&phase.id));
    out.add(phase.description.as_ref().map(|text| format!(": {}", one_line(text))).unwrap_or_default()).line();
    for (word, rules) in all {
        for rule in rules {
            out.put(Role::Faint, format!("  {word} ")).add(one_line(rule)).line();
        }
    }
    out
}

/// Returns the phases as a graph, when each is a workstream; else nothing.
#[must_use]
pub fn graph(pipeline: &Pipeline) -> String {
    if pipeline.each == "step" {
        return String::new();
    }
    let position = |id: &String| pipeline.phases.iter().position(|phase| phase.id == *id);
    let mut waves: Vec<usize> = Vec::new();
    let mut edges = Vec::new();
    for (at, phase) in pipeline.phases.iter().enumerate() {
        let before: Vec<usize> = phase.depends_on.iter().filter_map(position).filter(|before| *before < at).collect();
        waves.push(before.iter().filter_map(|before| waves.get(*before)).max().map_or(1, |wave| wave + 1));
        edges.extend(before.into_iter().map(|before| (before, at)));
    }
    let node = |(phase, wave): (&Phase, usize)| GraphNode {
        id: phase.id.clone(),
        title: phase.description.clone(),
        wave,
        state: None,
        detail: phase.tool.clone().or_else(|| phase.role.clone()),
    };
    let nodes = pipeline.phases.iter().zip(waves).map(node).collect();
    format!("\n{}", render(&Graph { name: one_line(&pipeline.name), nodes, edges, critical: Vec::new() }, GraphFormat::Term))
}

/// Returns a pipeline as one JSON document.
#[must_use]
pub fn show_json(pipeline: &Pipeline) -> String {
    pretty(&ShowDocument { schema_version: SCHEMA_VERSION, pipeline })
}

/// Returns a line per pipeline that was looked at.
#[must_use]
pub fn validated(looked: &[Looked]) -> Styled {
    let mut out = Styled::default();
    for one in looked {
        let errors = one.count(Severity::Error);
        let warnings = one.count(Severity::Warning);
        let role = if errors > 0 { Role::Bad } else { Role::Good };
        let word = if errors > 0 { count(errors, "error") } else { "can be used".to_owned() };
        out.add(format!("{}: ", one_line(&one.file.path))).put(role, word);
        out.add(if warnings > 0 { format!(", {}", count(warnings, "warning")) } else { String::new() }).line();
    }
    out
}

/// Returns what was found as one JSON document.
#[must_use]
pub fn validated_json(looked: &[Looked]) -> String {
    let row = |one| {
        let one: &Looked = one;
        ValidatedRow { name: &one.name, file: &one.file.path, valid: one.count(Severity::Error) == 0, diagnostics: &one.diagnostics }
    };
    pretty(&ValidatedDocument { schema_version: SCHEMA_VERSION, pipelines: looked.iter().map(row).collect() })
}

/// Returns where a new pipeline is, and what comes next.
#[must_use]
pub fn written(path: &Path, name: &str) -> Styled {
    let mut out = Styled::default();
    out.add("wrote ").put(Role::Strong, one_line(&path.display().to_string())).line();
    out.add(format!("`git orc pipeline validate {0}` checks it, `git orc create {0} \"...\"` runs it", one_line(name))).line();
    out
}

/// Returns a line per plugin.
#[must_use]
pub fn plugins(plugins: &[Plugin], search: &[PathBuf]) -> Styled {
    if plugins.is_empty() {
        let place = if search.is_empty() { "`ORC_PIPELINE_PATH` and `orc.pipelinePath` name no folder" } else { "the folders hold none" };
        let mut out = Styled::default();
        out.add(format!("no plugins: {place}")).line();
        return out;
    }
    let mut table = Table::new(&["plugin", "version", "pipelines", "prompts", "folder"].map(|head| (head, Side::Left)));
    for plugin in plugins {
        table.row(vec![
            Styled::of(Role::Strong, one_line(&plugin.name)),
            Styled::plain(one_line(&plugin.manifest.version)),
            Styled::plain(one_line(&plugin.manifest.pipelines.join(", "))),
            Styled::plain(one_line(&plugin.manifest.prompts.join(", "))),
            Styled::of(Role::Faint, one_line(&plugin.folder.display().to_string())),
        ]);
    }
    table.finish()
}

/// Returns the plugins as one JSON document.
#[must_use]
pub fn plugins_json(plugins: &[Plugin]) -> String {
    let mut rows = Vec::new();
    for one in plugins {
        rows.push(PluginRow { folder: one.folder.display().to_string(), manifest: &one.manifest });
    }
    pretty(&PluginsDocument { schema_version: SCHEMA_VERSION, plugins: rows })
}
