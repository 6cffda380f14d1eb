//! The rules of the chain, entry by entry: what can be said of a ledger without looking at anything but its commits.
//!
//! Nothing here is repaired or left out: an entry that breaks a rule is told of and counted, and what follows it is still looked at.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;

use super::codec;
use super::entry::{Body, Entry};
use super::flaw::{Flaw, Place, Rule};
use crate::domain::id::{EntryId, ObjectId, RunId};
use crate::domain::run::event::Event;
use crate::domain::run::machine::apply;
use crate::domain::run::state::RunState;

/// The name that every entry has as its committer.
const COMMITTER: &str = "git-orc";

/// Who did something, and when, as a commit has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person<'a> {
    /// The name.
    pub name: &'a str,
    /// The address.
    pub email: &'a str,
    /// The time, in whole seconds.
    pub time: Timestamp,
}

/// A commit of the ledger.
#[derive(Debug, Clone, Copy)]
pub struct Link<'a> {
    /// The commit.
    pub commit: ObjectId,
    /// Its parents.
    pub parents: &'a [ObjectId],
    /// Its author.
    pub author: Person<'a>,
    /// Its committer.
    pub committer: Person<'a>,
    /// Its message.
    pub message: &'a [u8],
}

/// What the driver of a stretch of entries is known by.
#[derive(Debug, Clone, Default)]
struct Driver {
    /// Its version of git-orc.
    version: Option<String>,
    /// The author of its entries that no tool caused.
    operator: Option<String>,
    /// The address on all of its entries.
    email: Option<String>,
    /// Its newest entry.
    last: Option<EntryId>,
}

/// Which version wrote an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writer {
    /// This one: its words must be exactly ours.
    This,
    /// Another one, or nobody knows.
    Other,
}

/// A run as its entries tell it.
#[derive(Debug)]
pub struct Told {
    /// What its entries fold into, as far as they do.
    pub state: RunState,
    /// Its entries with their commits, oldest first.
    pub entries: Vec<(ObjectId, Entry)>,
    /// Whether an entry did not follow from those before it; the state stands before that entry.
    pub is_broken: bool,
    driver: Driver,
}

impl Told {
    fn new(run: RunId) -> Self {
        Self { state: RunState::new(run), entries: Vec::new(), is_broken: false, driver: Driver::default() }
    }

    /// Returns whether the newest entry was written by this version of git-orc, so that its words must be exactly ours.
    #[must_use]
    pub fn is_by(&self, version: &str) -> bool {
        self.driver.version.as_deref() == Some(version)
    }
}

/// The reader of a chain: gets its commits from the first to the last.
#[derive(Debug)]
pub struct Chain {
    version: String,
    names: HashSet<EntryId>,
    keys: HashSet<(RunId, String)>,
    /// The runs.
    pub runs: BTreeMap<RunId, Told>,
    /// What belongs to no run.
    pub repository: Told,
    /// What is wrong.
    pub flaws: Vec<Flaw>,
    /// How many entries there are.
    pub entries: u64,
    /// How many of them are of a kind that this version does not know.
    pub unknown: u64,
    /// How many commits join two ledgers.
    pub joins: u64,
}

impl Chain {
    /// Returns a reader for this version of git-orc.
    #[must_use]
    pub fn new(version: &str) -> Self {
        Self {
            version: version.to_owned(),
            names: HashSet::new(),
            keys: HashSet::new(),
            runs: BTreeMap::new(),
            repository: Told::new(RunId::NONE),
            flaws: Vec::new(),
            entries: 0,
            unknown: 0,
            joins: 0,
        }
    }

