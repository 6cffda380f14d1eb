//! Golden findings: what real compilers, linters and tests printed (`fixtures/outputs/<tool>/<case>`), and what is read from it.
//!
//! Each case has `command` (an argument per line), `exit` and `output`, recorded from a run, and `findings.json`, which is rewritten by
//! `GIT_ORC_BLESS=1 cargo test --test it findings`. The newer ones have `made`: the version of the program and the line as it was typed.

use std::fs;
use std::path::{Path, PathBuf};

use git_orc::domain::finding::chooser::{MOST_FINDINGS, Output, findings_in, formats, read as read_output};
use git_orc::domain::finding::draft::Base;
use git_orc::domain::finding::model::{Finding, FindingKind, Level};

use crate::harness::TestEnvironment;

/// Where the outputs were recorded.
const ROOT: &str = "/srv/sample";

fn cases() -> Vec<PathBuf> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/outputs");
    let folders = |path: &Path| fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    // What AI tools print tells how they fared, and has readers of its own.
    let programs = folders(&top).into_iter().filter(|program| !program.ends_with("tools"));
    let mut cases: Vec<_> = programs.flat_map(|tool| folders(&tool)).collect();
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
    assert!(cases().len() >= 300);
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

#[test]
fn reports_and_text_of_one_program_say_the_same() {
    let case = |name: &str| read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/outputs").join(name));
    let told = |findings: &[Finding]| -> Vec<String> {
        // Columns are bytes here and characters there, and a tab is one of them or eight.
        let place = |f: &Finding| f.location.as_ref().map_or("-".to_owned(), |at| format!("{}:{}", at.path, at.line));
        let mut told: Vec<_> =
            findings.iter().map(|f| format!("{} {} {:?}", place(f), f.rule.as_deref().unwrap_or("-"), f.level)).collect();
        told.sort();
        told
    };
    for same in [
        ["ruff/json", "ruff/json-lines", "ruff/rdjson"],
        ["eslint/json", "eslint/sarif", "eslint/json"],
        ["semgrep/json", "semgrep/sarif", "semgrep/json"],
        ["shellcheck/json1", "shellcheck/tty", "shellcheck/json1"],
        ["gitleaks/json", "gitleaks/json-quiet", "gitleaks/json"],
    ] {
        let [first, second, third] = same.map(|name| told(&case(name)));
        assert!(first.len() > 1, "{same:?}");
        assert_eq!((&first, &first), (&second, &third), "{same:?}");
    }
}

/// What a program printed is cut somewhere, because a disk was full or the program died: that is never taken for nothing.
#[test]
fn an_output_that_is_cut_is_never_nothing() {
    for case in cases() {
        let output = fs::read_to_string(case.join("output")).unwrap();
        let whole = read(&case);
        let is_bad = whole.iter().any(|one| one.level == Level::Error);
        for part in 1..8 {
            let cut = &output[..output.floor_char_boundary(output.len() * part / 8)];
            // With its exit code a failure stays one, and without it what is there is a finding or a report, as far as it goes.
            let found = |exit| {
                let command = ["check".to_owned()];
                let base = Base { root: ROOT, folder: "" };
                read_output(Output {
                    base,
                    command: &command,
                    exit,
                    text: cut,
                    reader: None,
                    matchers: &[],
                    answers: &[],
                    most: MOST_FINDINGS,
                })
                .findings
            };
            assert!(found(Some(1)).iter().any(|one| one.level == Level::Error), "{} cut at {part}/8", case.display());
            let is_whole = cut.trim().is_empty() || cut.trim_end().ends_with(['}', ']', '>']) || !is_bad;
            assert!(is_whole || !found(None).is_empty(), "{} cut at {part}/8: {cut}", case.display());
        }
    }
}

const PLUGINS: &str = r#"
## Patterns of your own

`git orc detect --matcher FILE` asks a file of problem matchers first, as GitHub's runner and VS Code read them. Look-around and back-references
are refused, since they have no bound on their time.

## Plugins

