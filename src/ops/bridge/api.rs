//! The bridge to a model behind an API: shows it the prompt and the files, and prints what it answers, as it comes.

use std::ffi::OsStr;
use std::io::Read as _;
use std::path::Path;

use super::ground::{Ground, Voice};
use crate::domain::chat::answer::Answer;
use crate::domain::chat::failure::of_status;
use crate::domain::chat::redact::Redactor;
use crate::domain::chat::request::{UsageWish, body, user_message};
use crate::domain::chat::stream::{Events, MOST_BYTES};
use crate::domain::text::{clip, one_line};
use crate::domain::tool::bridge::{Report, ScopeGlobs};
use crate::domain::tool::failure::FailureClass;
use crate::io::http::{Client, HttpError, Post, Reply};
use crate::io::scoped;

/// The most bytes of content that a model is shown.
const MOST_SHOWN: u64 = 4 << 20;
/// The most bytes of an error's body that are read.
const MOST_ERROR: u64 = 64 << 10;
/// After how many events without text a sign of life is given.
const SILENT_EVENTS: u32 = 50;

/// Where a model is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Endpoint<'a> {
    /// The address of the interface.
    pub(super) base_url: &'a str,
    /// The model.
    pub(super) model: Option<&'a str>,
    /// The variable that holds the key.
    pub(super) key_env: Option<&'a str>,
    /// How many tokens fit into its window.
    pub(super) context_window: Option<u64>,
}

/// Asks the model and prints its answer.
pub(super) fn run(endpoint: &Endpoint<'_>, scope: &ScopeGlobs, ground: &Ground<'_>, voice: &mut Voice<'_>) -> Report {
    let key = match key(endpoint, ground) {
        Ok(key) => key,
        Err(report) => return *report,
    };
    let redactor = Redactor::new(key.as_deref());
    let report = asked(endpoint, scope, (ground, key.as_deref()), (voice, redactor.clone()));
    Report { message: redactor.text(&report.message), ..report }
}

/// Returns the key. Its surroundings may have come with it from a file.
fn key(endpoint: &Endpoint<'_>, ground: &Ground<'_>) -> Result<Option<String>, Box<Report>> {
    let Some(name) = endpoint.key_env else { return Ok(None) };
    let key = ground.environment.var(name).and_then(OsStr::to_str).map(str::trim).filter(|key| !key.is_empty());
    match key {
        Some(key) => Ok(Some(key.to_owned())),
        None => Err(Box::new(Report::failed(FailureClass::Auth, format!("the variable `{name}`, which holds the key, is not set")))),
    }
}

