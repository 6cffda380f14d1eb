//! A workflow in which everything has been checked.

use std::collections::BTreeSet;

use super::raw::{ActionWord, BackoffWord, ConditionWord};

/// The state before and after all work.
pub const IDLE: &str = "IDLE";
/// The state of work that waits for a person.
pub const BLOCKED: &str = "BLOCKED";
/// What is said besides the state while the run is paused.
pub const PAUSED: &str = "PAUSED";
/// The state after what was merged has been taken back.
pub const ROLLBACK: &str = "ROLLBACK";
/// How a list of next states says "the one before".
pub const PREVIOUS: &str = "previous";

/// The workflow of a pipeline of roles.
#[derive(Debug, Clone)]
pub struct Workflow {
    /// The states, in the order of the file.
    pub states: Vec<State>,
    /// The handoffs, one per target.
    pub handoffs: Vec<Handoff>,
    /// The gates.
    pub gates: Vec<RoleGate>,
    /// What happens when something goes wrong.
    pub policies: Vec<ErrorPolicy>,
    /// The phases, in the order of the file.
    pub phases: Vec<RolePhase>,
}

/// A state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// Its name.
    pub name: String,
    /// The roles that are at work in it.
    pub roles: Vec<String>,
    /// What may follow.
    pub next: Vec<Next>,
}

/// What may follow a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// This state.
    State(String),
    /// The state before it.
    Previous,
}

/// One role hands something over to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handoff {
    /// Who hands over.
    pub from: String,
    /// To whom.
    pub to: String,
    /// What must have happened before, for people.
    pub when: Option<String>,
    /// The names of what is handed over.
    pub artifacts: Vec<String>,
}

/// What must hold of what a role leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleGate {
    /// Its name.
    pub name: String,
    /// The names of the artifacts that it needs.
    pub requires: Vec<String>,
    /// The names of what keeps it from passing.
    pub conditions: Vec<String>,
    /// What happens when it does not pass.
    pub on_failure: Option<ActionWord>,
    /// The word by which its result says that it passed.
    pub exit: Option<String>,
    /// Whether it counts.
    pub enabled: bool,
}

/// What happens when something goes wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct ErrorPolicy {
    /// When it is for.
    pub condition: ConditionWord,
    /// What is done.
    pub action: ActionWord,
    /// How many attempts there are in all before it is done.
    pub attempts: u32,
    /// How waits between them grow.
    pub backoff: BackoffWord,
    /// Seconds of the first wait.
    pub first_wait_sec: f64,
    /// Seconds after which it is done.
    pub after_sec: Option<f64>,
    /// Seconds for which it is tried again.
    pub max_sec: Option<f64>,
    /// Seconds between those attempts.
    pub every_sec: f64,
    /// What is done when that time has passed.
    pub then: ActionWord,
    /// Who is told.
    pub notify: Vec<String>,
    /// The blocking conditions and kinds of issues that it is for.
    pub on: Vec<String>,
    /// Whether what was merged is to be taken back.
    pub rollback: bool,
    /// Whether only a person lets the work go on.
    pub manual_recheck: bool,
}

/// A phase, as far as the workflow goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolePhase {
    /// Its id.
    pub id: String,
    /// The role that does it.
    pub role: Option<String>,
    /// The state that the workflow is in meanwhile; `None` for work at the side.
    pub state: Option<String>,
    /// The gate at its end.
    pub gate: Option<String>,
    /// The positions of the phases before it.
    pub before: Vec<usize>,
    /// What it makes: names and globs.
    pub artifacts: Vec<(String, String)>,
}

impl Workflow {
    /// Returns the state of this name.
    #[must_use]
    pub fn state(&self, name: &str) -> Option<&State> {
        self.states.iter().find(|state| state.name == name)
    }

    /// Returns the gate of this name.
    #[must_use]
    pub fn gate(&self, name: &str) -> Option<&RoleGate> {
        self.gates.iter().find(|gate| gate.name == name)
    }

    /// Returns whether one state may follow another; `before` is the state that came before the first one.
    #[must_use]
    pub fn allows(&self, from: &str, to: &str, before: Option<&str>) -> bool {
        let next = self.state(from).map_or(&[][..], |state| &state.next);
        next.iter().any(|next| match next {
            Next::State(name) => name == to,
            Next::Previous => before == Some(to),
        })
    }

    /// Returns the positions of the phases that come before one, in the order of the file.
    #[must_use]
    pub fn ancestors(&self, at: usize) -> BTreeSet<usize> {
        let mut seen = BTreeSet::new();
        let mut open = vec![at];
        while let Some(phase) = open.pop().and_then(|at| self.phases.get(at)) {
            open.extend(phase.before.iter().copied().filter(|one| seen.insert(*one)));
        }
        seen
    }

    /// Returns the phase that makes this artifact.
    #[must_use]
    pub fn producer(&self, artifact: &str) -> Option<&RolePhase> {
        self.phases.iter().find(|phase| phase.artifacts.iter().any(|(name, _)| name == artifact))
    }

    /// Returns the states in which a role is at work.
    pub fn states_of<'a>(&'a self, role: &'a str) -> impl Iterator<Item = &'a str> {
        self.states.iter().filter(move |state| state.roles.iter().any(|one| one == role)).map(|state| state.name.as_str())
    }
}
