//! What a move of a ref means, by whose ref it is.

use super::fact::{How, Thing};
use crate::domain::id::{ObjectId, RunId};

/// The ref of the ledger.
const LEDGER: &str = "refs/orc/ledger";
const NOTES: &str = "refs/notes/orc";
/// The ref of the cache of steps.
const CACHE: &str = "refs/orc/cache";

/// Whose a ref is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The ledger, which every run appends to.
    Ledger,
    /// This run: nobody else writes it.
    ThisRun,
    /// The notes, which every run writes.
    Notes,
    /// The integration branch, which another run may share.
    Target,
    /// The cache of steps, which every run writes anew and nobody believes without a seal.
    Cache,
    /// The user, or another run.
    Other,
}

/// Returns whose a ref is. `target` is the integration branch with `refs/heads/`.
#[must_use]
pub fn owner(name: &str, run: RunId, target: &str) -> Owner {
    let run = run.lower();
    let is_of_run = |rest: &str| rest.split('/').any(|part| part == run);
    if name == LEDGER {
        Owner::Ledger
    } else if name == CACHE {
        Owner::Cache
    } else if name == target {
        Owner::Target
    } else if name == NOTES || name.starts_with("refs/notes/orc/") {
        Owner::Notes
    } else if name.strip_prefix("refs/orc/").is_some_and(is_of_run) {
        Owner::ThisRun
    } else {
        Owner::Other
    }
}

/// How the new value of a ref stands to the old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// There was none before.
    New,
    /// There is none now.
    Gone,
    /// The new one contains the old one.
    Ahead,
    /// The old one contains the new one.
    Behind,
    /// Neither contains the other, or one of them is no commit.
    Apart,
}

/// What is done about a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Nothing: it is an ordinary thing to do.
    Accept,
    /// It is told, and the old value is kept alive; the ref stays where it is.
    Note(Thing, How),
    /// It is put back.
    PutBack(Thing, How),
}

/// Returns what is done about a move of a ref that this process did not make.
///
/// A user who works on commits, stashes, fetches, rebases and deletes branches; nothing of that may be undone or stop a run, and it can not be
/// told from a tool that does the same. So whatever is the user's is only told of, and only when a commit could be lost by it.
#[must_use]
pub const fn answer(owner: Owner, relation: Relation) -> Answer {
    let how = match relation {
        Relation::New => How::Added,
        Relation::Gone => How::Removed,
        Relation::Ahead => How::Advanced,
        Relation::Behind => How::Rewound,
        Relation::Apart => How::Forked,
    };
    match (owner, relation) {
        // Another run appends to the ledger, writes notes, and may share the branch.
        (Owner::Ledger | Owner::Notes, Relation::Ahead | Relation::New) => Answer::Accept,
        (Owner::Target, Relation::New) => Answer::Note(Thing::Target, how),
        (Owner::Target, Relation::Ahead) => Answer::Note(Thing::Target, how),
        (Owner::Other, Relation::New | Relation::Ahead) => Answer::Accept,
        // It is written anew each time, and what is lost with it is found again.
        (Owner::Cache, _) => Answer::Accept,
        (Owner::Other, Relation::Gone | Relation::Behind | Relation::Apart) => Answer::Note(Thing::UserRef, how),
        (Owner::Ledger, Relation::Gone | Relation::Behind | Relation::Apart) => Answer::PutBack(Thing::Ledger, how),
        (Owner::Notes, Relation::Gone | Relation::Behind | Relation::Apart) => Answer::PutBack(Thing::Notes, how),
        (Owner::Target, Relation::Gone | Relation::Behind | Relation::Apart) => Answer::PutBack(Thing::Target, how),
        (Owner::ThisRun, _) => Answer::PutBack(Thing::RunRef, how),
    }
}

/// Returns the command that puts a ref of the user's back to a value.
#[must_use]
pub fn undo(name: &str, was: ObjectId) -> String {
    match name.strip_prefix("refs/heads/").filter(|branch| !branch.starts_with('-') && branch.bytes().all(is_plain)) {
        Some(branch) => format!("git branch --force {branch} {was}"),
        None if name == "refs/stash" => format!("git stash store {was}"),
        None if name.bytes().all(is_plain) => format!("git update-ref {name} {was}"),
        // The name of a ref may hold what a shell would run.
        None => format!("git update-ref '{}' {was}", name.replace('\'', "'\\''")),
    }
}

const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/')
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

    #[test]
    fn every_ref_has_an_owner() {
        let run = RunId::parse(RUN).unwrap();
        let check = |name: &str, expect: Owner| assert_eq!(owner(name, run, "refs/heads/orc/tour"), expect, "{name}");
        check("refs/orc/ledger", Owner::Ledger);
        check("refs/heads/orc/tour", Owner::Target);
        check("refs/heads/orc/tour2", Owner::Other);
        check("refs/notes/orc", Owner::Notes);
        check("refs/notes/orca", Owner::Other);
        check(&format!("refs/orc/ws/{}/a", run.lower()), Owner::ThisRun);
        check(&format!("refs/orc/prepared/{}", run.lower()), Owner::ThisRun);
        check("refs/orc/ws/01brz3ndektsv4rrffq69g5fav/a", Owner::Other);
        check("refs/orc/ledger2", Owner::Other);
        check("refs/orc/cache", Owner::Cache);
        check("refs/orc/cache2", Owner::Other);
        check("refs/stash", Owner::Other);
    }

    #[test]
    fn an_ordinary_day_of_a_user_is_never_undone() {
        use Relation as R;
        for relation in [R::New, R::Gone, R::Ahead, R::Behind, R::Apart] {
            assert!(!matches!(answer(Owner::Other, relation), Answer::PutBack(..)), "{relation:?}");
            let is_ours = matches!(answer(Owner::ThisRun, relation), Answer::PutBack(Thing::RunRef, _));
            assert!(is_ours, "{relation:?}");
            assert_eq!(answer(Owner::Cache, relation), Answer::Accept, "another run may write it at any time");
        }
        for relation in [R::New, R::Ahead] {
            assert_eq!(answer(Owner::Other, relation), Answer::Accept);
            assert_eq!(answer(Owner::Ledger, relation), Answer::Accept);
        }
        for relation in [R::Gone, R::Behind, R::Apart] {
            assert!(matches!(answer(Owner::Ledger, relation), Answer::PutBack(Thing::Ledger, _)));
            assert!(matches!(answer(Owner::Target, relation), Answer::PutBack(Thing::Target, _)));
            assert!(matches!(answer(Owner::Other, relation), Answer::Note(Thing::UserRef, _)));
        }
    }

    #[test]
    fn the_way_back_is_a_command_of_git() {
        let was = ObjectId::ZERO;
        assert_eq!(undo("refs/heads/a/b", was), format!("git branch --force a/b {was}"));
        assert_eq!(undo("refs/stash", was), format!("git stash store {was}"));
        assert_eq!(undo("refs/tags/v1", was), format!("git update-ref refs/tags/v1 {was}"));
        assert_eq!(undo("refs/heads/-x", was), format!("git update-ref refs/heads/-x {was}"));
        assert_eq!(undo("refs/tags/$(x)", was), format!("git update-ref 'refs/tags/$(x)' {was}"));
    }
}
