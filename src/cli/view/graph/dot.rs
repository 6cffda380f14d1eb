//! The graph for Graphviz.

use std::fmt::Write as _;

use crate::cli::view::graph::model::{Graph, GraphNode};

/// Returns the text for `dot`.
#[must_use]
pub fn render(graph: &Graph) -> String {
    let mut out = format!("digraph {} {{\n", quoted(&graph.name));
    out.push_str("  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n");
    for (number, wave) in graph.waves().iter().enumerate() {
        let _ = writeln!(out, "  subgraph {} {{\n    rank=same;", quoted(&format!("wave {}", number + 1)));
        for node in wave.iter().filter_map(|p| graph.nodes.get(*p)) {
            let _ = writeln!(out, "    {} [label={}];", quoted(&node.id), quoted_lines(&label(node)));
        }
        out.push_str("  }\n");
    }
    for edge in &graph.edges {
        if let (Some(from), Some(to)) = (graph.nodes.get(edge.0), graph.nodes.get(edge.1)) {
            let style = if graph.is_critical(*edge) { " [penwidth=2]" } else { "" };
            let _ = writeln!(out, "  {} -> {}{style};", quoted(&from.id), quoted(&to.id));
        }
    }
    out.push_str("}\n");
    out
}

/// Returns the lines of a node.
fn label(node: &GraphNode) -> Vec<String> {
    let state = node.state.as_ref().map(|(glyph, word)| format!("{glyph} {word}"));
    std::iter::once(node.id.clone()).chain(node.title.clone()).chain(state).chain(node.detail.clone()).collect()
}

/// Returns a quoted string of the language, in which only `"` and `\` need care.
fn quoted(text: &str) -> String {
    quoted_lines(&[text.to_owned()])
}

/// Returns a quoted string of several lines.
fn quoted_lines(lines: &[String]) -> String {
    let escaped: Vec<String> = lines.iter().map(|l| l.replace('\\', "\\\\").replace('"', "\\\"")).collect();
    format!("\"{}\"", escaped.join("\\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::view::graph::sample;

    #[test]
    fn waves_are_ranks() {
        insta::assert_snapshot!(render(&sample::running()), @r##"
        digraph "sample" {
          rankdir=LR;
          node [shape=box, style=rounded, fontname="sans-serif"];
          subgraph "wave 1" {
            rank=same;
            "core" [label="core\n✓ merged\n9f8e7d6  2m40s"];
            "db" [label="db\n✓ merged\na1b2c3d  1m02s"];
            "licence" [label="licence\n◌ pending"];
          }
          subgraph "wave 2" {
            rank=same;
            "api" [label="api\nREST & \"RPC\" <v2>\n✗ failed\noscillation"];
            "ui" [label="ui\n● running\nRUNTIME fix 2/5"];
          }
          subgraph "wave 3" {
            rank=same;
            "docs" [label="docs\na title\\nwith \\u{202e}tricks\n⊘ blocked"];
          }
          "core" -> "api" [penwidth=2];
          "core" -> "ui";
          "core" -> "docs";
          "db" -> "api";
          "api" -> "docs" [penwidth=2];
          "ui" -> "docs";
        }
        "##);
    }

    #[test]
    fn quotes_and_backslashes_are_escaped() {
        assert_eq!(quoted("a\"b\\n"), "\"a\\\"b\\\\n\"");
    }
}
