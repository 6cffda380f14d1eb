//! Scopes: the globs that a workstream may write, create, and must not touch. The language of the globs is that of
//! [`crate::domain::policy::pattern`].

use crate::domain::id::RepoPath;
use crate::domain::policy::pattern::Pattern;
use crate::domain::policy::token::{Segment, matches_segments};

/// What a workstream may write and create, and what it must not touch.
#[derive(Debug, Clone)]
pub struct Scope {
    write: Vec<Pattern>,
    create: Vec<Pattern>,
    forbid: Vec<Pattern>,
}

/// The list of a scope in which a glob stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScopeField {
    /// `files_scope`.
    Write,
    /// `files_create`.
    Create,
    /// `files_forbid`.
    Forbid,
}

impl ScopeField {
    /// Returns the name of the list in a plan.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Write => "files_scope",
            Self::Create => "files_create",
            Self::Forbid => "files_forbid",
        }
    }
}

/// The error for a glob that can not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}[{index}]: {message}", field.name())]
pub struct GlobError {
    /// The list in which the glob stands.
    pub field: ScopeField,
    /// Its place in the list, counted from 0.
    pub index: usize,
    /// What is wrong with it.
    pub message: String,
}

/// What happened to a path between the commit that the workstream started from and the tree that is judged. It is not what the newest attempt
/// did: a file which an earlier attempt created stays [`Self::Added`] however often it is edited, and is unchanged when it was removed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// The base has no such path.
    Added,
    /// The content, mode or type differs.
    Modified,
    /// The path is gone.
    Deleted,
}

/// The error for a change that the scope does not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` {rule}")]
pub struct ScopeViolation {
    /// The path that was changed.
    pub path: RepoPath,
    /// Why it must not be.
    pub rule: ScopeRule,
}

/// Why a scope does not allow a change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScopeRule {
    /// No glob of `files_scope` or `files_create` covers it.
    #[error("is outside the scope: neither `files_scope` nor `files_create` covers it")]
    OutOfScope,
    /// Only `files_create` covers it, by this glob, and the file exists already.
    #[error("exists at the base and is covered only by `{0}` of `files_create`, which allows new files")]
    CreateOnly(String),
    /// This glob of `files_forbid` covers it.
    #[error("must not be touched: `{0}` of `files_forbid` covers it")]
    Forbidden(String),
}

impl Scope {
    /// Compiles a scope.
    ///
    /// # Errors
    /// Returns every glob that can not be used.
    pub fn new(write: &[String], create: &[String], forbid: &[String]) -> Result<Self, Vec<GlobError>> {
        let mut errors = Vec::new();
        let mut compile = |field: ScopeField, texts: &[String]| {
            let mut patterns = Vec::with_capacity(texts.len());
            for (index, text) in texts.iter().enumerate() {
                match Pattern::parse(text) {
                    Ok(pattern) => patterns.push(pattern),
                    Err(error) => errors.push(GlobError { field, index, message: error.to_string() }),
                }
            }
            patterns
        };
        let scope = Self {
            write: compile(ScopeField::Write, write),
            create: compile(ScopeField::Create, create),
            forbid: compile(ScopeField::Forbid, forbid),
        };
        if errors.is_empty() { Ok(scope) } else { Err(errors) }
    }

    /// Judges one changed path.
    ///
    /// # Errors
    /// Returns the rule that the change breaks. `files_forbid` wins over everything; `files_scope` allows any change; `files_create` allows
    /// only what is new since the base.
    pub fn judge(&self, path: &RepoPath, change: ChangeKind) -> Result<(), ScopeViolation> {
        let covering = |globs: &[Pattern]| globs.iter().find(|p| p.matches(path.as_bytes())).map(|p| p.text().to_owned());
        let broken = |rule| Err(ScopeViolation { path: path.clone(), rule });
        if let Some(glob) = covering(&self.forbid) {
            return broken(ScopeRule::Forbidden(glob));
        }
        if covering(&self.write).is_some() {
            return Ok(());
        }
        match (covering(&self.create), change) {
            (None, _) => broken(ScopeRule::OutOfScope),
            (Some(_), ChangeKind::Added) => Ok(()),
            (Some(glob), ChangeKind::Modified | ChangeKind::Deleted) => broken(ScopeRule::CreateOnly(glob)),
        }
    }

    /// Returns whether a pattern without wildcards names exactly this path, as one that may be changed.
    #[must_use]
    pub fn names(&self, path: &RepoPath) -> bool {
        let mut alternatives = self.changeable().flat_map(Pattern::alternatives);
        alternatives.any(|segments| segments.iter().all(Segment::is_literal) && matches_segments(segments, path.as_bytes()))
    }

