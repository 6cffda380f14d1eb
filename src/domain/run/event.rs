//! Events: what happened, in the past tense. One event is one ledger entry.

use serde::{Deserialize, Serialize};

use super::control::Controlled;
use super::escalation::Escalated;
use super::fact::{
    BreakerMoved, Climbed, GateRun, Integration, PatchCreated, PatchMoved, RunDriven, RunMoved, RunPlanned, StepFinished, StepStarted,
    WaveMoved, WorkstreamMoved, WorktreeMoved,
};
use super::gating::{GateChecked, GateWaived};
use super::goals::{GoalRound, GoalsMeasured, GoalsSettled};
use super::planning::WorkstreamCreated;
use super::purse::{BudgetSet, BudgetWarned};
use super::reread::SettingsReread;
use super::rollback::{Compensation, Rollback};
use super::routed::ToolRouted;
use super::start_move::StartMoved;
use super::tending::{Collected, Decided, Mended};
use crate::domain::id::{Attempt, ObjectId, PatchId, StepId, ToolId, WorkstreamId};
use crate::domain::integrity::fact::IntegrityReport;

/// Something that happened in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A plan was frozen into the ledger.
    RunPlanned(RunPlanned),
    /// The first driver took the run.
    RunStarted(RunDriven),
    /// Another driver took the run over.
    RunResumed(RunDriven),
    /// The run waits: for a person, or after a gentle stop.
    RunPaused(RunMoved),
    /// The run was stopped by a rule or an operator.
    RunHalted(RunMoved),
    /// Every workstream is merged or skipped.
    RunCompleted(RunMoved),
    /// The run is over and something was not merged.
    RunFailed(RunMoved),
    /// The run was given up.
    RunAborted(RunMoved),
    /// A wave began.
    WaveStarted(WaveMoved),
    /// A wave is settled.
    WaveFinished(WaveMoved),
    /// A merge passed its gates; the branch is about to move.
    IntegrationPrepared(Integration),
    /// The branch has moved.
    IntegrationAdvanced(Integration),
    /// A prepared merge was given up, since the branch had moved meanwhile.
    IntegrationDropped(Integration),
    /// A gate was run on a merged tree.
    GateFinished(GateRun),
    /// A worktree is about to be made.
    WorktreeCreated(WorktreeMoved),
    /// A worktree was removed, with everything in it recorded.
    WorktreeRemoved(WorktreeMoved),
    /// A worktree was left in place, since something in it is not recorded.
    WorktreeKept(WorktreeMoved),
    /// A workstream that has no work yet begins on a newer commit.
    StartMoved(StartMoved),
    /// An attempt began.
    StepStarted(StepStarted),
    /// An attempt ended.
    StepFinished(StepFinished),
    /// A patch was captured.
    PatchCreated(PatchCreated),
    /// A patch is within its scope and its paths are sound.
    PatchValidated(PatchMoved),
    /// A patch could not be used at all.
    PatchRejected(PatchMoved),
    /// A patch is the tip of its workstream.
    PatchApplied(PatchMoved),
    /// Every check passed on a patch.
    PatchVerified(PatchMoved),
    /// A later attempt takes its place.
    PatchSuperseded(PatchMoved),
    /// A patch must not be merged; kept under its own ref.
    PatchQuarantined(PatchMoved),
    /// A patch is part of the integration branch.
    PatchMerged(PatchMoved),
    /// A merged patch was undone by a later commit.
    PatchReverted(PatchMoved),
    /// An operator or a resume put a patch aside.
    PatchDropped(PatchMoved),
    /// A workstream waits for others that did not make it.
    WorkstreamBlocked(WorkstreamMoved),
    /// A workstream will not be run.
    WorkstreamSkipped(WorkstreamMoved),
    /// A workstream will be tried again.
    WorkstreamRetrying(WorkstreamMoved),
    /// Every step of a workstream passed.
    WorkstreamVerified(WorkstreamMoved),
    /// A workstream does not merge with the tip.
    WorkstreamConflicted(WorkstreamMoved),
    /// A workstream is part of the integration branch.
    WorkstreamMerged(WorkstreamMoved),
    /// A workstream failed.
    WorkstreamFailed(WorkstreamMoved),
    /// A workstream ran out of time.
    WorkstreamTimedOut(WorkstreamMoved),
    /// The work of a workstream must not be merged.
    WorkstreamQuarantined(WorkstreamMoved),
    /// A workstream was stopped for good.
    WorkstreamAborted(WorkstreamMoved),
    /// A workstream waits for a person.
    WorkstreamPaused(WorkstreamMoved),
    /// A workstream went up a rung of the recovery ladder.
    RecoveryClimbed(Climbed),
    /// A tool is left alone for a while.
    BreakerOpened(BreakerMoved),
    /// A tool works again.
    BreakerClosed(BreakerMoved),
    /// The tool of an attempt was chosen among several.
    ToolRouted(ToolRouted),
    /// Most of a budget is spent.
    BudgetWarned(BudgetWarned),
    /// Somebody set budgets anew.
    BudgetSet(BudgetSet),
    /// The settings were read again before a wave.
    SettingsReread(SettingsReread),
    /// A person should look at something.
    Escalated(Escalated),
    /// What a run no longer needs was taken away.
    GarbageCollected(Collected),
    /// Something of a run was put right without driving it.
    RunMended(Mended),
    /// A person decided about a workstream or a gate.
    DecisionMade(Decided),
    /// A person told the run or a workstream to do something.
    Controlled(Controlled),
    /// Something that nobody may change was changed while a step ran; it was put back.
    IntegrityViolated(IntegrityReport),
    /// Something of the user's changed while a step ran, by whomever.
    IntegrityNoted(IntegrityReport),
    /// Somebody wants merged work undone; the gates are about to look at what would be left.
    RollbackStarted(Rollback),
    /// What is left without the work passed its gates; the branch is about to move.
    RollbackPrepared(Rollback),
    /// Merged work was undone by new commits on the branch.
    RolledBack(Rollback),
    /// Nothing was undone after all.
    RollbackDropped(Rollback),
    /// A command that undoes an effect outside of the repository is about to run.
    CompensationStarted(Compensation),
    /// A command that undoes an effect outside of the repository has ended.
    CompensationFinished(Compensation),
    /// A gate was run outside of any run.
    GateChecked(GateChecked),
    /// Somebody lets a tree pass a gate.
    GateWaived(GateWaived),
    /// Somebody put a workstream into a plan.
    WorkstreamCreated(WorkstreamCreated),
    /// The goals of a workstream were measured.
    GoalsMeasured(GoalsMeasured),
    /// A round of improvement began.
    GoalRound(GoalRound),
    /// The goals of a workstream are pursued no further.
    GoalsSettled(GoalsSettled),
}

