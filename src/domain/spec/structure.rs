//! The structure of Markdown documents once everything in it was checked.

use regex::Regex;
use schemars::generate::SchemaSettings;
use serde_json::Value as Json;

use crate::domain::document::diagnostic::{Code, Diagnostic};
use crate::domain::document::load::read_file;
use crate::domain::document::read::Read;
use crate::domain::document::sink::{Draft, Sink, quoted};
use crate::domain::document::source::{At, Shape, SourceFile};
use crate::domain::spec::raw::{LinksWord, OrderWord, RawChecklist, RawIds, RawSection, RawStructure};

/// The structure that the program ships: it holds where nothing else is declared.
pub const SHIPPED: &str = include_str!("../../../config/spec_structure.yaml");

/// The largest program that a pattern may become, in bytes.
const LARGEST_PATTERN: usize = 1 << 20;

/// What a Markdown document must look like.
#[derive(Debug, Clone)]
pub struct Structure {
    /// The sections that it must or may have.
    pub sections: Vec<Section>,
    /// Whether they stand in this order.
    pub is_ordered: bool,
    /// Whether no two headings have the same path.
    pub has_unique_headings: bool,
    /// Whether a heading may be more than one level below the one above it.
    pub may_skip_levels: bool,
    /// The ids.
    pub ids: Vec<Ids>,
    /// Whether links inside of the repository must lead somewhere.
    pub checks_links: bool,
    /// The lists with check boxes.
    pub checklists: Vec<Checklist>,
    /// The keys that the front matter must have.
    pub front_matter: Vec<String>,
    /// The schema of the front matter, as the file names it.
    pub front_matter_schema: Option<String>,
}

/// A section.
#[derive(Debug, Clone)]
pub struct Section {
    /// How it is called in messages.
    pub name: String,
    /// What its heading matches.
    pub heading: Matcher,
    /// The level of its heading.
    pub level: Option<u8>,
    /// Whether it must be there.
    pub is_required: bool,
    /// How many words it has at least.
    pub min_words: usize,
    /// How many words it has at most.
    pub max_words: Option<usize>,
    /// How often it may be there.
    pub max: usize,
}

/// What the text of a heading matches.
#[derive(Debug, Clone)]
pub enum Matcher {
    /// This text, whatever its capitals.
    Title(String),
    /// This expression, from the first to the last letter.
    Pattern(Regex),
}

impl Matcher {
    /// Returns whether a text matches.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        match self {
            Self::Title(title) => title.trim().to_lowercase() == text.trim().to_lowercase(),
            Self::Pattern(pattern) => pattern.is_match(text),
        }
    }
}

/// Ids of requirements and the like.
#[derive(Debug, Clone)]
pub struct Ids {
    /// What matches one.
    pub pattern: Regex,
    /// Whether one is defined once only.
    pub is_unique: bool,
    /// Whether what is mentioned must be defined.
    pub must_be_defined: bool,
    /// The titles of the sections in which there must be one.
    pub required_in: Vec<String>,
}

/// A list with check boxes.
#[derive(Debug, Clone)]
pub struct Checklist {
    /// The title of its section.
    pub section: String,
    /// How many boxes there are at least.
    pub min: usize,
    /// Whether all are ticked.
    pub all_checked: bool,
}

/// Reads a structure.
///
/// # Errors
/// Returns everything that was found when at least one of it is an error.
pub fn parse(file: &SourceFile) -> Result<Structure, Vec<Diagnostic>> {
    let mut sink = Sink::new(std::slice::from_ref(file), Shape::File);
    let raw = read_file(0, file, &mut sink).and_then(|root| RawStructure::read(&root, &mut sink));
    let structure = raw.map(|raw| structure(&raw, &mut sink));
    match (structure, sink.errors()) {
        (Some(structure), 0) => Ok(structure),
        (Some(_) | None, _) => Err(sink.finish()),
    }
}

/// Returns the schema of a structure file.
#[must_use]
pub fn structure_schema() -> Json {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<RawStructure>().to_value();
    schema["title"] = "git-orc structure of a specification".into();
    schema
}

