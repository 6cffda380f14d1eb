//! One turn of a conversation, whatever the protocol: what the model was asked, and what it does.

use serde_json::Value;

/// A tool that the model may call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tool {
    /// Its name.
    pub(super) name: String,
    /// The names of its arguments, with the types of the JSON Schema; empty for a tool that takes free text.
    pub(super) arguments: Vec<(String, String)>,
}

impl Tool {
    /// Reads a tool from its name and its JSON Schema.
    pub(super) fn new(name: &str, schema: &Value) -> Self {
        let properties = schema["properties"].as_object();
        let arguments = properties.into_iter().flatten().map(|(name, about)| {
            let kind = about["type"].as_str().unwrap_or_default().to_lowercase();
            (name.clone(), kind)
        });
        Self { name: name.to_owned(), arguments: arguments.collect() }
    }
}

/// What the model was asked.
#[derive(Debug, Clone, Default)]
pub(super) struct Turn {
    /// Everything that the tool says about itself and its surroundings.
    pub(super) system: String,
    /// What users said, oldest first.
    pub(super) users: Vec<String>,
    /// The tools that may be called.
    pub(super) tools: Vec<Tool>,
    /// How many calls were answered.
    pub(super) results: usize,
}

impl Turn {
    /// Returns the tool of this name.
    pub(super) fn tool(&self, name: &str) -> Option<&Tool> {
        self.tools.iter().find(|tool| tool.name == name)
    }
}

/// What the model does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Move {
    /// It says something and is done.
    Say(String),
    /// It calls a tool with arguments.
    Call(String, Value),
    /// It calls a tool with free text.
    CallWithText(String, String),
}

/// Returns the text of a content that is a string or a list of parts with a `text`.
pub(super) fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join("\n"),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => String::new(),
    }
}
