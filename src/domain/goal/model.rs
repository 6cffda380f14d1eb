//! What a workstream is to reach, once everything about it has been checked.

use regex::Regex;

use super::amount::Amount;
use super::bound::Bound;
use crate::domain::document::command::Argv;
use crate::domain::policy::pattern::Pattern;

/// How many rounds of improvement there are at most, where nobody says otherwise.
pub const MOST_ROUNDS: u32 = 5;

/// The goals of a workstream, and how long they are pursued.
#[derive(Debug, Clone)]
pub struct Goals {
    /// The goals, in the order of the plan; empty for a workstream that is done when its steps passed.
    pub list: Vec<Goal>,
    /// How many rounds of improvement there are at most.
    pub rounds: u32,
    /// By how much the score must rise in a round, so that it counts as progress: a share of the whole.
    pub progress: Amount,
    /// Whether goals are looked for in the request when the list is empty; as the command line wishes when absent.
    pub from_request: Option<bool>,
}

impl Default for Goals {
    fn default() -> Self {
        Self { list: Vec::new(), rounds: MOST_ROUNDS, progress: Amount::bounded(0.01), from_request: None }
    }
}

impl Goals {
    /// Returns whether something has to run in the worktree, or has to have run there, so that they can be measured.
    #[must_use]
    pub fn are_measured_by_commands(&self) -> bool {
        self.list.iter().any(|goal| !goal.measure.is_of_files())
    }
}

/// One number that is to be reached.
#[derive(Debug, Clone)]
pub struct Goal {
    /// Its name, unique in the workstream.
    pub id: String,
    /// What is measured.
    pub measure: Measure,
    /// What the number is to be.
    pub bound: Bound,
    /// The number.
    pub target: Amount,
    /// The share of the target by which it may be missed and still count as reached.
    pub tolerance: Amount,
    /// How much it counts beside the others.
    pub weight: Amount,
    /// Whether the work is not done without it.
    pub required: bool,
    /// The strategies that are tried for it; empty for the usual ones.
    pub strategies: Vec<String>,
}

/// What is measured.
#[derive(Debug, Clone)]
pub enum Measure {
    /// Words between white space in text files; `None` means those that the workstream may change.
    Words(Option<Pattern>),
    /// Chapters of text files.
    Chapters(Option<Pattern>),
    /// The share of parts that are there: files, or headings with something below them.
    Completeness {
        /// The parts.
        parts: Vec<String>,
        /// Where headings are looked for.
        files: Option<Pattern>,
    },
    /// The share of lines that tests run, in percent.
    Coverage {
        /// What writes the report; `None` for what the checks wrote.
        command: Option<Argv>,
        /// Where the report is written; `None` for the well-known places, then for the output of the command.
        report: Option<String>,
    },
    /// The number of findings of a command; `None` for the static checks of the workstream.
    Findings(Option<Argv>),
    /// A number that a command prints.
    Number {
        /// The command.
        command: Argv,
        /// Where the number stands in the output.
        reading: Reading,
    },
}

impl Measure {
    /// Returns its word.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Words(_) => "words",
            Self::Chapters(_) => "chapters",
            Self::Completeness { .. } => "completeness",
            Self::Coverage { .. } => "coverage",
            Self::Findings(_) => "findings",
            Self::Number { .. } => "number",
        }
    }

    /// Returns whether it is measured on files alone, without running anything.
    #[must_use]
    pub const fn is_of_files(&self) -> bool {
        matches!(self, Self::Words(_) | Self::Chapters(_) | Self::Completeness { .. })
    }
}

/// Where a number stands in an output.
#[derive(Debug, Clone)]
pub enum Reading {
    /// The last number of all.
    Last,
    /// In the group of the last match.
    Pattern(Regex),
    /// In a JSON document, at this pointer.
    Pointer(String),
}
