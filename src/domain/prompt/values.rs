//! The variables of a template.

use serde::Serialize;

use super::classification::{Classification, Complexity, Domain, Operation, classify};
use super::request::{Request, Subject};
use super::section::{Section, Sections};
use crate::domain::finding::model::Finding;
use crate::domain::text::{block, one_line};
use crate::domain::tool::profile::OutputMode;

/// Everything that a template can name. Every variable is always there; what does not apply is an empty text or an empty list.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Values {
    header: String,
    role: String,
    objective: String,
    context: String,
    files_scope: String,
    constraints: String,
    output_spec: String,
    validation_rules: String,
    error_handling: String,
    reasoning_style: String,
    tool_notes: String,
    workstream: String,
    step: String,
    title: String,
    tasks: Vec<String>,
    acceptance_tests: Vec<String>,
    scope: ScopeValues,
    tool: ToolValues,
    classification: Classification,
    budget: String,
    check: String,
    findings: Vec<FindingValues>,
    paths: Vec<String>,
}

/// What a template is tried with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sample {
    /// Nothing besides the sections.
    Bare,
    /// Something of everything.
    Full,
}

#[derive(Debug, Clone, Default, Serialize)]
struct ScopeValues {
    write: Vec<String>,
    create: Vec<String>,
    forbid: Vec<String>,
}

#[derive(Debug, Clone, Default, Serialize)]
struct ToolValues {
    id: String,
    prints_patch: bool,
    reads_agents_md: bool,
}

#[derive(Debug, Clone, Serialize)]
struct FindingValues {
    path: String,
    line: u32,
    source: String,
    rule: String,
    message: String,
}

impl Values {
    /// Returns the variables of a prompt.
    pub(super) fn new(sections: &Sections, subject: &Subject<'_>) -> Self {
        let text = |section: Section| sections.text(section).to_owned();
        let texts = |globs: &mut dyn Iterator<Item = &str>| globs.map(str::to_owned).collect::<Vec<String>>();
        let scope = &subject.plan.scope;
        let (check, findings, paths) = match subject.request {
            Request::Edit { .. } => (String::new(), Vec::new(), Vec::new()),
            Request::Improve { findings, .. } => (String::new(), findings.iter().map(finding).collect(), Vec::new()),
            Request::Fix { check, findings, .. } => (check.to_owned(), findings.iter().map(finding).collect(), Vec::new()),
            Request::Resolve { paths, .. } => (String::new(), Vec::new(), paths.iter().map(|path| one_line(path)).collect()),
        };
        Self {
            scope: ScopeValues {
                write: texts(&mut scope.write_globs()),
                create: texts(&mut scope.create_globs()),
                forbid: texts(&mut scope.forbid_globs()),
            },
            tool: ToolValues {
                id: subject.manner.tool.to_string(),
                prints_patch: subject.manner.output == OutputMode::Patch,
                reads_agents_md: subject.manner.reads_agents_md,
            },
            workstream: subject.plan.id.to_string(),
            step: subject.step.to_string(),
            title: subject.plan.title.clone().unwrap_or_default(),
            tasks: subject.tasks().to_vec(),
            acceptance_tests: subject.acceptance_tests().to_vec(),
            classification: classify(subject.plan, subject.own),
            budget: subject.budget.and_then(|budget| budget.sentence()).unwrap_or_default(),
            check,
            findings,
            paths,
            ..Self::of_sections(text)
        }
    }

    /// Returns variables of a prompt of sections alone, to try a template with.
    pub(super) fn sample(text: impl Fn(Section) -> String, sample: Sample) -> Self {
        let bare = Self::of_sections(text);
        if sample == Sample::Bare {
            return bare;
        }
        let some = |text: &str| vec![text.to_owned()];
        Self {
            title: "A title".to_owned(),
            tasks: some("a task"),
            acceptance_tests: some("it works"),
            scope: ScopeValues { write: some("src/**"), create: some("new"), forbid: some("*.key") },
            tool: ToolValues { prints_patch: true, reads_agents_md: true, ..bare.tool },
            budget: "Budget of this attempt: 15 minutes.".to_owned(),
            check: "static".to_owned(),
            findings: vec![FindingValues {
                path: "src/a".to_owned(),
                line: 1,
                source: "linter".to_owned(),
                rule: "rule".to_owned(),
                message: "a message".to_owned(),
            }],
            paths: some("src/a"),
            ..bare
        }
    }

    /// Returns whether there is a variable of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        serde_json::to_value(self).is_ok_and(|values| values.get(name).is_some())
    }

    fn of_sections(text: impl Fn(Section) -> String) -> Self {
        Self {
            header: text(Section::Header),
            role: text(Section::Role),
            objective: text(Section::Objective),
            context: text(Section::Context),
            files_scope: text(Section::FilesScope),
            constraints: text(Section::Constraints),
            output_spec: text(Section::OutputSpec),
            validation_rules: text(Section::ValidationRules),
            error_handling: text(Section::ErrorHandling),
            reasoning_style: text(Section::ReasoningStyle),
            tool_notes: text(Section::ToolNotes),
            workstream: "ws-a".to_owned(),
            step: "edit".to_owned(),
            title: String::new(),
            tasks: Vec::new(),
            acceptance_tests: Vec::new(),
            scope: ScopeValues::default(),
            tool: ToolValues { id: "tool".to_owned(), ..ToolValues::default() },
            classification: Classification { complexity: Complexity::Simple, domain: Domain::Code, operation: Operation::Feature },
            budget: String::new(),
            check: String::new(),
            findings: Vec::new(),
            paths: Vec::new(),
        }
    }
}

fn finding(one: &Finding) -> FindingValues {
    FindingValues {
        path: one.location.as_ref().map(|at| one_line(&at.path)).unwrap_or_default(),
        line: one.location.as_ref().map_or(0, |at| at.line),
        source: one_line(&one.source),
        rule: one_line(one.rule.as_deref().unwrap_or_default()),
        message: block(&one.message),
    }
}
