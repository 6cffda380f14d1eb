//! The steps of a workstream: the ones that the plan lists, or the implied edit, static and runtime steps.

use crate::domain::document::command::{argv, argvs};
use crate::domain::document::diagnostic::Code;
use crate::domain::document::read::Name;
use crate::domain::document::sink::{Draft, Sink, quoted};
use crate::domain::document::source::{At, Place};
use crate::domain::document::word::Command;
use crate::domain::gate::model::Baseline;
use crate::domain::id::{StepId, ToolId};
use crate::domain::phase::read::Earlier;
use crate::domain::phase::rules::StepRules;
use crate::domain::pipeline::expand::PIPELINE;
use crate::domain::plan::check::graph::{Ids, Named, order, resolve};
use crate::domain::plan::check::rules::{Around, following, refuse_doubles, rules};
use crate::domain::plan::input::{Known, PlanInput};
use crate::domain::plan::model::{EditStep, Step, StepKind, ToolChoice};
use crate::domain::plan::raw::{Commands, RawStep, RawWorkstream, Texts};
use crate::domain::plan::word::KindWord;

/// The embedded tool that runs an argument vector of the plan.
const COMMAND: &str = "command";
/// The embedded tool that applies patch files of the plan.
const REPLAY: &str = "replay";
/// The names of steps that the program itself adds.
const RESERVED: [&str; 2] = ["fix", "resolve"];

/// Where the values of a workstream come from.
#[derive(Clone, Copy)]
pub struct Layers<'a> {
    /// The workstream.
    pub own: &'a At<RawWorkstream>,
    /// The defaults of the plan.
    pub defaults: &'a RawWorkstream,
    /// The settings.
    pub input: &'a PlanInput<'a>,
}

impl Layers<'_> {
    /// Returns where to point at when the workstream as a whole is meant.
    #[must_use]
    pub fn place(&self) -> Place {
        self.own.value.id.as_ref().map_or(self.own.place, |id| id.place)
    }

    /// Returns whether the steps are the phases of a pipeline.
    #[must_use]
    pub fn is_laid_out(&self) -> bool {
        self.own.value.metadata.as_ref().is_some_and(|metadata| metadata.value.0.contains_key(PIPELINE))
    }

    /// Returns whether both were read completely, so that what is missing is missing.
    #[must_use]
    pub const fn is_readable(&self) -> bool {
        !self.own.value.broken && !self.defaults.broken
    }
}

/// What an EDIT step is made of, before the tool is known.
struct Edit<'a> {
    place: Place,
    tool: Option<&'a At<Name>>,
    capability: Option<&'a At<Name>>,
    model: Option<&'a At<String>>,
    command: Option<&'a At<Command>>,
    patches: Option<&'a At<Texts>>,
    description: Option<String>,
    tasks: Vec<String>,
    acceptance_tests: Vec<String>,
}

/// Returns the steps of a workstream in order; what is wrong goes to the sink.
pub fn steps(layers: Layers<'_>, sink: &mut Sink<'_>) -> Vec<Step> {
    let own = &layers.own.value;
    let default = layers.defaults.steps.as_ref().filter(|_| replaced_keys(own).is_empty());
    match own.steps.as_ref().or(default) {
        Some(listed) if !listed.value.is_empty() => listed_steps(layers, &listed.value, sink),
        Some(_) | None => implied_steps(layers, sink),
    }
}

/// Returns the keys of a workstream that make its implied steps, and so exclude `steps`.
fn replaced_keys(own: &RawWorkstream) -> Vec<(&'static str, Place)> {
    let commands = |at: &Option<At<Commands>>| at.as_ref().map(|at| at.place);
    let given = [
        ("command", own.command.as_ref().map(|at| at.place)),
        ("patches", own.patches.as_ref().map(|at| at.place)),
        ("static", commands(&own.statics)),
        ("runtime", commands(&own.runtime)),
    ];
    given.into_iter().filter_map(|(key, place)| Some((key, place?))).collect()
}

