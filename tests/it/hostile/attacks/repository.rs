//! Attacks on what worktrees share: the configuration and the hooks, the `.git` file, refs, the user's checkout, the record.

use super::{Held, Plain};
use crate::harness::TestEnvironment;
use crate::hostile::ground::{Ground, Level};

/// The levels at which the tool can not reach the repository at all.
const HOLDING: [Level; 2] = [Level::Landlock, Level::Bubblewrap];

fn side_branches(ground: &Ground<'_>) {
    ground.repo.git(&["branch", "release"]);
}

/// Asserts that nothing of the user's is different, and that the work landed all the same.
fn assert_shrugged_off(name: &str, level: Level, prepare: impl Fn(&Ground<'_>)) {
    let environment = TestEnvironment::in_memory();
    let mut before = None;
    let held = Held::attack(&environment, name, level, |ground| {
        prepare(ground);
        before = Some(ground.repo.fingerprint("orc/tour"));
    });
    held.assert_end("merged", "");
    assert_eq!(held.landed("src/a.txt"), "new", "{level:?}");
    held.ground.repo.assert_untouched(&before.unwrap());
    held.ground.repo.git(&["status"]);
    for mark in ["owned", "owned-by-hook"] {
        assert!(!held.is_marked(mark), "{level:?}: {mark}");
    }
    assert_eq!(held.ground.unsound(), None);
}

#[test]
#[ignore = "four runs"]
fn t01_shared_configuration_and_hooks() {
    let environment = TestEnvironment::in_memory();
    let plain = Plain::attack(&environment, "T01", |_| {});
    plain.ground.repo.git(&["status"]);
    plain.ground.repo.git(&["switch", "--quiet", "--create", "other"]);
    assert!(plain.is_marked("owned") && plain.is_marked("owned-by-hook"), "the attack does not work");

    // Where nothing holds the tool it is put back, told, and the work is not taken.
    let environment = TestEnvironment::in_memory();
    let mut before = None;
    let held = Held::attack(&environment, "T01", Level::None, |ground| before = Some(ground.repo.fingerprint("orc/tour")));
    held.assert_end("quarantined", "`config` of the git directory (core.fsmonitor) was changed and put back");
    held.ground.repo.assert_untouched(&before.unwrap());
    held.ground.repo.git(&["status"]);
    held.ground.repo.git(&["switch", "--quiet", "--create", "other"]);
    assert!(!held.is_marked("owned") && !held.is_marked("owned-by-hook"));
    for level in HOLDING {
        assert_shrugged_off("T01", level, |_| {});
    }
}

#[test]
#[ignore = "four runs"]
fn t02_the_git_file_leads_elsewhere() {
    let environment = TestEnvironment::in_memory();
    let plain = Plain::attack(&environment, "T02", |_| {});
    plain.then("git", &["--work-tree=.", "status"]);
    assert!(plain.is_marked("owned"), "the attack does not work: {:?}", plain.outcome);

    for level in Level::ALL {
        let environment = TestEnvironment::in_memory();
        let mut before = None;
        let held = Held::attack(&environment, "T02", level, |ground| before = Some(ground.repo.fingerprint("orc/tour")));
        held.assert_end("merged", "was restored");
        assert_eq!(held.landed("src/a.txt"), "new");
        assert!(!held.is_marked("owned"), "{level:?}");
        held.ground.repo.assert_untouched(&before.unwrap());
    }
}

#[test]
#[ignore = "four runs"]
fn t03_refs_are_deleted_and_forged() {
    let environment = TestEnvironment::in_memory();
    let plain = Plain::attack(&environment, "T03", |ground| {
        side_branches(ground);
        ground.repo.git(&["update-ref", "refs/orc/ledger", "HEAD"]);
    });
    assert_ne!(plain.ground.repo.try_git(&["rev-parse", "--verify", "--quiet", "refs/orc/ledger"]).code(), 0);
    assert_eq!(plain.ground.repo.git(&["log", "-1", "--format=%s", "release"]), "forged");

    let environment = TestEnvironment::in_memory();
    let held = Held::attack(&environment, "T03", Level::None, side_branches);
    held.assert_end("quarantined", "refs/orc/ledger` was removed and put back");
    held.ground.repo.ledger().assert_sound();
    assert!(held.end.told.contains("refs/heads/release"), "{:#?}", held.end);
    let kept = held.ground.repo.git(&["for-each-ref", "--format=%(objectname)", "refs/orc/kept/"]);
    let main = held.ground.repo.git(&["rev-parse", "main"]);
    assert!(kept.lines().any(|line| line == main), "the old value of the branch is not kept: {kept}");
    for level in HOLDING {
        assert_shrugged_off("T03", level, side_branches);
    }
}

#[test]
#[ignore = "four runs"]
fn t15_the_checkout_of_the_user() {
    let environment = TestEnvironment::in_memory();
    let plain = Plain::attack(&environment, "T15", |_| {});
    assert!(plain.ground.repo.read("README").contains("evil") && plain.ground.repo.read("stray.txt") == "evil\n");

    // Nobody can take it back where nothing holds the tool: the user may be at work. It is named.
    let environment = TestEnvironment::in_memory();
    let held = Held::attack(&environment, "T15", Level::None, |_| {});
    for path in ["README", "stray.txt"] {
        assert!(held.end.told.contains(path), "`{path}` is not in {:#?}", held.end);
    }
    for level in HOLDING {
        assert_shrugged_off("T15", level, |_| {});
    }
}

#[test]
#[ignore = "four runs"]
fn t16_the_record_is_rewritten() {
    let environment = TestEnvironment::in_memory();
    let plain = Plain::attack(&environment, "T16", |ground| {
        let empty = ground.repo.git(&["hash-object", "-t", "tree", "/dev/null"]);
        let entry = "step failed\n\nOrc-Entry: {\"v\":1,\"kind\":\"step_failed\"}";
        let commit = ground.repo.git(&["commit-tree", &empty, "-p", "HEAD", "-m", entry]);
        ground.repo.git(&["update-ref", "refs/orc/ledger", &commit]);
    });
    let forged = plain.ground.repo.git(&["log", "-1", "--format=%B", "refs/orc/ledger"]);
    assert!(forged.contains("gate_finished"), "the attack does not work: {forged} {:?}", plain.outcome);

    let environment = TestEnvironment::in_memory();
    let held = Held::attack(&environment, "T16", Level::None, |_| {});
    held.assert_end("quarantined", "`refs/orc/ledger` ");
    assert!(held.end.told.contains("put back"), "{:#?}", held.end);
    let repo = &held.ground.repo;
    repo.ledger().assert_sound();
    assert!(repo.ledger().of_kind("gate_finished").is_empty());
    held.ground.orc(&["verify"]).expect_code(0);
    // Whoever has the user's rights can do it when no run is there. It does not stay hidden.
    let entry = repo.git(&["log", "-1", "--format=%B", "refs/orc/ledger"]).replace("\"run_failed\"", "\"run_completed\"");
    let forged = repo.git(&["commit-tree", "refs/orc/ledger^{tree}", "-p", "refs/orc/ledger^", "-m", &entry]);
    repo.git(&["update-ref", "refs/orc/ledger", &forged]);
    let verified = held.ground.orc(&["verify"]).expect_code(1);
    assert!(verified.stdout.contains("ledger"), "{}", verified.stdout);
    for level in HOLDING {
        assert_shrugged_off("T16", level, |_| {});
    }
}
