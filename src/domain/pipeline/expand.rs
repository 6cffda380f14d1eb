//! Lays pipelines out: the phases become the steps of a workstream, or workstreams of their own. Everything that is laid out keeps its place in
//! the file of the pipeline.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value as Json, json};

use super::parse::{ReadPipeline, holding, read, unknown};
use super::raw::{CheckWord, EachWord, RawPhase, RawScope};
use super::shipped::IMPLIED;
use crate::domain::document::command::Argv;
use crate::domain::document::diagnostic::Code;
use crate::domain::document::read::{Free, Name, Whole};
use crate::domain::document::sink::{Draft, Sink, quoted};
use crate::domain::document::source::{At, Place, SourceFile};
use crate::domain::document::word::Command;
use crate::domain::goal::raw::RawGoals;
use crate::domain::id::is_atom;
use crate::domain::plan::input::{CommandDefaults, PhaseInput, PipelineFile};
use crate::domain::plan::model::Workstream;
use crate::domain::plan::raw::{Commands, RawRetry, RawStep, RawWorkstream, Texts};
use crate::domain::plan::word::KindWord;
use crate::domain::workflow::model::Workflow;
use crate::domain::workflow::parse::parse;

/// A phase that is estimated is ended after so many times as long.
const PATIENCE: u64 = 3;
/// The key of the metadata of a workstream that names its pipeline.
pub const PIPELINE: &str = "pipeline";
/// The key of the metadata of a workstream that names the workstream of the plan that it is a part of.
pub const PART_OF: &str = "part_of";

/// The key of the metadata of a workstream that lists what the phases before it have made.
pub const MADE_BEFORE: &str = "made_before";

/// The pipelines that plans can name, laid behind the files of a plan.
#[derive(Debug, Default)]
pub struct Pipelines {
    files: Vec<PipelineFile>,
    first: u32,
}

impl Pipelines {
    /// Finds the pipelines that hold for a plan; none when nothing in it names one. Their files belong behind those of the plan.
    #[must_use]
    pub fn of(files: &[SourceFile], input: &PhaseInput) -> Self {
        if input.pipeline.is_none() && files.iter().all(|file| !file.text.contains(PIPELINE)) {
            return Self::default();
        }
        Self { files: holding(&input.pipelines), first: u32::try_from(files.len()).unwrap_or(u32::MAX) }
    }

    /// Returns their files, in the order of their places.
    pub fn files(&self) -> impl Iterator<Item = &SourceFile> {
        self.files.iter().map(|one| &one.file)
    }

    /// Returns the workflows of the pipelines that these workstreams came from.
    #[must_use]
    pub fn workflows(&self, workstreams: &[Workstream]) -> Vec<(String, Workflow)> {
        let named: BTreeSet<&str> = workstreams.iter().filter_map(|one| one.metadata.get(PIPELINE)?.as_str()).collect();
        let used = self.files.iter().filter(|one| named.contains(one.name.as_str()));
        used.filter_map(|one| Some((one.name.clone(), parse(&one.file).ok().flatten()?))).collect()
    }

    fn read(&self, name: &At<Name>, sink: &mut Sink<'_>) -> Option<ReadPipeline> {
        let Some((index, file)) = (self.first..).zip(&self.files).find(|(_, one)| one.name == name.value.0) else {
            unknown(name, &self.files, sink);
            return None;
        };
        read(index, file, sink)
    }
}

/// What the laying out depends on besides the workstreams.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    /// The defaults of the plan.
    pub defaults: &'a RawWorkstream,
    /// The pipelines.
    pub pipelines: &'a Pipelines,
    /// What the settings say.
    pub input: &'a PhaseInput,
    /// The commands of the settings.
    pub commands: &'a CommandDefaults,
}

