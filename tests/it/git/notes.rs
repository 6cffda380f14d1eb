//! Notes: written here, read by stock git, and the other way round.

use git_orc::domain::id::ObjectId;
use git_orc::io::fs::Durability;
use git_orc::io::git::notes::{NOTES_REF, Notes};

use super::{discover, id, signed};
use crate::harness::TestEnvironment;

#[test]
fn notes_are_what_git_shows() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("r");
    let notes = Notes::new(&discover(&environment, &repo), Durability::Full);
    let head = id(&repo.git(&["rev-parse", "HEAD"]));
    assert_eq!(notes.lookup(head).unwrap(), None);
    notes.write(&[], &signed()).unwrap();
    notes.write(&[(head, "first\n".to_owned())], &signed()).unwrap();
    assert_eq!(repo.git(&["notes", "--ref=orc", "show", "HEAD"]), "first");
    assert!(repo.git(&["log", "-1", "--notes=orc"]).contains("Notes (orc):\n    first"));
    let tip = repo.git(&["rev-parse", NOTES_REF]);
    notes.write(&[(head, "first\n".to_owned())], &signed()).unwrap();
    assert_eq!(repo.git(&["rev-parse", NOTES_REF]), tip, "nothing new, no commit");
    notes.write(&[(head, "second\n".to_owned())], &signed()).unwrap();
    assert_eq!(notes.lookup(head).unwrap().as_deref(), Some("second\n"));
    assert_eq!(repo.git(&["rev-list", "--count", NOTES_REF]), "2");
    repo.assert_sound();
}

#[test]
fn gits_own_notes_are_read_and_replaced() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("r");
    let notes = Notes::new(&discover(&environment, &repo), Durability::Relaxed);
    let head = id(&repo.git(&["rev-parse", "HEAD"]));
    repo.git(&["notes", "--ref=orc", "add", "-m", "by git", "HEAD"]);
    assert_eq!(notes.lookup(head).unwrap().as_deref(), Some("by git\n"));
    notes.write(&[(head, "by orc\n".to_owned())], &signed()).unwrap();
    assert_eq!(repo.git(&["notes", "--ref=orc", "show", "HEAD"]), "by orc");
    assert_eq!(repo.git(&["notes", "--ref=orc", "list"]).lines().count(), 1);
    repo.git(&["notes", "--ref=orc", "append", "-m", "and git", "HEAD"]);
    assert_eq!(notes.lookup(head).unwrap().as_deref(), Some("by orc\n\nand git\n"));
}

#[test]
fn many_notes_are_one_commit() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("r");
    let notes = Notes::new(&discover(&environment, &repo), Durability::Relaxed);
    let ids: Vec<_> =
        (0..600u32).map(|i| ObjectId::parse(&format!("{:040x}", u128::from(i) * 0x9e37_79b9_7f4a_7c15_1234)).unwrap()).collect();
    let batch: Vec<_> = ids.iter().map(|id| (*id, format!("note on {id}\n"))).collect();
    notes.write(&batch, &signed()).unwrap();
    assert_eq!(repo.git(&["rev-list", "--count", NOTES_REF]), "1");
    assert_eq!(repo.git(&["notes", "--ref=orc", "list"]).lines().count(), 600);
    for id in [ids[0], ids[599]] {
        assert_eq!(notes.lookup(id).unwrap(), Some(format!("note on {id}\n")));
    }
}

#[test]
fn writers_side_by_side_lose_nothing() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("r");
    let notes = Notes::new(&discover(&environment, &repo), Durability::Relaxed);
    std::thread::scope(|scope| {
        for writer in 0..4u8 {
            let notes = &notes;
            scope.spawn(move || {
                for i in 0..8u8 {
                    let id = ObjectId::from_bytes([writer * 16 + i; 20]);
                    notes.write(&[(id, format!("{writer} {i}"))], &signed()).unwrap();
                }
            });
        }
    });
    assert_eq!(repo.git(&["notes", "--ref=orc", "list"]).lines().count(), 32);
}
