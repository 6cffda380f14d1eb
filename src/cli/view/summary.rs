//! Where a run stands: a table of its workstreams, one line that says it all, and the commands that come next.

use serde_json::Value;

use super::control;
use super::cost;
use super::document::{fields, pretty, value};
use super::integrity;
use super::state::{glyph, run_role, workstream as state_of};
use super::styled::{Role, Styled};
use super::table::{Side, Table};
use super::time::span;
use super::workflow;
use crate::domain::report::summary::{PatchSummary, RunSummary, WorkstreamSummary, summary};
use crate::domain::run::escalation::Trigger;
use crate::domain::run::state::{RunState, RunStatus, WorkstreamState, WorkstreamStatus};
use crate::domain::text::{clip, count, one_line};
use crate::ops::status::{Status, is_interrupted};

/// The most characters of a reason in the table; `git orc show` tells the rest.
const MAX_REASON: usize = 80;
/// How many commands that show a workstream are named.
const MAX_SHOWN: usize = 3;

/// Returns the document of a run: the summary, and whether somebody works on it.
#[must_use]
pub fn json(status: &Status) -> String {
    let mut document = fields(&summary(&status.state).ended(&status.state, status.ended));
    document.insert("interrupted".to_owned(), Value::Bool(is_interrupted(status.state.status, status.driver.as_ref())));
    document.insert("driver".to_owned(), status.driver.as_ref().map_or(Value::Null, |driver| Value::from(driver.pid)));
    document.insert("cost".to_owned(), if status.cost.is_known() { value(&status.cost) } else { Value::Null });
    let by_hand = status.by_hand.iter().map(|one| {
        let instructions = one.instructions.display().to_string();
        serde_json::json!({"workstream": one.workstream.as_str(), "worktree": one.worktree, "instructions": instructions})
    });
    document.insert("by_hand".to_owned(), by_hand.collect());
    if !status.workflows.is_empty() {
        document.insert("workflows".to_owned(), value(&status.workflows));
    }
    pretty(&document)
}

/// Returns the table, the verdict and the next commands.
#[must_use]
pub fn human(status: &Status) -> Styled {
    let told = summary(&status.state).ended(&status.state, status.ended);
    let mut out = head(&told);
    out.append(table(&status.state, &told)).line();
    out.append(workflow::lines(&status.workflows));
    out.append(verdict(status, &told))
        .append(goals(&told))
        .append(by_hand(status))
        .append(integrity::lines(&told.integrity))
        .append(next(status, &told));
    out
}

fn head(told: &RunSummary) -> Styled {
    let mut out = Styled::of(Role::Faint, "run ");
    out.add(told.run.to_string()).put(Role::Faint, "  plan ").put(Role::Strong, &told.name);
    out.put(Role::Faint, "  onto ").add(&told.target).line().line();
    out
}

fn table(state: &RunState, told: &RunSummary) -> Styled {
    let mut columns = vec![("workstream", Side::Left), ("state", Side::Left), ("wave", Side::Right), ("attempts", Side::Right)];
    columns.extend([("patches", Side::Right), ("lines", Side::Left), ("merge", Side::Left), ("reason", Side::Left)]);
    let mut table = Table::new(&columns);
    for one in &told.workstreams {
        let Some(own) = state.workstreams.get(&one.id) else { continue };
        table.row(row(one, own));
    }
    table.finish()
}

fn row(one: &WorkstreamSummary, own: &WorkstreamState) -> Vec<Styled> {
    let number = |n: usize| Styled::plain(if n == 0 { String::new() } else { n.to_string() });
    vec![
        Styled::plain(one.id.to_string()),
        state_of(&own.status),
        Styled::plain(one.wave.to_string()),
        number(usize::try_from(one.attempts).unwrap_or(usize::MAX)),
        number(one.patches.len()),
        Styled::plain(lines(&one.patches)),
        Styled::plain(one.merge.map(|merge| merge.short()).unwrap_or_default()),
        Styled::plain(clip(&one_line(&reason(one, own)), MAX_REASON)),
    ]
}

/// Returns the lines that the patches add and remove which are part of the result, or would be.
fn lines(patches: &[PatchSummary]) -> String {
    let counts = |state: &str| matches!(state, "created" | "validated" | "applied" | "verified" | "merged");
    let live: Vec<&PatchSummary> = patches.iter().filter(|patch| counts(patch.state)).collect();
    if live.is_empty() {
        return String::new();
    }
    let (added, removed) = live.iter().fold((0_u64, 0_u64), |(a, r), p| (a + u64::from(p.insertions), r + u64::from(p.deletions)));
    format!("+{added} -{removed}")
}

