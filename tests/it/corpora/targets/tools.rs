//! Tool profiles and templates: the number of arguments depends on the profile and the number of files alone, whatever is put in, and
//! nothing that is put in becomes an option.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use git_orc::domain::id::{RepoPath, RunId, ToolId, WorkstreamId};
use git_orc::domain::policy::scope::Scope;
use git_orc::domain::tool::invocation::{Invocation, Task, invocation};
use git_orc::domain::tool::parse::{ProfileSource, SHIPPED, parse_profiles};
use git_orc::domain::tool::profile::{ToolKind, ToolProfile};
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
        scope: &Scope::new(&[], &[], &[]).unwrap(),
        own_program: Path::new("/bin/git-orc"),
    };
    let started = invocation(profile, &task).ok()?;
    let ToolKind::External { binary, args } = &profile.kind else { return Some(started) };
    let spread = |argument: &&String| template::parse(argument).is_ok_and(|p| p == [Piece::Value(Placeholder::Files)]);
    let lists = args.iter().filter(spread).count();
    assert_eq!(started.argv.len(), 1 + args.len() - lists + lists * files.len(), "{args:?} became {:?}", started.argv);
    assert_eq!(started.argv[0], OsStr::new(binary));
    assert!(started.argv.iter().all(|argument| !argument.as_bytes().contains(&0)));
    Some(started)
}
