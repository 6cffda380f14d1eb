//! One check of the doctor: what was looked at, how it is, and what helps.

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    /// Well.
    Ok,
    /// It works, and somebody should know.
    Warning,
    /// It does not work, or something may be lost.
    Problem,
}

impl Health {
    /// Returns the word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was looked at.
    pub name: &'static str,
    /// How it is.
    pub health: Health,
    /// One sentence about it.
    pub what: String,
    /// The command that helps.
    pub help: Option<String>,
}

impl Check {
    /// Returns that something is well.
    #[must_use]
    pub fn ok(name: &'static str, what: impl Into<String>) -> Self {
        Self { name, health: Health::Ok, what: what.into(), help: None }
    }

    /// Returns that somebody should know something.
    #[must_use]
    pub fn warning(name: &'static str, what: impl Into<String>) -> Self {
        Self { health: Health::Warning, ..Self::ok(name, what) }
    }

    /// Returns that something does not work.
    #[must_use]
    pub fn problem(name: &'static str, what: impl Into<String>) -> Self {
        Self { health: Health::Problem, ..Self::ok(name, what) }
    }

    /// Says which command helps.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}
