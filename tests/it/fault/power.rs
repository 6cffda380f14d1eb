//! A loss of power: nothing leads to what is not on the disk, and nothing is acknowledged that is not.

use std::collections::BTreeSet;

use super::stage::{PATCHES, PROGRAMS, Stage};
use super::tracer::{Counted, Deed, trace};
use crate::harness::TestRepo;

/// What is not on the disk yet.
#[derive(Default)]
struct Pending {
    /// Files with a new name, and folders with new names in them.
    paths: BTreeSet<String>,
    /// What was pending when the ledger moved last.
    at_move: BTreeSet<String>,
    /// How often the ledger moved, and how many entries were told of.
    moves: usize,
    told: usize,
}

fn folder_of(path: &str) -> String {
    path.rsplit_once('/').map(|(folder, _)| folder.to_owned()).unwrap_or_default()
}

impl Pending {
    /// Returns what is wrong with a call, given those before it. `beneath` are the files of what each entry speaks of and consists of.
    fn see(&mut self, call: &str, beneath: &[BTreeSet<String>]) -> Vec<String> {
        let (name, path) = call.split_once(' ').unwrap();
        let is_object = path.contains("/objects/") && !path.contains("tmp_obj");
        match name {
            "fsync" => drop(self.paths.remove(path)),
            "link" | "linkat" | "rename" if is_object => self.paths.extend([path.to_owned(), folder_of(path)]),
            "rename" if path.contains("/refs/") => {
                self.paths.insert(folder_of(path));
                if path.ends_with("/refs/orc/ledger") {
                    self.moves += 1;
                    self.at_move.clone_from(&self.paths);
                }
            }
            "write" if path == "standard error" => {
                self.told += 1;
                let entry = self.told;
                let objects = beneath.get(entry - 1).into_iter().flatten();
                let early = objects.flat_map(|file| [file.clone(), folder_of(file)]).filter(|path| self.at_move.contains(path));
                let mut wrong: Vec<String> = early.map(|path| format!("entry {entry} was named before {path} was on the disk")).collect();
                let folder = self.paths.iter().find(|folder| folder.ends_with("/refs/orc"));
                wrong.extend(folder.map(|folder| format!("entry {entry} was told of before {folder} was on the disk")));
                return wrong;
            }
            _ => {}
        }
        Vec::new()
    }
}

fn wrong_order(calls: &[String], beneath: &[BTreeSet<String>]) -> (Vec<String>, Pending) {
    let (mut pending, mut wrong) = (Pending::default(), Vec::new());
    for call in calls {
        wrong.extend(pending.see(call, beneath));
    }
    (wrong, pending)
}

/// Returns the files of each entry of the ledger: its commit, its trees and blobs, and those of the commit that it speaks of.
fn beneath_entries(repo: &TestRepo<'_>) -> Vec<BTreeSet<String>> {
    let objects = repo.git_dir().join("objects");
    let files = |range: &[&str]| -> Vec<String> {
        let list = repo.git(&[&["rev-list", "--objects"], range].concat());
        let ids = list.lines().filter_map(|line| line.split(' ').next());
        ids.map(|id| format!("{}/{}/{}", objects.display(), &id[..2], &id[2..])).collect()
    };
    let commits = repo.git(&["log", "--reverse", "--format=%H", "refs/orc/ledger"]);
    let ledger = repo.ledger();
    let one = |(commit, entry): (&str, &serde_json::Value)| {
        let mut all: BTreeSet<String> = files(&["--no-walk", commit]).into_iter().collect();
        if let Some(patch) = entry["commit"].as_str() {
            all.extend(files(&[patch, "^main"]));
        }
        all
    };
    commits.lines().zip(ledger.entries()).map(one).collect()
}

#[test]
fn nothing_leads_to_what_is_not_on_the_disk() {
    for plan in [PATCHES, PROGRAMS] {
        let stage = Stage::new(plan);
        let traced = trace(&mut stage.command(&["run", stage.plan()]), Counted::ChangesAndLines, Deed::Watch);
        assert_eq!(traced.code, Some(0), "{}", traced.stderr);
        let beneath = beneath_entries(&stage.repo());
        let (wrong, seen) = wrong_order(&traced.seen, &beneath);
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert!(seen.moves > 4 && seen.told == beneath.len(), "{} moves, {} of {} entries", seen.moves, seen.told, beneath.len());
    }
}

#[test]
fn a_wrong_order_is_noticed() {
    let beneath = [BTreeSet::from(["/r/objects/ab/cdef".to_owned()])];
    let told = |calls: &[&str]| wrong_order(&calls.iter().map(|call| (*call).to_owned()).collect::<Vec<_>>(), &beneath).0.len();
    let made = "link /r/objects/ab/cdef";
    let (file, folder) = ("fsync /r/objects/ab/cdef", "fsync /r/objects/ab");
    let (moved, synced) = ("rename /r/refs/orc/ledger", "fsync /r/refs/orc");
    assert_eq!(told(&[made, file, folder, moved, synced, "write standard error"]), 0);
    assert_eq!(told(&[made, file, moved, folder, synced, "write standard error"]), 1);
    assert_eq!(told(&[made, folder, moved, synced, "write standard error"]), 1);
    assert_eq!(told(&[made, file, folder, moved, "write standard error"]), 1);
}
