//! The shapes of the protocol: those that are sent in full, of those that are read what is needed.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::tool::usage::Tokens;

/// The version of the protocol.
pub const VERSION: u16 = 1;

/// What begins a conversation.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Initialize {
    protocol_version: u16,
    client_capabilities: ClientCapabilities,
    client_info: ClientInfo,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct ClientCapabilities {
    fs: FileCapabilities,
    terminal: bool,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct FileCapabilities {
    read_text_file: bool,
    write_text_file: bool,
}

#[derive(Debug, Clone, Serialize)]
struct ClientInfo {
    name: &'static str,
    version: &'static str,
}

impl Default for Initialize {
    /// Returns a beginning that offers nothing: the program reads and writes files by itself, where a sandbox can hold it.
    fn default() -> Self {
        Self {
            protocol_version: VERSION,
            client_capabilities: ClientCapabilities {
                fs: FileCapabilities { read_text_file: false, write_text_file: false },
                terminal: false,
            },
            client_info: ClientInfo { name: "git-orc", version: env!("CARGO_PKG_VERSION") },
        }
    }
}

/// What opens a session.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewSession<'a> {
    /// The folder that it works in.
    pub cwd: &'a str,
    /// Servers of tools: none.
    pub mcp_servers: [(); 0],
}

/// What is to be done in a session.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Prompt<'a> {
    /// The session.
    pub session_id: &'a str,
    /// The prompt, as one text.
    pub prompt: [Text<'a>; 1],
}

/// A piece of text.
#[derive(Debug, Clone, Serialize)]
pub struct Text<'a> {
    /// Always `text`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The text.
    pub text: &'a str,
}

/// What ends what a session is at.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cancel<'a> {
    /// The session.
    pub session_id: &'a str,
}

/// The answer to [`Initialize`].
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Initialized {
    /// The version that the other side speaks.
    pub protocol_version: Value,
}

/// What is asked before something is done.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PermissionRequest {
    /// What is to be done.
    pub tool_call: ToolCall,
    /// What can be answered.
    pub options: Vec<PermissionOption>,
}

/// Something that the other side does.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ToolCall {
    /// Its name for people.
    pub title: Option<String>,
    /// Its kind: `read`, `edit`, `delete`, `move`, `search`, `execute`, `think`, `fetch`, `other`.
    pub kind: Option<String>,
    /// How far it is.
    pub status: Option<String>,
    /// The files that it is about.
    pub locations: Option<Vec<Location>>,
    /// What it shows.
    pub content: Option<Vec<Value>>,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Location {
    /// The path.
    pub path: String,
}

/// What can be answered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PermissionOption {
    /// Its id.
    pub option_id: String,
    /// What it means: `allow_once`, `allow_always`, `reject_once`, `reject_always`.
    pub kind: String,
}

/// The end of a prompt.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PromptResult {
    /// Why it ended.
    pub stop_reason: Option<String>,
    /// The tokens.
    pub usage: Option<Value>,
    /// What the protocol does not know.
    #[serde(rename = "_meta")]
    pub meta: Option<Value>,
}

impl PromptResult {
    /// Returns the tokens, in the forms that programs have for them.
    #[must_use]
    pub fn tokens(&self) -> Option<Tokens> {
        let quota = || self.meta.as_ref()?.pointer("/quota/token_count");
        let told = self.usage.as_ref().filter(|usage| usage.is_object()).or_else(quota)?;
        let number = |names: &[&str]| names.iter().find_map(|name| told.get(*name)?.as_u64());
        let input = number(&["inputTokens", "input_tokens"]);
        let output = number(&["outputTokens", "output_tokens"]);
        if input.is_none() && output.is_none() {
            return None;
        }
        let (read, written) = (input.unwrap_or(0), output.unwrap_or(0));
        let cached = number(&["cachedReadTokens", "cached_read_tokens", "cachedInputTokens"]).unwrap_or(0);
        let cache_write = number(&["cachedWriteTokens", "cached_write_tokens"]).unwrap_or(0);
        let thoughts = number(&["thoughtTokens", "thought_tokens", "reasoningTokens"]).unwrap_or(0);
        // The total tells what is counted apart: what was found in a cache, and thoughts.
        let total = number(&["totalTokens", "total_tokens"]);
        let apart = |cached: u64, thoughts: u64| {
            (total == read.checked_add(written)?.checked_add(cached)?.checked_add(thoughts)).then_some((cached > 0, thoughts > 0))
        };
        let ways = [(0, 0), (cached, 0), (0, thoughts), (cached, thoughts)];
        let told = ways.into_iter().find_map(|(cached, thoughts)| apart(cached, thoughts));
        let (is_cached_apart, are_thoughts_apart) = told.unwrap_or((cached > read, thoughts > written));
        Some(Tokens {
            input: if is_cached_apart { read } else { read.saturating_sub(cached) },
            cached,
            cache_write,
            output: if are_thoughts_apart { written.saturating_add(thoughts) } else { written },
            reasoning: thoughts,
        })
    }

    /// Returns the model that most was asked of, where that is told.
    #[must_use]
    pub fn model(&self) -> Option<String> {
        Some(self.meta.as_ref()?.pointer("/quota/model_usage/0/model")?.as_str()?.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tokens_are_read_in_every_form() {
        let check = |result: Value, expect: Option<(u64, u64, u64, u64)>| {
            let read: PromptResult = serde_json::from_value(result.clone()).unwrap();
            assert_eq!(read.tokens().map(|t| (t.input, t.cached, t.output, t.reasoning)), expect, "{result}");
        };
        check(json!({"usage": {"inputTokens": 100, "outputTokens": 9, "cachedReadTokens": 40, "thoughtTokens": 4}}), Some((60, 40, 9, 4)));
        check(json!({"usage": {"inputTokens": 100, "outputTokens": 9, "cachedReadTokens": 40, "totalTokens": 149}}), Some((100, 40, 9, 0)));
        let apart = json!({"inputTokens": 1000, "outputTokens": 27, "cachedReadTokens": 200, "thoughtTokens": 7, "totalTokens": 1234});
        check(json!({"usage": apart}), Some((1000, 200, 34, 7)));
        let all = u64::MAX;
        let huge = json!({"inputTokens": all, "outputTokens": all, "cachedReadTokens": all, "thoughtTokens": all, "totalTokens": all});
        check(json!({"usage": huge}), Some((0, all, all, all)));
        check(json!({"usage": {"input_tokens": 1, "output_tokens": 2, "cached_read_tokens": 5}}), Some((1, 5, 2, 0)));
        check(json!({"_meta": {"quota": {"token_count": {"input_tokens": 7, "output_tokens": 8}}}}), Some((7, 0, 8, 0)));
        check(json!({"usage": null}), None);
        check(json!({"usage": {"inputTokens": "many"}}), None);
        check(json!({"_meta": 3}), None);
    }

    #[test]
    fn nothing_is_offered() {
        let text = serde_json::to_value(Initialize::default()).unwrap();
        assert_eq!(text["protocolVersion"], 1);
        assert_eq!(text["clientCapabilities"], json!({"fs": {"readTextFile": false, "writeTextFile": false}, "terminal": false}));
        assert_eq!(serde_json::to_value(NewSession { cwd: "/w", mcp_servers: [] }).unwrap(), json!({"cwd": "/w", "mcpServers": []}));
    }
}
