//! A driver that dies right after something was told it: the resume ends as it says.

use super::{assert_sound, let_go, plan, project, shell, start, state_of, waiting};
use crate::harness::TestEnvironment;

/// What is told while two tools are at work, how the resume ends, and where `a` stands then.
const TOLD: [(&[&str], i32, &str, &str); 5] = [
    (&["pause"], 3, "paused", "in_progress"),
    (&["halt"], 3, "halted", "in_progress"),
    (&["pause", "-w", "a"], 3, "paused", "paused"),
    (&["halt", "-w", "a"], 3, "paused", "paused"),
    (&["skip", "-w", "c"], 0, "completed", "merged"),
];

#[test]
fn a_resume_ends_as_the_control_says() {
    for (told, code, state, of_a) in TOLD {
        let environment = TestEnvironment::new();
        let repo = project(&environment);
        let after = shell("c", "    depends_on: [a, b]\n", "echo c >c/x.txt");
        let plan = plan(&environment, "", &[waiting("a", ""), waiting("b", ""), after]);
        let running = start(&environment, &repo, (&plan, &["a", "b"]));
        repo.orc(&[told, &["--reason", "because"]].concat()).expect_code(0);
        running.kill();
        ["a", "b"].iter().for_each(|id| let_go(&environment, id));
        let resumed = repo.orc(&["resume", "--json"]).expect_code(code).json();
        assert_eq!((resumed["state"].as_str(), state_of(&resumed, "a").as_str()), (Some(state), of_a), "{told:?}: {resumed:#}");
        if code == 3 {
            assert_eq!(repo.orc(&["resume", "--json"]).expect_code(0).json()["state"], "completed", "{told:?}");
        }
        assert_sound(&repo);
    }
}

#[test]
fn what_is_told_to_a_run_without_a_driver_holds_when_it_goes_on() {
    let environment = TestEnvironment::new();
    let repo = project(&environment);
    let plan = plan(&environment, "", &[waiting("a", ""), shell("b", "    depends_on: [a]\n", "echo b >b/x.txt")]);
    let running = start(&environment, &repo, (&plan, &["a"]));
    running.kill();
    let told = repo.orc(&["skip", "-w", "b", "--reason", "not needed"]).expect_code(0);
    assert!(told.stdout.contains("git orc resume"), "{}", told.stdout);
    let_go(&environment, "a");
    let resumed = repo.orc(&["resume", "--json"]).expect_code(0).json();
    assert_eq!((state_of(&resumed, "a"), state_of(&resumed, "b")), ("merged".to_owned(), "skipped".to_owned()));
    assert_sound(&repo);
}
