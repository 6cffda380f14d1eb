//! What the profile of a repository asks of plans: that workstreams name issues, and that something runs the tests.

use crate::domain::document::diagnostic::{Code, Diagnostic};
use crate::domain::document::load::read_file;
use crate::domain::document::node::{Node, Value};
use crate::domain::document::sink::{Draft, Sink, quoted};
use crate::domain::document::source::Place;
use crate::domain::pipeline::expand::PART_OF;
use crate::domain::plan::input::PlanInput;
use crate::domain::plan::model::{CheckedPlan, StepKind, Workstream};
use crate::domain::policy::governance::model::Asks;

/// Where an issue can be named.
const ISSUE: &str = "ccpm_issue";

/// Returns what a checked plan lacks of what is asked. The gates of the repository are joined to the plan already, if it has some.
#[must_use]
pub fn lacks(input: &PlanInput<'_>, plan: &CheckedPlan, asks: Asks) -> Vec<Diagnostic> {
    if !asks.issue && !asks.tests {
        return Vec::new();
    }
    let written = written(input);
    let mut sink = Sink::new(input.files, input.shape);
    for one in &plan.workstreams {
        let own = written.iter().find(|own| own.is(one));
        let place = own.map_or(Place { file: u32::MAX, ..Place::default() }, |own| own.place);
        if asks.issue && !own.is_some_and(|own| own.has_issue) && !one.metadata.get("issue").is_some_and(is_issue) {
            let draft = Draft::new(Code::MissingIssue, place, format!("workstream {} names no issue", quoted(one.id.as_str())));
            sink.add(
                draft
                    .hint("`constraints.require_issue_ref` of the profile asks for it: give it `ccpm_issue`, or `metadata: {issue: ...}`."),
            );
        }
        if asks.tests && plan.gates.is_empty() && !is_tested(one) {
            let draft = Draft::new(Code::Untested, place, format!("nothing runs the tests of {}", quoted(one.id.as_str())));
            sink.add(draft.hint("`constraints.tests_must_pass` of the profile asks for it: give it `runtime` checks, or the plan gates."));
        }
    }
    sink.finish()
}

fn is_tested(workstream: &Workstream) -> bool {
    workstream.steps.iter().any(|step| matches!(&step.kind, StepKind::Runtime(commands) if !commands.is_empty()))
}

/// Returns whether a free value can name an issue.
fn is_issue(value: &serde_json::Value) -> bool {
    value.is_number() || value.as_str().is_some_and(|text| !text.trim().is_empty())
}

/// A workstream as it was written.
struct Written {
    id: String,
    place: Place,
    has_issue: bool,
}

impl Written {
    /// Returns whether a workstream is this one, or a phase of it.
    fn is(&self, one: &Workstream) -> bool {
        self.id == one.id.as_str() || one.metadata.get(PART_OF).is_some_and(|whole| *whole == self.id.as_str())
    }
}

/// Finds the workstreams in the files; what is wrong with them was told when the plan was read.
fn written(input: &PlanInput<'_>) -> Vec<Written> {
    let mut scratch = Sink::new(input.files, input.shape);
    let roots = (0_u32..).zip(input.files).filter_map(|(number, file)| read_file(number, file, &mut scratch));
    let mut all = Vec::new();
    for root in roots {
        let of_all = value(&root, "defaults").is_some_and(|defaults| value(defaults, ISSUE).is_some());
        let nodes = match value(&root, "workstreams").unwrap_or(&root) {
            Node { value: Value::List(items), .. } => items.as_slice(),
            one => std::slice::from_ref(one),
        };
        for node in nodes {
            if let Some(Node { value: Value::Text(id), place }) = value(node, "id") {
                all.push(Written { id: id.clone(), place: *place, has_issue: of_all || value(node, ISSUE).is_some() });
            }
        }
    }
    all
}

fn value<'a>(node: &'a Node, key: &str) -> Option<&'a Node> {
    match &node.value {
        Value::Map(entries) => entries.iter().find(|entry| entry.key == key).map(|entry| &entry.node),
        Value::Null | Value::Bool(_) | Value::Whole(_) | Value::Float(_) | Value::Text(_) | Value::List(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::document::source::{Shape, SourceFile};
    use crate::domain::plan::input::{Known, PlanDefaults};
    use crate::domain::plan::parse::parse_plan;

    fn check(text: &str, asks: Asks, expect: &[&str]) {
        let files = [SourceFile::new("p.yaml", text)];
        let defaults = PlanDefaults::default();
        let input = PlanInput { files: &files, shape: Shape::File, defaults: &defaults, known: Known::default() };
        let (plan, _) = parse_plan(&input).unwrap();
        let told: Vec<String> = lacks(&input, &plan, asks).iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), expect.len(), "{told:?}");
        for (one, part) in told.iter().zip(expect) {
            assert!(one.contains(part), "`{part}` is not in {one}");
        }
    }

    #[test]
    fn what_is_asked_and_missing_is_named_with_its_place() {
        let issue = Asks { issue: true, ..Asks::default() };
        let tests = Asks { tests: true, ..Asks::default() };
        let plan =
            |more: &str| format!("version: 1\nworkstreams:\n  - {{id: a, files_scope: [a], tool: command, command: [\"true\"]{more}}}\n");
        check(&plan(""), Asks::default(), &[]);
        check(&plan(""), issue, &["p.yaml:3:10"]);
        check(&plan(", ccpm_issue: 7"), issue, &[]);
        check(&plan(", metadata: {issue: ABC-1}"), issue, &[]);
        check(&plan(", metadata: {issue: \"  \"}"), issue, &["names no issue"]);
        check(&plan(", metadata: {issue: null}"), issue, &["names no issue"]);
        check(&format!("defaults: {{ccpm_issue: 7}}\n{}", plan("")), issue, &[]);
        check(&plan(""), tests, &["nothing runs the tests of `a`"]);
        check(&plan(", runtime: [[x]]"), tests, &[]);
        check(&plan(", static: [[x]]"), tests, &["nothing runs"]);
        check(&format!("gates: {{wave: [[x]]}}\n{}", plan("")), tests, &[]);
    }
}
