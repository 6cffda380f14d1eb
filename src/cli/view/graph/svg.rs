//! The graph as a picture: one column per wave, read from left to right, in light and dark. One file without scripts, fonts or links, so
//! that it can be put into a page or a report as it is.

use std::fmt::Write as _;

use crate::cli::view::graph::layout::{Layout, Spacing, lay_out};
use crate::cli::view::graph::model::{Graph, GraphNode};
use crate::domain::text::{clip, count};

const NODE_HEIGHT: f64 = 42.0;
const NODE_GAP: f64 = 14.0;
const BEND_GAP: f64 = 14.0;
const MARGIN: f64 = 24.0;
/// Room for the name of the plan and the names of the waves.
const HEADER: f64 = 76.0;
const ID_CHAR: f64 = 7.9;
const WORD_CHAR: f64 = 6.0;
const MAX_ID: usize = 32;
const MAX_WORDS: usize = 34;

/// Plain colours, without variables, which not every viewer knows. Dark comes second and wins where it is asked for.
const STYLE: &str = "\
.orc-back{fill:#fff}.orc-band{fill:#f6f8fa}.orc-node rect{fill:#fff;stroke:#d0d7de}.orc-node .bar{fill:#8c959f;stroke:none}
.orc-name{font:600 15px system-ui,sans-serif;fill:#1f2328}.orc-wave{font:600 12px system-ui,sans-serif;fill:#59636e}
.orc-id{font:600 13px ui-monospace,'DejaVu Sans Mono',monospace;fill:#1f2328}.orc-words{font:11px system-ui,sans-serif;fill:#59636e}
.orc-edge{fill:none;stroke:#afb8c1;stroke-width:1.4}.orc-edge.critical{stroke:#0969da;stroke-width:2.2}
.orc-tip{fill:#afb8c1}.orc-tip.critical{fill:#0969da}.orc-node.critical rect.box{stroke:#0969da}
.orc-node.done .bar{fill:#1a7f37}.orc-node.bad .bar{fill:#cf222e}.orc-node.busy .bar{fill:#bf8700}
@media (prefers-color-scheme:dark){
.orc-back{fill:#0d1117}.orc-band{fill:#151b23}.orc-node rect{fill:#0d1117;stroke:#3d444d}.orc-node .bar{fill:#656c76}
.orc-name,.orc-id{fill:#f0f6fc}.orc-wave,.orc-words{fill:#9198a1}.orc-edge{stroke:#656c76}.orc-edge.critical{stroke:#4493f8}
.orc-tip{fill:#656c76}.orc-tip.critical{fill:#4493f8}.orc-node.critical rect.box{stroke:#4493f8}
.orc-node.done .bar{fill:#3fb950}.orc-node.bad .bar{fill:#f85149}.orc-node.busy .bar{fill:#d29922}}
";

/// A column: one wave.
struct Column {
    x: f64,
    width: f64,
}

/// Returns the picture.
#[must_use]
pub fn render(graph: &Graph) -> String {
    let waves = graph.waves();
    let edges = graph.drawn_edges();
    let layout = lay_out(&waves, &edges, Spacing { node: NODE_HEIGHT + NODE_GAP, bend: BEND_GAP });
    let columns = columns(graph, &waves, &edges);
    let width = columns.last().map_or(MARGIN + 200.0, |c| c.x + c.width) + MARGIN;
    let height = HEADER + layout.height + NODE_HEIGHT + MARGIN + NODE_GAP;
    let mut out = String::new();
    let label = format!("{}: {} in {}", graph.name, count(graph.nodes.len(), "workstream"), count(waves.len(), "wave"));
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" height=\"{height:.0}\" role=\"img\" aria-label=\"{}\">",
        escaped(&label)
    );
    let _ = writeln!(out, "<style>\n{STYLE}</style>\n{}", tips());
    let _ = writeln!(out, "<rect class=\"orc-back\" width=\"100%\" height=\"100%\"/>");
    let _ = writeln!(out, "<text class=\"orc-name\" x=\"{MARGIN}\" y=\"30\">{}</text>", escaped(&label));
    for (number, column) in columns.iter().enumerate() {
        band(&mut out, number + 1, column, height);
    }
    for (edge, bends) in edges.iter().zip(&layout.bends) {
        line(&mut out, graph, &columns, &layout, (*edge, bends));
    }
    for (wave, column) in waves.iter().zip(&columns) {
        for position in wave {
            if let (Some(node), Some(centre)) = (graph.nodes.get(*position), layout.centres.get(*position)) {
                let critical = graph.critical.len() > 1 && graph.critical.contains(position);
                draw_node(&mut out, node, (column, y_of(*centre)), if critical { " critical" } else { "" });
            }
        }
    }
    out.push_str("</svg>\n");
    out
}

/// Returns where a height of the layout is in the picture.
fn y_of(height: f64) -> f64 {
    HEADER + NODE_HEIGHT / 2.0 + height
}

/// The arrow heads, one for each kind of line.
fn tips() -> String {
    let tip = |id: &str, class: &str| {
        format!(
            "<marker id=\"{id}\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path class=\"{class}\" d=\"M0 0.5 8 4 0 7.5z\"/></marker>"
        )
    };
    format!("<defs>{}{}</defs>", tip("orc-tip", "orc-tip"), tip("orc-tip-critical", "orc-tip critical"))
}

/// Returns the columns: as wide as their widest text, and further apart where many lines run.
fn columns(graph: &Graph, waves: &[Vec<usize>], edges: &[(usize, usize)]) -> Vec<Column> {
    let wave = |position: usize| graph.nodes.get(position).map_or(0, |n| n.wave);
    let mut x = MARGIN + 12.0;
    let mut columns = Vec::with_capacity(waves.len());
    for (number, members) in waves.iter().enumerate() {
        let width = members.iter().filter_map(|p| graph.nodes.get(*p)).map(node_width).fold(96.0, f64::max);
        columns.push(Column { x, width });
        let passing = edges.iter().filter(|(from, to)| wave(*from) <= number + 1 && wave(*to) > number + 1).take(40).count();
        x += width + 56.0 + 1.5 * f64::from(u32::try_from(passing).unwrap_or(40));
    }
    columns
}

/// Returns the width of a node's box.
fn node_width(node: &GraphNode) -> f64 {
    let id = ID_CHAR * cells(&clip(&node.id, MAX_ID));
    let words = WORD_CHAR * cells(&shown_words(node));
    id.max(words) + 34.0
}

/// Returns how many characters wide a text is, where those of East Asian scripts count twice.
fn cells(text: &str) -> f64 {
    text.chars().map(|c| if u32::from(c) >= 0x1100 && !('\u{2000}'..='\u{2bff}').contains(&c) { 2.0 } else { 1.0 }).sum()
}

/// Returns the second line of a node.
fn shown_words(node: &GraphNode) -> String {
    clip(&node.words(), MAX_WORDS)
}

/// Draws the ground of a wave and its name.
fn band(out: &mut String, number: usize, column: &Column, height: f64) {
    let (x, width) = (column.x - 12.0, column.width + 24.0);
    let _ = writeln!(
        out,
        "<rect class=\"orc-band\" x=\"{x:.1}\" y=\"46\" width=\"{width:.1}\" height=\"{:.1}\" rx=\"8\"/>",
        height - 46.0 - MARGIN / 2.0
    );
    let _ = writeln!(out, "<text class=\"orc-wave\" x=\"{:.1}\" y=\"65\">wave {number}</text>", column.x);
}

/// Draws an edge: level through every column that it passes, curved between them.
fn line(out: &mut String, graph: &Graph, columns: &[Column], layout: &Layout, (edge, bends): ((usize, usize), &[f64])) {
    let end = |position: usize| {
        let node = graph.nodes.get(position)?;
        Some((node, columns.get(node.wave.checked_sub(1)?)?, y_of(*layout.centres.get(position)?)))
    };
    let (Some((from, first, start)), Some((to, last, finish))) = (end(edge.0), end(edge.1)) else { return };
    let mut at = (first.x + first.width, start);
    let mut path = format!("M{:.1} {:.1}", at.0, at.1);
    let mut curve = |at: (f64, f64), x: f64, y: f64| {
        let middle = f64::midpoint(at.0, x);
        let _ = write!(path, "C{middle:.1} {:.1} {middle:.1} {y:.1} {x:.1} {y:.1}", at.1);
    };
    for (column, bend) in columns.iter().skip(from.wave).zip(bends) {
        curve(at, column.x - 12.0, y_of(*bend));
        at = (column.x + column.width + 12.0, y_of(*bend));
        curve((column.x - 12.0, at.1), at.0, at.1);
    }
    curve(at, last.x - 2.0, finish);
    let critical = graph.is_critical(edge);
    let (class, tip) = if critical { ("orc-edge critical", "orc-tip-critical") } else { ("orc-edge", "orc-tip") };
    let title = format!("{} needs {}", to.id, from.id);
    let _ = writeln!(out, "<path class=\"{class}\" d=\"{path}\" marker-end=\"url(#{tip})\"><title>{}</title></path>", escaped(&title));
}

/// Draws a node: its box with a bar in the colour of its state, the id, the words, and everything in full as a tooltip.
fn draw_node(out: &mut String, node: &GraphNode, (column, centre): (&Column, f64), critical: &str) {
    let (x, y) = (column.x, centre - NODE_HEIGHT / 2.0);
    let mut title = vec![node.id.clone()];
    title.extend(node.title.clone());
    title.extend(node.state.as_ref().map(|s| s.1.clone()));
    title.extend(node.detail.clone());
    let _ = writeln!(out, "<g class=\"orc-node{}{critical}\"><title>{}</title>", colour(node), escaped(&title.join("\n")));
    let _ =
        writeln!(out, "<rect class=\"box\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{NODE_HEIGHT}\" rx=\"6\"/>", column.width);
    let _ = writeln!(
        out,
        "<rect class=\"bar\" x=\"{:.1}\" y=\"{:.1}\" width=\"4\" height=\"{:.1}\" rx=\"2\"/>",
        x + 6.0,
        y + 8.0,
        NODE_HEIGHT - 16.0
    );
    let words = shown_words(node);
    let baseline = if words.is_empty() { centre + 4.5 } else { centre - 3.0 };
    let _ = writeln!(out, "<text class=\"orc-id\" x=\"{:.1}\" y=\"{baseline:.1}\">{}</text>", x + 18.0, escaped(&clip(&node.id, MAX_ID)));
    if !words.is_empty() {
        let _ = writeln!(out, "<text class=\"orc-words\" x=\"{:.1}\" y=\"{:.1}\">{}</text>", x + 18.0, centre + 13.0, escaped(&words));
    }
    out.push_str("</g>\n");
}

/// Returns the class of a state's colour. The word is always there as well, so that nothing is told by colour alone.
fn colour(node: &GraphNode) -> &'static str {
    match node.state.as_ref().map(|s| s.0) {
        Some('✓') => " done",
        Some('✗' | '⊘' | '‼') => " bad",
        Some('●' | '↻') => " busy",
        Some(_) | None => "",
    }
}

/// Escapes text for XML, and replaces what XML can not hold at all.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' => out.push_str("&#10;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ if c.is_control() => out.push('\u{fffd}'),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::view::graph::sample;

    /// The text between `open` and `close`, for every occurrence.
    fn all_between<'a>(text: &'a str, open: &str, close: &str) -> Vec<&'a str> {
        text.split(open).skip(1).filter_map(|rest| rest.split(close).next()).collect()
    }

    #[test]
    fn every_node_and_drawn_edge_is_there() {
        let picture = render(&sample::running());
        assert_eq!(all_between(&picture, "<text class=\"orc-id\"", "</text>").len(), 6);
        // `docs` needs `core` anyway, through `api`.
        let needs: Vec<&str> = all_between(&picture, "<title>", "</title>").into_iter().filter(|t| t.contains(" needs ")).collect();
        assert_eq!(needs, ["api needs core", "api needs db", "ui needs core", "docs needs api", "docs needs ui"]);
        assert_eq!(all_between(&picture, "<text class=\"orc-wave\"", "</text>").len(), 3);
        assert!(picture.contains("✗ failed · oscillation"));
    }

    #[test]
    fn text_can_not_break_out() {
        let picture = render(&sample::planned());
        assert!(picture.contains("REST &amp; &quot;RPC&quot; &lt;v2&gt;"));
        assert!(!picture.contains('\u{202e}'));
        assert_eq!(escaped("a\u{1}\u{ffff}'"), "a\u{fffd}\u{fffd}&#39;");
    }

    #[test]
    fn an_empty_plan_is_still_a_picture() {
        let empty = Graph { name: "empty".to_owned(), nodes: Vec::new(), edges: Vec::new(), critical: Vec::new() };
        let picture = render(&empty);
        assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"));
        assert!(picture.contains("empty: 0 workstreams in 0 waves"));
    }

    #[test]
    fn every_number_is_finite() {
        let picture = render(&sample::running());
        assert!(!picture.contains("NaN") && !picture.contains("inf"));
    }
}