fn implied_steps(layers: Layers<'_>, sink: &mut Sink<'_>) -> Vec<Step> {
    let (own, defaults) = (&layers.own.value, layers.defaults);
    let edit = Edit {
        place: layers.place(),
        tool: None,
        capability: None,
        model: None,
        command: own.command.as_ref(),
        patches: own.patches.as_ref(),
        description: None,
        tasks: Vec::new(),
        acceptance_tests: Vec::new(),
    };
    let timeout_sec = workstream_timeout(layers);
    let step =
        |id: &str, kind, baseline| StepId::parse(id).ok().map(|id| Step { id, kind, timeout_sec, baseline, rules: StepRules::default() });
    let mut steps = Vec::new();
    steps.extend(edit_step(layers, edit, sink).and_then(|edit| step("edit", StepKind::Edit(edit), Baseline::Nothing)));
    let commands = &layers.input.defaults.commands;
    let given = own.statics.as_ref().or(defaults.statics.as_ref());
    let statics = if given.is_some() { argvs(given, sink) } else { commands.build.iter().chain(&commands.statics).cloned().collect() };
    if !statics.is_empty() {
        steps.extend(step("static", StepKind::Static(statics), baseline(layers, Wanted::by(own.statics.as_ref()))));
    }
    let given = own.runtime.as_ref().or(defaults.runtime.as_ref());
    let runtime = if given.is_some() { argvs(given, sink) } else { commands.runtime.clone() };
    if !runtime.is_empty() {
        steps.extend(step("runtime", StepKind::Runtime(runtime), baseline(layers, Wanted::by(own.runtime.as_ref()))));
    }
    steps
}

fn workstream_timeout(layers: Layers<'_>) -> Option<u64> {
    let seconds = layers.own.value.timeout_sec.as_ref().or(layers.defaults.timeout_sec.as_ref());
    seconds.map(|seconds| seconds.value.wide())
}

/// Who wants a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// The workstream itself: the check says when its work is done.
    ByItself,
    /// Everybody: the check says whether something was broken.
    ByAll,
}

impl Wanted {
    fn by<T>(own: Option<&T>) -> Self {
        if own.is_some() { Self::ByItself } else { Self::ByAll }
    }
}

/// Returns what the findings of a check are compared with. What fails before the work begins is often just what the work is to mend, so a
/// check of the workstream's own is not compared unless that is said.
fn baseline(layers: Layers<'_>, wanted: Wanted) -> Baseline {
    let said = layers.own.value.baseline.as_ref().or(layers.defaults.baseline.as_ref());
    match (said, wanted) {
        (Some(said), _) => said.value,
        (None, Wanted::ByItself) => Baseline::Nothing,
        (None, Wanted::ByAll) => Baseline::Base,
    }
}

fn listed_steps(layers: Layers<'_>, listed: &[At<RawStep>], sink: &mut Sink<'_>) -> Vec<Step> {
    for (key, place) in replaced_keys(&layers.own.value) {
        let draft = Draft::new(Code::ConflictingKeys, place, format!("`{key}` and `steps` exclude each other"));
        sink.add(draft.hint("Move it into one of the steps."));
    }
    let named: Vec<Named<'_>> = listed.iter().map(named).collect();
    let ids = if listed.iter().all(|step| step.value.id.is_some()) { Ids::Complete } else { Ids::Partial };
    let (edges, is_acyclic) = resolve(&named, "step", ids, sink);
    let order: Vec<usize> = if is_acyclic { order(&edges) } else { (0..listed.len()).collect() };
    let is_known = is_acyclic && ids == Ids::Complete;
    let (mut steps, mut earlier): (Vec<Step>, Vec<Earlier>) = (Vec::new(), Vec::new());
    for raw in order.iter().filter_map(|at| listed.get(*at)) {
        let (step, following, known) = listed_step(layers, raw, is_known.then_some(&earlier), sink);
        steps.extend(step.into_iter().chain(following));
        earlier.extend(known);
    }
    refuse_doubles(listed, &earlier, sink);
    if !is_acyclic {
        return Vec::new();
    }
    if let Some(first) = order.first().and_then(|at| listed.get(*at)).filter(|first| kind(&first.value) != KindWord::Edit) {
        let draft = Draft::new(Code::FirstStep, first.place, "the first step changes nothing");
        sink.add(draft.hint("Put a step of the kind `edit` before it."));
    }
    steps
}

