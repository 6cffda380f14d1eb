//! Profile files, right and wrong.

use super::*;
use crate::domain::policy::sandbox::OwnRules;
use crate::domain::tool::profile::{IntegrityMode, OutputMode, ResolveMode, StdinMode};
use crate::domain::tool::resources::ResourceLimits;

fn parse(layers: &[&str]) -> Result<Toolbox, Vec<String>> {
    let names = ["shipped", "user", "repo"];
    let sources: Vec<_> = layers.iter().zip(names).map(|(text, name)| ProfileSource { name, text }).collect();
    parse_profiles(&sources).map_err(|errors| errors.iter().map(ToString::to_string).collect())
}

fn profile(toolbox: &Toolbox, id: &str) -> ToolProfile {
    toolbox.profile(&ToolId::parse(id).unwrap()).unwrap().clone()
}

#[test]
fn the_shipped_profiles_are_complete() {
    let toolbox = parse(&[SHIPPED]).unwrap();
    let ids: Vec<_> = toolbox.tools().map(|tool| tool.profile.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "aider",
            "codex",
            "claude",
            "gemini",
            "opencode",
            "qwen",
            "goose",
            "copilot",
            "cursor",
            "vibe",
            "generic",
            "gemini-acp",
            "qwen-acp",
            "opencode-acp",
            "manual",
            "command",
            "replay"
        ]
    );
    for tool in toolbox.tools().take(10) {
        let profile = &tool.profile;
        assert_eq!((profile.resolve, profile.output), (ResolveMode::Markers, OutputMode::Worktree), "{}", profile.id);
        assert!(profile.timeout_sec.is_some() && profile.install.is_some() && profile.assisted_by.is_some(), "{}", profile.id);
    }
    assert_eq!(profile(&toolbox, "codex").stdin, StdinMode::Prompt);
}

#[test]
fn what_a_bridge_does_needs_no_reader_of_its_own() {
    let toolbox = parse(&[
        r#"{"m": {"kind": "manual"}, "p": {"binary": "b"}, "c": {"kind": "acp", "binary": "b"},
        "a": {"kind": "api", "base_url": "http://x", "key_env": "K", "env_allow": ["E"], "failures": [{"class": "auth", "exit_codes": [24]}]}}"#,
    ])
    .unwrap();
    for id in ["m", "c", "a"] {
        let profile = profile(&toolbox, id);
        assert_eq!((profile.usage, profile.errors), (Some(bridge::usage()), bridge::errors()), "{id}");
        assert!(profile.failures.ends_with(&bridge::failures()), "{id}");
    }
    let asked = profile(&toolbox, "a");
    assert_eq!((asked.output, asked.failures[0].exit_codes.as_slice()), (OutputMode::Patch, [24].as_slice()));
    for name in ["E", "K", "HTTPS_PROXY"] {
        assert!(asked.env_allow.iter().any(|allowed| allowed == name), "{name}");
    }
    let person = profile(&toolbox, "m");
    assert_eq!((person.idle_timeout_sec, person.timeout_sec, person.resolve), (Some(0), None, ResolveMode::Markers));
    let program = profile(&toolbox, "p");
    assert_eq!((program.usage, program.errors.len(), program.failures.len(), program.idle_timeout_sec), (None, 0, 0, None));
}

