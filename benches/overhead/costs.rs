//! Where git-orc's time goes.

use std::time::Instant;

use crate::driver;
use crate::ground::{Ground, Template};
use crate::plan::Shape;

/// Runs once with a clock on the parts and prints them, the dearest first.
pub(crate) fn print(ground: &Ground, template: &Template, shape: Shape) {
    let place = ground.copy_of(template);
    let file = place.beside("plan.yaml");
    std::fs::write(&file, shape.plan()).expect("the plan is written");
    let mut command = driver::timed_command(ground, &place, "full");
    let start = Instant::now();
    let output = command.arg(&file).output().expect("the process starts");
    let whole = start.elapsed();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut parts: Vec<(&str, usize, f64)> = text.lines().filter_map(part).collect();
    parts.sort_by(|a, b| b.2.total_cmp(&a.2));
    let (name, workstreams, whole) = (template.name, shape.workstreams, whole.as_secs_f64() * 1e3);
    println!("\n{name}, N = {workstreams}, full: {whole:.1} ms. Parts run side by side and contain each other:");
    println!("  {:28} {:>6} {:>10} {:>10}", "part", "times", "sum", "each");
    for (part, count, sum) in parts {
        println!("  {part:28} {count:6} {sum:10.2} {:10.3}", sum / count as f64);
    }
}

fn part(line: &str) -> Option<(&str, usize, f64)> {
    let mut fields = line.split('\t');
    let (name, count, micros) = (fields.next()?, fields.next()?.parse().ok()?, fields.next()?.parse::<f64>().ok()?);
    Some((name, count, micros / 1e3))
}
