//! "Did you mean": the known word that is closest to a mistyped one.

/// Returns the closest of the known words when it is close enough to be what was meant. `-` and `_` count as the same letter.
#[must_use]
pub fn closest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let flat = |text: &str| text.to_ascii_lowercase().replace('-', "_");
    let word = flat(word);
    let (distance, best) =
        known.into_iter().map(|candidate| (strsim::damerau_levenshtein(&word, &flat(candidate)), candidate)).min_by_key(|(d, _)| *d)?;
    (distance <= best.len().div_ceil(3).min(3) && distance < word.len()).then_some(best)
}

/// Returns `` (did you mean `x`?) `` with a leading space, or nothing.
#[must_use]
pub fn did_you_mean(suggestion: Option<&str>) -> String {
    suggestion.map(|word| format!(" (did you mean `{word}`?)")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_close_words_are_suggested() {
        let check = |word: &str, expect: Option<&str>| assert_eq!(closest(word, ["timeout_sec", "args", "env"]), expect, "{word}");
        check("timeout-sec", Some("timeout_sec"));
        check("timout_sec", Some("timeout_sec"));
        check("arg", Some("args"));
        check("command", None);
        check("", None);
        assert_eq!(closest("x", []), None);
    }
}
