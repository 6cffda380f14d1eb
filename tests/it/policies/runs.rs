//! Runs that keep to policies: read from the base commit, frozen, applied to every patch.

use std::fs;

use super::secrets;
use crate::harness::{TestEnvironment, TestRepo};

/// A workstream of the tool `command` that runs a shell line, tried once.
pub(super) fn shell(id: &str, scope: &str, line: &str) -> String {
    format!("  - {{id: {id}, files_scope: [{scope:?}], tool: command, command: [sh, -c, {line:?}]}}\n")
}

/// Writes a plan beside the repository and returns its path.
pub(super) fn plan(environment: &TestEnvironment, head: &str, workstreams: &[String]) -> String {
    let path = environment.root().join("plan.yaml");
    let head = format!("version: 1\nname: tour\ndefaults: {{retry: {{max_attempts: 1}}{head}}}\nworkstreams:\n");
    fs::write(&path, head + &workstreams.concat()).unwrap();
    path.display().to_string()
}

pub(super) fn repository<'e>(environment: &'e TestEnvironment, policies: &[(&str, &str)]) -> TestRepo<'e> {
    let repo = environment.repo("project");
    repo.write("a/x.txt", "a\n");
    repo.write("b/x.txt", "b\n");
    for (path, text) in policies {
        repo.write(path, text);
    }
    repo.commit("start");
    repo
}

/// Writes the policies of the user.
pub(super) fn of_user(environment: &TestEnvironment, text: &str) {
    let folder = environment.root().join("config/git-orc");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("ai_policies.yaml"), text).unwrap();
}

