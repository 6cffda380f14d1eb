//! What the prompt carries: the edits that the model makes.
//!
//! ```text
//! FAKE-WRITE <path> <<<content>>>   makes a file, or writes it anew
//! FAKE-FIX <path> <<<content>>>     does so instead, in a prompt that tells what a check found
//! FAKE-OLD <path> <<<content>>>     tells what is in the file that FAKE-WRITE writes anew
//! ```
//!
//! Paths are relative to the worktree. They may stand anywhere in a prompt, since templates put bullets and sections around what a plan
//! says. A content may span lines, and `\n` in it stands for a line break, so that no template can indent it.

use std::sync::LazyLock;

use regex::Regex;

/// A file that the model writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edit {
    /// The path, relative to the worktree.
    pub(super) path: String,
    /// What the file holds before, as far as the prompt tells.
    pub(super) old: Option<String>,
    /// What it holds after.
    pub(super) new: String,
}

static DIRECTIVE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?s)FAKE-(WRITE|FIX|OLD)\s+(\S+)\s+<<<(.*?)>>>").unwrap());

/// What a prompt has that tells what a check found: a heading, or the sentence about it.
static FIX: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?mi)^#+ .*\b(?:mend|fix|fail)|^The step `[^`]+` fails\.").unwrap());

/// Returns whether a text carries edits.
pub(super) fn has_edits(text: &str) -> bool {
    DIRECTIVE.is_match(text)
}

/// Returns the edits that a prompt asks for.
pub(super) fn edits(prompt: &str) -> Vec<Edit> {
    let named = |wanted: &str| -> Vec<(String, String)> {
        let found = DIRECTIVE.captures_iter(prompt).filter(|found| &found[1] == wanted);
        found.map(|found| (found[2].to_owned(), found[3].replace("\\n", "\n"))).collect()
    };
    let (writes, fixes, mut before) = (named("WRITE"), named("FIX"), named("OLD"));
    let wanted = if FIX.is_match(prompt) && !fixes.is_empty() {
        before.splice(0..0, writes);
        fixes
    } else {
        writes
    };
    let old = |path: &str| before.iter().find(|(other, _)| other == path).map(|(_, content)| content.clone());
    wanted.into_iter().map(|(path, new)| Edit { old: old(&path), path, new }).collect()
}

/// Returns the edits as one unified diff; a file of which nothing is known is taken for a new one.
pub(super) fn diff(edits: &[Edit]) -> String {
    edits.iter().map(file_diff).collect()
}

fn file_diff(edit: &Edit) -> String {
    let signed = |sign: &str, text: &str| text.lines().map(|line| format!("{sign}{line}\n")).collect::<String>();
    let range = |text: &str| match text.lines().count() {
        0 => "0,0".to_owned(),
        count => format!("1,{count}"),
    };
    let (path, old) = (&edit.path, edit.old.as_deref().unwrap_or_default());
    let (head, from) = match edit.old {
        Some(_) => (String::new(), format!("a/{path}")),
        None => ("new file mode 100644\n".to_owned(), "/dev/null".to_owned()),
    };
    format!(
        "diff --git a/{path} b/{path}\n{head}--- {from}\n+++ b/{path}\n@@ -{} +{} @@\n{}{}",
        range(old),
        range(&edit.new),
        signed("-", old),
        signed("+", &edit.new)
    )
}

#[cfg(test)]
mod tests {
    use super::{Edit, diff, edits};

    fn edit(path: &str, old: Option<&str>, new: &str) -> Edit {
        Edit { path: path.to_owned(), old: old.map(str::to_owned), new: new.to_owned() }
    }

    #[test]
    fn edits_are_found_wherever_they_stand() {
        let check = |prompt: &str, expected: &[Edit]| assert_eq!(edits(prompt), expected, "{prompt}");
        check("Say hello.", &[]);
        check("# Objective\n\n- FAKE-WRITE a.py <<<print(1)\\n>>>\n", &[edit("a.py", None, "print(1)\n")]);
        check(
            "FAKE-WRITE d/a <<<1\n2\n>>> and FAKE-WRITE b <<<>>> FAKE-OLD b <<<x>>>",
            &[edit("d/a", None, "1\n2\n"), edit("b", Some("x"), "")],
        );
        let both = "FAKE-WRITE a <<<1>>> FAKE-FIX a <<<2>>> FAKE-OLD a <<<0>>>\n";
        check(both, &[edit("a", Some("0"), "1")]);
        check(&format!("# Objective\n{both}\n# What to mend\n\nThe step fails."), &[edit("a", Some("1"), "2")]);
        check(&format!("{both}## The failing check\n"), &[edit("a", Some("1"), "2")]);
        check(&format!("## Objective\n\nThe step `runtime` fails. Mend the cause.\n\n{both}"), &[edit("a", Some("1"), "2")]);
        check("FAKE-WRITE a <<<1>>>\n# What to mend\n", &[edit("a", None, "1")]);
    }

    #[test]
    fn diffs_are_those_of_git() {
        assert_eq!(
            diff(&[edit("a", None, "1\n2\n"), edit("b", Some("x\n"), "y\n")]),
            "diff --git a/a b/a\nnew file mode 100644\n--- /dev/null\n+++ b/a\n@@ -0,0 +1,2 @@\n+1\n+2\n\
             diff --git a/b b/b\n--- a/b\n+++ b/b\n@@ -1,1 +1,1 @@\n-x\n+y\n"
        );
    }
}