/// What an event is about, for trailers and filters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About<'a> {
    /// The workstream.
    pub workstream: Option<&'a WorkstreamId>,
    /// The step.
    pub step: Option<&'a StepId>,
    /// The attempt.
    pub attempt: Option<Attempt>,
    /// The patch.
    pub patch: Option<PatchId>,
    /// The commit.
    pub commit: Option<ObjectId>,
    /// The tool.
    pub tool: Option<&'a ToolId>,
}

impl Event {
    /// Returns the patch facts of an event that moves a patch.
    #[must_use]
    pub fn patch_moved(&self) -> Option<&PatchMoved> {
        if let Self::PatchValidated(m)
        | Self::PatchRejected(m)
        | Self::PatchApplied(m)
        | Self::PatchVerified(m)
        | Self::PatchSuperseded(m)
        | Self::PatchQuarantined(m)
        | Self::PatchMerged(m)
        | Self::PatchReverted(m)
        | Self::PatchDropped(m) = self
        {
            return Some(m);
        }
        None
    }

    /// Returns the facts of an event that moves a workstream.
    #[must_use]
    pub fn workstream_moved(&self) -> Option<&WorkstreamMoved> {
        if let Self::WorkstreamBlocked(m)
        | Self::WorkstreamSkipped(m)
        | Self::WorkstreamRetrying(m)
        | Self::WorkstreamVerified(m)
        | Self::WorkstreamConflicted(m)
        | Self::WorkstreamMerged(m)
        | Self::WorkstreamFailed(m)
        | Self::WorkstreamTimedOut(m)
        | Self::WorkstreamQuarantined(m)
        | Self::WorkstreamAborted(m)
        | Self::WorkstreamPaused(m) = self
        {
            return Some(m);
        }
        None
    }

    /// Returns the facts of an event that moves the run.
    #[must_use]
    pub fn run_moved(&self) -> Option<&RunMoved> {
        if let Self::RunPaused(m) | Self::RunHalted(m) | Self::RunCompleted(m) | Self::RunFailed(m) | Self::RunAborted(m) = self {
            return Some(m);
        }
        None
    }

