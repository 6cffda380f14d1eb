//! Which paths a unified diff names, read before git is asked to apply it.
//!
//! Only headers count; the lines of hunks are skipped by the counts that their headers give, since a removed line may look like a header.

use crate::domain::id::RepoPath;

/// The paths that a diff names, and how its author wrote them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffPaths {
    /// The paths, without the prefixes of the two sides, sorted and each once.
    pub paths: Vec<RepoPath>,
    /// Whether names begin with `a/` and `b/`.
    pub prefixes: Prefixes,
}

/// Whether the names in a diff begin with a letter for the side that they are on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prefixes {
    /// `a/src/x` and `b/src/x`, as git writes them.
    Sides,
    /// `src/x`, as `git diff --no-prefix` and many tools write them.
    Absent,
}

/// A name in a header, and whether the side's prefix belongs to it.
enum Name {
    /// From `---`, `+++` or `diff --git`.
    Sided(Vec<u8>),
    /// From `rename from` and the like, which never have a prefix.
    Bare(Vec<u8>),
}

/// Reads the paths that a diff names.
#[must_use]
pub fn read_diff_paths(diff: &[u8]) -> DiffPaths {
    let names = read_names(diff);
    let has_side = |name: &Name| match name {
        Name::Sided(name) => matches!(name.as_slice(), [b'a' | b'b' | b'c' | b'i' | b'o' | b'w', b'/', _, ..]),
        Name::Bare(_) => true,
    };
    let prefixes = if names.iter().all(has_side) { Prefixes::Sides } else { Prefixes::Absent };
    let mut paths: Vec<RepoPath> = names
        .into_iter()
        .map(|name| match (name, prefixes) {
            (Name::Sided(name), Prefixes::Sides) => RepoPath::new(&name[2..]),
            (Name::Sided(name) | Name::Bare(name), Prefixes::Sides | Prefixes::Absent) => RepoPath::new(name),
        })
        .collect();
    paths.sort_unstable();
    paths.dedup();
    DiffPaths { paths, prefixes }
}

fn read_names(diff: &[u8]) -> Vec<Name> {
    let mut names = Vec::new();
    // The name of a `diff --git` line counts only if nothing below it gives one: empty files and mode changes.
    let mut pending: Vec<Name> = Vec::new();
    let mut in_hunk = (0_u64, 0_u64);
    for line in diff.split(|b| *b == b'\n') {
        if in_hunk != (0, 0) && skip_hunk_line(line, &mut in_hunk) {
            continue;
        }
        if let Some(rest) = line.strip_prefix(b"diff --git ") {
            names.append(&mut pending);
            pending = split_git_line(rest).map_or_else(Vec::new, |(old, new)| vec![Name::Sided(old), Name::Sided(new)]);
        } else if let Some(counts) = hunk_counts(line) {
            in_hunk = counts;
        } else if let Some(name) = header_name(line) {
            pending.clear();
            names.extend(name);
        } else if !is_extended(line) {
            // Names behind it belong to another file.
            names.append(&mut pending);
        }
    }
    names.append(&mut pending);
    names
}

/// Returns whether a line is one of those between `diff --git` and the names.
fn is_extended(line: &[u8]) -> bool {
    const WORDS: [&[u8]; 7] =
        [b"old mode ", b"new mode ", b"deleted file mode ", b"new file mode ", b"similarity index ", b"dissimilarity index ", b"index "];
    WORDS.iter().any(|word| line.starts_with(word))
}

/// Counts a line of a hunk off; returns whether it was one.
fn skip_hunk_line(line: &[u8], (old, new): &mut (u64, u64)) -> bool {
    match line.first() {
        Some(b'-') if *old > 0 => *old -= 1,
        Some(b'+') if *new > 0 => *new -= 1,
        // Some tools strip the blank of an empty line of context.
        Some(b' ' | b'\r') | None if *old > 0 && *new > 0 => (*old, *new) = (*old - 1, *new - 1),
        Some(b'\\') => {}
        Some(_) | None => {
            (*old, *new) = (0, 0);
            return false;
        }
    }
    true
}

/// Reads how many lines of both sides follow `@@ -1,2 +3,4 @@`.
fn hunk_counts(line: &[u8]) -> Option<(u64, u64)> {
    let text = std::str::from_utf8(line.strip_prefix(b"@@ -")?.split(|b| *b == b'@').next()?).ok()?;
    let (old, new) = text.trim().split_once(" +")?;
    let count = |range: &str| range.split_once(',').map_or(Some(1), |(_, count)| count.parse().ok());
    Some((count(old)?, count(new)?))
}

