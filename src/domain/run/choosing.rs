//! Which tool does a step now: the candidates in the order of the strategy, the first one that nothing keeps from it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::breaker::{Permission, permission};
use super::brief::Brief;
use super::routed::{Candidacy, Candidate, Routing};
use super::standing::Standing;
use super::state::RunState;
use crate::domain::id::ToolId;
use crate::domain::tool::strategy::{Strategy, score};

/// What was given away in one round of deciding and is not in the state yet.
#[derive(Debug, Clone, Default)]
pub struct Claims {
    /// Steps that begin, per tool.
    tools: BTreeMap<ToolId, u32>,
    /// Choices that were made, per capability.
    choices: BTreeMap<String, u32>,
}

impl Claims {
    /// Notes that a step begins with this tool.
    pub fn claim(&mut self, tool: &ToolId, routing: Option<&Routing>) {
        *self.tools.entry(tool.clone()).or_default() += 1;
        if let Some(capability) = routing.and_then(|routing| routing.capability.clone()) {
            *self.choices.entry(capability).or_default() += 1;
        }
    }

    fn of(&self, tool: &ToolId) -> u32 {
        self.tools.get(tool).copied().unwrap_or(0)
    }
}

/// Who needs a tool, and which may do.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The candidates as written.
    pub route: &'a [ToolId],
    /// The one that the workstream has settled on.
    pub current: Option<&'a ToolId>,
    /// Those that were tried for it before.
    pub tried: &'a [ToolId],
    /// What the step asks for.
    pub capability: Option<&'a str>,
}

/// A tool, and how it came to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The tool.
    pub tool: ToolId,
    /// The decision, where there was one to make.
    pub routing: Option<Routing>,
}

/// Why no tool can do a step now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lack {
    /// One can at this time.
    Until(Timestamp),
    /// One can when something that is under way has ended.
    Busy,
    /// None can until somebody does something about it; one sentence fragment per tool.
    Nobody(String),
    /// There is none.
    Unknown,
}

/// What is known when a tool is chosen.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// The plan, the settings and the time.
    pub brief: Brief<'a>,
    /// The run.
    pub run: &'a RunState,
    /// What was given away in this round.
    pub claims: &'a Claims,
}

/// Chooses the tool of a step.
///
/// # Errors
/// Returns a [`Lack`] when none can do it now.
pub fn choose(known: Known<'_>, wanted: Wanted<'_>) -> Result<Choice, Lack> {
    let strategy = wanted.capability.and_then(|name| known.brief.config.strategies.get(name)).copied().unwrap_or_default();
    let ordered = known.ordered(wanted, strategy);
    if ordered.is_empty() {
        return Err(Lack::Unknown);
    }
    let mut found = Found::default();
    for (tool, score) in ordered {
        let (verdict, reason) = match &found.chosen {
            Some(_) => known.spare(tool, wanted),
            None => known.verdict(tool, wanted, &mut found),
        };
        if verdict == Candidacy::Chosen {
            found.chosen = Some(tool.clone());
        }
        found.candidates.push(Candidate { tool: tool.clone(), verdict, reason, score });
        // Another tool than the first one that could do it might cost what nobody agreed to.
        if strategy == Strategy::Fixed && matches!(verdict, Candidacy::Busy | Candidacy::Paced) {
            break;
        }
    }
    found.conclude(wanted, strategy)
}

#[derive(Default)]
struct Found {
    chosen: Option<ToolId>,
    candidates: Vec<Candidate>,
    until: Option<Timestamp>,
    busy: bool,
}

impl Found {
    fn wait(&mut self, at: Timestamp) {
        self.until = Some(self.until.map_or(at, |earlier| earlier.min(at)));
    }

    fn conclude(self, wanted: Wanted<'_>, strategy: Strategy) -> Result<Choice, Lack> {
        let Some(tool) = self.chosen else {
            return Err(match self.until {
                // The end of a step is noticed in any case.
                Some(at) => Lack::Until(at),
                None if self.busy => Lack::Busy,
                None => Lack::Nobody(self.candidates.iter().map(said).collect::<Vec<_>>().join("; ")),
            });
        };
        if wanted.route.len() < 2 && wanted.capability.is_none() {
            return Ok(Choice { tool, routing: None });
        }
        let passed_over: Vec<String> = self.candidates.iter().take_while(|one| one.tool != tool).map(said).collect();
        let tried: Vec<String> = self.candidates.iter().filter(|one| one.verdict == Candidacy::Tried).map(said).collect();
        let score = self.candidates.iter().find(|one| one.tool == tool).and_then(|one| one.score);
        let reason = match (strategy, score) {
            _ if !passed_over.is_empty() => passed_over.join("; "),
            _ if wanted.current == Some(&tool) && !tried.is_empty() => tried.join("; "),
            _ if wanted.current == Some(&tool) => "this workstream uses it".to_owned(),
            (Strategy::ByRecord, Some(score)) => format!("the best record, {}.{:03}", score / 1000, score % 1000),
            (Strategy::RoundRobin, _) => "its turn".to_owned(),
            (Strategy::Fixed | Strategy::ByRecord, _) => "the first choice".to_owned(),
        };
        let capability = wanted.capability.map(str::to_owned);
        Ok(Choice { tool, routing: Some(Routing { capability, strategy, candidates: self.candidates, reason }) })
    }
}

fn said(one: &Candidate) -> String {
    let more = one.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("{} {}{more}", one.tool, one.verdict.words())
}