    /// Takes the next commit. Returns the run that it belongs to, if it is an entry.
    pub fn take(&mut self, link: &Link<'_>) -> Option<RunId> {
        if link.parents.len() > 2 {
            self.flaws.push(Flaw::problem(Rule::Entry, Place::commit(None, link.commit), "it has more than two parents"));
        }
        let entry = match codec::from_message(link.message) {
            Ok(entry) => entry,
            Err(_) if link.parents.len() == 2 => {
                self.joins += 1;
                return None;
            }
            Err(error) => {
                self.flaws.push(Flaw::problem(Rule::Entry, Place::commit(None, link.commit), error.to_string()));
                return None;
            }
        };
        self.joins += u64::from(link.parents.len() == 2);
        self.entries += 1;
        self.unknown += u64::from(matches!(entry.body, Body::Unknown { .. }));
        let run = entry.run;
        let place = Place { run: (run != RunId::NONE).then_some(run), ..Place::entry(run, entry.id, link.commit) };
        let mut told = if run == RunId::NONE {
            std::mem::replace(&mut self.repository, Told::new(run))
        } else {
            self.runs.remove(&run).unwrap_or_else(|| Told::new(run))
        };
        begin_stretch(&mut told, &entry);
        let mut wrong = self.repeated(&entry);
        let writer = if told.is_by(&self.version) { Writer::This } else { Writer::Other };
        wrong.extend(wrong_words(&entry, link, writer));
        wrong.extend(wrong_person(&mut told.driver, &entry, link));
        wrong.extend(wrong_order(&mut told.driver, &entry));
        wrong.extend(wrong_move(&mut told, &entry));
        self.flaws.extend(wrong.into_iter().map(|(rule, what)| Flaw::problem(rule, place.clone(), what)));
        told.entries.push((link.commit, entry));
        if run == RunId::NONE {
            self.repository = told;
        } else {
            self.runs.insert(run, told);
        }
        Some(run)
    }

    fn repeated(&mut self, entry: &Entry) -> Vec<(Rule, String)> {
        let mut wrong = Vec::new();
        if !self.names.insert(entry.id) {
            wrong.push((Rule::Key, format!("another entry has the name {} too", entry.id)));
        }
        if !self.keys.insert((entry.run, entry.key.clone())) {
            wrong.push((Rule::Key, format!("`{}` is told a second time", entry.key)));
        }
        if let Some(event) = entry.event().filter(|event| event.key() != entry.key) {
            wrong.push((Rule::Key, format!("its key is `{}` and should be `{}`", entry.key, event.key())));
        }
        wrong
    }
}

/// Whoever writes such an entry has just begun to write.
fn begin_stretch(told: &mut Told, entry: &Entry) {
    let Some(event) = entry.event() else {
        told.driver = Driver::default();
        return;
    };
    if let Event::RunPlanned(planned) = event {
        told.driver = Driver { version: Some(planned.version.clone()), ..Driver::default() };
    }
    if let Event::RunResumed(driven) = event {
        told.driver = Driver { version: Some(driven.version.clone()), ..Driver::default() };
    }
    if event.tended().is_some() || event.is_of_repository() {
        told.driver = Driver::default();
    }
}

/// Compares the message with what the entry says. The words that are for people may be those of another version.
fn wrong_words(entry: &Entry, link: &Link<'_>, writer: Writer) -> Vec<(Rule, String)> {
    let Ok(expected) = codec::to_message(entry) else { return vec![(Rule::Message, "it can not be written again".to_owned())] };
    if expected.as_bytes() == link.message {
        return Vec::new();
    }
    let found = String::from_utf8_lossy(link.message);
    let mut wrong = Vec::new();
    for name in ["Orc-Run", "Orc-Workstream", "Orc-Patch", "Orc-Commit"] {
        let (said, meant) = (trailers(&found, name), trailers(&expected, name));
        let is_known = entry.event().is_some() || name == "Orc-Run";
        if is_known && said != meant {
            wrong
                .push((Rule::Message, format!("its trailer {name} says `{}`, the entry says `{}`", said.join("`, `"), meant.join("`, `"))));
        }
    }
    if trailers(&found, codec::TRAILER).len() != 1 {
        wrong.push((Rule::Message, format!("it has more than one trailer {}", codec::TRAILER)));
    }
    // Nobody is known to have written an entry that is not understood, so that its words are not compared.
    if wrong.is_empty() && writer == Writer::This {
        let part = if found.lines().next() == expected.lines().next() { "text" } else { "subject" };
        wrong.push((Rule::Message, format!("its {part} is not the one that follows from the entry")));
    }
    wrong
}

fn trailers<'a>(message: &'a str, name: &str) -> Vec<&'a str> {
    message.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).collect()
}

