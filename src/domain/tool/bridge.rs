//! Bridges: what git-orc's own program is told when it does the part of a tool, and what it tells.
//!
//! A tool that is no program of its own (a model behind an API, a person) or that must be talked to (the Agent Client Protocol) is started
//! like any other tool, and the program is git-orc itself: `git-orc __bridge KIND RUN_DIR PROMPT_FILE [PROGRAM ARGUMENT...]`. What it needs
//! besides stands in `RUN_DIR/bridge.json` ([`Order`]); what it has to tell it writes to `RUN_DIR/result.json` ([`Report`]), where the
//! ordinary readers of a profile find it. The exit code names the class of a failure ([`Report::exit_code`]).

use serde::{Deserialize, Serialize};

use super::failure::FailureClass;
use super::reader::{Documents, ErrorReader, FailureRule, Format, Stream, Take, UsageFields, UsageReader};
use super::usage::Tokens;
use crate::domain::policy::scope::{GlobError, Scope};

/// The hidden command of bridges.
pub const BRIDGE: &str = "__bridge";
/// The file below the folder of a step that tells a bridge what to do.
pub const ORDER_FILE: &str = "bridge.json";
/// The file below the folder of a step that tells what came of it.
pub const RESULT_FILE: &str = "result.json";
/// The file below the folder of a step that tells a person what to do.
pub const INSTRUCTIONS_FILE: &str = "INSTRUCTIONS.md";
/// The file below the folder of a step in which a person answers.
pub const ANSWER_FILE: &str = "answer.json";

/// What a bridge is to do. No secrets: they are in the environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Order {
    /// Ask a model for a diff.
    Api {
        /// The address of the interface, such as `https://api.openai.com/v1`.
        base_url: String,
        /// The model.
        model: Option<String>,
        /// The variable that holds the key.
        key_env: Option<String>,
        /// How many tokens fit into the window of the model.
        context_window: Option<u64>,
        /// Which files it is about.
        scope: ScopeGlobs,
    },
    /// Speak the Agent Client Protocol with a program.
    Acp {
        /// Which files may be changed.
        scope: ScopeGlobs,
    },
    /// Wait for a person.
    Manual {
        /// The workstream.
        workstream: String,
        /// The run.
        run: String,
    },
}

impl Order {
    /// Returns the word for its kind, as it stands in the command line.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Api { .. } => "api",
            Self::Acp { .. } => "acp",
            Self::Manual { .. } => "manual",
        }
    }
}

/// The globs of a scope, as they were written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeGlobs {
    /// What may be changed.
    pub write: Vec<String>,
    /// What may be created.
    pub create: Vec<String>,
    /// What must not be touched.
    pub forbid: Vec<String>,
}

impl ScopeGlobs {
    /// Returns the globs of a scope.
    #[must_use]
    pub fn of(scope: &Scope) -> Self {
        let owned = |globs: &mut dyn Iterator<Item = &str>| globs.map(str::to_owned).collect();
        Self { write: owned(&mut scope.write_globs()), create: owned(&mut scope.create_globs()), forbid: owned(&mut scope.forbid_globs()) }
    }

    /// Returns the scope again.
    ///
    /// # Errors
    /// Returns every glob that can not be used.
    pub fn compile(&self) -> Result<Scope, Vec<GlobError>> {
        Scope::new(&self.write, &self.create, &self.forbid)
    }
}

/// Whether a bridge did what it was to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It did.
    Done,
    /// It did not.
    Failed,
}

/// What came of a bridge's work: the document in [`RESULT_FILE`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Whether it did what it was to do.
    pub status: Status,
    /// One sentence about it.
    pub message: String,
    /// How it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<FailureClass>,
    /// The status of HTTP that told so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    /// Seconds until it may be asked again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_sec: Option<u64>,
    /// The tokens, each counted once: `input` are those that were found in no cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Tokens>,
    /// US dollars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// The model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// What the other side calls this session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
}

impl Report {
    /// Returns a report of success.
    #[must_use]
    pub fn done(message: impl Into<String>) -> Self {
        Self {
            status: Status::Done,
            message: message.into(),
            class: None,
            http_status: None,
            retry_after_sec: None,
            usage: None,
            cost_usd: None,
            model: None,
            session: None,
        }
    }

    /// Returns a report of a failure.
    #[must_use]
    pub fn failed(class: FailureClass, message: impl Into<String>) -> Self {
        Self { status: Status::Failed, class: Some(class), ..Self::done(message) }
    }

    /// Returns the exit code of the bridge: 0 for success, 1 for a failure without a class of its own, and one code for each class.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self.status {
            Status::Done => 0,
            Status::Failed => self.class.and_then(code).unwrap_or(1),
        }
    }

    /// Returns the message with the time after which it makes sense to ask again, in the form that [`failures`] reads.
    #[must_use]
    pub fn line(&self) -> String {
        match self.retry_after_sec {
            Some(seconds) => format!("{} (retry after {seconds}s)", self.message),
            None => self.message.clone(),
        }
    }
}

