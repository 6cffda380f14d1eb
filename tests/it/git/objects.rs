//! Objects: written here and judged by stock git.

use git_orc::domain::id::{ObjectId, RepoPath};
use git_orc::io::git::objects::{NewCommit, ObjectError, Objects};
use git_orc::io::git::tree::{Entry, FileMode};
use git_orc::io::git::tree_diff::DiffStat;
use git_orc::io::git::tree_edit::TreeEdit;

use super::{discover, id, signed};
use crate::harness::TestEnvironment;

fn put(objects: &Objects, path: &str, content: &str) -> TreeEdit {
    let id = objects.write_blob(content.as_bytes()).unwrap();
    TreeEdit { path: RepoPath::from(path), entry: Some(Entry { mode: FileMode::Regular, id }) }
}

fn remove(path: &str) -> TreeEdit {
    TreeEdit { path: RepoPath::from(path), entry: None }
}

/// Applies edits one batch after the other, and returns `path=content` of every file in the end, as stock git lists them.
fn check_edits(batches: &[&[(&str, Option<&str>)]], expect: &[&str]) {
    let environment = TestEnvironment::new();
    let repo = environment.repo("r");
    let objects = Objects::open(&discover(&environment, &repo)).unwrap();
    let mut tree = None;
    for batch in batches {
        let edits: Vec<_> =
            batch.iter().map(|(path, content)| content.map_or_else(|| remove(path), |content| put(&objects, path, content))).collect();
        tree = Some(objects.edit_tree(tree, &edits).unwrap());
    }
    let tree = tree.unwrap().to_string();
    let listed = repo.git(&["ls-tree", "-r", "--name-only", &tree]);
    let found: Vec<_> =
        listed.lines().map(|path| format!("{path}={}", repo.git(&["cat-file", "blob", &format!("{tree}:{path}")]))).collect();
    assert_eq!(found, expect);
    repo.git(&["update-ref", "refs/probe/tree", &tree]);
    repo.assert_sound();
}

#[test]
fn trees_are_edited() {
    check_edits(&[&[("a", Some("1")), ("d/b", Some("2")), ("d/e/c", Some("3"))]], &["a=1", "d/b=2", "d/e/c=3"]);
    check_edits(&[&[("a-b", Some("1")), ("a/x", Some("2")), ("a.c", Some("3")), ("a0", Some("4"))]], &["a-b=1", "a.c=3", "a/x=2", "a0=4"]);
    check_edits(&[&[("d/b", Some("1"))], &[("d/b", Some("2")), ("d/n", Some("3"))]], &["d/b=2", "d/n=3"]);
    check_edits(&[&[("d/e/c", Some("1")), ("k", Some("k"))], &[("d/e/c", None)]], &["k=k"]);
    check_edits(&[&[("a", Some("1"))], &[("a", None)]], &[]);
    check_edits(&[&[("a", Some("1"))], &[("missing/x", None), ("a/x", None)]], &["a=1"]);
}

#[test]
fn files_and_folders_replace_each_other() {
    check_edits(&[&[("a", Some("1"))], &[("a", None), ("a/b", Some("2"))]], &["a/b=2"]);
    check_edits(&[&[("a", Some("1"))], &[("a/b", Some("2"))]], &["a/b=2"]);
    check_edits(&[&[("a/b", Some("1")), ("a/c", Some("1"))], &[("a/b", None), ("a", Some("2"))]], &["a=2"]);
    check_edits(&[&[("a/b", Some("1")), ("k", Some("k"))], &[("a", None)]], &["k=k"]);
    check_edits(&[&[("a/b", Some("1")), ("a/c", Some("1"))], &[("a", None), ("a/n", Some("2"))]], &["a/n=2"]);
}

#[test]
fn contradictions_and_bad_paths_are_refused() {
    let environment = TestEnvironment::new();
    let objects = Objects::open(&discover(&environment, &environment.repo("r"))).unwrap();
    let both = [put(&objects, "a", "1"), put(&objects, "a/b", "2")];
    assert!(matches!(objects.edit_tree(None, &both), Err(ObjectError::FileAndFolder(path)) if path == RepoPath::from("a")));
    for bad in ["", "/a", "a/", "a//b", "../a", "a/./b", ".git/config", "sub/.GIT/hooks"] {
        assert!(matches!(objects.edit_tree(None, &[put(&objects, bad, "x")]), Err(ObjectError::BadPath(_))), "{bad}");
    }
}

