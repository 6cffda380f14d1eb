//! Reads `QUALITY_GATE.yaml`: every error at once, each with its place.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::metric::{Condition, Metric};
use super::model::{Baseline, FailureAction, Forbidden, Gate, GateCheck, Moment, QualityGate, RESERVED, Stage};
use super::raw::{RawForbidden, RawGateEntry, RawIntegration, RawQualityGate, Texts};
use crate::domain::document::command::argv;
use crate::domain::document::diagnostic::{Code, Diagnostic};
use crate::domain::document::load::read_file;
use crate::domain::document::read::Read;
use crate::domain::document::sink::{Draft, Sink, quoted};
use crate::domain::document::source::{At, Place, Shape, SourceFile};
use crate::domain::finding::chooser::formats;
use crate::domain::id::GateId;
use crate::domain::plan::check::graph::{Edges, Ids, Named, resolve};
use crate::domain::policy::pattern::Pattern;
use crate::domain::tool::variable;

/// The largest regular expression once it is compiled, in bytes.
const MAX_REGEX: usize = 1 << 20;

/// Reads and checks a file of quality gates. Beside the gates come warnings and notes.
///
/// # Errors
/// Returns everything that was found when at least one of it is an error.
pub fn parse(file: &SourceFile) -> Result<(QualityGate, Vec<Diagnostic>), Vec<Diagnostic>> {
    let files = std::slice::from_ref(file);
    let mut sink = Sink::new(files, Shape::File);
    let gate = read_file(0, file, &mut sink)
        .and_then(|node| RawQualityGate::read(&node, &mut sink))
        .map(|raw| Checking { raw: &raw, sink: &mut sink }.whole());
    match (gate, sink.errors()) {
        (Some(gate), 0) => Ok((gate, sink.finish())),
        (Some(_) | None, _) => Err(sink.finish()),
    }
}

struct Checking<'a, 'b> {
    raw: &'a RawQualityGate,
    sink: &'a mut Sink<'b>,
}

impl Checking<'_, '_> {
    fn whole(&mut self) -> QualityGate {
        let raw = self.raw;
        let entries: &[At<RawGateEntry>] = raw.gates.as_ref().map_or(&[], |gates| &gates.value);
        let refs = raw.applies_to.as_ref().and_then(|applies| applies.value.refs.as_ref());
        let refs = self.refs(refs);
        let named: Vec<Named<'_>> = entries.iter().map(named).collect();
        let is_whole = !raw.broken && named.iter().all(|one| one.id.is_some());
        let known = if is_whole { Ids::Complete } else { Ids::Partial };
        let (edges, is_acyclic) = resolve(&named, "gate", known, self.sink);
        let ids: Vec<Option<&str>> = named.iter().map(|one| one.id).collect();
        let (stages, stage_of) = self.stages(&ids, known);
        self.early_needs(entries, &edges, &stage_of);
        let moments = self.integration(&ids, known);
        let mut gates = Vec::new();
        for (at, entry) in entries.iter().enumerate() {
            if let Some(gate) = self.gate(entry, &moments) {
                gates.push(Gate { stage: stage_of.get(at).copied().unwrap_or_default(), ..gate });
            }
        }
        if is_acyclic && gates.len() == entries.len() {
            gates = ordered(gates, &edges);
        }
        QualityGate { gates, stages, refs }
    }

    /// Returns the stages, and the stage of every gate: the first one that names it, or one after all.
    fn stages(&mut self, ids: &[Option<&str>], known: Ids) -> (Vec<Stage>, Vec<usize>) {
        let raw = self.raw.execution_order.as_ref().map_or(&[][..], |stages| stages.value.as_slice());
        let mut stages = Vec::new();
        let mut stage_of: Vec<Option<usize>> = vec![None; ids.len()];
        for (number, stage) in raw.iter().enumerate() {
            let name = stage.value.name.as_ref().map_or_else(|| format!("stage {}", number + 1), |name| name.value.clone());
            let required = stage.value.required.as_ref().is_none_or(|required| required.value);
            stages.push(Stage { name, required });
            for id in stage.value.gates.iter().flat_map(|gates| &gates.value) {
                match self.position(id, ids, known) {
                    Some(at) if stage_of[at].is_some() => {
                        let message = format!("{} is in an earlier stage already", quoted(&id.value));
                        self.sink.add(Draft::new(Code::DuplicateId, id.place, message).hint("Name it in one stage."));
                    }
                    Some(at) => stage_of[at] = Some(number),
                    None => {}
                }
            }
        }
        let last = stages.len();
        if stages.is_empty() || stage_of.iter().any(Option::is_none) {
            stages.push(Stage { name: "others".to_owned(), required: false });
        }
        (stages, stage_of.into_iter().map(|stage| stage.unwrap_or(last)).collect())
    }

