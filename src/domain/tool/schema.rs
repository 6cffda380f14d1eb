//! The JSON Schema of profile files. They are read by hand, for the sake of the places of mistakes, so a test holds this to the reader: the
//! same keys, and the same good and bad samples.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::raw::KEYS;
use super::reader::{ErrorReader, FailureRule, UsageReader};
use super::resources::ResourceLimits;
use super::template::Placeholder;
use super::toolbox::{COMMAND, FIXERS, REPLAY};
use super::variable::GIT_LOCAL;
use crate::domain::policy::sandbox::OwnRules;

/// An id.
const ID: &str = r"^(?!.*\.\.)(?!.*\.$)(?!.*\.lock$)[a-z0-9][a-z0-9._-]{0,63}$";
/// One line of text that is not blank.
const ONE_LINE: &str = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$";

/// Returns the schema of `tool_profiles.json`.
#[must_use]
pub fn tool_profiles_schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let properties: Map<String, Value> = KEYS
        .iter()
        .filter_map(|key| {
            let (description, mut schema) = property(key, &mut generator)?;
            schema["description"] = description.into();
            Some(((*key).to_owned(), schema))
        })
        .collect();
    let definitions = generator.take_definitions(true);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "git-orc profiles of tools",
        "description": "How the programs that change files are started and read, by their ids.",
        "type": "object",
        "properties": {"$schema": true, "metadata": true},
        "propertyNames": {"anyOf": [
            {"enum": ["$schema", "metadata"]},
            {"pattern": "^x-"},
            {"pattern": ID, "not": {"enum": [COMMAND, REPLAY, FIXERS]}},
        ]},
        "patternProperties": {"^x-": true},
        "additionalProperties": {
            "type": "object",
            "description": "A tool. What it leaves out is taken from the file below it, and from the tool that it extends.",
            "properties": with_free(properties),
            "patternProperties": {"^x-": true},
            "additionalProperties": false,
        },
        "$defs": definitions,
    })
}

fn with_free(mut properties: Map<String, Value>) -> Map<String, Value> {
    properties.insert("metadata".to_owned(), json!({"description": "Free data."}));
    properties
}

/// Returns what a key is for, and what it takes.
fn property(key: &str, generator: &mut SchemaGenerator) -> Option<(&'static str, Value)> {
    started(key).or_else(|| told(key, generator)).or_else(|| bounded(key, generator))
}

/// Returns the keys that say how a tool is started.
fn started(key: &str) -> Option<(&'static str, Value)> {
    let program = json!({"type": "string", "pattern": r"^[^-\x00][^\x00]*$"});
    let url = json!({"type": "string", "pattern": r"^https?://[^@\s\x00-\x1f\x7f-\x9f]+$"});
    let files = json!({"type": "object", "propertyNames": {"pattern": r"^(?!\.{0,2}(/|$))[^\x00/]+(/(?!\.{0,2}(/|$))[^\x00/]+)*$"}, "additionalProperties": template()});
    Some(match key {
        "kind" => {
            ("How it is talked to; a program that is started for every task when absent.", words(&["program", "acp", "api", "manual"]))
        }
        "binary" => ("The program, found in PATH.", program),
        "args" => ("Its arguments, with `{placeholders}`; never read by a shell.", list(&template())),
        "held_args" => ("The arguments in place of `args` where git-orc's own sandbox holds it.", list(&template())),
        "base_url" => ("The address of the interface of an `api`, such as https://api.openai.com/v1.", url),
        "key_env" => ("The variable that holds the key of its provider; the key itself is in no profile.", name()),
        "model" => ("The model, where nobody names another one.", one_line()),
        "model_args" => ("The arguments in place of `{model_args}` when there is a model.", list(&template())),
        "budget_args" => ("The arguments in place of `{budget_args}` when there is a budget.", list(&template())),
        "run_files" => ("Files to write below `{run_dir}` before it starts: path and template.", files),
        "env" => ("Variables to set.", json!({"type": "object", "propertyNames": name(), "additionalProperties": template()})),
        "env_allow" => ("Names of variables to pass on; a name may end in `*`.", list(&name_pattern())),
        "stdin" => ("How the prompt reaches its standard input; closed when absent.", words(&["null", "prompt"])),
        "extends" => ("The tool whose fields fill those that are not set here.", json!({"type": "string", "pattern": ID})),
        "version_args" => ("The arguments that make it print its version; `--version` when absent.", list(&json!({"type": "string"}))),
        "min_version" => ("The oldest version that is known to work.", json!({"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)*$"})),
        "install" => ("The command that installs it, for the hint when it is missing.", one_line()),
        _ => return None,
    })
}

