//! The name of the plan, its base and its target branch.

use crate::domain::document::diagnostic::Code;
use crate::domain::document::sink::{Draft, Sink, quoted};
use crate::domain::document::source::{At, Shape, SourceFile};
use crate::domain::id::is_atom;
use crate::domain::plan::raw::RawPlan;

/// The longest branch name.
const MAX_BRANCH: usize = 200;

/// Returns the name of a plan: the given one, else one made from the name of the file or folder.
pub fn plan_name(raw: &RawPlan, files: &[SourceFile], shape: Shape<'_>) -> String {
    if let Some(name) = &raw.name {
        return name.value.0.clone();
    }
    match (shape, files.first()) {
        (Shape::Bundles { folder }, _) => derived_name(folder),
        (Shape::File, Some(file)) => {
            let (_, name) = file.path.rsplit_once(['/', '\\']).unwrap_or(("", &file.path));
            derived_name(name.rsplit_once('.').map_or(name, |(stem, _)| stem))
        }
        (Shape::File, None) => derived_name(""),
    }
}

/// Makes an id from the last component of a path.
fn derived_name(path: &str) -> String {
    let last = path.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or_default();
    let mut name = String::new();
    for c in last.chars().take(64) {
        let c = c.to_ascii_lowercase();
        let fits = c.is_ascii_lowercase() || c.is_ascii_digit() || (matches!(c, '_' | '-') && !name.is_empty());
        match fits {
            true => name.push(c),
            false if !name.is_empty() && !name.ends_with('-') => name.push('-'),
            false => {}
        }
    }
    let name = name.trim_end_matches('-');
    if is_atom(name) { name.to_owned() } else { "plan".to_owned() }
}

/// Returns the commit-ish that a plan starts from; `default` where it names none.
pub fn base(raw: &RawPlan, default: Option<&str>, sink: &mut Sink<'_>) -> String {
    let Some(base) = &raw.base else { return default.unwrap_or("HEAD").to_owned() };
    check_base(base, sink);
    base.value.clone()
}

/// Checks a commit-ish.
pub fn check_base(base: &At<String>, sink: &mut Sink<'_>) {
    let text = base.value.as_str();
    let problem = if text.trim().is_empty() {
        Some("an empty base names no commit")
    } else if text.starts_with('-') {
        Some("a base that starts with `-` would be read as an option")
    } else if text.chars().any(char::is_control) {
        Some("a base with control characters names no commit")
    } else {
        None
    };
    if let Some(problem) = problem {
        sink.add(Draft::new(Code::InvalidBase, base.place, problem).hint("Name a branch, a tag or a commit, such as `main` or `HEAD`."));
    }
}

/// Returns the short name of the integration branch.
pub fn target(raw: &RawPlan, name: &str, sink: &mut Sink<'_>) -> String {
    let Some(target) = &raw.target else { return format!("orc/{name}") };
    let text = target.value.as_str();
    if let Some(short) = text.strip_prefix("refs/heads/") {
        let draft = Draft::new(Code::InvalidBranch, target.place, "the target is a short branch name, without `refs/heads/`");
        sink.add(draft.hint(format!("Write {}.", quoted(short))));
    } else if !is_branch(text) {
        let draft = Draft::new(Code::InvalidBranch, target.place, format!("{} is no branch name that git accepts", quoted(text)));
        sink.add(draft.hint("Use a name such as `orc/tour`; `git check-ref-format --branch NAME` tells whether git accepts it."));
    }
    text.to_owned()
}

/// Returns whether git accepts a short branch name (git-check-ref-format, with `--branch`).
fn is_branch(text: &str) -> bool {
    let bad = |c: char| c.is_control() || matches!(c, ' ' | '~' | '^' | ':' | '?' | '*' | '[' | '\\');
    (1..=MAX_BRANCH).contains(&text.len())
        && !text.contains(bad)
        && !text.contains("..")
        && !text.contains("@{")
        && !text.starts_with('-')
        && !text.ends_with('.')
        && !text.starts_with("refs/")
        && !matches!(text, "@" | "HEAD")
        && text.split('/').all(|part| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_from_paths() {
        for (path, expect) in [
            ("work/My Plan", "my-plan"),
            ("workstreams/", "workstreams"),
            ("C:\\plans\\Auth", "auth"),
            (".", "plan"),
            ("", "plan"),
            ("__x--", "x"),
            ("a..b.lock", "a-b-lock"),
            ("é", "plan"),
        ] {
            assert_eq!(derived_name(path), expect, "{path}");
        }
        let files = [SourceFile::new("plans/Tour.plan.yaml", "")];
        assert_eq!(plan_name(&RawPlan::default(), &files, Shape::File), "tour-plan");
        assert_eq!(plan_name(&RawPlan::default(), &[], Shape::File), "plan");
    }

    #[test]
    fn branches_follow_git() {
        for good in ["orc/tour", "a", "a.b", "a@b", "é", "x/y/z", "a{b"] {
            assert!(is_branch(good), "{good}");
        }
        for bad in [
            "", "/", "a//b", "/a", "a/", ".a", "a/.b", "a..b", "a.lock", "a.lock/b", "a.", "a b", "a~", "a^", "a:b", "a?", "a*", "a[",
            "a\\b", "a@{b", "@", "HEAD", "-a", "a\tb", "a\u{7f}", "refs/x",
        ] {
            assert!(!is_branch(bad), "{bad}");
        }
    }
}
