//! Reads pipelines, and finds those that plans name.

use super::raw::RawPipeline;
use super::shipped;
use crate::domain::document::diagnostic::Code;
use crate::domain::document::load::read_file;
use crate::domain::document::read::{Name, Read};
use crate::domain::document::sink::{Draft, Sink, quoted};
use crate::domain::document::source::{At, Place};
use crate::domain::plan::input::PipelineFile;
use crate::domain::workflow::compile::compiled;
use crate::domain::workflow::parse::workflow;

/// A pipeline as it was read.
#[derive(Debug, Clone)]
pub struct ReadPipeline {
    /// The name by which plans know it.
    pub name: String,
    /// What it says.
    pub raw: RawPipeline,
    /// Where it begins.
    pub place: Place,
}

/// Returns the pipelines that hold: the given ones, and those that git-orc ships in so far as none stands in place of them.
#[must_use]
pub fn holding(given: &[PipelineFile]) -> Vec<PipelineFile> {
    let shipped = shipped::pipelines().into_iter().filter(|one| given.iter().all(|other| other.name != one.name));
    given.iter().cloned().chain(shipped).collect()
}

/// Reads a pipeline; `file` is its index among the files of the sink. What is wrong goes to the sink.
pub fn read(file: u32, pipeline: &PipelineFile, sink: &mut Sink<'_>) -> Option<ReadPipeline> {
    let root = read_file(file, &pipeline.file, sink)?;
    let root = workflow(&root, sink).map_or(root.clone(), |workflow| compiled(&root, &workflow));
    let raw = RawPipeline::read(&root, sink)?;
    if let Some(name) = raw.name.as_ref().filter(|name| name.value.0 != pipeline.name) {
        let message = format!("the pipeline is called {} by its file", quoted(&pipeline.name));
        sink.add(Draft::new(Code::WrongName, name.place, message).hint("Give both the same name, or leave `name` out."));
    }
    Some(ReadPipeline { name: pipeline.name.clone(), raw, place: root.place })
}

/// Reports that there is no pipeline of this name.
pub fn unknown(name: &At<Name>, known: &[PipelineFile], sink: &mut Sink<'_>) {
    let names: Vec<&str> = known.iter().map(|one| one.name.as_str()).collect();
    let near = sink.suggest(&name.value.0, names.iter().copied());
    let draft = Draft::new(Code::UnknownPipeline, name.place, format!("there is no pipeline {}", quoted(&name.value.0)));
    sink.add(draft.hint(near.unwrap_or_else(|| format!("There are {}; `git orc pipeline list` tells more.", names.join(", ")))));
}