fn reason(one: &WorkstreamSummary, own: &WorkstreamState) -> String {
    if let Some(reason) = &one.reason {
        return reason.clone();
    }
    if !one.waits_for.is_empty() {
        return format!("waits for {}", one.waits_for.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
    }
    if let WorkstreamStatus::Conflicted { paths, .. } = &own.status {
        return format!("conflict in {}", paths.join(", "));
    }
    own.open.as_ref().map(|open| format!("{} #{}", open.step, open.attempt)).unwrap_or_default()
}

/// Returns how many workstreams stand where, the good news first.
fn counts(state: &RunState) -> String {
    let mut words: Vec<(Role, String, usize)> = Vec::new();
    for one in state.workstreams.values() {
        let word = one.status.word().replace('_', " ");
        match words.iter_mut().find(|(_, known, _)| *known == word) {
            Some((_, _, n)) => *n += 1,
            None => words.push((glyph(&one.status).1, word, 1)),
        }
    }
    words.retain(|(_, word, _)| word != "merged");
    words.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| a.1.cmp(&b.1)));
    words.iter().map(|(_, word, n)| format!(", {n} {word}")).collect()
}

/// Returns the one line that says it all.
fn verdict(status: &Status, told: &RunSummary) -> Styled {
    let state = &status.state;
    let merged = state.workstreams.values().filter(|one| matches!(one.status, WorkstreamStatus::Merged { .. })).count();
    let mut out = if is_interrupted(state.status, status.driver.as_ref()) {
        Styled::of(Role::Caution, "interrupted")
    } else {
        Styled::of(run_role(state.status), state.status.word())
    };
    let all = count(state.workstreams.len(), "workstream");
    out.add(format!(": {merged} of {all} merged onto {} at {}{}", told.target, told.tip.short(), counts(state)));
    if state.status == RunStatus::Running {
        out.add(format!(", wave {} of {}", (state.wave + 1).min(state.waves.len()), state.waves.len()));
    }
    out.add(format!(", {}", span(told.elapsed_seconds)));
    out.line();
    // The reason of a run that failed is what the table shows.
    if let Some(reason) = told.reason.as_ref().filter(|_| state.status != RunStatus::Failed) {
        out.add(format!("because {}", one_line(reason))).line();
    }
    if let Some(cost) = cost::line(&status.cost) {
        out.add(cost).line();
    }
    out.append(control::wishes(state)).append(control::overrides(state));
    if let Some(driver) = &status.driver {
        out.put(Role::Faint, format!("process {} works on it", driver.pid)).line();
    }
    out
}

/// Returns how workstreams stand with their goals: those that came short first of all.
fn goals(told: &RunSummary) -> Styled {
    let mut out = Styled::default();
    for (one, goals) in told.workstreams.iter().filter_map(|one| Some((one, one.goals.as_ref()?))) {
        let role = if goals.met == goals.of { Role::Good } else { Role::Caution };
        let rounds = count(goals.rounds as usize, "round");
        out.put(role, format!("{}: {}", one.id, one_line(&goals.message))).put(Role::Faint, format!(" after {rounds}")).line();
    }
    out
}

/// Returns where a person is waited for to do the work.
fn by_hand(status: &Status) -> Styled {
    let mut out = Styled::default();
    for one in &status.by_hand {
        out.line().put(Role::Caution, format!("{} waits for a person", one.workstream)).line();
        out.add(format!("  worktree      {}", one.worktree.as_deref().unwrap_or("unknown"))).line();
        out.add(format!("  instructions  {}", one.instructions.display())).line();
    }
    out
}