fn wrong_person(driver: &mut Driver, entry: &Entry, link: &Link<'_>) -> Vec<(Rule, String)> {
    let mut wrong = Vec::new();
    let mut say = |what: String| wrong.push((Rule::Author, what));
    if link.committer.name != COMMITTER {
        say(format!("its committer is {}", link.committer.name));
    }
    let email = driver.email.get_or_insert_with(|| link.committer.email.to_owned());
    if email != link.committer.email {
        say(format!("its address is {}, while {email} drove the run", link.committer.email));
    }
    if link.author.email != link.committer.email {
        say(format!("its author has the address {}, its committer {}", link.author.email, link.committer.email));
    }
    if let Some(other) = [link.author.time, link.committer.time].into_iter().find(|time| *time != seconds(entry.ts)) {
        say(format!("it was written at {}, and its commit says {other}", entry.ts));
    }
    match entry.event().map(|event| event.about().tool) {
        Some(Some(tool)) if tool.as_str() != link.author.name => say(format!("its author is {} and should be {tool}", link.author.name)),
        Some(None) => {
            let operator = driver.operator.get_or_insert_with(|| link.author.name.to_owned());
            if operator != link.author.name {
                say(format!("its author is {}, while {operator} drove the run", link.author.name));
            }
        }
        Some(Some(_)) | None => {}
    }
    wrong
}

fn seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second().max(0)).unwrap_or_default()
}

/// Names grow with every entry of one driver; between drivers the clock may have gone back.
fn wrong_order(driver: &mut Driver, entry: &Entry) -> Option<(Rule, String)> {
    let before = driver.last.replace(entry.id);
    let before = before.filter(|before| *before > entry.id)?;
    Some((Rule::Order, format!("it was written before {before}, which it follows")))
}

fn wrong_move(told: &mut Told, entry: &Entry) -> Option<(Rule, String)> {
    if entry.run == RunId::NONE {
        let is_of_run = entry.event().is_some_and(|event| !event.is_of_repository());
        return is_of_run.then(|| (Rule::Move, "it names no run, and belongs to one".to_owned()));
    }
    if told.is_broken {
        return None;
    }
    if told.entries.is_empty() && entry.event().is_some_and(|event| !matches!(event, Event::RunPlanned(_))) {
        told.is_broken = true;
        return Some((Rule::Move, "it is the first entry of its run, and the plan was not recorded".to_owned()));
    }
    let gap = entry.event().and_then(|event| round(&told.state, event)).filter(|(said, next)| said != next);
    if let Err(error) = apply(&mut told.state, entry) {
        told.is_broken = true;
        return Some((Rule::Move, format!("{error}; nothing after it was followed")));
    }
    gap.map(|(said, next)| (Rule::Move, format!("it says that it is change number {said}, and number {next} would be next")))
}

/// Returns which change of its thing an event says that it is, and which would be next.
fn round(state: &RunState, event: &Event) -> Option<(u32, u32)> {
    let one = |id| state.workstreams.get(id);
    if let Some(moved) = event.run_moved() {
        return Some((moved.round, state.round));
    }
    if let Some(moved) = event.workstream_moved() {
        return Some((moved.round, one(&moved.workstream)?.round));
    }
    if let Some(tended) = event.tended() {
        return Some((tended, state.tended));
    }
    if let Event::Controlled(control) = event {
        return Some((control.round, state.control.count));
    }
    if let Event::RunStarted(driven) | Event::RunResumed(driven) = event {
        return Some((driven.round, state.drivers));
    }
    if let Event::WorktreeCreated(moved) | Event::WorktreeRemoved(moved) | Event::WorktreeKept(moved) = event {
        return Some((moved.round, one(&moved.workstream)?.worktrees));
    }
    if let Event::RecoveryClimbed(climbed) = event {
        return Some((climbed.round, one(&climbed.workstream)?.climbs));
    }
    if let Event::BreakerOpened(moved) | Event::BreakerClosed(moved) = event {
        return Some((moved.round, state.breakers.get(&moved.tool).map_or(0, |breaker| breaker.round)));
    }
    None
}

#[cfg(test)]
mod tests;
