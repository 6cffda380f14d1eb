//! Documents against schemas and structures: what is found, and where.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::LazyLock;

use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::json;

use super::links::Target;
use super::markdown::Outline;
use super::report::Report;
use super::structure::{SHIPPED, Structure, parse};
use super::{reference, rules, schema};
use crate::domain::document::load::read_file;
use crate::domain::document::sink::Sink;
use crate::domain::document::source::{Shape, SourceFile};

/// References lead nowhere.
struct Nowhere;

impl jsonschema::Retrieve for Nowhere {
    fn retrieve(&self, uri: &jsonschema::Uri<String>) -> Result<serde_json::Value, Box<dyn std::error::Error + Send + Sync>> {
        Err(format!("{uri} is not there").into())
    }
}

fn structure(text: &str) -> Structure {
    parse(&SourceFile::new("structure.yaml", text)).unwrap_or_else(|found| panic!("{found:#?}"))
}

fn told(report: Report<'_>) -> Vec<String> {
    let drafts = report.finish().into_iter();
    drafts
        .map(|draft| {
            let place = draft.place.unwrap();
            let column = place.column.map(|column| format!(":{column}")).unwrap_or_default();
            format!("{}{column} {} {}", place.line, draft.rule.unwrap(), draft.message.lines().next().unwrap())
        })
        .collect()
}

fn markdown(rules_text: &str, text: &str) -> Vec<String> {
    let outline = Outline::read(text);
    let mut report = Report::new("docs/spec.md", text);
    let lookup = |path: &str| match path {
        "docs/there.md" => Target::Document(Rc::new(BTreeSet::from(["goals".to_owned()]))),
        "docs/picture.png" | "docs" | "" => Target::There,
        _ => Target::Missing,
    };
    rules::check(&outline, &structure(rules_text), ("docs/spec.md", &lookup), &mut report);
    told(report)
}

fn document(schema: &serde_json::Value, text: &str) -> Vec<String> {
    let validator = schema::compile(schema, "file:///s.json", Nowhere).unwrap();
    let file = SourceFile::new("a.yaml", text);
    let mut sink = Sink::new(std::slice::from_ref(&file), Shape::File);
    let root = read_file(0, &file, &mut sink).unwrap();
    let mut report = Report::new("a.yaml", text);
    schema::check(&root, &validator, &mut report);
    told(report)
}

#[test]
fn violations_stand_at_the_value_that_they_are_about() {
    let schema = json!({
        "type": "object",
        "required": ["name"],
        "additionalProperties": false,
        "properties": {
            "name": {"type": "string", "maxLength": 3},
            "list": {"type": "array", "items": {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}},
            "a/b~c": {"enum": ["x", "y"]},
            "either": {"anyOf": [{"type": "string"}, {"type": "object", "properties": {"deep": {"type": "integer"}}, "required": ["deep"]}]},
        },
    });
    let check = |text: &str, expect: &[&str]| assert_eq!(document(&schema, text), expect, "{text}");
    check("name: abc\n", &[]);
    check("{}\n", &["1:1 schema/required missing key `name`"]);
    check("name: abcd\n", &["1:7 schema/maxLength \"abcd\" is longer than 3 characters"]);
    check("name: a\nnam: b\n", &["2:1 schema/additionalProperties unknown key `nam`"]);
    check(
        "name: a\nlist:\n  - id: 1\n  - {id: x}\n  - {}\n",
        &["4:10 schema/type \"x\" is not of type \"integer\"", "5:5 schema/required missing key `id`"],
    );
    check("name: a\na/b~c: z\n", &["2:8 schema/enum \"z\" is not one of \"x\" or \"y\""]);
    check("name: a\neither: {deep: x}\n", &["2:16 schema/type \"x\" is not of type \"integer\""]);
    check("name: a\neither: {shallow: 1}\n", &["2:9 schema/required missing key `deep`"]);
    check("name: a\neither: 5\n", &["2:9 schema/anyOf a number fits none of the forms that are allowed here"]);
    check("name:\n", &["1:1 schema/type null is not of type \"string\""]);
}

