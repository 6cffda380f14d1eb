//! A real project of thousands of files: sources that this program is built from, as somebody would vendor them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{assert_sound, plan};
use crate::harness::{TestEnvironment, TestRepo};

/// What is vendored: the packages that the plan changes, and two more that nothing changes.
const PACKAGES: [&str; 13] = [
    "clap",
    "libc",
    "libgit2-sys",
    "libz-sys",
    "linux-raw-sys",
    "petgraph",
    "regex-automata",
    "rustix",
    "schemars",
    "serde",
    "serde_json",
    "tokio",
    "zerocopy",
];

/// Returns the packages among those that this program is built from, with their folders.
fn packages() -> Vec<(String, PathBuf)> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let mut command = Command::new(cargo);
    // Only what was built for this machine is sure to be here.
    let platform = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    command.args(["metadata", "--locked", "--offline", "--format-version=1", "--filter-platform", &platform]);
    let output = command.arg("--manifest-path").arg(manifest).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let of_others = metadata["packages"].as_array().unwrap().iter().filter(|package| !package["source"].is_null());
    let mut found: Vec<_> = of_others.map(|p| (text(&p["name"]), PathBuf::from(text(&p["manifest_path"])))).collect();
    found.retain(|(name, _)| PACKAGES.contains(&name.as_str()));
    found.sort();
    found.dedup_by(|later, first| later.0 == first.0);
    assert_eq!(found.len(), PACKAGES.len(), "{found:?}");
    found.into_iter().map(|(name, manifest)| (name, manifest.parent().unwrap().to_owned())).collect()
}

/// Makes the project with a history of a commit per package, and with a checkout that somebody is in the middle of using.
fn vendored(environment: &TestEnvironment) -> TestRepo<'_> {
    let repo = environment.repo("project");
    std::fs::create_dir(repo.path().join("vendor")).unwrap();
    for (name, folder) in packages() {
        let to = repo.path().join("vendor").join(&name);
        environment.run("cp", &["-r", "--no-preserve=timestamps", folder.to_str().unwrap(), to.to_str().unwrap()]).expect_code(0);
        repo.git(&["add", "--all", "--force"]);
        repo.git(&["commit", "--quiet", "-m", &format!("vendor {name}")]);
    }
    repo.git(&["gc", "--quiet"]);
    let files = repo.git(&["ls-files"]).lines().count();
    assert!(files > 3000, "only {files} files: no project to prove anything on");
    repo
}

/// Leaves something of everything lying about that a user may have.
fn live_in(repo: &TestRepo<'_>) {
    repo.write("vendor/libz-sys/src/zlib/deflate.c", "stashed\n");
    repo.git(&["stash", "push", "--quiet"]);
    repo.write("vendor/tokio/README.md", "staged\n");
    repo.git(&["add", "vendor/tokio/README.md"]);
    repo.write("vendor/tokio/README.md", "edited\n");
    repo.write("notes.txt", "untracked\n");
    repo.write(".git/info/exclude", "/cache\n");
    repo.write("cache/x", "ignored\n");
    std::fs::remove_file(repo.path().join("vendor/libc/README.md")).unwrap();
    repo.git(&["branch", "topic"]);
    repo.git(&["tag", "v1"]);
}

/// Makes real commits on a scratch branch in a worktree of the user's own, and returns the patches that stock git makes of them.
fn commits(environment: &TestEnvironment, repo: &TestRepo<'_>) {
    repo.git(&["worktree", "add", "--quiet", "-b", "scratch", "../by-hand"]);
    let by_hand = environment.open("by-hand");
    let commit = |name: &str, line: &str| {
        environment.run("sh", &["-ec", &format!("cd by-hand; {line}")]).expect_code(0);
        by_hand.git(&["add", "--all", "--force"]);
        by_hand.git(&["commit", "--quiet", "-m", name]);
        std::fs::write(
            environment.root().join(format!("{name}.patch")),
            by_hand.git(&["format-patch", "--stdout", "--binary", "-1"]) + "\n",
        )
        .unwrap();
    };
    commit("words", "perl -pi -e 's/\\bautomaton\\b/machine/g' $(grep -rlw automaton vendor/regex-automata/src)");
    commit(
        "moves",
        "mkdir vendor/petgraph/docs; mv vendor/petgraph/README.md vendor/petgraph/docs/; chmod +x vendor/petgraph/Cargo.toml; printf '\\000\\377' >vendor/petgraph/logo.bin; ln -s docs/README.md vendor/petgraph/README.md; rm vendor/petgraph/LICENSE-MIT",
    );
    commit("late", "perl -pi -e 's/^\\/\\/! /\\/\\/!  / if $. > 3' vendor/tokio/src/lib.rs");
    repo.git(&["worktree", "remove", "../by-hand"]);
    repo.git(&["branch", "--quiet", "-D", "scratch"]);
}

