//! Shows on small sources that every rule finds what it is for, and nothing else.

use super::house::{House, Offence};
use super::{imports, shapes};

/// Checks the offences of a rule on a house that has the given files besides a root that declares them.
///
/// A house is written as `path: text` sources; what is expected as `path:line` and a part of the message.
fn check(rule: fn(&House) -> Vec<Offence>, files: &[(&str, &str)], expected: &[(&str, &str)]) {
    let offences = rule(&House::from_texts(files));
    let places: Vec<String> = offences.iter().map(|o| format!("{}:{}", o.path, o.line)).collect();
    let wanted: Vec<&str> = expected.iter().map(|(place, _)| *place).collect();
    assert_eq!(places, wanted, "in {files:#?}\nfound {offences:#?}");
    for (offence, (_, part)) in offences.iter().zip(expected) {
        assert!(offence.message.contains(part), "`{}` does not say `{part}`", offence.message);
    }
}

/// Checks a rule on one file of the given path.
fn check_one(rule: fn(&House) -> Vec<Offence>, path: &str, text: &str, expected: &[(&str, &str)]) {
    check(rule, &[(path, text)], expected);
}

#[test]
fn an_import_to_the_right_is_reported() {
    let rule = imports::wrong_way;
    let at = "src/domain/plan/parse.rs";
    check_one(rule, at, "\nuse crate::io::fs;", &[("src/domain/plan/parse.rs:2", "domain must not name crate::io::fs")]);
    check_one(rule, at, "use crate::{domain::id, io::{self, git::repo}};", &[(&format!("{at}:1"), "io"), (&format!("{at}:1"), "io::git")]);
    check_one(rule, at, "fn f() {\n  crate::engine::run();\n}", &[(&format!("{at}:2"), "engine")]);
    check_one(rule, at, "fn f(x: super::super::super::cli::Ui) {}", &[(&format!("{at}:1"), "crate::cli::Ui")]);
    check_one(rule, at, "fn f() { assert!(true,\n crate::ops::x()); }", &[(&format!("{at}:2"), "crate::ops::x")]);
    check_one(rule, at, "#[serde(with = \"crate::io::text\")]\nstruct S;", &[(&format!("{at}:1"), "crate::io::text")]);
    check_one(rule, at, "macro_rules! m { () => { crate::io::x() } }", &[(&format!("{at}:1"), "crate::io::x")]);
    check_one(rule, "src/io/git/repo.rs", "use crate::io as own;\nuse crate::domain::id;\nfn f() { own::fs::read(id::X) }", &[]);
    check_one(rule, "src/io/x.rs", "//! See [`crate::cli`].\n/// Not [`crate::ops::run`].\npub(crate) fn f() {}", &[]);
    check_one(rule, "src/cli/ui.rs", "use crate::{domain, io, engine, ops};", &[]);
    check_one(rule, "src/io/x.rs", "#[cfg(test)] mod tests { use crate::ops::x; }", &[("src/io/x.rs:1", "io must not name")]);
}

#[test]
fn the_roots_and_unknown_floors_are_judged() {
    let rule = imports::wrong_way;
    check_one(rule, "src/main.rs", "fn main() { git_orc::cli::main() }", &[]);
    check_one(rule, "src/main.rs", "use git_orc::ops::run;\nfn main() {}", &[("src/main.rs:1", "must not name crate::ops::run")]);
    check_one(rule, "src/lib.rs", "pub mod io;\npub use crate::io::fs;", &[("src/lib.rs:2", "crate::io::fs")]);
    check_one(rule, "src/shed/x.rs", "", &[("src/shed/x.rs:1", "`shed` is no floor")]);
    check_one(rule, "src/cli/x.rs", "use crate::Thing;", &[("src/cli/x.rs:1", "on no floor")]);
    check_one(rule, "tests/it/x.rs", "use git_orc::ops::run;", &[]);
}