#[test]
fn a_schema_that_leads_elsewhere_or_is_none_is_refused() {
    let refused = |schema: serde_json::Value| schema::compile(&schema, "file:///s.json", Nowhere).map(|_| ()).unwrap_err();
    let (message, _) = refused(json!({"$ref": "other.json"}));
    assert!(message.contains("file:///other.json is not there"), "{message}");
    assert_eq!(refused(json!({"properties": {"a": {"type": "text"}}})).1, "/properties/a/type");
    assert!(schema::compile(&schema::meta("https://json-schema.org/draft/2020-12/schema"), "file:///s.json", Nowhere).is_ok());
}

#[test]
fn the_shipped_structure_wants_what_every_document_wants() {
    let check = |text: &str, expect: &[&str]| assert_eq!(markdown(SHIPPED, text), expect, "{text}");
    check("", &[]);
    check("# A\n## B\n# C\n## B\n", &[]);
    check("# A\n## B\ntext\n## B\n", &["4:1 spec/heading-repeated heading `B` is there already"]);
    check("# A\n### B\n", &["2:1 spec/heading-skip a heading of level 3 follows one of level 1"]);
    check("# A {#x}\n\n<a id=\"x\"></a>\n", &["3:8 spec/anchor-repeated id `x` is there already"]);
    check("[a](there.md#goals) [b](picture.png) ![c](../docs) [d](https://example.com/no)\n", &[]);
    check("x [a](gone.md)\n", &["1:3 spec/link-broken `gone.md` leads to `docs/gone.md`, which is not there"]);
    check("[a](there.md#goal)\n", &["1:1 spec/anchor-broken there is no heading `goal` in `docs/there.md`"]);
    check("# Goals\n[a](#goal) [b](#goals)\n", &["2:1 spec/anchor-broken there is no heading `goal` in this document"]);
    check("[a](../../x)\n", &["1:1 spec/link-outside `../../x` leads out of the repository"]);
    check("[r]\n\n[r]: gone.md\n", &["1:1 spec/link-broken `gone.md` leads to `docs/gone.md`, which is not there"]);
}

#[test]
fn declared_sections_are_looked_for() {
    let rules = "\
order: strict
sections:
  - {title: Goals, level: 2, min_words: 3}
  - {pattern: 'Phase [0-9]+', required: false, max: 2, max_words: 4}
  - {title: Acceptance}
";
    let check = |text: &str, expect: &[&str]| assert_eq!(markdown(rules, text), expect, "{text}");
    check("## goals\nOne two three.\n## Acceptance\n", &[]);
    check("# Goals\none two three\n# Acceptance\n", &["1 spec/section-missing there is no section `Goals` of level 2"]);
    check("## Goals\none - two\n## Acceptance\n", &["1:1 spec/section-short section `Goals` has 2 words, and needs 3"]);
    check("# Acceptance\n## Goals\na b c\n", &["1:1 spec/section-order section `Acceptance` stands before `Goals`"]);
    check(
        "## Goals\na b c\n## Phase 1\na b c d e\n## Phase 2\n## Phase 3\n## Acceptance\n",
        &[
            "3:1 spec/section-long section `Phase [0-9]+` has 5 words, which is more than 4",
            "6:1 spec/section-repeated section `Phase [0-9]+` is there more often than 2 times",
        ],
    );
    check(
        "",
        &["1 spec/section-missing there is no section `Goals` of level 2", "1 spec/section-missing there is no section `Acceptance`"],
    );
}

#[test]
fn ids_are_defined_once_and_boxes_are_counted() {
    let rules = "\
ids: {pattern: 'REQ-[0-9]+', defined: true, required_in: [Goals]}
checklists: [{section: Acceptance, min: 2, all_checked: true}]
";
    let check = |text: &str, expect: &[&str]| assert_eq!(markdown(rules, text), expect, "{text}");
    check("# Goals\n## REQ-1 fast\nAs REQ-1 says.\n# Acceptance\n- [x] REQ-1\n- [x] [REQ-1](#goals)\n", &[]);
    check(
        "# Goals\n- REQ-1\n- **REQ-1**\n# Acceptance\n- [ ] a\n- [x] REQ-2\n",
        &[
            "3:5 spec/id-repeated `REQ-1` is defined already",
            "5:3 spec/checklist-open section `Acceptance` has a box that is not ticked",
            "6:7 spec/id-unknown `REQ-2` is defined nowhere in this document",
        ],
    );
    check(
        "# Goals\n```\nREQ-1\n```\n# Acceptance\n- [x] a\n",
        &[
            "1:1 spec/id-missing section `Goals` has nothing that matches `REQ-[0-9]+`",
            "5:1 spec/checklist-short section `Acceptance` has 1 item, and needs 2 with a box",
        ],
    );
    check("# Goals\n| REQ-1 | REQ-2 |\n|-|-|\n| REQ-3 | x |\n", &["1 spec/section-missing there is no section `Acceptance`"]);
}

