//! The constraints of `PROJECT_PROFILE.yaml`: a layer of the policies, and what is asked of plans.

use std::fs;

use super::runs::{notes, of_user, plan, reasons, repository, shell};
use crate::harness::TestEnvironment;

const PLACES: [&str; 2] = ["PROJECT_PROFILE.yaml", ".git-orc/PROJECT_PROFILE.yaml"];

#[test]
fn patches_keep_to_the_profile_of_the_base_commit() {
    for place in PLACES {
        let environment = TestEnvironment::in_memory();
        let profile = "constraints: {max_files_changed: 2, max_lines_changed: 4, ascii_only: true, patch_only: true}\n";
        let repo = repository(&environment, &[(place, profile)]);
        // What the work tree says later changes nothing of that.
        repo.write(place, "constraints: {}\n");
        let many = "for n in 1 2 3; do echo $n >b/$n.txt; done";
        let plan = plan(
            &environment,
            "",
            &[
                shell("many", "b/**", many),
                shell("umlaut", "a/**", "printf 'a\\n\\303\\274\\n' >a/y.txt"),
                shell("long", "c/**", "mkdir c; seq 9 >c/x"),
                shell("good", "d/**", "mkdir d; echo fine >d/x"),
            ],
        );
        repo.orc(&["run", &plan]).expect_code(3);
        let told = reasons(&repo, "workstream_quarantined").concat() + &["many", "umlaut", "long"].map(|id| notes(&repo, id)).concat();
        for part in [
            "changes 3 files, more than the 2 of `constraints.max_files_changed`",
            "changes 9 lines, more than the 4 of `constraints.max_lines_changed`",
            "`a/y.txt:2` holds a character beyond ASCII, U+00FC, which `constraints.ascii_only` refuses",
        ] {
            assert!(told.contains(part), "`{part}` is not in\n{told}");
        }
        assert_eq!(repo.git(&["diff", "--name-only", "main", "orc/tour"]), "d/x");
        let frozen = repo.git(&["ls-tree", "-r", "--name-only", "refs/orc/ledger"]);
        assert!(frozen.contains("policies/0001-PROJECT_PROFILE.yaml"), "{frozen}");
        repo.assert_sound();
        repo.orc(&["verify"]).expect_code(0);
    }
}

#[test]
fn a_larger_number_than_a_lower_layer_has_is_refused_with_both_places() {
    let environment = TestEnvironment::in_memory();
    of_user(&environment, "limits: {max_files_changed: 3}\n");
    let repo = repository(
        &environment,
        &[
            ("PROJECT_PROFILE.yaml", "constraints:\n  max_files_changed: 4\n  max_lines_changed: 9\n"),
            ("ai_policies.yaml", "limits: {max_lines_changed: 10}\n"),
        ],
    );
    let plan = plan(&environment, "", &[shell("ws", "b/**", "echo new >b/x.txt")]);
    for arguments in [&["run", plan.as_str()][..], &["validate", &plan], &["config", "check"]] {
        let outcome = repo.orc(arguments).expect_code(1);
        let told = outcome.stdout + &outcome.stderr;
        for part in ["`max_files_changed` grows from 3 to 4", "`max_lines_changed` grows from 9 to 10"] {
            assert!(told.contains(part), "`{part}` is not in\n{told}");
        }
    }
    let shown = repo.orc(&["validate", &plan]).stdout;
    for part in ["PROJECT_PROFILE.yaml:2:22", "ai_policies.yaml:1:", "tighter here", "PROJECT_PROFILE.yaml:3:22"] {
        assert!(shown.contains(part), "`{part}` is not in\n{shown}");
    }
}

