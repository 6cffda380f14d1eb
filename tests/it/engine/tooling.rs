//! External tools: what they are told, what they print, which one is asked when one fails.

use git_orc::domain::run::state::RunStatus;

use super::rig::{Rig, assert_states, plan, reason, shell, with_tool};
use crate::harness::TestEnvironment;

/// A program that appends what it was told to `$HOME/told`, and then does what its script says.
const LISTENER: &str = "#!/bin/sh\nset -eu\n{ echo \"== $ORC_STEP $ORC_ATTEMPT\"; cat \"$1\"; } >>\"$HOME/told\"\n";

fn listener(rig: &Rig<'_>, then: &str) {
    rig.program("listener", &format!("{LISTENER}{then}\n"));
    rig.settings("tool_profiles.json", r#"{"listener": {"binary": "listener", "args": ["{prompt_file}"], "resolve": "markers"}}"#);
}

#[test]
fn a_tool_is_told_what_to_do_and_what_to_mend() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    listener(&rig, "if [ $ORC_STEP = fix ]; then echo good >a/x.txt; else echo bad >a/x.txt; fi");
    let more = "    files_forbid: [a/secret.txt]\n    acceptance_tests: [it is good]\n    static: [[sh, -c, 'cat a/x.txt; grep -q good a/x.txt || { echo \"a/x.txt:1:1: error: not good enough\"; exit 1; }']]\n";
    let state = rig.run(&plan("", &[with_tool("ws-a", "a/**", "tool: listener", more)]));
    assert_states(&state, RunStatus::Completed, &[("ws-a", "merged")]);
    let told = rig.home_file("told");
    let (edit, fix) = told.split_once("== fix 1\n").unwrap_or_else(|| panic!("no FIX step was told of: {told}"));
    assert!(edit.starts_with("== edit 1\n"), "{edit}");
    for text in ["say hello", "a/**", "Must not touch: a/secret.txt", "it is good"] {
        assert!(edit.contains(text) && fix.contains(text), "`{text}` is missing in {told}");
    }
    assert!(!edit.contains("What was found"), "{edit}");
    for text in ["a/x.txt:1: ", "not good enough", "`static` fails"] {
        assert!(fix.contains(text), "`{text}` is missing in {fix}");
    }
    rig.assert_sound();
}

#[test]
fn a_second_attempt_is_told_why_the_first_was_not_good_enough() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    listener(&rig, "echo x >a/x.txt; if [ $ORC_ATTEMPT = 1 ]; then echo y >b/x.txt; fi");
    let line = "  - id: ws-a\n    files_scope: [a/**]\n    tool: listener\n    tasks: [say hello]\n    retry: {max_attempts: 2, initial_delay_sec: 0.02}\n";
    let state = rig.run(&plan("", &[line.to_owned()]));
    assert_states(&state, RunStatus::Completed, &[("ws-a", "merged")]);
    let told = rig.home_file("told");
    let (_, second) = told.split_once("== edit 2\n").unwrap_or_else(|| panic!("there was no second attempt: {told}"));
    assert!(second.contains("b/x.txt"), "{second}");
    assert_eq!(rig.repo.ledger().of_kind("patch_quarantined").len(), 1);
    rig.assert_sound();
}