/// Returns the keys that say what is made of what it leaves and prints.
fn told(key: &str, generator: &mut SchemaGenerator) -> Option<(&'static str, Value)> {
    let leftover = json!({"type": "string", "pattern": r"^(?!\.\.\*?$)(?!\.git\*?$)[^/*\x00]{2,}\*?$"});
    Some(match key {
        "output" => ("What it leaves behind: changed files, or a unified diff on standard output.", words(&["worktree", "patch"])),
        "usage" => ("Where it tells its usage.", of::<UsageReader>(generator)),
        "errors" => ("Where it tells that it failed.", of::<Vec<ErrorReader>>(generator)),
        "failures" => ("How its failures read; the first rule that fits counts.", of::<Vec<FailureRule>>(generator)),
        "leftovers" => ("Names at the top of the worktree that it leaves for itself; a name may end in `*`.", list(&leftover)),
        "success_exit_codes" => (
            "The exit codes that count as success; 0 when absent.",
            json!({"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 255}, "minItems": 1}),
        ),
        "resolve" => ("What it does about a merge conflict.", words(&["markers", "redo", "refuse"])),
        "integrity" => ("What follows when it changed what it shares with the user.", words(&["stop", "restore"])),
        "assisted_by" => ("Who assisted, for the trailer of commits.", one_line()),
        _ => return None,
    })
}

/// Returns the keys that bound it, and those that say what it can do.
fn bounded(key: &str, generator: &mut SchemaGenerator) -> Option<(&'static str, Value)> {
    let positive = || json!({"type": "integer", "minimum": 1});
    Some(match key {
        "timeout_sec" => ("Seconds until it is ended.", positive()),
        "idle_timeout_sec" => ("Seconds without output until it is ended; 0 for never.", json!({"type": "integer", "minimum": 0})),
        "capabilities" => ("What it can do, for plans that ask for a capability.", list(&json!({"type": "string"}))),
        "max_parallel" => ("How many of it may run at once.", positive()),
        "starts_per_minute" => ("How many of it may be started in a minute.", positive()),
        "context_window" => ("How many tokens fit into its window.", positive()),
        "reads_agents_md" => ("Whether it reads AGENTS.md by itself.", json!({"type": "boolean"})),
        "resources" => ("What it may use of the machine, where that differs from the settings.", of::<ResourceLimits>(generator)),
        "sandbox" => ("What it is held to, and what it may reach all the same.", of::<OwnRules>(generator)),
        _ => return None,
    })
}

fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<T>().to_value()
}

fn words(words: &[&str]) -> Value {
    json!({"type": "string", "enum": words})
}

fn list(items: &Value) -> Value {
    json!({"type": "array", "items": items})
}

fn one_line() -> Value {
    json!({"type": "string", "pattern": ONE_LINE})
}

fn name() -> Value {
    json!({"type": "string", "pattern": r"^[^=*\s\x00]+$", "not": not_passed()})
}

fn name_pattern() -> Value {
    json!({"type": "string", "pattern": r"^[^=*\s\x00]+\*?$", "not": not_passed()})
}

/// Returns the variables that tie a process to one repository, and those of git-orc itself, with a `*` after them or without.
fn not_passed() -> Value {
    let names = GIT_LOCAL.join("|");
    json!({"pattern": format!(r"^(({names})\*?$|GIT_CONFIG_KEY_|GIT_CONFIG_VALUE_|ORC_)")})
}

/// Returns what a template looks like: text, doubled braces and placeholders, or one placeholder that is any number of arguments.
fn template() -> Value {
    let names = |alone: bool| {
        let names = Placeholder::ALL.into_iter().filter(|placeholder| placeholder.stands_alone() == alone).map(Placeholder::name);
        names.collect::<Vec<_>>().join("|")
    };
    let pattern = format!(r"^(\{{({})\}}|([^{{}}]|\{{\{{|\}}\}}|\{{({})\}})*)$", names(true), names(false));
    json!({"type": "string", "pattern": pattern})
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use jsonschema::Validator;

    use super::*;
    use crate::domain::tool::parse::{ProfileSource, SHIPPED, parse_profiles};

    static SCHEMA: LazyLock<Validator> = LazyLock::new(|| jsonschema::draft202012::new(&tool_profiles_schema()).unwrap());

    /// A tool with every field.
    const FULL: &str = r#"{"kind": "acp", "binary": "b", "args": ["-x", "{files}", "--log={run_dir}/x", "{{\"a\":{{}}}}"], "held_args": ["{files}"], "base_url": "https://x/v1",
        "env": {"A": "{run}"}, "env_allow": ["K_*", "L"], "stdin": "prompt", "output": "patch", "timeout_sec": 5, "idle_timeout_sec": 0,
        "success_exit_codes": [0, 5], "capabilities": ["c"], "resolve": "refuse", "integrity": "restore", "resources": {"memory_mib": 4096},
        "assisted_by": "me", "install": "make", "model": "m", "model_args": ["-m", "{model}"], "budget_args": ["{budget_usd}"],
        "key_env": "KEY", "run_files": {"a/.b": "{run}"},
        "usage": {"in": {"format": "jsonl", "stream": "stderr", "take": "sum", "select": {"t": "x"}, "over": "a.*"}, "fields": {"input": "i"}},
        "errors": [{"in": {"format": "json"}, "message": "m", "status": "s"}],
        "failures": [{"class": "auth", "exit_codes": [41], "statuses": [401], "pattern": "x", "then": "person"}], "leftovers": [".t*"],
        "max_parallel": 2, "starts_per_minute": 3, "context_window": 1000, "reads_agents_md": true, "version_args": ["-V"],
        "min_version": "1.2", "sandbox": {"level": "landlock", "network": "none", "reads": "listed", "write": ["~/.t"], "read": ["/opt"]},
        "extends": "u", "x-note": [1], "metadata": {"k": 1}}"#;

    fn both(text: &str) -> (bool, bool) {
        let is_read = parse_profiles(&[ProfileSource { name: "f", text }]).is_ok();
        let value = serde_json::from_str(text);
        (is_read, value.is_ok_and(|value| SCHEMA.is_valid(&value)))
    }

    #[test]
    fn every_key_has_a_schema_and_a_sample() {
        let schema = tool_profiles_schema();
        let described = schema["additionalProperties"]["properties"].as_object().unwrap();
        let sample: Map<String, Value> = serde_json::from_str(FULL).unwrap();
        for key in KEYS {
            assert!(described.contains_key(*key), "{key} has no schema");
            assert!(sample.contains_key(*key), "{key} is in no sample");
        }
        assert_eq!(described.len(), KEYS.len() + 1);
    }

    #[test]
    fn good_files_pass_both() {
        assert_eq!(both(SHIPPED), (true, true));
        for text in [
            &format!(r#"{{"t": {FULL}, "u": {{"binary": "u"}}, "$schema": "s", "x-y": 1, "metadata": []}}"#),
            r#"{"me": {"kind": "manual"}}"#,
            r#"{"api": {"kind": "api", "base_url": "http://127.0.0.1:1/v1"}}"#,
            r#"{"t": {"binary": "b", "args": ["", "{prompt}}}", "{{{run}}}", "a\nb"], "sandbox": {"level": null}, "version_args": []}}"#,
            "{}",
        ] {
            assert_eq!(both(text), (true, true), "{text}");
        }
    }

    /// Fields that are refused.
    const BAD: &[&str] = &[
        r#""kind": "robot""#,
        r#""binary": """#,
        r#""binary": "-x""#,
        r#""binary": 1"#,
        r#""args": ["{promt}"]"#,
        r#""args": ["a{"]"#,
        r#""args": ["a}b"]"#,
        r#""args": ["--f={files}"]"#,
        r#""args": "x""#,
        r#""base_url": "ftp://x""#,
        r#""base_url": "https://me:secret@x/v1""#,
        r#""base_url": "https://""#,
        r#""key_env": "GIT_DIR""#,
        r#""key_env": "A B""#,
        r#""model": " ""#,
        r#""run_files": {"../x": ""}"#,
        r#""run_files": {"/x": ""}"#,
        r#""run_files": {"a/./b": ""}"#,
        r#""run_files": {"a": "{promt}"}"#,
        r#""env": {"GIT_CONFIG_KEY_0": "x"}"#,
        r#""env": {"ORC_RUN": "x"}"#,
        r#""env_allow": ["*"]"#,
        r#""env_allow": ["A*B"]"#,
        r#""env_allow": ["GIT_DIR*"]"#,
        r#""stdin": "file""#,
        r#""output": "diff""#,
        r#""usage": {"in": {"format": "xml"}, "fields": {}}"#,
        r#""usage": {"in": {"format": "json"}, "fields": {"inputs": "a"}}"#,
        r#""usage": {"fields": {}}"#,
        r#""errors": [{"in": {"format": "json", "streem": "stderr"}}]"#,
        r#""failures": [{"class": "bad"}]"#,
        r#""failures": [{"pattern": "x"}]"#,
        r#""failures": [{"class": "auth", "statuses": [70000]}]"#,
        r#""leftovers": ["a/b"]"#,
        r#""leftovers": [".git"]"#,
        r#""leftovers": ["..*"]"#,
        r#""leftovers": ["*"]"#,
        r#""timeout_sec": 0"#,
        r#""idle_timeout_sec": -1"#,
        r#""success_exit_codes": [256]"#,
        r#""success_exit_codes": []"#,
        r#""capabilities": [1]"#,
        r#""max_parallel": 0"#,
        r#""starts_per_minute": 0"#,
        r#""context_window": 0"#,
        r#""reads_agents_md": "yes""#,
        r#""version_args": "-V""#,
        r#""min_version": "v1""#,
        r#""min_version": "1..2""#,
        r#""resolve": "give up""#,
        r#""integrity": "ignore""#,
        r#""resources": {"memory": 1}"#,
        r#""assisted_by": "a\nb""#,
        r#""install": """#,
        r#""sandbox": {"level": "tight"}"#,
        r#""sandbox": {"writes": []}"#,
        r#""extends": "A""#,
        r#""timeout-sec": 5"#,
        r#""colour": 1"#,
    ];

    #[test]
    fn bad_fields_pass_neither() {
        for field in BAD {
            let text = format!(r#"{{"t": {{"binary": "b", {field}}}}}"#);
            let text = if field.starts_with(r#""binary"#) { format!(r#"{{"t": {{{field}}}}}"#) } else { text };
            assert_eq!(both(&text), (false, false), "{text}");
        }
        for text in ["[]", r#"{"T": {"binary": "b"}}"#, r#"{"command": {"binary": "b"}}"#, r#"{"t": 1}"#, r#"{"a..b": {"binary": "b"}}"#] {
            assert_eq!(both(text), (false, false), "{text}");
        }
    }
}
