//! The rules of the chain on a small run: nothing is said of it as it was written, and each thing that somebody did to it is told.

use serde_json::json;

use super::*;
use crate::domain::ledger::entry::Body;
use crate::domain::ledger::sample::{self, VERSION, entries, event};

/// An entry and the commit that it is in.
#[derive(Clone)]
struct Written {
    entry: Entry,
    parents: usize,
    author: (String, String, Timestamp),
    committer: (String, String, Timestamp),
    message: String,
}

impl Written {
    fn new(entry: Entry, operator: &str) -> Self {
        let author = entry.event().and_then(|event| event.about().tool).map_or(operator, |tool| tool.as_str()).to_owned();
        let (email, time) = (format!("{operator}@home"), Timestamp::from_second(entry.ts.as_second()).unwrap());
        let message = codec::to_message(&entry).unwrap();
        Self { entry, parents: 1, author: (author, email.clone(), time), committer: (COMMITTER.to_owned(), email, time), message }
    }

    /// Lets the entry say something else, and its message with it.
    fn says(&mut self, change: impl FnOnce(&mut serde_json::Value)) {
        let mut value = json!(self.entry.event().unwrap());
        change(&mut value);
        self.entry = codec::entry(self.entry.id, self.entry.ts, self.entry.run, event(&value));
        self.message = codec::to_message(&self.entry).unwrap();
    }

    /// Makes the entry one of a kind that a later version brings.
    fn is_unknown(&mut self) {
        let raw = codec::to_object(&self.entry).unwrap();
        let line = json!(raw).to_string().replace(self.entry.event().unwrap().kind(), "moon_rose");
        self.entry = codec::from_json(&line).unwrap();
        assert!(matches!(self.entry.body, Body::Unknown { .. }));
        self.message = codec::to_message(&self.entry).unwrap();
    }

    fn replace(&mut self, from: &str, to: &str) {
        assert!(self.message.contains(from), "{}", self.message);
        self.message = self.message.replacen(from, to, 1);
    }
}

/// The run as it was written: ann drives it, cy mends something with a clock that is late, bob goes on.
fn story() -> Vec<Written> {
    let operator = |at: usize| match at {
        0..=10 => "ann",
        11 => "cy",
        _ => "bob",
    };
    let mut story: Vec<Written> =
        entries(sample::run(7)).into_iter().enumerate().map(|(at, entry)| Written::new(entry, operator(at))).collect();
    let late = EntryId::new(ulid::Ulid::from(1));
    story[11] = Written::new(Entry { id: late, ..story[11].entry.clone() }, "cy");
    story
}

fn read(story: &[Written]) -> Chain {
    let mut chain = Chain::new(VERSION);
    for one in story {
        let person = |(name, email, time): &'_ (String, String, Timestamp)| (name.clone(), email.clone(), *time);
        let (author, committer) = (person(&one.author), person(&one.committer));
        let run = chain.take(&Link {
            commit: ObjectId::from_bytes([1; 20]),
            parents: &[ObjectId::ZERO; 3][..one.parents],
            author: Person { name: &author.0, email: &author.1, time: author.2 },
            committer: Person { name: &committer.0, email: &committer.1, time: committer.2 },
            message: one.message.as_bytes(),
        });
        assert_eq!(run, codec::from_message(one.message.as_bytes()).ok().map(|entry| entry.run));
    }
    chain
}

/// Does something to the run and compares what is told of it: the position of the entry, the rule, and what was found.
fn check(change: impl FnOnce(&mut Vec<Written>), expect: &[&str]) {
    let mut story = story();
    change(&mut story);
    let chain = read(&story);
    let told: Vec<String> = chain
        .flaws
        .iter()
        .map(|flaw| {
            let at = story.iter().position(|one| Some(one.entry.id) == flaw.place.entry);
            let at = at.map_or_else(|| "somewhere".to_owned(), |at| at.to_string());
            format!("{at} {}: {}", flaw.rule.name(), flaw.what)
        })
        .collect();
    assert_eq!(told, expect);
}