/// Returns the workstreams of a plan with every pipeline laid out.
pub fn expand(all: &[At<RawWorkstream>], ground: Ground<'_>, sink: &mut Sink<'_>) -> Vec<At<RawWorkstream>> {
    let (mut laid, mut ends): (Vec<At<RawWorkstream>>, HashMap<String, Vec<String>>) = (Vec::new(), HashMap::new());
    let mut known: HashMap<String, Option<ReadPipeline>> = HashMap::new();
    for own in all {
        let Some(name) = named(own, ground, sink) else {
            laid.push(own.clone());
            continue;
        };
        let is_implied = name.value.0 == IMPLIED && ground.input.pipelines.iter().all(|one| one.name != IMPLIED);
        let pipeline = known.entry(name.value.0.clone()).or_insert_with(|| ground.pipelines.read(&name, sink));
        let Some(pipeline) = pipeline.as_ref().filter(|_| !is_implied) else {
            laid.push(marked(own, &name.value.0, None));
            continue;
        };
        let one = Layout { own, ground, pipeline };
        match pipeline.raw.each.as_ref().map_or(EachWord::Step, |each| each.value) {
            EachWord::Step => laid.push(one.steps(sink)),
            EachWord::Workstream => {
                let (parts, leaves) = one.workstreams(sink);
                if let Some(id) = &own.value.id {
                    ends.insert(id.value.0.clone(), leaves);
                }
                laid.extend(parts);
            }
        }
    }
    laid.iter_mut().for_each(|one| lead_to(&mut one.value, &ends));
    laid
}

/// Whoever waits for a workstream that became several waits for the last ones of them.
fn lead_to(raw: &mut RawWorkstream, ends: &HashMap<String, Vec<String>>) {
    if let Some(depends_on) = &mut raw.depends_on {
        let written = std::mem::take(&mut depends_on.value);
        for one in written {
            match ends.get(&one.value) {
                Some(leaves) => depends_on.value.extend(leaves.iter().map(|leaf| At { value: leaf.clone(), place: one.place })),
                None => depends_on.value.push(one),
            }
        }
    }
}

/// Returns the pipeline of a workstream; none when its steps are its own.
fn named(own: &At<RawWorkstream>, ground: Ground<'_>, sink: &mut Sink<'_>) -> Option<At<Name>> {
    let raw = &own.value;
    if let (Some(pipeline), Some(steps)) = (&raw.pipeline, &raw.steps) {
        let draft = Draft::new(Code::ConflictingKeys, steps.place, "`steps` and `pipeline` exclude each other");
        sink.add(draft.hint("Keep one of the two.").related("the pipeline", pipeline.place));
        return None;
    }
    let has_own = raw.steps.is_some() || raw.command.is_some() || raw.patches.is_some() || raw.statics.is_some() || raw.runtime.is_some();
    let wished = || ground.input.pipeline.as_ref().map(|name| At { value: Name(name.clone()), place: place(own) });
    let default = || ground.defaults.pipeline.clone();
    raw.pipeline.clone().or_else(|| if has_own { None } else { wished().or_else(default) })
}

fn place(own: &At<RawWorkstream>) -> Place {
    own.value.id.as_ref().map_or(own.place, |id| id.place)
}

/// Notes in the metadata of a workstream where it comes from.
fn marked(own: &At<RawWorkstream>, pipeline: &str, part_of: Option<&str>) -> At<RawWorkstream> {
    let mut own = own.clone();
    own.value.pipeline = None;
    let place = own.place;
    let metadata = own.value.metadata.get_or_insert_with(|| At { value: Free::default(), place });
    metadata.value.0.insert(PIPELINE.to_owned(), Json::from(pipeline));
    if let Some(part_of) = part_of {
        metadata.value.0.insert(PART_OF.to_owned(), Json::from(part_of));
    }
    own
}

/// One workstream and its pipeline.
#[derive(Clone, Copy)]
struct Layout<'a> {
    own: &'a At<RawWorkstream>,
    ground: Ground<'a>,
    pipeline: &'a ReadPipeline,
}

