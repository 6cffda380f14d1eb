//! Stops in the middle of phases: what was skipped, mended and needless stays so.

use git_orc::domain::run::state::{RunState, RunStatus};

use super::rig::{Rig, assert_states};
use super::stops::disturb;
use crate::harness::TestEnvironment;

/// The first step is skipped, the second one is mended by a FIX step, of `ws-q` nothing is due, and `ws-r` depends on both.
const PLAN: &str = r#"
version: 1
name: tour
defaults: {retry: {max_attempts: 1}, tool: command}
workstreams:
  - id: ws-p
    files_scope: ["a/**"]
    title: add a page
    steps:
      - {id: poem, command: [sh, -c, "echo poem >a/poem.txt"], when: [{request: [poem]}]}
      - {id: write, command: [sh, -c, "echo word >>a/p.txt"], needs: [{exists: README}], expects: [{words: 2, in: a/p.txt}]}
      - {id: more, command: [sh, -c, "echo more >a/more.txt"], when: [{step: {write: mended}}, {step: {poem: skipped}}]}
  - id: ws-q
    files_scope: ["b/**"]
    steps: [{id: poem, command: [sh, -c, "echo poem >b/poem.txt"], when: [{exists: nowhere}]}]
  - id: ws-r
    files_scope: ["c/**"]
    depends_on: [ws-p, ws-q]
    command: [sh, -c, "cat a/p.txt a/more.txt >c/r.txt"]
"#;

fn assert_end(rig: &Rig<'_>, state: Option<&RunState>) {
    if let Some(state) = state {
        assert_states(state, RunStatus::Completed, &[("ws-p", "merged"), ("ws-q", "skipped"), ("ws-r", "merged")]);
    }
    assert_eq!(rig.on("orc/tour", "c/r.txt"), "word\nword\nmore");
    assert!(!rig.repo.git(&["ls-tree", "-r", "--name-only", "orc/tour"]).contains("poem"));
    rig.assert_sound();
}

#[test]
fn phases_that_were_stopped_anywhere_end_like_those_that_were_not() {
    let environment = TestEnvironment::in_memory();
    let rig = Rig::new(&environment);
    assert_end(&rig, Some(&rig.run(PLAN)));
    let entries = rig.repo.ledger().entries().len();
    for n in (1..=entries).step_by(3) {
        let environment = TestEnvironment::in_memory();
        let rig = Rig::new(&environment);
        rig.settings("config.yaml", "durability: relaxed\n");
        let disturbed = disturb(&rig, PLAN, n);
        assert_end(&rig, disturbed.state.as_ref());
    }
}
