//! Finding repositories, refusing what can not be served, and the questions about one.

use git_orc::io::git::discover::DiscoverError;
use git_orc::io::git::env::GitEnv;
use git_orc::io::git::inspect::InspectError;
use git_orc::io::git::lock::{LockError, RepoLock, RunLock};
use git_orc::io::git::repo::{Repo, RepoError};

use super::{discover, git_env, id, variables};
use crate::harness::TestEnvironment;

#[test]
fn repositories_are_found_from_everywhere() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("r");
    repo.write("deep/er/file", "x");
    let head = repo.commit("one");
    repo.git(&["worktree", "add", "-q", "-b", "side", "../linked", "HEAD~1"]);
    repo.git(&["clone", "-q", "--bare", ".", "../bare.git"]);
    let env = git_env(&environment);
    let root = environment.root();
    let at = |path: &str| Repo::discover(&root.join(path), &env).unwrap();

    let deep = at("r/deep/er");
    assert_eq!((deep.common_dir(), deep.work_dir()), (repo.git_dir().as_path(), Some(repo.path())));
    assert_eq!(deep.head_branch().unwrap().as_deref(), Some("refs/heads/main"));
    assert_eq!(deep.resolve("HEAD").unwrap(), id(&head));
    assert_eq!(deep.orc_dir(), repo.git_dir().join("orc"));

    let linked = at("linked");
    assert_eq!((linked.common_dir(), linked.work_dir()), (repo.git_dir().as_path(), Some(root.join("linked").as_path())));
    assert_eq!(linked.git_dir(), repo.git_dir().join("worktrees/linked"));
    assert_eq!(linked.head_branch().unwrap().as_deref(), Some("refs/heads/side"));
    for spec in ["HEAD", "@", "@{0}", "HEAD@{0}", "side", "main~1", "main^{commit}^"] {
        assert_eq!(linked.resolve(spec).unwrap(), id(&repo.git(&["rev-parse", "HEAD~1"])), "{spec}");
    }
    for spec in ["nonsense", "HEAD^{tree}", "", "-x", "--all"] {
        assert!(matches!(linked.resolve(spec), Err(RepoError::UnknownCommit { .. })), "{spec}");
    }
    assert_eq!(linked.checked_out_branches().unwrap(), ["refs/heads/main", "refs/heads/side"]);
    let holders =
        [("refs/heads/main", Some(repo.path().to_owned())), ("refs/heads/side", Some(root.join("linked"))), ("refs/heads/no", None)];
    for (branch, holder) in holders {
        assert_eq!(linked.holder(branch).unwrap(), holder, "{branch}");
    }
    assert_eq!(linked.worktree_paths().unwrap(), [repo.path().to_owned(), root.join("linked")]);

    let bare = at("bare.git");
    assert_eq!((bare.common_dir(), bare.work_dir()), (root.join("bare.git").as_path(), None));
    assert_eq!(bare.resolve("main").unwrap(), id(&head));
    assert_eq!(bare.holder("refs/heads/main").unwrap(), None, "nothing is checked out in a bare repository");
}

#[test]
fn git_dir_is_honoured() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("r");
    let mut vars = variables(&environment);
    vars.push(("GIT_DIR".into(), repo.git_dir().into()));
    let found = Repo::discover(environment.root(), &GitEnv::new(vars).unwrap()).unwrap();
    assert_eq!(found.common_dir(), repo.git_dir());
}

#[test]
fn names_that_lead_nowhere_are_errors() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("r");
    let opened = discover(&environment, &repo);
    repo.git(&["tag", "-a", "-m", "t", "annotated"]);
    assert_eq!(opened.resolve("annotated").unwrap(), opened.resolve("HEAD").unwrap());
    for spec in ["nonsense", "HEAD~99", "HEAD^{tree}", "", "-x"] {
        assert!(matches!(opened.resolve(spec), Err(RepoError::UnknownCommit { .. })), "{spec}");
    }
}