#[test]
fn a_cycle_is_found_and_named() {
    let rule = imports::cycles;
    let a = ("src/io/a.rs", "use std::fmt;\nuse super::b::B;");
    check(rule, &[a, ("src/io/b.rs", "use crate::domain::id;")], &[]);
    check(rule, &[a, ("src/io/b.rs", "fn f() { super::a::x() }")], &[("src/io/a.rs:2", "src/io/b.rs:1 imports io::a")]);
    let three = [a, ("src/io/b.rs", "use super::c;"), ("src/io/c.rs", "use crate::io::a::A;")];
    check(
        rule,
        &three,
        &[("src/io/a.rs:2", "cycle of 3 files: src/io/a.rs:2 imports io::b, src/io/b.rs:1 imports io::c, src/io/c.rs:1 imports io::a")],
    );
}

#[test]
fn parents_and_children_are_files_like_others() {
    let rule = imports::cycles;
    let parent = "pub mod child;\npub mod other;\npub use child::Child;";
    let other = ("src/io/git/other.rs", "");
    check(rule, &[("src/io/git/mod.rs", parent), ("src/io/git/child.rs", "use super::other::X;"), other], &[]);
    check(
        rule,
        &[("src/io/git/mod.rs", parent), ("src/io/git/child.rs", "use super::Error;"), other],
        &[("src/io/git/child.rs:1", "import cycle of 2 files")],
    );
    let through = "pub mod child;\nfn f() { child::x() }";
    check(
        rule,
        &[("src/io/git/mod.rs", through), ("src/io/git/child.rs", "use crate::io::git;\nfn g() { git::f() }")],
        &[("src/io/git/child.rs:1", "2 files")],
    );
    let visible = "pub(in crate::io::git) fn x() {}\npub(super) fn y() {}";
    check(rule, &[("src/io/git/mod.rs", through), ("src/io/git/child.rs", visible)], &[]);
    let tested = "pub fn x() {}\n#[cfg(test)]\nmod tests { use super::super::f; }";
    check(rule, &[("src/io/git/mod.rs", through), ("src/io/git/child.rs", tested)], &[]);
}

#[test]
fn the_world_is_noticed_in_the_domain() {
    let rule = imports::impure;
    let at = "src/domain/run/state.rs";
    let place = "src/domain/run/state.rs:1";
    for text in [
        "use std::fs;",
        "use std::{collections::BTreeMap, env};",
        "fn f() { std::process::id(); }",
        "use std::time::Instant;",
        "use std::time; fn f(t: time::SystemTime) {}",
        "use tokio as t;",
        "fn f(r: &git2::Repository) {}",
        "fn f() { tracing::info!(\"x\") }",
        "fn f() { vec![rand::random::<u8>()]; }",
        "use ::rand::random;",
        "mod git2 {} fn f(r: ::git2::Repository) {}",
        "fn f() { assert!(0..::std::env::args().len() > x) }",
        "fn f() { jiff::Timestamp::now(); }",
        "use ulid::Ulid; fn f() { Ulid::generate(); }",
    ] {
        let found = rule(&House::from_texts(&[(at, text)]));
        assert!(found.iter().any(|o| format!("{}:{}", o.path, o.line) == place), "nothing found in `{text}`");
    }
    check_one(
        rule,
        at,
        "use std::time::Duration; use jiff::Timestamp; mod rand { pub fn x() {} } fn g() { rand::x() } use ulid::Ulid; fn f(fs: u8, env: Ulid) -> u8 { fs }",
        &[],
    );
    check_one(rule, at, "#[cfg(test)] mod tests { use std::fs; }", &[]);
    check_one(rule, "src/io/fs.rs", "use std::fs;", &[]);
    let tests_file =
        [("src/lib.rs", "pub mod domain;"), ("src/domain/mod.rs", "#[cfg(test)] mod tests;"), ("src/domain/tests.rs", "use std::fs;")];
    check(rule, &tests_file, &[]);
}

