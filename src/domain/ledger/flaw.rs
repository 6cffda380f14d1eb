//! A flaw: something in which the ledger and the repository contradict each other, with its place, why it matters, and what helps.

use serde::Serialize;

use crate::domain::id::{EntryId, ObjectId, RunId};

/// How bad a flaw is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The ledger can not be believed in this respect.
    Problem,
    /// Something that can be rebuilt, or that its user may have done on purpose.
    Warning,
}

impl Severity {
    /// Returns the word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Problem => "problem",
            Self::Warning => "warning",
        }
    }
}

/// The rule that does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// The ledger holds what this repository saw of it before.
    Tip,
    /// An object that is named is there and is what its name says.
    Object,
    /// The ledger's tree has a layout that is known.
    Format,
    /// A commit of the ledger is one entry, or joins two ledgers.
    Entry,
    /// The trailers and the subject say what the entry says.
    Message,
    /// An entry has the author and the time that it names.
    Author,
    /// The key of an entry follows from what it says, and nothing is told twice.
    Key,
    /// The entries of one driver are in the order in which it wrote them.
    Order,
    /// Every move of a run follows from those before it, and none is left out.
    Move,
    /// A checkpoint is what its entries fold into.
    Checkpoint,
    /// The plan of a run is the one that was frozen.
    Plan,
    /// A patch is what was recorded of it.
    Patch,
    /// A merge is what merging its parents gives.
    Merge,
    /// What landed had passed its gates.
    Gate,
    /// The integration branch holds what was merged onto it.
    Branch,
    /// The notes say what the ledger says.
    Note,
    /// The refs that keep commits alive are there.
    Ref,
    /// A kept output is what was recorded of it.
    Output,
}

impl Rule {
    /// Returns its name, as the JSON document has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tip => "tip",
            Self::Object => "object",
            Self::Format => "format",
            Self::Entry => "entry",
            Self::Message => "message",
            Self::Author => "author",
            Self::Key => "key",
            Self::Order => "order",
            Self::Move => "move",
            Self::Checkpoint => "checkpoint",
            Self::Plan => "plan",
            Self::Patch => "patch",
            Self::Merge => "merge",
            Self::Gate => "gate",
            Self::Branch => "branch",
            Self::Note => "note",
            Self::Ref => "ref",
            Self::Output => "output",
        }
    }

    /// Returns why it matters.
    #[must_use]
    pub const fn why(self) -> &'static str {
        match self {
            Self::Tip => "entries that were here are gone, or the ledger was written anew",
            Self::Object => "what an entry speaks of can not be had, or is something else",
            Self::Format => "a later version of git-orc wrote it, or somebody else did",
            Self::Entry => "git-orc writes no such commit into the ledger",
            Self::Message => "people and filters read something else than programs",
            Self::Author => "git-orc does not write entries in that name or at that time",
            Self::Key => "a fact is told twice, or an entry was made up",
            Self::Order => "entries were put into another order",
            Self::Move => "an entry is missing, was added, or says something else",
            Self::Checkpoint => "a resume would go on from a state that the entries do not give",
            Self::Plan => "a resume would run another plan than the one that was started",
            Self::Patch => "the commit is not the change that was judged",
            Self::Merge => "the branch holds something that the merge of its parts does not give",
            Self::Gate => "something landed that nobody had checked",
            Self::Branch => "the branch was moved by somebody else",
            Self::Note => "`git log --notes=orc` shows something else than the ledger",
            Self::Ref => "a garbage collection may take the commits away",
            Self::Output => "the file is not what the tool or the check wrote",
        }
    }

    /// Returns the command that helps.
    #[must_use]
    pub const fn help(self) -> &'static str {
        match self {
            Self::Tip => "git orc doctor",
            Self::Object => "git fetch REMOTE 'refs/orc/*:refs/orc/*'",
            Self::Format => "git orc --version",
            Self::Entry | Self::Message | Self::Author | Self::Key | Self::Order | Self::Move => "git log refs/orc/ledger",
            Self::Checkpoint | Self::Plan => "git log --stat refs/orc/ledger",
            Self::Patch => "git orc show PATCH",
            Self::Merge | Self::Gate => "git orc log RUN",
            Self::Branch => "git orc status RUN",
            Self::Note => "git orc verify --repair-notes",
            Self::Ref => "git orc doctor --repair",
            Self::Output => "git orc show WORKSTREAM",
        }
    }
}

