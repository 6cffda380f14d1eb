//! The goals of a workstream.

use regex::{Regex, RegexBuilder};

use crate::domain::document::command::argv;
use crate::domain::document::diagnostic::Code;
use crate::domain::document::sink::{Draft, Sink, quoted};
use crate::domain::document::source::{At, Place};
use crate::domain::goal::amount::Amount;
use crate::domain::goal::bound::Bound;
use crate::domain::goal::model::{Goal, Goals, Measure, Reading};
use crate::domain::goal::raw::{MeasureWord, RawGoal, RawGoals};
use crate::domain::policy::pattern::Pattern;

/// The largest compiled expression, in bytes.
const MAX_REGEX: usize = 1 << 20;

/// Returns the goals of a workstream; what is wrong goes to the sink.
pub fn goals(raw: Option<&At<RawGoals>>, sink: &mut Sink<'_>) -> Goals {
    let mut goals = Goals::default();
    let Some(raw) = raw.map(|raw| &raw.value.0) else { return goals };
    if let Some(rounds) = &raw.rounds {
        goals.rounds = rounds.value.narrow();
    }
    if let Some(progress) = &raw.min_progress {
        goals.progress = Amount::bounded(progress.value.number());
    }
    goals.from_request = raw.from_request.as_ref().map(|wish| wish.value);
    let all_required = raw.required.as_ref().is_some_and(|required| required.value);
    for raw in raw.list.iter().flat_map(|list| &list.value) {
        let Some(id) = raw.value.id.as_ref() else { continue };
        if goals.list.iter().any(|known| known.id == id.value.0) {
            sink.add(Draft::new(Code::DuplicateId, id.place, format!("there are two goals {}", quoted(&id.value.0))));
        }
        let goal = Reader { raw: &raw.value, place: id.place, sink }.goal(&id.value.0);
        goals.list.extend(goal.map(|goal| Goal { required: goal.required || all_required, ..goal }));
    }
    goals
}

struct Reader<'r, 's, 'd> {
    raw: &'r RawGoal,
    place: Place,
    sink: &'s mut Sink<'d>,
}

