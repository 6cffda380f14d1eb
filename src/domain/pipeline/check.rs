//! Checks a pipeline by itself: a workstream of nothing else goes through everything that checks plans.

use super::lint::{Has, lint};
use super::model::Pipeline;
use super::parse::read;
use crate::domain::document::diagnostic::Diagnostic;
use crate::domain::document::sink::Sink;
use crate::domain::document::source::{Shape, SourceFile};
use crate::domain::id::ToolId;
use crate::domain::plan::input::{Known, PhaseInput, PipelineFile, PlanDefaults, PlanInput};
use crate::domain::plan::parse::parse_plan;

/// The name under which the made up plan would be shown; nothing of it is.
const PLAN: &str = "a plan of the pipeline alone";

/// What a pipeline is held against.
#[derive(Clone, Copy)]
pub struct Against<'a> {
    /// The tools and capabilities.
    pub known: Known<'a>,
    /// The templates; `None` switches the check off.
    pub templates: Option<&'a [String]>,
    /// The files of the repository.
    pub has: Has<'a>,
}

/// Returns a pipeline as it is shown, when it can be read, and everything that is wrong with it or odd about it.
#[must_use]
pub fn check(pipeline: &PipelineFile, against: Against<'_>) -> (Option<Pipeline>, Vec<Diagnostic>) {
    let files = std::slice::from_ref(&pipeline.file);
    let mut sink = Sink::new(files, Shape::File);
    let read = read(0, pipeline, &mut sink);
    if let Some(read) = read.as_ref().filter(|_| sink.errors() == 0) {
        lint(&read.raw, against.has, &mut sink);
    }
    let mut found = sink.finish();
    let has_scope = read.as_ref().is_some_and(|read| read.raw.scope.is_some());
    let scope = if has_scope { "" } else { ", files_scope: [\"**\"]" };
    let plan = format!("version: 1\nworkstreams: [{{id: p, title: t, pipeline: {}{scope}}}]\n", pipeline.name);
    let phases = PhaseInput { pipelines: vec![pipeline.clone()], pipeline: None, templates: against.templates.map(<[String]>::to_vec) };
    let defaults = PlanDefaults { phases, tool: ToolId::parse("check").ok(), ..PlanDefaults::default() };
    let files = [SourceFile::new(PLAN, plan)];
    let input = PlanInput { files: &files, shape: Shape::File, defaults: &defaults, known: against.known };
    for one in parse_plan(&input).map_or_else(|found| found, |(_, notes)| notes) {
        if one.file == pipeline.file.path && !found.contains(&one) {
            found.push(one);
        }
    }
    found.sort_by_key(|one| (one.span.map(|span| span.start), one.severity));
    (read.map(|read| Pipeline::new(&read)), found)
}
