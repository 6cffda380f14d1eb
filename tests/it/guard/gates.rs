//! Gates stand on files of the base commit (T5).

use super::{project, run, shell, state_of};
use crate::harness::{TestEnvironment, TestRepo};

/// A project with a gate of its own in `ci/check.sh`, a `Makefile` and rules.
fn gated(environment: &TestEnvironment) -> TestRepo<'_> {
    let repo = project(environment);
    repo.write("ci/check.sh", "#!/bin/sh\n. ci/lib.sh\n! grep -rq poison a b c\n");
    repo.write("ci/lib.sh", "set -e\n");
    repo.write("Makefile", "check:\n\t! grep -rq poison a b c\n");
    repo.write("rules.conf", "poison\n");
    repo.write("package.json", "{\"scripts\": {\"test\": \"! grep -rq poison a b c\"}}\n");
    repo.write("conftest.py", "strict = True\n");
    repo.write("tests/one.sh", "! grep -rq poison a b c\n");
    std::fs::set_permissions(repo.path().join("ci/check.sh"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    repo.commit("a gate");
    repo
}

/// Whether an edit is stopped.
#[derive(Debug, PartialEq)]
enum Fate {
    /// The gate runs as it did before.
    Stopped,
    /// The policy of protected paths lets no patch like this land.
    Refused,
    /// Only a policy of protected paths can stop it.
    Passes,
}
use Fate::{Passes, Refused, Stopped};

const SCRIPT: &str = "[ci/check.sh]";
const SHELL: &str = "[sh, -c, 'sh ./ci/check.sh']";
const MAKE: &str = "[make, check]";
const NPM: &str = "[npm, test]";
const RULES: &str = "{command: [sh, -c, '! grep -rqf rules.conf a'], config: [rules.conf]}";
const LIB: &str = "{command: [ci/check.sh], config: ['ci/**']}";
const TESTS: &str = "[sh, -c, 'for t in tests/*.sh; do sh $t || exit 1; done']";
const TESTS_LISTED: &str = "{command: [sh, -c, 'for t in tests/*.sh; do sh $t || exit 1; done'], config: ['tests/**']}";
const PYTEST: &str = "[pytest]";

/// The gate, how a workstream weakens it, and what comes of it.
const EDITS: [(&str, &str, Fate); 20] = [
    (SCRIPT, ": >ci/check.sh", Stopped),
    (SCRIPT, "printf '#!/bin/sh\\nexit 0\\n' >ci/check.sh", Stopped),
    (SCRIPT, "rm ci/check.sh; printf '#!/bin/sh\\n' >ci/check.sh; chmod +x ci/check.sh", Stopped),
    (SCRIPT, "rm ci/check.sh; chmod +x ci/lib.sh; ln -s lib.sh ci/check.sh", Stopped),
    (SCRIPT, "rm -r ci; printf '#!/bin/sh\\n' >ci", Stopped),
    (SHELL, "echo exit 0 >ci/check.sh", Stopped),
    (MAKE, "printf 'check:\\n\\ttrue\\n' >Makefile", Stopped),
    (MAKE, "printf '.IGNORE:\\n' >>Makefile", Stopped),
    (NPM, "echo '{\"scripts\": {\"test\": \"true\"}}' >package.json", Stopped),
    (NPM, "rm package.json", Stopped),
    (PYTEST, "echo 'strict = False' >conftest.py", Stopped),
    (RULES, "echo nothing >rules.conf", Stopped),
    (LIB, "echo exit 0 >ci/lib.sh", Stopped),
    (TESTS_LISTED, "rm tests/one.sh; touch tests/none.sh", Stopped),
    (TESTS_LISTED, "echo true >tests/one.sh", Stopped),
    (SCRIPT, "echo exit 0 >ci/lib.sh", Passes),
    (TESTS, "rm tests/one.sh; touch tests/none.sh", Passes),
    (MAKE, "printf 'check:\\n\\ttrue\\n' >GNUmakefile", Passes),
    (SCRIPT, "echo 'a/** -text' >.gitattributes; echo exit 0 >ci/lib.sh", Refused),
    (TESTS, "echo 'true' >tests/one.sh", Passes),
];

/// Programs that read their rules from the files that the tests change.
const PROGRAMS: [(&str, &str); 2] = [
    ("npm", "#!/bin/sh\neval \"$(sed -n 's/.*\"test\": *\"\\(.*\\)\".*/\\1/p' package.json)\"\n"),
    ("pytest", "#!/bin/sh\ngrep -q 'strict = False' conftest.py || ! grep -rq poison a b c\n"),
];

#[test]
#[ignore = "a run for each of 20 edits takes several seconds"]
fn no_workstream_weakens_the_gate_that_judges_it() {
    for (gate, edit, fate) in EDITS {
        let environment = TestEnvironment::new();
        let repo = gated(&environment);
        for (name, script) in PROGRAMS {
            std::fs::write(environment.bin().join(name), script).unwrap();
            std::fs::set_permissions(environment.bin().join(name), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        }
        let line = format!("echo poison >a/x.txt; {edit}");
        let outcome = run(&environment, &repo, &format!("gates: {{ wave: [{gate}] }}"), &[shell("ws-a", "**", &line)]);
        let gates = repo.ledger();
        let found = match (outcome.code(), gates.of_kind("gate_finished").is_empty()) {
            (0, _) => Passes,
            (_, true) => Refused,
            (_, false) => Stopped,
        };
        assert_eq!(found, fate, "{gate}: {edit}\n{}", outcome.stderr);
        if fate != Passes {
            assert_eq!(state_of(&outcome.json(), "ws-a"), "quarantined", "{edit}");
        }
        if fate == Stopped {
            assert!(gates.of_kind("gate_finished").iter().any(|gate| gate["from_base"].is_array()), "{edit}");
        }
        repo.assert_sound();
    }
}

#[test]
fn what_lands_is_the_merge_and_what_was_taken_is_told() {
    let environment = TestEnvironment::new();
    let repo = gated(&environment);
    let line = "echo fine >a/x.txt; echo '# better' >>ci/check.sh";
    let outcome = run(&environment, &repo, "gates: { wave: [[ci/check.sh]] }", &[shell("ws-a", "**", line)]).expect_code(0);
    let ledger = repo.ledger();
    let gate = ledger.of_kind("gate_finished")[0];
    assert_eq!(gate["from_base"], serde_json::json!(["ci/check.sh"]));
    assert_eq!(gate["tree"].as_str().unwrap(), repo.git(&["rev-parse", "orc/tour^{tree}"]), "the verdict is about what lands");
    assert!(repo.git(&["show", "orc/tour:ci/check.sh"]).ends_with("# better"));
    let log =
        format!(".git/orc/runs/{}/{}", outcome.json()["run"].as_str().unwrap().to_lowercase(), gate["output"]["path"].as_str().unwrap());
    assert!(repo.read(&log).contains("git-orc: `ci/check.sh` was taken from the base commit"));
    repo.assert_sound();
}

#[test]
fn a_check_that_changes_what_it_checks_is_told() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let one = shell("ws-a", "a/**", "echo a >a/x.txt") + "    static: [[sh, -c, 'echo formatted >a/x.txt; echo built >a/built']]\n";
    run(&environment, &repo, "", &[one]).expect_code(0);
    let ledger = repo.ledger();
    let notes = ledger.of_kind("step_finished")[1]["notes"].to_string();
    assert!(notes.contains("`a/x.txt` changed after the capture") && !notes.contains("a/built"), "{notes}");
    assert_eq!(repo.git(&["show", "orc/tour:a/x.txt"]), "a");
}
