//! The names of events in the ledger.

use super::event::Event;

impl Event {
    /// Returns the kind: the event's name in the ledger, such as `patch_verified`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::RunPlanned(_) => "run_planned",
            Self::RunStarted(_) => "run_started",
            Self::RunResumed(_) => "run_resumed",
            Self::RunPaused(_) => "run_paused",
            Self::RunHalted(_) => "run_halted",
            Self::RunCompleted(_) => "run_completed",
            Self::RunFailed(_) => "run_failed",
            Self::RunAborted(_) => "run_aborted",
            Self::WaveStarted(_) => "wave_started",
            Self::WaveFinished(_) => "wave_finished",
            Self::IntegrationPrepared(_) => "integration_prepared",
            Self::IntegrationAdvanced(_) => "integration_advanced",
            Self::IntegrationDropped(_) => "integration_dropped",
            Self::GateFinished(_) => "gate_finished",
            Self::WorktreeCreated(_) => "worktree_created",
            Self::WorktreeRemoved(_) => "worktree_removed",
            Self::WorktreeKept(_) => "worktree_kept",
            Self::StepStarted(_) => "step_started",
            Self::StepFinished(_) => "step_finished",
            Self::PatchCreated(_) => "patch_created",
            Self::PatchValidated(_) => "patch_validated",
            Self::PatchRejected(_) => "patch_rejected",
            Self::PatchApplied(_) => "patch_applied",
            Self::PatchVerified(_) => "patch_verified",
            Self::PatchSuperseded(_) => "patch_superseded",
            Self::PatchQuarantined(_) => "patch_quarantined",
            Self::PatchMerged(_) => "patch_merged",
            Self::PatchReverted(_) => "patch_reverted",
            Self::PatchDropped(_) => "patch_dropped",
            Self::WorkstreamBlocked(_) => "workstream_blocked",
            Self::WorkstreamSkipped(_) => "workstream_skipped",
            Self::WorkstreamRetrying(_) => "workstream_retrying",
            Self::WorkstreamVerified(_) => "workstream_verified",
            Self::WorkstreamConflicted(_) => "workstream_conflicted",
            Self::WorkstreamMerged(_) => "workstream_merged",
            Self::WorkstreamFailed(_) => "workstream_failed",
            Self::WorkstreamTimedOut(_) => "workstream_timed_out",
            Self::WorkstreamQuarantined(_) => "workstream_quarantined",
            Self::WorkstreamAborted(_) => "workstream_aborted",
            Self::WorkstreamPaused(_) => "workstream_paused",
            Self::RecoveryClimbed(_) => "recovery_climbed",
            Self::BreakerOpened(_) => "breaker_opened",
            Self::BreakerClosed(_) => "breaker_closed",
            Self::GarbageCollected(_) => "garbage_collected",
            Self::RunMended(_) => "run_mended",
            Self::DecisionMade(_) => "decision_made",
            Self::IntegrityViolated(_) => "integrity_violated",
            Self::IntegrityNoted(_) => "integrity_noted",
            Self::GateChecked(_) => "gate_checked",
            Self::GateWaived(_) => "gate_waived",
        }
    }
}
