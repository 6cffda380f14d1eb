//! Where a pipeline of roles stands, for people.

use super::styled::{Role, Styled};
use crate::domain::workflow::view::WorkflowView;

/// Returns some lines for each pipeline: its state, who is at work, its gates, and the artifacts that are there.
#[must_use]
pub fn lines(all: &[WorkflowView]) -> Styled {
    let mut out = Styled::default();
    for one in all {
        let besides = match (one.halted, one.paused) {
            (true, _) => " (HALTED)",
            (false, true) => " (PAUSED)",
            (false, false) => "",
        };
        out.put(Role::Faint, format!("{} of {}: ", one.pipeline, one.workstream));
        out.put(Role::Strong, &one.state).add(besides);
        if let Some(before) = &one.prev_state {
            out.put(Role::Faint, format!("  before: {before}"));
        }
        if !one.active_roles.is_empty() {
            out.put(Role::Faint, "  at work: ").add(one.active_roles.join(", "));
        }
        out.line();
        let gates: Vec<String> = one.gates.iter().map(|gate| format!("{} {}", gate.gate, gate.status)).collect();
        if !gates.is_empty() {
            out.put(Role::Faint, "  gates: ").add(gates.join(", ")).line();
        }
        let known = one.artifacts.iter().filter(|artifact| artifact.status != "planned");
        let artifacts: Vec<String> = known.map(|artifact| format!("{} {}", artifact.name, artifact.status)).collect();
        if !artifacts.is_empty() {
            out.put(Role::Faint, "  artifacts: ").add(artifacts.join(", ")).line();
        }
    }
    if !all.is_empty() {
        out.line();
    }
    out
}
