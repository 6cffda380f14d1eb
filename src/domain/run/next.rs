//! What one workstream does next: the sequence of its steps, its FIX loop, and the recovery ladder.

use jiff::Timestamp;

use super::adapt::{Advice, with};
use super::brief::Brief;
use super::choosing::{Choice, Claims, Known, Lack, Wanted, choose};
use super::config::ToolTraits;
use super::effect::StepOrder;
use super::event::Event;
use super::fact::{Climbed, PatchMoved, Rung, StepOutcome, StepRole, WorkstreamMoved};
use super::goals::steer::Stand;
use super::handled;
use super::limits::{LoopLimits, RetryLimits};
use super::oscillation::oscillation;
use super::retry;
use super::routed::Routing;
use super::spending::{Means, means};
use super::state::{LastStep, PatchRecord, PatchStatus, RunState, WorkstreamState, WorkstreamStatus};
use crate::domain::finding::model::Finding;
use crate::domain::id::{StepId, ToolId, WorkstreamId};
use crate::domain::plan::model::{Step, StepKind, ToolChoice, Workstream};
use crate::domain::text::count;
use crate::domain::tool::failure::{Failure, FailureClass, Remedy};

/// How often in a row a workstream waits for the limit of a tool.
const MOST_WAITS: u32 = 10;

/// What one workstream does next.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// It is settled, or waits for its wave.
    Nothing,
    /// It waits for something that is under way.
    Hold,
    /// These events should be recorded.
    Record(Vec<Event>),
    /// It waits until this time.
    Wait(Timestamp),
    /// This attempt should be under way.
    Step(Box<StepOrder>),
    /// Nothing can follow before somebody does something.
    Short(Short),
}

/// What keeps a workstream from going on, though nothing is wrong with its work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Short {
    /// A budget is used up.
    Money(String),
    /// No tool can be used.
    Tools(String),
}

/// Everything that the decision about one workstream looks at.
struct View<'a> {
    brief: Brief<'a>,
    run: &'a RunState,
    id: &'a WorkstreamId,
    one: &'a WorkstreamState,
    plan: &'a Workstream,
    claims: &'a Claims,
}

/// Returns what a workstream does next.
#[must_use]
pub fn action(brief: Brief<'_>, run: &RunState, (id, one): (&WorkstreamId, &WorkstreamState), claims: &Claims) -> Action {
    let Some(plan) = brief.plan.workstream(id) else { return Action::Nothing };
    let view = View { brief, run, id, one, plan, claims };
    if let Some(open) = &one.open {
        return Action::Step(Box::new(StepOrder {
            workstream: id.clone(),
            step: open.step.clone(),
            role: open.role,
            index: one.next,
            attempt: open.attempt,
            tool: open.tool.clone(),
            rung: one.rung,
            of: open.of.clone(),
            routing: None,
        }));
    }
    if let Some(reason) = one.breach.as_ref().filter(|_| is_under_way(&one.status)) {
        return view.quarantined(reason);
    }
    if let Some(wish) = one.control.wish.as_ref().filter(|_| is_stoppable(&one.status)) {
        return Action::Record(vec![Event::WorkstreamPaused(view.moved(Some(wish.because.clone())))]);
    }
    let waits = matches!(&one.status, WorkstreamStatus::Retrying { at } if *at > brief.now);
    if let Some(action) = view.improvement().filter(|_| is_under_way(&one.status) && !waits) {
        return action;
    }
    match &one.status {
        // Its former worktree is on its way out.
        WorkstreamStatus::Ready if one.control.keeps_work && one.worktree.is_some() => Action::Hold,
        WorkstreamStatus::Ready if one.control.keeps_work => view.forward(),
        WorkstreamStatus::Ready => view.plan_step(0),
        WorkstreamStatus::Retrying { at } if *at > brief.now => Action::Wait(*at),
        WorkstreamStatus::Retrying { .. } => view.plan_step(one.next),
        // Its worktree is about to go, or on its way; a new one must not be made where the old one still stands.
        WorkstreamStatus::Conflicted { .. } if one.worktree.is_some() => Action::Hold,
        WorkstreamStatus::Conflicted { .. } => view.resolve(),
        WorkstreamStatus::InProgress | WorkstreamStatus::Validating => match &one.last {
            Some(last) => view.after(last),
            None => view.plan_step(0),
        },
        WorkstreamStatus::Planned
        | WorkstreamStatus::Blocked { .. }
        | WorkstreamStatus::Skipped { .. }
        | WorkstreamStatus::Paused { .. }
        | WorkstreamStatus::Failed { .. }
        | WorkstreamStatus::TimedOut { .. }
        | WorkstreamStatus::Aborted { .. }
        | WorkstreamStatus::Quarantined { .. }
        | WorkstreamStatus::Verified { .. }
        | WorkstreamStatus::Merged { .. }
        | WorkstreamStatus::Reverted { .. } => Action::Nothing,
    }
}

