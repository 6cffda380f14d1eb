//! Artifacts that a person approves before they land.

use crate::domain::id::RepoPath;
use crate::domain::plan::model::Step;
use crate::domain::policy::pattern::Pattern;
use crate::domain::text::one_line;

/// Returns a sentence for every artifact of these steps that needs an approval and that is among what was changed, each once, and what these
/// steps ask a person whatever was changed.
#[must_use]
pub fn approvals(steps: &[Step], changed: &[&RepoPath]) -> Vec<String> {
    let mut reasons: Vec<String> = Vec::new();
    for artifact in steps.iter().flat_map(|step| &step.rules.artifacts).filter(|artifact| artifact.approval) {
        let pattern = Pattern::parse(&artifact.path).ok();
        let is_of_it = |path: &RepoPath| pattern.as_ref().map_or(path.to_string() == artifact.path, |glob| glob.matches(path.as_bytes()));
        let Some(path) = changed.iter().find(|path| is_of_it(path)) else { continue };
        let reason = format!("`{}` is the artifact `{}`, which a person approves", one_line(&path.to_string()), one_line(&artifact.name));
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    if !changed.is_empty() {
        reasons.extend(steps.iter().flat_map(|step| &step.rules.asks).map(|ask| one_line(ask)));
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::phase::rules::Artifact;
    use crate::domain::schedule::sample;

    #[test]
    fn only_what_was_changed_and_needs_it_is_approved() {
        let mut steps = sample::workstream("a", &[], &["a"]).steps;
        let artifact = |name: &str, path: &str, approval| Artifact { name: name.to_owned(), path: path.to_owned(), approval };
        steps[0].rules.artifacts =
            vec![artifact("plan", "docs/plan.md", true), artifact("notes", "notes/**", false), artifact("api", "api/*.yaml", true)];
        // A check of a phase carries the artifacts of its phase as well.
        steps.push(steps[0].clone());
        let check = |changed: &[&str], expect: &[&str]| {
            let paths: Vec<RepoPath> = changed.iter().map(|path| RepoPath::new(path.as_bytes())).collect();
            assert_eq!(approvals(&steps, &paths.iter().collect::<Vec<_>>()), expect, "{changed:?}");
        };
        check(&["src/a.rs"], &[]);
        check(&["notes/a.md", "docs/plan.md"], &["`docs/plan.md` is the artifact `plan`, which a person approves"]);
        check(&["api/v1.yaml", "api/v2.yaml"], &["`api/v1.yaml` is the artifact `api`, which a person approves"]);
    }
}
