//! Server-sent events, as they come: bytes in pieces of any size, the data of events out, within bounds.

/// The longest line, in bytes.
pub const LONGEST_LINE: usize = 1 << 20;
/// The most bytes of an answer.
pub const MOST_BYTES: usize = 64 << 20;

/// Why an answer is read no further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StreamError {
    /// A line is longer than any that makes sense.
    #[error("the server sent a line of more than {LONGEST_LINE} bytes")]
    LongLine,
    /// The whole is.
    #[error("the server sent more than {MOST_BYTES} bytes")]
    TooMuch,
}

/// Takes lines out of bytes that come in pieces.
#[derive(Debug, Clone, Default)]
pub struct Events {
    line: Vec<u8>,
    total: usize,
}

impl Events {
    /// Takes a piece; returns the data of the events that are complete by it. A line of data counts as an event of its own: a document of
    /// JSON needs no second line, and some servers forget the empty line between two.
    ///
    /// # Errors
    /// Returns a [`StreamError`] when the answer is longer than any that makes sense.
    pub fn take(&mut self, piece: &[u8]) -> Result<Vec<Vec<u8>>, StreamError> {
        self.total = self.total.saturating_add(piece.len());
        if self.total > MOST_BYTES {
            return Err(StreamError::TooMuch);
        }
        let mut found = Vec::new();
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part);
            if self.line.len() > LONGEST_LINE {
                return Err(StreamError::LongLine);
            }
            if part.ends_with(b"\n") {
                found.extend(self.end());
            }
        }
        Ok(found)
    }

    /// Takes the end of the answer; returns the data of a last line without a line break.
    pub fn end(&mut self) -> Option<Vec<u8>> {
        let line = std::mem::take(&mut self.line);
        let data = line.strip_prefix(b"data:")?.trim_ascii();
        (!data.is_empty()).then(|| data.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(text: &[u8], size: usize) -> Vec<String> {
        let mut events = Events::default();
        let mut found = Vec::new();
        for piece in text.chunks(size) {
            found.extend(events.take(piece).unwrap());
        }
        found.extend(events.end());
        found.into_iter().map(|data| String::from_utf8_lossy(&data).into_owned()).collect()
    }

    #[test]
    fn data_is_found_whatever_the_pieces() {
        let text = b": hello\r\nevent: x\ndata: {\"a\":1}\r\n\r\ndata:{\"b\":\"\xc3\xa9\"}\ndata:\nid: 3\n\ndata: [DONE]";
        for size in 1..text.len() {
            assert_eq!(all(text, size), ["{\"a\":1}", "{\"b\":\"é\"}", "[DONE]"], "pieces of {size}");
        }
    }

    #[test]
    fn there_are_bounds() {
        let mut events = Events::default();
        assert_eq!(events.take(&vec![b'x'; LONGEST_LINE + 1]), Err(StreamError::LongLine));
        let mut events = Events::default();
        let line = [vec![b'x'; LONGEST_LINE - 1], b"\n".to_vec()].concat();
        let error = (0..=MOST_BYTES / LONGEST_LINE).find_map(|_| events.take(&line).err());
        assert_eq!(error, Some(StreamError::TooMuch));
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(text in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'd'), Just(b':'), any::<u8>()], 0..200), size in 1_usize..20) {
            prop_assert_eq!(all(&text, size), all(&text, 1000));
        }
    }
}
