//! From what was written to conditions, expectations and artifacts: everything that needs more than one value to judge.

use std::collections::HashMap;

use super::condition::{Condition, Ended};
use super::expectation::{Expectation, Format, HowMany, Predicate, Unit};
use super::issue::{IssueKind, IssueSeverity};
use super::raw::{EndedWord, FormatWord, HowWord, Much, RawArtifact, RawCondition, RawExpectation};
use super::read_data::{self, pattern, refuse};
use super::rules::Artifact;
use crate::domain::document::diagnostic::Code;
use crate::domain::document::sink::{Draft, Sink, quoted};
use crate::domain::document::source::{At, Place};
use crate::domain::id::StepId;

/// A step that comes before the one whose conditions are read.
#[derive(Debug, Clone)]
pub struct Earlier {
    /// Its id.
    pub id: StepId,
    /// The checks of it that FIX steps may follow; itself when it is a check.
    pub checks: Vec<StepId>,
}

/// Returns conditions. `earlier` is what comes before; `None` when that is not known, so that nothing is concluded from what is missing.
pub fn conditions(raw: &[At<RawCondition>], earlier: Option<&[Earlier]>, sink: &mut Sink<'_>) -> Vec<Condition> {
    raw.iter().filter_map(|one| condition(one, earlier, sink)).collect()
}

fn condition(raw: &At<RawCondition>, earlier: Option<&[Earlier]>, sink: &mut Sink<'_>) -> Option<Condition> {
    let own = &raw.value;
    let predicate = of_condition(own);
    let own_keys = [
        ("request", own.request.as_ref().map(|at| at.place)),
        ("step", own.step.as_ref().map(|at| at.place)),
        ("issue", own.issue.as_ref().map(|at| at.place)),
        ("not", own.not.as_ref().map(|at| at.place)),
        ("any", own.any.as_ref().map(|at| at.place)),
    ];
    let keys = own_keys.into_iter().chain(predicate.keys()).filter_map(|(key, place)| Some((key, place?))).collect();
    let key = only((raw.place, own.broken), keys, "a condition", sink)?;
    if own_keys.iter().any(|(own, _)| *own == key) {
        predicate.refuse_all(key, sink);
    }
    match key {
        "request" => Some(Condition::Request(texts(own.request.as_ref()?, sink)?)),
        "issue" => Some(Condition::Issue(own.issue.as_ref()?.value.0)),
        "not" | "any" => {
            let list = own.not.as_ref().or(own.any.as_ref())?;
            if list.value.is_empty() && !own.broken {
                sink.add(Draft::new(Code::IncompleteRule, list.place, format!("`{key}` lists no condition")));
            }
            let inner = conditions(&list.value, earlier, sink);
            Some(if own.not.is_some() { Condition::Not(inner) } else { Condition::Any(inner) })
        }
        "step" => {
            let said = &own.step.as_ref()?.value;
            ended(&said.step, said.ended, earlier, sink)
        }
        _ => predicate.read(key, sink).map(Condition::Files),
    }
}

/// An EDIT step passes at once; what is mended is what its checks find.
fn ended(step: &At<String>, word: EndedWord, earlier: Option<&[Earlier]>, sink: &mut Sink<'_>) -> Option<Condition> {
    let ended = match word {
        EndedWord::Passed => Ended::Passed,
        EndedWord::Mended => Ended::Mended,
        EndedWord::Skipped => Ended::Skipped,
    };
    let earlier = earlier?;
    let Some(found) = earlier.iter().find(|one| one.id.as_str() == step.value) else {
        let hint = sink.suggest(&step.value, earlier.iter().map(|one| one.id.as_str()));
        let draft = Draft::new(Code::UnknownId, step.place, format!("no step before this one has the id {}", quoted(&step.value)));
        sink.add(draft.hint(hint.unwrap_or_else(|| "Name a step that comes before this one.".to_owned())));
        return None;
    };
    if ended != Ended::Mended {
        return Some(Condition::Step { step: found.id.clone(), ended });
    }
    let mut checks: Vec<Condition> = found.checks.iter().map(|check| Condition::Step { step: check.clone(), ended }).collect();
    match checks.len() {
        0 => {
            let draft = Draft::new(Code::UnknownId, step.place, format!("{} has no check, so it is never mended", quoted(&step.value)));
            sink.add(draft.hint("Name a step that checks something, or give that one `expects`, `static` or `runtime`."));
            None
        }
        1 => checks.pop(),
        _ => Some(Condition::Any(checks)),
    }
}