#[test]
fn who_says_the_arguments_has_the_last_word_about_those_of_a_held_tool() {
    let check = |own: &str, expect: Option<&[&str]>| {
        let base = r#"{"t": {"binary": "b", "args": ["a"], "held_args": ["h"]}}"#;
        let held = profile(&parse(&[base, own]).unwrap(), "t").held_args;
        assert_eq!(held, expect.map(|args| args.iter().map(|arg| (*arg).to_owned()).collect()), "{own}");
    };
    check(r#"{"t": {"model": "m"}}"#, Some(&["h"]));
    check(r#"{"t": {"args": ["b"]}}"#, None);
    check(r#"{"t": {"args": ["b"], "held_args": []}}"#, Some(&[]));
    check(r#"{"t": {"held_args": ["i"]}}"#, Some(&["i"]));
}

#[test]
fn every_field_is_read() {
    let toolbox =
        parse(&[r#"{"t": {"binary": "b", "args": ["-x", "{files}"], "held_args": ["-y"], "env": {"A": "{run}"}, "env_allow": ["K_*"], "stdin": "prompt",
        "output": "patch", "timeout_sec": 5, "idle_timeout_sec": 0, "success_exit_codes": [0, 5], "capabilities": ["c"],
        "resolve": "refuse", "resources": {"memory_mib": 4096}, "assisted_by": "me", "install": "make",
        "model": "m", "model_args": ["-m", "{model}"], "budget_args": ["{budget_usd}"], "key_env": "KEY", "run_files": {"a/b": "{run}"},
        "usage": {"in": {"format": "jsonl"}, "fields": {"input": "i"}}, "errors": [{"in": {"format": "json", "stream": "stderr"}}],
        "failures": [{"class": "auth", "exit_codes": [41]}], "leftovers": [".t*"], "max_parallel": 2, "starts_per_minute": 3,
        "context_window": 1000, "reads_agents_md": true, "version_args": ["-V"], "min_version": "1.2", "x-note": [1], "metadata": {"k": 1}}, "$schema": "s", "x-y": 1}"#])
        .unwrap();
    let expect = ToolProfile {
        id: ToolId::parse("t").unwrap(),
        kind: ToolKind::External { binary: "b".to_owned(), args: vec!["-x".to_owned(), "{files}".to_owned()] },
        held_args: Some(vec!["-y".to_owned()]),
        model: Some("m".to_owned()),
        model_args: vec!["-m".to_owned(), "{model}".to_owned()],
        budget_args: vec!["{budget_usd}".to_owned()],
        key_env: Some("KEY".to_owned()),
        run_files: BTreeMap::from([("a/b".to_owned(), "{run}".to_owned())]),
        env: BTreeMap::from([("A".to_owned(), "{run}".to_owned())]),
        env_allow: vec!["K_*".to_owned()],
        stdin: StdinMode::Prompt,
        output: OutputMode::Patch,
        usage: serde_json::from_str(r#"{"in": {"format": "jsonl"}, "fields": {"input": "i"}}"#).unwrap(),
        errors: serde_json::from_str(r#"[{"in": {"format": "json", "stream": "stderr"}}]"#).unwrap(),
        failures: serde_json::from_str(r#"[{"class": "auth", "exit_codes": [41]}]"#).unwrap(),
        leftovers: vec![".t*".to_owned()],
        timeout_sec: Some(5),
        idle_timeout_sec: Some(0),
        success_exit_codes: vec![0, 5],
        capabilities: vec!["c".to_owned()],
        max_parallel: Some(2),
        starts_per_minute: Some(3),
        context_window: Some(1000),
        reads_agents_md: true,
        version_args: vec!["-V".to_owned()],
        min_version: Some("1.2".to_owned()),
        resolve: ResolveMode::Refuse,
        integrity: IntegrityMode::Stop,
        resources: ResourceLimits { memory_mib: Some(4096), ..ResourceLimits::default() },
        assisted_by: Some("me".to_owned()),
        install: Some("make".to_owned()),
        sandbox: OwnRules::default(),
    };
    assert_eq!(profile(&toolbox, "t"), expect);
}

#[test]
fn a_higher_layer_overrides_single_fields() {
    let toolbox = parse(&[
        r#"{"a": {"binary": "a", "args": ["1", "2"], "env": {"K": "low", "L": "low"}, "timeout_sec": 1}, "b": {"binary": "b"}}"#,
        r#"{"c": {"binary": "c"}, "a": {"args": ["3"], "env": {"K": "high"}}}"#,
        r#"{"a": {"timeout_sec": 9}}"#,
    ])
    .unwrap();
    let a = profile(&toolbox, "a");
    assert_eq!(a.kind, ToolKind::External { binary: "a".to_owned(), args: vec!["3".to_owned()] });
    assert_eq!(a.env, BTreeMap::from([("K".to_owned(), "high".to_owned()), ("L".to_owned(), "low".to_owned())]));
    assert_eq!(a.timeout_sec, Some(9));
    assert_eq!(toolbox.tool(&a.id).unwrap().origins, ["repo", "user", "shipped"]);
    let order: Vec<_> = toolbox.tools().map(|tool| tool.profile.id.as_str()).collect();
    assert_eq!(order, ["a", "c", "b", "command", "replay"], "a tool of a higher layer is preferred");
}

#[test]
fn a_profile_extends_another_one_as_the_layers_left_it() {
    let toolbox = parse(&[
        r#"{"base": {"binary": "b", "args": ["1"], "timeout_sec": 1}}"#,
        r#"{"mine": {"extends": "mid", "timeout_sec": 3}, "mid": {"extends": "base", "stdin": "prompt"}, "base": {"args": ["2"]}}"#,
    ])
    .unwrap();
    let mine = profile(&toolbox, "mine");
    assert_eq!(mine.kind, ToolKind::External { binary: "b".to_owned(), args: vec!["2".to_owned()] });
    assert_eq!((mine.timeout_sec, mine.stdin), (Some(3), StdinMode::Prompt));
}

#[test]
fn mistakes_have_a_place_and_a_hint() {
    let check = |text: &str, expect: &str| assert_eq!(parse(&[text]).unwrap_err(), [expect], "{text}");
    check(
        "{\n  \"t\": {\n    \"timeout-sec\": 5\n  }\n}",
        "shipped:3:5: unknown key `timeout-sec`: keys are spelt with underscores, write `timeout_sec`",
    );
    check(r#"{"t": {"binary": "b", "arg": []}}"#, "shipped:1:23: unknown key `arg` (did you mean `args`?)");
    check(r#"{"t": {"arg"  : []}}"#, "shipped:1:8: unknown key `arg` (did you mean `args`?)");
    check(r#"{"t": {"colour": 1}}"#, "shipped:1:8: unknown key `colour`");
    check(r#"{"t": {"binary": "b", "binary": "c"}}"#, "shipped:1:23: key `binary` is set twice");
    check(r#"{"t": {"binary": "b"}, "t": {}}"#, "shipped:1:24: the tool `t` is defined twice");
    check(r#"{"command": {}}"#, "shipped:1:2: the tool `command` is embedded and cannot be changed; choose another id");
    check(r#"{"T": {}}"#, "shipped:1:2: `T` is not a valid id: use 1 to 64 of a-z, 0-9, `.`, `_`, `-`, starting with a letter or digit");
    check(
        "{\"t\": {\"args\": [\"a\",\n  \"{promt}\"]}}",
        "shipped:2:3: unknown placeholder `{promt}` (did you mean `prompt`?); write `{{` for a brace itself",
    );
    check(r#"{"t": {"args": ["-\"{files}"]}}"#, "shipped:1:17: `{files}` must be an argument of its own");
    check(r#"{"t": {"binary": ""}}"#, "shipped:1:18: the program is empty");
    check(r#"{"t": {"binary": "-x"}}"#, "shipped:1:18: `-x` is no program");
    check(r#"{"t": {"env": {"GIT_DIR": "x"}}}"#, "shipped:1:16: `GIT_DIR` ties a process to one repository and is never passed to a tool");
    check(r#"{"t": {"env_allow": ["*"]}}"#, "shipped:1:22: `` is no name of an environment variable");
    check(r#"{"t": {"stdin": "file"}}"#, "shipped:1:17: unknown variant `file`, expected `null` or `prompt`");
    check(r#"{"t": {"success_exit_codes": [256]}}"#, "shipped:1:33: invalid value: integer `256`, expected u8");
    check(r#"{"t": {"success_exit_codes": []}}"#, "shipped:1:32: at least one exit code must count as success");
    check(r#"{"t": {"assisted_by": "a\nb"}}"#, "shipped:1:23: this must be one line of text");
    check(r#"{"t": {"binary": "b"}"#, "shipped:1:21: EOF while parsing an object");
    check(r#"{"t": {}, "u": {"binary": "b"}}"#, "shipped:1:2: tool `t` has no `binary`");
    check(r#"{"u": {"binary": "b", "extends": "v"}}"#, "shipped:1:2: `extends` names the unknown tool `v`");
    check("", "shipped:1:1: EOF while parsing a value");
    assert!(parse(&["{\"t\": {\"timeout_sec\": 0}}"]).unwrap_err()[0].starts_with("shipped:1:23: invalid value: integer `0`"));
}

#[test]
fn all_files_and_all_tools_are_reported_at_once() {
    let errors = parse(&["{", "[]", r#"{"a": {}}"#]).unwrap_err();
    assert_eq!(errors.iter().map(|error| error.split(':').next().unwrap()).collect::<Vec<_>>(), ["shipped", "user"]);
    let errors = parse(&[r#"{"a": {"extends": "b"}, "b": {"extends": "a"}, "c": {}}"#]).unwrap_err();
    assert_eq!(
        errors,
        [
            "shipped:1:2: `extends` goes in a circle: a -> b -> a",
            "shipped:1:25: `extends` goes in a circle: b -> a -> b",
            "shipped:1:48: tool `c` has no `binary`"
        ]
    );
}

#[test]
fn a_tool_need_not_be_a_program() {
    let toolbox = parse(&[
        r#"{"acp": {"kind": "acp", "binary": "a", "args": ["--acp"]}, "api": {"kind": "api", "base_url": "http://127.0.0.1:1/v1"},
        "me": {"kind": "manual"}}"#,
    ])
    .unwrap();
    assert_eq!(profile(&toolbox, "acp").kind, ToolKind::Acp { binary: "a".to_owned(), args: vec!["--acp".to_owned()] });
    let api = profile(&toolbox, "api");
    assert_eq!(api.kind, ToolKind::Api { base_url: "http://127.0.0.1:1/v1".to_owned() });
    assert_eq!(api.output, OutputMode::Patch, "a model that is asked itself can only print");
    assert_eq!(profile(&toolbox, "me").kind, ToolKind::Manual);
    let error = parse(&[r#"{"api": {"kind": "api"}}"#]).unwrap_err();
    assert!(error[0].ends_with("tool `api` is an `api` and has no `base_url`"), "{error:?}");
}

#[test]
fn texts_that_can_not_be_what_they_are_for_are_refused() {
    let check = |field: &str, message: &str| {
        let errors = parse(&[&format!(r#"{{"t": {{"binary": "b", {field}}}}}"#)]).unwrap_err();
        assert!(errors[0].contains(message), "{field}: {}", errors[0]);
    };
    check(r#""base_url": "ftp://x""#, "must begin with `https://`");
    check(r#""base_url": "https://me:secret@x/v1""#, "no user or password");
    check(r#""leftovers": ["a/b"]"#, "must be a name at the top");
    check(r#""leftovers": [".git"]"#, "must be a name at the top");
    check(r#""leftovers": ["*"]"#, "must be a name at the top");
    check(r#""min_version": "v1""#, "is no version");
    check(r#""run_files": {"../x": ""}"#, "is no path below");
    check(r#""run_files": {"/x": ""}"#, "is no path below");
    check(r#""key_env": "GIT_DIR""#, "ties a process to one repository");
    check(r#""usage": {"in": {"format": "xml"}, "fields": {}}"#, "unknown variant `xml`");
    check(r#""usage": {"in": {"format": "json", "file": "{prompt_file}"}, "fields": {}}"#, "must be a file below `{run_dir}/`");
    check(r#""usage": {"in": {"format": "json", "file": "{run_dir}/../x"}, "fields": {}}"#, "must be a file below `{run_dir}/`");
    check(r#""usage": {"in": {"format": "json"}, "fields": {"input": "a..b"}}"#, "is no path of keys");
    check(r#""usage": {"in": {"format": "json"}, "fields": {"input": "a.*"}}"#, "is no path of keys");
    check(r#""failures": [{"class": "auth", "pattern": "("}]"#, "shipped:1:65: `(` is no regular expression: unclosed group");
    check(r#""failures": [{"class": "auth", "exit_codes": [1]}, {"class": "server"}]"#, "rule 2 of `failures` needs a `pattern`");
    check(r#""failures": [{"class": "bored", "exit_codes": [1]}]"#, "unknown variant `bored`");
}
