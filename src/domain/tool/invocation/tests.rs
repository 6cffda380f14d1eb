//! What becomes of a task on its way to an argument vector.

use proptest::prelude::*;

use super::*;
use crate::domain::id::ToolId;

struct Fixture {
    prompt: String,
    files: Vec<RepoPath>,
    command: Option<Vec<String>>,
    workstream: WorkstreamId,
    sandbox: SandboxLevel,
}

impl Fixture {
    fn new(prompt: &str, files: &[&str]) -> Self {
        let files = files.iter().map(|path| RepoPath::from(*path)).collect();
        Self {
            prompt: prompt.to_owned(),
            files,
            command: None,
            workstream: WorkstreamId::parse("ws-a").unwrap(),
            sandbox: SandboxLevel::None,
        }
    }

    fn run(&self, profile: &ToolProfile) -> Result<Invocation, InvocationError> {
        let task = Task {
            prompt: &self.prompt,
            prompt_file: Path::new("/run/p.md"),
            files: &self.files,
            worktree_path: Path::new("/wt"),
            run_dir: Path::new("/run/d"),
            workstream: &self.workstream,
            run: RunId::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap(),
            command: self.command.as_deref(),
            model: None,
            budget: None,
            timeout_sec: 60,
            sandbox: self.sandbox,
            scope: &Scope::new(&[], &[], &[]).unwrap(),
            own_program: Path::new("/bin/git-orc"),
        };
        invocation(profile, &task)
    }
}

fn external(args: &[&str]) -> ToolProfile {
    let args = args.iter().map(|arg| (*arg).to_owned()).collect();
    ToolProfile::new(ToolId::parse("t").unwrap(), ToolKind::External { binary: "tool".to_owned(), args })
}

fn check(args: &[&str], fixture: &Fixture, expect: &[&str]) {
    let argv = fixture.run(&external(args)).unwrap().argv;
    assert_eq!(argv[0], "tool");
    assert_eq!(argv[1..], expect.iter().map(OsString::from).collect::<Vec<_>>(), "{args:?}");
}

#[test]
fn values_are_put_in() {
    let fixture = Fixture::new("do it", &["a.rs", "b c.rs"]);
    check(&["-x", "{prompt}"], &fixture, &["-x", "do it"]);
    check(&["--in={prompt_file}", "{worktree_path}/x", "{run_dir}"], &fixture, &["--in=/run/p.md", "/wt/x", "/run/d"]);
    check(&["{workstream}-{run}"], &fixture, &["ws-a-01ARZ3NDEKTSV4RRFFQ69G5FAV"]);
    check(&["--", "{files}", "end"], &fixture, &["--", "a.rs", "b c.rs", "end"]);
    check(&["{files}"], &Fixture::new("", &[]), &[]);
    check(&["{prompt}"], &Fixture::new("", &[]), &[""]);
    check(&["{{x}}"], &fixture, &["{x}"]);
}

#[test]
fn a_value_is_never_read_as_a_template_or_by_a_shell() {
    let fixture = Fixture::new("{run} $(reboot) `x`; \"quoted\" 'too' \\ *", &["{prompt}", "$HOME"]);
    check(&["{prompt}", "{files}"], &fixture, &["{run} $(reboot) `x`; \"quoted\" 'too' \\ *", "{prompt}", "$HOME"]);
}

#[test]
fn a_value_never_becomes_an_option() {
    let fixture = Fixture::new("- first\n- second", &["-rf", "--help", "a/-b"]);
    check(&["{prompt}", "{files}"], &fixture, &["\n- first\n- second", "./-rf", "./--help", "a/-b"]);
    check(&["--message={prompt}"], &fixture, &["--message=- first\n- second"]);
    check(&["{prompt}{prompt}"], &Fixture::new("-x", &[]), &["\n-x-x"]);
}

#[test]
fn the_prompt_can_go_to_standard_input_and_values_to_variables() {
    let mut profile = external(&[]);
    profile.stdin = StdinMode::Prompt;
    profile.env.insert("TOOL_HOME".to_owned(), "{run_dir}/home".to_owned());
    profile.env.insert("TOOL_PROMPT".to_owned(), "{prompt}".to_owned());
    profile.env.insert("TOOL_FILES".to_owned(), "{files}".to_owned());
    let invocation = Fixture::new("-p", &["-a", "b"]).run(&profile).unwrap();
    assert_eq!(invocation.stdin.as_deref(), Some(b"-p".as_slice()));
    let env: Vec<_> = invocation.env.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    assert_eq!(env, [("TOOL_FILES", "-a\nb"), ("TOOL_HOME", "/run/d/home"), ("TOOL_PROMPT", "-p")]);
}