/// A workstream of the plan: its id, its folders, what it is done by, and what else is said about it.
fn workstream(id: &str, folders: &[&str], by: &str, more: &str) -> String {
    let scope: Vec<String> = folders.iter().map(|folder| format!("'vendor/{folder}/**'")).collect();
    format!("  - id: {id}\n    files_scope: [{}]\n    {by}\n{more}", scope.join(", "))
}

fn codemod(line: &str) -> String {
    format!("tool: command\n    command: [sh, -ec, {line:?}]")
}

/// Fourteen workstreams in four waves. The gates compile zlib and the headers of libgit2.
fn fourteen() -> String {
    let zlib = "cc -fsyntax-only -Werror=implicit-function-declaration -DHAVE_UNISTD_H -D_LARGEFILE64_SOURCE vendor/libz-sys/src/zlib/*.c";
    let headers = "echo '#include <git2.h>' | cc -fsyntax-only -I vendor/libgit2-sys/libgit2/include -x c -";
    let compiles = format!("    static: [[sh, -c, {zlib:?}]]\n");
    let rename = |files: &str| format!("perl -pi -e 's/\\b_tr_flush_block\\b/_tr_write_block/g' {files}");
    // The first codemod forgets all files but one, as codemods do; the compiler sends it back.
    let mended = format!("    fix: [sh, -ec, {:?}]\n{compiles}", rename("vendor/libz-sys/src/zlib/*.[ch]"));
    let on = |ids: &str| format!("    depends_on: [{ids}]\n");
    let replay = |name: &str| format!("tool: replay\n    patches: [{name}.patch]");
    let puts = "perl -pi -e 's/\\bgit_str_puts\\b/git_str_add/g' $(grep -rlw git_str_puts vendor/libgit2-sys/libgit2)";
    let all = [
        workstream("zlib-rename", &["libz-sys"], &codemod(&rename("vendor/libz-sys/src/zlib/deflate.c")), &mended),
        workstream(
            "git2-rename",
            &["libgit2-sys"],
            &codemod(puts),
            "    static: [[sh, -c, '! grep -rqw git_str_puts vendor/libgit2-sys']]\n",
        ),
        workstream("tokio-header", &["tokio"], &codemod("find vendor/tokio -name '*.rs' -exec sed -i '1i // Vendored.' {} +"), ""),
        workstream("automata-words", &["regex-automata"], &replay("words"), ""),
        workstream("petgraph-moves", &["petgraph"], &replay("moves"), ""),
        workstream(
            "git2-spaces",
            &["libgit2-sys"],
            &codemod("sed -i 's/\\t/    /g' vendor/libgit2-sys/libgit2/include/git2/*.h"),
            &on("git2-rename"),
        ),
        workstream("clap-examples", &["clap"], &codemod("mv vendor/clap/examples vendor/clap/samples"), &on("zlib-rename")),
        workstream(
            "serde-crlf",
            &["serde", "serde_json"],
            &codemod("sed -i 's/$/\\r/' vendor/serde/*.md vendor/serde_json/*.md"),
            &on("zlib-rename"),
        ),
        workstream("libc-windows", &["libc"], &codemod("rm -r vendor/libc/src/windows vendor/libc/src/fuchsia"), &on("git2-spaces")),
        workstream(
            "rustix-links",
            &["rustix"],
            &codemod("cd vendor/rustix; ln -s README.md HELP.md; rm -r benches; chmod +x build.rs"),
            &on("clap-examples"),
        ),
        workstream(
            "schemars-empty",
            &["schemars"],
            &codemod("for f in $(find vendor/schemars -name '*.md'); do : >$f; done"),
            &on("serde-crlf"),
        ),
        workstream("tokio-late", &["tokio"], &replay("late"), &on("tokio-header, git2-spaces, clap-examples, libc-windows")),
        workstream(
            "zlib-again",
            &["libz-sys"],
            &codemod("sed -i '1i /* Vendored. */' vendor/libz-sys/src/zlib/*.c"),
            &format!("{compiles}{}", on("libc-windows")),
        ),
        format!(
            "  - id: manifest\n    files_create: [MANIFEST]\n    files_scope: [MANIFEST]\n    {}\n{}",
            codemod("find vendor -type f | LC_ALL=C sort | xargs -d '\\n' cksum >MANIFEST"),
            on("libc-windows, rustix-links, schemars-empty")
        ),
    ];
    format!(
        "version: 1\nname: vendoring\nmax_workers: 4\ngates: {{ wave: [[sh, -c, {zlib:?}], [sh, -c, {headers:?}]] }}\nworkstreams:\n{}",
        all.concat()
    )
}