    /// Returns the globs of `files_scope` as they were written.
    pub fn write_globs(&self) -> impl Iterator<Item = &str> {
        self.write.iter().map(Pattern::text)
    }

    /// Returns the globs of `files_create` as they were written.
    pub fn create_globs(&self) -> impl Iterator<Item = &str> {
        self.create.iter().map(Pattern::text)
    }

    /// Returns the globs of `files_forbid` as they were written.
    pub fn forbid_globs(&self) -> impl Iterator<Item = &str> {
        self.forbid.iter().map(Pattern::text)
    }

    /// Returns what the workstream may change at all: the patterns of `files_scope`, then those of `files_create`.
    pub fn changeable(&self) -> impl Iterator<Item = &Pattern> {
        self.write.iter().chain(&self.create)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(globs: &[&str]) -> Vec<String> {
        globs.iter().map(|g| (*g).to_owned()).collect()
    }

    fn scope(write: &[&str], create: &[&str], forbid: &[&str]) -> Scope {
        Scope::new(&texts(write), &texts(create), &texts(forbid)).unwrap()
    }

    #[test]
    fn each_list_has_its_say() {
        use ChangeKind::{Added, Deleted, Modified};
        let scope = scope(&["src/*.rs", "docs"], &["new/**"], &["src/secret.rs", "**/*.key"]);
        let check = |path: &str, change, expect: Option<ScopeRule>| {
            assert_eq!(scope.judge(&RepoPath::from(path), change).err().map(|v| v.rule), expect, "{path} {change:?}");
        };
        for change in [Added, Modified, Deleted] {
            check("src/a.rs", change, None);
            check("docs/a/b", change, None);
            check("src/x/a.rs", change, Some(ScopeRule::OutOfScope));
            check("src/secret.rs", change, Some(ScopeRule::Forbidden("src/secret.rs".to_owned())));
            check("docs/a.key", change, Some(ScopeRule::Forbidden("**/*.key".to_owned())));
        }
        check("new/a", Added, None);
        check("new/a.key", Added, Some(ScopeRule::Forbidden("**/*.key".to_owned())));
        for change in [Modified, Deleted] {
            check("new/a", change, Some(ScopeRule::CreateOnly("new/**".to_owned())));
        }
    }

    #[test]
    fn violations_read_well() {
        let scope = scope(&["a"], &["b"], &["a/x"]);
        let message = |path: &str, change| scope.judge(&RepoPath::from(path), change).unwrap_err().to_string();
        assert_eq!(message("c", ChangeKind::Added), "`c` is outside the scope: neither `files_scope` nor `files_create` covers it");
        assert_eq!(message("a/x", ChangeKind::Added), "`a/x` must not be touched: `a/x` of `files_forbid` covers it");
        assert_eq!(
            message("b", ChangeKind::Modified),
            "`b` exists at the base and is covered only by `b` of `files_create`, which allows new files"
        );
    }

    #[test]
    fn every_bad_glob_is_reported_with_its_place() {
        let errors = Scope::new(&texts(&["a", "/b"]), &texts(&["[c"]), &texts(&["d", "e", "../f"])).unwrap_err();
        let places: Vec<_> = errors.iter().map(|e| (e.field, e.index)).collect();
        assert_eq!(places, [(ScopeField::Write, 1), (ScopeField::Create, 0), (ScopeField::Forbid, 2)]);
        assert_eq!(errors[2].to_string(), "files_forbid[2]: `..` would leave the repository");
    }

    #[test]
    fn texts_are_kept_as_written() {
        let scope = scope(&["./a\\b", "c/"], &["d"], &["e"]);
        assert_eq!(scope.write_globs().collect::<Vec<_>>(), ["./a\\b", "c/"]);
        assert_eq!(scope.create_globs().collect::<Vec<_>>(), ["d"]);
        assert_eq!(scope.forbid_globs().collect::<Vec<_>>(), ["e"]);
        assert_eq!(scope.changeable().map(Pattern::text).collect::<Vec<_>>(), ["./a\\b", "c/", "d"]);
    }

    #[test]
    fn only_a_pattern_without_wildcards_names_a_path() {
        let scope = scope(&["./ci/run", "hooks", "*.toml"], &["new\\{a,b}"], &["kept"]);
        for (path, expect) in [("ci/run", true), ("hooks", true), ("new/b", true), ("hooks/a", false), ("a.toml", false), ("kept", false)] {
            assert_eq!(scope.names(&RepoPath::from(path)), expect, "{path}");
        }
    }

    #[test]
    fn an_empty_scope_allows_nothing() {
        assert!(scope(&[], &[], &[]).judge(&RepoPath::from("a"), ChangeKind::Added).is_err());
    }
}
