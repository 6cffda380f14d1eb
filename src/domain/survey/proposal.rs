//! A survey as the text of a `PROJECT_PROFILE.yaml` and of a `QUALITY_GATE.yaml`.

use std::fmt::Write as _;

use crate::domain::survey::report::{Group, Survey};
use crate::domain::survey::tree::Tree;
use crate::domain::text::{clip, one_line};

/// Longer sentences about a file are cut.
const LONGEST: usize = 100;

/// Returns the text of the profile. `schema` is the path of its JSON Schema, as editors read it.
#[must_use]
pub fn profile(tree: &Tree, survey: &Survey, schema: &str) -> String {
    let mut out = format!("# yaml-language-server: $schema={schema}\n");
    out.push_str("# What this repository says about itself. `git orc init` has made it of what it found; change what you like.\n");
    out.push_str("version: 1\n\n");
    let name = survey.name.as_deref().unwrap_or(&tree.name);
    let id = id(name);
    // Writing to a string cannot fail.
    let _ = writeln!(out, "project_id: {id}\nproject_name: {}\nproject_root: .", quoted(name));
    for evidence in &survey.evidence {
        comment(&mut out, "", &format!("{}: {}", evidence.file, evidence.says));
    }
    if !survey.languages.is_empty() {
        comment(&mut out, "", &format!("Written in {}.", survey.languages.join(", ")));
    }
    if let Some(domain) = survey.domain {
        let _ = writeln!(out, "domain: {}", domain.as_str());
    }
    commands(&mut out, survey);
    if !survey.hints.is_empty() {
        out.push('\n');
        comment(&mut out, "", "Seen besides, and not proposed:");
        for hint in &survey.hints {
            comment(&mut out, "", &format!("  {}: {}", hint.file, hint.says));
        }
    }
    out
}

/// Returns the text of a `QUALITY_GATE.yaml`: each command that was found is a gate. Nothing where there is none.
#[must_use]
pub fn gates(survey: &Survey, schema: &str) -> Option<String> {
    if survey.commands.is_empty() {
        return None;
    }
    let mut out = format!("# yaml-language-server: $schema={schema}\n");
    out.push_str(
        "# What must hold before a push, where the hook is installed (`git orc hook install`), and in CI (`git orc gate check`).\n",
    );
    out.push_str("version: 1\n\ngates:\n");
    let mut taken: Vec<String> = Vec::new();
    let mut prepares: Vec<String> = Vec::new();
    for group in Group::ALL {
        for one in survey.commands.iter().filter(|one| one.group == group) {
            let id = gate_id(group, &one.command, &taken);
            comment(&mut out, "  ", &format!("{} {}", one.because.file, one.because.says));
            let words: Vec<String> = one.command.iter().map(|word| quoted(word)).collect();
            let _ = writeln!(out, "  - id: {id}\n    command: [{}]", words.join(", "));
            if group == Group::Setup {
                prepares.push(id.clone());
            } else if !prepares.is_empty() {
                let _ = writeln!(out, "    prerequisites: [{}]", prepares.join(", "));
            }
            taken.push(id);
        }
    }
    Some(out)
}

/// Returns an id such as `static.cargo-clippy`: the group, the program, and what it is told to do.
fn gate_id(group: Group, command: &[String], taken: &[String]) -> String {
    let is_word =
        |word: &&String| word.starts_with(|c: char| c.is_ascii_lowercase()) && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    let program = command.first().map_or("", |program| program.trim_start_matches("./"));
    let does = command.iter().skip(1).rfind(is_word).map(|word| format!("-{word}")).unwrap_or_default();
    let id = format!("{}.{program}{does}", group.key());
    let same = taken.iter().filter(|other| **other == id || other.starts_with(&format!("{id}-no"))).count();
    if same == 0 { id } else { format!("{id}-no{}", same + 1) }
}

fn commands(out: &mut String, survey: &Survey) {
    if survey.commands.is_empty() {
        comment(out, "\n", "No commands were found. Workstreams that give none are not checked; name them like this:");
        comment(out, "", "commands: {build: [[make]], static: [[make, lint]], runtime: [[make, test]]}");
        return;
    }
    comment(out, "\n", "For workstreams that give no commands of their own; `static: []` in a workstream means none.");
    out.push_str("commands:\n");
    for group in Group::ALL.into_iter().filter(|group| survey.has(*group)) {
        let _ = writeln!(out, "  {}:", group.key());
        for one in survey.commands.iter().filter(|one| one.group == group) {
            comment(out, "    ", &format!("{} {}", one.because.file, one.because.says));
            let words: Vec<String> = one.command.iter().map(|word| quoted(word)).collect();
            let _ = writeln!(out, "    - [{}]", words.join(", "));
        }
    }
}

/// Adds a comment. What files say is untrusted: it stays on its line.
fn comment(out: &mut String, before: &str, text: &str) {
    let _ = writeln!(out, "{before}# {}", clip(&one_line(text), LONGEST));
}

/// Returns a text as YAML and JSON both read it, plain where nothing else can be meant.
fn quoted(text: &str) -> String {
    let is_word = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/' | '.'))
        && !matches!(text.to_ascii_lowercase().as_str(), "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n");
    if is_word { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

/// Returns an id that is made of a name.
fn id(name: &str) -> String {
    let mut id = String::new();
    for c in name.chars().take(60) {
        match c.to_ascii_lowercase() {
            c if c.is_ascii_lowercase() || c.is_ascii_digit() => id.push(c),
            _ if !id.is_empty() && !id.ends_with('-') => id.push('-'),
            _ => {}
        }
    }
    let id = id.trim_end_matches('-');
    if id.is_empty() { "project".to_owned() } else { quoted(id) }
}
