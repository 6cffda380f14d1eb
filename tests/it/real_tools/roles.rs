//! The pipeline of roles done by a real AI tool: two approvals by a person, and a driver that is killed while code is written.

use std::time::Duration;

use serde_json::Value;

use super::profiles::Model;
use super::stage::{Stage, environment};
use crate::harness::Running;
use crate::model_server::Behaviour;

/// What the model writes in each role.
const WRITES: &[(&str, &str, &str)] = &[
    (
        "product-owner",
        "docs/roles/product_backlog.yaml",
        "stories:\n  - {id: S1, title: greet, priority: 1, acceptance_criteria: [it greets]}\n",
    ),
    ("planning", "docs/roles/technical_plan.md", "# Architecture\n\none file\n\n# Dependencies\n\nnone\n"),
    ("planning", "docs/roles/task_breakdown.yaml", "tasks:\n  - {id: T1, title: greet, depends_on: []}\n"),
    ("planning", "docs/roles/Action_Plan.md", "1. greet\n"),
    ("planning", "docs/roles/acceptance_criteria.json", "{\"criteria\": [{\"story\": \"S1\", \"criterion\": \"it greets\"}]}\n"),
    (
        "auditor",
        "docs/roles/Summary_Report.md",
        "R-001 high: nobody may be there. Source: technical_plan.md, Architecture\n\nVerdict: PROCEED\n",
    ),
    ("verification", "docs/roles/Validation_Report.md", "R-001 CONFIRM: nobody is at home at night\n\nDecision: GO\n"),
    (
        "synthesis",
        "docs/roles/Final_Implementation_Plan.md",
        "1. greet. Prerequisites: none. Source: S1\n\nR-001: Rollback: greet nobody\n",
    ),
    ("codegen", "src/greet.py", "def greet(): pass\n"),
    ("codegen", "tests/test_greet.py", "import greet\n"),
    ("documentation", "docs/greeting.md", "# Greeting\n"),
    ("security", "docs/roles/security_report.json", "{\"critical\": 0, \"high\": 0, \"medium\": 0, \"low\": 0, \"findings\": []}\n"),
    (
        "qa",
        "docs/roles/test_results.json",
        "{\"result\": \"PASS\", \"total\": 1, \"failed\": 0, \"coverage\": 91, \"benchmarks\": {\"degraded\": 0}}\n",
    ),
    ("mlops", "docs/roles/deployment_config.yaml", "health_checks: [ping]\nrollback: [stop]\nmonitoring: [pings]\n"),
];

fn template() -> String {
    let sections = ["header", "objective", "context", "files_scope", "constraints", "output_spec"];
    let mut text = format!("# {}", sections.map(|name| format!("{{{{ {name} }}}}\n\n")).concat());
    let long = "Every word here is written down so that there are enough of them for whoever reads what was seen. ".repeat(3);
    let watched = [("observability", "docs/roles/observability.md", long.as_str()), ("analyst", "docs/roles/analysis.md", long.as_str())];
    for (step, path, content) in WRITES.iter().chain(&watched) {
        let content = content.replace('\n', "\\n");
        text.push_str(&format!(
            "{{% if step == \"{step}\" %}}\nFAKE-WRITE {path} <<<{{% raw %}}{content}{{% endraw %}}>>>\n{{% endif %}}\n"
        ));
    }
    text
}

fn workflow(stage: &Stage<'_>) -> Value {
    stage.repo.orc(&["status", "--json"]).json()["workflows"][0].clone()
}

#[test]
#[ignore = "needs codex, which the suites install"]
fn codex_plays_all_roles() {
    let environment = environment();
    let Some(stage) = Stage::new(&environment, "codex", Model::Scripted(Behaviour::Ok)) else { return };
    stage.write("config/git-orc/prompts/edit.md.j2", &template());
    let limit = Duration::from_secs(400);
    let create = ["create", "roles", "Greet people", "--tool", "codex", "--target", "orc/made"];
    let created = Running::start(&mut stage.command(&create)).finish_within(limit);
    assert_eq!(created.code(), 3, "{}{}", created.stdout, created.stderr);
    let name = workflow(&stage)["workstream"].as_str().unwrap().to_owned();
    let approve = |role: &str| {
        let id = format!("{name}-{role}");
        stage.repo.orc(&["decide", &name, &id, "approve", "--reason", "read it"]).expect_code(0);
    };
    approve("planning");
    let run = stage.resume(&[]);
    assert_eq!((run.outcome.code(), &workflow(&stage)["state"]), (3, &Value::from("SYNTHESIS")), "{}", stage.told(&run));
    approve("synthesis");

    stage.kill_when(&["resume"], |_| workflow(&stage)["state"] == "DEVELOPMENT");
    let run = stage.resume(&[]);
    assert_eq!(run.outcome.code(), 0, "{}", stage.told(&run));
    let told = workflow(&stage);
    assert_eq!((&told["state"], &told["refused"]), (&Value::from("IDLE"), &Value::Array(Vec::new())), "{told:#}");
    assert!(told["gates"].as_array().unwrap().iter().all(|gate| gate["status"] == "passed"), "{told:#}");
    assert!(told["handoffs"].as_array().unwrap().iter().all(|one| one["status"] == "completed"), "{told:#}");
    for (_, path, content) in WRITES {
        assert_eq!(stage.repo.git(&["show", &format!("orc/made:{path}")]).trim_end(), content.trim_end(), "{path}");
    }
}
