//! Lists of globs of a policy. What restricts ignores case, since many file systems do; what lets through does not.

use crate::domain::policy::pattern::{Pattern, PatternError};
use crate::domain::policy::token::{Segment, Token, matches_segments};

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

    /// Returns its alternatives.
    #[must_use]
    pub fn alternatives(&self) -> Vec<&[Segment]> {
        self.exact.alternatives().iter().map(Vec::as_slice).collect()
    }

    /// Returns its alternatives, but for what is below a path without wildcards: that path names one file.
    #[must_use]
    pub fn files(&self) -> Vec<&[Segment]> {
        let all = self.alternatives();
        let is_literal = |segments: &[Segment]| segments.iter().all(Segment::is_literal);
        let is_below = |at: usize| {
            let before = at.checked_sub(1).and_then(|before| all.get(before)).filter(|before| is_literal(before));
            before.is_some_and(|before| all[at].len() == before.len() + 2 && all[at].starts_with(before))
        };
        (0..all.len()).filter(|at| !is_below(*at)).map(|at| all[at]).collect()
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

    /// Returns the first glob that begins with a path, case being ignored: who puts a link there decides what is found below.
    #[must_use]
    pub fn leading_through(&self, path: &[u8]) -> Option<&str> {
        let folded = String::from_utf8_lossy(path).to_lowercase();
        let parts: Vec<&[u8]> = folded.as_bytes().split(|byte| *byte == b'/').collect();
        let begins = |segments: &Vec<Segment>| {
            let head = segments.get(..parts.len()).unwrap_or_default();
            head.len() == parts.len()
                && segments.len() > parts.len()
                && head.iter().zip(&parts).all(|(segment, part)| segment.is_literal() && segment.matches(part))
        };
        self.0.iter().find(|glob| glob.folded.alternatives().iter().any(begins)).map(Glob::text)
    }

    /// Returns the first glob that matches a file byte for byte.
    #[must_use]
    pub fn naming(&self, file: &[u8]) -> Option<&str> {
        let names = |glob: &&Glob| glob.files().iter().any(|segments| matches_segments(segments, file));
        self.0.iter().find(names).map(Glob::text)
    }

    /// Returns the glob of this list that takes everything these alternatives of another take. Found by examples: a path with strange names in
    /// the place of every wildcard is matched only by who matches them all.
    #[must_use]
    pub fn containing(&self, alternatives: &[&[Segment]]) -> Option<&str> {
        let examples: Vec<Vec<u8>> = alternatives.iter().flat_map(|alternative| examples(alternative)).collect();
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
        assert_eq!(list.naming(b"Jenkinsfile"), Some("Jenkinsfile"));
        assert_eq!(list.naming(b"jenkinsfile"), None);
    }

    #[test]
    fn a_link_leads_to_what_is_below_it() {
        let list = globs(&[".github/workflows/**", "**/.envrc", "{a,B}/c"]);
        for (path, expect) in
            [(".github", true), (".GitHub/workflows", true), ("b", true), ("a/c/d", false), ("src", false), (".git", false)]
        {
            assert_eq!(list.leading_through(path.as_bytes()).is_some(), expect, "{path}");
        }
    }

    #[test]
    fn a_path_without_wildcards_names_one_file() {
        let list = globs(&["a/b", "{c,d}/e*"]);
        for (file, expect) in [("a/b", true), ("a/b/c", false), ("c/ef", true), ("d/e", true), ("d/e/f", false)] {
            assert_eq!(list.naming(file.as_bytes()).is_some(), expect, "{file}");
        }
        assert!(globs(&["**/b"]).containing(&Glob::parse("a/b").unwrap().files()).is_some());
        assert!(globs(&["**/b"]).containing(&Glob::parse("a/b").unwrap().alternatives()).is_none(), "what is below is left over");
    }

    #[test]
    fn a_glob_is_contained_when_nothing_of_it_is_left_over() {
        let check = |outer: &[&str], inner: &str, expect: bool| {
            assert_eq!(globs(outer).containing(&Glob::parse(inner).unwrap().alternatives()).is_some(), expect, "{outer:?} {inner}");
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
