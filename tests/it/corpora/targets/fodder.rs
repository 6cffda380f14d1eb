//! Takes values out of a target's bytes; when they are used up, everything is zero.

/// The bytes that are left.
pub(super) struct Fodder<'a>(pub(super) &'a [u8]);

impl<'a> Fodder<'a> {
    pub(super) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// Returns a number below `end`, which must not be 0.
    pub(super) fn below(&mut self, end: usize) -> usize {
        (usize::from(self.byte()) << 8 | usize::from(self.byte())) % end
    }

    /// Returns what comes before the next NUL byte, without it.
    pub(super) fn field(&mut self) -> &'a [u8] {
        let end = self.0.iter().position(|b| *b == 0).unwrap_or(self.0.len());
        let (field, rest) = self.0.split_at(end);
        self.0 = rest.get(1..).unwrap_or_default();
        field
    }

    pub(super) fn text(&mut self) -> String {
        String::from_utf8_lossy(self.field()).into_owned()
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
