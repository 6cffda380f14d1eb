//! Tool profiles and templates: the number of arguments depends on the profile and the number of files alone, whatever is put in, and
//! nothing that is put in becomes an option.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use git_orc::domain::id::{RepoPath, RunId, ToolId, WorkstreamId};
use git_orc::domain::policy::sandbox::SandboxLevel;
use git_orc::domain::policy::scope::Scope;
use git_orc::domain::tool::invocation::{Invocation, Task, invocation};
use git_orc::domain::tool::outcome::Ending;
use git_orc::domain::tool::parse::{ProfileSource, SHIPPED, parse_profiles};
use git_orc::domain::tool::profile::{ToolKind, ToolProfile};
use git_orc::domain::tool::reading::{Changed, Said, files, read};
use git_orc::domain::tool::template::{self, Piece, Placeholder};

use super::fodder::Fodder;

/// A file of tool profiles on top of the shipped ones.
pub fn profiles(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let layers = [ProfileSource { name: "shipped", text: SHIPPED }, ProfileSource { name: "user", text: &text }];
    let Ok(toolbox) = parse_profiles(&layers) else { return };
    for tool in toolbox.tools() {
        let _ = start(&tool.profile, "do -it\n$(id)", &[RepoPath::from("-rf"), RepoPath::from("a b")]);
    }
}

/// One template and what is put into it: template, prompt, then files, separated by NUL bytes.
pub fn template(data: &[u8]) {
    let mut fodder = Fodder(data);
    let (argument, prompt) = (fodder.text(), fodder.text());
    let mut files = Vec::new();
    while !fodder.is_empty() && files.len() < 4 {
        files.push(RepoPath::new(fodder.field()));
    }
    let kind = ToolKind::External { binary: "tool".into(), args: vec!["--first".into(), argument.clone(), "--last".into()] };
    let profile = ToolProfile::new(ToolId::parse("tool").unwrap(), kind);
    let Some(started) = start(&profile, &prompt, &files) else { return };
    let middle = &started.argv[2..started.argv.len() - 1];
    // What the profile says itself may be an option.
    let is_own = |piece: &Piece| matches!(piece, Piece::Text(text) if text.starts_with('-'));
    if template::parse(&argument).is_ok_and(|pieces| pieces.iter().any(is_own)) {
        return;
    }
    for argument in middle {
        assert!(!argument.as_bytes().starts_with(b"-"), "a value became an option: {argument:?}");
    }
}

/// What a tool printed: which of the shipped tools, its exit code, whether it changed something, then standard error, standard output and the
/// file that it wrote, separated by NUL bytes.
pub fn tool_output(data: &[u8]) {
    let mut fodder = Fodder(data);
    let (which, code, is_changed) = (fodder.byte(), i32::from(fodder.byte()), fodder.byte() % 2 == 1);
    let changed = if is_changed { Changed::Something } else { Changed::Nothing };
    let (stderr, stdout, written) = (fodder.field(), fodder.field(), fodder.field());
    let toolbox = parse_profiles(&[ProfileSource { name: "shipped", text: SHIPPED }]).unwrap();
    let tools: Vec<_> = toolbox.tools().collect();
    let profile = &tools[usize::from(which) % tools.len()].profile;
    let files: BTreeMap<String, Vec<u8>> = files(profile).map(|name| (name.to_owned(), written.to_vec())).collect();
    let now = "2026-11-26T12:00:00Z".parse().unwrap();
    let read = read(profile, &Said { ending: Ending::Exited { code }, stdout, stderr, files: &files, now, changed });
    assert!(code == 0 || read.failure.is_some(), "a failure is hidden");
    assert!(is_changed || read.failure.is_some(), "nothing was changed, and nobody says so");
    let words = read.message.unwrap_or_default();
    assert!(words.chars().count() <= 200 && !words.chars().any(char::is_control), "{words:?}");
    let retry_at = read.failure.and_then(|failure| failure.retry_at);
    assert!(retry_at.is_none_or(|at| at >= now && at.duration_since(now).as_hours() <= 24), "{retry_at:?}");
}

fn start(profile: &ToolProfile, prompt: &str, files: &[RepoPath]) -> Option<Invocation> {
    let task = Task {
        prompt,
        prompt_file: Path::new("/run/prompt.md"),
        files,
        worktree_path: Path::new("/wt"),
        run_dir: Path::new("/run"),
        workstream: &WorkstreamId::parse("ws").unwrap(),
        run: RunId::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap(),
        command: None,
        model: Some("model"),
        budget: None,
        timeout_sec: 60,
        sandbox: SandboxLevel::None,
        scope: &Scope::new(&[], &[], &[]).unwrap(),
        own_program: Path::new("/bin/git-orc"),
    };
    let started = invocation(profile, &task).ok()?;
    let ToolKind::External { binary, args } = &profile.kind else { return Some(started) };
    let length = |argument: &String| match template::parse(argument).as_deref() {
        Ok([Piece::Value(Placeholder::Files)]) => files.len(),
        Ok([Piece::Value(Placeholder::ModelArgs)]) => profile.model_args.len(),
        Ok([Piece::Value(Placeholder::BudgetArgs)]) => 0,
        Ok(_) | Err(_) => 1,
    };
    assert_eq!(started.argv.len(), 1 + args.iter().map(length).sum::<usize>(), "{args:?} became {:?}", started.argv);
    assert_eq!(started.argv[0], OsStr::new(binary));
    assert!(started.argv.iter().all(|argument| !argument.as_bytes().contains(&0)));
    Some(started)
}
