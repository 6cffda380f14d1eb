//! Which files a text names.

use std::collections::BTreeSet;

use crate::domain::id::RepoPath;

/// Returns the paths that texts name literally: as a word, with or without `./` in front, a line number or punctuation behind.
#[must_use]
pub fn named<'a>(texts: impl IntoIterator<Item = &'a str>, paths: impl IntoIterator<Item = &'a RepoPath>) -> BTreeSet<RepoPath> {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | '+' | '@' | '~');
    let words = texts.into_iter().flat_map(|text| text.split(move |c: char| !is_part(c)));
    let plain = words.map(|word| word.strip_prefix("./").unwrap_or(word).trim_end_matches(['.', '/', '-']));
    let words: BTreeSet<&[u8]> = plain.filter(|word| !word.is_empty()).map(str::as_bytes).collect();
    paths.into_iter().filter(|path| words.contains(path.as_bytes())).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_named_as_a_word() {
        let paths: Vec<RepoPath> = ["src/a.rs", "src/b.rs", "a", "docs/x-y.md"].map(RepoPath::from).into();
        let check = |text: &str, expect: &[&str]| {
            let found: Vec<String> = named([text], &paths).iter().map(ToString::to_string).collect();
            assert_eq!(found, expect, "{text}");
        };
        check("mend src/a.rs:3:4, please", &["src/a.rs"]);
        check("`./src/a.rs` and (src/b.rs).", &["src/a.rs", "src/b.rs"]);
        check("see docs/x-y.md.", &["docs/x-y.md"]);
        check("other/src/a.rs xsrc/b.rs src/a.rsx src/", &[]);
        check("take a look", &["a"]);
        check("", &[]);
    }
}
