//! What is asked of a tool, and everything that its prompt is made from.

use crate::domain::finding::model::Finding;
use crate::domain::id::{RepoPath, StepId, ToolId};
use crate::domain::plan::model::{EditStep, Step, Workstream};
use crate::domain::text::count;
use crate::domain::tool::profile::OutputMode;

/// What is asked of the tool.
#[derive(Debug, Clone, Copy)]
pub enum Request<'a> {
    /// Make the change.
    Edit {
        /// Why the attempt before this one was not good enough.
        feedback: Option<&'a str>,
    },
    /// Mend what a check found.
    Fix {
        /// The check.
        check: &'a str,
        /// What it found.
        findings: &'a [Finding],
        /// The end of its output; empty when the context is to be small.
        output: &'a str,
        /// What the workstream has changed so far, as a unified diff; empty when the context is to be small.
        changes: &'a str,
    },
    /// Resolve the conflict markers in the worktree.
    Resolve {
        /// The conflicting paths.
        paths: &'a [String],
        /// What the commits of the other side say about themselves.
        messages: &'a str,
        /// What the other side did to the conflicting paths, as a unified diff.
        theirs: &'a str,
        /// What the workstream did to them, likewise.
        ours: &'a str,
    },
}

/// What a prompt has to know of the tool.
#[derive(Debug, Clone, Copy)]
pub struct Manner<'a> {
    /// The tool.
    pub tool: &'a ToolId,
    /// Whether it works by the prompt; the embedded tools work by what the plan gives them.
    pub is_prompted: bool,
    /// What it leaves behind.
    pub output: OutputMode,
    /// Whether it reads `AGENTS.md` by itself.
    pub reads_agents_md: bool,
}

/// A file of the repository with instructions for tools.
#[derive(Debug, Clone, Copy)]
pub struct AgentsMd<'a> {
    /// Where it stands.
    pub path: &'a str,
    /// Its text.
    pub text: &'a str,
}

/// What is around the request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Surroundings<'a> {
    /// The nearest `AGENTS.md`.
    pub agents_md: Option<AgentsMd<'a>>,
    /// The files in the scope with size and outline, when they do not fit into the tool's window.
    pub outline: Option<&'a str>,
    /// The files that the tool is to keep to; empty when that is left to it.
    pub only: &'a [RepoPath],
}

/// What an attempt may take.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct BudgetLine {
    /// US dollars.
    pub usd: Option<f64>,
    /// Tokens.
    pub tokens: Option<u64>,
    /// Seconds.
    pub seconds: Option<u64>,
}

impl BudgetLine {
    /// Returns the sentence; `None` when nothing is limited.
    #[must_use]
    pub fn sentence(&self) -> Option<String> {
        let time = |seconds: u64| {
            let minutes = usize::try_from(seconds / 60).unwrap_or(usize::MAX);
            if seconds >= 60 && seconds.is_multiple_of(60) { count(minutes, "minute") } else { format!("{seconds} seconds") }
        };
        let parts =
            [self.usd.map(|usd| format!("${usd:.2}")), self.tokens.map(|tokens| format!("{tokens} tokens")), self.seconds.map(time)];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| format!("Budget of this attempt: {}.", parts.join(", ")))
    }
}

/// Everything that a prompt is made from.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The workstream.
    pub plan: &'a Workstream,
    /// The name of the step that is run.
    pub step: &'a StepId,
    /// The EDIT step that the tool belongs to.
    pub edit: Option<&'a EditStep>,
    /// The text of the prompt that the plan gives.
    pub own: Option<&'a str>,
    /// What is asked.
    pub request: Request<'a>,
    /// Of whom.
    pub manner: Manner<'a>,
    /// What is around it.
    pub around: Surroundings<'a>,
    /// What it may take.
    pub budget: Option<BudgetLine>,
}

impl Subject<'_> {
    /// Returns the tasks: those of the step, else those of the workstream.
    #[must_use]
    pub fn tasks(&self) -> &[String] {
        self.edit.map(|step| &step.tasks).filter(|tasks| !tasks.is_empty()).unwrap_or(&self.plan.tasks)
    }

    /// Returns the step of the plan that is meant; none for FIX and RESOLVE steps.
    #[must_use]
    pub fn planned(&self) -> Option<&Step> {
        self.plan.steps.iter().find(|step| step.id == *self.step)
    }

    /// Returns the template that the step names.
    #[must_use]
    pub fn template(&self) -> Option<&str> {
        self.planned().and_then(|step| step.rules.template.as_deref())
    }

    /// Returns what says that it is done: of the step, else of the workstream.
    #[must_use]
    pub fn acceptance_tests(&self) -> &[String] {
        let own = self.edit.map(|step| &step.acceptance_tests).filter(|tests| !tests.is_empty());
        own.unwrap_or(&self.plan.acceptance_tests)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_one_sentence() {
        let check = |usd, tokens, seconds, expect: Option<&str>| {
            assert_eq!(BudgetLine { usd, tokens, seconds }.sentence().as_deref(), expect);
        };
        check(None, None, None, None);
        check(Some(0.5), Some(200_000), Some(900), Some("Budget of this attempt: $0.50, 200000 tokens, 15 minutes."));
        check(None, None, Some(60), Some("Budget of this attempt: 1 minute."));
        check(None, None, Some(90), Some("Budget of this attempt: 90 seconds."));
        check(None, Some(5000), None, Some("Budget of this attempt: 5000 tokens."));
    }
}
