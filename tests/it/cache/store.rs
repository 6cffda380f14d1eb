//! The ref that holds the cache, on real repositories.

use std::thread;

use git_orc::domain::id::ObjectId;
use git_orc::io::fs::Durability;
use git_orc::io::git::cache_ref::{CACHE_REF, CacheRef, Stored};
use jiff::Timestamp;

use super::stage::Stage;
use crate::harness::TestEnvironment;

fn repo_of(stage: &Stage<'_>) -> git_orc::io::git::repo::Repo {
    use git_orc::io::git::env::GitEnv;
    git_orc::io::git::repo::Repo::discover(stage.repo.path(), &GitEnv::new(stage.environment.variables()).unwrap()).unwrap()
}

#[test]
fn it_is_one_commit_without_a_parent_and_keeps_what_it_speaks_of() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    let (repo, now) = (repo_of(&stage), Timestamp::UNIX_EPOCH);
    let cache = CacheRef::new(&repo, Durability::Full);
    assert_eq!(cache.tip().unwrap(), None);
    // A tree that nothing else leads to.
    let blob = crate::harness::run(stage.repo.command("sh").args(["-c", "echo kept | git hash-object -w --stdin"])).stdout;
    let listing = format!("printf '100644 blob {}\\tx\\n' | git mktree", blob.trim());
    let result = crate::harness::run(stage.repo.command("sh").args(["-c", &listing])).stdout;
    let result = ObjectId::parse(result.trim()).unwrap();
    let one = |text: &str| Stored { content: text.as_bytes().to_vec(), result };
    cache.update(now, |shelf| drop(shelf.insert("a".repeat(64), one("1")))).unwrap();
    let tip = cache.update(now, |shelf| drop(shelf.insert("b".repeat(64), one("2")))).unwrap().unwrap();
    assert_eq!(stage.repo.git(&["rev-list", "--count", CACHE_REF]), "1");
    stage.repo.git(&["gc", "--quiet", "--prune=now"]);
    assert_eq!(stage.repo.git(&["cat-file", "blob", blob.trim()]), "kept");
    let shelf = cache.read(tip).unwrap();
    assert_eq!(shelf.values().cloned().collect::<Vec<_>>(), [one("1"), one("2")]);
    stage.repo.assert_sound();
    assert_eq!(cache.update(now, |shelf| shelf.clear()).unwrap(), None);
    assert_eq!(stage.repo.git(&["for-each-ref", CACHE_REF]), "");
}

#[test]
fn writers_at_the_same_time_lose_nothing() {
    let environment = TestEnvironment::new();
    let stage = Stage::new(&environment);
    let repo = repo_of(&stage);
    let result = ObjectId::parse(&stage.tree("HEAD")).unwrap();
    thread::scope(|scope| {
        for writer in 0..4 {
            let repo = repo.clone();
            scope.spawn(move || {
                let cache = CacheRef::new(&repo, Durability::Relaxed);
                for number in 0..5 {
                    let stored = Stored { content: Vec::new(), result };
                    cache.update(Timestamp::UNIX_EPOCH, |shelf| drop(shelf.insert(format!("{writer}-{number}"), stored.clone()))).unwrap();
                }
            });
        }
    });
    let cache = CacheRef::new(&repo, Durability::Relaxed);
    assert_eq!(cache.read(cache.tip().unwrap().unwrap()).unwrap().len(), 20);
}
