//! JSON with places. `serde_json` decides what is JSON and reads the values; the outline only finds the places in text that is known to be
//! good.

use crate::domain::document::diagnostic::Code;
use crate::domain::document::node::{Inner, MAX_DEPTH, Node, Outline, Plain, join};
use crate::domain::document::sink::{Draft, Sink};
use crate::domain::document::source::{LineIndex, Place};

/// Reads a JSON text; problems go to the sink.
pub fn read(text: &str, file: u32, sink: &mut Sink<'_>) -> Option<Node> {
    let plain: Plain = match serde_json::from_str(text) {
        Ok(plain) => plain,
        Err(error) => {
            sink.add(refusal(text, file, &error));
            return None;
        }
    };
    let mut scanner = Scanner { bytes: text.as_bytes(), at: 0, file };
    let Some(outline) = scanner.value(0) else {
        sink.add(Draft::new(Code::TooDeep, scanner.place(scanner.at), format!("nested more than {MAX_DEPTH} deep")));
        return None;
    };
    match join(outline, plain, sink) {
        Ok(node) => Some(node),
        Err(place) => {
            sink.add(Draft::new(Code::Syntax, place, "can not be read as JSON"));
            None
        }
    }
}

/// Turns the parser's error into a diagnostic at its place.
fn refusal(text: &str, file: u32, error: &serde_json::Error) -> Draft {
    let offset = LineIndex::new(text).offset(text, error.line(), 1) + error.column().saturating_sub(1);
    let at = u32::try_from(offset.min(text.len())).unwrap_or(u32::MAX);
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default().to_owned();
    let place = Place { file, start: at, end: at.saturating_add(1) };
    if message.starts_with("recursion limit") {
        return Draft::new(Code::TooDeep, place, format!("nested more than {MAX_DEPTH} deep"));
    }
    Draft::new(Code::Syntax, place, message)
}

/// Finds the places in a valid JSON text.
struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    file: u32,
}

impl Scanner<'_> {
    /// Returns the next value; `None` when it is nested too deeply.
    fn value(&mut self, depth: usize) -> Option<Outline> {
        if depth > MAX_DEPTH {
            return None;
        }
        self.space();
        let start = self.at;
        let (inner, size) = match self.peek() {
            Some(b'{') => self.map(depth)?,
            Some(b'[') => self.list(depth)?,
            Some(b'"') => {
                self.string();
                (Inner::Scalar(None), 1)
            }
            Some(_) | None => {
                while self.peek().is_some_and(|byte| !matches!(byte, b',' | b'}' | b']') && !byte.is_ascii_whitespace()) {
                    self.at += 1;
                }
                (Inner::Scalar(None), 1)
            }
        };
        Some(Outline { place: self.place(start), inner, size })
    }

    fn map(&mut self, depth: usize) -> Option<(Inner, usize)> {
        let mut entries = Vec::new();
        let mut size = 1;
        self.at += 1;
        while self.open(b'}') {
            let key = self.value(depth + 1)?;
            self.space();
            self.at += 1;
            let value = self.value(depth + 1)?;
            size += key.size + value.size;
            entries.push((key, value));
        }
        Some((Inner::Map(entries), size))
    }

    fn list(&mut self, depth: usize) -> Option<(Inner, usize)> {
        let mut items = Vec::new();
        let mut size = 1;
        self.at += 1;
        while self.open(b']') {
            let item = self.value(depth + 1)?;
            size += item.size;
            items.push(item);
        }
        Some((Inner::List(items), size))
    }

    /// Steps over a comma, or over the end of the collection, which it says by `false`.
    fn open(&mut self, end: u8) -> bool {
        self.space();
        if self.peek() == Some(b',') {
            self.at += 1;
            self.space();
        }
        match self.peek() {
            Some(byte) if byte != end => true,
            Some(_) | None => {
                self.at = (self.at + 1).min(self.bytes.len());
                false
            }
        }
    }

    fn string(&mut self) {
        self.at += 1;
        while let Some(byte) = self.peek() {
            self.at += if byte == b'\\' { 2 } else { 1 };
            if byte == b'"' {
                break;
            }
        }
        self.at = self.at.min(self.bytes.len());
    }

    fn space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn place(&self, start: usize) -> Place {
        let narrow = |offset| u32::try_from(offset).unwrap_or(u32::MAX);
        Place { file: self.file, start: narrow(start), end: narrow(self.at) }
    }
}