/// Returns expectations.
pub fn expectations(raw: &[At<RawExpectation>], sink: &mut Sink<'_>) -> Vec<Expectation> {
    raw.iter().filter_map(|one| expectation(one, sink)).collect()
}

fn expectation(raw: &At<RawExpectation>, sink: &mut Sink<'_>) -> Option<Expectation> {
    let own = &raw.value;
    let predicate = of_expectation(own);
    let keys = predicate.keys().chain(read_data::keys(own)).filter_map(|(key, place)| Some((key, place?))).collect();
    let key = only((raw.place, own.broken), keys, "an expectation", sink)?;
    read_data::refuse_beside(own, key, sink);
    let what = if read_data::KEYS.contains(&key) { read_data::read(own, key, sink)? } else { predicate.read(key, sink)? };
    Some(Expectation {
        issue: own.issue.as_ref().map_or_else(|| usual(&what), |issue| issue.value.0),
        severity: own.severity.as_ref().map_or(IssueSeverity::Major, |severity| severity.value.0),
        condition: own.condition.as_ref().map(|name| name.value.clone()),
        message: own.message.as_ref().map(|message| message.value.clone()),
        what,
    })
}

/// Returns the kind of issue that it usually is when something does not hold.
const fn usual(what: &Predicate) -> IssueKind {
    match what {
        Predicate::Exists(_) | Predicate::Changed(_) | Predicate::AtLeast { unit: Unit::Files, .. } => IssueKind::MissingOutput,
        Predicate::Absent(_) | Predicate::Parses { .. } | Predicate::Data { .. } => IssueKind::InvalidOutput,
        Predicate::AtLeast { unit: Unit::Headings, .. } => IssueKind::MissingStructure,
        Predicate::AtLeast { unit: Unit::Lines | Unit::Words | Unit::Characters, .. } => IssueKind::InsufficientContent,
        Predicate::Mentions { .. } | Predicate::Says { .. } => IssueKind::InsufficientDetail,
        Predicate::Traced(_) => IssueKind::IncompletePlanning,
        Predicate::HasCode(_) => IssueKind::NoCodeDetected,
    }
}

/// Returns the one key that says what it is about.
fn only((place, broken): (Place, bool), keys: Vec<(&'static str, Place)>, what: &str, sink: &mut Sink<'_>) -> Option<&'static str> {
    let mut keys = keys.into_iter();
    let Some((key, first)) = keys.next() else {
        if !broken {
            let draft = Draft::new(Code::IncompleteRule, place, format!("{what} that says nothing"));
            sink.add(draft.hint("Say one thing, such as `exists: docs/plan.md`."));
        }
        return None;
    };
    for (other, place) in keys {
        let draft = Draft::new(Code::ConflictingKeys, place, format!("`{other}` and `{key}` are two things in one"));
        sink.add(draft.hint("Make two entries of the list of them.").related("the first one", first));
    }
    Some(key)
}

/// The keys of a predicate, of a condition or of an expectation.
struct Keys<'a> {
    place: Place,
    globs: [(&'static str, Option<&'a At<String>>); 4],
    counts: [(&'static str, Option<&'a At<Much>>, Unit); 5],
    mentions: Option<&'a At<Vec<At<String>>>>,
    how: Option<&'a At<HowWord>>,
    parses: Option<&'a At<FormatWord>>,
    within: Option<&'a At<String>>,
}

/// Gathers the keys of a predicate out of a record that has them all.
macro_rules! keys {
    ($raw:expr) => {{
        let raw = $raw;
        Keys {
            place: Place::default(),
            globs: [
                ("exists", raw.exists.as_ref()),
                ("absent", raw.absent.as_ref()),
                ("code", raw.code.as_ref()),
                ("changed", raw.changed.as_ref()),
            ],
            counts: [
                ("files", raw.files.as_ref(), Unit::Files),
                ("lines", raw.lines.as_ref(), Unit::Lines),
                ("words", raw.words.as_ref(), Unit::Words),
                ("characters", raw.characters.as_ref(), Unit::Characters),
                ("headings", raw.headings.as_ref(), Unit::Headings),
            ],
            mentions: raw.mentions.as_ref(),
            how: raw.how.as_ref(),
            parses: raw.parses.as_ref(),
            within: raw.within.as_ref(),
        }
    }};
}

fn of_condition(raw: &RawCondition) -> Keys<'_> {
    keys!(raw)
}

