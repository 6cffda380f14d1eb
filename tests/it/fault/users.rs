//! A user who works in the repository while a run goes on: commits, collects garbage, packs, rebases, resets, cleans.

use super::stage::{Judged, SLOW, Stage, on_stages, tell};
use crate::harness::{Running, TestRepo, rounds};

/// What the user does again and again; `N` stands for the number of the round.
const COMMANDS: [&[&str]; 16] = [
    &["switch", "--quiet", "--create", "topic-N"],
    &["commit", "--quiet", "--allow-empty", "--message", "topic N"],
    &["gc", "--quiet", "--prune=now"],
    &["switch", "--quiet", "main"],
    &["commit", "--quiet", "--allow-empty", "--message", "mine N"],
    &["rebase", "--quiet", "--force-rebase", "main", "topic-N"],
    &["pack-refs", "--all"],
    &["switch", "--quiet", "main"],
    &["repack", "-adq"],
    &["stash", "push", "--quiet", "--include-untracked"],
    &["worktree", "prune"],
    &["stash", "pop", "--quiet"],
    &["branch", "--quiet", "--delete", "--force", "topic-N"],
    &["fetch", "--quiet", "--prune", "upstream"],
    &["reset", "--quiet", "--hard"],
    &["clean", "-fdxq"],
];

/// Returns whether git saw a worktree and could no longer or not yet read about it. Plain `git worktree add` and `remove` do that to git, too: of
/// some hundred rebases beside them a few end like this.
fn met_a_worktree_that_comes_or_goes(said: &str) -> bool {
    said.contains("failed to read .git/worktrees/") && said.contains("/commondir")
}

/// Works until the run is over; returns what went wrong, and how many rounds were done.
fn work(repo: &TestRepo<'_>, running: &mut Running) -> (Vec<String>, usize) {
    let (mut wrong, mut round) = (Vec::new(), 0);
    while running.is_running() {
        round += 1;
        repo.write("mine.txt", format!("mine {round}\n"));
        for command in COMMANDS {
            let arguments: Vec<String> = command.iter().map(|word| word.replace('N', &round.to_string())).collect();
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let mut outcome = repo.try_git(&arguments);
            if met_a_worktree_that_comes_or_goes(&outcome.stderr) {
                outcome = repo.try_git(&arguments);
            }
            if !outcome.status.success() {
                wrong.push(format!("user: git {arguments:?}: {}", outcome.stderr.trim()));
            }
        }
        if repo.git(&["log", "-1", "--format=%s", "main"]) != format!("mine {round}") {
            wrong.push(format!("user: the commit of round {round} is gone"));
        }
    }
    (wrong, round)
}

fn beside(stage: &Stage) -> Judged {
    stage.put_back();
    let repo = stage.repo();
    let upstream = stage.environment().root().join("saved");
    repo.git(&["remote", "add", "upstream", upstream.to_str().unwrap()]);
    let mut running = repo.start_orc(&["run", stage.plan(), "--progress", "json"]);
    let (mut wrong, rounds) = work(&repo, &mut running);
    let outcome = running.finish();
    if rounds < 1 {
        wrong.push("the user did nothing".to_owned());
    }
    if !matches!(outcome.code(), 0 | 128) {
        wrong.push(format!("exit code {}: {}", outcome.code(), outcome.stderr));
    }
    if outcome.code() == 128 {
        let said: Vec<&str> = outcome.stderr.lines().filter(|line| !line.starts_with('{')).collect();
        tell(&format!("stopped beside a user, to be resumed: {said:?}"));
    }
    let mut judged = stage.judge(&stage.oracle(), &outcome.stderr);
    judged.wrong.extend(wrong);
    let after = repo.try_git(&["gc", "--quiet", "--prune=now"]);
    if !after.status.success() {
        judged.wrong.push(format!("user: gc afterwards: {}", after.stderr));
    }
    judged.wrong.extend(stage.oracle().at_end(&repo, &outcome.stderr).into_iter().map(|line| format!("after gc: {line}")));
    judged
}

#[test]
#[ignore = "half a minute: ten runs beside a user who works and collects garbage; GIT_ORC_TEST_ROUNDS sets another number"]
fn runs_beside_a_busy_user_lose_nothing() {
    let stages: Vec<Stage> = (0..2).map(|_| Stage::new(SLOW)).collect();
    let cases: Vec<u32> = (0..rounds(10)).collect();
    on_stages(&stages, &cases, |stage, _| Some(beside(stage))).assert_clean("runs beside a busy user");
}
