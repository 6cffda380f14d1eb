//! Which untracked files a capture leaves out.
//!
//! What the tree that work started from ignores is left out; what only a tool's own new `.gitignore` would hide is not, or a tool could make
//! its work disappear. And what a tool took off the ignore list is work as well. So a file is left out only if the rules of the base tree
//! ignore it and the rules on disk still do. The matching is that of the crate `ignore`, on rules that are already in memory.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::domain::id::ObjectId;

/// Whether the path in question is a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Is {
    /// A directory.
    Folder,
    /// Anything else.
    File,
}

/// Compiles the content of an ignore file. Lines that are no valid pattern, or not UTF-8, ignore nothing.
pub(super) fn compile(content: &[u8]) -> Arc<Gitignore> {
    let mut builder = GitignoreBuilder::new("");
    builder.allow_unclosed_class(true);
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    for line in content.split(|b| *b == b'\n').filter_map(|line| std::str::from_utf8(line).ok()) {
        // An invalid pattern is skipped, as git skips it: what it would have hidden is captured.
        let _ = builder.add_line(None, line);
    }
    Arc::new(builder.build().unwrap_or_else(|_| Gitignore::empty()))
}

/// Compiled ignore files by the id of their content.
#[derive(Debug, Default)]
pub(super) struct IgnoreCache(Mutex<HashMap<ObjectId, Arc<Gitignore>>>);

impl IgnoreCache {
    /// Returns the compiled form of the content with this id, reading it if it is new.
    pub(super) fn get<E>(&self, id: ObjectId, read: impl FnOnce() -> Result<Vec<u8>, E>) -> Result<Arc<Gitignore>, E> {
        if let Some(known) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&id) {
            return Ok(Arc::clone(known));
        }
        let compiled = compile(&read()?);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id, Arc::clone(&compiled));
        Ok(compiled)
    }
}

/// The ignore files that hold in one directory: those of the repository and the user, then one per directory from the top down.
#[derive(Debug, Clone, Default)]
pub(super) struct RuleStack {
    /// The length of the path of the directory that each one stands in, with its trailing slash.
    rules: Vec<(usize, Arc<Gitignore>)>,
}

impl RuleStack {
    /// Starts with the rules that hold everywhere, the weakest first.
    pub(super) fn new(everywhere: &[Arc<Gitignore>]) -> Self {
        Self { rules: everywhere.iter().map(|rules| (0, Arc::clone(rules))).collect() }
    }

    /// Adds the rules of a directory, given its path; empty for the top.
    pub(super) fn push(&mut self, folder: &[u8], rules: Arc<Gitignore>) {
        let start = if folder.is_empty() { 0 } else { folder.len() + 1 };
        self.rules.push((start, rules));
    }

    /// Returns whether a path is ignored: by its own name, or because a directory above it is.
    pub(super) fn ignores(&self, path: &[u8], is: Is) -> bool {
        let slashes = path.iter().enumerate().filter(|(_, b)| **b == b'/').map(|(end, _)| end);
        slashes.into_iter().any(|end| self.matches(&path[..end], Is::Folder)) || self.matches(path, is)
    }

    /// Returns whether a path is ignored by its own name; the deepest rule that matches decides.
    fn matches(&self, path: &[u8], is: Is) -> bool {
        for (start, rules) in self.rules.iter().rev() {
            let Some(inner) = path.get(*start..).filter(|inner| !inner.is_empty()) else { continue };
            match rules.matched(Path::new(OsStr::from_bytes(inner)), is == Is::Folder) {
                Match::None => {}
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ignores(files: &[(&str, &str)], path: &str, is: Is) -> bool {
        let mut stack = RuleStack::default();
        for (folder, content) in files {
            stack.push(folder.as_bytes(), compile(content.as_bytes()));
        }
        stack.ignores(path.as_bytes(), is)
    }

    /// Ignore files by the directory they stand in, and a path.
    type Case = (&'static [(&'static str, &'static str)], &'static str, Is);

    const IGNORED: &[Case] = &[
        (&[("", "*.o\n")], "a.o", Is::File),
        (&[("", "*.o\n")], "deep/down/a.o", Is::File),
        (&[("", "target/\n")], "target", Is::Folder),
        (&[("", "target/\n")], "sub/target", Is::Folder),
        (&[("", "doc/*.txt\n")], "doc/a.txt", Is::File),
        (&[("", "**/tmp\n")], "a/b/tmp", Is::Folder),
        (&[("", "target/\n")], "sub/target/x", Is::File),
        (&[("", "a/\n!a/b\n")], "a/b", Is::File),
        (&[("", "/a\n"), ("a/b", "!c\n")], "a/b/c", Is::File),
        (&[("", "\\#x\n")], "#x", Is::File),
        (&[("", "x \n")], "x", Is::File),
        (&[("", "!a.o\n"), ("sub", "*.o\n")], "sub/a.o", Is::File),
        (&[("sub", "/a\n")], "sub/a", Is::File),
        (&[("", "\u{feff}*.o\n")], "a.o", Is::File),
    ];

    const NOT_IGNORED: &[Case] = &[
        (&[("", "/a.o\n")], "deep/a.o", Is::File),
        (&[("", "target/\n")], "target", Is::File),
        (&[("", "doc/*.txt\n")], "x/doc/a.txt", Is::File),
        (&[("", "*\n!keep\n")], "keep", Is::File),
        (&[("", "a/*\n!a/b\n")], "a/b", Is::File),
        (&[("", "# *.o\n\n")], "a.o", Is::File),
        (&[("", "*.o\n"), ("sub", "!a.o\n")], "sub/a.o", Is::File),
        (&[("sub", "/a\n")], "sub/b/a", Is::File),
    ];

    #[test]
    fn rules_match_as_git_matches_them() {
        for (files, path, is) in IGNORED {
            assert!(ignores(files, path, *is), "{path} under {files:?}");
        }
        for (files, path, is) in NOT_IGNORED {
            assert!(!ignores(files, path, *is), "{path} under {files:?}");
        }
    }

    #[test]
    fn invalid_rules_ignore_nothing() {
        let rules = compile(b"\xff\xfe\n[z-a]\n*.o\n");
        let mut stack = RuleStack::default();
        stack.push(b"", rules);
        assert!(stack.ignores(b"a.o", Is::File));
        assert!(!stack.ignores(b"\xff\xfe", Is::File));
    }
}
