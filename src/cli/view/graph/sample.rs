//! Graphs for the tests of the formats.

use crate::cli::view::graph::model::{Graph, GraphNode};
use crate::domain::plan::model::Workstream;
use crate::domain::schedule::sample::{plan, workstream};
use crate::domain::schedule::waves::schedule;

/// Returns the graph of workstreams that do not run.
pub(crate) fn of(workstreams: Vec<Workstream>) -> Graph {
    let plan = plan(workstreams);
    Graph::of_plan(&plan, &schedule(&plan))
}

/// Returns a diamond with a side line and an edge that a picture does not need.
pub(crate) fn planned() -> Graph {
    let mut list = vec![
        workstream("core", &[], &["core"]),
        workstream("db", &[], &["db"]),
        workstream("api", &["core", "db"], &["api"]),
        workstream("ui", &["core"], &["ui"]),
        workstream("docs", &["core", "api", "ui"], &["docs"]),
        workstream("licence", &[], &["LICENSE"]),
    ];
    list[2].title = Some("REST & \"RPC\" <v2>".to_owned());
    list[4].title = Some("a title\nwith \u{202e}tricks".to_owned());
    of(list)
}

/// Returns the same with states, some of them with a detail.
pub(crate) fn running() -> Graph {
    let mut graph = planned();
    let mut set = |id: &str, glyph: char, word: &str, detail: Option<&str>| {
        let change = |node: &mut GraphNode| {
            node.state = Some((glyph, word.to_owned()));
            node.detail = detail.map(str::to_owned);
        };
        graph.nodes.iter_mut().filter(|n| n.id == id).for_each(change);
    };
    set("core", '✓', "merged", Some("9f8e7d6  2m40s"));
    set("db", '✓', "merged", Some("a1b2c3d  1m02s"));
    set("api", '✗', "failed", Some("oscillation"));
    set("ui", '●', "running", Some("RUNTIME fix 2/5"));
    set("docs", '⊘', "blocked", None);
    set("licence", '◌', "pending", None);
    graph
}