/// Where a flaw is, as far as that can be said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The run.
    pub run: Option<RunId>,
    /// The entry.
    pub entry: Option<EntryId>,
    /// The commit: of the ledger, of a patch, or of a merge.
    pub commit: Option<ObjectId>,
    /// The path or the ref.
    pub path: Option<String>,
}

impl Place {
    /// Returns the place of an entry.
    #[must_use]
    pub fn entry(run: RunId, entry: EntryId, commit: ObjectId) -> Self {
        Self { run: Some(run), entry: Some(entry), commit: Some(commit), path: None }
    }

    /// Returns the place of a commit.
    #[must_use]
    pub fn commit(run: Option<RunId>, commit: ObjectId) -> Self {
        Self { run, commit: Some(commit), ..Self::default() }
    }

    /// Returns the place of a path or a ref.
    #[must_use]
    pub fn path(run: Option<RunId>, path: impl Into<String>) -> Self {
        Self { run, path: Some(path.into()), ..Self::default() }
    }

    /// Returns the place, inside a path.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }
}

/// Something that contradicts the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// How bad it is.
    pub severity: Severity,
    /// What does not hold.
    pub rule: Rule,
    /// Where.
    pub place: Place,
    /// What was found, one sentence.
    pub what: String,
}

impl Flaw {
    /// Returns a problem.
    #[must_use]
    pub fn problem(rule: Rule, place: Place, what: impl Into<String>) -> Self {
        Self { severity: Severity::Problem, rule, place, what: what.into() }
    }

    /// Returns a warning.
    #[must_use]
    pub fn warning(rule: Rule, place: Place, what: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::problem(rule, place, what) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use ulid::Ulid;

    use super::*;

    const ALL: [Rule; 18] = [
        Rule::Tip,
        Rule::Object,
        Rule::Format,
        Rule::Entry,
        Rule::Message,
        Rule::Author,
        Rule::Key,
        Rule::Order,
        Rule::Move,
        Rule::Checkpoint,
        Rule::Plan,
        Rule::Patch,
        Rule::Merge,
        Rule::Gate,
        Rule::Branch,
        Rule::Note,
        Rule::Ref,
        Rule::Output,
    ];

    #[test]
    fn a_rule_says_the_same_to_people_and_to_programs() {
        for rule in ALL {
            assert_eq!(serde_json::json!(rule), rule.name());
        }
        for severity in [Severity::Problem, Severity::Warning] {
            assert_eq!(serde_json::json!(severity), severity.word());
        }
    }

    #[test]
    fn each_rule_has_a_reason_of_its_own_and_a_command_that_helps() {
        assert_eq!(ALL.map(Rule::why).into_iter().collect::<BTreeSet<_>>().len(), ALL.len());
        for rule in ALL {
            assert!(rule.why().split(' ').count() > 4 && !rule.why().ends_with('.'), "{rule:?} is no reason: {}", rule.why());
            assert!(rule.help().starts_with("git "), "{rule:?} is no command: {}", rule.help());
        }
        assert_eq!(Rule::Order.help(), "git log refs/orc/ledger");
        assert_eq!(Rule::Note.help(), "git orc verify --repair-notes");
    }

    #[test]
    fn a_place_holds_what_is_known_of_it() {
        let (run, entry, commit) = (RunId::new(Ulid::from(7)), EntryId::new(Ulid::from(5)), ObjectId::from_bytes([1; 20]));
        let check = |place: Place, expect: (Option<RunId>, Option<EntryId>, Option<ObjectId>, Option<&str>)| {
            assert_eq!((place.run, place.entry, place.commit, place.path.as_deref()), expect);
        };
        check(Place::entry(run, entry, commit), (Some(run), Some(entry), Some(commit), None));
        check(Place::commit(Some(run), commit), (Some(run), None, Some(commit), None));
        check(Place::path(Some(run), "format"), (Some(run), None, None, Some("format")));
        check(Place::commit(None, commit).at("format"), (None, None, Some(commit), Some("format")));
    }

    #[test]
    fn a_flaw_is_as_bad_as_it_was_called() {
        let place = Place::path(None, "format");
        let flaw = |severity| Flaw { severity, rule: Rule::Format, place: place.clone(), what: "it is odd".to_owned() };
        assert_eq!(Flaw::problem(Rule::Format, place.clone(), "it is odd"), flaw(Severity::Problem));
        assert_eq!(Flaw::warning(Rule::Format, place.clone(), "it is odd"), flaw(Severity::Warning));
    }
}