#[test]
fn a_tool_sees_its_variables_and_nothing_that_was_not_promised() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    let line = "env >$HOME/env-$ORC_WORKSTREAM; pwd -P >>$HOME/env-$ORC_WORKSTREAM; echo x >$ORC_WORKSTREAM/x.txt";
    let state = rig.run(&plan("", &[shell("a", "a/**", line, ""), shell("b", "b/**", line, "")]));
    assert_states(&state, RunStatus::Completed, &[("a", "merged"), ("b", "merged")]);
    let value = |who: &str, name: &str| {
        let text = rig.home_file(&format!("env-{who}"));
        text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=').map(str::to_owned))
    };
    assert_eq!(value("a", "ORC_RUN"), Some(state.run.to_string()));
    for (name, expect) in
        [("ORC_WORKSTREAM", "b"), ("ORC_STEP", "edit"), ("ORC_ATTEMPT", "1"), ("TERM", "dumb"), ("GIT_TERMINAL_PROMPT", "0")]
    {
        assert_eq!(value("b", name).as_deref(), Some(expect), "{name}");
    }
    for name in ["GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_CONFIG_GLOBAL", "GIT_CEILING_DIRECTORIES"] {
        assert_eq!(value("b", name), None, "{name}");
    }
    let home = value("b", "ORC_WORKTREE").unwrap();
    assert!(rig.home_file("env-b").ends_with(&format!("{home}\n")) && home.ends_with("/b"), "{home}");
    assert_ne!(value("a", "ORC_PORT_BASE").unwrap(), value("b", "ORC_PORT_BASE").unwrap());
    rig.assert_sound();
}

#[test]
fn a_worktree_is_prepared_before_the_tool_comes() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    rig.repo.write(".gitignore", "/cache\n/.env\n");
    rig.repo.write(".worktreeinclude", ".env\n");
    rig.repo.commit("ignored files");
    rig.repo.write(".env", "SECRET=1\n");
    rig.repo.write("cache/big", "not wanted\n");
    let before = rig.repo.fingerprint("orc/tour");
    let good = shell(
        "ws-a",
        "a/**",
        "cat .env cache/ready >a/x.txt; test ! -e cache/big",
        "    setup: [[mkdir, cache], 'sh -c \"echo ready >cache/ready\"']\n",
    );
    let bad = shell("ws-b", "b/**", "echo x >b/x.txt", "    setup: [[sh, -c, 'echo no way >&2; exit 3']]\n");
    let state = rig.run(&plan("", &[good, bad]));
    assert_states(&state, RunStatus::Failed, &[("ws-a", "merged"), ("ws-b", "failed")]);
    assert_eq!(rig.on("orc/tour", "a/x.txt"), "SECRET=1\nready");
    assert!(reason(&state, "ws-b").contains("no way"), "{}", reason(&state, "ws-b"));
    assert_eq!(rig.repo.git(&["ls-tree", "--name-only", "orc/tour", ".env", "cache"]), "");
    rig.repo.assert_untouched(&before);
    rig.assert_sound();
}

/// Makes a change on a scratch branch and returns the patch that stock git makes of it.
fn format_patch(rig: &Rig<'_>, change: impl FnOnce()) -> String {
    let head = rig.repo.git(&["rev-parse", "--abbrev-ref", "HEAD"]);
    rig.repo.git(&["switch", "--quiet", "--create", "scratch"]);
    change();
    rig.repo.commit("a change by hand");
    let patch = rig.repo.git(&["format-patch", "--stdout", "-1"]);
    rig.repo.git(&["switch", "--quiet", &head]);
    rig.repo.git(&["branch", "--quiet", "-D", "scratch"]);
    patch + "\n"
}

