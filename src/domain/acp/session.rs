//! The conversation: initialize, open a session, give the prompt, wait for its end. Lines in, deeds out.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::failure::{of_error, of_stop};
use super::permission::{Decision, Ground, decide, outcome};
use super::protocol::{Cancel, Initialize, Initialized, NewSession, PermissionRequest, Prompt, PromptResult, Text, ToolCall, VERSION};
use super::wire::{self, INVALID_PARAMS, METHOD_NOT_FOUND, Message};
use crate::domain::text::{clip, one_line};
use crate::domain::tool::bridge::Report;
use crate::domain::tool::failure::FailureClass;

/// How much of a title is shown.
const MOST_TITLE: usize = 200;

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Deed {
    /// This line is to be sent.
    Send(String),
    /// This text is to be shown.
    Show(String),
    /// The conversation is over.
    End(Box<Report>),
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Initialize,
    NewSession,
    Prompt,
    Over,
}

impl Stage {
    const fn id(self) -> u64 {
        match self {
            Self::Initialize => 1,
            Self::NewSession => 2,
            Self::Prompt | Self::Over => 3,
        }
    }

    const fn method(self) -> &'static str {
        match self {
            Self::Initialize => "initialize",
            Self::NewSession => "session/new",
            Self::Prompt | Self::Over => "session/prompt",
        }
    }
}

/// What kind of text was shown last, for line breaks between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Line,
    Words,
    Thoughts,
}

/// A conversation.
#[derive(Debug)]
pub struct Session<'a> {
    cwd: &'a str,
    prompt: &'a str,
    ground: Ground<'a>,
    stage: Stage,
    session: Option<String>,
    shown: Shown,
}

impl<'a> Session<'a> {
    /// Returns a conversation about a prompt in a folder, and its first line.
    #[must_use]
    pub fn begin(cwd: &'a str, prompt: &'a str, ground: Ground<'a>) -> (Self, String) {
        let stage = Stage::Initialize;
        let session = Self { cwd, prompt, ground, stage, session: None, shown: Shown::Line };
        (session, wire::request(stage.id(), stage.method(), &Initialize::default()))
    }

    /// Takes a line of the other side; returns what is to be done.
    pub fn hear(&mut self, line: &[u8]) -> Vec<Deed> {
        match wire::read(line) {
            Message::Answer { id, result } if id == self.stage.id() && self.stage != Stage::Over => match result {
                Ok(result) => self.go_on(result),
                Err(error) => vec![self.end(of_error(self.stage.method(), &error))],
            },
            Message::Answer { .. } | Message::Noise => Vec::new(),
            Message::Request { id, method, params } => self.asked(&id, &method, params),
            Message::Notice { method, params } if method == "session/update" => self.told(&params),
            Message::Notice { .. } => Vec::new(),
        }
    }

    /// Returns the line that ends what the other side is at; `None` when it is at nothing.
    #[must_use]
    pub fn cancel(&self) -> Option<String> {
        let session_id = self.session.as_deref().filter(|_| self.stage == Stage::Prompt)?;
        Some(wire::notice("session/cancel", &Cancel { session_id }))
    }

    /// Returns the report of a program that went away before the end.
    #[must_use]
    pub fn broken(&self, how: &str) -> Report {
        Report {
            session: self.session.clone(),
            ..Report::failed(FailureClass::Crashed, format!("it {how} before it answered `{}`", self.stage.method()))
        }
    }

    fn end(&mut self, report: Report) -> Deed {
        self.stage = Stage::Over;
        Deed::End(Box::new(Report { session: self.session.clone(), ..report }))
    }

    fn next(&mut self, stage: Stage) -> Deed {
        self.stage = stage;
        let (id, method) = (stage.id(), stage.method());
        Deed::Send(match &self.session {
            None => wire::request(id, method, &NewSession { cwd: self.cwd, mcp_servers: [] }),
            Some(session_id) => wire::request(id, method, &Prompt { session_id, prompt: [Text { kind: "text", text: self.prompt }] }),
        })
    }

