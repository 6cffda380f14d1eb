//! One glob of a scope, taken apart so far that both questions can be answered from the same tokens: does it match this path, and do two of
//! them match a common path ([`crate::domain::policy::overlap`]).
//!
//! The language is the common one of gitignore and shells with a literal separator: `?` and `*` and classes stay inside one path component,
//! `**` alone between slashes spans components, `{a,b}` lists alternatives. On top of it:
//!
//! - a pattern without wildcards names a file or a directory: itself and everything below it; with a trailing `/` only what is below;
//! - `\` is a separator as in the original bundles, hence there is no escape character: `[*]` is a literal star;
//! - nothing may reach out of the repository: absolute patterns and `..` are refused.
//!
//! The matcher is not `globset`, although the tests compare it with `globset`: there `[!a]` and `[+-9]` match a `/` even with a literal
//! separator, so that `a[!b]c` would cover `a/c`, which is one directory further than its author meant.

use crate::domain::policy::token::{ByteSet, Segment, Token, matches_segments};

/// The longest pattern in bytes.
const MAX_LEN: usize = 4096;

/// The most alternatives that the braces of one pattern may expand to.
const MAX_ALTERNATIVES: usize = 256;

/// What is wrong with a glob.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// There is nothing in it.
    #[error("the pattern is empty")]
    Empty,
    /// It is longer than any path that git could store.
    #[error("the pattern is longer than {MAX_LEN} bytes")]
    TooLong,
    /// Its braces multiply.
    #[error("the braces expand to more than {MAX_ALTERNATIVES} alternatives")]
    TooManyAlternatives,
    /// It holds a control character.
    #[error("the pattern holds a control character")]
    Control,
    /// It starts at the root of a file system.
    #[error("the pattern is absolute; write it relative to the top of the repository")]
    Absolute,
    /// It has a component `..`.
    #[error("`..` would leave the repository")]
    Parent,
    /// It starts with `!`.
    #[error("`!` does not negate here; list what must not be touched under `files_forbid`")]
    Negation,
    /// `**` next to other characters, where shells and git quietly read it as `*`.
    #[error("`**` must stand alone between slashes, as in `src/**/*.rs`")]
    PartialRecursive,
    /// A `[` without its `]`.
    #[error("`[` has no matching `]`")]
    UnclosedClass,
    /// A class that names the separator.
    #[error("a class can not hold `/`")]
    SlashInClass,
    /// A class that names a character of several bytes.
    #[error("a class can hold only ASCII characters; write `{{é,ü}}` for others")]
    WideClass,
    /// A range that runs backwards.
    #[error("the range `{0}-{1}` runs backwards")]
    Range(char, char),
    /// A `{` without its `}`.
    #[error("`{{` has no matching `}}`")]
    UnclosedBrace,
    /// A `}` without its `{`.
    #[error("`}}` has no matching `{{`")]
    UnopenedBrace,
}

/// A glob that has been checked.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    alternatives: Vec<Vec<Segment>>,
}

impl Pattern {
    /// Parses a glob.
    ///
    /// # Errors
    /// Returns the first thing that is wrong with it.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        if text.is_empty() {
            return Err(PatternError::Empty);
        }
        if text.len() > MAX_LEN {
            return Err(PatternError::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(PatternError::Control);
        }
        if text.starts_with('!') {
            return Err(PatternError::Negation);
        }
        let mut alternatives = Vec::new();
        for flat in expand_braces(&text.replace('\\', "/"))? {
            parse_alternative(&flat, &mut alternatives)?;
        }
        Ok(Self { text: text.to_owned(), alternatives })
    }

    /// Returns the glob as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns whether the glob matches a path, byte for byte.
    #[must_use]
    pub fn matches(&self, path: &[u8]) -> bool {
        self.alternatives.iter().any(|segments| matches_segments(segments, path))
    }

    /// Returns the alternatives, each a list of path components; a final `**` has been rewritten to `*` + `**`, since it needs a component.
    #[must_use]
    pub fn alternatives(&self) -> &[Vec<Segment>] {
        &self.alternatives
    }
}

