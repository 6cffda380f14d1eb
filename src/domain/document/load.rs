//! From the text of one file to its tree.

use crate::domain::document::diagnostic::Code;
use crate::domain::document::node::Node;
use crate::domain::document::sink::{Draft, Sink};
use crate::domain::document::source::{Format, MAX_BYTES, Place, SourceFile};
use crate::domain::document::{json, yaml};

/// Reads one file into a tree.
pub fn read_file(file: u32, source: &SourceFile, sink: &mut Sink<'_>) -> Option<Node> {
    let start = Place { file, start: 0, end: 0 };
    if source.text.len() > MAX_BYTES {
        let draft =
            Draft::new(Code::TooLarge, start, format!("{} bytes are more than the {MAX_BYTES} that a plan may have", source.text.len()));
        sink.add(draft.hint("Split it into a folder of bundle files."));
        return None;
    }
    if let Some(at) = source.text.find(char::REPLACEMENT_CHARACTER) {
        let at = u32::try_from(at).unwrap_or_default();
        let draft = Draft::new(Code::NotUtf8, Place { file, start: at, end: at.saturating_add(3) }, "this is not UTF-8");
        sink.add(draft.hint("Save the file as UTF-8."));
        return None;
    }
    match source.format {
        Format::Yaml => yaml::read(&source.text, file, sink),
        Format::Json => json::read(&source.text, file, sink),
    }
}