#[test]
fn a_printed_diff_is_taken_out_of_prose_and_fences() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    let lines: Vec<String> = (1..=10).map(|n| if n == 5 { "a line FIVE\n".to_owned() } else { format!("a line {n}\n") }).collect();
    let patch = format_patch(&rig, || {
        rig.repo.write("a/x.txt", lines.concat());
        rig.repo.write("a/new.txt", "new\n");
    });
    let diff = &patch[patch.find("diff --git").unwrap()..patch.find("\n-- \n").unwrap() + 1];
    rig.program("talker", &format!("#!/bin/sh\ncat <<'END'\nOf course! Here it is:\n\n```diff\n{diff}```\n\n- Done.\n+ Really.\nEND\n"));
    rig.program("liar", "#!/bin/sh\necho 'I would change nothing.'\n");
    rig.program("both", "#!/bin/sh\necho stray >c/stray.txt\ncat <<'END'\n--- a/c/x.txt\n+++ b/c/x.txt\n@@ -1,2 +1,2 @@\n-c line 1\n+c line ONE\n c line 2\nEND\n");
    let profile =
        |name: &str| format!("\"{name}\": {{\"binary\": \"{name}\", \"args\": [], \"stdin\": \"prompt\", \"output\": \"patch\"}}");
    rig.settings("tool_profiles.json", &format!("{{{}, {}, {}}}", profile("talker"), profile("liar"), profile("both")));
    let state = rig.run(&plan(
        "",
        &[
            with_tool("ws-a", "a/**", "tool: talker", ""),
            with_tool("ws-b", "b/**", "tool: liar", ""),
            with_tool("ws-c", "c/**", "tool: both", ""),
        ],
    ));
    assert_states(&state, RunStatus::Failed, &[("ws-a", "merged"), ("ws-b", "failed"), ("ws-c", "merged")]);
    assert_eq!(rig.on("orc/tour", "a/x.txt") + "\n", lines.concat());
    assert_eq!(rig.on("orc/tour", "a/new.txt"), "new");
    assert!(reason(&state, "ws-b").contains("no usable diff"), "{}", reason(&state, "ws-b"));
    assert!(rig.on("orc/tour", "c/x.txt").starts_with("c line ONE\n"));
    assert_eq!(rig.repo.git(&["ls-tree", "--name-only", "orc/tour", "c/"]), "c/x.txt", "what it changed beside its diff is not merged");
    let ledger = rig.repo.ledger();
    let stray = ledger.of_kind("patch_created").into_iter().find(|e| e["workstream"] == "ws-c" && e["origin"] == "salvage").unwrap();
    assert_eq!(rig.repo.git(&["show", &format!("{}:c/stray.txt", stray["commit"].as_str().unwrap())]), "stray", "but it is kept");
    rig.assert_sound();
}

#[test]
fn patches_of_stock_git_are_replayed_where_the_ground_has_moved() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    let text = |letter: &str, at: usize, word: &str| -> String {
        (1..=10).map(|n| if n == at { format!("{letter} line {word}\n") } else { format!("{letter} line {n}\n") }).collect()
    };
    let offset = format_patch(&rig, || rig.repo.write("a/x.txt", text("a", 5, "FIVE")));
    let moved = format_patch(&rig, || rig.repo.write("b/x.txt", text("b", 5, "FIVE")));
    let nowhere = format_patch(&rig, || rig.repo.write("c/x.txt", text("c", 5, "FIVE")));
    for (name, patch) in [("offset.patch", &offset), ("moved.patch", &moved), ("nowhere.patch", &nowhere)] {
        rig.beside_plan(name, patch);
    }
    // Three new lines on top shift the first patch. A changed neighbour keeps the second from applying, but its base is known: the
    // neighbour is outside of what both sides changed. The third one meets its own line changed.
    rig.repo.write("a/x.txt", format!("1\n2\n3\n{}", text("a", 0, "")));
    rig.repo.write("b/x.txt", text("b", 3, "THREE"));
    rig.repo.write("c/x.txt", text("c", 5, "other"));
    rig.repo.commit("the ground moves");
    let replay = |id: &str, patch: &str| with_tool(id, &format!("{}/**", &id[3..]), "tool: replay", &format!("    patches: [{patch}]\n"));
    let state = rig.run(&plan("", &[replay("ws-a", "offset.patch"), replay("ws-b", "moved.patch"), replay("ws-c", "nowhere.patch")]));
    assert_states(&state, RunStatus::Failed, &[("ws-a", "merged"), ("ws-b", "merged"), ("ws-c", "failed")]);
    assert_eq!(rig.on("orc/tour", "a/x.txt") + "\n", format!("1\n2\n3\n{}", text("a", 5, "FIVE")));
    assert_eq!(rig.on("orc/tour", "b/x.txt") + "\n", text("b", 3, "THREE").replace("b line 5", "b line FIVE"));
    assert!(reason(&state, "ws-c").contains("nowhere.patch"), "{}", reason(&state, "ws-c"));
    rig.assert_sound();
}

