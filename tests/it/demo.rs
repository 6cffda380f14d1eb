//! The demo, as it is in the program: it ends as foretold, tells what happened, and everything that it names can be looked at.

use std::path::{Path, PathBuf};

use git_orc::domain::run::state::RunStatus;
use git_orc::io::clock::Clock;
use git_orc::io::settings::environment::Environment;
use git_orc::io::settings::overlay::Overlay;
use git_orc::ops::context::Desk;
use git_orc::ops::demo::scratch::ScratchError;
use git_orc::ops::demo::story::{LookCommand, OrcProgram};
use git_orc::ops::demo::{DemoError, DemoReport, DemoRequest, demo};
use tokio::sync::mpsc;

use crate::harness::TestEnvironment;

/// Runs the demo as somebody whose environment and configuration are no help at all.
fn run(environment: &TestEnvironment, folder: Option<PathBuf>) -> Result<DemoReport, DemoError> {
    std::fs::write(environment.home().join(".gitconfig"), "[commit]\n\tgpgSign = true\n[core]\n\thooksPath = /nonexistent\n").unwrap();
    let hostile = [("GIT_DIR", "/nonexistent"), ("GIT_WORK_TREE", "/"), ("PIPELINE_TIMEOUT_SEC", "0"), ("PIPELINE_DRY_RUN", "1")];
    let variables = environment.variables().into_iter().chain(hostile.map(|(name, value)| (name.into(), value.into())));
    let desk = Desk {
        cwd: environment.root().to_owned(),
        environment: Environment::of(variables),
        clock: Clock::system(),
        flags: Overlay::default(),
        supervisor: crate::harness::supervisor(),
    };
    block_on(&desk, folder)
}

fn block_on(desk: &Desk, folder: Option<PathBuf>) -> Result<DemoReport, DemoError> {
    let (_stop, stop) = mpsc::channel(1);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(demo(desk, DemoRequest { folder, sinks: Vec::new(), stop }))
}

#[test]
fn the_demo_ends_as_foretold() {
    let environment = TestEnvironment::new();
    let report = run(&environment, None).unwrap();
    assert_eq!(report.folder.parent(), Some(environment.root().join("tmp").as_path()));
    assert_eq!(report.state.status, RunStatus::Failed);
    let waves: Vec<Vec<String>> = report.state.waves.iter().map(|wave| wave.iter().map(ToString::to_string).collect()).collect();
    assert_eq!(waves, [&["german", "french", "usage", "shout"][..], &["whisper"], &["spanish", "strict", "calm", "italian"]]);

    let repo = environment.open(report.folder.strip_prefix(environment.root()).unwrap().to_str().unwrap());
    let ledger = repo.ledger();
    ledger.assert_sound();
    repo.assert_sound();
    let of = |kind: &str, id: &str| ledger.of_kind(kind).into_iter().filter(|entry| entry["workstream"] == id).count();
    let fixes = ledger.of_kind("step_finished").into_iter().filter(|entry| entry["step"] == "fix").count();
    assert_eq!((fixes, of("patch_merged", "french"), of("patch_quarantined", "usage"), of("patch_quarantined", "calm")), (1, 2, 1, 1));
    let verdicts: Vec<String> = ledger.of_kind("gate_finished").iter().map(|e| format!("{} {}", e["wave"], e["verdict"])).collect();
    assert_eq!(verdicts, ["1 \"passed\"", "2 \"passed\"", "3 \"failed\"", "3 \"passed\"", "3 \"failed\"", "3 \"passed\""]);
    assert_eq!(repo.git(&["ls-tree", "--name-only", "orc/demo", "greetings/"]).lines().count(), 5);
    assert_eq!(repo.git(&["show", "orc/demo:greetings/en.txt"]), "Hello, %s!");
    assert_eq!(repo.git(&["show", "orc/demo:greetings/it.txt"]), "Ciao, %s!");
}