/// Returns what the ledger gives as reasons.
pub(super) fn reasons(repo: &TestRepo<'_>, kind: &str) -> Vec<String> {
    repo.ledger().of_kind(kind).iter().map(|entry| entry["reason"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Returns what is told of the steps of a workstream besides their outcome.
pub(super) fn notes(repo: &TestRepo<'_>, workstream: &str) -> String {
    let ledger = repo.ledger();
    let steps = ledger.of_kind("step_finished").into_iter().filter(|step| step["workstream"] == workstream);
    steps.map(|step| step["notes"].to_string()).collect()
}

const READ_ONLY: &str = "zones: {read_only: {paths: [a/**], rationale: it is finished}}\n";

#[test]
fn policies_come_from_the_base_commit_and_from_nowhere_else() {
    for place in ["ai_policies.yaml", ".git-orc/ai_policies.yaml"] {
        let environment = TestEnvironment::in_memory();
        let repo = repository(&environment, &[(place, READ_ONLY)]);
        // What the user's checkout holds by chance, and what a workstream writes, is not asked.
        repo.write(place, "{}\n");
        let line = format!("echo new >a/x.txt; echo '{{}}' >{place}");
        let plan = plan(&environment, "", &[shell("ws", "**", &line), shell("other", "b/**", "echo new >b/x.txt")]);
        repo.orc(&["run", &plan]).expect_code(3);
        let told = reasons(&repo, "workstream_quarantined");
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].ends_with(" (and 1 violation more)"), "{told:?}");
        let told = told.concat() + &notes(&repo, "ws");
        assert!(told.contains(&format!("`{place}` is protected: `")), "{told}");
        assert!(told.contains("`a/x.txt` must not be changed: `a/**` of `zones.read_only` covers it: it is finished"), "{told}");
        assert_eq!(repo.git(&["diff", "--name-only", "main", "orc/tour"]), "b/x.txt");
        repo.assert_sound();
    }
}

#[test]
fn two_policies_of_a_repository_are_one_too_many() {
    let environment = TestEnvironment::in_memory();
    let repo = repository(&environment, &[("ai_policies.yaml", "{}\n"), (".git-orc/ai_policies.yaml", "{}\n")]);
    let plan = plan(&environment, "", &[shell("ws", "b/**", "echo new >b/x.txt")]);
    let outcome = repo.orc(&["run", &plan]).expect_code(128);
    assert!(outcome.stderr.contains("has policies in both `ai_policies.yaml` and `.git-orc/ai_policies.yaml`"), "{}", outcome.stderr);
    assert_ne!(repo.try_git(&["rev-parse", "--verify", "--quiet", "refs/orc/ledger"]).code(), 0);
}

#[test]
fn what_has_the_name_of_policies_and_is_no_file_is_refused() {
    let environment = TestEnvironment::in_memory();
    let repo = environment.repo("project");
    repo.write("b/x.txt", "b\n");
    std::os::unix::fs::symlink("b/x.txt", repo.path().join("ai_policies.yaml")).unwrap();
    repo.commit("start");
    let plan = plan(&environment, "", &[shell("ws", "b/**", "echo new >b/x.txt")]);
    let outcome = repo.orc(&["run", &plan]).expect_code(128);
    assert!(outcome.stderr.contains("`ai_policies.yaml` of commit"), "{}", outcome.stderr);
}

#[test]
fn every_mistake_of_policies_is_shown_before_anything_runs() {
    let environment = TestEnvironment::in_memory();
    of_user(&environment, "limits: {max_files_changed: 3}\n");
    let repo = repository(&environment, &[("ai_policies.yaml", "limits:\n  max_files_changed: 4\n  binary: never\nzone: {}\n")]);
    let plan = plan(&environment, "", &[shell("ws", "b/**", "echo new >b/x.txt")]);
    for arguments in [&["run", plan.as_str()][..], &["run", "--dry-run", plan.as_str()]] {
        let told = repo.orc(arguments).expect_code(1).stderr;
        for part in [
            "constraint-weakened",
            "grows from 3 to 4",
            "unknown-value",
            "Did you mean `zones`?",
            "tighter here",
            "Policies are read from the base",
        ] {
            assert!(told.contains(part), "`{part}` is not in\n{told}");
        }
    }
    assert_ne!(repo.try_git(&["rev-parse", "--verify", "--quiet", "refs/orc/ledger"]).code(), 0);
}

#[test]
fn what_needs_a_review_waits_for_a_person_and_holds_nobody_else_up() {
    let environment = TestEnvironment::in_memory();
    let policies = "zones: {review_required: {paths: [a/**], rationale: it is delicate, validation: [{command: make check}]}}\n\
        invariants: [{id: INV-1, description: sums are right, enforcement: manual-review, affected_paths: [a/x.txt]}]\n";
    let repo = repository(&environment, &[("ai_policies.yaml", policies)]);
    let plan = plan(&environment, "", &[shell("ws", "a/**", "echo new >a/x.txt"), shell("other", "b/**", "echo new >b/x.txt")]);
    repo.orc(&["run", &plan]).expect_code(3);
    let first = "`a/x.txt` needs a review: `a/**` of `zones.review_required` covers it, to be checked by `make check`: it is delicate";
    assert_eq!(reasons(&repo, "run_paused"), [format!("a person must look at ws: {first}")]);
    let notes = notes(&repo, "ws");
    assert!(notes.contains("`a/x.txt` needs a review: the invariant `INV-1` concerns it: sums are right"), "{notes}");
    assert_eq!(repo.git(&["diff", "--name-only", "main", "orc/tour"]), "b/x.txt");
    repo.ledger().assert_sound();
    // The work is kept, and a resume does not let it through.
    let tip = repo.git(&["for-each-ref", "--format=%(refname)", "refs/orc/ws"]);
    assert!(tip.lines().any(|name| name.ends_with("/ws") && repo.git(&["show", &format!("{name}:a/x.txt")]) == "new"), "{tip}");
    repo.orc(&["resume"]).expect_code(3);
    assert_eq!(repo.git(&["diff", "--name-only", "main", "orc/tour"]), "b/x.txt");
    let attempts = repo.ledger().of_kind("step_started").len();
    assert_eq!(
        repo.orc(&["decide", "tour", "other", "approve", "--reason", "x"]).expect_code(128).stderr.matches("What waits: ws.").count(),
        1
    );
    let decided = repo.orc(&["decide", "tour", "ws", "approve", "--reason", "read it"]).expect_code(0);
    assert!(decided.stdout.starts_with("approved ws on "), "{}", decided.stdout);
    assert_eq!(repo.orc(&["decide", "tour", "ws", "reject", "--reason", "x"]).code(), 128, "it waits no longer");
    repo.orc(&["resume"]).expect_code(0);
    assert_eq!(repo.git(&["diff", "--name-only", "main", "orc/tour"]), "a/x.txt\nb/x.txt");
    assert_eq!(repo.ledger().of_kind("step_started").len(), attempts, "nothing was done again");
    repo.orc(&["verify"]).expect_code(0);
    repo.assert_sound();
}

#[test]
fn what_a_person_does_not_want_is_kept_aside() {
    for choice in ["reject", "adjust"] {
        let environment = TestEnvironment::in_memory();
        let repo = repository(&environment, &[("ai_policies.yaml", "zones: {review_required: {paths: [a/**]}}\n")]);
        let plan = plan(&environment, "", &[shell("ws", "a/**", "echo new >a/x.txt"), shell("other", "b/**", "echo new >b/x.txt")]);
        repo.orc(&["run", &plan]).expect_code(3);
        repo.orc(&["decide", "tour", "ws", choice, "--reason", "keep the old names"]).expect_code(0);
        repo.orc(&["resume"]).expect_code(3);
        let told = reasons(&repo, "workstream_quarantined").concat();
        assert!(told.contains("keep the old names") && told.contains("by "), "{told}");
        assert_eq!(repo.git(&["diff", "--name-only", "main", "orc/tour"]), "b/x.txt");
        repo.orc(&["verify"]).expect_code(0);
        repo.assert_sound();
    }
}

#[test]
fn what_is_refused_and_needs_a_review_is_told_with_every_reason() {
    let environment = TestEnvironment::in_memory();
    let policies = "zones: {review_required: {paths: [a/**]}, read_only: {paths: [b/**]}}\nlimits: {max_files_changed: 1}\n";
    let repo = repository(&environment, &[("ai_policies.yaml", policies)]);
    repo.orc(&["run", &plan(&environment, "", &[shell("ws", "**", "echo new >a/x.txt; echo new >b/x.txt")])]).expect_code(3);
    let told = reasons(&repo, "workstream_quarantined").concat() + &notes(&repo, "ws");
    for part in ["`a/x.txt` needs a review: `a/**`", "`b/x.txt` must not be changed: `b/**`", "changes 2 files, more than the 1 of"] {
        assert!(told.contains(part), "`{part}` is not in {told}");
    }
    assert_eq!(reasons(&repo, "workstream_paused"), [""; 0]);
}

#[test]
fn a_lockfile_comes_along_and_is_told() {
    let environment = TestEnvironment::in_memory();
    let repo = repository(&environment, &[("Cargo.lock", "one\n"), ("ai_policies.yaml", "limits: {max_files_changed: 1}\n")]);
    let line = "echo new >b/x.txt; echo two >>Cargo.lock";
    repo.orc(&["run", &plan(&environment, "", &[shell("ws", "b/**", line)])]).expect_code(0);
    assert_eq!(repo.git(&["diff", "--name-only", "main", "orc/tour"]), "Cargo.lock\nb/x.txt");
    let notes = notes(&repo, "ws");
    assert!(notes.contains("`Cargo.lock` was changed outside of the scope, as `**/Cargo.lock` of `overflow` lets it"), "{notes}");
    // A workstream that forbids it, deletes it or makes a link of it is refused as before.
    for (id, line) in [("gone", "rm Cargo.lock; echo 2 >b/x.txt"), ("link", "ln -sf b/x.txt Cargo.lock; echo 3 >b/x.txt")] {
        repo.orc(&["run", &plan(&environment, "", &[shell(id, "b/**", line)])]).expect_code(3);
        assert!(reasons(&repo, "workstream_quarantined").last().unwrap().starts_with("`Cargo.lock` is outside the scope"), "{id}");
    }
}

#[test]
fn a_run_is_judged_by_the_policies_with_which_it_began() {
    let environment = TestEnvironment::in_memory();
    of_user(&environment, READ_ONLY);
    let repo = repository(&environment, &[]);
    let line = "test -e \"$HOME/go\" && echo new >a/x.txt";
    repo.orc(&["run", &plan(&environment, ", circuit_breaker: {on_exhausted: pause}", &[shell("ws", "a/**", line)])]).expect_code(3);
    fs::write(environment.home().join("go"), "").unwrap();
    of_user(&environment, "this is no policy");
    repo.orc(&["resume"]).expect_code(3);
    let told = reasons(&repo, "workstream_quarantined");
    assert!(told[0].contains("of `zones.read_only`"), "{told:?}");
    let frozen = repo.git(&["ls-tree", "-r", "--name-only", "refs/orc/ledger"]);
    assert_eq!(frozen.lines().filter(|path| path.contains("/policies/")).count(), 2, "{frozen}");
}

#[test]
fn a_secret_does_not_land_and_is_told_nowhere() {
    let environment = TestEnvironment::in_memory();
    let repo = repository(&environment, &[]);
    let (_, text) = secrets::all().into_iter().find(|(rule, _)| *rule == "github-pat").unwrap();
    let secret = text.split('"').nth(1).unwrap();
    fs::write(environment.root().join("secret"), &text).unwrap();
    let line = format!("cat '{}' >b/settings.py", environment.root().join("secret").display());
    let workstreams = [shell("ws", "b/**", &line)];
    let outcome = repo.orc(&["run", &plan(&environment, "", &workstreams)]).expect_code(3);
    let told = reasons(&repo, "workstream_quarantined");
    let (before, behind) = told[0].split_once("fingerprint `").unwrap();
    assert_eq!(before, "`b/settings.py:2` holds a secret: rule `github-pat`, ");
    let ledger = repo.git(&["log", "--format=%B", "refs/orc/ledger"]);
    let shown = repo.orc(&["log"]).stdout + &repo.orc(&["status"]).stdout;
    for text in [&outcome.stdout, &outcome.stderr, &ledger, &shown] {
        assert!(!text.contains(secret), "{text}");
    }
    // The fingerprint is what allows it.
    let fingerprint = &behind[..12];
    repo.write("ai_policies.yaml", format!("secrets: {{allow: [{{fingerprint: \"{fingerprint}\", reason: it is made up}}]}}\n"));
    repo.commit("allow it");
    repo.orc(&["run", &plan(&environment, "", &workstreams)]).expect_code(0);
}
