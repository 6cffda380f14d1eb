//! What AI tools really printed (`fixtures/outputs/tools/<tool>/<case>`), read by the shipped profiles.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use git_orc::domain::id::ToolId;
use git_orc::domain::tool::failure::{FailureClass, Remedy};
use git_orc::domain::tool::outcome::{Ending, TimeLimit};
use git_orc::domain::tool::parse::{ProfileSource, SHIPPED, parse_profiles};
use git_orc::domain::tool::profile::ToolProfile;
use git_orc::domain::tool::reading::{Changed, Read, Said, files, read};
use git_orc::domain::tool::usage::Tokens;
use jiff::Timestamp;

use FailureClass::{Auth, ContextTooLong, Network, NoChange, RateLimit, Server, TimedOut};

const NOW: &str = "2026-11-26T12:00:00Z";

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/outputs/tools")
}

fn profile(id: &str) -> ToolProfile {
    let toolbox = parse_profiles(&[ProfileSource { name: "shipped", text: SHIPPED }]).unwrap();
    toolbox.profile(&ToolId::parse(id).unwrap()).unwrap().clone()
}

/// What was recorded of one run of a tool.
struct Recorded {
    ending: Ending,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    files: BTreeMap<String, Vec<u8>>,
}

impl Recorded {
    fn load(profile: &ToolProfile, case: &str) -> Self {
        let folder = top().join(profile.id.as_str()).join(case);
        let code = fs::read_to_string(folder.join("exit_code")).unwrap();
        let ending = match code.trim().parse() {
            Ok(code) => Ending::Exited { code },
            Err(_) => Ending::TimedOut { limit: TimeLimit::Wall },
        };
        let beside = |name: &str| fs::read(folder.join(name.rsplit('/').next().unwrap())).unwrap_or_default();
        Self {
            ending,
            stdout: fs::read(folder.join("stdout")).unwrap(),
            stderr: fs::read(folder.join("stderr")).unwrap(),
            files: files(profile).map(|name| (name.to_owned(), beside(name))).collect(),
        }
    }

    fn read(&self, profile: &ToolProfile, changed: Changed) -> Read {
        let now: Timestamp = NOW.parse().unwrap();
        let (ending, stdout, stderr, files) = (self.ending, self.stdout.as_slice(), self.stderr.as_slice(), &self.files);
        read(profile, &Said { ending, stdout, stderr, files, now, changed })
    }
}

/// Cases in which the tool changed the file.
fn changed(case: &str) -> Changed {
    if ["ok", "flaky", "partial"].contains(&case) { Changed::Something } else { Changed::Nothing }
}

