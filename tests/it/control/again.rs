//! `git orc retry RUN`: a run that is over stays as it is, and another one does what it did not merge.

use super::{plan, project, shell};
use crate::harness::TestEnvironment;

#[test]
fn a_run_that_is_over_is_done_again_by_another_one() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let failing = "test -e $HOME/mended && echo done >b/x.txt";
    let defaults = "defaults: {retry: {max_attempts: 1}}";
    let good = shell("a", "", "echo ran >>$HOME/a.ran; echo done >a/x.txt");
    let after = shell("c", "    depends_on: [a, b]\n", "cat a/x.txt b/x.txt >c/x.txt");
    let plan = plan(&environment, defaults, &[good, shell("b", "", failing), after]);
    repo.orc(&["run", &plan]).expect_code(1);
    let first = repo.ledger().of_kind("run_planned")[0]["run"].as_str().unwrap().to_owned();
    let before = repo.ledger().entries().len();

    repo.orc(&["retry", &first]).expect_code(129);
    repo.orc(&["retry", &first, "--reason", " "]).expect_code(129);
    assert_eq!(repo.ledger().entries().len(), before, "what is refused leaves nothing");

    std::fs::write(environment.home().join("mended"), "").unwrap();
    std::fs::remove_file(&plan).unwrap();
    repo.orc(&["retry", &first, "--reason", "the machine was mended"]).expect_code(0);
    let ledger = repo.ledger();
    let planned = ledger.of_kind("run_planned");
    assert_eq!((planned.len(), planned[1]["retry_of"].as_str()), (2, Some(first.as_str())));
    assert_eq!(planned[1]["reason"], "the machine was mended");
    assert_eq!(planned[1]["target"], planned[0]["target"]);
    assert_eq!(planned[1]["base"], planned[0]["base"]);
    assert_eq!(std::fs::read_to_string(environment.home().join("a.ran")).unwrap(), "ran\n", "what was merged is not done again");
    assert_eq!(repo.git(&["show", "orc/tour:c/x.txt"]), "done\ndone");
    assert_eq!(ledger.of_kind("run_failed").len(), 1, "the first run stays as it ended");
    ledger.assert_sound();
    repo.orc(&["verify"]).expect_code(0);

    for arguments in [&["retry", "--reason", "once more"][..], &["retry", &first, "--reason", "once more"]] {
        let nothing = repo.orc(arguments).expect_code(128);
        assert!(nothing.stderr.contains("merged everything"), "{}", nothing.stderr);
    }
    assert!(repo.orc(&["log", "--json"]).stdout.contains("the machine was mended"));
}

#[test]
fn a_run_that_goes_on_by_itself_is_not_done_again() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let defaults = "defaults: {retry: {max_attempts: 1}, circuit_breaker: {on_exhausted: pause}}";
    let plan = plan(&environment, defaults, &[shell("a", "", "exit 1")]);
    repo.orc(&["run", &plan]).expect_code(3);
    let refused = repo.orc(&["retry", "--reason", "again"]).expect_code(128);
    assert!(refused.stderr.contains("git orc resume"), "{}", refused.stderr);
    assert_eq!(repo.ledger().of_kind("run_planned").len(), 1);
}
