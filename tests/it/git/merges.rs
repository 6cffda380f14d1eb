//! Merges: the same result as git's own, whichever way it was found.

use git_orc::domain::id::{ObjectId, RepoPath};
use git_orc::io::git::merge::{MergeError, MergeResult, MergeSettings, Merger, Side};
use git_orc::io::git::objects::{NewCommit, Objects};
use git_orc::io::git::repo::Repo;
use git_orc::io::git::tree::{Entry, FileMode};
use git_orc::io::git::tree_edit::TreeEdit;

use super::{discover, id, signed};
use crate::harness::{TestEnvironment, TestRepo, rounds};

/// A small generator of numbers, so that a failing round can be repeated by its seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

/// A folder tree in the making: path, executable or not, lines.
type Files = std::collections::BTreeMap<String, (FileMode, Vec<String>)>;

fn first_files(dice: &mut Dice) -> Files {
    let path =
        |i: usize| ["a", "b", "lib/a", "lib/b", "lib/c", "lib/deep/a", "lib/deep/b", "src/x/one", "src/x/two", "src/y"][i].to_owned();
    (0..10)
        .filter(|_| dice.roll(5) > 0)
        .map(|i| (path(i), (FileMode::Regular, (0..8).map(|line| format!("{i} line {line}")).collect())))
        .collect()
}

fn change(files: &mut Files, dice: &mut Dice, side: &str) {
    let paths: Vec<_> = files.keys().cloned().collect();
    let Some(path) = paths.get(dice.roll(paths.len().max(1))).cloned() else { return };
    match dice.roll(14) {
        0..=4 => {
            let line = dice.roll(8);
            if let Some(text) = files.get_mut(&path).and_then(|(_, lines)| lines.get_mut(line)) {
                *text = format!("{text} by {side}");
            }
        }
        5..=8 => {
            let folder = ["", "lib/", "lib/deep/", "src/x/", "new/", "a/"][dice.roll(6)];
            let name = format!("{folder}added-{}{}", dice.roll(3), if dice.roll(3) == 0 { "" } else { side });
            if !files.contains_key("a") || !folder.starts_with("a/") {
                files.insert(name, (FileMode::Regular, vec![format!("fresh {}", dice.roll(2))]));
            }
        }
        9 => {
            files.remove(&path);
        }
        10 => {
            if let Some(moved) = files.remove(&path) {
                files.insert(format!("{path}-moved-{}", dice.roll(2)), moved);
            }
        }
        11 => {
            for path in paths.iter().filter(|path| path.starts_with("lib/")) {
                if let Some(moved) = files.remove(path) {
                    files.insert(path.replacen("lib/", "library/", 1), moved);
                }
            }
        }
        12 => {
            if let Some((mode, _)) = files.get_mut(&path) {
                *mode = FileMode::Executable;
            }
        }
        _ => {
            files.insert(path, (FileMode::Symlink, vec!["target".to_owned()]));
        }
    }
}

fn commit(objects: &Objects, files: &Files, parents: &[ObjectId]) -> ObjectId {
    let edits: Vec<_> = files
        .iter()
        .map(|(path, (mode, lines))| {
            let id = objects.write_blob(lines.join("\n").as_bytes()).unwrap();
            TreeEdit { path: RepoPath::from(path.as_str()), entry: Some(Entry { mode: *mode, id }) }
        })
        .collect();
    let tree = objects.edit_tree(None, &edits).unwrap();
    let by = signed();
    objects.write_commit(&NewCommit { tree, parents, author: &by, committer: &by, message: b"c\n" }).unwrap()
}

fn side(commit: ObjectId, label: &str) -> Side<'_> {
    Side { commit, label }
}

fn merger(repo: &Repo) -> Merger {
    Merger::open(repo, &MergeSettings::read(repo).unwrap()).unwrap()
}

