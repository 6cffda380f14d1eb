//! Stacks as V8 prints them, under the message of an error.

use std::sync::LazyLock;

use regex::Regex;

use super::draft::Place;

/// A frame of a stack: `at name (file:line:column)` or `at file:line:column`, as V8 prints it.
#[expect(clippy::expect_used, reason = "a constant pattern that a test compiles")]
static FRAME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\s*(?:at|❯) (?:.*\()?(?:file://)?([^()\s]+):(\d+):(\d+)\)?$").expect("constant pattern"));

/// Returns the first frame of a stack that lies in this file.
pub(super) fn frame_in(path: &str, text: &str) -> Option<Place> {
    let frames = text.lines().filter_map(|line| FRAME.captures(line));
    let is_here =
        |found: &str| !found.is_empty() && (found == path || path.ends_with(&format!("/{found}")) || found.ends_with(&format!("/{path}")));
    frames.filter(|frame| is_here(&frame[1])).find_map(|frame| Some(Place::new(&frame[1], frame[2].parse().ok()?, frame[3].parse().ok())))
}

/// Returns the lines before the stack.
pub(super) fn head(text: &str) -> String {
    let is_title = |line: &&str| line.trim_start().starts_with('●');
    let lines = text.trim().lines().skip_while(is_title).take_while(|line| !FRAME.is_match(line)).map(str::trim_end);
    let lines = lines.filter(|line| !line.is_empty()).take(12).collect::<Vec<_>>().join("\n");
    // The class that says nothing more than that it is one.
    let said = lines.trim_start();
    said.strip_prefix("Error: ").unwrap_or(said).to_owned()
}

/// Returns the first frame of a stack that is neither node's own nor a dependency's.
pub(super) fn own_frame(text: &str) -> Option<Place> {
    let frames = text.lines().filter_map(|line| FRAME.captures(line));
    let is_own = |path: &str| !path.starts_with("node:") && !path.contains("node_modules/") && path.contains('.');
    frames.filter(|frame| is_own(&frame[1])).find_map(|frame| Some(Place::new(&frame[1], frame[2].parse().ok()?, frame[3].parse().ok())))
}