/// Two tools of one capability; the first one always fails.
fn two_tools(rig: &Rig<'_>) {
    rig.program("weak", "#!/bin/sh\necho try >>$HOME/weak\necho half >a/half.txt\necho 'out of ideas' >&2\nexit 9\n");
    rig.program("strong", "#!/bin/sh\nenv | grep -c '^ORC_' >$ORC_WORKSTREAM/x.txt\n");
    rig.settings(
        "tool_profiles.json",
        r#"{"weak": {"binary": "weak", "args": ["{prompt}"], "capabilities": ["wonders"]}, "strong": {"binary": "strong", "args": ["{prompt}"], "capabilities": ["wonders"]}}"#,
    );
}

#[test]
fn the_next_tool_of_a_capability_is_asked_when_one_fails() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    two_tools(&rig);
    let state = rig.run(&plan("", &[with_tool("a", "a/**", "capability: wonders", "")]));
    assert_states(&state, RunStatus::Completed, &[("a", "merged")]);
    let ledger = rig.repo.ledger();
    let rungs: Vec<&str> = ledger.of_kind("recovery_climbed").iter().map(|e| e["rung"].as_str().unwrap()).collect();
    assert_eq!(rungs, ["reduced_context", "next_tool"]);
    let tools: Vec<&str> = ledger.of_kind("step_started").iter().map(|e| e["tool"].as_str().unwrap()).collect();
    assert_eq!(tools, ["weak", "weak", "strong"]);
    assert_eq!(ledger.of_kind("patch_dropped").len(), 2, "what the failing tool did is kept");
    assert_eq!(rig.repo.git(&["ls-tree", "--name-only", "orc/tour", "a/"]), "a/x.txt", "and not merged");
    assert_eq!(rig.repo.git(&["log", "-1", "--format=%(trailers:key=Orc-Workstream,valueonly)", "orc/tour^2"]), "a");
    rig.assert_sound();
}

#[test]
fn a_tool_that_fails_three_times_in_a_row_is_left_alone() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    two_tools(&rig);
    let rest = "    retry: {max_attempts: 5, initial_delay_sec: 0.01, jitter: 0}\n    circuit_breaker: {on_exhausted: fail}\n";
    let all = |id: &str| {
        let one = with_tool(id, &format!("{id}/**"), "capability: wonders", "");
        one.replace("    retry: {max_attempts: 1}\n", rest)
    };
    let state = rig.run(&plan("max_workers: 1", &[all("a"), all("b"), all("c")]));
    assert_states(&state, RunStatus::Completed, &[("a", "merged"), ("b", "merged"), ("c", "merged")]);
    assert_eq!(rig.home_file("weak").lines().count(), 3, "it was asked again after its breaker had opened");
    let ledger = rig.repo.ledger();
    assert_eq!(ledger.of_kind("breaker_opened").len(), 1);
    assert_eq!(ledger.of_kind("breaker_opened")[0]["tool"], "weak");
    rig.assert_sound();
}

#[test]
fn a_breaker_lets_one_trial_through_after_a_while() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    rig.program("moody", "#!/bin/sh\necho try >>$HOME/moody\ntest $(wc -l <$HOME/moody) -gt 2 || exit 9\necho x >$ORC_WORKSTREAM/x.txt\n");
    rig.settings("tool_profiles.json", r#"{"moody": {"binary": "moody", "args": ["{prompt}"]}}"#);
    rig.settings("circuit_breaker_config.yaml", "breaker: {failure_threshold: 2, cooldown_sec: 1}\n");
    let one = with_tool("a", "a/**", "tool: moody", "").replace("max_attempts: 1", "max_attempts: 4, initial_delay_sec: 0.01, jitter: 0");
    let state = rig.run(&plan("", &[one]));
    assert_states(&state, RunStatus::Completed, &[("a", "merged")]);
    let ledger = rig.repo.ledger();
    let stamp = |kind: &str| -> jiff::Timestamp { ledger.of_kind(kind)[0]["ts"].as_str().unwrap().parse().unwrap() };
    let waited = stamp("breaker_closed").duration_since(stamp("breaker_opened"));
    assert!(waited.as_millis() >= 1000, "the trial came after {waited:?}");
    rig.assert_sound();
}

