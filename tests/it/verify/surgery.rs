//! Surgery on a ledger with plain git: the chain as raw commits that can be cut, changed and sewn together again.

use std::io::Write;
use std::process::Stdio;

use crate::harness::TestRepo;

/// The commits of a ledger as raw text, oldest first.
#[derive(Clone)]
pub(super) struct Chain(pub(super) Vec<String>);

impl Chain {
    /// Reads the ledger.
    pub(super) fn read(repo: &TestRepo<'_>) -> Self {
        let list = repo.git(&["rev-list", "--reverse", "refs/orc/ledger"]);
        Self(list.lines().map(|id| repo.git(&["cat-file", "commit", id]) + "\n").collect())
    }

    /// Returns the positions of entries of a kind.
    pub(super) fn of_kind(&self, kind: &str) -> Vec<usize> {
        let mark = format!("\"kind\":\"{kind}\"");
        (0..self.0.len()).filter(|at| self.0[*at].contains(&mark)).collect()
    }

    /// Sews the chain together and returns its tip. Commits up to the first change keep their names.
    pub(super) fn write(&self, repo: &TestRepo<'_>) -> String {
        let mut parent: Option<String> = None;
        for raw in &self.0 {
            let (tree, rest) = raw.split_once('\n').unwrap();
            let rest = if rest.starts_with("parent ") { rest.split_once('\n').unwrap().1 } else { rest };
            let line = parent.map(|id| format!("parent {id}\n")).unwrap_or_default();
            parent = Some(hash_object(repo, "commit", format!("{tree}\n{line}{rest}").as_bytes()));
        }
        parent.unwrap()
    }

    /// Puts the chain in the place of the ledger.
    pub(super) fn install(&self, repo: &TestRepo<'_>) {
        let tip = self.write(repo);
        repo.git(&["update-ref", "refs/orc/ledger", &tip]);
    }
}

/// Writes an object of any content.
pub(super) fn hash_object(repo: &TestRepo<'_>, kind: &str, bytes: &[u8]) -> String {
    let mut command = repo.command("git");
    command.args(["hash-object", "-w", "--literally", "--stdin", "-t", kind]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Returns the file of a loose object.
pub(super) fn loose(repo: &TestRepo<'_>, id: &str) -> std::path::PathBuf {
    repo.git_dir().join("objects").join(&id[..2]).join(&id[2..])
}

/// Puts other content under the name of an object.
pub(super) fn replace_object(repo: &TestRepo<'_>, id: &str, kind: &str, bytes: &[u8]) {
    let other = hash_object(repo, kind, bytes);
    let (from, to) = (loose(repo, &other), loose(repo, id));
    let content = std::fs::read(from).unwrap();
    std::fs::remove_file(&to).unwrap();
    std::fs::write(to, content).unwrap();
}

/// Returns the objects that the ledger speaks of, with their kinds.
pub(super) fn objects(repo: &TestRepo<'_>) -> Vec<(String, String)> {
    let refs = repo.git(&["for-each-ref", "--format=%(refname)", "refs/orc", "refs/heads/orc"]);
    let mut arguments = vec!["rev-list", "--objects", "--no-object-names", "^main^"];
    arguments.extend(refs.lines());
    let list = repo.git(&arguments);
    list.lines().map(|id| (id.to_owned(), repo.git(&["cat-file", "-t", id]))).collect()
}

/// Forgets the tip that the repository remembers.
pub(super) fn forget_tip(repo: &TestRepo<'_>) {
    std::fs::remove_file(repo.git_dir().join("orc/ledger-tip")).unwrap();
}
