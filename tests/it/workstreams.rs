//! Workstreams that are put into plans, listed and shown.

use serde_json::{Value, json};

use crate::harness::TestEnvironment;

const PLAN: &str = "\
version: 1
name: tour
# what comes first
workstreams:
  - {id: a, files_create: [a.txt], tool: command, command: [touch, a.txt]}   # small

# the rest stays
max_workers: 2
";

#[test]
fn a_workstream_is_put_into_a_plan_and_recorded() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("project");
    repo.write("plan.yaml", PLAN);
    let create = ["workstream", "create", "plan.yaml", "b", "--tool", "command", "--command", "touch b.txt", "--create", "b.txt"];
    let shown = repo.orc(&[&create[..], &["--depends-on", "a", "--task", "Make it: now", "--dry-run"]].concat()).expect_code(0).stdout;
    assert!(shown.contains("\n+  - id: b\n") && shown.contains("\n+    - 'Make it: now'\n"), "{shown}");
    assert_eq!(repo.read("plan.yaml"), PLAN);
    assert_eq!(repo.git(&["for-each-ref", "refs/orc"]), "");

    let made = repo.orc(&[&create[..], &["--depends-on", "a", "--json"]].concat()).expect_code(0).json();
    let text = repo.read("plan.yaml");
    let at = PLAN.find("\n# the rest").unwrap();
    assert!(text.starts_with(&PLAN[..at]) && text.ends_with(&PLAN[at..]), "{text}");
    let (entry, digest) = (made["entry"].as_str().unwrap(), made["plan_digest"].as_str().unwrap());
    let kept = repo.git(&["show", &format!("refs/orc/ledger:plans/{}/{}", &digest[..2], &digest[2..])]);
    assert_eq!(kept.trim_end(), text.trim_end());
    let subject = repo.git(&["log", "-1", "--format=%s", "refs/orc/ledger"]);
    assert_eq!(subject.trim(), "workstream created: b in plan.yaml");

    // What is not valid changes nothing.
    let refused = repo.orc(&["workstream", "create", "plan.yaml", "b", "--tool", "command", "--create", "c"]).expect_code(1).stderr;
    assert!(refused.contains("duplicate-id") || refused.contains("the same id") || refused.contains("have the id"), "{refused}");
    repo.orc(&["workstream", "create", "plan.yaml", "c", "--tool", "nobody", "--create", "c"]).expect_code(1);
    assert_eq!(repo.read("plan.yaml"), text);

    let listed = repo.orc(&["workstream", "list", "plan.yaml", "--json"]).expect_code(0).json();
    let told: Vec<_> = listed["workstreams"].as_array().unwrap().iter().map(|row| (row["id"].clone(), row["wave"].clone())).collect();
    assert_eq!((told, &listed["run"]), (vec![(json!("a"), json!(1)), (json!("b"), json!(2))], &Value::Null));

    repo.orc(&["run", "plan.yaml", "--progress=none"]).expect_code(0);
    let table = repo.orc(&["workstream", "list"]).expect_code(0).stdout;
    assert!(table.contains("merged") && table.lines().count() == 3, "{table}");
    let known = repo.orc(&["workstream", "show", "b", "--run", "tour", "--json"]).expect_code(0).json();
    assert_eq!((&known["state"], &known["attempts"], &known["depends_on"]), (&json!("merged"), &json!(1), &json!(["a"])));
    let first = &known["checkpoints"][0];
    assert_eq!((&first["entry"], &first["event"]), (&json!(entry), &json!("WORKSTREAM_CREATED")));
    assert!(known["checkpoints"].as_array().unwrap().iter().any(|one| one["event"] == "TASK_STARTED"));
    let told = repo.orc(&["workstream", "show", "b", "--plan", "plan.yaml"]).expect_code(0).stdout;
    assert!(told.contains("planned") && told.contains("WORKSTREAM_CREATED in plan.yaml by "), "{told}");
    repo.orc(&["verify"]).expect_code(0);
}

