//! Diffs as git writes them, made safe and given roles.

use super::styled::{Role, Styled};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Where {
    Head,
    Hunk,
}

/// Returns a diff with roles, line by line. Bytes that are no text are shown as replacement characters.
#[must_use]
pub fn coloured(diff: &[u8]) -> Styled {
    let text = String::from_utf8_lossy(diff);
    let mut out = Styled::default();
    let mut place = Where::Head;
    for line in text.split_inclusive('\n') {
        let body = line.strip_suffix('\n').unwrap_or(line);
        if body.starts_with("diff --git ") {
            place = Where::Head;
        } else if body.starts_with("@@ ") {
            place = Where::Hunk;
        }
        out.put(role(body, place), body);
        if body.len() < line.len() {
            out.line();
        }
    }
    out
}

/// Inside a hunk the first character alone says what a line is: a removed `-- x` is no header.
fn role(line: &str, place: Where) -> Role {
    match (place, line.as_bytes().first()) {
        (Where::Hunk, Some(b'+')) => Role::Good,
        (Where::Hunk, Some(b'-')) => Role::Bad,
        (Where::Hunk, Some(b'@')) => Role::Faint,
        (Where::Hunk, _) => Role::Plain,
        (Where::Head, _) if line.starts_with("diff --git ") || line.starts_with("+++ ") || line.starts_with("--- ") => Role::Strong,
        (Where::Head, _) => Role::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::view::color::Color;

    #[test]
    fn lines_get_the_role_of_their_place() {
        let diff =
            b"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n--- gone\n+++ here\n same\x1b[2J\ndiff --git a/y b/y\n--- a/y\n";
        let shown = coloured(diff).render(Color::Always);
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[1], "\u{1b}[1m--- a/x\u{1b}[0m");
        assert_eq!(lines[4], "\u{1b}[31m--- gone\u{1b}[0m");
        assert_eq!(lines[5], "\u{1b}[32m+++ here\u{1b}[0m");
        assert_eq!(lines[6], " same\\u{1b}[2J");
        assert_eq!(lines[8], "\u{1b}[1m--- a/y\u{1b}[0m");
    }

    #[test]
    fn nothing_is_added_or_lost() {
        for text in ["", "a", "a\n", "a\n\nb"] {
            assert_eq!(coloured(text.as_bytes()).render(Color::Never), text);
        }
    }
}
