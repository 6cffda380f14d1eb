//! Refs: those of the run are put back (T3), those of the user are told of.

use super::{changes, project, run, shell, state_of};
use crate::harness::{TestEnvironment, TestRepo};

/// Ways to change the ledger, and how each is told.
const LEDGER: [(&str, &str); 7] = [
    ("git update-ref -d refs/orc/ledger", "removed"),
    ("git update-ref refs/orc/ledger refs/orc/ledger~1", "rewound"),
    ("git update-ref refs/orc/ledger $(git commit-tree -p refs/orc/ledger~1 -m forged HEAD^{tree})", "forked"),
    ("git update-ref refs/orc/ledger $(git commit-tree -p refs/orc/ledger -m forged refs/orc/ledger^{tree})", "forged"),
    ("git update-ref refs/orc/ledger HEAD", "forked"),
    (": >$(git rev-parse --git-path refs/orc/ledger)", "replaced"),
    ("git symbolic-ref refs/orc/ledger refs/heads/main", "replaced"),
];

fn assert_sound(repo: &TestRepo<'_>) {
    repo.assert_sound();
    repo.ledger().assert_sound();
    assert_eq!(repo.ledger().entries()[0]["kind"], "run_planned", "the whole chain is there");
}

#[test]
#[ignore = "a run for each of 7 variants takes a few seconds"]
fn a_ledger_that_was_deleted_rewound_or_forked_is_put_back() {
    for (line, how) in LEDGER {
        let environment = TestEnvironment::new();
        let repo = project(&environment);
        let before = repo.fingerprint("orc/tour");
        let one = shell("ws-a", "a/**", &format!("echo a >a/x.txt; {line}"));
        let outcome = run(&environment, &repo, "max_workers: 1", &[one, shell("ws-b", "b/**", "echo b >b/x.txt")]).expect_code(3);
        assert_eq!(state_of(&outcome.json(), "ws-a"), "quarantined", "{line}");
        assert_eq!(state_of(&outcome.json(), "ws-b"), "merged", "{line}");
        let found = changes(&repo, "integrity_violated");
        assert!(found.iter().any(|c| c["name"] == "refs/orc/ledger" && c["how"] == how && c["restored"] == true), "{line}: {found:?}");
        assert_sound(&repo);
        repo.assert_untouched(&before);
        if how == "forked" || how == "forged" {
            let kept = found[0]["kept"].as_str().unwrap();
            repo.git(&["cat-file", "-e", &format!("{kept}^{{commit}}")]);
        }
    }
}

#[test]
fn refs_of_the_run_and_the_target_are_put_back() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    repo.git(&["branch", "orc/tour", "main"]);
    repo.write("more", "more\n");
    repo.git(&["branch", "--force", "orc/tour", &repo.commit("more")]);
    let wipe = "for r in $(git for-each-ref --format='%(refname)' refs/orc/ws refs/notes); do git update-ref -d $r; done";
    let line = format!("test $ORC_ATTEMPT = 1; {wipe}; git update-ref refs/heads/orc/tour refs/heads/topic; echo c >c/x.txt");
    let after = shell("ws-c", "c/**", &line) + "    depends_on: [ws-a]\n";
    let outcome = run(&environment, &repo, "", &[shell("ws-a", "a/**", "echo a >a/x.txt"), after]).expect_code(3);
    assert_eq!((state_of(&outcome.json(), "ws-a"), state_of(&outcome.json(), "ws-c")), ("merged".to_owned(), "quarantined".to_owned()));
    let found = changes(&repo, "integrity_violated");
    for (thing, how) in [("run_ref", "removed"), ("notes", "removed"), ("target", "rewound")] {
        assert!(found.iter().any(|c| c["thing"] == thing && c["how"] == how && c["restored"] == true), "{thing}: {found:?}");
    }
    assert_eq!(repo.git(&["show", "orc/tour:a/x.txt"]), "a");
    assert_sound(&repo);
}

#[test]
fn refs_of_the_user_stay_where_they_are_and_nothing_is_lost() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    repo.git(&["switch", "--quiet", "topic"]);
    repo.write("mine.txt", "mine\n");
    let mine = repo.commit("mine");
    repo.git(&["switch", "--quiet", "main"]);
    let line = "git update-ref -d refs/heads/topic; git update-ref refs/heads/fresh HEAD; echo a >a/x.txt";
    let outcome = run(&environment, &repo, "", &[shell("ws-a", "a/**", line)]).expect_code(0);
    assert_eq!(state_of(&outcome.json(), "ws-a"), "merged");
    let found = changes(&repo, "integrity_noted");
    let told = found.iter().find(|change| change["name"] == "refs/heads/topic").unwrap();
    assert_eq!((told["how"].as_str(), told["was"].as_str()), (Some("removed"), Some(mine.as_str())));
    assert_eq!(repo.git(&["rev-parse", told["kept"].as_str().unwrap()]), mine);
    let undo: Vec<&str> = told["undo"].as_str().unwrap().split(' ').skip(1).collect();
    repo.git(&undo);
    assert_eq!(repo.git(&["rev-parse", "topic"]), mine, "the command that is told puts it back");
    assert!(found.iter().all(|change| change["name"] != "refs/heads/fresh"), "a new branch is an ordinary thing");
}

#[test]
fn two_runs_go_on_when_a_tool_of_one_moves_the_ledger_back() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let plan = |name: &str, folder: &str, line: &str| {
        let path = environment.root().join(format!("{name}.yaml"));
        std::fs::write(&path, format!("version: 1\nname: {name}\nworkstreams:\n{}", shell("ws", &format!("{folder}/**"), line))).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let bad = plan("bad", "a", "sleep 0.4; git update-ref refs/orc/ledger refs/orc/ledger~2; echo a >a/x.txt");
    let good = plan("good", "b", "sleep 0.8; echo b >b/x.txt");
    let running = [repo.start_orc(&["run", &bad, "--json"]), repo.start_orc(&["run", &good, "--json"])];
    let states: Vec<_> = running.into_iter().map(|one| one.finish().json()["state"].as_str().unwrap().to_owned()).collect();
    // Whoever looks first puts it back; only who was at work then can be suspected.
    assert!(states.contains(&"failed".to_owned()), "{states:?}");
    let ledger = repo.ledger();
    ledger.assert_sound();
    assert_eq!((ledger.of_kind("run_planned").len(), ledger.of_kind("run_started").len()), (2, 2));
    assert_eq!(ledger.of_kind("run_completed").len() + ledger.of_kind("run_failed").len(), 2);
    repo.assert_sound();
}