#[test]
fn what_waits_for_a_person_is_run_again_with_its_dependents() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    let pausing = shell("a", "a/**", "test -e $HOME/ready && echo x >a/x.txt", "    circuit_breaker: {on_exhausted: pause}\n");
    let after = shell("b", "b/**", "cat a/x.txt >b/x.txt", "    depends_on: [a]\n");
    let state = rig.run(&plan("", &[pausing, after, shell("c", "c/**", "echo c >c/x.txt", "")]));
    assert_states(&state, RunStatus::Paused, &[("a", "paused"), ("b", "blocked"), ("c", "merged")]);
    assert_eq!(rig.on("orc/tour", "c/x.txt"), "c", "the rest goes on");
    rig.assert_sound();
    // Nothing has changed: it pauses again, and nothing is lost by that.
    assert_states(&rig.resume(), RunStatus::Paused, &[("a", "paused"), ("b", "blocked"), ("c", "merged")]);
    std::fs::write(environment.home().join("ready"), "").unwrap();
    let state = rig.resume();
    assert_states(&state, RunStatus::Completed, &[("a", "merged"), ("b", "merged"), ("c", "merged")]);
    assert_eq!(rig.on("orc/tour", "b/x.txt"), "x");
    assert_eq!(rig.repo.ledger().of_kind("workstream_merged").len(), 3, "what was merged is not merged again");
    rig.assert_sound();
}

#[test]
fn the_profiles_of_a_repository_win_over_those_of_the_user() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    let profile = |word: &str| format!(r#"{{"greeter": {{"binary": "sh", "args": ["-c", "echo {word} > a/x.txt"]}}}}"#);
    rig.settings("tool_profiles.json", &profile("user"));
    rig.repo.write(".git-orc/tool_profiles.json", profile("repository"));
    let state = rig.run(&plan("", &[with_tool("ws-a", "a/**", "tool: greeter", "")]));
    assert_states(&state, RunStatus::Completed, &[("ws-a", "merged")]);
    assert_eq!(rig.on("orc/tour", "a/x.txt"), "repository");
    rig.assert_sound();
}

#[test]
fn whoever_resolves_a_conflict_is_told_what_the_other_side_did_there() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    // Others have changed the same line, and afterwards something else.
    rig.repo.git(&["worktree", "add", "--quiet", "-b", "theirs", "../aside"]);
    for (path, message) in [("a/x.txt", "The line is theirs"), ("b/x.txt", "Something else")] {
        std::fs::write(rig.repo.path().join("../aside").join(path), "theirs\n").unwrap();
        rig.repo.git(&["-C", "../aside", "commit", "--quiet", "--all", "--message", message]);
    }
    rig.repo.git(&["worktree", "remove", "../aside"]);
    listener(&rig, "if [ $ORC_STEP = edit ]; then git update-ref refs/heads/orc/tour refs/heads/theirs; fi; echo ours >a/x.txt");
    let state = rig.run(&plan("", &[with_tool("ws-a", "a/**", "tool: listener", "")]));
    assert_states(&state, RunStatus::Completed, &[("ws-a", "merged")]);
    let told = rig.home_file("told");
    let (_, resolve) = told.split_once("== resolve 1\n").unwrap_or_else(|| panic!("nothing was to be resolved: {told}"));
    assert!(resolve.contains("a/x.txt") && resolve.contains("The line is theirs"), "{resolve}");
    assert!(!resolve.contains("Something else"), "{resolve}");
    rig.assert_sound();
}
