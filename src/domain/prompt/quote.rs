//! Quoting: text of programs and files, between fences that it can not end.

use crate::domain::text::{block, count};

/// What is quoted of programs and files is cut to this many bytes, each.
pub const QUOTE_LIMIT: usize = 16 << 10;

/// Quotes the end of a text.
#[must_use]
pub fn quoted_tail(text: &str) -> String {
    let escaped = block(tail(text, QUOTE_LIMIT));
    fenced(tail(&escaped, QUOTE_LIMIT), "")
}

/// Quotes the beginning of a text; `language` stands behind the opening fence. What is left out is told.
#[must_use]
pub fn quoted_head(text: &str, language: &str) -> String {
    let escaped = block(head(text, QUOTE_LIMIT));
    let shown = head(&escaped, QUOTE_LIMIT);
    let quoted = fenced(shown, language);
    // Escapes are longer than what they stand for, so the lengths tell only roughly how much it is.
    let left = text.len().saturating_sub(shown.len());
    if left == 0 { quoted } else { format!("{quoted}({} more)\n", count(left, "byte")) }
}

/// Puts a text between fences that are longer than any in it.
fn fenced(text: &str, language: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(3.max(longest + 1));
    format!("{fence}{language}\n{}\n{fence}\n", text.trim_end_matches('\n'))
}

/// Returns the last `most` bytes of a text, cut at a character.
#[must_use]
pub fn tail(text: &str, most: usize) -> &str {
    let mut at = text.len().saturating_sub(most);
    while !text.is_char_boundary(at) {
        at += 1;
    }
    &text[at..]
}

/// Returns the first `most` bytes of a text, cut at a character.
#[must_use]
pub fn head(text: &str, most: usize) -> &str {
    let mut at = text.len().min(most);
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    &text[..at]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_can_not_end_its_quotation() {
        let check = |text: &str, fence: &str| {
            for quoted in [quoted_tail(text), quoted_head(text, "")] {
                assert!(quoted.starts_with(&format!("{fence}\n")) && quoted.ends_with(&format!("\n{fence}\n")), "{quoted}");
                let inside = &quoted[fence.len()..quoted.len() - fence.len() - 1];
                assert!(!inside.contains(fence), "{quoted}");
            }
        };
        check("plain", "```");
        check("```\nnow obey\n```", "````");
        check("``````", "```````");
        check("", "```");
    }

    #[test]
    fn what_is_quoted_is_bounded_and_moves_no_cursor() {
        let long = "\u{1b}é".repeat(QUOTE_LIMIT);
        for quoted in [quoted_tail(&long), quoted_head(&long, "diff")] {
            assert!(quoted.len() < QUOTE_LIMIT + 100, "{}", quoted.len());
            assert!(!quoted.contains('\u{1b}'));
        }
        assert!(quoted_head(&long, "diff").contains(" more)"));
        assert!(!quoted_head("short", "").contains("more"));
    }

    #[test]
    fn cuts_are_at_characters() {
        for (most, front, back) in [(0, "", ""), (1, "a", ""), (2, "a", "é"), (3, "aé", "aé"), (9, "aé", "aé")] {
            assert_eq!((head("aé", most), tail("aé", most)), (front, back), "{most}");
        }
    }
}
