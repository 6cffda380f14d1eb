//! What policies refuse, and honest twins that land: edits of hooks, gates and policies, secrets, forbidden patterns, limits, kinds of entries.
//! The table is judged twice: by the domain alone, and by real runs.

use std::collections::BTreeMap;
use std::fs;

use git_orc::domain::id::RepoPath;
use git_orc::domain::policy::governance::change::{Added, Block, Change, EntryKind};
use git_orc::domain::policy::governance::model::Governance;
use git_orc::domain::policy::governance::remark::{Consequence, Remark};
use git_orc::domain::policy::scope::{ChangeKind, Scope};

use super::ground::{Ground, table};
use crate::harness::TestEnvironment;
use crate::policies::{parse, secrets};

/// The policies of the repository in which harm is tried.
const POLICIES: &str = "\
version: 1
zones:
  read_only: {paths: [legacy/**], rationale: history is not rewritten}
forbidden_patterns:
  - {id: no-eval, pattern: '\\beval\\(', paths: [\"**/*.py\"], reason: it runs whatever it is given, alternative: ast.literal_eval}
  - {id: no-skip, pattern: '@pytest\\.mark\\.skip', reason: a test that is skipped tests nothing}
  - {id: no-debug-flag, pattern: '^debug\\s*=', reason: it shows too much}
  - {id: no-trailing-word, pattern: 'EVIL$', reason: it is a test}
limits: {max_files_changed: 8, max_lines_changed: 300, max_file_bytes: 50000, binary: refuse, symlinks: refuse, mode_changes: refuse}
";

/// The files that are there before, and whether they can be executed.
const BEFORE: &[(&str, &str, EntryKind)] = &[
    (".github/workflows/kept.yml", "on: push\n", EntryKind::File),
    (".git-orc/kept.json", "{}\n", EntryKind::File),
    ("legacy/kept.txt", "old\n", EntryKind::File),
    ("legacy/run.sh", "#!/bin/sh\n", EntryKind::File),
    ("src/a.py", "a = 1\n", EntryKind::File),
    ("src/b.py", "b = 1\n", EntryKind::File),
    ("src/gone.txt", "gone\n", EntryKind::File),
    ("src/other.txt", "other\n", EntryKind::File),
    ("tool.sh", "#!/bin/sh\n", EntryKind::Executable),
];

/// Something that is done at a path, by who may do it there.
struct Deed {
    scope: String,
    path: String,
    what: String,
}

struct Case {
    name: String,
    says: String,
    harm: Deed,
    twin: Deed,
}

fn cases() -> Vec<Case> {
    let of_table = |[name, says, scope, path, what, twin_scope, twin_path, twin_what]: [String; 8]| Case {
        name,
        says,
        harm: Deed { scope, path, what },
        twin: Deed { scope: twin_scope, path: twin_path, what: twin_what },
    };
    let mut cases: Vec<Case> = table("policies/table.tsv").into_iter().map(of_table).collect();
    for (rule, text) in secrets::all() {
        let path = format!("src/secret-{rule}.py");
        let deed = |text: &str| Deed { scope: "src/**".to_owned(), path: path.clone(), what: format!("text={text}") };
        cases.push(Case {
            name: format!("secret-{rule}"),
            says: format!("holds a secret: rule `{rule}`, fingerprint `"),
            harm: deed(&text),
            twin: Deed { scope: path.clone(), ..deed(&secrets::harmless(rule)) },
        });
    }
    cases
}

/// Reads `\n`, `\r` and `\xff`.
fn unescaped(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'\\' => match rest.next() {
                Some(b'n') => out.push(b'\n'),
                Some(b'r') => out.push(b'\r'),
                Some(b'x') => {
                    let digits = [rest.next().unwrap(), rest.next().unwrap()];
                    out.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
                }
                other => panic!("{other:?} in {text}"),
            },
            byte => out.push(byte),
        }
    }
    out
}

/// What stands at a path: its content, and what it is.
type Standing = (Vec<u8>, EntryKind);

