//! The parts of a byte stream that are kept in memory.

use std::borrow::Cow;
use std::collections::VecDeque;

/// The beginning and the end of a byte stream, with the number of bytes between them.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Excerpt {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    head_limit: usize,
    tail_limit: usize,
    total: u64,
}

impl Excerpt {
    /// Returns an empty excerpt that keeps this many bytes at each end.
    #[must_use]
    pub fn new(head_limit: usize, tail_limit: usize) -> Self {
        Self { head_limit, tail_limit, ..Self::default() }
    }

    /// Appends bytes; the oldest bytes of the tail give way.
    pub fn push(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        let (first, rest) = bytes.split_at(bytes.len().min(self.head_limit - self.head.len()));
        self.head.extend_from_slice(first);
        let rest = &rest[rest.len().saturating_sub(self.tail_limit)..];
        let surplus = (self.tail.len() + rest.len()).saturating_sub(self.tail_limit);
        self.tail.drain(..surplus);
        self.tail.extend(rest);
    }

    /// Returns how many bytes the stream had.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// Returns how many bytes between beginning and end were not kept.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.total - (self.head.len() + self.tail.len()) as u64
    }

    /// Returns the last bytes of the stream.
    #[must_use]
    pub fn end(&self) -> Vec<u8> {
        self.tail.iter().copied().collect()
    }

    /// Returns the text, with a line that names the gap where there is one. Bytes that are no UTF-8 are replaced.
    #[must_use]
    pub fn text(&self) -> String {
        let tail: Vec<u8> = self.tail.iter().copied().collect();
        if self.dropped() == 0 {
            let whole = [self.head.as_slice(), tail.as_slice()].concat();
            return String::from_utf8_lossy(&whole).into_owned();
        }
        let (head, tail) = (String::from_utf8_lossy(&self.head), String::from_utf8_lossy(&tail));
        format!("{head}\n[... {} bytes left out ...]\n{tail}", self.dropped())
    }
}

/// The beginning of a byte stream.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The bytes.
    pub bytes: Vec<u8>,
    is_cut: bool,
}

impl Kept {
    /// Appends bytes as long as there is room.
    pub(super) fn push(&mut self, bytes: &[u8], limit: usize) {
        let room = limit - self.bytes.len();
        self.is_cut |= bytes.len() > room;
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// Returns whether more came than was kept.
    #[must_use]
    pub const fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Returns the text. Bytes that are no UTF-8 are replaced.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_keeps_both_ends() {
        let check = |pushes: &[&str], text: &str, dropped: u64| {
            let mut excerpt = Excerpt::new(4, 4);
            pushes.iter().for_each(|bytes| excerpt.push(bytes.as_bytes()));
            assert_eq!((excerpt.text().as_str(), excerpt.dropped()), (text, dropped), "{pushes:?}");
        };
        check(&[], "", 0);
        check(&["ab"], "ab", 0);
        check(&["abcdefgh"], "abcdefgh", 0);
        check(&["abc", "def", "gh"], "abcdefgh", 0);
        check(&["abcdefghi"], "abcd\n[... 1 bytes left out ...]\nfghi", 1);
        check(&["a", "b", "cdefghijkl", "m"], "abcd\n[... 5 bytes left out ...]\njklm", 5);
    }

    #[test]
    fn a_character_across_the_two_parts_stays_whole() {
        let mut excerpt = Excerpt::new(1, 8);
        excerpt.push("é!".as_bytes());
        assert_eq!(excerpt.text(), "é!");
    }

    #[test]
    fn standard_output_says_when_it_was_cut() {
        let mut kept = Kept::default();
        kept.push(b"abc", 4);
        assert!(!kept.is_cut());
        kept.push(b"de", 4);
        assert_eq!((kept.text().as_ref(), kept.is_cut()), ("abcd", true));
    }
}
