//! Diffs are applied as git applies them, or refused with the reason.

use std::fs;

use git_orc::domain::policy::path::PathRules;
use git_orc::io::git::apply::{ApplyError, ApplyOutcome, Fallback, apply_diff};

use super::{Lab, set_mode};

fn lines(from: usize, to: usize) -> String {
    (from..=to).map(|i| format!("line {i}\n")).collect()
}

fn apply(lab: &Lab, diff: &str) -> Result<ApplyOutcome, ApplyError> {
    apply_diff(&lab.repo(), lab.tree("HEAD"), diff.as_bytes(), &PathRules::default())
}

#[test]
fn whatever_git_diff_prints_is_applied() {
    for options in [&[][..], &["--no-prefix"], &["-M", "-C", "--find-copies-harder"], &["-U0"], &["--src-prefix=i/", "--dst-prefix=w/"]] {
        let lab = Lab::with(&[("a b", &lines(1, 20)), ("mode me", "m\n"), ("gone", ""), ("moved", &lines(30, 60)), ("dir/x", "x\n")]);
        let base = lab.head();
        lab.write("a b", &lines(1, 20).replace("line 7", "seven"));
        set_mode(&lab.repo_dir().join("mode me"), 0o755);
        fs::remove_file(lab.repo_dir().join("gone")).unwrap();
        fs::rename(lab.repo_dir().join("moved"), lab.repo_dir().join("moved too")).unwrap();
        lab.write("empty", "");
        lab.write("caf\u{e9}/new\tname", "no newline");
        fs::write(lab.repo_dir().join("binary"), [0, 1, 2, 255]).unwrap();
        std::os::unix::fs::symlink("dir/x", lab.repo_dir().join("link")).unwrap();
        let expected = {
            lab.commit();
            lab.tree("HEAD")
        };
        let diff = lab
            .run(
                "git",
                &lab.repo_dir(),
                &[&["diff", "--binary", "HEAD^", "HEAD"][..], options].concat().iter().map(std::ffi::OsStr::new).collect::<Vec<_>>(),
            )
            .stdout;
        lab.git(["reset", "-q", "--hard", &base.to_string()]);
        // A tab in a name is a control character, which the rules refuse; so the name goes by another way here.
        let diff = String::from_utf8(diff).unwrap();
        let refused = apply(&lab, &diff).unwrap_err();
        assert!(matches!(&refused, ApplyError::BadPaths(bad) if bad.len() == 1), "{options:?} {refused}");
        assert_ne!(expected, lab.tree("HEAD"));
    }
}

#[test]
fn results_equal_those_of_the_commit() {
    for options in [&[][..], &["--no-prefix"], &["-M", "-C", "--find-copies-harder"], &["--src-prefix=i/", "--dst-prefix=w/"]] {
        let lab = Lab::with(&[("a b", &lines(1, 20)), ("mode me", "m\n"), ("gone", ""), ("moved", &lines(30, 60)), ("dir/x", "x\n")]);
        let base = lab.head();
        lab.write("a b", &lines(1, 20).replace("line 7", "seven"));
        set_mode(&lab.repo_dir().join("mode me"), 0o755);
        fs::remove_file(lab.repo_dir().join("gone")).unwrap();
        fs::rename(lab.repo_dir().join("moved"), lab.repo_dir().join("moved too")).unwrap();
        lab.write("empty", "");
        lab.write("caf\u{e9}/new", "no newline");
        fs::write(lab.repo_dir().join("binary"), [0, 1, 2, 255]).unwrap();
        lab.commit();
        let expected = lab.tree("HEAD");
        let args: Vec<&std::ffi::OsStr> = ["diff", "--binary", "HEAD^", "HEAD"].iter().chain(options).map(std::ffi::OsStr::new).collect();
        let diff = lab.run("git", &lab.repo_dir(), &args).stdout;
        lab.git(["reset", "-q", "--hard", &base.to_string()]);
        let before = lab.git(["status", "--porcelain"]);
        let outcome =
            apply_diff(&lab.repo(), lab.tree("HEAD"), &diff, &PathRules::default()).unwrap_or_else(|e| panic!("{options:?}: {e}"));
        assert_eq!((outcome.tree, outcome.fallback), (expected, Fallback::None), "{options:?}");
        assert!(outcome.objects.contains(&expected));
        assert_eq!(lab.git(["status", "--porcelain"]), before);
    }
}

