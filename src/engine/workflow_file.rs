//! `workflow_state.json` in the folder of a run: where its pipeline of roles stands, written anew whenever that changes. Derived from the
//! ledger; nobody else writes it, nobody reads it back, and it can be deleted.

use super::context::RunContext;
use super::sink::Sink;
use crate::domain::ledger::entry::Entry;
use crate::domain::run::state::RunState;
use crate::domain::workflow::view::{WorkflowView, views};
use crate::io::fs::{self, Durability};

/// The name of the file; with several pipelines, each has the name of its workstream before the ending.
const NAME: &str = "workflow_state";

/// The writer of the file.
pub struct WorkflowFile {
    cx: RunContext,
    entries: Vec<Entry>,
    written: Vec<WorkflowView>,
}

impl WorkflowFile {
    /// Returns a writer that knows what happened before; `None` when the plan has no pipeline of roles.
    #[must_use]
    pub fn new(cx: &RunContext, before: impl FnOnce() -> Vec<Entry>) -> Option<Self> {
        (!cx.plan.workflows.is_empty()).then(|| Self { cx: cx.clone(), entries: before(), written: Vec::new() })
    }

    fn write(&self, views: &[WorkflowView]) -> Result<(), String> {
        for view in views {
            let own = if views.len() == 1 { String::new() } else { format!(".{}", view.workstream) };
            let path = self.cx.folder.path().join(format!("{NAME}{own}.json"));
            let text = serde_json::to_vec_pretty(view).map_err(|e| e.to_string())?;
            fs::write_atomic(&path, &text, Durability::Relaxed).map_err(|e| e.to_string())?;
        }
        Ok(())
    }
}

impl Sink for WorkflowFile {
    fn told(&mut self, entry: &Entry, _state: &RunState) {
        self.entries.push(entry.clone());
        let views = views(&self.cx.plan, self.cx.run, &self.entries);
        if views == self.written {
            return;
        }
        if let Err(error) = self.write(&views) {
            tracing::warn!(error, "where the roles stand could not be written to a file; the ledger has it all");
        }
        self.written = views;
    }
}