impl<'a> Known<'a> {
    /// Returns the candidates, the one that the workstream has settled on first.
    fn ordered(&self, wanted: Wanted<'a>, strategy: Strategy) -> Vec<(&'a ToolId, Option<u32>)> {
        let scored = |tool: &'a ToolId| (tool, (strategy == Strategy::ByRecord).then(|| self.score(tool)));
        let mut ordered: Vec<_> = wanted.route.iter().map(scored).collect();
        match strategy {
            Strategy::Fixed => {}
            Strategy::ByRecord => ordered.sort_by_key(|(_, score)| std::cmp::Reverse(*score)),
            Strategy::RoundRobin if !ordered.is_empty() => {
                let name = wanted.capability.unwrap_or_default();
                let turns = |counts: &BTreeMap<String, u32>| counts.get(name).copied().unwrap_or(0) as usize;
                let turn = turns(&self.run.choices) + turns(&self.claims.choices);
                let count = ordered.len();
                ordered.rotate_left(turn % count);
            }
            Strategy::RoundRobin => {}
        }
        if let Some(current) = wanted.current {
            // A stable order: the current one first, the others as they were.
            ordered.sort_by_key(|(tool, _)| *tool != current);
        }
        ordered
    }

    /// Returns the score of a tool in thousandths, by the history of the ledger and by what it did in this run.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a score is between 0 and 1")]
    fn score(&self, tool: &ToolId) -> u32 {
        let before = self.brief.config.records.get(tool).copied().unwrap_or_default();
        let here = self.run.tools.get(tool);
        let attempts = before.attempts.saturating_add(here.map_or(0, |one| one.attempts));
        let passed = before.passed.saturating_add(here.map_or(0, |one| one.passed));
        let took_ms = before.took_ms.saturating_add(here.map_or(0, |one| one.took_ms));
        (score(passed, attempts, took_ms / u64::from(attempts.max(1))) * 1000.0).round() as u32
    }

    fn spare(&self, tool: &ToolId, wanted: Wanted<'_>) -> (Candidacy, Option<String>) {
        if self.brief.config.absent.contains_key(tool) {
            (Candidacy::Absent, None)
        } else if wanted.tried.contains(tool) {
            (Candidacy::Tried, self.run.tools.get(tool).and_then(|standing| standing.unusable.clone()))
        } else {
            (Candidacy::Spare, None)
        }
    }

    fn verdict(&self, tool: &ToolId, wanted: Wanted<'_>, found: &mut Found) -> (Candidacy, Option<String>) {
        if let Some(reason) = self.brief.config.absent.get(tool) {
            return (Candidacy::Absent, Some(reason.clone()));
        }
        if wanted.tried.contains(tool) && wanted.current != Some(tool) {
            return (Candidacy::Tried, None);
        }
        let (now, standing) = (self.brief.now, self.run.tools.get(tool));
        if let Some(reason) = standing.and_then(|one| one.unusable.clone()) {
            return (Candidacy::Unusable, Some(reason));
        }
        let breaker = self.run.breakers.get(tool);
        let given_up = SignedDuration::from_secs(i64::try_from(self.brief.config.breaker.give_up_sec).unwrap_or(i64::MAX));
        if breaker.and_then(|one| one.since).is_some_and(|since| now.duration_since(since) >= given_up) {
            return (Candidacy::Unusable, Some("it failed for too long".to_owned()));
        }
        if let Some(until) = standing.and_then(|one| one.limited).filter(|until| *until > now) {
            found.wait(until);
            return (Candidacy::RateLimited, Some(format!("until {until:.0}")));
        }
        match permission(breaker, now) {
            Permission::Until(at) => {
                found.wait(at);
                return (Candidacy::BreakerOpen, Some(format!("until {at:.0}")));
            }
            Permission::Trial if self.at_work(tool) > 0 => {
                found.busy = true;
                return (Candidacy::BreakerOpen, Some("another step tries it".to_owned()));
            }
            Permission::Trial | Permission::Free => {}
        }
        self.bounded(tool, standing, found)
    }

    /// Returns whether one more of a tool may be started.
    fn bounded(&self, tool: &ToolId, standing: Option<&Standing>, found: &mut Found) -> (Candidacy, Option<String>) {
        let Some(traits) = self.brief.config.tools.get(tool) else { return (Candidacy::Chosen, None) };
        if let Some(most) = traits.max_parallel.filter(|most| self.at_work(tool) >= *most) {
            found.busy = true;
            return (Candidacy::Busy, Some(format!("{most} at once")));
        }
        let fresh = Standing::default();
        let standing = standing.unwrap_or(&fresh);
        let paced = traits.starts_per_minute.and_then(|most| standing.paced(most, self.claims.of(tool), self.brief.now));
        if let Some(at) = paced {
            found.wait(at);
            return (Candidacy::Paced, Some(format!("until {at:.0}")));
        }
        (Candidacy::Chosen, None)
    }

    /// Returns how many steps use a tool or are about to.
    fn at_work(&self, tool: &ToolId) -> u32 {
        let uses = |one: &&super::state::WorkstreamState| one.open.as_ref().is_some_and(|open| open.tool.as_ref() == Some(tool));
        let open = self.run.workstreams.values().filter(uses).count();
        u32::try_from(open).unwrap_or(u32::MAX).saturating_add(self.claims.of(tool))
    }

    /// Returns the tool that takes over after the current one: the next that was not tried and can be used.
    #[must_use]
    pub fn successor(&self, wanted: Wanted<'a>) -> Option<&'a ToolId> {
        let is_usable = |tool: &&ToolId| {
            let unusable = self.run.tools.get(*tool).is_some_and(|one| one.unusable.is_some());
            !unusable && !self.brief.config.absent.contains_key(*tool)
        };
        let is_new = |tool: &&ToolId| wanted.current != Some(*tool) && !wanted.tried.contains(*tool);
        // Those before the current one in the route were passed over or tried, unless the order was another one.
        wanted.route.iter().filter(is_new).find(is_usable)
    }
}

#[cfg(test)]
mod tests;