/// Merges the same commits in the same order with plain git, in another clone, and compares the tree after every merge.
fn assert_what_git_gives(environment: &TestEnvironment, base: &str) {
    environment.run("git", &["clone", "--quiet", "--no-checkout", "project", "check"]).expect_code(0);
    let check = environment.open("check");
    check.git(&["fetch", "--quiet", "origin", "refs/orc/*:refs/orc/*", "orc/vendoring:built"]);
    check.git(&["checkout", "--quiet", "--detach", base]);
    let merges = check.git(&["log", "--reverse", "--first-parent", "--format=%H %P", &format!("{base}..built")]);
    assert_eq!(merges.lines().count(), 14);
    for line in merges.lines() {
        let [merge, _, theirs] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("no merge of two: {line}") };
        check.git(&["merge", "--quiet", "--no-ff", "-m", "by plain git", theirs]);
        let tree = |commit: &str| check.git(&["rev-parse", &format!("{commit}^{{tree}}")]);
        assert_eq!(tree("HEAD"), tree(merge), "{}", check.git(&["log", "-1", "--format=%s", merge]));
    }
    // What is checked out of it has the content that the manifest was made of.
    let manifest = check.git(&["show", "built:MANIFEST"]);
    assert!(manifest.lines().count() > 3000);
}

#[test]
#[ignore = "a minute: vendors some four thousand files and runs a plan of fourteen workstreams on them"]
fn a_real_project_of_thousands_of_files_is_changed_as_git_would_change_it() {
    let environment = TestEnvironment::new();
    let repo = vendored(&environment);
    commits(&environment, &repo);
    live_in(&repo);
    let base = repo.git(&["rev-parse", "HEAD"]);
    let before = repo.fingerprint("orc/vendoring");
    let plan = plan(&environment, "vendoring.yaml", &fourteen());
    let start = Instant::now();
    let document = repo.start_orc(&["run", &plan, "--json"]).finish_within(Duration::from_secs(900)).expect_code(0).json();
    let took = start.elapsed();
    repo.assert_untouched(&before);
    assert_eq!(document["state"], "completed", "{document:#}");
    let waves: Vec<usize> = document["waves"].as_array().unwrap().iter().map(|wave| wave.as_array().unwrap().len()).collect();
    assert_eq!(waves, [5, 3, 3, 3]);
    assert_eq!(repo.ledger().of_kind("step_finished").iter().filter(|e| e["step"] == "fix").count(), 1);
    assert_what_git_gives(&environment, &base);
    assert_sound(&environment, &repo);
    println!("14 workstreams in 4 waves on {} files took {took:?}", repo.git(&["ls-files"]).lines().count());
}
