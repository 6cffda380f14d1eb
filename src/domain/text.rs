//! Text that is safe to show: nothing that moves a cursor, hides, or reorders.

/// Returns whether a character may change how the text around it is shown: C0, C1, DEL, bidirectional controls, zero-width characters,
/// line and paragraph separators.
#[must_use]
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// Returns the text on one line, every unsafe character written as an escape (`\n`, `\t`, `\u{1b}`).
#[must_use]
pub fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_unsafe(c) { out.extend(c.escape_default()) } else { out.push(c) }
    }
    out
}

/// Returns a document of JSON that says the same, every unsafe character in its strings written as an escape. Line breaks stay: between
/// strings they are layout, and inside of them there are none.
#[must_use]
pub fn json(document: &str) -> String {
    let mut out = String::with_capacity(document.len());
    for c in document.chars() {
        if is_unsafe(c) && c != '\n' { out.push_str(&format!("\\u{:04x}", u32::from(c))) } else { out.push(c) }
    }
    out
}

/// Returns the text with its line breaks and tabs kept and every other unsafe character written as an escape.
#[must_use]
pub fn block(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_unsafe(c) && c != '\n' && c != '\t' { out.extend(c.escape_default()) } else { out.push(c) }
    }
    out
}

/// Returns at most `most` characters of the text, with `…` where something was cut off.
#[must_use]
pub fn clip(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut out: String = text.chars().take(most.saturating_sub(1)).collect();
    out.push('…');
    out
}

/// Returns `1 file`, `2 files`.
#[must_use]
pub fn count(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

/// Returns a number with commas between its thousands.
#[must_use]
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_moves_a_cursor_passes() {
        let check = |input: &str, line: &str, lines: &str| {
            assert_eq!(one_line(input), line);
            assert_eq!(block(input), lines);
        };
        check("plain é 漢", "plain é 漢", "plain é 漢");
        check("a\nb\tc", "a\\nb\\tc", "a\nb\tc");
        check("\u{1b}[31mred", "\\u{1b}[31mred", "\\u{1b}[31mred");
        check("\u{9b}2J\u{202e}x\u{200b}", "\\u{9b}2J\\u{202e}x\\u{200b}", "\\u{9b}2J\\u{202e}x\\u{200b}");
    }

    #[test]
    fn escaped_json_says_the_same() {
        let value = serde_json::json!({"a\u{202e}": ["\u{9b}2J\u{1b}\u{7f}", "plain é 漢\n"]});
        let document = serde_json::to_string_pretty(&value).unwrap();
        let escaped = json(&document);
        assert!(!escaped.chars().any(|c| is_unsafe(c) && c != '\n'), "{escaped}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&escaped).unwrap(), value);
        assert_eq!(json("{\n  \"a\": \"é\"\n}\n"), "{\n  \"a\": \"é\"\n}\n");
    }

    #[test]
    fn thousands_are_grouped() {
        let check = |n: u64, expect: &str| assert_eq!(grouped(n), expect);
        check(0, "0");
        check(999, "999");
        check(1_000, "1,000");
        check(182_000, "182,000");
        check(u64::MAX, "18,446,744,073,709,551,615");
    }

    #[test]
    fn clipping_counts_characters() {
        assert_eq!(clip("héllo", 5), "héllo");
        assert_eq!(clip("héllo!", 5), "héll…");
    }
}
