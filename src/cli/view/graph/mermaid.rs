//! The graph for Mermaid, which Markdown viewers draw.

use std::fmt::Write as _;

use crate::cli::view::graph::model::{Graph, GraphNode};

/// Returns the text of a flow chart. The nodes have numbers for names, because an id such as `end` is a word of the language.
#[must_use]
pub fn render(graph: &Graph) -> String {
    let mut out = String::from("flowchart LR\n");
    for (number, wave) in graph.waves().iter().enumerate() {
        let wave_number = number + 1;
        let _ = writeln!(out, "  subgraph w{wave_number}[\"wave {wave_number}\"]");
        for position in wave {
            if let Some(node) = graph.nodes.get(*position) {
                let _ = writeln!(out, "    n{position}[\"{}\"]", label(node));
            }
        }
        out.push_str("  end\n");
    }
    for edge in &graph.edges {
        let arrow = if graph.is_critical(*edge) { "==>" } else { "-->" };
        let _ = writeln!(out, "  n{} {arrow} n{}", edge.0, edge.1);
    }
    out
}

/// Returns the lines of a node.
fn label(node: &GraphNode) -> String {
    let state = node.state.as_ref().map(|(glyph, word)| format!("{glyph} {word}"));
    let lines = std::iter::once(node.id.clone()).chain(node.title.clone()).chain(state).chain(node.detail.clone());
    lines.map(|line| escaped(&line)).collect::<Vec<_>>().join("<br/>")
}

/// Writes whatever could end the label or be read as markup as an entity in Mermaid's own manner, with `#`.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '"' | '#' | '&' | '<' | '>' | '`' | ';' | '\\' | '*' | '_' | '[' | ']' | '{' | '}' | '|') {
            let _ = write!(out, "#{};", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::view::graph::sample;

    #[test]
    fn waves_are_boxes() {
        insta::assert_snapshot!(render(&sample::running()), @r##"
        flowchart LR
          subgraph w1["wave 1"]
            n0["core<br/>✓ merged<br/>9f8e7d6  2m40s"]
            n1["db<br/>✓ merged<br/>a1b2c3d  1m02s"]
            n2["licence<br/>◌ pending"]
          end
          subgraph w2["wave 2"]
            n3["api<br/>REST #38; #34;RPC#34; #60;v2#62;<br/>✗ failed<br/>oscillation"]
            n4["ui<br/>● running<br/>RUNTIME fix 2/5"]
          end
          subgraph w3["wave 3"]
            n5["docs<br/>a title#92;nwith #92;u#123;202e#125;tricks<br/>⊘ blocked"]
          end
          n0 ==> n3
          n0 --> n4
          n0 --> n5
          n1 --> n3
          n3 ==> n5
          n4 --> n5
        "##);
    }

    #[test]
    fn labels_can_not_break_out() {
        assert_eq!(escaped("a\"]<b>#1; `c`"), "a#34;#93;#60;b#62;#35;1#59; #96;c#96;");
    }
}