#[test]
fn doors_are_kept() {
    let rule = imports::past_the_doors;
    check_one(rule, "src/io/git/repo.rs", "use git2::Repository;", &[]);
    check_one(rule, "src/io/worktree.rs", "use git2::Repository;", &[("src/io/worktree.rs:1", "io/git only")]);
    check_one(rule, "src/ops/run.rs", "async fn f() { tokio::time::sleep(d).await }", &[("src/ops/run.rs:1", "tokio")]);
    check_one(rule, "src/engine/executor.rs", "use tokio::sync::mpsc;", &[]);
    check_one(rule, "src/io/process/spawn.rs", "use tokio::process::Command; fn f() { Command::new(\"x\"); }", &[]);
    check_one(rule, "src/io/fs.rs", "use std::process::Command;\nfn f() { Command::new(\"x\"); }", &[("src/io/fs.rs:2", "spawn.rs")]);
    check_one(rule, "src/io/fs.rs", "use std::process;\nfn f() { process::Command::new(\"x\"); }", &[("src/io/fs.rs:2", "spawn.rs")]);
    check_one(rule, "src/main.rs", "fn main() { std::process::exit(git_orc::cli::main()) }", &[]);
    check_one(
        rule,
        "src/cli/mod.rs",
        "use std::process::exit;\nfn f() { exit(1) }",
        &[("src/cli/mod.rs:1", "main.rs"), ("src/cli/mod.rs:2", "main.rs")],
    );
    check_one(rule, "src/cli/view.rs", "fn f() { std::io::stdout(); }", &[("src/cli/view.rs:1", "ui.rs prints")]);
    check_one(rule, "src/ops/run.rs", "#[derive(clap::Args)]\nstruct S;", &[("src/ops/run.rs:1", "terminals")]);
    check_one(rule, "src/domain/run/state.rs", "use petgraph::Graph;", &[("src/domain/run/state.rs:1", "petgraph")]);
    check_one(rule, "src/io/fs.rs", "#[cfg(test)] mod tests { fn f() { std::process::Command::new(\"git\"); } }", &[]);
}

#[test]
fn printing_is_noticed() {
    let rule = imports::stray_prints;
    check_one(rule, "src/cli/ui.rs", "fn f() { println!(\"x\") }", &[]);
    check_one(rule, "src/ops/run.rs", "fn f() {\n println!(\"x\") }", &[("src/ops/run.rs:2", "println!")]);
    check_one(rule, "src/cli/view.rs", "use anstream::eprintln;\nfn f() { eprintln!() }", &[("src/cli/view.rs:2", "anstream::eprintln!")]);
    check_one(rule, "src/cli/view.rs", "macro_rules! m { () => { print!(\"x\") } }", &[("src/cli/view.rs:1", "print!")]);
    check_one(rule, "src/cli/view.rs", "fn f(print: bool) -> bool { print != true }", &[]);
}

#[test]
fn globs_are_noticed() {
    let rule = imports::globs;
    check_one(rule, "src/io/x.rs", "use super::*;", &[("src/io/x.rs:1", "crate::io::*")]);
    check_one(rule, "src/io/x.rs", "use crate::domain::id::{self, *};", &[("src/io/x.rs:1", "crate::domain::id::*")]);
    check_one(rule, "src/io/x.rs", "use crate::domain::level::Level::*;", &[]);
    check_one(rule, "src/io/x.rs", "#[cfg(test)]\nmod tests { use super::*; }", &[]);
}

#[test]
fn code_lines_are_counted() {
    let count = |text: &str| shapes::sizes(&House::from_texts(&[("src/io/x.rs", text)]))[0].0;
    assert_eq!(count("//! Head.\n\n/// Doc.\n// Why.\nfn f() {\n\n    g(); // why\n    /* block\n comment */\n}\n"), 3);
    assert_eq!(count("const T: &str = \"a\n\nb\";\n"), 3, "the lines of a text are code");
    assert_eq!(count("fn f() {}\n\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn g() {}\n}\n"), 1);
    assert_eq!(count("#[derive(Debug)]\nstruct S;\n"), 2);
    let long: String = (0..=shapes::MOST_LINES).map(|i| format!("const C{i}: u8 = 0;\n")).collect();
    check_one(shapes::oversized, "src/io/x.rs", &long, &[("src/io/x.rs:1", "401 code lines")]);
}

