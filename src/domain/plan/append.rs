//! Puts a workstream into the text of a plan: behind the last one, with everything else byte for byte as it was.

use serde_json::{Map, Value as Json};

use crate::domain::document::load::read_file;
use crate::domain::document::node::{Node, Value};
use crate::domain::document::sink::Sink;
use crate::domain::document::source::{Format, Shape, SourceFile};

/// The error when a workstream can not be put into a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// The text can not be read.
    #[error("the plan can not be read")]
    Unreadable,
    /// The text is no plan with a list of workstreams.
    #[error("the plan has no list `workstreams`")]
    NoList,
    /// What comes of it would not be the old plan with one more workstream.
    #[error("the plan is written in a way into which nothing can be put without touching the rest")]
    Unsafe,
    /// A workstream has no YAML form.
    #[error("the workstream can not be written as YAML")]
    Yaml,
}

/// Returns the text of a new plan with one workstream.
///
/// # Errors
/// Returns [`AppendError::Yaml`] when the workstream has no YAML form.
pub fn first(format: Format, workstream: &Map<String, Json>) -> Result<String, AppendError> {
    match format {
        Format::Json => {
            let plan = serde_json::json!({"version": 1, "workstreams": [workstream]});
            serde_json::to_string_pretty(&plan).map(|text| text + "\n").map_err(|_| AppendError::Yaml)
        }
        Format::Yaml => Ok(format!("version: 1\nworkstreams:\n{}", block(workstream, 2)?)),
    }
}

/// Returns the text of a plan with one more workstream.
///
/// # Errors
/// Returns [`AppendError`] when it can not be put in without touching anything else.
pub fn append(file: &SourceFile, workstream: &Map<String, Json>) -> Result<String, AppendError> {
    let (list, before) = workstreams(file)?;
    let is_block = file.format == Format::Yaml && !ends_in_bracket(&file.text, &list);
    let text = if is_block { behind_lines(file, &list, workstream)? } else { inside_brackets(file, &list, workstream)? };
    let (_, after) = workstreams(&SourceFile { text: text.clone(), ..file.clone() }).map_err(|_| AppendError::Unsafe)?;
    // Whatever was put in, the reader has the last word: the rest is as it was, and the new one is the last.
    let (mut expected, added) = (before, Json::Object(workstream.clone()));
    if let Some(items) = expected.get_mut("workstreams").and_then(Json::as_array_mut) {
        items.push(added);
    }
    if after == expected { Ok(text) } else { Err(AppendError::Unsafe) }
}

/// Returns the list of workstreams, and the whole plan without places.
fn workstreams(file: &SourceFile) -> Result<(Node, Json), AppendError> {
    let files = std::slice::from_ref(file);
    let root = read_file(0, file, &mut Sink::new(files, Shape::File)).ok_or(AppendError::Unreadable)?;
    let plan = root.to_json();
    let Value::Map(entries) = root.value else { return Err(AppendError::NoList) };
    let list = entries.into_iter().find(|entry| entry.key == "workstreams").map(|entry| entry.node).ok_or(AppendError::NoList)?;
    if matches!(list.value, Value::List(_)) { Ok((list, plan)) } else { Err(AppendError::NoList) }
}

fn ends_in_bracket(text: &str, list: &Node) -> bool {
    text.get(list.place.start as usize..).is_some_and(|rest| rest.starts_with('['))
}

/// Puts it behind the lines of a block list.
fn behind_lines(file: &SourceFile, list: &Node, workstream: &Map<String, Json>) -> Result<String, AppendError> {
    let Value::List(items) = &list.value else { return Err(AppendError::NoList) };
    let last = items.last().ok_or(AppendError::Unsafe)?.place.start as usize;
    let text = file.text.as_str();
    let start = text.get(..last).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let line = text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    let dash = line.find('-').filter(|at| line.get(..*at).is_some_and(|before| before.bytes().all(|byte| byte == b' ')));
    let dash = dash.ok_or(AppendError::Unsafe)?;
    // What belongs to an item of a block list is indented deeper than its dash. Blank lines and comments behind it belong to what follows.
    let (mut end, mut at) = (start, start);
    for line in text.get(start..).unwrap_or_default().split_inclusive('\n') {
        let indent = line.len() - line.trim_start_matches(' ').len();
        let is_blank = line.trim().is_empty();
        let is_first = at == start;
        if !is_first && !is_blank && indent <= dash && !line.trim_start().starts_with('#') {
            break;
        }
        at += line.len();
        if is_first || (!is_blank && indent > dash) {
            end = at;
        }
    }
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let (before, after) = text.split_at_checked(end).ok_or(AppendError::Unsafe)?;
    let gap = if before.ends_with('\n') { "" } else { newline };
    let added = block(workstream, dash)?.replace('\n', newline);
    Ok(format!("{before}{gap}{added}{after}"))
}

