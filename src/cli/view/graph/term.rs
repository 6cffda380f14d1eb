//! The graph for a terminal, drawn as `git log --graph` draws history: what comes last stands first, and lines lead down to what it
//! depends on.

use renderdag::{Ancestor, GraphRowRenderer, Renderer};

use crate::cli::view::graph::model::{Graph, GraphNode};

/// Stands in the drawn lines where the words will be; it can not occur in a drawing.
const MARK: char = '\u{0}';

/// Returns the drawing.
#[must_use]
pub fn render(graph: &Graph) -> String {
    let mut dependencies: Vec<Vec<Ancestor<usize>>> = graph.nodes.iter().map(|_| Vec::new()).collect();
    for (dependency, dependent) in graph.drawn_edges() {
        if let Some(list) = dependencies.get_mut(dependent) {
            list.push(Ancestor::Parent(dependency));
        }
    }
    let mut renderer = GraphRowRenderer::<usize>::new().output().with_min_row_height(1).build_box_drawing();
    let mut lines: Vec<(String, Option<&GraphNode>)> = Vec::new();
    for (position, node) in graph.nodes.iter().enumerate().rev() {
        let glyph = node.state.as_ref().map_or('○', |s| s.0).to_string();
        let parents = dependencies.get_mut(position).map(std::mem::take).unwrap_or_default();
        for line in renderer.next_row(position, parents, glyph, MARK.to_string()).lines() {
            let drawn = line.trim_end_matches(MARK).trim_end();
            lines.push((drawn.to_owned(), line.ends_with(MARK).then_some(node)));
        }
    }
    join(graph, &lines)
}

/// Puts the words beside the drawing, in columns.
fn join(graph: &Graph, lines: &[(String, Option<&GraphNode>)]) -> String {
    let widest = lines.iter().filter(|(_, node)| node.is_some()).map(|(drawn, _)| drawn.chars().count()).max().unwrap_or(0);
    let id_width = graph.nodes.iter().map(|n| n.id.len()).max().unwrap_or(0);
    let state_width = graph.nodes.iter().filter_map(|n| n.state.as_ref()).map(|s| s.1.chars().count()).max().unwrap_or(0);
    let wave_width = graph.nodes.iter().map(|n| n.wave).max().unwrap_or(0).to_string().len();
    let mut out = String::new();
    for (drawn, node) in lines {
        let line = match node {
            Some(node) => {
                let state = node.state.as_ref().map(|s| format!("{:state_width$}  ", s.1)).unwrap_or_default();
                format!(
                    "{drawn:widest$}  wave {:>wave_width$}  {:id_width$}  {state}{}",
                    node.wave,
                    node.id,
                    node.rest().unwrap_or_default()
                )
            }
            None => drawn.clone(),
        };
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::view::graph::sample;

    #[test]
    fn a_running_plan() {
        insta::assert_snapshot!(render(&sample::running()), @r"
        ⊘      wave 3  docs     blocked
        ├─╮
        │ ●    wave 2  ui       running  RUNTIME fix 2/5
        ✗ │    wave 2  api      failed   oscillation
        ├─╮
        │ │ ◌  wave 1  licence  pending
        ✓ │    wave 1  db       merged   a1b2c3d  1m02s
          ✓    wave 1  core     merged   9f8e7d6  2m40s
        ");
    }

    #[test]
    fn a_plan_before_it_runs() {
        insta::assert_snapshot!(render(&sample::planned()), @r#"
        ○      wave 3  docs     a title\nwith \u{202e}tricks
        ├─╮
        │ ○    wave 2  ui       command
        ○ │    wave 2  api      REST & "RPC" <v2>
        ├─╮
        │ │ ○  wave 1  licence  command
        ○ │    wave 1  db       command
          ○    wave 1  core     command
        "#);
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        let empty = Graph { name: "empty".to_owned(), nodes: Vec::new(), edges: Vec::new(), critical: Vec::new() };
        assert_eq!(render(&empty), "");
    }
}
