//! JavaScript and TypeScript, by `package.json`.

use serde_json::Value;

use crate::domain::survey::report::{Group, Survey};
use crate::domain::survey::tree::Tree;

const FILE: &str = "package.json";

/// A manager of packages: its name, the files that lock versions, and how it installs them unchanged.
struct Manager {
    name: &'static str,
    locks: &'static [&'static str],
    install: &'static [&'static str],
}

const MANAGERS: [Manager; 4] = [
    Manager { name: "pnpm", locks: &["pnpm-lock.yaml"], install: &["pnpm", "install", "--frozen-lockfile"] },
    Manager { name: "yarn", locks: &["yarn.lock"], install: &["yarn", "install", "--frozen-lockfile"] },
    Manager { name: "bun", locks: &["bun.lock", "bun.lockb"], install: &["bun", "install", "--frozen-lockfile"] },
    Manager { name: "npm", locks: &["package-lock.json", "npm-shrinkwrap.json"], install: &["npm", "ci"] },
];

/// Scripts that are proposed, and for what.
const SCRIPTS: [(&str, Group); 9] = [
    ("build", Group::Build),
    ("lint", Group::Static),
    ("typecheck", Group::Static),
    ("type-check", Group::Static),
    ("check-types", Group::Static),
    ("format:check", Group::Static),
    ("check-format", Group::Static),
    ("check", Group::Static),
    ("test", Group::Runtime),
];

/// Looks for JavaScript and TypeScript.
pub(super) fn look(tree: &Tree, out: &mut Survey) {
    let Some(text) = tree.text(FILE) else { return };
    let is_typed = tree.files.iter().any(|file| file.ends_with(".ts") || file.ends_with(".tsx"));
    out.languages.push(if is_typed { "TypeScript" } else { "JavaScript" });
    let Ok(manifest) = serde_json::from_str::<Value>(text) else {
        out.hint(FILE, "can not be read as JSON");
        return;
    };
    out.call(manifest["name"].as_str());
    let manager = install(tree, &manifest, out);
    for (script, group) in SCRIPTS {
        let Some(does) = manifest["scripts"][script].as_str().filter(|does| !does.contains("no test specified")) else { continue };
        let says = format!("has the script `{script}`: {does}");
        let command: &[&str] = if script == "test" { &[manager, "test"] } else { &[manager, "run", script] };
        let command: &[&str] = if script == "test" && manager == "bun" { &["bun", "run", "test"] } else { command };
        out.propose(group, command, (FILE, &says));
    }
}

/// Proposes how packages are installed; returns the manager.
fn install(tree: &Tree, manifest: &Value, out: &mut Survey) -> &'static str {
    let locked = MANAGERS.iter().find_map(|manager| Some((manager, tree.first(manager.locks)?)));
    if let Some((manager, lock)) = locked {
        out.note(lock, format!("packages are managed by {}", manager.name));
        let is_newer_yarn = manager.name == "yarn" && tree.has(".yarnrc.yml");
        let command = if is_newer_yarn { &["yarn", "install", "--immutable"] } else { manager.install };
        out.propose(Group::Setup, command, (lock, "locks the versions"));
        return manager.name;
    }
    let named = manifest["packageManager"].as_str().unwrap_or_default();
    let named = MANAGERS.iter().find(|manager| named.split('@').next() == Some(manager.name));
    let name = named.map_or("npm", |manager| manager.name);
    out.note(FILE, format!("packages are managed by {name}"));
    let has_packages = ["dependencies", "devDependencies"].iter().any(|key| manifest[key].as_object().is_some_and(|map| !map.is_empty()));
    if has_packages {
        out.propose(Group::Setup, &[name, "install"], (FILE, "names packages, and nothing locks their versions"));
    }
    name
}
