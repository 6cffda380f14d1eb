//! What the server does with a request, named by the first element of the path.

/// What the server does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behaviour {
    /// It makes the edits of the prompt.
    Ok,
    /// It says that nothing is to be done.
    NoChange,
    /// It says that it refuses.
    Refuse,
    /// It answers with the edits as one unified diff.
    Diff,
    /// It makes the first edit, and every request after it fails.
    Partial,
    /// It fails twice, then works.
    Flaky,
    /// Status 429 for the first two requests, to be asked again two seconds later, then it works.
    Limited,
    /// It writes many megabytes of text and makes no edit.
    Huge,
    /// Status 500.
    ServerError,
    /// Status 401.
    Unauthorized,
    /// Status 429.
    RateLimited,
    /// Status 400 with the error of an overlong prompt.
    ContextLength,
    /// Status 200 with a page for people.
    Garbage,
    /// The answer is cut.
    Drop,
    /// It never answers.
    Hang,
}

impl Behaviour {
    /// Every behaviour.
    pub(crate) const ALL: [Self; 15] = [
        Self::Ok,
        Self::NoChange,
        Self::Refuse,
        Self::Diff,
        Self::Partial,
        Self::Flaky,
        Self::Limited,
        Self::Huge,
        Self::ServerError,
        Self::Unauthorized,
        Self::RateLimited,
        Self::ContextLength,
        Self::Garbage,
        Self::Drop,
        Self::Hang,
    ];

    /// Returns the element of the path.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NoChange => "nochange",
            Self::Refuse => "refuse",
            Self::Diff => "diff",
            Self::Partial => "partial",
            Self::Flaky => "flaky",
            Self::Limited => "limited",
            Self::Huge => "huge",
            Self::ServerError => "e500",
            Self::Unauthorized => "e401",
            Self::RateLimited => "e429",
            Self::ContextLength => "ctx",
            Self::Garbage => "garbage",
            Self::Drop => "drop",
            Self::Hang => "hang",
        }
    }

    /// Returns the behaviour that a path begins with.
    pub(crate) fn of_path(path: &str) -> Option<Self> {
        let first = path.trim_start_matches('/').split(['/', '?']).next();
        Self::ALL.into_iter().find(|behaviour| Some(behaviour.name()) == first)
    }
}