#[test]
fn mistakes_of_a_structure_are_told_with_their_places() {
    let check = |text: &str, expect: &[&str]| {
        let found = parse(&SourceFile::new("s.yaml", text)).map(|_| ()).unwrap_err();
        assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), expect, "{text}");
    };
    check(
        "version: 2\nsection: []\n",
        &["s.yaml:1:10: version 2 of this format is not known [unsupported-version]", "s.yaml:2:1: unknown key `section` [unknown-key]"],
    );
    check("ids: {pattern: '('}\n", &["s.yaml:1:16: `(` is no regular expression: unclosed group [bad-regex]"]);
    check(
        "sections: [{level: 7}, {}, {title: a, pattern: b}]\n",
        &[
            "s.yaml:1:20: 7 is not between 1 and 6 [out-of-range]",
            "s.yaml:1:24: nothing says which section this is [missing-name]",
            "s.yaml:1:48: `pattern` and `title` exclude each other [conflicting-keys]",
        ],
    );
    check(
        "ids: [{}]\nchecklists: {}\norder: any\n",
        &[
            "s.yaml:1:7: missing key `pattern` [missing-key]",
            "s.yaml:2:13: missing key `section` [missing-key]",
            "s.yaml:3:8: unknown value `any` [unknown-value]",
        ],
    );
}

#[test]
fn the_head_of_a_document_names_its_structure() {
    let declared = |text: &str| rules::declared_structure(text, &Outline::read(text)).map(|(name, range)| (name, text[range].to_owned()));
    let named = |name: &str, range: &str| Some((name.to_owned(), range.to_owned()));
    assert_eq!(declared("<!-- git-orc: structure=a b.yaml -->\n# T\n"), named("a b.yaml", "a b.yaml"));
    assert_eq!(declared("---\nx: 1\n---\n\n<!-- licence -->\n<!--git-orc:structure=s.yaml-->\n"), named("s.yaml", "s.yaml"));
    assert_eq!(declared("# T\n<!-- git-orc: structure=a.yaml -->\n"), None);
}

/// Compiled once for all cases.
static ANY: LazyLock<Validator> =
    LazyLock::new(|| schema::compile(&super::structure::structure_schema(), "file:///s.json", Nowhere).unwrap());

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever a document is: it is answered, and every place lies inside of it.
    #[test]
    fn no_document_is_too_strange(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        words in prop::collection::vec(prop::sample::select(vec![
            "# ", "## ", "\n", "\n\n", "- [ ] ", "- [x]", "REQ-1", "**", "`", "```", "[a](", "b.md#x)", "---\n", "| ", "|-|", "é", "{#x}", "<a id=\"x\">", "a: ", "\t", "> ", "[^1]", "[", "]", "<!-- ", "-->", "\r\n", "\u{202e}", "1. ", "sections: ", "{", "}",
        ]), 0..60),
    ) {
        for text in [String::from_utf8_lossy(&bytes).into_owned(), words.concat()] {
            let rules_text = "ids: {pattern: 'REQ-[0-9]*', required_in: [a]}\nchecklists: {section: a}\nsections: [{title: a}]\n";
            let found = markdown(rules_text, &text);
            let lines = text.split('\n').count();
            prop_assert!(found.iter().all(|line| line.split([':', ' ']).next().unwrap().parse::<usize>().unwrap() <= lines), "{found:?}");
            let file = SourceFile::new("a.yaml", text.as_str());
            let mut sink = Sink::new(std::slice::from_ref(&file), Shape::File);
            let root = read_file(0, &file, &mut sink);
            let _ = reference::declared(&text, root.as_ref());
            let mut report = Report::new("a.yaml", &text);
            report.diagnostics(&sink.finish());
            if let Some(root) = &root {
                schema::check(root, &ANY, &mut report);
            }
            let _ = parse(&file);
            let _ = rules::declared_structure(&text, &Outline::read(&text));
            let is_clean = report.finish().iter().all(|draft| !draft.message.contains(['\u{1b}', '\u{202e}']));
            prop_assert!(is_clean, "{text:?}");
        }
    }
}
