//! What a program may do that asks first: change files that the scope allows, and look at files of the worktree; nothing else.

use std::path::{Component, Path, PathBuf};

use serde_json::{Value, json};

use super::protocol::{PermissionOption, PermissionRequest, ToolCall};
use crate::domain::id::RepoPath;
use crate::domain::policy::scope::{ChangeKind, Scope};

/// What stands at a path of the worktree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing.
    Free,
    /// A file, or something else.
    Taken,
    /// The path leads out of the worktree, by a link.
    Outside,
}

/// What permissions are judged by.
pub struct Ground<'a> {
    /// The absolute path of the worktree.
    pub worktree: &'a Path,
    /// What may be changed.
    pub scope: &'a Scope,
    /// Tells what stands at a path below the worktree.
    pub standing: &'a dyn Fn(&Path) -> Standing,
}

impl std::fmt::Debug for Ground<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ground").field("worktree", &self.worktree).finish_non_exhaustive()
    }
}

/// The decision about a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It may be done this time.
    Allow,
    /// It may not, for this reason.
    Reject(String),
}

/// Decides about a request.
#[must_use]
pub fn decide(call: &ToolCall, ground: &Ground<'_>) -> Decision {
    let kind = call.kind.as_deref().unwrap_or("other");
    let is_change = matches!(kind, "edit" | "delete" | "move");
    if !is_change && !matches!(kind, "read" | "search" | "think") {
        return Decision::Reject(format!("`{kind}` is not allowed"));
    }
    let paths = paths(call);
    if is_change && paths.is_empty() {
        return Decision::Reject("it does not say which file it changes".to_owned());
    }
    for path in paths {
        let Some(inside) = inside(&path, ground.worktree) else {
            return Decision::Reject(format!("`{path}` is outside of the worktree"));
        };
        let standing = (ground.standing)(&inside);
        if standing == Standing::Outside {
            return Decision::Reject(format!("`{path}` leads out of the worktree"));
        }
        if is_change && let Err(reason) = judge(&inside, (kind, standing), ground.scope) {
            return Decision::Reject(reason);
        }
    }
    Decision::Allow
}

fn judge(inside: &Path, (kind, standing): (&str, Standing), scope: &Scope) -> Result<(), String> {
    use std::os::unix::ffi::OsStrExt as _;
    let change = match (kind, standing) {
        ("delete", _) => ChangeKind::Deleted,
        (_, Standing::Free) => ChangeKind::Added,
        (_, Standing::Taken | Standing::Outside) => ChangeKind::Modified,
    };
    scope.judge(&RepoPath::new(inside.as_os_str().as_bytes()), change).map_err(|violation| violation.to_string())
}

/// Returns every path that a call names.
fn paths(call: &ToolCall) -> Vec<String> {
    let places = call.locations.iter().flatten().map(|location| location.path.clone());
    let diffs = call.content.iter().flatten().filter_map(|content| Some(content.get("path")?.as_str()?.to_owned()));
    places.chain(diffs).collect()
}

