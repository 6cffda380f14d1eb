//! What a text says: whole words, beginnings of words, headings, and lines that look like code.

/// Beginnings of lines that define or import something, in languages that many projects use.
const DEFINES: [&str; 34] = [
    "fn ",
    "func ",
    "function ",
    "def ",
    "class ",
    "struct ",
    "enum ",
    "interface ",
    "trait ",
    "impl ",
    "impl<",
    "type ",
    "module ",
    "mod ",
    "namespace ",
    "const ",
    "let ",
    "var ",
    "static ",
    "val ",
    "public ",
    "private ",
    "protected ",
    "internal ",
    "abstract ",
    "export ",
    "void ",
    "int ",
    "char ",
    "sub ",
    "proc ",
    "defmodule ",
    "create table ",
    "async ",
];
/// Words that may stand before one of them.
const BEFORE: [&str; 7] = ["pub ", "pub(crate) ", "export default ", "export ", "async ", "unsafe ", "final "];
/// Beginnings of lines that bring something in.
const IMPORTS: [&str; 8] = ["import ", "from ", "use ", "using ", "package ", "require ", "#include ", "extern "];

/// Returns whether a text has this as a whole word or phrase, whatever the case. An English plural of it counts.
#[must_use]
pub fn has_word(text: &str, word: &str) -> bool {
    found(text, word, |rest| {
        let rest =
            rest.strip_prefix("es").filter(|rest| ends(rest)).or_else(|| rest.strip_prefix('s').filter(|rest| ends(rest))).unwrap_or(rest);
        ends(rest)
    })
}

/// Returns whether a text has a word that begins like this, whatever the case: `test` is found in `Testing`.
#[must_use]
pub fn mentions(text: &str, word: &str) -> bool {
    found(text, word, |_| true)
}

fn ends(rest: &str) -> bool {
    rest.chars().next().is_none_or(|c| !c.is_alphanumeric())
}

fn found(text: &str, word: &str, fits: impl Fn(&str) -> bool) -> bool {
    let (text, word) = (text.to_lowercase(), word.trim().to_lowercase());
    if word.is_empty() {
        return false;
    }
    let begins = |at: usize| text[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric());
    text.match_indices(&word).any(|(at, _)| begins(at) && fits(&text[at + word.len()..]))
}

/// Returns how many headings of the first or the second level a Markdown text has; those in fenced code are none.
#[must_use]
pub fn headings(text: &str) -> u64 {
    let (mut fence, mut found, mut before) = (None, 0, "");
    for line in text.lines() {
        let bare = line.trim_start();
        if let Some(mark) = ["```", "~~~"].into_iter().find(|mark| bare.starts_with(mark)) {
            fence = if fence == Some(mark) { None } else { fence.or(Some(mark)) };
        }
        let underlined = |mark: char| !bare.is_empty() && bare.trim_end().chars().all(|c| c == mark) && !before.trim().is_empty();
        // A line of dashes below a blank line, or of two only, is a rule or the head of a table, not a heading.
        let is_heading = bare.starts_with("# ") || bare.starts_with("## ") || underlined('=') || (underlined('-') && bare.len() > 2);
        found += u64::from(fence.is_none() && is_heading);
        before = if bare.starts_with('#') { "" } else { line };
    }
    found
}

/// Returns whether a line of a text looks like a definition or an import of a common language.
#[must_use]
pub fn has_code(text: &str) -> bool {
    text.lines().any(is_code)
}

fn is_code(line: &str) -> bool {
    let line = line.trim();
    let lower = line.to_ascii_lowercase();
    let mut rest = lower.as_str();
    while let Some(after) = BEFORE.iter().find_map(|word| rest.strip_prefix(word)) {
        rest = after;
    }
    let is_prose = line.ends_with('.') || line.ends_with('?') || line.ends_with(',');
    // Prose begins with `from`, `use` and `type` as well; a definition has more than words.
    let defines =
        (rest.len() < lower.len() || DEFINES.iter().any(|word| rest.starts_with(word))) && line.contains(['(', '{', '=', ';', ':', '<']);
    let imports = IMPORTS.iter().any(|word| rest.starts_with(word)) && line.split_whitespace().count() <= 8;
    let names = line.contains(['"', '\'', ';', ':', '<', '.', '{', '/']) || line.split_whitespace().count() <= 4;
    !is_prose && (defines || (imports && names))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_whole_and_plurals_count() {
        let check = |text: &str, word: &str, expect: bool| assert_eq!(has_word(text, word), expect, "{word} in {text}");
        check("Add a REST api", "rest", true);
        check("Restore the backup", "rest", false);
        check("the arrest", "rest", false);
        check("all APIs", "api", true);
        check("all classes", "class", true);
        check("classy", "class", false);
        check("a rate-limit here", "rate-limit", true);
        check("anything", "", false);
        check("über Größe", "GRÖSSE", false);
        check("über Größe", "größe", true);
    }

    #[test]
    fn words_are_mentioned_by_their_beginning() {
        let check = |text: &str, word: &str, expect: bool| assert_eq!(mentions(text, word), expect, "{word} in {text}");
        check("Testing and risks", "test", true);
        check("Testing and risks", "risk", true);
        check("the latest", "test", false);
    }

    #[test]
    fn headings_are_counted() {
        let check = |text: &str, expect: u64| assert_eq!(headings(text), expect, "{text}");
        check("# One\ntext\n## Two\n### Three\n", 2);
        check("```\n# no heading\n```\n# One\n", 1);
        check("One\n===\n\nTwo\n---\n", 2);
        check("text\n\n---\n", 0);
        check("#hashtag\n", 0);
        check("", 0);
    }

    #[test]
    fn code_is_told_from_prose() {
        let check = |line: &str, expect: bool| assert_eq!(has_code(line), expect, "{line}");
        for code in [
            "fn main() {",
            "pub fn f(x: u8) -> u8 {",
            "def f(x):",
            "class A:",
            "func main() {",
            "package main",
            "import os",
            "from os import path",
            "#include <stdio.h>",
            "const x = 1;",
            "export default function f() {",
            "use std::fmt;",
            "int main(void) {",
            "struct P {",
            "var x = 3",
            "pub(crate) struct P;",
            "using System.Text;",
            "    let x = 1;",
        ] {
            check(code, true);
        }
        for prose in [
            "From the very beginning we wanted to use a better way of doing this",
            "Use cases are listed below.",
            "The function of this text is to explain",
            "import duties are paid by whoever brings the goods into the country of destination",
            "- class A customers",
            "",
        ] {
            check(prose, false);
        }
    }
}