#[test]
fn heads_and_names_are_judged() {
    check_one(shapes::headless, "src/io/x.rs", "//! Reads and writes files.", &[]);
    check_one(shapes::headless, "src/io/x.rs", "// Reads and writes files.", &[("src/io/x.rs:1", "head")]);
    check_one(shapes::headless, "src/io/x.rs", "//! X.", &[("src/io/x.rs:1", "head")]);
    check_one(shapes::banned_names, "src/io/git_utils.rs", "", &[("src/io/git_utils.rs:1", "`utils` is banned")]);
    check_one(shapes::banned_names, "src/io/common/x.rs", "", &[("src/io/common/x.rs:1", "`common`")]);
    check_one(shapes::banned_names, "src/io/x.rs", "\nmod helpers {}", &[("src/io/x.rs:2", "`helpers`")]);
    check_one(shapes::banned_names, "src/domain/finding/junit.rs", "fn f() {}", &[]);
    check_one(shapes::banned_names, "src/io/x.rs", "impl X { fn get_it(&self) {} }", &[("src/io/x.rs:1", "`get_it`")]);
}

#[test]
fn forgotten_modules_are_found() {
    let rule = |house: &House| house.misplaced.clone();
    let root = ("src/lib.rs", "pub mod io;");
    let parent = ("src/io/mod.rs", "pub mod fs;\nmod inner { mod deep; }");
    let rest = [("src/io/fs.rs", "mod parts;"), ("src/io/fs/parts.rs", ""), ("src/io/inner/deep.rs", "")];
    check(rule, &[&[root, parent], rest.as_slice()].concat(), &[]);
    check(rule, &[&[root, parent, ("src/io/lost.rs", "")], rest.as_slice()].concat(), &[("src/io/lost.rs:1", "no `mod` reaches")]);
    check(rule, &[root, ("src/io/mod.rs", "pub mod fs;")], &[("src/io/mod.rs:1", "src/io/fs.rs or src/io/fs/mod.rs")]);
    let hidden = ("src/io/mod.rs", "#[path = \"fs.rs\"]\nmod fs;");
    check(rule, &[root, hidden, ("src/io/fs.rs", "")], &[("src/io/mod.rs:2", "#[path]")]);
}

#[test]
fn signatures_are_judged() {
    let rule = shapes::signatures;
    let at = "src/io/x.rs";
    check_one(rule, at, "fn f(a: u8, b: u8, c: u8, d: u8, e: u8) {}", &[]);
    check_one(rule, at, "struct S;\nimpl S { fn f(&self, a: u8, b: u8, c: u8, d: u8, e: u8) {} }", &[("src/io/x.rs:2", "6 parameters")]);
    check_one(rule, at, "trait T {\nfn f(&self, force: bool); }", &[("src/io/x.rs:2", "bool parameter")]);
    check_one(rule, at, "fn f(force: &bool) {}", &[("src/io/x.rs:1", "bool parameter")]);
    check_one(rule, at, "impl Visitor for S { fn visit_bool(self, v: bool) {} }", &[]);
    check_one(rule, at, "#[cfg(test)] mod tests { fn f(force: bool) {} }", &[]);
}

#[test]
fn attributes_are_judged() {
    let rule = shapes::loose_formats;
    let flat = "struct S {\n #[serde(default, flatten)]\n x: X }";
    check_one(rule, "src/domain/ledger/entry.rs", flat, &[("src/domain/ledger/entry.rs:2", "flatten")]);
    check_one(rule, "src/domain/run/event.rs", "#[cfg_attr(x, serde(untagged))]\nenum E {}", &[("src/domain/run/event.rs:1", "untagged")]);
    check_one(rule, "src/domain/plan/raw.rs", flat, &[]);
    check_one(rule, "src/domain/run/event.rs", "#[serde(tag = \"kind\")]\nenum E { A { flatten: u8 } }", &[]);
    let rule = shapes::silent_exceptions;
    check_one(rule, "src/io/x.rs", "#![allow(dead_code)]", &[("src/io/x.rs:1", "`allow`")]);
    check_one(rule, "src/io/x.rs", "#[expect(dead_code)]\nfn f() {}", &[("src/io/x.rs:1", "without a reason")]);
    check_one(rule, "src/io/x.rs", "#[expect(dead_code, reason = \"x\")]\nfn f() {}", &[]);
}
