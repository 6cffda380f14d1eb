//! Output that can not be kept, for which the disk is to blame and no tool is; and output of which memory keeps a part.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use git_orc::domain::ledger::entry::Entry;
use git_orc::domain::run::event::Event;
use git_orc::domain::run::state::{RunState, RunStatus};
use git_orc::engine::sink::Sink;

use super::rig::{Rig, assert_states, plan, shell, with_tool};
use crate::harness::TestEnvironment;

/// Puts something in the way of a file of the first attempt, as soon as it is told of and before its tool starts.
struct InTheWay {
    git_dir: PathBuf,
    ending: &'static str,
    put: fn(&Path),
}

fn place(git_dir: &Path, entry: &Entry, ending: &str) -> PathBuf {
    git_dir.join("orc/runs").join(entry.run.lower()).join("ws-a").join(format!("edit-1.{ending}"))
}

impl Sink for InTheWay {
    fn told(&mut self, entry: &Entry, _state: &RunState) {
        let Some(Event::StepStarted(started)) = entry.event() else { return };
        if started.attempt.to_string() == "1" {
            let place = place(&self.git_dir, entry, self.ending);
            std::fs::create_dir_all(place.parent().unwrap()).unwrap();
            (self.put)(&place);
        }
    }
}

/// The ending of a file, and what stands in its place.
type Way = (&'static str, fn(&Path));

#[test]
fn a_disk_that_does_not_take_the_output_stops_the_run_and_blames_no_tool() {
    // A folder where the log is to be, and a full disk where the printed patch is to be.
    let ways: [Way; 2] = [("log", |place| std::fs::create_dir(place).unwrap()), ("stdout", |place| symlink("/dev/full", place).unwrap())];
    for (ending, put) in ways {
        let environment = TestEnvironment::new();
        let rig = Rig::new(&environment);
        rig.program("printer", "#!/bin/sh\nprintf -- '--- /dev/null\\n+++ b/a/new.txt\\n@@ -0,0 +1 @@\\n+new\\n'\n");
        rig.settings("tool_profiles.json", r#"{"printer": {"binary": "printer", "args": ["{prompt}"], "output": "patch"}}"#);
        let one = with_tool("ws-a", "a/**", "tool: printer", "");
        let way = InTheWay { git_dir: rig.repo.path().join(".git"), ending, put };
        let error = rig.run_in(rig.repo.path(), &plan("", &[one]), vec![Box::new(way)]).unwrap_err();
        let text = format!("{error:?}");
        assert!(text.contains(&format!("edit-1.{ending}")), "{text}");
        assert_eq!(rig.repo.ledger().of_kind("step_finished").len(), 0, "{ending}");
        assert_states(&rig.resume(), RunStatus::Completed, &[("ws-a", "merged")]);
        assert_eq!(rig.on("orc/tour", "a/new.txt"), "new");
        rig.assert_sound();
    }
}

/// More than memory keeps of one output, with a report around the gap.
const LONG_REPORT: &str = r#"#!/bin/sh
seq 1 6000 | sed 's|.*|{"filePath": "a/f&.js", "messages": [{"ruleId": "no-undef", "severity": 2, "message": "it is not defined", "line": &}]},|; 1s/^/[/; $s/,$/]/'
exit 1
"#;

#[test]
fn a_report_that_is_longer_than_memory_keeps_is_read_whole() {
    let environment = TestEnvironment::new();
    let rig = Rig::new(&environment);
    rig.program("eslint", LONG_REPORT);
    let more = "    static: [[eslint, -f, json]]\n    circuit_breaker: {max_fix_iterations: {static: 0}}\n";
    let state = rig.run(&plan("", &[shell("ws-a", "a/**", "echo x >a/x.txt", more)]));
    assert_states(&state, RunStatus::Failed, &[("ws-a", "failed")]);
    let ledger = rig.repo.ledger();
    let failed = ledger.of_kind("step_finished").into_iter().find(|entry| entry["step"] == "static").unwrap();
    let findings = failed["findings"].as_array().unwrap();
    assert!(findings.iter().all(|one| one["kind"] == "lint" && one["rule"] == "no-undef"), "{findings:?}");
    assert_eq!((findings.len(), &findings[0]["location"]["path"]), (20, &serde_json::json!("a/f1.js")));
    rig.assert_sound();
}
