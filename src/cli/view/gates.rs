//! What gates have said.

use serde::Serialize;

use super::document::pretty;
use super::findings::line;
use super::styled::{Role, Styled};
use crate::domain::finding::model::Finding;
use crate::domain::gate::judge::GateOutcome;
use crate::domain::gate::metric::Measured;
use crate::domain::gate::model::{FailureAction, GateCheck};
use crate::domain::text::{block, count, one_line};
use crate::ops::gating::explain::{Explained, Explanation};
use crate::ops::gating::report::{GateReport, Said, Source};
use crate::ops::gating::ungated::RULE;

/// The version of the documents; fields are only ever added.
const SCHEMA_VERSION: u32 = 1;
/// The most findings of a gate that people are shown.
const SHOWN: usize = 10;

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    session: &'a str,
    moment: &'static str,
    refused: bool,
    stopped: bool,
    warnings: &'a [String],
    gates: Vec<One<'a>>,
}

#[derive(Serialize)]
struct One<'a> {
    gate: &'a str,
    title: &'a str,
    commit: String,
    outcome: GateOutcome,
    lets_pass: bool,
    failure_action: &'static str,
    reason: &'a str,
    source: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waived_by: Option<&'a str>,
    new: u32,
    known: u32,
    fixed: u32,
    flaky: bool,
    duration_ms: u64,
    measured: &'a [Measured],
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
    findings: &'a [Finding],
}

/// Returns one JSON document.
#[must_use]
pub fn json(report: &GateReport) -> String {
    let one = |said: &'_ Said| {
        let (source, entry, waived_by) = match &said.source {
            Source::Ran => ("ran", None, None),
            Source::Known { entry, .. } => ("known", Some(entry.to_string()), None),
            Source::Waived { who, entry } => ("waived", Some(entry.to_string()), Some(who.clone())),
            Source::NotAsked => ("not asked", None, None),
        };
        (source, entry, waived_by)
    };
    let sources: Vec<_> = report.said.iter().map(one).collect();
    let gates = report.said.iter().zip(&sources).map(|(said, (source, entry, waived_by))| One {
        gate: &said.gate,
        title: &said.title,
        commit: said.commit.to_string(),
        outcome: said.outcome,
        lets_pass: said.lets_pass(),
        failure_action: said.action.as_str(),
        reason: &said.reason,
        source,
        entry: entry.clone(),
        waived_by: waived_by.as_deref(),
        new: said.new,
        known: said.known,
        fixed: said.fixed,
        flaky: said.flaky,
        duration_ms: said.duration_ms,
        measured: &said.measured,
        output: said.output.as_ref().map(|path| path.display().to_string()),
        findings: &said.findings,
    });
    pretty(&Document {
        schema_version: SCHEMA_VERSION,
        session: &report.session,
        moment: report.moment.as_str(),
        refused: report.refuses(),
        stopped: report.stopped,
        warnings: &report.warnings,
        gates: gates.collect(),
    })
}

/// Returns the word for a verdict, and how it looks.
fn word(said: &Said) -> (Role, String) {
    if let Source::Waived { .. } = said.source {
        return (Role::Caution, "waived".to_owned());
    }
    let role = match (said.outcome, said.action) {
        (GateOutcome::Passed, _) => Role::Good,
        (_, FailureAction::Block) => Role::Bad,
        (_, FailureAction::Warn) => Role::Caution,
        (_, FailureAction::Info) => Role::Plain,
    };
    (role, said.outcome.as_str().to_owned())
}

/// Returns the line of one gate, which is shown as soon as its verdict is there.
#[must_use]
pub fn verdict(said: &Said) -> Styled {
    let (role, word) = word(said);
    let mut out = Styled::of(role, format!("{word:12}"));
    out.put(Role::Strong, &said.gate).add(format!("  {}", one_line(&said.reason)));
    let weight = match said.action {
        FailureAction::Block => "",
        FailureAction::Warn if said.lets_pass() => "",
        FailureAction::Warn => " (a warning)",
        FailureAction::Info if said.lets_pass() => "",
        FailureAction::Info => " (for information)",
    };
    out.add(weight);
    let note = match &said.source {
        Source::Ran if said.duration_ms >= 100 => format!("  {}", seconds(said.duration_ms)),
        Source::Ran | Source::NotAsked | Source::Waived { .. } => String::new(),
        Source::Known { run: Some(run), .. } => format!("  known from run {}", one_line(run)),
        Source::Known { run: None, .. } => "  known".to_owned(),
    };
    out.put(Role::Faint, note).line();
    out
}

