//! Makefiles and justfiles: their targets stand in where no ecosystem has a command of its own.

use crate::domain::survey::report::{Group, Survey};
use crate::domain::survey::tree::Tree;

/// Targets that are proposed, and for what.
const TARGETS: [(&str, Group); 4] = [("build", Group::Build), ("lint", Group::Static), ("check", Group::Static), ("test", Group::Runtime)];

/// Looks for targets.
pub(super) fn look(tree: &Tree, out: &mut Survey) {
    let make = tree.first_text(&["GNUmakefile", "makefile", "Makefile"]);
    let just = tree.first_text(&["justfile", "Justfile", ".justfile"]);
    let runners = [("make", make), ("just", just)];
    for (group, targets) in Group::ALL.map(|group| (group, TARGETS.iter().filter(move |(_, of)| *of == group))) {
        let has_own = out.has(group);
        let mut is_taken = has_own;
        for (target, _) in targets {
            for (program, file) in runners.into_iter().filter_map(|(program, file)| Some((program, file?))) {
                let (name, text) = file;
                if !text.lines().any(|line| is_target(line, target)) {
                    continue;
                }
                if is_taken {
                    out.hint(name, format!("has a target `{target}`: `{program} {target}`"));
                } else {
                    out.propose(group, &[program, target], (name, &format!("has a target `{target}`")));
                    is_taken = true;
                }
            }
        }
    }
}

/// Returns whether a line starts a target without parameters.
fn is_target(line: &str, target: &str) -> bool {
    let rest = line.strip_prefix('@').unwrap_or(line).strip_prefix(target);
    rest.map(str::trim_start).is_some_and(|rest| rest.starts_with(':') && !rest.starts_with(":=") && !rest.starts_with("::="))
}