/// Expands `{a,b{c,d}}` to the texts that it stands for, in the order in which they are written.
fn expand_braces(text: &str) -> Result<Vec<String>, PatternError> {
    // One frame per open brace: the texts of the alternatives that are finished, and of the one that is being read.
    let mut frames: Vec<(Vec<String>, Vec<String>)> = Vec::new();
    let mut current = vec![String::new()];
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '[' => {
                let class = take_class(&mut chars)?;
                current.iter_mut().for_each(|t| t.push_str(&class));
            }
            '{' => frames.push((Vec::new(), std::mem::replace(&mut current, vec![String::new()]))),
            ',' if !frames.is_empty() => {
                if let Some((done, _)) = frames.last_mut() {
                    done.append(&mut current);
                }
                current = vec![String::new()];
            }
            '}' => {
                let Some((mut done, before)) = frames.pop() else { return Err(PatternError::UnopenedBrace) };
                done.append(&mut current);
                current = product(&before, &done)?;
            }
            _ => current.iter_mut().for_each(|t| t.push(c)),
        }
    }
    if frames.is_empty() { Ok(current) } else { Err(PatternError::UnclosedBrace) }
}

/// Joins every text of `before` with every text of `after`.
fn product(before: &[String], after: &[String]) -> Result<Vec<String>, PatternError> {
    if before.len() * after.len() > MAX_ALTERNATIVES {
        return Err(PatternError::TooManyAlternatives);
    }
    Ok(before.iter().flat_map(|b| after.iter().map(move |a| format!("{b}{a}"))).collect())
}

/// Takes the rest of a class, whose `[` has been read, and returns it whole.
fn take_class(chars: &mut std::str::Chars<'_>) -> Result<String, PatternError> {
    let mut class = String::from("[");
    let mut members = 0;
    for c in chars {
        class.push(c);
        let negation = class.len() == 2 && matches!(c, '!' | '^');
        if c == ']' && members > 0 {
            return Ok(class);
        }
        if !negation {
            members += 1;
        }
    }
    Err(PatternError::UnclosedClass)
}

/// Parses a text without braces; a text without wildcards gives two alternatives, the path itself and everything below it.
fn parse_alternative(text: &str, into: &mut Vec<Vec<Segment>>) -> Result<(), PatternError> {
    if text.is_empty() {
        return Err(PatternError::Empty);
    }
    if is_absolute(text) {
        return Err(PatternError::Absolute);
    }
    let below_only = text.ends_with('/');
    let mut segments = Vec::new();
    // A class can hold no `/`, so that every slash ends a component; a class cut in two by one is refused below.
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." => return Err(PatternError::Parent),
            // Two of them in a row say nothing more than one.
            "**" if segments.last().is_some_and(Segment::is_recursive) => {}
            "**" => segments.push(Segment::Recursive),
            _ => segments.push(parse_segment(part)?),
        }
    }
    let literal = segments.iter().all(Segment::is_literal);
    if literal || below_only {
        if literal && !segments.is_empty() && !below_only {
            into.push(segments.clone());
        }
        if !segments.last().is_some_and(Segment::is_recursive) {
            segments.push(Segment::Recursive);
        }
    }
    if segments.last().is_some_and(Segment::is_recursive) {
        let at = segments.len() - 1;
        segments.insert(at, Segment::Wild(vec![Token::Star]));
    }
    into.push(segments);
    Ok(())
}

/// Returns whether the text starts at the root of a file system, in the manner of Unix or of Windows.
fn is_absolute(text: &str) -> bool {
    let bytes = text.as_bytes();
    let drive = matches!(bytes, [letter, b':', b'/', ..] if letter.is_ascii_alphabetic());
    bytes.first() == Some(&b'/') || drive
}

/// Parses one component.
fn parse_segment(text: &str) -> Result<Segment, PatternError> {
    let mut tokens = Vec::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '*' if tokens.last() == Some(&Token::Star) => return Err(PatternError::PartialRecursive),
            '*' => tokens.push(Token::Star),
            '?' => tokens.push(Token::Any),
            '[' => tokens.push(Token::Class(parse_class(&mut chars)?)),
            _ => tokens.extend(c.encode_utf8(&mut [0; 4]).bytes().map(Token::Byte)),
        }
    }
    Ok(Segment::from_tokens(tokens))
}