fn named(step: &At<RawStep>) -> Named<'_> {
    let raw = &step.value;
    Named {
        id: raw.id.as_ref().map(|id| id.value.0.as_str()),
        place: raw.id.as_ref().map_or(step.place, |id| id.place),
        depends_on: raw.depends_on.as_ref().map_or(&[], |ids| ids.value.as_slice()),
    }
}

fn kind(raw: &RawStep) -> KindWord {
    raw.kind.as_ref().map_or(KindWord::Edit, |kind| kind.value)
}

/// Returns a step that is listed with the checks that follow it, and what later ones may say about it.
fn listed_step(
    layers: Layers<'_>,
    raw: &At<RawStep>,
    earlier: Option<&Vec<Earlier>>,
    sink: &mut Sink<'_>,
) -> (Option<Step>, Vec<Step>, Option<Earlier>) {
    let step = &raw.value;
    let Some(id) = step.id.as_ref() else { return (None, Vec::new(), None) };
    if RESERVED.contains(&id.value.0.as_str()) {
        let draft = Draft::new(Code::ReservedId, id.place, format!("{} names the steps that git-orc adds itself", quoted(&id.value.0)));
        sink.add(draft.hint("Give the step another id."));
    }
    let word = kind(step);
    let kind = match word {
        KindWord::Edit => listed_edit(layers, raw, sink).map(StepKind::Edit),
        KindWord::Static => Some(StepKind::Static(check_commands(raw, sink))),
        KindWord::Runtime => Some(StepKind::Runtime(check_commands(raw, sink))),
    };
    let Ok(id) = StepId::parse(&id.value.0) else { return (None, Vec::new(), None) };
    let baseline = baseline(layers, Wanted::by(layers.own.value.steps.as_ref()));
    let templates = layers.input.defaults.phases.templates.as_deref();
    let around = Around { earlier: earlier.map(Vec::as_slice), templates, checks: (workstream_timeout(layers), baseline) };
    let mut rules = rules(step, word, around, sink);
    rules.phase = layers.is_laid_out().then(|| id.to_string());
    let following = if word == KindWord::Edit { following(step, (&id, &rules), around, sink) } else { Vec::new() };
    let checks = if word == KindWord::Edit { following.iter().map(|step| step.id.clone()).collect() } else { vec![id.clone()] };
    let known = Earlier { id: id.clone(), checks };
    let timeout_sec = step.timeout_sec.as_ref().map(|seconds| seconds.value.wide()).or(workstream_timeout(layers));
    (kind.map(|kind| Step { id, kind, timeout_sec, baseline, rules }), following, Some(known))
}

fn listed_edit(layers: Layers<'_>, raw: &At<RawStep>, sink: &mut Sink<'_>) -> Option<EditStep> {
    let step = &raw.value;
    if let Some(run) = &step.run {
        let draft = Draft::new(Code::MisplacedKey, run.place, "`run` belongs to steps of the kind `static` or `runtime`");
        sink.add(draft.hint("Set `kind`, or use `tool: command` with a `command`."));
    }
    let edit = Edit {
        place: if layers.is_laid_out() { layers.place() } else { step.id.as_ref().map_or(raw.place, |id| id.place) },
        tool: step.tool.as_ref(),
        capability: step.capability.as_ref(),
        model: step.model.as_ref(),
        command: step.command.as_ref(),
        patches: step.patches.as_ref(),
        description: step.description.as_ref().map(|text| text.value.clone()),
        tasks: texts(step.tasks.as_ref()),
        acceptance_tests: texts(step.acceptance_tests.as_ref()),
    };
    edit_step(layers, edit, sink)
}

/// Returns the commands of a static or runtime step.
fn check_commands(raw: &At<RawStep>, sink: &mut Sink<'_>) -> Vec<Vec<String>> {
    let step = &raw.value;
    let given = [
        ("tool", step.tool.as_ref().map(|at| at.place)),
        ("capability", step.capability.as_ref().map(|at| at.place)),
        ("model", step.model.as_ref().map(|at| at.place)),
        ("command", step.command.as_ref().map(|at| at.place)),
        ("patches", step.patches.as_ref().map(|at| at.place)),
        ("tasks", step.tasks.as_ref().map(|at| at.place)),
    ];
    for (key, place) in given {
        if let Some(place) = place {
            let draft = Draft::new(Code::MisplacedKey, place, format!("`{key}` belongs to steps of the kind `edit`"));
            sink.add(draft.hint("List the commands of a check under `run`."));
        }
    }
    let expects = step.expects.as_ref().is_some_and(|expects| !expects.value.is_empty());
    if step.run.as_ref().is_none_or(|run| run.value.is_empty()) && !expects && !step.broken {
        let place = step.id.as_ref().map_or(raw.place, |id| id.place);
        sink.add(Draft::new(Code::MissingCommand, place, "the step checks nothing").hint("List its commands under `run`."));
    }
    argvs(step.run.as_ref(), sink)
}

