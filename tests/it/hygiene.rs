//! The tidiness of the repository itself: what lies at the top, what the texts may say, whether links, fixtures and commands lead somewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;
use regex::Regex;

use crate::harness::TestEnvironment;

/// A file of the project, as a stranger gets it.
struct ProjectFile {
    /// The path below the top, with `/`.
    path: String,
    /// The content; `None` when it is not text.
    text: Option<String>,
}

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns every file that git does not ignore.
fn project_files() -> Vec<ProjectFile> {
    let walk = WalkBuilder::new(top()).hidden(false).require_git(false).filter_entry(|e| e.file_name() != ".git").build();
    let mut files = Vec::new();
    for entry in walk {
        let entry = entry.unwrap();
        if entry.file_type().is_some_and(|kind| kind.is_file()) {
            let bytes = std::fs::read(entry.path()).unwrap();
            let text = String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'));
            files.push(ProjectFile { path: entry.path().strip_prefix(top()).unwrap().to_str().unwrap().to_owned(), text });
        }
    }
    assert!(files.iter().any(|f| f.path == "Cargo.toml"), "the walk found no project");
    files
}

/// Returns `path:line: what` for every match in the texts that `wanted` accepts.
fn matches_in(files: &[ProjectFile], pattern: &Regex, wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for file in files.iter().filter(|f| wanted(&f.path)) {
        for (number, line) in file.text.as_deref().unwrap_or_default().lines().enumerate() {
            if let Some(hit) = pattern.find(line) {
                found.push(format!("{}:{}: `{}` in `{}`", file.path, number + 1, hit.as_str().trim(), line.trim()));
            }
        }
    }
    found
}

fn assert_none(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{what}:\n{}\n", found.join("\n"));
}

