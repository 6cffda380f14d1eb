//! How long the random suites run: a number in the test, another one from outside.

/// The variable that sets the number of rounds of every random suite.
const VARIABLE: &str = "GIT_ORC_TEST_ROUNDS";

/// Returns the number of rounds: that of the environment, or the suite's own.
pub(crate) fn rounds(default: u32) -> u32 {
    parse(std::env::var(VARIABLE).ok().as_deref(), default)
}

/// Reads the variable's value; a typing error must not make a suite run with no rounds at all.
pub(super) fn parse(value: Option<&str>, default: u32) -> u32 {
    match value {
        None | Some("") => default,
        Some(text) => text.parse().ok().filter(|n| *n > 0).unwrap_or_else(|| panic!("{VARIABLE} is `{text}`, no number from 1")),
    }
}
