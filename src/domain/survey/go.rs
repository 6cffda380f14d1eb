//! Go, by `go.mod`.

use crate::domain::survey::report::{Group, Survey};
use crate::domain::survey::tree::Tree;

const FILE: &str = "go.mod";

/// Looks for Go.
pub(super) fn look(tree: &Tree, out: &mut Survey) {
    let Some(text) = tree.text(FILE) else { return };
    out.languages.push("Go");
    let module = text.lines().find_map(|line| line.trim().strip_prefix("module ")).map(str::trim);
    out.note(FILE, module.map_or_else(|| "a module".to_owned(), |module| format!("the module `{module}`")));
    out.call(module.and_then(|module| module.rsplit('/').next()));
    out.propose(Group::Build, &["go", "build", "./..."], (FILE, "is there"));
    out.propose(Group::Static, &["go", "vet", "./..."], (FILE, "is there"));
    if let Some(file) = tree.first(&[".golangci.yml", ".golangci.yaml", ".golangci.toml", ".golangci.json"]) {
        out.propose(Group::Static, &["golangci-lint", "run"], (file, "is there"));
    }
    out.propose(Group::Runtime, &["go", "test", "./..."], (FILE, "is there"));
}
