//! The rules of `decomposition_rules.yaml`: limits, groups, dependencies and priorities, laid over each other key by key.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value as Json};

use crate::domain::document::diagnostic::{Code, Diagnostic};
use crate::domain::document::load::read_file;
use crate::domain::document::node::{Entry, Node, Value};
use crate::domain::document::read::{Read, Whole, wrong_type};
use crate::domain::document::record::{Extra, Record, described, read_record, record, record_schema};
use crate::domain::document::sink::{Draft, Sink};
use crate::domain::document::source::{At, Shape, SourceFile};
use crate::domain::document::version::Version;
use crate::domain::plan::raw::{Positive, Texts};
use crate::domain::policy::pattern::Pattern;

/// The rules that the program ships.
pub const SHIPPED: &str = include_str!("../../../config/decomposition_rules.yaml");
/// The name of a file of rules.
pub const NAME: &str = "decomposition_rules.yaml";

/// A priority.
type Score = Whole<-1_000_000, 1_000_000>;

record! {
    /// How workstreams are taken apart.
    RawRules requires [] extra Closed {
        /// The JSON Schema of this file, for editors.
        schema "$schema": String,
        /// The version of the format.
        version "version": Version,
        /// What makes a workstream too large.
        workstream_limits "workstream_limits": RawLimits,
        /// Which files stay together.
        group_by "group_by": RawGroupBy,
        /// Who waits for whom because of the files that they change.
        dependency_inference "dependency_inference": Vec<RawInference>,
        /// Priorities by words.
        prioritization "prioritization": RawPrioritization,
    }

    /// What makes a workstream too large.
    RawLimits requires [] extra Closed {
        /// How many files of the base commit its scope may cover.
        max_files "max_files": Positive,
        /// How many tasks it may have.
        max_tasks "max_tasks": Positive,
        /// How many lines it should change; known afterwards only, so that nothing is taken apart because of it.
        max_lines_changed "max_lines_changed": Positive,
    }

    /// Which files stay together.
    RawGroupBy requires [] extra Closed {
        /// Globs by the name of a language.
        language "language": Named<Texts>,
        /// Globs by the name of a group of directories.
        directory "directory": Named<Texts>,
    }

    /// Who waits for whom because of the files that they change.
    RawInference requires ["if_files_changed", "then_depends_on"] extra Closed {
        /// Globs of the files.
        if_files_changed "if_files_changed": Texts,
        /// Globs of files of others, or ids of workstreams.
        then_depends_on "then_depends_on": Texts,
    }

    /// Priorities by words.
    RawPrioritization requires [] extra Closed {
        /// Words by the name of a kind of work.
        keywords "keywords": Named<Texts>,
        /// The priority of a kind of work.
        priority_score "priority_score": Named<Score>,
    }
}

/// A map from names to values of one type, in its order.
#[derive(Debug, Clone)]
pub struct Named<T>(pub Vec<(String, T)>);

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Read> Read for Named<T> {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            wrong_type(node, "a map", sink);
            return None;
        };
        Some(Self(entries.iter().filter_map(|entry| Some((entry.key.clone(), T::read(&entry.node, sink)?))).collect()))
    }
}

impl<T: JsonSchema> JsonSchema for Named<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Named".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<T>();
        json_schema!({"type": "object", "additionalProperties": value})
    }
}

/// Groups of files by name.
pub type Groups = Vec<(String, Vec<Pattern>)>;

/// The rules once everything in them was checked.
#[derive(Debug, Clone)]
pub struct Rules {
    /// How many files of the base commit a scope may cover.
    pub max_files: usize,
    /// How many tasks a workstream may have.
    pub max_tasks: usize,
    /// How many lines it should change.
    pub max_lines_changed: usize,
    /// Groups by language.
    pub language: Groups,
    /// Groups by directory.
    pub directory: Groups,
    /// Who waits for whom.
    pub inference: Vec<Inference>,
    /// The kinds of work: words, and a priority.
    pub kinds: Vec<(String, Vec<String>, i64)>,
}

/// Who waits for whom because of the files that they change.
#[derive(Debug, Clone)]
pub struct Inference {
    /// The files.
    pub files: Vec<Pattern>,
    /// The files of others, or ids of workstreams.
    pub on: Vec<(String, Pattern)>,
}

/// Reads rules, the lowest layer first; what a later file says about a key replaces what was there.
///
/// # Errors
/// Returns everything that was found when at least one of it is an error.
pub fn parse_rules(files: &[SourceFile]) -> Result<Rules, Vec<Diagnostic>> {
    let mut sink = Sink::new(files, Shape::File);
    let mut rules = Rules {
        max_files: 10,
        max_tasks: 7,
        max_lines_changed: 50,
        language: Vec::new(),
        directory: Vec::new(),
        inference: Vec::new(),
        kinds: Vec::new(),
    };
    let (mut keywords, mut scores) = (Named::<Texts>::default(), Named::<Score>::default());
    for (number, file) in (0_u32..).zip(files) {
        let root = read_file(number, file, &mut sink).filter(|root| !matches!(root.value, Value::Null));
        let Some(raw) = root.and_then(|root| RawRules::read(&root, &mut sink)) else { continue };
        over(&mut rules, &raw, &mut sink);
        if let Some(own) = raw.prioritization {
            keywords = own.value.keywords.map_or(keywords, |own| own.value);
            scores = own.value.priority_score.map_or(scores, |own| own.value);
        }
    }
    rules.kinds = scores.0.iter().map(|(name, score)| (name.clone(), words(&keywords, name), score.number())).collect();
    if sink.errors() == 0 { Ok(rules) } else { Err(sink.finish()) }
}

