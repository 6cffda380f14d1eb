//! The real command lines of AI tools, in runs of the program, against the scripted model.
//!
//! They are found in the folder that `GIT_ORC_TEST_TOOLS` names: `.ci/run` installs them from their packages and puts links there, under the
//! names of their profiles. A tool that is not in that folder is left out, and said so. It must not lie below `/tmp`, of which a program in
//! the sandbox sees nothing.

mod cached;
mod costs;
mod edits;
mod failures;
mod fluid;
mod goals;
mod held;
mod pipelines;
mod profiles;
mod roles;
mod routes;
mod stage;
mod trial;

use std::path::PathBuf;

/// The tools that the tests know, by the names of their profiles.
const KNOWN: [&str; 6] = ["aider", "codex", "copilot", "gemini", "opencode", "qwen"];

/// Returns the program of a tool, and nothing when this machine does not have it.
#[expect(clippy::print_stdout, reason = "who runs the tests is told what was not tested")]
fn launcher(tool: &str) -> Option<PathBuf> {
    assert!(KNOWN.contains(&tool), "{tool} has no profile for these tests");
    let folder = std::env::var_os("GIT_ORC_TEST_TOOLS").map(PathBuf::from);
    let folder =
        folder.expect("set GIT_ORC_TEST_TOOLS to a folder with the programs of AI tools (codex, gemini, ...); `.ci/run` makes one");
    let found = folder.join(tool).canonicalize().ok();
    if found.is_none() {
        println!("{tool} is not in {}: nothing was tested with it", folder.display());
    }
    found
}
