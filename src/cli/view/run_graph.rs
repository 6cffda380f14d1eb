//! The graph of a run: that of its plan, with where each workstream stands.

use super::graph::model::{Graph, GraphNode};
use super::state::{glyph, word};
use super::time::span;
use crate::domain::id::WorkstreamId;
use crate::domain::plan::model::CheckedPlan;
use crate::domain::run::state::{RunState, WorkstreamState, WorkstreamStatus};
use crate::domain::schedule::waves::Schedule;
use crate::domain::text::{clip, one_line};

/// The most characters of a reason in a picture.
const MAX_REASON: usize = 50;

/// Returns the graph of a run.
#[must_use]
pub fn of_run(plan: &CheckedPlan, schedule: &Schedule, state: &RunState) -> Graph {
    let mut graph = Graph::of_plan(plan, schedule);
    for node in &mut graph.nodes {
        if let Some(one) = WorkstreamId::parse(&node.id).ok().and_then(|id| state.workstreams.get(&id)) {
            set_state(node, one);
        }
    }
    graph
}

fn set_state(node: &mut GraphNode, one: &WorkstreamState) {
    node.state = Some((glyph(&one.status).0, word(&one.status)));
    let mut details = Vec::new();
    if let WorkstreamStatus::Merged { merge } = &one.status {
        details.push(merge.short());
    }
    if let WorkstreamStatus::Reverted { commit, .. } = &one.status {
        details.push(format!("by {}", commit.short()));
    }
    if let Some(open) = &one.open {
        details.push(format!("{} #{}", open.step, open.attempt));
    }
    details.extend(one.status.reason().map(|reason| clip(&one_line(reason), MAX_REASON)));
    let took = one.since.zip(one.until).map(|(since, until)| until.duration_since(since).as_secs_f64());
    details.extend(took.map(span));
    node.detail = (!details.is_empty()).then(|| details.join("  "));
}
