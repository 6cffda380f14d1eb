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

/// What one tool needs to find the model: no more than what points it there. Its profile is the shipped one.
#[derive(Debug, Default)]
pub(super) struct Setting {
    /// Variables of the user's environment.
    pub(super) variables: Vec<(&'static str, String)>,
    /// Files below the folder of the environment, as a login and a configuration leave them: its `home` is the home folder, and its `config` is
    /// where `XDG_CONFIG_HOME` points.
    pub(super) files: Vec<(&'static str, String)>,
}

/// Returns what a tool needs to reach the model at this address.
pub(super) fn setting(tool: &str, url: &str) -> Setting {
    let openai = |name: &'static str| vec![("OPENAI_API_KEY", key()), (name, format!("{url}/v1"))];
    let variables = match tool {
        "aider" => [openai("OPENAI_API_BASE"), vec![("AIDER_MODEL", "openai/gpt-4o".to_owned())]].concat(),
        "codex" => vec![("OPENAI_API_KEY", key())],
        "gemini" => {
            vec![("GEMINI_API_KEY", key()), ("GOOGLE_GEMINI_BASE_URL", url.to_owned()), ("GEMINI_MODEL", "gemini-2.5-pro".to_owned())]
        }
        "opencode" => Vec::new(),
        "copilot" => vec![
            ("COPILOT_OFFLINE", "true".to_owned()),
            ("COPILOT_PROVIDER_BASE_URL", format!("{url}/v1")),
            ("COPILOT_PROVIDER_API_KEY", key()),
            ("COPILOT_MODEL", "gpt-5".to_owned()),
        ],
        "qwen" => [openai("OPENAI_BASE_URL"), vec![("OPENAI_MODEL", "m".to_owned())]].concat(),
        _ => panic!("{tool} is not known"),
    };
    let files = match tool {
        "codex" => vec![("home/.codex/config.toml", codex(url))],
        "gemini" => vec![("home/.gemini/settings.json", json!({"security": {"auth": {"selectedType": "gemini-api-key"}}}).to_string())],
        "opencode" => vec![
            ("config/opencode/opencode.json", opencode(url).to_string()),
            ("home/.local/share/opencode/auth.json", json!({"scripted": {"type": "api", "key": key()}}).to_string()),
        ],
        _ => Vec::new(),
    };
    Setting { variables, files }
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

/// Returns a configuration without the key, which lies where `opencode auth login` puts it.
fn opencode(url: &str) -> Value {
    json!({
        "provider": {"scripted": {
            "npm": "@ai-sdk/openai-compatible",
            "options": {"baseURL": format!("{url}/v1")},
            "models": {"m": {"limit": {"context": 128_000, "output": 8192}}}
        }},
        "model": "scripted/m",
        "small_model": "scripted/m"
    })
}
