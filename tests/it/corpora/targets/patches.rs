//! Diffs: what is taken from an output can be taken from itself again, and every path in it is seen by the policy.

use git_orc::domain::policy::diff::read_diff_paths;
use git_orc::domain::tool::diff::extract;

/// The output of a tool that prints diffs.
pub fn patch_text(data: &[u8]) {
    let Ok(diff) = extract(data) else { return };
    let again = extract(&diff.bytes).unwrap_or_else(|e| panic!("what was extracted is no diff: {e}\n{}", diff.bytes.escape_ascii()));
    assert_eq!(again.bytes, diff.bytes, "extracting twice gives something else");
    assert_eq!(again.files, diff.files);
    let seen = read_diff_paths(&diff.bytes).paths;
    for path in diff.files.iter().flat_map(|file| file.old.iter().chain(&file.new)) {
        assert!(seen.contains(path), "the policy does not see {path:?} in {}: {seen:?}", diff.bytes.escape_ascii());
    }
}

/// A diff as the policy reads it.
pub fn diff_paths(data: &[u8]) {
    let found = read_diff_paths(data);
    assert!(found.paths.windows(2).all(|pair| pair[0] < pair[1]), "not sorted: {:?}", found.paths);
}
