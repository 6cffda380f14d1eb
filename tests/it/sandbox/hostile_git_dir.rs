//! What a tool makes of its own git directory reaches nobody: nothing of it is executed, followed or believed.

use super::{Stage, at_both_levels};
use crate::harness::TestEnvironment;

at_both_levels!(nothing_of_it_is_believed);

/// What is done to the git directory `$G` after a commit was made, and what is told of it.
const TRICKS: [(&str, &str, &str); 12] = [
    ("objects lead to the secrets", "rm -rf $G/objects; ln -s ~/.ssh $G/objects", "not taken over"),
    ("objects are borrowed elsewhere", "echo ~/.ssh >$G/objects/info/alternates", "not taken over"),
    ("an object is a pipe", "mkdir -p $G/objects/aa; mkfifo $G/objects/aa/$(printf %038d 0)", "not taken over"),
    ("an object is damaged", "O=$(ls -t $G/objects/??/* | head -1); chmod u+w $O; echo evil >$O", "not taken over"),
    ("all objects are gone", "rm -rf $G/objects/??", "not taken over"),
    (
        "a tree with a git directory",
        "T=$(printf '100644 blob %s\\t.git\\n' $(git hash-object -w a/x.txt) | git mktree); C=$(git commit-tree -m evil $T); git update-ref --no-deref HEAD $C",
        "not taken over",
    ),
    (
        "hooks and programs in the configuration",
        "for k in core.fsmonitor core.hooksPath core.alternateRefsCommand uploadpack.packObjectsHook diff.external core.sshCommand; do git config $k \"touch $HOME/.cache/evil\"; done; mkdir -p $G/hooks; printf '#!/bin/sh\\ntouch ~/.cache/evil\\n' >$G/hooks/reference-transaction; chmod +x $G/hooks/*",
        "kept and folded in",
    ),
    ("another repository", "echo 'gitdir: /evil' >.git", "was changed"),
    ("a common directory", "echo /evil >$G/commondir", "kept and folded in"),
    ("HEAD is a link", "echo secret >~/.cache/s; ln -sf ~/.cache/s $G/HEAD", "leads to no commit"),
    ("a branch that leads nowhere", "printf '%040d\\n' 7 >$G/refs/heads/nowhere", "kept and folded in"),
    (
        "a submodule out of nothing",
        "git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),sub; git commit -qm sub",
        "kept and folded in",
    ),
];

#[expect(clippy::print_stdout, reason = "a failure is found by the name of the trick before it")]
fn nothing_of_it_is_believed(level: &'static str) {
    for (name, trick, told) in TRICKS {
        println!("{level}: {name}");
        let environment = TestEnvironment::new();
        for folder in [".ssh", ".cache"] {
            std::fs::create_dir_all(environment.home().join(folder)).unwrap();
        }
        let stage = Stage::new(&environment, level);
        let before = stage.repo.fingerprint("orc/tour");
        let script = format!("G=$(git rev-parse --absolute-git-dir); echo two >a/two; git add a/two; git commit -qm own; {trick}; true");
        stage.run(&script, &[]).expect_code(0);
        let notes = stage.entry("step_finished")["notes"].to_string();
        assert!(notes.contains(told), "{name}: {notes}");
        assert_eq!(stage.repo.git(&["show", "orc/tour:a/two"]), "two", "{name}");
        assert!(!environment.home().join(".cache/evil").exists(), "{name}: it was executed");
        stage.repo.assert_untouched(&before);
        stage.assert_sound();
    }
}