/// Every case: the class, whether it is told when to ask again, and tokens: fresh, cached, written, reasoning.
type Expected = (&'static str, Option<FailureClass>, Option<[u64; 4]>);

const CODEX: [Expected; 12] = [
    ("ok", None, Some([2000, 400, 68, 14])),
    ("flaky", None, Some([2000, 400, 68, 14])),
    ("nochange", Some(NoChange), Some([1000, 200, 34, 7])),
    ("refuse", Some(NoChange), Some([1000, 200, 34, 7])),
    ("e401", Some(Auth), None),
    ("e429", Some(RateLimit), None),
    ("e500", Some(Server), None),
    ("partial", Some(Server), None),
    ("ctx", Some(ContextTooLong), None),
    ("drop", Some(Network), None),
    ("garbage", Some(Network), None),
    ("down", Some(TimedOut), None),
];

const GEMINI: [Expected; 13] = [
    ("ok", None, Some([3000, 600, 123, 21])),
    ("nochange", Some(NoChange), Some([1000, 200, 41, 7])),
    ("refuse", Some(NoChange), Some([1000, 200, 41, 7])),
    ("e401", Some(Auth), None),
    ("e429", Some(RateLimit), None),
    ("e500", Some(Server), None),
    ("flaky", Some(Server), None),
    ("partial", Some(Server), None),
    ("ctx", Some(ContextTooLong), None),
    ("drop", Some(Network), None),
    ("garbage", Some(Server), None),
    ("down", Some(Network), None),
    // It takes a flood for a loop, and tells no tokens.
    ("huge", Some(NoChange), None),
];

const AIDER: [Expected; 11] = [
    ("ok", None, Some([1200, 0, 34, 0])),
    ("flaky", None, Some([1200, 0, 34, 0])),
    ("nochange", Some(NoChange), Some([1200, 0, 34, 0])),
    ("refuse", Some(NoChange), Some([1200, 0, 34, 0])),
    ("e401", Some(Auth), None),
    ("e429", Some(TimedOut), None),
    ("e500", Some(Server), None),
    ("ctx", Some(ContextTooLong), Some([2023, 0, 0, 0])),
    ("drop", Some(Network), None),
    ("garbage", Some(Server), None),
    ("down", Some(Network), None),
];

const OPENCODE: [Expected; 12] = [
    ("ok", None, Some([3000, 600, 102, 21])),
    ("flaky", None, Some([3000, 600, 102, 21])),
    ("nochange", Some(NoChange), Some([1000, 200, 34, 7])),
    ("refuse", Some(NoChange), Some([1000, 200, 34, 7])),
    ("e401", Some(Auth), None),
    ("e429", Some(RateLimit), None),
    ("e500", Some(Server), None),
    ("partial", Some(Server), Some([2000, 400, 68, 14])),
    ("ctx", Some(ContextTooLong), None),
    ("drop", Some(TimedOut), None),
    ("garbage", Some(TimedOut), Some([0, 0, 0, 0])),
    ("down", Some(Network), None),
];

const COPILOT: [Expected; 12] = [
    ("ok", None, Some([3000, 600, 102, 21])),
    ("flaky", None, Some([3000, 600, 102, 21])),
    ("nochange", Some(NoChange), Some([1000, 200, 34, 7])),
    ("refuse", Some(NoChange), Some([1000, 200, 34, 7])),
    ("e401", Some(Auth), None),
    ("e429", Some(RateLimit), None),
    ("e500", Some(Server), None),
    ("partial", Some(Server), Some([2000, 400, 68, 14])),
    ("ctx", Some(ContextTooLong), None),
    ("drop", Some(Network), None),
    ("garbage", Some(Server), None),
    ("down", Some(Network), None),
];

const QWEN: [Expected; 12] = [
    ("ok", None, Some([3000, 600, 102, 0])),
    ("flaky", None, Some([3000, 600, 102, 0])),
    ("nochange", Some(NoChange), Some([2000, 400, 68, 0])),
    ("refuse", Some(NoChange), Some([2000, 400, 68, 0])),
    ("e401", Some(Auth), None),
    ("e429", Some(TimedOut), None),
    ("e500", Some(Server), None),
    ("partial", Some(Server), Some([2000, 400, 68, 0])),
    ("ctx", Some(ContextTooLong), None),
    ("drop", Some(Network), None),
    ("garbage", Some(Server), None),
    ("down", Some(Network), None),
];

const ALL: [(&str, &[Expected]); 6] =
    [("codex", &CODEX), ("gemini", &GEMINI), ("aider", &AIDER), ("opencode", &OPENCODE), ("copilot", &COPILOT), ("qwen", &QWEN)];

#[test]
fn recorded_ends_are_told_apart() {
    let mut wrong = Vec::new();
    for (tool, cases) in ALL {
        let profile = profile(tool);
        for (case, class, tokens) in cases {
            let told = Recorded::load(&profile, case).read(&profile, changed(case));
            let used = told.usage.as_ref().filter(|usage| usage.tokens != Tokens::default() || tokens.is_some()).map(|usage| {
                let Tokens { input, cached, output, reasoning, .. } = usage.tokens;
                [input, cached, output, reasoning]
            });
            if (told.failure.as_ref().map(|failure| failure.class), used) != (*class, *tokens) {
                wrong.push(format!("{tool}/{case}: {told:?}"));
            }
            let is_clean = |words: &str| !words.chars().any(char::is_control) && words.chars().count() <= 200;
            assert!(told.message.as_deref().is_none_or(is_clean), "{tool}/{case}: {told:?}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_recorded_case_is_expected() {
    for (tool, cases) in ALL {
        let folders = fs::read_dir(top().join(tool)).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let expected: BTreeSet<String> = cases.iter().map(|(case, ..)| (*case).to_owned()).collect();
        assert_eq!(folders.collect::<BTreeSet<_>>(), expected, "{tool}");
    }
}

#[test]
fn a_rate_limit_tells_when_it_is_over() {
    // codex tells nothing of it.
    for (tool, seconds) in [("codex", None), ("gemini", Some(7)), ("opencode", Some(7)), ("copilot", Some(7))] {
        let profile = profile(tool);
        let failure = Recorded::load(&profile, "e429").read(&profile, Changed::Nothing).failure.unwrap();
        let wait = failure.retry_at.map(|at| at.duration_since(NOW.parse().unwrap()).as_secs());
        assert_eq!((failure.remedy, wait), (Remedy::Wait, seconds), "{tool}");
    }
}

/// aider exits with 0 whatever happens, and tries again by itself: an error that it got over is no failure, and one that it did not is.
#[test]
fn an_error_that_a_tool_got_over_is_no_failure() {
    let profile = profile("aider");
    let mut recorded = Recorded::load(&profile, "e429");
    recorded.ending = Ending::Exited { code: 0 };
    let given_up = recorded.read(&profile, Changed::Nothing);
    let failure = given_up.failure.unwrap();
    assert_eq!((failure.class, failure.remedy), (RateLimit, Remedy::Wait));
    assert_eq!(failure.retry_at, Some("2026-11-26T12:00:07Z".parse().unwrap()));
    let words = given_up.message.unwrap();
    assert!(words.contains("Rate limit reached for requests per minute: limit 3, used 3. Please try again in 7s."), "{words}");
    recorded.stdout.extend(Recorded::load(&profile, "ok").stdout);
    let got_over = recorded.read(&profile, Changed::Something);
    assert_eq!(got_over.failure, None);
    assert!(got_over.message.unwrap().starts_with("litellm.RateLimitError"));
}

/// The model may talk about errors as it likes.
#[test]
fn what_the_model_says_is_no_error() {
    for (tool, cases) in ALL {
        let profile = profile(tool);
        for case in ["ok", "nochange"] {
            let mut recorded = Recorded::load(&profile, case);
            let text = String::from_utf8(recorded.stdout.clone()).unwrap();
            let said = "Handled HTTP 429: rate limit reached, 401 Unauthorized, fetch failed, maximum context length.";
            recorded.stdout = text.replace("The change is made.", said).replace("Nothing needs to be changed.", said).into_bytes();
            let class = recorded.read(&profile, changed(case)).failure.map(|failure| failure.class);
            let expected = cases.iter().find(|(name, ..)| *name == case).unwrap().1;
            assert_eq!(class, expected, "{tool}/{case}");
        }
    }
}

#[test]
fn recorded_models_money_and_sessions_are_told() {
    let of = |tool: &str| {
        let profile = profile(tool);
        Recorded::load(&profile, "ok").read(&profile, Changed::Something).usage.unwrap()
    };
    assert_eq!(of("aider").cost.unwrap().micro_usd.0, 3090);
    assert_eq!(of("gemini").model.as_deref(), Some("scripted"));
    assert_eq!(of("copilot").model.as_deref(), Some("gpt-5"));
    for tool in ["codex", "gemini", "opencode"] {
        assert!(of(tool).session.is_some_and(|session| session.contains("00000000")), "{tool}");
    }
}