#[test]
fn the_demo_tells_what_happened_and_what_to_look_at() {
    let environment = TestEnvironment::new();
    let folder = environment.root().join("kept here");
    let report = run(&environment, Some("kept here".into())).unwrap();
    assert_eq!(report.folder, folder);
    let told: Vec<String> = report.story.iter().map(|scene| format!("{} {}", scene.title, scene.workstreams.join("+"))).collect();
    assert_eq!(told, ["kept apart shout+whisper", "mended french", "quarantined usage", "evicted calm"]);
    for (at, word) in [(1, "greetings/fr.txt:1: no %s"), (2, "tests/run.sh"), (3, "4 runs of the gate")] {
        let text = &report.story[at].text;
        assert!(text.to_lowercase().contains(word) && text.ends_with('.'), "{text}");
    }
    let mut shown = 0;
    for look in &report.looks {
        let line = look.line(Path::new("."), &OrcProgram::GitCommand);
        if let LookCommand::Git(arguments) = &look.command {
            let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
            assert!(!environment.open("kept here").git(&words).is_empty(), "{line}");
            shown += usize::from(words[0] == "show");
        }
    }
    assert_eq!(shown, 2, "both patches in quarantine are shown");
}

#[test]
fn a_folder_in_use_is_left_alone() {
    let environment = TestEnvironment::new();
    std::fs::create_dir(environment.root().join("mine")).unwrap();
    std::fs::write(environment.root().join("mine/notes.txt"), "mine").unwrap();
    let error = run(&environment, Some("mine".into())).unwrap_err();
    assert!(matches!(error, DemoError::Scratch(ScratchError::NotEmpty(_))), "{error}");
    assert_eq!(std::fs::read_dir(environment.root().join("mine")).unwrap().count(), 1);
}

#[test]
fn without_git_nothing_is_left_behind() {
    let environment = TestEnvironment::new();
    let own = Environment::of([("PATH", "/nonexistent".into()), ("TMPDIR", environment.root().join("tmp"))]);
    let desk = Desk {
        cwd: environment.root().to_owned(),
        environment: own,
        clock: Clock::system(),
        flags: Overlay::default(),
        supervisor: crate::harness::supervisor(),
    };
    let error = block_on(&desk, None).unwrap_err();
    assert!(matches!(error, DemoError::Scratch(ScratchError::NoGit(_))), "{error}");
    assert_eq!(std::fs::read_dir(environment.root().join("tmp")).unwrap().count(), 0);
}

#[test]
fn a_demo_that_ends_otherwise_says_so() {
    let environment = TestEnvironment::new();
    // A grep that finds nothing: no check of the project can pass.
    let grep = environment.bin().join("grep");
    std::fs::write(&grep, "#!/bin/sh\nexit 1\n").unwrap();
    std::fs::set_permissions(&grep, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let error = run(&environment, None).unwrap_err();
    let DemoError::Otherwise { folder, differences } = error else { panic!("{error}") };
    assert!(folder.join("demo/plan.yaml").exists());
    assert!(differences.iter().any(|line| line.starts_with("german is failed in wave 1, not merged in wave 1: ")), "{differences:?}");
}

#[test]
fn every_command_that_the_demo_prints_can_be_typed() {
    let environment = TestEnvironment::new();
    let outcome = environment.run("git-orc", &["demo", "--folder", "with a blank", "--progress", "none"]).expect_code(0);
    assert!(outcome.stdout.starts_with("\nThe demo ended as foretold: 7 workstreams are merged onto orc/demo in 3 waves"), "{outcome:#?}");
    assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
    let typed: Vec<&str> = outcome.stdout.lines().filter_map(|line| line.strip_prefix("  git ")).collect();
    assert_eq!(typed.len(), 7, "{typed:?}");
    for line in typed {
        let shown = environment.run("sh", &["-c", &format!("git {line}")]).expect_code(0);
        assert!(!shown.stdout.is_empty(), "git {line}");
    }
}
