//! Several processes at once: drivers of one run, runs that all want to make the first entry of the ledger.

use super::stage::{Judged, PATCHES, Stage, interrupted, on_stages};
use crate::harness::{Running, rounds};

/// Starts some drivers of one run at once, and readers beside them. One may drive; the others must say who does.
fn race(stage: &Stage, round: u32) -> Judged {
    stage.put_back();
    let (oracle, repo) = (stage.oracle(), stage.repo());
    let drivers: Vec<Running> = (0..2 + round % 7).map(|_| repo.start_orc(&["resume", "--progress", "json"])).collect();
    let readers: Vec<Running> =
        [&["status"][..], &["verify", "--fast"], &["log"]].map(|arguments| repo.start_orc(arguments)).into_iter().collect();
    let (mut told, mut wrong, mut won) = (String::new(), Vec::new(), 0);
    for driver in drivers {
        let outcome = driver.finish();
        told.push_str(&outcome.stderr);
        match outcome.code() {
            0 => won += 1,
            4 if outcome.stderr.contains("is locked by process ") && outcome.stderr.contains("which drives run ") => {}
            // It came when everything was done.
            128 if outcome.stderr.contains("there is no run that could be resumed") || outcome.stderr.contains("which is final") => {}
            code => wrong.push(format!("a driver ended with {code}: {}", outcome.stderr)),
        }
    }
    for reader in readers {
        let outcome = reader.finish();
        // A run that goes on meanwhile is no problem of the ledger.
        if outcome.code() != 0 {
            wrong.push(format!("a reader ended with {}: {}{}", outcome.code(), outcome.stdout, outcome.stderr));
        }
    }
    if won != 1 {
        wrong.push(format!("{won} drivers went to the end"));
    }
    let mut judged = stage.judge(&oracle, &told);
    judged.wrong.extend(wrong);
    judged
}

#[test]
#[ignore = "half a minute: 2 to 8 drivers of one run at once, ten times; GIT_ORC_TEST_ROUNDS sets another number"]
fn of_many_drivers_one_drives() {
    let stages: Vec<Stage> = (0..2).map(|_| interrupted()).collect();
    let cases: Vec<u32> = (0..rounds(10)).collect();
    on_stages(&stages, &cases, |stage, round| Some(race(stage, *round))).assert_clean("races of drivers");
}

#[test]
#[ignore = "ten seconds: two runs make the first entry of the ledger at once, ten times; GIT_ORC_TEST_ROUNDS sets another number"]
fn two_first_entries_are_both_there() {
    let stages: Vec<Stage> = (0..2).map(|_| Stage::new(PATCHES)).collect();
    let cases: Vec<u32> = (0..rounds(10)).collect();
    let tally = on_stages(&stages, &cases, |stage, _| {
        stage.put_back();
        let (oracle, repo) = (stage.oracle(), stage.repo());
        // One of them only as far as its first entries: the other one's end is compared with the undisturbed run.
        let other = PATCHES.replace("name: tour", "name: other\ntarget: orc/tour-2");
        let plan = stage.environment().root().join("other.yaml");
        std::fs::write(&plan, other).unwrap();
        let running = [stage.plan(), plan.to_str().unwrap()].map(|plan| repo.start_orc(&["run", plan, "--progress", "json"]));
        let told: String = running.map(|one| one.finish().expect_code(0).stderr).concat();
        repo.git(&["update-ref", "-d", "refs/heads/orc/tour-2"]);
        let mut wrong = oracle.after_fault(&repo, &told);
        if repo.ledger().of_kind("run_completed").len() != 2 {
            wrong.push("not both runs are in the ledger".to_owned());
        }
        Some(Judged { wrong, took: std::time::Duration::ZERO, stood: None, locks: 0 })
    });
    tally.assert_clean("races for the first entry");
}