/// Parses a class, whose `[` has been read: `[abc]`, `[a-z]`, `[!a]`, `[^a]`; `]` may come first and `-` first or last.
fn parse_class(chars: &mut std::str::Chars<'_>) -> Result<ByteSet, PatternError> {
    let body: Vec<char> = take_class(chars).map_err(|_| PatternError::SlashInClass)?.chars().collect();
    let inner = body.get(1..body.len() - 1).unwrap_or_default();
    let (negated, members) = match inner {
        ['!' | '^', rest @ ..] => (true, rest),
        _ => (false, inner),
    };
    let mut set = ByteSet::default();
    let mut rest = members;
    while let Some((&low, after)) = rest.split_first() {
        let (high, after) = match after {
            ['-', high, after @ ..] => (*high, after),
            _ => (low, after),
        };
        if !low.is_ascii() || !high.is_ascii() {
            return Err(PatternError::WideClass);
        }
        if high < low {
            return Err(PatternError::Range(low, high));
        }
        (low..=high).filter_map(|c| u8::try_from(c).ok()).for_each(|b| set.insert(b));
        rest = after;
    }
    Ok(if negated { set.complement() } else { set.without_separator() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, yes: &[&str], no: &[&str]) {
        let parsed = Pattern::parse(pattern).unwrap_or_else(|e| panic!("{pattern}: {e}"));
        assert_eq!(parsed.text(), pattern);
        for path in yes {
            assert!(parsed.matches(path.as_bytes()), "`{pattern}` must match `{path}`");
        }
        for path in no {
            assert!(!parsed.matches(path.as_bytes()), "`{pattern}` must not match `{path}`");
        }
    }

    #[test]
    fn plain_paths_cover_themselves_and_what_is_below() {
        check("src", &["src", "src/a", "src/a/b"], &["srcs", "a/src", "sr", ""]);
        check("src/", &["src/a", "src/a/b"], &["src", "srcs/a"]);
        check("./src//x/./", &["src/x/a"], &["src/x", "src/y"]);
        check("src\\x.rs", &["src/x.rs"], &["src\\x.rs"]);
        check("src\\", &["src/x.rs"], &["src"]);
        for everything in [".", "./", "**", "**/**", "**/"] {
            check(everything, &["a", "a/b", ".git", "a/b/c"], &[""]);
        }
        check("ä/ö", &["ä/ö", "ä/ö/x"], &["a/ö"]);
    }

    #[test]
    fn wildcards_stay_inside_a_component() {
        check("*.md", &["a.md", ".md"], &["docs/a.md", "a.mdx"]);
        check("**/*.md", &["a.md", "docs/a.md", "a/b/c.md"], &["a.mdx"]);
        check("src/*", &["src/a"], &["src", "src/a/b", "src/"]);
        check("src/*/", &["src/a/b", "src/a/b/c"], &["src/a"]);
        check("src/**", &["src/a", "src/a/b"], &["src", "src/"]);
        check("a/**/b", &["a/b", "a/x/b", "a/x/y/b"], &["ab", "a/bb", "a/x/b/c"]);
        check("a?c", &["abc"], &["a/c", "ac", "abbc"]);
        check("*a*b*", &["ab", "xaxbx", "aab"], &["ba", "a/b"]);
        check("**/a/**/b/**", &["a/b/c", "x/a/y/b/z"], &["a/b", "b/a/c"]);
    }

    #[test]
    fn classes_never_match_the_separator() {
        check("a[!b]c", &["axc"], &["a/c", "abc", "ac"]);
        check("a[^b]c", &["axc"], &["a/c", "abc"]);
        check("a[+-9]c", &["a5c", "a.c", "a+c"], &["a/c"]);
        check("[]a]x", &["]x", "ax"], &["bx"]);
        check("[!]a]x", &["bx"], &["]x", "ax"]);
        check("[a-]x", &["-x", "ax"], &["bx"]);
        check("[-a]x", &["-x", "ax"], &["bx"]);
        check("[*]x", &["*x"], &["ax", "]x"]);
        check("[a^!]x", &["ax", "^x", "!x"], &["bx"]);
        check("[{,}]x", &["{x", ",x", "}x"], &["ax"]);
        check("[!a-y]", &["z", "A"], &["b"]);
    }

    #[test]
    fn braces_list_alternatives() {
        check("{src,lib}", &["src", "src/a", "lib/b"], &["bin"]);
        check("{src,lib}/*.rs", &["src/a.rs", "lib/a.rs"], &["src/x/a.rs", "src"]);
        check("a{,.txt}", &["a", "a.txt"], &["a.tx"]);
        check("a{b,c{d,e}}f", &["abf", "acdf", "acef"], &["acf"]);
        check("{a/b,c}/d", &["a/b/d", "c/d"], &["a/d"]);
        check("a,b", &["a,b"], &["a"]);
        check("{a/**,b}/c", &["a/c", "a/x/c", "b/c"], &["b/x/c"]);
    }

    #[test]
    fn globs_that_say_the_same_have_the_same_alternatives() {
        let alternatives = |text: &str| Pattern::parse(text).unwrap().alternatives().to_vec();
        let (star, name) = (Segment::Wild(vec![Token::Star]), |name: &str| Segment::Literal(name.as_bytes().to_vec()));
        assert_eq!(alternatives("src"), [vec![name("src")], vec![name("src"), star.clone(), Segment::Recursive]]);
        for below in ["src/", "src/**", "src/**/", "./src//**/**"] {
            assert_eq!(alternatives(below), [vec![name("src"), star.clone(), Segment::Recursive]], "{below}");
        }
        for everything in [".", "./", "**", "**/**", "**/"] {
            assert_eq!(alternatives(everything), [vec![star.clone(), Segment::Recursive]], "{everything}");
        }
    }

    #[test]
    fn any_bytes_can_be_matched() {
        let pattern = Pattern::parse("a/*.[!x]").unwrap();
        assert!(pattern.matches(b"a/\xff\xfe.\x80"));
        assert!(pattern.matches(b"a/new\nline.y"));
        assert!(!pattern.matches(b"a/\xff.x"));
    }

    #[test]
    fn refusals_are_named() {
        let refuse = |text: &str, error: PatternError| assert_eq!(Pattern::parse(text).map(|p| p.text), Err(error), "{text}");
        refuse("", PatternError::Empty);
        refuse("{,a}", PatternError::Empty);
        refuse(&"a".repeat(4097), PatternError::TooLong);
        assert!(Pattern::parse(&"a".repeat(4096)).is_ok());
        let braces = |n: usize| format!("{{{}}}", vec!["?"; n].join(","));
        refuse(&format!("{}{}", braces(16), braces(17)), PatternError::TooManyAlternatives);
        assert_eq!(Pattern::parse(&braces(16).repeat(2)).unwrap().alternatives().len(), 256);
        refuse("a\nb", PatternError::Control);
        refuse("/etc", PatternError::Absolute);
        refuse("\\etc", PatternError::Absolute);
        refuse("{a,/b}", PatternError::Absolute);
        refuse("C:\\x", PatternError::Absolute);
        refuse("a/../../b", PatternError::Parent);
        refuse("{a,..}/b", PatternError::Parent);
        refuse("a\\..", PatternError::Parent);
        refuse("!a", PatternError::Negation);
        refuse("src/**.rs", PatternError::PartialRecursive);
        refuse("a**", PatternError::PartialRecursive);
        refuse("a[b", PatternError::UnclosedClass);
        refuse("a[]", PatternError::UnclosedClass);
        refuse("a[!]", PatternError::UnclosedClass);
        refuse("a[b/c]", PatternError::SlashInClass);
        refuse("[é]", PatternError::WideClass);
        refuse("[a-é]", PatternError::WideClass);
        refuse("[z-a]", PatternError::Range('z', 'a'));
        refuse("{a,b", PatternError::UnclosedBrace);
        refuse("a}", PatternError::UnopenedBrace);
    }

    mod against_globset {
        use globset::{Candidate, GlobBuilder};
        use proptest::prelude::*;

        use super::Pattern;

        proptest! {
            #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

            /// The reference is asked with the rule for plain paths spelled out.
            #[test]
            fn the_matcher_agrees(
                parts in prop::collection::vec(prop_oneof![
                    2 => Just("**".to_owned()),
                    6 => prop::collection::vec(prop::sample::select(vec!["a", "b", "?", "*", "[ab]", "{a,b?}", "a{,b}"]), 1..4).prop_map(|v| v.concat()),
                ], 1..5),
                path in "[ab]{1,3}(/[ab]{1,3}){0,3}",
            ) {
                // An alternative without wildcards would name a directory too, so that braces are followed by one.
                let text = if parts.iter().any(|p| p.contains('{')) { format!("{}/?", parts.join("/")) } else { parts.join("/") };
                if let Ok(pattern) = Pattern::parse(&text) {
                    let build = |t: &str| GlobBuilder::new(t).literal_separator(true).empty_alternates(true).build().unwrap().compile_matcher();
                    let plain = !text.contains(['*', '?', '[', '{']);
                    let expect = build(&text).is_match_candidate(&Candidate::from_bytes(&path))
                        || plain && build(&format!("{text}/**")).is_match_candidate(&Candidate::from_bytes(&path));
                    prop_assert_eq!(pattern.matches(path.as_bytes()), expect, "{} on {}", text, path);
                }
            }

            #[test]
            fn no_text_panics_and_none_matches_what_is_no_path(text in "[*?/a\\[\\]{},!-]{0,12}|\\PC{0,24}", path in "[/a]{0,6}") {
                if let Ok(pattern) = Pattern::parse(&text) {
                    prop_assert!(!pattern.matches(path.as_bytes()) || path.split('/').all(|c| !c.is_empty()), "{} on {}", text, path);
                }
            }
        }
    }
}
