//! The shared files of the git directory (T1), and the files that lead to a repository (T2).

use super::{changes, project, run, shell, state_of};
use crate::harness::TestEnvironment;

/// Shell lines that change what a tool has no business with, from the top of its worktree; `$G` is the main git directory. With each: the
/// name that is told, and a part of the keys.
const MUTATIONS: [(&str, &str, &str); 14] = [
    ("git config core.fsmonitor 'touch /tmp/pwned'", "config", "core.fsmonitor"),
    ("git config core.hooksPath /tmp/hooks", "config", "core.hookspath"),
    ("git config filter.x.clean 'sh -c evil'", "config", "filter.x.clean"),
    ("git config alias.status '!evil'", "config", "alias.status"),
    ("git config include.path /tmp/evil.config", "config", "include.path"),
    (
        "git config credential.helper '!cat >/tmp/stolen'; git config url.https://evil/.insteadOf https://example.org/",
        "config",
        "url.https://evil/.insteadof",
    ),
    ("printf '\\n[hook \"x\"]\\n\\tcommand = evil\\n\\tevent = pre-commit\\n' >>$G/config", "config", "hook.x.command"),
    ("printf '#!/bin/sh\\nevil\\n' >$G/hooks/post-checkout; chmod +x $G/hooks/post-checkout", "hooks/post-checkout", ""),
    ("printf '#!/bin/sh\\nevil\\n' >$G/hooks/pre-push", "hooks/pre-push", ""),
    ("rm -r $G/hooks", "hooks", ""),
    ("printf '[core]\\n\\tfsmonitor = evil\\n' >$G/config.worktree", "config.worktree", "core.fsmonitor"),
    ("echo '* filter=x' >$G/info/attributes", "info/attributes", ""),
    ("echo '*' >$G/info/exclude", "info/exclude", ""),
    ("echo /tmp/evil/objects >$G/objects/info/alternates", "objects/info/alternates", ""),
];

#[test]
#[ignore = "a run for each of 14 mutations takes several seconds"]
fn every_mutation_of_shared_files_is_found_and_put_back() {
    for (line, name, key) in MUTATIONS {
        let environment = TestEnvironment::new();
        let repo = project(&environment);
        let before = repo.fingerprint("orc/tour");
        let line = format!("G=$(git rev-parse --path-format=absolute --git-common-dir); {line}; echo a >a/x.txt");
        let outcome = run(&environment, &repo, "", &[shell("ws-a", "a/**", &line), shell("ws-b", "b/**", "echo b >b/x.txt")]);
        let outcome = outcome.expect_code(3);
        repo.assert_untouched(&before);
        let found = changes(&repo, "integrity_violated");
        // The other workstream may end, and be looked after, between two changes of the line.
        let told: Vec<_> = found.iter().filter(|change| change["name"] == name).collect();
        assert!(!told.is_empty() && told.iter().all(|change| change["restored"] == true), "{line}: {found:?}");
        let keys = |change: &&serde_json::Value| change["keys"].as_array().is_some_and(|keys| keys.iter().any(|known| known == key));
        assert!(key.is_empty() || told.iter().any(keys), "{line}: {told:?}");
        let told = serde_json::to_string(&told).unwrap();
        assert!(!told.contains("evil'") && !told.contains("pwned"), "values are never told: {told}");
        assert_eq!(state_of(&outcome.json(), "ws-a"), "quarantined", "{line}");
        let patches = repo.ledger().of_kind("patch_quarantined").len();
        assert!(patches >= 1, "{line}: the patch is kept");
        repo.assert_sound();
        repo.ledger().assert_sound();
    }
}

#[test]
fn what_stood_there_is_kept_and_people_are_told() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let line = "git config core.hooksPath /tmp/hooks; echo a >a/x.txt";
    let outcome = run(&environment, &repo, "", &[shell("ws-a", "a/**", line)]).expect_code(3);
    let report = &outcome.json()["integrity"][0];
    assert_eq!((&report["workstream"], &report["step"], &report["consequence"]), (&"ws-a".into(), &"edit".into(), &"stopped".into()));
    let kept = report["changes"][0]["kept"].as_str().unwrap();
    let run = outcome.json()["run"].as_str().unwrap().to_lowercase();
    assert!(repo.read(&format!(".git/orc/runs/{run}/{kept}")).contains("/tmp/hooks"));
    for arguments in [&["status"][..], &["show", "ws-a"], &["log"]] {
        let text = repo.orc(arguments).stdout;
        assert!(text.contains("(core.hookspath) was changed and put back"), "{arguments:?}: {text}");
    }
    let subjects = repo.git(&["log", "--format=%s", "refs/orc/ledger"]);
    assert!(subjects.contains("integrity violated: ws-a edit #1: `config` of the git directory (core.hookspath)"), "{subjects}");
}

#[test]
fn checks_are_watched_as_tools_are() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let before = repo.fingerprint("orc/tour");
    let one = shell("ws-a", "a/**", "echo a >a/x.txt") + "    static: [[sh, -c, 'git config core.pager evil']]\n";
    let outcome = run(&environment, &repo, "", &[one]).expect_code(3);
    repo.assert_untouched(&before);
    assert_eq!(state_of(&outcome.json(), "ws-a"), "quarantined");
    assert_eq!(repo.ledger().of_kind("integrity_violated")[0]["step"], "static");
}

