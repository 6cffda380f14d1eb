//! Counting tokens.
//!
//! Every model has a tokenizer of its own, and most are not public. `cl100k_base` stands for all of them: on program text it counts as its
//! successor does, and elsewhere rather more than less. Its tables are loaded when they are first needed (about 16 ms, 32 MiB).

use bpe_openai::cl100k_base;

/// Returns how many tokens a text is.
#[must_use]
pub fn count(text: &str) -> u64 {
    cl100k_base().count(text) as u64
}

/// Returns how many tokens a text of so many bytes is at most: none is shorter than a byte. Whatever fits by this fits.
#[must_use]
pub const fn at_most(bytes: u64) -> u64 {
    bytes
}

/// Returns how many tokens a text of so many bytes is about, where it is not read.
#[must_use]
pub const fn about(bytes: u64) -> u64 {
    bytes.div_ceil(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_those_of_the_tokenizer() {
        for (text, expect) in [("", 0), ("hello world", 2), ("fn main() {}\n", 4), ("漢字", 3), ("<|endoftext|>", 7)] {
            assert_eq!(count(text), expect, "{text}");
        }
    }

    #[test]
    fn no_text_takes_long_or_more_than_its_bytes() {
        for text in ["a", " ", "\n ", "=-", "0", "A'", "漢", "\u{1b}"].map(|part| part.repeat(200_000)) {
            assert!(count(&text) <= at_most(text.len() as u64), "{:?}", &text[..4]);
        }
    }
}