/// Returns the plain texts of a list.
#[must_use]
pub fn texts(texts: Option<&At<Texts>>) -> Vec<String> {
    texts.map_or_else(Vec::new, |texts| texts.value.iter().map(|text| text.value.clone()).collect())
}

fn edit_step(layers: Layers<'_>, edit: Edit<'_>, sink: &mut Sink<'_>) -> Option<EditStep> {
    let (own, defaults) = (&layers.own.value, layers.defaults);
    // The nearest layer that says anything about the tool says it all.
    let near = [
        (edit.tool, edit.capability),
        (own.tool.as_ref(), own.capability.as_ref()),
        (defaults.tool.as_ref(), defaults.capability.as_ref()),
    ];
    let layer = near.into_iter().position(|(tool, capability)| tool.is_some() || capability.is_some());
    let (tool, capability) = layer.map(|layer| near[layer]).unwrap_or_default();
    // A model belongs to the tool that is named with it or further away, never to one that is named nearer.
    let models = [edit.model, own.model.as_ref(), defaults.model.as_ref()];
    let model = models[..layer.map_or(models.len(), |layer| layer + 1)].iter().find_map(|model| *model);
    let model = model.and_then(|model| model_name(model, sink));
    check_known(tool, capability, &layers.input.known, sink);
    let choice = match (tool, capability, &layers.input.defaults.tool) {
        (Some(tool), _, _) => ToolChoice::Tool(ToolId::parse(&tool.value.0).ok()?),
        (None, Some(capability), _) => ToolChoice::Capability(capability.value.0.clone()),
        (None, None, Some(tool)) => ToolChoice::Tool(tool.clone()),
        (None, None, None) => {
            if layers.is_readable() {
                let draft = Draft::new(Code::MissingTool, edit.place, "nothing says which tool does the work");
                sink.add(draft.hint("Set `tool` or `capability` here or under `defaults`."));
            }
            return None;
        }
    };
    let (command, patches) = payload(layers, &edit, &choice, sink);
    let fix = fix_command(layers, &choice, sink);
    warn_of_silence(layers, &edit, &choice, sink);
    Some(EditStep {
        capability: capability.map(|capability| capability.value.0.clone()),
        tool: choice,
        model,
        command,
        fix,
        patches,
        description: edit.description,
        tasks: edit.tasks,
        acceptance_tests: edit.acceptance_tests,
    })
}

/// Returns the name of a model, which ends up as an argument of a program.
fn model_name(model: &At<String>, sink: &mut Sink<'_>) -> Option<String> {
    let name = model.value.trim();
    if name.is_empty() || name.len() > 200 || name.chars().any(|c| c.is_control() || c.is_whitespace()) {
        let draft = Draft::new(Code::UnknownValue, model.place, format!("{} is no name of a model", quoted(&model.value)));
        sink.add(draft.hint("Write it as the tool takes it, such as `gpt-5.1-codex`."));
        return None;
    }
    Some(name.to_owned())
}

fn check_known(tool: Option<&At<Name>>, capability: Option<&At<Name>>, known: &Known<'_>, sink: &mut Sink<'_>) {
    if let Some(tool) = tool.filter(|tool| !known.tools.is_empty() && !known.tools.iter().any(|id| id.as_str() == tool.value.0)) {
        let near = sink.suggest(&tool.value.0, known.tools.iter().map(ToolId::as_str));
        let ids: Vec<&str> = known.tools.iter().map(ToolId::as_str).collect();
        let hint = near.unwrap_or_else(|| format!("Known tools: {}.", ids.join(", ")));
        sink.add(Draft::new(Code::UnknownTool, tool.place, format!("no tool profile has the id {}", quoted(&tool.value.0))).hint(hint));
    }
    let unknown = |capability: &&At<Name>| !known.capabilities.is_empty() && !known.capabilities.contains(&capability.value.0);
    if let Some(capability) = capability.filter(unknown) {
        let near = sink.suggest(&capability.value.0, known.capabilities.iter().map(String::as_str));
        let hint = near.unwrap_or_else(|| format!("Known capabilities: {}.", known.capabilities.join(", ")));
        let message = format!("no tool has the capability {}", quoted(&capability.value.0));
        sink.add(Draft::new(Code::UnknownCapability, capability.place, message).hint(hint));
    }
}