#[test]
fn the_embedded_tool_runs_the_command_as_written() {
    let profile = ToolProfile::new(ToolId::parse("command").unwrap(), ToolKind::Command);
    let mut fixture = Fixture::new("p", &["f"]);
    assert_eq!(fixture.run(&profile), Err(InvocationError::NoCommand));
    fixture.command = Some(vec![String::new()]);
    assert_eq!(fixture.run(&profile), Err(InvocationError::NoCommand));
    fixture.command = Some(["awk", "{print $1}", "-v", "{prompt}"].map(str::to_owned).to_vec());
    assert_eq!(fixture.run(&profile).unwrap().argv, ["awk", "{print $1}", "-v", "{prompt}"]);
}

#[test]
fn what_does_not_fit_is_refused() {
    let refuse = |args: &[&str], fixture: &Fixture| fixture.run(&external(args)).unwrap_err().to_string();
    let long = Fixture::new(&"x".repeat(LONGEST_ARGUMENT + 1), &[]);
    assert!(refuse(&["{prompt}"], &long).contains("is 131072 bytes long"), "{}", refuse(&["{prompt}"], &long));
    assert!(long.run(&external(&["{prompt_file}"])).is_ok());
    assert_eq!(refuse(&["{prompt}"], &Fixture::new("a\0b", &[])), "the value of `{prompt}` holds a NUL byte");
    assert_eq!(refuse(&["{files}"], &Fixture::new("", &["a\0b"])), "the value of `{files}` holds a NUL byte");
    let unknown = refuse(&["{file}"], &Fixture::new("", &[]));
    assert!(
        unknown.starts_with("argument `{file}` of the tool profile: unknown placeholder `{file}` (did you mean `files`?)"),
        "{unknown}"
    );
    let replay = ToolProfile::new(ToolId::parse("replay").unwrap(), ToolKind::Replay);
    assert_eq!(Fixture::new("", &[]).run(&replay), Err(InvocationError::NoProgram("replay".to_owned())));
}

proptest! {
    #[test]
    fn the_number_of_arguments_depends_on_the_files_alone(
        prompt in "[^\0]{0,40}",
        files in proptest::collection::vec("[^\0]{1,12}", 0..4),
        shape in proptest::collection::vec(0_usize..8, 0..6),
    ) {
        const SHAPES: [&str; 8] =
            ["{prompt}", "{prompt_file}", "{files}", "{worktree_path}", "{workstream}", "{run}", "{prompt}{run_dir}", "text"];
        let args: Vec<&str> = shape.iter().map(|at| SHAPES[*at]).collect();
        let fixture = Fixture::new(&prompt, &files.iter().map(String::as_str).collect::<Vec<_>>());
        let argv = fixture.run(&external(&args)).unwrap().argv;
        let spread = args.iter().filter(|arg| **arg == "{files}").count();
        prop_assert_eq!(argv.len(), 1 + args.len() - spread + spread * files.len());
        for argument in &argv {
            prop_assert!(!argument.as_bytes().starts_with(b"-"), "{:?}", argument);
        }
    }
}

#[test]
fn arguments_for_a_model_and_a_budget_are_there_when_these_are() {
    let fixture = Fixture::new("p", &[]);
    let mut profile = external(&["{model_args}", "{budget_args}", "-t", "{timeout_sec}"]);
    profile.model_args = vec!["-m".to_owned(), "{model}".to_owned()];
    profile.budget_args = vec!["--most={budget_usd}".to_owned()];
    assert_eq!(fixture.run(&profile).unwrap().argv, ["tool", "-t", "60"]);
    profile.model = Some("gpt".to_owned());
    assert_eq!(fixture.run(&profile).unwrap().argv, ["tool", "-m", "gpt", "-t", "60"]);
    let task = Task {
        prompt: "p",
        prompt_file: Path::new("/p"),
        files: &[],
        worktree_path: Path::new("/w"),
        run_dir: Path::new("/d"),
        workstream: &fixture.workstream,
        run: RunId::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap(),
        command: None,
        model: Some("-other"),
        budget: Some(MicroUsd(1_500_000)),
        timeout_sec: 5,
        sandbox: SandboxLevel::None,
        scope: &Scope::new(&[], &[], &[]).unwrap(),
        own_program: Path::new("/bin/git-orc"),
    };
    let argv = invocation(&profile, &task).unwrap().argv;
    assert_eq!(argv, ["tool", "-m", "\n-other", "--most=1.500000", "-t", "5"]);
    let error = fixture.run(&external(&["--most={budget_usd}"])).unwrap_err();
    assert_eq!(error, InvocationError::NoValue(Placeholder::BudgetUsd));
}

