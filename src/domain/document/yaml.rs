//! YAML with places. The outline comes from an event reader that knows them; the values come from `serde_yaml`, and a text on which the two
//! disagree is refused. So what runs is what every other YAML reader sees.

use std::collections::HashMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_saphyr::granit_parser::{Event, Parser, ScanError, Span, Tag};

use crate::domain::document::diagnostic::Code;
use crate::domain::document::node::{Inner, MAX_DEPTH, Node, Outline, Plain, join};
use crate::domain::document::sink::{Draft, Sink};
use crate::domain::document::source::{LineIndex, Place};

/// How many nodes a document may hold once its aliases are written out.
const MAX_NODES: usize = 1_000_000;

/// Reads a YAML text; problems go to the sink.
pub fn read(text: &str, file: u32, sink: &mut Sink<'_>) -> Option<Node> {
    let outline = match Builder::new(file).run(text) {
        Ok(outline) => outline,
        Err(draft) => {
            // The common reader words a syntax error better, and it skips aliases here, so that a bomb stays asleep.
            let worded = IgnoredAny::deserialize(serde_yaml::Deserializer::from_str(text)).err().filter(|_| draft.code() == Code::Syntax);
            sink.add(worded.map_or(*draft, |error| refusal(text, file, &error)));
            return None;
        }
    };
    let plain = match Plain::deserialize(serde_yaml::Deserializer::from_str(text)) {
        Ok(plain) => plain,
        Err(error) => {
            sink.add(refusal(text, file, &error));
            return None;
        }
    };
    match join(outline, plain, sink) {
        Ok(node) => Some(node),
        Err(place) => {
            let draft = Draft::new(Code::AmbiguousYaml, place, "YAML readers disagree about this value");
            sink.add(draft.hint("Put it between double quotes, or write it in a simpler way."));
            None
        }
    }
}

/// Turns an error of `serde_yaml` into a diagnostic at its place.
fn refusal(text: &str, file: u32, error: &serde_yaml::Error) -> Draft {
    let offset = error.location().map_or(0, |at| LineIndex::new(text).offset(text, at.line(), at.column()));
    let start = u32::try_from(offset).unwrap_or(u32::MAX);
    let mut message = error.to_string();
    if let Some(at) = error.location() {
        message = message.replacen(&format!(" at line {} column {}", at.line(), at.column()), "", 1);
    }
    Draft::new(Code::Syntax, Place { file, start, end: start.saturating_add(1) }, message)
}

/// A list or map whose end has not come yet.
struct Open {
    start: u32,
    anchor: usize,
    kind: Collection,
    items: Vec<Outline>,
    size: usize,
}

/// What is open.
#[derive(Clone, Copy)]
enum Collection {
    List,
    Map,
}

/// Builds the outline from events.
struct Builder {
    file: u32,
    open: Vec<Open>,
    done: Option<Outline>,
    anchors: HashMap<usize, Outline>,
    documents: usize,
    nodes: usize,
}

type Refused = Box<Draft>;

impl Builder {
    fn new(file: u32) -> Self {
        Self { file, open: Vec::new(), done: None, anchors: HashMap::new(), documents: 0, nodes: 0 }
    }

