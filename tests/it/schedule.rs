//! From the text of a plan to its waves and pictures, without a repository.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use git_orc::cli::view::graph::model::Graph;
use git_orc::cli::view::graph::{GraphFormat, render};
use git_orc::cli::view::plan;
use git_orc::domain::document::source::{Shape, SourceFile};
use git_orc::domain::plan::input::{Known, PlanDefaults, PlanInput};
use git_orc::domain::plan::model::CheckedPlan;
use git_orc::domain::plan::parse::parse_plan;
use git_orc::domain::policy::overlap::overlap;
use git_orc::domain::schedule::waves::{Schedule, schedule};
use serde_json::{Value, json};

const PLAN: &str = "
version: 1
name: shop
max_workers: 2
defaults: {tool: command, command: 'true'}
workstreams:
  - {id: core, files_scope: ['src/core/**'], metadata: {x-estimate: 3}}
  - {id: style, files_scope: ['**/*.css']}
  - {id: theme, files_scope: [assets], files_create: [assets/dark.css]}
  - {id: api, depends_on: [core], files_scope: ['src/api/*.rs'], priority: 0}
  - {id: api-docs, depends_on: [core], files_scope: ['docs/api/**', 'src/api/README.md']}
  - {id: urgent, depends_on: [core], files_scope: [src/hot.rs], priority: 5}
  - {id: schema, depends_on: [core], files_scope: [schema], conflict_group: db}
  - {id: migrate, depends_on: [core], files_scope: [migrations], conflict_group: db}
  - {id: release, depends_on: [api, migrate], files_scope: [CHANGELOG.md], parallel_ok: false}
  - {id: announce, depends_on: [api], files_scope: [docs/news.md]}
";

fn parse(path: &str, text: &str) -> CheckedPlan {
    let files = [SourceFile::new(path, text)];
    let input = PlanInput { files: &files, shape: Shape::File, defaults: &PlanDefaults::default(), known: Known::default() };
    parse_plan(&input).unwrap_or_else(|found| panic!("{found:#?}")).0
}

