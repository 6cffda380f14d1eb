//! Rust, by `Cargo.toml`.

use toml::Table;

use crate::domain::survey::report::{Group, Survey};
use crate::domain::survey::tree::Tree;

const FILE: &str = "Cargo.toml";

/// Looks for Rust.
pub(super) fn look(tree: &Tree, out: &mut Survey) {
    let Some(text) = tree.text(FILE) else { return };
    out.languages.push("Rust");
    let Ok(manifest) = text.parse::<Table>() else {
        out.hint(FILE, "can not be read as TOML");
        return;
    };
    let part = |key: &str| manifest.get(key).and_then(toml::Value::as_table);
    out.call(part("package").and_then(|package| package.get("name")?.as_str()));
    let is_workspace = part("workspace").is_some();
    out.note(FILE, if is_workspace { "a workspace of crates" } else { "a crate" });
    let command = |words: &[&'static str]| -> Vec<&'static str> {
        let mut all = words.to_vec();
        if is_workspace {
            all.insert(2, "--workspace");
        }
        all
    };
    out.propose(Group::Build, &command(&["cargo", "build"]), (FILE, "is there"));
    if let Some(file) = tree.first(&["rustfmt.toml", ".rustfmt.toml"]) {
        out.propose(Group::Static, &["cargo", "fmt", "--all", "--check"], (file, "is there"));
    }
    let has_lints = |table: Option<&Table>| table.and_then(|table| table.get("lints")?.get("clippy")).is_some();
    let rules = tree.first(&["clippy.toml", ".clippy.toml", ".config/clippy.toml"]);
    let rules = rules
        .map(|file| (file, "is there"))
        .or_else(|| (has_lints(Some(&manifest)) || has_lints(part("workspace"))).then_some((FILE, "has lints of clippy")));
    if let Some(because) = rules {
        out.propose(Group::Static, &command(&["cargo", "clippy", "--all-targets"]), because);
    }
    out.propose(Group::Runtime, &command(&["cargo", "test"]), (FILE, "is there"));
}