#[test]
fn a_tool_that_is_held_gets_its_own_arguments_for_that() {
    let mut profile = external(&["--own-sandbox", "{prompt}"]);
    let check = |profile: &ToolProfile, sandbox: SandboxLevel, expect: &[&str]| {
        let fixture = Fixture { sandbox, ..Fixture::new("p", &[]) };
        let argv = fixture.run(profile).unwrap().argv;
        assert_eq!(argv[argv.len() - expect.len()..], expect.iter().map(OsString::from).collect::<Vec<_>>(), "{sandbox:?}");
    };
    check(&profile, SandboxLevel::Bubblewrap, &["tool", "--own-sandbox", "p"]);
    profile.held_args = Some(vec!["--no-sandbox".to_owned(), "{prompt}".to_owned()]);
    check(&profile, SandboxLevel::None, &["tool", "--own-sandbox", "p"]);
    check(&profile, SandboxLevel::Landlock, &["tool", "--no-sandbox", "p"]);
    check(&profile, SandboxLevel::Bubblewrap, &["tool", "--no-sandbox", "p"]);
    profile.kind = ToolKind::Acp { binary: "tool".to_owned(), args: Vec::new() };
    check(&profile, SandboxLevel::None, &["tool"]);
    check(&profile, SandboxLevel::Landlock, &["tool", "--no-sandbox", "p"]);
}

#[test]
fn files_of_a_profile_are_made_from_templates() {
    let mut profile = external(&[]);
    profile.run_files.insert("home/settings.json".to_owned(), r#"{{"folder":"{worktree_path}"}}"#.to_owned());
    let files = Fixture::new("p", &[]).run(&profile).unwrap().files;
    assert_eq!(files, [("home/settings.json".to_owned(), br#"{"folder":"/wt"}"#.to_vec())]);
}

#[test]
fn the_part_of_a_tool_that_is_no_program_is_done_by_our_own() {
    let bridged = |kind| {
        let mut profile = ToolProfile::new(ToolId::parse("t").unwrap(), kind);
        profile.model = Some("m".to_owned());
        profile.key_env = Some("X_KEY".to_owned());
        // A bridge reads the file.
        profile.stdin = StdinMode::Prompt;
        let Invocation { argv, stdin, files, .. } = Fixture::new("do it", &[]).run(&profile).unwrap();
        assert_eq!(stdin, None);
        let argv: Vec<String> = argv.into_iter().map(|argument| argument.into_string().unwrap()).collect();
        let order: Order = serde_json::from_slice(&files.iter().find(|(path, _)| path == ORDER_FILE).unwrap().1).unwrap();
        assert_eq!(argv[2], order.word());
        (argv.join(" "), order)
    };
    let scope = ScopeGlobs::default();
    let (argv, order) = bridged(ToolKind::Api { base_url: "http://x/v1".to_owned() });
    assert_eq!(argv, "/bin/git-orc __bridge api /run/d /run/p.md");
    let (base_url, key_env) = ("http://x/v1".to_owned(), Some("X_KEY".to_owned()));
    assert_eq!(order, Order::Api { base_url, model: Some("m".to_owned()), key_env, context_window: None, scope: scope.clone() });
    let (argv, order) = bridged(ToolKind::Acp { binary: "gemini".to_owned(), args: vec!["--acp".to_owned(), "{model}".to_owned()] });
    assert_eq!(argv, "/bin/git-orc __bridge acp /run/d /run/p.md gemini --acp m");
    assert_eq!(order, Order::Acp { scope });
    let (argv, order) = bridged(ToolKind::Manual);
    assert_eq!(argv, "/bin/git-orc __bridge manual /run/d /run/p.md");
    assert_eq!(order, Order::Manual { workstream: "ws-a".to_owned(), run: "01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned() });
}