    /// Returns the position of a gate that is named somewhere; an unknown one is reported.
    fn position(&mut self, id: &At<String>, ids: &[Option<&str>], known: Ids) -> Option<usize> {
        let found = ids.iter().position(|other| *other == Some(id.value.as_str()));
        if found.is_none() && known == Ids::Complete {
            let near = self.sink.suggest(&id.value, ids.iter().copied().flatten());
            self.sink.add(Draft::new(Code::UnknownId, id.place, format!("no gate has the id {}", quoted(&id.value))).maybe_hint(near));
        }
        found
    }

    /// Reports gates that need one of a later stage.
    fn early_needs(&mut self, entries: &[At<RawGateEntry>], edges: &Edges, stage_of: &[usize]) {
        for (at, needs) in edges.iter().enumerate() {
            let written = entries.get(at).and_then(|entry| entry.value.prerequisites.as_ref());
            for need in needs.iter().filter(|need| stage_of[**need] > stage_of[at]) {
                let id = entries.get(*need).and_then(|entry| entry.value.id.as_ref()).map_or("?", |id| id.value.0.as_str());
                let place = written.and_then(|all| all.value.iter().find(|one| one.value == id)).map_or(Place::default(), |one| one.place);
                let draft = Draft::new(Code::Cycle, place, format!("{} belongs to a later stage", quoted(id)));
                self.sink.add(draft.hint("Move one of the two gates to another stage of `execution_order`."));
            }
        }
    }

    /// Returns at which moments `ci_integration` wants each gate.
    fn integration(&mut self, ids: &[Option<&str>], known: Ids) -> HashMap<usize, BTreeSet<Moment>> {
        let mut moments: HashMap<usize, BTreeSet<Moment>> = HashMap::new();
        let Some(raw) = &self.raw.ci_integration else { return moments };
        let RawIntegration { pre_commit_hooks, pre_push_hooks, pull_request_checks, .. } = &raw.value;
        for (list, moment) in [(pre_commit_hooks, None), (pre_push_hooks, Some(Moment::Push)), (pull_request_checks, Some(Moment::Ci))] {
            for id in list.iter().flat_map(|list| &list.value) {
                if let Some(at) = self.position(id, ids, known) {
                    moments.entry(at).or_default().extend(moment);
                }
            }
        }
        moments
    }

    fn gate(&mut self, entry: &At<RawGateEntry>, integrated: &HashMap<usize, BTreeSet<Moment>>) -> Option<Gate> {
        let raw = &entry.value;
        let before = self.sink.errors();
        if let Some(id) = raw.id.as_ref().filter(|id| RESERVED.contains(&id.value.0.as_str())) {
            let draft = Draft::new(Code::ReservedId, id.place, format!("{} names a rule of git-orc itself", quoted(&id.value.0)));
            self.sink.add(draft.hint("Choose another id: a waiver of the gate would also be one of the rule."));
        }
        let check = self.check(entry);
        let mut forbidden = Vec::new();
        for one in raw.forbidden_patterns.iter().flat_map(|all| &all.value) {
            forbidden.extend(self.forbidden(&one.value));
        }
        let moments = self.moments(entry, integrated);
        let baseline = raw.baseline.as_ref().map_or(Baseline::Base, |baseline| baseline.value);
        let conditions = self.conditions(raw, baseline);
        let toolchain = raw.toolchain.iter().flat_map(|all| &all.value).filter_map(|one| argv(one, self.sink)).collect();
        let action = raw.failure_action.as_ref().map_or(FailureAction::Block, |action| action.value);
        let is_required = raw.required.as_ref().is_none_or(|required| required.value);
        let gate = Gate {
            id: GateId::parse(&raw.id.as_ref()?.value.0).ok()?,
            name: text(raw.name.as_ref()),
            category: text(raw.category.as_ref()),
            description: text(raw.description.as_ref()),
            check: check?,
            timeout_sec: raw.timeout_seconds.as_ref().or(raw.timeout_sec.as_ref()).map(|seconds| seconds.value.wide()),
            prerequisites: raw.prerequisites.iter().flat_map(|all| &all.value).filter_map(|id| GateId::parse(&id.value).ok()).collect(),
            on_failure: if is_required { action } else { action.min(FailureAction::Warn) },
            env: self.variables(raw),
            forbidden,
            moments,
            refs: self.refs(raw.refs.as_ref()),
            paths: self.globs(raw.paths.as_ref(), "paths"),
            baseline,
            conditions,
            reader: self.reader(raw),
            coverage_report: self.report(raw),
            value_pattern: raw.value_pattern.as_ref().and_then(|pattern| self.value_pattern(pattern)),
            toolchain,
            config: raw.config.as_ref().map(|globs| {
                self.globs(Some(globs), "config");
                globs.value.iter().map(|glob| glob.value.clone()).collect()
            }),
            stage: 0,
        };
        (self.sink.errors() == before).then_some(gate)
    }

