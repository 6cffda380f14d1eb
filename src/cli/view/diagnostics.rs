//! Diagnostics of plans for people: the offending line with a mark under the offence, as compilers show it.

use std::collections::HashMap;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::cli::view::color::Color;
use crate::domain::document::diagnostic::{Diagnostic, Related, Severity, Span};
use crate::domain::document::source::SourceFile;
use crate::domain::text::{is_unsafe, one_line};

/// The widest line that is shown in full; more is cut around the mark.
const WIDTH: usize = 120;
/// How many characters around a mark are kept of a very long line.
const AROUND: usize = 200;

/// Returns the diagnostics as text, in their order, with an empty line between two of them. The sources are those that the plan was read from.
#[must_use]
pub fn render(diagnostics: &[Diagnostic], sources: &[SourceFile], color: Color) -> String {
    let renderer = match color {
        Color::Always => Renderer::styled(),
        Color::Never => Renderer::plain(),
    };
    let renderer = renderer.term_width(WIDTH);
    let texts: HashMap<&str, &str> = sources.iter().map(|source| (source.path.as_str(), source.text.as_str())).collect();
    let mut out = String::new();
    for diagnostic in diagnostics {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&renderer.render(&groups(diagnostic, &texts)));
        out.push('\n');
    }
    out
}

/// Returns one diagnostic in the terms of the renderer.
fn groups<'a>(diagnostic: &'a Diagnostic, texts: &HashMap<&str, &'a str>) -> Vec<Group<'a>> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let mut group = level.primary_title(one_line(&diagnostic.message)).id(diagnostic.code.as_str()).elements(Vec::<Origin<'_>>::new());
    group = match diagnostic.span.zip(texts.get(diagnostic.file.as_str())) {
        Some((span, text)) => snippets(group, diagnostic, span, (text, texts)),
        None => group.element(Origin::path(one_line(&diagnostic.file))),
    };
    if let Some(hint) = &diagnostic.hint {
        group = group.element(Level::HELP.message(one_line(hint)));
    }
    vec![group]
}

/// Adds the offending lines: marks near each other in one snippet, the others in snippets of their own.
fn snippets<'a>(
    mut group: Group<'a>,
    diagnostic: &'a Diagnostic,
    span: Span,
    (text, texts): (&'a str, &HashMap<&str, &'a str>),
) -> Group<'a> {
    let window = window(text, span);
    let is_here = |related: &&Related| related.file == diagnostic.file && window.contains(&related.span.start);
    let mut snippet = snippet(&diagnostic.file, text, &window, span.line);
    snippet = snippet.annotation(AnnotationKind::Primary.span(mark(&window, text, span)));
    for related in diagnostic.related.iter().filter(is_here) {
        let label = one_line(&related.label);
        snippet = snippet.annotation(AnnotationKind::Context.span(mark(&window, text, related.span)).label(label));
    }
    if span.column as usize > AROUND {
        // The snippet would count columns from where the line was cut.
        group = group.element(Origin::path(one_line(&diagnostic.file)).line(span.line as usize).char_column(span.column as usize));
        snippet = snippet.path(None::<String>);
    }
    group = group.element(snippet);
    for related in diagnostic.related.iter().filter(|related| !is_here(related)) {
        let Some(text) = texts.get(related.file.as_str()) else { continue };
        let window = self::window(text, related.span);
        let annotation = AnnotationKind::Context.span(mark(&window, text, related.span)).label(one_line(&related.label));
        group = group.element(self::snippet(&related.file, text, &window, related.span.line).annotation(annotation));
    }
    group
}

/// Returns the piece of the text that is shown: the line of the mark, and of a very long one only what is around the mark.
fn window(text: &str, span: Span) -> Range<usize> {
    let before = text.get(..span.start).unwrap_or_default();
    let after = text.get(span.start..).unwrap_or_default();
    let start = before.char_indices().rev().take(AROUND).take_while(|(_, c)| *c != '\n').last().map_or(span.start, |(at, _)| at);
    let length = after.char_indices().take(AROUND).take_while(|(_, c)| *c != '\n').last().map_or(0, |(at, c)| at + c.len_utf8());
    start..span.start + length
}

fn snippet<'a>(file: &str, text: &str, window: &Range<usize>, line: u32) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let shown = same_length(text.get(window.clone()).unwrap_or_default());
    Snippet::source(shown).line_start(usize::try_from(line).unwrap_or(1)).path(one_line(file)).fold(false)
}

/// Returns the range of a mark inside the window; at least one character when there is one.
fn mark(window: &Range<usize>, text: &str, span: Span) -> Range<usize> {
    let start = span.start.clamp(window.start, window.end);
    let end = span.end.clamp(start, window.end);
    let next = text.get(start..window.end).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    start - window.start..end.max(start + next) - window.start
}