/// Matches absolute paths that exist only where somebody worked on the project. The words are put together here, so that this file has none.
fn machine_paths() -> Regex {
    let mut places: Vec<String> = ["work", "farm", "root"].map(|name| format!("/{name}/")).to_vec();
    places.extend(["tmp/w", "home/[a-z]+"].map(|name| format!("/{name}/")));
    let pages = ["DESIGN", "STYLE", "BRIEF"].map(|name| format!(r"\b{name}\.md\b")).join("|");
    Regex::new(&format!(r#"(?:^|[\s"'`(<=:,\[])(?:{})|{pages}"#, places.join("|"))).unwrap()
}

#[test]
fn machine_paths_are_recognised() {
    let pattern = machine_paths();
    for place in ["work/main", "farm/x", "root/.cargo", "tmp/w/house", "home/ada/x"] {
        assert!(pattern.is_match(&format!("see `/{place}`")), "{place}");
    }
    assert!(!pattern.is_match("the house/work/tree, crate::root/x and $HOME/.config"));
}

#[test]
fn no_file_names_a_machine() {
    // Recorded output of real programs holds the paths of where it was recorded.
    let wanted = |path: &str| !path.starts_with("fixtures/outputs/") && !path.starts_with("fixtures/corpora/");
    assert_none("paths of one machine, or pages that do not exist here", &matches_in(&project_files(), &machine_paths(), wanted));
}

#[test]
fn nothing_is_left_for_later() {
    let words = ["TO", "FIX", "X", "HA"].iter().zip(["DO", "ME", "XX", "CK"]).map(|(a, b)| format!("{a}{b}")).collect::<Vec<_>>();
    let pattern = Regex::new(&format!(r"\b(?:{})\b|\b[Ff]or {} ?[,.;)]|\b[Ii]ssue #?\d+\b", words.join("|"), "now")).unwrap();
    assert!(pattern.is_match(&format!("// {}: later", words[0])));
    let wanted = |path: &str| !path.starts_with("fixtures/") && !["Cargo.lock", "config/secrets.toml"].contains(&path);
    assert_none("reminders instead of work", &matches_in(&project_files(), &pattern, wanted));
}

#[test]
fn the_top_level_is_small() {
    let allowed =
        ["Cargo.toml", "Cargo.lock", "README.md", "src", "hooks", "config", "schema", "tests", "fixtures", "fuzz", "docs", "benches"];
    let names: BTreeSet<String> =
        project_files().iter().map(|f| f.path.split('/').next().unwrap().to_owned()).filter(|name| !name.starts_with('.')).collect();
    let odd: Vec<String> = names.into_iter().filter(|name| !allowed.contains(&name.as_str()) && !name.starts_with("LICENSE")).collect();
    assert_none("names that do not belong to the top level", &odd);
}

#[test]
fn every_fixture_is_used() {
    let files = project_files();
    let users: Vec<&str> = files
        .iter()
        .filter(|f| ["src/", "tests/", "benches/", "fixtures/"].iter().any(|folder| f.path.starts_with(folder)))
        .filter_map(|f| f.text.as_deref())
        .collect();
    let is_named = |name: &str| users.iter().any(|text| text.contains(name));
    // A folder that is read as a whole is named with nothing behind it; `fixtures` itself would excuse everything.
    let mut read_as_whole: BTreeMap<PathBuf, bool> = BTreeMap::new();
    let mut is_read_as_folder = |path: &str| {
        let folders = Path::new(path).ancestors().skip(1).filter(|a| a.components().count() > 1);
        let mut is_read = |folder: &Path| {
            let name = folder.to_str().unwrap();
            let is_read = || is_named(&format!("{name}\"")) || is_named(&format!("{name}/\""));
            *read_as_whole.entry(folder.to_owned()).or_insert_with(is_read)
        };
        // The outer ones first: one that is read with all that is in it answers for hundreds.
        folders.collect::<Vec<_>>().into_iter().rev().any(&mut is_read)
    };
    let fixtures = files.iter().map(|f| &f.path).filter(|path| path.starts_with("fixtures/"));
    let unused: Vec<String> = fixtures
        .filter(|path| !is_read_as_folder(path))
        .filter(|path| !is_named(path.strip_prefix("fixtures/").unwrap()))
        .filter(|path| !is_named(&format!("\"{}\"", path.rsplit('/').next().unwrap())))
        .cloned()
        .collect();
    assert_none("fixtures that nothing reads", &unused);
}

/// Returns the documents: the README and everything below `docs`.
fn documents(files: &[ProjectFile]) -> impl Iterator<Item = (&str, &str)> {
    let is_document = |path: &str| path.ends_with(".md") && (path.starts_with("docs/") || !path.contains('/'));
    files.iter().filter(move |f| is_document(&f.path)).filter_map(|f| Some((f.path.as_str(), f.text.as_deref()?)))
}

/// Returns the anchors of a document's headings, as hosting sites make them.
fn anchors(text: &str) -> BTreeSet<String> {
    let keep = |c: char| (c.is_alphanumeric() || matches!(c, ' ' | '-' | '_')).then_some(if c == ' ' { '-' } else { c });
    let headings = text.lines().filter_map(|line| line.strip_prefix('#')).map(|line| line.trim_start_matches('#').trim());
    headings.map(|heading| heading.to_lowercase().chars().filter_map(keep).collect()).collect()
}

#[test]
fn links_lead_somewhere() {
    let files = project_files();
    let pattern = Regex::new(r"\]\(([^)\s#]*)(?:#([^)\s]+))?\)").unwrap();
    let mut broken = Vec::new();
    let mut seen = 0;
    for (path, text) in documents(&files) {
        for link in pattern.captures_iter(text).filter(|link| !link[1].contains(':')) {
            seen += 1;
            let folder = top().join(path).parent().unwrap().to_owned();
            let target: PathBuf = if link[1].is_empty() { top().join(path) } else { folder.join(&link[1]) };
            let is_found = match link.get(2) {
                None => target.exists(),
                Some(anchor) => std::fs::read_to_string(&target).is_ok_and(|text| anchors(&text).contains(anchor.as_str())),
            };
            if !is_found {
                broken.push(format!("{path}: {}", &link[0]));
            }
        }
    }
    assert!(seen > 0, "no link was found at all");
    assert_none("links that lead nowhere", &broken);
}

#[test]
fn tests_and_files_named_in_documents_exist() {
    let files = project_files();
    let pattern = Regex::new(r"`((?:src|tests|docs|config|fixtures|schema|hooks|benches|\.ci|\.config)/[\w./-]*)(?:::(\w+))?`").unwrap();
    let mut missing = Vec::new();
    let mut seen = 0;
    for (path, text) in documents(&files) {
        for named in pattern.captures_iter(text) {
            seen += 1;
            let target = top().join(&named[1]);
            let is_found = match named.get(2) {
                None => target.exists(),
                Some(test) => std::fs::read_to_string(&target).is_ok_and(|code| code.contains(&format!("fn {}(", test.as_str()))),
            };
            if !is_found {
                missing.push(format!("{path}: {}", &named[0]));
            }
        }
    }
    assert!(seen > 0, "no file was named at all");
    assert_none("files and tests that documents name and that do not exist", &missing);
}

#[test]
fn the_commands_in_documents_exist() {
    let environment = TestEnvironment::new();
    let exists = |verb: &str| environment.run("git-orc", &[verb, "--help"]).status.success();
    assert!(!exists("no-such-command"), "every word is a command");
    let pattern = Regex::new(r"(?:\bgit orc|cargo run --release --) ([a-z][a-z-]*)").unwrap();
    let files = project_files();
    let named: BTreeSet<(&str, &str)> =
        documents(&files).flat_map(|(path, text)| pattern.captures_iter(text).map(move |c| (path, c.get(1).unwrap().as_str()))).collect();
    assert!(named.iter().any(|(path, verb)| *path == "README.md" && *verb == "run"));
    let missing: Vec<String> =
        named.iter().filter(|(_, verb)| !exists(verb)).map(|(path, verb)| format!("{path}: git orc {verb}")).collect();
    assert_none("commands that do not exist", &missing);
}

/// Returns the packages of a lock file: `name version`, each with what it depends on.
fn locked(text: &str) -> BTreeMap<String, String> {
    let value = |package: &str, key: &str| {
        let line = package.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "));
        line.unwrap_or_default().trim_matches('"').to_owned()
    };
    let of = |package: &str| {
        let needs = package.split_once("dependencies = [").map_or("", |(_, rest)| rest.split(']').next().unwrap_or_default());
        (format!("{} {}", value(package, "name"), value(package, "version")), needs.to_owned())
    };
    text.split("[[package]]").skip(1).map(of).collect()
}

#[test]
fn fuzz_targets_are_built_from_what_the_program_is_built_from() {
    let own = locked(include_str!("../../Cargo.lock"));
    let fuzz = locked(include_str!("../../fuzz/Cargo.lock"));
    let manifest: toml::Table = include_str!("../../Cargo.toml").parse().unwrap();
    let needed = manifest["dependencies"].as_table().unwrap().iter();
    let needed = needed.map(|(key, value)| value.get("package").and_then(toml::Value::as_str).unwrap_or(key));
    let by_fuzz = &fuzz[&format!("git-orc {}", env!("CARGO_PKG_VERSION"))];
    let missing: Vec<&str> = needed.filter(|name| !by_fuzz.contains(&format!("\"{name}"))).collect();
    assert!(missing.is_empty(), "`fuzz/Cargo.lock` does not know {missing:?}");
    let names: BTreeSet<&str> = own.keys().filter_map(|package| package.split(' ').next()).collect();
    let is_other = |package: &&String| names.contains(package.split(' ').next().unwrap_or_default()) && !own.contains_key(*package);
    let others: Vec<&String> = fuzz.keys().filter(is_other).collect();
    assert!(others.is_empty(), "`cargo update --workspace` in `fuzz` after its Cargo.lock was copied from the top: {others:?}");
}
