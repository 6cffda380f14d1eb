//! The exit codes: part of the interface, kept stable.

/// How the program ends, as scripts see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Everything is merged, everything is valid, the question was answered.
    Done,
    /// Finished, with a negative answer: something was not merged, a gate failed, a plan has errors.
    Negative,
    /// A person is needed: the run is paused, or work lies in quarantine.
    NeedsPerson,
    /// Another process has the run.
    AlreadyRunning,
    /// Nothing could be done: no usable repository, a full disk.
    Environment,
    /// The command line is wrong.
    Usage,
    /// Stopped by Ctrl-C; the run can be resumed.
    Interrupted,
    /// Whoever read the output has gone.
    OutputClosed,
    /// Stopped by SIGTERM; the run can be resumed.
    Terminated,
}

impl Exit {
    /// Every way to end.
    pub const ALL: [Self; 9] = [
        Self::Done,
        Self::Negative,
        Self::NeedsPerson,
        Self::AlreadyRunning,
        Self::Environment,
        Self::Usage,
        Self::Interrupted,
        Self::OutputClosed,
        Self::Terminated,
    ];

    /// Returns the number.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Negative => 1,
            Self::NeedsPerson => 3,
            Self::AlreadyRunning => 4,
            Self::Environment => 128,
            Self::Usage => 129,
            Self::Interrupted => 130,
            Self::OutputClosed => 141,
            Self::Terminated => 143,
        }
    }
}
