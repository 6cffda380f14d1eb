//! Golden findings: what real compilers, linters and tests printed (`fixtures/outputs/<tool>/<case>`), and what is read from it.
//!
//! Each case has `command` (an argument per line), `exit` and `output`, recorded from a run, and `findings.json`, which is rewritten by
//! `GIT_ORC_BLESS=1 cargo test --test it findings`.

use std::fs;
use std::path::{Path, PathBuf};

use git_orc::domain::finding::chooser::findings_in;
use git_orc::domain::finding::model::Finding;

/// Where the outputs were recorded.
const ROOT: &str = "/srv/sample";

fn cases() -> Vec<PathBuf> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/outputs");
    let folders = |path: &Path| fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    let mut cases: Vec<_> = folders(&top).iter().flat_map(|tool| folders(tool)).collect();
    cases.sort();
    cases
}

fn read(case: &Path) -> Vec<Finding> {
    let text = |name: &str| fs::read_to_string(case.join(name)).unwrap();
    let command: Vec<String> = text("command").lines().map(str::to_owned).collect();
    findings_in(ROOT, &command, text("exit").trim().parse().unwrap(), &text("output"))
}

#[test]
fn recorded_outputs_are_read_as_before() {
    let bless = std::env::var_os("GIT_ORC_BLESS").is_some();
    let mut different = Vec::new();
    for case in cases() {
        let json = serde_json::to_string_pretty(&read(&case)).unwrap() + "\n";
        let file = case.join("findings.json");
        if bless {
            fs::write(&file, &json).unwrap();
        } else if fs::read_to_string(&file).unwrap_or_default() != json {
            different.push(format!("{}:\n{json}", case.display()));
        }
    }
    assert!(different.is_empty(), "set GIT_ORC_BLESS=1 to accept:\n{}", different.join("\n"));
    assert!(cases().len() >= 20);
}

#[test]
fn what_is_recorded_makes_sense() {
    let case = |name: &str| read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/outputs").join(name));
    let places = |findings: &[Finding]| -> Vec<String> {
        let place = |f: &Finding| f.location.as_ref().map_or("-".to_owned(), |at| format!("{}:{}", at.path, at.line));
        findings.iter().map(|f| format!("{} {}", place(f), f.rule.as_deref().unwrap_or("-"))).collect()
    };
    let compiler = ["src/shapes.rs:2 E0425", "src/lib.rs:11 E0308", "src/lib.rs:6 unused_variables"];
    assert_eq!(places(&case("cargo/check-json")), compiler);
    assert_eq!(places(&case("cargo/check-colour")), compiler);
    assert_eq!(
        places(&case("cargo/test-failed")),
        ["src/lib.rs:4 unused_variables", "src/lib.rs:19 tests::large", "src/lib.rs:25 tests::odd"]
    );
    assert_eq!(places(&case("cargo/test-json")), places(&case("cargo/test-failed")));
    assert_eq!(places(&case("python/traceback")), ["shape.py:2 NameError"]);
    assert_eq!(places(&case("python/unittest")), ["test_shape.py:10 __main__.Areas.test_large"]);
    let pytest = [
        "tests/test_shape.py:10 tests/test_shape.py::test_large",
        "tests/test_shape.py:16 tests/test_shape.py::TestOdd::test_side[0]",
        "tests/test_shape.py:20 tests/test_shape.py::test_missing",
    ];
    assert_eq!(places(&case("pytest/failed")), pytest);
    assert_eq!(places(&case("pytest/long")), pytest);
    assert_eq!(places(&case("tsc/errors")), ["shape.ts:1 TS2322", "shape.ts:2 TS2322", "shape.ts:3 TS2304"]);
    assert_eq!(places(&case("ruff/full")), places(&case("ruff/concise")));
    assert_eq!(places(&case("shell/fine")), Vec::<String>::new());
}

#[test]
fn two_forms_of_one_finding_have_one_fingerprint() {
    let case = |name: &str| read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/outputs").join(name));
    let prints = |findings: &[Finding]| findings.iter().map(|f| f.fingerprint.clone()).collect::<Vec<_>>();
    assert_eq!(prints(&case("cargo/check-json")), prints(&case("cargo/check-colour")));
    assert_eq!(prints(&case("gcc/errors")), prints(&case("make/failed")));
    assert_eq!(prints(&case("ruff/full")), prints(&case("ruff/concise")));
}
