//! Whether two globs match a common path: an exact test by a small dynamic program, which also gives such a path.
//!
//! A glob is a sequence whose parts each match one item, except for the repeating ones, which match any number of any items. That holds
//! twice: a pattern is a sequence of components of which `**` repeats, and a component is a sequence of tokens of which `*` repeats. So one
//! search over pairs of positions answers both.

use std::collections::VecDeque;

use crate::domain::policy::token::{ByteSet, Segment, Token};

/// A part of a sequence that matches one item, or any number of them.
trait Part: Sized {
    /// What it matches.
    type Item;

    /// Returns whether it matches any number of any items.
    fn repeats(&self) -> bool;

    /// Returns an item that both parts match; neither repeats.
    fn shared(&self, other: &Self) -> Option<Self::Item>;

    /// Returns an item that the part matches.
    fn sample(&self) -> Self::Item;
}

impl Part for Token {
    type Item = u8;

    fn repeats(&self) -> bool {
        *self == Self::Star
    }

    fn shared(&self, other: &Self) -> Option<u8> {
        match (self, other) {
            (Self::Byte(byte), part) | (part, Self::Byte(byte)) => part.accepts(*byte).then_some(*byte),
            (Self::Class(a), Self::Class(b)) => pick(&a.intersection(b)),
            (Self::Class(set), Self::Any | Self::Star) | (Self::Any | Self::Star, Self::Class(set)) => pick(set),
            (Self::Any | Self::Star, Self::Any | Self::Star) => Some(b'x'),
        }
    }

    fn sample(&self) -> u8 {
        // A class is never empty, so that the fallback is not reached.
        self.shared(&Self::Any).unwrap_or(b'x')
    }
}

impl Part for Segment {
    type Item = Vec<u8>;

    fn repeats(&self) -> bool {
        self.is_recursive()
    }

    fn shared(&self, other: &Self) -> Option<Vec<u8>> {
        match (self, other) {
            (Self::Literal(bytes), part) | (part, Self::Literal(bytes)) => part.matches(bytes).then(|| bytes.clone()),
            (Self::Wild(a), Self::Wild(b)) => common(a, b).map(|bytes| named(bytes, self, other)),
            (Self::Wild(a), Self::Recursive) | (Self::Recursive, Self::Wild(a)) => Some(sample_tokens(a)),
            (Self::Recursive, Self::Recursive) => Some(vec![b'x']),
        }
    }

    fn sample(&self) -> Vec<u8> {
        match self {
            Self::Literal(bytes) => bytes.clone(),
            Self::Wild(tokens) => sample_tokens(tokens),
            Self::Recursive => vec![b'x'],
        }
    }
}

/// Returns a component that the tokens match. A star stands for one byte, so that `*.rs` gives a name that one would expect.
fn sample_tokens(tokens: &[Token]) -> Vec<u8> {
    tokens.iter().map(Part::sample).collect()
}

/// Puts a byte before a component that has none or is only an extension, where both allow it: no component is empty, and `x.rs` reads
/// better than `.rs`.
fn named(bytes: Vec<u8>, a: &Segment, b: &Segment) -> Vec<u8> {
    let longer = [b"x", bytes.as_slice()].concat();
    let wanted = matches!(bytes.first(), None | Some(b'.'));
    if wanted && a.matches(&longer) && b.matches(&longer) { longer } else { bytes }
}

/// Returns the member of the set that reads best.
fn pick(set: &ByteSet) -> Option<u8> {
    let order = (b'x'..=b'z').chain(b'a'..=b'w').chain(b'0'..=b'9').chain(b'!'..=b'~').chain(1..=255);
    order.into_iter().find(|b| set.contains(*b))
}

/// Returns items that both sequences match, if there are any; few of them, because the search is breadth-first.
///
/// A position is a pair of offsets. From each, both sequences can take a shared item, a repeating part can take what the other side asks
/// for, or a repeating part can end. Two repeating parts need not take anything together, since ending is always as good.
fn common<P: Part>(a: &[P], b: &[P]) -> Option<Vec<P::Item>> {
    let width = b.len() + 1;
    let mut came_from: Vec<Option<usize>> = vec![None; (a.len() + 1) * width];
    let mut open = VecDeque::from([0]);
    let goal = came_from.len() - 1;
    while let Some(position) = open.pop_front() {
        if position == goal {
            return Some(trace(a, b, &came_from));
        }
        for next in steps(a, b, position).into_iter().flatten() {
            if let Some(slot @ None) = came_from.get_mut(next) {
                *slot = Some(position);
                open.push_back(next);
            }
        }
    }
    None
}

