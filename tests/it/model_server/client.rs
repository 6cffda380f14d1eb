//! How the edits are told to each client: calls of the tools that it offers, or text in the format that it reads.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Value, json};

use super::script::{self, Edit};
use super::turn::{Move, Tool, Turn};

/// The tools that read a file; some clients refuse to write what the model has not read.
const READERS: [&str; 3] = ["read_file", "read", "view"];
/// The tools that write a whole file.
const WRITERS: [&str; 2] = ["write_file", "write"];
/// The names of an argument that is a path.
const PATHS: [&str; 4] = ["file_path", "filePath", "path", "absolute_path"];

/// Returns the edits of the prompt: of the last text of a user that carries any.
fn edits(turn: &Turn) -> Vec<Edit> {
    let prompt = turn.users.iter().rev().find(|text| script::has_edits(text));
    prompt.map(|text| script::edits(text)).unwrap_or_default()
}

/// Returns the edits as a diff between words, as a model prints it.
pub(super) fn as_diff(turn: &Turn) -> String {
    format!("Here is the change.\n\n```diff\n{}```\n", script::diff(&edits(turn)))
}

/// Returns whether a call that writes has been answered already.
pub(super) fn has_written(turn: &Turn) -> bool {
    let calls = calls(turn);
    let first = calls.iter().position(|call| !is_reading(call));
    first.is_some_and(|first| turn.results > first)
}

/// Returns what the model does next.
pub(super) fn next(turn: &Turn) -> Move {
    let calls = calls(turn);
    match calls.into_iter().nth(turn.results) {
        Some(call) => call,
        None if turn.tools.is_empty() && turn.system.contains("SEARCH/REPLACE") => Move::Say(search_and_replace(&edits(turn))),
        None if turn.tools.is_empty() => Move::Say(listings(&edits(turn))),
        None => Move::Say("The change is made.".to_owned()),
    }
}

fn is_reading(call: &Move) -> bool {
    matches!(call, Move::Call(name, _) if READERS.contains(&name.as_str()))
}

/// Returns every call that the edits take, in their order. The result of each is one more answered call in the next request.
fn calls(turn: &Turn) -> Vec<Move> {
    edits(turn).iter().flat_map(|edit| calls_for(turn, edit)).collect()
}

fn calls_for(turn: &Turn, edit: &Edit) -> Vec<Move> {
    let first = |names: &[&str]| names.iter().find_map(|name| turn.tool(name));
    let path = absolute(turn, &edit.path);
    if let Some(writer) = first(&WRITERS) {
        let reading = first(&READERS).map(|reader| call(reader, &path, &[]));
        return reading.into_iter().chain([call(writer, &path, &[("content", json!(edit.new))])]).collect();
    }
    if let (Some(creator), Some(editor)) = (turn.tool("create"), turn.tool("edit")) {
        let made = match &edit.old {
            Some(old) => call(editor, &path, &[("old_str", json!(old)), ("new_str", json!(edit.new))]),
            None => call(creator, &path, &[("file_text", json!(edit.new))]),
        };
        return first(&READERS).map(|reader| call(reader, &path, &[])).into_iter().chain([made]).collect();
    }
    if turn.tool("apply_patch").is_some() {
        return vec![Move::CallWithText("apply_patch".to_owned(), envelope(edit))];
    }
    let shell = ["exec_command", "shell_command", "shell", "bash"].iter().find_map(|name| turn.tool(name));
    shell.map(|shell| run(shell, &format!("apply_patch <<'EOF'\n{}EOF\n", envelope(edit)))).into_iter().collect()
}

/// Returns a call with the path under the name that the tool has for it.
fn call(tool: &Tool, path: &str, rest: &[(&str, Value)]) -> Move {
    let name = PATHS.iter().find(|name| tool.arguments.iter().any(|(argument, _)| argument == *name)).unwrap_or(&"path");
    let mut arguments = json!({ *name: path });
    for (name, value) in rest {
        arguments[*name] = value.clone();
    }
    Move::Call(tool.name.clone(), arguments)
}

/// Returns a call of a shell, which takes a text or a list of words.
fn run(shell: &Tool, script: &str) -> Move {
    let (name, kind) = shell.arguments.iter().find(|(name, _)| ["cmd", "command"].contains(&name.as_str())).cloned().unwrap_or_default();
    let command = if kind == "array" { json!(["bash", "-c", script]) } else { json!(script) };
    Move::Call(shell.name.clone(), json!({ name: command }))
}

/// Returns the edit in the format of `apply_patch`, in which a file is added over what is there.
fn envelope(edit: &Edit) -> String {
    let lines: String = edit.new.lines().map(|line| format!("+{line}\n")).collect();
    format!("*** Begin Patch\n*** Add File: {}\n{lines}*** End Patch\n", edit.path)
}

/// Returns a path below the folder that the client says it works in; some refuse relative ones.
fn absolute(turn: &Turn, path: &str) -> String {
    let mut said = [turn.system.as_str()].into_iter().chain(turn.users.iter().map(String::as_str));
    let folder = said.find_map(working_folder);
    folder.map_or_else(|| path.to_owned(), |folder| format!("{}/{path}", folder.trim_end_matches('/')))
}

/// Where clients say what folder they work in.
static FOLDER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i)(?:working directory|working in the directory|workspace director(?:y|ies)|<cwd>)[:*\s-]*`?(/[^\s`<"',]+)"#).unwrap()
});

fn working_folder(text: &str) -> Option<&str> {
    FOLDER.captures(text).and_then(|found| found.get(1)).map(|path| path.as_str().trim_end_matches('.'))
}

/// Returns the blocks that aider reads.
fn search_and_replace(edits: &[Edit]) -> String {
    let block = |edit: &Edit| {
        let old = edit.old.as_deref().unwrap_or_default();
        format!("{}\n```\n<<<<<<< SEARCH\n{old}=======\n{}>>>>>>> REPLACE\n```\n\n", edit.path, edit.new)
    };
    edits.iter().map(block).collect()
}

/// Returns whole files, each below its path.
fn listings(edits: &[Edit]) -> String {
    if edits.is_empty() {
        return "Nothing needs to be changed.".to_owned();
    }
    edits.iter().map(|edit| format!("{}\n```\n{}```\n\n", edit.path, edit.new)).collect()
}

#[cfg(test)]
mod tests {
    use super::working_folder;

    #[test]
    fn the_folder_that_a_client_works_in_is_found() {
        let check = |line: &str, folder: Option<&str>| assert_eq!(working_folder(line), folder, "{line}");
        check("  Working directory: /srv/wt", Some("/srv/wt"));
        check("* Current working directory: /srv/wt.", Some("/srv/wt"));
        check("I'm currently working in the directory: /srv/wt", Some("/srv/wt"));
        check("- **Workspace Directories:** `/srv/wt`, `/srv/other`", Some("/srv/wt"));
        check("- **Workspace Directories:**\n  - /srv/wt\n", Some("/srv/wt"));
        check("<cwd>/srv/wt</cwd>", Some("/srv/wt"));
        check("Stay in the working directory, and/or ask.", None);
        check("Nothing of the kind: /srv/wt", None);
    }
}