/// Returns whether a wish of a person is carried out here.
fn is_stoppable(status: &WorkstreamStatus) -> bool {
    is_under_way(status) || matches!(status, WorkstreamStatus::Ready | WorkstreamStatus::Conflicted { .. })
}

fn is_under_way(status: &WorkstreamStatus) -> bool {
    matches!(status, WorkstreamStatus::InProgress | WorkstreamStatus::Validating | WorkstreamStatus::Retrying { .. })
}

impl View<'_> {
    fn limits(&self) -> &LoopLimits {
        &self.plan.limits
    }

    fn moved(&self, reason: Option<String>) -> WorkstreamMoved {
        WorkstreamMoved { reason, ..WorkstreamMoved::new(self.id.clone(), self.one.round) }
    }

    fn after(&self, last: &LastStep) -> Action {
        let passed = last.outcome.lets_go_on();
        let cut_short = matches!(last.outcome, StepOutcome::Interrupted | StepOutcome::Cancelled);
        if let Some(action) = last.failure.as_ref().filter(|_| !passed && !cut_short).and_then(|failure| self.remedied(last, failure)) {
            return action;
        }
        // What a round of improvement has made wrong is taken back with it, and is no reason to stop anything.
        let answer = handled::at_once(&self.plan.handling, self.one, self.brief.now).filter(|_| !self.one.goals.is_in_round());
        if let Some(answer) = answer {
            return self.answered(&answer, &last.message);
        }
        match last.role {
            StepRole::Edit if passed => self.forward(),
            StepRole::Edit if cut_short => self.plan_step(self.one.next),
            // What is not there is not there for the next attempt either, nor for the next tool.
            StepRole::Edit if self.one.phased.lacks.is_some() => self.exhausted(&last.message),
            StepRole::Edit => self.edit_failed(last),
            StepRole::Static | StepRole::Runtime if passed => self.forward(),
            StepRole::Static | StepRole::Runtime if cut_short => self.plan_step(self.one.next),
            StepRole::Static | StepRole::Runtime if last.outcome == StepOutcome::NotStarted => self.exhausted(&last.message),
            StepRole::Static | StepRole::Runtime => self.mend(),
            StepRole::Fix if passed => self.plan_step(self.one.next),
            StepRole::Fix => self.mend(),
            StepRole::Resolve if passed => self.forward(),
            StepRole::Resolve => self.resolve(),
            StepRole::Measure if !passed && !cut_short => self.exhausted(&last.message),
            StepRole::Measure if cut_short && !self.one.goals.is_measured_at(self.one.tip.or(self.one.start)) => {
                self.order(StepId::measure(), StepRole::Measure, self.plan.steps.len())
            }
            StepRole::Measure => self.pursued(Stand::Measured),
            StepRole::Improve => self.forward(),
        }
    }

    /// Does what helps against the failure of a tool, where that is more than one more attempt.
    fn remedied(&self, last: &LastStep, failure: &Failure) -> Option<Action> {
        let reason = last.message.as_str();
        match failure.remedy {
            Remedy::Retry => None,
            Remedy::Wait if self.one.limits > MOST_WAITS => {
                Some(Action::Short(Short::Tools(format!("{reason}; it was waited for {MOST_WAITS} times"))))
            }
            Remedy::Wait => Some(match last.role {
                StepRole::Fix => self.order(StepId::fix(), StepRole::Fix, self.one.next),
                StepRole::Resolve => self.order(StepId::resolve(), StepRole::Resolve, 0),
                StepRole::Improve => self.order(StepId::improve(), StepRole::Improve, self.plan.steps.len()),
                StepRole::Edit | StepRole::Static | StepRole::Runtime | StepRole::Measure => self.plan_step(self.one.next),
            }),
            Remedy::LessContext if self.one.rung == Rung::SameTool && self.is_prompted() => {
                self.last_tool().map(|tool| self.climbed(Rung::ReducedContext, tool, reason))
            }
            Remedy::NextTool | Remedy::LessContext => Some(self.hand_over(reason, failure)),
            Remedy::Person if failure.class == FailureClass::Budget => Some(self.without_means(reason.to_owned())),
            Remedy::Person => Some(Action::Short(Short::Tools(reason.to_owned()))),
        }
    }

    /// Gives the step to the next tool; without one a tool that somebody can mend is waited for.
    fn hand_over(&self, reason: &str, failure: &Failure) -> Action {
        match self.successor() {
            Some(tool) => self.climbed(Rung::NextTool, tool, reason),
            None if failure.class.is_of_tool() => Action::Short(Short::Tools(reason.to_owned())),
            None => self.exhausted(reason),
        }
    }

    /// Goes on with the next step of the plan, or is verified when there is none.
    fn forward(&self) -> Action {
        let skip = |step: &&Step| (self.one.resolved || self.one.goals.is_in_round()) && matches!(step.kind, StepKind::Edit(_));
        let rest = self.plan.steps.get(self.one.next..).unwrap_or_default();
        let skipped = rest.iter().take_while(skip).count();
        if skipped < rest.len() {
            return self.plan_step(self.one.next + skipped);
        }
        if self.one.tip.is_none() {
            let why = self.one.last.as_ref().map_or("no step was due", |last| last.message.as_str());
            return Action::Record(vec![Event::WorkstreamSkipped(self.moved(Some(format!("nothing was to be changed: {why}"))))]);
        }
        self.pursued(Stand::Checked)
    }

    /// Returns what a workstream comes to whose next attempt can not be paid: what is good already stays.
    fn without_means(&self, reason: String) -> Action {
        self.goals_cut_short(&reason).unwrap_or(Action::Short(Short::Money(reason)))
    }

    fn verified(&self, reason: Option<String>) -> Action {
        let mut events: Vec<Event> =
            self.patches(&[PatchStatus::Applied]).map(|patch| Event::PatchVerified(self.patch(patch, None))).collect();
        events.push(Event::WorkstreamVerified(WorkstreamMoved { commit: self.one.tip, ..self.moved(reason) }));
        Action::Record(events)
    }

    fn plan_step(&self, index: usize) -> Action {
        let Some(step) = self.plan.steps.get(index) else { return Action::Nothing };
        let role = match step.kind {
            StepKind::Edit(_) => StepRole::Edit,
            StepKind::Static(_) => StepRole::Static,
            StepKind::Runtime(_) => StepRole::Runtime,
        };
        self.order(step.id.clone(), role, index)
    }

    /// Returns the order of a step with the tool that may do it now, or the wait for one.
    fn order(&self, step: StepId, role: StepRole, index: usize) -> Action {
        if matches!(role, StepRole::Static | StepRole::Runtime | StepRole::Measure) {
            return self.order_to(step, (role, index), (None, None));
        }
        let place = self.place_of(role, index);
        match choose(self.known(), self.wanted(place)) {
            Err(Lack::Until(at)) => Action::Wait(at),
            Err(Lack::Busy) => Action::Hold,
            Err(Lack::Nobody(reason)) => Action::Short(Short::Tools(reason)),
            Err(Lack::Unknown) => self.exhausted("no tool is known for it"),
            Ok(Choice { tool, routing }) => match self.means(&tool) {
                Means::Enough => self.order_to(step, (role, index), (Some(tool), routing)),
                Means::Later => Action::Hold,
                Means::Spent(reason) => self.without_means(reason),
            },
        }
    }

    /// Returns whether one more attempt of a tool may be paid; what takes no prompt costs nothing.
    fn means(&self, tool: &ToolId) -> Means {
        let costs = self.brief.config.tools.get(tool).is_none_or(|traits| traits.prompted);
        if costs { means(self.brief, self.run, (self.id, self.one)) } else { Means::Enough }
    }

    fn known(&self) -> Known<'_> {
        Known { brief: self.brief, run: self.run, claims: self.claims }
    }

    /// Returns what is wanted of the tools at a place in the plan.
    fn wanted(&self, place: usize) -> Wanted<'_> {
        let capability = match self.edit_before(place).map(|step| &step.kind) {
            Some(StepKind::Edit(edit)) => match &edit.tool {
                ToolChoice::Capability(name) => Some(name.as_str()),
                ToolChoice::Tool(_) => edit.capability.as_deref(),
            },
            Some(StepKind::Static(_) | StepKind::Runtime(_)) | None => None,
        };
        let route = self.route(place);
        // What the workstream came to in a step with other tools says nothing about this one.
        let current = self.one.tool.as_ref().filter(|tool| route.contains(tool));
        let tried: &[ToolId] = if current.is_some() { &self.one.tried } else { &[] };
        Wanted { route, current, tried, capability }
    }

    /// Returns the order of a step with this tool.
    fn order_to(&self, step: StepId, (role, index): (StepRole, usize), (tool, routing): (Option<ToolId>, Option<Routing>)) -> Action {
        let of = if role == StepRole::Fix { self.one.fix.of.clone() } else { None };
        Action::Step(Box::new(StepOrder {
            workstream: self.id.clone(),
            attempt: self.one.next_attempt(&step),
            step,
            role,
            index,
            tool,
            rung: self.one.rung,
            of,
            routing,
        }))
    }

    /// Returns where in the plan a step stands, whatever came before it: work that is done again is not where the workstream has come to.
    fn place_of(&self, role: StepRole, index: usize) -> usize {
        match role {
            StepRole::Edit | StepRole::Static | StepRole::Runtime | StepRole::Measure | StepRole::Improve => index,
            StepRole::Fix => self.one.next,
            StepRole::Resolve => self.plan.steps.len(),
        }
    }

    /// Returns the tools for a place in the plan. A FIX or RESOLVE step is done by the tool of the last EDIT step before it.
    fn route(&self, place: usize) -> &[ToolId] {
        self.edit_before(place).map_or(&[], |step| self.brief.config.route(self.id, &step.id))
    }

    fn edit_before(&self, place: usize) -> Option<&Step> {
        let until = self.plan.steps.iter().take(place.saturating_add(1));
        until.rev().find(|s| matches!(s.kind, StepKind::Edit(_))).or(self.plan.steps.first())
    }

    fn current_tool(&self, place: usize) -> Option<&ToolId> {
        let route = self.route(place);
        self.one.tool.as_ref().filter(|tool| route.contains(tool)).or_else(|| route.first())
    }

    /// Returns the tool that is to blame for what failed: the one of the newest attempt, which need not be the first choice.
    fn last_tool(&self) -> Option<&ToolId> {
        let route = self.route(self.one.next);
        self.one.newest_tool.as_ref().filter(|tool| route.contains(tool)).or_else(|| self.current_tool(self.one.next))
    }

    fn edit_failed(&self, last: &LastStep) -> Action {
        // What a program that needs no prompt did within its rules once, it does again.
        let repeats_itself = matches!(last.outcome, StepOutcome::NoChange | StepOutcome::Rejected | StepOutcome::NotStarted);
        let hopeless = self.last_traits().is_none_or(|tool| tool.fixed || (!tool.prompted && repeats_itself));
        let usual = if self.one.rung == Rung::ReducedContext { 1 } else { self.limits().retry.max_attempts.max(1) };
        let advice = if self.one.rung == Rung::ReducedContext { Advice::defaults(1) } else { self.advice((1, usual)) };
        let differs = advice.about_attempts.as_ref().filter(|_| !hopeless && self.one.tries >= usual.min(advice.attempts));
        let reason = with(&last.message, differs);
        if hopeless || self.one.tries >= advice.attempts {
            return self.climb(&reason);
        }
        let place = format!("{}/{}/{}", self.run.run, self.id, last.step);
        let limits = &self.limits().retry;
        let longer = RetryLimits { initial_delay_sec: limits.initial_delay_sec * advice.wait, ..*limits };
        let at = retry::due(self.brief.now, &longer, self.one.tries, &place);
        let reason = with(&reason, advice.about_wait.as_ref());
        Action::Record(vec![Event::WorkstreamRetrying(WorkstreamMoved { at: Some(at), ..self.moved(Some(reason)) })])
    }

    /// Returns the order to the fixers, when there are any and they have not seen the tip as it is now.
    fn fixers(&self) -> Option<Action> {
        let tree = self.one.tip_tree().filter(|tree| !self.one.fix.seen_by_fixers.contains(tree));
        let is_due = tree.is_some() && !self.plan.fixers.is_empty();
        is_due.then(|| self.order_to(StepId::fix(), (StepRole::Fix, self.one.next), (Some(ToolId::fixers()), None)))
    }

    /// Mends a failed check: by the fixers first, then by one more FIX step of a tool, unless the loop is spent or goes in circles.
    fn mend(&self) -> Action {
        if let Some(fixers) = self.fixers() {
            return fixers;
        }
        let limits = self.limits();
        let fix = &self.one.fix;
        let check = fix.of.as_ref().map_or("check", StepId::as_str).to_owned();
        let failed = self.one.fix.findings.first().map(Finding::short);
        let what = failed.map_or_else(|| format!("{check} fails"), |line| format!("{check} fails: {line}"));
        if let Some(circle) = oscillation(&fix.history, limits.oscillation_window, limits.min_oscillation_repeats) {
            return self.climb(&format!("{what}; {}", circle.message()));
        }
        let checked = self.plan.steps.get(self.one.next);
        let of_kind = match checked.map(|step| &step.kind) {
            Some(StepKind::Runtime(_)) => limits.max_fix_iterations.runtime,
            Some(StepKind::Static(_) | StepKind::Edit(_)) | None => limits.max_fix_iterations.statics,
        };
        let advice = match self.one.rung {
            Rung::ReducedContext => Advice::defaults(1),
            Rung::SameTool | Rung::NextTool => self.advice((1, checked.and_then(|step| step.rules.fixes).unwrap_or(of_kind))),
        };
        let most = advice.attempts;
        if fix.iterations >= most {
            let tried = if most == 0 { String::new() } else { format!(" after {}", count(most as usize, "FIX step")) };
            return self.climb(&with(&format!("{what}{tried}"), advice.about_attempts.as_ref()));
        }
        self.order(StepId::fix(), StepRole::Fix, self.one.next)
    }

    fn traits(&self, place: usize) -> Option<&ToolTraits> {
        self.current_tool(place).and_then(|tool| self.brief.config.tools.get(tool))
    }

    fn last_traits(&self) -> Option<&ToolTraits> {
        self.last_tool().and_then(|tool| self.brief.config.tools.get(tool))
    }

    fn is_prompted(&self) -> bool {
        self.last_traits().is_some_and(|tool| tool.prompted)
    }

    /// Goes up a rung: reduced context, then the next tool, then a person.
    fn climb(&self, reason: &str) -> Action {
        let Some(current) = self.last_tool() else { return self.exhausted(reason) };
        let about = self.advice((1, 1)).about_rungs.filter(|_| self.one.rung == Rung::SameTool && self.is_prompted());
        if self.one.rung == Rung::SameTool && self.is_prompted() && about.is_none() {
            return self.climbed(Rung::ReducedContext, current, reason);
        }
        let reason = with(reason, about.as_ref());
        match self.successor() {
            Some(tool) => self.climbed(Rung::NextTool, tool, &reason),
            None => self.exhausted(&reason),
        }
    }

    fn successor(&self) -> Option<&ToolId> {
        self.known().successor(Wanted { current: self.last_tool(), ..self.wanted(self.one.next) })
    }

    fn climbed(&self, rung: Rung, tool: &ToolId, reason: &str) -> Action {
        let from = self.last_tool().filter(|current| *current != tool).cloned();
        let event =
            Climbed { workstream: self.id.clone(), round: self.one.climbs, rung, tool: tool.clone(), from, reason: reason.to_owned() };
        Action::Record(vec![Event::RecoveryClimbed(event)])
    }

    fn patches<'b>(&'b self, in_state: &'b [PatchStatus]) -> impl Iterator<Item = &'b PatchRecord> {
        self.one.patches.iter().filter(move |patch| in_state.contains(&patch.status))
    }

    fn patch(&self, patch: &PatchRecord, reason: Option<String>) -> PatchMoved {
        patch_moved(self.id, patch, reason)
    }
}

/// Returns the facts of a move of this patch.
#[must_use]
pub fn patch_moved(id: &WorkstreamId, patch: &PatchRecord, reason: Option<String>) -> PatchMoved {
    PatchMoved {
        workstream: id.clone(),
        step: patch.step.clone(),
        attempt: patch.attempt,
        tool: patch.tool.clone(),
        patch: patch.id,
        commit: patch.commit,
        files: patch.files,
        insertions: patch.insertions,
        deletions: patch.deletions,
        reason,
        merge: None,
    }
}

mod advised;
mod ending;
mod goals;
#[cfg(test)]
mod phases;
#[cfg(test)]
mod remedies;
#[cfg(test)]
mod tests;