fn seconds(milliseconds: u64) -> String {
    format!("{}.{} s", milliseconds / 1000, milliseconds % 1000 / 100)
}

/// Returns what follows from all verdicts: what does not pass, with its findings and what can be done, and a sum.
#[must_use]
pub fn conclusion(report: &GateReport) -> Styled {
    let mut out = Styled::default();
    for said in report.said.iter().filter(|said| !said.lets_pass()) {
        out.line().put(Role::Strong, &said.gate).add(format!(" on {}", said.commit.short())).line();
        for finding in said.findings.iter().take(SHOWN) {
            out.append(line(finding, "  "));
        }
        if said.findings.len() > SHOWN {
            out.put(Role::Faint, format!("  and {} more", said.findings.len() - SHOWN)).line();
        }
        if said.findings.is_empty() {
            out.add(format!("  {}", one_line(&said.reason))).line();
        }
        if let Some(output) = &said.output {
            out.put(Role::Faint, format!("  output: {}", one_line(&output.display().to_string()))).line();
        }
        if said.refuses() {
            out.append(advice(said));
        }
    }
    if !report.said.is_empty() {
        out.append(sum(report));
    }
    out
}

fn advice(said: &Said) -> Styled {
    let mut out = Styled::default();
    let commit = said.commit.short();
    if let Some(again) = &said.again {
        out.put(Role::Faint, format!("  again:  {again}")).line();
    }
    if said.gate == RULE.id {
        out.put(Role::Faint, "  Describe a gate in QUALITY_GATE.yaml, or in the plan under `gates`, so that something has looked at it.")
            .line();
    }
    out.put(
        Role::Faint,
        format!("  waive:  git orc gate waive {} {commit} --reason WHY   (exactly this tree, in the ledger for good)", said.gate),
    );
    out.line();
    out
}

fn sum(report: &GateReport) -> Styled {
    let of = |test: fn(&Said) -> bool| report.said.iter().filter(|said| test(said)).count();
    let mut out = Styled::default();
    if report.said.iter().any(|said| !said.lets_pass()) {
        out.line();
    }
    let passed = of(|said| said.outcome == GateOutcome::Passed);
    out.put(Role::Good, format!("{} passed", count(passed, "gate")));
    let known = of(|said| matches!(said.source, Source::Known { .. }));
    if known > 0 {
        out.add(format!(" ({known} known)"));
    }
    let waived = of(|said| matches!(said.source, Source::Waived { .. }));
    if waived > 0 {
        out.add(", ").put(Role::Caution, format!("{waived} waived"));
    }
    let refused = of(Said::refuses);
    if refused > 0 {
        out.add(", ").put(Role::Bad, format!("{refused} not"));
    }
    let warned = of(|said| !said.lets_pass() && !said.refuses());
    if warned > 0 {
        out.add(", ").put(Role::Caution, format!("{warned} not, which does not block"));
    }
    out.line();
    out
}

/// Returns the summary of a job, in Markdown.
#[must_use]
pub fn markdown(report: &GateReport) -> String {
    let cell = |text: &str| one_line(text).replace('|', "\\|").replace('<', "&lt;");
    let mut out = format!("## Quality gates: {}\n\n", if report.refuses() { "refused" } else { "passed" });
    if report.said.is_empty() {
        out.push_str("There is nothing to ask.\n");
        return out;
    }
    out.push_str("| gate | verdict | new | known | fixed | why |\n|---|---|---:|---:|---:|---|\n");
    for said in &report.said {
        let (_, word) = word(said);
        out.push_str(&format!(
            "| `{}` | {word} | {} | {} | {} | {} |\n",
            cell(&said.gate),
            said.new,
            said.known,
            said.fixed,
            cell(&said.reason)
        ));
    }
    for said in report.said.iter().filter(|said| !said.lets_pass() && !said.findings.is_empty()) {
        out.push_str(&format!("\n<details><summary>{}</summary>\n\n", cell(&said.gate)));
        for finding in said.findings.iter().take(100) {
            out.push_str(&format!("- {}\n", cell(&finding.short())));
        }
        out.push_str("\n</details>\n");
    }
    block(&out)
}

