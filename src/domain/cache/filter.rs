//! The files that a step starts from: every one of its commit, or those that the workstream says it reads or may change, and those that its
//! commands name.

use std::collections::BTreeSet;

use crate::domain::cache::key::digest;
use crate::domain::id::{ObjectId, RepoPath};
use crate::domain::plan::model::{StepKind, Workstream};
use crate::domain::policy::pattern::Pattern;

/// A file of a tree: its path, its mode in octal digits, its object.
pub type FileAt = (RepoPath, String, ObjectId);

/// The files that a workstream reads or may change.
#[derive(Debug, Clone)]
pub struct InputFilter {
    globs: Vec<Pattern>,
    /// The words of its commands: a program or a script of the repository is one of them.
    named: BTreeSet<String>,
}

impl InputFilter {
    /// Returns the files of a workstream; `None` when it does not say what it reads, so that every file counts.
    #[must_use]
    pub fn of(plan: &Workstream) -> Option<Self> {
        let globs = plan.inputs.as_ref()?.iter().chain(plan.scope.changeable()).cloned().collect();
        let of_steps = plan.steps.iter().flat_map(|step| match &step.kind {
            StepKind::Edit(edit) => edit.command.iter().chain(&edit.fix).collect::<Vec<_>>(),
            StepKind::Static(commands) | StepKind::Runtime(commands) => commands.iter().collect(),
        });
        let commands = of_steps.chain(&plan.setup).chain(&plan.fixers).chain(&plan.resolve);
        let named = commands.flatten().map(|word| word.strip_prefix("./").unwrap_or(word).to_owned()).collect();
        Some(Self { globs, named })
    }

    /// Returns whether a file counts.
    #[must_use]
    pub fn covers(&self, path: &RepoPath) -> bool {
        let is_named = || std::str::from_utf8(path.as_bytes()).is_ok_and(|path| self.named.contains(path));
        self.globs.iter().any(|pattern| pattern.matches(path.as_bytes())) || is_named()
    }
}

/// Returns the digest of a whole tree.
#[must_use]
pub fn digest_of_tree(tree: ObjectId) -> String {
    digest(["tree", &tree.to_string()])
}

/// Returns the digest of files in the order of their paths.
#[must_use]
pub fn digest_of_files<'a>(files: impl IntoIterator<Item = &'a FileAt>) -> String {
    let mut parts: Vec<Vec<u8>> = vec![b"files".to_vec()];
    for (path, mode, id) in files {
        parts.extend([path.as_bytes().to_vec(), mode.clone().into_bytes(), id.as_bytes().to_vec()]);
    }
    digest(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::schedule::sample::workstream;

    fn file(path: &str, mode: &str, byte: u8) -> FileAt {
        (path.into(), mode.to_owned(), ObjectId::from_bytes([byte; 20]))
    }

    #[test]
    fn the_digest_changes_with_path_mode_and_content() {
        let files = [file("a", "100644", 1), file("b", "100644", 2)];
        let same = digest_of_files(&files);
        assert_eq!(same, digest_of_files(files.iter()));
        for other in [file("c", "100644", 2), file("b", "100755", 2), file("b", "100644", 3)] {
            assert_ne!(same, digest_of_files(&[files[0].clone(), other.clone()]), "{other:?}");
        }
        assert_ne!(same, digest_of_files(&files[..1]));
        assert_ne!(digest_of_files([]), digest_of_tree(ObjectId::ZERO));
    }

    #[test]
    fn what_is_read_and_what_may_be_changed_counts() {
        let mut one = workstream("a", &[], &["src/**"]);
        assert!(InputFilter::of(&one).is_none(), "a workstream that does not say what it reads may read everything");
        one.inputs = Some(vec![Pattern::parse("docs/*.md").unwrap()]);
        let filter = InputFilter::of(&one).unwrap();
        for (path, expect) in [("docs/a.md", true), ("src/x/y", true), ("docs/a.txt", false), ("README", false)] {
            assert_eq!(filter.covers(&path.into()), expect, "{path}");
        }
        one.setup = vec![vec!["sh".to_owned(), "./tools/gen.sh".to_owned()]];
        one.inputs = Some(Vec::new());
        let filter = InputFilter::of(&one).unwrap();
        assert!(filter.covers(&"tools/gen.sh".into()) && !filter.covers(&"gen.sh".into()), "what a command names is read");
        assert!(InputFilter::of(&one).is_some_and(|filter| filter.covers(&"src/a".into()) && !filter.covers(&"docs/a.md".into())));
    }
}
