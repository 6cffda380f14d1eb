//! The tokens of a glob, and whether they match a path.

/// A component of a glob.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Segment {
    /// `**`: any number of components, also none.
    Recursive,
    /// A component without wildcards.
    Literal(Vec<u8>),
    /// A component with wildcards; never empty.
    Wild(Vec<Token>),
}

impl Segment {
    /// Makes a component of its tokens.
    #[must_use]
    pub fn from_tokens(tokens: Vec<Token>) -> Self {
        let mut literal = Vec::with_capacity(tokens.len());
        for token in &tokens {
            match token {
                Token::Byte(byte) => literal.push(*byte),
                Token::Any | Token::Star | Token::Class(_) => return Self::Wild(tokens),
            }
        }
        Self::Literal(literal)
    }

    /// Returns whether it is `**`.
    #[must_use]
    pub fn is_recursive(&self) -> bool {
        *self == Self::Recursive
    }

    /// Returns whether it has no wildcards.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        matches!(self, Self::Literal(_))
    }

    /// Returns whether one path component, which is never empty, matches.
    #[must_use]
    pub fn matches(&self, component: &[u8]) -> bool {
        match self {
            Self::Recursive => true,
            Self::Literal(bytes) => bytes == component,
            Self::Wild(tokens) => matches_sequence(tokens, component, |t| *t == Token::Star, |t, byte| t.accepts(*byte)),
        }
    }
}

/// What matches inside a component.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Token {
    /// This byte.
    Byte(u8),
    /// `?`: one byte.
    Any,
    /// `*`: any number of bytes, also none.
    Star,
    /// One byte of a set.
    Class(ByteSet),
}

impl Token {
    /// Returns whether the token matches one byte of a component.
    #[must_use]
    pub fn accepts(&self, byte: u8) -> bool {
        match self {
            Self::Byte(own) => *own == byte,
            Self::Any | Self::Star => true,
            Self::Class(set) => set.contains(byte),
        }
    }
}

/// A set of bytes that can occur in a component.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct ByteSet([u128; 2]);

impl ByteSet {
    /// Adds a byte.
    pub fn insert(&mut self, byte: u8) {
        self.0[usize::from(byte >> 7)] |= 1 << (byte & 0x7f);
    }

    /// Returns whether the byte is in the set.
    #[must_use]
    pub fn contains(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 7)] >> (byte & 0x7f) & 1 == 1
    }

    /// Returns the bytes of both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self([self.0[0] & other.0[0], self.0[1] & other.0[1]])
    }

    /// Returns every byte of a component that is not in the set.
    #[must_use]
    pub fn complement(&self) -> Self {
        Self([!self.0[0], !self.0[1]]).without_separator()
    }

    /// Returns the set without `/` and NUL, which no component has.
    #[must_use]
    pub fn without_separator(&self) -> Self {
        Self([self.0[0] & !(1 << b'/') & !1, self.0[1]])
    }
}

/// Returns whether the components match the whole path. Text with an empty component is no path of a tree, and nothing matches it.
#[must_use]
pub fn matches_segments(segments: &[Segment], path: &[u8]) -> bool {
    let components: Vec<&[u8]> = path.split(|b| *b == b'/').collect();
    components.iter().all(|c| !c.is_empty())
        && matches_sequence(segments, &components, Segment::is_recursive, |s, component| s.matches(component))
}

/// Matches a sequence against patterns of which some repeat. Going back to the last repeating pattern is enough, because an earlier one
/// could only take what the last one can take as well.
fn matches_sequence<P, T>(patterns: &[P], items: &[T], repeats: impl Fn(&P) -> bool, accepts: impl Fn(&P, &T) -> bool) -> bool {
    let (mut at, mut seen) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while let Some(item) = items.get(seen) {
        match patterns.get(at) {
            Some(p) if repeats(p) => {
                retry = Some((at, seen));
                at += 1;
            }
            Some(p) if accepts(p, item) => {
                at += 1;
                seen += 1;
            }
            _ => {
                let Some((star, from)) = retry else { return false };
                (at, seen) = (star, from + 1);
            }
        }
    }
    patterns.get(at..).unwrap_or_default().iter().all(repeats)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(bytes: &[u8]) -> ByteSet {
        let mut set = ByteSet::default();
        bytes.iter().for_each(|byte| set.insert(*byte));
        set
    }

    #[test]
    fn sets_hold_every_byte_but_those_that_no_component_has() {
        let (some, other) = (b"\0\x01/09@Az\x7f\x80\xfe\xff".as_slice(), b"\0/5Az\x7e\x81\xff".as_slice());
        let (a, b) = (set(some), set(other));
        for byte in 0..=u8::MAX {
            let (in_a, in_b, can_be) = (some.contains(&byte), other.contains(&byte), byte != 0 && byte != b'/');
            assert_eq!(a.contains(byte), in_a, "{byte:#x}");
            assert_eq!(a.intersection(&b).contains(byte), in_a && in_b, "{byte:#x}");
            assert_eq!(a.complement().contains(byte), !in_a && can_be, "{byte:#x}");
            assert_eq!(b.complement().contains(byte), !in_b && can_be, "{byte:#x}");
            assert_eq!(a.without_separator().contains(byte), in_a && can_be, "{byte:#x}");
        }
    }
}
