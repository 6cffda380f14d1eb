//! Plugins: programs that read the output of other programs. A manifest says which; the output goes to the plugin's standard input, and it
//! answers with rdjsonl, an object per line.

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use super::draft::{CheckOutput, Reading};
use super::json::flat::diagnostic;

/// How long a plugin may take when its manifest does not say, in seconds.
const USUAL_TIMEOUT: u64 = 30;

/// A manifest.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plugin {
    /// Its id: small letters, digits and `-`.
    #[serde(deserialize_with = "id")]
    pub plugin_id: String,
    /// Its name, for people.
    pub name: Option<String>,
    /// The program and its arguments.
    #[serde(deserialize_with = "command")]
    pub command: Vec<String>,
    /// The programs whose output it reads; a name without a folder.
    pub programs: Vec<String>,
    /// Only findings in files with these extensions are kept, without their dots; `*` and an empty list are all.
    #[serde(default)]
    pub file_extensions: Vec<String>,
    /// Plugins that are asked before this one.
    #[serde(default)]
    pub requires: Vec<String>,
    /// What is known of the programs.
    #[serde(default)]
    pub tool: Tool,
    /// How long it may take, in seconds.
    #[serde(default = "usual_timeout", deserialize_with = "timeout")]
    pub timeout_sec: u64,
}

/// What is known of the programs whose output a plugin reads.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// Exit codes that are no failure.
    #[serde(default)]
    pub success_codes: Vec<i32>,
}

fn usual_timeout() -> u64 {
    USUAL_TIMEOUT
}

fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    let is_plain = text.starts_with(|c: char| c.is_ascii_lowercase()) && text.len() <= 64;
    if is_plain && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
        return Ok(text);
    }
    Err(D::Error::custom("an id has small letters, digits and `-`, begins with a letter, and has at most 64 of them"))
}

fn command<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let words = Vec::<String>::deserialize(deserializer)?;
    if words.first().is_some_and(|program| !program.is_empty()) { Ok(words) } else { Err(D::Error::custom("the command names no program")) }
}

fn timeout<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let seconds = u64::deserialize(deserializer)?;
    if (1..=3600).contains(&seconds) { Ok(seconds) } else { Err(D::Error::custom("a plugin has 1 to 3600 seconds")) }
}

/// A mistake in a manifest, or between manifests.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}")]
pub struct PluginError {
    /// The file.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column, counted from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

/// Reads manifests, each with the name that errors call it, and puts them in the order in which they are asked: each after what it requires,
/// otherwise as they came.
///
/// # Errors
/// Returns every mistake: the first one of each manifest, and ids that are there twice, that are required and not there, or that require each
/// other.
pub fn parse(manifests: &[(String, String)]) -> Result<Vec<Plugin>, Vec<PluginError>> {
    let mut errors = Vec::new();
    let mut plugins: Vec<(&str, Plugin)> = Vec::new();
    for (file, text) in manifests {
        match serde_json::from_str::<Plugin>(text) {
            Ok(plugin) if plugins.iter().any(|(_, other)| other.plugin_id == plugin.plugin_id) => {
                errors.push(whole(file, format!("there is another plugin `{}`", plugin.plugin_id)));
            }
            Ok(plugin) => plugins.push((file, plugin)),
            Err(error) => {
                let message = error.to_string();
                let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message).to_owned();
                errors.push(PluginError { file: file.clone(), line: error.line().max(1), column: error.column().max(1), message });
            }
        }
    }
    for (file, plugin) in &plugins {
        let missing = plugin.requires.iter().filter(|id| !plugins.iter().any(|(_, other)| other.plugin_id == **id));
        errors.extend(missing.map(|id| whole(file, format!("it requires `{id}`, which is not there"))));
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    arranged(plugins)
}

fn whole(file: &str, message: String) -> PluginError {
    PluginError { file: file.to_owned(), line: 1, column: 1, message }
}

fn arranged(mut left: Vec<(&str, Plugin)>) -> Result<Vec<Plugin>, Vec<PluginError>> {
    let mut done: Vec<Plugin> = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let is_known = |id: &String| done.iter().any(|one| one.plugin_id == *id);
        let Some(next) = left.iter().position(|(_, plugin)| plugin.requires.iter().all(is_known)) else {
            let told = left.iter().map(|(file, plugin)| whole(file, format!("`{}` requires itself by way of others", plugin.plugin_id)));
            return Err(told.collect());
        };
        done.push(left.remove(next).1);
    }
    Ok(done)
}

impl Plugin {
    /// Returns whether it reads the output of a program.
    #[must_use]
    pub fn reads(&self, program: &str) -> bool {
        self.programs.iter().any(|name| name == program)
    }

    /// Returns whether an exit code of the program is no failure.
    #[must_use]
    pub fn succeeds(&self, code: i32) -> bool {
        code == 0 || self.tool.success_codes.contains(&code)
    }

    /// Returns what a plugin is told besides the output: the program and its exit code.
    pub fn variables(&self, check: &CheckOutput<'_>) -> impl Iterator<Item = (&'static str, String)> + use<> {
        let code = check.exit.map(|code| ("ORC_EXIT_CODE", code.to_string()));
        [Some(("ORC_TOOL", check.program().to_owned())), code].into_iter().flatten()
    }