/// What a deed leaves, by path; `None` for what is gone.
fn results(deed: &Deed) -> Vec<(String, Option<Standing>)> {
    let before = before(&deed.path);
    let mut content = before.as_ref().map(|(text, _)| text.clone()).unwrap_or_default();
    let mut kind = before.map_or(EntryKind::File, |(_, kind)| kind);
    let (what, argument) = deed.what.split_once('=').unwrap_or((&deed.what, ""));
    let number = || argument.parse::<usize>().unwrap();
    match what {
        "text" => content = unescaped(argument),
        "lines" => content = "line\n".repeat(number()).into_bytes(),
        "bytes" => content = vec![b'w'; number()],
        "binary" => content = b"\x89PNG\0\0".to_vec(),
        "append" => content.extend(b"more\n"),
        "symlink" => (content, kind) = (argument.as_bytes().to_vec(), EntryKind::Symlink),
        "exec" => kind = EntryKind::Executable,
        "noexec" => kind = EntryKind::File,
        "exec-append" => {
            content.extend(b"more\n");
            kind = EntryKind::Executable;
        }
        "delete" => return vec![(deed.path.clone(), None)],
        "files" => return (0..number()).map(|n| (format!("{}/{n}", deed.path), Some((b"x\n".to_vec(), EntryKind::File)))).collect(),
        other => panic!("{other}"),
    }
    vec![(deed.path.clone(), Some((content, kind)))]
}

fn before(path: &str) -> Option<Standing> {
    if path == "big.txt" {
        return Some(("line\n".repeat(350).into_bytes(), EntryKind::File));
    }
    BEFORE.iter().find(|(known, ..)| *known == path).map(|(_, text, kind)| (text.as_bytes().to_vec(), *kind))
}

/// Returns the changes of a deed, as they are read from trees; a file that was there is taken to be new in all of its lines.
fn changes(deed: &Deed) -> Vec<Change> {
    let change = |(path, after): (String, Option<Standing>)| {
        let old = before(&path);
        let is_same = after.as_ref().map(|(text, _)| text) == old.as_ref().map(|(text, _)| text);
        let lines = |text: &[u8]| text.split_inclusive(|byte| *byte == b'\n').count() as u64;
        let text = after.as_ref().filter(|(_, kind)| kind.is_file() && !is_same).map(|(text, _)| text.clone()).unwrap_or_default();
        let removed = old.as_ref().filter(|_| after.is_none()).map_or(0, |(text, _)| lines(text));
        let block = Block { first: 1, text: text.clone() };
        Change {
            old: old.map(|(_, kind)| kind),
            new: after.as_ref().map(|(_, kind)| *kind),
            bytes: text.len() as u64,
            lines: lines(&text) + removed,
            added: if text.contains(&0) { Added::Binary } else { Added::Lines(vec![block]) },
            path: RepoPath::new(path),
        }
    };
    results(deed).into_iter().map(change).collect()
}

fn judged(governance: &Governance, deed: &Deed) -> Vec<Remark> {
    let scope = Scope::new(std::slice::from_ref(&deed.scope), &[], &[]).unwrap();
    governance.judge(&scope, &changes(deed))
}

fn refused(remarks: &[Remark]) -> Vec<String> {
    remarks.iter().filter(|remark| remark.consequence == Consequence::Refused).map(ToString::to_string).collect()
}