    fn go_on(&mut self, result: Value) -> Vec<Deed> {
        match self.stage {
            Stage::Initialize => {
                let version = read::<Initialized>(result).protocol_version;
                if version.as_u64() != Some(u64::from(VERSION)) {
                    let message = format!("it speaks version {version} of the protocol, and git-orc version {VERSION}");
                    return vec![self.end(Report::failed(FailureClass::Config, message))];
                }
                vec![self.next(Stage::NewSession)]
            }
            Stage::NewSession => match result.get("sessionId").and_then(Value::as_str) {
                Some(session) => {
                    self.session = Some(session.to_owned());
                    vec![self.next(Stage::Prompt)]
                }
                None => vec![self.end(Report::failed(FailureClass::Crashed, "it opened a session without an id"))],
            },
            Stage::Prompt => {
                let result = read::<PromptResult>(result);
                let told = Report { usage: result.tokens(), model: result.model(), ..of_stop(result.stop_reason.as_deref()) };
                let mut deeds = self.line_break();
                deeds.push(self.end(told));
                deeds
            }
            Stage::Over => Vec::new(),
        }
    }

    fn asked(&mut self, id: &Value, method: &str, params: Value) -> Vec<Deed> {
        if method != "session/request_permission" {
            return vec![Deed::Send(wire::refusal(id, METHOD_NOT_FOUND, "method not found"))];
        }
        let Ok(request) = serde_json::from_value::<PermissionRequest>(params) else {
            return vec![Deed::Send(wire::refusal(id, INVALID_PARAMS, "invalid params"))];
        };
        let decision = decide(&request.tool_call, &self.ground);
        let title = title(&request.tool_call);
        let line = match &decision {
            Decision::Allow => format!("[allowed] {title}"),
            Decision::Reject(reason) => format!("[rejected] {title}: {}", one_line(reason)),
        };
        let mut deeds = self.line(&line);
        deeds.push(Deed::Send(wire::answer(id, &outcome(&request, &decision))));
        deeds
    }

    fn told(&mut self, params: &Value) -> Vec<Deed> {
        let Some(update) = params.get("update") else { return Vec::new() };
        let words = || update.pointer("/content/text").and_then(Value::as_str).unwrap_or_default();
        match update.get("sessionUpdate").and_then(Value::as_str) {
            Some("agent_message_chunk") => self.words(Shown::Words, words()),
            Some("agent_thought_chunk") => self.words(Shown::Thoughts, words()),
            Some("tool_call") => {
                let call = read::<ToolCall>(update.clone());
                self.line(&format!("[{}] {}", kind(&call), title(&call)))
            }
            Some("tool_call_update") => {
                let call = read::<ToolCall>(update.clone());
                match call.status.as_deref() {
                    Some("failed") => self.line(&format!("[failed] {}", title(&call))),
                    Some(_) | None => Vec::new(),
                }
            }
            Some(_) | None => Vec::new(),
        }
    }

    fn words(&mut self, kind: Shown, words: &str) -> Vec<Deed> {
        if words.is_empty() {
            return Vec::new();
        }
        let mut deeds = if self.shown == kind { Vec::new() } else { self.line_break() };
        if kind == Shown::Thoughts && self.shown == Shown::Line {
            deeds.push(Deed::Show("[thinks] ".to_owned()));
        }
        self.shown = kind;
        deeds.push(Deed::Show(words.to_owned()));
        deeds
    }

    fn line(&mut self, line: &str) -> Vec<Deed> {
        let mut deeds = self.line_break();
        deeds.push(Deed::Show(format!("{line}\n")));
        deeds
    }

    fn line_break(&mut self) -> Vec<Deed> {
        let is_open = std::mem::replace(&mut self.shown, Shown::Line) != Shown::Line;
        is_open.then(|| Deed::Show("\n".to_owned())).into_iter().collect()
    }
}

/// Reads what is needed of a value; what is not understood counts as not said.
fn read<T: DeserializeOwned + Default>(value: Value) -> T {
    serde_json::from_value(value).unwrap_or_default()
}

fn title(call: &ToolCall) -> String {
    clip(&one_line(call.title.as_deref().unwrap_or("something")), MOST_TITLE)
}

fn kind(call: &ToolCall) -> String {
    clip(&one_line(call.kind.as_deref().unwrap_or("tool")), 20)
}

#[cfg(test)]
mod tests;
