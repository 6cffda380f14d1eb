//! What became of the keys of a plan that is not written as ours are.

use serde::Serialize;

use crate::domain::document::node::{Entry, Node, Value};
use crate::domain::document::source::{LineIndex, Place, SourceFile};
use crate::domain::id::is_atom;
use crate::domain::text::one_line;

/// What became of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It says the same in other words.
    Mapped,
    /// It is kept under `metadata`, and nothing follows from it.
    Kept,
    /// It has no counterpart.
    Lost,
    /// It must be decided about before the plan can be imported.
    Refused,
}

impl Fate {
    /// Returns its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mapped => "mapped",
            Self::Kept => "kept",
            Self::Lost => "lost",
            Self::Refused => "refused",
        }
    }
}

/// What became of one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Loss {
    /// The file.
    pub file: String,
    /// The line, counted from 1.
    pub line: u32,
    /// The column, counted from 1, in characters.
    pub column: u32,
    /// The key, as a path.
    pub key: String,
    /// What became of it.
    pub fate: Fate,
    /// What it is now, or what helps.
    pub note: String,
}

/// Collects what became of keys.
#[derive(Debug)]
pub struct Losses<'a> {
    files: Vec<(&'a SourceFile, LineIndex)>,
    found: Vec<Loss>,
}

impl<'a> Losses<'a> {
    /// Starts with nothing found.
    #[must_use]
    pub fn new(files: &'a [SourceFile]) -> Self {
        Self { files: files.iter().map(|file| (file, LineIndex::new(&file.text))).collect(), found: Vec::new() }
    }

    /// Tells what became of a key.
    pub fn tell(&mut self, place: Place, key: &str, fate: Fate, note: impl Into<String>) {
        let Some((file, index)) = self.files.get(place.file as usize) else { return };
        let span = index.span(&file.text, place.start as usize, place.end as usize);
        self.found.push(Loss {
            file: file.path.clone(),
            line: span.line,
            column: span.column,
            key: one_line(key),
            fate,
            note: note.into(),
        });
    }

    /// Tells that a value is not what it should be, so that nobody can say what was meant by it.
    pub fn refuse(&mut self, place: Place, key: &str, expected: &str) {
        self.tell(place, key, Fate::Refused, format!("it is no {expected}, and nobody can say what was meant; write it as one"));
    }

    /// Returns whether something must be decided about first.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.found.iter().any(|one| one.fate == Fate::Refused)
    }

    /// Returns everything, in the order of the files.
    #[must_use]
    pub fn finish(mut self) -> Vec<Loss> {
        self.found.sort_by_cached_key(|one| (self.files.iter().position(|(file, _)| file.path == one.file), one.line, one.column));
        self.found
    }
}

/// Returns the entries of a map; nothing of anything else.
#[must_use]
pub fn entries(node: &Node) -> &[Entry] {
    if let Value::Map(entries) = &node.value { entries } else { &[] }
}

/// Returns the items of a list; nothing of anything else.
#[must_use]
pub fn items(node: &Node) -> &[Node] {
    if let Value::List(items) = &node.value { items } else { &[] }
}

/// Returns the value of a key of a map.
#[must_use]
pub fn value<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    entries(node).iter().find(|entry| entry.key == key).map(|entry| &entry.node)
}

/// Returns a text.
#[must_use]
pub fn text(node: &Node) -> Option<&str> {
    if let Value::Text(text) = &node.value { Some(text) } else { None }
}

/// Returns the texts of a list.
#[must_use]
pub fn texts(node: Option<&Node>) -> Vec<String> {
    node.map(items).unwrap_or_default().iter().filter_map(text).map(str::to_owned).collect()
}

/// Returns the words of a list, whole numbers as they are written; `None` for anything else, so that nobody takes it for an empty list. What is
/// absent or null is one.
#[must_use]
pub fn words(node: Option<&Node>) -> Option<Vec<String>> {
    let word = |item: &Node| match &item.value {
        Value::Text(text) => Some(text.clone()),
        Value::Whole(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Float(_) | Value::List(_) | Value::Map(_) => None,
    };
    match node.map(|node| &node.value) {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(Value::List(items)) => items.iter().map(word).collect(),
        Some(Value::Bool(_) | Value::Whole(_) | Value::Float(_) | Value::Text(_) | Value::Map(_)) => None,
    }
}

/// Returns whether a value is a map or nothing, so that there is no more in it than its entries.
#[must_use]
pub const fn is_map(node: &Node) -> bool {
    matches!(node.value, Value::Map(_) | Value::Null)
}

/// Returns whether a value is a list or nothing, so that there is no more in it than its items.
#[must_use]
pub const fn is_list(node: &Node) -> bool {
    matches!(node.value, Value::List(_) | Value::Null)
}

/// Returns a whole number that is not negative.
#[must_use]
pub fn number(node: Option<&Node>) -> Option<u64> {
    match node.map(|node| &node.value) {
        Some(Value::Whole(value)) => u64::try_from(*value).ok(),
        _ => None,
    }
}

/// Returns an id that follows our rule from one that may not.
#[must_use]
pub fn id_of(text: &str) -> String {
    let mapped: String =
        text.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') { c } else { '-' }).collect();
    let id: String = mapped.trim_matches(['-', '.', '_']).replace("..", ".").chars().take(64).collect();
    if is_atom(&id) { id } else { format!("ws-{}", id.replace('.', "-")).chars().take(64).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_follow_the_rule() {
        for (text, id) in [
            ("T-001", "t-001"),
            ("ws_a.b", "ws_a.b"),
            ("Über uns", "ber-uns"),
            ("--x--", "x"),
            ("", "ws-"),
            ("a..b", "a.b"),
            ("x.lock", "ws-x-lock"),
        ] {
            assert_eq!(id_of(text), id, "{text}");
            assert!(is_atom(&id_of(text)), "{text}");
        }
    }
}