#[test]
fn nothing_is_said_of_runs_as_they_were_written() {
    check(|_| {}, &[]);
    let other = entries(sample::run(8)).into_iter().map(|entry| Written::new(entry, "dee"));
    let mixed: Vec<Written> = story().into_iter().zip(other).flat_map(|(one, other)| [one, other]).collect();
    let chain = read(&mixed);
    assert_eq!(chain.flaws, []);
    assert_eq!((chain.entries, chain.unknown, chain.joins), (28, 0, 0));
    for (run, told) in chain.runs {
        assert_eq!((told.entries.len(), told.state.entries, told.is_broken, told.state.run), (14, 14, false, run));
        assert!(told.state.status.is_terminal());
    }
}

#[test]
fn a_commit_is_an_entry_or_a_join_and_is_counted_as_that() {
    let is_no_entry = |one: &mut Written| one.message = "joins two ledgers\n".to_owned();
    let count = |change: &dyn Fn(&mut Vec<Written>)| {
        let mut story = story();
        change(&mut story);
        let chain = read(&story);
        (chain.entries, chain.unknown, chain.joins, chain.flaws.len())
    };
    let joined = |story: &mut Vec<Written>| {
        let mut join = story[3].clone();
        is_no_entry(&mut join);
        join.parents = 2;
        story[6].parents = 2;
        story[5].is_unknown();
        story[13].is_unknown();
        story.insert(4, join.clone());
        story.insert(9, join);
    };
    assert_eq!(count(&joined), (14, 2, 3, 0));
    check(|story| story[2].parents = 3, &["somewhere entry: it has more than two parents"]);
    let no_trailer = "somewhere entry: the commit message has no Orc-Entry trailer";
    check(|story| is_no_entry(&mut story[13]), &[no_trailer]);
    let of_three = |story: &mut Vec<Written>| {
        is_no_entry(&mut story[13]);
        story[13].parents = 3;
    };
    check(of_three, &["somewhere entry: it has more than two parents", no_trailer]);
}

#[test]
fn words_that_do_not_follow_from_the_entry_are_told() {
    let run = sample::run(7);
    check(|s| s[5].replace("step failed", "step passed"), &["5 message: its subject is not the one that follows from the entry"]);
    check(|s| s[13].replace("run aborted", "run ended"), &["13 message: its subject is not the one that follows from the entry"]);
    check(|s| s[5].replace("\n\n", "\n\nAnd more.\n\n"), &["5 message: its text is not the one that follows from the entry"]);
    let other = format!("5 message: its trailer Orc-Run says `{}`, the entry says `{run}`", sample::run(8));
    check(|s| s[5].replace(&format!("Orc-Run: {run}"), &format!("Orc-Run: {}", sample::run(8))), &[&other]);
    check(|s| s[5].replace("Workstream: a", "Workstream: b"), &["5 message: its trailer Orc-Workstream says `b`, the entry says `a`"]);
    check(|s| s[5].replace("Orc-Workstream: a\n", ""), &["5 message: its trailer Orc-Workstream says ``, the entry says `a`"]);
    for name in ["Orc-Patch", "Orc-Commit"] {
        let told = format!("5 message: its trailer {name} says `x`, the entry says ``");
        check(|s| s[5].replace("Orc-Entry", &format!("{name}: x\nOrc-Entry")), &[&told]);
    }
    check(|s| s[5].replace("Orc-Entry", "Orc-Entry: {}\nOrc-Entry"), &["5 message: it has more than one trailer Orc-Entry"]);
}

#[test]
fn words_for_people_may_be_those_of_another_version() {
    check(|s| s[11].replace("run mended", "run repaired"), &[]);
    let in_other_words = |story: &mut Vec<Written>| {
        for at in [0, 12] {
            story[at].says(|value| {
                let (_, fields) = value.as_object_mut().unwrap().iter_mut().next().unwrap();
                fields["version"] = json!("2.0.0");
            });
        }
        story[5].replace("step failed", "step came to nothing");
        story[13].replace("run aborted", "run given up");
    };
    check(in_other_words, &[]);
    let unknown = |more: &'static str| {
        move |story: &mut Vec<Written>| {
            story[5].is_unknown();
            story[5].replace("Orc-Entry", &format!("{more}\nOrc-Entry"));
        }
    };
    check(unknown("Orc-Workstream: b"), &[]);
    let run = sample::run(7);
    check(unknown("Orc-Run: x"), &[&format!("5 message: its trailer Orc-Run says `{run}`, `x`, the entry says `{run}`")]);
}

