//! Takes a secret out of what passes by: a server may send back what it was sent.

/// What stands in place of the secret.
const MARK: &[u8] = b"***";

/// Takes a secret out of bytes that come in pieces.
#[derive(Clone, Default)]
pub struct Redactor {
    secret: Vec<u8>,
    held: Vec<u8>,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor")
    }
}

impl Redactor {
    /// Returns one for this secret; what is shorter than a secret can be is none.
    #[must_use]
    pub fn new(secret: Option<&str>) -> Self {
        let secret = secret.filter(|secret| secret.len() >= 6).unwrap_or_default().as_bytes().to_vec();
        Self { secret, held: Vec::new() }
    }

    /// Takes a piece; returns what may pass. What may be the beginning of the secret is held back.
    pub fn take(&mut self, piece: &[u8]) -> Vec<u8> {
        if self.secret.is_empty() {
            return piece.to_vec();
        }
        self.held.extend_from_slice(piece);
        let mut passed = Vec::new();
        while let Some(at) = self.held.windows(self.secret.len()).position(|window| window == self.secret) {
            passed.extend_from_slice(&self.held[..at]);
            passed.extend_from_slice(MARK);
            self.held.drain(..at + self.secret.len());
        }
        let longest = self.held.len().min(self.secret.len() - 1);
        let kept = (1..=longest).rev().find(|n| self.held.ends_with(&self.secret[..*n])).unwrap_or(0);
        passed.extend(self.held.drain(..self.held.len() - kept));
        passed
    }

    /// Returns what was held back.
    pub fn end(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.held)
    }

    /// Returns bytes without the secret.
    #[must_use]
    pub fn bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let mut own = Self { secret: self.secret.clone(), held: Vec::new() };
        let mut passed = own.take(bytes);
        passed.extend(own.end());
        passed
    }

    /// Returns a text without the secret.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.bytes(text.as_bytes())).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_secret_does_not_pass_whatever_the_pieces() {
        let text = "a sk-sk-secret b sk-sk-secret sk-sk-secre";
        for size in 1..text.len() {
            let mut redactor = Redactor::new(Some("sk-secret"));
            let mut passed: Vec<u8> = text.as_bytes().chunks(size).flat_map(|piece| redactor.take(piece)).collect();
            passed.extend(redactor.end());
            assert_eq!(String::from_utf8(passed).unwrap(), "a sk-*** b sk-*** sk-sk-secre", "pieces of {size}");
        }
        assert_eq!(Redactor::new(None).text("x"), "x");
        assert_eq!(Redactor::new(Some("x")).text("xyz"), "xyz");
        assert_eq!(Redactor::new(Some("abcdef")).text("é abcdef é"), "é *** é");
    }

    proptest! {
        #[test]
        fn nothing_else_is_changed(text in "[ab]{0,40}", size in 1_usize..9) {
            let mut redactor = Redactor::new(Some("ababab"));
            let mut passed: Vec<u8> = text.as_bytes().chunks(size).flat_map(|piece| redactor.take(piece)).collect();
            passed.extend(redactor.end());
            prop_assert_eq!(String::from_utf8(passed).unwrap(), text.replace("ababab", "***"));
        }
    }
}
