//! The rules about who may name whom: floors, cycles, doors, globs.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use petgraph::algo::tarjan_scc;
use petgraph::graph::DiGraph;

use super::house::{Crate, House, Offence, SourceFile};
use super::references::{Manner, Reference, references};

/// The floors from left to right; a module names its own and those to its left.
pub(crate) const FLOORS: [&str; 5] = ["domain", "io", "engine", "ops", "cli"];

/// Returns the references that point to a floor further right, or past the floors.
pub(crate) fn wrong_way(house: &House) -> Vec<Offence> {
    let mut offences = Vec::new();
    let rank = |floor: &str| FLOORS.iter().position(|f| *f == floor);
    for file in house.files.iter().filter(|f| f.owner != Crate::Tests) {
        let Some(floor) = file.floor() else {
            offences.extend(past_the_entry(house, file));
            continue;
        };
        let Some(own) = rank(floor) else {
            offences.push(file.offence(1, format!("`{floor}` is no floor; the floors are {}", FLOORS.join(", "))));
            continue;
        };
        for reference in references(house, file).iter().filter(|r| r.starts_with(&["crate"]) && r.manner != Manner::Macro) {
            match reference.path.get(1).map(|s| rank(s)) {
                Some(Some(other)) if other <= own => {}
                Some(Some(_)) => offences.push(file.offence(reference.line, format!("{floor} must not name {}", reference.text()))),
                Some(None) | None => {
                    offences.push(file.offence(reference.line, format!("{} lies at the crate root, on no floor", reference.text())));
                }
            }
        }
    }
    offences
}

/// Returns what `main.rs` names of us besides the command line; `lib.rs` names nothing at all.
fn past_the_entry(house: &House, file: &SourceFile) -> Vec<Offence> {
    let refused = |r: &Reference| r.starts_with(&["crate"]) && (file.owner == Crate::Library || r.path.get(1).is_none_or(|s| s != "cli"));
    references(house, file)
        .iter()
        .filter(|r| refused(r))
        .map(|r| file.offence(r.line, format!("{} must not name {}", file.path, r.text())))
        .collect()
}

/// Returns one offence per knot of files that import each other, with the places of the imports of one cycle in it.
pub(crate) fn cycles(house: &House) -> Vec<Offence> {
    let files: Vec<&SourceFile> = house.library().filter(|f| !f.module.is_empty() && !f.test_only).collect();
    let index: BTreeMap<&[String], usize> = files.iter().enumerate().map(|(i, f)| (f.module.as_slice(), i)).collect();
    let mut lines: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for (from, file) in files.iter().enumerate() {
        for reference in references(house, file).iter().filter(|r| !r.in_tests && r.starts_with(&["crate"])) {
            let longest = (1..reference.path.len()).rev().find_map(|n| index.get(&reference.path[1..=n]));
            if let Some(to) = longest.filter(|to| **to != from) {
                lines.entry((from, *to)).or_insert(reference.line);
            }
        }
    }
    let mut graph: DiGraph<(), (), usize> = DiGraph::default();
    let nodes: Vec<_> = files.iter().map(|_| graph.add_node(())).collect();
    for (from, to) in lines.keys() {
        graph.add_edge(nodes[*from], nodes[*to], ());
    }
    let knots = tarjan_scc(&graph).into_iter().filter(|knot| knot.len() > 1);
    knots.map(|knot| describe_knot(&knot.iter().map(|node| node.index()).collect(), &files, &lines)).collect()
}

fn describe_knot(members: &BTreeSet<usize>, files: &[&SourceFile], lines: &BTreeMap<(usize, usize), usize>) -> Offence {
    let start = *members.iter().min_by_key(|m| &files[**m].path).expect("a knot has members");
    let cycle = shortest_cycle(start, members, lines);
    let steps: Vec<String> = cycle
        .windows(2)
        .map(|pair| format!("{}:{} imports {}", files[pair[0]].path, lines[&(pair[0], pair[1])], files[pair[1]].module.join("::")))
        .collect();
    files[start].offence(lines[&(cycle[0], cycle[1])], format!("import cycle of {} files: {}", members.len(), steps.join(", ")))
}

/// Returns the files of a shortest cycle from `start` back to `start`, both included.
fn shortest_cycle(start: usize, members: &BTreeSet<usize>, lines: &BTreeMap<(usize, usize), usize>) -> Vec<usize> {
    let mut open = VecDeque::from([vec![start]]);
    let mut seen = BTreeSet::new();
    while let Some(path) = open.pop_front() {
        let last = path[path.len() - 1];
        for &(_, to) in lines.keys().filter(|(from, to)| *from == last && members.contains(to)) {
            let longer = [path.as_slice(), &[to]].concat();
            if to == start {
                return longer;
            }
            if seen.insert(to) {
                open.push_back(longer);
            }
        }
    }
    unreachable!("every member of a knot reaches itself")
}

/// Something that only few files may name.
struct Door {
    /// The paths that are guarded, each with everything below it.
    guarded: &'static [&'static [&'static str]],
    /// The files and folders that may name them.
    open_to: &'static [&'static str],
    /// What to do instead.
    instead: &'static str,
}

