//! Names of environment variables: which may reach a tool, and which never do.

/// Git's own list of variables that tie a process to one repository (`git rev-parse --local-env-vars`). With one of them set, a tool's
/// git would work on another repository than the worktree that it stands in.
pub(super) const GIT_LOCAL: [&str; 15] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_CONFIG",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CONFIG_COUNT",
    "GIT_OBJECT_DIRECTORY",
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_REPLACE_REF_BASE",
    "GIT_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_COMMON_DIR",
];

/// Why a variable's name was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VariableError {
    /// It is no name.
    #[error("`{0}` is no name of an environment variable")]
    Malformed(String),
    /// It ties a process to one repository.
    #[error("`{0}` ties a process to one repository and is never passed to a tool")]
    GitLocal(String),
    /// It belongs to git-orc.
    #[error("`{0}` is set by git-orc itself")]
    Reserved(String),
}

/// Returns whether the variable ties a process to one repository.
#[must_use]
pub fn is_git_local(name: &str) -> bool {
    GIT_LOCAL.contains(&name) || name.starts_with("GIT_CONFIG_KEY_") || name.starts_with("GIT_CONFIG_VALUE_")
}

/// Checks the name of a variable that a profile or a setting wants to set.
///
/// # Errors
/// Returns a [`VariableError`] for what is no name, for git's local variables and for those of git-orc.
pub fn check_name(name: &str) -> Result<(), VariableError> {
    if name.is_empty() || name.contains(['=', '\0', '*']) || name.chars().any(char::is_whitespace) {
        return Err(VariableError::Malformed(name.to_owned()));
    }
    if is_git_local(name) {
        return Err(VariableError::GitLocal(name.to_owned()));
    }
    if name.starts_with("ORC_") {
        return Err(VariableError::Reserved(name.to_owned()));
    }
    Ok(())
}

/// Checks a name to pass on, which may end in `*` (`AWS_*`).
///
/// # Errors
/// Returns a [`VariableError`] as [`check_name`] does, and for a bare `*`, which would pass on everything.
pub fn check_pattern(pattern: &str) -> Result<(), VariableError> {
    check_name(pattern.strip_suffix('*').unwrap_or(pattern))
}

/// Returns whether a variable of this name holds what nobody else should know: a key, a token, a password.
#[must_use]
pub fn holds_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    ["KEY", "TOKEN", "SECRET", "PASSWORD", "CREDENTIAL"].iter().any(|part| name.contains(part))
}

/// Returns whether a pattern that ends in `*`, or a plain name, means this variable. Git's local variables are never meant.
#[must_use]
pub fn matches(pattern: &str, name: &str) -> bool {
    !is_git_local(name)
        && match pattern.strip_suffix('*') {
            Some("") => false,
            Some(prefix) => name.starts_with(prefix),
            None => name == pattern,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        for good in ["OPENAI_API_KEY", "_x", "GIT_AUTHOR_NAME"] {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        for bad in ["", "A=B", "A B", "A\0", "GIT_DIR", "GIT_CONFIG_KEY_0", "ORC_RUN", "A*"] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
        assert_eq!(check_pattern("AWS_*"), Ok(()));
        assert!(check_pattern("*").is_err());
    }

    #[test]
    fn secrets_are_known_by_name() {
        for (name, expect) in [("OPENAI_API_KEY", true), ("gh_token", true), ("OPENAI_BASE_URL", false), ("AIDER_MODEL", false)] {
            assert_eq!(holds_secret(name), expect, "{name}");
        }
    }

    #[test]
    fn a_wide_pattern_never_means_gits_local_variables() {
        assert!(matches("GIT_*", "GIT_AUTHOR_NAME"));
        assert!(!matches("GIT_*", "GIT_DIR"));
        assert!(!matches("GIT_INDEX_FILE", "GIT_INDEX_FILE"));
        assert!(!matches("*", "HOME"));
        assert!(matches("HOME", "HOME") && !matches("HOME", "HOME2"));
    }
}
