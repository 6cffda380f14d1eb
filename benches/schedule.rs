//! How long large plans take to validate and to schedule: `cargo bench --bench schedule [WORKSTREAMS]`. Prints medians of five.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::panic,
    reason = "a benchmark measures, prints, and stops at the first surprise"
)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use git_orc::domain::document::source::{MAX_BYTES, Shape, SourceFile};
use git_orc::domain::plan::input::{Known, PlanDefaults, PlanInput};
use git_orc::domain::plan::model::CheckedPlan;
use git_orc::domain::plan::parse::parse_plan;
use git_orc::domain::schedule::waves::schedule;

/// How often everything is measured.
const ROUNDS: usize = 5;

/// Workstreams per layer of the layered plan.
const LAYER: usize = 500;

/// The same numbers every time, from a linear congruential generator.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % limit
    }
}

/// A plan to measure: its name and the lines of each workstream beside the id.
struct Shaped {
    name: &'static str,
    lines: Vec<String>,
}

fn main() {
    // `cargo bench` passes flags of its own.
    let count = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(10_000);
    println!("{count} workstreams, medians of {ROUNDS}\n");
    println!("{:34} {:>7} {:>10} {:>12} {:>12} {:>16}", "plan", "waves", "separated", "validate", "schedule", "pairs/s");
    for shaped in [layered(count), chain(count), one_scope(count), one_group(count), all_distinct_and_overlapping(count / 10)] {
        measure(&shaped);
    }
}

/// Layers of workstreams that depend on up to three of the layer before; scopes in overlapping folders; one in twenty in a conflict group.
fn layered(count: usize) -> Shaped {
    let mut numbers = Numbers(42);
    let lines = (0..count).map(|n| {
        let folder = numbers.below(400);
        let scope = match numbers.below(10) {
            0 => format!("src/m{folder}/**"),
            1 => format!("src/*/f{n}.rs"),
            2 => format!("**/t{n}.md"),
            _ => format!("src/m{folder}/f{n}.rs"),
        };
        let mut line = format!("files_scope: ['{scope}']");
        let layer = n / LAYER;
        if layer > 0 {
            let mut on: Vec<String> =
                (0..1 + numbers.below(3)).map(|_| format!("w{}", (layer - 1) * LAYER + numbers.below(LAYER))).collect();
            on.sort_unstable();
            on.dedup();
            let _ = write!(line, ", depends_on: [{}]", on.join(", "));
        }
        if numbers.below(20) == 0 {
            let _ = write!(line, ", conflict_group: g{}", numbers.below(20));
        }
        line
    });
    Shaped { name: "layers, 5 % in conflict groups", lines: lines.collect() }
}

/// One after the other.
fn chain(count: usize) -> Shaped {
    let line = |n: usize| if n == 0 { "files_scope: [a]".to_owned() } else { format!("files_scope: [a], depends_on: [w{}]", n - 1) };
    Shaped { name: "one chain", lines: (0..count).map(line).collect() }
}

/// All of them write the same files.
fn one_scope(count: usize) -> Shaped {
    Shaped { name: "one scope for all", lines: vec!["files_scope: ['src/**']".to_owned(); count] }
}

/// All of them are in one conflict group.
fn one_group(count: usize) -> Shaped {
    Shaped { name: "one conflict group", lines: (0..count).map(|n| format!("files_scope: [d{n}], conflict_group: g")).collect() }
}

/// No two globs are the same and all of them overlap: the worst case, in which every pair has to be looked at.
fn all_distinct_and_overlapping(count: usize) -> Shaped {
    Shaped { name: "distinct globs that all overlap", lines: (0..count).map(|n| format!("files_scope: ['**/*{n}*']")).collect() }
}

/// Splits the workstreams into files that each keep within what a file may have.
fn files(lines: &[String]) -> Vec<SourceFile> {
    let mut texts = vec![String::new()];
    for (n, line) in lines.iter().enumerate() {
        if texts.last().is_some_and(|t| t.len() + 4096 > MAX_BYTES) {
            texts.push(String::new());
        }
        if let Some(text) = texts.last_mut() {
            let _ = writeln!(text, "- {{id: w{n}, tool: command, command: x, {line}}}");
        }
    }
    texts.into_iter().enumerate().map(|(n, text)| SourceFile::new(format!("bundles/{n:03}.yaml"), text)).collect()
}

fn parse(files: &[SourceFile]) -> CheckedPlan {
    let input =
        PlanInput { files, shape: Shape::Bundles { folder: "bundles" }, defaults: &PlanDefaults::default(), known: Known::default() };
    match parse_plan(&input) {
        Ok((plan, _)) => plan,
        Err(found) => panic!("the plan must be valid: {:#?}", found.first()),
    }
}

fn measure(shaped: &Shaped) {
    let files = files(&shaped.lines);
    let plan = parse(&files);
    let scheduled = schedule(&plan);
    let validate = median(|| drop(black_box(parse(black_box(&files)))));
    let waves = median(|| drop(black_box(schedule(black_box(&plan)))));
    let count = f64::from(u32::try_from(plan.workstreams.len()).unwrap_or(u32::MAX));
    println!(
        "{:34} {:>7} {:>10} {:>9.1} ms {:>9.1} ms {:>16.0}",
        format!("{} ({count})", shaped.name),
        scheduled.waves.len(),
        scheduled.separated.len(),
        millis(validate),
        millis(waves),
        count * (count - 1.0) / 2.0 / waves.as_secs_f64()
    );
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn median(mut work: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times.get(ROUNDS / 2).copied().unwrap_or_default()
}