#[test]
fn a_plan_that_is_not_there_is_made() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("project");
    let create =
        |plan: &str, id: &str| repo.orc(&["workstream", "create", plan, id, "--tool", "command", "--command", "true", "--scope", "a/**"]);
    create("new.yaml", "one").expect_code(0);
    create("new.yaml", "two").expect_code(0);
    create("new.json", "one").expect_code(0);
    repo.orc(&["validate", "new.yaml", "new.json"]).expect_code(0);
    create("Bad Id.yaml", "Not An Id").expect_code(1);
    assert!(!repo.path().join("Bad Id.yaml").exists());
    repo.write("bundles/a.json", "{}");
    create("bundles", "one").expect_code(128);
    repo.orc(&["workstream", "show", "one", "--plan", "new.yaml"]).expect_code(0);
    repo.orc(&["workstream", "show", "nobody", "--plan", "new.yaml"]).expect_code(128);
}

#[test]
fn several_that_are_made_at_once_are_all_in_the_plan() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("project");
    repo.write("plan.yaml", PLAN);
    let ids = ["b", "c", "d", "e", "f", "g"];
    let create =
        |id: &&str| repo.start_orc(&["workstream", "create", "plan.yaml", id, "--tool", "command", "--command", "true", "--create", id]);
    let all: Vec<_> = ids.iter().map(create).collect();
    for one in all {
        one.finish().expect_code(0);
    }
    let listed = repo.orc(&["workstream", "list", "plan.yaml", "--json"]).expect_code(0).json();
    let mut found: Vec<_> = listed["workstreams"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
    found.sort_unstable();
    assert_eq!(found, ["a", "b", "c", "d", "e", "f", "g"]);
    repo.orc(&["verify"]).expect_code(0);
}

#[test]
fn a_plan_whose_entry_can_not_be_written_is_put_back() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("project");
    repo.write("plan.yaml", PLAN);
    // Where the ledger's ref belongs, there can be none.
    std::fs::create_dir_all(repo.git_dir().join("refs")).unwrap();
    std::fs::write(repo.git_dir().join("refs/orc"), "").unwrap();
    for plan in ["plan.yaml", "new.yaml"] {
        let create = ["workstream", "create", plan, "b", "--tool", "command", "--command", "true", "--create", "b"];
        assert_ne!(repo.orc(&create).code(), 0);
    }
    assert_eq!(repo.read("plan.yaml"), PLAN);
    assert!(!repo.path().join("new.yaml").exists());
}

#[test]
fn the_mark_of_an_editor_and_its_line_ends_stay() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("project");
    let text = format!("\u{feff}{}", PLAN.replace('\n', "\r\n"));
    repo.write("plan.yaml", &text);
    repo.orc(&["validate", "plan.yaml"]).expect_code(0);
    repo.orc(&["workstream", "create", "plan.yaml", "b", "--tool", "command", "--command", "touch b", "--create", "b"]).expect_code(0);
    let at = text.find("\r\n# the rest").unwrap();
    let made = repo.read("plan.yaml");
    assert!(made.starts_with(&text[..at]) && made.ends_with(&text[at..]), "{made:?}");
    assert_eq!(made.matches('\n').count(), made.matches("\r\n").count(), "{made:?}");
    repo.orc(&["run", "plan.yaml", "--progress=none"]).expect_code(0);
    repo.orc(&["verify"]).expect_code(0);
}

#[test]
fn who_planned_a_workstream_of_another_plan_is_not_told() {
    let environment = TestEnvironment::new();
    let repo = environment.repo("project");
    repo.write("plan.yaml", PLAN);
    let create = |plan: &str, id: &str| {
        repo.orc(&["workstream", "create", plan, id, "--tool", "command", "--command", "true", "--create", "x"]).expect_code(0);
    };
    create("other.yaml", "a");
    repo.orc(&["run", "plan.yaml", "--progress=none"]).expect_code(0);
    let of = |arguments: &[&str]| {
        let known = repo.orc(&[&["workstream", "show", "a", "--json"][..], arguments].concat()).expect_code(0).json();
        known["checkpoints"].as_array().unwrap().iter().filter(|one| one["event"] == "WORKSTREAM_CREATED").cloned().collect::<Vec<_>>()
    };
    assert_eq!(of(&["--run", "tour"]), [Value::Null; 0]);
    assert_eq!(of(&["--plan", "plan.yaml"]), [Value::Null; 0]);
    assert_eq!(of(&["--plan", "other.yaml"])[0]["plan"], "other.yaml");
}
