//! Fingerprints: equal for the same finding on a moved line, at another time, in another folder.

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::LazyLock;

use regex::Regex;
use sha2::{Digest, Sha256};

/// Absolute paths; what follows the last `/` is kept, since it is what a finding is about.
#[expect(clippy::expect_used, reason = "a constant pattern that a test compiles")]
static FOLDERS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"(^|[\s"'(\[=:])/(?:[\w.@%+~-]+/)+"#).expect("constant pattern"));

/// Addresses, object ids and numbers with what belongs to them (`0x7f..`, `1e6daf73c`, `0.03`, `12ms`).
#[expect(clippy::expect_used, reason = "a constant pattern that a test compiles")]
static NUMBERS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"0x[0-9a-fA-F]+|\b[0-9a-f]*[0-9][0-9a-f]{6,}\b|[0-9]+(?:[.,:][0-9]+)*(?:(?:ns|us|µs|ms|s|m|h)\b)?")
        .expect("constant pattern")
});

/// Returns a message in which numbers, addresses, timings and folders are replaced, quotes are of one kind and blanks are single.
pub(super) fn normalised(message: &str) -> String {
    let quotes: String = message
        .chars()
        .map(|c| match c {
            '‘' | '’' | '`' | '"' | '“' | '”' | '´' => '\'',
            c => c,
        })
        .collect();
    let words = quotes.split_whitespace().collect::<Vec<_>>().join(" ");
    let folders: Cow<'_, str> = FOLDERS.replace_all(&words, "$1");
    NUMBERS.replace_all(&folders, "N").into_owned()
}

/// Returns 16 hexadecimal digits from rule, path and normalised message; the line is left out on purpose.
pub(super) fn fingerprint(rule: Option<&str>, path: Option<&str>, message: &str) -> String {
    let mut hash = Sha256::new();
    for part in [rule.unwrap_or_default(), path.unwrap_or_default(), &normalised(message)] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().take(8).fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_from_run_to_run_is_replaced() {
        let check = |message: &str, expect: &str| assert_eq!(normalised(message), expect, "{message}");
        check("unused variable: `x`", "unused variable: 'x'");
        check("‘sidee’ undeclared  (first\tuse)", "'sidee' undeclared (first use)");
        check("took 0.03s, then 12ms at 10:20:30", "took N, then N at N");
        check("left: 9, right: 10", "left: N, right: N");
        check("at 0x7ffe12ab in e6daf73c296d6df0", "at N in N");
        check("/tmp/ccMj9Zti.o: undefined", "ccMjNZti.o: undefined");
        check("in '/srv/build/wt/src/x.rs'", "in 'x.rs'");
        check("and/or a/b", "and/or a/b");
        check("effaced facade", "effaced facade");
    }

    #[test]
    fn a_fingerprint_tells_findings_apart() {
        let base = fingerprint(Some("E0425"), Some("a.rs"), "cannot find value `x` in line 3");
        assert_eq!(base.len(), 16);
        assert_eq!(base, fingerprint(Some("E0425"), Some("a.rs"), "cannot find value 'x' in line 99"));
        for (rule, path, message) in [
            (None, Some("a.rs"), "cannot find value `x` in line 3"),
            (Some("E0425"), Some("b.rs"), "cannot find value `x` in line 3"),
            (Some("E0425"), None, "cannot find value `x` in line 3"),
            (Some("E0425"), Some("a.rs"), "cannot find value `y` in line 3"),
        ] {
            assert_ne!(base, fingerprint(rule, path, message), "{rule:?} {path:?} {message}");
        }
    }
}
