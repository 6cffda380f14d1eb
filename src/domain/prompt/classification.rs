//! What kind of work a workstream is, from what its plan says. It only colours the prompt; nothing is decided by it.

use serde::Serialize;

use crate::domain::plan::model::Workstream;

/// How much work it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Complexity {
    /// At most two entries in the scope and three tasks.
    Simple,
    /// At most five of both.
    Moderate,
    /// At most ten entries in the scope.
    Complex,
    /// More.
    Enterprise,
}

/// What is worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Domain {
    /// Programs.
    Code,
    /// Tests.
    Tests,
    /// Documentation.
    Docs,
}

/// What is done to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Something is added.
    Feature,
    /// The form changes and the meaning stays.
    Refactor,
    /// A defect is mended.
    Bugfix,
    /// Something is found out, and nothing changed.
    AnalysisOnly,
}

/// What kind of work a workstream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Classification {
    /// How much work it is.
    pub complexity: Complexity,
    /// What is worked on.
    pub domain: Domain,
    /// What is done to it.
    pub operation: Operation,
}

impl Complexity {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Simple, Self::Moderate, Self::Complex, Self::Enterprise];

    /// Returns its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Simple => "simple",
            Self::Moderate => "moderate",
            Self::Complex => "complex",
            Self::Enterprise => "enterprise",
        }
    }
}

impl Domain {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Code, Self::Tests, Self::Docs];

    /// Returns its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Tests => "tests",
            Self::Docs => "docs",
        }
    }
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Feature, Self::Refactor, Self::Bugfix, Self::AnalysisOnly];

    /// Returns its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Feature => "feature",
            Self::Refactor => "refactor",
            Self::Bugfix => "bugfix",
            Self::AnalysisOnly => "analysis_only",
        }
    }
}

/// Classifies a workstream; `own` is the text of its prompt. `classification` of its metadata overrides what is guessed.
#[must_use]
pub fn classify(plan: &Workstream, own: Option<&str>) -> Classification {
    let globs: Vec<&str> = plan.scope.write_globs().chain(plan.scope.create_globs()).collect();
    let tasks: usize = plan.tasks.len();
    let guessed = Classification { complexity: complexity(globs.len(), tasks), domain: domain(&globs), operation: operation(plan, own) };
    let said = |key: &str| overridden(plan).find(|(name, _)| *name == key).and_then(|(_, value)| value);
    let pick = |key: &str| said(key).unwrap_or_default();
    Classification {
        complexity: Complexity::ALL.into_iter().find(|one| one.name() == pick("complexity")).unwrap_or(guessed.complexity),
        domain: Domain::ALL.into_iter().find(|one| one.name() == pick("domain")).unwrap_or(guessed.domain),
        operation: Operation::ALL.into_iter().find(|one| one.name() == pick("operation")).unwrap_or(guessed.operation),
    }
}

/// Returns what `classification` in the metadata of a workstream says that means nothing, as `key: value`.
#[must_use]
pub fn meaningless(plan: &Workstream) -> Vec<String> {
    let is_known = |key: &str, value: &str| match key {
        "complexity" => Complexity::ALL.iter().any(|one| one.name() == value),
        "domain" => Domain::ALL.iter().any(|one| one.name() == value),
        "operation" => Operation::ALL.iter().any(|one| one.name() == value),
        // Other keys of the original format are free.
        _ => true,
    };
    let unknown = overridden(plan).filter(|(key, value)| !value.is_some_and(|value| is_known(key, value)));
    unknown.map(|(key, value)| format!("{key}: {}", value.unwrap_or("not a text"))).collect()
}

fn overridden(plan: &Workstream) -> impl Iterator<Item = (&str, Option<&str>)> {
    let said = plan.metadata.get("classification").and_then(serde_json::Value::as_object);
    said.into_iter().flatten().map(|(key, value)| (key.as_str(), value.as_str()))
}

const fn complexity(files: usize, tasks: usize) -> Complexity {
    match (files, tasks) {
        (0..=2, 0..=3) => Complexity::Simple,
        (0..=5, 0..=5) => Complexity::Moderate,
        (0..=10, _) => Complexity::Complex,
        _ => Complexity::Enterprise,
    }
}