#[test]
fn policies_refuse_what_they_name_and_let_its_twin_through() {
    let governance = parse(&[("ai_policies.yaml", POLICIES)]).unwrap();
    let cases = cases();
    assert!(cases.len() >= 100, "{}", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let told = refused(&judged(&governance, &case.harm));
        if !told.iter().any(|reason| reason.contains(&case.says)) {
            wrong.push(format!("{}: `{}` is not in {told:?}", case.name, case.says));
        }
        let told = refused(&judged(&governance, &case.twin));
        if !told.is_empty() {
            wrong.push(format!("{}: its twin is refused: {told:?}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn submodules_are_refused_wherever_they_come_from_or_go_to() {
    let governance = parse(&[]).unwrap();
    let scope = Scope::new(&["**".to_owned()], &[], &[]).unwrap();
    let kinds = [Some(EntryKind::Submodule), Some(EntryKind::File), None];
    for (old, new) in kinds.iter().flat_map(|old| kinds.iter().map(move |new| (*old, *new))) {
        let change = Change { path: "sub".into(), old, new, bytes: 0, lines: 0, added: Added::Lines(Vec::new()) };
        assert!(matches!(change.kind(), ChangeKind::Added | ChangeKind::Modified | ChangeKind::Deleted));
        let is_submodule = [old, new].contains(&Some(EntryKind::Submodule));
        let told = refused(&governance.judge(&scope, &[change]));
        assert_eq!(told.iter().any(|reason| reason.contains("`limits.submodules`")), is_submodule, "{old:?} {new:?} {told:?}");
    }
}

/// Returns a script that does a deed; content lies in files beside the repository.
fn script(ground: &Ground<'_>, name: &str, deed: &Deed) -> String {
    let folder = ground.environment.root().join("deeds");
    fs::create_dir_all(&folder).unwrap();
    let mut lines = vec!["set -e".to_owned()];
    for (number, (path, after)) in results(deed).into_iter().enumerate() {
        lines.push(format!("mkdir -p \"$(dirname '{path}')\""));
        let Some((content, kind)) = after else {
            lines.push(format!("rm '{path}'"));
            continue;
        };
        let source = folder.join(format!("{name}-{number}"));
        fs::write(&source, &content).unwrap();
        match kind {
            EntryKind::Symlink => lines.push(format!("rm -f '{path}'; ln -s '{}' '{path}'", String::from_utf8(content).unwrap())),
            EntryKind::File | EntryKind::Executable | EntryKind::Submodule => {
                let mode = if kind == EntryKind::Executable { "755" } else { "644" };
                lines.push(format!("cat '{}' >'{path}'; chmod {mode} '{path}'", source.display()));
            }
        }
    }
    let file = folder.join(format!("{name}.sh"));
    fs::write(&file, lines.join("\n")).unwrap();
    file.display().to_string()
}

fn ground(environment: &TestEnvironment) -> Ground<'_> {
    let ground = Ground::new(environment);
    ground.repo.write("ai_policies.yaml", POLICIES);
    ground.repo.write("big.txt", "line\n".repeat(350));
    for (path, text, kind) in BEFORE {
        if *kind == EntryKind::Executable { ground.repo.write_script(path, text) } else { ground.repo.write(path, text) }
    }
    ground.repo.git(&["add", "--all", "--", ":!sub"]);
    ground.repo.git(&["commit", "--quiet", "--message=policies"]);
    ground
}

fn run(ground: &mut Ground<'_>, deeds: &[(&str, &Deed)]) -> i32 {
    let workstream = |(name, deed): &(&str, &Deed)| {
        let script = script(ground, name, deed);
        format!("  - {{id: {name}, files_scope: [{:?}], tool: command, command: [sh, {script:?}]}}\n", deed.scope)
    };
    let workstreams: String = deeds.iter().map(workstream).collect();
    let head = "version: 1\nname: corpus\ntarget: orc/corpus\ndefaults: {retry: {max_attempts: 1}}\nworkstreams:\n";
    ground.run(&format!("{head}{workstreams}")).code()
}

#[test]
#[ignore = "runs more than 100 tools"]
fn no_run_lands_what_policies_refuse() {
    let environment = TestEnvironment::in_memory();
    let mut ground = ground(&environment);
    let before = ground.repo.fingerprint("orc/corpus");
    let cases = cases();
    let deeds: Vec<_> = cases.iter().map(|case| (case.name.as_str(), &case.harm)).collect();
    let code = run(&mut ground, &deeds);
    let reasons = ground.reasons();
    let wrong: Vec<String> = cases
        .iter()
        .map(|case| (case, ground.end_of(&case.name)))
        .filter(|(case, end)| end.word != "quarantined" || !end.told.contains(&case.says) || !reasons.contains_key(&case.name))
        .map(|(case, end)| format!("{}: `{}` is not in {end:?}", case.name, case.says))
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert_eq!(code, 3);
    assert_ne!(ground.repo.try_git(&["rev-parse", "--verify", "--quiet", "orc/corpus"]).code(), 0, "something landed");
    ground.assert_nothing_around_changed();
    ground.repo.assert_untouched(&before);
    ground.repo.ledger().assert_sound();
    let ledger = ground.repo.git(&["log", "--format=%B", "refs/orc/ledger"]);
    for (rule, text) in secrets::all() {
        let secret = text.lines().nth(1).unwrap().split('"').nth(1).unwrap_or("-----BEGIN RSA");
        assert!(!ledger.contains(secret), "the secret of {rule} is in the ledger");
    }
}

#[test]
#[ignore = "runs more than 100 tools"]
fn honest_twins_land() {
    let environment = TestEnvironment::in_memory();
    let mut ground = ground(&environment);
    let before = ground.repo.fingerprint("orc/corpus");
    let cases = cases();
    let deeds: Vec<_> = cases.iter().map(|case| (case.name.as_str(), &case.twin)).collect();
    let code = run(&mut ground, &deeds);
    assert_eq!((ground.reasons(), code), (BTreeMap::new(), 0));
    let diff = ground.repo.git(&["diff", "--name-only", "main", "orc/corpus"]);
    assert!(diff.lines().count() >= 100, "{diff}");
    ground.repo.assert_untouched(&before);
    ground.repo.assert_sound();
}
