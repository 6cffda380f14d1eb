//! What a plan says follows when work can not go on by itself: as it is written, and as the run knows it.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value as Json};

use crate::domain::document::diagnostic::Code;
use crate::domain::document::node::{Entry, Node};
use crate::domain::document::read::{Read, Real, Whole};
use crate::domain::document::record::{Extra, Record, described, read_record, record, record_schema};
use crate::domain::document::sink::{Draft, Sink};
use crate::domain::document::source::At;
use crate::domain::document::word::words;
use crate::domain::run::handling::{Cause, Handling, Patience, Response};

/// A time in seconds, at most a year.
type Seconds = Real<0, 31_536_000>;
/// A list of texts.
type Texts = Vec<At<String>>;

words! {
    /// Why work can not go on.
    CauseWord {
        /// A check told of one of the names of `found`.
        Found = "found",
        /// What a step needs is not there.
        Lacking = "lacking",
        /// A step ran out of time.
        TimedOut = "timed_out",
        /// Nothing is left that could mend it.
        Unmended = "unmended",
    }
    /// What is done.
    ResponseWord {
        /// The workstream waits for a person.
        Block = "block",
        /// The same, and somebody is called.
        Escalate = "escalate",
        /// The whole run is halted.
        Halt = "halt",
    }
}

record! {
    /// What follows when the work of a workstream can not go on by itself.
    RawPolicy requires ["cause", "action"] extra Closed {
        /// The name by which it is told; the cause when absent.
        name "name": String,
        /// For which reason: `found`, `lacking`, `timed_out` or `unmended`.
        cause "cause": CauseWord,
        /// The kinds of issues, or the names of expectations, that it is for; they are handled at once, before anything mends them.
        found "found": Texts,
        /// How many rounds there are in all before it is done, with growing waits in between.
        rounds "rounds": Whole<1, 100>,
        /// Seconds of the first wait; 1 when absent.
        first_wait_sec "first_wait_sec": Seconds,
        /// The factor from one wait to the next; 2 when absent.
        factor "factor": Real<1, 100>,
        /// Seconds for which it is tried again and again before it is done.
        until_sec "until_sec": Seconds,
        /// Seconds between those; 60 when absent.
        every_sec "every_sec": Seconds,
        /// What is done then: `block`, `escalate` or `halt`.
        action "action": ResponseWord,
        /// Who is told.
        notify "notify": Texts,
    }
}

/// Returns the policies of a workstream; the first one that is for a reason is followed.
pub fn policies(raw: Option<&At<Vec<At<RawPolicy>>>>, sink: &mut Sink<'_>) -> Vec<Handling> {
    raw.iter().flat_map(|all| &all.value).filter_map(|one| policy(one, sink)).collect()
}

fn policy(at: &At<RawPolicy>, sink: &mut Sink<'_>) -> Option<Handling> {
    let raw = &at.value;
    let (cause, action) = (raw.cause.as_ref()?, raw.action.as_ref()?);
    let list = |texts: Option<&At<Texts>>| texts.iter().flat_map(|all| &all.value).map(|one| one.value.clone()).collect::<Vec<_>>();
    let found = list(raw.found.as_ref());
    if (cause.value == CauseWord::Found) == found.is_empty() {
        let message = if found.is_empty() { "`found` does not say what is found" } else { "`found` has no use beside this `cause`" };
        sink.add(Draft::new(Code::IncompleteRule, cause.place, message).hint("Write `cause: found` together with a list `found`."));
        return None;
    }
    if let (Some(_), Some(until)) = (&raw.rounds, &raw.until_sec) {
        let draft = Draft::new(Code::ConflictingKeys, until.place, "`until_sec` and `rounds` are two ways to wait");
        sink.add(draft.hint("Keep one of the two."));
    }
    let seconds = |at: Option<&At<Seconds>>, usual: f64| at.map_or(usual, |seconds| seconds.value.number());
    let patience = match (&raw.until_sec, &raw.rounds) {
        (Some(until), _) => Patience::Until { most_sec: until.value.number(), every_sec: seconds(raw.every_sec.as_ref(), 60.0) },
        (None, Some(rounds)) => Patience::Rounds {
            most: rounds.value.narrow(),
            first_wait_sec: seconds(raw.first_wait_sec.as_ref(), 1.0),
            factor: raw.factor.as_ref().map_or(2.0, |factor| factor.value.number()),
        },
        (None, None) => Patience::None,
    };
    Some(Handling {
        name: raw.name.as_ref().map_or_else(|| cause.value.as_str().to_owned(), |name| name.value.clone()),
        cause: match cause.value {
            CauseWord::Found => Cause::Found(found),
            CauseWord::Lacking => Cause::Lacking,
            CauseWord::TimedOut => Cause::TimedOut,
            CauseWord::Unmended => Cause::Unmended,
        },
        patience,
        response: match action.value {
            ResponseWord::Block => Response::Block,
            ResponseWord::Escalate => Response::Escalate,
            ResponseWord::Halt => Response::Halt,
        },
        notify: list(raw.notify.as_ref()),
    })
}