fn of_expectation(raw: &RawExpectation) -> Keys<'_> {
    keys!(raw)
}

impl Keys<'_> {
    /// Returns the keys that say what it is about, each with its place when it is given.
    fn keys(&self) -> impl Iterator<Item = (&'static str, Option<Place>)> {
        let globs = self.globs.iter().map(|(key, at)| (*key, at.map(|at| at.place)));
        let counts = self.counts.iter().map(|(key, at, _)| (*key, at.map(|at| at.place)));
        let rest = [("mentions", self.mentions.map(|at| at.place)), ("parses", self.parses.map(|at| at.place))];
        globs.chain(counts).chain(rest)
    }

    fn read(&self, key: &'static str, sink: &mut Sink<'_>) -> Option<Predicate> {
        if key != "mentions" {
            self.refuse("how", self.how.map(|at| at.place), key, sink);
        }
        if let Some(glob) = self.globs.iter().find(|(own, _)| *own == key).and_then(|(_, at)| *at) {
            self.refuse("in", self.within.map(|at| at.place), key, sink);
            let pattern = pattern(glob, key, sink)?;
            return Some(match key {
                "absent" => Predicate::Absent(pattern),
                "code" => Predicate::HasCode(pattern),
                "changed" => Predicate::Changed(pattern),
                _ => Predicate::Exists(pattern),
            });
        }
        let place = self.keys().find(|(own, _)| *own == key).and_then(|(_, place)| place).unwrap_or(self.place);
        let Some(within) = self.within else {
            let draft = Draft::new(Code::IncompleteRule, place, format!("`{key}` does not say of which files"));
            sink.add(draft.hint("Add `in` with a glob, such as `in: docs/plan.md`."));
            return None;
        };
        let files = pattern(within, "in", sink)?;
        if let Some((_, Some(count), unit)) = self.counts.iter().find(|(own, ..)| *own == key) {
            return Some(Predicate::AtLeast { files, count: count.value.wide(), unit: *unit });
        }
        if let Some(parses) = self.parses.filter(|_| key == "parses") {
            let format = match parses.value {
                FormatWord::Json => Format::Json,
                FormatWord::Yaml => Format::Yaml,
                FormatWord::Toml => Format::Toml,
            };
            return Some(Predicate::Parses { files, format });
        }
        let how = match self.how.map_or(HowWord::All, |how| how.value) {
            HowWord::Any => HowMany::Any,
            HowWord::All => HowMany::All,
        };
        Some(Predicate::Mentions { files, words: texts(self.mentions?, sink)?, how })
    }

    fn refuse_all(&self, key: &str, sink: &mut Sink<'_>) {
        self.refuse("how", self.how.map(|at| at.place), key, sink);
        self.refuse("in", self.within.map(|at| at.place), key, sink);
    }

    fn refuse(&self, key: &str, place: Option<Place>, beside: &str, sink: &mut Sink<'_>) {
        refuse((key, place), beside, sink);
    }
}

/// Returns words to look for; a list without any is refused, since it holds always or never.
fn texts(list: &At<Vec<At<String>>>, sink: &mut Sink<'_>) -> Option<Vec<String>> {
    let words: Vec<String> = list.value.iter().map(|text| text.value.trim().to_owned()).collect();
    let is_usable = !words.is_empty() && words.iter().all(|word| !word.is_empty());
    if !is_usable {
        sink.add(Draft::new(Code::IncompleteRule, list.place, "no word to look for").hint("List at least one, and no empty one."));
    }
    is_usable.then_some(words)
}

/// Returns artifacts; two of one name are refused.
pub fn artifacts(raw: &[At<RawArtifact>], sink: &mut Sink<'_>) -> Vec<Artifact> {
    let mut taken: HashMap<&str, Place> = HashMap::new();
    let mut artifacts = Vec::new();
    for one in raw {
        let (Some(name), Some(path)) = (&one.value.name, &one.value.path) else { continue };
        if let Some(first) = taken.insert(&name.value.0, name.place) {
            let draft = Draft::new(Code::DuplicateId, name.place, format!("two artifacts have the name {}", quoted(&name.value.0)));
            sink.add(draft.hint("Give one of them another name.").related("first used here", first));
        }
        if pattern(path, "path", sink).is_some() {
            let approval = one.value.approval.as_ref().is_some_and(|approval| approval.value);
            artifacts.push(Artifact { name: name.value.0.clone(), path: path.value.clone(), approval });
        }
    }
    artifacts
}
