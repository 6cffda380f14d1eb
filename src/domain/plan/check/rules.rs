//! What the keys of a phase add to a step that is listed: its rules, and the checks that follow it.

use crate::domain::document::command::argvs;
use crate::domain::document::diagnostic::Code;
use crate::domain::document::sink::{Draft, Sink, quoted};
use crate::domain::document::source::{At, Place};
use crate::domain::gate::model::Baseline;
use crate::domain::id::StepId;
use crate::domain::phase::condition::{Condition, Ended};
use crate::domain::phase::read::{Earlier, artifacts, conditions, expectations};
use crate::domain::phase::rules::StepRules;
use crate::domain::plan::model::{Step, StepKind};
use crate::domain::plan::raw::RawStep;
use crate::domain::plan::word::KindWord;

/// What is added to the name of an EDIT step to name the check of what it leaves.
const CHECK: &str = "check";
/// What is added to the name of an EDIT step to name the tests that follow it.
const TEST: &str = "test";

/// What is known of the steps around one that is read.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    /// Those before it; `None` when their order is not known.
    pub earlier: Option<&'a [Earlier]>,
    /// The names that prompts can be made with; `None` when they are not known.
    pub templates: Option<&'a [String]>,
    /// The limit of the checks that follow, and what their findings are compared with.
    pub checks: (Option<u64>, Baseline),
}

/// Returns whether the keys of an EDIT step ask for a check of what it leaves.
fn is_checked(raw: &RawStep) -> bool {
    let has_commands = raw.statics.as_ref().is_some_and(|commands| !commands.value.is_empty());
    has_commands || raw.expects.as_ref().is_some_and(|expects| !expects.value.is_empty())
}

fn is_tested(raw: &RawStep) -> bool {
    raw.runtime.as_ref().is_some_and(|commands| !commands.value.is_empty())
}

/// Returns the rules of a step: for an EDIT step without what is left to the checks that follow it.
pub fn rules(raw: &RawStep, is: KindWord, around: Around<'_>, sink: &mut Sink<'_>) -> StepRules {
    let checks = match is {
        KindWord::Edit => edit(raw, sink),
        KindWord::Static | KindWord::Runtime => check(raw, sink),
    };
    let template = raw.template.as_ref().map(|template| {
        if around.templates.is_some_and(|known| !known.contains(&template.value.0)) {
            let hint = sink.suggest(&template.value.0, around.templates.unwrap_or_default().iter().map(String::as_str));
            let draft = Draft::new(Code::UnknownTemplate, template.place, format!("there is no template {}", quoted(&template.value.0)));
            sink.add(draft.hint(hint.unwrap_or_else(|| "`git orc prompt list` names those that there are.".to_owned())));
        }
        template.value.0.clone()
    });
    StepRules {
        phase: None,
        role: raw.role.as_ref().map(|role| role.value.0.clone()),
        template,
        when: raw.when.as_ref().map_or_else(Vec::new, |when| conditions(&when.value, around.earlier, sink)),
        needs: raw.needs.as_ref().map_or_else(Vec::new, |needs| expectations(&needs.value, sink)),
        expects: raw.expects.as_ref().filter(|_| checks == Checks::Itself).map_or_else(Vec::new, |all| expectations(&all.value, sink)),
        fixes: raw.fixes.as_ref().filter(|_| checks != Checks::Nothing).map(|fixes| fixes.value.narrow()),
        asks: raw.asks.iter().flat_map(|asks| &asks.value).map(|ask| ask.value.clone()).collect(),
        artifacts: raw.artifacts.as_ref().map_or_else(Vec::new, |all| artifacts(&all.value, sink)),
    }
}

/// What checks the work of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Checks {
    /// Nothing.
    Nothing,
    /// The steps that follow it.
    Following,
    /// The step is a check.
    Itself,
}