/// Returns the exit code that stands for a class; `None` for those that no bridge tells.
#[must_use]
pub const fn code(class: FailureClass) -> Option<u8> {
    Some(match class {
        FailureClass::Auth => 20,
        FailureClass::RateLimit => 21,
        FailureClass::ContextTooLong => 22,
        FailureClass::Network => 23,
        FailureClass::Server => 24,
        FailureClass::Refusal => 25,
        FailureClass::TurnLimit => 26,
        FailureClass::Budget => 27,
        FailureClass::Config => 28,
        FailureClass::Permission => 29,
        FailureClass::TimedOut => 30,
        FailureClass::Crashed => 31,
        FailureClass::Missing => 32,
        FailureClass::NoChange | FailureClass::BadPatch | FailureClass::Idle | FailureClass::Failed => return None,
    })
}

fn documents(select: &[(&str, &str)]) -> Documents {
    Documents {
        stream: Stream::Stdout,
        file: Some(format!("{{run_dir}}/{RESULT_FILE}")),
        format: Format::Json,
        select: select.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect(),
        take: Take::Last,
        over: None,
    }
}

/// Returns where a bridge tells its usage.
#[must_use]
pub fn usage() -> UsageReader {
    let at = |path: &str| Some(path.to_owned());
    UsageReader {
        documents: documents(&[]),
        fields: UsageFields {
            input: at("usage.input"),
            cached: at("usage.cached"),
            cache_write: at("usage.cache_write"),
            output: at("usage.output"),
            reasoning: at("usage.reasoning"),
            cost_usd: at("cost_usd"),
            model: at("model"),
            session: at("session"),
        },
        input_includes_cached: false,
        output_excludes_reasoning: false,
    }
}

/// Returns where a bridge tells that it failed.
#[must_use]
pub fn errors() -> Vec<ErrorReader> {
    let at = |path: &str| Some(path.to_owned());
    vec![ErrorReader { documents: documents(&[("status", "failed")]), message: at("message"), status: at("http_status") }]
}

/// Returns how the failures of a bridge read: by its exit code, and for a rate limit by the time that its last line names as well.
#[must_use]
pub fn failures() -> Vec<FailureRule> {
    let rule = |class, pattern: Option<&str>| {
        let exit_codes = vec![i32::from(code(class)?)];
        Some(FailureRule { class, pattern: pattern.map(str::to_owned), exit_codes, statuses: Vec::new(), then: None })
    };
    let timed = [FailureClass::RateLimit, FailureClass::Server].map(|class| rule(class, Some(r"\(retry after (?P<reset>\d+)s\)")));
    timed.into_iter().chain(FailureClass::ALL.map(|class| rule(class, None))).flatten().collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_class_that_a_bridge_tells_has_a_code_and_a_rule_of_its_own() {
        let codes: Vec<u8> = FailureClass::ALL.into_iter().filter_map(code).collect();
        assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), codes.len());
        for class in FailureClass::ALL {
            let report = Report::failed(class, "x");
            let exit = i32::from(report.exit_code());
            let read = failures().into_iter().find(|rule| rule.exit_codes.contains(&exit) && rule.pattern.is_none()).map(|rule| rule.class);
            assert_eq!(read, code(class).map(|_| class), "{class}");
            assert!(exit != 0 && (exit == 1 || exit >= 20), "{class}");
        }
        assert_eq!(Report::done("x").exit_code(), 0);
    }

    #[test]
    fn the_document_is_as_it_is_described() {
        let usage = Tokens { input: 3, cached: 2, cache_write: 0, output: 5, reasoning: 1 };
        let report = Report { usage: Some(usage), model: Some("m".to_owned()), ..Report::done("x") };
        let text = serde_json::to_string(&report).unwrap();
        let expect =
            r#"{"status":"done","message":"x","usage":{"input":3,"cached":2,"cache_write":0,"output":5,"reasoning":1},"model":"m"}"#;
        assert_eq!(text, expect);
        let failed = Report { retry_after_sec: Some(7), http_status: Some(429), ..Report::failed(FailureClass::RateLimit, "slow down") };
        let text = serde_json::to_string(&failed).unwrap();
        assert_eq!(text, r#"{"status":"failed","message":"slow down","class":"rate_limit","http_status":429,"retry_after_sec":7}"#);
        assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), failed);
        let pattern = failures().remove(0).pattern.unwrap();
        let line = failed.line();
        assert_eq!(regex::Regex::new(&pattern).unwrap().captures(&line).unwrap()["reset"].to_owned(), "7");
    }

    #[test]
    fn an_order_and_its_scope_come_through() {
        let scope = Scope::new(&["src/**".to_owned()], &["new".to_owned()], &["src/x".to_owned()]).unwrap();
        let order = Order::Acp { scope: ScopeGlobs::of(&scope) };
        let text = serde_json::to_string(&order).unwrap();
        assert_eq!(text, r#"{"kind":"acp","scope":{"write":["src/**"],"create":["new"],"forbid":["src/x"]}}"#);
        let read: Order = serde_json::from_str(&text).unwrap();
        assert_eq!(read, order);
        let Order::Acp { scope } = read else { panic!("{read:?}") };
        assert_eq!(ScopeGlobs::of(&scope.compile().unwrap()), scope);
    }
}