/// Returns the commands that come next.
fn next(status: &Status, told: &RunSummary) -> Styled {
    let state = &status.state;
    let mut commands: Vec<(String, &str)> = Vec::new();
    for one in state.waiting().iter().take(MAX_SHOWN).filter(|_| status.driver.is_none()) {
        let command = format!("git orc decide {} {} approve --reason WHY", told.run, one.about);
        commands.push((command, "or reject, or adjust; then resume"));
    }
    for one in status.by_hand.iter().take(MAX_SHOWN) {
        commands.push((format!("git orc done {} {}", one.workstream, told.run), "when it is done, or --give-up REASON"));
    }
    match state.held().filter(|_| status.driver.is_none()) {
        Some(Trigger::BudgetSpent) => {
            commands.push((format!("git orc resume {} --budget KEY=AMOUNT", told.run), "go on with more to spend, such as run.usd=10"));
        }
        Some(Trigger::SafeMode) => commands.push(("git orc tools check".to_owned(), "what the tools lack; mend one, then resume")),
        Some(Trigger::ToolUnusable | Trigger::BreakerOpen | Trigger::WorkHeld) | None => {}
    }
    if status.driver.is_none() && !state.status.is_terminal() {
        commands.push((format!("git orc resume {}", told.run), "go on with it"));
    }
    if told.workstreams.iter().any(|one| one.goals.is_some()) {
        commands.push((format!("git orc goals {}", told.run), "how near it came to its goals"));
    }
    let needs_look = |one: &&WorkstreamSummary| matches!(one.state, "failed" | "timed_out" | "quarantined" | "paused" | "conflicted");
    for one in told.workstreams.iter().filter(needs_look).take(MAX_SHOWN) {
        commands.push((format!("git orc show {}", one.id), "what happened to it"));
    }
    if told.tip != told.base {
        commands.push((format!("git log --graph {}", told.target), "the result"));
    }
    commands.push(("git log refs/orc/ledger".to_owned(), "how it came about"));
    if state.status == RunStatus::Completed && told.tip != told.base {
        commands.push((format!("git merge {}", told.target), "take it"));
    }
    let width = commands.iter().map(|(command, _)| command.chars().count()).max().unwrap_or(0);
    let mut out = Styled::default();
    out.line();
    for (command, what) in commands {
        out.add(format!("  {command:width$}")).put(Role::Faint, format!("  # {what}")).line();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::view::color::Color;
    use crate::cli::view::sample::Sample;
    use crate::domain::report::cost::CostLine;
    use crate::domain::tool::usage::{MicroUsd, Tokens};
    use crate::io::git::lock::Holder;

    fn shown(state: RunState, driver: Option<Holder>) -> String {
        human(&Status { state, driver, cost: CostLine::default(), ended: None, by_hand: Vec::new(), workflows: Vec::new() })
            .render(Color::Never)
    }

    #[test]
    fn a_run_that_failed() {
        insta::assert_snapshot!(shown(Sample::failed().state, None), @r#"
        run 01JD8ZK3V7Q2M4N6P8R0S2T4V6  plan tour  onto orc/tour

        workstream  state          wave  attempts  patches  lines   merge       reason
        api         ✓ merged          1         1        1  +10 -3  bbbbbbbbbb
        ui          ✗ failed          1         2        1  +10 -3              static fails: `x` is \u{1b}[31mred
        docs        ‼ quarantined     1         1        1                      `etc/passwd` is outside the scope
        site        ⊘ blocked         2                                         waits for ui

        failed: 1 of 4 workstreams merged onto orc/tour at bbbbbbbbbb, 1 blocked, 1 failed, 1 quarantined, 29s

          git orc show ui           # what happened to it
          git orc show docs         # what happened to it
          git log --graph orc/tour  # the result
          git log refs/orc/ledger   # how it came about
        "#);
    }

    #[test]
    fn a_run_that_somebody_drives() {
        let mut sample = Sample::started();
        sample.check_starts("api");
        insta::assert_snapshot!(shown(sample.state, Some(Holder { pid: 42, run: None })), @r#"
        run 01JD8ZK3V7Q2M4N6P8R0S2T4V6  plan tour  onto orc/tour

        workstream  state         wave  attempts  reason
        api         ● validating     1         1  static #1
        ui          ◌ ready          1
        docs        ◌ ready          1
        site        ◌ planned        2

        running: 0 of 4 workstreams merged onto orc/tour at aaaaaaaaaa, 2 ready, 1 planned, 1 validating, wave 1 of 2, 3.0s
        process 42 works on it

          git log refs/orc/ledger  # how it came about
        "#);
    }

    #[test]
    fn a_run_that_nobody_drives_is_interrupted() {
        let text = shown(Sample::started().state, None);
        assert!(text.contains("\ninterrupted: 0 of 4 workstreams merged"), "{text}");
        assert!(text.contains("  git orc resume 01JD8ZK3V7Q2M4N6P8R0S2T4V6"), "{text}");
    }

    #[test]
    fn what_is_known_of_the_cost_is_told() {
        let tokens = Tokens { input: 41_000, output: 1_000, ..Tokens::default() };
        let cost = CostLine { attempts: 2, tokens, micro_usd: MicroUsd(420_000), ..CostLine::default() };
        let status = Status { state: Sample::failed().state, driver: None, cost, ended: None, by_hand: Vec::new(), workflows: Vec::new() };
        let text = human(&status).render(Color::Never);
        assert!(text.contains(", 29s\ncost $0.42, 42,000 tokens\n"), "{text}");
        let document: Value = serde_json::from_str(&json(&status)).unwrap();
        assert_eq!(document["cost"]["micro_usd"], 420_000);
    }

    #[test]
    fn the_document_keeps_its_contract() {
        let document: Value = serde_json::from_str(&json(&Status {
            state: Sample::failed().state,
            driver: None,
            cost: CostLine::default(),
            ended: None,
            by_hand: Vec::new(),
            workflows: Vec::new(),
        }))
        .unwrap();
        let has = |value: &Value, keys: &[&str]| {
            for key in keys {
                assert!(value.get(key).is_some(), "{key} in {value}");
            }
        };
        has(&document, &["schema_version", "run", "state", "target", "tip", "base", "waves", "workstreams", "elapsed_seconds"]);
        has(&document["workstreams"][0], &["id", "state", "wave", "attempts", "patches"]);
        has(&document["workstreams"][0]["patches"][0], &["id", "commit", "state"]);
        assert_eq!((document["state"].as_str(), document["interrupted"].as_bool()), (Some("failed"), Some(false)));
    }
}
