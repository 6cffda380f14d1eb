//! Finds reports inside an output: JSON and XML documents between the lines that other programs print around them.

use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;

/// What an output is made of.
#[derive(Debug, Default)]
pub(super) struct Documents<'a> {
    /// JSON documents and their text, in order.
    pub(super) json: Vec<(Value, &'a str)>,
    /// XML documents in order.
    pub(super) xml: Vec<&'a str>,
    /// The lines around them.
    pub(super) rest: String,
    /// What began as a document and is none, a sentence each.
    pub(super) broken: Vec<String>,
}

/// A beginning of JSON that fails before so many bytes is taken for a line of text; and, where it only never ends, before so many.
const BROKEN_FROM: usize = 200;
const CUT_FROM: usize = 20;
/// The most broken documents that are told of.
const MOST_BROKEN: usize = 20;

/// Takes an output apart. What one line holds behind the end of a document belongs to the text, and then the whole line does.
pub(super) fn split(text: &str) -> Documents<'_> {
    let mut found = Documents::default();
    let mut at = 0;
    let mut cut = Cut::default();
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let line = rest.lines().next().unwrap_or_default();
        let start = at + (line.len() - line.trim_start().len());
        let number = || 1 + text[..at].bytes().filter(|byte| *byte == b'\n').count();
        let end = match kind(line.trim_start()) {
            Some(Kind::Json) if start >= cut.deep => {
                let body = if cut.json { &text[start..at + line.len()] } else { &text[start..] };
                json((start, body), &mut found, number, &mut cut)
            }
            Some(Kind::Xml) if !cut.xml => xml(&text[start..], &mut found, number, &mut cut),
            Some(Kind::Json | Kind::Xml) | None => None,
        };
        at = match end {
            Some(length) => start + length,
            None => {
                found.rest.push_str(line);
                found.rest.push('\n');
                at + line.len()
            }
        };
        // The line break, and blanks behind a document.
        at += text[at..].find(|c: char| c != ' ' && c != '\t').filter(|_| end.is_some()).unwrap_or(0);
        at += usize::from(text[at..].starts_with('\r'));
        at += usize::from(text[at..].starts_with('\n'));
    }
    found
}

/// What keeps the search from looking at the same text again and again.
#[derive(Default)]
struct Cut {
    /// Whether a document was met that never ends: to the end of the output it is searched once only.
    json: bool,
    xml: bool,
    /// Where a document became too deep; nothing before that place begins another one.
    deep: usize,
}

enum Kind {
    Json,
    Xml,
}

fn kind(line: &str) -> Option<Kind> {
    if ["<?xml", "<testsuite", "<checkstyle"].iter().any(|start| line.starts_with(start)) {
        return Some(Kind::Xml);
    }
    let inside = line.strip_prefix(['{', '['])?.trim_start();
    // `[1/3]` and `{0}` are no beginning of a report.
    (inside.is_empty() || inside.starts_with(['"', '{', '[', '}', ']'])).then_some(Kind::Json)
}

fn json<'a>((start, body): (usize, &'a str), found: &mut Documents<'a>, number: impl Fn() -> usize, cut: &mut Cut) -> Option<usize> {
    let mut stream = serde_json::Deserializer::from_str(body).into_iter::<Value>();
    match stream.next()? {
        Ok(value) => {
            let length = stream.byte_offset();
            let behind = body[length..].lines().next().unwrap_or_default().trim_start();
            let is_alone = behind.is_empty() || behind.starts_with(['{', '[']);
            is_alone.then(|| {
                found.json.push((value, &body[..length]));
                length
            })
        }
        Err(error) => {
            cut.json |= error.is_eof();
            let read = offset(body, error.line(), error.column());
            if error.to_string().starts_with("recursion limit") {
                cut.deep = start + read;
            }
            let is_report = read >= if error.is_eof() { CUT_FROM } else { BROKEN_FROM };
            if is_report && found.broken.len() < MOST_BROKEN {
                let line = number() - 1 + error.line();
                found.broken.push(format!("a report in JSON begins in line {} and can not be read in line {line}: {error}", number()));
            }
            None
        }
    }
}