const DOORS: &[Door] = &[
    Door { guarded: &[&["git2"], &["libgit2_sys"]], open_to: &["src/io/git/"], instead: "libgit2 is known to io/git only" },
    Door {
        guarded: &[&["tokio"]],
        open_to: &["src/io/process/", "src/engine/", "src/cli/mod.rs", "src/main.rs"],
        instead: "tokio is known to io/process and the engine, and to the entry that starts the runtime",
    },
    Door {
        guarded: &[&["std", "process", "Command", "new"], &["tokio", "process", "Command", "new"]],
        open_to: &[
            "src/io/process/spawn.rs",
            "src/io/process/supervisor/",
            "src/io/process/pager.rs",
            "src/io/process/passthrough.rs",
            "src/io/process/dialogue.rs",
            "src/io/git/command.rs",
        ],
        instead: "processes start in io/process/{spawn.rs,supervisor/,pager.rs,passthrough.rs,dialogue.rs} and io/git/command.rs only",
    },
    Door { guarded: &[&["std", "process", "exit"]], open_to: &["src/main.rs"], instead: "only main.rs ends the process" },
    Door { guarded: &[&["std", "process", "abort"]], open_to: &[], instead: "nothing aborts the process" },
    Door { guarded: &[&["std", "io", "stdout"], &["std", "io", "stderr"]], open_to: &["src/cli/ui.rs"], instead: "only cli/ui.rs prints" },
    Door {
        guarded: &[&["clap"], &["indicatif"], &["anstream"], &["anstyle"], &["renderdag"]],
        open_to: &["src/cli/", "src/main.rs"],
        instead: "terminals are known to cli only",
    },
    Door { guarded: &[&["ureq"]], open_to: &["src/io/http/"], instead: "connections are opened in io/http only" },
    Door { guarded: &[&["petgraph"]], open_to: &["src/domain/schedule/"], instead: "petgraph stays inside domain/schedule" },
];

/// Returns the references that go past a door.
pub(crate) fn past_the_doors(house: &House) -> Vec<Offence> {
    let mut offences = Vec::new();
    for file in house.files.iter().filter(|f| f.owner != Crate::Tests) {
        for reference in references(house, file).iter().filter(|r| !r.in_tests) {
            let closed = DOORS.iter().find(|door| {
                door.guarded.iter().any(|g| reference.starts_with(g)) && !door.open_to.iter().any(|place| file.path.starts_with(place))
            });
            if let Some(door) = closed {
                offences.push(file.offence(reference.line, format!("names {}: {}", reference.text(), door.instead)));
            }
        }
    }
    offences
}

/// The macros that write to the terminal.
const PRINTING: [&str; 5] = ["print", "println", "eprint", "eprintln", "dbg"];

/// Returns the calls of printing macros outside the one file that prints.
pub(crate) fn stray_prints(house: &House) -> Vec<Offence> {
    let mut offences = Vec::new();
    for file in house.files.iter().filter(|f| f.owner != Crate::Tests && f.path != "src/cli/ui.rs") {
        for reference in references(house, file).iter().filter(|r| r.manner == Manner::Macro && !r.in_tests) {
            if reference.path.last().is_some_and(|name| PRINTING.contains(&name.as_str())) {
                offences.push(file.offence(reference.line, format!("prints with {}!: only cli/ui.rs prints", reference.text())));
            }
        }
    }
    offences
}

/// What reaches the world, or time, or chance.
const IMPURE: &[&[&str]] = &[
    &["std", "fs"],
    &["std", "env"],
    &["std", "net"],
    &["std", "process"],
    &["std", "thread"],
    &["std", "os"],
    &["std", "io", "stdin"],
    &["std", "time", "SystemTime"],
    &["std", "time", "Instant"],
    &["jiff", "Timestamp", "now"],
    &["jiff", "Zoned", "now"],
    &["ulid", "Ulid", "new"],
    &["ulid", "Ulid", "generate"],
    &["ignore", "WalkBuilder"],
    &["ignore", "Walk"],
    &["tokio"],
    &["git2"],
    &["tracing"],
    &["tracing_subscriber"],
    &["rand"],
    &["rustix"],
    &["tempfile"],
    &["which"],
    &["etcetera"],
    &["ureq"],
];

/// Parts of an impure module that are pure: the conversions between bytes and strings of the system.
const PURE: &[&[&str]] = &[&["std", "os", "unix", "ffi"]];

/// Returns what the pure floor names of the world.
pub(crate) fn impure(house: &House) -> Vec<Offence> {
    let mut offences = Vec::new();
    for file in house.library().filter(|f| f.floor() == Some("domain")) {
        for reference in references(house, file).iter().filter(|r| !r.in_tests) {
            if IMPURE.iter().any(|i| reference.starts_with(i)) && !PURE.iter().any(|p| reference.starts_with(p)) {
                offences.push(file.offence(reference.line, format!("domain is pure and must not name {}", reference.text())));
            }
        }
    }
    offences
}

/// Returns the globs that hide what is imported from our own modules, outside tests.
pub(crate) fn globs(house: &House) -> Vec<Offence> {
    let mut offences = Vec::new();
    for file in house.files.iter().filter(|f| f.owner != Crate::Tests) {
        for reference in references(house, file).iter().filter(|r| r.manner == Manner::Glob && !r.in_tests) {
            let is_enum = reference.path.last().is_some_and(|name| name.starts_with(char::is_uppercase));
            if reference.starts_with(&["crate"]) && !is_enum {
                offences.push(file.offence(reference.line, format!("`use {}::*` hides what is imported; name it", reference.text())));
            }
        }
    }
    offences
}