#[test]
fn the_version_of_the_newest_driver_is_that_of_the_run() {
    let versions = |count: usize| {
        let chain = read(&story()[..count]);
        let told = &chain.runs[&sample::run(7)];
        (told.is_by(VERSION), told.is_by("2.0.0"))
    };
    assert_eq!([1, 11, 12, 13, 14].map(versions), [(true, false), (true, false), (false, false), (true, false), (true, false)]);
}

#[test]
fn another_author_address_or_time_is_told() {
    check(|s| s[2].author.0 = "bob".into(), &["2 author: its author is bob, while ann drove the run"]);
    check(|s| s[4].author.0 = "ann".into(), &["4 author: its author is ann and should be one"]);
    check(|s| s[4].committer.0 = "ann".into(), &["4 author: its committer is ann"]);
    check(|s| s[4].author.1 = "bob@home".into(), &["4 author: its author has the address bob@home, its committer ann@home"]);
    let moved = |story: &mut Vec<Written>| {
        story[4].author.1 = "bob@home".into();
        story[4].committer.1 = "bob@home".into();
    };
    check(moved, &["4 author: its address is bob@home, while ann@home drove the run"]);
    let told = "4 author: it was written at 1970-01-01T00:00:07.5Z, and its commit says 1970-01-01T00:00:00Z";
    check(|s| s[4].author.2 = Timestamp::UNIX_EPOCH, &[told]);
    check(|s| s[4].committer.2 = Timestamp::UNIX_EPOCH, &[told]);
}

#[test]
fn a_key_follows_from_the_entry_and_nothing_is_told_twice() {
    let made_up = |story: &mut Vec<Written>| {
        story[2].entry.key = "x".to_owned();
        story[2].message = codec::to_message(&story[2].entry).unwrap();
    };
    check(made_up, &["2 key: its key is `x` and should be `wave_started/1`"]);
    let name = story()[6].entry.id;
    check(
        |story| story.insert(7, story[6].clone()),
        &[
            &format!("6 key: another entry has the name {name} too"),
            "6 key: `one/breaker_opened/0` is told a second time",
            "6 move: it says that it is change number 0, and number 1 would be next",
        ],
    );
}

#[test]
fn entries_of_one_driver_that_changed_places_are_told() {
    let before = story()[7].entry.id;
    check(|story| story.swap(6, 7), &[&format!("7 order: it was written before {before}, which it follows")]);
}

#[test]
fn a_move_that_does_not_follow_is_told_once_and_the_state_stands_before_it() {
    let mut story = story();
    story.remove(4);
    let chain = read(&story);
    let told = &chain.runs[&sample::run(7)];
    assert!(told.is_broken);
    assert_eq!((told.entries.len(), told.state.entries), (13, 4));
    let broken = "4 move: step_finished is no legal move for workstream a in state without that open step; nothing after it was followed";
    check(|story| drop(story.remove(4)), &[broken]);
    check(|story| drop(story.remove(0)), &["0 move: it is the first entry of its run, and the plan was not recorded"]);
    check(
        |story| story[0].is_unknown(),
        &["2 move: a change is no legal move for workstream a in state unknown; nothing after it was followed"],
    );
}

#[test]
fn a_change_that_was_left_out_is_told() {
    let counted = [(1, 0), (3, 0), (6, 0), (7, 0), (8, 0), (9, 0), (10, 1), (11, 0), (12, 1), (13, 1)];
    for (at, number) in counted {
        let skips_one = |story: &mut Vec<Written>| {
            story[at].says(|value| {
                let (_, fields) = value.as_object_mut().unwrap().iter_mut().next().unwrap();
                assert_eq!(fields["round"], number);
                fields["round"] = json!(number + 1);
            });
        };
        check(skips_one, &[&format!("{at} move: it says that it is change number {}, and number {number} would be next", number + 1)]);
    }
    check(|story| drop(story.remove(3)), &["9 move: it says that it is change number 1, and number 0 would be next"]);
}
