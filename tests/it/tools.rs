//! Tools against the real git and the real system: printed patches, git's configuration, the scripted tools of `fixtures/tools`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use git_orc::domain::id::RunId;
use git_orc::domain::tool::diff::extract;
use git_orc::domain::tool::outcome::{Ending, TimeLimit};
use git_orc::domain::tool::variable::is_git_local;
use git_orc::io::git::env::GitEnv;
use git_orc::io::git::repo::Repo;
use git_orc::io::process::request::{ProcessOutcome, ProcessRequest, never_cancelled};
use git_orc::io::process::spawn::run;
use git_orc::io::settings::environment::{Environment, TaskVariables};
use git_orc::io::settings::git_config;
use git_orc::io::settings::layer::Layer;

struct Scratch(tempfile::TempDir);

impl Scratch {
    fn new() -> Self {
        let scratch = Self(tempfile::tempdir().unwrap());
        scratch.git(&["init", "--quiet"]);
        scratch
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn vars(&self) -> Vec<(OsString, OsString)> {
        let fixed = [("PATH", "/usr/local/bin:/usr/bin:/bin"), ("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_CONFIG_GLOBAL", "/dev/null")];
        let who = ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"].map(|name| (name, "a@example.com"));
        let home = [("HOME".into(), self.path().as_os_str().to_owned())];
        fixed.into_iter().chain(who).map(|(name, value)| (name.into(), value.into())).chain(home).collect()
    }

    fn git(&self, args: &[&str]) -> Vec<u8> {
        self.git_with_input(args, b"")
    }

    fn git_with_input(&self, args: &[&str], input: &[u8]) -> Vec<u8> {
        let mut git = Command::new("git");
        git.args(args).current_dir(self.path()).env_clear().envs(self.vars());
        let mut child = git.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    fn write(&self, path: &str, content: &[u8]) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", "x"]);
    }
}

/// A change of every kind that a patch can hold, with names that need quotes.
fn changed() -> Scratch {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new();
    for (path, content) in [
        ("a b.txt", "one\ntwo\n"),
        ("crlf.txt", "one\r\ntwo\r\n"),
        ("d/é \"q\"\t.txt", "x\n"),
        ("gone.txt", "bye\n"),
        ("moved.txt", "1\n2\n3\n4\n5\n6\n"),
        ("open-end", "no newline"),
        ("run.sh", "#!/bin/sh\n"),
        ("-dash", "x\n"),
    ] {
        scratch.write(path, content.as_bytes());
    }
    scratch.write("blob", &[0, 1, 2, 255]);
    scratch.commit();
    scratch.write("a b.txt", b"one\n2\n");
    scratch.write("crlf.txt", b"1\r\ntwo\r\n");
    scratch.write("d/\u{e9} \"q\"\t.txt", b"y\n--- a/z\n+++ b/z\n");
    scratch.write("open-end", b"still none");
    scratch.write("new/empty", b"");
    scratch.write("blob", &[0, 9, 9, 255, 10, 10]);
    scratch.write("-dash", b"x\ny\n");
    std::fs::remove_file(scratch.path().join("gone.txt")).unwrap();
    std::fs::rename(scratch.path().join("moved.txt"), scratch.path().join("to here.txt")).unwrap();
    std::fs::set_permissions(scratch.path().join("run.sh"), std::fs::Permissions::from_mode(0o755)).unwrap();
    scratch.git(&["add", "--all"]);
    scratch
}

#[test]
fn a_patch_in_prose_gives_the_tree_that_it_was_made_from() {
    for options in [
        vec!["--binary"],
        vec!["--binary", "--no-prefix"],
        vec!["--binary", "--src-prefix=i/", "--dst-prefix=w/"],
        vec!["--binary", "--no-renames", "-U0"],
        vec!["--binary", "--find-copies-harder", "--full-index"],
    ] {
        let scratch = changed();
        let wanted = scratch.git(&["write-tree"]);
        let diff = scratch.git(&[["diff", "--cached"].as_slice(), &options].concat());
        let printed = [b"Of course!\n\n```diff\n".as_slice(), &diff, b"```\n- Done.\n+ Really.\n"].concat();
        let found = extract(&printed).unwrap_or_else(|error| panic!("{options:?}: {error}\n{}", String::from_utf8_lossy(&printed)));
        assert!(found.files.len() >= 10, "{options:?}: {:?}", found.files);
        scratch.git(&["reset", "--quiet", "--hard"]);
        let unidiff: &[&str] = if options.contains(&"-U0") { &["--unidiff-zero"] } else { &[] };
        scratch.git_with_input(&[["apply", "--cached", "-p1"].as_slice(), unidiff, &["-"]].concat(), &found.bytes);
        assert_eq!(scratch.git(&["write-tree"]), wanted, "{options:?}");
    }
}

#[test]
fn the_paths_of_a_patch_are_those_that_git_sees() {
    let scratch = changed();
    let found = extract(&scratch.git(&["diff", "--cached", "--binary", "--no-renames"])).unwrap();
    let names = scratch.git(&["diff", "--cached", "--name-only", "--no-renames", "-z"]);
    let git: Vec<&[u8]> = names.split(|byte| *byte == 0).filter(|name| !name.is_empty()).collect();
    let ours: Vec<&[u8]> = found.files.iter().map(|file| file.new.as_ref().or(file.old.as_ref()).unwrap().as_bytes()).collect();
    assert_eq!(ours, git);
}

#[test]
fn git_agrees_about_its_local_variables() {
    let scratch = Scratch::new();
    let names = String::from_utf8(scratch.git(&["rev-parse", "--local-env-vars"])).unwrap();
    assert!(names.lines().count() > 10);
    for name in names.lines() {
        assert!(is_git_local(name), "{name}");
    }
}

#[test]
fn the_configuration_is_seen_with_what_git_was_told_on_its_command_line() {
    let scratch = Scratch::new();
    scratch.git(&["config", "orc.maxWorkers", "2"]);
    scratch.git(&["config", "orc.worktreeDir", "../a\nb"]);
    let vars = scratch.vars().into_iter().chain([("GIT_CONFIG_PARAMETERS".into(), "'orc.maxworkers'='7' 'orc.notes='".into())]);
    let repo = Repo::discover(scratch.path(), &GitEnv::new(vars).unwrap()).unwrap();
    let (overlay, warnings) = git_config::overlay(&git_config::read(&repo).unwrap()).unwrap();
    let workers = overlay.max_workers.unwrap();
    assert_eq!((workers.value, workers.origin.layer, workers.origin.place.as_str()), (7, Layer::GitConfig, "orc.maxWorkers, command"));
    assert_eq!(overlay.worktree_dir.unwrap().value, PathBuf::from("../a\nb"));
    assert!(!overlay.notes.unwrap().value);
    assert_eq!(warnings, Vec::<String>::new());
}

fn script(name: &str) -> OsString {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/tools").join(name).into()
}

async fn start(cwd: &Path, name: &str, args: &[&str], limit: Option<Duration>) -> ProcessOutcome {
    let argv = [script(name)].into_iter().chain(args.iter().map(OsString::from)).collect();
    let environment = Environment::of([("PATH", "/usr/local/bin:/usr/bin:/bin"), ("HOME", "/nonexistent")]);
    let task = TaskVariables {
        run: RunId::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap(),
        workstream: None,
        step: None,
        attempt: None,
        worktree: cwd.to_owned(),
        prompt_file: None,
        index: 0,
    };
    let mut request = ProcessRequest::new(argv, cwd, environment.for_task(&task, &[], &BTreeMap::new()));
    request.limits.wall = limit;
    request.limits.grace = Duration::from_millis(100);
    run(&crate::harness::supervisor(), request, never_cancelled()).await.unwrap()
}

#[tokio::test]
async fn scripted_tools_do_what_their_names_say() {
    let scratch = Scratch::new();
    let text = |name: &str| std::fs::read_to_string(scratch.path().join(name)).unwrap_or_default();
    let go = async |name: &str, args: &[&str]| start(scratch.path(), name, args, None).await;
    let exited = |code: i32| Ending::Exited { code };
    assert_eq!(go("edit.sh", &["d/a", "hello"]).await.ending, exited(0));
    assert_eq!(text("d/a"), "hello\n");
    assert_eq!(go("fail.sh", &["9", "f", "partial"]).await.ending, exited(9));
    assert_eq!(text("f"), "partial\n");
    let outside = tempfile::tempdir().unwrap();
    let state = outside.path().join("calls").display().to_string();
    for content in ["bad\n", "good\n", "good\n"] {
        go("fix-on-second-call.sh", &[&state, "x", "good", "bad"]).await;
        assert_eq!(text("x"), content);
    }
    for content in ["1\n", "2\n", "1\n"] {
        go("toggle.sh", &["t", "1", "2"]).await;
        assert_eq!(text("t"), content);
    }
    assert_eq!(go("ask.sh", &[]).await.ending, exited(4));
    assert_eq!(go("commit.sh", &["c", "own"]).await.ending, exited(0));
    assert_eq!(scratch.git(&["log", "--format=%an %s"]), b"tool the tool's own commit\n");
    scratch.write("p.diff", b"--- a/f\n+++ b/f\n@@ -1 +1 @@\n-partial\n+whole\n");
    assert_eq!(extract(&go("print-patch.sh", &["p.diff"]).await.stdout.bytes).unwrap().bytes, text("p.diff").as_bytes());
}

#[tokio::test]
async fn scripted_tools_that_never_end_are_ended() {
    let scratch = Scratch::new();
    for (name, args) in [("hang.sh", [].as_slice()), ("hang.sh", &["deaf"]), ("flood.sh", &[])] {
        let outcome = start(scratch.path(), name, args, Some(Duration::from_millis(150))).await;
        assert_eq!(outcome.ending, Ending::TimedOut { limit: TimeLimit::Wall }, "{name} {args:?}");
        assert!(outcome.elapsed < Duration::from_secs(3), "{name} {args:?}: {:?}", outcome.elapsed);
    }
    start(scratch.path(), "leave-behind.sh", &["late"], None).await;
    let size = || std::fs::metadata(scratch.path().join("late")).map_or(0, |metadata| metadata.len());
    let before = size();
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(size(), before, "nothing writes after the outcome is there");
}
