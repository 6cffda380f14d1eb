//! What the tests say about each tool, besides its shipped profile: where the model is, and how it is reached without an account.

use serde_json::{Value, json};

use crate::model_server::Behaviour;

/// Where the model is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Model {
    /// At the scripted server.
    Scripted(Behaviour),
    /// Nowhere: nobody listens there.
    Down,
}

/// What one tool needs to find the model.
#[derive(Debug, Default)]
pub(super) struct Setting {
    /// Variables of the user's environment.
    pub(super) variables: Vec<(&'static str, String)>,
    /// Files below the home folder.
    pub(super) files: Vec<(&'static str, String)>,
    /// The profile, for a tool that has no shipped one.
    pub(super) profile: Option<Value>,
}

/// Returns what a tool needs to reach the model at this address.
pub(super) fn setting(tool: &str, url: &str) -> Setting {
    match tool {
        "aider" => Setting {
            variables: vec![
                ("OPENAI_API_KEY", key()),
                ("OPENAI_API_BASE", format!("{url}/v1")),
                ("AIDER_MODEL", "openai/gpt-4o".to_owned()),
            ],
            ..Setting::default()
        },
        "codex" => {
            Setting { variables: vec![("OPENAI_API_KEY", key())], files: vec![(".codex/config.toml", codex(url))], ..Setting::default() }
        }
        "gemini" => Setting {
            variables: vec![("GEMINI_API_KEY", key()), ("GOOGLE_GEMINI_BASE_URL", url.to_owned())],
            files: vec![(".gemini/settings.json", gemini_settings())],
            profile: Some(gemini()),
        },
        "opencode" => Setting { profile: Some(opencode(url)), ..Setting::default() },
        "copilot" => Setting { profile: Some(copilot(url)), ..Setting::default() },
        "qwen" => Setting {
            variables: vec![("OPENAI_API_KEY", key()), ("OPENAI_BASE_URL", format!("{url}/v1"))],
            profile: Some(qwen()),
            ..Setting::default()
        },
        _ => panic!("{tool} is not known"),
    }
}

fn key() -> String {
    "test".to_owned()
}

fn codex(url: &str) -> String {
    format!(
        "model = \"gpt-5.1-codex\"\nmodel_provider = \"scripted\"\n[model_providers.scripted]\nname = \"scripted\"\nbase_url = \"{url}/v1\"\n\
         wire_api = \"responses\"\nenv_key = \"OPENAI_API_KEY\"\nrequest_max_retries = 1\nstream_max_retries = 1\n"
    )
}

/// Returns a profile for codex where a sandbox holds it already: its own one can not be made inside of that, and then it writes nothing.
pub(super) fn codex_held() -> Value {
    let shipped: Value = serde_json::from_str(include_str!("../../../config/tool_profiles.json")).unwrap();
    let mut args = shipped["codex"]["args"].clone();
    for word in args.as_array_mut().unwrap().iter_mut().filter(|word| **word == "workspace-write") {
        *word = json!("danger-full-access");
    }
    json!({ "args": args })
}

fn gemini_settings() -> String {
    let settings = json!({
        "general": {"enableAutoUpdate": false, "maxAttempts": 2},
        "privacy": {"usageStatisticsEnabled": false},
        "model": {"maxSessionTurns": 20},
        "security": {"auth": {"selectedType": "gemini-api-key"}}
    });
    settings.to_string()
}

fn gemini() -> Value {
    json!({
        "binary": "gemini",
        "args": ["--approval-mode", "auto_edit", "--skip-trust", "-o", "json", "-m", "gemini-2.5-pro", "-p", "{prompt}"],
        "env": {"GEMINI_CLI_NO_RELAUNCH": "true"},
        "env_allow": ["GEMINI_*", "GOOGLE_GEMINI_*"],
        "assisted_by": "gemini",
        "sandbox": {"write": ["~/.gemini"]}
    })
}

fn opencode(url: &str) -> Value {
    let config = json!({
        "provider": {"scripted": {
            "npm": "@ai-sdk/openai-compatible",
            "options": {"baseURL": format!("{url}/v1"), "apiKey": key()},
            "models": {"m": {"limit": {"context": 128_000, "output": 8192}}}
        }},
        "permission": {"edit": "allow", "bash": "deny", "webfetch": "deny", "external_directory": "deny"},
        "autoupdate": false,
        "share": "disabled"
    });
    json!({
        "binary": "opencode",
        "args": ["run", "--format", "json", "--dir", "{worktree_path}", "-m", "scripted/m", "{prompt}"],
        "env": {
            "OPENCODE_CONFIG_CONTENT": braces(&config),
            "OPENCODE_DB": ":memory:",
            "XDG_DATA_HOME": "{run_dir}/data",
            "XDG_STATE_HOME": "{run_dir}/state",
            "XDG_CACHE_HOME": "{run_dir}/cache",
            "XDG_CONFIG_HOME": "{run_dir}/config",
            "OPENCODE_DISABLE_AUTOUPDATE": "1",
            "OPENCODE_DISABLE_MODELS_FETCH": "1",
            "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
            "OPENCODE_DISABLE_PROJECT_CONFIG": "1"
        },
        "assisted_by": "opencode",
        // It notes the id of the project in the git directory.
        "integrity": "restore"
    })
}

fn copilot(url: &str) -> Value {
    json!({
        "binary": "copilot",
        "args": [
            "-C", "{worktree_path}", "--allow-tool=write", "--deny-tool=shell", "--no-ask-user", "--no-auto-update", "--no-color", "--no-remote",
            "--no-remote-export", "--disable-builtin-mcps", "--stream", "off", "--output-format", "json",
            "--usage-output-file", "{run_dir}/usage.json", "--log-dir", "{run_dir}/logs", "--model", "gpt-5", "-p", "{prompt}"
        ],
        "env": {
            "COPILOT_HOME": "{run_dir}/copilot",
            "COPILOT_AUTO_UPDATE": "false",
            "COPILOT_OFFLINE": "true",
            "COPILOT_PROVIDER_BASE_URL": format!("{url}/v1"),
            "COPILOT_PROVIDER_API_KEY": key()
        },
        "assisted_by": "copilot"
    })
}

fn qwen() -> Value {
    json!({
        "binary": "qwen",
        "args": ["--approval-mode", "auto-edit", "--auth-type", "openai", "-m", "m", "-o", "json", "--max-session-turns", "20", "{prompt}"],
        "env": {"QWEN_CODE_SUPPRESS_YOLO_WARNING": "1"},
        "env_allow": ["OPENAI_*"],
        "assisted_by": "qwen"
    })
}

/// Writes JSON as a template, in which every brace stands for itself.
fn braces(value: &Value) -> String {
    value.to_string().replace('{', "{{").replace('}', "}}")
}