    /// Reads all events.
    fn run(mut self, text: &str) -> Result<Outline, Refused> {
        for next in Parser::new_from_str(text) {
            let (event, span) = next.map_err(|error| self.syntax(&error))?;
            self.take(event, span)?;
        }
        let nothing = Outline { place: Place { file: self.file, start: 0, end: 0 }, inner: Inner::Scalar(None), size: 1 };
        Ok(self.done.unwrap_or(nothing))
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "not our enum, and it is open: comments and the stream's frame carry no values")]
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Refused> {
        let place = self.place(span);
        match event {
            Event::Scalar(text, _, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), place)?;
                self.put(Outline { place, inner: Inner::Scalar(Some(text.into_owned())), size: 1 }, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => self.start(place, anchor, Collection::List, tag.as_deref()),
            Event::MappingStart(_, anchor, tag) => self.start(place, anchor, Collection::Map, tag.as_deref()),
            Event::SequenceEnd | Event::MappingEnd => self.end(place),
            Event::Alias(id) => self.alias(id, place),
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents < 2 {
                    return Ok(());
                }
                let draft = Draft::new(Code::UnsupportedYaml, place, "more than one document in a file");
                Err(Box::new(draft.hint("Put each plan into a file of its own.")))
            }
            _ => Ok(()),
        }
    }

    fn start(&mut self, place: Place, anchor: usize, kind: Collection, tag: Option<&Tag>) -> Result<(), Refused> {
        self.refuse_tag(tag, place)?;
        if self.open.len() >= MAX_DEPTH {
            return Err(Box::new(Draft::new(Code::TooDeep, place, format!("nested more than {MAX_DEPTH} deep"))));
        }
        self.open.push(Open { start: place.start, anchor, kind, items: Vec::new(), size: 1 });
        Ok(())
    }

    fn end(&mut self, place: Place) -> Result<(), Refused> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        // A block collection ends where the next token starts; what the user wrote ends with the last item, or with a bracket.
        let last = open.items.last().map_or(open.start, |item| item.place.end);
        let end = if place.end > place.start { place.end } else { last };
        let place = Place { file: self.file, start: open.start, end };
        let inner = match open.kind {
            Collection::Map => Inner::Map(pairs(open.items)),
            Collection::List => Inner::List(open.items),
        };
        self.put(Outline { place, inner, size: open.size }, open.anchor)
    }

    fn alias(&mut self, id: usize, place: Place) -> Result<(), Refused> {
        let Some(size) = self.anchors.get(&id).map(|target| target.size) else {
            return Err(Box::new(Draft::new(Code::Syntax, place, "an alias inside the value that it repeats")));
        };
        self.count(size, place)?;
        let Some(target) = self.anchors.get(&id) else { return Ok(()) };
        self.put(Outline { place, ..target.clone() }, 0)
    }

    /// Counts a copy before it is made, so that a bomb of aliases costs nothing.
    fn count(&mut self, size: usize, place: Place) -> Result<(), Refused> {
        self.nodes = self.nodes.saturating_add(size);
        if self.nodes > MAX_NODES {
            return Err(Box::new(Draft::new(Code::TooLarge, place, format!("anchors and aliases make more than {MAX_NODES} values"))));
        }
        Ok(())
    }

    fn put(&mut self, outline: Outline, anchor: usize) -> Result<(), Refused> {
        self.nodes += 1;
        if anchor != 0 {
            self.count(outline.size, outline.place)?;
            self.anchors.insert(anchor, outline.clone());
        }
        match self.open.last_mut() {
            Some(open) => {
                open.size += outline.size;
                open.items.push(outline);
            }
            None => self.done = Some(outline),
        }
        Ok(())
    }

    fn refuse_tag(&self, tag: Option<&Tag>, place: Place) -> Result<(), Refused> {
        match tag {
            Some(tag) if tag.is_custom() => {
                let draft = Draft::new(Code::UnsupportedYaml, place, format!("YAML tag `{}`", tag.original()));
                Err(Box::new(draft.hint("Remove the tag; plans have plain values only.")))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn syntax(&self, error: &ScanError) -> Refused {
        let start = offset(error.marker().byte_offset());
        Box::new(Draft::new(Code::Syntax, Place { file: self.file, start, end: start.saturating_add(1) }, error.info()))
    }

    fn place(&self, span: Span) -> Place {
        Place { file: self.file, start: offset(span.start.byte_offset()), end: offset(span.end.byte_offset()) }
    }
}

fn offset(bytes: Option<usize>) -> u32 {
    bytes.and_then(|bytes| u32::try_from(bytes).ok()).unwrap_or(0)
}

/// Splits the alternating keys and values of a map.
fn pairs(items: Vec<Outline>) -> Vec<(Outline, Outline)> {
    let mut items = items.into_iter();
    let mut pairs = Vec::with_capacity(items.len() / 2);
    while let (Some(key), Some(value)) = (items.next(), items.next()) {
        pairs.push((key, value));
    }
    pairs
}
