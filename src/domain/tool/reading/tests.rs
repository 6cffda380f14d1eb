//! The order in which the signs of a failure count, and that no bytes make the reader stumble.

use std::collections::BTreeMap;

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::domain::id::ToolId;
use crate::domain::tool::failure::{FailureClass, Remedy};
use crate::domain::tool::outcome::{Ending, TimeLimit};
use crate::domain::tool::parse::{ProfileSource, SHIPPED, parse_profiles};

use Changed::{Nothing, Something};
use FailureClass::{Auth, Budget, Config, ContextTooLong, Crashed, Failed, Idle, NoChange, RateLimit, Server, TimedOut};

fn profile(more: &str) -> ToolProfile {
    let text = format!(r#"{{"t": {{"binary": "t", {more}}}}}"#);
    let toolbox = parse_profiles(&[ProfileSource { name: "test", text: &text }]).unwrap();
    toolbox.profile(&ToolId::parse("t").unwrap()).unwrap().clone()
}

fn told(profile: &ToolProfile, ending: Ending, (stdout, stderr): (&str, &str), changed: Changed) -> Read {
    let now = "2026-11-26T12:00:00Z".parse().unwrap();
    let (stdout, stderr) = (stdout.as_bytes(), stderr.as_bytes());
    read(profile, &Said { ending, stdout, stderr, files: &BTreeMap::new(), now, changed })
}

fn class(profile: &ToolProfile, ending: Ending, streams: (&str, &str), changed: Changed) -> Option<FailureClass> {
    told(profile, ending, streams, changed).failure.map(|failure| failure.class)
}

const DONE: Ending = Ending::Exited { code: 0 };
const WRONG: Ending = Ending::Exited { code: 1 };

#[test]
fn the_signs_of_a_failure_have_an_order() {
    let plain = profile(
        r#""failures": [{"class": "auth", "exit_codes": [41]}, {"class": "config", "exit_codes": [1], "pattern": "^no config"},
        {"class": "rate_limit", "pattern": "^E: slow\\s+down"}]"#,
    );
    let check = |ending, stdout: &str, changed, expect| {
        assert_eq!(class(&plain, ending, (stdout, ""), changed), expect, "{ending:?} {stdout}");
        assert_eq!(class(&plain, ending, ("", stdout), changed), expect, "{ending:?} {stdout} on standard error");
    };
    check(Ending::TimedOut { limit: TimeLimit::Wall }, "E: slow down", Nothing, Some(TimedOut));
    check(Ending::TimedOut { limit: TimeLimit::Idle }, "E: slow down", Something, Some(Idle));
    check(Ending::Cancelled, "E: slow down", Nothing, None);
    check(Ending::Exited { code: 41 }, "E: slow down", Something, Some(Auth));
    check(WRONG, "no config", Nothing, Some(Config));
    check(WRONG, "E: slow\ndown", Something, Some(RateLimit));
    check(WRONG, "the text says E: slow down", Nothing, Some(Failed));
    check(Ending::Signaled { signal: 9 }, "no config", Nothing, Some(Crashed));
    check(Ending::Signaled { signal: 9 }, "E: slow down", Nothing, Some(RateLimit));
    check(DONE, "E: slow down", Nothing, Some(RateLimit));
    check(DONE, "E: slow down", Something, None);
    check(DONE, "fine", Nothing, Some(NoChange));
    check(DONE, "fine", Something, None);
}