A program that reads what nobody else understands: the output of another program on its standard input, an object of reviewdog's rdjsonl per line on
its standard output. A manifest in `<settings>/plugins/NAME.json`, beside `config.yaml`, installs it for the user:

```json
{
  "plugin_id": "odd",
  "command": ["odd-to-rdjsonl"],
  "programs": ["oddlint"],
  "tool": {"success_codes": [0, 3]},
  "file_extensions": ["odd"],
  "requires": [],
  "timeout_sec": 30
}
```

`programs` says whose output it reads, also in the checks and gates of a run; `git orc detect --plugin FILE` asks one whatever has run. It is told
`ORC_TOOL` and `ORC_EXIT_CODE`. `success_codes` are exit codes of the program that are no failure to `detect`, `file_extensions` keeps findings in such
files only, and `requires` names plugins that are asked before. A plugin that fails, takes too long or answers with something else is a finding, and
the readers are asked instead. A repository can not bring plugins.
"#;

#[test]
fn what_is_understood_is_documented() {
    let mut text = "# Findings\n\nWhat `git orc detect`, checks and gates understand. Generated by `GIT_ORC_BLESS=1 cargo test --test it findings`.\n\n\
        ## Readers\n\nAn output is taken apart into documents in JSON and XML and the lines around them. A document is read by the first reader that knows\n\
        its keys; lines are shown to all. What nobody understands is a finding of its own.\n\n| reader | reads |\n|---|---|\n"
        .to_owned();
    for format in formats() {
        text.push_str(&format!("| `{}` | {} |\n", format.name, format.about));
    }
    text.push_str(PLUGINS);
    text.push_str("\n## Recorded outputs\n\nWhat these programs really printed is kept in `fixtures/outputs`, with what is read from it.\n\n| program | versions | outputs | understood |\n|---|---|---|---|\n");
    let all = cases();
    let tool = |case: &Path| case.parent().unwrap().file_name().unwrap().to_str().unwrap().to_owned();
    let tools: std::collections::BTreeSet<String> = all.iter().map(|case| tool(case)).collect();
    for name in tools {
        let own: Vec<&PathBuf> = all.iter().filter(|case| tool(case) == name).collect();
        let made = own.iter().filter_map(|case| fs::read_to_string(case.join("made")).ok());
        let versions: std::collections::BTreeSet<String> = made.filter_map(|made| made.lines().next().and_then(version)).collect();
        let is_understood = |case: &&&PathBuf| read(case).iter().all(|one| one.kind != FindingKind::Unparsed);
        let understood = own.iter().filter(is_understood).count();
        let versions = versions.into_iter().collect::<Vec<_>>().join(", ");
        text.push_str(&format!("| {name} | {versions} | {} | {understood} |\n", own.len()));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/findings.md");
    if std::env::var_os("GIT_ORC_BLESS").is_some() {
        fs::write(&path, &text).unwrap();
    }
    assert!(fs::read_to_string(&path).unwrap_or_default() == text, "docs/reference/findings.md is stale");
}

/// Returns the first word of a line that is a version.
fn version(line: &str) -> Option<String> {
    let is_version = |word: &&str| word.contains('.') && word.starts_with(|c: char| c.is_ascii_digit());
    line.split([' ', ',', '(', ')', ';']).map(|word| word.trim_start_matches(['v', 'V'])).find(is_version).map(str::to_owned)
}

#[test]
fn the_command_lists_what_a_program_found() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("project");
    repo.write("sub/a.sh", "printf 'a.sh:3:7: error: no [E1]\\nb.sh:1:1: warning: hm\\n'; exit 1\n");
    repo.commit("files");
    // As a user who stands in a folder below the top.
    let detect = |args: &[&str]| repo.orc(&[&["-C", "sub", "detect"], args].concat());
    let run = ["--", "sh", "a.sh"];
    insta::assert_snapshot!(detect(&run).expect_code(1).stdout, @r"
    sub/a.sh:3:7: error[E1]: no
    sub/b.sh:1:1: warning: hm

    1 error, 1 warning in `sh a.sh`, which ended with exit code 1
    ");
    let json = detect(&[&["--json"], run.as_slice()].concat()).expect_code(1).json();
    assert_eq!((&json["errors"], &json["findings"][0]["location"]["path"]), (&serde_json::json!(1), &serde_json::json!("sub/a.sh")));
    let github = detect(&[&["--format", "github"], run.as_slice()].concat()).expect_code(1).stdout;
    assert_eq!(github, "::error file=sub/a.sh,line=3,col=7,title=E1::no\n::warning file=sub/b.sh,line=1,col=1::hm\n");
    // What was written can be read again.
    for format in ["sarif", "junit", "rdjsonl"] {
        let text = detect(&[&["--format", format], run.as_slice()].concat()).expect_code(1).stdout;
        repo.write("sub/report", text);
        let again = detect(&["--from", "report", "--json"]).expect_code(1).json();
        assert_eq!(again["findings"].as_array().unwrap().len(), 2, "{format}: {again}");
    }
    repo.write("sub/m.json", r#"{"problemMatcher": {"owner": "own", "pattern": {"regexp": "^(.+) at (.+)$", "message": 1, "file": 2}}}"#);
    let own = detect(&["--matcher", "m.json", "--json", "--", "sh", "-c", "echo odd at x.c"]).expect_code(1).json();
    assert_eq!((&own["findings"][0]["source"], &own["findings"][0]["message"]), (&serde_json::json!("own"), &serde_json::json!("odd")));
    detect(&["--", "true"]).expect_code(0);
    // Nothing that a program prints turns letters round or moves a cursor.
    for format in ["human", "json", "sarif", "junit", "rdjsonl", "github"] {
        let line = "printf 'a.c:1:1: error: \\342\\200\\256no\\033[2J\\302\\233x\\n'; exit 1";
        let text = detect(&["--format", format, "--", "sh", "-c", line]).expect_code(1).stdout;
        assert!(!text.chars().any(|c| c == '\u{202e}' || c == '\u{9b}' || (c.is_control() && c != '\n')), "{format}: {text:?}");
    }
    let refused = |args: &[&str], code: i32, words: &str| {
        let outcome = detect(args).expect_code(code);
        assert!(outcome.stderr.contains(words), "{outcome:?}");
    };
    refused(&["--reader", "sarfi", "--from", "report"], 129, "Did you mean `sarif`?");
    refused(&["--from", "nowhere"], 128, "nowhere");
    refused(&["--", "no-such-program"], 128, "`no-such-program` was not found");
    refused(&["--matcher", "report", "--", "true"], 128, "report:1:");
}

#[test]
fn only_what_is_new_counts_against_a_baseline() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("project");
    repo.write("lint", "echo 'a.c:3:7: error: old'; echo 'b.c:1:1: error: gone'; exit 1\n");
    repo.commit("files");
    let detect = |args: &[&str]| repo.orc(&[&["detect"], args].concat());
    let base = detect(&["--json", "--", "sh", "lint"]).expect_code(1).stdout;
    repo.write("base.json", base);
    repo.write("base.txt", "a.c:3:7: error: old\nb.c:1:1: error: gone\n");
    // The old one has moved, another one is gone.
    repo.write("lint", "echo 'a.c:40:7: error: old'; exit 1\n");
    for base in ["base.json", "base.txt"] {
        let said = detect(&["--baseline", base, "--", "sh", "lint"]).expect_code(0).stdout;
        assert_eq!(said, "nothing new, 1 known, 1 fixed in `sh lint`, which ended with exit code 1\n", "{base}");
    }
    repo.write("lint", "echo 'a.c:40:7: error: old'; echo 'a.c:2:1: error: new'; exit 1\n");
    let said = detect(&["--baseline", "base.json", "--", "sh", "lint"]).expect_code(1).stdout;
    assert_eq!(said, "a.c:2:1: error: new\n\n1 error new, 1 known, 1 fixed in `sh lint`, which ended with exit code 1\n");
    let json = detect(&["--baseline", "base.json", "--json", "--", "sh", "lint"]).expect_code(1).json();
    assert_eq!((json["known"].as_array().unwrap().len(), json["fixed"][0]["message"].as_str()), (1, Some("gone")));
    repo.write("base.odd", "who knows\n");
    let refused = detect(&["--baseline", "base.odd", "--", "true"]).expect_code(128);
    assert!(refused.stderr.contains("base.odd can not be compared with"), "{refused:?}");
}

/// A plugin that reads `ODD <path> <line> <words>`, and breaks down when it is told to.
const ODD: &str = r#"#!/bin/sh
test "$ORC_EXIT_CODE" != 9 || { echo "no idea" >&2; exit 4; }
sed -n "s/^ODD \\([^ ]*\\) \\([0-9]*\\) \\(.*\\)/{\"message\": \"\\3\", \"location\": {\"path\": \"\\1\", \"range\": {\"start\": {\"line\": \\2}}}, \"code\": {\"value\": \"$ORC_TOOL\"}}/p"
"#;

#[test]
fn a_plugin_reads_what_nobody_else_understands() {
    use std::os::unix::fs::PermissionsExt as _;
    let environment = TestEnvironment::new();
    let repo = environment.repo("project");
    let install = |name: &str, script: &str| {
        let path = environment.bin().join(name);
        fs::write(&path, script).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    install("odd-plugin", ODD);
    install("oddlint", "#!/bin/sh\necho 'ODD a.txt 3 not good'\nexit $1\n");
    let manifest = r#"{"plugin_id": "odd", "command": ["odd-plugin"], "programs": ["oddlint"], "tool": {"success_codes": [3]}}"#;
    repo.write("odd.json", manifest);
    repo.commit("a plugin");
    let find = |args: &[&str]| {
        let found = repo.orc(&[&["detect", "--json"], args].concat()).json();
        let all = found["findings"].as_array().unwrap().clone();
        all.iter().map(|one| format!("{}: {}", one["rule"].as_str().unwrap_or("-"), one["message"].as_str().unwrap())).collect::<Vec<_>>()
    };
    let not_understood = "-: `oddlint 1` ended with exit code 1; its last lines:\nODD a.txt 3 not good";
    assert_eq!(find(&["--", "oddlint", "1"]), [not_understood]);
    assert_eq!(find(&["--plugin", "odd.json", "--", "oddlint", "1"]), ["oddlint: not good"]);
    // A plugin that breaks down hides nothing.
    let broken = find(&["--plugin", "odd.json", "--", "oddlint", "9"]);
    assert_eq!(broken, ["-: plugin odd ended with exit code 4: no idea"]);
    // Installed for the user, it is asked for the programs that it names, also by the checks of a run.
    let folder = environment.root().join("config/git-orc/plugins");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("odd.json"), manifest).unwrap();
    assert_eq!(find(&["--", "oddlint", "1"]), ["oddlint: not good"]);
    assert_eq!(find(&["--", "sh", "-c", "exit 1"]), ["-: `sh -c exit 1` ended with exit code 1 and printed nothing"]);
    let plan = environment.root().join("plan.yaml");
    let text = "version: 1\nname: tour\nworkstreams:\n  - id: ws-a\n    files_scope: [a.txt]\n    tool: command\n    command: [sh, -c, 'echo x >a.txt']\n    static: [[oddlint, '1']]\n    circuit_breaker: {max_fix_iterations: {static: 0}}\n";
    fs::write(&plan, text).unwrap();
    let ran = repo.orc(&["run", plan.to_str().unwrap()]);
    assert_eq!(ran.code(), 1, "{ran:?}");
    let ledger = repo.ledger();
    let failed = ledger.of_kind("step_finished").into_iter().find(|entry| entry["step"] == "static").unwrap();
    assert_eq!(
        (&failed["findings"][0]["rule"], &failed["findings"][0]["location"]["line"]),
        (&serde_json::json!("oddlint"), &serde_json::json!(3))
    );
    fs::write(folder.join("two.json"), "{").unwrap();
    let refused = repo.orc(&["detect", "--", "true"]).expect_code(128);
    assert!(refused.stderr.contains("two.json:1:1: EOF"), "{refused:?}");
}