fn asked(
    endpoint: &Endpoint<'_>,
    scope: &ScopeGlobs,
    (ground, key): (&Ground<'_>, Option<&str>),
    (voice, redactor): (&mut Voice<'_>, Redactor),
) -> Report {
    let Some(model) = endpoint.model else {
        return Report::failed(FailureClass::Config, "no model is named; name one as `model` in the profile of the tool");
    };
    let scope = match scope.compile() {
        Ok(scope) => scope,
        Err(errors) => {
            let reason = errors.first().map(ToString::to_string).unwrap_or_default();
            return Report::failed(FailureClass::Failed, format!("the scope can not be read: {reason}"));
        }
    };
    // Half of the window for files, at about three bytes for a token; the rest is for the prompt and the answer.
    let most = endpoint.context_window.map_or(MOST_SHOWN, |tokens| MOST_SHOWN.min(tokens.saturating_mul(3) / 2));
    let files = scoped::files(&ground.worktree, &scope, most);
    let named = files.iter().filter(|file| file.content.is_none()).count();
    voice.note(&format!("{model} is shown {} files, and {named} more are named", files.len() - named));
    let user = user_message(&ground.prompt, &files);
    let trusted = ground.environment.var("SSL_CERT_FILE").map(Path::new);
    let client = match Client::new(trusted) {
        Ok(client) => client,
        Err(error) => return unanswered(&error),
    };
    let url = format!("{}/chat/completions", endpoint.base_url.trim_end_matches('/'));
    let ask = |wish| {
        let body = body(model, &user, wish).to_string();
        client.post(Post { url: &url, key, body: body.as_bytes() })
    };
    let first = match ask(UsageWish::Asked) {
        Ok(reply) => reply,
        Err(error) => return unanswered(&error),
    };
    if !matches!(first.status, 400 | 422) {
        return answered(first, ground, (voice, redactor));
    }
    let (status, retry_after, text) = (first.status, first.retry_after.clone(), first.text(MOST_ERROR));
    if !String::from_utf8_lossy(&text).contains("stream_options") {
        return of_status(status, &text, (retry_after.as_deref(), ground.clock.now()));
    }
    voice.note("the server does not know `stream_options`; it is asked once more without");
    match ask(UsageWish::Unasked) {
        Ok(reply) => answered(reply, ground, (voice, redactor)),
        Err(error) => unanswered(&error),
    }
}

fn unanswered(error: &HttpError) -> Report {
    let class = match error {
        HttpError::Address { .. } | HttpError::Certificates { .. } | HttpError::File(_) => FailureClass::Config,
        HttpError::Unreachable { .. } => FailureClass::Network,
    };
    Report::failed(class, error.to_string())
}

/// Reads an answer to its end, and prints its text.
fn answered(reply: Reply, ground: &Ground<'_>, (voice, redactor): (&mut Voice<'_>, Redactor)) -> Report {
    if (300..400).contains(&reply.status) {
        let to = reply.location.as_deref().map(|to| clip(&one_line(to), 200)).unwrap_or_default();
        let message = format!("the server sends us to `{to}`, where the key is not for; set `base_url` to the right address");
        return Report { http_status: Some(reply.status), ..Report::failed(FailureClass::Config, message) };
    }
    if reply.status != 200 {
        let (status, retry_after) = (reply.status, reply.retry_after.clone());
        return of_status(status, &reply.text(MOST_ERROR), (retry_after.as_deref(), ground.clock.now()));
    }
    Reader { answer: Answer::default(), redactor, silent: 0 }.read(reply, voice)
}

/// Reads an answer.
struct Reader {
    answer: Answer,
    redactor: Redactor,
    silent: u32,
}

impl Reader {
    fn read(mut self, mut reply: Reply, voice: &mut Voice<'_>) -> Report {
        let mut buffer = vec![0; 64 << 10];
        let mut whole = Vec::new();
        let mut events = Events::default();
        let mut is_stream = None;
        while !self.answer.is_over() {
            let piece = match reply.read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => &buffer[..length],
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                // What is missing is found missing below.
                Err(_) => break,
            };
            // A server that does not stream answers with one document, whatever it calls that.
            let first = piece.iter().find(|byte| !byte.is_ascii_whitespace());
            let is_events = is_stream.or(first.map(|byte| !matches!(byte, b'{' | b'<' | b'[')));
            is_stream = is_events;
            match is_events {
                Some(true) => match events.take(piece) {
                    Ok(found) => found.iter().for_each(|data| self.say(data, voice)),
                    Err(error) => return self.end(Some(Report::failed(FailureClass::Server, error.to_string())), voice),
                },
                Some(false) | None if whole.len() + piece.len() > MOST_BYTES => {
                    return self.end(Some(Report::failed(FailureClass::Server, "the answer of the server is too long")), voice);
                }
                Some(false) | None => whole.extend_from_slice(piece),
            }
        }
        if let Some(data) = events.end() {
            self.say(&data, voice);
        }
        let failed = (is_stream == Some(false)).then(|| self.take_whole(&whole, voice)).flatten();
        self.end(failed, voice)
    }

    /// Takes an answer that is one document; returns what is wrong with it.
    fn take_whole(&mut self, whole: &[u8], voice: &mut Voice<'_>) -> Option<Report> {
        let text = whole.trim_ascii_start();
        if text.starts_with(b"<") {
            let message = "the server answers with a page for people and not with JSON; is `base_url` right?";
            return Some(Report { http_status: Some(200), ..Report::failed(FailureClass::Server, message) });
        }
        if serde_json::from_slice::<serde::de::IgnoredAny>(text).is_err_and(|error| error.is_eof()) {
            return Some(Report::failed(FailureClass::Network, "the answer broke off in the middle"));
        }
        self.say(text, voice);
        None
    }

    fn say(&mut self, data: &[u8], voice: &mut Voice<'_>) {
        let text = self.answer.take(data);
        if text.is_empty() {
            self.silent += 1;
            if self.silent.is_multiple_of(SILENT_EVENTS) {
                voice.note("the model thinks");
            }
            return;
        }
        let passed = self.redactor.take(text.as_bytes());
        voice.say(&passed);
    }

    fn end(mut self, failed: Option<Report>, voice: &mut Voice<'_>) -> Report {
        let mut rest = self.redactor.end();
        rest.push(b'\n');
        voice.say(&rest);
        let told = self.answer.report();
        match failed {
            Some(failed) => Report { usage: told.usage, cost_usd: told.cost_usd, model: told.model, session: told.session, ..failed },
            None => told,
        }
    }
}
