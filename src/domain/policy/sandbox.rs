//! How tightly a program is held: words that settings, profiles and the ledger share.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How tightly a program is held, the loosest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SandboxLevel {
    /// It may do what the user may do.
    #[default]
    None,
    /// The kernel refuses writes outside of the granted folders.
    Landlock,
    /// It sees its own file system, processes and, if wished, no network.
    Bubblewrap,
}

impl SandboxLevel {
    /// All levels, the loosest first.
    pub const ALL: [Self; 3] = [Self::None, Self::Landlock, Self::Bubblewrap];

    /// Returns the name of the level, as settings and the ledger spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Landlock => "landlock",
            Self::Bubblewrap => "bubblewrap",
        }
    }
}

impl fmt::Display for SandboxLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a program may reach over the network, the loosest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Network {
    /// Whatever the user can reach.
    #[default]
    Full,
    /// Nothing, as far as the level can hold it.
    None,
}

impl Network {
    /// Returns the name, as settings and the ledger spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::None => "none",
        }
    }
}

/// What a program may read, the loosest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reads {
    /// Everything but, where the level can hide them, the well-known folders of secrets.
    #[default]
    All,
    /// The system's programs, the repository, the worktree, and what is listed.
    Listed,
}

impl Reads {
    /// Returns the name, as settings spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Listed => "listed",
        }
    }
}
