//! Output without colours, and paths relative to the worktree.

/// Returns the text without ANSI escape sequences and without the control characters that redraw a line.
pub(in crate::domain) fn strip_ansi(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => match chars.next() {
                // A control sequence ends with a letter or one of `@[\]^_`{|}~`.
                Some('[') => while chars.next().is_some_and(|c| !('\u{40}'..='\u{7e}').contains(&c)) {},
                // An operating system command, such as a link, ends with BEL or ESC \.
                Some(']') => while chars.next().is_some_and(|c| c != '\u{7}' && !(c == '\u{1b}' && chars.next_if_eq(&'\\').is_some())) {},
                Some('(' | ')' | '*' | '+') => drop(chars.next()),
                _ => {}
            },
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' => clean.push('\n'),
            '\n' | '\t' => clean.push(c),
            c if c.is_control() => {}
            c => clean.push(c),
        }
    }
    clean
}

/// Returns a path as the worktree's top sees it, or `None` for what is outside of it or no path. `root` is the absolute path of the top.
pub(super) fn relative_path(raw: &str, root: &str) -> Option<String> {
    let inside = match raw.strip_prefix(root.trim_end_matches('/')) {
        Some(rest) if raw.starts_with('/') && !root.is_empty() => rest.strip_prefix('/')?,
        _ if raw.starts_with('/') => return None,
        _ => raw,
    };
    let is_windows_absolute = inside.as_bytes().get(1) == Some(&b':');
    if is_windows_absolute || inside.starts_with('<') || inside.chars().any(char::is_control) {
        return None;
    }
    let mut components: Vec<&str> = Vec::new();
    for component in inside.split('/') {
        match component {
            "" | "." => {}
            ".." => drop(components.pop()?),
            name => components.push(name),
        }
    }
    (!components.is_empty()).then(|| components.join("/"))
}

/// Returns the text cut to `limit` bytes at a character's border, with `...` where something is missing.
pub(super) fn cut(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    format!("{}...", &text[..text.floor_char_boundary(limit)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_and_redrawn_lines_go() {
        let check = |text: &str, expect: &str| assert_eq!(strip_ansi(text), expect, "{text:?}");
        check("plain\ttext\n", "plain\ttext\n");
        check("\u{1b}[1m\u{1b}[38;5;9merror\u{1b}[0m: x", "error: x");
        check("\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{7}!", "link!");
        check("10%\r20%\r\ndone\u{8}\u{7}", "10%\n20%\ndone");
        check("\u{1b}[", "");
        check("\u{1b}", "");
        check("a\u{1b}(Bb\u{9b}c", "abc");
    }

    #[test]
    fn paths_are_seen_from_the_top() {
        let check = |raw: &str, expect: Option<&str>| assert_eq!(relative_path(raw, "/wt/a").as_deref(), expect, "{raw}");
        check("src/x.rs", Some("src/x.rs"));
        check("./src//x.rs", Some("src/x.rs"));
        check("/wt/a/src/x.rs", Some("src/x.rs"));
        check("/wt/a/../b/x.rs", None);
        check("/wt/ab/x.rs", None);
        check("/usr/include/stdio.h", None);
        check("sub/../x.rs", Some("x.rs"));
        check("../x.rs", None);
        check("sub/../../x.rs", None);
        check("<stdin>", None);
        check("C:\\x.c", None);
        check("", None);
        check(".", None);
        assert_eq!(relative_path("/x", ""), None);
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(cut("aéz", 2), "a...");
        assert_eq!(cut("aéz", 4), "aéz");
    }
}
