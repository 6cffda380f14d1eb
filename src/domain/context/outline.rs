//! What a file is about, in one line: for a tool that can not be given the file itself.

use crate::domain::prompt::quote::head;
use crate::domain::text::{clip, one_line};

/// The longest outline, in characters.
const LONGEST: usize = 160;
/// So much of a file is looked at, in bytes.
const LOOKED_AT: usize = 64 << 10;
/// The most names that are told.
const MOST_NAMES: usize = 8;

/// Words that a name at the top of a file stands behind.
const KEYWORDS: [&str; 17] = [
    "fn",
    "struct",
    "enum",
    "trait",
    "mod",
    "macro_rules!",
    "def",
    "class",
    "function",
    "interface",
    "type",
    "func",
    "module",
    "object",
    "record",
    "namespace",
    "contract",
];
/// Words that can stand before those.
const MODIFIERS: [&str; 14] = [
    "pub",
    "pub(crate)",
    "pub(super)",
    "export",
    "default",
    "async",
    "const",
    "unsafe",
    "public",
    "static",
    "final",
    "abstract",
    "declare",
    "extern",
];

/// Returns what a file says about itself: its first comment or heading, else the names at its top level; empty when it says nothing.
#[must_use]
pub fn outline(text: &str) -> String {
    let text = head(text, LOOKED_AT);
    let line = about(text).unwrap_or_else(|| names(text));
    clip(&one_line(&line), LONGEST)
}

/// Returns the first line of words in the comment or heading that a file begins with.
fn about(text: &str) -> Option<String> {
    for line in text.lines().take(20) {
        let line = line.trim();
        if line.is_empty() || line.starts_with("#!") && !line.starts_with("#![") || line == "---" {
            continue;
        }
        let marks = ["//!", "///", "/**", "//", "/*", "*", "\"\"\"", "'''", "#", "--", ";;", "%", "<!--"];
        let mark = marks.into_iter().find(|mark| line.starts_with(mark))?;
        let rest = line[mark.len()..].trim_start_matches(['#', '/', ';', '*', '!']);
        let rest = rest.trim().trim_end_matches("-->").trim_end_matches("*/").trim_end_matches("\"\"\"").trim();
        let is_code = rest.starts_with(['[', '<']) || rest.starts_with("include") || rest.starts_with("define");
        if rest.chars().any(char::is_alphabetic) && !is_code {
            return Some(rest.to_owned());
        }
    }
    None
}

/// Returns the names of what a file defines at its top level.
fn names(text: &str) -> String {
    let mut names = Vec::new();
    for line in text.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_alphabetic())) {
        let mut words = line.split_whitespace().skip_while(|word| MODIFIERS.contains(word));
        if words.next().is_some_and(|word| KEYWORDS.contains(&word))
            && let Some(name) = words.next()
        {
            let name: String = name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if !name.is_empty() {
                names.push(name);
            }
        }
    }
    let more = names.len().saturating_sub(MOST_NAMES);
    names.truncate(MOST_NAMES);
    let shown = names.join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_outlined_in_a_line() {
        let check = |text: &str, expect: &str| assert_eq!(outline(text), expect, "{text}");
        check("//! Words and meanings.\n\npub fn a() {}\n", "Words and meanings.");
        check("#!/usr/bin/env python3\n\"\"\"Reads mail.\"\"\"\nimport os\n", "Reads mail.");
        check("# A title\n\ntext\n", "A title");
        check("/*\n * Parses dates.\n */\nint x;\n", "Parses dates.");
        check("<!-- generated -->\n", "generated");
        check("use a;\n\npub struct A;\nimpl A {\n    fn inner() {}\n}\npub(crate) async fn run<T>() {}\nenum E {}\n", "A, run, E");
        check("import x\nclass Mail(Base):\n    def read(self): pass\ndef main():\n", "Mail, main");
        check("export default function go() {}\nconst a = 1\n", "go");
        check("#include <stdio.h>\nint main() {}\n", "");
        check("plain words\n", "");
        check("", "");
        check("# \u{1b}[31mred\n", "\\u{1b}[31mred");
    }

    #[test]
    fn an_outline_stays_short() {
        let many: String = (0..20).map(|n| format!("fn name_{n}() {{}}\n")).collect();
        assert!(outline(&many).ends_with("name_7 and 12 more"));
        assert!(outline(&format!("# {}", "long ".repeat(1000))).chars().count() <= LONGEST);
    }
}
