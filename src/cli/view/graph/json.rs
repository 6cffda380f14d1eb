//! The graph for programs.

use serde::Serialize;

use crate::cli::view::document;
use crate::cli::view::graph::model::Graph;

/// The version of the document; it grows when a field changes its meaning or goes away, not when one is added.
const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    name: &'a str,
    waves: Vec<Vec<&'a str>>,
    nodes: Vec<Node<'a>>,
    edges: Vec<Edge<'a>>,
    critical_path: Vec<&'a str>,
}

#[derive(Serialize)]
struct Node<'a> {
    id: &'a str,
    title: Option<&'a str>,
    wave: usize,
    state: Option<&'a str>,
    detail: Option<&'a str>,
}

#[derive(Serialize)]
struct Edge<'a> {
    dependency: &'a str,
    dependent: &'a str,
}

/// Returns one JSON document with every node and every edge.
#[must_use]
pub fn render(graph: &Graph) -> String {
    let id = |position: &usize| graph.nodes.get(*position).map(|n| n.id.as_str());
    let document = Document {
        schema_version: SCHEMA_VERSION,
        name: &graph.name,
        waves: graph.waves().iter().map(|wave| wave.iter().filter_map(id).collect()).collect(),
        nodes: graph
            .nodes
            .iter()
            .map(|n| Node {
                id: &n.id,
                title: n.title.as_deref(),
                wave: n.wave,
                state: n.state.as_ref().map(|s| s.1.as_str()),
                detail: n.detail.as_deref(),
            })
            .collect(),
        edges: graph.edges.iter().filter_map(|(a, b)| Some(Edge { dependency: id(a)?, dependent: id(b)? })).collect(),
        critical_path: graph.critical.iter().filter_map(id).collect(),
    };
    // Strings and numbers only: there is nothing in it that JSON could not hold.
    document::pretty(&document)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::cli::view::graph::sample;

    #[test]
    fn every_node_and_edge_is_in_the_document() {
        let document: Value = serde_json::from_str(&render(&sample::running())).unwrap();
        assert_eq!(document["schema_version"], 1);
        assert_eq!(document["waves"], json!([["core", "db", "licence"], ["api", "ui"], ["docs"]]));
        assert_eq!(
            document["nodes"][3],
            json!({"id": "api", "title": "REST & \"RPC\" <v2>", "wave": 2, "state": "failed", "detail": "oscillation"})
        );
        assert_eq!(document["edges"].as_array().map(Vec::len), Some(6));
        assert_eq!(document["edges"][0], json!({"dependency": "core", "dependent": "api"}));
        assert_eq!(document["critical_path"], json!(["core", "api", "docs"]));
    }
}