#[test]
fn plans_name_issues_and_have_tests_where_that_is_asked() {
    let environment = TestEnvironment::in_memory();
    let repo = repository(&environment, &[("PROJECT_PROFILE.yaml", "constraints: {require_issue_ref: true, tests_must_pass: true}\n")]);
    let plan = plan(&environment, "", &[shell("ws", "b/**", "echo new >b/x.txt")]);
    for verb in ["validate", "run"] {
        let outcome = repo.orc(&[verb, &plan]).expect_code(1);
        let told = outcome.stdout + &outcome.stderr;
        for part in ["error[missing-issue]: workstream `ws` names no issue", "plan.yaml:5:", "warning[untested]"] {
            assert!(told.contains(part), "`{part}` is not in\n{told}");
        }
    }
    let named = fs::read_to_string(&plan).unwrap().replace("{id: ws,", "{id: ws, ccpm_issue: 7,");
    fs::write(&plan, &named).unwrap();
    let told = repo.orc(&["validate", &plan]).expect_code(0).stdout;
    assert!(told.contains("1 warning") && !told.contains("missing-issue"), "{told}");
    let ran = repo.orc(&["run", &plan]).expect_code(0);
    assert!(ran.stderr.contains("nothing runs the tests of `ws`"), "{}", ran.stderr);
    fs::write(&plan, named.replace("{id: ws,", "{id: ws, runtime: [[test, -f, b/x.txt]],")).unwrap();
    let told = repo.orc(&["validate", &plan]).expect_code(0).stdout;
    assert!(!told.contains("warning"), "{told}");
}

#[test]
fn a_resume_asks_nothing_new() {
    let environment = TestEnvironment::in_memory();
    let repo = repository(&environment, &[("ai_policies.yaml", "zones: {review_required: {paths: [b/**]}}\n")]);
    let plan = plan(&environment, "", &[shell("ws", "b/**", "echo new >b/x.txt")]);
    repo.orc(&["run", &plan]);
    repo.write("PROJECT_PROFILE.yaml", "constraints: {require_issue_ref: true, max_files_changed: 1, ascii_only: true}\n");
    repo.commit("asks");
    let resumed = repo.orc(&["resume"]);
    assert!(!resumed.stderr.contains("names no issue"), "{}", resumed.stderr);
}

#[test]
fn every_mistake_of_gates_and_policies_is_told_with_those_of_the_plan() {
    let environment = TestEnvironment::in_memory();
    let files = [("QUALITY_GATE.yaml", "gates: [{id: a, comand: [x]}]\n"), ("ai_policies.yaml", "limits: {binary: never}\n")];
    let repo = repository(&environment, &files);
    let good = plan(&environment, "", &[shell("ws", "b/**", "echo new >b/x.txt")]);
    let told = repo.orc(&["validate", &good]).expect_code(1).stdout;
    for part in ["QUALITY_GATE.yaml:1:17", "unknown key `comand`", "ai_policies.yaml:1:18", "unknown value `never`", "invalid "] {
        assert!(told.contains(part), "`{part}` is not in\n{told}");
    }
    let document = repo.orc(&["validate", "--json", &good]).expect_code(1).json();
    assert_eq!(document["plans"][0]["valid"], false);
    let bad = plan(&environment, "", &[shell("ws", "[", "true")]);
    let told = repo.orc(&["validate", &bad]).expect_code(1).stdout;
    for part in ["bad-glob", "unknown key `comand`", "unknown value `never`"] {
        assert!(told.contains(part), "`{part}` is not in\n{told}");
    }
    let told = repo.orc(&["config", "check"]).expect_code(1).stdout;
    assert!(told.contains("never") && told.contains("comand"), "{told}");
    // What is no file is told like a file that says nothing good.
    repo.git(&["rm", "-q", "QUALITY_GATE.yaml", "ai_policies.yaml"]);
    for name in ["QUALITY_GATE.yaml", "ai_policies.yaml"] {
        std::os::unix::fs::symlink("a/x.txt", repo.path().join(name)).unwrap();
    }
    repo.commit("links");
    let told = repo.orc(&["validate", &good]).expect_code(1).stdout;
    assert_eq!(told.matches("unusable-file").count(), 2, "{told}");
}
