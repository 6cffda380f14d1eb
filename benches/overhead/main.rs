//! What git-orc costs above the tools that it runs: `cargo bench --bench overhead [-- N... --repo PATH --rounds R]`.
//!
//! Each workstream's tool is one process that appends one line to one file. The same is done by a plain shell script with git: a worktree, the
//! tool, a commit, a merge, the removal. Every run starts from a fresh copy of the repository; the variants take turns; both must end
//! with the same tree. Then one run per size tells where git-orc's time goes, and a thousand entries are appended to a ledger.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::panic,
    clippy::expect_used,
    reason = "a benchmark measures, prints, and stops at the first surprise"
)]

mod costs;
mod cpu;
mod driver;
mod ground;
mod ledger;
mod plan;
mod variant;

use std::path::PathBuf;

use ground::{Ground, Template};
use plan::Shape;
use variant::Variant;

/// What the command line asks for.
struct Options {
    sizes: Vec<usize>,
    repository: Option<PathBuf>,
    rounds: Option<usize>,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(at) = arguments.iter().position(|a| a == driver::FLAG) {
        return driver::drive(&arguments[at + 1..]);
    }
    let options = options(&arguments);
    let ground = Ground::new();
    let large = match &options.repository {
        Some(path) => ground.clone_of("given", path),
        None => ground.generated("generated"),
    };
    let templates = [ground.clone_of("this", env!("CARGO_MANIFEST_DIR").as_ref()), large];
    println!("milliseconds: wall clock (median, lowest to highest), processor (mean); the ratios are to the script\n");
    println!("repository  files     N variant                wall               range   ratio    processor   ratio");
    for template in &templates {
        for size in &options.sizes {
            compare(&ground, template, *size, options.rounds.unwrap_or(if *size < 100 { 5 } else { 3 }));
        }
    }
    for template in &templates {
        for size in &options.sizes {
            costs::print(&ground, template, Shape::new(*size));
        }
    }
    ledger::measure(&ground, &templates[0]);
}

fn options(arguments: &[String]) -> Options {
    let after = |flag: &str| arguments.iter().position(|a| a == flag).and_then(|at| arguments.get(at + 1));
    let rounds = after("--rounds").map(|text| text.parse().expect("--rounds takes a number"));
    let taken: Vec<&String> = [after("--rounds"), after("--repo")].into_iter().flatten().collect();
    let is_taken = |argument: &&String| taken.iter().any(|one| std::ptr::eq(*one, *argument));
    let sizes: Vec<usize> = arguments.iter().filter(|a| !is_taken(a)).filter_map(|a| a.parse().ok()).collect();
    Options { sizes: if sizes.is_empty() { vec![1, 10, 100] } else { sizes }, repository: after("--repo").map(PathBuf::from), rounds }
}

/// Lets the variants take turns and prints their medians.
fn compare(ground: &Ground, template: &Template, size: usize, rounds: usize) {
    let shape = Shape::new(size);
    let mut times = vec![Vec::new(); Variant::ALL.len()];
    let mut processor = vec![0.0; Variant::ALL.len()];
    let mut trees = std::collections::BTreeSet::new();
    for round in 0..rounds {
        for turn in 0..Variant::ALL.len() {
            let at = (round + turn) % Variant::ALL.len();
            let place = ground.copy_of(template);
            let (wall, used) = Variant::ALL[at].run(ground, &place, shape);
            times[at].push(wall.as_secs_f64() * 1e3);
            processor[at] += used.as_secs_f64() * 1e3 / rounds as f64;
            trees.insert(ground.git(&place.repository, &["rev-parse", "orc/bench^{tree}"]));
        }
    }
    assert_eq!(trees.len(), 1, "the variants made different trees: {trees:?}");
    let script = median(&mut times[0]);
    for ((variant, times), used) in Variant::ALL.iter().zip(&mut times).zip(&processor) {
        let middle = median(times);
        let range = format!("({:.0} to {:.0})", times[0], times[times.len() - 1]);
        let (ratio, used_ratio) = (middle / script, used / processor[0]);
        print!("{:10} {:6} {size:5} {:17} {middle:11.1} {range:>19} {ratio:7.3}", template.name, template.files, variant.name());
        println!(" {used:12.0} {used_ratio:7.3}");
    }
}

/// Sorts and returns the middle.
fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
