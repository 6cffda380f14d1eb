//! The structure of Markdown documents, as people write it. The doc comments here are the descriptions in the JSON Schema.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value as Json};

use crate::domain::document::node::{Entry, Node, Value};
use crate::domain::document::read::{Free, Read, Whole};
use crate::domain::document::record::{Extra, Record, described, read_record, record, record_schema};
use crate::domain::document::sink::Sink;
use crate::domain::document::source::At;
use crate::domain::document::version::Version;
use crate::domain::document::word::words;

words! {
    /// In which order sections stand.
    OrderWord {
        /// As they are listed.
        Strict = "strict",
        /// As the author likes.
        Free = "free",
    }
    /// Which links must lead somewhere.
    LinksWord {
        /// Those inside of the repository.
        Relative = "relative",
        /// None.
        None = "none",
    }
}

/// A number of words, sections or items.
pub type Amount = Whole<0, 1_000_000>;

record! {
    /// What a Markdown document must look like.
    RawStructure requires [] extra Closed {
        /// The JSON Schema of this file, for editors.
        schema "$schema": String,
        /// The version of this format.
        version "version": Version,
        /// The sections that it must or may have.
        sections "sections": Vec<At<RawSection>>,
        /// In which order the listed sections stand: `strict`, or `free`, which is what holds without this key.
        order "order": OrderWord,
        /// What holds for all headings.
        headings "headings": RawHeadings,
        /// Ids of requirements and the like, such as `REQ-12`.
        ids "ids": Several<RawIds>,
        /// Links to files and headings of the repository.
        links "links": RawLinks,
        /// Lists with check boxes.
        checklists "checklists": Several<RawChecklist>,
        /// The YAML between two lines of dashes at the start.
        front_matter "front_matter": RawFrontMatter,
        /// Free data.
        metadata "metadata": Free,
    }

    /// A section, known by the text of its heading.
    RawSection requires [] extra Closed {
        /// The text of the heading; capitals do not matter.
        title "title": String,
        /// A regular expression that matches the whole text of the heading, in place of `title`.
        pattern "pattern": String,
        /// The level of the heading, from 1; any when absent.
        level "level": Whole<1, 6>,
        /// Whether it must be there; yes, when absent.
        required "required": bool,
        /// How many words it has at least, with what is below its smaller headings.
        min_words "min_words": Amount,
        /// How many words it has at most.
        max_words "max_words": Amount,
        /// How often it may be there; once, when absent.
        max "max": Whole<1, 1_000_000>,
    }

    /// What holds for all headings.
    RawHeadings requires [] extra Closed {
        /// Whether no two headings have the same text and the same headings above them; yes, when absent.
        unique "unique": bool,
        /// Whether a heading may be more than one level below the one above it; no, when absent.
        skip_levels "skip_levels": bool,
    }

    /// Ids. One is defined where it starts a heading, a paragraph, an item of a list or a cell of a table; elsewhere it is mentioned.
    RawIds requires ["pattern"] extra Closed {
        /// A regular expression that matches an id.
        pattern "pattern": String,
        /// Whether an id is defined once only; yes, when absent.
        unique "unique": bool,
        /// Whether every id that is mentioned is defined in the document; no, when absent.
        defined "defined": bool,
        /// The titles of sections in which there must be an id.
        required_in "required_in": Vec<At<String>>,
    }

    /// Links to files and headings of the repository.
    RawLinks requires [] extra Closed {
        /// Which links must lead somewhere: `relative`, which is what holds without this key, or `none`.
        check "check": LinksWord,
    }

    /// A list with check boxes.
    RawChecklist requires ["section"] extra Closed {
        /// The title of the section in which it stands.
        section "section": String,
        /// How many boxes there are at least; one, when absent.
        min "min": Amount,
        /// Whether all boxes are ticked; not needed, when absent.
        all_checked "all_checked": bool,
    }

    /// The YAML between two lines of dashes at the start.
    RawFrontMatter requires [] extra Closed {
        /// The keys that must be there.
        required "required": Vec<At<String>>,
        /// The JSON Schema that it follows: a file relative to this one, or the name of a shipped schema.
        schema "schema": String,
    }
}

/// One thing, or a list of them.
#[derive(Debug, Clone, Default)]
pub struct Several<T>(pub Vec<At<T>>);

impl<T: Read> Read for Several<T> {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        if matches!(node.value, Value::List(_)) {
            return Vec::read(node, sink).map(Self);
        }
        Some(Self(vec![At::read(node, sink)?]))
    }
}

impl<T: JsonSchema> JsonSchema for Several<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Several{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({"anyOf": [one, {"type": "array", "items": one}]})
    }
}