    /// Returns how often the run was tended before, for an event by which somebody tends it without driving it.
    #[must_use]
    pub fn tended(&self) -> Option<u32> {
        if let Self::GarbageCollected(Collected { round, .. })
        | Self::RunMended(Mended { round, .. })
        | Self::DecisionMade(Decided { round, .. }) = self
        {
            return Some(*round);
        }
        self.rollback().map(|m| m.round).or_else(|| self.compensation().map(|m| m.round))
    }

    /// Returns whether the event belongs to the repository and to no run.
    #[must_use]
    pub const fn is_of_repository(&self) -> bool {
        matches!(self, Self::GateChecked(_) | Self::GateWaived(_) | Self::WorkstreamCreated(_))
    }

    /// Returns what the event is about.
    #[must_use]
    pub fn about(&self) -> About<'_> {
        if let Some(m) = self.patch_moved() {
            return About {
                workstream: Some(&m.workstream),
                step: Some(&m.step),
                attempt: Some(m.attempt),
                patch: Some(m.patch),
                commit: Some(m.commit),
                // Whoever undoes a patch is not the tool that made it.
                tool: Some(&m.tool).filter(|_| !matches!(self, Self::PatchReverted(_))),
            };
        }
        if let Some(m) = self.workstream_moved() {
            return About { workstream: Some(&m.workstream), commit: m.commit, ..About::default() };
        }
        if let Self::StepStarted(m) = self {
            return About {
                workstream: Some(&m.workstream),
                step: Some(&m.step),
                attempt: Some(m.attempt),
                tool: m.tool.as_ref(),
                ..About::default()
            };
        }
        if let Self::StepFinished(m) = self {
            return About {
                workstream: Some(&m.workstream),
                step: Some(&m.step),
                attempt: Some(m.attempt),
                tool: m.tool.as_ref(),
                ..About::default()
            };
        }
        self.about_rest()
    }

    fn about_rest(&self) -> About<'_> {
        if let Self::PatchCreated(m) = self {
            return About {
                workstream: Some(&m.workstream),
                step: Some(&m.step),
                attempt: Some(m.attempt),
                patch: Some(m.patch),
                commit: Some(m.commit),
                tool: Some(&m.tool),
            };
        }
        if let Self::WorktreeCreated(m) | Self::WorktreeRemoved(m) | Self::WorktreeKept(m) = self {
            return About { workstream: Some(&m.workstream), ..About::default() };
        }
        if let Self::IntegrationPrepared(m) | Self::IntegrationAdvanced(m) | Self::IntegrationDropped(m) = self {
            return About { commit: Some(m.commit), ..About::default() };
        }
        if let Some(m) = self.rollback() {
            return About { commit: Some(m.new), ..About::default() };
        }
        if let Some(m) = self.compensation() {
            return About { workstream: Some(&m.action.workstream), commit: Some(m.rollback), ..About::default() };
        }
        if let Self::RecoveryClimbed(m) = self {
            return About { workstream: Some(&m.workstream), tool: Some(&m.tool), ..About::default() };
        }
        if let Self::BreakerOpened(m) | Self::BreakerClosed(m) = self {
            return About { tool: Some(&m.tool), ..About::default() };
        }
        if let Self::ToolRouted(m) = self {
            return About {
                workstream: Some(&m.workstream),
                step: Some(&m.step),
                attempt: Some(m.attempt),
                tool: Some(&m.tool),
                ..About::default()
            };
        }
        self.about_told()
    }

    fn about_told(&self) -> About<'_> {
        if let Self::StartMoved(m) = self {
            return About {
                workstream: Some(&m.workstream),
                step: Some(&m.step),
                attempt: Some(m.attempt),
                commit: Some(m.tip),
                ..About::default()
            };
        }
        if let Self::Controlled(m) = self {
            return About { workstream: m.workstream.as_ref(), patch: m.retry_of, commit: m.on, ..About::default() };
        }
        if let Self::GoalsMeasured(GoalsMeasured { workstream, commit, .. })
        | Self::GoalRound(GoalRound { workstream, commit, .. })
        | Self::GoalsSettled(GoalsSettled { workstream, commit, .. }) = self
        {
            return About { workstream: Some(workstream), commit: Some(*commit), ..About::default() };
        }
        if let Self::Escalated(m) = self {
            return About { tool: m.tool.as_ref(), ..About::default() };
        }
        if let Self::GateChecked(GateChecked { commit, .. }) | Self::GateWaived(GateWaived { commit, .. }) = self {
            return About { commit: Some(*commit), ..About::default() };
        }
        if let Self::WorkstreamCreated(m) = self {
            return About { workstream: Some(&m.workstream), ..About::default() };
        }
        if let Self::IntegrityViolated(m) | Self::IntegrityNoted(m) = self {
            return About { workstream: m.workstream.as_ref(), step: m.step.as_ref(), attempt: m.attempt, ..About::default() };
        }
        About::default()
    }

    /// Returns the idempotency key inside a run: equal for the same fact, however often it is told.
    #[must_use]
    pub fn key(&self) -> String {
        let kind = self.kind();
        if let Some(m) = self.patch_moved() {
            return format!("{}/{}/{}/{kind}/{}", m.workstream, m.step, m.attempt, m.patch.lower());
        }
        if let Some(m) = self.workstream_moved() {
            return format!("{}/{kind}/{}", m.workstream, m.round);
        }
        if let Some(m) = self.run_moved() {
            return format!("{kind}/{}", m.round);
        }
        if let Some(round) = self.tended() {
            return format!("{kind}/{round}");
        }
        if let Self::StepStarted(StepStarted { workstream, step, attempt, .. })
        | Self::StepFinished(StepFinished { workstream, step, attempt, .. }) = self
        {
            return format!("{workstream}/{step}/{attempt}/{kind}");
        }
        if let Self::PatchCreated(m) = self {
            return format!("{}/{}/{}/{kind}/{}", m.workstream, m.step, m.attempt, m.patch.lower());
        }
        self.key_rest()
    }

    fn key_rest(&self) -> String {
        let kind = self.kind();
        if let Self::RunStarted(m) | Self::RunResumed(m) = self {
            return format!("{kind}/{}", m.round);
        }
        if let Self::WaveStarted(m) | Self::WaveFinished(m) = self {
            return format!("{kind}/{}", m.wave);
        }
        if let Self::SettingsReread(m) = self {
            return format!("{kind}/{}", m.wave);
        }
        if let Self::IntegrationPrepared(m) | Self::IntegrationAdvanced(m) | Self::IntegrationDropped(m) = self {
            return format!("{kind}/{}/{}", m.wave, m.commit);
        }
        if let Self::GateFinished(m) = self {
            let again = m.rollback.map(|tending| format!("/{tending}")).unwrap_or_default();
            return format!("{kind}/{}/{}/{}{again}", m.gate, m.tree, m.round);
        }
        if let Self::WorktreeCreated(m) | Self::WorktreeRemoved(m) | Self::WorktreeKept(m) = self {
            return format!("{}/{kind}/{}", m.workstream, m.round);
        }
        if let Self::RecoveryClimbed(m) = self {
            return format!("{}/{kind}/{}", m.workstream, m.round);
        }
        if let Self::BreakerOpened(m) | Self::BreakerClosed(m) = self {
            return format!("{}/{kind}/{}", m.tool, m.round);
        }
        if let Self::GoalsMeasured(GoalsMeasured { workstream, turn, .. })
        | Self::GoalRound(GoalRound { workstream, turn, .. })
        | Self::GoalsSettled(GoalsSettled { workstream, turn, .. }) = self
        {
            return format!("{workstream}/{kind}/{turn}");
        }
        if let Self::ToolRouted(ToolRouted { workstream, step, attempt, .. })
        | Self::StartMoved(StartMoved { workstream, step, attempt, .. }) = self
        {
            return format!("{workstream}/{step}/{attempt}/{kind}");
        }
        if let Self::BudgetWarned(m) = self {
            return format!("{kind}/{}", m.name());
        }
        if let Self::BudgetSet(BudgetSet { round, .. }) | Self::Controlled(Controlled { round, .. }) = self {
            return format!("{kind}/{round}");
        }
        if let Self::Escalated(m) = self {
            return format!("{kind}/{}", m.name());
        }
        if let Self::GateChecked(GateChecked { gate, tree, session, .. }) | Self::GateWaived(GateWaived { gate, tree, session, .. }) = self
        {
            return format!("{kind}/{gate}/{tree}/{}", session.to_lowercase());
        }
        if let Self::WorkstreamCreated(m) = self {
            return format!("{}/{kind}/{}", m.workstream, m.session.to_lowercase());
        }
        if let Self::IntegrityViolated(m) | Self::IntegrityNoted(m) = self {
            return m.key(kind);
        }
        kind.to_owned()
    }
}