#[test]
fn what_can_not_be_served_is_refused_by_name() {
    let environment = TestEnvironment::new();
    let env = git_env(&environment);
    let refuse = |name: &str, prepare: &[&[&str]]| {
        let path = environment.root().join(name);
        for arguments in prepare {
            environment.run("git", arguments).expect_code(0);
        }
        Repo::discover(&path, &env).unwrap_err()
    };
    let check = |error: DiscoverError, text: &str| assert!(error.to_string().ends_with(text), "{error}");
    check(refuse("tmp", &[]), "is not inside a git repository");
    check(
        refuse("reftable", &[&["init", "-q", "--ref-format=reftable", "reftable"]]),
        "keeps its refs in the reftable format, which is not supported yet",
    );
    check(
        refuse("sha256", &[&["init", "-q", "--object-format=sha256", "sha256"]]),
        "names its objects by SHA-256, which is not supported yet",
    );
    let unknown = ["config", "extensions.futureThing", "true"];
    let error = refuse(
        "future",
        &[
            &["init", "-q", "future"],
            &["-C", "future", "config", "core.repositoryFormatVersion", "1"],
            &[&["-C", "future"], &unknown[..]].concat(),
        ],
    );
    check(error, "needs the repository extension `futurething`, which is not supported");
    let error = refuse("partial", &[&["init", "-q", "partial"], &["-C", "partial", "config", "remote.origin.promisor", "true"]]);
    check(error, "is a partial clone, in which objects can be missing");
    // Outside format version 1 git ignores extensions that it does not know.
    environment.run("git", &["init", "-q", "old"]).expect_code(0);
    environment.run("git", &["-C", "old", "config", "extensions.futureThing", "true"]).expect_code(0);
    Repo::discover(&environment.root().join("old"), &env).unwrap();
}

#[test]
fn an_old_git_is_refused() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("r");
    let fake = environment.bin().join("git");
    repo.write_script("../bin/git", "#!/bin/sh\necho git version 2.37.9\n");
    let error = Repo::discover(repo.path(), &git_env(&environment)).unwrap_err();
    std::fs::remove_file(fake).unwrap();
    assert_eq!(error.to_string(), "git 2.37 is too old: 2.38 or newer is needed");
}

#[test]
fn the_user_is_who_git_says() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("r");
    let who = |extra: &[(&str, &str)]| {
        let mut vars = variables(&environment);
        vars.extend(extra.iter().map(|(k, v)| ((*k).into(), (*v).into())));
        Repo::discover(repo.path(), &GitEnv::new(vars).unwrap()).unwrap().identity()
    };
    let check = |extra: &[(&str, &str)], expect: (&str, &str)| {
        let found = who(extra).unwrap();
        assert_eq!((found.name.as_str(), found.email.as_str()), expect);
    };
    check(&[], ("Ada Example", "ada@example.org"));
    check(&[("GIT_AUTHOR_NAME", "Bo"), ("GIT_AUTHOR_EMAIL", "bo@x")], ("Bo", "bo@x"));
    check(&[("GIT_CONFIG_PARAMETERS", "'user.name'='Cy'")], ("Cy", "ada@example.org"));
    repo.git(&["config", "user.email", "work@example.org"]);
    check(&[], ("Ada Example", "work@example.org"));
    std::fs::write(environment.home().join(".gitconfig"), "").unwrap();
    assert!(matches!(who(&[]), Err(InspectError::NoIdentity)));
}

#[test]
fn locks_keep_a_second_driver_out() {
    let environment = TestEnvironment::new();
    let repo = discover(&environment, &environment.repo("r"));
    let run = git_orc::domain::id::RunId::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap();
    assert_eq!(RunLock::holder(&repo, run).unwrap(), None);
    let held = RunLock::take(&repo, run).unwrap();
    assert!(matches!(RunLock::take(&repo, run), Err(LockError::Held { holder: Some(holder), .. }) if holder.run == Some(run)));
    assert_eq!(RunLock::holder(&repo, run).unwrap().map(|holder| holder.pid), Some(std::process::id()));
    drop(held);
    RunLock::take(&repo, run).unwrap();
    let first = RepoLock::take(&repo, std::time::Duration::ZERO).unwrap();
    let error = RepoLock::take(&repo, std::time::Duration::ZERO).unwrap_err();
    assert_eq!(error.to_string(), format!("the list of worktrees is locked by process {}", std::process::id()));
    drop(first);
}

#[test]
fn who_only_looks_at_a_lock_keeps_nobody_out() {
    let environment = TestEnvironment::new();
    let repo = discover(&environment, &environment.repo("r"));
    let run = git_orc::domain::id::RunId::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap();
    drop(RunLock::take(&repo, run).unwrap());
    let path = repo.orc_dir().join("runs").join(run.lower()).join("lock");
    // The name of a driver that was killed, as no process has it.
    std::fs::write(&path, format!("{} {run}\n", u32::MAX)).unwrap();
    let looking = std::fs::File::open(&path).unwrap();
    looking.lock_shared().unwrap();
    std::thread::scope(|scope| {
        let taken = scope.spawn(|| RunLock::take(&repo, run).map(drop).map_err(|error| error.to_string()));
        std::thread::sleep(std::time::Duration::from_millis(20));
        drop(looking);
        assert_eq!(taken.join().unwrap(), Ok(()));
    });
    let looking = std::fs::File::open(&path).unwrap();
    looking.lock_shared().unwrap();
    let error = RunLock::take(&repo, run).unwrap_err().to_string();
    assert_eq!(error, format!("run {run} is locked by another process"));
}