    fn check(&mut self, entry: &At<RawGateEntry>) -> Option<GateCheck> {
        let raw = &entry.value;
        let has_lines = raw.forbidden_patterns.as_ref().is_some_and(|all| !all.value.is_empty());
        match (&raw.command, &raw.manual) {
            (Some(command), None) => argv(command, self.sink).map(GateCheck::Command),
            (None, Some(question)) => Some(GateCheck::Manual(question.value.clone())),
            (None, None) if has_lines => Some(GateCheck::Lines),
            (None, None) => {
                if !raw.broken {
                    let draft = Draft::new(Code::MissingCommand, entry.place, "the gate checks nothing");
                    self.sink.add(draft.hint("Give it a `command`, `forbidden_patterns`, or `manual` with a question to a person."));
                }
                None
            }
            (Some(_), Some(question)) => {
                let draft = Draft::new(Code::ConflictingKeys, question.place, "a gate is either a command or a question to a person");
                self.sink.add(draft.hint("Keep one of `command` and `manual`; make two gates where both are needed."));
                None
            }
        }
    }

    fn forbidden(&mut self, raw: &RawForbidden) -> Option<Forbidden> {
        let pattern = self.regex(raw.pattern.as_ref()?)?;
        let paths = self.globs(raw.paths.as_ref(), "paths");
        Some(Forbidden { pattern, replacement: text(raw.replacement.as_ref()), reason: text(raw.reason.as_ref()), paths })
    }

    /// Returns when a gate runs: what it says itself, else what `ci_integration` says, else when something is pushed or proposed.
    fn moments(&mut self, entry: &At<RawGateEntry>, integrated: &HashMap<usize, BTreeSet<Moment>>) -> BTreeSet<Moment> {
        let is_manual = entry.value.manual.is_some();
        if let Some(on) = &entry.value.on {
            for moment in &on.value.0 {
                if is_manual && moment.value != Moment::Wave {
                    let draft = Draft::new(Code::UnknownValue, moment.place, "a person can be asked only after the merge of a wave");
                    self.sink.add(draft.hint("Write `on: wave`."));
                }
            }
            return on.value.0.iter().map(|moment| moment.value).collect();
        }
        if is_manual {
            return BTreeSet::from([Moment::Wave]);
        }
        let entries: &[At<RawGateEntry>] = self.raw.gates.as_ref().map_or(&[], |gates| &gates.value);
        let at = entries.iter().position(|other| other.place == entry.place);
        match at.and_then(|at| integrated.get(&at)) {
            Some(moments) => moments.clone(),
            None if integrated.is_empty() => BTreeSet::from([Moment::Push, Moment::Ci]),
            None => BTreeSet::new(),
        }
    }

    fn conditions(&mut self, raw: &RawGateEntry, baseline: Baseline) -> Vec<Condition> {
        let mut conditions = Vec::new();
        for one in raw.conditions.iter().flat_map(|all| &all.value) {
            let (Some(metric), Some(op), Some(value)) = (&one.value.metric, &one.value.op, &one.value.value) else { continue };
            let is_of_report = matches!(metric.value, Metric::Coverage | Metric::CoverageGain);
            let missing = if metric.value == Metric::Value && raw.value_pattern.is_none() {
                Some("`value_pattern`, which finds the number in its output")
            } else if is_of_report && raw.coverage_report.is_none() {
                Some("`coverage_report`, the file that it writes")
            } else if metric.value.needs_base() && baseline == Baseline::Nothing {
                Some("`baseline: base`")
            } else {
                None
            };
            if let Some(missing) = missing {
                let draft = Draft::new(Code::MissingKey, metric.place, format!("{} can not be measured", quoted(metric.value.as_str())));
                self.sink.add(draft.hint(format!("The gate needs {missing}.")));
            }
            conditions.push(Condition { metric: metric.value, op: op.value, value: value.value.number() });
        }
        conditions
    }

    fn variables(&mut self, raw: &RawGateEntry) -> BTreeMap<String, String> {
        let mut env = BTreeMap::new();
        for (name, value) in raw.env_vars.iter().flat_map(|all| &all.value.0) {
            match variable::check_name(&name.value) {
                Ok(()) => {
                    env.insert(name.value.clone(), value.clone());
                }
                Err(error) => self.sink.add(Draft::new(Code::UnknownKey, name.place, error.to_string())),
            }
        }
        env
    }

