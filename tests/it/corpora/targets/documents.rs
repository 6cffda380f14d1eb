//! Specifications: any text is a document, and what is found in it lies inside of it.

use std::rc::Rc;
use std::sync::LazyLock;

use git_orc::domain::document::source::SourceFile;
use git_orc::domain::spec::links::Target;
use git_orc::domain::spec::markdown::Outline;
use git_orc::domain::spec::report::Report;
use git_orc::domain::spec::rules;
use git_orc::domain::spec::structure::{SHIPPED, parse};

/// The structure that the documents are held against, when they do not bring one that is sound.
const STRUCTURE: &str =
    "ids: {pattern: '[A-Z]+-[0-9]+', required_in: [a]}\nchecklists: {section: a}\nsections: [{pattern: '.*', max: 2}]\n";

/// A Markdown document; what stands before a line of equal signs is its structure.
pub fn markdown(data: &[u8]) {
    static SOUND: LazyLock<String> = LazyLock::new(|| format!("{SHIPPED}\n{STRUCTURE}"));
    let text = String::from_utf8_lossy(data);
    let (rules_text, text) = text.split_once("\n===\n").unwrap_or((&SOUND, &text));
    let parsed = parse(&SourceFile::new("structure.yaml", rules_text));
    let structure = parsed.unwrap_or_else(|_| parse(&SourceFile::new("structure.yaml", SOUND.as_str())).unwrap());
    let outline = Outline::read(text);
    let inside = |range: &std::ops::Range<usize>| text.get(range.clone()).is_some();
    assert!(outline.headings.iter().all(|heading| inside(&heading.range)));
    assert!(outline.links.iter().all(|link| inside(&link.range)));
    assert!(outline.checks.iter().all(|check| inside(&check.range)));
    assert!(outline.ids.iter().all(|(_, range)| inside(range)));
    let _ = rules::declared_structure(text, &outline);
    let mut report = Report::new("a/b.md", text);
    let lookup = |path: &str| if path.len().is_multiple_of(2) { Target::Missing } else { Target::Document(Rc::default()) };
    rules::check(&outline, &structure, ("a/b.md", &lookup), &mut report);
    let lines = u32::try_from(text.split('\n').count()).unwrap();
    assert!(report.finish().iter().all(|draft| draft.place.as_ref().is_some_and(|place| place.line <= lines)));
}