    /// Reads the answer. A line that is no diagnostic makes all of it worthless: who can not speak may not have understood either.
    ///
    /// # Errors
    /// Returns a sentence about the first such line.
    pub fn read(&self, answer: &str) -> Result<Reading, String> {
        let own = [self.plugin_id.clone()];
        let check = CheckOutput { command: &own, exit: None, text: answer };
        let mut drafts = Vec::new();
        for (at, line) in answer.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let told = |reason: String| {
                format!("plugin {} answers in line {} with something that is no rdjsonl: {reason}", self.plugin_id, at + 1)
            };
            let one: serde_json::Value = serde_json::from_str(line).map_err(|error| told(error.to_string()))?;
            drafts.push(diagnostic(&one, &check).ok_or_else(|| told("it has no message".to_owned()))?);
        }
        drafts.retain(|draft| draft.place.as_ref().is_none_or(|place| self.keeps(&place.path)));
        Ok(Reading::of_report(drafts))
    }

    fn keeps(&self, path: &str) -> bool {
        let extension = path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map_or("", |(_, extension)| extension);
        self.file_extensions.is_empty() || self.file_extensions.iter().any(|one| one == "*" || one.trim_start_matches('.') == extension)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::finding::draft::Place;
    use crate::domain::finding::model::{End, Level};

    fn manifest(id: &str, more: &str) -> (String, String) {
        (format!("{id}.json"), format!(r#"{{"plugin_id": "{id}", "command": ["p"], "programs": ["lint"]{more}}}"#))
    }

    fn ids(manifests: &[(String, String)]) -> Vec<String> {
        parse(manifests).unwrap().into_iter().map(|plugin| plugin.plugin_id).collect()
    }

    fn errors(manifests: &[(String, String)]) -> Vec<String> {
        parse(manifests).unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn plugins_are_asked_after_what_they_require() {
        assert_eq!(ids(&[manifest("b", r#", "requires": ["a"]"#), manifest("a", ""), manifest("c", "")]), ["a", "b", "c"]);
        let one = &parse(&[manifest("a", r#", "tool": {"success_codes": [2]}, "timeout_sec": 5"#)]).unwrap()[0];
        assert!(one.reads("lint") && !one.reads("other") && one.succeeds(0) && one.succeeds(2) && !one.succeeds(1));
    }

    #[test]
    fn every_mistake_is_named_with_its_place() {
        let check = |text: &str, expect: &str| assert_eq!(errors(&[("p.json".to_owned(), text.to_owned())]), [expect], "{text}");
        check("{", "p.json:1:1: EOF while parsing an object");
        check(
            r#"{"plugin_id": "A"}"#,
            "p.json:1:18: an id has small letters, digits and `-`, begins with a letter, and has at most 64 of them",
        );
        check(r#"{"plugin_id": "a", "command": []}"#, "p.json:1:33: the command names no program");
        check(r#"{"plugin_id": "a", "command": ["x"]}"#, "p.json:1:36: missing field `programs`");
        assert!(errors(&[manifest("a", r#", "comand": 1"#)])[0].contains("unknown field `comand`"));
        let both = [manifest("a", r#", "requires": ["b", "z"]"#), manifest("b", r#", "requires": ["a"]"#), manifest("a", "")];
        assert_eq!(errors(&both), ["a.json:1:1: there is another plugin `a`", "a.json:1:1: it requires `z`, which is not there"]);
        let circle = [manifest("a", r#", "requires": ["b"]"#), manifest("b", r#", "requires": ["a"]"#)];
        assert_eq!(errors(&circle).len(), 2);
    }

    #[test]
    fn answers_are_read_or_refused_as_a_whole() {
        let plugin = &parse(&[manifest("a", r#", "file_extensions": ["c", ".h"]"#)]).unwrap()[0];
        let answer = concat!(
            r#"{"message": "no", "location": {"path": "x.c", "range": {"start": {"line": 3, "column": 2}, "end": {"line": 4}}}, "severity": "WARNING", "code": {"value": "R1"}}"#,
            "\n\n",
            r#"{"message": "elsewhere", "location": {"path": "x.py"}}"#,
            "\n",
            r#"{"message": "somewhere", "source": {"name": "lint"}}"#,
            "\n"
        );
        let drafts = plugin.read(answer).unwrap().drafts;
        let told: Vec<_> = drafts.iter().map(|d| (d.source.as_str(), d.level, d.rule.as_deref(), d.message.as_str())).collect();
        assert_eq!(told, [("a", Level::Warning, Some("R1"), "no"), ("lint", Level::Error, None, "somewhere")]);
        assert_eq!(drafts[0].place, Some(Place { end: Some(End { line: 4, column: None }), ..Place::new("x.c", 3, Some(2)) }));
        assert!(
            plugin
                .read("{\"message\": \"no\"}\nhm\n")
                .unwrap_err()
                .starts_with("plugin a answers in line 2 with something that is no rdjsonl: ")
        );
    }
}