    fn reader(&mut self, raw: &RawGateEntry) -> Option<String> {
        let reader = raw.reader.as_ref()?;
        let all = formats();
        if !all.iter().any(|format| format.name == reader.value) {
            let near = self.sink.suggest(&reader.value, all.iter().map(|format| format.name));
            let draft = Draft::new(Code::UnknownValue, reader.place, format!("there is no reader {}", quoted(&reader.value)));
            self.sink.add(draft.hint(near.unwrap_or_else(|| "`git orc detect --readers` lists them.".to_owned())));
        }
        Some(reader.value.clone())
    }

    /// Returns where the report of coverage lies: below the top of the worktree and nowhere else.
    fn report(&mut self, raw: &RawGateEntry) -> Option<String> {
        let report = raw.coverage_report.as_ref()?;
        let path = report.value.as_str();
        if path.is_empty() || path.starts_with('/') || path.split('/').any(|part| part == "..") || path.contains('\0') {
            let draft = Draft::new(Code::BadPath, report.place, format!("{} is no path below the top of the repository", quoted(path)));
            self.sink.add(draft.hint("Write it relative to the top, without `..`."));
        }
        Some(report.value.clone())
    }

    fn value_pattern(&mut self, pattern: &At<String>) -> Option<regex::Regex> {
        let regex = self.regex(pattern)?;
        if regex.captures_len() < 2 {
            let draft = Draft::new(Code::BadRegex, pattern.place, "the expression has no group");
            self.sink.add(draft.hint("Put the number between parentheses, as in `total: ([0-9.]+)`."));
        }
        Some(regex)
    }

    fn regex(&mut self, pattern: &At<String>) -> Option<regex::Regex> {
        match regex::RegexBuilder::new(&pattern.value).size_limit(MAX_REGEX).build() {
            Ok(regex) => Some(regex),
            Err(error) => {
                let message = error.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                self.sink.add(Draft::new(Code::BadRegex, pattern.place, format!("no regular expression: {message}")));
                None
            }
        }
    }

    fn refs(&mut self, refs: Option<&At<Texts>>) -> Vec<Pattern> {
        let mut patterns = Vec::new();
        for name in refs.into_iter().flat_map(|refs| &refs.value) {
            let full = if name.value.starts_with("refs/") { name.value.clone() } else { format!("refs/heads/{}", name.value) };
            match Pattern::parse(&full) {
                Ok(pattern) => patterns.push(pattern),
                Err(error) => self.sink.add(Draft::new(Code::BadGlob, name.place, format!("in `refs`: {error}"))),
            }
        }
        patterns
    }

    fn globs(&mut self, globs: Option<&At<Texts>>, key: &str) -> Vec<Pattern> {
        let mut patterns = Vec::new();
        for glob in globs.into_iter().flat_map(|globs| &globs.value) {
            match Pattern::parse(&glob.value) {
                Ok(pattern) => patterns.push(pattern),
                Err(error) => self.sink.add(Draft::new(Code::BadGlob, glob.place, format!("in `{key}`: {error}"))),
            }
        }
        patterns
    }
}

fn named(entry: &At<RawGateEntry>) -> Named<'_> {
    let raw = &entry.value;
    Named {
        id: raw.id.as_ref().map(|id| id.value.0.as_str()),
        place: raw.id.as_ref().map_or(entry.place, |id| id.place),
        depends_on: raw.prerequisites.as_ref().map_or(&[], |ids| ids.value.as_slice()),
    }
}

fn text(value: Option<&At<String>>) -> Option<String> {
    value.map(|value| value.value.clone())
}

/// Returns the gates in the order in which they run: by stage, what is needed first, and else as they were written.
fn ordered(gates: Vec<Gate>, edges: &Edges) -> Vec<Gate> {
    let mut placed: Vec<usize> = Vec::with_capacity(gates.len());
    let mut order: Vec<usize> = (0..gates.len()).collect();
    order.sort_by_key(|at| gates[*at].stage);
    while placed.len() < gates.len() {
        let next = order.iter().copied().find(|at| !placed.contains(at) && edges[*at].iter().all(|need| placed.contains(need)));
        // There is no circle, so there is always one.
        let Some(next) = next else { break };
        placed.push(next);
    }
    let mut slots: Vec<Option<Gate>> = gates.into_iter().map(Some).collect();
    placed.into_iter().filter_map(|at| slots[at].take()).collect()
}