impl Layout<'_> {
    fn phases(&self) -> &[At<RawPhase>] {
        self.pipeline.raw.phases.as_ref().map_or(&[], |phases| phases.value.0.as_slice())
    }

    /// Returns the workstream with the phases as its steps.
    fn steps(self, sink: &mut Sink<'_>) -> At<RawWorkstream> {
        let mut laid = marked(self.own, &self.pipeline.name, None);
        for phase in self.phases() {
            self.refuse(&phase.value, sink);
        }
        let steps = self.phases().iter().filter_map(|phase| self.step(phase)).collect();
        self.clear(&mut laid.value, sink);
        scoped(&mut laid.value, self.ground.defaults, self.pipeline.raw.scope.as_ref());
        laid.value.steps = Some(At { value: steps, place: self.pipeline.place });
        laid.value.broken |= self.pipeline.raw.broken;
        laid
    }

    /// Returns one workstream for each phase, and the ids of the last ones.
    fn workstreams(self, sink: &mut Sink<'_>) -> (Vec<At<RawWorkstream>>, Vec<String>) {
        let own = self.own.value.id.as_ref().map_or("", |id| id.value.0.as_str());
        let name = |phase: &str| format!("{own}-{phase}");
        let mut laid: Vec<At<RawWorkstream>> = Vec::new();
        let (mut before, mut followed, mut made): (Option<String>, Vec<String>, Vec<Json>) = (None, Vec::new(), Vec::new());
        self.refuse_for_all(sink);
        for phase in self.phases() {
            let (Some(id), Some(mut step)) = (phase.value.id.as_ref(), self.step(phase)) else { continue };
            if !is_atom(&name(&id.value.0)) {
                let message = format!("the phase {} of the workstream {} would have too long a name", quoted(&id.value.0), quoted(own));
                sink.add(Draft::new(Code::LongId, place(self.own), message).hint("Give the workstream a shorter id."));
                continue;
            }
            let mut one = marked(self.own, &self.pipeline.name, Some(own));
            self.clear(&mut one.value, sink);
            let at = |text: String| At { value: text, place: id.place };
            let depends_on: Vec<At<String>> = match (&phase.value.depends_on, &before) {
                (Some(listed), _) => {
                    self.standing(listed).value.into_iter().map(|one| At { value: name(&one.value), place: one.place }).collect()
                }
                (None, Some(before)) => vec![at(before.clone())],
                (None, None) => Vec::new(),
            };
            followed.extend(depends_on.iter().map(|one| one.value.clone()));
            if !depends_on.is_empty() {
                one.value.depends_on = Some(At { value: depends_on, place: id.place });
            }
            one.value.id = Some(At { value: Name(name(&id.value.0)), place: place(self.own) });
            one.value.policies = phase.value.policies.clone().or(one.value.policies);
            one.value.retry = phase.value.retry.clone().or(one.value.retry);
            if !pursues(&phase.value) {
                one.value.goals = Some(At { value: RawGoals::none(phase.place), place: phase.place });
            }
            scoped(&mut one.value, self.ground.defaults, phase.value.scope.as_ref().or(self.pipeline.raw.scope.as_ref()));
            step.value.depends_on = None;
            one.value.steps = Some(At { value: vec![step], place: phase.place });
            one.value.broken |= self.pipeline.raw.broken;
            note_made(&mut one.value, &made);
            made.extend(made_by(&phase.value));
            before = Some(name(&id.value.0));
            laid.push(one);
        }
        let ids = laid.iter().filter_map(|one| one.value.id.as_ref()).map(|id| id.value.0.clone());
        let leaves = ids.filter(|id| !followed.contains(id)).collect();
        (laid, leaves)
    }

    /// Takes away what the phases take over, and refuses what they have no use for.
    fn clear(&self, laid: &mut RawWorkstream, sink: &mut Sink<'_>) {
        let asks = |phase: &RawPhase, which| phase.checks.iter().flat_map(|checks| &checks.value).any(|check| check.value == which);
        let takes = |kind, which| {
            let is_one = |phase: &RawPhase| (phase.run.is_none() && kind_of(phase) == kind) || asks(phase, which);
            self.phases().iter().any(|phase| is_one(&phase.value))
        };
        let edits = self.phases().iter().any(|phase| is_open(&phase.value));
        let given = [
            ("command", laid.command.take().map(|at| at.place), edits),
            ("patches", laid.patches.take().map(|at| at.place), edits),
            ("static", laid.statics.take().map(|at| at.place), takes(KindWord::Static, CheckWord::Static)),
            ("runtime", laid.runtime.take().map(|at| at.place), takes(KindWord::Runtime, CheckWord::Runtime)),
        ];
        for (key, place, is_used) in given {
            if let Some(place) = place.filter(|_| !is_used) {
                let message = format!("no phase of the pipeline {} takes `{key}` of the workstream", quoted(&self.pipeline.name));
                sink.add(Draft::new(Code::ConflictingKeys, place, message).hint("Remove it, or name another pipeline."));
            }
        }
    }

    /// Refuses what would hold for each of many workstreams although it is said of one.
    fn refuse_for_all(&self, sink: &mut Sink<'_>) {
        let own = &self.own.value;
        if let Some(goals) = own.goals.as_ref().filter(|_| self.phases().iter().all(|phase| !pursues(&phase.value))) {
            let message = format!("no phase of the pipeline {} pursues `goals` of the workstream", quoted(&self.pipeline.name));
            sink.add(
                Draft::new(Code::ConflictingKeys, goals.place, message).hint("Remove it, or say `goals: true` in the phase that does."),
            );
        }
        let together = own.budget.as_ref().and_then(|budget| budget.value.workstream.as_ref()).map(|at| at.place);
        if let Some(place) = together.or(own.max_cost_usd.as_ref().map(|at| at.place)) {
            let message =
                format!("every phase of the pipeline {} is a workstream, and would have this budget", quoted(&self.pipeline.name));
            let hint = "Say `budget: {run: ..}` of the plan for all of them together, or `budget: {attempt: ..}` for each attempt.";
            sink.add(Draft::new(Code::ConflictingKeys, place, message).hint(hint));
        }
    }

    /// Refuses keys of a phase that only a workstream has.
    fn refuse(&self, phase: &RawPhase, sink: &mut Sink<'_>) {
        let keys = [
            ("retry", phase.retry.as_ref().map(|at: &At<RawRetry>| at.place), "Use `fixes`, or set `each: workstream`."),
            ("policies", phase.policies.as_ref().map(|at| at.place), "Set `policies` of the workstream, or `each: workstream`."),
            ("scope", phase.scope.as_ref().map(|at| at.place), "Set `scope` of the pipeline, or `each: workstream`."),
            ("goals", phase.goals.as_ref().map(|at| at.place), "All steps of a workstream have its goals together."),
        ];
        for (key, place, hint) in keys {
            if let Some(place) = place {
                let draft =
                    Draft::new(Code::MisplacedKey, place, format!("`{key}` of a phase belongs to pipelines with `each: workstream`"));
                sink.add(draft.hint(hint));
            }
        }
    }

    /// Returns the commands that check an EDIT phase: its own, and those of the workstream or the profile where it asks for them.
    fn checked(&self, raw: &RawPhase, which: CheckWord) -> Option<At<Commands>> {
        let own = match which {
            CheckWord::Static => &raw.statics,
            CheckWord::Runtime => &raw.runtime,
        };
        let asks = raw.checks.iter().flat_map(|checks| &checks.value).find(|check| check.value == which);
        let Some(asks) = asks else { return own.clone() };
        let more = self.commands(which, asks.place).map(|more| more.value).unwrap_or_default();
        let all: Commands = own.iter().flat_map(|own| own.value.clone()).chain(more).collect();
        if all.is_empty() { None } else { Some(At { value: all, place: asks.place }) }
    }

    /// Returns the commands of the workstream, else those of the plan, else those of the profile.
    fn commands(&self, which: CheckWord, place: Place) -> Option<At<Commands>> {
        let (own, defaults, commands) = (&self.own.value, self.ground.defaults, self.ground.commands);
        let (written, profile): (_, Vec<Argv>) = match which {
            CheckWord::Static => (
                own.statics.clone().or_else(|| defaults.statics.clone()),
                commands.build.iter().chain(&commands.statics).cloned().collect(),
            ),
            CheckWord::Runtime => (own.runtime.clone().or_else(|| defaults.runtime.clone()), commands.runtime.clone()),
        };
        written.or_else(|| given(&profile, place))
    }

    /// Returns what a check runs: its own commands, else those of the workstream, the plan or the profile.
    fn run_of(&self, phase: &At<RawPhase>) -> Option<At<Commands>> {
        let which = match kind_of(&phase.value) {
            KindWord::Edit => None,
            KindWord::Static => Some(CheckWord::Static),
            KindWord::Runtime => Some(CheckWord::Runtime),
        };
        phase.value.run.clone().or_else(|| which.and_then(|which| self.commands(which, phase.place)))
    }

    /// Returns whether a phase is a check that has nothing to look at.
    fn falls_away(&self, phase: &At<RawPhase>) -> bool {
        kind_of(&phase.value) != KindWord::Edit && self.run_of(phase).is_none() && phase.value.expects.is_none()
    }

    /// Returns the phases that one depends on; in place of one that falls away those that it depends on itself.
    fn standing(&self, listed: &At<Texts>) -> At<Texts> {
        let phases = self.phases();
        let id = |phase: &At<RawPhase>| phase.value.id.as_ref().map(|id| id.value.0.clone());
        let (mut out, mut gone): (Texts, BTreeSet<usize>) = (Vec::new(), BTreeSet::new());
        let mut open: Vec<At<String>> = listed.value.iter().rev().cloned().collect();
        while let Some(one) = open.pop() {
            let fallen = phases.iter().position(|phase| id(phase).as_ref() == Some(&one.value)).filter(|at| self.falls_away(&phases[*at]));
            let Some(at) = fallen else {
                out.push(one);
                continue;
            };
            if gone.insert(at) {
                let before = || at.checked_sub(1).and_then(|before| id(&phases[before])).into_iter().collect();
                let names: Vec<String> = phases[at].value.depends_on.as_ref().map_or_else(before, plain);
                open.extend(names.into_iter().rev().map(|value| At { value, place: one.place }));
            }
        }
        let mut seen = BTreeSet::new();
        out.retain(|one| gone.is_empty() || seen.insert(one.value.clone()));
        At { value: out, place: listed.place }
    }

    /// Returns the step of a phase; nothing when it is a check that has no command to run.
    fn step(&self, phase: &At<RawPhase>) -> Option<At<RawStep>> {
        let (own, raw) = (&self.own.value, &phase.value);
        if self.falls_away(phase) {
            return None;
        }
        let estimate = raw.estimated_minutes.as_ref().filter(|_| raw.timeout_sec.is_none());
        let estimated = estimate.map(|minutes| At { value: Whole::nearest(minutes.value.wide() * 60 * PATIENCE), place: minutes.place });
        let step = RawStep {
            id: raw.id.clone(),
            kind: raw.kind.clone(),
            description: raw.description.clone(),
            tool: raw.tool.clone(),
            capability: raw.capability.clone(),
            model: raw.model.clone(),
            command: raw.command.clone().or_else(|| own.command.clone().filter(|_| is_open(raw))),
            patches: own.patches.clone().filter(|_| is_open(raw)),
            run: self.run_of(phase),
            tasks: raw.tasks.clone(),
            depends_on: raw.depends_on.as_ref().map(|listed| self.standing(listed)),
            acceptance_tests: raw.acceptance_tests.clone(),
            timeout_sec: raw.timeout_sec.clone().or(estimated),
            when: raw.when.clone(),
            needs: raw.needs.clone(),
            expects: raw.expects.clone(),
            template: raw.template.clone(),
            artifacts: raw.artifacts.clone(),
            role: raw.role.clone(),
            asks: raw.asks.clone(),
            fixes: raw.fixes.clone(),
            statics: self.checked(raw, CheckWord::Static),
            runtime: self.checked(raw, CheckWord::Runtime),
            broken: raw.broken,
        };
        Some(At { value: step, place: phase.place })
    }
}