/// Puts it before the closing bracket.
fn inside_brackets(file: &SourceFile, list: &Node, workstream: &Map<String, Json>) -> Result<String, AppendError> {
    let Value::List(items) = &list.value else { return Err(AppendError::NoList) };
    // JSON is YAML, and stands on one line where the rest may do so too.
    let written = serde_json::to_string(workstream).map_err(|_| AppendError::Yaml)?;
    let (at, added) = match items.last() {
        Some(last) => (last.place.end as usize, format!(", {written}")),
        None => (list.place.start as usize + 1, written),
    };
    let (before, after) = file.text.split_at_checked(at).ok_or(AppendError::Unsafe)?;
    Ok(format!("{before}{added}{after}"))
}

/// Returns a workstream as an item of a block list whose dash stands in this column.
fn block(workstream: &Map<String, Json>, dash: usize) -> Result<String, AppendError> {
    let text = serde_yaml::to_string(&[workstream]).map_err(|_| AppendError::Yaml)?;
    let pad = " ".repeat(dash);
    Ok(text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("{pad}{line}\n") }).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn one() -> Map<String, Json> {
        let value = json!({"id": "new", "files_scope": ["a/**", "*.x"], "tool": "command", "prompt": "one: two\n# three\n"});
        value.as_object().unwrap().clone()
    }

    fn put(path: &str, text: &str) -> Result<String, AppendError> {
        append(&SourceFile::new(path, text), &one())
    }

    #[test]
    fn a_workstream_comes_behind_the_last_one_and_nothing_else_moves() {
        let check = |text: &str, before: &str| {
            let out = put("plan.yaml", text).unwrap_or_else(|error| panic!("{error}: {text}"));
            assert!(out.starts_with(before), "{out}");
            let rest = &text[before.len()..];
            assert!(out.ends_with(rest), "{out}");
            let added = &out[before.len()..out.len() - rest.len()];
            assert!(added.contains("- id: new"), "{added}");
        };
        let whole = |text: &str| check(text, text);
        whole("workstreams:\n- id: a\n  tool: x # why\n");
        whole("workstreams:\n  - id: a\n    prompt: |\n      text\n\n      # no comment\n");
        whole("workstreams:\n  - {id: a,\n     tool: x}\n");
        whole("workstreams:\r\n  - id: a\r\n");
        // Keys, comments and blank lines behind the list stay behind it.
        let head = "# top\nworkstreams:\n  # first\n  - id: a\n    tool: x\n";
        check(&format!("{head}\n# about the gates\ngates: {{}}\n"), head);
        check(&format!("{head}\n  # more to come\n"), head);
    }

    #[test]
    fn brackets_and_json_get_one_more_item() {
        for (path, text) in [
            ("p.yaml", "workstreams: [{id: a}] # all\nname: x\n"),
            ("p.yaml", "workstreams: [{id: a},]\n"),
            ("p.yaml", "workstreams: []\n"),
            ("p.json", "{\"workstreams\": [\n  {\"id\": \"a\"}\n], \"name\": \"x\"}\n"),
        ] {
            let out = put(path, text).unwrap_or_else(|error| panic!("{error}: {text}"));
            assert!(out.contains("\"id\":\"new\"") && out.len() > text.len(), "{out}");
        }
        let unterminated = put("p.yaml", "workstreams:\n- id: a").unwrap();
        assert!(unterminated.starts_with("workstreams:\n- id: a\n- id: new\n"), "{unterminated}");
    }

    #[test]
    fn what_is_no_plan_is_refused() {
        assert_eq!(put("p.yaml", "name: x\n"), Err(AppendError::NoList));
        assert_eq!(put("p.yaml", "workstreams: none\n"), Err(AppendError::NoList));
        assert_eq!(put("p.yaml", "workstreams: [\n"), Err(AppendError::Unreadable));
        assert_eq!(put("p.yaml", "- id: a\n"), Err(AppendError::NoList));
    }

    #[test]
    fn a_new_plan_has_one() {
        for (format, path) in [(Format::Yaml, "p.yaml"), (Format::Json, "p.json")] {
            let text = first(format, &one()).unwrap();
            let (_, plan) = workstreams(&SourceFile::new(path, text)).unwrap();
            assert_eq!(plan, json!({"version": 1, "workstreams": [one()]}));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_back(id in "[a-z]{1,6}", prompt in any::<String>(), task in "[ -~\n\t#:\\-]{0,30}") {
            let value = json!({"id": id, "prompt": prompt, "tasks": [task], "files_scope": ["**/*.rs"]});
            let workstream = value.as_object().unwrap();
            match append(&SourceFile::new("p.yaml", "workstreams:\n  - id: a\n"), workstream) {
                Ok(text) => prop_assert!(text.starts_with("workstreams:\n  - id: a\n")),
                // The readers refuse what is no UTF-8 after all, or a character that YAML does not have.
                Err(error) => prop_assert_eq!(error, AppendError::Unsafe),
            }
        }
    }
}