fn structure(raw: &RawStructure, sink: &mut Sink<'_>) -> Structure {
    let headings = raw.headings.as_ref().map(|headings| &headings.value);
    let front_matter = raw.front_matter.as_ref().map(|front_matter| &front_matter.value);
    let sections = raw.sections.as_ref().map_or(&[][..], |sections| sections.value.as_slice());
    let ids = raw.ids.as_ref().map_or(&[][..], |ids| ids.value.0.as_slice());
    let checklists = raw.checklists.as_ref().map_or(&[][..], |lists| lists.value.0.as_slice());
    Structure {
        sections: sections.iter().filter_map(|raw| section(raw, sink)).collect(),
        is_ordered: raw.order.as_ref().is_some_and(|order| order.value == OrderWord::Strict),
        has_unique_headings: headings.and_then(|headings| headings.unique.as_ref()).is_none_or(|unique| unique.value),
        may_skip_levels: headings.and_then(|headings| headings.skip_levels.as_ref()).is_some_and(|skip| skip.value),
        ids: ids.iter().filter_map(|raw| self::ids(&raw.value, sink)).collect(),
        checks_links: raw.links.as_ref().and_then(|links| links.value.check.as_ref()).is_none_or(|word| word.value == LinksWord::Relative),
        checklists: checklists.iter().filter_map(|raw| checklist(&raw.value)).collect(),
        front_matter: front_matter.and_then(|raw| raw.required.as_ref()).map_or_else(Vec::new, |keys| texts(&keys.value)),
        front_matter_schema: front_matter.and_then(|raw| raw.schema.as_ref()).map(|name| name.value.clone()),
    }
}

fn section(raw: &At<RawSection>, sink: &mut Sink<'_>) -> Option<Section> {
    let own = &raw.value;
    let (name, heading) = match (&own.title, &own.pattern) {
        (Some(title), None) => (title.value.clone(), Matcher::Title(title.value.clone())),
        (None, Some(pattern)) => {
            let whole = regex(&At { value: format!("^(?:{})$", pattern.value), place: pattern.place }, sink)?;
            (pattern.value.clone(), Matcher::Pattern(whole))
        }
        (Some(_), Some(pattern)) => {
            let draft = Draft::new(Code::ConflictingKeys, pattern.place, "`pattern` and `title` exclude each other");
            sink.add(draft.hint("Keep one of the two."));
            return None;
        }
        (None, None) => {
            if !own.broken {
                sink.add(Draft::new(Code::MissingName, raw.place, "nothing says which section this is").hint("Give its `title`."));
            }
            return None;
        }
    };
    Some(Section {
        name,
        heading,
        level: own.level.as_ref().and_then(|level| u8::try_from(level.value.number()).ok()),
        is_required: own.required.as_ref().is_none_or(|required| required.value),
        min_words: own.min_words.as_ref().map_or(0, |words| words.value.narrow() as usize),
        max_words: own.max_words.as_ref().map(|words| words.value.narrow() as usize),
        max: own.max.as_ref().map_or(1, |max| max.value.narrow() as usize),
    })
}

fn ids(raw: &RawIds, sink: &mut Sink<'_>) -> Option<Ids> {
    Some(Ids {
        pattern: regex(raw.pattern.as_ref()?, sink)?,
        is_unique: raw.unique.as_ref().is_none_or(|unique| unique.value),
        must_be_defined: raw.defined.as_ref().is_some_and(|defined| defined.value),
        required_in: raw.required_in.as_ref().map_or_else(Vec::new, |titles| texts(&titles.value)),
    })
}

fn checklist(raw: &RawChecklist) -> Option<Checklist> {
    Some(Checklist {
        section: raw.section.as_ref()?.value.clone(),
        min: raw.min.as_ref().map_or(1, |min| min.value.narrow() as usize),
        all_checked: raw.all_checked.as_ref().is_some_and(|all| all.value),
    })
}

fn texts(texts: &[At<String>]) -> Vec<String> {
    texts.iter().map(|text| text.value.clone()).collect()
}

fn regex(pattern: &At<String>, sink: &mut Sink<'_>) -> Option<Regex> {
    match regex::RegexBuilder::new(&pattern.value).size_limit(LARGEST_PATTERN).build() {
        Ok(regex) => Some(regex),
        Err(error) => {
            let reason = error.to_string();
            let reason = reason.lines().next_back().unwrap_or_default().trim_start_matches("error: ").to_owned();
            sink.add(Draft::new(Code::BadRegex, pattern.place, format!("{} is no regular expression: {reason}", quoted(&pattern.value))));
            None
        }
    }
}