impl Reader<'_, '_, '_> {
    fn wrong(&mut self, code: Code, place: Place, (message, hint): (String, &str)) {
        self.sink.add(Draft::new(code, place, message).hint(hint));
    }

    fn goal(&mut self, id: &str) -> Option<Goal> {
        let measure = self.measure();
        let (bound, target) = self.target()?;
        let weight = self.raw.weight.as_ref().map_or(Amount::ONE, |weight| Amount::bounded(weight.value.number()));
        Some(Goal {
            id: id.to_owned(),
            measure: measure?,
            bound,
            target,
            tolerance: self.raw.tolerance.as_ref().map_or(Amount::ZERO, |share| Amount::bounded(share.value.number())),
            weight,
            required: self.raw.required.as_ref().is_some_and(|required| required.value),
            strategies: self.raw.strategies.iter().flat_map(|names| &names.value).map(|name| name.value.0.clone()).collect(),
        })
    }

    fn target(&mut self) -> Option<(Bound, Amount)> {
        let raw = self.raw;
        let given = [(Bound::AtLeast, &raw.at_least), (Bound::AtMost, &raw.at_most), (Bound::Equals, &raw.equals)];
        let given: Vec<_> = given.into_iter().filter_map(|(bound, target)| Some((bound, target.as_ref()?))).collect();
        match given.as_slice() {
            [(bound, target)] => Some((*bound, Amount::bounded(target.value.number()))),
            [] if raw.broken => None,
            [] if raw.measure.as_ref().is_some_and(|word| word.value == MeasureWord::Completeness) => Some((Bound::AtLeast, Amount::ONE)),
            [] => {
                let message = "the goal has no number to reach".to_owned();
                self.wrong(Code::MissingTarget, self.place, (message, "Give it one of `at_least`, `at_most` and `equals`."));
                None
            }
            [_, (_, second), ..] => {
                let message = "`at_least`, `at_most` and `equals` exclude each other".to_owned();
                self.wrong(Code::ConflictingKeys, second.place, (message, "Keep one of them."));
                None
            }
        }
    }

    fn measure(&mut self) -> Option<Measure> {
        let raw = self.raw;
        let word = raw.measure.as_ref().map(|word| word.value);
        let is_of_files = matches!(word, Some(MeasureWord::Words | MeasureWord::Chapters | MeasureWord::Completeness));
        let places = [
            ("in", raw.files.as_ref().map(|at| at.place), is_of_files),
            ("command", raw.command.as_ref().map(|at| at.place), !is_of_files),
            ("number", raw.number.as_ref().map(|at| at.place), word.is_none()),
            ("report", raw.report.as_ref().map(|at| at.place), word == Some(MeasureWord::Coverage)),
            ("parts", raw.parts.as_ref().map(|at| at.place), word == Some(MeasureWord::Completeness)),
        ];
        for (key, place, belongs) in places {
            if let Some(place) = place.filter(|_| !belongs) {
                let what = word.map_or("a number that a command prints", MeasureWord::as_str);
                self.wrong(Code::MisplacedKey, place, (format!("`{key}` does not belong to a goal of {what}"), "Remove it."));
            }
        }
        let files = self.pattern();
        let command = raw.command.as_ref().and_then(|command| argv(command, self.sink));
        Some(match word {
            Some(MeasureWord::Words) => Measure::Words(files),
            Some(MeasureWord::Chapters) => Measure::Chapters(files),
            Some(MeasureWord::Completeness) => Measure::Completeness { parts: self.parts(), files },
            Some(MeasureWord::Coverage) => Measure::Coverage { command, report: self.report() },
            Some(MeasureWord::Findings) => Measure::Findings(command),
            None if raw.command.is_none() => {
                if !raw.broken {
                    let message = "the goal measures nothing".to_owned();
                    self.wrong(Code::MissingCommand, self.place, (message, "Give it a `measure`, or a `command` that prints a number."));
                }
                return None;
            }
            None => Measure::Number { reading: self.reading()?, command: command? },
        })
    }

    fn pattern(&mut self) -> Option<Pattern> {
        let glob = self.raw.files.as_ref()?;
        match Pattern::parse(&glob.value) {
            Ok(pattern) => Some(pattern),
            Err(error) => {
                self.sink.add(Draft::new(Code::BadGlob, glob.place, format!("in `in`: {error}")));
                None
            }
        }
    }

    fn parts(&mut self) -> Vec<String> {
        let parts: Vec<String> = self.raw.parts.iter().flat_map(|parts| &parts.value).map(|part| part.value.clone()).collect();
        if parts.is_empty() && !self.raw.broken {
            let message = "nothing says what a complete work consists of".to_owned();
            self.wrong(Code::MissingTarget, self.place, (message, "List paths of files or titles of headings under `parts`."));
        }
        parts
    }

    fn report(&mut self) -> Option<String> {
        let report = self.raw.report.as_ref()?;
        let path = report.value.as_str();
        if path.is_empty() || path.starts_with('/') || path.split('/').any(|part| part == "..") || path.contains('\0') {
            let message = format!("{} is no path below the top of the repository", quoted(path));
            self.wrong(Code::BadPath, report.place, (message, "Write it relative to the top, without `..`."));
        }
        Some(report.value.clone())
    }

    fn reading(&mut self) -> Option<Reading> {
        let Some(number) = &self.raw.number else { return Some(Reading::Last) };
        if number.value.starts_with('/') {
            return Some(Reading::Pointer(number.value.clone()));
        }
        match RegexBuilder::new(&number.value).size_limit(MAX_REGEX).build() {
            Ok(regex) => self.with_group(regex, number.place),
            Err(error) => {
                let message = error.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                self.sink.add(Draft::new(Code::BadRegex, number.place, format!("no regular expression: {message}")));
                None
            }
        }
    }

    fn with_group(&mut self, regex: Regex, place: Place) -> Option<Reading> {
        if regex.captures_len() == 2 {
            return Some(Reading::Pattern(regex));
        }
        let message = "the expression does not have exactly one group".to_owned();
        self.wrong(Code::BadRegex, place, (message, "Put the number between parentheses, as in `total: ([0-9.]+)`."));
        None
    }
}