fn plain(texts: &At<Texts>) -> Vec<String> {
    texts.value.iter().map(|one| one.value.clone()).collect()
}

/// Returns what a phase makes, for the workstreams of those behind it.
fn made_by(raw: &RawPhase) -> impl Iterator<Item = Json> {
    let artifacts = raw.artifacts.iter().flat_map(|all| &all.value);
    artifacts.filter_map(|one| Some(json!({"name": one.value.name.as_ref()?.value.0, "path": one.value.path.as_ref()?.value})))
}

fn note_made(raw: &mut RawWorkstream, made: &[Json]) {
    if let Some(metadata) = raw.metadata.as_mut().filter(|_| !made.is_empty()) {
        metadata.value.0.insert(MADE_BEFORE.to_owned(), made.into());
    }
}

fn kind_of(raw: &RawPhase) -> KindWord {
    raw.kind.as_ref().map_or(KindWord::Edit, |kind| kind.value)
}

/// Returns whether a phase leaves it to the workstream which tool does it.
fn pursues(raw: &RawPhase) -> bool {
    raw.goals.as_ref().is_some_and(|wish| wish.value)
}

fn is_open(raw: &RawPhase) -> bool {
    kind_of(raw) == KindWord::Edit && raw.tool.is_none() && raw.capability.is_none() && raw.command.is_none()
}

fn given(commands: &[Argv], place: Place) -> Option<At<Commands>> {
    let word = |word: &String| At { value: word.clone(), place };
    let command = |argv: &Argv| At { value: Command::Words(argv.iter().map(word).collect()), place };
    (!commands.is_empty()).then(|| At { value: commands.iter().map(command).collect(), place })
}

/// Gives a workstream a scope when the plan gives it none.
fn scoped(raw: &mut RawWorkstream, defaults: &RawWorkstream, scope: Option<&At<RawScope>>) {
    let has = |raw: &RawWorkstream| raw.files_scope.is_some() || raw.files_create.is_some();
    let Some(scope) = scope.filter(|_| !has(raw) && !has(defaults)) else { return };
    let texts = |texts: &Option<At<Texts>>| texts.clone();
    raw.files_scope = texts(&scope.value.write);
    raw.files_create = texts(&scope.value.create);
    raw.files_forbid = raw.files_forbid.take().or_else(|| texts(&scope.value.forbid));
}
