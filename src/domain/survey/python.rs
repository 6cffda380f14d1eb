//! Python, by its many files.

use toml::{Table, Value};

use crate::domain::survey::report::{Group, Survey};
use crate::domain::survey::tree::Tree;

const PROJECT: &str = "pyproject.toml";
const REQUIREMENTS: [&str; 4] = ["requirements.txt", "requirements-dev.txt", "requirements_dev.txt", "dev-requirements.txt"];

/// A tool: how it is run, for what, and what says that the project uses it.
struct Tool {
    name: &'static str,
    group: Group,
    command: &'static [&'static str],
    table: &'static str,
    files: &'static [&'static str],
    sections: &'static [(&'static str, &'static str)],
}

const TOOLS: [Tool; 3] = [
    Tool {
        name: "ruff",
        group: Group::Static,
        command: &["ruff", "check", "."],
        table: "ruff",
        files: &["ruff.toml", ".ruff.toml"],
        sections: &[],
    },
    Tool {
        name: "mypy",
        group: Group::Static,
        command: &["mypy", "."],
        table: "mypy",
        files: &["mypy.ini", ".mypy.ini"],
        sections: &[("setup.cfg", "[mypy]")],
    },
    Tool {
        name: "pytest",
        group: Group::Runtime,
        command: &["pytest"],
        table: "pytest",
        files: &["pytest.ini", "conftest.py", "tests/conftest.py"],
        sections: &[("setup.cfg", "[tool:pytest]"), ("tox.ini", "[pytest]")],
    },
];

/// Looks for Python.
pub(super) fn look(tree: &Tree, out: &mut Survey) {
    let known = [PROJECT, "setup.cfg", "setup.py", "tox.ini"];
    let Some(file) = tree.first(&known).or_else(|| tree.first(&REQUIREMENTS)) else { return };
    out.languages.push("Python");
    out.note(file, "a project in Python");
    let project: Option<Table> = tree.text(PROJECT).and_then(|text| text.parse().ok());
    if tree.text(PROJECT).is_some() && project.is_none() {
        out.hint(PROJECT, "can not be read as TOML");
    }
    let tables = project.iter().flat_map(|project| [project.get("project"), project.get("tool").and_then(|tool| tool.get("poetry"))]);
    out.call(tables.flatten().find_map(|table| table.get("name")?.as_str()));
    let prefix = environment(tree, out);
    for tool in &TOOLS {
        if let Some((file, says)) = reason(tree, tool, project.as_ref()) {
            let command: Vec<&str> = prefix.iter().chain(tool.command).copied().collect();
            out.propose(tool.group, &command, (&file, &says));
        }
    }
    if !out.commands.iter().any(|command| command.command.last().is_some_and(|word| word == "pytest"))
        && tree.text("tox.ini").is_some_and(|text| text.lines().any(|line| line.trim() == "[tox]"))
    {
        out.propose(Group::Runtime, &["tox"], ("tox.ini", "has a section `[tox]`"));
    }
}

/// Proposes how packages are installed; returns what stands before every command.
fn environment(tree: &Tree, out: &mut Survey) -> &'static [&'static str] {
    if tree.has("uv.lock") {
        out.propose(Group::Setup, &["uv", "sync", "--frozen"], ("uv.lock", "locks the versions"));
        return &["uv", "run"];
    }
    if tree.has("poetry.lock") {
        out.propose(Group::Setup, &["poetry", "install"], ("poetry.lock", "locks the versions"));
        return &["poetry", "run"];
    }
    &[]
}

/// Returns what says that a tool is used.
fn reason(tree: &Tree, tool: &Tool, project: Option<&Table>) -> Option<(String, String)> {
    if project.and_then(|project| project.get("tool")?.get(tool.table)).is_some() {
        return Some((PROJECT.to_owned(), format!("has a table `[tool.{}]`", tool.table)));
    }
    if let Some(file) = tree.first(tool.files) {
        return Some((file.to_owned(), "is there".to_owned()));
    }
    let has = |file: &str, section: &str| tree.text(file).is_some_and(|text| text.lines().any(|line| line.trim() == section));
    if let Some((file, section)) = tool.sections.iter().find(|(file, section)| has(file, section)) {
        return Some(((*file).to_owned(), format!("has a section `{section}`")));
    }
    if project.is_some_and(|project| depends(project, tool.name)) {
        return Some((PROJECT.to_owned(), format!("depends on {}", tool.name)));
    }
    let file = REQUIREMENTS.iter().find(|file| tree.text(file).is_some_and(|text| text.lines().any(|line| is_package(line, tool.name))))?;
    Some(((*file).to_owned(), format!("names {}", tool.name)))
}

/// Returns whether a project depends on a package, in any of its lists of dependencies.
fn depends(project: &Table, name: &str) -> bool {
    let lists = [
        project.get("project").and_then(|project| project.get("dependencies")),
        project.get("project").and_then(|project| project.get("optional-dependencies")),
        project.get("dependency-groups"),
        project.get("tool").and_then(|tool| tool.get("uv")?.get("dev-dependencies")),
    ];
    let poetry = project.get("tool").and_then(|tool| tool.get("poetry"));
    let groups = poetry.and_then(|poetry| poetry.get("group")?.as_table()).into_iter().flat_map(|groups| groups.values());
    let mut tables = groups.chain(poetry).flat_map(|part| [part.get("dependencies"), part.get("dev-dependencies")]).flatten();
    lists.into_iter().flatten().any(|list| lists_package(list, name))
        || tables.any(|table| table.as_table().is_some_and(|table| table.contains_key(name)))
}

fn lists_package(value: &Value, name: &str) -> bool {
    match value {
        Value::String(text) => is_package(text, name),
        Value::Array(items) => items.iter().any(|item| lists_package(item, name)),
        Value::Table(table) => table.values().any(|item| lists_package(item, name)),
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => false,
    }
}

/// Returns whether a requirement, such as `pytest[x]>=7 ; python_version > "3"`, is for a package.
fn is_package(requirement: &str, name: &str) -> bool {
    let requirement = requirement.trim();
    let end = requirement.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.')).unwrap_or(requirement.len());
    requirement.get(..end).is_some_and(|package| package.eq_ignore_ascii_case(name))
}