#[test]
fn commits_are_what_git_reads() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("r");
    let objects = Objects::open(&discover(&environment, &repo)).unwrap();
    let parent = id(&repo.git(&["rev-parse", "HEAD"]));
    let tree = objects.tree_of(parent).unwrap();
    let by = signed();
    let commit = NewCommit { tree, parents: &[parent], author: &by, committer: &by, message: b"subject\n\nbody\n\nOrc-Run: x\n" };
    let written = objects.write_commit(&commit).unwrap();
    objects.flush().unwrap();
    let text = repo.git(&["log", "-1", "--format=%an <%ae> %at|%P|%s|%(trailers:key=Orc-Run,valueonly)", &written.to_string()]);
    assert_eq!(text.trim(), format!("Ada Example <ada@example.org> 1767323045|{parent}|subject|x"));
    let read = objects.read_commit(written).unwrap();
    assert_eq!((read.tree, read.parents, read.author, read.message), (tree, vec![parent], by.clone(), commit.message.to_vec()));
    assert!(matches!(objects.write_commit(&NewCommit { message: b"a\0b", ..commit }), Err(ObjectError::BadMessage)));
    assert!(matches!(objects.read_commit(ObjectId::from_bytes([9; 20])), Err(ObjectError::Missing(_))));
    assert!(matches!(objects.read_blob(written), Err(ObjectError::Invalid { .. })));
}

#[test]
fn many_objects_become_one_pack() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("r");
    let opened = discover(&environment, &repo);
    let objects = Objects::open_packing(&opened).unwrap();
    let edits: Vec<_> = (0..200).map(|i| put(&objects, &format!("d{}/f{i}", i % 7), &format!("content {i}"))).collect();
    let tree = objects.edit_tree(None, &edits).unwrap();
    let others = Objects::open(&opened).unwrap();
    assert!(!others.exists(tree));
    objects.flush().unwrap();
    objects.flush().unwrap();
    assert!(others.exists(tree));
    let counted = repo.git(&["count-objects", "-v"]);
    assert!(counted.contains("packs: 1") && counted.contains("in-pack: 208"), "{counted}");
    repo.git(&["update-ref", "refs/probe/tree", &tree.to_string()]);
    repo.assert_sound();
}

#[test]
fn flushing_what_is_gone_is_an_error() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("r");
    let objects = Objects::open(&discover(&environment, &repo)).unwrap();
    let lost = objects.write_blob(b"lost").unwrap();
    repo.git(&["prune", "--expire=now"]);
    assert!(matches!(objects.flush(), Err(ObjectError::Missing(missing)) if missing == lost));
    repo.git(&["repack", "-adq"]);
    objects.flush_ids(&[id(&repo.git(&["rev-parse", "HEAD"]))]).unwrap();
}

#[test]
fn differences_are_those_of_git() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("r");
    let objects = Objects::open(&discover(&environment, &repo)).unwrap();
    repo.write("same/deep/x", "x\n");
    repo.write("edit", "1\n2\n3\n4\n");
    repo.write("gone/a", "1\n2\n");
    repo.write("kind", "was a file\n");
    repo.write("tofolder", "was a file\n");
    repo.write("fromfolder/a", "1\n");
    repo.write("binary", b"a\0b\nc\n");
    repo.write_script("mode", "x\n");
    let before = repo.commit("before");
    for path in ["gone", "fromfolder"] {
        std::fs::remove_dir_all(repo.path().join(path)).unwrap();
    }
    for path in ["kind", "tofolder", "mode"] {
        std::fs::remove_file(repo.path().join(path)).unwrap();
    }
    repo.write("edit", "1\n2b\n3\n4\n5\n");
    repo.write("new/file", "no newline");
    repo.write("new/empty", "");
    repo.write("tofolder/a", "1\n");
    repo.write("fromfolder", "2\n");
    repo.write("binary", b"a\0c\nd\n");
    repo.write("mode", "x\n");
    std::os::unix::fs::symlink("target", repo.path().join("kind")).unwrap();
    let after = repo.commit("after");
    let trees = [&before, &after].map(|commit| Some(objects.tree_of(id(commit)).unwrap()));
    let raw = repo.git(&["diff-tree", "-r", "--no-renames", "--name-only", &before, &after]);
    let changes = objects.diff_trees(trees[0], trees[1]).unwrap();
    let mut expect: Vec<_> = raw.lines().collect();
    expect.sort_unstable();
    assert_eq!(changes.iter().map(|change| change.path.to_string()).collect::<Vec<_>>(), expect);
    let numbers = repo.git(&["diff-tree", "-r", "--no-renames", "--numstat", &before, &after]);
    let mut stat = DiffStat::default();
    let mut seen = std::collections::BTreeSet::new();
    for line in numbers.lines() {
        let mut columns = line.split('\t');
        let mut number = || columns.next().unwrap().parse::<u32>().unwrap_or(0);
        stat.insertions += number();
        stat.deletions += number();
        seen.insert(columns.next().unwrap().to_owned());
    }
    stat.files = u32::try_from(seen.len()).unwrap();
    assert_eq!(objects.diff_stat(trees[0], trees[1]).unwrap(), stat);
    assert_eq!(objects.diff_stat(trees[0], trees[0]).unwrap(), DiffStat::default());
    assert_eq!(objects.diff_trees(None, trees[0]).unwrap().len(), repo.git(&["ls-tree", "-r", &before]).lines().count());
}
