//! A Markdown document as far as its structure goes: front matter, headings, runs of text, links, check boxes, anchors; all with places.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::LazyLock;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use regex::Regex;

/// Anchors that are written as HTML.
#[expect(clippy::expect_used, reason = "a constant pattern that a test compiles")]
static ANCHOR: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"<[a-zA-Z][^<>]*?\b(?:id|name)\s*=\s*["']([^"'<>]+)["']"#).expect("constant pattern"));

/// A document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outline {
    /// Where the YAML between the two lines of dashes at the start is.
    pub front_matter: Option<Range<usize>>,
    /// Where the rest starts.
    pub body: usize,
    /// The headings in their order.
    pub headings: Vec<Heading>,
    /// The text, without code blocks and HTML.
    pub runs: Vec<Run>,
    /// The links and images.
    pub links: Vec<Link>,
    /// The check boxes.
    pub checks: Vec<Check>,
    /// Ids that somebody wrote: of headings and in HTML.
    pub ids: Vec<(String, Range<usize>)>,
    /// Everything that a link may point at with `#`.
    pub anchors: BTreeSet<String>,
}

/// A heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// From 1, the largest, to 6.
    pub level: u8,
    /// Its text without markup.
    pub text: String,
    /// Where it is.
    pub range: Range<usize>,
}

/// A run of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The text.
    pub text: String,
    /// Where it is.
    pub range: Range<usize>,
    /// Where it stands in its paragraph.
    pub position: Position,
}

/// Where a run stands in its heading, paragraph, item of a list or cell of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// At the start.
    Lead,
    /// Behind something else.
    Inner,
}

/// A link or an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Where it leads.
    pub target: String,
    /// Where it is.
    pub range: Range<usize>,
}

/// A check box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Whether it is ticked.
    pub is_done: bool,
    /// Where it is.
    pub range: Range<usize>,
}

impl Outline {
    /// Reads a document. Whatever the text is, it is one.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let (front_matter, body) = front_matter(text);
        let mut reader = Reader { out: Self { front_matter, body, ..Self::default() }, ..Reader::default() };
        let options = Options::ENABLE_TABLES
            | Options::ENABLE_FOOTNOTES
            | Options::ENABLE_STRIKETHROUGH
            | Options::ENABLE_TASKLISTS
            | Options::ENABLE_HEADING_ATTRIBUTES;
        for (event, range) in Parser::new_ext(text.get(body..).unwrap_or_default(), options).into_offset_iter() {
            reader.take(event, range.start + body..range.end + body);
        }
        reader.out
    }

    /// Returns the bytes below a heading: to the next one that is as large or larger.
    #[must_use]
    pub fn section(&self, heading: usize) -> Range<usize> {
        let Some(own) = self.headings.get(heading) else { return 0..0 };
        let next = self.headings.iter().skip(heading + 1).find(|other| other.level <= own.level);
        own.range.end..next.map_or(usize::MAX, |next| next.range.start)
    }

    /// Returns how many words stand in a range.
    #[must_use]
    pub fn words(&self, range: &Range<usize>) -> usize {
        let inside = within(&self.runs, range, |run| run.range.start).iter();
        inside.map(|run| run.text.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).count()).sum()
    }
}

/// Returns the part of a list in the order of a document that starts in a range.
pub fn within<'l, T>(list: &'l [T], range: &Range<usize>, start: impl Fn(&T) -> usize) -> &'l [T] {
    let first = list.partition_point(|item| start(item) < range.start);
    let end = list.partition_point(|item| start(item) < range.end);
    list.get(first..end).unwrap_or_default()
}

/// Finds YAML between two lines of dashes at the start; returns where it is, and where the rest starts.
fn front_matter(text: &str) -> (Option<Range<usize>>, usize) {
    let opening = ["---\n", "---\r\n"].into_iter().find(|opening| text.starts_with(opening));
    let Some(start) = opening.map(str::len) else { return (None, 0) };
    let mut at = start;
    for line in text.get(start..).unwrap_or_default().split_inclusive('\n') {
        if matches!(line.trim_end(), "---" | "...") {
            return (Some(start..at), at + line.len());
        }
        at += line.len();
    }
    (None, 0)
}

#[derive(Debug, Default)]
struct Reader {
    out: Outline,
    heading: Option<(Heading, Option<String>)>,
    is_code: bool,
    is_lead: bool,
    slugs: HashMap<String, usize>,
}