/// Reads the name in a header line: `Some(None)` when the line is one but names nothing.
fn header_name(line: &[u8]) -> Option<Option<Name>> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    // `rename old` and `rename new` are what the first versions wrote; `git apply` still reads them.
    for prefix in [&b"rename from "[..], b"rename to ", b"copy from ", b"copy to ", b"rename old ", b"rename new "] {
        if let Some(rest) = line.strip_prefix(prefix) {
            return Some(Some(Name::Bare(unquote(rest).unwrap_or_else(|| rest.to_vec()))));
        }
    }
    let rest = line.strip_prefix(b"--- ").or_else(|| line.strip_prefix(b"+++ "))?;
    // A date may follow behind a tab.
    let name = unquote(rest).unwrap_or_else(|| rest.split(|b| *b == b'\t').next().unwrap_or_default().to_vec());
    Some((name != b"/dev/null").then_some(Name::Sided(name)))
}

/// Splits `a/x b/x`. Without quotes the two names are equal but for their first letter, so the blank stands in the middle.
fn split_git_line(rest: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let rest = rest.strip_suffix(b"\r").unwrap_or(rest);
    if rest.first() == Some(&b'"') {
        let end = quoted_end(rest)?;
        let new = rest.get(end + 1..)?;
        return Some((unquote(rest.get(..end)?)?, unquote(new).unwrap_or_else(|| new.to_vec())));
    }
    if rest.last() == Some(&b'"') {
        let start = rest.windows(2).position(|w| w == b" \"")?;
        return Some((rest.get(..start)?.to_vec(), unquote(rest.get(start + 1..)?)?));
    }
    let (old, new) = rest.split_at_checked(rest.len() / 2)?;
    let new = new.strip_prefix(b" ")?;
    let bare = |name: &[u8]| name.split_first_chunk::<2>().map_or(name, |(_, bare)| bare).to_vec();
    (bare(old) == bare(new)).then(|| (old.to_vec(), new.to_vec()))
}

/// Returns where a quoted name ends, behind its quote.
fn quoted_end(text: &[u8]) -> Option<usize> {
    let mut escaped = false;
    for (i, byte) in text.iter().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(i + 1),
            _ => {}
        }
    }
    None
}

