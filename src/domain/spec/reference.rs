//! What a document says about its own schema, and what a name of a schema means.

use std::ops::Range;

use crate::domain::document::node::{Node, Value};
use crate::domain::spec::shipped;

/// What starts the comment by which editors know the schema of a YAML file.
const HEADER: &str = "yaml-language-server:";

/// A schema as a document or a person names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// One of the schemas that the program ships.
    Shipped(&'static str),
    /// A version of JSON Schema itself: the document is a schema.
    Meta(String),
    /// A file, relative to whoever names it.
    File(String),
    /// Something that could only come over the network.
    Network(String),
}

impl Reference {
    /// Tells what a name means.
    #[must_use]
    pub fn parse(name: &str) -> Self {
        let name = name.trim();
        if ["https://json-schema.org/draft/", "http://json-schema.org/draft-"].iter().any(|known| name.starts_with(known)) {
            return Self::Meta(name.to_owned());
        }
        if let Some(known) = shipped::NAMES.into_iter().find(|known| *known == name) {
            return Self::Shipped(known);
        }
        if name.contains("://") { Self::Network(name.to_owned()) } else { Self::File(name.to_owned()) }
    }
}

/// A schema that a document names, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// What it names.
    pub reference: Reference,
    /// Where, in bytes.
    pub range: Range<usize>,
}

/// Returns the schema that a document names: by its key `$schema`, else by the comment that editors read.
#[must_use]
pub fn declared(text: &str, root: Option<&Node>) -> Option<Declared> {
    by_key(root).or_else(|| by_header(text))
}

fn by_key(root: Option<&Node>) -> Option<Declared> {
    let Value::Map(entries) = &root?.value else { return None };
    let entry = entries.iter().find(|entry| entry.key == "$schema")?;
    let Value::Text(name) = &entry.node.value else { return None };
    let place = entry.node.place;
    Some(Declared { reference: Reference::parse(name), range: place.start as usize..place.end as usize })
}

/// Looks at the comments before the first line that is none.
fn by_header(text: &str) -> Option<Declared> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let bare = line.trim();
        if !bare.is_empty() && !bare.starts_with('#') && bare != "---" {
            return None;
        }
        let comment = bare.trim_start_matches('#').trim_start();
        if let Some(name) = comment.strip_prefix(HEADER).map(str::trim_start).and_then(|rest| rest.strip_prefix("$schema=")) {
            let name = name.split_whitespace().next().unwrap_or_default();
            let start = at + line.find(name).unwrap_or(0);
            return Some(Declared { reference: Reference::parse(name), range: start..start + name.len() });
        }
        at += line.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_mean_what_they_look_like() {
        let check = |name: &str, expect: Reference| assert_eq!(Reference::parse(name), expect, "{name}");
        check("plan", Reference::Shipped("plan"));
        check("./plan", Reference::File("./plan".to_owned()));
        check("../schema/plan.schema.json", Reference::File("../schema/plan.schema.json".to_owned()));
        check("https://example.com/s.json", Reference::Network("https://example.com/s.json".to_owned()));
        check("ftp://example.com/s.json", Reference::Network("ftp://example.com/s.json".to_owned()));
        let draft = "https://json-schema.org/draft/2020-12/schema";
        check(draft, Reference::Meta(draft.to_owned()));
    }

    #[test]
    fn the_header_of_editors_is_understood() {
        let header = |text: &str| by_header(text).map(|declared| (declared.reference, declared.range));
        let file = |name: &str, start: usize| Some((Reference::File(name.to_owned()), start..start + name.len()));
        assert_eq!(header("# yaml-language-server: $schema=a.json\na: 1\n"), file("a.json", 32));
        assert_eq!(header("\n# x\n#yaml-language-server:   $schema=a.json more\n"), file("a.json", 38));
        assert_eq!(header("a: 1\n# yaml-language-server: $schema=a.json\n"), None);
        assert_eq!(header(""), None);
    }
}