/// Merges with `git merge` in a work tree; returns the tree, unless there were conflicts.
fn merged_by_git(repo: &TestRepo<'_>, ours: ObjectId, theirs: ObjectId) -> Option<String> {
    repo.git(&["checkout", "-q", "-f", "--detach", &ours.to_string()]);
    let outcome = repo.try_git(&["merge", "-q", "--no-edit", "--no-ff", &theirs.to_string()]);
    if outcome.code() == 0 {
        return Some(repo.git(&["rev-parse", "HEAD^{tree}"]));
    }
    repo.git(&["reset", "-q", "--hard"]);
    None
}

#[test]
fn random_merges_are_those_of_git() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("r");
    let opened = discover(&environment, &repo);
    let (objects, merger) = (Objects::open(&opened).unwrap(), merger(&opened));
    let asked = repo.git_dir().join("orc/merge");
    let (mut plain, mut conflicts) = (0, 0);
    let all = rounds(60);
    for seed in 0..all {
        let mut dice = Dice(u64::from(seed) * 7919 + 1);
        let base_files = first_files(&mut dice);
        let base = commit(&objects, &base_files, &[]);
        let [ours, theirs] = ["ours", "theirs"].map(|name| {
            let mut files = base_files.clone();
            for _ in 0..=dice.roll(4) {
                change(&mut files, &mut dice, name);
            }
            commit(&objects, &files, &[base])
        });
        let _ = std::fs::remove_dir_all(&asked);
        // Git calls the sides by what it is asked for, also in the names of files that it puts aside.
        let names = [ours, theirs].map(|commit| commit.to_string());
        let result = merger.merge(side(ours, &names[0]), side(theirs, &names[1])).unwrap();
        plain += u32::from(!asked.exists());
        let answer = repo.try_git(&["merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", &names[0], &names[1]]);
        let mut fields = answer.stdout.split('\0').filter(|field| !field.is_empty());
        let tree = fields.next().unwrap();
        match &result {
            MergeResult::Clean(merged) => assert_eq!((answer.code(), merged.to_string().as_str()), (0, tree), "seed {seed}"),
            MergeResult::Conflict { paths, .. } => {
                conflicts += 1;
                assert_eq!(answer.code(), 1, "seed {seed}");
                assert_eq!(paths.iter().map(ToString::to_string).collect::<Vec<_>>(), fields.collect::<Vec<_>>(), "seed {seed}");
            }
        }
        if seed % 8 == 0 {
            let merged = match result {
                MergeResult::Clean(tree) => Some(tree.to_string()),
                MergeResult::Conflict { .. } => None,
            };
            assert_eq!(merged_by_git(&repo, ours, theirs), merged, "seed {seed}");
        }
    }
    assert!(plain * 5 >= all && conflicts * 20 >= all, "{plain} plain unions and {conflicts} conflicts of {all} test too little");
}

#[test]
fn conflicts_name_their_sides_and_paths() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("r");
    repo.write("f g", "1\n2\n3\n");
    repo.commit("base");
    repo.git(&["checkout", "-q", "-b", "theirs"]);
    repo.write("f g", "1\ntheirs\n3\n");
    let theirs = id(&repo.commit("t"));
    repo.git(&["checkout", "-q", "main"]);
    repo.write("f g", "1\nours\n3\n");
    let ours = id(&repo.commit("o"));
    let merger = merger(&discover(&environment, &repo));
    let MergeResult::Conflict { tree, paths, messages } = merger.merge(side(ours, "orc/tour"), side(theirs, "ws-a")).unwrap() else {
        panic!("no conflict")
    };
    merger.objects().flush().unwrap();
    assert_eq!(paths, [RepoPath::from("f g")]);
    assert_eq!(messages, "CONFLICT (content): Merge conflict in f g\n");
    let text = repo.git(&["cat-file", "blob", &format!("{tree}:f g")]);
    assert_eq!(text, "1\n<<<<<<< orc/tour\nours\n=======\ntheirs\n>>>>>>> ws-a\n3");
    for label in ["-x", "a b", "main"] {
        assert!(matches!(merger.merge(side(ours, "main"), side(theirs, label)).unwrap(), MergeResult::Conflict { .. }), "{label}");
    }
}