/// Returns how many bytes lie before a line and a column, both counted from 1.
fn offset(text: &str, line: usize, column: usize) -> usize {
    text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum::<usize>() + column
}

fn xml<'a>(body: &'a str, found: &mut Documents<'a>, number: impl Fn() -> usize, cut: &mut Cut) -> Option<usize> {
    let mut reader = Reader::from_str(body);
    let mut depth = 0_usize;
    loop {
        let event = reader.read_event();
        let position = usize::try_from(reader.buffer_position()).unwrap_or(body.len()).min(body.len());
        match event {
            Ok(Event::Start(_)) => depth += 1,
            Ok(Event::End(_)) if depth <= 1 => break end_of(body, position, found),
            Ok(Event::End(_)) => depth -= 1,
            Ok(Event::Empty(_)) if depth == 0 => break end_of(body, position, found),
            Ok(Event::Eof) => {
                cut.xml = true;
                found.broken.push(format!("a report in XML begins in line {} and does not end", number()));
                break None;
            }
            Err(error) => {
                cut.xml = true;
                found.broken.push(format!("a report in XML begins in line {} and can not be read: {error}", number()));
                break None;
            }
            Ok(_) => {}
        }
    }
}

fn end_of<'a>(body: &'a str, position: usize, found: &mut Documents<'a>) -> Option<usize> {
    found.xml.push(body.get(..position)?);
    Some(position)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, json: &[&str], xml: &[&str], rest: &str, broken: usize) {
        let found = split(text);
        assert_eq!(found.json.iter().map(|(_, raw)| *raw).collect::<Vec<_>>(), json, "{text}");
        assert_eq!(found.xml, xml, "{text}");
        assert_eq!((found.rest.as_str(), found.broken.len()), (rest, broken), "{text} {:?}", found.broken);
    }

    #[test]
    fn documents_are_found_between_lines() {
        check("", &[], &[], "", 0);
        check("one\n\ntwo", &[], &[], "one\n\ntwo\n", 0);
        check("> lint\n[\n {\"a\": 1}\n]\ndone\n", &["[\n {\"a\": 1}\n]"], &[], "> lint\ndone\n", 0);
        check("{\"a\":1}\n{\"b\":2}{\"c\":3}\r\nx\n", &["{\"a\":1}", "{\"b\":2}", "{\"c\":3}"], &[], "x\n", 0);
        check("  {}  \n", &["{}"], &[], "", 0);
        check(
            "<?xml version=\"1.0\"?>\n<testsuites>\n<testsuite/>\n</testsuites>\nok\n",
            &[],
            &["<?xml version=\"1.0\"?>\n<testsuites>\n<testsuite/>\n</testsuites>"],
            "ok\n",
            0,
        );
        check("<testsuite/>", &[], &["<testsuite/>"], "", 0);
    }

    #[test]
    fn text_that_looks_like_a_document_stays_text() {
        for text in ["[1/3] building\n", "{\"a\": 1} and more\n", "{ x }\n", "[error] no\n", "[\n", "{\"a\": \n"] {
            check(text, &[], &[], text, 0);
        }
    }

    #[test]
    fn a_report_that_is_cut_is_told() {
        let long = format!("before\n[{{\"a\": \"{}\"}},\n{{\"b\"", "x".repeat(300));
        check(&long, &[], &[], &format!("{long}\n"), 1);
        assert!(split(&long).broken[0].contains("begins in line 2 and can not be read in line 3"), "{:?}", split(&long).broken);
        check("<testsuites>\n<testsuite>\n", &[], &[], "<testsuites>\n<testsuite>\n", 1);
        let deep = "[{\"a\":\n".repeat(200);
        check(&deep, &[], &[], &deep, 4);
        check("<testsuites>\n</testsuite>\n", &[], &[], "<testsuites>\n</testsuite>\n", 1);
    }
}
