//! What every format of the graph shows.

use std::collections::HashMap;

use crate::domain::id::WorkstreamId;
use crate::domain::plan::model::{CheckedPlan, StepKind, ToolChoice, Workstream};
use crate::domain::schedule::dag;
use crate::domain::schedule::waves::{Schedule, edges};
use crate::domain::text::one_line;

/// The workstreams of a plan with their dependencies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graph {
    /// The name of the plan.
    pub name: String,
    /// The workstreams, wave by wave in the order in which they start.
    pub nodes: Vec<GraphNode>,
    /// Every dependency as `(dependency, dependent)`, by position in `nodes`.
    pub edges: Vec<(usize, usize)>,
    /// The critical path, by position in `nodes`.
    pub critical: Vec<usize>,
}

/// A workstream in a graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphNode {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: Option<String>,
    /// Its wave, counted from 1.
    pub wave: usize,
    /// Where it stands in a run, as a glyph and a word.
    pub state: Option<(char, String)>,
    /// What else is worth a few words: the tool, the step, the time.
    pub detail: Option<String>,
}

impl Graph {
    /// Returns the graph of a plan, without states.
    #[must_use]
    pub fn of_plan(plan: &CheckedPlan, schedule: &Schedule) -> Self {
        let positions: HashMap<&WorkstreamId, usize> = plan.workstreams.iter().enumerate().map(|(at, w)| (&w.id, at)).collect();
        let mut nodes = Vec::with_capacity(plan.workstreams.len());
        let mut node_of: HashMap<usize, usize> = HashMap::new();
        for (number, wave) in schedule.waves.iter().enumerate() {
            for position in wave.iter().filter_map(|id| positions.get(id)) {
                if let Some(workstream) = plan.workstreams.get(*position) {
                    node_of.insert(*position, nodes.len());
                    nodes.push(node(workstream, number + 1));
                }
            }
        }
        let place = |position: usize| node_of.get(&position).copied();
        let mut edges: Vec<(usize, usize)> =
            edges(plan).into_iter().filter_map(|(dependent, dependency)| place(dependency).zip(place(dependent))).collect();
        edges.sort_unstable();
        edges.dedup();
        let critical = schedule.critical_path.iter().filter_map(|id| positions.get(id)).filter_map(|p| place(*p)).collect();
        Self { name: one_line(&plan.name), nodes, edges, critical }
    }

    /// Returns the positions of the nodes, wave by wave.
    #[must_use]
    pub fn waves(&self) -> Vec<Vec<usize>> {
        let mut waves = vec![Vec::new(); self.nodes.iter().map(|n| n.wave).max().unwrap_or(0)];
        for (position, node) in self.nodes.iter().enumerate() {
            if let Some(wave) = node.wave.checked_sub(1).and_then(|w| waves.get_mut(w)) {
                wave.push(position);
            }
        }
        waves
    }

    /// Returns the edges `(dependency, dependent)` that a picture needs: without those that another path implies.
    #[must_use]
    pub fn drawn_edges(&self) -> Vec<(usize, usize)> {
        let flipped: Vec<(usize, usize)> = self.edges.iter().map(|(dependency, dependent)| (*dependent, *dependency)).collect();
        dag::reduced(self.nodes.len(), &flipped).into_iter().map(|(dependent, dependency)| (dependency, dependent)).collect()
    }

    /// Returns whether an edge is a part of the critical path.
    #[must_use]
    pub fn is_critical(&self, edge: (usize, usize)) -> bool {
        self.critical.windows(2).any(|pair| pair == [edge.0, edge.1])
    }
}

impl GraphNode {
    /// Returns what is said beside the state: what the run tells, else the title, else the detail.
    #[must_use]
    pub fn rest(&self) -> Option<&str> {
        match self.state {
            Some(_) => self.detail.as_deref(),
            None => self.title.as_deref().or(self.detail.as_deref()),
        }
    }

    /// Returns the state, as a glyph and a word, and what is said beside it.
    #[must_use]
    pub fn words(&self) -> String {
        let state = self.state.as_ref().map(|(glyph, word)| format!("{glyph} {word}"));
        state.as_deref().into_iter().chain(self.rest()).collect::<Vec<_>>().join(" · ")
    }
}

fn node(workstream: &Workstream, wave: usize) -> GraphNode {
    GraphNode {
        id: workstream.id.to_string(),
        title: workstream.title.as_deref().map(one_line),
        wave,
        state: None,
        detail: tool_of(workstream).map(|tool| one_line(&tool)),
    }
}

/// Returns the tool of the first EDIT step, or the capability that chooses it.
#[must_use]
pub fn tool_of(workstream: &Workstream) -> Option<String> {
    workstream.steps.iter().find_map(|step| match &step.kind {
        StepKind::Edit(edit) => Some(match &edit.tool {
            ToolChoice::Tool(tool) => tool.to_string(),
            ToolChoice::Capability(name) => format!("any tool for {name}"),
        }),
        StepKind::Static(_) | StepKind::Runtime(_) => None,
    })
}
