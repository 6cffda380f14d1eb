//! What a real AI tool came to is taken from the cache: the second run asks no model, also when the first one was killed
//! in the middle and resumed.

use super::profiles::Model;
use super::stage::{FIXED, Stage, environment, has_started};
use crate::model_server::Behaviour;

#[test]
#[ignore = "needs codex, which the suites install"]
fn codex_is_asked_once() {
    let environment = environment();
    let Some(stage) = Stage::new(&environment, "codex", Model::Scripted(Behaviour::Ok)) else { return };
    stage.run_killed_when(&["--cache"], |ledger| has_started(ledger, "fix"));
    let first = stage.resume(&[]);
    assert_eq!(first.outcome.code(), 0, "{}", stage.told(&first));
    let asked = stage.server.requests().len();
    assert!(asked > 0, "the first run asks the model");

    let second = stage.run_with("", &["--cache", "--target", "orc/second"]);
    assert_eq!(second.outcome.code(), 0, "{}", stage.told(&second));
    assert_eq!(stage.server.requests().len(), asked, "the second run asks nobody");
    assert_eq!(stage.repo.git(&["show", "orc/second:calc.sh"]) + "\n", FIXED);
    let messages: Vec<&str> = second.steps.iter().filter_map(|step| step["message"].as_str()).collect();
    assert!(messages.iter().filter(|message| message.starts_with("taken from the cache")).count() >= 2, "{messages:?}");
}
