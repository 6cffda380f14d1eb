//! Faults that are planted on purpose, one at a time: each must be seen by some law, or the laws are decoration.

use std::collections::BTreeMap;

use git_orc::domain::plan::model::CheckedPlan;
use git_orc::domain::policy::budget::Budgets;
use git_orc::domain::run::config::RunConfig;
use git_orc::domain::run::handling::Response;

use super::story::{Outcome, tell_planted};

/// A fault of a driver or of its repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plant {
    /// There is none.
    None,
    /// It tells everything twice and looks up no key.
    TellsTwice,
    /// It runs no gate.
    SkipsGates,
    /// It moves the branch before it records that it will.
    MovesFirst,
    /// It writes no refs for patches that are put aside.
    ForgetsKept,
    /// It starts one workstream more than it may.
    OneWorkerMore,
    /// It puts everything into one wave.
    OneWave,
    /// It believes an old checkpoint and reads nothing after it.
    StaleCheckpoint,
    /// It goes on although the disk was full.
    BelievesUnwritten,
    /// It leaves the lock of a dead one.
    LeavesLock,
    /// It moves the branch without looking where it stands.
    PushesOver,
    /// It never gives up.
    NeverGivesUp,
    /// It lets a conflict be resolved on top of a merge that no gate has seen.
    ResolvesOnUngated,
    /// It asks no budget.
    SpendsOn,
    /// It starts more of a tool than may run at once.
    IgnoresBusy,
    /// It goes on after what is critical.
    IgnoresCritical,
}

impl Plant {
    /// Puts the fault into the plan and the settings as a driver has them, where it is one of these.
    pub(super) fn spoil(self, (plan, config): &mut (CheckedPlan, RunConfig)) {
        config.max_workers += u32::from(self == Plant::OneWorkerMore);
        if self == Plant::SpendsOn {
            config.budgets = Budgets::default();
        }
        if self == Plant::IgnoresBusy {
            config.tools.values_mut().for_each(|tool| tool.max_parallel = None);
        }
        if self == Plant::IgnoresCritical {
            plan.workstreams.iter_mut().flat_map(|one| &mut one.handling).for_each(|handling| handling.response = Response::Block);
        }
        if self == Plant::NeverGivesUp {
            plan.workstreams.iter_mut().for_each(|one| one.limits.retry.max_attempts = 40);
        }
    }
}

/// How many seeds each fault gets; more when no law has seen it by then, since some need a rare meeting of events.
const SEEDS: u64 = 60;
const MOST_SEEDS: u64 = 2_000;

#[test]
#[ignore = "fifteen faults with sixty seeds each take some seconds"]
fn every_planted_fault_breaks_a_law() {
    let all = [
        Plant::TellsTwice,
        Plant::SkipsGates,
        Plant::MovesFirst,
        Plant::ForgetsKept,
        Plant::OneWorkerMore,
        Plant::OneWave,
        Plant::StaleCheckpoint,
        Plant::BelievesUnwritten,
        Plant::LeavesLock,
        Plant::PushesOver,
        Plant::NeverGivesUp,
        Plant::ResolvesOnUngated,
        Plant::SpendsOn,
        Plant::IgnoresBusy,
        Plant::IgnoresCritical,
    ];
    for plant in all {
        let mut caught = BTreeMap::<String, u64>::new();
        let mut tried = 0;
        while tried < SEEDS || caught.is_empty() && tried < MOST_SEEDS {
            let seed = tried;
            tried += 1;
            if let Outcome::Broken { law, .. } = tell_planted(seed, plant).outcome {
                *caught.entry(law).or_default() += 1;
            }
        }
        println!("{plant:?}: {} of {tried} seeds: {caught:?}", caught.values().sum::<u64>());
        assert!(!caught.is_empty(), "no law sees {plant:?}");
    }
}
