//! Regular expressions of tool profiles: how they are compiled, and how large they may get.

use regex::{Regex, RegexBuilder};

/// The most memory that one compiled expression may take, in bytes.
const LARGEST: usize = 256 << 10;

/// Compiles an expression. `^` and `$` stand for the ends of a line, and `\s` goes beyond one: tools wrap what they print.
///
/// # Errors
/// Returns a sentence about an expression that is malformed or too large.
pub(super) fn compile(pattern: &str) -> Result<Regex, String> {
    let built = RegexBuilder::new(pattern).multi_line(true).size_limit(LARGEST).dfa_size_limit(LARGEST).build();
    built.map_err(|error| {
        let shown: String = pattern.chars().take(80).collect();
        // The first lines of the error draw the expression; the last one says what is wrong with it.
        let text = error.to_string();
        let reason = text.lines().next_back().unwrap_or_default().trim_start_matches("error: ").to_owned();
        format!("`{}` is no regular expression: {reason}", shown.escape_debug())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_told_in_one_line() {
        assert!(compile(r"^litellm\.RateLimitError").unwrap().is_match("a\nlitellm.RateLimitError"));
        assert_eq!(compile("(").unwrap_err(), "`(` is no regular expression: unclosed group");
        assert!(compile(r"\w{1000}").unwrap_err().contains("size limit"));
    }
}
