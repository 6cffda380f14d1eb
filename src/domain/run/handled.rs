//! What a workstream that can not go on by itself does next, by the handlings of its plan.

use jiff::{SignedDuration, Timestamp};

use super::escalation::{Escalated, Held, Trigger};
use super::event::Event;
use super::fact::{RunMoved, StepOutcome, StepRole, WorkstreamMoved};
use super::handling::{Cause, Handling, Patience, Response};
use super::limits::{Growth, RetryLimits};
use super::retry;
use super::state::{RunState, WorkstreamState, WorkstreamStatus};
use crate::domain::id::WorkstreamId;
use crate::domain::phase::judge::SOURCE;
use crate::domain::plan::model::CheckedPlan;

/// Returns what is recorded when a handling answers: another round, or the end of the work until a person comes.
#[must_use]
pub fn events(answer: &Answer<'_>, run: &RunState, (id, one): (&WorkstreamId, &WorkstreamState), reason: &str) -> Vec<Event> {
    let moved = |reason: String| WorkstreamMoved { reason: Some(reason), ..WorkstreamMoved::new(id.clone(), one.round) };
    let handling = match answer {
        Answer::Again(handling, at) => {
            let policy = Some(handling.name.clone());
            return vec![Event::WorkstreamRetrying(WorkstreamMoved { at: Some(*at), policy, ..moved(reason.to_owned()) })];
        }
        Answer::Done(handling) => handling,
    };
    let told = if handling.notify.is_empty() { String::new() } else { format!("; for {}", handling.notify.join(", ")) };
    let said = format!("{}: {reason}", handling.name);
    let back = if handling.response == Response::Halt {
        format!("; `git orc rollback {}` takes back what it merged", run.run)
    } else {
        String::new()
    };
    let held = Held {
        workstream: id.clone(),
        condition: handling.name.clone(),
        response: handling.response,
        notify: handling.notify.clone(),
        round: one.round,
    };
    let message = format!("{id} is {} ({said}){told}{back}", handling.response.word());
    let escalated = Escalated { trigger: Trigger::WorkHeld, round: run.drivers, tool: None, held: Some(held), message };
    vec![Event::Escalated(escalated), Event::WorkstreamPaused(moved(said))]
}

/// Returns the halt of a run of which a workstream waits for a person after something by which its plan halts the whole.
#[must_use]
pub fn halt(plan: &CheckedPlan, run: &RunState) -> Option<Event> {
    let critical = |(id, one): (&WorkstreamId, &WorkstreamState)| {
        let WorkstreamStatus::Paused { reason } = &one.status else { return None };
        let all = &plan.workstream(id)?.handling;
        // Several policies may have one name; what paused it is one that holds for how its last step ended.
        let held = [found_at_once(all, one), left_at_last(all, one)];
        let halts = held.into_iter().flatten().filter(|handling| handling.response == Response::Halt);
        halts.into_iter().any(|handling| reason.starts_with(&format!("{}: ", handling.name))).then(|| format!("{id}: {reason}"))
    };
    let reason = run.workstreams.iter().find_map(critical)?;
    let back = format!("`git orc rollback {}` takes back what it merged", run.run);
    Some(Event::RunHalted(RunMoved { round: run.round, tip: run.tip, reason: Some(format!("{reason}; {back}")) }))
}

/// What a handling answers.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer<'a> {
    /// The step is tried again at this time.
    Again(&'a Handling, Timestamp),
    /// Something is done.
    Done(&'a Handling),
}

/// Returns what follows at once, whatever else could be tried: what the last check told of, or the time that ran out.
#[must_use]
pub fn at_once<'a>(all: &'a [Handling], one: &WorkstreamState, now: Timestamp) -> Option<Answer<'a>> {
    found_at_once(all, one).map(|handling| answer(handling, one, now))
}

fn found_at_once<'a>(all: &'a [Handling], one: &WorkstreamState) -> Option<&'a Handling> {
    let last = one.last.as_ref().filter(|last| !last.outcome.lets_go_on())?;
    let is_check = matches!(last.role, StepRole::Static | StepRole::Runtime);
    let is_due = |handling: &&Handling| match &handling.cause {
        // A linter may call its rules as it likes.
        Cause::Found(names) => {
            let told = || last.findings.iter().filter(|finding| finding.source == SOURCE).filter_map(|finding| finding.rule.as_ref());
            is_check && told().any(|rule| names.contains(rule))
        }
        Cause::TimedOut => last.outcome == StepOutcome::TimedOut,
        Cause::Lacking | Cause::Unmended => false,
    };
    all.iter().find(is_due)
}