#[derive(Serialize)]
struct Explaining<'a> {
    schema_version: u32,
    file: &'a str,
    commit: String,
    gates: Vec<ExplainedGate<'a>>,
}

#[derive(Serialize)]
struct ExplainedGate<'a> {
    gate: &'a str,
    title: &'a str,
    stage: &'a str,
    on: Vec<&'static str>,
    refs: &'a [String],
    paths: Vec<&'a str>,
    failure_action: &'static str,
    command: Option<&'a [String]>,
    conditions: Vec<String>,
    prerequisites: Vec<&'a str>,
    verdict: Option<GateOutcome>,
    reason: Option<&'a str>,
    waived_by: Option<&'a str>,
}

/// Returns the gates of a commit as one JSON document.
#[must_use]
pub fn explained_json(all: &Explanation) -> String {
    pretty(&Explaining {
        schema_version: SCHEMA_VERSION,
        file: &all.path,
        commit: all.commit.to_string(),
        gates: all.gates.iter().map(explained_gate).collect(),
    })
}

fn explained_gate(one: &Explained) -> ExplainedGate<'_> {
    let gate = &one.gate;
    ExplainedGate {
        gate: gate.id.as_str(),
        title: gate.title(),
        stage: &one.stage,
        on: gate.moments.iter().map(|moment| moment.as_str()).collect(),
        refs: &one.refs,
        paths: gate.paths.iter().map(|glob| glob.text()).collect(),
        failure_action: gate.on_failure.as_str(),
        command: match &gate.check {
            GateCheck::Command(argv) => Some(argv),
            GateCheck::Lines | GateCheck::Manual(_) => None,
        },
        conditions: gate.conditions.iter().map(ToString::to_string).collect(),
        prerequisites: gate.prerequisites.iter().map(|id| id.as_str()).collect(),
        verdict: one.verdict.as_ref().map(|verdict| verdict.outcome),
        reason: one.verdict.as_ref().map(|verdict| verdict.reason.as_str()),
        waived_by: one.waiver.as_ref().map(|waiver| waiver.who.as_str()),
    }
}

/// Returns the gates of a commit for people.
#[must_use]
pub fn explained(all: &Explanation) -> Styled {
    let mut out = Styled::default();
    out.add(format!("{} gives {} at {}", one_line(&all.path), count(all.gates.len(), "gate"), all.commit.short())).line();
    for one in &all.gates {
        out.line().append(explained_one(one));
    }
    out
}

fn explained_one(one: &Explained) -> Styled {
    let gate = &one.gate;
    let mut out = Styled::of(Role::Strong, gate.id.as_str());
    let name = gate.name.as_ref().map(|name| format!("  {}", one_line(name))).unwrap_or_default();
    out.add(name).line();
    let mut field = |name: &str, text: String| {
        if !text.is_empty() {
            out.put(Role::Faint, format!("  {name:9}")).add(text).line();
        }
    };
    let list = |all: Vec<&str>| all.iter().map(|text| one_line(text)).collect::<Vec<_>>().join(", ");
    field("about", gate.description.as_deref().map(one_line).unwrap_or_default());
    field(
        "asks",
        match &gate.check {
            GateCheck::Command(argv) => one_line(&argv.join(" ")),
            GateCheck::Lines => format!("{} in added lines", count(gate.forbidden.len(), "forbidden pattern")),
            GateCheck::Manual(question) => format!("a person: {}", one_line(question)),
        },
    );
    let on: Vec<&str> = gate.moments.iter().map(|moment| moment.as_str()).collect();
    field("on", if on.is_empty() { "nothing; it runs when it is named".to_owned() } else { list(on) });
    field("refs", if one.refs.is_empty() { "all branches".to_owned() } else { list(one.refs.iter().map(String::as_str).collect()) });
    field("files", list(gate.paths.iter().map(|glob| glob.text()).collect()));
    field("needs", list(gate.prerequisites.iter().map(|id| id.as_str()).collect()));
    field("holds", gate.conditions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
    field("else", gate.on_failure.as_str().to_owned());
    field(
        "here",
        match (&one.waiver, &one.verdict) {
            (Some(waiver), _) => format!("waived by {}: {}", one_line(&waiver.who), one_line(&waiver.reason)),
            (None, Some(verdict)) => format!("{}: {}", verdict.outcome.as_str(), one_line(&verdict.reason)),
            (None, None) => "not asked yet".to_owned(),
        },
    );
    out
}
