//! The picture of a plan, or of a run of it, in five formats.

pub mod dot;
pub mod json;
mod layout;
pub mod mermaid;
pub mod model;
#[cfg(test)]
mod sample;
pub mod svg;
pub mod term;

use crate::cli::view::graph::model::Graph;

/// In which format a graph is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum GraphFormat {
    /// Lines and glyphs for a terminal
    Term,
    /// Graphviz
    Dot,
    /// Mermaid, as Markdown viewers draw it
    Mermaid,
    /// A picture for a browser
    Svg,
    /// One document for programs
    Json,
}

/// Returns the graph in a format; the text ends with a line break unless the graph is empty.
#[must_use]
pub fn render(graph: &Graph, format: GraphFormat) -> String {
    match format {
        GraphFormat::Term => term::render(graph),
        GraphFormat::Dot => dot::render(graph),
        GraphFormat::Mermaid => mermaid::render(graph),
        GraphFormat::Svg => svg::render(graph),
        GraphFormat::Json => json::render(graph),
    }
}