/// Returns the words of a kind of work, in small letters: those that are listed, and its name.
fn words(keywords: &Named<Texts>, name: &str) -> Vec<String> {
    let listed = keywords.0.iter().filter(|(kind, _)| kind == name).flat_map(|(_, words)| words);
    std::iter::once(name.to_lowercase()).chain(listed.map(|word| word.value.to_lowercase())).collect()
}

fn over(rules: &mut Rules, raw: &RawRules, sink: &mut Sink<'_>) {
    if let Some(limits) = &raw.workstream_limits {
        let number = |own: &Option<At<Positive>>, old: usize| own.as_ref().map_or(old, |own| own.value.narrow() as usize);
        rules.max_files = number(&limits.value.max_files, rules.max_files);
        rules.max_tasks = number(&limits.value.max_tasks, rules.max_tasks);
        rules.max_lines_changed = number(&limits.value.max_lines_changed, rules.max_lines_changed);
    }
    if let Some(groups) = &raw.group_by {
        if let Some(own) = &groups.value.language {
            rules.language = self::groups(&own.value, sink);
        }
        if let Some(own) = &groups.value.directory {
            rules.directory = self::groups(&own.value, sink);
        }
    }
    if let Some(all) = &raw.dependency_inference {
        rules.inference = all.value.iter().map(|one| inference(one, sink)).collect();
    }
}

fn inference(raw: &RawInference, sink: &mut Sink<'_>) -> Inference {
    let texts = |list: &Option<At<Texts>>| list.as_ref().map(|list| list.value.clone()).unwrap_or_default();
    let files = texts(&raw.if_files_changed).iter().filter_map(|glob| pattern(glob, sink)).collect();
    let on = texts(&raw.then_depends_on).iter().filter_map(|glob| Some((glob.value.clone(), pattern(glob, sink)?))).collect();
    Inference { files, on }
}

fn groups(named: &Named<Texts>, sink: &mut Sink<'_>) -> Groups {
    named.0.iter().map(|(name, globs)| (name.clone(), globs.iter().filter_map(|glob| pattern(glob, sink)).collect())).collect()
}

fn pattern(glob: &At<String>, sink: &mut Sink<'_>) -> Option<Pattern> {
    match Pattern::parse(&glob.value) {
        Ok(pattern) => Some(pattern),
        Err(error) => {
            sink.add(Draft::new(Code::BadGlob, glob.place, error.to_string()));
            None
        }
    }
}

/// Returns the JSON Schema of a file of rules.
#[must_use]
pub fn rules_schema() -> Json {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<RawRules>().to_value();
    schema["title"] = "git-orc rules for taking workstreams apart".into();
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(texts: &[&str]) -> Result<Rules, Vec<String>> {
        let files: Vec<SourceFile> = texts.iter().map(|text| SourceFile::new("rules.yaml", *text)).collect();
        parse_rules(&files).map_err(|found| found.iter().map(|one| one.code.to_string()).collect())
    }

    #[test]
    fn the_shipped_rules_are_those_of_the_original() {
        let rules = parse(&[SHIPPED]).unwrap();
        assert_eq!((rules.max_files, rules.max_tasks, rules.max_lines_changed), (10, 7, 50));
        let kinds: Vec<_> = rules.kinds.iter().map(|(name, _, score)| (name.as_str(), *score)).collect();
        assert_eq!(kinds, [("bug", 100), ("perf", 80)]);
        assert!(rules.inference.is_empty() && rules.language.iter().any(|(name, _)| name == "rust"));
    }

    #[test]
    fn a_later_file_replaces_key_by_key() {
        let own = "workstream_limits: {max_files: 3}\ngroup_by: {directory: {api: [\"src/api/**\"]}}\nprioritization: {priority_score: {docs: 5}}\n";
        let rules = parse(&[SHIPPED, own, ""]).unwrap();
        assert_eq!((rules.max_files, rules.max_tasks, rules.directory.len()), (3, 7, 1));
        assert!(!rules.language.is_empty());
        assert_eq!(rules.kinds, [("docs".to_owned(), vec!["docs".to_owned()], 5)]);
    }

    #[test]
    fn mistakes_are_told() {
        let check = |text: &str, codes: &[&str]| assert_eq!(parse(&[text]).unwrap_err(), codes, "{text}");
        check("workstream_limit: {}\n", &["unknown-key"]);
        check("workstream_limits: {max_files: 0}\n", &["out-of-range"]);
        check("dependency_inference: [{if_files_changed: [a]}]\n", &["missing-key"]);
        check("dependency_inference: [{if_files_changed: [\"/a\"], then_depends_on: [b]}]\n", &["bad-glob"]);
        check("group_by: {language: [rust]}\n", &["wrong-type"]);
    }
}