#[test]
fn a_tool_that_is_known_to_mean_well_goes_on() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let script = "#!/bin/sh\ngit config core.hooksPath .husky\necho a >a/x.txt\n";
    std::fs::write(environment.bin().join("kind"), script).unwrap();
    std::fs::set_permissions(environment.bin().join("kind"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let folder = environment.root().join("config/git-orc");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("tool_profiles.json"), r#"{"kind": {"binary": "kind", "integrity": "restore"}}"#).unwrap();
    let before = repo.fingerprint("orc/tour");
    let one = "  - id: ws-a\n    files_scope: [\"a/**\"]\n    tool: kind\n    tasks: [x]\n".to_owned();
    let outcome = run(&environment, &repo, "", &[one]).expect_code(0);
    repo.assert_untouched(&before);
    assert_eq!(outcome.json()["integrity"][0]["consequence"], "restored");
    assert_eq!(state_of(&outcome.json(), "ws-a"), "merged");
}

#[test]
fn two_at_work_at_once_are_both_suspected() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    // Each waits for the other to have begun, so that both are at work when the configuration changes.
    let meet = |own: &str, other: &str| format!("touch $HOME/{own}; while ! test -e $HOME/{other}; do sleep 0.01; done; ");
    let one = meet("one", "two") + "git config core.editor evil; echo a >a/x.txt; touch $HOME/done";
    let two = meet("two", "one") + "while ! test -e $HOME/done; do sleep 0.01; done; echo b >b/x.txt";
    let outcome = run(&environment, &repo, "max_workers: 2", &[shell("ws-a", "a/**", &one), shell("ws-b", "b/**", &two)]).expect_code(3);
    for id in ["ws-a", "ws-b"] {
        assert_eq!(state_of(&outcome.json(), id), "quarantined");
    }
    let ledger = repo.ledger();
    let others: Vec<String> =
        ledger.of_kind("integrity_violated").iter().map(|entry| entry["others"][0].as_str().unwrap().to_owned()).collect();
    assert_eq!(others.iter().collect::<std::collections::BTreeSet<_>>().len(), 2, "{others:?}");
}

/// Ways to lead the worktree's own files to another repository.
const REDIRECTS: [&str; 4] = [
    "echo \"gitdir: $HOME/evil/.git\" >.git",
    "echo $HOME/evil/.git >$(git rev-parse --absolute-git-dir)/commondir",
    "echo $HOME/evil/.git >$(git rev-parse --absolute-git-dir)/gitdir",
    "printf '[core]\\n\\tfsmonitor = touch %s/pwned\\n' $HOME >$(git rev-parse --absolute-git-dir)/config.worktree",
];

#[test]
#[ignore = "a run for each of 4 variants takes a second or two"]
fn files_that_lead_to_a_repository_are_put_right() {
    for line in REDIRECTS {
        let environment = TestEnvironment::new();
        let repo = project(&environment);
        environment.run("git", &["init", "--quiet", "home/evil"]).expect_code(0);
        std::fs::write(environment.home().join("evil/.git/config"), "[core]\n\tfsmonitor = touch $HOME/pwned\n").unwrap();
        let before = repo.fingerprint("orc/tour");
        let outcome = run(&environment, &repo, "", &[shell("ws-a", "a/**", &format!("echo a >a/x.txt; {line}"))]).expect_code(0);
        repo.assert_untouched(&before);
        let notes = repo.ledger().of_kind("step_finished")[0]["notes"].to_string();
        assert!(notes.contains("was restored"), "{line}: {notes}");
        assert!(!environment.home().join("pwned").exists(), "{line}");
        assert_eq!(state_of(&outcome.json(), "ws-a"), "merged");
        repo.assert_sound();
    }
}

#[test]
fn a_worktree_of_the_users_is_guarded_too() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    repo.git(&["worktree", "add", "--quiet", "../mine", "topic"]);
    let line = "G=$(git rev-parse --path-format=absolute --git-common-dir); echo $HOME >$G/worktrees/mine/commondir; echo a >a/x.txt";
    let outcome = run(&environment, &repo, "", &[shell("ws-a", "a/**", line)]).expect_code(3);
    assert_eq!(state_of(&outcome.json(), "ws-a"), "quarantined");
    assert_eq!(changes(&repo, "integrity_violated")[0]["name"], "worktrees/mine/commondir");
    assert_eq!(repo.git(&["-C", "../mine", "status", "--porcelain"]), "");
}

#[test]
fn what_a_killed_driver_did_not_watch_is_named_by_the_next_one() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let up = environment.home().join("up");
    let line = "git config core.hooksPath /tmp/hooks; echo x >$(git rev-parse --git-common-dir)/hooks/post-merge; touch $HOME/up; sleep 60";
    let plan = environment.root().join("plan.yaml");
    let again = "test -e $HOME/up && { echo a >a/x.txt; exit; }";
    std::fs::write(&plan, format!("version: 1\nname: tour\nworkstreams:\n{}\n", shell("ws-a", "a/**", &format!("{again}; {line}"))))
        .unwrap();
    let running = repo.start_orc(&["run", plan.to_str().unwrap()]);
    let start = std::time::Instant::now();
    while !up.exists() {
        assert!(start.elapsed().as_secs() < 30, "the tool does not begin");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    running.kill();
    let resumed = repo.orc(&["resume"]).expect_code(0);
    for name in ["`config` of the git directory was changed", "`hooks/post-merge` of the git directory was added"] {
        assert!(resumed.stderr.contains(name), "{}", resumed.stderr);
    }
    assert_eq!(resumed.stderr.matches(" of the git directory ").count(), 2, "{}", resumed.stderr);
    assert_eq!(repo.git(&["config", "core.hooksPath"]), "/tmp/hooks", "it may be the user's");
}
