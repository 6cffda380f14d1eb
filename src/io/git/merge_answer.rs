//! Reading what `git merge-tree --write-tree -z --messages` prints.

use std::collections::BTreeSet;

use crate::domain::id::{ObjectId, RepoPath};

/// The verdict that the exit code gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::io::git) enum Verdict {
    /// Exit code 0.
    Clean,
    /// Exit code 1.
    Conflict,
}

/// The answer of git.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::io::git) struct Answer {
    /// The verdict.
    pub(in crate::io::git) verdict: Verdict,
    /// The merged tree, with conflict markers if there are conflicts.
    pub(in crate::io::git) tree: ObjectId,
    /// The paths in conflict, sorted.
    pub(in crate::io::git) paths: Vec<RepoPath>,
    /// The messages about conflicts.
    pub(in crate::io::git) messages: String,
}

/// Reads the fields, each ended by NUL: the tree; per conflicted path and stage `mode id stage TAB path`; an empty field; then messages,
/// each as the number of its paths, the paths, its type, and its text.
pub(in crate::io::git) fn read(bytes: &[u8], verdict: Verdict) -> Option<Answer> {
    let mut fields = bytes.split(|b| *b == 0);
    let tree = ObjectId::parse(std::str::from_utf8(fields.next()?).ok()?).ok()?;
    let mut answer = Answer { verdict, tree, paths: Vec::new(), messages: String::new() };
    if verdict == Verdict::Clean {
        return Some(answer);
    }
    let mut paths = BTreeSet::new();
    for field in fields.by_ref().take_while(|field| !field.is_empty()) {
        let tab = field.iter().position(|b| *b == b'\t')?;
        paths.insert(RepoPath::new(field.get(tab + 1..)?));
    }
    let mut named = BTreeSet::new();
    while let Some(number) = fields.next().filter(|field| !field.is_empty()) {
        let number: usize = std::str::from_utf8(number).ok()?.parse().ok()?;
        let of_message: Vec<_> = fields.by_ref().take(number).map(RepoPath::new).collect();
        let (kind, text) = (fields.next()?, fields.next()?);
        if kind.starts_with(b"CONFLICT") {
            named.extend(of_message);
            answer.messages.push_str(&String::from_utf8_lossy(text));
        }
    }
    answer.paths = if paths.is_empty() { named } else { paths }.into_iter().collect();
    Some(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "0123456789abcdef0123456789abcdef01234567";

    #[test]
    fn conflicts_are_read() {
        let text = format!(
            "{TREE}\x00100644 {TREE} 1\ta b\n\x00100644 {TREE} 2\ta b\n\0\x001\0a b\n\0Auto-merging\0Auto-merging a b\n\x002\0a b\n\0c\0CONFLICT (contents)\0CONFLICT (content): Merge conflict in a b\n\0"
        );
        let answer = read(text.as_bytes(), Verdict::Conflict).unwrap();
        assert_eq!(answer.paths, [RepoPath::from("a b\n")]);
        assert_eq!(answer.messages, "CONFLICT (content): Merge conflict in a b\n");
        assert_eq!(answer.tree.to_string(), TREE);
    }

    #[test]
    fn clean_answers_are_read_and_nonsense_is_not() {
        assert_eq!(read(format!("{TREE}\0").as_bytes(), Verdict::Clean).unwrap().paths, []);
        for bad in ["", "fatal: x", &format!("{TREE}\0no tab\0\0"), &format!("{TREE}\0\0many\0")] {
            assert_eq!(read(bad.as_bytes(), Verdict::Conflict), None, "{bad:?}");
        }
    }
}
