//! The rules of the house, read off the source text: floors, cycles, doors, purity, size, names. `docs/architecture.md` names them.
//!
//! Each rule is a function from the parsed tree to offences; [`selftest`] shows on small sources that every rule finds what it is for.

#![expect(clippy::wildcard_enum_match_arm, reason = "the enums of syn are foreign and grow")]

mod house;
mod imports;
mod references;
mod selftest;
mod shapes;

use house::{House, Offence};

/// Fails with every offence on its own line.
fn assert_none(rule: &str, offences: &[Offence]) {
    let lines: Vec<String> = offences.iter().map(ToString::to_string).collect();
    assert!(offences.is_empty(), "{} against \"{rule}\":\n{}\n", offences.len(), lines.join("\n"));
}

#[test]
fn a_module_names_its_own_floor_and_those_to_its_left() {
    assert_none("domain <- io <- engine <- ops <- cli", &imports::wrong_way(&House::load()));
}

#[test]
fn no_files_import_each_other() {
    assert_none("no import cycle", &imports::cycles(&House::load()));
}

#[test]
fn the_domain_is_pure() {
    assert_none("the domain reaches neither world nor time nor chance", &imports::impure(&House::load()));
}

#[test]
fn every_dangerous_thing_has_one_door() {
    assert_none("libgit2, tokio, processes, exit and the terminal each have one place", &imports::past_the_doors(&House::load()));
}

#[test]
fn only_the_ui_prints() {
    assert_none("only cli/ui.rs prints", &imports::stray_prints(&House::load()));
}

#[test]
fn imports_are_named() {
    assert_none("no glob of our own modules outside tests", &imports::globs(&House::load()));
}

#[test]
fn files_stay_small() {
    let house = House::load();
    assert_none("a room stays a room", &shapes::oversized(&house));
    let sizes = shapes::sizes(&house);
    let (p90, at) = &sizes[(sizes.len() * 9).div_ceil(10) - 1];
    let (largest, file) = &sizes[sizes.len() - 1];
    println!("{} files, code lines: p90 {p90}, largest {largest} ({})", sizes.len(), file.path);
    assert!(*p90 <= shapes::MOST_LINES_P90, "p90 is {p90} code lines ({}), more than {}", at.path, shapes::MOST_LINES_P90);
}

#[test]
fn every_file_says_what_it_is_for() {
    assert_none("a `//!` head in every file", &shapes::headless(&House::load()));
}

#[test]
fn names_mean_something() {
    assert_none("no empty names", &shapes::banned_names(&House::load()));
}

#[test]
fn every_file_is_compiled() {
    assert_none("no forgotten module", &House::load().misplaced);
}

#[test]
fn stored_formats_are_strict() {
    assert_none("no serde(flatten), no serde(untagged) in what the ledger stores", &shapes::loose_formats(&House::load()));
}

#[test]
fn signatures_are_short() {
    assert_none("at most five parameters, none of them bool", &shapes::signatures(&House::load()));
}

#[test]
fn exceptions_have_reasons() {
    assert_none("`expect` with a reason, never `allow`", &shapes::silent_exceptions(&House::load()));
}