impl Reader {
    #[expect(clippy::wildcard_enum_match_arm, reason = "not our enum; mathematics and breaks of lines have no say in the structure")]
    fn take(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(tag) => self.start(tag, range),
            Event::End(tag) => self.end(tag, range),
            Event::Text(text) if !self.is_code => self.text(&text, range),
            Event::Code(text) => {
                let inner = range.start + (range.len().saturating_sub(text.len())) / 2;
                self.text(&text, inner..inner + text.len());
            }
            Event::Html(html) | Event::InlineHtml(html) => self.html(&html, range.start),
            Event::TaskListMarker(is_done) => {
                self.is_lead = false;
                self.out.checks.push(Check { is_done, range });
            }
            Event::SoftBreak | Event::HardBreak => self.append(" "),
            _ => {}
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "not our enum; other tags have no say in the structure")]
    fn start(&mut self, tag: Tag<'_>, range: Range<usize>) {
        match tag {
            Tag::Heading { level, id, .. } => {
                let id = id.map(|id| id.to_string());
                self.out.ids.extend(id.clone().map(|id| (id, range.clone())));
                self.heading = Some((Heading { level: level as u8, text: String::new(), range }, id));
                self.is_lead = true;
            }
            Tag::Paragraph | Tag::Item | Tag::TableCell => self.is_lead = true,
            Tag::CodeBlock(_) => self.is_code = true,
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.is_lead = false;
                self.out.links.push(Link { target: dest_url.to_string(), range });
            }
            _ => {}
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "not our enum; other tags have no say in the structure")]
    fn end(&mut self, tag: TagEnd, range: Range<usize>) {
        match tag {
            TagEnd::CodeBlock => self.is_code = false,
            TagEnd::Heading(_) => {
                let Some((mut heading, id)) = self.heading.take() else { return };
                heading.text = heading.text.split_whitespace().collect::<Vec<_>>().join(" ");
                heading.range.end = range.end;
                let slug = self.slug(&heading.text);
                self.out.anchors.extend(std::iter::once(slug).chain(id));
                self.out.headings.push(heading);
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str, range: Range<usize>) {
        self.append(text);
        if text.trim().is_empty() {
            return;
        }
        let position = if std::mem::take(&mut self.is_lead) { Position::Lead } else { Position::Inner };
        self.out.runs.push(Run { text: text.to_owned(), range, position });
    }

    fn append(&mut self, text: &str) {
        if let Some((heading, _)) = &mut self.heading {
            heading.text.push_str(text);
        }
    }

    fn html(&mut self, html: &str, start: usize) {
        for id in ANCHOR.captures_iter(html).filter_map(|found| found.get(1)) {
            self.out.ids.push((id.as_str().to_owned(), start + id.start()..start + id.end()));
            self.out.anchors.insert(id.as_str().to_owned());
        }
    }

    /// Returns the anchor that hosts of code make for a heading; the second of the same text gets a number.
    fn slug(&mut self, text: &str) -> String {
        let kept = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        let slug: String = kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect();
        let seen = self.slugs.entry(slug.clone()).or_insert(0);
        let numbered = if *seen == 0 { slug } else { format!("{slug}-{seen}") };
        *seen += 1;
        numbered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
---
title: x
---
# The *Goal* of `it`

Two words <a id=\"here\"></a> and [a link](other.md#x).

## Part {#own}

- [x] REQ-1 done
- **REQ-2** open
- [ ] not

## Part

```
[no](link) # no heading
```
";

    #[test]
    fn everything_has_its_place() {
        let outline = Outline::read(TEXT);
        let at = |range: &Range<usize>| &TEXT[range.clone()];
        assert_eq!(at(outline.front_matter.as_ref().unwrap()), "title: x\n");
        let headings: Vec<(u8, &str)> = outline.headings.iter().map(|heading| (heading.level, heading.text.as_str())).collect();
        assert_eq!(headings, [(1, "The Goal of it"), (2, "Part"), (2, "Part")]);
        assert!(at(&outline.headings[0].range).starts_with("# The *Goal*"));
        assert_eq!(
            outline.links.iter().map(|link| (link.target.as_str(), at(&link.range))).collect::<Vec<_>>(),
            [("other.md#x", "[a link](other.md#x)")]
        );
        assert_eq!(
            outline.checks.iter().map(|check| (check.is_done, at(&check.range))).collect::<Vec<_>>(),
            [(true, "[x]"), (false, "[ ]")]
        );
        assert_eq!(outline.ids.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["here", "own"]);
        assert_eq!(outline.anchors.iter().map(String::as_str).collect::<Vec<_>>(), ["here", "own", "part", "part-1", "the-goal-of-it"]);
        for run in &outline.runs {
            assert_eq!(at(&run.range), run.text);
        }
        let leads: Vec<&str> = outline.runs.iter().filter(|run| run.position == Position::Lead).map(|run| run.text.as_str()).collect();
        assert_eq!(leads, ["The ", "Two words ", "Part", "REQ-2", "Part"]);
        assert_eq!(outline.words(&outline.section(1)), 5);
        assert_eq!(outline.words(&outline.section(2)), 0);
    }

    #[test]
    fn dashes_that_are_not_closed_are_no_front_matter() {
        for text in ["---\n", "---\na: 1\n", "--- \n---\n", "", "a\n---\n---\n"] {
            assert_eq!(Outline::read(text).front_matter, None, "{text:?}");
        }
        assert_eq!(Outline::read("---\r\na: 1\r\n---\r\n# T\r\n").headings.len(), 1);
    }
}