/// Returns what follows when nothing is left that could mend the work.
#[must_use]
pub fn at_last<'a>(all: &'a [Handling], one: &WorkstreamState, now: Timestamp) -> Option<Answer<'a>> {
    left_at_last(all, one).map(|handling| answer(handling, one, now))
}

fn left_at_last<'a>(all: &'a [Handling], one: &WorkstreamState) -> Option<&'a Handling> {
    let lacks = one.phased.lacks.is_some();
    let is_due = |handling: &&Handling| match handling.cause {
        Cause::Lacking => lacks,
        Cause::Unmended => true,
        Cause::Found(_) | Cause::TimedOut => false,
    };
    all.iter().find(is_due)
}

fn answer<'a>(handling: &'a Handling, one: &WorkstreamState, now: Timestamp) -> Answer<'a> {
    let rounds = &one.rounds;
    match handling.patience {
        Patience::None => Answer::Done(handling),
        Patience::Rounds { most, .. } if rounds.done + 1 >= most => Answer::Done(handling),
        Patience::Rounds { first_wait_sec, factor, .. } => {
            let limits = RetryLimits {
                max_attempts: u32::MAX,
                initial_delay_sec: first_wait_sec,
                factor,
                max_delay_sec: 86_400.0,
                jitter: 0.0,
                growth: Growth::Exponential,
            };
            Answer::Again(handling, retry::due(now, &limits, rounds.done + 1, &handling.name))
        }
        Patience::Until { most_sec, every_sec } => {
            let end = rounds.since.unwrap_or(now).checked_add(seconds(most_sec)).unwrap_or(now);
            let at = now.checked_add(seconds(every_sec)).unwrap_or(now);
            // A last look at the very end is worth more than one that comes too late.
            if now >= end { Answer::Done(handling) } else { Answer::Again(handling, at.min(end)) }
        }
    }
}

