//! Regular expressions as gitleaks writes them, in the dialect of Go, compiled when they are first needed.

use std::sync::OnceLock;

use regex::bytes::{Regex, RegexBuilder};

/// An expression that is compiled when it is first needed.
#[derive(Debug, Default)]
pub struct Expression {
    text: String,
    compiled: OnceLock<Option<Regex>>,
}

impl Expression {
    /// Keeps an expression.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self { text, compiled: OnceLock::new() }
    }

    /// Returns the expression as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the compiled expression; `None` when it can not be compiled, which a test holds of every shipped one.
    pub fn compiled(&self) -> Option<&Regex> {
        // In Go, `\w` and its like are ASCII; here they then take a tenth of the time to compile as well.
        let compile = || RegexBuilder::new(&from_go(&self.text)).unicode(false).build().ok();
        self.compiled.get_or_init(compile).as_ref()
    }

    /// Returns whether it matches anywhere.
    #[must_use]
    pub fn is_match(&self, bytes: &[u8]) -> bool {
        self.compiled().is_some_and(|regex| regex.is_match(bytes))
    }
}

/// Writes an expression of Go so that it means the same here: a brace that counts nothing and a bracket inside of a class are themselves, and
/// classes know no operators.
fn from_go(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len() + 16);
    let mut class_start: Option<usize> = None;
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let next = chars.get(at + 1).copied();
        match (c, class_start) {
            ('\\', _) => {
                out.push(c);
                out.extend(next);
                at += 1;
            }
            ('[', None) => {
                // A `]` directly behind the opening is a member.
                let skip = 1 + usize::from(next == Some('^'));
                class_start = Some(at + skip);
                out.push(c);
            }
            (']', Some(start)) if at > start => {
                class_start = None;
                out.push(c);
            }
            ('[', Some(_)) if next == Some(':') => {
                // A named class, up to its own bracket.
                let length = chars[at..].iter().position(|c| *c == ']').map_or(1, |end| end + 1);
                out.extend(&chars[at..at + length]);
                at += length - 1;
            }
            ('[', Some(_)) => out.push_str("\\["),
            ('&' | '~', Some(_)) if next == Some(c) => {
                out.push('\\');
                out.push(c);
            }
            ('{', None) if !counts(&chars[at + 1..]) => out.push_str("\\{"),
            _ => out.push(c),
        }
        at += 1;
    }
    out
}

/// Returns whether what follows a `{` makes it a count: `3}`, `3,}`, `3,5}`.
fn counts(rest: &[char]) -> bool {
    let Some(end) = rest.iter().position(|c| *c == '}') else { return false };
    let inner: String = rest[..end].iter().collect();
    let (low, high) = inner.split_once(',').unwrap_or((&inner, "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    is_number(low) && (high.is_empty() || is_number(high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dialect_of_go_means_the_same_here() {
        let check = |text: &str, expect: &str| assert_eq!(from_go(text), expect);
        check(r"^\${(?:[A-Z_]+)}$", r"^\$\{(?:[A-Z_]+)}$");
        check(r"a{3}b{2,}c{2,5}d{,5}", r"a{3}b{2,}c{2,5}d\{,5}");
        check(r"[^]{[]x{1}", r"[^]{\[]x{1}");
        check(r"[[:alnum:]&&~~]\[{", r"[[:alnum:]\&&\~~]\[\{");
        check(r"\{\{x}}", r"\{\{x}}");
    }

    #[test]
    fn a_bad_expression_matches_nothing() {
        assert!(!Expression::new("(".to_owned()).is_match(b"("));
        assert!(Expression::new(r"^{\d}$".to_owned()).is_match(b"{1}"));
    }
}
