//! Reports in XML: JUnit's, which nearly every test runner writes, and checkstyle's.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};

use super::clean::strip_ansi;
use super::draft::{CheckOutput, Draft, Place, Reading};
use super::json::value;
use super::model::{FindingKind, Level};
use super::stack::{frame_in, head, own_frame};

/// What the reader has seen so far.
#[derive(Default)]
struct Seen {
    is_checkstyle: bool,
    /// The file that checkstyle tells of, or a suite's.
    file: Option<String>,
    case: Option<Case>,
    /// What is wrong with the case, or with a suite that has none.
    wrong: Option<Wrong>,
    suite: String,
    drafts: Vec<Draft>,
}

struct Case {
    name: String,
    file: Option<String>,
    line: Option<u32>,
    /// Whether it may fail: it is to be done one day.
    is_skipped: bool,
}

struct Wrong {
    head: Option<String>,
    text: String,
}

/// Reads a document whose elements are known to be closed.
pub(super) fn read(document: &str, check: &CheckOutput<'_>) -> Reading {
    let mut reader = Reader::from_str(document);
    let mut seen = Seen::default();
    loop {
        let result = match reader.read_event() {
            Ok(Event::Start(element)) => seen.start(&element, check),
            Ok(Event::Empty(element)) => seen.start(&element, check).map(|()| seen.end(element.name().as_ref(), check.program())),
            Ok(Event::End(element)) => {
                seen.end(element.name().as_ref(), check.program());
                Ok(())
            }
            Ok(Event::Text(text)) => seen.text(&text),
            Ok(Event::CData(text)) => seen.text(&text),
            Ok(Event::GeneralRef(name)) => plain(&format!("&{};", &*name)).and_then(|text| seen.text(&text)),
            Ok(Event::Eof) => return Reading::of_report(seen.drafts),
            Ok(_) => Ok(()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(reason) = result {
            let broken = vec![format!("a report in XML can not be read: {reason}")];
            return Reading { drafts: seen.drafts, is_report: false, broken };
        }
    }
}

/// Returns an attribute of an element.
fn attribute(element: &BytesStart<'_>, name: &str) -> Result<Option<String>, String> {
    let found = element.try_get_attribute(name).map_err(|error| error.to_string())?;
    found.map(|found| plain(&found.value)).transpose()
}

/// Returns a text with its references replaced.
fn plain(text: &str) -> Result<String, String> {
    unescape(text).map(Cow::into_owned).map_err(|error| error.to_string())
}

impl Seen {
    fn start(&mut self, element: &BytesStart<'_>, check: &CheckOutput<'_>) -> Result<(), String> {
        let get = |name| attribute(element, name);
        let number = |name| Ok::<_, String>(get(name)?.and_then(|text| text.parse::<u32>().ok()));
        match element.name().as_ref() {
            "testsuite" => (self.suite, self.file) = (get("name")?.unwrap_or_default(), get("file")?.or_else(|| self.file.take())),
            "testcase" => {
                let (name, class) = (get("name")?.unwrap_or_default(), get("classname")?.unwrap_or_default());
                // Some runners repeat the class in the name.
                let file = get("file")?.or_else(|| [&class, &self.suite].into_iter().find(|name| is_path(name)).cloned());
                let name = if class.is_empty() || name.starts_with(&class) { name } else { format!("{class}::{name}") };
                self.case = Some(Case { name: name.trim().to_owned(), file, line: number("line")?, is_skipped: false });
            }
            "checkstyle" => self.is_checkstyle = true,
            "file" => self.file = get("name")?,
            "error" if self.is_checkstyle => {
                let place =
                    self.file.clone().map(|file| Ok::<_, String>(Place::new(file, number("line")?.unwrap_or(1), number("column")?)));
                let level = get("severity")?.map(serde_json::Value::String);
                self.drafts.push(Draft {
                    source: check.program().to_owned(),
                    kind: FindingKind::Lint,
                    level: level.as_ref().and_then(value::level).unwrap_or_else(|| check.default_level()),
                    rule: get("source")?,
                    message: get("message")?.unwrap_or_default(),
                    place: place.transpose()?,
                });
            }
            "skipped" => self.case.iter_mut().for_each(|case| case.is_skipped = true),
            "failure" | "error" => self.wrong = Some(Wrong { head: get("message")?, text: String::new() }),
            _ => {}
        }
        Ok(())
    }

    #[expect(clippy::unnecessary_wraps, reason = "as all events are taken in")]
    fn text(&mut self, text: &str) -> Result<(), String> {
        if let Some(wrong) = &mut self.wrong {
            wrong.text.push_str(text);
        }
        Ok(())
    }

    fn end(&mut self, name: &str, source: &str) {
        match name {
            "failure" | "error" => {
                let is_skipped = self.case.as_ref().is_some_and(|case| case.is_skipped);
                if let Some(wrong) = self.wrong.take().filter(|_| !is_skipped) {
                    self.drafts.push(self.draft(&wrong, source));
                }
            }
            "testcase" => self.case = None,
            "file" => self.file = None,
            _ => {}
        }
    }

    fn draft(&self, wrong: &Wrong, source: &str) -> Draft {
        let (text, told) = (strip_ansi(&wrong.text), wrong.head.as_deref().map(strip_ansi).unwrap_or_default());
        let told = if told.trim().is_empty() { head(&text) } else { head(&told) };
        let case = self.case.as_ref();
        let file = case.and_then(|case| case.file.clone()).or_else(|| self.file.clone());
        let place = file.map(|file| {
            let known = case.and_then(|case| case.line).unwrap_or(1);
            frame_in(&file, &text).unwrap_or_else(|| Place::new(&file, known, None))
        });
        Draft {
            source: source.to_owned(),
            kind: FindingKind::Test,
            level: Level::Error,
            rule: Some(case.map_or(&self.suite, |case| &case.name).clone()).filter(|name| !name.is_empty()),
            message: if told.is_empty() { "the test failed".to_owned() } else { told },
            place: place.or_else(|| python_frame(&text)).or_else(|| own_frame(&text)),
        }
    }
}

/// Returns whether a name is a path: `src/shape.py`, and neither `shape tests` nor `tests.test_shape`.
fn is_path(name: &str) -> bool {
    let (folder, base) = name.rsplit_once('/').unwrap_or_default();
    !folder.is_empty() && base.contains('.') && !name.contains([' ', '\t'])
}

/// Returns the place that pytest names last: `tests/test_shape.py:10: AssertionError`.
fn python_frame(text: &str) -> Option<Place> {
    text.lines().rev().find_map(|line| {
        let mut parts = line.splitn(3, ':');
        let path = parts.next().filter(|path| path.ends_with(".py") && !path.contains(' '))?;
        Some(Place::new(path, parts.next()?.parse().ok()?, None))
    })
}