fn seconds(seconds: f64) -> SignedDuration {
    SignedDuration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(SignedDuration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::finding::model::{Finding, FindingKind, Level};
    use crate::domain::id::{RunId, StepId};
    use crate::domain::run::state::LastStep;
    use crate::domain::schedule::sample;

    fn handling(name: &str, cause: Cause, patience: Patience) -> Handling {
        Handling { name: name.to_owned(), cause, patience, response: Response::Block, notify: vec!["somebody".to_owned()] }
    }

    fn failed(rule: &str, outcome: StepOutcome) -> WorkstreamState {
        let finding = Finding {
            source: "phase".to_owned(),
            kind: FindingKind::Lint,
            level: Level::Error,
            rule: Some(rule.to_owned()),
            message: "wrong".to_owned(),
            location: None,
            fingerprint: "1".to_owned(),
        };
        let last = LastStep {
            step: StepId::parse("audit-check").unwrap(),
            role: StepRole::Static,
            attempt: 1,
            outcome,
            message: "wrong".to_owned(),
            findings: vec![finding],
            output: None,
            failure: None,
        };
        WorkstreamState { last: Some(last), ..WorkstreamState::planned(1) }
    }

    fn name<'a>(answer: Option<&Answer<'a>>) -> Option<&'a str> {
        match answer {
            Some(Answer::Done(handling) | Answer::Again(handling, _)) => Some(handling.name.as_str()),
            None => None,
        }
    }

    #[test]
    fn what_was_found_comes_before_what_mends_it_and_the_rest_after() {
        let all = [
            handling("conflict", Cause::Found(vec!["contested".to_owned()]), Patience::None),
            handling("slow", Cause::TimedOut, Patience::None),
            handling("needs", Cause::Lacking, Patience::None),
            handling("rest", Cause::Unmended, Patience::None),
        ];
        let check = |one: &WorkstreamState, at_once_is: Option<&str>, at_last_is: &str| {
            assert_eq!(name(at_once(&all, one, Timestamp::UNIX_EPOCH).as_ref()), at_once_is);
            assert_eq!(name(at_last(&all, one, Timestamp::UNIX_EPOCH).as_ref()), Some(at_last_is));
        };
        check(&failed("contested", StepOutcome::Failed), Some("conflict"), "rest");
        check(&failed("contested", StepOutcome::Passed), None, "rest");
        check(&failed("other", StepOutcome::Failed), None, "rest");
        let mut linted = failed("contested", StepOutcome::Failed);
        linted.last.as_mut().unwrap().findings[0].source = "linter".to_owned();
        check(&linted, None, "rest");
        check(&failed("other", StepOutcome::TimedOut), Some("slow"), "rest");
        let mut lacking = failed("other", StepOutcome::NotStarted);
        lacking.phased.lacks = Some("nothing there".to_owned());
        check(&lacking, None, "needs");
    }

    #[test]
    fn rounds_wait_twice_as_long_each_and_end() {
        let all = [handling("rest", Cause::Unmended, Patience::Rounds { most: 3, first_wait_sec: 2.0, factor: 2.0 })];
        let mut one = failed("other", StepOutcome::Failed);
        let mut waits = Vec::new();
        while let Some(Answer::Again(_, at)) = at_last(&all, &one, Timestamp::UNIX_EPOCH) {
            waits.push(at.as_second());
            one.rounds.done += 1;
        }
        assert_eq!(waits, [2, 4]);
    }

    #[test]
    fn a_time_is_waited_for_to_its_very_end() {
        let all = [handling("rest", Cause::Unmended, Patience::Until { most_sec: 100.0, every_sec: 60.0 })];
        let mut one = failed("other", StepOutcome::Failed);
        let at = |second| Timestamp::from_second(second).unwrap();
        let again = |one: &WorkstreamState, now| match at_last(&all, one, at(now)) {
            Some(Answer::Again(_, at)) => Some(at.as_second()),
            Some(Answer::Done(_)) | None => None,
        };
        assert_eq!(again(&one, 10), Some(70));
        one.rounds.since = Some(at(10));
        assert_eq!(again(&one, 70), Some(110));
        assert_eq!(again(&one, 110), None);
    }

    #[test]
    fn somebody_is_told_and_a_halt_says_how_to_take_back() {
        let one = failed("other", StepOutcome::Failed);
        let run = RunState::new(RunId::parse("01JD8ZK3V7Q2M4N6P8R0S2T4V6").unwrap());
        let id = WorkstreamId::parse("audit").unwrap();
        let mut critical = handling("critical_error", Cause::Unmended, Patience::None);
        let kinds = |handling: &Handling| {
            let events = events(&Answer::Done(handling), &run, (&id, &one), "it burns");
            let Some(Event::Escalated(told)) = events.first() else { panic!("{events:?}") };
            (told.message.clone(), events.iter().map(Event::kind).collect::<Vec<_>>())
        };
        let (message, blocked) = kinds(&critical);
        assert_eq!(
            (message.as_str(), blocked),
            ("audit is blocked (critical_error: it burns); for somebody", vec!["escalated", "workstream_paused"])
        );
        critical.response = Response::Halt;
        let (message, halted) = kinds(&critical);
        assert!(message.ends_with("`git orc rollback 01JD8ZK3V7Q2M4N6P8R0S2T4V6` takes back what it merged"), "{message}");
        assert_eq!(halted, ["escalated", "workstream_paused"]);
    }

    #[test]
    fn only_what_was_followed_halts_the_run_though_others_have_its_name() {
        let found = |rule: &str, response| Handling { response, ..handling("found", Cause::Found(vec![rule.to_owned()]), Patience::None) };
        let mut workstream = sample::workstream("a", &[], &["a"]);
        workstream.handling = vec![found("burning", Response::Halt), found("smoking", Response::Block)];
        let plan = sample::plan(vec![workstream]);
        for (rule, expect) in [("burning", true), ("smoking", false)] {
            let status = WorkstreamStatus::Paused { reason: "found: wrong".to_owned() };
            let mut run = RunState::new(RunId::parse("01JD8ZK3V7Q2M4N6P8R0S2T4V6").unwrap());
            run.workstreams.insert(WorkstreamId::parse("a").unwrap(), WorkstreamState { status, ..failed(rule, StepOutcome::Failed) });
            assert_eq!(halt(&plan, &run).is_some(), expect, "{rule}");
        }
    }
}