/// Returns what the embedded tools work on.
fn payload(layers: Layers<'_>, edit: &Edit<'_>, choice: &ToolChoice, sink: &mut Sink<'_>) -> (Option<Vec<String>>, Vec<String>) {
    let tool = match choice {
        ToolChoice::Tool(tool) => tool.as_str(),
        ToolChoice::Capability(_) => "",
    };
    // Those of the defaults serve only the tool that takes them, and no one else minds them.
    let command = edit.command.or(layers.defaults.command.as_ref());
    let patches = edit.patches.or(layers.defaults.patches.as_ref());
    for (key, owner, place) in [("command", COMMAND, edit.command.map(|at| at.place)), ("patches", REPLAY, edit.patches.map(|at| at.place))]
    {
        if let Some(place) = place.filter(|_| tool != owner) {
            let draft = Draft::new(Code::MisplacedKey, place, format!("`{key}` belongs to the tool `{owner}`"));
            sink.add(draft.hint(format!("Set `tool: {owner}`, or remove `{key}`.")));
        }
    }
    let missing = |message: &str, hint: &str, sink: &mut Sink<'_>| {
        if layers.is_readable() {
            sink.add(Draft::new(Code::MissingCommand, edit.place, message).hint(hint));
        }
    };
    match tool {
        COMMAND => {
            if command.is_none() {
                missing("the tool `command` has no command", "Set `command`, such as `[\"cargo\", \"fmt\"]`.", sink);
            }
            (command.and_then(|command| argv(command, sink)), Vec::new())
        }
        REPLAY => {
            let patches = texts(patches);
            if patches.is_empty() {
                missing("the tool `replay` has no patches", "List patch files under `patches`.", sink);
            }
            (None, patches)
        }
        _ => (None, Vec::new()),
    }
}

/// Returns what the embedded tool `command` runs to mend a failed check.
fn fix_command(layers: Layers<'_>, choice: &ToolChoice, sink: &mut Sink<'_>) -> Option<Vec<String>> {
    let own = layers.own.value.fix.as_ref();
    if matches!(choice, ToolChoice::Tool(tool) if tool.as_str() == COMMAND) {
        return own.or(layers.defaults.fix.as_ref()).and_then(|fix| argv(fix, sink));
    }
    if let Some(fix) = own {
        let draft = Draft::new(Code::MisplacedKey, fix.place, format!("`fix` belongs to the tool `{COMMAND}`"));
        sink.add(draft.hint(format!("Set `tool: {COMMAND}`, or remove `fix`.")));
    }
    None
}

/// Warns when a tool that reads a prompt is told nothing.
fn warn_of_silence(layers: Layers<'_>, edit: &Edit<'_>, choice: &ToolChoice, sink: &mut Sink<'_>) {
    let (own, defaults) = (&layers.own.value, layers.defaults);
    let is_embedded = matches!(choice, ToolChoice::Tool(tool) if matches!(tool.as_str(), COMMAND | REPLAY));
    let has_list = |texts: Option<&At<Texts>>| texts.is_some_and(|texts| !texts.value.is_empty());
    let is_told = edit.description.is_some()
        || !edit.tasks.is_empty()
        || own.title.is_some()
        || [own, defaults].into_iter().any(|raw| has_list(raw.tasks.as_ref()) || raw.prompt.is_some() || raw.prompt_file.is_some());
    if !is_embedded && !is_told && layers.is_readable() {
        let draft = Draft::new(Code::NoInstructions, edit.place, "nothing tells the tool what to do");
        sink.add(draft.hint("Set `tasks`, `prompt` or `prompt_file`."));
    }
}
