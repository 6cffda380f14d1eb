//! What is recorded about the goals of a workstream, and what that folds into. Stored formats: fields are only ever added, with a default.

pub mod fold;
pub mod steer;

use serde::{Deserialize, Serialize};

use crate::domain::finding::model::Finding;
use crate::domain::goal::amount::Amount;
use crate::domain::goal::gap::{GoalValue, told};
use crate::domain::id::{ObjectId, WorkstreamId};

/// The goals of a workstream were measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoalsMeasured {
    /// Whose goals they are.
    pub workstream: WorkstreamId,
    /// How many events about goals the workstream had before.
    pub turn: u32,
    /// The round of improvement after which it was measured; 0 before the first one.
    pub round: u32,
    /// The commit that was measured.
    pub commit: ObjectId,
    /// Its tree.
    pub tree: ObjectId,
    /// The goals in the order of the plan.
    pub values: Vec<GoalValue>,
    /// How near they are together: 1 when each is reached.
    pub score: Amount,
}

/// A round of improvement began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoalRound {
    /// Whose round it is.
    pub workstream: WorkstreamId,
    /// How many events about goals the workstream had before.
    pub turn: u32,
    /// The round, counted from 1.
    pub round: u32,
    /// The goal that is to come nearer.
    pub goal: String,
    /// What is measured of it, in a word.
    pub measure: String,
    /// The strategy.
    pub strategy: String,
    /// Why it is this goal and this strategy.
    pub why: String,
    /// The commit that the round begins on: the best one so far.
    pub commit: ObjectId,
}

impl GoalsMeasured {
    /// Returns what was measured, in one line.
    #[must_use]
    pub fn line(&self) -> String {
        let values: Vec<String> = self.values.iter().map(GoalValue::line).collect();
        format!("after round {}: {}", self.round, values.join(", "))
    }
}

impl GoalRound {
    /// Returns what is tried, in one line.
    #[must_use]
    pub fn line(&self) -> String {
        format!("round {}: {} by {}: {}", self.round, self.goal, self.strategy, self.why)
    }
}

/// Why goals are pursued no further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GoalsEnd {
    /// Each of them is reached.
    Met,
    /// Rounds brought no progress.
    Stalled,
    /// There were as many rounds as there may be.
    Rounds,
    /// A budget is used up.
    Budget,
}

impl GoalsEnd {
    /// Returns its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Stalled => "stalled",
            Self::Rounds => "rounds",
            Self::Budget => "budget",
        }
    }
}

/// The goals of a workstream are pursued no further.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoalsSettled {
    /// Whose goals they are.
    pub workstream: WorkstreamId,
    /// How many events about goals the workstream had before.
    pub turn: u32,
    /// The best commit, which is the work of the workstream from now on.
    pub commit: ObjectId,
    /// How many goals it reaches.
    pub met: u32,
    /// Of how many.
    pub of: u32,
    /// The goals that the work is not done without and that are not reached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lacking: Vec<String>,
    /// Why it ends here.
    pub reason: GoalsEnd,
    /// How it stands, for people.
    pub message: String,
}

/// One measurement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measurement {
    /// The round after which it was made; 0 before the first one.
    pub round: u32,
    /// The commit.
    pub commit: ObjectId,
    /// Its tree.
    pub tree: ObjectId,
    /// The goals.
    pub values: Vec<GoalValue>,
    /// How near they are together.
    pub score: Amount,
    /// Why a person must look at this commit before it lands, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub review: Vec<String>,
}

impl Measurement {
    /// Returns what measurements are compared by: whether the work is done with it, then how near all goals are.
    #[must_use]
    pub fn worth(&self) -> (bool, Amount) {
        (self.values.iter().all(|value| value.met || !value.required), self.score)
    }
}

/// One round of improvement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    /// The goal that is to come nearer.
    pub goal: String,
    /// The strategy.
    pub strategy: String,
}

/// Where a round of improvement stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoundStage {
    /// There is none.
    #[default]
    Between,
    /// The improvement is due, or under way.
    Improving,
    /// It was made; the checks look at it.
    Checking,
    /// There will be none any more.
    Settled,
}

/// Where a workstream stands with its goals.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoalsState {
    /// How many events about goals there were.
    #[serde(default)]
    pub turns: u32,
    /// The measurements, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measured: Vec<Measurement>,
    /// The rounds, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rounds: Vec<Round>,
    /// Where the newest round stands.
    #[serde(default)]
    pub stage: RoundStage,
    /// What the newest measurement found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled: Option<GoalsSettled>,
}

impl GoalsState {
    /// Returns whether nothing happened.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the number of the newest round; 0 when there was none.
    #[must_use]
    pub fn round(&self) -> u32 {
        u32::try_from(self.rounds.len()).unwrap_or(u32::MAX)
    }

    /// Returns whether a round of improvement is under way.
    #[must_use]
    pub fn is_in_round(&self) -> bool {
        matches!(self.stage, RoundStage::Improving | RoundStage::Checking)
    }

    /// Returns the best measurement: one that reaches what is required before any other, then the nearest; of equals the first one, which took
    /// less.
    #[must_use]
    pub fn best(&self) -> Option<&Measurement> {
        let mut best: Option<&Measurement> = None;
        for one in &self.measured {
            if best.is_none_or(|known| one.worth() > known.worth()) {
                best = Some(one);
            }
        }
        best
    }

    /// Returns whether a commit was measured.
    #[must_use]
    pub fn is_measured_at(&self, commit: Option<ObjectId>) -> bool {
        self.measured.last().is_some_and(|last| Some(last.commit) == commit) && !self.is_in_round()
    }

    /// Returns the measurement of a round.
    #[must_use]
    pub fn of_round(&self, round: u32) -> Option<&Measurement> {
        self.measured.iter().rfind(|one| one.round == round)
    }

    /// Returns how it stands, for people; nothing before the first measurement.
    #[must_use]
    pub fn told(&self) -> Option<String> {
        let settled = self.settled.as_ref().map(|settled| settled.message.clone());
        settled.or_else(|| self.best().map(|best| told(&best.values)))
    }

    /// Forgets everything but how much was told, for work that begins again.
    pub fn start_over(&mut self) {
        *self = Self { turns: self.turns, ..Self::default() };
    }
}