/// Returns a path as seen from the top of the worktree; `None` when it is outside, or means the git directory.
fn inside(path: &str, worktree: &Path) -> Option<PathBuf> {
    let path = Path::new(path);
    let below = if path.is_absolute() { path.strip_prefix(worktree).ok()? } else { path };
    let mut clean = PathBuf::new();
    for part in below.components() {
        match part {
            Component::Normal(name) if name.eq_ignore_ascii_case(".git") => return None,
            Component::Normal(name) => clean.push(name),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    (!clean.as_os_str().is_empty()).then_some(clean)
}

/// Returns the answer that says so: only what holds once is chosen.
#[must_use]
pub fn outcome(request: &PermissionRequest, decision: &Decision) -> Value {
    let find = |kind: &str| request.options.iter().find(|option: &&PermissionOption| option.kind == kind);
    let chosen = match decision {
        Decision::Allow => find("allow_once").or_else(|| find("reject_once")),
        Decision::Reject(_) => find("reject_once").or_else(|| find("reject_always")),
    };
    match chosen {
        Some(option) => json!({"outcome": {"outcome": "selected", "optionId": option.option_id}}),
        None => json!({"outcome": {"outcome": "cancelled"}}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(call: Value) -> Decision {
        let texts = |globs: &[&str]| globs.iter().map(|glob| (*glob).to_owned()).collect::<Vec<_>>();
        let scope = Scope::new(&texts(&["src/**"]), &texts(&["new/**"]), &texts(&["src/secret"])).unwrap();
        let standing = |path: &Path| match path.to_str() {
            Some("src/old" | "new/old") => Standing::Taken,
            Some("src/link/x") => Standing::Outside,
            _ => Standing::Free,
        };
        let call: ToolCall = serde_json::from_value(call).unwrap();
        decide(&call, &Ground { worktree: Path::new("/w"), scope: &scope, standing: &standing })
    }

    fn at(kind: &str, path: &str) -> Value {
        json!({"kind": kind, "locations": [{"path": path, "line": 3}]})
    }

    #[test]
    fn changes_within_the_scope_are_allowed() {
        for (kind, path) in
            [("edit", "/w/src/old"), ("edit", "src/./fresh"), ("delete", "/w/src/old"), ("edit", "/w/new/fresh"), ("move", "src/a")]
        {
            assert_eq!(decided(at(kind, path)), Decision::Allow, "{kind} {path}");
        }
        assert_eq!(decided(json!({"kind": "edit", "content": [{"type": "diff", "path": "/w/src/a", "newText": ""}]})), Decision::Allow);
        assert_eq!(decided(at("read", "/w/README")), Decision::Allow);
        assert_eq!(decided(json!({"kind": "search"})), Decision::Allow);
    }

    #[test]
    fn everything_else_is_rejected_with_a_reason() {
        let check = |call: Value, words: &str| {
            let Decision::Reject(reason) = decided(call.clone()) else { panic!("{call} was allowed") };
            assert!(reason.contains(words), "{call}: {reason}");
        };
        check(at("edit", "/w/README"), "outside the scope");
        check(at("edit", "/w/src/secret"), "must not be touched");
        check(at("edit", "/w/new/old"), "exists at the base");
        check(at("edit", "/etc/passwd"), "outside of the worktree");
        check(at("edit", "/w2/src/a"), "outside of the worktree");
        check(at("edit", "/w/src/../../x"), "outside of the worktree");
        check(at("edit", "/w/.git/config"), "outside of the worktree");
        check(at("edit", "src/.GIT/x"), "outside of the worktree");
        check(at("edit", "/w/src/link/x"), "leads out");
        check(at("read", "/etc/ssl/private/x"), "outside of the worktree");
        check(at("edit", "/w"), "outside of the worktree");
        check(at("execute", "/w/src/a"), "`execute` is not allowed");
        check(at("fetch", "/w/src/a"), "`fetch` is not allowed");
        check(json!({}), "`other` is not allowed");
        check(json!({"kind": "edit"}), "does not say which file");
        let two = json!({"kind": "edit", "locations": [{"path": "/w/src/a"}], "content": [{"path": "/etc/x"}]});
        check(two, "outside of the worktree");
    }

    #[test]
    fn only_what_holds_once_is_answered() {
        let options = json!([{"optionId": "1", "kind": "allow_always"}, {"optionId": "2", "kind": "allow_once"}, {"optionId": "3", "kind": "reject_once"}]);
        let request: PermissionRequest = serde_json::from_value(json!({"options": options})).unwrap();
        let no = Decision::Reject("x".to_owned());
        assert_eq!(outcome(&request, &Decision::Allow)["outcome"]["optionId"], "2");
        assert_eq!(outcome(&request, &no)["outcome"]["optionId"], "3");
        let request: PermissionRequest = serde_json::from_value(json!({"options": [{"optionId": "1", "kind": "allow_always"}]})).unwrap();
        assert_eq!(outcome(&request, &Decision::Allow), json!({"outcome": {"outcome": "cancelled"}}));
        assert_eq!(outcome(&request, &no), json!({"outcome": {"outcome": "cancelled"}}));
    }
}
