//! The hooks that put the gates where users need them: `pre-push` here, `pre-receive` on a server.

pub mod install;
pub mod run;
pub mod verify;

/// A hook of git that we have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hook {
    /// Before commits are pushed.
    PrePush,
    /// Before pushed commits are taken.
    PreReceive,
}

impl Hook {
    /// Both.
    pub const ALL: [Self; 2] = [Self::PrePush, Self::PreReceive];

    /// Returns the name that git knows it by.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PrePush => "pre-push",
            Self::PreReceive => "pre-receive",
        }
    }

    /// Returns the file as it is installed.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::PrePush => include_str!("../../hooks/pre-push"),
            Self::PreReceive => include_str!("../../hooks/pre-receive"),
        }
    }
}
