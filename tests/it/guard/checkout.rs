//! The user's own checkout (T15): changes in it are noticed and told, never put back.

use super::{changes, project, run, shell, state_of};
use crate::harness::TestEnvironment;

#[test]
fn work_in_the_users_checkout_is_noticed() {
    let attacks = [
        ("echo evil >>README", "README", "checkout", "changed"),
        ("rm c/x.txt", "c/x.txt", "checkout", "removed"),
        ("echo new >new.txt; git add new.txt; rm new.txt", "new.txt", "index", "added"),
        ("echo new >c/untracked", "c/untracked", "checkout", "added"),
        ("chmod +x README", "README", "checkout", "changed"),
        ("git checkout -q topic", "HEAD", "head", "changed"),
    ];
    for (line, name, thing, how) in attacks {
        let environment = TestEnvironment::new();
        let repo = project(&environment);
        let line = format!("echo a >a/x.txt; cd {}; {line}", repo.path().display());
        let outcome = run(&environment, &repo, "", &[shell("ws-a", "a/**", &line)]).expect_code(0);
        assert_eq!(state_of(&outcome.json(), "ws-a"), "merged", "it may have been the user");
        let found = changes(&repo, "integrity_noted");
        let is_it = |change: &&serde_json::Value| change["thing"] == thing && change["how"] == how;
        let told = found.iter().find(is_it).unwrap_or_else(|| panic!("{line}: {found:?}"));
        assert!(told["name"].as_str().unwrap().starts_with(name), "{line}: {told}");
        assert!(repo.orc(&["status"]).stdout.contains("changed while ws-a edit #1 ran"), "{line}");
    }
}

#[test]
fn what_is_ignored_and_what_is_quiet_is_not_told() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    repo.write(".gitignore", "target/\n*.log\n");
    repo.write("target/kept.txt", "tracked though ignored\n");
    repo.git(&["add", "--force", "target/kept.txt", ".gitignore"]);
    repo.git(&["commit", "--quiet", "-m", "ignore"]);
    let quiet = format!("cd {}; echo x >target/build; echo x >c/y.log; git status; cd -; echo a >a/x.txt", repo.path().display());
    let loud = format!("cd {}; echo x >target/kept.txt; cd -; echo b >b/x.txt", repo.path().display());
    run(&environment, &repo, "max_workers: 1", &[shell("ws-a", "a/**", &quiet), shell("ws-b", "b/**", &loud)]).expect_code(0);
    let ledger = repo.ledger();
    let told = ledger.of_kind("integrity_noted");
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((&told[0]["workstream"], &told[0]["changes"][0]["name"]), (&"ws-b".into(), &"target/kept.txt".into()));
}
