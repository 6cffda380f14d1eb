//! What `git orc run --dry-run` tells: the waves, then the tools and commands of every workstream, and what they would start from.

use serde::Serialize;
use serde_json::Value;

use super::document::{fields, pretty, value};
use super::plan;
use crate::domain::document::command::Argv;
use crate::domain::gate::model::{Gate, GateCheck};
use crate::domain::id::{ObjectId, WorkstreamId};
use crate::domain::plan::model::{Step, StepKind, Workstream};
use crate::domain::run::config::RunConfig;
use crate::domain::text::one_line;
use crate::ops::run::Prepared;

#[derive(Serialize)]
struct OneStep {
    id: String,
    kind: &'static str,
    tools: Vec<String>,
    commands: Vec<Argv>,
}

#[derive(Serialize)]
struct Steps<'a> {
    workstream: &'a WorkstreamId,
    setup: &'a [Argv],
    #[serde(skip_serializing_if = "<[Argv]>::is_empty")]
    fixers: &'a [Argv],
    steps: Vec<OneStep>,
}

#[derive(Serialize)]
struct Start<'a> {
    base: ObjectId,
    tip: ObjectId,
    max_workers: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_workers_why: Option<&'a str>,
}

/// Returns the text for people.
#[must_use]
pub fn human(prepared: &Prepared, config: &RunConfig) -> String {
    let mut out = plan::human(&prepared.plan, &prepared.schedule);
    let workers = config.max_workers;
    out.push_str(&format!("\nwould start at {}, at most {workers} at once:\n", prepared.tip.short()));
    if let Some(why) = &config.workers_why {
        out.push_str(&format!("  {why}\n"));
    }
    for one in ordered(prepared) {
        out.push_str(&format!("\n  {}\n", one.id));
        for command in &one.setup {
            out.push_str(&format!("    setup    {}\n", line(command)));
        }
        for step in steps(one, config) {
            let tools = if step.tools.is_empty() { String::new() } else { step.tools.join(", else ") };
            let commands: Vec<String> = step.commands.iter().map(line).collect();
            if !tools.is_empty() {
                let tail = commands.first().map(|command| format!(": {command}")).unwrap_or_default();
                out.push_str(&format!("    {:<8} {tools}{tail}\n", step.id));
                continue;
            }
            for command in commands {
                out.push_str(&format!("    {:<8} {command}\n", step.id));
            }
        }
        for command in &one.fixers {
            out.push_str(&format!("    fixers   {}\n", line(command)));
        }
    }
    for gate in &prepared.plan.gates {
        out.push_str(&format!("\n  after every wave\n    {:<8} {}\n", one_line(gate.id.as_str()), asks(gate)));
    }
    out.push_str("\nnothing was touched\n");
    out
}

/// Returns one JSON document: that of `plan show`, with the steps and the start.
#[must_use]
pub fn json(prepared: &Prepared, config: &RunConfig) -> String {
    let shown = plan::json(&prepared.plan, &prepared.schedule);
    let mut document = serde_json::from_str::<Value>(&shown).map(|shown| fields(&shown)).unwrap_or_default();
    let all: Vec<Steps<'_>> = ordered(prepared)
        .map(|one| Steps { workstream: &one.id, setup: &one.setup, fixers: &one.fixers, steps: steps(one, config) })
        .collect();
    document.insert("dry_run".to_owned(), Value::Bool(true));
    let (max_workers, max_workers_why) = (config.max_workers, config.workers_why.as_deref());
    document.insert("start".to_owned(), value(&Start { base: prepared.base, tip: prepared.tip, max_workers, max_workers_why }));
    document.insert("steps".to_owned(), value(&all));
    let gates: Vec<&Argv> = prepared.plan.gates.iter().filter_map(Gate::argv).collect();
    document.insert("gates".to_owned(), value(&gates));
    pretty(&document)
}

fn ordered(prepared: &Prepared) -> impl Iterator<Item = &Workstream> {
    prepared.schedule.waves.iter().flatten().filter_map(|id| prepared.plan.workstream(id))
}

fn steps(one: &Workstream, config: &RunConfig) -> Vec<OneStep> {
    one.steps.iter().map(|step| of(one, step, config)).collect()
}

fn of(one: &Workstream, step: &Step, config: &RunConfig) -> OneStep {
    let id = step.id.to_string();
    match &step.kind {
        StepKind::Edit(edit) => {
            let tools = config.route(&one.id, &step.id).iter().map(ToString::to_string).collect();
            OneStep { id, kind: "edit", tools, commands: edit.command.iter().cloned().collect() }
        }
        StepKind::Static(commands) => OneStep { id, kind: "static", tools: Vec::new(), commands: commands.clone() },
        StepKind::Runtime(commands) => OneStep { id, kind: "runtime", tools: Vec::new(), commands: commands.clone() },
    }
}

/// Returns a command as it could be typed.
fn line(command: &Argv) -> String {
    one_line(&shell_words::join(command))
}

/// Returns what a gate asks for.
fn asks(gate: &Gate) -> String {
    match &gate.check {
        GateCheck::Command(argv) => line(argv),
        GateCheck::Lines => "what added lines must not hold".to_owned(),
        GateCheck::Manual(question) => format!("a person: {}", one_line(question)),
    }
}
