//! Which of the original formats a plan is written in, and what becomes of it.

use serde::Serialize;

use super::losses::{Loss, Losses, value};
use super::shell::Shell;
use super::{bundle, json_plan, phase_plan};
use crate::domain::document::diagnostic::Diagnostic;
use crate::domain::document::load::read_file;
use crate::domain::document::node::Node;
use crate::domain::document::sink::Sink;
use crate::domain::document::source::{Shape, SourceFile};
use crate::domain::plan::records::Records;

/// A format of the original systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Workstream bundles: one workstream or a list of them per file.
    Bundles,
    /// A JSON plan of steps with commands.
    JsonPlan,
    /// Phase plans: one phase per file.
    PhasePlan,
}

impl Kind {
    /// Returns its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bundles => "bundles",
            Self::JsonPlan => "json plan",
            Self::PhasePlan => "phase plan",
        }
    }
}

/// A plan that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// The format that it was written in.
    pub kind: Kind,
    /// The plan.
    pub records: Records,
    /// What became of keys that are not ours.
    pub losses: Vec<Loss>,
    /// Whether something must be decided about before it can be used.
    pub is_refused: bool,
}

/// Reads a plan of the original systems.
///
/// # Errors
/// Returns what is wrong with the text of a file that is no YAML or JSON.
pub fn import(files: &[SourceFile], shell: Shell) -> Result<Imported, Vec<Diagnostic>> {
    let mut sink = Sink::new(files, Shape::File);
    let roots: Vec<Node> = (0_u32..).zip(files).filter_map(|(number, file)| read_file(number, file, &mut sink)).collect();
    if sink.errors() > 0 {
        return Err(sink.finish());
    }
    let (kind, mut losses) = (kind(&roots), Losses::new(files));
    let records = match kind {
        Kind::Bundles => bundle::read(&roots, &mut losses),
        Kind::JsonPlan => json_plan::read(&roots, shell, &mut losses),
        Kind::PhasePlan => phase_plan::read(&roots, shell, &mut losses),
    };
    Ok(Imported { kind, records, is_refused: losses.is_refused(), losses: losses.finish() })
}

fn kind(roots: &[Node]) -> Kind {
    let has = |key: &str| roots.iter().any(|root| value(root, key).is_some());
    if has("phase_identity") {
        Kind::PhasePlan
    } else if has("plan_id") && has("steps") {
        Kind::JsonPlan
    } else {
        Kind::Bundles
    }
}

#[cfg(test)]
mod tests;