/// Replaces every character that could change how the rest is shown by one of the same length in bytes, so that marks stay in place.
fn same_length(text: &str) -> String {
    let replace = |c: char| match (is_unsafe(c) && !matches!(c, '\t' | '\r' | '\n'), c.len_utf8()) {
        (false, _) => c,
        (true, 1) => '?',
        (true, 2) => '·',
        (true, 3) => char::REPLACEMENT_CHARACTER,
        (true, _) => '🛇',
    };
    text.chars().map(replace).collect()
}

#[cfg(test)]
mod tests {
    use crate::domain::document::source::Shape;
    use crate::domain::plan::input::{Known, PlanDefaults, PlanInput};
    use crate::domain::plan::parse::parse_plan;

    use super::*;

    fn shown(text: &str, color: Color) -> String {
        let files = [SourceFile::new("plans/p.yaml", text)];
        let defaults = PlanDefaults::default();
        let input = PlanInput { files: &files, shape: Shape::File, defaults: &defaults, known: Known::default() };
        render(&parse_plan(&input).map_or_else(|found| found, |(_, found)| found), &files, color)
    }

    const BROKEN: &str = "version: 1\nnäme: x\nworkstreams:\n  - id: a\n    file_scope: [a]\n    tool: command\n    command: [x]\n    depends_on: [b]\n  - id: b\n    files_scope: [b]\n    tool: command\n    command: [x]\n    depends_on: [a]\n  - id: b\n    files_scope: ['[']\n";

    #[test]
    fn errors_show_the_line_and_the_mark() {
        insta::assert_snapshot!(shown(BROKEN, Color::Never), @r"
        error[unknown-key]: unknown key `näme`
         --> plans/p.yaml:2:1
          |
        2 | näme: x
          | ^^^^
          |
          = help: Did you mean `name`?

        error[cycle]: dependencies form a cycle: a -> b -> a
          --> plans/p.yaml:4:9
           |
         4 |   - id: a
           |         ^
           |
          ::: plans/p.yaml:8:18
           |
         8 |     depends_on: [b]
           |                  - a depends on b
           |
          ::: plans/p.yaml:13:18
           |
        13 |     depends_on: [a]
           |                  - b depends on a
           |
           = help: Remove one of these dependencies.

        error[unknown-key]: unknown key `file_scope`
         --> plans/p.yaml:5:5
          |
        5 |     file_scope: [a]
          |     ^^^^^^^^^^
          |
          = help: Did you mean `files_scope`?

        error[duplicate-id]: two workstreams have the id `b`
          --> plans/p.yaml:14:9
           |
        14 |   - id: b
           |         ^
           |
          ::: plans/p.yaml:9:9
           |
         9 |   - id: b
           |         - first used here
           |
           = help: Give one of them another id.

        error[missing-tool]: nothing says which tool does the work
          --> plans/p.yaml:14:9
           |
        14 |   - id: b
           |         ^
           |
           = help: Set `tool` or `capability` here or under `defaults`.

        error[bad-glob]: in `files_scope`: `[` has no matching `]`
          --> plans/p.yaml:15:19
           |
        15 |     files_scope: ['[']
           |                   ^^^
        ");
    }

    #[test]
    fn colours_come_only_when_asked_for() {
        assert!(!shown(BROKEN, Color::Never).contains('\u{1b}'));
        assert!(shown(BROKEN, Color::Always).contains('\u{1b}'));
    }

    #[test]
    fn hostile_text_is_tamed_and_long_lines_are_cut() {
        let out = shown("a\u{9b}31m: [1]\n\"b\\e[31m\u{202e}\": 2\n", Color::Never);
        assert!(!out.chars().any(|c| is_unsafe(c) && c != '\n'), "{out:?}");
        let long = format!("workstreams: []\nx-long: {{a: \"{}\", b: [], b: 1}}\n", "y".repeat(100_000));
        let out = shown(&long, Color::Never);
        assert!(out.contains("duplicate-key") && out.len() < 4000, "{} bytes:\n{out}", out.len());
        assert!(out.contains("plans/p.yaml:2:100024"), "{out}");
        assert!(shown("", Color::Never).contains("plans/p.yaml:1:1"));
    }

    #[test]
    fn json_is_the_diagnostic_itself() {
        let span = Span { line: 1, column: 2, end_column: 3, start: 1, end: 2 };
        let diagnostic = Diagnostic {
            severity: Severity::Error,
            code: crate::domain::document::diagnostic::Code::Cycle,
            message: "m".to_owned(),
            file: "f".to_owned(),
            span: Some(span),
            hint: None,
            related: vec![Related { label: "l".to_owned(), file: "f".to_owned(), span }],
        };
        let place = r#"{"line":1,"column":2,"end_column":3,"start":1,"end":2}"#;
        let expect = format!(
            r#"{{"severity":"error","code":"cycle","message":"m","file":"f","span":{place},"hint":null,"related":[{{"label":"l","file":"f","span":{place}}}]}}"#
        );
        assert_eq!(serde_json::to_string(&diagnostic).unwrap(), expect);
    }
}