fn domain(globs: &[&str]) -> Domain {
    let lower: Vec<String> = globs.iter().map(|glob| glob.to_ascii_lowercase()).collect();
    if lower.iter().any(|glob| glob.ends_with(".md")) {
        Domain::Docs
    } else if lower.iter().any(|glob| glob.contains("test")) {
        Domain::Tests
    } else {
        Domain::Code
    }
}

fn operation(plan: &Workstream, own: Option<&str>) -> Operation {
    let texts = plan.title.iter().chain(&plan.tasks).map(String::as_str).chain(own);
    let words: Vec<String> =
        texts.flat_map(|text| text.split(|c: char| !c.is_alphanumeric())).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    let has = |is: fn(&str) -> bool| words.iter().any(|word| is(word));
    if has(|word| word.starts_with("refactor")) {
        Operation::Refactor
    } else if has(|word| matches!(word, "fix" | "fixes" | "fixed" | "fixing" | "bug" | "bugs" | "bugfix" | "hotfix")) {
        Operation::Bugfix
    } else if has(|word| ["analyz", "analys", "review"].iter().any(|start| word.starts_with(start))) {
        Operation::AnalysisOnly
    } else {
        Operation::Feature
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::prompt::build::tests::workstream;

    fn check(more: &str, own: Option<&str>, expect: (Complexity, Domain, Operation)) {
        let Classification { complexity, domain, operation } = classify(&workstream(more), own);
        assert_eq!((complexity, domain, operation), expect, "{more}");
    }

    #[test]
    fn the_plan_says_what_kind_of_work_it_is() {
        use Complexity::{Complex, Enterprise, Moderate, Simple};
        use Domain::{Code, Docs, Tests};
        use Operation::{AnalysisOnly, Bugfix, Feature, Refactor};
        check("files_scope: [src/a.rs], tasks: [add it]", None, (Simple, Code, Feature));
        check("files_scope: [a, b], tasks: [a, b, c, d]", None, (Moderate, Code, Feature));
        check("files_scope: [a, b], files_create: [c], tasks: [a]", None, (Moderate, Code, Feature));
        check("files_scope: [a], tasks: [a, b, c, d, e, f]", None, (Complex, Code, Feature));
        check("files_scope: [a, b, c, d, e, f, g, h, i, j]", None, (Complex, Code, Feature));
        check("files_scope: [a, b, c, d, e, f, g, h, i, j, k]", None, (Enterprise, Code, Feature));
        check("files_scope: [src/a.rs, docs/a.md]", None, (Simple, Docs, Feature));
        check("files_scope: [\"src/**/test_*.py\"]", None, (Simple, Tests, Feature));
        check("files_scope: [tests/readme.md]", None, (Simple, Docs, Feature));
        check("files_scope: [a], title: Refactor and fix it", None, (Simple, Code, Refactor));
        check("files_scope: [a], tasks: [\"Fix it\"]", None, (Simple, Code, Bugfix));
        check("files_scope: [a], title: The prefix of debug output", None, (Simple, Code, Feature));
        check("files_scope: [a]", Some("Please review it"), (Simple, Code, AnalysisOnly));
    }

    #[test]
    fn metadata_overrides_what_is_guessed() {
        let more = "files_scope: [a], metadata: {classification: {complexity: enterprise, domain: tests, operation: refactor, quality: production}}";
        check(more, None, (Complexity::Enterprise, Domain::Tests, Operation::Refactor));
        assert!(meaningless(&workstream(more)).is_empty());
        let more = "files_scope: [a], metadata: {classification: {complexity: huge, domain: 3}}";
        check(more, None, (Complexity::Simple, Domain::Code, Operation::Feature));
        assert_eq!(meaningless(&workstream(more)), ["complexity: huge", "domain: not a text"]);
    }

    #[test]
    fn names_are_those_of_the_document() {
        let one = Classification { complexity: Complexity::Simple, domain: Domain::Docs, operation: Operation::AnalysisOnly };
        let names = json!({"complexity": one.complexity.name(), "domain": one.domain.name(), "operation": one.operation.name()});
        assert_eq!(serde_json::to_value(one).unwrap(), names);
    }
}