/// Returns the positions that can follow.
fn steps<P: Part>(a: &[P], b: &[P], position: usize) -> [Option<usize>; 2] {
    let width = b.len() + 1;
    let (ours, theirs) = (a.get(position / width), b.get(position % width));
    let (down, right) = (position + width, position + 1);
    match (ours.map(|p| (p, p.repeats())), theirs.map(|p| (p, p.repeats()))) {
        (Some((_, true)), Some(_)) | (Some(_), Some((_, true))) => [Some(down), Some(right)],
        (Some((ours, false)), Some((theirs, false))) => [ours.shared(theirs).map(|_| down + 1), None],
        (Some((_, true)), None) => [Some(down), None],
        (None, Some((_, true))) => [Some(right), None],
        (Some((_, false)), None) | (None, Some((_, false))) | (None, None) => [None, None],
    }
}

/// Collects the items on the way to the last position.
fn trace<P: Part>(a: &[P], b: &[P], came_from: &[Option<usize>]) -> Vec<P::Item> {
    let width = b.len() + 1;
    let mut items = Vec::new();
    let mut position = came_from.len() - 1;
    while let Some(before) = came_from.get(position).copied().flatten() {
        let parts = (a.get(before / width), b.get(before % width));
        match (position - before, parts) {
            (1, (_, Some(part))) => items.extend((!part.repeats()).then(|| part.sample())),
            (d, (Some(part), _)) if d == width => items.extend((!part.repeats()).then(|| part.sample())),
            (_, (Some(ours), Some(theirs))) => items.extend(ours.shared(theirs)),
            (_, (_, None) | (None, _)) => {}
        }
        position = before;
    }
    items.reverse();
    items
}

/// Returns a path that both alternatives match, if there is any.
#[must_use]
pub fn shared_path(a: &[Segment], b: &[Segment]) -> Option<Vec<u8>> {
    if ends_apart(a, b) {
        return None;
    }
    common(a, b).map(|components| components.join(&b'/'))
}

/// Returns whether the last components alone forbid a common path; it spares most searches where globs differ only in the file's name.
fn ends_apart(a: &[Segment], b: &[Segment]) -> bool {
    match (a.last(), b.last()) {
        (Some(Segment::Literal(x)), Some(Segment::Literal(y))) => x != y,
        (Some(Segment::Wild(x)), Some(Segment::Wild(y))) => tokens_end_apart(x, y),
        (Some(Segment::Literal(bytes)), Some(part @ Segment::Wild(_))) | (Some(part @ Segment::Wild(_)), Some(Segment::Literal(bytes))) => {
            !part.matches(bytes)
        }
        (Some(Segment::Recursive), _) | (_, Some(Segment::Recursive)) | (None, _) | (_, None) => false,
    }
}

/// Returns whether the bytes after the last wildcards differ.
fn tokens_end_apart(a: &[Token], b: &[Token]) -> bool {
    let both = a.iter().rev().zip(b.iter().rev());
    for pair in both {
        match pair {
            (Token::Byte(x), Token::Byte(y)) if x == y => {}
            (Token::Byte(_), Token::Byte(_)) => return true,
            (Token::Any | Token::Star | Token::Class(_), _) | (_, Token::Any | Token::Star | Token::Class(_)) => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::pattern::Pattern;

    /// Asks the first alternatives of two globs.
    fn ask<T>(a: &str, b: &str, question: impl Fn(&[Segment], &[Segment]) -> T) -> T {
        let (a, b) = (Pattern::parse(a).unwrap(), Pattern::parse(b).unwrap());
        question(&a.alternatives()[0], &b.alternatives()[0])
    }

    #[test]
    fn a_shared_path_reads_well() {
        for (a, b, path) in [
            ("*.css", "*", "x.css"),
            ("**/*.css", "src/**", "src/x.css"),
            // No letter is put before what has one, or before what must begin with a dot.
            ("*a*", "*a", "a"),
            (".*", "*.rs", ".rs"),
            ("[!a]?", "[a-c]*", "bx"),
            ("?", "*", "x"),
            ("[0-9a]", "[5-9a]", "a"),
            ("[!x-z]", "?", "a"),
            ("[#-%]", "?", "#"),
            ("**", "**", "x"),
        ] {
            let shared = ask(a, b, shared_path).map(|bytes| String::from_utf8(bytes).unwrap());
            assert_eq!(shared.as_deref(), Some(path), "`{a}` and `{b}`");
        }
    }

    #[test]
    fn the_ends_alone_tell_many_globs_apart() {
        for (a, b) in [("a/**/x", "*/y"), ("*.md", "**/x.rs"), ("*.md", "*.rs"), ("a*.md", "*b.rs"), ("[ab]xy", "?zy")] {
            assert!(ask(a, b, ends_apart) && ask(b, a, ends_apart), "`{a}` and `{b}`");
            assert_eq!(ask(a, b, common), None, "`{a}` and `{b}`");
        }
        // These differ only before their ends, or not at all.
        for (a, b) in [("a/x", "b/x"), ("a/*.md", "b/x.md"), ("a*.md", "b*.md"), ("[ab]x", "[cd]x"), ("a/**", "b/x"), ("*x", "?yx")] {
            assert!(!ask(a, b, ends_apart) && !ask(b, a, ends_apart), "`{a}` and `{b}`");
        }
    }
}