#[test]
fn crossed_histories_and_strangers() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("r");
    let opened = discover(&environment, &repo);
    let (objects, merger) = (Objects::open(&opened).unwrap(), merger(&opened));
    let file = |path: &str, text: &str| (path.to_owned(), (FileMode::Regular, vec![text.to_owned()]));
    let root = commit(&objects, &Files::from([file("a", "0"), file("b", "0")]), &[]);
    let left = commit(&objects, &Files::from([file("a", "1"), file("b", "0")]), &[root]);
    let right = commit(&objects, &Files::from([file("a", "0"), file("b", "1")]), &[root]);
    let both = Files::from([file("a", "1"), file("b", "1")]);
    let mut more = both.clone();
    more.extend([file("c", "1")]);
    let crossed = [commit(&objects, &both, &[left, right]), commit(&objects, &more, &[right, left])];
    assert_eq!(objects.merge_bases(crossed[0], crossed[1]).unwrap().len(), 2);
    let merged = merger.merge(side(crossed[0], "x"), side(crossed[1], "y")).unwrap();
    assert_eq!(merged, MergeResult::Clean(objects.tree_of(crossed[1]).unwrap()));
    let stranger = commit(&objects, &both, &[]);
    assert!(matches!(merger.merge(side(left, "x"), side(stranger, "y")), Err(MergeError::Unrelated { .. })));
    // A revert: the change from `left` back to `root`, on top of what came later.
    let reverted = merger.merge_over(left, side(crossed[1], "x"), side(root, "y")).unwrap();
    assert_eq!(
        reverted,
        MergeResult::Clean(objects.tree_of(commit(&objects, &Files::from([file("a", "0"), file("b", "1"), file("c", "1")]), &[])).unwrap())
    );
}

/// Merges two changes of `f` by a driver that keeps our side and leaves a trace, and returns whether it ran.
fn driver_runs(prepare: impl Fn(&TestRepo<'_>, &str), spring: impl Fn(&TestRepo<'_>, &str)) -> bool {
    let environment = TestEnvironment::new();
    let repo = environment.repo("r");
    let trace = environment.root().join("trace");
    let driver = format!("touch '{}'", trace.display());
    repo.write("f", "1\n");
    repo.write(".gitattributes", "f merge=keep\n");
    repo.commit("base");
    repo.git(&["checkout", "-q", "-b", "theirs"]);
    repo.write("f", "theirs\n");
    let theirs = id(&repo.commit("t"));
    repo.git(&["checkout", "-q", "main"]);
    repo.write("f", "ours\n");
    let ours = id(&repo.commit("o"));
    prepare(&repo, &driver);
    let opened = discover(&environment, &repo);
    let settings = MergeSettings::read(&opened).unwrap();
    spring(&repo, &driver);
    let result = Merger::open(&opened, &settings).unwrap().merge(side(ours, "main"), side(theirs, "ws")).unwrap();
    let ran = trace.exists();
    let expect = id(&repo.git(&["rev-parse", &format!("{ours}^{{tree}}")]));
    assert_eq!(result == MergeResult::Clean(expect), ran);
    ran
}

#[test]
fn drivers_are_those_of_the_user_and_of_nobody_else() {
    let configure = |repo: &TestRepo<'_>, driver: &str| drop(repo.git(&["config", "merge.keep.driver", driver]));
    assert!(driver_runs(configure, |_, _| ()), "configured before any tool ran");
    assert!(!driver_runs(|_, _| (), configure), "configured later");
    let in_home = |repo: &TestRepo<'_>, driver: &str| drop(repo.git(&["config", "--global", "merge.keep.driver", driver]));
    assert!(driver_runs(in_home, |_, _| ()));
    assert!(!driver_runs(|_, _| (), in_home));
    // Attributes count as they are in our tree, not as they lie about in the user's work tree.
    assert!(driver_runs(configure, |repo, _| repo.write(".gitattributes", "")));
}
