//! Lists of globs of a policy. What restricts ignores case, since many file systems do; what lets through does not.

use crate::domain::policy::pattern::{Pattern, PatternError};
use crate::domain::policy::token::{Segment, Token};

/// A glob of a policy.
#[derive(Debug, Clone)]
pub struct Glob {
    exact: Pattern,
    folded: Pattern,
    /// A negated class may take the upper-case letter and not the lower-case one.
    has_class: bool,
}

/// Globs of a policy.
#[derive(Debug, Clone, Default)]
pub struct Globs(Vec<Glob>);

impl Glob {
    /// Parses a glob.
    ///
    /// # Errors
    /// Returns the first thing that is wrong with it.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let (exact, folded) = (Pattern::parse(text)?, Pattern::parse(&text.to_lowercase())?);
        Ok(Self { exact, folded, has_class: text.contains('[') })
    }

    /// Returns the glob as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        self.exact.text()
    }

    /// Returns whether it matches a path byte for byte.
    #[must_use]
    pub fn matches(&self, path: &[u8]) -> bool {
        self.exact.matches(path)
    }

    fn matches_any_case(&self, path: &[u8], folded: &[u8]) -> bool {
        self.folded.matches(folded) || (self.has_class && self.exact.matches(path))
    }
}

impl Globs {
    /// Makes a list.
    #[must_use]
    pub fn new(globs: Vec<Glob>) -> Self {
        Self(globs)
    }

    /// Returns the globs in order.
    pub fn iter(&self) -> impl Iterator<Item = &Glob> {
        self.0.iter()
    }

    /// Returns whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds the globs of another list.
    pub fn extend(&mut self, more: Self) {
        self.0.extend(more.0);
    }

    /// Returns the first glob that matches a path, case being ignored.
    #[must_use]
    pub fn covering(&self, path: &[u8]) -> Option<&str> {
        let folded = String::from_utf8_lossy(path).to_lowercase();
        self.0.iter().find(|glob| glob.matches_any_case(path, folded.as_bytes())).map(Glob::text)
    }

    /// Returns the first glob that matches a path byte for byte.
    #[must_use]
    pub fn covering_exactly(&self, path: &[u8]) -> Option<&str> {
        self.0.iter().find(|glob| glob.matches(path)).map(Glob::text)
    }

    /// Returns the glob of this list that takes everything another glob takes. Found by examples: a path with strange names in the place of every
    /// wildcard is matched only by who matches them all.
    #[must_use]
    pub fn containing(&self, other: &Glob) -> Option<&str> {
        let examples: Vec<Vec<u8>> = other.exact.alternatives().iter().flat_map(|alternative| examples(alternative)).collect();
        let covers = |glob: &&Glob| examples.iter().all(|path| glob.matches(path));
        self.0.iter().find(covers).map(Glob::text)
    }
}

/// Returns paths that stand for everything that the components match: `**` once as nothing, once as two folders.
fn examples(segments: &[Segment]) -> [Vec<u8>; 2] {
    [false, true].map(|is_deep| {
        let mut parts: Vec<Vec<u8>> = Vec::new();
        for segment in segments {
            match segment {
                Segment::Recursive if is_deep => parts.extend([b"\x01\x02".to_vec(), b"\x02\x01".to_vec()]),
                Segment::Recursive => {}
                Segment::Literal(bytes) => parts.push(bytes.clone()),
                Segment::Wild(tokens) => parts.push(tokens.iter().flat_map(example).collect()),
            }
        }
        parts.join(&b'/')
    })
}

fn example(token: &Token) -> Vec<u8> {
    match token {
        Token::Byte(byte) => vec![*byte],
        Token::Any => vec![1],
        Token::Star => vec![1, 2, 1],
        Token::Class(set) => (1..=255).find(|byte| set.contains(*byte)).into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn globs(texts: &[&str]) -> Globs {
        Globs::new(texts.iter().map(|text| Glob::parse(text).unwrap()).collect())
    }

    #[test]
    fn what_restricts_ignores_case_and_what_lets_through_does_not() {
        let list = globs(&[".github/workflows/**", "Jenkinsfile", "[!a]x"]);
        for path in [".github/workflows/ci.yml", ".GitHub/Workflows/CI.yml", "jenkinsfile", "JENKINSFILE", "Ax", "bx"] {
            assert!(list.covering(path.as_bytes()).is_some(), "{path}");
        }
        assert_eq!(list.covering(b"ax"), None);
        assert_eq!(list.covering(b"src/.github/workflows/ci.yml"), None);
        assert_eq!(list.covering_exactly(b"Jenkinsfile"), Some("Jenkinsfile"));
        assert_eq!(list.covering_exactly(b"jenkinsfile"), None);
    }

    #[test]
    fn a_glob_is_contained_when_nothing_of_it_is_left_over() {
        let check = |outer: &[&str], inner: &str, expect: bool| {
            assert_eq!(globs(outer).containing(&Glob::parse(inner).unwrap()).is_some(), expect, "{outer:?} {inner}");
        };
        check(&["a/**"], "a/**", true);
        check(&["a/**"], "a/b", true);
        check(&["a/**"], "a/b/*.rs", true);
        check(&["a"], "a/b", true);
        check(&["**"], "x?[ab]", true);
        check(&["**/*.rs"], "src/*.rs", true);
        check(&["a/**"], "**", false);
        check(&["a/*"], "a/**", false);
        check(&["src/*.rs"], "**/*.rs", false);
        check(&["a/b*"], "a/*", false);
        check(&["a", "b"], "{a,c}", false);
        check(&[], "a", false);
    }
}
