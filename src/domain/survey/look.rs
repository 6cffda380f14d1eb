//! Asks every ecosystem what it knows about a repository.

use crate::domain::survey::report::Survey;
use crate::domain::survey::tree::Tree;
use crate::domain::survey::{go, jvm, node, python, runner, rust, share};

/// What a server runs is told as a hint by these words.
const TELLING: [&str; 12] = [
    "cargo fmt",
    "cargo clippy",
    "cargo test",
    "npm run",
    "npm test",
    "pytest",
    "ruff",
    "mypy",
    "go vet",
    "golangci-lint",
    "mvn ",
    "gradlew",
];

/// Looks at a repository. The order is that in which commands are proposed; makefiles come last, since they fill gaps.
#[must_use]
pub fn survey(tree: &Tree) -> Survey {
    let mut out = Survey::default();
    for look in [rust::look, node::look, python::look, go::look, jvm::look, runner::look, hooks, servers, share::look] {
        look(tree, &mut out);
    }
    out
}

/// Hooks may mend files, so they are no checks.
fn hooks(tree: &Tree, out: &mut Survey) {
    if tree.text(".pre-commit-config.yaml").is_some() {
        out.hint(".pre-commit-config.yaml", "`pre-commit run --all-files` checks, and mends files as well; it is not proposed for that");
    }
}

fn servers(tree: &Tree, out: &mut Survey) {
    let files: Vec<String> = tree.server_files().map(str::to_owned).collect();
    for file in files {
        let text = tree.text(&file).unwrap_or_default();
        let found: Vec<&str> = TELLING.into_iter().filter(|word| text.contains(word)).map(str::trim).collect();
        if !found.is_empty() {
            out.hint(&file, format!("runs {}", found.join(", ")));
        }
    }
}
