//! What a fluid run does differently: checks for every step, answers by what helped before, settings read again.

use super::stage::Stage;
use crate::harness::TestEnvironment;

fn workstream(id: &str, more: &str) -> String {
    let retry = "retry: {max_attempts: 3, initial_delay_sec: 0, jitter: 0}";
    format!("  - {{id: {id}, files_scope: [\"{id}.md\"], files_create: [\"{id}.md\"], prompt: write, {retry}, {more}}}\n")
}

#[test]
fn every_step_is_checked_and_the_reasons_reach_the_tool() {
    let environment = TestEnvironment::in_memory();
    let stage = Stage::new(&environment, "i=0; while [ $i -lt 40 ]; do echo one more word >> a.md; i=$((i+1)); done");
    let steps = "tool: writer, steps: [{id: write}, {id: plan, when: [{request: [poem]}]}]";
    stage.run(&workstream("a", steps), &[], 0);
    assert_eq!(stage.ends(), ["write passed", "plan skipped"], "any other run is as it was");

    let environment = TestEnvironment::in_memory();
    let stage = Stage::new(&environment, "i=0; while [ $i -lt 20 ]; do echo one more word >> a.md; i=$((i+1)); done");
    stage.run_headed("fluid: true", &workstream("a", steps), &[], 0);
    let ends = ["write passed", "write-check failed", "fix passed", "write-check passed", "plan skipped", "plan-check skipped"];
    assert_eq!(stage.ends(), ends);
    assert!(stage.prompts()[1].contains("`a.md` has 60 words, and must have at least 100"), "{}", stage.prompts()[1]);
    stage.assert_sound();
}

#[test]
fn a_fluid_run_that_is_killed_while_it_mends_goes_on_with_the_reasons() {
    let environment = TestEnvironment::in_memory();
    let write = "i=0; while [ $i -lt 20 ]; do echo one more word >> a.md; i=$((i+1)); done";
    let killed = "if [ -e a.md ] && [ ! -e $HOME/reached ]; then echo half >> a.md; touch $HOME/reached; sleep 60; fi";
    let stage = Stage::new(&environment, &format!("{killed}\n{write}"));
    let steps = "tool: writer, steps: [{id: write}, {id: sign, when: [{step: {write: passed}}], tool: command, command: [sh, -c, 'echo me >> a.md']}]";
    stage.run_killed("fluid: true", &workstream("a", steps));
    stage.repo.orc(&["resume", "--progress=none"]).expect_code(0);
    let ends =
        ["write passed", "write-check failed", "fix interrupted", "fix passed", "write-check passed", "sign passed", "sign-check passed"];
    assert_eq!(stage.ends(), ends);
    let prompts = stage.prompts();
    assert_eq!(prompts.len(), 3);
    for prompt in &prompts[1..] {
        assert!(prompt.contains("`a.md` has 60 words, and must have at least 100"), "{prompt}");
    }
    let text = stage.repo.git(&["show", "orc/tour:a.md"]);
    assert_eq!((text.lines().count(), text.contains("half")), (41, false), "{text}");
    stage.assert_sound();
}

#[test]
fn what_never_helped_is_left_out_and_told_with_its_numbers() {
    let environment = TestEnvironment::in_memory();
    let stage = Stage::new(&environment, "exit 42");
    stage.tools(&[("one", "exit 42"), ("two", "echo two > $ORC_WORKSTREAM.md")]);
    for (number, id) in ["a", "b", "c"].into_iter().enumerate() {
        stage.run(&workstream(id, "capability: writing"), &["--target", &format!("orc/t{number}")], 0);
    }
    let before = stage.calls();
    assert_eq!(before.iter().filter(|call| *call == "one").count(), 9, "three attempts each time, then it is left alone: {before:?}");

    stage.run(&workstream("d", "capability: writing"), &["--fluid", "--target", "orc/fluid"], 0);
    // Less context was never tried so far, so nothing is known of it.
    assert_eq!(stage.calls()[before.len()..], ["one", "one", "two"]);
    let climbed = stage.reasons("recovery_climbed");
    let why = "one more attempt helped 0 of 6 times after `server` of one, so none is made";
    assert!(climbed[climbed.len() - 2].contains(why), "{climbed:#?}");
    let ledger = stage.repo.ledger();
    let started = ledger.of_kind("run_started").last().unwrap()["found"].clone();
    assert_eq!(started[0], "former runs: one more attempt helped 0 of 6 times after `server` of one", "{started}");
    // It is frozen: what is learnt now changes nothing of that run.
    assert_eq!(stage.repo.git(&["show", "orc/fluid:d.md"]), "two");
    stage.assert_sound();
}

#[test]
fn settings_are_read_again_between_waves_and_a_broken_file_changes_nothing() {
    let environment = TestEnvironment::in_memory();
    let folder = environment.root().join("config/git-orc");
    let (good, bad) = ("max_workers: 3\\nbudget: {run: {usd: 9}}\\n", "max_workers: [\\n");
    let write = |text: &str| format!("printf '{text}' > {}/config.yaml", folder.display());
    let script = format!("case $ORC_WORKSTREAM in a) {};; b) {};; esac; echo x > $ORC_WORKSTREAM.md", write(good), write(bad));
    let stage = Stage::new(&environment, &script);
    stage.user_file("config.yaml", "max_workers: 2\nbudget: {run: {usd: 5}}\nsandbox: none\n");
    let chain = workstream("a", "tool: writer")
        + &workstream("b", "tool: writer, depends_on: [a]")
        + &workstream("c", "tool: writer, depends_on: [b]");
    stage.run(&chain, &["--fluid", "--sandbox=none"], 0);
    let ledger = stage.repo.ledger();
    let read = ledger.of_kind("settings_reread");
    assert_eq!(read.len(), 2);
    let told = |at: usize| read[at]["told"].as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(told(0), ["max_workers 3 instead of 2", "budget.run.usd 9 instead of 5"]);
    assert_eq!((read[0]["wave"].as_u64(), read[0]["max_workers"].as_u64()), (Some(2), Some(3)));
    assert!(told(1)[0].starts_with("the settings can not be read, so the old ones hold: "), "{:?}", told(1));
    assert!(read[1]["max_workers"].is_null());
    stage.user_file("config.yaml", "");
    stage.assert_sound();
    // Nobody else reads them.
    let environment = TestEnvironment::in_memory();
    let stage = Stage::new(&environment, "echo x > $ORC_WORKSTREAM.md");
    stage.run(&chain, &[], 0);
    assert_eq!(stage.repo.ledger().of_kind("settings_reread").len(), 0);
}