#[test]
fn moved_hunks_and_changed_context_are_found() {
    let lab = Lab::with(&[("x", &lines(1, 40))]);
    lab.write("x", &lines(1, 40).replace("line 20\n", "twenty\n"));
    let diff = lab.git(["diff"]) + "\n";
    lab.write("x", &(lines(100, 120) + &lines(1, 40)));
    lab.commit();
    assert_eq!(apply(&lab, &diff).unwrap().fallback, Fallback::None);
    lab.write("x", &lines(1, 40).replace("line 18\n", "eighteen\n"));
    lab.commit();
    let outcome = apply(&lab, &diff).unwrap();
    assert_eq!(outcome.fallback, Fallback::ThreeWay);
    let merged = lab.git(["cat-file", "blob", &format!("{}:x", outcome.tree)]);
    assert!(merged.contains("eighteen\n") && merged.contains("twenty\n"));
}

#[test]
fn what_does_not_fit_is_refused_with_the_reason() {
    let lab = Lab::with(&[("x", &lines(1, 40))]);
    lab.write("x", &lines(1, 40).replace("line 20\n", "twenty\n"));
    let diff = lab.git(["diff"]) + "\n";
    lab.write("x", &lines(1, 40).replace("line 20\n", "zwanzig\n"));
    lab.commit();
    assert!(matches!(apply(&lab, &diff), Err(ApplyError::Conflict { paths }) if paths.len() == 1));
    let foreign = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-never there\n+new\n";
    assert!(matches!(apply(&lab, foreign), Err(ApplyError::Rejected { message }) if message.contains("x")));
    assert!(matches!(apply(&lab, "no diff at all\n"), Err(ApplyError::Rejected { .. })));
    for bad in ["../evil", "/etc/evil", ".git/hooks/post-checkout", "a/.GIT/config", "git~1/x"] {
        let diff = format!("--- /dev/null\n+++ b/{bad}\n@@ -0,0 +1 @@\n+evil\n");
        assert!(matches!(apply(&lab, &diff), Err(ApplyError::BadPaths(_))), "{bad}");
    }
}

#[test]
fn nothing_is_written_through_a_link() {
    let lab = Lab::with(&[("x", "x\n")]);
    std::os::unix::fs::symlink("/tmp", lab.repo_dir().join("link")).unwrap();
    lab.commit();
    let diff = "--- /dev/null\n+++ b/link/evil\n@@ -0,0 +1 @@\n+evil\n";
    assert!(matches!(apply(&lab, diff), Err(ApplyError::Rejected { .. })));
}

#[test]
fn a_submodule_needs_no_object_here() {
    let lab = Lab::with(&[("x", "x\n")]);
    let commit = "1".repeat(40);
    let diff =
        format!("diff --git a/sub b/sub\nnew file mode 160000\n--- /dev/null\n+++ b/sub\n@@ -0,0 +1 @@\n+Subproject commit {commit}\n");
    let outcome = apply(&lab, &diff).unwrap();
    assert!(lab.git(["ls-tree", &outcome.tree.to_string()]).contains(&commit));
    assert!(!outcome.objects.iter().any(|id| id.to_string() == commit), "an object of another repository is waited for");
}

#[test]
fn a_file_never_takes_the_place_of_one_that_the_diff_does_not_name() {
    let lab = Lab::with(&[("x", "x\n")]);
    let diff = "diff --git a/x/y b/x/y\nnew file mode 100644\nindex 0000000..1111111\n--- /dev/null\n+++ b/x/y\n@@ -0,0 +1 @@\n+evil\n";
    assert!(matches!(apply(&lab, diff), Err(ApplyError::Rejected { .. })));
}
