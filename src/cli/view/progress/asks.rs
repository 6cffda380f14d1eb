//! What a run asks of a person: work that is to be done by hand.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::news::{News, Weight};
use crate::cli::view::styled::Role;
use crate::domain::id::{ToolId, WorkstreamId};
use crate::domain::ledger::entry::Entry;
use crate::domain::run::event::Event;
use crate::domain::run::state::RunState;
use crate::domain::tool::bridge::INSTRUCTIONS_FILE;
use crate::domain::tool::toolbox::Toolbox;
use crate::engine::folder::RunFolder;

/// Knows which tools are people, and tells once per step what is to be done.
#[derive(Debug, Clone, Default)]
pub struct Asks {
    people: BTreeSet<ToolId>,
    orc_dir: PathBuf,
    untold: BTreeSet<WorkstreamId>,
}

impl Asks {
    /// Returns what knows these tools; `orc_dir` is the folder below the git directory.
    #[must_use]
    pub fn new(tools: &Toolbox, orc_dir: PathBuf) -> Self {
        let people = tools.tools().filter(|tool| tool.profile.is_by_hand()).map(|tool| tool.profile.id.clone()).collect();
        Self { people, orc_dir, untold: BTreeSet::new() }
    }

    /// Returns what is asked as of this entry: a step that was started, as soon as its worktree is there.
    pub fn told(&mut self, entry: &Entry, state: &RunState) -> Option<News> {
        if let Some(Event::StepStarted(started)) = entry.event() {
            let is_asked = started.tool.as_ref().is_some_and(|tool| self.people.contains(tool));
            if is_asked {
                self.untold.insert(started.workstream.clone());
            } else {
                self.untold.remove(&started.workstream);
            }
        }
        let ready = |id: &&WorkstreamId| state.workstreams.get(*id).is_some_and(|one| one.open.is_some() && one.worktree.is_some());
        let id = self.untold.iter().find(ready)?.clone();
        self.untold.remove(&id);
        let one = state.workstreams.get(&id)?;
        let open = one.open.as_ref()?;
        let step = RunFolder::new(&self.orc_dir, state.run).step_path(&id, (&open.step, open.attempt));
        let facts = vec![
            ("worktree", one.worktree.clone()?),
            ("instructions", step.join(INSTRUCTIONS_FILE).display().to_string()),
            ("then", format!("git orc done {id} {}", state.run)),
            ("or", "--give-up REASON".to_owned()),
        ];
        Some(News { who: id.to_string(), what: "waits for a person".to_owned(), role: Role::Caution, facts, weight: Weight::Lasting })
    }
}