fn edit(raw: &RawStep, sink: &mut Sink<'_>) -> Checks {
    if is_checked(raw) || is_tested(raw) {
        return Checks::Following;
    }
    if let Some(fixes) = raw.fixes.as_ref().filter(|_| !raw.broken) {
        let draft = Draft::new(Code::MisplacedKey, fixes.place, "`fixes` has no use where nothing is checked");
        sink.add(draft.hint("Say what is checked with `expects`, `static` or `runtime`, or remove it."));
    }
    Checks::Nothing
}

fn check(raw: &RawStep, sink: &mut Sink<'_>) -> Checks {
    let given = [
        ("template", raw.template.as_ref().map(|at| at.place)),
        ("artifacts", raw.artifacts.as_ref().map(|at| at.place)),
        ("asks", raw.asks.as_ref().map(|at| at.place)),
        ("static", raw.statics.as_ref().map(|at| at.place)),
        ("runtime", raw.runtime.as_ref().map(|at| at.place)),
    ];
    for (key, place) in given {
        if let Some(place) = place {
            let draft = Draft::new(Code::MisplacedKey, place, format!("`{key}` belongs to steps of the kind `edit`"));
            sink.add(draft.hint("List the commands of a check under `run`."));
        }
    }
    Checks::Itself
}

/// Returns the checks that follow an EDIT step. They are due when it was done: what it needs to be due may no longer hold behind it.
pub fn following(raw: &RawStep, (id, own): (&StepId, &StepRules), around: Around<'_>, sink: &mut Sink<'_>) -> Vec<Step> {
    let skipped = Condition::Step { step: id.clone(), ended: Ended::Skipped };
    let rules = StepRules {
        phase: Some(own.phase.clone().unwrap_or_else(|| id.as_str().to_owned())),
        role: own.role.clone(),
        when: if own.when.is_empty() { Vec::new() } else { vec![Condition::Not(vec![skipped])] },
        fixes: own.fixes,
        ..StepRules::default()
    };
    let place = raw.id.as_ref().map_or_else(Place::default, |id| id.place);
    let mut steps = Vec::new();
    let (timeout_sec, baseline) = around.checks;
    if is_checked(raw) {
        let expects = raw.expects.as_ref().map_or_else(Vec::new, |all| expectations(&all.value, sink));
        let kind = StepKind::Static(argvs(raw.statics.as_ref(), sink));
        let rules = StepRules { expects, ..rules.clone() };
        steps.extend(named((id, CHECK, place), sink).map(|id| Step { id, kind, timeout_sec, baseline, rules }));
    }
    if is_tested(raw) {
        let kind = StepKind::Runtime(argvs(raw.runtime.as_ref(), sink));
        steps.extend(named((id, TEST, place), sink).map(|id| Step { id, kind, timeout_sec, baseline, rules }));
    }
    steps
}

fn named((step, what, place): (&StepId, &str, Place), sink: &mut Sink<'_>) -> Option<StepId> {
    let id = StepId::parse(&format!("{step}-{what}"));
    if id.is_err() {
        let draft = Draft::new(Code::LongId, place, format!("`{step}` is too long for the check `{step}-{what}` that follows it"));
        sink.add(draft.hint("Use at most 58 characters."));
    }
    id.ok()
}

/// Reports steps whose names are those of checks that follow others.
pub fn refuse_doubles(listed: &[At<RawStep>], following: &[Earlier], sink: &mut Sink<'_>) {
    let ids = listed.iter().filter_map(|step| step.value.id.as_ref());
    for id in ids {
        let owner =
            following.iter().find(|one| one.id.as_str() != id.value.0 && one.checks.iter().any(|check| check.as_str() == id.value.0));
        if let Some(owner) = owner {
            let message = format!("{} names the check that follows {}", quoted(&id.value.0), quoted(owner.id.as_str()));
            sink.add(Draft::new(Code::DuplicateId, id.place, message).hint("Give the step another id."));
        }
    }
}
