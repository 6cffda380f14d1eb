//! Versions as programs print them: found in a text, and compared number by number.

/// Returns the first version in a text: numbers with dots between them, such as `1.20.3` in `git version 1.20.3-rc1`.
#[must_use]
pub fn find(text: &str) -> Option<&str> {
    let is_part = |c: char| c.is_ascii_digit() || c == '.';
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let found = &rest[at..];
        let end = found.find(|c| !is_part(c)).unwrap_or(found.len());
        let version = found[..end].trim_end_matches('.');
        // A number that is part of a word (`x86`, `utf8`) is no version, and neither is one without a dot.
        let is_free = rest[..at].chars().next_back().is_none_or(|before| !before.is_alphanumeric() || before == 'v' || before == 'V');
        if is_free && version.split('.').count() > 1 && version.split('.').all(|part| !part.is_empty()) {
            return Some(version);
        }
        rest = &found[end..];
    }
    None
}

/// Returns whether a version is at least another one, number by number; a number that is missing is 0.
#[must_use]
pub fn is_at_least(version: &str, least: &str) -> bool {
    let numbers = |text: &str| text.split('.').map(|part| part.parse::<u64>().unwrap_or(u64::MAX)).collect::<Vec<_>>();
    let (mut own, mut other) = (numbers(version), numbers(least));
    let longest = own.len().max(other.len());
    own.resize(longest, 0);
    other.resize(longest, 0);
    own >= other
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_found_in_what_programs_print() {
        let check = |text: &str, expect: Option<&str>| assert_eq!(find(text), expect, "{text}");
        check("aider 0.86.1\n", Some("0.86.1"));
        check("codex-cli 0.61.0", Some("0.61.0"));
        check("2.0.42 (Claude Code)", Some("2.0.42"));
        check("v1.2.3-rc.1", Some("1.2.3"));
        check("git version 2.43.0.", Some("2.43.0"));
        check("tool for x86.64, version 7.1", Some("7.1"));
        check("build 20240101 of 3.1", Some("3.1"));
        check("ends in 1..2 and 5.", None);
        check("no version", None);
        check("", None);
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        for (version, least, expect) in [
            ("1.10", "1.9", true),
            ("1.9", "1.10", false),
            ("2", "1.99.99", true),
            ("1.2", "1.2.0", true),
            ("1.2", "1.2.1", false),
            ("99999999999999999999.0", "1.0", true),
        ] {
            assert_eq!(is_at_least(version, least), expect, "{version} and {least}");
        }
    }
}
