//! What git tells hooks about a push: which refs move, from where to where.

use crate::domain::id::ObjectId;
use crate::domain::text::one_line;

/// A ref that is about to move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefUpdate {
    /// The full name of the ref in the repository that is pushed to.
    pub name: String,
    /// What it was called by whoever pushes; as typed, so it may be an expression.
    pub source: Option<String>,
    /// Where it leads now; `None` when it is new.
    pub old: Option<ObjectId>,
    /// Where it will lead; `None` when it is deleted.
    pub new: Option<ObjectId>,
}

/// A line that git would not have written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the standard input is not `{expected}`: `{text}`")]
pub struct BadUpdate {
    /// The line, counted from 1.
    pub line: usize,
    /// What it must be.
    pub expected: &'static str,
    /// What it is.
    pub text: String,
}

/// Reads what the hook `pre-push` gets: `<local ref> <local id> <remote ref> <remote id>`, a line each. The local ref may hold blanks.
///
/// # Errors
/// Returns [`BadUpdate`] for the first line that is none.
pub fn pre_push(input: &[u8]) -> Result<Vec<RefUpdate>, BadUpdate> {
    let expected = "<local ref> <local id> <remote ref> <remote id>";
    each(input, expected, |line| {
        let mut words = line.rsplitn(4, ' ');
        let (old, name, new, source) = (words.next()?, words.next()?, words.next()?, words.next()?);
        let [old, new] = [old, new].map(id);
        (!source.is_empty()).then_some(())?;
        Some(RefUpdate { name: full(name)?, source: Some(source.to_owned()), old: old?, new: new? })
    })
}

/// Reads what the hook `pre-receive` gets: `<old id> <new id> <ref>`, a line each.
///
/// # Errors
/// Returns [`BadUpdate`] for the first line that is none.
pub fn pre_receive(input: &[u8]) -> Result<Vec<RefUpdate>, BadUpdate> {
    each(input, "<old id> <new id> <ref>", |line| {
        let mut words = line.splitn(3, ' ');
        let [old, new] = [words.next()?, words.next()?].map(id);
        Some(RefUpdate { name: full(words.next()?)?, source: None, old: old?, new: new? })
    })
}

fn each(input: &[u8], expected: &'static str, read: impl Fn(&str) -> Option<RefUpdate>) -> Result<Vec<RefUpdate>, BadUpdate> {
    let mut updates = Vec::new();
    for (number, line) in input.split(|byte| *byte == b'\n').enumerate().filter(|(_, line)| !line.is_empty()) {
        let update = std::str::from_utf8(line).ok().and_then(&read);
        updates.push(update.ok_or_else(|| BadUpdate { line: number + 1, expected, text: one_line(&String::from_utf8_lossy(line)) })?);
    }
    Ok(updates)
}

/// Reads an id; the one of zeros alone is nothing.
fn id(text: &str) -> Option<Option<ObjectId>> {
    let id = ObjectId::parse(text).ok()?;
    Some((id != ObjectId::ZERO).then_some(id))
}

/// Returns a name, if it is a full one as git writes them.
fn full(name: &str) -> Option<String> {
    let is_name = name.starts_with("refs/") && !name.contains(|c: char| c.is_control() || c == ' ');
    is_name.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "0123456789abcdef0123456789abcdef01234567";
    const ZERO: &str = "0000000000000000000000000000000000000000";

    fn told(updates: Result<Vec<RefUpdate>, BadUpdate>) -> String {
        let id = |id: &Option<ObjectId>| id.map_or("-".to_owned(), |id| id.short());
        match updates {
            Ok(all) => {
                let one =
                    |one: &RefUpdate| format!("{} {} {} {}", one.name, id(&one.old), id(&one.new), one.source.as_deref().unwrap_or("-"));
                all.iter().map(one).collect::<Vec<_>>().join("; ")
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn pushes_are_read_as_git_writes_them() {
        let check = |input: String, expect: &str| assert_eq!(told(pre_push(input.as_bytes())), expect, "{input}");
        check(String::new(), "");
        check(format!("refs/heads/a {A} refs/heads/b {ZERO}\n"), "refs/heads/b - 0123456789 refs/heads/a");
        check(format!("(delete) {ZERO} refs/heads/b {A}\n"), "refs/heads/b 0123456789 - (delete)");
        check(format!("HEAD^{{/fix it}} {A} refs/tags/v1 {ZERO}\n"), "refs/tags/v1 - 0123456789 HEAD^{/fix it}");
        check(
            format!("a {A} refs/heads/a {A}\nb {A} refs/heads/b {A}"),
            "refs/heads/a 0123456789 0123456789 a; refs/heads/b 0123456789 0123456789 b",
        );
        let bad = |text: &str| format!("line 1 of the standard input is not `<local ref> <local id> <remote ref> <remote id>`: `{text}`");
        check("hello\n".to_owned(), &bad("hello"));
        check(format!("a {A} b {A}\n"), &bad(&format!("a {A} b {A}")));
        check(format!("a xyz refs/heads/b {A}\n"), &bad(&format!("a xyz refs/heads/b {A}")));
    }

    #[test]
    fn receipts_are_read_as_git_writes_them() {
        let check = |input: String, expect: &str| assert_eq!(told(pre_receive(input.as_bytes())), expect, "{input}");
        check(format!("{ZERO} {A} refs/heads/b\n"), "refs/heads/b - 0123456789 -");
        check(format!("{A} {ZERO} refs/heads/b\n"), "refs/heads/b 0123456789 - -");
        check(
            format!("{A} {A} refs/heads/b c\n"),
            &format!("line 1 of the standard input is not `<old id> <new id> <ref>`: `{A} {A} refs/heads/b c`"),
        );
        assert!(pre_receive(b"\xff\xfe\n").is_err());
    }

    proptest::proptest! {
        #[test]
        fn nothing_vanishes(input in proptest::collection::vec("(a|HEAD~1 x)? ?[0-9a-f]{0,41} ?(refs/heads/m)? ?[0-9a-f]{0,41}", 0..6)) {
            let text = input.join("\n");
            let lines = text.split('\n').filter(|line| !line.is_empty()).count();
            for read in [pre_push, pre_receive] {
                if let Ok(updates) = read(text.as_bytes()) {
                    proptest::prop_assert_eq!(updates.len(), lines);
                }
            }
        }
    }
}
