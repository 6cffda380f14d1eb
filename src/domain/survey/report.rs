//! What a survey finds.

use crate::domain::document::command::Argv;
use crate::domain::settings::word::Domain;

/// Something that a file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The file, or what else was looked at.
    pub file: String,
    /// What it says.
    pub says: String,
}

/// For what a command is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// It prepares a worktree.
    Setup,
    /// It builds.
    Build,
    /// It looks at the files.
    Static,
    /// It runs the program.
    Runtime,
}

impl Group {
    /// Every group, in the order of a profile.
    pub const ALL: [Self; 4] = [Self::Setup, Self::Build, Self::Static, Self::Runtime];

    /// Returns its key in a profile.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Setup => "setup",
            Self::Build => "build",
            Self::Static => "static",
            Self::Runtime => "runtime",
        }
    }
}

/// A command that is proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposed {
    /// For what it is.
    pub group: Group,
    /// The command.
    pub command: Argv,
    /// Why.
    pub because: Evidence,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Survey {
    /// The name that the project gives itself.
    pub name: Option<String>,
    /// Its languages.
    pub languages: Vec<&'static str>,
    /// What it is about.
    pub domain: Option<Domain>,
    /// What says so.
    pub evidence: Vec<Evidence>,
    /// The commands, in the order in which they are run.
    pub commands: Vec<Proposed>,
    /// What a person may want to know besides.
    pub hints: Vec<Evidence>,
}

impl Survey {
    /// Adds a command.
    pub fn propose(&mut self, group: Group, command: &[&str], (file, says): (&str, &str)) {
        let because = Evidence { file: file.to_owned(), says: says.to_owned() };
        self.commands.push(Proposed { group, command: command.iter().map(|word| (*word).to_owned()).collect(), because });
    }

    /// Adds evidence.
    pub fn note(&mut self, file: &str, says: impl Into<String>) {
        self.evidence.push(Evidence { file: file.to_owned(), says: says.into() });
    }

    /// Adds a hint.
    pub fn hint(&mut self, file: &str, says: impl Into<String>) {
        self.hints.push(Evidence { file: file.to_owned(), says: says.into() });
    }

    /// Returns whether there is a command of a group.
    #[must_use]
    pub fn has(&self, group: Group) -> bool {
        self.commands.iter().any(|command| command.group == group)
    }

    /// Takes the name, where there is none yet.
    pub fn call(&mut self, name: Option<&str>) {
        if self.name.is_none() {
            self.name = name.filter(|name| !name.trim().is_empty()).map(str::to_owned);
        }
    }
}
