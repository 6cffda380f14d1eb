//! The seal of an entry: who has the key of this clone has written it. What is fetched has no seal that holds.

use sha2::{Digest as _, Sha256};

use super::key::hexadecimal;

/// The length of a key, in bytes.
pub const KEY_BYTES: usize = 32;
/// The block length of SHA-256, in bytes.
const BLOCK: usize = 64;

/// The secret of one clone.
#[derive(Clone, PartialEq, Eq)]
pub struct SealKey([u8; KEY_BYTES]);

impl std::fmt::Debug for SealKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealKey")
    }
}

impl SealKey {
    /// Takes the bytes of a key; `None` when there are not exactly as many as there must be.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Option<Self> {
        <[u8; KEY_BYTES]>::try_from(bytes).ok().map(Self)
    }

    /// Returns the seal of a text: its HMAC with SHA-256 (RFC 2104), 64 hexadecimal digits.
    #[must_use]
    pub fn seal(&self, text: &[u8]) -> String {
        let pad = |byte: u8| {
            let mut block = [byte; BLOCK];
            block.iter_mut().zip(self.0).for_each(|(one, key)| *one ^= key);
            block
        };
        let inner = Sha256::new().chain_update(pad(0x36)).chain_update(text).finalize();
        hexadecimal(&Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize())
    }

    /// Returns a text with its seal in front of it, in a line of its own.
    #[must_use]
    pub fn sealed(&self, text: &str) -> Vec<u8> {
        format!("{}\n{text}", self.seal(text.as_bytes())).into_bytes()
    }

    /// Returns the text behind a seal that holds.
    #[must_use]
    pub fn opened<'t>(&self, sealed: &'t [u8]) -> Option<&'t str> {
        let (seal, text) = std::str::from_utf8(sealed).ok()?.split_once('\n')?;
        (self.seal(text.as_bytes()) == seal).then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_hmac_of_the_standard() {
        // RFC 4231, test case 1, whose key of 20 bytes is filled up with zeros as the standard does itself.
        let mut key = [0x0b; KEY_BYTES];
        key[20..].fill(0);
        let expect = "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7";
        assert_eq!(SealKey::new(&key).unwrap().seal(b"Hi There"), expect);
    }

    #[test]
    fn only_what_was_sealed_with_the_same_key_is_opened() {
        let (key, other) = (SealKey::new(&[1; KEY_BYTES]).unwrap(), SealKey::new(&[2; KEY_BYTES]).unwrap());
        let sealed = key.sealed("text\nmore");
        assert_eq!(key.opened(&sealed), Some("text\nmore"));
        assert_eq!(other.opened(&sealed), None);
        let mut changed = sealed;
        *changed.last_mut().unwrap() ^= 1;
        assert_eq!(key.opened(&changed), None);
        assert_eq!(key.opened(b"text"), None);
        assert!(SealKey::new(&[1; 31]).is_none());
        assert_eq!(format!("{key:?}"), "SealKey", "a key is shown nowhere");
    }
}