/// Reads a name in git's quotes; `None` when it is not quoted.
fn unquote(text: &[u8]) -> Option<Vec<u8>> {
    let inner = text.get(..quoted_end(text)?)?.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    let mut name = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            name.push(byte);
            continue;
        }
        name.push(match bytes.next()? {
            b'a' => 0x07,
            b'b' => 0x08,
            b't' => b'\t',
            b'n' => b'\n',
            b'v' => 0x0b,
            b'f' => 0x0c,
            b'r' => b'\r',
            digit @ b'0'..=b'3' => {
                let next = |bytes: &mut dyn Iterator<Item = u8>| bytes.next().filter(|d| matches!(d, b'0'..=b'7')).map(|d| d - b'0');
                (digit - b'0') * 64 + next(&mut bytes)? * 8 + next(&mut bytes)?
            }
            other => other,
        });
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(diff: &str, expect: &[&str], prefixes: Prefixes) {
        let got = read_diff_paths(diff.as_bytes());
        let paths: Vec<_> = expect.iter().map(|p| RepoPath::from(*p)).collect();
        assert_eq!((got.paths, got.prefixes), (paths, prefixes), "{diff}");
    }

    #[test]
    fn headers_name_the_paths() {
        use Prefixes::{Absent, Sides};
        check("", &[], Sides);
        check("diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n", &["x"], Sides);
        check("--- a/src/x.rs\n+++ b/src/x.rs\n@@ -1 +1 @@\n-a\n+b\n", &["src/x.rs"], Sides);
        check("--- src/x.rs\n+++ src/x.rs\n@@ -1 +1 @@\n-a\n+b\n", &["src/x.rs"], Absent);
        check("--- /dev/null\n+++ b/new\n@@ -0,0 +1 @@\n+b\n", &["new"], Sides);
        check("--- a/x\t2026-01-01 00:00:00\n+++ b/x\t2026-01-01 00:00:00\n", &["x"], Sides);
        check("--- a/x\r\n+++ b/x\r\n", &["x"], Sides);
        check("diff --git a/old b/new\nrename old old\nrename new new\n", &["new", "old"], Sides);
        // What follows an empty line is another file.
        check("diff --git a/e b/e\nold mode 100644\n\n--- a/x\n+++ b/x\n", &["e", "x"], Sides);
        check("diff --git a/old b/new\nsimilarity index 90%\nrename from old\nrename to new\n", &["new", "old"], Sides);
        check("diff --git a/o b/n\ncopy from o\ncopy to n\n", &["n", "o"], Sides);
        check("diff --git a/run me b/run me\nold mode 100644\nnew mode 100755\n", &["run me"], Sides);
        check("diff --git a/empty b/empty\nnew file mode 100644\nindex 0000000..e69de29\n", &["empty"], Sides);
        check("diff --git \"a/caf\\303\\251\" \"b/caf\\303\\251\"\nnew file mode 100644\n", &["café"], Sides);
        check("--- \"a/tab\\there\"\n+++ \"b/tab\\there\"\n", &["tab\there"], Sides);
        check("diff --git a/../../etc/x b/../../etc/x\n--- a/../../etc/x\n+++ b/../../etc/x\n", &["../../etc/x"], Sides);
        check("--- /etc/passwd\n+++ /etc/passwd\n", &["/etc/passwd"], Absent);
        check("--- i/x\n+++ w/x\n", &["x"], Sides);
        check("diff --git x x\nold mode 100644\nnew mode 100755\n", &["x"], Absent);
        check("diff --git a/one b/two\nold mode 100644\nnew mode 100755\n", &[], Sides);
    }

    #[test]
    fn quoted_names_are_read_as_git_writes_them() {
        use Prefixes::Sides;
        check(r#"diff --git a/plain "b/caf\303\251""#, &["café", "plain"], Sides);
        check(r#"diff --git "a/caf\303\251" b/plain"#, &["café", "plain"], Sides);
        check(r#"--- "a/say \"hi\" \\""#, &["say \"hi\" \\"], Sides);
        check(r#"--- "a/\a\b\t\n\v\f\r\001""#, &["\u{7}\u{8}\t\n\u{b}\u{c}\r\u{1}"], Sides);
        check(r#"rename from "caf\303\251""#, &["café"], Sides);
        // What only looks quoted is taken as it stands.
        check(r#"--- "a/x"#, &["\"a/x"], Prefixes::Absent);
    }

    #[test]
    fn lines_of_hunks_are_no_headers() {
        let diff = "--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@ f()\n context\n--- a/not/a/header\n+++ b/not/a/header\n rest\n--- a/y\n+++ b/y\n@@ -1 +1 @@\n-a\n+b\n";
        check(diff, &["x", "y"], Prefixes::Sides);
        check(
            "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n-a\n+b\n\n\\ No newline at end of file\n--- a/y\n+++ b/y\n",
            &["x", "y"],
            Prefixes::Sides,
        );
        // Only one side of these names the file, so that a line too many or too few would lose it.
        let hunk = "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n context\n-a\n+b\n";
        check(&format!("{hunk}--- a/y\n+++ /dev/null\n"), &["x", "y"], Prefixes::Sides);
        check(&format!("{hunk}+++ b/y\n"), &["x", "y"], Prefixes::Sides);
        check("@@ -1,2 +0,0 @@\n-a\n--- b\n--- a/y\n", &["y"], Prefixes::Sides);
        check("@@ -0,0 +1,2 @@\n+a\n+++ b\n+++ b/y\n", &["y"], Prefixes::Sides);
        check("@@ -1 +1,9 @@\n-a\n+b\n--- a/y\n+++ b/z\n", &["y", "z"], Prefixes::Sides);
        check("@@ -1,9 +1 @@\n-a\n+b\n+++ b/y\n--- a/z\n", &["y", "z"], Prefixes::Sides);
        for too_much in ["-0,0 +1,9", "-1,9 +0,0"] {
            check(&format!("@@ {too_much} @@\n context\n--- a/y\n+++ b/z\n"), &["y", "z"], Prefixes::Sides);
        }
        // A count that promises too much must not hide the next file.
        check("--- a/x\n+++ b/x\n@@ -1,9 +1,9 @@\n a\ndiff --git a/y b/y\n--- a/y\n+++ b/y\n", &["x", "y"], Prefixes::Sides);
    }

    #[test]
    fn any_bytes_are_read_without_panic() {
        proptest::proptest!(|(lines in proptest::collection::vec("(diff --git |--- |\\+\\+\\+ |@@ -|rename to |-|\\+| )?[ab/\"\\\\0-9, @+x]{0,12}", 0..12))| {
            let _ = read_diff_paths(lines.join("\n").as_bytes());
        });
    }
}
