//! A pipeline as it is shown to people.

use serde::Serialize;

use super::parse::ReadPipeline;
use super::raw::{EachWord, RawPhase};
use crate::domain::document::sink::Sink;
use crate::domain::document::source::{At, Shape};
use crate::domain::phase::read::{conditions, expectations};
use crate::domain::phase::rules::Artifact;
use crate::domain::phase::wording;
use crate::domain::plan::raw::Texts;

/// A pipeline as it is shown to people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pipeline {
    /// The name by which plans know it.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// What each phase becomes: `step` or `workstream`.
    pub each: &'static str,
    /// The globs of what workstreams of it may change and create, when the plan does not say.
    pub scope: Vec<String>,
    /// The phases, in order.
    pub phases: Vec<Phase>,
    /// Whether it has states, handoffs, gates or errors of roles.
    pub has_roles: bool,
}

/// One phase as it is shown to people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Phase {
    /// Its id.
    pub id: String,
    /// What kind of step it is: `edit`, `static` or `runtime`.
    pub kind: &'static str,
    /// What it does.
    pub description: Option<String>,
    /// The tool or the capability; that of the workstream when there is none.
    pub tool: Option<String>,
    /// The template that makes the prompt.
    pub template: Option<String>,
    /// The role that does it.
    pub role: Option<String>,
    /// The phases before it.
    pub depends_on: Vec<String>,
    /// How long it takes, in minutes.
    pub estimated_minutes: Option<u64>,
    /// How many FIX steps may follow its checks.
    pub fixes: Option<u32>,
    /// When it is due, in words.
    pub when: Vec<String>,
    /// What must hold before it begins, in words.
    pub needs: Vec<String>,
    /// What must hold at its end, in words.
    pub expects: Vec<String>,
    /// What it makes.
    pub artifacts: Vec<Made>,
}

/// Something that a phase makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Made {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub path: String,
    /// Whether a person must approve it.
    pub approval: bool,
}

impl Made {
    /// Returns an artifact as it is shown.
    #[must_use]
    pub fn of(artifact: &Artifact) -> Self {
        Self { name: artifact.name.clone(), path: artifact.path.clone(), approval: artifact.approval }
    }
}

impl Pipeline {
    /// Returns what is shown of a pipeline that was read; what is wrong in it is told elsewhere.
    #[must_use]
    pub fn new(read: &ReadPipeline) -> Self {
        let raw = &read.raw;
        let each = raw.each.as_ref().map_or(EachWord::Step, |each| each.value);
        let mut phases: Vec<Phase> = Vec::new();
        for one in raw.phases.as_ref().map_or(&[][..], |phases| phases.value.0.as_slice()) {
            let before = phases.last().map(|phase| phase.id.clone());
            phases.extend(phase(&one.value, before));
        }
        let scope = raw.scope.as_ref().map_or_else(Vec::new, |scope| {
            let mut globs = texts(scope.value.write.as_ref());
            globs.extend(texts(scope.value.create.as_ref()));
            globs.sort_unstable();
            globs.dedup();
            globs
        });
        let has_roles = raw.states.is_some() || raw.handoffs.is_some() || raw.gates.is_some() || raw.errors.is_some();
        let description = raw.description.as_ref().map(|text| text.value.clone());
        Self { name: read.name.clone(), description, each: each.as_str(), scope, phases, has_roles }
    }
}

fn texts(texts: Option<&At<Texts>>) -> Vec<String> {
    texts.map_or_else(Vec::new, |texts| texts.value.iter().map(|text| text.value.clone()).collect())
}

fn phase(raw: &RawPhase, before: Option<String>) -> Option<Phase> {
    let mut scratch = Sink::new(&[], Shape::File);
    let mut expected = |all| expectations(all, &mut scratch).iter().map(|one| wording::predicate(&one.what)).collect::<Vec<_>>();
    let needs = raw.needs.as_ref().map_or_else(Vec::new, |needs| expected(&needs.value));
    let expects = raw.expects.as_ref().map_or_else(Vec::new, |expects| expected(&expects.value));
    let when = raw.when.as_ref().map_or_else(Vec::new, |when| {
        let steps = super::lint::steps_of(&when.value);
        conditions(&when.value, Some(&steps), &mut scratch).iter().map(wording::condition).collect()
    });
    let artifacts = raw.artifacts.as_ref().map_or_else(Vec::new, |all| {
        let made = crate::domain::phase::read::artifacts(&all.value, &mut scratch);
        made.iter().map(Made::of).collect()
    });
    Some(Phase {
        id: raw.id.as_ref()?.value.0.clone(),
        kind: raw.kind.as_ref().map_or("edit", |kind| kind.value.as_str()),
        description: raw.description.as_ref().map(|text| text.value.clone()),
        tool: raw.tool.as_ref().or(raw.capability.as_ref()).map(|name| name.value.0.clone()),
        template: raw.template.as_ref().map(|name| name.value.0.clone()),
        role: raw.role.as_ref().map(|name| name.value.0.clone()),
        depends_on: raw.depends_on.as_ref().map_or_else(|| before.into_iter().collect(), |ids| texts(Some(ids))),
        estimated_minutes: raw.estimated_minutes.as_ref().map(|minutes| minutes.value.wide()),
        fixes: raw.fixes.as_ref().map(|fixes| fixes.value.narrow()),
        when,
        needs,
        expects,
        artifacts,
    })
}