#[test]
fn a_status_tells_what_an_error_is() {
    let of = profile(
        r#""errors": [{"in": {"format": "jsonl"}, "message": "m", "status": "s"}],
        "failures": [{"class": "server", "statuses": [418], "then": "wait"}, {"class": "budget", "pattern": "no money"}]"#,
    );
    let check = |text: &str, expect, changed| {
        assert_eq!(class(&of, WRONG, (text, ""), changed), expect, "{text}");
    };
    check(r#"{"m": "x", "s": 401}"#, Some(Auth), Nothing);
    check(r#"{"m": "x", "s": "403"}"#, Some(Auth), Something);
    check(r#"{"m": "x", "s": 429}"#, Some(RateLimit), Nothing);
    check(r#"{"m": "insufficient_quota", "s": 429}"#, Some(Budget), Nothing);
    check(r#"{"m": "the maximum context length is 8192", "s": 400}"#, Some(ContextTooLong), Nothing);
    check(r#"{"m": "x", "s": 400}"#, Some(Failed), Nothing);
    check(r#"{"m": "x", "s": 529}"#, Some(Server), Nothing);
    check(r#"{"m": "x", "s": 99999}"#, Some(Failed), Nothing);
    check(r#"{"m": "there is no money"}"#, Some(Budget), Nothing);
    assert_eq!(class(&of, DONE, (r#"{"m": "x", "s": 500}"#, ""), Something), Some(Server), "its own word is stronger than its exit code");
    assert_eq!(class(&of, DONE, (r#"{"answer": "no money"}"#, ""), Nothing), Some(NoChange), "what stands in documents is no line");
    assert_eq!(class(&of, DONE, ("", "there is no money"), Nothing), Some(Budget));
    let teapot = told(&of, WRONG, (r#"{"m": "retry after 7 seconds", "s": 418}"#, ""), Nothing).failure.unwrap();
    assert_eq!((teapot.class, teapot.remedy), (Server, Remedy::Wait));
    assert_eq!(teapot.retry_at, Some("2026-11-26T12:00:07Z".parse().unwrap()));
}

#[test]
fn a_rule_may_say_where_the_time_stands() {
    let of = profile(r#""failures": [{"class": "rate_limit", "pattern": "^limit\\|(?P<reset>\\d+)"}]"#);
    let failure = told(&of, WRONG, ("limit|90", ""), Nothing).failure.unwrap();
    assert_eq!(failure.retry_at, Some("2026-11-26T12:01:30Z".parse().unwrap()));
}

#[test]
fn a_printed_diff_is_no_text_with_errors() {
    let of = profile(r#""output": "patch", "failures": [{"class": "rate_limit", "pattern": "slow down"}]"#);
    assert_eq!(class(&of, DONE, ("+slow down", ""), Something), None);
    assert_eq!(class(&of, DONE, ("slow down", ""), Nothing), Some(RateLimit));
    assert!(wants_stdout(&of) && !wants_stdout(&profile("\"args\": []")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn no_output_makes_the_reader_stumble(
        code in prop_oneof![Just(0), Just(1), any::<i32>()],
        pieces in prop::collection::vec(prop_oneof![
            Just("\n".to_owned()), Just("{\"type\":\"result\",".to_owned()), Just("\"usage\":{\"input_tokens\":1e400}}".to_owned()),
            Just("litellm.RateLimitError: try again in 999999999999d".to_owned()), Just("{\"error\":{\"message\":\"\u{1b}[2J\",\"code\":429}}\n".to_owned()),
            "[\\[{\"}:,\u{202e}é0-9a-z\n]{0,20}",
        ], 0..20),
        is_changed: bool,
    ) {
        let text = pieces.concat();
        let toolbox = parse_profiles(&[ProfileSource { name: "shipped", text: SHIPPED }]).unwrap();
        for tool in toolbox.tools() {
            let ending = Ending::Exited { code };
            let files = files(&tool.profile).map(|name| (name.to_owned(), text.clone().into_bytes())).collect();
            let now = Timestamp::MAX;
            let changed = if is_changed { Something } else { Nothing };
            let said = Said { ending, stdout: text.as_bytes(), stderr: text.as_bytes(), files: &files, now, changed };
            let read = read(&tool.profile, &said);
            let is_shown = |c: char| !crate::domain::text::is_unsafe(c);
            prop_assert!(read.message.iter().all(|words| words.chars().all(is_shown)), "{:?}", read.message);
            prop_assert!(code == 0 || read.failure.is_some());
        }
    }
}
