//! `git orc verify` believes nothing of a rollback that the objects do not say.

use super::{assert_sound, project, rollback, three, tip};
use crate::harness::{TestEnvironment, TestRepo};

/// Returns the rules that do not hold, with how bad that is.
fn broken(repo: &TestRepo<'_>) -> Vec<String> {
    let document = repo.orc(&["verify", "--json"]).json();
    let word = |flaw: &serde_json::Value| format!("{} {}", flaw["rule"].as_str().unwrap(), flaw["severity"].as_str().unwrap());
    document["flaws"].as_array().unwrap().iter().map(word).collect()
}

/// Replaces the newest entries of the ledger by these, with what they say changed.
fn rewrite(repo: &TestRepo<'_>, newest: usize, change: impl Fn(&str) -> Option<String>) {
    let list = repo.git(&["rev-list", "--reverse", &format!("-{newest}"), "refs/orc/ledger"]);
    let mut parent = repo.git(&["rev-parse", &format!("refs/orc/ledger~{newest}")]);
    for id in list.lines() {
        let raw = repo.git(&["cat-file", "commit", id]) + "\n";
        let Some(raw) = change(&raw) else { continue };
        let (tree, rest) = raw.split_once('\n').unwrap();
        let rest = rest.split_once('\n').unwrap().1;
        std::fs::write(repo.root().join("entry"), format!("{tree}\nparent {parent}\n{rest}")).unwrap();
        parent = repo.git(&["hash-object", "-w", "-t", "commit", repo.root().join("entry").to_str().unwrap()]);
    }
    repo.git(&["update-ref", "refs/orc/ledger", &parent]);
    // What the repository remembers of the ledger would give it away at once.
    let _ = std::fs::remove_file(repo.git_dir().join("orc/ledger-tip"));
}

#[test]
fn what_was_tampered_with_is_found() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    three(&repo);
    let old = tip(&repo);
    rollback(&repo, &["tour/ws-b", "--reason", "no"]).expect_code(0);
    assert_sound(&repo);
    let (new, ledger) = (tip(&repo), repo.git(&["rev-parse", "refs/orc/ledger"]));
    // The branch without the commit that undoes.
    repo.git(&["update-ref", "refs/heads/orc/tour", &old]);
    assert_eq!(broken(&repo), ["branch warning"]);
    repo.git(&["update-ref", "refs/heads/orc/tour", &new]);
    // A patch of which it is not told that it is undone.
    rewrite(&repo, 4, |raw| (!raw.contains("\"kind\":\"patch_reverted\"")).then(|| raw.to_owned()));
    assert!(broken(&repo).contains(&"patch problem".to_owned()), "{:?}", broken(&repo));
    repo.git(&["update-ref", "refs/orc/ledger", &ledger]);
    // Another commit in place of the one that undoes, with another tree, wherever it is spoken of.
    let message = repo.git(&["log", "-1", "--format=%B", &new]);
    let forged = repo.git(&["commit-tree", "-p", &old, "-m", message.trim_end(), "main^{tree}"]);
    repo.git(&["update-ref", "refs/heads/orc/tour", &forged]);
    let tree = |commit: &str| repo.git(&["rev-parse", &format!("{commit}^{{tree}}")]);
    rewrite(&repo, 4, |raw| Some(raw.replace(&new, &forged).replace(&tree(&new), &tree(&forged))));
    assert!(broken(&repo).contains(&"merge problem".to_owned()), "{:?}", broken(&repo));
}
