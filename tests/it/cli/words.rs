//! What can be typed, and what is refused.

use std::path::PathBuf;

use clap::Parser;
use git_orc::cli::args::root::{Command, Root};
use git_orc::cli::args::status::Porcelain;
use git_orc::cli::ui::{Loudness, Paging};
use git_orc::cli::view::graph::GraphFormat;

fn parse(line: &str) -> Result<Root, clap::Error> {
    Root::try_parse_from(std::iter::once("git-orc").chain(line.split_whitespace()))
}

#[test]
fn what_is_refused_is_a_misuse() {
    for line in [
        "",
        "nonsense",
        "run",
        "run a b",
        "run a --max-workers 0",
        "run a --max-workers many",
        "run a --progress loud",
        "run a --durability none",
        "validate",
        "plan",
        "plan show",
        "graph",
        "graph a --run b",
        "graph a --format png",
        "status --json --porcelain",
        "status -z",
        "status --porcelain=v2",
        "log --json -p",
        "log -n -1",
        "list x",
        "-q -v list",
        "--color sometimes list",
    ] {
        let error = parse(line).err().unwrap_or_else(|| panic!("`{line}` was accepted"));
        assert!(error.use_stderr(), "`{line}`");
    }
    for line in ["-h", "--help", "help run", "run --help", "--version", "plan show -h"] {
        assert!(!parse(line).unwrap_err().use_stderr(), "`{line}`");
    }
}

#[test]
fn options_stand_before_and_behind_the_command() {
    for line in ["-C over/there --no-pager -q log -n 3", "log -n 3 -C over/there --no-pager -q"] {
        let root = parse(line).unwrap();
        let options = root.globals.ui_options();
        assert_eq!((options.loudness, options.paging), (Loudness::Quiet, Paging::Off));
        assert_eq!(root.globals.directory, Some(PathBuf::from("over/there")));
        let Command::Log(log) = root.command else { panic!("{line}") };
        assert_eq!((log.max_count, log.about, log.json), (Some(3), None, false));
    }
}

#[test]
fn the_porcelain_is_asked_for_with_and_without_a_version() {
    let porcelain = |line: &str| {
        let Command::Status(status) = parse(line).unwrap().command else { panic!("{line}") };
        (status.porcelain, status.nul, status.run)
    };
    assert_eq!(porcelain("status"), (None, false, None));
    assert_eq!(porcelain("status --porcelain"), (Some(Porcelain::V1), false, None));
    assert_eq!(porcelain("status --porcelain tour"), (Some(Porcelain::V1), false, Some("tour".to_owned())));
    assert_eq!(porcelain("status --porcelain=v1 -z tour"), (Some(Porcelain::V1), true, Some("tour".to_owned())));
}

#[test]
fn flags_of_a_run_become_settings() {
    let root = parse("run plan.yaml --max-workers 7 --dry-run --durability relaxed").unwrap();
    let flags = root.command.flags();
    assert_eq!(
        flags.max_workers.as_ref().map(|setting| (setting.value, setting.origin.to_string())),
        Some((7, "flag (--max-workers)".into()))
    );
    assert!(flags.dry_run.is_some_and(|setting| setting.value) && flags.durability.is_some());
    let plain = parse("run plan.yaml").unwrap().command.flags();
    assert!(plain.max_workers.is_none() && plain.dry_run.is_none() && plain.durability.is_none());
}

#[test]
fn graphs_have_five_forms() {
    for (word, format) in [
        ("term", GraphFormat::Term),
        ("dot", GraphFormat::Dot),
        ("mermaid", GraphFormat::Mermaid),
        ("svg", GraphFormat::Svg),
        ("json", GraphFormat::Json),
    ] {
        let Command::Graph(graph) = parse(&format!("graph p.yaml --format {word} -o out")).unwrap().command else { panic!("{word}") };
        assert_eq!((graph.format, graph.output), (format, Some(PathBuf::from("out"))));
    }
}
