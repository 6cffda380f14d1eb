//! The rules of one step that go beyond what it runs.

use super::condition::Condition;
use super::expectation::Expectation;

/// The rules of one step that go beyond what it runs; none by default.
#[derive(Debug, Clone, Default)]
pub struct StepRules {
    /// The phase of a pipeline that it is a part of.
    pub phase: Option<String>,
    /// The role that does it, in a pipeline of roles.
    pub role: Option<String>,
    /// The name of the template that makes its prompt, such as `analysis`; the one for its kind when absent.
    pub template: Option<String>,
    /// When it is due; always when there is none. A step that is not due is skipped, and the next one follows.
    pub when: Vec<Condition>,
    /// What must hold of the files before it begins.
    pub needs: Vec<Expectation>,
    /// What must hold of the files for it to pass; only of static and runtime steps, before their commands.
    pub expects: Vec<Expectation>,
    /// How many FIX steps may follow it; the limits of the workstream when absent.
    pub fixes: Option<u32>,
    /// What a person is asked before its work lands, one question each.
    pub asks: Vec<String>,
    /// What it makes, for those that come after it.
    pub artifacts: Vec<Artifact>,
}

/// Something that a phase makes, for those that come after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// Its name, by which others need it.
    pub name: String,
    /// Where it is, as a glob relative to the top of the repository.
    pub path: String,
    /// Whether a person must approve it before it lands.
    pub approval: bool,
}
