//! What stands at the gate of a push: the input of hooks, files of gates and policies, reports of coverage.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use git_orc::domain::document::diagnostic::{Diagnostic, Severity};
use git_orc::domain::document::source::SourceFile;
use git_orc::domain::gate::push::{BadUpdate, RefUpdate, pre_push, pre_receive};
use git_orc::domain::gate::{coverage, parse};
use git_orc::domain::id::RepoPath;
use git_orc::domain::policy::governance::change::{Added, Block, Change, EntryKind};
use git_orc::domain::policy::governance::layers::{SHIPPED, parse_policies};
use git_orc::domain::policy::governance::secrets::rules::SecretRules;
use git_orc::domain::policy::scope::Scope;

/// What git tells the hooks: every line is an update with a full name, or the first bad one is named.
pub fn gate_updates(data: &[u8]) {
    let lines: Vec<&[u8]> = data.split(|byte| *byte == b'\n').collect();
    let check = |read: Result<Vec<RefUpdate>, BadUpdate>| match read {
        Ok(updates) => {
            assert_eq!(updates.len(), lines.iter().filter(|line| !line.is_empty()).count(), "an update got lost");
            for one in updates {
                assert!(one.name.starts_with("refs/") && !one.name.contains(|c: char| c.is_control() || c == ' '), "{:?}", one.name);
                assert!(one.source.is_none_or(|source| !source.is_empty()));
            }
        }
        Err(error) => {
            assert!(lines.get(error.line - 1).is_some_and(|line| !line.is_empty()), "{error} is no line of {}", lines.len());
            assert!(!error.to_string().contains(|c: char| c.is_control()), "{error:?}");
        }
    };
    check(pre_push(data));
    check(pre_receive(data));
}

/// `QUALITY_GATE.yaml`: gates whose order respects what they need, or errors.
pub fn gate_file(data: &[u8]) {
    let file = SourceFile::from_bytes("QUALITY_GATE.yaml", data);
    match parse::parse(&file) {
        Ok((quality, notes)) => {
            assert!(!has_error(&notes), "{notes:?}");
            assert_placed(&notes, std::slice::from_ref(&file));
            let mut before = BTreeSet::new();
            let mut stage = 0;
            for gate in &quality.gates {
                let digest = gate.digest();
                assert!(digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()), "{digest}");
                assert!(gate.prerequisites.iter().all(|need| before.contains(need)), "{} runs before what it needs", gate.id);
                assert!(gate.stage >= stage && quality.stages.get(gate.stage).is_some(), "{} is in stage {}", gate.id, gate.stage);
                assert!(before.insert(gate.id.clone()), "two gates are {}", gate.id);
                stage = gate.stage;
                let _ = gate.is_for("refs/heads/main", &quality.refs);
            }
        }
        Err(errors) => assert_refused(&errors, &[file]),
    }
}

/// `ai_policies.yaml` over the shipped ones; behind a NUL byte comes a profile between the two.
pub fn policies(data: &[u8]) {
    static RULES: LazyLock<Arc<SecretRules>> = LazyLock::new(Arc::default);
    let mut parts = data.splitn(2, |byte| *byte == 0);
    let own = parts.next().map(|text| SourceFile::from_bytes("ai_policies.yaml", text));
    let profile = parts.next().map(|text| SourceFile::from_bytes("PROJECT_PROFILE.yaml", text));
    let files: Vec<SourceFile> = [SourceFile::new("shipped/ai_policies.yaml", SHIPPED)].into_iter().chain(profile).chain(own).collect();
    match parse_policies(&files, &RULES) {
        Ok(governance) => {
            // Whatever is accepted can be followed.
            let scope = Scope::new(&["**".to_owned()], &[], &[]).unwrap();
            let text = "eval(x)\nfn main() { \u{fc} }\n".as_bytes().to_vec();
            let change = Change {
                path: RepoPath::from("src/a.py"),
                old: None,
                new: Some(EntryKind::File),
                bytes: text.len() as u64,
                lines: 2,
                added: Added::Lines(vec![Block { first: 1, text }]),
            };
            let remarks = governance.judge(&scope, &[change]);
            assert!(remarks.windows(2).all(|pair| pair[0].consequence <= pair[1].consequence), "{remarks:?}");
            let is_refused = remarks.iter().any(|remark| remark.rule == "constraints.ascii_only" && remark.line == Some(2));
            assert_eq!(is_refused, governance.asks.ascii);
        }
        Err(errors) => assert_refused(&errors, &files),
    }
}

/// A report of coverage: a share between nothing and everything, or nothing at all.
pub fn coverage_report(data: &[u8]) {
    if let Some(percent) = coverage::read(&String::from_utf8_lossy(data)) {
        assert!((0.0..=100.0).contains(&percent), "{percent}");
    }
}

fn assert_refused(found: &[Diagnostic], files: &[SourceFile]) {
    assert!(has_error(found), "{found:?}");
    assert_placed(found, files);
}

fn has_error(found: &[Diagnostic]) -> bool {
    found.iter().any(|one| one.severity == Severity::Error)
}

fn assert_placed(found: &[Diagnostic], files: &[SourceFile]) {
    for one in found {
        let Some(span) = &one.span else { continue };
        let file = files.iter().find(|file| file.path == one.file).unwrap_or_else(|| panic!("{one:?} is in no file"));
        assert!(file.text.get(span.start..span.end).is_some(), "{one:?} is no place in a text of {} bytes", file.text.len());
    }
}