fn waves(schedule: &Schedule) -> Vec<String> {
    schedule.waves.iter().map(|wave| wave.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn a_written_plan_gets_the_waves_that_it_asks_for() {
    let plan = parse("shop.yaml", PLAN);
    let schedule = schedule(&plan);
    assert_eq!(waves(&schedule), ["core theme", "style", "urgent api api-docs schema", "migrate", "release", "announce"]);
    assert_eq!(schedule.critical_path.iter().map(ToString::to_string).collect::<Vec<_>>(), ["core", "api", "release"]);
    // 12 one after the other; 3 + 1 + 2 + 1 + 1 + 1 with two workers, 3 + 1 + 1 + 1 + 1 + 1 with more.
    assert!((schedule.speed_up - 12.0 / 9.0).abs() < 1e-9);
    assert!((schedule.estimate.unbounded_speed_up() - 12.0 / 8.0).abs() < 1e-9);
}

#[test]
fn json_and_yaml_give_the_same_waves() {
    let yaml = parse("shop.yaml", PLAN);
    let workstreams: Vec<Value> = yaml
        .workstreams
        .iter()
        .map(|w| {
            let depends_on: Vec<&str> = w.depends_on.iter().map(git_orc::domain::id::WorkstreamId::as_str).collect();
            let lists = (w.scope.write_globs().collect::<Vec<_>>(), w.scope.create_globs().collect::<Vec<_>>());
            let mut written = json!({
                "id": w.id.as_str(), "depends_on": depends_on, "files_scope": lists.0, "files_create": lists.1,
                "parallel_ok": w.parallel_ok, "priority": w.priority, "metadata": w.metadata,
            });
            if let Some(group) = &w.conflict_group {
                written["conflict_group"] = json!(group);
            }
            written
        })
        .collect();
    let text = json!({"version": 1, "name": "shop", "max_workers": 2, "defaults": {"tool": "command", "command": "true"}, "workstreams": workstreams});
    assert_eq!(schedule(&parse("shop.json", &text.to_string())), schedule(&yaml));
}

#[test]
fn every_format_shows_every_workstream_and_dependency() {
    let plan = parse("shop.yaml", PLAN);
    let graph = Graph::of_plan(&plan, &schedule(&plan));
    let dependencies: usize = plan.workstreams.iter().map(|w| w.depends_on.len()).sum();
    for (format, arrow) in [(GraphFormat::Dot, " -> "), (GraphFormat::Mermaid, "> n"), (GraphFormat::Json, "\"dependent\"")] {
        assert_eq!(render(&graph, format).matches(arrow).count(), dependencies, "{format:?}");
    }
    for format in [GraphFormat::Term, GraphFormat::Dot, GraphFormat::Mermaid, GraphFormat::Svg, GraphFormat::Json] {
        let text = render(&graph, format);
        for workstream in &plan.workstreams {
            assert!(text.contains(workstream.id.as_str()), "{} in {format:?}", workstream.id);
        }
        assert_eq!(text, render(&graph, format), "{format:?} is the same every time");
    }
    let term = render(&graph, GraphFormat::Term);
    assert_eq!(term.matches('○').count(), plan.workstreams.len(), "{term}");
}

#[test]
fn the_words_and_the_document_about_a_plan_agree() {
    let plan = parse("shop.yaml", PLAN);
    let schedule = schedule(&plan);
    let text = plan::human(&plan, &schedule);
    assert!(
        text.starts_with("plan shop: 10 workstreams in 6 waves, from HEAD to orc/shop\ncritical path: core -> api -> release\n"),
        "{text}"
    );
    assert!(text.contains("not with theme: `**/*.css` and `assets` both cover `assets/x.css`"), "{text}");
    assert!(text.contains("not with schema: both are in the conflict group `db`"), "{text}");
    let document: Value = serde_json::from_str(&plan::json(&plan, &schedule)).unwrap();
    let told: Vec<String> = document["waves"]
        .as_array()
        .unwrap()
        .iter()
        .map(|wave| wave["workstreams"].as_array().unwrap().iter().map(|w| w["id"].as_str().unwrap()).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(told, waves(&schedule));
}

#[test]
fn a_plan_of_thousands_is_valid_throughout() {
    let mut text = String::from("version: 1\nname: large\ndefaults: {tool: command, command: 'true'}\nworkstreams:\n");
    for n in 0..3000_usize {
        let scope = match n % 7 {
            0 => format!("src/m{}/**", n % 50),
            1 => format!("src/*/f{}.rs", n % 90),
            _ => format!("src/m{}/f{n}.rs", n % 50),
        };
        let _ = write!(text, "  - {{id: w{n}, files_scope: ['{scope}']");
        if n >= 500 {
            let _ = write!(text, ", depends_on: [w{}, w{}]", n - 500 + n % 13, n - 500 + 20 + n % 17);
        }
        if n % 20 == 0 {
            let _ = write!(text, ", conflict_group: g{}", n % 3);
        }
        text.push_str("}\n");
    }
    let plan = parse("large.yaml", &text);
    let schedule = schedule(&plan);
    let wave_of = schedule.wave_of();
    assert_eq!(wave_of.len(), 3000);
    for workstream in &plan.workstreams {
        for dependency in &workstream.depends_on {
            assert!(wave_of[dependency] < wave_of[&workstream.id]);
        }
    }
    for wave in &schedule.waves {
        let members: Vec<_> = wave.iter().filter_map(|id| plan.workstream(id)).collect();
        let groups: Vec<_> = members.iter().filter_map(|w| w.conflict_group.as_ref()).collect();
        assert_eq!(groups.iter().collect::<BTreeSet<_>>().len(), groups.len());
        for (i, a) in members.iter().enumerate() {
            for b in &members[i + 1..] {
                assert_eq!(overlap(&a.scope, &b.scope), None, "{} and {}", a.id, b.id);
            }
        }
    }
}
